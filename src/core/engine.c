/* The engine: routes events to the nouns and asks them for actions. No rule lives here. */
#include "tables.h"

weftResult_t weft_engine_window_add(struct weft_engine *engine, uint32_t window, uint32_t device,
                                    uint64_t size_bytes, unsigned rights)
{
    if (window >= engine->config->windows_max || device >= engine->topo->device_count)
        return weftInvalidArgument;
    if (engine->windows[window].state != WEFT_WINDOW_FREE)
        return weftInvalidUsage;
    weft_window_add(&engine->windows[window], device, size_bytes, rights);
    weft_trace_window_added(&engine->trace, engine->planned_at, window, size_bytes, device);
    return weftSuccess;
}

weftResult_t weft_engine_window_remove(struct weft_engine *engine, uint32_t window)
{
    weftResult_t result;

    if (window >= engine->config->windows_max)
        return weftInvalidArgument;
    result = weft_window_remove(&engine->windows[window]);
    if (result != weftSuccess)
        return result;
    weft_trace_window_removed(&engine->trace, engine->planned_at, window,
                              engine->windows[window].size_bytes, engine->windows[window].device);
    /* A peer's relay goes with the peer: the device is no transit, and is not probed by it. */
    if (engine->relays[engine->windows[window].device].window == window)
        weft_relay_end(&engine->relays[engine->windows[window].device]);
    return weftSuccess;
}

uint32_t weft_engine_window_copies(const struct weft_engine *engine, uint32_t window)
{
    return window < engine->config->windows_max ? engine->windows[window].chunks : 0;
}

uint64_t weft_engine_window_size(const struct weft_engine *engine, uint32_t window)
{
    if (window >= engine->config->windows_max || engine->windows[window].state == WEFT_WINDOW_FREE)
        return 0;
    return engine->windows[window].size_bytes;
}

bool weft_engine_window_idle(const struct weft_engine *engine, uint32_t window)
{
    return window >= engine->config->windows_max || weft_window_idle(&engine->windows[window]);
}

weftResult_t weft_engine_submit(struct weft_engine *engine, const struct weft_op *op, weft_ns now)
{
    return weft_engine_transfer_begin(engine, op, now);
}

static bool names(const struct weft_transfer *transfer, uint32_t window)
{
    if (transfer->op.signal.window == window)
        return true;
    return transfer->op.size_bytes > 0 &&
           (transfer->op.dst_window == window || transfer->op.src_window == window);
}

/* Stops the transfers that name the window, or all of them for WEFT_NONE. */
static void stop_all(struct weft_engine *engine, uint32_t window, enum weft_cause cause,
                     weft_ns deadline_at, weft_ns now)
{
    for (uint32_t tag = 0; tag < engine->config->transfers_max; tag++) {
        struct weft_transfer *transfer = &engine->transfers[tag];

        if (transfer->state == WEFT_TRANSFER_FREE || transfer->state == WEFT_TRANSFER_ENDED)
            continue;
        if (window != WEFT_NONE && !names(transfer, window))
            continue;
        if (deadline_at < transfer->op.deadline_at) {
            transfer->op.deadline_at = deadline_at;
            weft_heap_set(&engine->timers, tag, deadline_at);
        }
        weft_engine_transfer_stop(engine, tag, weftCancelled, cause, now);
    }
}

static void revoke(struct weft_engine *engine, uint32_t window, weft_ns deadline_at, weft_ns now)
{
    if (window >= engine->config->windows_max || !weft_window_revoke(&engine->windows[window]))
        return;
    weft_trace_window_revoked(&engine->trace, now, window, engine->windows[window].transfers,
                              engine->windows[window].device);
    stop_all(engine, window, WEFT_CAUSE_REVOKED, deadline_at, now);
}

/* Its owner, a peer, takes no more copies into the chunk's window: so nor do we. Where the peer was
 * to read a window of its own as well, either may be gone: only this transfer ends. */
static void excuse(struct weft_engine *engine, struct weft_chunk *chunk, weft_ns now)
{
    const struct weft_device *from =
        &engine->topo->devices[engine->windows[chunk->src_window].device];

    chunk->excused = true;
    if (from->server != 0 && chunk->transfer != WEFT_NONE)
        weft_engine_transfer_stop(engine, chunk->transfer, weftCancelled, WEFT_CAUSE_REVOKED, now);
    else if (from->server == 0)
        revoke(engine, chunk->dst_window, WEFT_NEVER, now);
}

/* A peer that was to forward the chunk does not know whether its copy still lands: nor do we. */
static void doubt(struct weft_engine *engine, const struct weft_chunk *chunk, uint32_t step,
                  weft_ns now)
{
    uint32_t tag = chunk->transfer;
    struct weft_transfer *transfer;

    if (tag == WEFT_NONE)
        return;
    transfer = &engine->transfers[tag];
    transfer->cause_hop = engine->paths[chunk->path].route.hops[step];
    transfer->cause_since = engine->lanes[transfer->cause_hop].ended_at;
    weft_engine_transfer_stop(engine, tag, weftUnknown, WEFT_CAUSE_HUNG, now);
    /* One that is stopped already waits for this copy, and ends as nobody knows. */
    transfer->result = weftUnknown;
    transfer->cause = WEFT_CAUSE_HUNG;
}

static void copy_ended(struct weft_engine *engine, uint32_t cookie, weftResult_t result,
                       weft_ns now)
{
    uint32_t first_probe = weft_engine_probe_cookie(engine, 0);

    if (cookie < first_probe) {
        if (result == weftInvalidUsage)
            excuse(engine, &engine->chunks[cookie / WEFT_CHUNK_COOKIES], now);
        if (result == weftUnknown)
            doubt(engine, &engine->chunks[cookie / WEFT_CHUNK_COOKIES], cookie % WEFT_CHUNK_COOKIES,
                  now);
        weft_engine_chunk_copy_ended(engine, cookie, result == weftSuccess, now);
        return;
    }
    engine->copies--;
    weft_engine_probe_ended(engine, cookie - first_probe, result == weftSuccess, now);
}

void weft_engine_event(struct weft_engine *engine, const struct weft_event *event, weft_ns now)
{
    switch (event->kind) {
    case WEFT_EVENT_COPY_ENDED:
        copy_ended(engine, event->cookie, event->result, now);
        break;
    case WEFT_EVENT_CANCEL:
        if (event->tag < engine->config->transfers_max)
            weft_engine_transfer_stop(engine, event->tag, weftCancelled, WEFT_CAUSE_CANCELLED, now);
        break;
    case WEFT_EVENT_REVOKE:
        revoke(engine, event->window, event->deadline_at, now);
        break;
    case WEFT_EVENT_ABORT:
        stop_all(engine, WEFT_NONE, WEFT_CAUSE_ABORTED, event->deadline_at, now);
        break;
    case WEFT_EVENT_LINK_RATE:
        weft_engine_link_changed(engine, event->link, event->rate_bytes_per_us, now);
        break;
    case WEFT_EVENT_LINK_LOAD:
        weft_engine_link_loaded(engine, event->link, &event->load);
        break;
    default:
        weft_assert(event->kind < WEFT_EVENT_KINDS);
    }
}

void weft_engine_expire(struct weft_engine *engine, weft_ns now)
{
    uint32_t timer;

    while ((timer = weft_heap_due(&engine->timers, now)) != WEFT_NONE) {
        if (timer < engine->timer_lanes)
            weft_engine_transfer_expired(engine, timer, now);
        else if (timer < engine->timer_plan)
            weft_engine_lane_expired(engine, timer - engine->timer_lanes, now);
        else if (timer == engine->timer_plan)
            engine->plan_wanted = true;
        else
            weft_engine_hold(engine, now);
        engine->stirred = true;
    }
}

bool weft_engine_next(struct weft_engine *engine, struct weft_action *action, weft_ns now)
{
    weft_engine_plan(engine, now);
    for (;;) {
        if (weft_engine_transfer_tell(engine, action, now))
            return true;
        /* Issuing takes time: idle paths get their first copy before others get their second. */
        if (weft_engine_chunk_next(engine, true, action, now))
            return true;
        if (weft_engine_chunk_cut(engine, true, now))
            continue;
        if (weft_engine_chunk_next(engine, false, action, now))
            return true;
        if (weft_engine_probe_next(engine, action, now))
            return true;
        if (engine->ended.count == 0 && !weft_engine_chunk_cut(engine, false, now))
            return false;
    }
}

void weft_engine_refused(struct weft_engine *engine, const struct weft_action *action,
                         weftResult_t result, weft_ns now)
{
    bool probe = action->cookie >= weft_engine_probe_cookie(engine, 0);

    if (result == weftNoResource && !probe)
        weft_engine_chunk_refused(engine, action->cookie, now);
    else
        copy_ended(engine, action->cookie, result, now);
}

weft_ns weft_engine_deadline(const struct weft_engine *engine)
{
    return weft_heap_next_at(&engine->timers);
}

uint32_t weft_engine_live(const struct weft_engine *engine)
{
    return engine->live;
}

uint32_t weft_engine_copies(const struct weft_engine *engine)
{
    return engine->copies;
}

const struct weft_trace *weft_engine_trace(const struct weft_engine *engine)
{
    return &engine->trace;
}
