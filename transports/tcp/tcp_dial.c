/* Dialling: the attempts to give a lane a connection.
 *
 * A lane's own pair of NICs is its number modulo their counts. While no lane is up, lane 0 tries
 * one pair after the other. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tcp_net.h"

void weft_tcp_dial_hold(struct weft_tcp_net *net, struct weft_tcp_lane *lane)
{
    bool dials = net->peers[lane->peer].base.is_dialler;

    lane->dial_at = net->end.now + lane->hold_ns + (dials ? 0 : WEFT_TCP_PASSIVE_NS);
    lane->hold_ns = weft_min(lane->hold_ns * 2, WEFT_TCP_HOLD_NS_MAX);
    weft_net_end_wake_at(&net->end, lane->dial_at);
}

static void dial_now(struct weft_tcp_net *net, struct weft_tcp_lane *lane)
{
    lane->dial_at = net->end.now;
    weft_net_end_wake_at(&net->end, lane->dial_at);
}

void weft_tcp_dial_drop(struct weft_tcp_net *net, struct weft_tcp_lane *lane)
{
    weft_tcp_net_discard(net, lane->dial);
    lane->dial = NULL;
}

static const char *error_name(int error, char text[64])
{
    if (error == 0)
        return "";
    return strerror_r(error, text, 64);
}

static void attempt_failed(struct weft_tcp_net *net, struct weft_tcp_lane *lane, uint32_t nic,
                           uint32_t peer_nic, int error, const char *why)
{
    struct weft_tcp_peer *peer = &net->peers[lane->peer];
    bool is_new = (peer->base.refusing >> peer_nic & 1) == 0;
    char text[64];

    if (peer->base.state == WEFT_NET_PEER_STATE_UP) {
        weft_tcp_dial_hold(net, lane);
        return;
    }
    (void)snprintf(peer->base.why, sizeof(peer->base.why),
                   "the peer cannot be reached; the last attempt, from NIC %u to its NIC %u, port "
                   "%u: %s%s%s",
                   nic, peer_nic, peer->base.address.nics[peer_nic].port, why,
                   error != 0 ? ": " : "", error_name(error, text));
    if (error == ECONNREFUSED && weft_net_peer_refused(&peer->base, peer_nic)) {
        weft_tcp_peer_gone(net, peer,
                           "all NICs of the peer refuse connections: its process has ended");
        return;
    }
    /* The first refusal of a NIC is soon had, and with those of all others says that it is over. */
    if (error == ECONNREFUSED && is_new)
        dial_now(net, lane);
    else
        weft_tcp_dial_hold(net, lane);
}

void weft_tcp_dial_fail(struct weft_tcp_net *net, struct weft_tcp_lane *lane, int error,
                        const char *why)
{
    struct weft_tcp_channel *dial = lane->dial;

    weft_tcp_dial_drop(net, lane);
    attempt_failed(net, lane, dial->nic, dial->peer_nic, error, why);
}

void weft_tcp_dial_start(struct weft_tcp_net *net, struct weft_tcp_lane *lane)
{
    struct weft_tcp_peer *peer = &net->peers[lane->peer];
    uint32_t nic = lane->number % net->nic_count;
    uint32_t peer_nic = lane->number % peer->base.address.nic_count;
    int error = 0;

    if (lane->number == 0 && peer->base.state != WEFT_NET_PEER_STATE_UP) {
        nic = peer->pair / peer->base.address.nic_count % net->nic_count;
        peer_nic = peer->pair % peer->base.address.nic_count;
        peer->pair++;
    }
    if (net->nics[nic].pace.shape.state == WEFT_NET_SHAPE_CUT) {
        attempt_failed(net, lane, nic, peer_nic, ENETDOWN, "its NIC is cut");
        return;
    }
    lane->dial = weft_tcp_channel_dial(
        net->end.epoll_fd, net->nics[nic].is_any ? NULL : &net->nics[nic].local,
        &peer->base.address.nics[peer_nic], net->mode, peer->base.address.secret, &error);
    if (lane->dial == NULL) {
        attempt_failed(net, lane, nic, peer_nic, error, "it cannot be connected");
        return;
    }
    lane->dial->role = WEFT_TCP_DIAL;
    lane->dial->peer = lane->peer;
    lane->dial->lane = lane->number;
    lane->dial->nic = nic;
    lane->dial->peer_nic = peer_nic;
    lane->dial->deadline_at = net->end.now + WEFT_TCP_DIAL_NS;
    lane->generation_dial = weft_max(lane->generation_seen, lane->generation) + 1;
    lane->generation_seen = lane->generation_dial;
    weft_net_end_wake_at(&net->end, lane->dial->deadline_at);
}

/* The WELCOME, when it is here. */
static void await_welcome(struct weft_tcp_net *net, struct weft_tcp_lane *lane)
{
    struct weft_tcp_channel *dial = lane->dial;
    struct weft_wire_head head;
    struct weft_reader body;
    enum weft_tcp_look look;

    do
        look = weft_tcp_frame_look(dial, &head, &body);
    while (look == WEFT_TCP_LOOK_MORE && weft_tcp_frame_fill(dial) > 0);
    if (look == WEFT_TCP_LOOK_MORE)
        return;
    if (look == WEFT_TCP_LOOK_WRONG || head.kind != WEFT_WIRE_WELCOME) {
        weft_tcp_dial_fail(net, lane, 0, "its answer is no WELCOME");
        return;
    }
    weft_tcp_frame_take(dial, &head);
    weft_tcp_welcome_receive(net, lane, &body);
}

void weft_tcp_dial_advance(struct weft_tcp_net *net, struct weft_tcp_lane *lane)
{
    struct weft_tcp_channel *dial = lane->dial;
    bool was_open = dial->state == WEFT_TCP_CHANNEL_OPEN;

    weft_tcp_channel_advance(dial);
    if (!net->peers[lane->peer].base.has_secret && dial->state == WEFT_TCP_CHANNEL_GREETING) {
        weft_tcp_dial_fail(net, lane, 0, "it listens, and only it can dial");
        return;
    }
    if (dial->state == WEFT_TCP_CHANNEL_OPEN && !was_open)
        weft_tcp_hello_put(net, lane);
    if (dial->state == WEFT_TCP_CHANNEL_OPEN) {
        bool waits;

        while (weft_tcp_batch_write(&lane->batch, dial, UINT64_MAX) > 0)
            ;
        waits = !weft_tcp_batch_is_empty(&lane->batch) || weft_tcp_channel_has_unsent(dial);
        weft_tcp_channel_watch(dial, true, waits);
        if (!waits)
            await_welcome(net, lane);
    }
    if (lane->dial == dial && dial->state == WEFT_TCP_CHANNEL_BROKEN)
        weft_tcp_dial_fail(net, lane, dial->error, dial->why);
}
