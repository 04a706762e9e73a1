/* perf/weft-perf/options: its command line, what it leaves open, and what is said of a wrong
 * one. */
#include <criterion/criterion.h>

#include <string.h>

#include "../../perf/weft-perf/options.h"
#include "command_line.h"

static bool read_words(const char *const words[], struct weft_perf_options *options,
                       char why[WEFT_ARGS_WHY_BYTES])
{
    static struct command_line line; /* options point into it */

    command_line_fill(&line, words);
    return weft_perf_options_read(options, line.argc, line.argv, why);
}

Test(perf_options, read__defaults)
{
    static const struct {
        const char *words[COMMAND_LINE_WORDS_MAX];
        enum weft_perf_op op;
        const char *from;
        const char *to;
    } rows[] = {
        {{"put"}, WEFT_PERF_PUT, "gpu0", "dram0"},
        {{"get"}, WEFT_PERF_GET, "dram0", "gpu0"},
        {{"copy"}, WEFT_PERF_COPY, "gpu0", "gpu1"},
        {{"put", "--all-gpus"}, WEFT_PERF_PUT, "", ""},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        char why[WEFT_ARGS_WHY_BYTES] = "";
        struct weft_perf_options options;

        cr_assert(read_words(rows[i].words, &options, why), "%s", why);
        cr_expect_eq(options.op, rows[i].op);
        cr_expect_str_eq(options.from, rows[i].from);
        cr_expect_str_eq(options.to, rows[i].to);
        cr_expect_eq(options.size_min, 268435456);
        cr_expect_eq(options.size_max, 268435456);
        cr_expect_eq(options.iterations, 5);
        cr_expect_eq(options.warmup, 1);
        cr_expect_eq(options.dilation, 0);
        cr_expect_eq(options.timeout_ms, 0);
        cr_expect(options.check);
        cr_expect(options.baseline);
        cr_expect_not(options.has_peer);
        cr_expect_not(options.cuda);
    }
}

Test(perf_options, read__all)
{
    static const char *const words[COMMAND_LINE_WORDS_MAX] = {"get",
                                                              "--node=dgx-a100",
                                                              "-b1M",
                                                              "-e",
                                                              "1G",
                                                              "-f4",
                                                              "-n7",
                                                              "--warmup=0",
                                                              "--check=off",
                                                              "--dilation=50",
                                                              "--no-baseline",
                                                              "--csv",
                                                              "--timeout=9"};
    char why[WEFT_ARGS_WHY_BYTES] = "";
    struct weft_perf_options options;

    cr_assert(read_words(words, &options, why), "%s", why);
    cr_expect_str_eq(options.node, "dgx-a100");
    cr_expect_eq(options.size_min, 1048576);
    cr_expect_eq(options.size_max, 1073741824);
    cr_expect_eq(options.size_factor, 4);
    cr_expect_eq(options.iterations, 7);
    cr_expect_eq(options.warmup, 0);
    cr_expect_not(options.check);
    cr_expect_eq(options.dilation, 50);
    cr_expect_not(options.baseline);
    cr_expect(options.csv);
    cr_expect(options.has_timeout);
    cr_expect_eq(options.timeout_ms, 9);
}

Test(perf_options, read__blocks_and_faults)
{
    static const char *const words[COMMAND_LINE_WORDS_MAX] = {"put",
                                                              "--block=4K",
                                                              "--blocks=1000",
                                                              "--indexed",
                                                              "--baseline",
                                                              "cuda",
                                                              "--degrade",
                                                              "gpu0-pcie=0.25",
                                                              "--fail=gpu1-pcie@30%",
                                                              "--restore=gpu1-pcie@60%"};
    char why[WEFT_ARGS_WHY_BYTES] = "";
    struct weft_perf_options options;

    cr_assert(read_words(words, &options, why), "%s", why);
    cr_expect_eq(options.size_min, 4096000);
    cr_expect_eq(options.size_max, 4096000);
    cr_expect(options.indexed);
    cr_expect(options.cuda);
    cr_expect_eq(options.faults.count, 3);
    cr_expect_eq(options.timeout_ms, 200); /* a link is cut */
}

Test(perf_options, read__two_servers)
{
    static const struct {
        const char *words[COMMAND_LINE_WORDS_MAX];
        const char *node; /* of the second one */
        const char *from;
        enum weft_perf_side from_side;
        enum weft_perf_side to_side;
        const char *transport;
    } rows[] = {
        {{"put", "--node=a", "--peer=b"}, "b", "gpu0", WEFT_PERF_A, WEFT_PERF_B, "tcp"},
        {{"get", "--node=a", "--peer=b"}, "b", "gpu0", WEFT_PERF_B, WEFT_PERF_A, "tcp"},
        {{"put", "--transport=udp"}, NULL, "dram0", WEFT_PERF_A, WEFT_PERF_B, "udp"},
        {{"copy", "--node=a", "--peer=b", "--from=b:gpu3", "--to=a:gpu0"},
         "b",
         "gpu3",
         WEFT_PERF_B,
         WEFT_PERF_A,
         "tcp"},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        char why[WEFT_ARGS_WHY_BYTES] = "";
        struct weft_perf_options options;

        cr_assert(read_words(rows[i].words, &options, why), "row %zu: %s", i, why);
        cr_expect(options.has_peer);
        cr_expect_eq(options.peer_node == NULL, rows[i].node == NULL);
        cr_expect_str_eq(options.from, rows[i].from);
        cr_expect_eq(options.from_side, rows[i].from_side, "row %zu", i);
        cr_expect_eq(options.to_side, rows[i].to_side, "row %zu", i);
        cr_expect_str_eq(options.transport, rows[i].transport);
        cr_expect_eq(options.dilation, 1000);
    }
}

Test(perf_options, read__wrong)
{
    static const struct {
        const char *words[COMMAND_LINE_WORDS_MAX];
        const char *says;
    } rows[] = {
        {{NULL}, "say what to do: put|get|copy"},
        {{"move"}, "'move' is no command; valid are: put get copy"},
        {{"put", "get"}, "'get' is one command too many: name one of put|get|copy"},
        {{"put", "--size", "0"}, "'0' is no size: write bytes from 1 up"},
        {{"put", "--size", "1X"}, "K, M, G or T"},
        {{"put", "--size", "2T"}, "sizes from 1 to 1T are valid"},
        {{"put", "--factor", "1"}, "from 2 to 1024"},
        {{"put", "--blocks", "0"}, "from 1 to 4000000"},
        {{"put", "--iters", "1001"}, "from 1 to 1000"},
        {{"put", "--nics", "0"}, "from 1 to 16"},
        {{"put", "--dilation", "0"}, "from 1 to 100000"},
        {{"put", "--timeout", "never"}, "from 1 to 86400000"},
        {{"put", "--transport", "ib"}, "valid are: tcp udp"},
        {{"put", "--crypto", "rot13"}, "valid are: full integrity off"},
        {{"put", "--check", "yes"}, "valid are: off on"},
        {{"put", "--baseline", "nccl"}, "valid are: cuda"},
        {{"put", "--degrade", "gpu0-pcie"}, "gpu0-pcie"},
        {{"put", "--sched", "fast"}, "valid are: pull direct static roundrobin"},
        {{"put", "-b", "2M", "-e", "1M"}, "--max is below --min"},
        {{"put", "-e", "1M"}, "which is 256M where it is not given"},
        {{"put", "--json", "/nope/a.json"}, "--json: cannot write '/nope/a.json': No such file"},
        {{"put", "--indexed"}, "give their size with --block"},
        {{"put", "--all-gpus", "--block", "4K"}, "leave --block out"},
        {{"copy", "--all-gpus"}, "--all-gpus needs put or get"},
        {{"put", "--nics", "2"}, "name the second one with --peer"},
        {{"put", "--from", "b:gpu0"}, "name the second one with --peer"},
        {{"put", "--peer", "hgx-h100"}, "name it with --node"},
        {{"put", "--node", "a", "--peer", "self"}, "leave --node out"},
        {{"put", "--node", "a", "--peer", "b", "--from", "b:gpu0"}, "put moves to the other"},
        {{"get", "--node", "a", "--peer", "b", "--from", "a:gpu0"}, "get moves from the other"},
        {{"put", "--node", "a", "--peer", "b", "--all-gpus"}, "leave --peer out"},
        {{"put", "--node", "a", "--peer", "b", "--lose", "b:nic0=100"}, "--transport udp"},
        {{"put", "--sizze", "1M"}, "there is no option '--sizze'; these are: --node"},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        char why[WEFT_ARGS_WHY_BYTES] = "";
        struct weft_perf_options options;

        cr_expect_not(read_words(rows[i].words, &options, why), "row %zu", i);
        cr_expect_not_null(strstr(why, rows[i].says), "row %zu: %s", i, why);
    }
}
