/* Looks through curves for the ends of dips. */
#include "recovery.h"

#include "common/stats.h"

/* Is goodput back from sample `first` on, as seen before `end_at`? The window may end with the
 * transfer when half of it is seen. */
static bool is_back(const struct weft_perf_curve *curve, uint32_t first, weft_ns end_at,
                    weft_ns whole_ns)
{
    const struct weft_perf_sample *from = &curve->samples[first];
    const struct weft_perf_sample *to = from;
    weft_ns seen_ns;

    for (uint32_t i = first; i < curve->count && curve->samples[i].at <= end_at; i++) {
        to = &curve->samples[i];
        if (to->at - from->at >= WEFT_PERF_BACK_WINDOW_NS)
            break;
    }
    seen_ns = to->at - from->at;
    if (seen_ns < WEFT_PERF_BACK_WINDOW_NS / 2)
        return false;
    /* permille of the bytes / seen >= part of (1000 / whole) */
    return (double)(to->permille - from->permille) * (double)whole_ns >=
           (double)seen_ns * WEFT_PERF_BACK_PERMILLE;
}

/* When it was back between the changes at `at` and `end_at`; WEFT_NEVER: not. */
static weft_ns back_at(const struct weft_perf_curve *curve, weft_ns at, weft_ns end_at,
                       weft_ns whole_ns)
{
    if (whole_ns == WEFT_NEVER)
        return WEFT_NEVER;
    for (uint32_t i = 0; i < curve->count && curve->samples[i].at <= end_at; i++)
        if (curve->samples[i].at >= at && is_back(curve, i, end_at, whole_ns))
            return curve->samples[i].at;
    return WEFT_NEVER;
}

static enum weft_perf_back_kind kind_of(const struct weft_perf_fault *fault)
{
    return fault->change == WEFT_LINK_SCALE && fault->permille == 1000 ? WEFT_PERF_BACK_REPAIR
                                                                       : WEFT_PERF_BACK_FAULT;
}

void weft_perf_recovery_add(struct weft_perf_back backs[WEFT_PERF_BACK_KINDS],
                            const struct weft_perf_recovery_case *transfer)
{
    uint32_t first = 0;

    for (uint32_t i = 0; i < transfer->event_count; i++) {
        const struct weft_perf_fault_event *events = transfer->events;
        bool is_last = i + 1 == transfer->event_count;
        struct weft_perf_back *back = &backs[kind_of(&transfer->plan->faults[events[first].fault])];
        weft_ns at = back_at(transfer->curve, events[i].at, is_last ? WEFT_NEVER : events[i + 1].at,
                             transfer->whole_ns[i]);

        if (at == WEFT_NEVER && !is_last)
            continue;
        if (at == WEFT_NEVER)
            back->not_count++;
        else if (back->count < WEFT_PERF_BACKS_MAX)
            back->times_ns[back->count++] = at - events[first].at;
        first = i + 1;
    }
}

uint64_t weft_perf_back_rank(struct weft_perf_back *back, unsigned permille)
{
    weft_stats_sort(back->times_ns, back->count);
    return weft_stats_rank(back->times_ns, back->count, permille);
}
