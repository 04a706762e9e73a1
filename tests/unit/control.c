/* perf/weft-kv/control: messages between the two servers. */
#include <criterion/criterion.h>

#include <string.h>
#include <sys/socket.h>

#include "../../perf/weft-kv/control.h"
#include "base/text.h"

static struct weft_kv_control ends[2];
static struct weft_kv_message sent;
static struct weft_kv_message taken;
static char why[WEFT_WHY_BYTES];

static void pair_open(void)
{
    cr_assert(weft_kv_control_pair(ends, why), "%s", why);
}

static void pair_close(void)
{
    weft_kv_control_close(&ends[0]);
    weft_kv_control_close(&ends[1]);
}

TestSuite(control, .init = pair_open, .fini = pair_close);

Test(control, take__what_was_sent)
{
    sent.kind = WEFT_KV_GRANT;
    sent.seat = 7;
    sent.serial = 1ull << 40;
    sent.gpu = 3;
    sent.count = WEFT_KV_REQUEST_BLOCKS_MAX;
    for (uint32_t i = 0; i < sent.count; i++)
        sent.of.slots[i] = i * 3;
    cr_assert(weft_kv_control_send(&ends[0], &sent, why), "%s", why);
    cr_assert_eq(weft_kv_control_take(&ends[1], 1000, &taken, why), WEFT_KV_MESSAGE, "%s", why);
    cr_expect_eq(taken.kind, WEFT_KV_GRANT);
    cr_expect_eq(taken.seat, 7);
    cr_expect_eq(taken.serial, 1ull << 40);
    cr_expect_eq(taken.gpu, 3);
    cr_expect_arr_eq(taken.of.slots, sent.of.slots, sizeof(sent.of.slots));
    cr_expect_eq(weft_kv_control_take(&ends[1], 0, &taken, why), WEFT_KV_NOTHING);
}

Test(control, take__failed_says_why)
{
    sent.kind = WEFT_KV_FAILED;
    weft_text_copy(sent.of.text, sizeof(sent.of.text), "no such machine");
    sent.count = (uint32_t)strlen(sent.of.text) + 1;
    cr_assert(weft_kv_control_send(&ends[1], &sent, why), "%s", why);
    cr_expect_eq(weft_kv_control_take(&ends[0], 1000, &taken, why), WEFT_KV_GONE);
    cr_expect_str_eq(why, "the other server: no such machine");
}

Test(control, take__the_other_end_is_closed)
{
    weft_kv_control_close(&ends[1]);
    cr_expect_eq(weft_kv_control_take(&ends[0], 1000, &taken, why), WEFT_KV_GONE);
    cr_expect_not_null(strstr(why, "gone"), "%s", why);
    cr_expect_not(weft_kv_control_send(&ends[0], &sent, why));
}

/* What a broken peer may send is never read as a message. */
Test(control, take__no_message)
{
    static const struct {
        uint32_t kind;
        uint32_t count;
        size_t size;
    } rows[] = {
        {WEFT_KV_ENDED, 0, 3},                                       /* less than a head */
        {WEFT_KV_MESSAGES, 0, offsetof(struct weft_kv_message, of)}, /* no such kind */
        {WEFT_KV_GRANT, 1, offsetof(struct weft_kv_message, of)},    /* its slot is missing */
        {WEFT_KV_GRANT, 0xffffffff, sizeof(struct weft_kv_message)},
        {WEFT_KV_ENDED, 1, offsetof(struct weft_kv_message, of) + 4}, /* it has nothing */
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        sent.kind = (enum weft_kv_message_kind)rows[i].kind;
        sent.count = rows[i].count;
        cr_assert_eq(send(ends[0].socket, &sent, rows[i].size, 0), (ssize_t)rows[i].size);
        cr_expect_eq(weft_kv_control_take(&ends[1], 1000, &taken, why), WEFT_KV_GONE, "row %zu", i);
    }
}
