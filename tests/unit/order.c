/* perf/weft-perf/order: messages between the two processes arrive whole, or it is said why not. */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../perf/weft-perf/order.h"

struct line {
    int ends[2];
    struct weft_perf_answer sent;
    struct weft_perf_answer heard;
};

static struct line *line_make(void)
{
    struct line *line = calloc(1, sizeof(*line));

    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, line->ends), 0);
    return line;
}

Test(order, order__arrives)
{
    struct line *line = line_make();
    const struct weft_perf_order sent = {.kind = WEFT_PERF_ORDER_LINK,
                                         .change = WEFT_LINK_CUT,
                                         .permille = 250,
                                         .size = 1 << 30,
                                         .seed = 17,
                                         .text = "nic0-net"};
    struct weft_perf_order heard;

    cr_assert(weft_perf_order_send(line->ends[0], &sent));
    cr_assert(weft_perf_order_hear(line->ends[1], &heard));
    cr_expect_eq(heard.kind, WEFT_PERF_ORDER_LINK);
    cr_expect_eq(heard.change, WEFT_LINK_CUT);
    cr_expect_eq(heard.permille, 250);
    cr_expect_eq(heard.seed, 17);
    cr_expect_str_eq(heard.text, "nic0-net");
    close(line->ends[0]);
    cr_expect(!weft_perf_order_hear(line->ends[1], &heard));
    cr_expect(!weft_perf_order_send(line->ends[1], &sent), "nobody hears it");
    free(line);
}

Test(order, answer__arrives_with_what_it_carries)
{
    static const struct {
        const char *text;
        bool good;
    } rows[] = {{"", true}, {"no such link", false}, {"[{\"name\":\"gpu0>dram0\"}]", true}};
    struct line *line = line_make();

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        weft_perf_answer_text(&line->sent, rows[i].good, rows[i].text);
        line->sent.number = i;
        cr_assert(weft_perf_answer_send(line->ends[0], &line->sent));
        cr_assert_eq(weft_perf_answer_hear(line->ends[1], &line->heard, 10000), WEFT_PERF_HEARD);
        cr_expect_eq(line->heard.good, rows[i].good);
        cr_expect_eq(line->heard.number, i);
        cr_expect_str_eq(line->heard.text, rows[i].text);
    }
    line->sent.payload_bytes = 0;
    cr_assert(weft_perf_answer_send(line->ends[0], &line->sent));
    cr_assert_eq(weft_perf_answer_hear(line->ends[1], &line->heard, 10000), WEFT_PERF_HEARD);
    cr_expect_str_eq(line->heard.text, "");
    free(line);
}

Test(order, answer__that_does_not_come)
{
    struct line *line = line_make();

    cr_expect_eq(weft_perf_answer_hear(line->ends[1], &line->heard, 1), WEFT_PERF_HEARD_NOTHING);
    weft_perf_answer_text(&line->sent, true, "cut");
    cr_assert_eq(write(line->ends[0], &line->sent, 4), 4);
    cr_expect_eq(weft_perf_answer_hear(line->ends[1], &line->heard, 1), WEFT_PERF_HEARD_NOTHING);
    close(line->ends[0]);
    cr_expect_eq(weft_perf_answer_hear(line->ends[1], &line->heard, 10000), WEFT_PERF_HEARD_END);
    free(line);
}

Test(order, answer__that_is_too_long)
{
    struct line *line = line_make();

    line->sent.payload_bytes = sizeof(line->sent.text) + 1;
    cr_assert_eq(write(line->ends[0], &line->sent, offsetof(struct weft_perf_answer, text)),
                 (ssize_t)offsetof(struct weft_perf_answer, text));
    cr_expect_eq(weft_perf_answer_hear(line->ends[1], &line->heard, 10000), WEFT_PERF_HEARD_END);
    free(line);
}
