/* The machine's time, and what calls cost their threads.
 *
 * Machine time is real time since the start divided by the dilation. A thread that makes a call is
 * charged its cost on a cursor of its own, and the call ends when real time has reached the cursor:
 * waking up late makes one call late, not all that follow. */
#ifndef WEFT_EMU_CLOCK_H
#define WEFT_EMU_CLOCK_H

#include "base/base.h"
#include "base/ring.h"

struct weft_emu_clock {
    uint64_t origin_ns; /* real */
    unsigned dilation;
    struct weft_counter submit_ns; /* charged to all threads */
};

/* The system's monotonic clock. */
uint64_t weft_emu_clock_real_now(void);

/* `origin_ns`: when the machine started; the processes of one have the same. */
void weft_emu_clock_start(struct weft_emu_clock *clock, uint64_t origin_ns, unsigned dilation);

weft_ns weft_emu_clock_now(const struct weft_emu_clock *clock);

/* When, in real time, the machine reaches `at`; WEFT_NEVER for WEFT_NEVER. */
uint64_t weft_emu_clock_real(const struct weft_emu_clock *clock, weft_ns at);

/* Keeps the calling thread until the call's cost has passed; returns the instant of its end. */
weft_ns weft_emu_clock_charge(struct weft_emu_clock *clock, weft_ns cost_ns);

/* Makes timed waits of the calling thread end on time instead of 50 us later. */
void weft_emu_clock_sharpen(void);

#endif
