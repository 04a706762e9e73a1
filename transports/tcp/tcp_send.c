/* What goes out on a lane: frames gathered into its batch, the batch written to the channel.
 *
 * What tells the peer about its own frames goes first, then what any lane may carry, then the
 * lane's copies. A frame has its sequence, and its ack, from the moment that it enters the batch.
 * */
#include <string.h>

#include "net/net_body.h"
#include "tcp_net.h"

/* ---- frames ---- */

void weft_tcp_lane_put(struct weft_tcp_lane *lane, const struct weft_writer *writer,
                       uint64_t payload_bytes)
{
    weft_tcp_batch_add(&lane->batch, writer);
    lane->queued_bytes += writer->used + payload_bytes;
}

/* Adds the rest of the payload of the frame that the batch is at, as far as there are pieces. */
static void payload_add(struct weft_tcp_net *net, struct weft_tcp_lane *lane)
{
    struct weft_tcp_cut *cut = lane->queue.open;
    uint64_t size_bytes;
    const char *bytes;

    if (cut == NULL)
        return;
    while (weft_tcp_cut_look(cut, &net->end, &bytes, &size_bytes)) {
        if (!weft_tcp_batch_piece(&lane->batch, bytes, size_bytes))
            return;
        weft_tcp_cut_take(cut, &net->end, size_bytes);
    }
    lane->queue.open = NULL;
    if (weft_tcp_cut_is_whole(cut))
        weft_tcp_cut_init(cut);
}

static bool has_room(const struct weft_tcp_lane *lane, uint32_t body_bytes)
{
    const struct weft_tcp_batch *batch = &lane->batch;

    return lane->queue.open == NULL && batch->count < WEFT_TCP_BATCH_PIECES &&
           sizeof(batch->heads) - batch->heads_used >= WEFT_WIRE_HEAD_BYTES + body_bytes;
}

static struct weft_writer frame_begin(struct weft_tcp_lane *lane, const struct weft_wire_head *head)
{
    struct weft_writer writer = weft_tcp_batch_writer(&lane->batch);
    struct weft_wire_head with_ack = *head;

    with_ack.ack = lane->applied;
    lane->applied_told = lane->applied;
    lane->ack_due = false;
    lane->unacked_bytes = 0;
    lane->unacked_frames = 0;
    weft_wire_put_head(&writer, &with_ack);
    return writer;
}

static uint64_t sequence_take(struct weft_tcp_net *net, struct weft_tcp_lane *lane,
                              uint32_t operation)
{
    if (lane->sent == lane->acked) {
        lane->progress_at = net->end.now;
        weft_net_end_wake_at(&net->end, net->end.now + net->end.env.silence_ns / 2);
    }
    lane->ring[++lane->sent % WEFT_WIRE_UNACKED_MAX] = operation;
    return lane->sent;
}

static void frame_end(struct weft_tcp_net *net, struct weft_tcp_lane *lane,
                      const struct weft_writer *writer, const struct weft_wire_head *head)
{
    weft_assert(writer->used == WEFT_WIRE_HEAD_BYTES + head->body_bytes);
    weft_tcp_lane_put(lane, writer, head->payload_bytes);
    if (head->sequence == 0)
        return;
    lane->ends_bytes[head->sequence % WEFT_WIRE_UNACKED_MAX] = lane->queued_bytes;
    weft_tcp_pulse_frame(&lane->pulse, head->sequence, weft_tcp_lane_unacked(lane), net->end.now);
}

/* Before any ack that covers what was refused. */
static void refusals_add(struct weft_tcp_net *net, struct weft_tcp_lane *lane)
{
    struct weft_tcp_batch *batch = &lane->batch;
    uint32_t told = 0;

    for (; told < lane->refusal_count && has_room(lane, WEFT_WIRE_REFUSAL_BYTES); told++) {
        struct weft_wire_head head = {.kind = WEFT_WIRE_REFUSED,
                                      .body_bytes = WEFT_WIRE_REFUSAL_BYTES};
        struct weft_wire_refusal refusal = {.sequence = lane->refusals[told],
                                            .result = weftInvalidUsage};
        struct weft_writer writer = weft_tcp_batch_writer(batch);

        /* Not frame_begin: this head's ack is an old one. */
        head.ack = lane->applied_told;
        weft_wire_put_head(&writer, &head);
        weft_wire_put_refusal(&writer, &refusal);
        frame_end(net, lane, &writer, &head);
    }
    memmove(lane->refusals, lane->refusals + told,
            (lane->refusal_count - told) * sizeof(lane->refusals[0]));
    lane->refusal_count -= told;
}

static void fence_add(struct weft_tcp_net *net, struct weft_tcp_lane *lane,
                      enum weft_wire_kind kind, const struct weft_wire_fence *fence)
{
    struct weft_wire_head head = {
        .kind = kind, .body_bytes = WEFT_WIRE_FENCE_BYTES + fence->count * WEFT_WIRE_CLOSURE_BYTES};
    struct weft_writer writer = frame_begin(lane, &head);

    weft_wire_put_fence(&writer, fence);
    frame_end(net, lane, &writer, &head);
}

#define FENCE_BODY_MAX (WEFT_WIRE_FENCE_BYTES + WEFT_WIRE_CLOSURES_MAX * WEFT_WIRE_CLOSURE_BYTES)

static void fences_add(struct weft_tcp_net *net, struct weft_tcp_lane *lane)
{
    struct weft_wire_fence fence;

    if (lane->fence_due && has_room(lane, FENCE_BODY_MAX)) {
        lane->fence_due = false;
        if (weft_tcp_fence_dead(&net->peers[lane->peer], &fence) > 0)
            fence_add(net, lane, WEFT_WIRE_FENCE, &fence);
    }
    if (lane->reply.count > 0 && has_room(lane, FENCE_BODY_MAX)) {
        fence_add(net, lane, WEFT_WIRE_FENCED, &lane->reply);
        lane->reply.count = 0;
    }
}

/* ---- operations as frames ---- */

static bool has_sequence(const struct weft_tcp_lane *lane)
{
    return lane->sent - lane->acked < WEFT_WIRE_UNACKED_MAX;
}

/* Puts the first of those that any lane may carry into the batch; false: no room now. */
static bool waiting_add(struct weft_tcp_net *net, struct weft_tcp_lane *lane,
                        struct weft_list *waiting)
{
    uint32_t number = waiting->first;
    struct weft_net_operation *operation = &net->end.operations[number];
    struct weft_wire_head head = {.kind = weft_net_body_kind(operation),
                                  .body_bytes = weft_net_body_bytes(operation)};
    struct weft_writer writer;

    if (!has_room(lane, head.body_bytes) || !has_sequence(lane))
        return false;
    weft_list_remove(waiting, net->end.links, number);
    head.sequence = sequence_take(net, lane, number);
    writer = frame_begin(lane, &head);
    weft_net_body_write(&net->end, operation, &writer);
    frame_end(net, lane, &writer, &head);
    return true;
}

/* Puts the next frame of the lane's copies into the batch; false: no room now, or no copy. */
static bool copy_add(struct weft_tcp_net *net, struct weft_tcp_lane *lane)
{
    struct weft_tcp_cut *cut = weft_tcp_queue_next(&lane->queue, &net->end);
    struct weft_wire_head head = {.kind = WEFT_WIRE_WRITE};
    struct weft_net_operation *operation;
    struct weft_wire_write write;
    struct weft_tcp_part part;
    struct weft_writer writer;

    if (cut == NULL)
        return false;
    operation = &net->end.operations[cut->operation];
    part = weft_tcp_cut_part(cut, &net->end);
    head.body_bytes = WEFT_WIRE_WRITE_BYTES + part.extent_count * WEFT_WIRE_WRITE_EXTENT_BYTES;
    if (operation->has_signal) {
        /* Such a copy is one frame. */
        weft_assert(part.end.block == WEFT_NONE);
        head.kind = WEFT_WIRE_WRITE_STORE;
        head.body_bytes += WEFT_WIRE_STORE_BYTES;
    }
    head.payload_bytes = part.size_bytes;
    if (!has_room(lane, head.body_bytes) || !has_sequence(lane))
        return false;
    operation->frames++;
    operation->is_whole = part.end.block == WEFT_NONE;
    head.sequence = sequence_take(net, lane, cut->operation);
    write = (struct weft_wire_write){operation->dst_window, part.extent_count};
    writer = frame_begin(lane, &head);
    if (operation->has_signal)
        weft_net_signal_write(operation, &operation->src_window, &writer);
    weft_wire_put_write(&writer, &write);
    weft_tcp_cut_write(cut, &net->end, &part, &writer);
    frame_end(net, lane, &writer, &head);
    weft_tcp_queue_turn(&lane->queue, cut);
    lane->queue.open = cut;
    payload_add(net, lane);
    return true;
}

static void head_add(struct weft_tcp_net *net, struct weft_tcp_lane *lane, enum weft_wire_kind kind,
                     uint64_t sequence)
{
    struct weft_wire_head head = {.kind = kind, .sequence = sequence};
    struct weft_writer writer = frame_begin(lane, &head);

    frame_end(net, lane, &writer, &head);
}

/* Fills the batch, which has been written but for a payload. */
static void batch_fill(struct weft_tcp_net *net, struct weft_tcp_lane *lane)
{
    struct weft_tcp_peer *peer = &net->peers[lane->peer];

    payload_add(net, lane);
    refusals_add(net, lane);
    if (lane->refusal_count > 0)
        return;
    fences_add(net, lane);
    if (lane->ping_due && has_room(lane, 0) && has_sequence(lane)) {
        lane->ping_due = false;
        head_add(net, lane, WEFT_WIRE_PING, sequence_take(net, lane, WEFT_NONE));
    }
    while (weft_tcp_peer_waits_for(net, peer, lane) && waiting_add(net, lane, &peer->base.waiting))
        ;
    while (lane->queued_bytes - lane->sent_bytes < WEFT_TCP_BATCH_BYTES && copy_add(net, lane))
        ;
    if (lane->ack_due && has_room(lane, 0))
        head_add(net, lane, WEFT_WIRE_ACK, 0);
}

void weft_tcp_lane_write(struct weft_tcp_net *net, struct weft_tcp_lane *lane)
{
    struct weft_tcp_channel *channel = lane->channel;
    uint64_t budget_bytes = WEFT_TCP_BUDGET_BYTES;
    bool is_full = false;

    while (!is_full) {
        uint64_t allowed_bytes;
        uint64_t taken_bytes;

        if (lane->batch.first == lane->batch.count)
            batch_fill(net, lane);
        if (lane->batch.first == lane->batch.count && !weft_tcp_channel_has_unsent(channel))
            break;
        allowed_bytes = weft_tcp_shape_allow(net, lane->nic, budget_bytes);
        if (allowed_bytes == 0) {
            weft_tcp_lane_touch(net, lane);
            break;
        }
        taken_bytes = weft_tcp_batch_write(&lane->batch, channel, allowed_bytes);
        weft_tcp_shape_spend(net, lane->nic, taken_bytes);
        lane->sent_bytes += taken_bytes;
        budget_bytes -= taken_bytes;
        is_full = taken_bytes == 0;
    }
    if (channel->state == WEFT_TCP_CHANNEL_BROKEN)
        weft_tcp_lane_die(net, lane, channel->why);
    else
        weft_tcp_channel_watch(channel, weft_tcp_lane_is_reading(lane),
                               is_full || weft_tcp_channel_has_unsent(channel));
}

void weft_tcp_bye(struct weft_tcp_peer *peer)
{
    for (uint32_t i = 0; i < peer->base.lane_count; i++) {
        struct weft_tcp_lane *lane = &peer->lanes[i];
        struct weft_wire_head head = {.kind = WEFT_WIRE_BYE, .ack = lane->applied};
        uint8_t bytes[WEFT_WIRE_HEAD_BYTES];
        struct weft_writer writer = weft_writer_of(bytes, sizeof(bytes));
        struct iovec piece = {bytes, sizeof(bytes)};

        /* Behind the first part of a frame it would be a part of that. */
        if (!weft_tcp_lane_is_live(lane) || !weft_tcp_lane_is_idle(lane) || lane->refusal_count > 0)
            continue;
        weft_wire_put_head(&writer, &head);
        (void)weft_tcp_channel_write(lane->channel, &piece, 1, piece.iov_len);
    }
}
