/* What callers ask of a fleet, as src/api would hand it over, and what must be true of each end. */
#include "fleet_call.h"

#include <string.h>

#include "core/result.h"
#include "fleet_many.h"
#include "fleet_run.h"

#define SLACK_NS UINT64_C(20000000)

static bool is_live(const struct sim_call *call)
{
    return call->state == SIM_CALL_WAITING || call->state == SIM_CALL_IMPORTING ||
           call->state == SIM_CALL_ACTIVE;
}

void sim_call_leave(struct sim_fleet *fleet, struct sim_call *call, enum sim_call_state state)
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
                  offset == sim_signal_offset((uint32_t)value - 1,
                                              fleet->shadow.memories[memory].size_bytes),
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

bool sim_fleet_is_disturbed(const struct sim_fleet *fleet)
{
    return fleet->disturbances > 0;
}

/* An owner takes back what it reads or writes, or one of its servers aborts its comm. */
static bool is_taken_back(const struct sim_fleet *fleet, const struct sim_call *call)
{
    return fleet->shadow.memories[call->op.dst_window].is_revoked ||
           fleet->shadow.memories[call->op.src_window].is_revoked ||
           fleet->servers[call->server].abort.run != NULL ||
           fleet->servers[call->peer].abort.run != NULL ||
           fleet->servers[call->to].abort.run != NULL;
}

/* Who carries out the copy cannot say what came of it; where that one is gone, who holds the
 * destination cannot say that nothing of it lands any more. */
static bool is_unheard(const struct sim_fleet *fleet, const struct sim_call *call)
{
    const struct sim_server *peer = &fleet->servers[call->peer];
    bool is_gone = peer->state == SIM_SERVER_DEAD || peer->life != call->peer_life;
    uint32_t teller = is_gone ? call->to : call->peer;

    return call->kind == SIM_CALL_COPY && (fleet->servers[teller].state != SIM_SERVER_UP ||
                                           !sim_fleet_are_joined(fleet, call->server, teller));
}

/* A copy, or a word, of the call may still have an effect, as far as its server can know. */
static bool is_in_doubt(const struct sim_fleet *fleet, const struct sim_call *call)
{
    /* A copy that others carry out is in doubt as long as they do not answer. */
    enum sim_item_kind last = call->kind == SIM_CALL_COPY ? SIM_ITEM_MESSAGE : SIM_ITEM_FORWARD;

    if (is_unheard(fleet, call))
        return true;
    for (uint32_t i = 0; i < fleet->shape.items_max; i++) {
        const struct sim_item *item = &fleet->items[i];

        if (item->kind != SIM_ITEM_FREE && item->kind <= last &&
            (item->server == call->server || item->server == call->peer ||
             item->server == call->to))
            return true;
    }
    return false;
}

/* What its process may know of the end of the other. */
static bool is_peer_gone(const struct sim_fleet *fleet, const struct sim_call *call)
{
    const struct sim_server *peer = &fleet->servers[call->peer];
    const struct sim_server *to = &fleet->servers[call->to];

    return call->kind != SIM_CALL_LOCAL &&
           (peer->state == SIM_SERVER_DEAD || peer->life != call->peer_life ||
            to->state == SIM_SERVER_DEAD || to->life != call->to_life);
}

/* The call may end for want of time. Who carries out a copy for another has a little less of it, so
 * that he can say what came of it (host/peer_copy). */
static bool is_out_of_time(const struct sim_fleet *fleet, const struct sim_call *call)
{
    weft_ns whole_ns = call->deadline_at - call->submitted_at;

    return fleet->now >=
           (call->kind == SIM_CALL_COPY ? call->deadline_at - whole_ns / 8 : call->deadline_at);
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
        is_right =
            is_out_of_time(fleet, call) && (sim_fleet_is_disturbed(fleet) || fleet->is_hurried);
        break;
    case weftRemoteError:
        if (end->cause == WEFT_CAUSE_NO_ROUTE) {
            is_right = !sim_call_has_way(fleet, call);
            break;
        }
        if (is_taken_back(fleet, call)) {
            is_right = true;
            break;
        }
        is_right = sim_fleet_is_disturbed(fleet) &&
                   (end->cause != WEFT_CAUSE_GONE || is_peer_gone(fleet, call)) &&
                   (is_peer_gone(fleet, call) || fleet->now >= call->deadline_at ||
                    end->cause == WEFT_CAUSE_PEER || end->cause == WEFT_CAUSE_SIGNAL);
        break;
    case weftUnknown:
        /* Who carries a copy out for another may have aborted, said so, and be gone. */
        is_right = (is_out_of_time(fleet, call) || is_taken_back(fleet, call) ||
                    (call->kind == SIM_CALL_COPY && is_peer_gone(fleet, call))) &&
                   (sim_fleet_is_disturbed(fleet) || fleet->is_hurried) && is_in_doubt(fleet, call);
        break;
    case weftCancelled:
        is_right = call->is_cancelled || is_peer_gone(fleet, call) || is_taken_back(fleet, call);
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
    sim_call_leave(fleet, call, SIM_CALL_ENDED);
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
        sim_call_leave(fleet, call, SIM_CALL_VOID);
    }
}

/* ---- time ---- */

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
    weft_ns at = sim_revokes_next_at(fleet);

    for (uint32_t i = 0; i < fleet->call_count; i++)
        at = weft_min(at, due_at(&fleet->calls[i]));
    return at;
}

void sim_fleet_calls_due(struct sim_fleet *fleet)
{
    sim_revokes_due(fleet);
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

/* When its server knew that the process of the call's peer had ended; WEFT_NEVER: it does not. */
static weft_ns gone_at(const struct sim_fleet *fleet, const struct sim_call *call)
{
    const struct sim_net *net = fleet->servers[call->server].net;

    for (uint32_t i = 0; i < net->env.peers_max && call->kind < SIM_CALL_LOCAL; i++)
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
