/* Reads command lines. Not by getopt, which says that an option is unknown: this says which ones
 * there are. argp prints the manual. */
#include "common/args.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define KEY_FIRST 256 /* argp's keys of options without a letter: behind all letters */

/* What every program has; its own options are looked for first. */
static const struct weft_args_option built_in[] = {
    {"help", 'h', NULL, "print this and end", NULL, 0, 0, 0},
    {"usage", 0, NULL, "print the options alone and end", NULL, 0, 0, 0},
    {"version", 'V', NULL, "print the version and end", NULL, 0, 0, 0},
};

/* A command line on its way. */
struct reading {
    const struct weft_args *args;
    uint32_t option_count; /* the program's own */
    char **argv;
    int argc;
    int at; /* the word that is next */
    bool has_word;
    void *values;
    char *why;
};

/* The program's options, then those that all have, then NULL. */
static const struct weft_args_option *option_nth(const struct reading *reading, uint32_t index)
{
    if (index < reading->option_count)
        return &reading->args->options[index];
    index -= reading->option_count;
    return index < WEFT_ARRAY_COUNT(built_in) ? &built_in[index] : NULL;
}

static bool value_is_optional(const struct weft_args_option *option)
{
    return option->value != NULL && option->value[0] == '[';
}

/* ---- the manual ---- */

static void manual_print(const struct reading *reading, unsigned flags)
{
    struct argp_option rows[WEFT_ARGS_OPTIONS_MAX + 1] = {{0}};
    char values[WEFT_ARGS_OPTIONS_MAX][WEFT_ARGS_VALUE_BYTES];
    const struct argp argp = {
        .options = rows, .args_doc = reading->args->words, .doc = reading->args->about};
    const struct weft_args_option *option;

    for (uint32_t i = 0; (option = option_nth(reading, i)) != NULL; i++) {
        weft_assert(i < WEFT_ARGS_OPTIONS_MAX);
        /* A group each: argp sorts the options of one, and the table's order means something. */
        rows[i] =
            (struct argp_option){.name = option->name,
                                 .key = option->letter != 0 ? option->letter : KEY_FIRST + (int)i,
                                 .arg = option->value,
                                 .doc = option->about,
                                 .group = (int)i + 1};
        if (!value_is_optional(option))
            continue;
        weft_text_copy(values[i], strcspn(option->value, "]"), option->value + 1);
        rows[i].arg = values[i];
        rows[i].flags = OPTION_ARG_OPTIONAL;
    }
    argp_help(&argp, stdout, flags, program_invocation_short_name);
}

_Noreturn static void built_in_do(const struct reading *reading,
                                  const struct weft_args_option *option)
{
    if (option == &built_in[0])
        manual_print(reading, ARGP_HELP_SHORT_USAGE | ARGP_HELP_LONG | ARGP_HELP_DOC);
    else if (option == &built_in[1])
        manual_print(reading, ARGP_HELP_USAGE);
    else
        (void)printf("%s %s\n", program_invocation_short_name, WEFT_VERSION_TEXT);
    exit(fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}

/* ---- options ---- */

/* False, with the option that is not there and those that are. */
static bool unknown(const struct reading *reading, const char *dashes, const char *typed,
                    size_t size)
{
    const struct weft_args_option *option;
    struct weft_text text;

    weft_text_init(&text, reading->why, WEFT_ARGS_WHY_BYTES);
    weft_text_add(&text, "there is no option '");
    weft_text_add(&text, dashes);
    for (size_t i = 0; i < size; i++)
        weft_text_char(&text, typed[i]);
    weft_text_add(&text, "'; these are:");
    for (uint32_t i = 0; (option = option_nth(reading, i)) != NULL; i++) {
        weft_text_add(&text, " --");
        weft_text_add(&text, option->name);
    }
    return false;
}

/* The option that is typed in whole or by a beginning that no other has. NULL with a sentence. */
static const struct weft_args_option *long_find(const struct reading *reading, const char *typed,
                                                size_t size)
{
    const struct weft_args_option *found = NULL;
    const struct weft_args_option *option;

    for (uint32_t i = 0; (option = option_nth(reading, i)) != NULL; i++) {
        if (strncmp(option->name, typed, size) != 0)
            continue;
        if (strlen(option->name) == size)
            return option;
        if (found != NULL) {
            (void)snprintf(reading->why, WEFT_ARGS_WHY_BYTES,
                           "'--%.*s' may be --%s or --%s: write more of it", (int)size, typed,
                           found->name, option->name);
            return NULL;
        }
        found = option;
    }
    if (found == NULL)
        (void)unknown(reading, "--", typed, size);
    return found;
}

static const struct weft_args_option *letter_find(const struct reading *reading, char letter)
{
    const struct weft_args_option *option;

    for (uint32_t i = 0; (option = option_nth(reading, i)) != NULL; i++)
        if (option->letter == letter)
            return option;
    (void)unknown(reading, "-", &letter, 1);
    return NULL;
}

/* Hands on an option with what stands behind it in the same word (NULL: nothing), or the word that
 * follows. */
static bool option_take(struct reading *reading, const struct weft_args_option *option,
                        const char *value)
{
    if (option->take == NULL)
        built_in_do(reading, option);
    if (option->value == NULL && value != NULL) {
        (void)snprintf(reading->why, WEFT_ARGS_WHY_BYTES, "--%s stands alone, without '%.60s'",
                       option->name, value);
        return false;
    }
    if (option->value != NULL && value == NULL && !value_is_optional(option)) {
        if (reading->at == reading->argc) {
            (void)snprintf(reading->why, WEFT_ARGS_WHY_BYTES, "--%s needs a value: --%s %s",
                           option->name, option->name, option->value);
            return false;
        }
        value = reading->argv[reading->at++];
    }
    return option->take(option, value, reading->values, reading->why);
}

static bool long_take(struct reading *reading, const char *typed)
{
    size_t size = strcspn(typed, "=");
    const struct weft_args_option *option = long_find(reading, typed, size);

    return option != NULL &&
           option_take(reading, option, typed[size] == '=' ? typed + size + 1 : NULL);
}

static bool letters_take(struct reading *reading, const char *typed)
{
    for (; *typed != '\0'; typed++) {
        const struct weft_args_option *option = letter_find(reading, *typed);

        if (option == NULL)
            return false;
        if (option->value != NULL)
            return option_take(reading, option, typed[1] == '\0' ? NULL : typed + 1);
        if (!option_take(reading, option, NULL))
            return false;
    }
    return true;
}

/* ---- words ---- */

static bool word_take(struct reading *reading, const char *word)
{
    const struct weft_args *args = reading->args;
    uint32_t index = 0;

    if (args->words == NULL) {
        (void)snprintf(reading->why, WEFT_ARGS_WHY_BYTES,
                       "'%.60s' is not an option; --help lists them", word);
        return false;
    }
    if (args->word_take != NULL)
        return args->word_take(word, reading->values, reading->why);
    if (reading->has_word) {
        (void)snprintf(reading->why, WEFT_ARGS_WHY_BYTES,
                       "'%.60s' is one command too many: name one of %s", word, args->words);
        return false;
    }
    if (!weft_args_word_find(args->words, word, "command", &index, reading->why))
        return false;
    memcpy((char *)reading->values + args->word_place, &index, sizeof(index));
    reading->has_word = true;
    return true;
}

bool weft_args_read(const struct weft_args *args, int argc, char *argv[], void *values,
                    char why[WEFT_ARGS_WHY_BYTES])
{
    struct reading reading = {
        .args = args, .argv = argv, .argc = argc, .at = 1, .values = values, .why = why};
    bool words_alone = false;

    while (args->options[reading.option_count].name != NULL)
        reading.option_count++;
    while (reading.at < argc) {
        const char *word = argv[reading.at++];
        bool good = true;

        if (words_alone || word[0] != '-' || word[1] == '\0')
            good = word_take(&reading, word);
        else if (strcmp(word, "--") == 0)
            words_alone = true;
        else if (word[1] == '-')
            good = long_take(&reading, word + 2);
        else
            good = letters_take(&reading, word + 1);
        if (!good)
            return false;
    }
    if (args->words != NULL && args->word_take == NULL && !reading.has_word) {
        (void)snprintf(why, WEFT_ARGS_WHY_BYTES, "say what to do: %s (see --help)", args->words);
        return false;
    }
    return true;
}

void weft_args_fail(const char *program, const char *why)
{
    (void)fprintf(stderr, "%s: %s\n", program, why);
    exit(WEFT_EXIT_USAGE);
}
