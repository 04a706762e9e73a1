/* The machine's clock: CLOCK_MONOTONIC since an origin, divided by the dilation of an emulated
 * machine (1 on a real one).
 *
 * Every weft_ns above the transports is in this time. Only what sleeps turns it back into real
 * time. */
#ifndef WEFT_CLOCK_H
#define WEFT_CLOCK_H

#include <pthread.h>

#include "../base/base.h"

struct weft_clock {
    uint64_t origin_ns; /* of CLOCK_MONOTONIC */
    uint64_t dilation;  /* at least 1 */
};

void weft_clock_init(struct weft_clock *clock, uint64_t dilation);

weft_ns weft_clock_now(const struct weft_clock *clock);

/* The real time that a machine time takes, with WEFT_NEVER kept. */
uint64_t weft_clock_real(const struct weft_clock *clock, weft_ns duration);

/* now + duration; WEFT_NEVER stays never. */
weft_ns weft_clock_after(const struct weft_clock *clock, weft_ns duration);

/* Sleeps for a machine time; returns at once for 0. */
void weft_clock_sleep(const struct weft_clock *clock, weft_ns duration);

/* CPU time that a thread of this process has used, real nanoseconds. */
uint64_t weft_clock_thread_cpu(pthread_t thread);

#define WEFT_NS_PER_MS 1000000u
#define WEFT_NS_PER_US 1000u

#endif
