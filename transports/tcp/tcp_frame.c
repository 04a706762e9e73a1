/* What each frame of a live lane does.
 *
 * Before a window's byte is touched: number, exposure, epoch, token, rights
 * (weft_net_window_enter), every extent, their sum. What is refused is counted and told to the
 * sender; a frame that no peer sends ends the lane. */
#include "net/net_body.h"
#include "tcp_net.h"

void weft_tcp_frame_finish(struct weft_tcp_net *net, struct weft_tcp_lane *lane, uint64_t sequence,
                           uint64_t bytes, bool is_refused)
{
    uint64_t bit = sequence % WEFT_WIRE_UNACKED_MAX;
    uint8_t mask = (uint8_t)(1u << (bit % 8));

    lane->applied = sequence;
    lane->refused[bit / 8] = (uint8_t)(lane->refused[bit / 8] & ~mask);
    if (is_refused) {
        lane->refused[bit / 8] |= mask;
        lane->refusals[lane->refusal_count++] = sequence;
        net->end.counts.refused_writes++;
        weft_tcp_lane_touch(net, lane);
    }
    lane->unacked_frames++;
    lane->unacked_bytes = (uint32_t)weft_min(lane->unacked_bytes + bytes, WEFT_TCP_ACK_BYTES);
    if (lane->unacked_bytes < WEFT_TCP_ACK_BYTES && lane->unacked_frames < WEFT_TCP_ACK_FRAMES)
        return;
    lane->ack_due = true;
    weft_tcp_lane_touch(net, lane);
}

/* False: it acknowledges what it cannot have. */
static bool ack_take(struct weft_tcp_net *net, struct weft_tcp_lane *lane, uint64_t ack)
{
    if (ack <= lane->acked)
        return true;
    if (ack > lane->sent || lane->ends_bytes[ack % WEFT_WIRE_UNACKED_MAX] > lane->sent_bytes)
        return false;
    while (lane->acked < ack) {
        uint32_t number = lane->ring[++lane->acked % WEFT_WIRE_UNACKED_MAX];

        if (number != WEFT_NONE)
            weft_net_operation_applied(&net->end, number);
    }
    lane->acked_bytes = lane->ends_bytes[ack % WEFT_WIRE_UNACKED_MAX];
    weft_tcp_pulse_acked(&lane->pulse, ack, net->end.now);
    weft_tcp_lane_progress(net, lane);
    /* There may have been no room for more frames. */
    if (lane->queue.count > 0 || net->peers[lane->peer].base.waiting.count > 0)
        weft_tcp_lane_touch(net, lane);
    return true;
}

static enum weft_tcp_outcome finish(struct weft_tcp_net *net, struct weft_tcp_lane *lane,
                                    const struct weft_wire_head *head, bool is_refused)
{
    weft_tcp_frame_finish(net, lane, head->sequence, WEFT_WIRE_HEAD_BYTES + head->body_bytes,
                          is_refused);
    return WEFT_TCP_DONE;
}

/* ---- writes ---- */

/* Reads the places of a WRITE; false: not all of them are inside. */
static bool places_read(struct weft_reader *body, uint32_t count, uint64_t size_bytes,
                        struct weft_tcp_arrival *arrival)
{
    uint64_t total_bytes = 0;
    bool inside = true;

    arrival->place_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct weft_tcp_place *place = &arrival->places[arrival->place_count];

        if (!weft_wire_get_write_extent(body, &place->offset, &place->bytes))
            return false;
        inside = inside && weft_range_inside(place->offset, place->bytes, size_bytes);
        total_bytes = weft_add_sat(total_bytes, place->bytes);
        if (place->bytes > 0)
            arrival->place_count++;
    }
    return inside && total_bytes == arrival->left_bytes;
}

void weft_tcp_frame_arrived(struct weft_tcp_net *net, struct weft_tcp_lane *lane)
{
    struct weft_tcp_arrival *arrival = &lane->arrival;
    uint64_t sequence = arrival->sequence;

    if (arrival->has_store && !arrival->is_refused)
        arrival->is_refused = !weft_net_store_do(&net->end, &arrival->store);
    lane->ack_held = arrival->has_store;
    arrival->sequence = 0;
    weft_tcp_frame_finish(net, lane, sequence, arrival->size_bytes, arrival->is_refused);
}

static enum weft_tcp_outcome write_begin(struct weft_tcp_net *net, struct weft_tcp_lane *lane,
                                         const struct weft_wire_head *head,
                                         struct weft_reader *body, bool has_store)
{
    struct weft_tcp_arrival *arrival = &lane->arrival;
    const struct weft_net_exposure *exposure;
    struct weft_wire_write write;

    if (!weft_wire_get_write(body, &write))
        return WEFT_TCP_WRONG;
    exposure = weft_net_window_enter(&net->end, &write.dst, WEFT_RIGHT_WRITE);
    arrival->left_bytes = head->payload_bytes;
    arrival->size_bytes = head->payload_bytes;
    arrival->place = 0;
    arrival->skip_bytes = 0;
    arrival->has_store = has_store;
    arrival->is_refused =
        exposure == NULL || !places_read(body, write.extent_count, exposure->size_bytes, arrival);
    /* Bytes without their signal are of no use. */
    if (has_store && weft_net_store_place(&net->end, &arrival->store) == NULL)
        arrival->is_refused = true;
    arrival->window = write.dst.window;
    if (!arrival->is_refused)
        arrival->conceal_count = net->end.windows[write.dst.window].conceal_count;
    arrival->sequence = head->sequence;
    if (head->payload_bytes > 0)
        return WEFT_TCP_PAYLOAD;
    weft_tcp_frame_arrived(net, lane);
    return WEFT_TCP_DONE;
}

static enum weft_tcp_outcome write_apply(struct weft_tcp_net *net, struct weft_tcp_lane *lane,
                                         const struct weft_wire_head *head,
                                         struct weft_reader *body)
{
    return write_begin(net, lane, head, body, false);
}

static enum weft_tcp_outcome write_store_apply(struct weft_tcp_net *net, struct weft_tcp_lane *lane,
                                               const struct weft_wire_head *head,
                                               struct weft_reader *body)
{
    if (!weft_net_signal_read(body, &lane->arrival.store))
        return WEFT_TCP_WRONG;
    return write_begin(net, lane, head, body, true);
}

/* ---- what is the same over any transport ---- */

static enum weft_tcp_outcome body_apply(struct weft_tcp_net *net, struct weft_tcp_lane *lane,
                                        const struct weft_wire_head *head, struct weft_reader *body)
{
    switch (weft_net_body_apply(&net->end, lane->peer, head->kind, body)) {
    case WEFT_NET_APPLIED:
        return finish(net, lane, head, false);
    case WEFT_NET_REFUSED:
        return finish(net, lane, head, true);
    case WEFT_NET_BLOCKED:
        return WEFT_TCP_BLOCKED;
    default:
        return WEFT_TCP_WRONG;
    }
}

/* ---- the others ---- */

static enum weft_tcp_outcome ping_apply(struct weft_tcp_net *net, struct weft_tcp_lane *lane,
                                        const struct weft_wire_head *head, struct weft_reader *body)
{
    (void)body;
    return head->body_bytes == 0 ? finish(net, lane, head, false) : WEFT_TCP_WRONG;
}

static enum weft_tcp_outcome ack_apply(struct weft_tcp_net *net, struct weft_tcp_lane *lane,
                                       const struct weft_wire_head *head, struct weft_reader *body)
{
    (void)net;
    (void)lane;
    (void)body;
    return head->body_bytes == 0 ? WEFT_TCP_DONE : WEFT_TCP_WRONG;
}

static enum weft_tcp_outcome refused_apply(struct weft_tcp_net *net, struct weft_tcp_lane *lane,
                                           const struct weft_wire_head *head,
                                           struct weft_reader *body)
{
    struct weft_wire_refusal refusal;
    uint32_t number;

    (void)head;
    if (!weft_wire_get_refusal(body, &refusal) || refusal.sequence <= lane->acked ||
        refusal.sequence > lane->sent)
        return WEFT_TCP_WRONG;
    number = lane->ring[refusal.sequence % WEFT_WIRE_UNACKED_MAX];
    if (number == WEFT_NONE || number >= net->end.env.cookies_max)
        return WEFT_TCP_WRONG;
    net->end.operations[number].is_refused = true;
    return WEFT_TCP_DONE;
}

static enum weft_tcp_outcome fence_apply(struct weft_tcp_net *net, struct weft_tcp_lane *lane,
                                         const struct weft_wire_head *head,
                                         struct weft_reader *body)
{
    bool is_question = head->kind == WEFT_WIRE_FENCE;

    return weft_tcp_fence_receive(net, lane, body, is_question) ? WEFT_TCP_DONE : WEFT_TCP_WRONG;
}

static enum weft_tcp_outcome bye_apply(struct weft_tcp_net *net, struct weft_tcp_lane *lane,
                                       const struct weft_wire_head *head, struct weft_reader *body)
{
    (void)head;
    (void)body;
    net->peers[lane->peer].base.is_orderly = true;
    weft_tcp_peer_gone(net, &net->peers[lane->peer], "the peer has closed its side");
    return WEFT_TCP_DONE;
}

static enum weft_tcp_outcome no_frame_of_a_lane(struct weft_tcp_net *net,
                                                struct weft_tcp_lane *lane,
                                                const struct weft_wire_head *head,
                                                struct weft_reader *body)
{
    (void)net;
    (void)lane;
    (void)head;
    (void)body;
    return WEFT_TCP_WRONG;
}

enum weft_tcp_outcome weft_tcp_frame_apply(struct weft_tcp_net *net, struct weft_tcp_lane *lane,
                                           const struct weft_wire_head *head,
                                           struct weft_reader *body)
{
    static enum weft_tcp_outcome (*const applies[WEFT_WIRE_KINDS])(
        struct weft_tcp_net *, struct weft_tcp_lane *, const struct weft_wire_head *,
        struct weft_reader *) = {
        [WEFT_WIRE_HELLO] = no_frame_of_a_lane,
        [WEFT_WIRE_WELCOME] = no_frame_of_a_lane,
        [WEFT_WIRE_ACK] = ack_apply,
        [WEFT_WIRE_FENCE] = fence_apply,
        [WEFT_WIRE_FENCED] = fence_apply,
        [WEFT_WIRE_REFUSED] = refused_apply,
        [WEFT_WIRE_BYE] = bye_apply,
        [WEFT_WIRE_WRITE] = write_apply,
        [WEFT_WIRE_STORE] = body_apply,
        [WEFT_WIRE_FORWARD] = body_apply,
        [WEFT_WIRE_ANSWER] = body_apply,
        [WEFT_WIRE_MESSAGE] = body_apply,
        [WEFT_WIRE_PING] = ping_apply,
        [WEFT_WIRE_WRITE_STORE] = write_store_apply,
        [WEFT_WIRE_LANES] = no_frame_of_a_lane,
    };

    if (!ack_take(net, lane, head->ack))
        return WEFT_TCP_WRONG;
    if (weft_wire_has_sequence(head->kind) &&
        (head->sequence != lane->applied + 1 ||
         lane->applied - lane->applied_told >= WEFT_WIRE_UNACKED_MAX))
        return WEFT_TCP_WRONG;
    return applies[head->kind](net, lane, head, body);
}
