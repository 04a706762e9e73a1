/* What is known of lanes, and the check on what sets out on them. */
#include "health.h"

#include <string.h>

#include "core/trace.h"
#include "run.h"

static bool is_of_relay(const struct sim_run *run, uint32_t window)
{
    return run->shadow.memories[window].is_relay;
}

/* One copy from the source to the destination: how it ended is its lane's doing alone. */
static bool is_direct(const struct sim_run *run, const struct sim_copy *copy)
{
    return !is_of_relay(run, copy->src_window) && !is_of_relay(run, copy->dst_window);
}

/* Where an end has no relay the engine tries the lane with user bytes, without a probe. */
static void mark_dead(struct sim_run *run, uint32_t hop)
{
    const struct weft_hop *h = sim_run_hop(run, hop);

    run->health.is_dead[hop] =
        run->world.has_relay[h->src_device] && run->world.has_relay[h->dst_device];
}

void sim_health_begin(struct sim_run *run)
{
    memset(&run->health, 0, sizeof(run->health));
}

void sim_health_told(struct sim_run *run, uint32_t link, uint64_t rate_bytes_per_us)
{
    for (uint32_t i = 0; i < run->world.hops.count && rate_bytes_per_us == 0; i++) {
        const struct weft_hop *hop = sim_run_hop(run, i);

        for (uint32_t k = 0; k < hop->link_count; k++)
            if (hop->links[k] == link)
                mark_dead(run, i);
    }
}

void sim_health_issue(struct sim_run *run, const struct sim_copy *copy)
{
    if (copy->is_probe || is_of_relay(run, copy->src_window))
        return;
    SIM_CHECK(&run->history, !run->health.is_dead[copy->hop], DEAD_LANE,
              "copy %u is issued on hop %u, which is known to be down", copy->cookie, copy->hop);
}

/* What was counted is void once any lane's state has changed. */
static void forget_if_changed(struct sim_run *run)
{
    struct sim_health *health = &run->health;
    uint64_t changes = weft_engine_trace(run->engine)->counts[WEFT_TRACE_lane_state];

    if (changes == health->state_changes)
        return;
    memset(health->good_copies, 0, run->world.hops.count * sizeof(health->good_copies[0]));
    health->state_changes = changes;
    health->changed_at = run->now;
}

void sim_health_ended(struct sim_run *run, const struct sim_copy *copy, bool is_good)
{
    if (is_good)
        run->health.is_dead[copy->hop] = false;
    else if (is_direct(run, copy))
        mark_dead(run, copy->hop);
    if (is_good && is_direct(run, copy))
        run->health.good_copies[copy->hop]++;
    forget_if_changed(run);
}

uint32_t sim_health_good_copies(struct sim_run *run, uint32_t hop)
{
    forget_if_changed(run);
    return run->health.good_copies[hop];
}

bool sim_health_is_unchanged(struct sim_run *run, weft_ns since)
{
    forget_if_changed(run);
    return run->health.changed_at < since;
}
