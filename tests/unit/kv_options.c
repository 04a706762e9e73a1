/* perf/weft-kv/options: its command line, what depends on the job, and what is said of a wrong
 * one. */
#include <criterion/criterion.h>

#include <string.h>

#include "../../perf/weft-kv/options.h"
#include "command_line.h"

static bool read_words(const char *const words[], struct weft_kv_options *options,
                       char why[WEFT_ARGS_WHY_BYTES])
{
    static struct command_line line; /* options point into it */

    command_line_fill(&line, words);
    return weft_kv_options_read(options, line.argc, line.argv, why);
}

Test(kv_options, read__defaults)
{
    static const struct {
        const char *words[COMMAND_LINE_WORDS_MAX];
        enum weft_kv_errand errand;
        uint64_t requests;
        uint64_t gpu_blocks;
        uint64_t dram_blocks;
        uint32_t scale_millionths;
        enum weft_kv_layout layout;
    } rows[] = {
        {{"offload"}, WEFT_KV_OFFLOAD, 1000, 320, 5120, 7812, WEFT_KV_ACROSS_LAYERS},
        {{"pd"}, WEFT_KV_PD, 200, 256, 0, 3906, WEFT_KV_ACROSS_LAYERS},
        {{"pd", "--per-layer"}, WEFT_KV_PD, 200, 256, 0, 3906, WEFT_KV_BY_LAYER},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        char why[WEFT_ARGS_WHY_BYTES] = "";
        struct weft_kv_options options;

        cr_assert(read_words(rows[i].words, &options, why), "%s", why);
        cr_expect_eq(options.errand, rows[i].errand);
        cr_expect_str_eq(options.node, "hgx-h100");
        cr_expect_eq(options.requests, rows[i].requests);
        cr_expect_eq(options.gpu_blocks, rows[i].gpu_blocks);
        cr_expect_eq(options.dram_blocks, rows[i].dram_blocks);
        cr_expect_eq(options.scale_millionths, rows[i].scale_millionths);
        cr_expect_eq(options.layout, rows[i].layout);
        cr_expect_eq(options.load_millionths, 300000);
        cr_expect_eq(options.spread, WEFT_KV_ROUND_ROBIN);
        cr_expect(options.baseline);
        cr_expect_not(options.scattered);
    }
}

Test(kv_options, read__all)
{
    static const char *const words[COMMAND_LINE_WORDS_MAX] = {
        "offload",         "--node=real",
        "--gpus=2",        "--spread=leastloaded",
        "--load=1/2",      "--dram-layout=scattered",
        "--scale=1%",      "--concurrency=8",
        "--layout=layers", "--no-baseline",
        "--saturate",      "--model=qwen3-32b",
        "--dram-blocks=8", "--requests=10",
        "--gpu-blocks=9"};
    char why[WEFT_ARGS_WHY_BYTES] = "";
    struct weft_kv_options options;

    cr_assert(read_words(words, &options, why), "%s", why);
    cr_expect_null(options.node);
    cr_expect_eq(options.gpus, 2);
    cr_expect_eq(options.spread, WEFT_KV_LEAST_LOADED);
    cr_expect_eq(options.load_millionths, 500000);
    cr_expect(options.scattered);
    cr_expect_eq(options.scale_millionths, 10000);
    cr_expect_eq(options.concurrency, 8);
    cr_expect_eq(options.layout, WEFT_KV_BY_LAYER);
    cr_expect_not(options.baseline);
    cr_expect(options.saturate);
    cr_expect_str_eq(options.model->name, "qwen3-32b");
    cr_expect_eq(options.dram_blocks, 8);
    cr_expect_eq(options.requests, 10);
    cr_expect_eq(options.gpu_blocks, 9);
}

Test(kv_options, read__wrong)
{
    static const struct {
        const char *words[COMMAND_LINE_WORDS_MAX];
        const char *says;
    } rows[] = {
        {{NULL}, "say what to do: offload|pd"},
        {{"restore"}, "'restore' is no command; valid are: offload pd"},
        {{"pd", "pd"}, "'pd' is one command too many: name one of offload|pd"},
        {{"offload", "--gpus", "17"}, "from 1 to 16"},
        {{"offload", "--dram-blocks", "7"}, "'7' is no --dram-blocks: write a whole number from 8"},
        {{"offload", "--load", "0"}, "'0' is no --load: write a part above 0"},
        {{"offload", "--spread", "random"}, "valid are: roundrobin leastloaded"},
        {{"offload", "--layout", "rows"}, "valid are: crosslayer layers"},
        {{"offload", "--dram-layout", "rows"}, "valid are: contiguous scattered"},
        {{"offload", "--model", "gpt-2"}, "llama-3.1-70b"},
        {{"offload", "--per-layer"}, "--per-layer is for the job pd"},
        {{"pd", "--per-layer", "--layout", "crosslayer"}, "--per-layer needs --layout layers"},
        {{"pd", "--node", "real"}, "name one with --node"},
        {{"pd", "--requets", "1"}, "there is no option '--requets'; these are: --node"},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        char why[WEFT_ARGS_WHY_BYTES] = "";
        struct weft_kv_options options;

        cr_expect_not(read_words(rows[i].words, &options, why), "row %zu", i);
        cr_expect_not_null(strstr(why, rows[i].says), "row %zu: %s", i, why);
    }
}
