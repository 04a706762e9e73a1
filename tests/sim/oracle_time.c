/* The checks on time: deadlines, and what must end because it can. */
#include <inttypes.h>

#include "oracle.h"

#define DEADLINE_SLACK_NS UINT64_C(100000000)
#define ROUTES_MAX        16

/* The bound of the liveness phase: all bytes at the rate of the slowest live route, which others
 * share; a few rounds of probes, since each route may be down; every extent may be a copy. */
#define CALM_NS         UINT64_C(100000000)
#define CALM_SHARES     8
#define CALM_PROBES     8
#define CALM_SUSPICIONS 100
#define CALM_EXTENT_NS  UINT64_C(1000000)
#define CALM_CHECKS     16 /* so often within the bound it is looked who has passed it */

/* How long the engine may want nothing while it has work and a live route: a probe's interval. */
#define REST_PROBES     2
#define REST_SUSPICIONS 8

/* Of all links that move at all. */
static uint64_t slowest_link(const struct sim_run *run)
{
    uint64_t rate = UINT64_MAX;

    for (uint32_t i = 0; i < run->world.topo.link_count; i++) {
        uint64_t link = sim_fabric_link_rate(&run->fabric, i);

        if (link > 0)
            rate = weft_min(rate, link);
    }
    return rate == UINT64_MAX ? 1 : rate;
}

/* How long what is in flight may take where it moves at all. */
static weft_ns drain_ns(const struct sim_run *run)
{
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < run->fabric.order_count; i++)
        bytes += run->fabric.copies[run->fabric.order[i]].size_bytes;
    return 4 * weft_bytes_time(bytes, slowest_link(run));
}

/* A copy that is stuck keeps its transfer from ending, until the deadline. */
static bool has_stuck_copy(const struct sim_run *run, const struct sim_op *op)
{
    for (uint32_t i = 0; i < run->fabric.order_count; i++) {
        const struct sim_copy *copy = &run->fabric.copies[run->fabric.order[i]];
        bool is_between = run->shadow.memories[copy->src_window].is_relay &&
                          run->shadow.memories[copy->dst_window].is_relay;

        if (copy->is_stuck && (is_between || copy->src_window == op->src_window ||
                               copy->dst_window == op->dst_window))
            return true;
    }
    return false;
}

/* Copies that are stuck keep the engine's chunks, of up to three copies each: without chunks
 * nothing can go on. */
static bool are_chunks_used_up(const struct sim_run *run)
{
    uint64_t stuck = 0;

    for (uint32_t i = 0; i < run->fabric.order_count; i++)
        stuck += run->fabric.copies[run->fabric.order[i]].is_stuck;
    return stuck * WEFT_CHUNK_HOPS_MAX >= run->world.config.chunks_max;
}

/* Are all slots of the relay between two hops kept by copies? */
static bool is_relay_used_up(const struct sim_run *run, uint32_t device)
{
    uint64_t copies = 0;

    for (uint32_t i = 0; i < run->fabric.order_count; i++) {
        const struct sim_copy *copy = &run->fabric.copies[run->fabric.order[i]];
        const struct sim_memory *src = &run->shadow.memories[copy->src_window];
        const struct sim_memory *dst = &run->shadow.memories[copy->dst_window];

        copies +=
            (src->is_relay && src->device == device) || (dst->is_relay && dst->device == device);
    }
    return copies >= run->world.config.relay_slots;
}

/* What a chunk on this route would move at that is issued now, or (`live` is NULL) when ports and
 * relays have room again; 0: it would not arrive. */
static uint64_t route_rate(const struct sim_run *run, const struct weft_route_report *route,
                           const bool *live)
{
    uint64_t rate = UINT64_MAX;

    for (uint32_t i = 0; i < route->hop_count; i++) {
        const struct weft_hop *hop = sim_run_hop(run, route->hops[i]);

        if (live != NULL && !live[route->hops[i]])
            return 0;
        if (live != NULL && i + 1 < route->hop_count && is_relay_used_up(run, hop->dst_device))
            return 0;
        for (uint32_t k = 0; k < hop->link_count; k++)
            rate = weft_min(rate, sim_fabric_link_rate(&run->fabric, hop->links[k]));
    }
    return rate;
}

/* The slowest of the engine's routes for an operation that are live, as above; 0: none is. */
static uint64_t slowest_route(struct sim_run *run, const struct sim_op *op, const bool *live)
{
    struct weft_route_report rows[ROUTES_MAX];
    uint32_t count = weft_engine_routes(run->engine, sim_run_device(run, op->src_window),
                                        sim_run_device(run, op->dst_window), rows, ROUTES_MAX);
    uint64_t slowest = 0;

    for (uint32_t i = 0; i < count; i++) {
        uint64_t rate = route_rate(run, &rows[i], live);

        if (rate > 0 && (slowest == 0 || rate < slowest))
            slowest = rate;
    }
    return slowest;
}

void sim_oracle_calm(struct sim_run *run)
{
    const struct weft_config *config = &run->world.config;
    uint64_t slowest = UINT64_MAX;
    weft_ns total_ns = CALM_NS + 1000 * (CALM_PROBES * config->probe_us_max +
                                         CALM_SUSPICIONS * config->suspect_us);
    uint64_t bytes = 0;

    sim_fabric_freeze(&run->fabric);
    for (uint32_t i = 0; i < run->workload.op_count; i++) {
        const struct sim_op *op = &run->workload.ops[i];
        uint64_t rate;

        if (run->ops[i].state == SIM_OP_ENDED)
            continue;
        rate = slowest_route(run, op, NULL);
        slowest = rate > 0 ? weft_min(slowest, rate) : slowest;
        bytes += op->size_bytes;
        total_ns += CALM_EXTENT_NS * op->extent_count + op->gap_ns;
    }
    run->calm_at = run->now;
    run->next_check_at = run->now;
    run->calm_ns = weft_add_sat(total_ns, CALM_SHARES * weft_bytes_time(bytes, slowest));
    SIM_NOTE(&run->history, "liveness: what has a route ends within %llu ns", run->calm_ns);
}

/* Nothing but its callers' patience limits it: it has a live route, and no copy that is stuck. */
static bool must_end(struct sim_run *run, uint32_t number, const bool *live)
{
    const struct sim_op *op = &run->workload.ops[number];

    return run->ops[number].state == SIM_OP_ACTIVE && sim_run_uses_all_routes(run) &&
           !has_stuck_copy(run, op) && slowest_route(run, op, live) > 0;
}

/* The bound counts from the last fault: before that anything may have held an operation up. */
static void check_live(struct sim_run *run)
{
    static bool live[WEFT_HOPS_MAX];

    sim_fabric_live_hops(&run->fabric, live);
    if (are_chunks_used_up(run))
        return;
    for (uint32_t i = 0; i < run->workload.op_count; i++) {
        if (run->ops[i].state != SIM_OP_ACTIVE ||
            run->now - weft_max(run->ops[i].active_at, run->calm_at) <= run->calm_ns)
            continue;
        SIM_CHECK(&run->history, !must_end(run, i, live), LIVENESS,
                  "op %u has a route and has not ended %" PRIu64 " ns after the last fault", i,
                  run->now - run->calm_at);
    }
}

static bool is_any_moving(const struct sim_run *run)
{
    for (uint32_t i = 0; i < run->fabric.order_count; i++)
        if (!run->fabric.copies[run->fabric.order[i]].is_stuck)
            return true;
    return false;
}

void sim_oracle_rest(struct sim_run *run, weft_ns until)
{
    static bool live[WEFT_HOPS_MAX];
    const struct weft_config *config = &run->world.config;
    weft_ns longest_ns = run->world.wakeup_ns_max +
                         1000 * (REST_PROBES * config->probe_us_max +
                                 REST_SUSPICIONS * config->suspect_us + config->plan_interval_us);

    if (run->calm_at == WEFT_NEVER || run->live == 0 || weft_sub_sat(until, run->now) <= longest_ns)
        return;
    sim_fabric_live_hops(&run->fabric, live);
    if (is_any_moving(run) || are_chunks_used_up(run))
        return;
    for (uint32_t i = 0; i < run->next_op; i++)
        SIM_CHECK(&run->history, !must_end(run, i, live), STUCK,
                  "nothing will happen until %" PRIu64
                  " and op %u, which has a live route, is left",
                  until, i);
}

void sim_oracle_time(struct sim_run *run)
{
    for (uint32_t i = 0; i < run->workload.op_count; i++) {
        const struct sim_op_run *state = &run->ops[i];

        if (state->state != SIM_OP_ACTIVE && state->state != SIM_OP_FENCED)
            continue;
        if (run->now <= weft_add_sat(state->deadline_at, DEADLINE_SLACK_NS))
            continue;
        SIM_CHECK(&run->history,
                  run->now <= state->deadline_at + DEADLINE_SLACK_NS + drain_ns(run) +
                                  4000 * run->world.config.suspect_us,
                  DEADLINE, "op %u should have ended at %" PRIu64, i, state->deadline_at);
    }
    if (run->calm_at == WEFT_NEVER || run->now < run->next_check_at)
        return;
    run->next_check_at = weft_add_sat(run->now, run->calm_ns / CALM_CHECKS);
    check_live(run);
}
