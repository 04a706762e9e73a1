/* Transfers in the engine: beginning behind fences, ending well and badly, telling the caller.
 *
 * The rule of no late write lives here: a transfer ends only when none of its copies is out. The
 * one exception is a copy on a lane that makes no progress, past the deadline: it becomes an orphan
 * and the transfer ends with weftUnknown. */
#include "tables.h"

static struct weft_list *list_of(struct weft_engine *engine, const struct weft_transfer *transfer)
{
    struct weft_pair *pair = &engine->pairs[transfer->pair];
    bool small = transfer->op.size_bytes < pair->split_bytes_min;

    return small ? &pair->small : &pair->large;
}

static bool is_busy(const struct weft_pair *pair)
{
    return pair->small.count + pair->large.count > 0;
}

void weft_engine_transfer_list(struct weft_engine *engine, uint32_t tag, bool front)
{
    struct weft_transfer *transfer = &engine->transfers[tag];
    struct weft_list *list = list_of(engine, transfer);

    if (!is_busy(&engine->pairs[transfer->pair]))
        weft_list_append(&engine->busy, engine->pair_links, transfer->pair);
    if (front)
        weft_list_prepend(list, engine->transfer_links, tag);
    else
        weft_list_append(list, engine->transfer_links, tag);
    engine->stirred = true;
}

void weft_engine_transfer_unlist(struct weft_engine *engine, uint32_t tag)
{
    struct weft_transfer *transfer = &engine->transfers[tag];

    weft_list_remove(list_of(engine, transfer), engine->transfer_links, tag);
    if (!is_busy(&engine->pairs[transfer->pair]))
        weft_list_remove(&engine->busy, engine->pair_links, transfer->pair);
}

/* Every extent inside both windows, and all of them the size that the op says. */
static weftResult_t check_extents(const struct weft_engine *engine, const struct weft_op *op)
{
    const struct weft_window *dst = &engine->windows[op->dst_window];
    const struct weft_window *src = &engine->windows[op->src_window];
    uint64_t size_bytes = 0;

    for (uint32_t b = op->first_block; b != WEFT_NONE; b = engine->blocks[b].next) {
        for (uint32_t i = 0; i < engine->blocks[b].count; i++) {
            const struct weft_extent *extent = &engine->blocks[b].extents[i];

            if (!weft_range_inside(extent->dst_offset, extent->size_bytes, dst->size_bytes) ||
                !weft_range_inside(extent->src_offset, extent->size_bytes, src->size_bytes))
                return weftInvalidArgument;
            size_bytes = weft_add_sat(size_bytes, extent->size_bytes);
        }
    }
    return size_bytes == op->size_bytes ? weftSuccess : weftInvalidArgument;
}

static weftResult_t check_op(const struct weft_engine *engine, const struct weft_op *op)
{
    uint64_t windows = engine->config->windows_max;

    if (op->tag >= engine->config->transfers_max ||
        engine->transfers[op->tag].state != WEFT_TRANSFER_FREE)
        return weftNoResource;
    if (op->signal.window != WEFT_NONE) {
        if (op->signal.window >= windows)
            return weftInvalidArgument;
        WEFT_TRY(weft_signal_allowed(&op->signal, &engine->windows[op->signal.window]));
    }
    if (op->size_bytes == 0)
        return weftSuccess;
    if (op->dst_window >= windows || op->src_window >= windows || op->first_block == WEFT_NONE)
        return weftInvalidArgument;
    WEFT_TRY(weft_window_allows(&engine->windows[op->dst_window], 0, 0, WEFT_RIGHT_WRITE));
    WEFT_TRY(weft_window_allows(&engine->windows[op->src_window], 0, 0, WEFT_RIGHT_READ));
    return check_extents(engine, op);
}

static void use_windows(struct weft_engine *engine, const struct weft_op *op, bool begin)
{
    uint32_t windows[3] = {op->signal.window, WEFT_NONE, WEFT_NONE};

    if (op->size_bytes > 0) {
        windows[1] = op->dst_window;
        windows[2] = op->src_window;
    }
    for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(windows); i++) {
        if (windows[i] == WEFT_NONE)
            continue;
        if (begin)
            engine->windows[windows[i]].transfers++;
        else
            engine->windows[windows[i]].transfers--;
    }
}

static void end(struct weft_engine *engine, uint32_t tag, weftResult_t result,
                enum weft_cause cause);

static void start(struct weft_engine *engine, uint32_t tag, weft_ns now)
{
    struct weft_transfer *transfer = &engine->transfers[tag];
    struct weft_pair *pair;

    engine->running += !transfer->op.unfenced;
    weft_trace_transfer_started(&engine->trace, now, tag, transfer->op.size_bytes, transfer->pair);
    weft_transfer_start(transfer);
    if (transfer->op.size_bytes == 0) {
        end(engine, tag, weftSuccess, WEFT_CAUSE_NONE);
        return;
    }
    pair = &engine->pairs[transfer->pair];
    if (pair->path_count == 0) {
        end(engine, tag, weftRemoteError, WEFT_CAUSE_NO_ROUTE);
        return;
    }
    if (weft_transfer_is_load(transfer) && weft_pair_load_began(pair)) {
        engine->plan_wanted = true;
        for (uint32_t i = 0; i < pair->path_count; i++)
            weft_path_restart(&engine->paths[pair->first_path + i], engine->config);
    }
    weft_engine_transfer_list(engine, tag, false);
}

/* When all of a fence number have ended, those of the next one start. */
static void pass_fence(struct weft_engine *engine, weft_ns now)
{
    while (engine->running == 0 && engine->waiting.count > 0) {
        engine->running_fence = engine->transfers[engine->waiting.first].op.fence;
        while (engine->waiting.count > 0 &&
               engine->transfers[engine->waiting.first].op.fence == engine->running_fence) {
            uint32_t tag = engine->waiting.first;

            weft_list_remove(&engine->waiting, engine->transfer_links, tag);
            start(engine, tag, now);
        }
    }
}

/* Needs: no chunk of it flies. */
static void end(struct weft_engine *engine, uint32_t tag, weftResult_t result,
                enum weft_cause cause)
{
    struct weft_transfer *transfer = &engine->transfers[tag];
    bool started = transfer->state != WEFT_TRANSFER_WAITING;
    bool routed = transfer->op.size_bytes > 0 && engine->pairs[transfer->pair].path_count > 0;

    weft_assert(transfer->chunks == 0);
    weft_heap_set(&engine->timers, tag, WEFT_NEVER);
    weft_transfer_end(transfer, result, cause);
    weft_list_append(&engine->ended, engine->transfer_links, tag);
    if (started && !transfer->op.unfenced)
        engine->running--;
    if (started && routed && weft_transfer_is_load(transfer)) {
        if (weft_pair_load_ended(&engine->pairs[transfer->pair]))
            engine->plan_wanted = true;
    }
}

weftResult_t weft_engine_transfer_begin(struct weft_engine *engine, const struct weft_op *op,
                                        weft_ns now)
{
    uint32_t pair = WEFT_NONE;
    weftResult_t result = check_op(engine, op);

    if (result != weftSuccess)
        return result;
    if (op->size_bytes > 0)
        pair = weft_engine_pair(engine, engine->windows[op->src_window].device,
                                engine->windows[op->dst_window].device);
    if (op->size_bytes > 0 && pair == WEFT_NONE)
        return weftInvalidUsage;
    weft_trace_transfer_submitted(&engine->trace, now, op->tag, op->size_bytes, pair);
    weft_transfer_init(&engine->transfers[op->tag], op, pair);
    use_windows(engine, op, true);
    engine->live++;
    weft_heap_set(&engine->timers, op->tag, op->deadline_at);
    if (op->unfenced) {
        start(engine, op->tag, now);
    } else if (engine->waiting.count > 0 ||
               (op->fence > engine->running_fence && engine->running > 0)) {
        weft_list_append(&engine->waiting, engine->transfer_links, op->tag);
    } else {
        engine->running_fence = op->fence;
        start(engine, op->tag, now);
    }
    return weftSuccess;
}

/* True when the chunk's copy that is to end next hangs. */
static bool chunk_hangs(const struct weft_engine *engine, const struct weft_chunk *chunk,
                        uint32_t *hop)
{
    const struct weft_route *route = &engine->paths[chunk->path].route;

    for (uint32_t step = 0; step < chunk->issued; step++) {
        if ((chunk->ended >> step & 1) != 0)
            continue;
        *hop = route->hops[step];
        return engine->lanes[*hop].stalled;
    }
    return false;
}

/* Past its deadline with copies out: does every one of them hang? Then all become orphans. */
static void give_up_hung(struct weft_engine *engine, uint32_t tag, weft_ns now)
{
    struct weft_transfer *transfer = &engine->transfers[tag];
    uint32_t hung_hop = WEFT_NONE;

    for (uint32_t i = 0; i < engine->config->chunks_max; i++) {
        uint32_t hop = WEFT_NONE;

        if (engine->chunks[i].state != WEFT_CHUNK_FLYING || engine->chunks[i].transfer != tag)
            continue;
        if (!chunk_hangs(engine, &engine->chunks[i], &hop))
            return;
        if (hung_hop == WEFT_NONE)
            hung_hop = hop;
    }
    for (uint32_t i = 0; i < engine->config->chunks_max; i++) {
        struct weft_chunk *chunk = &engine->chunks[i];

        if (chunk->state != WEFT_CHUNK_FLYING || chunk->transfer != tag)
            continue;
        weft_trace_copy_orphaned(&engine->trace, now, i, chunk->size_bytes, chunk->path);
        chunk->transfer = WEFT_NONE;
        chunk->stopped = true;
    }
    transfer->chunks = 0;
    transfer->cause_hop = hung_hop;
    transfer->cause_since = engine->lanes[hung_hop].ended_at;
    weft_list_remove(&engine->draining, engine->transfer_links, tag);
    end(engine, tag, weftUnknown, WEFT_CAUSE_HUNG);
}

/* DRAINING: ends when nothing of it is out, or what is out hangs past the deadline. */
static void try_end(struct weft_engine *engine, uint32_t tag, weft_ns now)
{
    struct weft_transfer *transfer = &engine->transfers[tag];

    if (transfer->chunks == 0) {
        weft_list_remove(&engine->draining, engine->transfer_links, tag);
        end(engine, tag, transfer->result, transfer->cause);
    } else if (now >= transfer->op.deadline_at) {
        give_up_hung(engine, tag, now);
    }
}

static void stop_chunks(struct weft_engine *engine, uint32_t tag, weft_ns now)
{
    struct weft_transfer *transfer = &engine->transfers[tag];

    while (transfer->returned.count > 0) {
        uint32_t chunk = transfer->returned.first;

        weft_list_remove(&transfer->returned, engine->chunk_links, chunk);
        transfer->returned_bytes -= engine->chunks[chunk].size_bytes;
        transfer->taken_bytes -= engine->chunks[chunk].size_bytes;
        weft_chunk_free(&engine->chunks[chunk]);
        weft_pool_give(&engine->chunk_pool, chunk);
    }
    for (uint32_t i = 0; i < engine->config->chunks_max && transfer->chunks > 0; i++) {
        if (engine->chunks[i].state != WEFT_CHUNK_FLYING || engine->chunks[i].transfer != tag)
            continue;
        engine->chunks[i].stopped = true;
        weft_engine_chunk_discard(engine, i, now);
    }
}

void weft_engine_transfer_stop(struct weft_engine *engine, uint32_t tag, weftResult_t result,
                               enum weft_cause cause, weft_ns now)
{
    struct weft_transfer *transfer = &engine->transfers[tag];

    if (transfer->state == WEFT_TRANSFER_WAITING) {
        weft_list_remove(&engine->waiting, engine->transfer_links, tag);
        end(engine, tag, result, cause);
        return;
    }
    if (transfer->state != WEFT_TRANSFER_MOVING)
        return;
    if (weft_transfer_left(transfer) > 0)
        weft_engine_transfer_unlist(engine, tag);
    weft_trace_transfer_drained(&engine->trace, now, tag,
                                transfer->taken_bytes - transfer->done_bytes, cause);
    weft_transfer_drain(transfer, result, cause);
    weft_list_append(&engine->draining, engine->transfer_links, tag);
    stop_chunks(engine, tag, now);
    if (transfer->state == WEFT_TRANSFER_DRAINING)
        try_end(engine, tag, now);
    pass_fence(engine, now);
}

static bool any_path_alive(const struct weft_engine *engine, const struct weft_pair *pair)
{
    for (uint32_t i = 0; i < pair->path_count; i++)
        if (weft_path_alive(&engine->paths[pair->first_path + i], engine->lanes))
            return true;
    return false;
}

/* The hop that is down on the pair's first path: what to name when no copy of the transfer
 * failed. */
static uint32_t dead_hop(const struct weft_engine *engine, const struct weft_pair *pair)
{
    const struct weft_route *route = &engine->paths[pair->first_path].route;

    for (uint32_t i = 0; i < route->hop_count; i++)
        if (!weft_lane_alive(&engine->lanes[route->hops[i]]))
            return route->hops[i];
    return route->hops[0];
}

void weft_engine_transfer_expired(struct weft_engine *engine, uint32_t tag, weft_ns now)
{
    struct weft_transfer *transfer = &engine->transfers[tag];
    weftResult_t result = weftTimeout;
    enum weft_cause cause = WEFT_CAUSE_DEADLINE;

    if (transfer->state == WEFT_TRANSFER_DRAINING) {
        try_end(engine, tag, now);
        pass_fence(engine, now);
        return;
    }
    if (transfer->state == WEFT_TRANSFER_MOVING &&
        !any_path_alive(engine, &engine->pairs[transfer->pair])) {
        result = weftRemoteError;
        cause = WEFT_CAUSE_DOWN;
        if (transfer->cause_hop == WEFT_NONE)
            transfer->cause_hop = dead_hop(engine, &engine->pairs[transfer->pair]);
        transfer->cause_since = engine->lanes[transfer->cause_hop].state_at;
    }
    weft_engine_transfer_stop(engine, tag, result, cause, now);
}

void weft_engine_transfer_settled(struct weft_engine *engine, uint32_t tag, weft_ns now)
{
    struct weft_transfer *transfer = &engine->transfers[tag];

    /* What hangs is asked behind the events: of copies that ended together one is told first. */
    if (transfer->state == WEFT_TRANSFER_DRAINING && transfer->chunks > 0)
        weft_heap_set(&engine->timers, tag, weft_max(now, transfer->op.deadline_at));
    else if (transfer->state == WEFT_TRANSFER_DRAINING)
        try_end(engine, tag, now);
    else if (transfer->done_bytes == transfer->op.size_bytes)
        end(engine, tag, weftSuccess, WEFT_CAUSE_NONE);
    else
        return;
    pass_fence(engine, now);
}

void weft_engine_transfers_review(struct weft_engine *engine, weft_ns now)
{
    uint32_t tag = engine->draining.first;

    while (tag != WEFT_NONE) {
        uint32_t next = engine->transfer_links[tag].next;

        try_end(engine, tag, now);
        tag = next;
    }
    pass_fence(engine, now);
}

bool weft_engine_transfer_tell(struct weft_engine *engine, struct weft_action *action, weft_ns now)
{
    uint32_t tag = engine->ended.first;
    struct weft_transfer *transfer;

    if (tag == WEFT_NONE)
        return false;
    transfer = &engine->transfers[tag];
    weft_list_remove(&engine->ended, engine->transfer_links, tag);
    *action = (struct weft_action){.kind = WEFT_ACTION_COMPLETE,
                                   .tag = tag,
                                   .result = transfer->result,
                                   .cause = transfer->cause,
                                   .cause_hop = transfer->cause_hop,
                                   .cause_since = transfer->cause_since,
                                   .moved_bytes = transfer->done_bytes,
                                   .signal = transfer->op.signal};
    if (transfer->result != weftSuccess)
        action->signal.window = WEFT_NONE;
    weft_trace_transfer_ended(&engine->trace, now, tag, transfer->done_bytes, transfer->result);
    /* Only now: until the host has raised the signal, its window must not be removed. */
    use_windows(engine, &transfer->op, false);
    weft_transfer_told(transfer);
    engine->live--;
    return true;
}
