/* What comes in on a lane: frames are looked at in the channel's memory, payloads go to their
 * windows.
 *
 * Of a payload only what came along with its head lies in the channel's memory; the rest is read
 * where it belongs, and behind it the next head. Before each read the window is asked whether it
 * still lets the payload in: what was concealed meanwhile gets not one byte more. */
#include <string.h>

#include "tcp_net.h"

#define PLACES_PER_READ    62    /* and one piece for what follows */
#define THROTTLED_READ_MIN 16384 /* a slow NIC's few tokens are no reason for many small reads */

/* ---- frames ---- */

static size_t input_bytes(const struct weft_tcp_channel *channel)
{
    return channel->input_end - channel->input_at;
}

enum weft_tcp_look weft_tcp_frame_look(struct weft_tcp_channel *channel,
                                       struct weft_wire_head *head, struct weft_reader *body)
{
    const uint8_t *bytes = channel->input + channel->input_at;
    struct weft_reader reader = weft_reader_of(bytes, WEFT_WIRE_HEAD_BYTES);

    if (input_bytes(channel) < WEFT_WIRE_HEAD_BYTES)
        return WEFT_TCP_LOOK_MORE;
    if (!weft_wire_get_head(&reader, head))
        return WEFT_TCP_LOOK_WRONG;
    if (input_bytes(channel) < WEFT_WIRE_HEAD_BYTES + head->body_bytes)
        return WEFT_TCP_LOOK_MORE;
    *body = weft_reader_of(bytes + WEFT_WIRE_HEAD_BYTES, head->body_bytes);
    return WEFT_TCP_LOOK_FRAME;
}

void weft_tcp_frame_take(struct weft_tcp_channel *channel, const struct weft_wire_head *head)
{
    channel->input_at += WEFT_WIRE_HEAD_BYTES + head->body_bytes;
}

/* How much more the frame at the front needs, at least what is read anyway. */
static size_t wanted_bytes(const struct weft_tcp_channel *channel)
{
    struct weft_reader reader =
        weft_reader_of(channel->input + channel->input_at, input_bytes(channel));
    struct weft_wire_head head;
    size_t needed = 0;

    if (weft_wire_get_head(&reader, &head))
        needed = WEFT_WIRE_HEAD_BYTES + head.body_bytes - input_bytes(channel);
    return (size_t)weft_max(needed, WEFT_TCP_SMALL_READ_BYTES);
}

static void input_compact(struct weft_tcp_channel *channel, size_t room)
{
    size_t kept = input_bytes(channel);

    if (kept > 0 && sizeof(channel->input) - channel->input_end >= room)
        return;
    if (kept > 0)
        memmove(channel->input, channel->input + channel->input_at, kept);
    channel->input_at = 0;
    channel->input_end = kept;
}

size_t weft_tcp_frame_fill(struct weft_tcp_channel *channel)
{
    size_t wanted = wanted_bytes(channel);
    struct iovec piece;
    size_t got;

    input_compact(channel, wanted);
    piece.iov_base = channel->input + channel->input_end;
    piece.iov_len = (size_t)weft_min(wanted, sizeof(channel->input) - channel->input_end);
    got = weft_tcp_channel_read(channel, &piece, 1);
    channel->input_end += got;
    return got;
}

/* ---- payloads ---- */

static char *place_at(const struct weft_tcp_net *net, const struct weft_tcp_arrival *arrival,
                      uint32_t place)
{
    return net->end.windows[arrival->window].base + arrival->places[place].offset;
}

/* `bytes` of the payload have gone where they belong. */
static void arrival_pass(struct weft_tcp_arrival *arrival, uint64_t bytes)
{
    arrival->left_bytes -= bytes;
    while (bytes > 0 && !arrival->is_refused) {
        uint64_t left_bytes = arrival->places[arrival->place].bytes - arrival->skip_bytes;
        uint64_t part = weft_min(left_bytes, bytes);

        bytes -= part;
        arrival->skip_bytes += part;
        if (part == left_bytes) {
            arrival->skip_bytes = 0;
            arrival->place++;
        }
    }
}

/* The payload's bytes that came along with heads. */
static void payload_from_input(struct weft_tcp_net *net, struct weft_tcp_lane *lane)
{
    struct weft_tcp_arrival *arrival = &lane->arrival;
    struct weft_tcp_channel *channel = lane->channel;
    uint64_t bytes = weft_min(input_bytes(channel), arrival->left_bytes);

    while (bytes > 0) {
        uint64_t part = bytes;

        if (!arrival->is_refused) {
            part = weft_min(part, arrival->places[arrival->place].bytes - arrival->skip_bytes);
            memcpy(place_at(net, arrival, arrival->place) + arrival->skip_bytes,
                   channel->input + channel->input_at, part);
        }
        arrival_pass(arrival, part);
        channel->input_at += part;
        bytes -= part;
    }
}

/* Reads about `bytes_max` at most. */
static size_t payload_from_channel(struct weft_tcp_net *net, struct weft_tcp_lane *lane,
                                   uint64_t bytes_max)
{
    struct weft_tcp_arrival *arrival = &lane->arrival;
    struct weft_tcp_channel *channel = lane->channel;
    struct iovec pieces[PLACES_PER_READ + 1];
    uint64_t into_bytes = 0;
    uint64_t skip_bytes = arrival->skip_bytes;
    uint32_t count = 0;
    size_t got;

    input_compact(channel, WEFT_TCP_SMALL_READ_BYTES);
    for (uint32_t i = arrival->place;
         i < arrival->place_count && count < PLACES_PER_READ && into_bytes < bytes_max; i++) {
        uint64_t bytes = weft_min(arrival->places[i].bytes - skip_bytes, bytes_max - into_bytes);

        pieces[count++] = (struct iovec){place_at(net, arrival, i) + skip_bytes, bytes};
        into_bytes += bytes;
        skip_bytes = 0;
    }
    if (into_bytes == arrival->left_bytes)
        pieces[count++] = (struct iovec){channel->input, WEFT_TCP_SMALL_READ_BYTES};
    got = weft_tcp_channel_read(channel, pieces, count);
    into_bytes = weft_min(into_bytes, got);
    arrival_pass(arrival, into_bytes);
    channel->input_end = got - into_bytes;
    return got;
}

/* Goes on with the payload, about `bytes_max` at most; how much was read, or moved. */
static size_t payload_read(struct weft_tcp_net *net, struct weft_tcp_lane *lane, uint64_t bytes_max)
{
    struct weft_tcp_arrival *arrival = &lane->arrival;
    uint64_t before_bytes = arrival->left_bytes;
    size_t got;

    if (!arrival->is_refused &&
        net->end.windows[arrival->window].conceal_count != arrival->conceal_count)
        arrival->is_refused = true;
    if (input_bytes(lane->channel) > 0) {
        payload_from_input(net, lane);
        got = (size_t)(before_bytes - arrival->left_bytes);
    } else {
        got = arrival->is_refused ? weft_tcp_frame_fill(lane->channel)
                                  : payload_from_channel(net, lane, bytes_max);
        lane->received_bytes += got;
    }
    if (arrival->left_bytes == 0)
        weft_tcp_frame_arrived(net, lane);
    return got;
}

/* ---- the lane ---- */

/* One frame, or a part of one; how much was read, 0 when there is no more. The lane may be dead
 * after it. */
static size_t step(struct weft_tcp_net *net, struct weft_tcp_lane *lane, uint64_t bytes_max)
{
    struct weft_tcp_channel *channel = lane->channel;
    struct weft_wire_head head;
    struct weft_reader body;
    enum weft_tcp_outcome outcome;
    size_t got;

    if (lane->arrival.sequence != 0)
        return payload_read(net, lane, weft_max(bytes_max, THROTTLED_READ_MIN));
    switch (weft_tcp_frame_look(channel, &head, &body)) {
    case WEFT_TCP_LOOK_MORE:
        got = weft_tcp_frame_fill(channel);
        lane->received_bytes += got;
        return got;
    case WEFT_TCP_LOOK_WRONG:
        weft_tcp_lane_die(net, lane, "the peer sent what is no frame");
        return 0;
    default:
        break;
    }
    outcome = weft_tcp_frame_apply(net, lane, &head, &body);
    if (lane->channel != channel)
        return 0;
    if (outcome == WEFT_TCP_WRONG) {
        weft_tcp_lane_die(net, lane, "the peer sent a frame that no peer sends");
        return 0;
    }
    lane->is_blocked = outcome == WEFT_TCP_BLOCKED;
    net->has_blocked = net->has_blocked || lane->is_blocked;
    if (lane->is_blocked)
        return 0;
    weft_tcp_frame_take(channel, &head);
    return WEFT_WIRE_HEAD_BYTES + head.body_bytes;
}

void weft_tcp_lane_read(struct weft_tcp_net *net, struct weft_tcp_lane *lane)
{
    struct weft_tcp_channel *channel = lane->channel;
    uint64_t done_bytes = 0;
    size_t got = 1;

    weft_tcp_shape_look(net, lane);
    while (lane->channel == channel && got > 0 && done_bytes < WEFT_TCP_BUDGET_BYTES) {
        uint64_t before_bytes = lane->received_bytes;
        uint64_t bytes_max = weft_tcp_shape_take(net, lane);

        if (bytes_max == 0)
            break;
        got = step(net, lane, bytes_max);
        /* What lay in the channel's memory was paid for when it was read. */
        weft_tcp_shape_taken(net, lane->nic, lane->received_bytes - before_bytes);
        done_bytes += got;
    }
    net->end.counts.received_bytes += done_bytes;
    if (lane->channel != channel)
        return;
    if (channel->state == WEFT_TCP_CHANNEL_BROKEN) {
        weft_tcp_lane_die(net, lane, channel->why);
        return;
    }
    weft_tcp_shape_put_off(net, lane);
    /* What epoll does not tell of is gone on with in the next poll. */
    lane->reads_again = got > 0 && !lane->is_throttled;
    if (got == 0 && lane->applied > lane->applied_told)
        lane->ack_due = true;
    if (lane->ack_held && lane->ack_due) {
        lane->ack_due = false;
        net->has_held = true;
    }
    if (lane->ack_due || lane->reads_again)
        weft_tcp_lane_touch(net, lane);
    weft_tcp_channel_watch(channel, weft_tcp_lane_is_reading(lane),
                           !weft_tcp_lane_is_idle(lane) || weft_tcp_channel_has_unsent(channel));
}
