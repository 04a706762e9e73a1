/* Copies in virtual time: queues, engines, shared links, faults. */
#include "fabric.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define UNITS_PER_BYTE 1000 /* so that bytes/us times ns is whole */

/* From host memory, to host memory, between peers. */
static uint32_t direction_of(const struct sim_world *world, const struct weft_hop *hop)
{
    if (world->topo.devices[hop->src_device].kind == weftDeviceDram)
        return 0;
    return world->topo.devices[hop->dst_device].kind == weftDeviceDram ? 1 : 2;
}

static bool share_engine(const struct sim_world *world, const struct weft_hop *a,
                         const struct weft_hop *b)
{
    uint32_t direction = direction_of(world, a);

    return direction < 2 && a->port_device == b->port_device && direction == direction_of(world, b);
}

/* A port has one engine for each direction between host memory and itself, one for each peer. */
static void find_engines(struct sim_fabric *fabric)
{
    const struct weft_hop_table *hops = &fabric->world->hops;

    for (uint32_t i = 0; i < hops->count; i++) {
        uint32_t first = 0;

        while (first < i && !share_engine(fabric->world, &hops->hops[first], &hops->hops[i]))
            first++;
        fabric->engine_of[i] = first;
        fabric->engines[i] = WEFT_NONE;
    }
}

static uint32_t *engine_of(struct sim_fabric *fabric, uint32_t hop)
{
    return &fabric->engines[fabric->engine_of[hop]];
}

void sim_fabric_begin(struct sim_fabric *fabric, const struct sim_world *world,
                      struct sim_shadow *shadow, struct sim_history *history, struct sim_dice dice,
                      uint32_t copies_max, uint32_t more_timers)
{
    weft_assert(copies_max <= SIM_COPIES_MAX);
    weft_assert(copies_max + more_timers <= SIM_TIMERS_MAX);
    fabric->world = world;
    fabric->shadow = shadow;
    fabric->history = history;
    fabric->record = NULL;
    fabric->dice = dice;
    fabric->copies_max = copies_max;
    fabric->order_count = 0;
    fabric->inflight = 0;
    fabric->settled_at = 0;
    fabric->is_changed = false;
    fabric->copy_count = 0;
    fabric->moved_bytes = 0;
    weft_heap_init(&fabric->timers, fabric->timer_items, fabric->timer_places,
                   copies_max + more_timers);
    for (uint32_t i = 0; i < copies_max; i++)
        fabric->copies[i].state = SIM_COPY_FREE;
    for (uint32_t i = 0; i < world->topo.link_count; i++)
        fabric->links[i] = (struct sim_link_state){.permille = 1000};
    memset(fabric->lanes, 0, world->hops.count * sizeof(fabric->lanes[0]));
    find_engines(fabric);
    memset(fabric->port_copies, 0, sizeof(fabric->port_copies));
}

void sim_fabric_fini(struct sim_fabric *fabric)
{
    for (uint32_t i = 0; i < SIM_COPIES_MAX; i++)
        free(fabric->copies[i].extents);
}

static bool is_cut(const struct sim_fabric *fabric, uint32_t hop)
{
    const struct weft_hop *h = &fabric->world->hops.hops[hop];

    for (uint32_t i = 0; i < h->link_count; i++)
        if (fabric->links[h->links[i]].is_cut)
            return true;
    return false;
}

uint64_t sim_fabric_link_rate(const struct sim_fabric *fabric, uint32_t link)
{
    const struct sim_link_state *state = &fabric->links[link];

    if (state->is_cut || state->is_hung)
        return 0;
    return fabric->world->topo.links[link].rate_bytes_per_us * state->permille / 1000;
}

static bool take_one(uint64_t *count)
{
    if (*count == 0)
        return false;
    (*count)--;
    return true;
}

static weftResult_t draw_error(struct sim_fabric *fabric)
{
    return sim_dice_chance(&fabric->dice, 50) ? weftSystemError : weftUnhandledCudaError;
}

static weftResult_t refusal(struct sim_fabric *fabric, uint32_t hop, weft_ns now)
{
    struct sim_lane *lane = &fabric->lanes[hop];
    uint32_t port = fabric->world->hops.hops[hop].port_device;

    if (fabric->port_copies[port] >= fabric->world->port_copies_max)
        return weftNoResource;
    if (now < lane->refuse_until)
        return weftNoResource;
    if (take_one(&lane->fail_count))
        return draw_error(fabric);
    if (is_cut(fabric, hop) && sim_dice_chance(&fabric->dice, fabric->world->cut_refuse_percent))
        return draw_error(fabric);
    return weftSuccess;
}

/* Keeps the extents' memory of the cookie's last copy where it is large enough. */
static void keep(struct sim_copy *copy, const struct sim_copy *wanted)
{
    struct weft_extent *extents = copy->extents;
    uint32_t capacity = copy->extent_capacity;

    if (capacity < wanted->extent_count) {
        capacity = wanted->extent_count;
        extents = realloc(extents, capacity * sizeof(extents[0]));
        weft_assert(extents != NULL);
    }
    memcpy(extents, wanted->extents, wanted->extent_count * sizeof(extents[0]));
    *copy = *wanted;
    copy->extents = extents;
    copy->extent_capacity = capacity;
}

weftResult_t sim_fabric_issue(struct sim_fabric *fabric, const struct sim_copy *wanted, weft_ns now)
{
    const struct weft_hop *hop = &fabric->world->hops.hops[wanted->hop];
    weftResult_t result = refusal(fabric, wanted->hop, now);
    struct sim_copy *copy = &fabric->copies[wanted->cookie];

    if (result != weftSuccess)
        return result;
    weft_assert(copy->state == SIM_COPY_FREE);
    keep(copy, wanted);
    copy->state = SIM_COPY_QUEUED;
    copy->left_units = copy->size_bytes * UNITS_PER_BYTE;
    copy->ready_at = now + hop->latency_ns + fabric->world->extent_ns * copy->extent_count;
    copy->rate_bytes_per_us = 0;
    copy->is_doomed = false;
    copy->is_stuck = false;
    copy->will_fail = take_one(&fabric->lanes[copy->hop].error_count);
    copy->result = weftSuccess;
    fabric->order[fabric->order_count++] = copy->cookie;
    fabric->inflight++;
    fabric->port_copies[hop->port_device]++;
    fabric->copy_count++;
    sim_record_issued(fabric->record, copy, now);
    weft_heap_set(&fabric->timers, copy->cookie, copy->ready_at);
    return weftSuccess;
}

static void leave_order(struct sim_fabric *fabric, uint32_t cookie)
{
    uint32_t at = 0;

    while (fabric->order[at] != cookie)
        at++;
    fabric->order_count--;
    memmove(&fabric->order[at], &fabric->order[at + 1],
            (fabric->order_count - at) * sizeof(fabric->order[0]));
}

/* Copies that come after this one may start now, or never will. */
static void tell_followers(struct sim_fabric *fabric, const struct sim_copy *copy)
{
    for (uint32_t i = 0; i < fabric->order_count; i++) {
        struct sim_copy *other = &fabric->copies[fabric->order[i]];

        if (other->after != copy->cookie)
            continue;
        other->after = WEFT_COOKIE_NONE;
        other->is_doomed = copy->result != weftSuccess;
    }
}

static void end(struct sim_fabric *fabric, struct sim_copy *copy, weftResult_t result, weft_ns now)
{
    struct sim_lane *lane = &fabric->lanes[copy->hop];
    weft_ns late_ns = lane->delay_ns;

    if (fabric->world->delivery_ns_max > 0)
        late_ns += sim_dice_below(&fabric->dice, fabric->world->delivery_ns_max);
    copy->result = result;
    if (copy->state == SIM_COPY_RUNNING) {
        *engine_of(fabric, copy->hop) = WEFT_NONE;
        sim_shadow_ended(fabric->shadow, copy, result == weftSuccess);
    }
    if (result == weftSuccess)
        fabric->moved_bytes += copy->size_bytes;
    copy->state = SIM_COPY_ENDED;
    sim_record_ended(fabric->record, copy, now);
    leave_order(fabric, copy->cookie);
    tell_followers(fabric, copy);
    lane->noticed_at = weft_max(lane->noticed_at, now + late_ns);
    weft_heap_set(&fabric->timers, copy->cookie, lane->noticed_at);
    fabric->is_changed = true;
    SIM_NOTE(fabric->history, "  ended copy %llu, result %llu, noticed at %llu", copy->cookie,
             result, lane->noticed_at);
}

/* Counts what the running copies have moved until `now`. */
static void settle(struct sim_fabric *fabric, weft_ns now)
{
    weft_ns ns = now - fabric->settled_at;

    fabric->settled_at = now;
    if (ns == 0)
        return;
    for (uint32_t i = 0; i < fabric->order_count; i++) {
        struct sim_copy *copy = &fabric->copies[fabric->order[i]];

        if (copy->state == SIM_COPY_RUNNING)
            copy->left_units = weft_sub_sat(copy->left_units, copy->rate_bytes_per_us * ns);
    }
}

/* Each copy gets, on each link, an equal part of the link and of the limit on both directions. */
static uint64_t share(const struct sim_fabric *fabric, const struct sim_copy *copy)
{
    const struct weft_hop *hop = &fabric->world->hops.hops[copy->hop];
    uint64_t rate = UINT64_MAX;

    if (fabric->lanes[copy->hop].is_stalled)
        return 0;
    for (uint32_t i = 0; i < hop->link_count; i++) {
        const struct weft_link *link = &fabric->world->topo.links[hop->links[i]];
        const struct sim_link_state *state = &fabric->links[hop->links[i]];
        uint32_t both = state->users + fabric->links[link->reverse].users;
        uint64_t whole = sim_fabric_link_rate(fabric, hop->links[i]);
        uint64_t part = whole / state->users;

        if (link->duplex_bytes_per_us > 0)
            part = weft_min(part, link->duplex_bytes_per_us / both);
        /* Shared by many, a slow link is slow and does not stand still. */
        rate = weft_min(rate, whole == 0 ? 0 : weft_max(part, 1));
    }
    return rate;
}

static void count_users(struct sim_fabric *fabric)
{
    for (uint32_t i = 0; i < fabric->world->topo.link_count; i++)
        fabric->links[i].users = 0;
    for (uint32_t i = 0; i < fabric->order_count; i++) {
        const struct sim_copy *copy = &fabric->copies[fabric->order[i]];
        const struct weft_hop *hop = &fabric->world->hops.hops[copy->hop];

        for (uint32_t k = 0; copy->state == SIM_COPY_RUNNING && k < hop->link_count; k++)
            fabric->links[hop->links[k]].users++;
    }
}

static void set_rates(struct sim_fabric *fabric, weft_ns now)
{
    count_users(fabric);
    for (uint32_t i = 0; i < fabric->order_count; i++) {
        struct sim_copy *copy = &fabric->copies[fabric->order[i]];
        weft_ns takes_ns = WEFT_NEVER;

        if (copy->state != SIM_COPY_RUNNING)
            continue;
        copy->rate_bytes_per_us = share(fabric, copy);
        if (copy->rate_bytes_per_us > 0)
            takes_ns = (copy->left_units + copy->rate_bytes_per_us - 1) / copy->rate_bytes_per_us;
        weft_heap_set(&fabric->timers, copy->cookie, weft_add_sat(now, takes_ns));
    }
}

/* True when the copy has started or ended. */
static bool try_start(struct sim_fabric *fabric, struct sim_copy *copy, weft_ns now)
{
    uint32_t *engine = engine_of(fabric, copy->hop);

    if (copy->ready_at > now || copy->after != WEFT_COOKIE_NONE)
        return false;
    if (copy->is_doomed || is_cut(fabric, copy->hop)) {
        end(fabric, copy, draw_error(fabric), now);
        return true;
    }
    if (*engine != WEFT_NONE || fabric->lanes[copy->hop].is_stalled)
        return false;
    *engine = copy->cookie;
    copy->state = SIM_COPY_RUNNING;
    sim_shadow_started(fabric->shadow, copy);
    sim_record_started(fabric->record, copy, now);
    SIM_NOTE(fabric->history, "  started copy %llu on hop %llu", copy->cookie, copy->hop);
    return true;
}

/* Starts one copy that can start, in the order of issue; false when there is none. */
static bool start_one(struct sim_fabric *fabric, weft_ns now)
{
    for (uint32_t i = 0; i < fabric->order_count; i++)
        fabric->lanes[fabric->copies[fabric->order[i]].hop].is_seen = false;
    for (uint32_t i = 0; i < fabric->order_count; i++) {
        struct sim_copy *copy = &fabric->copies[fabric->order[i]];
        struct sim_lane *lane = &fabric->lanes[copy->hop];

        if (copy->state == SIM_COPY_QUEUED && !lane->is_seen && try_start(fabric, copy, now))
            return true;
        lane->is_seen = true;
    }
    return false;
}

void sim_fabric_advance(struct sim_fabric *fabric, weft_ns now)
{
    if (!fabric->is_changed)
        return;
    fabric->is_changed = false;
    settle(fabric, now);
    while (start_one(fabric, now))
        ;
    set_rates(fabric, now);
}

bool sim_fabric_due(struct sim_fabric *fabric, uint32_t cookie, weft_ns now)
{
    struct sim_copy *copy = &fabric->copies[cookie];

    switch (copy->state) {
    case SIM_COPY_QUEUED:
        fabric->is_changed = true;
        return false;
    case SIM_COPY_RUNNING:
        settle(fabric, now);
        weft_assert(copy->left_units == 0);
        end(fabric, copy, copy->will_fail ? draw_error(fabric) : weftSuccess, now);
        return false;
    case SIM_COPY_ENDED:
        return true;
    default:
        weft_assert(copy->state != SIM_COPY_FREE);
        return false;
    }
}

void sim_fabric_forget(struct sim_fabric *fabric, uint32_t cookie)
{
    struct sim_copy *copy = &fabric->copies[cookie];

    weft_assert(copy->state == SIM_COPY_ENDED);
    copy->state = SIM_COPY_FREE;
    fabric->inflight--;
    fabric->port_copies[fabric->world->hops.hops[copy->hop].port_device]--;
}

/* Everything that runs over a link that was cut ends, some of its bytes moved. */
static void cut(struct sim_fabric *fabric, weft_ns now)
{
    for (uint32_t i = 0; i < fabric->order_count;) {
        struct sim_copy *copy = &fabric->copies[fabric->order[i]];

        if (copy->state == SIM_COPY_RUNNING && is_cut(fabric, copy->hop))
            end(fabric, copy, draw_error(fabric), now);
        else
            i++;
    }
}

static void fault_link(struct sim_fabric *fabric, const struct sim_fault *fault, uint32_t link)
{
    struct sim_link_state *state = &fabric->links[link];

    if (fault->kind == SIM_FAULT_RESTORE)
        *state = (struct sim_link_state){.permille = 1000};
    state->is_cut |= fault->kind == SIM_FAULT_CUT;
    state->is_hung |= fault->kind == SIM_FAULT_HANG;
    if (fault->kind == SIM_FAULT_DEGRADE)
        state->permille = (uint32_t)fault->argument;
}

static void fault_lane(struct sim_lane *lane, const struct sim_fault *fault, weft_ns now)
{
    weft_ns noticed_at = lane->noticed_at;

    switch (fault->kind) {
    case SIM_FAULT_STALL:
        lane->is_stalled = true;
        break;
    case SIM_FAULT_REFUSE:
        lane->refuse_until = weft_max(lane->refuse_until, now + fault->argument);
        break;
    case SIM_FAULT_FAIL:
        lane->fail_count += fault->argument;
        break;
    case SIM_FAULT_ERROR:
        lane->error_count += fault->argument;
        break;
    case SIM_FAULT_DELAY:
        lane->delay_ns = fault->argument;
        break;
    default:
        weft_assert(fault->kind == SIM_FAULT_RESUME);
        *lane = (struct sim_lane){.noticed_at = noticed_at};
        break;
    }
}

void sim_fabric_fault(struct sim_fabric *fabric, const struct sim_fault *fault, weft_ns now)
{
    settle(fabric, now);
    fabric->is_changed = true;
    if (fault->kind >= SIM_FAULT_STALL) {
        fault_lane(&fabric->lanes[fault->target], fault, now);
        return;
    }
    fault_link(fabric, fault, fault->target);
    fault_link(fabric, fault, fabric->world->topo.links[fault->target].reverse);
    cut(fabric, now);
}

void sim_fabric_freeze(struct sim_fabric *fabric)
{
    for (uint32_t i = 0; i < fabric->world->hops.count; i++) {
        struct sim_lane *lane = &fabric->lanes[i];

        lane->fail_count = lane->fail_count > 0 ? UINT64_MAX : 0;
        lane->error_count = lane->error_count > 0 ? UINT64_MAX : 0;
    }
}

static void mark_stuck(struct sim_fabric *fabric)
{
    for (uint32_t i = 0; i < fabric->order_count; i++)
        fabric->lanes[fabric->copies[fabric->order[i]].hop].is_stuck = false;
    for (uint32_t i = 0; i < fabric->order_count; i++) {
        struct sim_copy *copy = &fabric->copies[fabric->order[i]];
        struct sim_lane *lane = &fabric->lanes[copy->hop];
        uint32_t engine = *engine_of(fabric, copy->hop);

        if (copy->state == SIM_COPY_RUNNING)
            copy->is_stuck = copy->rate_bytes_per_us == 0;
        else
            copy->is_stuck =
                lane->is_stuck || lane->is_stalled ||
                (copy->after != WEFT_COOKIE_NONE && fabric->copies[copy->after].is_stuck) ||
                (engine != WEFT_NONE && fabric->copies[engine].rate_bytes_per_us == 0);
        lane->is_stuck |= copy->is_stuck;
    }
}

/* Once frozen, a fault that counts goes on for good. */
static bool is_sound(const struct sim_lane *lane)
{
    return !lane->is_stalled && lane->fail_count == 0 && lane->error_count == 0;
}

void sim_fabric_live_hops(struct sim_fabric *fabric, bool live[WEFT_HOPS_MAX])
{
    const struct weft_hop_table *hops = &fabric->world->hops;

    mark_stuck(fabric);
    for (uint32_t i = 0; i < hops->count; i++) {
        uint32_t engine = *engine_of(fabric, i);

        live[i] = is_sound(&fabric->lanes[i]) &&
                  fabric->port_copies[hops->hops[i].port_device] < fabric->world->port_copies_max;
        if (engine != WEFT_NONE && fabric->copies[engine].rate_bytes_per_us == 0)
            live[i] = false;
        for (uint32_t k = 0; k < hops->hops[i].link_count; k++)
            live[i] = live[i] && sim_fabric_link_rate(fabric, hops->hops[i].links[k]) > 0;
    }
    for (uint32_t i = 0; i < fabric->order_count; i++)
        if (fabric->copies[fabric->order[i]].is_stuck)
            live[fabric->copies[fabric->order[i]].hop] = false;
}
