/* What callers ask of a fleet, as src/api would hand it over, and what must be true of each end. */
#include <string.h>

#include "core/result.h"
#include "fleet_many.h"
#include "fleet_run.h"

#define IMPORT_AGAIN_NS 100000
#define SIGNAL_BYTES    8192 /* at the end of a target window: its data lies before that */
#define SLACK_NS        UINT64_C(20000000)

static bool is_live(const struct sim_call *call)
{
    return call->state == SIM_CALL_WAITING || call->state == SIM_CALL_IMPORTING ||
           call->state == SIM_CALL_ACTIVE;
}

static void leave(struct sim_fleet *fleet, struct sim_call *call, enum sim_call_state state)
{
    if (is_live(call))
        fleet->calls_live--;
    call->state = state;
    call->ended_at = fleet->now;
    sim_fleet_mix(fleet, (uint64_t)(call - fleet->calls), (uint64_t)state, (uint64_t)call->result);
}

static uint32_t number_of(const struct sim_fleet *fleet, const struct sim_call *call)
{
    return (uint32_t)(call - fleet->calls);
}

/* ---- signals ---- */

static uint64_t signal_offset(uint32_t number, uint64_t size_bytes)
{
    return size_bytes - SIGNAL_BYTES + 8 * (number % (SIGNAL_BYTES / 8));
}

void sim_calls_raised(struct sim_fleet *fleet, uint32_t memory, uint64_t offset, uint64_t value)
{
    struct sim_call *call;
    bool is_due;

    SIM_CHECK(&fleet->history, value > 0 && value <= fleet->call_count, SIGNAL,
              "a signal of nobody is raised, in memory %u", memory);
    call = &fleet->calls[value - 1];
    SIM_NOTE(&fleet->history, "the signal of call %llu is raised", value - 1);
    SIM_CHECK(&fleet->history,
              call->op.dst_window == memory &&
                  offset ==
                      signal_offset((uint32_t)value - 1, fleet->shadow.memories[memory].size_bytes),
              SIGNAL, "the signal of call %u is raised elsewhere", (uint32_t)value - 1);
    SIM_CHECK(&fleet->history, ++call->raised == 1, SIGNAL,
              "the signal of call %u is raised %u times", (uint32_t)value - 1, call->raised);
    is_due = call->state == SIM_CALL_ACTIVE || call->state == SIM_CALL_VOID ||
             (call->state == SIM_CALL_ENDED && call->result == weftUnknown);
    SIM_CHECK(&fleet->history, is_due, SIGNAL, "the signal of call %u is raised after it has ended",
              (uint32_t)value - 1);
    SIM_CHECK(&fleet->history, fleet->shadow.landed_bytes[value - 1] >= call->size_bytes, SIGNAL,
              "the signal of call %u is raised before its data", (uint32_t)value - 1);
}

/* ---- ends ---- */

static void give_up(struct sim_fleet *fleet, const struct sim_call *call)
{
    struct sim_memory *dst = &fleet->shadow.memories[call->op.dst_window];

    for (uint32_t i = 0; i < call->extent_count; i++)
        sim_map_set(&dst->given_up, call->extents[i].dst_offset, call->extents[i].size_bytes, 1);
}

/* Something has gone wrong that may concern the two servers of the call. */
static bool is_disturbed(const struct sim_fleet *fleet)
{
    return fleet->next_fault > 0;
}

/* A copy, or a word, of the call may still have an effect, as far as its server can know: one that
 * stood still sees that its deadline has passed before it looks at what has come meanwhile. */
static bool is_in_doubt(const struct sim_fleet *fleet, const struct sim_call *call)
{
    if (fleet->servers[call->server].stops > 0)
        return true;
    for (uint32_t i = 0; i < fleet->shape.items_max; i++) {
        const struct sim_item *item = &fleet->items[i];

        if (item->kind != SIM_ITEM_FREE && item->kind <= SIM_ITEM_FORWARD &&
            (item->server == call->server || item->server == call->peer))
            return true;
    }
    return false;
}

/* What its process may know of the end of the other. */
static bool is_peer_gone(const struct sim_fleet *fleet, const struct sim_call *call)
{
    const struct sim_server *peer = &fleet->servers[call->peer];

    return call->kind != SIM_CALL_LOCAL &&
           (peer->state == SIM_SERVER_DEAD || peer->life != call->peer_life);
}

static void check_end(struct sim_fleet *fleet, const struct sim_call *call,
                      const struct weft_slot_end *end)
{
    uint32_t number = number_of(fleet, call);
    bool is_right = false;

    switch (end->result) {
    case weftSuccess:
        is_right = end->moved_bytes == call->size_bytes;
        break;
    case weftTimeout:
        is_right = fleet->now >= call->deadline_at && (is_disturbed(fleet) || fleet->is_hurried);
        break;
    case weftRemoteError:
        if (end->cause == WEFT_CAUSE_NO_ROUTE) {
            is_right = !sim_call_has_way(fleet, call);
            break;
        }
        is_right = is_disturbed(fleet) &&
                   (end->cause != WEFT_CAUSE_GONE || is_peer_gone(fleet, call)) &&
                   (is_peer_gone(fleet, call) || fleet->now >= call->deadline_at ||
                    end->cause == WEFT_CAUSE_PEER || end->cause == WEFT_CAUSE_SIGNAL);
        break;
    case weftUnknown:
        is_right =
            fleet->now >= call->deadline_at && is_disturbed(fleet) && is_in_doubt(fleet, call);
        break;
    case weftCancelled:
        is_right = call->is_cancelled || is_peer_gone(fleet, call);
        break;
    default:
        break;
    }
    SIM_CHECK(&fleet->history, is_right, RESULT, "call %u may not end with %s (cause %d) now",
              number, weft_result_name(end->result), (int)end->cause);
    SIM_CHECK(&fleet->history, end->result == weftSuccess || !sim_call_is_calm(fleet, call),
              LIVENESS, "call %u ends with %s (cause %d) though a lane is up", number,
              weft_result_name(end->result), (int)end->cause);
    SIM_CHECK(&fleet->history, !call->is_closing || end->result == weftSuccess, CLOSING,
              "call %u ends with %s (cause %d) though all is restored", number,
              weft_result_name(end->result), (int)end->cause);
}

/* All that was asked for before the fence of the call has ended. */
static void check_fence(struct sim_fleet *fleet, const struct sim_call *call)
{
    for (uint32_t i = 0; i < fleet->call_count; i++) {
        const struct sim_call *before = &fleet->calls[i];

        SIM_CHECK(&fleet->history,
                  before->state != SIM_CALL_ACTIVE || before->server != call->server ||
                      before->fence >= call->fence,
                  FENCE, "call %u ended before call %u, which its fence waits for",
                  number_of(fleet, call), i);
    }
}

static void ended(struct sim_fleet *fleet, struct sim_call *call, const struct weft_slot_end *end)
{
    uint32_t number = number_of(fleet, call);
    bool is_there = fleet->shadow.memories[call->op.dst_window].is_live;

    SIM_NOTE(&fleet->history, "call %llu ended with result %llu, cause %llu, moved %llu", number,
             end->result, end->cause, end->moved_bytes);
    call->result = end->result;
    check_end(fleet, call, end);
    if (end->result == weftSuccess) {
        if (call->fence > 0 && !fleet->shape.is_plain)
            check_fence(fleet, call);
        if (is_there)
            sim_shadow_verify(&fleet->shadow, number, &call->op, call->extents);
        SIM_CHECK(&fleet->history, !is_there || call->raised == call->is_signalled, SIGNAL,
                  "call %u ended well, its signal was raised %u times", number, call->raised);
    }
    if (end->result == weftUnknown)
        give_up(fleet, call);
    sim_shadow_release(&fleet->shadow, &call->op, call->extents);
    leave(fleet, call, SIM_CALL_ENDED);
}

void sim_calls_round(struct sim_fleet *fleet, uint32_t index)
{
    struct sim_server *server = &fleet->servers[index];
    bool is_plain = fleet->shape.is_plain;
    uint32_t first = is_plain ? index * fleet->shape.calls_each : 0;
    uint32_t end = is_plain ? first + fleet->shape.calls_each : fleet->call_count;

    for (uint32_t i = first; i < end; i++) {
        struct sim_call *call = &fleet->calls[i];
        struct weft_slot_end how;

        if (call->server == index && call->state == SIM_CALL_ACTIVE &&
            weft_slot_collect(&server->loop->slots, call->slot, call->slot_generation, &how))
            ended(fleet, call, &how);
        if (is_plain)
            sim_many_renew(fleet, i);
    }
}

/* Who asked is gone: nobody is told any more, and what is under way may land. */
void sim_calls_killed(struct sim_fleet *fleet, uint32_t server)
{
    for (uint32_t i = 0; i < fleet->call_count; i++) {
        struct sim_call *call = &fleet->calls[i];

        if (call->server != server || call->state != SIM_CALL_ACTIVE)
            continue;
        give_up(fleet, call);
        sim_shadow_release(&fleet->shadow, &call->op, call->extents);
        leave(fleet, call, SIM_CALL_VOID);
    }
}

/* ---- beginning ---- */

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
    uint32_t number = number_of(fleet, call);
    uint32_t index;
    struct weft_slot *slot;

    if (!is_free(fleet, call)) {
        leave(fleet, call, SIM_CALL_SKIPPED);
        return;
    }
    index = weft_slot_take(&loop->slots);
    if (index == WEFT_NONE) {
        leave(fleet, call, SIM_CALL_SKIPPED);
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
            signal_offset(number, fleet->shadow.memories[call->op.dst_window].size_bytes),
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
static weftResult_t import(struct sim_fleet *fleet, const struct sim_call *call, uint32_t window,
                           struct sim_import *import)
{
    struct sim_server *server = &fleet->servers[call->server];
    const struct sim_server *owner = &fleet->servers[call->peer];
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
    *import = (struct sim_import){owner->life, server->next_window++};
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

            if (import->life != fleet->servers[k / SIM_FLEET_WINDOWS].life)
                forget(fleet, i, import);
        }
}

/* Both windows are known to the call's server; else it is tried again a little later. */
static void begin_remote(struct sim_fleet *fleet, struct sim_call *call)
{
    struct sim_server *server = &fleet->servers[call->server];
    const struct sim_server *peer = &fleet->servers[call->peer];
    bool is_put = call->kind == SIM_CALL_PUT;
    uint32_t window = is_put ? 2 * call->dst + 1 : 2 * call->src;
    struct sim_import *known = &server->imports[call->peer * SIM_FLEET_WINDOWS + window];
    weftResult_t result = weftSuccess;

    if (peer->state == SIM_SERVER_DEAD) {
        leave(fleet, call, SIM_CALL_SKIPPED);
        return;
    }
    if (known->life != peer->life) {
        forget(fleet, call->server, known);
        result = import(fleet, call, window, known);
        sim_server_wake(fleet, call->server, fleet->now);
    }
    if (result == weftSuccess) {
        call->op.dst_window = is_put ? peer->memories[window] : server->memories[2 * call->dst + 1];
        call->op.src_window = is_put ? server->memories[2 * call->src] : peer->memories[window];
        submit(fleet, call, is_put ? known->number : 2 * call->dst + 1,
               is_put ? 2 * call->src : known->number);
        return;
    }
    SIM_CHECK(&fleet->history, !call->is_closing || fleet->now < call->give_up_at, CLOSING,
              "server %u does not reach server %u though all is restored", call->server,
              call->peer);
    if (fleet->now >= call->give_up_at || (result != weftInProgress && !call->is_closing)) {
        call->result = result;
        leave(fleet, call, SIM_CALL_SKIPPED);
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
        leave(fleet, call, SIM_CALL_SKIPPED);
    } else if (server->state == SIM_SERVER_STOPPED) {
        call->at = fleet->now + 10 * IMPORT_AGAIN_NS;
    } else if (call->kind == SIM_CALL_LOCAL) {
        call->op.dst_window = server->memories[2 * call->dst + 1];
        call->op.src_window = server->memories[2 * call->src];
        submit(fleet, call, 2 * call->dst + 1, 2 * call->src);
    } else {
        begin_remote(fleet, call);
    }
}

static weft_ns due_at(const struct sim_call *call)
{
    if (call->is_left_out)
        return WEFT_NEVER;
    if (call->state == SIM_CALL_WAITING || call->state == SIM_CALL_IMPORTING)
        return call->at;
    if (call->state == SIM_CALL_ACTIVE && call->cancel_ns != WEFT_NEVER && !call->is_cancelled)
        return weft_add_sat(call->submitted_at, call->cancel_ns);
    return WEFT_NEVER;
}

weft_ns sim_fleet_calls_next_at(const struct sim_fleet *fleet)
{
    weft_ns at = WEFT_NEVER;

    for (uint32_t i = 0; i < fleet->call_count; i++)
        at = weft_min(at, due_at(&fleet->calls[i]));
    return at;
}

void sim_fleet_calls_due(struct sim_fleet *fleet)
{
    for (uint32_t i = 0; i < fleet->call_count; i++) {
        struct sim_call *call = &fleet->calls[i];

        if (due_at(call) > fleet->now)
            continue;
        if (call->state != SIM_CALL_ACTIVE) {
            sim_call_begin(fleet, call);
            continue;
        }
        SIM_NOTE(&fleet->history, "cancel call %llu", i);
        call->is_cancelled = true;
        weft_loop_cancel(fleet->servers[call->server].loop, call->slot, call->slot_generation);
        sim_server_wake(fleet, call->server, fleet->now);
    }
}

/* ---- time ---- */

/* When its server knew that the process of the call's peer had ended; WEFT_NEVER: it does not. */
static weft_ns gone_at(const struct sim_fleet *fleet, const struct sim_call *call)
{
    const struct sim_net *net = fleet->servers[call->server].net;

    for (uint32_t i = 0; i < net->env.peers_max && call->kind != SIM_CALL_LOCAL; i++)
        if (net->peers[i].is_used && net->peers[i].is_gone && net->peers[i].server == call->peer &&
            net->peers[i].life == call->peer_life)
            return net->peers[i].gone_at;
    return WEFT_NEVER;
}

void sim_calls_overdue(struct sim_fleet *fleet)
{
    for (uint32_t i = 0; i < fleet->call_count; i++) {
        const struct sim_call *call = &fleet->calls[i];
        weft_ns timeout_ns = fleet->config.timeout_ms * WEFT_NS_PER_MS;

        if (call->state != SIM_CALL_ACTIVE || fleet->servers[call->server].state != SIM_SERVER_UP)
            continue;
        SIM_CHECK(&fleet->history,
                  gone_at(fleet, call) == WEFT_NEVER || sim_call_was_fenced(fleet, call) ||
                      fleet->now < weft_max(gone_at(fleet, call), call->submitted_at) +
                                       fleet->config.abort_ms * WEFT_NS_PER_MS + SLACK_NS,
                  DEADLINE, "call %u has not ended though its peer is gone", i);
        /* What it waits for behind each fence, or asked a peer for, may take as long again. */
        SIM_CHECK(&fleet->history,
                  fleet->now < call->deadline_at + (4 + call->fence) * timeout_ns + SLACK_NS,
                  DEADLINE, "call %u has not ended", i);
    }
}
