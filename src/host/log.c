/* The one printf of the library. */
#include "log.h"

#include <stdio.h>

#include "../base/ring.h"

static const char *const level_names[WEFT_LOG_LEVELS] = {
    [WEFT_LOG_NONE] = "none", [WEFT_LOG_ERROR] = "error", [WEFT_LOG_WARN] = "warn",
    [WEFT_LOG_INFO] = "info", [WEFT_LOG_TRACE] = "trace",
};

static const char *const level_labels[WEFT_LOG_LEVELS] = {
    [WEFT_LOG_NONE] = "NONE ", [WEFT_LOG_ERROR] = "ERROR", [WEFT_LOG_WARN] = "WARN ",
    [WEFT_LOG_INFO] = "INFO ", [WEFT_LOG_TRACE] = "TRACE",
};

static struct weft_flag current_level = {WEFT_LOG_WARN};

enum weft_log_level weft_log_level_find(const char *name)
{
    for (uint32_t i = 0; i < WEFT_LOG_LEVELS; i++)
        if (weft_text_equal(name, level_names[i]))
            return (enum weft_log_level)i;
    return WEFT_LOG_LEVELS;
}

void weft_log_level_set(enum weft_log_level level)
{
    weft_flag_set(&current_level, (uint32_t)level);
}

bool weft_log_wants(enum weft_log_level level)
{
    return (uint32_t)level <= weft_flag_get(&current_level);
}

void weft_log(enum weft_log_level level, const char *noun, const char *format, ...)
{
    char sentence[WEFT_LOG_LINE_BYTES];
    va_list arguments;

    if (!weft_log_wants(level))
        return;
    va_start(arguments, format);
    (void)vsnprintf(sentence, sizeof(sentence), format, arguments);
    va_end(arguments);
    /* One call per line: stdio's lock keeps lines of threads apart. */
    (void)fprintf(stderr, "weft %s %s: %s\n", level_labels[level], noun, sentence);
}

void weft_log_transport(int level, const char *text)
{
    static const enum weft_log_level levels[] = {WEFT_LOG_ERROR, WEFT_LOG_WARN, WEFT_LOG_INFO};

    weft_log(level >= 0 && level < 3 ? levels[level] : WEFT_LOG_TRACE, "transport", "%s", text);
}

void weft_format(char *buffer, size_t size, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(buffer, size, format, arguments);
    va_end(arguments);
}

void weft_format_list(char *buffer, size_t size, const char *format, va_list arguments)
{
    (void)vsnprintf(buffer, size, format, arguments);
}

void weft_text_format(struct weft_text *text, const char *format, ...)
{
    char sentence[WEFT_LOG_LINE_BYTES];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(sentence, sizeof(sentence), format, arguments);
    va_end(arguments);
    weft_text_add(text, sentence);
}
