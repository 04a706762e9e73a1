/* Callers: operations in their order, and windows from registration to removal. */
#include "calls.h"

#include <inttypes.h>
#include <string.h>

#include "core/result.h"

#define CLOSING_NS UINT64_C(100000000000)

static bool is_under_way(const struct sim_op_run *state)
{
    return state->state == SIM_OP_FENCED || state->state == SIM_OP_ACTIVE;
}

/* The next operation that the schedule has not left out. */
static void choose_next(struct sim_run *run, uint32_t from)
{
    run->next_op = from;
    while (run->next_op < run->workload.op_count && run->workload.ops[run->next_op].is_left_out)
        run->next_op++;
    if (run->next_op < run->workload.op_count)
        run->next_op_at = run->now + run->workload.ops[run->next_op].gap_ns;
}

void sim_calls_begin(struct sim_run *run)
{
    for (uint32_t i = 0; i < SIM_OPS_MAX; i++) {
        run->ops[i] = (struct sim_op_run){
            .state = SIM_OP_WAITING, .cancel_at = WEFT_NEVER, .ended_at = WEFT_NEVER};
        if (i < run->workload.op_count && run->workload.ops[i].is_left_out)
            run->ops[i].state = SIM_OP_ENDED;
        run->op_of_tag[i] = WEFT_NONE;
    }
    for (uint32_t i = 0; i < SIM_WINDOWS_MAX; i++)
        run->is_added_again[i] = false;
    run->next_op = 0;
    run->next_op_at = 0;
    choose_next(run, 0);
    run->live = 0;
    run->submitted = 0;
    run->fence = 0;
    run->next_revoke = 0;
    run->is_aborted = false;
}

void sim_calls_add_window(struct sim_run *run, uint32_t window)
{
    const struct sim_window *w = &run->workload.windows[window];
    weftResult_t result =
        weft_engine_window_add(run->engine, window, w->device, w->size_bytes, w->rights);

    SIM_CHECK(&run->history, result == weftSuccess, WINDOW_ADD, "window %u: %s", window,
              weft_result_name(result));
    sim_shadow_add(&run->shadow, window, w->device, w->size_bytes, false);
    run->windows[window] = SIM_WINDOW_LIVE;
}

static uint32_t free_tag(const struct sim_run *run)
{
    uint64_t max = weft_min(SIM_OPS_MAX, run->world.config.transfers_max);

    for (uint32_t i = 0; i < max; i++)
        if (run->op_of_tag[i] == WEFT_NONE)
            return i;
    return WEFT_NONE;
}

static weft_ns submit_at(const struct sim_run *run)
{
    if (run->next_op == run->workload.op_count || run->is_aborted)
        return WEFT_NEVER;
    if (run->workload.ops[run->next_op].is_alone && run->live > 0)
        return WEFT_NEVER;
    return free_tag(run) == WEFT_NONE ? WEFT_NEVER : weft_max(run->next_op_at, run->now);
}

static weft_ns revoke_at(const struct sim_run *run)
{
    return run->next_revoke < run->workload.revoke_count
               ? run->workload.revokes[run->next_revoke].at
               : WEFT_NEVER;
}

weft_ns sim_calls_next_at(const struct sim_run *run)
{
    weft_ns at = weft_min(submit_at(run), revoke_at(run));

    if (!run->is_aborted)
        at = weft_min(at, run->workload.abort_at);
    for (uint32_t i = 0; i < run->next_op; i++)
        if (is_under_way(&run->ops[i]))
            at = weft_min(at, run->ops[i].cancel_at);
    return at;
}

bool sim_calls_left(const struct sim_run *run)
{
    return run->next_revoke < run->workload.revoke_count ||
           (!run->is_aborted && run->workload.abort_at != WEFT_NEVER);
}

/* The chain of blocks with the op's extents; WEFT_NONE for none. */
static uint32_t make_blocks(struct sim_run *run, const struct sim_op *op)
{
    uint32_t first = WEFT_NONE;
    uint32_t last = WEFT_NONE;

    for (uint32_t i = 0; i < op->extent_count; i++) {
        const struct weft_extent *extent = &run->workload.extents[op->first_extent + i];
        uint32_t block;

        if (last != WEFT_NONE && weft_extent_append(&run->blocks[last], extent))
            continue;
        block = weft_pool_take(&run->block_pool);
        weft_assert(block != WEFT_NONE);
        run->blocks[block].count = 0;
        run->blocks[block].next = WEFT_NONE;
        weft_assert(weft_extent_append(&run->blocks[block], extent));
        if (first == WEFT_NONE)
            first = block;
        else
            run->blocks[last].next = block;
        last = block;
    }
    return first;
}

static void free_blocks(struct sim_run *run, uint32_t block)
{
    while (block != WEFT_NONE) {
        uint32_t next = run->blocks[block].next;

        weft_pool_give(&run->block_pool, block);
        block = next;
    }
}

static bool uses(const struct sim_op *op, uint32_t window)
{
    if (op->signal.window == window)
        return true;
    return !op->is_signal && (op->src_window == window || op->dst_window == window);
}

static bool windows_are_live(const struct sim_run *run, const struct sim_op *op)
{
    for (uint32_t i = 0; i < run->workload.window_count; i++)
        if (run->windows[i] != SIM_WINDOW_LIVE && uses(op, i))
            return false;
    return true;
}

/* What is behind no fence any more may write its destination. */
static void activate(struct sim_run *run)
{
    uint64_t first = UINT64_MAX; /* number of the first one under way */

    for (uint32_t i = 0; i < run->next_op; i++)
        if (is_under_way(&run->ops[i]))
            first = weft_min(first, run->ops[i].number);
    for (uint32_t i = 0; i < run->next_op; i++) {
        const struct sim_op *op = &run->workload.ops[i];

        if (run->ops[i].state != SIM_OP_FENCED || run->ops[i].fence > first)
            continue;
        run->ops[i].state = SIM_OP_ACTIVE;
        run->ops[i].active_at = run->now;
        if (!op->is_signal)
            sim_shadow_own(&run->shadow, i, op, &run->workload.extents[op->first_extent]);
    }
}

static void check_submit(struct sim_run *run, uint32_t number, weftResult_t result)
{
    const struct sim_op *op = &run->workload.ops[number];
    bool is_right = result == op->submits;

    if (!windows_are_live(run, op) || op->submits == weftInvalidUsage)
        is_right = result == weftInvalidUsage || result == weftInvalidArgument;
    SIM_CHECK(&run->history, is_right, SUBMIT, "op %u: submit gives %s, expected %s", number,
              weft_result_name(result), weft_result_name(op->submits));
}

static void accepted(struct sim_run *run, uint32_t number, uint32_t tag, uint32_t first_block)
{
    const struct sim_op *op = &run->workload.ops[number];

    run->ops[number] = (struct sim_op_run){
        .state = SIM_OP_FENCED,
        .tag = tag,
        .first_block = first_block,
        .number = run->submitted++,
        .fence = run->fence,
        .submitted_at = run->now,
        .deadline_at = run->now + op->deadline_ns,
        .cancel_at = op->cancel_ns == WEFT_NEVER ? WEFT_NEVER : run->now + op->cancel_ns,
        .active_at = WEFT_NEVER,
        .ended_at = WEFT_NEVER,
    };
    run->op_of_tag[tag] = number;
    run->live++;
    activate(run);
}

static void submit(struct sim_run *run, struct sim_totals *totals)
{
    uint32_t number = run->next_op;
    const struct sim_op *op = &run->workload.ops[number];
    struct weft_op ask = {.tag = free_tag(run),
                          .dst_window = op->dst_window,
                          .src_window = op->src_window,
                          .first_block = make_blocks(run, op),
                          .size_bytes = op->size_bytes,
                          .deadline_at = run->now + op->deadline_ns,
                          .signal = op->signal};
    weftResult_t result;

    if (op->is_fenced)
        run->fence = run->submitted;
    ask.fence = run->fence;
    result = weft_engine_submit(run->engine, &ask, run->now);
    SIM_NOTE(&run->history, "submit op %llu, tag %llu, fence %llu, %llu bytes: result %llu", number,
             ask.tag, ask.fence, ask.size_bytes, result);
    check_submit(run, number, result);
    choose_next(run, number + 1);
    if (result == weftSuccess) {
        accepted(run, number, ask.tag, ask.first_block);
        return;
    }
    totals->results[result]++;
    run->ops[number] = (struct sim_op_run){.state = SIM_OP_ENDED,
                                           .submitted_at = run->now,
                                           .active_at = run->now,
                                           .ended_at = run->now,
                                           .cancel_at = WEFT_NEVER,
                                           .result = result};
    free_blocks(run, ask.first_block);
}

static void cancel(struct sim_run *run, uint32_t number)
{
    struct weft_event event = {.kind = WEFT_EVENT_CANCEL, .tag = run->ops[number].tag};

    SIM_NOTE(&run->history, "cancel op %llu", number);
    run->ops[number].cancel_at = WEFT_NEVER;
    run->ops[number].is_cancelled = true;
    weft_engine_event(run->engine, &event, run->now);
}

static void shorten(struct sim_op_run *state, weft_ns deadline_at)
{
    state->is_cancelled = true;
    state->deadline_at = weft_min(state->deadline_at, deadline_at);
}

static bool is_used(const struct sim_run *run, uint32_t window, bool by_copies)
{
    for (uint32_t i = 0; i < run->next_op; i++)
        if (is_under_way(&run->ops[i]) && uses(&run->workload.ops[i], window))
            return true;
    for (uint32_t i = 0; by_copies && i < run->fabric.copies_max; i++)
        if (run->fabric.copies[i].state != SIM_COPY_FREE &&
            (run->fabric.copies[i].dst_window == window ||
             run->fabric.copies[i].src_window == window))
            return true;
    return false;
}

/* An orphan keeps both its windows until its last copy has ended, on whatever hop that is. */
static bool may_linger(const struct sim_run *run)
{
    return run->fabric.inflight > 0;
}

static void remove_window(struct sim_run *run, uint32_t window)
{
    weftResult_t result = weft_engine_window_remove(run->engine, window);

    if (result == weftInProgress) {
        SIM_CHECK(&run->history, is_used(run, window, true) || may_linger(run), WINDOW_BUSY,
                  "window %u is not used by anything and cannot be removed", window);
        return;
    }
    SIM_CHECK(&run->history, result == weftSuccess, WINDOW_REMOVE, "window %u: %s", window,
              weft_result_name(result));
    SIM_CHECK(&run->history, !is_used(run, window, true), WINDOW_REMOVE,
              "window %u is removed and still used", window);
    SIM_CHECK(&run->history, weft_engine_window_copies(run->engine, window) == 0, WINDOW_REMOVE,
              "window %u is removed and has %u copies", window,
              weft_engine_window_copies(run->engine, window));
    SIM_NOTE(&run->history, "window %llu removed", window);
    run->windows[window] = SIM_WINDOW_REMOVED;
    sim_shadow_remove(&run->shadow, window);
    if (run->is_added_again[window])
        sim_calls_add_window(run, window);
}

static void revoke(struct sim_run *run)
{
    const struct sim_revoke *r = &run->workload.revokes[run->next_revoke++];
    struct weft_event event = {.kind = WEFT_EVENT_REVOKE,
                               .window = r->window,
                               .deadline_at =
                                   run->now + run->world.config.abort_ms * UINT64_C(1000000)};

    if (run->windows[r->window] != SIM_WINDOW_LIVE)
        return;
    SIM_NOTE(&run->history, "revoke window %llu", r->window);
    run->windows[r->window] = SIM_WINDOW_REVOKED;
    run->is_added_again[r->window] = r->is_added_again;
    for (uint32_t i = 0; i < run->next_op; i++)
        if (is_under_way(&run->ops[i]) && uses(&run->workload.ops[i], r->window))
            shorten(&run->ops[i], event.deadline_at);
    weft_engine_event(run->engine, &event, run->now);
    remove_window(run, r->window); /* also before the engine has told what has ended */
}

static void abort_all(struct sim_run *run)
{
    struct weft_event event = {.kind = WEFT_EVENT_ABORT,
                               .deadline_at = run->now + run->workload.abort_deadline_ns};

    SIM_NOTE(&run->history, "abort until %llu", event.deadline_at);
    run->is_aborted = true;
    for (uint32_t i = 0; i < run->next_op; i++)
        if (is_under_way(&run->ops[i]))
            shorten(&run->ops[i], event.deadline_at);
    run->workload.op_count = run->next_op;
    weft_engine_event(run->engine, &event, run->now);
}

void sim_calls_due(struct sim_run *run, struct sim_totals *totals)
{
    for (uint32_t i = 0; i < run->next_op; i++)
        if (is_under_way(&run->ops[i]) && run->ops[i].cancel_at <= run->now)
            cancel(run, i);
    if (revoke_at(run) <= run->now)
        revoke(run);
    if (!run->is_aborted && run->workload.abort_at <= run->now)
        abort_all(run);
    if (submit_at(run) <= run->now)
        submit(run, totals);
}

/* Copies that were given up may land at any time: their bytes belong to nobody for good. Those that
 * still read the source may see what its owner does with it now. */
static void give_up(struct sim_run *run, uint32_t number)
{
    uint32_t src_window = run->workload.ops[number].src_window;

    for (uint32_t i = 0; i < run->fabric.copies_max; i++) {
        struct sim_copy *copy = &run->fabric.copies[i];

        if (copy->state == SIM_COPY_FREE)
            continue;
        if (copy->op == number)
            sim_shadow_give_up(&run->shadow, copy);
        else if (copy->op == WEFT_NONE && copy->src_window == src_window)
            copy->is_orphan = true;
    }
}

void sim_calls_ended(struct sim_run *run, uint32_t number, weftResult_t result)
{
    const struct sim_op *op = &run->workload.ops[number];
    struct sim_op_run *state = &run->ops[number];

    if (result == weftUnknown)
        give_up(run, number);
    if (state->state == SIM_OP_ACTIVE && !op->is_signal)
        sim_shadow_release(&run->shadow, op, &run->workload.extents[op->first_extent]);
    state->state = SIM_OP_ENDED;
    state->ended_at = run->now;
    state->result = result;
    free_blocks(run, state->first_block);
    run->op_of_tag[state->tag] = WEFT_NONE;
    run->live--;
    activate(run);
}

void sim_calls_remove_windows(struct sim_run *run)
{
    if (run->next_revoke == 0)
        return;
    for (uint32_t i = 0; i < run->workload.window_count; i++)
        if (run->windows[i] == SIM_WINDOW_REVOKED)
            remove_window(run, i);
}

static void check_report(struct sim_run *run, const struct weft_route_report *row,
                         uint32_t src_device, uint32_t dst_device)
{
    uint32_t at = src_device;

    for (uint32_t i = 0; i < row->hop_count; i++) {
        const struct weft_hop *hop = &run->world.hops.hops[row->hops[i]];

        SIM_CHECK(&run->history, hop->src_device == at, EXPLAIN,
                  "route %s: hop %u begins elsewhere", row->name, row->hops[i]);
        at = hop->dst_device;
    }
    SIM_CHECK(&run->history, at == dst_device, EXPLAIN, "route %s ends elsewhere", row->name);
}

void sim_calls_explain(struct sim_run *run)
{
    struct weft_route_report rows[4];
    uint32_t src = run->world.holders[0];

    for (uint32_t i = 1; i < run->world.holder_count; i++) {
        uint32_t dst = run->world.holders[i];
        weft_ns expected_ns = 0;
        uint32_t count = weft_engine_explain(run->engine, src, dst, WEFT_MIB(64), rows,
                                             WEFT_ARRAY_COUNT(rows), &expected_ns);

        SIM_CHECK(&run->history, count <= WEFT_ARRAY_COUNT(rows), EXPLAIN, "%u rows", count);
        SIM_CHECK(&run->history, count == 0 || expected_ns > 0, EXPLAIN, "no time expected");
        for (uint32_t k = 0; k < count; k++)
            check_report(run, &rows[k], src, dst);
        count = weft_engine_routes(run->engine, src, dst, rows, WEFT_ARRAY_COUNT(rows));
        for (uint32_t k = 0; k < count; k++)
            check_report(run, &rows[k], src, dst);
    }
}

/* One transfer from the start of a source window to the start of a target window of the next
 * holders, as large as both allow. */
void sim_calls_close(struct sim_run *run)
{
    struct sim_workload *workload = &run->workload;
    uint32_t holders = run->world.holder_count;

    weft_assert(workload->extent_count + SIM_CLOSING_MAX <= SIM_EXTENTS_MAX);
    run->is_closing = true;
    run->calm_at = WEFT_NEVER;
    run->fence = run->submitted;
    run->next_op = workload->op_count;
    for (uint32_t i = 0; i < SIM_CLOSING_MAX && holders > 1; i++) {
        uint32_t src = 2 * (i % holders);
        uint32_t dst = 2 * ((i + 1 + i / holders) % holders) + 1;
        uint64_t bytes =
            weft_min(workload->windows[src].size_bytes, workload->windows[dst].size_bytes);
        struct sim_op *op = &workload->ops[workload->op_count];

        if (run->windows[src] != SIM_WINDOW_LIVE || run->windows[dst] != SIM_WINDOW_LIVE ||
            dst == src + 1 || workload->op_count == SIM_OPS_MAX ||
            sim_world_rate(&run->world, workload->windows[src].device,
                           workload->windows[dst].device) == 0 ||
            run->world.config.routes[0] != 'a')
            continue;
        workload->extents[workload->extent_count] = (struct weft_extent){0, 0, bytes};
        *op = (struct sim_op){.is_fenced = true,
                              .src_window = src,
                              .dst_window = dst,
                              .first_extent = workload->extent_count++,
                              .extent_count = 1,
                              .size_bytes = bytes,
                              .deadline_ns = CLOSING_NS,
                              .cancel_ns = WEFT_NEVER,
                              .signal = {.window = WEFT_NONE}};
        workload->op_count++;
    }
    run->next_op_at = run->now;
}

void sim_calls_fini(struct sim_run *run)
{
    for (uint32_t i = 0; i < run->workload.window_count; i++) {
        if (run->windows[i] == SIM_WINDOW_REMOVED)
            continue;
        run->is_added_again[i] = false;
        remove_window(run, i);
        SIM_CHECK(&run->history, run->windows[i] == SIM_WINDOW_REMOVED, WINDOW_BUSY,
                  "window %u cannot be removed at rest", i);
    }
}
