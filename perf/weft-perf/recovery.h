/* How long goodput was down after links changed.
 *
 * A curve is what has arrived, by time, as the fault watch saw it. After a change goodput is back
 * at the first moment from which on, for WEFT_PERF_BACK_WINDOW_NS, it is WEFT_PERF_BACK_PERMILLE of
 * the bound with the links as they are then. Where the next change comes before that, the wait goes
 * on, and counts from the first. */
#ifndef WEFT_PERF_RECOVERY_H
#define WEFT_PERF_RECOVERY_H

#include "bound.h"

#define WEFT_PERF_BACK_PERMILLE  900
#define WEFT_PERF_BACK_WINDOW_NS 500000u /* of the machine's time: chunks arrive in lumps */
#define WEFT_PERF_BACKS_MAX      2000

enum weft_perf_back_kind { WEFT_PERF_BACK_FAULT, WEFT_PERF_BACK_REPAIR, WEFT_PERF_BACK_KINDS };

/* Of all transfers of a measurement. */
struct weft_perf_back {
    uint32_t count;     /* changes after which goodput was back */
    uint32_t not_count; /* after which it was not before the transfer's end */
    uint64_t times_ns[WEFT_PERF_BACKS_MAX];
};

/* One transfer: its curve, and what changed when. */
struct weft_perf_recovery_case {
    const struct weft_perf_curve *curve;
    const struct weft_perf_fault_plan *plan;
    const struct weft_perf_fault_event *events;
    const weft_ns *whole_ns; /* by event: an ideal transfer's time with the links from then on */
    uint32_t event_count;
};

void weft_perf_recovery_add(struct weft_perf_back backs[WEFT_PERF_BACK_KINDS],
                            const struct weft_perf_recovery_case *transfer);

/* Nearest rank, of those that were back; sorts them. */
uint64_t weft_perf_back_rank(struct weft_perf_back *back, unsigned permille);

#endif
