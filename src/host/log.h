/* The library's words: lines on standard error, sentences in buffers.
 *
 * The one place with a printf. A line is "weft WARN  comm 0: sentence"; lines of threads do not
 * mix. What is below the level costs one load. It leaves to others what is worth saying. */
#ifndef WEFT_LOG_H
#define WEFT_LOG_H

#include <stdarg.h>

#include "../base/text.h"

#define WEFT_LOG_LINE_BYTES 1024

enum weft_log_level {
    WEFT_LOG_NONE,
    WEFT_LOG_ERROR,
    WEFT_LOG_WARN,
    WEFT_LOG_INFO,
    WEFT_LOG_TRACE,
    WEFT_LOG_LEVELS
};

/* The level of a name (none, error, warn, info, trace), or WEFT_LOG_LEVELS. */
enum weft_log_level weft_log_level_find(const char *name);

/* The process's level; the last comm that was made sets it. */
void weft_log_level_set(enum weft_log_level level);
bool weft_log_wants(enum weft_log_level level);

/* `noun` says who speaks: "comm 0", "env". */
void weft_log(enum weft_log_level level, const char *noun, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The shape of weft_transport_env's log: 0 error, 1 warning, 2 information. */
void weft_log_transport(int level, const char *text);

/* Writes a sentence, cut to `size` bytes. */
void weft_format(char *buffer, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

void weft_format_list(char *buffer, size_t size, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

/* Appends a sentence. */
void weft_text_format(struct weft_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
