/* Turns of a latency measurement: some to warm up, then those that count. */
#ifndef WEFT_LOOPBACK_LATENCY_H
#define WEFT_LOOPBACK_LATENCY_H

#include <stdlib.h>

#include "common/stats.h"
#include "figures.h"

#define WEFT_LOOPBACK_WARMUP 500u

static inline uint32_t weft_loopback_turns(const struct weft_loopback_ask *ask)
{
    return ask->exchanges + WEFT_LOOPBACK_WARMUP;
}

/* One time for each turn; NULL: no memory. The process's end frees it. */
static inline uint64_t *weft_loopback_times(const struct weft_loopback_ask *ask)
{
    return calloc(weft_loopback_turns(ask), sizeof(uint64_t));
}

/* Percentiles of the turns that count. */
static inline void weft_loopback_latency(const struct weft_loopback_ask *ask, uint64_t *times,
                                         struct weft_loopback_figures *figures)
{
    uint64_t *counted = times + WEFT_LOOPBACK_WARMUP;

    weft_stats_sort(counted, ask->exchanges);
    figures->p50_ns = weft_stats_rank(counted, ask->exchanges, 500);
    figures->p99_ns = weft_stats_rank(counted, ask->exchanges, 990);
}

#endif
