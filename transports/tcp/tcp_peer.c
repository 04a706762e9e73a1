/* Peers and their lanes: from peer_open, or their first HELLO, to peer_close. */
#include <stdlib.h>

#include "tcp_net.h"

#define DETOUR 2 /* a lane is worth another's turn when it is so many times as fast */

struct weft_net_peer *weft_tcp_peer_make(struct weft_net_end *end,
                                         const struct weft_wire_address *address, bool is_dialler)
{
    struct weft_tcp_net *net = weft_tcp_net_of((struct weft_net *)(void *)end);
    struct weft_net_peer *base = weft_net_peer_make(end, address, is_dialler, net->nic_count);
    struct weft_tcp_peer *peer = (struct weft_tcp_peer *)(void *)base;

    if (peer == NULL)
        return NULL;
    peer->lanes = calloc(base->lane_count, sizeof(*peer->lanes));
    if (peer->lanes == NULL) {
        weft_net_peer_free(end, base);
        return NULL;
    }
    for (uint32_t i = 0; i < base->lane_count; i++)
        weft_tcp_lane_init(net, &peer->lanes[i], weft_net_peer_number(end, base), i);
    return base;
}

static void lanes_close(struct weft_tcp_net *net, struct weft_tcp_peer *peer)
{
    for (uint32_t i = 0; i < peer->base.lane_count; i++)
        weft_tcp_lane_close(net, &peer->lanes[i]);
}

void weft_tcp_peer_gone(struct weft_tcp_net *net, struct weft_tcp_peer *peer, const char *why)
{
    lanes_close(net, peer);
    weft_net_peer_gone(&net->end, &peer->base, why);
}

static void peer_free(struct weft_tcp_net *net, struct weft_tcp_peer *peer)
{
    uint32_t number = weft_net_peer_number(&net->end, &peer->base);
    uint32_t kept = 0;

    lanes_close(net, peer);
    for (uint32_t i = 0; i < net->dirty_count; i++)
        if (net->dirty[i]->peer != number)
            net->dirty[kept++] = net->dirty[i];
    net->dirty_count = kept;
    free(peer->lanes);
    weft_net_peer_free(&net->end, &peer->base);
}

void weft_tcp_peer_close(struct weft_net *base, uint32_t number)
{
    struct weft_tcp_net *net = weft_tcp_net_of(base);

    weft_assert(number < net->end.env.peers_max);
    weft_assert(net->peers[number].base.state != WEFT_NET_PEER_STATE_FREE);
    weft_tcp_bye(&net->peers[number]);
    peer_free(net, &net->peers[number]);
}

/* ---- lanes ---- */

/* When a frame that is sent now would be acknowledged. */
static weft_ns lane_expects_ns(const struct weft_tcp_net *net, const struct weft_tcp_lane *lane)
{
    return weft_tcp_pulse_expect(&lane->pulse, weft_tcp_lane_unacked(lane), net->end.now);
}

struct weft_tcp_lane *weft_tcp_peer_lane(struct weft_tcp_net *net, const struct weft_tcp_peer *peer)
{
    struct weft_tcp_lane *best = NULL;
    weft_ns best_ns = WEFT_NEVER;

    for (uint32_t i = 0; i < peer->base.lane_count; i++) {
        struct weft_tcp_lane *lane = &peer->lanes[i];
        weft_ns expected_ns;

        if (!weft_tcp_lane_is_live(lane))
            continue;
        expected_ns = lane_expects_ns(net, lane);
        if (best == NULL || lane->state < best->state ||
            (lane->state == best->state && expected_ns < best_ns)) {
            best = lane;
            best_ns = expected_ns;
        }
    }
    return best;
}

bool weft_tcp_peer_waits_for(struct weft_tcp_net *net, const struct weft_tcp_peer *peer,
                             const struct weft_tcp_lane *lane)
{
    struct weft_tcp_lane *best;

    if (peer->base.waiting.count == 0)
        return false;
    best = weft_tcp_peer_lane(net, peer);
    if (best == lane || (best->state == lane->state &&
                         lane_expects_ns(net, lane) / DETOUR <= lane_expects_ns(net, best)))
        return true;
    weft_tcp_lane_touch(net, best);
    return false;
}

void weft_tcp_peer_lane_up(struct weft_tcp_net *net, struct weft_tcp_peer *peer)
{
    struct weft_tcp_lane *lane;

    if (peer->base.state != WEFT_NET_PEER_STATE_UP) {
        weft_net_peer_reached(&net->end, &peer->base);
        lane = weft_tcp_peer_lane(net, peer);
        peer->base.is_dialler = lane->channel->is_initiator;
        if (peer->base.waiting.count > 0)
            weft_tcp_lane_touch(net, lane);
    }
    weft_tcp_fence_ask(net, peer);
}

void weft_tcp_peer_lane_down(struct weft_tcp_net *net, struct weft_tcp_peer *peer)
{
    struct weft_tcp_lane *lane = weft_tcp_peer_lane(net, peer);

    if (lane != NULL) {
        weft_tcp_fence_ask(net, peer);
        if (peer->base.waiting.count > 0)
            weft_tcp_lane_touch(net, lane);
        return;
    }
    if (peer->base.state != WEFT_NET_PEER_STATE_UP)
        return;
    weft_net_peer_lost(&net->end, &peer->base, "all lanes to the peer have died");
    peer->pair = 0;
}

weft_ns weft_tcp_peer_tick(struct weft_tcp_net *net, struct weft_tcp_peer *peer)
{
    struct weft_tcp_lane *lane = weft_tcp_peer_lane(net, peer);
    weft_ns next = WEFT_NEVER;

    /* The lane that seemed the fastest may stand still. */
    if (lane != NULL && peer->base.waiting.count > 0)
        weft_tcp_lane_touch(net, lane);
    for (uint32_t i = 0; i < peer->base.lane_count; i++)
        next = weft_min(next, weft_tcp_lane_tick(net, &peer->lanes[i]));
    return weft_min(next, weft_net_peer_tick(&net->end, &peer->base));
}
