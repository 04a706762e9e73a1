/* Lanes: their states, and when one is silent for too long.
 *
 * Progress is an ack of the peer or of its kernel, or a byte that comes in: the peer's next byte
 * needs our kernel's acks to get through, and its own acks may be behind a long payload. A lane
 * with nothing to be acknowledged is pinged. */
#include <stdio.h>
#include <string.h>

#include "tcp_net.h"

#define TO(state)        (1u << WEFT_TCP_LANE_##state)
#define LOOKS            4  /* at a lane in the time that it may be silent */
#define FORGIVE_PER_HOLD 16 /* a lane that was up so many holds is met with half the hold */

static const unsigned next_states[WEFT_TCP_LANE_STATES] = {
    [WEFT_TCP_LANE_CLOSED] = TO(UP),
    [WEFT_TCP_LANE_UP] = TO(SUSPECT) | TO(DEAD),
    [WEFT_TCP_LANE_SUSPECT] = TO(UP) | TO(DEAD),
    [WEFT_TCP_LANE_DEAD] = TO(CLOSED),
};

static const char *const state_names[WEFT_TCP_LANE_STATES] = {
    [WEFT_TCP_LANE_CLOSED] = "closed",
    [WEFT_TCP_LANE_UP] = "up",
    [WEFT_TCP_LANE_SUSPECT] = "suspect",
    [WEFT_TCP_LANE_DEAD] = "dead",
};

const char *weft_tcp_lane_state_name(enum weft_tcp_lane_state state)
{
    return (unsigned)state < WEFT_TCP_LANE_STATES ? state_names[state] : "?";
}

static void set_state(struct weft_tcp_lane *lane, enum weft_tcp_lane_state state)
{
    weft_assert((next_states[lane->state] >> state & 1) != 0);
    lane->state = state;
}

static void check(const struct weft_tcp_lane *lane)
{
    weft_assert(weft_tcp_lane_is_live(lane) == (lane->channel != NULL));
    weft_assert(lane->dial == NULL || lane->channel == NULL);
    weft_assert(lane->acked <= lane->sent);
    weft_assert(lane->sent - lane->acked <= WEFT_WIRE_UNACKED_MAX);
    weft_assert(lane->state != WEFT_TCP_LANE_CLOSED || lane->sent == lane->acked);
    weft_assert(lane->sent_bytes <= lane->queued_bytes || !weft_tcp_lane_is_live(lane));
}

bool weft_tcp_lane_is_live(const struct weft_tcp_lane *lane)
{
    return lane->state == WEFT_TCP_LANE_UP || lane->state == WEFT_TCP_LANE_SUSPECT;
}

void weft_tcp_lane_init(struct weft_tcp_net *net, struct weft_tcp_lane *lane, uint32_t peer,
                        uint32_t number)
{
    lane->state = WEFT_TCP_LANE_CLOSED;
    lane->peer = peer;
    lane->number = number;
    lane->nic = number % net->nic_count;
    lane->peer_nic = number % net->peers[peer].base.address.nic_count;
    lane->hold_ns = WEFT_TCP_HOLD_NS;
    lane->dial_at = net->end.now + (net->peers[peer].base.is_dialler ? 0 : WEFT_TCP_PASSIVE_NS);
    weft_tcp_queue_init(&lane->queue);
    weft_tcp_batch_reset(&lane->batch);
    weft_net_end_wake_at(&net->end, lane->dial_at);
}

bool weft_tcp_lane_is_idle(const struct weft_tcp_lane *lane)
{
    return weft_tcp_batch_is_empty(&lane->batch) && !weft_tcp_queue_is_cutting(&lane->queue);
}

uint64_t weft_tcp_lane_unacked(const struct weft_tcp_lane *lane)
{
    return lane->sent == lane->acked
               ? 0
               : lane->ends_bytes[lane->sent % WEFT_WIRE_UNACKED_MAX] - lane->acked_bytes;
}

bool weft_tcp_lane_is_reading(const struct weft_tcp_lane *lane)
{
    return !lane->is_blocked && !lane->is_throttled && !lane->is_delayed;
}

void weft_tcp_lane_touch(struct weft_tcp_net *net, struct weft_tcp_lane *lane)
{
    if (lane->is_dirty)
        return;
    weft_assert(net->dirty_count < net->dirty_max);
    lane->is_dirty = true;
    net->dirty[net->dirty_count++] = lane;
}

/* What belongs to one generation alone. */
static void clear(struct weft_tcp_lane *lane)
{
    weft_tcp_batch_reset(&lane->batch);
    lane->ack_due = false;
    lane->ack_held = false;
    lane->ping_due = false;
    lane->fence_due = false;
    lane->reply.count = 0;
    lane->refusal_count = 0;
    lane->is_blocked = false;
    lane->is_throttled = false;
    lane->is_delayed = false;
    lane->reads_again = false;
    lane->unacked_bytes = 0;
    lane->unacked_frames = 0;
    lane->arrival.sequence = 0;
}

void weft_tcp_lane_raise(struct weft_tcp_net *net, struct weft_tcp_lane *lane,
                         struct weft_tcp_channel *channel, uint64_t generation)
{
    weft_assert(lane->sent == lane->acked);
    weft_assert(generation > lane->generation);
    set_state(lane, WEFT_TCP_LANE_UP);
    clear(lane);
    channel->role = WEFT_TCP_LANE;
    channel->peer = lane->peer;
    channel->lane = lane->number;
    channel->deadline_at = WEFT_NEVER;
    lane->channel = channel;
    lane->nic = channel->nic;
    lane->peer_nic = channel->peer_nic;
    lane->generation = generation;
    lane->generation_seen = weft_max(lane->generation_seen, generation);
    lane->sent = 0;
    lane->acked = 0;
    lane->applied = 0;
    lane->applied_told = 0;
    memset(lane->refused, 0, sizeof(lane->refused));
    lane->queued_bytes = lane->sent_bytes;
    lane->acked_bytes = lane->sent_bytes;
    weft_tcp_pulse_init(&lane->pulse);
    lane->raised_at = net->end.now;
    lane->progress_at = net->end.now;
    lane->progress_mark = 0;
    weft_tcp_channel_watch(channel, true, false);
    /* What came along with a WELCOME is in the channel's memory: epoll does not tell of it. */
    lane->reads_again = true;
    weft_net_end_wake_at(&net->end, net->end.now + net->end.env.silence_ns / 2);
    weft_tcp_lane_touch(net, lane);
    weft_tcp_peer_lane_up(net, &net->peers[lane->peer]);
    check(lane);
}

void weft_tcp_lane_die(struct weft_tcp_net *net, struct weft_tcp_lane *lane, const char *why)
{
    struct weft_tcp_peer *peer = &net->peers[lane->peer];
    char text[256];

    set_state(lane, WEFT_TCP_LANE_DEAD);
    (void)snprintf(text, sizeof(text), "tcp: lane %u to peer %u, NIC %u to NIC %u, is dead: %s",
                   lane->number, lane->peer, lane->nic, lane->peer_nic, why);
    net->end.env.log(1, text);
    weft_tcp_net_discard(net, lane->channel);
    lane->channel = NULL;
    weft_tcp_queue_drop(&lane->queue, &net->end);
    clear(lane);
    for (weft_ns up_ns = net->end.now - lane->raised_at;
         up_ns > lane->hold_ns * FORGIVE_PER_HOLD && lane->hold_ns > WEFT_TCP_HOLD_NS;)
        lane->hold_ns /= 2;
    weft_tcp_dial_hold(net, lane);
    weft_tcp_peer_lane_down(net, peer);
    check(lane);
}

void weft_tcp_lane_close(struct weft_tcp_net *net, struct weft_tcp_lane *lane)
{
    weft_tcp_net_discard(net, lane->channel);
    weft_tcp_net_discard(net, lane->dial);
    lane->channel = NULL;
    lane->dial = NULL;
    clear(lane);
    weft_tcp_queue_init(&lane->queue);
    lane->sent = lane->acked;
    if (weft_tcp_lane_is_live(lane))
        set_state(lane, WEFT_TCP_LANE_DEAD);
    if (lane->state == WEFT_TCP_LANE_DEAD)
        set_state(lane, WEFT_TCP_LANE_CLOSED);
    check(lane);
}

void weft_tcp_lane_settle(struct weft_tcp_net *net, struct weft_tcp_lane *lane)
{
    weft_assert(lane->sent == lane->acked);
    set_state(lane, WEFT_TCP_LANE_CLOSED);
    net->end.counts.fences++;
    check(lane);
}

void weft_tcp_lane_progress(struct weft_tcp_net *net, struct weft_tcp_lane *lane)
{
    lane->progress_at = net->end.now;
    if (lane->state == WEFT_TCP_LANE_SUSPECT)
        set_state(lane, WEFT_TCP_LANE_UP);
    check(lane);
}

static weft_ns watch_silence(struct weft_tcp_net *net, struct weft_tcp_lane *lane)
{
    weft_ns silence_ns = net->end.env.silence_ns;
    uint64_t mark;

    if (lane->sent == lane->acked && weft_tcp_lane_is_idle(lane)) {
        weft_ns ping_at = lane->progress_at + silence_ns / 2;

        if (net->end.now < ping_at)
            return ping_at;
        lane->ping_due = true;
        weft_tcp_lane_touch(net, lane);
        return net->end.now + silence_ns / LOOKS;
    }
    mark = lane->acked + lane->received_bytes + lane->sent_bytes -
           weft_tcp_channel_unacked(lane->channel);
    /* Who waits for tokens of its NIC is not silent, but slow by order. */
    if (mark != lane->progress_mark || weft_tcp_shape_is_pacing(net, lane->nic)) {
        lane->progress_mark = mark;
        weft_tcp_lane_progress(net, lane);
    }
    if (net->end.now - lane->progress_at >= silence_ns) {
        weft_tcp_lane_die(net, lane, "it has made no progress for too long (silence_ns)");
        return lane->dial_at;
    }
    if (net->end.now - lane->progress_at >= silence_ns / 2 && lane->state == WEFT_TCP_LANE_UP)
        set_state(lane, WEFT_TCP_LANE_SUSPECT);
    return net->end.now + silence_ns / LOOKS;
}

weft_ns weft_tcp_lane_tick(struct weft_tcp_net *net, struct weft_tcp_lane *lane)
{
    if (lane->dial != NULL && net->end.now >= lane->dial->deadline_at)
        weft_tcp_dial_fail(net, lane, 0, "it does not answer");
    if (weft_tcp_lane_is_live(lane))
        return watch_silence(net, lane);
    if (net->peers[lane->peer].base.state == WEFT_NET_PEER_STATE_GONE)
        return WEFT_NEVER;
    if (lane->dial == NULL && net->end.now >= lane->dial_at)
        weft_tcp_dial_start(net, lane);
    return lane->dial != NULL ? lane->dial->deadline_at : lane->dial_at;
}

weftResult_t weft_tcp_copy(struct weft_net *base, const struct weft_copy *copy)
{
    struct weft_tcp_net *net = weft_tcp_net_of(base);
    struct weft_tcp_lane *lane;
    uint32_t peer = 0;

    WEFT_TRY(weft_net_copy_check(&net->end, copy, &peer));
    lane = &net->peers[peer].lanes[copy->lane];
    if (!weft_tcp_lane_is_live(lane))
        return weftRemoteError;
    if (lane->state != WEFT_TCP_LANE_UP || lane->queue.count >= WEFT_TCP_COPIES_MAX ||
        !weft_net_copy_begin(&net->end, copy))
        return weftNoResource;
    weft_tcp_queue_append(&lane->queue, &net->end, copy->cookie);
    weft_tcp_lane_touch(net, lane);
    return weftSuccess;
}
