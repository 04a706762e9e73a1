/* perf/weft-loopback/options: its command line, and what is said of a wrong one. */
#include <criterion/criterion.h>

#include <string.h>

#include "../../perf/weft-loopback/options.h"
#include "command_line.h"

static bool read_words(const char *const words[], struct weft_loopback_options *options,
                       char why[WEFT_ARGS_WHY_BYTES])
{
    static struct command_line line; /* options point into it */

    command_line_fill(&line, words);
    return weft_loopback_options_read(options, line.argc, line.argv, why);
}

Test(loopback_options, read__defaults)
{
    static const struct {
        const char *word;
        enum weft_loopback_kind kind;
        uint64_t sizes[2];
    } rows[] = {
        {"stream", WEFT_LOOPBACK_STREAM, {1048576, 67108864}},
        {"latency", WEFT_LOOPBACK_LATENCY, {64, 4096}},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        const char *const words[COMMAND_LINE_WORDS_MAX] = {rows[i].word};
        char why[WEFT_ARGS_WHY_BYTES] = "";
        struct weft_loopback_options options;

        cr_assert(read_words(words, &options, why), "%s", why);
        cr_expect_eq(options.kind, rows[i].kind);
        cr_expect_eq(options.size_count, 2);
        cr_expect_eq(options.sizes[0], rows[i].sizes[0]);
        cr_expect_eq(options.sizes[1], rows[i].sizes[1]);
        cr_expect_str_eq(options.transport, "tcp");
        cr_expect_eq(options.rounds, 5);
        cr_expect_eq(options.seconds, 1);
        cr_expect_eq(options.exchanges, 10000);
        cr_expect_null(options.only);
        cr_expect_null(options.json);
    }
}

Test(loopback_options, read__all)
{
    static const char *const words[COMMAND_LINE_WORDS_MAX] = {
        "stream",        "--size=4K,1M,2G",    "--rounds=101", "--transport=udp",
        "--seconds=600", "--only=weft,iperf3", "--depth=64",   "--json=-"};
    char why[WEFT_ARGS_WHY_BYTES] = "";
    struct weft_loopback_options options;

    cr_assert(read_words(words, &options, why), "%s", why);
    cr_expect_eq(options.size_count, 3);
    cr_expect_eq(options.sizes[0], 4096);
    cr_expect_eq(options.sizes[1], 1048576);
    cr_expect_eq(options.sizes[2], 2147483648);
    cr_expect_eq(options.rounds, 101);
    cr_expect_eq(options.seconds, 600);
    cr_expect_eq(options.depth, 64);
    cr_expect_str_eq(options.transport, "udp");
    cr_expect_str_eq(options.only, "weft,iperf3");
    cr_expect_str_eq(options.json, "-");
}

Test(loopback_options, read__wrong)
{
    static const struct {
        const char *words[COMMAND_LINE_WORDS_MAX];
        const char *says;
    } rows[] = {
        {{NULL}, "say what to do: stream|latency (see --help)"},
        {{"rate"}, "'rate' is no command; valid are: stream latency"},
        {{"stream", "latency"}, "'latency' is one command too many: name one of stream|latency"},
        {{"stream", "--size", ""}, "'' is no size: write bytes"},
        {{"stream", "--size", "1M,,2M"}, "'' is no size: write bytes"},
        {{"stream", "--size", "1M,2X"}, "'2X' is no size: write bytes"},
        {{"stream", "--size", "1,2,3,4,5,6,7,8,9"}, "at most 8 sizes"},
        {{"stream", "--size", "1M,5G"}, "--size 5G: sizes up to 4G are valid"},
        {{"stream", "--rounds", "0"}, "from 1 to 101"},
        {{"stream", "--seconds", "601"}, "from 1 to 600"},
        {{"stream", "--depth", "65"}, "from 1 to 64"},
        {{"latency", "--exchanges", "x"}, "from 1 to 200000"},
        {{"stream", "--transport", "ib"}, "valid are: tcp udp ipc"},
        {{"stream", "--only", "weft,ping-pong"}, "weft, iperf3, socket, ucx put, weft aes"},
        {{"latency", "--only", "iperf3"}, "ping-pong, spinning, weft put, weft put-signal"},
        {{"stream", "--sise", "1M"}, "these are: --transport --size"},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        char why[WEFT_ARGS_WHY_BYTES] = "";
        struct weft_loopback_options options;

        cr_expect_not(read_words(rows[i].words, &options, why), "row %zu", i);
        cr_expect_not_null(strstr(why, rows[i].says), "row %zu: %s", i, why);
    }
}

Test(loopback_options, ask__depth_by_size)
{
    static const struct {
        uint64_t size_bytes;
        uint64_t depth; /* what is asked for; 0: nothing */
        uint32_t found;
    } rows[] = {{64, 0, 64}, {1048576, 0, 16}, {67108864, 0, 2}, {64, 3, 3}};

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct weft_loopback_options options = {
            .transport = "tcp", .seconds = 2, .exchanges = 7, .depth = rows[i].depth};
        struct weft_loopback_ask ask = weft_loopback_options_ask(&options, rows[i].size_bytes);

        cr_expect_eq(ask.depth, rows[i].found, "row %zu", i);
        cr_expect_eq(ask.size_bytes, rows[i].size_bytes);
        cr_expect_eq(ask.duration_ns, 2000000000);
        cr_expect_eq(ask.exchanges, 7);
    }
}
