/* Command lines: argp says that an option is unknown, this says which ones there are. Its table is
 * made of the program's own, with keys that are places in that. */
#include "common/args.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define KEY_FIRST 256 /* of options without a letter: behind all letters */

/* Options named by argp itself. */
static const char *const built_in[] = {"help", "usage", "version"};

static bool name_matches(const char *name, const char *typed, size_t size)
{
    return name != NULL && strncmp(name, typed, size) == 0;
}

static bool option_known(const struct argp_option *options, const char *typed, size_t size)
{
    for (size_t i = 0; i < WEFT_ARRAY_COUNT(built_in); i++)
        if (name_matches(built_in[i], typed, size))
            return true;
    for (; options->name != NULL || options->doc != NULL || options->key != 0; options++)
        if (name_matches(options->name, typed, size))
            return true;
    return false;
}

bool weft_args_check(int argc, char *const argv[], const struct argp_option *options,
                     char why[WEFT_ARGS_WHY_BYTES])
{
    struct weft_text text;

    for (int i = 1; i < argc; i++) {
        const char *typed = argv[i];
        size_t size;

        if (strcmp(typed, "--") == 0)
            return true;
        if (strncmp(typed, "--", 2) != 0)
            continue;
        size = strcspn(typed + 2, "=");
        if (option_known(options, typed + 2, size))
            continue;
        weft_text_init(&text, why, WEFT_ARGS_WHY_BYTES);
        weft_text_add(&text, "there is no option '");
        weft_text_add(&text, typed);
        weft_text_add(&text, "'; these are:");
        for (; options->name != NULL || options->doc != NULL || options->key != 0; options++) {
            if (options->name == NULL)
                continue;
            weft_text_add(&text, " --");
            weft_text_add(&text, options->name);
        }
        return false;
    }
    return true;
}

bool weft_args_text(const struct weft_args_option *option, const char *text, void *values,
                    char why[WEFT_WHY_BYTES])
{
    (void)why;
    memcpy((char *)values + option->place, &text, sizeof(text));
    return true;
}

bool weft_args_flag(const struct weft_args_option *option, const char *text, void *values,
                    char why[WEFT_WHY_BYTES])
{
    const bool is_given = true;

    (void)text;
    (void)why;
    memcpy((char *)values + option->place, &is_given, sizeof(is_given));
    return true;
}

static void number_set(const struct weft_args_option *option, uint64_t number, void *values)
{
    memcpy((char *)values + option->place, &number, sizeof(number));
}

bool weft_args_count(const struct weft_args_option *option, const char *text, void *values,
                     char why[WEFT_WHY_BYTES])
{
    char name[WEFT_UNIT_BYTES];
    uint64_t number = 0;

    (void)snprintf(name, sizeof(name), "--%s", option->name);
    if (!weft_count_parse(text, name, option->least, option->most, &number, why))
        return false;
    number_set(option, number, values);
    return true;
}

bool weft_args_size(const struct weft_args_option *option, const char *text, void *values,
                    char why[WEFT_WHY_BYTES])
{
    char least[WEFT_UNIT_BYTES];
    char most[WEFT_UNIT_BYTES];
    uint64_t number = 0;

    if (!weft_size_parse(text, &number, why))
        return false;
    if (number >= option->least && number <= option->most) {
        number_set(option, number, values);
        return true;
    }
    weft_size_format(option->least, least);
    weft_size_format(option->most, most);
    (void)snprintf(why, WEFT_WHY_BYTES, "--%s %.60s: sizes from %s to %s are valid", option->name,
                   text, least, most);
    return false;
}

/* What argp hands on from call to call. */
struct reading {
    const struct weft_args *args;
    void *values;
    char *why;
};

static int key_of(const struct weft_args *args, uint32_t index)
{
    int letter = args->options[index].letter;

    return letter != 0 ? letter : KEY_FIRST + (int)index;
}

static error_t one_take(int key, char *text, struct argp_state *state)
{
    const struct reading *reading = state->input;
    const struct weft_args *args = reading->args;

    if (key == ARGP_KEY_ARG && args->words != NULL)
        return args->word_take(text, reading->values, reading->why) ? 0 : EINVAL;
    if (key == ARGP_KEY_ARG) {
        (void)snprintf(reading->why, WEFT_WHY_BYTES, "'%.60s' is not an option; --help lists them",
                       text);
        return EINVAL;
    }
    for (uint32_t i = 0; args->options[i].name != NULL; i++)
        if (key == key_of(args, i))
            return args->options[i].take(&args->options[i], text, reading->values, reading->why)
                       ? 0
                       : EINVAL;
    return ARGP_ERR_UNKNOWN;
}

bool weft_args_read(const struct weft_args *args, int argc, char *argv[], void *values,
                    char why[WEFT_ARGS_WHY_BYTES])
{
    struct argp_option rows[WEFT_ARGS_OPTIONS_MAX + 1] = {{0}};
    const struct argp argp = {
        .options = rows, .parser = one_take, .args_doc = args->words, .doc = args->about};
    struct reading reading = {args, values, why};

    for (uint32_t i = 0; args->options[i].name != NULL; i++) {
        weft_assert(i < WEFT_ARGS_OPTIONS_MAX);
        rows[i] = (struct argp_option){.name = args->options[i].name,
                                       .key = key_of(args, i),
                                       .arg = args->options[i].value,
                                       .doc = args->options[i].about};
    }
    argp_err_exit_status = WEFT_EXIT_USAGE;
    return weft_args_check(argc, argv, rows, why) &&
           argp_parse(&argp, argc, argv, 0, NULL, &reading) == 0;
}

bool weft_args_dilation_check(const char *node, uint64_t dilation, char why[WEFT_WHY_BYTES])
{
    if (dilation == 0 || node != NULL)
        return true;
    (void)snprintf(why, WEFT_WHY_BYTES,
                   "--dilation is of an emulated machine: name one with --node");
    return false;
}

void weft_args_fail(const char *program, const char *why)
{
    (void)fprintf(stderr, "%s: %s\n", program, why);
    exit(WEFT_EXIT_USAGE);
}
