/* What each frame of a live lane does.
 *
 * Before a window's byte is touched: number, exposure, epoch, token, rights
 * (weft_tcp_window_admit), every extent, their sum. What is refused is counted and told to the
 * sender; a frame that no peer sends ends the lane. */
#include "base/ring.h"
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
        net->counts.refused_writes++;
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
            weft_tcp_operation_applied(net, number);
    }
    weft_tcp_lane_progress(net, lane);
    /* There may have been no room for more frames. */
    if (lane->copies.count > 0 || net->peers[lane->peer].waiting.count > 0)
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

/* ---- writes and stores ---- */

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

static enum weft_tcp_outcome write_apply(struct weft_tcp_net *net, struct weft_tcp_lane *lane,
                                         const struct weft_wire_head *head,
                                         struct weft_reader *body)
{
    struct weft_tcp_arrival *arrival = &lane->arrival;
    const struct weft_tcp_exposure *exposure;
    struct weft_wire_write write;

    if (!weft_wire_get_write(body, &write))
        return WEFT_TCP_WRONG;
    exposure = weft_tcp_window_admit(net, &write.dst, WEFT_RIGHT_WRITE);
    arrival->left_bytes = head->payload_bytes;
    arrival->size_bytes = head->payload_bytes;
    arrival->place = 0;
    arrival->skip_bytes = 0;
    arrival->is_refused =
        exposure == NULL || !places_read(body, write.extent_count, exposure->size_bytes, arrival);
    if (head->payload_bytes == 0)
        return finish(net, lane, head, arrival->is_refused);
    arrival->window = write.dst.window;
    if (!arrival->is_refused)
        arrival->conceal_count = net->windows[write.dst.window].conceal_count;
    arrival->sequence = head->sequence;
    return WEFT_TCP_PAYLOAD;
}

static enum weft_tcp_outcome store_apply(struct weft_tcp_net *net, struct weft_tcp_lane *lane,
                                         const struct weft_wire_head *head,
                                         struct weft_reader *body)
{
    const struct weft_tcp_exposure *exposure;
    struct weft_wire_store store;
    char *word;

    if (!weft_wire_get_store(body, &store))
        return WEFT_TCP_WRONG;
    exposure = weft_tcp_window_admit(net, &store.dst, WEFT_RIGHT_SIGNAL);
    if (exposure == NULL ||
        !weft_range_inside(store.offset, sizeof(uint64_t), exposure->size_bytes))
        return finish(net, lane, head, true);
    word = net->windows[store.dst.window].base + store.offset;
    if ((uintptr_t)word % sizeof(uint64_t) != 0)
        return finish(net, lane, head, true);
    if (store.op == weftSignalSet)
        weft_word_set(word, store.value);
    else
        weft_word_add(word, store.value);
    return finish(net, lane, head, false);
}

/* ---- forwards, answers, messages ---- */

static bool forward_is_inside(struct weft_reader extents, uint32_t count, uint64_t dst_bytes,
                              uint64_t src_bytes, uint64_t *size_bytes)
{
    bool inside = true;

    *size_bytes = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t dst_offset;
        uint64_t src_offset;
        uint64_t bytes;

        if (!weft_wire_get_extent(&extents, &dst_offset, &src_offset, &bytes))
            return false;
        inside = inside && weft_range_inside(dst_offset, bytes, dst_bytes) &&
                 weft_range_inside(src_offset, bytes, src_bytes);
        *size_bytes = weft_add_sat(*size_bytes, bytes);
    }
    return inside;
}

static enum weft_tcp_outcome forward_apply(struct weft_tcp_net *net, struct weft_tcp_lane *lane,
                                           const struct weft_wire_head *head,
                                           struct weft_reader *body)
{
    const struct weft_tcp_exposure *dst;
    const struct weft_tcp_exposure *src;
    struct weft_net_event event = {.kind = WEFT_NET_FORWARD, .peer = lane->peer, .why = ""};
    struct weft_wire_forward forward;
    struct weft_extent *extents;

    if (!weft_wire_get_forward(body, &forward))
        return WEFT_TCP_WRONG;
    dst = weft_tcp_window_admit(net, &forward.dst, WEFT_RIGHT_WRITE);
    src = weft_tcp_window_admit(net, &forward.src, WEFT_RIGHT_READ);
    if (dst == NULL || src == NULL ||
        !forward_is_inside(*body, forward.extent_count, dst->size_bytes, src->size_bytes,
                           &event.size_bytes))
        return finish(net, lane, head, true);
    event.request = weft_tcp_operation_ask(net, lane->peer, forward.request);
    if (event.request == WEFT_NONE)
        return WEFT_TCP_BLOCKED;
    event.dst_window = forward.dst.window;
    event.src_window = forward.src.window;
    event.extent_count = forward.extent_count;
    extents = weft_tcp_event_push(net, &event, forward.extent_count * sizeof(*extents));
    if (extents == NULL) {
        weft_tcp_operation_end(net, event.request, weftNoResource);
        return WEFT_TCP_BLOCKED;
    }
    for (uint32_t i = 0; i < forward.extent_count; i++)
        (void)weft_wire_get_extent(body, &extents[i].dst_offset, &extents[i].src_offset,
                                   &extents[i].size_bytes);
    return finish(net, lane, head, false);
}

static enum weft_tcp_outcome answer_apply(struct weft_tcp_net *net, struct weft_tcp_lane *lane,
                                          const struct weft_wire_head *head,
                                          struct weft_reader *body)
{
    struct weft_wire_answer answer;
    struct weft_tcp_operation *operation;

    if (!weft_wire_get_answer(body, &answer) || answer.request >= net->env.cookies_max)
        return WEFT_TCP_WRONG;
    operation = &net->operations[answer.request];
    if (operation->peer != lane->peer || operation->is_answered ||
        (operation->kind != WEFT_TCP_FORWARD && operation->kind != WEFT_TCP_FORWARDED))
        return WEFT_TCP_WRONG;
    /* Over another lane it may be here before the ack of what it answers. */
    operation->is_answered = true;
    operation->result = (weftResult_t)answer.result;
    if (operation->kind == WEFT_TCP_FORWARDED)
        weft_tcp_operation_end(net, answer.request, operation->result);
    return finish(net, lane, head, false);
}

static enum weft_tcp_outcome message_apply(struct weft_tcp_net *net, struct weft_tcp_lane *lane,
                                           const struct weft_wire_head *head,
                                           struct weft_reader *body)
{
    struct weft_net_event event = {
        .kind = WEFT_NET_MESSAGE, .peer = lane->peer, .size = head->body_bytes, .why = ""};
    struct weft_writer writer;
    void *bytes;

    if (head->body_bytes > WEFT_WIRE_MESSAGE_MAX)
        return WEFT_TCP_WRONG;
    bytes = weft_tcp_event_push(net, &event, head->body_bytes);
    if (bytes == NULL)
        return WEFT_TCP_BLOCKED;
    writer = weft_writer_of(bytes, head->body_bytes);
    weft_writer_bytes(&writer, body->bytes, head->body_bytes);
    return finish(net, lane, head, false);
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
    if (number == WEFT_NONE || number >= net->env.cookies_max)
        return WEFT_TCP_WRONG;
    net->operations[number].is_refused = true;
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
        [WEFT_WIRE_STORE] = store_apply,
        [WEFT_WIRE_FORWARD] = forward_apply,
        [WEFT_WIRE_ANSWER] = answer_apply,
        [WEFT_WIRE_MESSAGE] = message_apply,
        [WEFT_WIRE_PING] = ping_apply,
    };

    if (!ack_take(net, lane, head->ack))
        return WEFT_TCP_WRONG;
    if (weft_wire_has_sequence(head->kind) &&
        (head->sequence != lane->applied + 1 ||
         lane->applied - lane->applied_told >= WEFT_WIRE_UNACKED_MAX))
        return WEFT_TCP_WRONG;
    return applies[head->kind](net, lane, head, body);
}
