/* Command lines: argp says that an option is unknown, this says which ones there are. */
#include "common/args.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

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
                     char why[WEFT_WHY_BYTES * 4])
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
        weft_text_init(&text, why, WEFT_WHY_BYTES * 4);
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

void weft_args_fail(const char *program, const char *why)
{
    (void)fprintf(stderr, "%s: %s\n", program, why);
    exit(WEFT_EXIT_USAGE);
}
