/* The checks on actions: copies, and ends of transfers. */
#include "oracle.h"

#include <inttypes.h>

#include "core/result.h"

/* ---- copies ---- */

static void check_window(struct sim_run *run, const struct weft_action *action, uint32_t window,
                         uint32_t device, unsigned right)
{
    const struct sim_memory *memory;

    SIM_CHECK(&run->history, window < run->all_windows, CONFINEMENT,
              "copy %u names window %u, which never was", action->cookie, window);
    memory = &run->shadow.memories[window];
    SIM_CHECK(&run->history, memory->is_live, CONFINEMENT,
              "copy %u names window %u, which has been removed", action->cookie, window);
    SIM_CHECK(&run->history, memory->is_relay || run->windows[window] == SIM_WINDOW_LIVE, STOPPED,
              "copy %u names window %u, which is revoked", action->cookie, window);
    SIM_CHECK(&run->history, memory->device == device, CONFINEMENT,
              "copy %u on hop %u names window %u, which is on %s", action->cookie, action->hop,
              window, run->world.topo.devices[memory->device].name);
    SIM_CHECK(&run->history, memory->is_relay || (run->workload.windows[window].rights & right),
              RIGHTS, "copy %u lacks right %u on window %u", action->cookie, right, window);
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
    SIM_CHECK(&run->history, first == last, SLOT,
              "copy %u crosses the end of a slot at %" PRIu64 " of window %u", action->cookie,
              offset, window);
}

static void check_extents(struct sim_run *run, const struct weft_action *action)
{
    const struct weft_config *config = &run->world.config;
    uint64_t dst_bytes = run->shadow.memories[action->dst_window].size_bytes;
    uint64_t src_bytes = run->shadow.memories[action->src_window].size_bytes;
    uint64_t sum = 0;

    SIM_CHECK(&run->history, action->extent_count > 0, EXTENTS, "copy %u has none", action->cookie);
    SIM_CHECK(&run->history, action->extent_count <= config->chunk_extents_max, LIMIT,
              "copy %u has %u extents", action->cookie, action->extent_count);
    for (uint32_t i = 0; i < action->extent_count; i++) {
        const struct weft_extent *extent = &action->extents[i];

        SIM_CHECK(&run->history, extent->size_bytes > 0, EXTENTS, "copy %u has an empty one",
                  action->cookie);
        SIM_CHECK(&run->history,
                  weft_range_inside(extent->dst_offset, extent->size_bytes, dst_bytes), CONFINEMENT,
                  "copy %u writes [%" PRIu64 ", +%" PRIu64 ") of window %u of %" PRIu64 " bytes",
                  action->cookie, extent->dst_offset, extent->size_bytes, action->dst_window,
                  dst_bytes);
        SIM_CHECK(&run->history,
                  weft_range_inside(extent->src_offset, extent->size_bytes, src_bytes), CONFINEMENT,
                  "copy %u reads [%" PRIu64 ", +%" PRIu64 ") of window %u of %" PRIu64 " bytes",
                  action->cookie, extent->src_offset, extent->size_bytes, action->src_window,
                  src_bytes);
        check_slot(run, action, action->dst_window, extent->dst_offset, extent->size_bytes);
        check_slot(run, action, action->src_window, extent->src_offset, extent->size_bytes);
        sum += extent->size_bytes;
    }
    SIM_CHECK(&run->history, sum == action->size_bytes, EXTENTS,
              "copy %u says %" PRIu64 " bytes, its extents have %" PRIu64, action->cookie,
              action->size_bytes, sum);
    SIM_CHECK(&run->history, sum <= config->chunk_bytes_max, LIMIT, "copy %u has %" PRIu64 " bytes",
              action->cookie, sum);
}

static void check_cookie(struct sim_run *run, const struct weft_action *action)
{
    const struct sim_copy *after;

    SIM_CHECK(&run->history, action->cookie < run->fabric.copies_max, COOKIE,
              "copy %u is past the last cookie", action->cookie);
    SIM_CHECK(&run->history, run->fabric.copies[action->cookie].state == SIM_COPY_FREE, COOKIE,
              "copy %u has not ended and is issued again", action->cookie);
    if (action->after == WEFT_COOKIE_NONE)
        return;
    SIM_CHECK(&run->history, action->after < run->fabric.copies_max, AFTER,
              "copy %u comes after %u, which is no cookie", action->cookie, action->after);
    after = &run->fabric.copies[action->after];
    SIM_CHECK(&run->history, after->state != SIM_COPY_FREE, AFTER,
              "copy %u comes after %u, which is not in flight", action->cookie, action->after);
    SIM_CHECK(&run->history, after->hop == action->after_hop, AFTER,
              "copy %u comes after %u on hop %u, which is on hop %u", action->cookie, action->after,
              action->after_hop, after->hop);
    SIM_CHECK(&run->history,
              sim_run_hop(run, action->hop)->domain == sim_run_hop(run, action->after_hop)->domain,
              AFTER, "copy %u comes after %u, which is of another domain", action->cookie,
              action->after);
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

    SIM_CHECK(&run->history, action->hop < run->world.hops.count, HOP, "copy %u on hop %u",
              action->cookie, action->hop);
    check_window(run, action, action->dst_window, sim_run_hop(run, action->hop)->dst_device,
                 WEFT_RIGHT_WRITE);
    check_window(run, action, action->src_window, sim_run_hop(run, action->hop)->src_device,
                 WEFT_RIGHT_READ);
    check_extents(run, action);
    check_cookie(run, action);
    copy.is_probe = is_probe(run, action);
    if (!run->shadow.memories[action->dst_window].is_relay)
        copy.op = sim_shadow_owner(&run->shadow, &copy);
    SIM_CHECK(&run->history, copy.op == WEFT_NONE || !run->ops[copy.op].is_cancelled, STOPPED,
              "copy %u is of op %u, which is cancelled", copy.cookie, copy.op);
    sim_health_issue(run, &copy);
    return copy;
}

/* ---- ends ---- */

static void check_signal(struct sim_run *run, const struct weft_action *action,
                         const struct sim_op *op)
{
    const struct weft_signal *has = &action->signal;

    if (action->result != weftSuccess || op->signal.window == WEFT_NONE) {
        SIM_CHECK(&run->history, has->window == WEFT_NONE, SIGNAL,
                  "op with tag %u ends with %s and raises a signal", action->tag,
                  weft_result_name(action->result));
        return;
    }
    SIM_CHECK(&run->history,
              has->window == op->signal.window && has->offset == op->signal.offset &&
                  has->value == op->signal.value && has->op == op->signal.op,
              SIGNAL, "op with tag %u ends well without its signal", action->tag);
    /* It may have ended well before its window was revoked; but the window is still there. */
    SIM_CHECK(&run->history, run->windows[has->window] != SIM_WINDOW_REMOVED, SIGNAL,
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

static bool op_has_route(const struct sim_run *run, const struct sim_op *op)
{
    return has_route(run, sim_run_device(run, op->src_window), sim_run_device(run, op->dst_window),
                     WEFT_CHUNK_HOPS_MAX);
}

/* True when no fault is ever of the direct hop or its links, nor may one block its engine. */
static bool has_sound_hop(const struct sim_run *run, const struct sim_op *op)
{
    uint32_t direct = weft_hop_find(&run->world.hops, sim_run_device(run, op->src_window),
                                    sim_run_device(run, op->dst_window));
    const struct weft_hop *hop;

    if (direct == WEFT_NONE || run->world.config.routes[0] == 's')
        return false;
    hop = sim_run_hop(run, direct);
    for (uint32_t i = 0; i < run->schedule.faults.count; i++) {
        const struct sim_fault *fault = &run->schedule.faults.faults[i];

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

/* Where the host sees the end of a copy later than it may be late, lanes to which nothing happened
 * are suspect, all of them maybe at the deadline. */
static bool is_hasty(const struct sim_run *run)
{
    return 1000 * run->world.config.suspect_us < run->world.delivery_ns_max;
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
                       ? !sim_run_uses_all_routes(run) || !op_has_route(run, op)
                       : action->cause == WEFT_CAUSE_DOWN &&
                             (is_hasty(run) ||
                              (run->schedule.faults.count > 0 && !has_sound_hop(run, op))) &&
                             !sim_oracle_is_up(run, number);
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
    SIM_CHECK(&run->history, is_right, RESULT,
              "op %u may not end with %s (cause %d, %" PRIu64 " of %" PRIu64
              " bytes moved, deadline at %" PRIu64 ") now",
              number, weft_result_name(action->result), (int)action->cause, action->moved_bytes,
              op->size_bytes, state->deadline_at);
    SIM_CHECK(&run->history, !run->is_closing || action->result == weftSuccess, CLOSING,
              "closing op %u ends with %s though all is restored", number,
              weft_result_name(action->result));
}

void sim_oracle_complete(struct sim_run *run, const struct weft_action *action, uint32_t number)
{
    const struct sim_op *op = &run->workload.ops[number];

    sim_oracle_plan(run);
    check_result(run, action, number);
    check_signal(run, action, op);
    SIM_CHECK(&run->history,
              action->moved_bytes <= run->shadow.landed_bytes[number] || op->is_signal, MOVED,
              "op %u says %" PRIu64 " bytes moved, %" PRIu64 " have landed", number,
              action->moved_bytes, run->shadow.landed_bytes[number]);
    SIM_CHECK(&run->history,
              action->result == weftUnknown || copies_of(run, op, number, false) == 0, LATE_WRITE,
              "op %u ends with %s while a copy may still write its destination", number,
              weft_result_name(action->result));
    if (action->result != weftSuccess)
        return;
    SIM_CHECK(&run->history, run->ops[number].state == SIM_OP_ACTIVE, FENCE,
              "op %u ended before those that its fence waits for", number);
    SIM_CHECK(&run->history, run->shadow.landed_bytes[number] <= op->size_bytes, DUPLICATE,
              "op %u of %" PRIu64 " bytes: %" PRIu64 " have landed", number, op->size_bytes,
              run->shadow.landed_bytes[number]);
    if (!op->is_signal)
        sim_shadow_verify(&run->shadow, number, op, &run->workload.extents[op->first_extent]);
}
