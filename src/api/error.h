/* The last error of each thread: one sentence with cause and remedy. */
#ifndef WEFT_ERROR_H
#define WEFT_ERROR_H

#include "../base/base.h"

#define WEFT_ERROR_BYTES 768

/* Keeps the sentence for this thread and returns `result`, so that a check can end with it. */
weftResult_t weft_error(weftResult_t result, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* This thread's sentence; empty when there was no error. */
const char *weft_error_text(void);

#endif
