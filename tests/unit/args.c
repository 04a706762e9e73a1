/* tools/common/args: a table of options, and what is said of a wrong command line. */
#include <criterion/criterion.h>

#include <string.h>
#include <unistd.h>

#include "command_line.h"
#include "common/args.h"

enum command { COMMAND_PUT, COMMAND_GET };
enum colour { COLOUR_RED, COLOUR_GREEN, COLOUR_BLUE };

struct values {
    enum command command;
    const char *node;
    uint64_t runs;
    uint32_t few;
    uint64_t size_bytes;
    uint32_t millionths;
    bool is_short;
    bool is_long;
    const char *net;
    enum colour colour;
    bool is_on;
    bool has_filter;
    const char *filter;
    const char *json;
    const char *word;
};

static bool filter_take(const struct weft_args_option *option, const char *text, void *values,
                        char why[WEFT_WHY_BYTES])
{
    struct values *filled = values;

    filled->has_filter = true;
    return weft_args_text(option, text, values, why);
}

#define AT(member) offsetof(struct values, member)

static const struct weft_args_option options[] = {
    {"node", 'n', "NAME", "a node", weft_args_text, AT(node), 0, 0},
    {"runs", 0, "N", "so often", weft_args_count, AT(runs), 1, 100},
    {"few", 'f', "N", "a few", weft_args_count32, AT(few), 0, UINT32_MAX},
    {"size", 's', "SIZE", "bytes", weft_args_size, AT(size_bytes), 1024, 1048576},
    {"part", 0, "PART", "of all", weft_args_part, AT(millionths), 0, 0},
    {"short", 'S', NULL, "say less", weft_args_flag, AT(is_short), 0, 0},
    {"not-long", 'l', NULL, "do not say more", weft_args_unset, AT(is_long), 0, 0},
    {"net", 0, "tcp|udp", "the net", weft_args_word, AT(net), 0, 0},
    {"colour", 0, "red|green|blue", "its colour", weft_args_choice, AT(colour), 0, 0},
    {"lamp", 0, "off|on", "a lamp", weft_args_switch, AT(is_on), 0, 0},
    {"json", 0, "FILE", "the report", weft_args_file, AT(json), 0, 0},
    {"filter", 'F', "[NAME]", "all, or that", filter_take, AT(filter), 0, 0},
    {0},
};

static bool word_take(const char *word, void *values, char why[WEFT_WHY_BYTES])
{
    (void)why;
    ((struct values *)values)->word = word;
    return true;
}

static const struct weft_args with_command = {
    .about = "A test.", .words = "put|get", .options = options, .word_place = AT(command)};
static const struct weft_args with_words = {
    .about = "A test.", .words = "[WORD...]", .options = options, .word_take = word_take};
static const struct weft_args without_words = {.about = "A test.", .options = options};

static bool read_line(const struct weft_args *args, const char *const words[],
                      struct values *values, char why[WEFT_ARGS_WHY_BYTES])
{
    static struct command_line line; /* values point into it */

    command_line_fill(&line, words);
    return weft_args_read(args, line.argc, line.argv, values, why);
}

Test(args, read__all)
{
    static const char *const line[COMMAND_LINE_WORDS_MAX] = {
        "get",       "-nhgx",     "--runs=7",       "--si",      "2K",       "--short", "-lf12",
        "--part=1%", "--net=udp", "--colour=green", "--lamp=on", "--filter", "--",      NULL};
    char why[WEFT_ARGS_WHY_BYTES] = "";
    struct values values = {.runs = 1, .is_long = true};

    cr_assert(read_line(&with_command, line, &values, why), "%s", why);
    cr_expect_eq(values.command, COMMAND_GET);
    cr_expect_str_eq(values.node, "hgx");
    cr_expect_eq(values.runs, 7);
    cr_expect_eq(values.few, 12);
    cr_expect_eq(values.size_bytes, 2048);
    cr_expect_eq(values.millionths, 10000);
    cr_expect(values.is_short);
    cr_expect_not(values.is_long);
    cr_expect_str_eq(values.net, "udp");
    cr_expect_eq(values.colour, COLOUR_GREEN);
    cr_expect(values.is_on);
    cr_expect(values.has_filter);
    cr_expect_null(values.filter);
}

Test(args, read__values_that_look_like_options)
{
    static const char *const line[COMMAND_LINE_WORDS_MAX] = {
        "--node", "--short", "-F", "--filter=-l", "--lamp=off", "-", "--", "-S", NULL};
    char why[WEFT_ARGS_WHY_BYTES] = "";
    struct values values = {.is_long = true, .is_on = true};

    cr_assert(read_line(&with_words, line, &values, why), "%s", why);
    cr_expect_str_eq(values.node, "--short");
    cr_expect_not(values.is_short);
    cr_expect_str_eq(values.filter, "-l");
    cr_expect(values.is_long);
    cr_expect_not(values.is_on);
    cr_expect_str_eq(values.word, "-S");
}

Test(args, read__nothing_keeps_the_defaults)
{
    static const char *const line[COMMAND_LINE_WORDS_MAX] = {NULL};
    char why[WEFT_ARGS_WHY_BYTES] = "";
    struct values values = {.runs = 3, .size_bytes = 4096};

    cr_assert(read_line(&without_words, line, &values, why), "%s", why);
    cr_expect_eq(values.runs, 3);
    cr_expect_eq(values.size_bytes, 4096);
    cr_expect_not(values.is_short);
    cr_expect_null(values.node);
}

Test(args, read__wrong)
{
    static const struct {
        const struct weft_args *args;
        const char *line[COMMAND_LINE_WORDS_MAX];
        const char *says;
    } rows[] = {
        {&with_words, {"--runs", "0"}, "'0' is no --runs: write a whole number from 1 to 100"},
        {&with_words, {"--runs", "101"}, "from 1 to 100"},
        {&with_words, {"--runs", "many"}, "from 1 to 100"},
        {&with_words, {"--few", "4294967296"}, "from 0 to 4294967295"},
        {&with_words, {"--size", "1X"}, "K, M, G or T"},
        {&with_words, {"--size", "512"}, "--size 512: sizes from 1K to 1M are valid"},
        {&with_words, {"-s", "2M"}, "--size 2M: sizes from 1K to 1M are valid"},
        {&with_words, {"--part", "2"}, "'2' is no --part: write a part above 0 and at most 1"},
        {&with_words, {"--json", "/nope/a.json"}, "--json: cannot write '/nope/a.json': No such"},
        {&with_words, {"--json", "/"}, "--json: cannot write '/': Is a directory"},
        {&with_words, {"--net", "ib"}, "'ib' is no value of --net; valid are: tcp udp"},
        {&with_words, {"--colour", ""}, "value of --colour; valid are: red green blue"},
        {&with_words, {"--lamp=dim"}, "'dim' is no value of --lamp; valid are: off on"},
        {&with_words, {"--size"}, "--size needs a value: --size SIZE"},
        {&with_words, {"-Ss"}, "--size needs a value: --size SIZE"},
        {&with_words, {"--short=1"}, "--short stands alone, without '1'"},
        {&with_words, {"--s", "1K"}, "'--s' may be --size or --short: write more of it"},
        {&with_words, {"--n", "a"}, "'--n' may be --node or --not-long: write more of it"},
        {&with_words, {"--rums", "1"}, "there is no option '--rums'; these are: --node --runs"},
        {&with_words, {"-Sx"}, "there is no option '-x'; these are: --node"},
        {&with_words, {"--rums=1"}, "--filter --help --usage --version"},
        {&with_command, {"--short"}, "say what to do: put|get (see --help)"},
        {&with_command, {"move"}, "'move' is no command; valid are: put get"},
        {&with_command, {"put", "get"}, "'get' is one command too many: name one of put|get"},
        {&without_words, {"put"}, "'put' is not an option; --help lists them"},
        {&without_words, {"--", "--short"}, "'--short' is not an option"},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        char why[WEFT_ARGS_WHY_BYTES] = "";
        struct values values = {.runs = 55, .size_bytes = 77};

        cr_expect_not(read_line(rows[i].args, rows[i].line, &values, why), "row %zu", i);
        cr_expect_not_null(strstr(why, rows[i].says), "row %zu: %s", i, why);
        cr_expect_eq(values.runs, 55, "row %zu", i);
        cr_expect_eq(values.size_bytes, 77, "row %zu", i);
    }
}

/* A folder that can be written is enough: the file is not made before there is something in it. */
Test(args, file__can_be_written)
{
    static const char *const rows[] = {"-", "/tmp/weft-test-args.json"};
    char why[WEFT_ARGS_WHY_BYTES] = "";

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        const char *const line[COMMAND_LINE_WORDS_MAX] = {"--json", rows[i]};
        struct values values = {0};

        cr_assert(read_line(&without_words, line, &values, why), "%s", why);
        cr_expect_str_eq(values.json, rows[i]);
        cr_expect_neq(access(rows[i], F_OK), 0, "%s is there", rows[i]);
    }
}

Test(args, dilation_check__needs_a_node)
{
    char why[WEFT_WHY_BYTES] = "";

    cr_expect(weft_args_dilation_check(NULL, 0, why));
    cr_expect(weft_args_dilation_check("hgx-h100", 100, why));
    cr_expect_not(weft_args_dilation_check(NULL, 100, why));
    cr_expect_not_null(strstr(why, "name one with --node"), "%s", why);
}
