/* tools/weft-topo/options: its command line, and what is said of a wrong one. */
#include <criterion/criterion.h>

#include <string.h>

#include "../../tools/weft-topo/options.h"
#include "command_line.h"

static bool read_words(const char *const words[], struct weft_topo_options *options,
                       char why[WEFT_ARGS_WHY_BYTES])
{
    static struct command_line line; /* options point into it */

    command_line_fill(&line, words);
    return weft_topo_options_read(options, line.argc, line.argv, why);
}

Test(topo_options, read__defaults)
{
    static const char *const words[COMMAND_LINE_WORDS_MAX] = {NULL};
    char why[WEFT_ARGS_WHY_BYTES] = "";
    struct weft_topo_options options;

    cr_assert(read_words(words, &options, why), "%s", why);
    cr_expect_null(options.node);
    cr_expect_not(options.plan);
    cr_expect_not(options.links);
    cr_expect_eq(options.size_bytes, 268435456);
    cr_expect_null(options.svg_path);
}

Test(topo_options, read__plan)
{
    static const char *const words[COMMAND_LINE_WORDS_MAX] = {
        "--node=hgx-h100", "--plan",   "gpu0:dram1",  "--size=4K",
        "--svg=a.svg",     "--json=-", "--xml=a.xml", "--links"};
    char why[WEFT_ARGS_WHY_BYTES] = "";
    struct weft_topo_options options;

    cr_assert(read_words(words, &options, why), "%s", why);
    cr_expect_str_eq(options.node, "hgx-h100");
    cr_expect(options.plan);
    cr_expect_str_eq(options.plan_src, "gpu0");
    cr_expect_str_eq(options.plan_dst, "dram1");
    cr_expect_eq(options.size_bytes, 4096);
    cr_expect_str_eq(options.svg_path, "a.svg");
    cr_expect_str_eq(options.json_path, "-");
    cr_expect_str_eq(options.xml_path, "a.xml");
    cr_expect(options.links);
}

Test(topo_options, read__wrong)
{
    static const struct {
        const char *words[COMMAND_LINE_WORDS_MAX];
        const char *says;
    } rows[] = {
        {{"hgx-h100"}, "'hgx-h100' is not an option"},
        {{"--plan", "gpu0"}, "two devices with a colon between them, as gpu0:dram0, not 'gpu0'"},
        {{"--plan", ":dram0"}, "not ':dram0'"},
        {{"--plan", "gpu0:"}, "not 'gpu0:'"},
        {{"--plan", "gpu0:dram-with-a-name-of-more-than-31-bytes"}, "not 'gpu0:dram-with"},
        {{"--size", "4K"}, "--size is that of --plan, which is missing"},
        {{"--plan", "gpu0:dram0", "--size", "0"}, "'0' is no size"},
        {{"--plan", "gpu0:dram0", "--size", "4X"}, "K, M, G or T"},
        {{"--png", "a.png"}, "there is no option '--png'; these are: --node --links --plan"},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        char why[WEFT_ARGS_WHY_BYTES] = "";
        struct weft_topo_options options;

        cr_expect_not(read_words(rows[i].words, &options, why), "row %zu", i);
        cr_expect_not_null(strstr(why, rows[i].says), "row %zu: %s", i, why);
    }
}
