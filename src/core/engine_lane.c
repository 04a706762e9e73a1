/* Lanes in the engine: their timers, their probes, and what a change of health means for others: a
 * new plan, another look at draining transfers. */
#include "tables.h"

/* After each call on a lane: keeps its timer and tells the others when its health changed. */
static void follow_up(struct weft_engine *engine, uint32_t hop, enum weft_lane_state before,
                      weft_ns now)
{
    struct weft_lane *lane = &engine->lanes[hop];

    weft_heap_set(&engine->timers, engine->timer_lanes + hop, lane->timer_at);
    if (lane->state == before)
        return;
    weft_trace_lane_state(&engine->trace, now, hop, before, lane->state);
    engine->plan_wanted = true;
    engine->stirred = true;
}

void weft_engine_lane_issued(struct weft_engine *engine, uint32_t hop, uint64_t bytes, bool ready,
                             weft_ns now)
{
    enum weft_lane_state before = engine->lanes[hop].state;

    engine->copies++;
    weft_lane_issued(&engine->lanes[hop], engine->config, bytes, ready, now);
    follow_up(engine, hop, before, now);
}

void weft_engine_lane_readied(struct weft_engine *engine, uint32_t hop, uint64_t bytes, weft_ns now)
{
    enum weft_lane_state before = engine->lanes[hop].state;

    weft_lane_readied(&engine->lanes[hop], engine->config, bytes, now);
    follow_up(engine, hop, before, now);
}

void weft_engine_lane_ended(struct weft_engine *engine, uint32_t hop, uint64_t bytes,
                            weft_ns ready_at, bool good, weft_ns now)
{
    enum weft_lane_state before = engine->lanes[hop].state;

    engine->copies--;
    weft_lane_ended(&engine->lanes[hop], engine->config, bytes, ready_at, good, now);
    follow_up(engine, hop, before, now);
}

void weft_engine_lane_blamed(struct weft_engine *engine, uint32_t hop, weft_ns now)
{
    enum weft_lane_state before = engine->lanes[hop].state;

    weft_lane_blamed(&engine->lanes[hop], engine->config, now);
    follow_up(engine, hop, before, now);
}

/* Wakes the engine when the first of the lanes that a port refused may be tried again. */
void weft_engine_hold(struct weft_engine *engine, weft_ns now)
{
    weft_ns first_at = WEFT_NEVER;

    for (uint32_t h = 0; h < engine->hops->count; h++) {
        struct weft_lane *lane = &engine->lanes[h];

        if (lane->hold_until > now)
            first_at = weft_min(first_at, lane->hold_until);
        else if (weft_lane_hold_passed(lane, now))
            engine->plan_wanted = true;
    }
    weft_heap_set(&engine->timers, engine->timer_retry, first_at);
}

void weft_engine_lane_refused(struct weft_engine *engine, uint32_t hop, uint64_t bytes, bool ready,
                              weft_ns now)
{
    enum weft_lane_state before = engine->lanes[hop].state;

    engine->copies--;
    weft_lane_refused(&engine->lanes[hop], engine->config, bytes, ready, now);
    follow_up(engine, hop, before, now);
    engine->plan_wanted = engine->plan_wanted || weft_lane_is_full(&engine->lanes[hop]);
    weft_engine_hold(engine, now);
}

void weft_engine_lane_expired(struct weft_engine *engine, uint32_t hop, weft_ns now)
{
    struct weft_lane *lane = &engine->lanes[hop];
    enum weft_lane_state before = lane->state;

    if (weft_lane_expired(lane, engine->config, now) == WEFT_LANE_PROBE) {
        weft_lane_probe_issued(lane);
        weft_list_append(&engine->probing, engine->lane_links, hop);
    }
    follow_up(engine, hop, before, now);
    if (lane->stalled)
        weft_engine_transfers_review(engine, now);
}

static bool crosses(const struct weft_hop *hop, uint32_t link)
{
    for (uint32_t i = 0; i < hop->link_count; i++)
        if (hop->links[i] == link)
            return true;
    return false;
}

void weft_engine_link_changed(struct weft_engine *engine, uint32_t link, uint64_t rate, weft_ns now)
{
    weft_assert(link < engine->topo->link_count);
    engine->capacity.rates[link] = rate;
    engine->plan_wanted = true;
    for (uint32_t h = 0; h < engine->hops->count; h++) {
        enum weft_lane_state before = engine->lanes[h].state;

        if (!crosses(&engine->hops->hops[h], link))
            continue;
        weft_lane_link_changed(&engine->lanes[h], engine->config, rate > 0, now);
        follow_up(engine, h, before, now);
    }
}

uint32_t weft_engine_probe_cookie(const struct weft_engine *engine, uint32_t hop)
{
    return (uint32_t)engine->config->chunks_max * WEFT_CHUNK_COOKIES + hop;
}

void weft_engine_probe_ended(struct weft_engine *engine, uint32_t hop, bool good, weft_ns now)
{
    enum weft_lane_state before = engine->lanes[hop].state;

    weft_lane_probe_ended(&engine->lanes[hop], engine->config, good, now);
    follow_up(engine, hop, before, now);
}

/* Probes of several lanes may be out at once: each writes, in its destination's relay, the place of
 * its source device, and reads the place that nobody writes but a probe inside the device. */
static uint32_t probe_place(const struct weft_hop *hop, bool write)
{
    uint32_t half = WEFT_RELAY_PROBE_PLACES / 2;
    uint32_t place = hop->src_device % half;

    return write && hop->src_device == hop->dst_device ? place + half : place;
}

/* A probe copies between the bytes behind the relay slots of both ends. A lane whose ends have no
 * relay is tried with a small chunk instead. */
bool weft_engine_probe_next(struct weft_engine *engine, struct weft_action *action, weft_ns now)
{
    while (engine->probing.count > 0) {
        uint32_t hop = engine->probing.first;
        const struct weft_hop *at = &engine->hops->hops[hop];
        const struct weft_relay *from = &engine->relays[at->src_device];
        const struct weft_relay *to = &engine->relays[at->dst_device];

        weft_list_remove(&engine->probing, engine->lane_links, hop);
        if (from->window == WEFT_NONE || to->window == WEFT_NONE) {
            weft_engine_probe_ended(engine, hop, true, now);
            continue;
        }
        weft_trace_probe_issued(&engine->trace, now, hop, engine->lanes[hop].backoff_ns,
                                engine->lanes[hop].state);
        engine->scratch[0] = (struct weft_extent){
            weft_relay_probe_offset(to, probe_place(at, true)),
            weft_relay_probe_offset(from, probe_place(at, false)), WEFT_RELAY_PROBE_PLACE_BYTES};
        engine->copies++;
        *action = (struct weft_action){.kind = WEFT_ACTION_COPY,
                                       .hop = hop,
                                       .dst_window = to->window,
                                       .src_window = from->window,
                                       .extent_count = 1,
                                       .extents = engine->scratch,
                                       .size_bytes = WEFT_RELAY_PROBE_PLACE_BYTES,
                                       .cookie = weft_engine_probe_cookie(engine, hop),
                                       .after = WEFT_COOKIE_NONE,
                                       .after_hop = WEFT_NONE,
                                       .owner = WEFT_NONE};
        return true;
    }
    return false;
}
