/* Fences: what a dead lane had applied, asked over one that lives.
 *
 * A closure says "I have closed this generation of the lane, and so much of it is applied". Who has
 * the peer's closure knows the fate of all that it sent there: up to the floor it is applied, the
 * rest never will be, since the peer's side is closed. So copies end, well or badly, and the rest
 * goes over other lanes; what is on a lane is nowhere else, hence nothing is applied twice.
 *
 * Closures travel in FENCE (which names all dead lanes of its sender and asks for the peer's side),
 * in FENCED (the answer), and in HELLO and WELCOME, which begin the next generation of a lane. When
 * the lane that carries a FENCE dies, another FENCE names that one, too; a closure that comes
 * twice, or of a generation that is settled, changes nothing. */
#include <string.h>

#include "tcp_net.h"

struct weft_wire_closure weft_tcp_closure_of(const struct weft_tcp_lane *lane)
{
    struct weft_wire_closure closure = {
        .lane = lane->number, .generation = lane->generation, .floor = lane->applied};

    memcpy(closure.refused, lane->refused, sizeof(closure.refused));
    return closure;
}

static bool is_refused(const struct weft_wire_closure *closure, uint64_t sequence)
{
    uint64_t bit = sequence % WEFT_WIRE_UNACKED_MAX;

    return (closure->refused[bit / 8] >> (bit % 8) & 1) != 0;
}

/* What was sent on the dead lane ends or moves. */
static void settle_ring(struct weft_tcp_net *net, struct weft_tcp_lane *lane,
                        const struct weft_wire_closure *closure)
{
    while (lane->acked < lane->sent) {
        uint64_t sequence = ++lane->acked;
        uint32_t number = lane->ring[sequence % WEFT_WIRE_UNACKED_MAX];

        if (number == WEFT_NONE)
            continue;
        if (sequence <= closure->floor) {
            net->end.operations[number].is_refused |= is_refused(closure, sequence);
            weft_net_operation_applied(&net->end, number);
        } else if (net->end.operations[number].kind == WEFT_NET_OP_COPY) {
            weft_net_copy_lost(&net->end, number, true);
        } else {
            weft_net_operation_wait(&net->end, number);
        }
    }
}

void weft_tcp_closure_apply(struct weft_tcp_net *net, struct weft_tcp_lane *lane,
                            const struct weft_wire_closure *closure)
{
    if (lane->generation == 0 || closure->generation != lane->generation)
        return;
    if (weft_tcp_lane_is_live(lane))
        weft_tcp_lane_die(net, lane, "the peer has closed it");
    if (lane->state != WEFT_TCP_LANE_DEAD)
        return;
    settle_ring(net, lane, closure);
    weft_tcp_lane_settle(net, lane);
}

uint32_t weft_tcp_fence_dead(const struct weft_tcp_peer *peer, struct weft_wire_fence *fence)
{
    fence->count = 0;
    for (uint32_t i = 0; i < peer->base.lane_count; i++)
        if (peer->lanes[i].state == WEFT_TCP_LANE_DEAD)
            fence->closures[fence->count++] = weft_tcp_closure_of(&peer->lanes[i]);
    return fence->count;
}

void weft_tcp_fence_ask(struct weft_tcp_net *net, struct weft_tcp_peer *peer)
{
    struct weft_tcp_lane *carrier = weft_tcp_peer_lane(net, peer);
    bool any = false;

    for (uint32_t i = 0; i < peer->base.lane_count; i++)
        any = any || peer->lanes[i].state == WEFT_TCP_LANE_DEAD;
    if (!any || carrier == NULL)
        return;
    carrier->fence_due = true;
    /* The ping behind it makes the carrier's silence known. */
    carrier->ping_due = true;
    weft_tcp_lane_touch(net, carrier);
}

/* This side's closure of the generation that the peer asks about; false: there is none to give. */
static bool answer_make(struct weft_tcp_net *net, struct weft_tcp_lane *lane, uint64_t generation,
                        struct weft_wire_closure *answer)
{
    if (generation == lane->generation) {
        *answer = weft_tcp_closure_of(lane);
        return true;
    }
    if (generation == lane->past.generation) {
        *answer = lane->past;
        return true;
    }
    if (generation < lane->generation)
        return false;
    /* It never was up here: an attempt whose WELCOME has not come, and now must not. */
    if (lane->dial != NULL && lane->generation_dial <= generation)
        weft_tcp_dial_fail(net, lane, 0, "the peer has closed it already");
    lane->generation_seen = weft_max(lane->generation_seen, generation);
    *answer = (struct weft_wire_closure){.lane = lane->number, .generation = generation};
    return true;
}

bool weft_tcp_fence_receive(struct weft_tcp_net *net, struct weft_tcp_lane *carrier,
                            struct weft_reader *body, bool is_question)
{
    struct weft_tcp_peer *peer = &net->peers[carrier->peer];
    struct weft_wire_fence fence;
    uint32_t answers = 0;

    if (!weft_wire_get_fence(body, &fence))
        return false;
    for (uint32_t i = 0; i < fence.count; i++)
        if (fence.closures[i].lane >= peer->base.lane_count ||
            fence.closures[i].lane == carrier->number)
            return false;
    for (uint32_t i = 0; i < fence.count; i++) {
        struct weft_tcp_lane *lane = &peer->lanes[fence.closures[i].lane];

        weft_tcp_closure_apply(net, lane, &fence.closures[i]);
        if (is_question &&
            answer_make(net, lane, fence.closures[i].generation, &carrier->reply.closures[answers]))
            answers++;
    }
    if (is_question) {
        carrier->reply.count = answers;
        weft_tcp_lane_touch(net, carrier);
    }
    return true;
}
