/* How calls of a fleet begin: keys are imported until their owners are reached, then the call is
 * handed over as src/api would. */
#include "fleet_call.h"

#include <string.h>

#include "fleet.h"
#include "host/peers.h"

#define IMPORT_AGAIN_NS 100000

/* Where the call's bytes go is nobody's, and nobody is in doubt about it. */
static bool is_free(const struct sim_fleet *fleet, const struct sim_call *call)
{
    const struct sim_memory *dst = &fleet->shadow.memories[call->op.dst_window];

    for (uint32_t i = 0; i < call->extent_count; i++) {
        const struct weft_extent *extent = &call->extents[i];

        if (!sim_map_is(&dst->owner, extent->dst_offset, extent->size_bytes, 0) ||
            !sim_map_is(&dst->given_up, extent->dst_offset, extent->size_bytes, 0))
            return false;
    }
    return true;
}

static void submit(struct sim_fleet *fleet, struct sim_call *call, uint32_t dst_window,
                   uint32_t src_window)
{
    struct sim_server *server = &fleet->servers[call->server];
    struct weft_loop *loop = server->loop;
    uint32_t number = (uint32_t)(call - fleet->calls);
    uint32_t index;
    struct weft_slot *slot;

    if (!is_free(fleet, call)) {
        sim_call_leave(fleet, call, SIM_CALL_SKIPPED);
        return;
    }
    index = weft_slot_take(&loop->slots);
    if (index == WEFT_NONE) {
        sim_call_leave(fleet, call, SIM_CALL_SKIPPED);
        return;
    }
    slot = &loop->slots.slots[index];
    slot->op.dst_window = dst_window;
    slot->op.src_window = src_window;
    slot->src_device = loop->window_devices[src_window];
    slot->dst_device = loop->window_devices[dst_window];
    if (call->is_signalled)
        slot->op.signal = (struct weft_signal){
            dst_window,
            sim_signal_offset(number, fleet->shadow.memories[call->op.dst_window].size_bytes),
            number + 1, weftSignalSet};
    for (uint32_t i = 0; i < call->extent_count; i++) {
        weftResult_t result = weft_slot_append(&loop->slots, index, &call->extents[i]);

        weft_assert(result == weftSuccess);
    }
    if (call->is_fenced)
        (void)weft_counter_add(&loop->fence, 1);
    slot->op.fence = weft_counter_get(&loop->fence);
    slot->watched = true;
    call->fence = slot->op.fence;
    call->slot = index;
    call->slot_generation = weft_slot_generation(&loop->slots, index);
    call->peer_life = fleet->servers[call->peer].life;
    call->to_life = fleet->servers[call->to].life;
    call->submitted_at = fleet->now;
    call->deadline_at = fleet->now + server->world->config.timeout_ms * WEFT_NS_PER_MS;
    call->state = SIM_CALL_ACTIVE;
    sim_shadow_own(&fleet->shadow, number, &call->op, call->extents);
    SIM_NOTE(&fleet->history,
             "call %llu: server %llu, kind %llu, server %llu, %llu bytes, fence %llu", number,
             call->server, call->kind, call->peer, call->size_bytes, call->fence);
    weft_loop_push(loop, index);
    sim_server_wake(fleet, call->server, fleet->now);
}

/* What the window's key would say. */
static weftResult_t import(struct sim_fleet *fleet, uint32_t index, uint32_t owner_index,
                           uint32_t window, struct sim_import *import)
{
    struct sim_server *server = &fleet->servers[index];
    const struct sim_server *owner = &fleet->servers[owner_index];
    const struct weft_net_remote *as = &owner->exposed[window];
    struct weft_window_key key = {.size_bytes = as->size_bytes,
                                  .epoch = as->epoch,
                                  .rights = as->rights,
                                  .device = owner->holders[window / 2],
                                  .incarnation = owner->incarnation,
                                  .number = as->window};
    struct weft_command command = {
        .run = weft_command_import, .window = server->next_window, .key = &key};
    weftResult_t result;

    memcpy(key.token, as->token, sizeof(key.token));
    memcpy(key.address, owner->loop->peers->address, sizeof(key.address));
    if (server->next_window == server->world->config.windows_max)
        return weftNoResource;
    result = weft_command_import(server->loop, &command, fleet->now);
    if (result != weftSuccess)
        return result;
    *import = (struct sim_import){owner->life, owner->uses[window], server->next_window++};
    return weftSuccess;
}

/* Drops what the server had of an earlier life of the owner. */
static void forget(struct sim_fleet *fleet, uint32_t index, struct sim_import *import)
{
    struct weft_command command = {.run = weft_command_window_remove, .window = import->number};

    if (import->life != 0)
        (void)weft_command_window_remove(fleet->servers[index].loop, &command, fleet->now);
    *import = (struct sim_import){0};
}

void sim_calls_forget(struct sim_fleet *fleet)
{
    for (uint32_t i = 0; i < fleet->server_count; i++)
        for (uint32_t k = 0; k < fleet->server_count * SIM_FLEET_WINDOWS; k++) {
            struct sim_import *import = &fleet->servers[i].imports[k];

            if (import->life != fleet->servers[k / SIM_FLEET_WINDOWS].life ||
                import->use != fleet->servers[k / SIM_FLEET_WINDOWS].uses[k % SIM_FLEET_WINDOWS])
                forget(fleet, i, import);
        }
}

/* The number that the server has the owner's window under, in `*number`. */
static weftResult_t reach(struct sim_fleet *fleet, uint32_t index, uint32_t owner, uint32_t window,
                          uint32_t *number)
{
    struct sim_import *known = &fleet->servers[index].imports[owner * SIM_FLEET_WINDOWS + window];
    weftResult_t result = weftSuccess;

    if (known->life != fleet->servers[owner].life ||
        known->use != fleet->servers[owner].uses[window]) {
        forget(fleet, index, known);
        result = import(fleet, index, owner, window, known);
        sim_server_wake(fleet, index, fleet->now);
    }
    *number = known->number;
    return result;
}

/* One end of the call, which may be a peer's: its window's number at the call's server, and its
 * memory. */
static weftResult_t find_end(struct sim_fleet *fleet, const struct sim_call *call, bool is_dst,
                             uint32_t *number, uint32_t *memory)
{
    uint32_t window = is_dst ? 2 * call->dst + 1 : 2 * call->src;
    bool is_own =
        call->kind == SIM_CALL_LOCAL || call->kind == (is_dst ? SIM_CALL_GET : SIM_CALL_PUT);
    uint32_t owner = is_own ? call->server : is_dst ? call->to : call->peer;

    *number = window;
    *memory = fleet->servers[owner].memories[window];
    return is_own ? weftSuccess : reach(fleet, call->server, owner, window, number);
}

/* Its windows are known to the call's server; else it is tried again a little later. */
static void begin(struct sim_fleet *fleet, struct sim_call *call)
{
    uint32_t dst_window = WEFT_NONE;
    uint32_t src_window = WEFT_NONE;
    weftResult_t result;

    if (call->kind != SIM_CALL_LOCAL && (fleet->servers[call->peer].state == SIM_SERVER_DEAD ||
                                         fleet->servers[call->to].state == SIM_SERVER_DEAD)) {
        sim_call_leave(fleet, call, SIM_CALL_SKIPPED);
        return;
    }
    result = find_end(fleet, call, false, &src_window, &call->op.src_window);
    if (result == weftSuccess)
        result = find_end(fleet, call, true, &dst_window, &call->op.dst_window);
    if (result == weftSuccess) {
        submit(fleet, call, dst_window, src_window);
        return;
    }
    SIM_CHECK(&fleet->history, !call->is_closing || fleet->now < call->give_up_at, CLOSING,
              "server %u does not reach server %u though all is restored", call->server,
              call->peer);
    if (fleet->now >= call->give_up_at || (result != weftInProgress && !call->is_closing)) {
        call->result = result;
        sim_call_leave(fleet, call, SIM_CALL_SKIPPED);
        return;
    }
    call->state = SIM_CALL_IMPORTING;
    call->at = fleet->now + IMPORT_AGAIN_NS;
}

/* So long a caller tries to reach the peer. */
static weft_ns give_up_ns(const struct sim_fleet *fleet, const struct sim_call *call)
{
    if (fleet->shape.is_given)
        return 2 * fleet->config.net_dial_ms * WEFT_NS_PER_MS;
    return call->is_closing || fleet->shape.is_plain ? UINT64_C(3000000000) : UINT64_C(30000000);
}

void sim_call_begin(struct sim_fleet *fleet, struct sim_call *call)
{
    struct sim_server *server = &fleet->servers[call->server];
    bool is_new = call->state == SIM_CALL_WAITING;

    if (is_new)
        call->give_up_at = fleet->now + give_up_ns(fleet, call);
    if (server->state == SIM_SERVER_DEAD) {
        sim_call_leave(fleet, call, SIM_CALL_SKIPPED);
    } else if (server->state == SIM_SERVER_STOPPED) {
        call->at = fleet->now + 10 * IMPORT_AGAIN_NS;
    } else {
        begin(fleet, call);
    }
}
