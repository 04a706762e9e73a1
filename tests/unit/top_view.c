/* tools/weft-top/top_view: rates between two answers, order, and answers that are odd. */
#include <criterion/criterion.h>

#include <string.h>

#include "../../tools/weft-top/top_view.h"

static struct weft_top_view view;

static void read_both(const char *before, const char *after)
{
    cJSON *old = before == NULL ? NULL : cJSON_Parse(before);
    cJSON *tree = cJSON_Parse(after);

    cr_assert_not_null(tree);
    weft_top_view_read(&view, old, tree);
    cJSON_Delete(old);
    cJSON_Delete(tree);
}

static const char first[] =
    "{\"pid\":7,\"comm\":1,\"uptime_ns\":1000,\"progress_cpu_ns\":500,"
    "\"emulated\":{\"node\":\"hgx-h100\",\"dilation\":100},"
    "\"paths\":[{\"route\":\"a>b\",\"hops\":[1],\"moved_bytes\":100},"
    "{\"route\":\"a>c>b\",\"hops\":[2,3],\"moved_bytes\":5000}],"
    "\"links\":[{\"src\":\"a\",\"dst\":\"s\",\"moved_bytes\":100,\"nominal_bytes_per_us\":4000}],"
    "\"lanes\":[{\"hop\":1,\"src\":\"a\",\"dst\":\"b\",\"state\":\"up\",\"moved_bytes\":0}],"
    "\"net\":{\"peers\":[{\"name\":\"p\",\"lanes\":[{\"up\":true,\"nic\":0,\"peer_nic\":1,"
    "\"sent_bytes\":0,\"received_bytes\":1000}]}]}}";

static const char second[] =
    "{\"pid\":7,\"comm\":1,\"uptime_ns\":2000,\"progress_cpu_ns\":20500,"
    "\"emulated\":{\"node\":\"hgx-h100\",\"dilation\":100},"
    "\"paths\":[{\"route\":\"a>b\",\"hops\":[1],\"moved_bytes\":2100,\"share_permille\":250},"
    "{\"route\":\"a>c>b\",\"hops\":[2,3],\"moved_bytes\":6000},"
    "{\"route\":\"a>b\",\"hops\":[4],\"moved_bytes\":4000}],"
    "\"links\":[{\"src\":\"a\",\"dst\":\"t\",\"moved_bytes\":500,\"nominal_bytes_per_us\":10000},"
    "{\"src\":\"a\",\"dst\":\"s\",\"moved_bytes\":2100,\"nominal_bytes_per_us\":4000}],"
    "\"lanes\":[{\"hop\":1,\"src\":\"a\",\"dst\":\"b\",\"state\":\"up\",\"moved_bytes\":900},"
    "{\"hop\":2,\"src\":\"a\",\"dst\":\"c\",\"state\":\"down\",\"moved_bytes\":0}],"
    "\"net\":{\"strangers\":3,\"peers\":[{\"name\":\"p\",\"lanes\":[{\"up\":true,\"nic\":0,"
    "\"peer_nic\":1,\"sent_bytes\":700,\"received_bytes\":1000},{\"up\":false,\"nic\":1}]}]}}";

Test(top_view, read__rates)
{
    read_both(first, second);
    cr_assert(view.has_rates);
    cr_expect_eq(view.interval_ns, 1000);
    cr_expect_eq(view.dilation, 100);
    /* 20,000 ns of CPU in 1,000 ns of a machine that is slowed down 100 times. */
    cr_expect_float_eq(view.busy_percent, 20, 1e-9);
    cr_assert_eq(view.path_count, 3);
    /* The one that is new moved all of its bytes in between. */
    cr_expect_str_eq(view.paths[0].route, "a>b");
    cr_expect_eq(view.paths[0].now_gb_per_s, 4);
    cr_expect_eq(view.paths[1].now_gb_per_s, 2);
    cr_expect_eq(view.paths[1].share_percent, 25);
    cr_expect(view.paths[0].has_twin);
    cr_expect_str_eq(view.paths[2].route, "a>c>b");
    cr_expect_eq(view.paths[2].now_gb_per_s, 1);
    cr_expect_not(view.paths[2].has_twin);
    cr_expect_eq(view.now_gb_per_s, 7);
    /* 2 of 4 GB/s is fuller than 0.5 of 10. */
    cr_expect_str_eq(view.links[0].dst, "s");
    cr_expect_eq(view.links[0].now_gb_per_s, 2);
    cr_expect_str_eq(view.lanes[0].state, "down");
    cr_expect_eq(view.lanes[1].now_gb_per_s, 0.9);
    cr_expect_eq(view.strangers, 3);
    cr_assert_eq(view.peers[0].lane_count, 2);
    cr_expect_eq(view.peers[0].lanes_up, 1);
    cr_expect_eq(view.peers[0].lanes[0].sent_gb_per_s, 0.7);
    cr_expect_eq(view.peers[0].lanes[0].received_gb_per_s, 0);
}

Test(top_view, read__no_rates)
{
    static const char other[] =
        "{\"pid\":8,\"comm\":1,\"uptime_ns\":1,\"paths\":[{\"route\":\"a>b\","
        "\"hops\":[1],\"moved_bytes\":7}]}";

    read_both(NULL, second);
    cr_expect_not(view.has_rates);
    cr_expect_eq(view.paths[0].now_gb_per_s, 0);
    read_both(other, second); /* another process */
    cr_expect_not(view.has_rates);
    read_both(second, first); /* made anew */
    cr_expect_not(view.has_rates);
}

Test(top_view, read__odd_answers)
{
    static const char *const odd[] = {
        "{}",
        "[]",
        "7",
        "{\"paths\":7,\"links\":{},\"lanes\":\"x\",\"net\":[],\"devices\":null,\"relays\":1}",
        "{\"paths\":[1,null,[]],\"links\":[[]],\"lanes\":[{}],\"net\":{\"peers\":[{\"lanes\":3}]}}",
        "{\"uptime_ns\":-5,\"pid\":1e300,\"comm\":-1,\"emulated\":{\"dilation\":-7}}",
        "{\"program\":5,\"paths\":[{\"route\":9,\"nics\":[1,{}],\"hops\":{},\"moved_bytes\":-1}]}",
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(odd); i++) {
        read_both(odd[i], odd[i]);
        cr_expect_not(view.has_rates);
        cr_expect_eq(view.now_gb_per_s, 0);
    }
    cr_expect_str_eq(view.program, "");
}

Test(top_view, text_copy__what_a_terminal_would_obey)
{
    char text[8];

    weft_top_text_copy(text, sizeof(text), "a\033[2J\x9b");
    cr_expect_str_eq(text, "a?[2J?");
    weft_top_text_copy(text, sizeof(text), "longer than that");
    cr_expect_str_eq(text, "longer ");
    weft_top_text_copy(text, sizeof(text), "one\ntwo");
    cr_expect_str_eq(text, "one");
}
