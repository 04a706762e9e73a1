/* tools/common/args: a table of options, and what is said of a wrong command line. */
#include <criterion/criterion.h>

#include <string.h>

#include "base/text.h"
#include "common/args.h"

struct values {
    const char *node;
    uint64_t runs;
    uint64_t size_bytes;
    bool is_short;
    const char *word;
};

static const struct weft_args_option options[] = {
    {"node", 'n', "NAME", "a node", weft_args_text, offsetof(struct values, node), 0, 0},
    {"runs", 0, "N", "so often", weft_args_count, offsetof(struct values, runs), 1, 100},
    {"size", 's', "SIZE", "bytes", weft_args_size, offsetof(struct values, size_bytes), 1024,
     1048576},
    {"short", 0, NULL, "say less", weft_args_flag, offsetof(struct values, is_short), 0, 0},
    {0},
};

static bool word_take(const char *word, void *values, char why[WEFT_WHY_BYTES])
{
    static const char *const words[] = {"put", "get"};
    size_t index = 0;

    if (!weft_word_parse(word, "operation", words, WEFT_ARRAY_COUNT(words), &index, why))
        return false;
    ((struct values *)values)->word = words[index];
    return true;
}

static const struct weft_args with_words = {
    .about = "A test.", .words = "put|get", .options = options, .word_take = word_take};
static const struct weft_args without_words = {.about = "A test.", .options = options};

#define ARGUMENTS_MAX 8

/* Reads the arguments, which end with NULL. */
static bool read_line(const struct weft_args *args, const char *const line[ARGUMENTS_MAX],
                      struct values *values, char why[WEFT_ARGS_WHY_BYTES])
{
    char texts[ARGUMENTS_MAX + 1][64] = {"test"};
    char *argv[ARGUMENTS_MAX + 2] = {texts[0]};
    int argc = 1;

    for (; argc <= ARGUMENTS_MAX && line[argc - 1] != NULL; argc++) {
        weft_text_copy(texts[argc], sizeof(texts[argc]), line[argc - 1]);
        argv[argc] = texts[argc];
    }
    return weft_args_read(args, argc, argv, values, why);
}

Test(args, read__all)
{
    static const char *const line[ARGUMENTS_MAX] = {"get", "-nhgx",   "--runs=7", "--si",
                                                    "2K",  "--short", NULL};
    char why[WEFT_ARGS_WHY_BYTES] = "";
    struct values values = {.runs = 1};

    cr_assert(read_line(&with_words, line, &values, why), "%s", why);
    cr_expect_eq(values.runs, 7);
    cr_expect_eq(values.size_bytes, 2048);
    cr_expect_str_eq(values.word, "get");
    cr_expect(values.is_short);
    cr_expect_not_null(values.node);
}

Test(args, read__nothing_keeps_the_defaults)
{
    static const char *const line[ARGUMENTS_MAX] = {NULL};
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
        const char *line[ARGUMENTS_MAX];
        const char *says;
    } rows[] = {
        {&with_words, {"--runs", "0"}, "'0' is no --runs: write a whole number from 1 to 100"},
        {&with_words, {"--runs", "101"}, "from 1 to 100"},
        {&with_words, {"--runs", "many"}, "from 1 to 100"},
        {&with_words, {"--size", "1X"}, "K, M, G or T"},
        {&with_words, {"--size", "512"}, "--size 512: sizes from 1K to 1M are valid"},
        {&with_words, {"-s", "2M"}, "--size 2M: sizes from 1K to 1M are valid"},
        {&with_words, {"move"}, "'move' is no operation; valid are: put get"},
        {&with_words, {"--rums", "1"}, "there is no option '--rums'; these are: --node --runs"},
        {&without_words, {"put"}, "'put' is not an option; --help lists them"},
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

Test(args, dilation_check__needs_a_node)
{
    char why[WEFT_WHY_BYTES] = "";

    cr_expect(weft_args_dilation_check(NULL, 0, why));
    cr_expect(weft_args_dilation_check("hgx-h100", 100, why));
    cr_expect_not(weft_args_dilation_check(NULL, 100, why));
    cr_expect_not_null(strstr(why, "name one with --node"), "%s", why);
}
