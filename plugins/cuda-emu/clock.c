/* Reads CLOCK_MONOTONIC and keeps each thread's cursor. Waits sleep, but for the last stretch,
 * which is shorter than the kernel's usual lateness and is spun. Knows nothing of copies. */
#include "clock.h"

#include <sys/prctl.h>
#include <time.h>

#define SPIN_NS     25000
#define LATE_NS_MAX 5000000 /* real: what is more than that is never made up for */
#define SECOND      1000000000ull

/* Of each thread: where its calls are, in the machine's time, and when the last one returned. A
 * thread that woke up late is ahead of its cursor. */
struct cursor {
    uint64_t origin_ns; /* the clock that it belongs to */
    weft_ns at;
    weft_ns returned_at;
};

static _Thread_local struct cursor cursor;

uint64_t weft_emu_clock_real_now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
}

void weft_emu_clock_start(struct weft_emu_clock *clock, uint64_t origin_ns, unsigned dilation)
{
    clock->origin_ns = origin_ns;
    clock->dilation = dilation;
    atomic_init(&clock->submit_ns.value, 0);
}

weft_ns weft_emu_clock_now(const struct weft_emu_clock *clock)
{
    return (weft_emu_clock_real_now() - clock->origin_ns) / clock->dilation;
}

uint64_t weft_emu_clock_real(const struct weft_emu_clock *clock, weft_ns at)
{
    if (at > (UINT64_MAX - clock->origin_ns) / clock->dilation)
        return WEFT_NEVER;
    return clock->origin_ns + at * clock->dilation;
}

void weft_emu_clock_sharpen(void)
{
    prctl(PR_SET_TIMERSLACK, 1ul, 0ul, 0ul, 0ul);
}

static void wait_until(uint64_t real_ns)
{
    if (weft_emu_clock_real_now() + SPIN_NS < real_ns) {
        uint64_t wake_ns = real_ns - SPIN_NS;
        struct timespec time = {(time_t)(wake_ns / SECOND), (long)(wake_ns % SECOND)};

        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) != 0)
            ;
    }
    while (weft_emu_clock_real_now() < real_ns)
        ;
}

weft_ns weft_emu_clock_charge(struct weft_emu_clock *clock, weft_ns cost_ns)
{
    weft_ns now = weft_emu_clock_now(clock);
    weft_ns late_ns;
    weft_ns since_ns;

    if (cursor.origin_ns != clock->origin_ns) {
        cursor = (struct cursor){.origin_ns = clock->origin_ns};
        weft_emu_clock_sharpen();
    }
    late_ns = weft_min(weft_sub_sat(cursor.returned_at, cursor.at), LATE_NS_MAX / clock->dilation);
    since_ns = now - cursor.returned_at;
    /* In a row of calls the lateness of one is taken off the next. After a pause of its own the
     * thread begins anew: what it is late by has passed. */
    cursor.at = weft_max(cursor.at, since_ns < late_ns ? now - late_ns : now) + cost_ns;
    weft_counter_add(&clock->submit_ns, cost_ns);
    wait_until(weft_emu_clock_real(clock, cursor.at));
    cursor.returned_at = weft_emu_clock_now(clock);
    return cursor.at;
}
