/* The machine's clock; see clock.h. */
#include "clock.h"

#include <errno.h>
#include <time.h>

#define NS_PER_SECOND 1000000000u

static uint64_t read_ns(clockid_t which)
{
    struct timespec at;
    int failed = clock_gettime(which, &at);

    weft_assert(failed == 0);
    return (uint64_t)at.tv_sec * NS_PER_SECOND + (uint64_t)at.tv_nsec;
}

void weft_clock_init(struct weft_clock *clock, uint64_t dilation)
{
    weft_assert(dilation >= 1);
    clock->origin_ns = read_ns(CLOCK_MONOTONIC);
    clock->dilation = dilation;
}

weft_ns weft_clock_now(const struct weft_clock *clock)
{
    uint64_t passed = read_ns(CLOCK_MONOTONIC) - clock->origin_ns;

    return clock->dilation == 1 ? passed : passed / clock->dilation;
}

uint64_t weft_clock_real(const struct weft_clock *clock, weft_ns duration)
{
    return duration > UINT64_MAX / clock->dilation ? UINT64_MAX : duration * clock->dilation;
}

weft_ns weft_clock_after(const struct weft_clock *clock, weft_ns duration)
{
    return weft_add_sat(weft_clock_now(clock), duration);
}

void weft_clock_sleep(const struct weft_clock *clock, weft_ns duration)
{
    uint64_t until = weft_add_sat(read_ns(CLOCK_MONOTONIC), weft_clock_real(clock, duration));
    struct timespec at = {(time_t)(until / NS_PER_SECOND), (long)(until % NS_PER_SECOND)};

    weft_assert(duration != WEFT_NEVER);
    if (duration == 0)
        return;
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
        continue;
}

uint64_t weft_clock_thread_cpu(pthread_t thread)
{
    clockid_t clock;
    int failed = pthread_getcpuclockid(thread, &clock);

    weft_assert(failed == 0);
    return read_ns(clock);
}
