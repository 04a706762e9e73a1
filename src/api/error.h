/* The last error of each thread: one sentence with cause and remedy. */
#ifndef WEFT_ERROR_H
#define WEFT_ERROR_H

#include "../base/base.h"

#define WEFT_ERROR_BYTES 768

/* Keeps the sentence for this thread. */
void weft_error_keep(weftResult_t result, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same, with `result` (evaluated twice) as its value, so that a check can end with it. A macro,
 * so that analysers see that the value is no success. */
#define weft_error(result, ...) (weft_error_keep((result), __VA_ARGS__), (result))

#endif
