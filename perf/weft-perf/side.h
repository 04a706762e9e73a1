/* The two servers of a measurement: a is this process, b the second one that it forked. Without
 * --peer all is on a. */
#ifndef WEFT_PERF_SIDE_H
#define WEFT_PERF_SIDE_H

#include "base/base.h"

enum weft_perf_side { WEFT_PERF_A, WEFT_PERF_B, WEFT_PERF_SIDES };

#define WEFT_PERF_SERVER_A "127.0.0.1"
#define WEFT_PERF_SERVER_B "127.0.0.2"

/* Reads the prefix of "b:gpu0" into `*side` and returns what follows it; text without a prefix is
 * returned as it is, and `*side` stays. */
static inline const char *weft_perf_side_take(const char *text, enum weft_perf_side *side)
{
    if ((text[0] != 'a' && text[0] != 'b') || text[1] != ':')
        return text;
    *side = text[0] == 'a' ? WEFT_PERF_A : WEFT_PERF_B;
    return text + 2;
}

#endif
