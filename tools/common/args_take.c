/* What options take: each function reads one text and fills one field. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "common/args.h"

static void field_set(const struct weft_args_option *option, void *values, const void *value,
                      size_t size)
{
    memcpy((char *)values + option->place, value, size);
}

bool weft_args_text(const struct weft_args_option *option, const char *text, void *values,
                    char why[WEFT_WHY_BYTES])
{
    (void)why;
    field_set(option, values, &text, sizeof(text));
    return true;
}

/* 0, or the errno of why the file cannot be written; nothing is made. */
static int unwritable(const char *path)
{
    const char *slash = strrchr(path, '/');
    char folder[PATH_MAX];
    struct stat found;

    if (strcmp(path, "-") == 0)
        return 0;
    if (strlen(path) >= sizeof(folder))
        return ENAMETOOLONG;
    if (stat(path, &found) == 0 && S_ISDIR(found.st_mode))
        return EISDIR;
    weft_text_copy(folder, slash == NULL ? 2 : (size_t)(slash - path) + 2,
                   slash == NULL ? "." : path);
    return access(folder, W_OK | X_OK) == 0 ? 0 : errno;
}

bool weft_args_file(const struct weft_args_option *option, const char *text, void *values,
                    char why[WEFT_WHY_BYTES])
{
    int error = unwritable(text);

    if (error == 0)
        return weft_args_text(option, text, values, why);
    (void)snprintf(why, WEFT_WHY_BYTES, "--%s: cannot write '%.200s': %s", option->name, text,
                   strerror(error));
    return false;
}

bool weft_args_flag(const struct weft_args_option *option, const char *text, void *values,
                    char why[WEFT_WHY_BYTES])
{
    const bool is_given = true;

    (void)text;
    (void)why;
    field_set(option, values, &is_given, sizeof(is_given));
    return true;
}

bool weft_args_unset(const struct weft_args_option *option, const char *text, void *values,
                     char why[WEFT_WHY_BYTES])
{
    const bool is_wanted = false;

    (void)text;
    (void)why;
    field_set(option, values, &is_wanted, sizeof(is_wanted));
    return true;
}

/* ---- numbers ---- */

/* What a reason calls the option. */
static void name_format(const struct weft_args_option *option, char name[WEFT_UNIT_BYTES])
{
    (void)snprintf(name, WEFT_UNIT_BYTES, "--%s", option->name);
}

bool weft_args_count(const struct weft_args_option *option, const char *text, void *values,
                     char why[WEFT_WHY_BYTES])
{
    char name[WEFT_UNIT_BYTES];
    uint64_t number = 0;

    name_format(option, name);
    if (!weft_count_parse(text, name, option->least, option->most, &number, why))
        return false;
    field_set(option, values, &number, sizeof(number));
    return true;
}

bool weft_args_count32(const struct weft_args_option *option, const char *text, void *values,
                       char why[WEFT_WHY_BYTES])
{
    char name[WEFT_UNIT_BYTES];
    uint64_t number = 0;
    uint32_t narrow;

    weft_assert(option->most <= UINT32_MAX);
    name_format(option, name);
    if (!weft_count_parse(text, name, option->least, option->most, &number, why))
        return false;
    narrow = (uint32_t)number;
    field_set(option, values, &narrow, sizeof(narrow));
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
        field_set(option, values, &number, sizeof(number));
        return true;
    }
    weft_size_format(option->least, least);
    weft_size_format(option->most, most);
    (void)snprintf(why, WEFT_WHY_BYTES, "--%s %.60s: sizes from %s to %s are valid", option->name,
                   text, least, most);
    return false;
}

bool weft_args_part(const struct weft_args_option *option, const char *text, void *values,
                    char why[WEFT_WHY_BYTES])
{
    char name[WEFT_UNIT_BYTES];
    uint32_t millionths = 0;

    name_format(option, name);
    if (!weft_part_parse(text, name, &millionths, why))
        return false;
    field_set(option, values, &millionths, sizeof(millionths));
    return true;
}

/* ---- words ---- */

bool weft_args_word_find(const char *words, const char *text, const char *what, uint32_t *index,
                         char why[WEFT_WHY_BYTES])
{
    char copy[WEFT_ARGS_VALUE_BYTES];
    const char *list[WEFT_ARGS_WORDS_MAX];
    size_t count = 0;
    size_t found = 0;

    weft_assert(strlen(words) < sizeof(copy));
    weft_text_copy(copy, sizeof(copy), words);
    for (char *at = copy; at != NULL;) {
        weft_assert(count < WEFT_ARGS_WORDS_MAX);
        list[count++] = strsep(&at, "|");
    }
    if (!weft_word_parse(text, what, list, count, &found, why))
        return false;
    *index = (uint32_t)found;
    return true;
}

static bool word_of(const struct weft_args_option *option, const char *text, uint32_t *index,
                    char why[WEFT_WHY_BYTES])
{
    char what[WEFT_ARGS_VALUE_BYTES];

    (void)snprintf(what, sizeof(what), "value of --%s", option->name);
    return weft_args_word_find(option->value, text, what, index, why);
}

bool weft_args_word(const struct weft_args_option *option, const char *text, void *values,
                    char why[WEFT_WHY_BYTES])
{
    uint32_t index;

    return word_of(option, text, &index, why) && weft_args_text(option, text, values, why);
}

bool weft_args_choice(const struct weft_args_option *option, const char *text, void *values,
                      char why[WEFT_WHY_BYTES])
{
    uint32_t index = 0;

    if (!word_of(option, text, &index, why))
        return false;
    field_set(option, values, &index, sizeof(index));
    return true;
}

bool weft_args_switch(const struct weft_args_option *option, const char *text, void *values,
                      char why[WEFT_WHY_BYTES])
{
    uint32_t index = 0;
    uint32_t last = 0;
    bool is_last;

    if (!word_of(option, text, &index, why))
        return false;
    for (const char *at = option->value; *at != '\0'; at++)
        last += *at == '|';
    is_last = index == last;
    field_set(option, values, &is_last, sizeof(is_last));
    return true;
}

bool weft_args_dilation_check(const char *node, uint64_t dilation, char why[WEFT_WHY_BYTES])
{
    if (dilation == 0 || node != NULL)
        return true;
    (void)snprintf(why, WEFT_WHY_BYTES,
                   "--dilation is of an emulated machine: name one with --node");
    return false;
}
