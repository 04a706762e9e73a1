/* What the machine could have done at best, with its links as they really were. */
#ifndef WEFT_PERF_BOUND_H
#define WEFT_PERF_BOUND_H

#include "fault.h"
#include "subject.h"

/* The time of an ideal transfer of `size` bytes per flow that starts at `start` and meets the link
 * changes of `events` (may be NULL) when they happened. WEFT_NEVER when it could not end or the
 * machine has no description. */
weft_ns weft_perf_bound_ideal(const struct weft_perf_subject *subject, uint64_t size,
                              const struct weft_perf_fault_plan *plan,
                              const struct weft_perf_fault_event *events, uint32_t event_count,
                              weft_ns start);

/* The time of a whole ideal transfer with the links as they are after `event_count` events. */
weft_ns weft_perf_bound_whole(const struct weft_perf_subject *subject, uint64_t size,
                              const struct weft_perf_fault_plan *plan,
                              const struct weft_perf_fault_event *events, uint32_t event_count);

#endif
