/* tools/weft-top/options: its command line, and what is said of a wrong one. */
#include <criterion/criterion.h>

#include <string.h>

#include "../../tools/weft-top/options.h"
#include "command_line.h"

static bool read_words(const char *const words[], struct weft_top_options *options,
                       char why[WEFT_ARGS_WHY_BYTES])
{
    static struct command_line line; /* options point into it */

    command_line_fill(&line, words);
    return weft_top_options_read(options, line.argc, line.argv, why);
}

Test(top_options, read__defaults)
{
    static const char *const words[COMMAND_LINE_WORDS_MAX] = {NULL};
    char why[WEFT_ARGS_WHY_BYTES] = "";
    struct weft_top_options options;

    cr_assert(read_words(words, &options, why), "%s", why);
    cr_expect_not(options.once);
    cr_expect_null(options.json_path);
    cr_expect_eq(options.pid, 0);
    cr_expect_eq(options.port, 0);
    cr_expect_eq(options.interval_ms, 1000);
}

Test(top_options, read__all)
{
    static const char *const words[COMMAND_LINE_WORDS_MAX] = {"--once", "--json", "-",
                                                              "--port=9100", "--interval=50"};
    char why[WEFT_ARGS_WHY_BYTES] = "";
    struct weft_top_options options;

    cr_assert(read_words(words, &options, why), "%s", why);
    cr_expect(options.once);
    cr_expect_str_eq(options.json_path, "-");
    cr_expect_eq(options.port, 9100);
    cr_expect_eq(options.interval_ms, 50);
}

Test(top_options, read__wrong)
{
    static const struct {
        const char *words[COMMAND_LINE_WORDS_MAX];
        const char *says;
    } rows[] = {
        {{"1234"}, "'1234' is not an option"},
        {{"--pid", "0"}, "'0' is no --pid: write a whole number from 1 to 2147483647"},
        {{"--port", "65536"}, "from 1 to 65535"},
        {{"--interval", "49"}, "from 50 to 60000"},
        {{"--pid", "1", "--port", "9100"}, "--port names one comm: leave --pid out"},
        {{"--process", "1"}, "there is no option '--process'; these are: --once --json --pid"},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        char why[WEFT_ARGS_WHY_BYTES] = "";
        struct weft_top_options options;

        cr_expect_not(read_words(rows[i].words, &options, why), "row %zu", i);
        cr_expect_not_null(strstr(why, rows[i].says), "row %zu: %s", i, why);
    }
}
