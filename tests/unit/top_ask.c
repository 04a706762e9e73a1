/* tools/weft-top/top_ask: answers that are none. */
#include <criterion/criterion.h>

#include <string.h>

#include "../../tools/weft-top/top_ask.h"

static char why[WEFT_WHY_BYTES];

static cJSON *read_text(const char *text)
{
    return weft_top_answer_read(text, strlen(text), why);
}

Test(top_ask, read__a_status)
{
    cJSON *tree = read_text("HTTP/1.0 200 OK\r\nA: b\r\n\r\n{\"uptime_ns\":5}");

    cr_assert_not_null(tree);
    cr_expect_eq(weft_json_number(tree, "uptime_ns", 0), 5);
    cJSON_Delete(tree);
}

Test(top_ask, read__no_status)
{
    static const struct {
        const char *answer;
        const char *why;
    } cases[] = {
        {"", "it is another user's, or has ended"},
        {"SSH-2.0", "what it sends is no status of a comm"},
        {"HTTP/1.0 200 OK\r\n\r\n", "what it sends is no status of a comm"},
        {"HTTP/1.0 200 OK\r\n\r\n{\"uptime_ns\":", "what it sends is no status of a comm"},
        {"HTTP/1.0 200 OK\r\n\r\n{\"a\":1}", "what it sends is no status of a comm"},
        {"\r\n\r\n", "what it sends is no status of a comm"},
        {"HTTP/1.0 503 no\r\n\r\nIt hangs.\n", "It hangs."},
        {"HTTP/1.0 404 no\r\n\r\n\033[2Jno\n", "?[2Jno"},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(cases); i++) {
        cr_expect_null(read_text(cases[i].answer));
        cr_expect_str_eq(why, cases[i].why, "case %zu: %s", i, why);
    }
}

Test(top_ask, ask__nobody_listens)
{
    struct weft_top_comm comm = {.name = "weft-status.0.0.nobody"};

    cr_expect_null(weft_top_ask(&comm, 100, why));
    cr_expect_str_eq(why, "it cannot be asked: Connection refused");
}
