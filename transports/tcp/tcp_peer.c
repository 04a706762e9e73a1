/* Peers and their lanes: from peer_open, or their first HELLO, to peer_close. */
#include <stdlib.h>

#include "tcp_net.h"

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

struct weft_tcp_lane *weft_tcp_peer_lane(struct weft_tcp_peer *peer)
{
    struct weft_tcp_lane *best = NULL;

    for (uint32_t i = 0; i < peer->base.lane_count; i++) {
        struct weft_tcp_lane *lane = &peer->lanes[i];

        if (!weft_tcp_lane_is_live(lane))
            continue;
        if (best == NULL || lane->state < best->state ||
            (lane->state == best->state &&
             lane->queued_bytes - lane->sent_bytes < best->queued_bytes - best->sent_bytes))
            best = lane;
    }
    return best;
}

void weft_tcp_peer_lane_up(struct weft_tcp_net *net, struct weft_tcp_peer *peer)
{
    struct weft_tcp_lane *lane;

    if (peer->base.state != WEFT_NET_PEER_STATE_UP) {
        weft_net_peer_reached(&net->end, &peer->base);
        lane = weft_tcp_peer_lane(peer);
        peer->base.is_dialler = lane->channel->is_initiator;
        if (peer->base.waiting.count > 0)
            weft_tcp_lane_touch(net, lane);
    }
    weft_tcp_fence_ask(net, peer);
}

void weft_tcp_peer_lane_down(struct weft_tcp_net *net, struct weft_tcp_peer *peer)
{
    struct weft_tcp_lane *lane = weft_tcp_peer_lane(peer);

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
    weft_ns next = WEFT_NEVER;

    for (uint32_t i = 0; i < peer->base.lane_count; i++)
        next = weft_min(next, weft_tcp_lane_tick(net, &peer->lanes[i]));
    return weft_min(next, weft_net_peer_tick(&net->end, &peer->base));
}
