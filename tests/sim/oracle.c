/* The checks on actions and on time. */
#include "oracle.h"

#include <inttypes.h>

#include "core/result.h"

#define DEADLINE_SLACK_NS UINT64_C(100000000)
#define CALM_NS           UINT64_C(1000000000)
#define CALM_CHUNK_NS     UINT64_C(1000000)
#define HOPS_OF_ROUTE_MAX 3
#define ROUTES_MAX        16
#define QUICK_BYTES_MIN   WEFT_MIB(8) /* smaller ones need not be split */
#define QUICK_FACTOR      2
#define QUICK_SLACK_NS    UINT64_C(200000)

static const struct weft_hop *hop_of(const struct sim_run *run, uint32_t hop)
{
    return &run->world.hops.hops[hop];
}

/* ---- copies ---- */

static void check_window(struct sim_run *run, const struct weft_action *action, uint32_t window,
                         uint32_t device, unsigned right)
{
    const struct sim_memory *memory;

    SIM_CHECK(&run->history, window < run->all_windows, "confinement",
              "copy %u names window %u, which never was", action->cookie, window);
    memory = &run->shadow.memories[window];
    SIM_CHECK(&run->history, memory->is_live, "confinement",
              "copy %u names window %u, which has been removed", action->cookie, window);
    SIM_CHECK(&run->history, memory->device == device, "confinement",
              "copy %u on hop %u names window %u, which is on %s", action->cookie, action->hop,
              window, run->world.topo.devices[memory->device].name);
    SIM_CHECK(&run->history, memory->is_relay || (run->workload.windows[window].rights & right),
              "rights", "copy %u lacks right %u on window %u", action->cookie, right, window);
}

/* A relay is slots and, behind them, the probes' bytes; no piece crosses from one to another. */
static void check_slot(struct sim_run *run, const struct weft_action *action, uint32_t window,
                       uint64_t offset, uint64_t size_bytes)
{
    uint64_t slot_bytes = run->world.config.relay_slot_bytes;
    uint64_t first = offset / slot_bytes;
    uint64_t last = (offset + size_bytes - 1) / slot_bytes;

    if (!run->shadow.memories[window].is_relay)
        return;
    SIM_CHECK(&run->history, first == last, "slot",
              "copy %u crosses the end of a slot at %" PRIu64 " of window %u", action->cookie,
              offset, window);
}

static void check_extents(struct sim_run *run, const struct weft_action *action)
{
    const struct weft_config *config = &run->world.config;
    uint64_t dst_bytes = run->shadow.memories[action->dst_window].size_bytes;
    uint64_t src_bytes = run->shadow.memories[action->src_window].size_bytes;
    uint64_t sum = 0;

    SIM_CHECK(&run->history, action->extent_count > 0, "extents", "copy %u has none",
              action->cookie);
    SIM_CHECK(&run->history, action->extent_count <= config->chunk_extents_max, "limit",
              "copy %u has %u extents", action->cookie, action->extent_count);
    for (uint32_t i = 0; i < action->extent_count; i++) {
        const struct weft_extent *extent = &action->extents[i];

        SIM_CHECK(&run->history, extent->size_bytes > 0, "extents", "copy %u has an empty one",
                  action->cookie);
        SIM_CHECK(
            &run->history, weft_range_inside(extent->dst_offset, extent->size_bytes, dst_bytes),
            "confinement",
            "copy %u writes [%" PRIu64 ", +%" PRIu64 ") of window %u of %" PRIu64 " bytes",
            action->cookie, extent->dst_offset, extent->size_bytes, action->dst_window, dst_bytes);
        SIM_CHECK(
            &run->history, weft_range_inside(extent->src_offset, extent->size_bytes, src_bytes),
            "confinement",
            "copy %u reads [%" PRIu64 ", +%" PRIu64 ") of window %u of %" PRIu64 " bytes",
            action->cookie, extent->src_offset, extent->size_bytes, action->src_window, src_bytes);
        check_slot(run, action, action->dst_window, extent->dst_offset, extent->size_bytes);
        check_slot(run, action, action->src_window, extent->src_offset, extent->size_bytes);
        sum += extent->size_bytes;
    }
    SIM_CHECK(&run->history, sum == action->size_bytes, "extents",
              "copy %u says %" PRIu64 " bytes, its extents have %" PRIu64, action->cookie,
              action->size_bytes, sum);
    SIM_CHECK(&run->history, sum <= config->chunk_bytes_max, "limit",
              "copy %u has %" PRIu64 " bytes", action->cookie, sum);
}

static void check_cookie(struct sim_run *run, const struct weft_action *action)
{
    const struct sim_copy *after;

    SIM_CHECK(&run->history, action->cookie < run->fabric.copies_max, "cookie",
              "copy %u is past the last cookie", action->cookie);
    SIM_CHECK(&run->history, run->fabric.copies[action->cookie].state == SIM_COPY_FREE, "cookie",
              "copy %u has not ended and is issued again", action->cookie);
    if (action->after == WEFT_COOKIE_NONE)
        return;
    SIM_CHECK(&run->history, action->after < run->fabric.copies_max, "after",
              "copy %u comes after %u, which is no cookie", action->cookie, action->after);
    after = &run->fabric.copies[action->after];
    SIM_CHECK(&run->history, after->state != SIM_COPY_FREE, "after",
              "copy %u comes after %u, which is not in flight", action->cookie, action->after);
    SIM_CHECK(&run->history, after->hop == action->after_hop, "after",
              "copy %u comes after %u on hop %u, which is on hop %u", action->cookie, action->after,
              action->after_hop, after->hop);
    SIM_CHECK(&run->history,
              hop_of(run, action->hop)->domain == hop_of(run, action->after_hop)->domain, "after",
              "copy %u comes after %u, which is of another domain", action->cookie, action->after);
}

static bool is_probe(const struct sim_run *run, const struct weft_action *action)
{
    const struct sim_memory *dst = &run->shadow.memories[action->dst_window];
    const struct sim_memory *src = &run->shadow.memories[action->src_window];
    uint64_t end = run->world.config.relay_slots * run->world.config.relay_slot_bytes;

    return dst->is_relay && src->is_relay && action->extents[0].dst_offset >= end &&
           action->extents[0].src_offset >= end;
}

struct sim_copy sim_oracle_copy(struct sim_run *run, const struct weft_action *action)
{
    struct sim_copy copy = {
        .cookie = action->cookie,
        .hop = action->hop,
        .dst_window = action->dst_window,
        .src_window = action->src_window,
        .after = action->after,
        .op = WEFT_NONE,
        .extent_count = action->extent_count,
        .extents = (struct weft_extent *)(uintptr_t)action->extents,
        .size_bytes = action->size_bytes,
    };

    SIM_CHECK(&run->history, action->hop < run->world.hops.count, "hop", "copy %u on hop %u",
              action->cookie, action->hop);
    check_window(run, action, action->dst_window, hop_of(run, action->hop)->dst_device,
                 WEFT_RIGHT_WRITE);
    check_window(run, action, action->src_window, hop_of(run, action->hop)->src_device,
                 WEFT_RIGHT_READ);
    check_extents(run, action);
    check_cookie(run, action);
    copy.is_probe = is_probe(run, action);
    if (!run->shadow.memories[action->dst_window].is_relay)
        copy.op = sim_shadow_owner(&run->shadow, &copy);
    return copy;
}

/* ---- ends ---- */

static void check_signal(struct sim_run *run, const struct weft_action *action,
                         const struct sim_op *op)
{
    const struct weft_signal *has = &action->signal;

    if (action->result != weftSuccess || op->signal.window == WEFT_NONE) {
        SIM_CHECK(&run->history, has->window == WEFT_NONE, "signal",
                  "op with tag %u ends with %s and raises a signal", action->tag,
                  weft_result_name(action->result));
        return;
    }
    SIM_CHECK(&run->history,
              has->window == op->signal.window && has->offset == op->signal.offset &&
                  has->value == op->signal.value && has->op == op->signal.op,
              "signal", "op with tag %u ends well without its signal", action->tag);
    /* It may have ended well before its window was revoked; but the window is still there. */
    SIM_CHECK(&run->history, run->windows[has->window] != SIM_WINDOW_REMOVED, "signal",
              "op with tag %u raises a signal in window %u, which is removed", action->tag,
              has->window);
}

/* Is there a way of at most so many hops? */
static bool has_route(const struct sim_run *run, uint32_t src, uint32_t dst, uint32_t hops_left)
{
    const struct weft_hop_table *hops = &run->world.hops;

    for (uint32_t i = 0; i < hops->count; i++) {
        const struct weft_hop *hop = &hops->hops[i];

        if (hop->src_device != src)
            continue;
        if (hop->dst_device == dst)
            return true;
        if (hops_left > 1 && run->world.has_relay[hop->dst_device] &&
            has_route(run, hop->dst_device, dst, hops_left - 1))
            return true;
    }
    return false;
}

static uint32_t device_of(const struct sim_run *run, uint32_t window)
{
    return run->workload.windows[window].device;
}

static bool op_has_route(const struct sim_run *run, const struct sim_op *op)
{
    return has_route(run, device_of(run, op->src_window), device_of(run, op->dst_window),
                     HOPS_OF_ROUTE_MAX);
}

static bool all_routes_in_use(const struct sim_run *run)
{
    const char *routes = run->world.config.routes;

    return routes[0] == 'a' && run->world.config.sched[0] != 'd';
}

/* True when no fault is ever of the direct hop or its links, nor may one block its engine. */
static bool has_sound_hop(const struct sim_run *run, const struct sim_op *op)
{
    uint32_t direct = weft_hop_find(&run->world.hops, device_of(run, op->src_window),
                                    device_of(run, op->dst_window));
    const struct weft_hop *hop;

    if (direct == WEFT_NONE || run->world.config.routes[0] == 's')
        return false;
    hop = hop_of(run, direct);
    for (uint32_t i = 0; i < run->faults.count; i++) {
        const struct sim_fault *fault = &run->faults.faults[i];

        if (fault->kind == SIM_FAULT_HANG || fault->kind == SIM_FAULT_STALL)
            return false;
        if (fault->kind >= SIM_FAULT_STALL && fault->target == direct)
            return false;
        for (uint32_t k = 0; fault->kind < SIM_FAULT_STALL && k < hop->link_count; k++)
            if (fault->target / 2 == hop->links[k] / 2)
                return false;
    }
    return true;
}

static uint32_t copies_of(const struct sim_run *run, const struct sim_op *op, uint32_t number,
                          bool and_first_hops)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < run->fabric.copies_max; i++) {
        const struct sim_copy *copy = &run->fabric.copies[i];

        if (copy->state == SIM_COPY_FREE)
            continue;
        count += copy->op == number || (and_first_hops && copy->src_window == op->src_window);
    }
    return count;
}

static bool is_due(const struct sim_run *run, uint32_t number)
{
    return run->now >= run->ops[number].deadline_at;
}

static void check_result(struct sim_run *run, const struct weft_action *action, uint32_t number)
{
    const struct sim_op *op = &run->workload.ops[number];
    const struct sim_op_run *state = &run->ops[number];
    bool is_right = false;

    switch (action->result) {
    case weftSuccess:
        is_right = action->cause == WEFT_CAUSE_NONE && action->moved_bytes == op->size_bytes;
        break;
    case weftTimeout:
        is_right = is_due(run, number) && action->cause == WEFT_CAUSE_DEADLINE;
        break;
    case weftRemoteError:
        is_right = action->cause == WEFT_CAUSE_NO_ROUTE
                       ? !all_routes_in_use(run) || !op_has_route(run, op)
                       : action->cause == WEFT_CAUSE_DOWN && run->faults.count > 0 &&
                             !has_sound_hop(run, op);
        break;
    case weftCancelled:
        is_right = state->is_cancelled && action->cause >= WEFT_CAUSE_CANCELLED &&
                   action->cause <= WEFT_CAUSE_ABORTED;
        break;
    case weftUnknown:
        is_right = is_due(run, number) && copies_of(run, op, number, true) > 0;
        break;
    default:
        break;
    }
    SIM_CHECK(&run->history, is_right, "result",
              "op %u may not end with %s (cause %d, %" PRIu64 " of %" PRIu64
              " bytes moved, deadline at %" PRIu64 ") now",
              number, weft_result_name(action->result), (int)action->cause, action->moved_bytes,
              op->size_bytes, state->deadline_at);
    SIM_CHECK(&run->history, !run->is_closing || action->result == weftSuccess, "closing",
              "closing op %u ends with %s though all is restored", number,
              weft_result_name(action->result));
}

static void check_quick(struct sim_run *run, uint32_t number)
{
    const struct sim_op *op = &run->workload.ops[number];
    uint64_t rate =
        sim_world_rate(&run->world, device_of(run, op->src_window), device_of(run, op->dst_window));
    weft_ns single_ns = weft_bytes_time(op->size_bytes, rate);
    weft_ns took_ns = run->now - run->ops[number].submitted_at;

    if (!run->world.is_quiet || run->is_closing || rate == 0 || op->size_bytes < QUICK_BYTES_MIN)
        return;
    SIM_CHECK(&run->history, took_ns <= QUICK_FACTOR * single_ns + QUICK_SLACK_NS, "slow",
              "op %u took %" PRIu64 " ns, one route alone takes %" PRIu64, number, took_ns,
              single_ns);
}

void sim_oracle_complete(struct sim_run *run, const struct weft_action *action, uint32_t number)
{
    const struct sim_op *op = &run->workload.ops[number];

    check_result(run, action, number);
    check_signal(run, action, op);
    SIM_CHECK(&run->history,
              action->moved_bytes <= run->shadow.landed_bytes[number] || op->is_signal, "moved",
              "op %u says %" PRIu64 " bytes moved, %" PRIu64 " have landed", number,
              action->moved_bytes, run->shadow.landed_bytes[number]);
    SIM_CHECK(&run->history,
              action->result == weftUnknown || copies_of(run, op, number, false) == 0, "late-write",
              "op %u ends with %s while a copy may still write its destination", number,
              weft_result_name(action->result));
    if (action->result != weftSuccess)
        return;
    SIM_CHECK(&run->history, run->ops[number].state == SIM_OP_ACTIVE, "fence",
              "op %u ended before those that its fence waits for", number);
    if (!op->is_signal)
        sim_shadow_verify(&run->shadow, number, op, &run->workload.extents[op->first_extent]);
    check_quick(run, number);
}

/* ---- time ---- */

static uint64_t slowest_rate(const struct sim_run *run)
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
    return 4 * weft_bytes_time(bytes, slowest_rate(run));
}

void sim_oracle_calm(struct sim_run *run)
{
    const struct weft_config *config = &run->world.config;
    weft_ns total_ns = CALM_NS;
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < run->workload.op_count; i++) {
        const struct sim_op *op = &run->workload.ops[i];

        if (run->ops[i].state == SIM_OP_ENDED)
            continue;
        bytes += op->size_bytes;
        total_ns += CALM_CHUNK_NS * (op->extent_count + op->size_bytes / 65536 + 1) + op->gap_ns;
    }
    total_ns += 8 * weft_bytes_time(bytes, slowest_rate(run));
    total_ns += 1000 * (100 * config->probe_us_max + 100 * config->suspect_us);
    run->calm_at = run->now;
    run->calm_ns = total_ns;
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
    return stuck * HOPS_OF_ROUTE_MAX >= run->world.config.chunks_max;
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

/* Could a chunk that was issued now on one of the engine's routes arrive? */
static bool has_live_route(struct sim_run *run, const struct sim_op *op, const bool *live)
{
    struct weft_route_report rows[ROUTES_MAX];
    uint32_t count = weft_engine_routes(run->engine, device_of(run, op->src_window),
                                        device_of(run, op->dst_window), rows, ROUTES_MAX);

    for (uint32_t i = 0; i < count; i++) {
        bool is_live = true;

        for (uint32_t k = 0; k < rows[i].hop_count; k++) {
            const struct weft_hop *hop = hop_of(run, rows[i].hops[k]);

            is_live = is_live && live[rows[i].hops[k]];
            if (k + 1 < rows[i].hop_count)
                is_live = is_live && !is_relay_used_up(run, hop->dst_device);
        }
        if (is_live)
            return true;
    }
    return false;
}

static void check_live(struct sim_run *run)
{
    static bool live[WEFT_HOPS_MAX];
    bool all = all_routes_in_use(run);

    sim_fabric_live_hops(&run->fabric, live);
    if (are_chunks_used_up(run))
        return;
    for (uint32_t i = 0; i < run->workload.op_count; i++) {
        const struct sim_op *op = &run->workload.ops[i];

        if (run->ops[i].state != SIM_OP_ACTIVE || !all || has_stuck_copy(run, op) ||
            run->now - run->ops[i].active_at <= run->calm_ns)
            continue;
        SIM_CHECK(&run->history, !has_live_route(run, op, live), "liveness",
                  "op %u has a route and has not ended %" PRIu64 " ns after the last fault", i,
                  run->now - run->calm_at);
    }
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
                  "deadline", "op %u should have ended at %" PRIu64, i, state->deadline_at);
    }
    if (run->calm_at != WEFT_NEVER && run->now - run->calm_at > run->calm_ns)
        check_live(run);
}
