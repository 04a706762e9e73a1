/* The bound over time: maximum flow of each phase between two link changes, integrated. */
#include "bound.h"

#include "common/maxflow.h"

static void fault_take(const struct weft_perf_subject *subject, const struct weft_perf_fault *fault,
                       uint64_t rates[WEFT_LINKS_MAX])
{
    uint32_t link;
    bool is_dead = fault->change == WEFT_LINK_CUT || fault->change == WEFT_LINK_HANG;
    unsigned permille = fault->change == WEFT_LINK_SCALE ? fault->permille : is_dead ? 0 : 1000;

    if (fault->signal != 0)
        return;
    link = subject->joint == NULL ? weft_topo_link_find(subject->topo, fault->link)
                                  : weft_perf_joint_link(subject->joint, fault->side, fault->link);
    weft_rates_scale(subject->topo, link, permille, rates);
    if (fault->change == WEFT_LINK_HANG_OUT)
        rates[link] = 0;
    if (fault->change == WEFT_LINK_HANG_IN)
        rates[subject->topo->links[link].reverse] = 0;
}

weft_ns weft_perf_bound_whole(const struct weft_perf_subject *subject, uint64_t size,
                              const struct weft_perf_fault_plan *plan,
                              const struct weft_perf_fault_event *events, uint32_t event_count)
{
    struct weft_demand demands[WEFT_PERF_FLOWS_MAX];
    uint64_t rates[WEFT_LINKS_MAX];

    if (subject->topo == NULL)
        return WEFT_NEVER;
    for (uint32_t i = 0; i < subject->flow_count; i++)
        demands[i] = (struct weft_demand){.from = subject->flows[i].from_device,
                                          .to = subject->flows[i].to_device,
                                          .bytes = size};
    weft_rates_init(subject->topo, rates);
    for (uint32_t i = 0; i < plan->count; i++)
        if (!plan->faults[i].during)
            fault_take(subject, &plan->faults[i], rates);
    for (uint32_t i = 0; i < event_count; i++)
        fault_take(subject, &plan->faults[events[i].fault], rates);
    return weft_maxflow_time(subject->topo, rates, demands, subject->flow_count);
}

weft_ns weft_perf_bound_ideal(const struct weft_perf_subject *subject, uint64_t size,
                              const struct weft_perf_fault_plan *plan,
                              const struct weft_perf_fault_event *events, uint32_t event_count,
                              weft_ns start)
{
    double left = 1; /* the part of the bytes that the ideal transfer still has to move */
    weft_ns phase_at = start;
    weft_ns whole_ns = weft_perf_bound_whole(subject, size, plan, events, 0);

    for (uint32_t i = 0; i < event_count; i++) {
        double phase_ns = (double)(events[i].at - phase_at);

        if (whole_ns != WEFT_NEVER) {
            if (left * (double)whole_ns <= phase_ns)
                break;
            left -= phase_ns / (double)whole_ns;
        }
        phase_at = events[i].at;
        whole_ns = weft_perf_bound_whole(subject, size, plan, events, i + 1);
    }
    return whole_ns == WEFT_NEVER ? WEFT_NEVER
                                  : phase_at - start + (weft_ns)(left * (double)whole_ns);
}
