/* Peers over UDP: dialled, up, lost, gone. */
#include "udp_peer.h"

#include "udp_net.h"

#define KNOCK_NS 2000000u

struct weft_udp_peer *weft_udp_peer_at(const struct weft_udp_net *net, uint32_t number)
{
    return (struct weft_udp_peer *)(void *)weft_net_peer_at(&net->end, number);
}

struct weft_net_peer *weft_udp_peer_make(struct weft_net_end *end,
                                         const struct weft_wire_address *address, bool is_dialler)
{
    const struct weft_udp_net *net = weft_udp_net_of((struct weft_net *)(void *)end);
    struct weft_net_peer *base = weft_net_peer_make(end, address, is_dialler, net->nic_count);
    struct weft_udp_peer *peer = (struct weft_udp_peer *)(void *)base;

    if (peer == NULL)
        return NULL;
    peer->session = NULL;
    peer->dial = NULL;
    peer->dial_at = end->now;
    peer->hold_ns = WEFT_UDP_HOLD_NS;
    peer->pair = 0;
    weft_net_end_wake_at(end, end->now);
    return base;
}

static void sessions_free(struct weft_udp_net *net, struct weft_udp_peer *peer)
{
    weft_udp_session_free(net, peer->dial);
    weft_udp_session_free(net, peer->session);
    peer->dial = NULL;
    peer->session = NULL;
}

void weft_udp_peer_gone(struct weft_udp_net *net, struct weft_udp_peer *peer, const char *why)
{
    sessions_free(net, peer);
    weft_net_peer_gone(&net->end, &peer->base, why);
}

void weft_udp_peer_close(struct weft_net *base, uint32_t number)
{
    struct weft_udp_net *net = weft_udp_net_of(base);
    struct weft_udp_peer *peer = weft_udp_peer_at(net, number);

    weft_assert(peer->base.state != WEFT_NET_PEER_STATE_FREE);
    if (peer->session != NULL)
        weft_udp_session_bye(net, peer->session);
    sessions_free(net, peer);
    weft_net_peer_free(&net->end, &peer->base);
}

void weft_udp_peer_attach(struct weft_udp_net *net, struct weft_udp_peer *peer,
                          struct weft_udp_session *session)
{
    session->peer = weft_net_peer_number(&net->end, &peer->base);
    weft_udp_session_set_state(session, WEFT_UDP_SESSION_UP);
    weft_udp_dial_end(net, session);
    if (peer->session != NULL) {
        weft_udp_parts_drop(net, peer->session);
        weft_udp_session_free(net, peer->session);
    }
    peer->session = session;
    peer->hold_ns = WEFT_UDP_HOLD_NS;
    peer->base.is_dialler = session->is_initiator;
    if (peer->base.state != WEFT_NET_PEER_STATE_UP)
        weft_net_peer_reached(&net->end, &peer->base);
}

void weft_udp_peer_judge(struct weft_udp_net *net, struct weft_udp_peer *peer)
{
    const struct weft_udp_session *session = peer->session;
    bool is_up = false;

    for (uint32_t l = 0; l < session->lane_count && !session->is_lost; l++)
        is_up = is_up || weft_udp_lane_is_up(&session->lanes[l]);
    if (is_up && peer->base.state == WEFT_NET_PEER_STATE_LOST)
        weft_net_peer_reached(&net->end, &peer->base);
    else if (!is_up && peer->base.state == WEFT_NET_PEER_STATE_UP)
        weft_net_peer_lost(&net->end, &peer->base, "all lanes to the peer have died");
}

void weft_udp_peer_refused(struct weft_udp_net *net, struct weft_udp_peer *peer, uint32_t peer_nic)
{
    if (peer->session == NULL)
        return;
    if (weft_net_peer_refused(&peer->base, peer_nic)) {
        weft_udp_peer_gone(net, peer,
                           "all NICs of the peer refuse datagrams: its process has ended");
        return;
    }
    if (peer->session->knock_at == WEFT_NEVER)
        peer->session->knock_at = net->end.now;
}

/* Whether the other NICs refuse, too. */
static weft_ns knock(struct weft_udp_net *net, struct weft_udp_peer *peer)
{
    struct weft_udp_session *session = peer->session;

    if (net->end.now < session->knock_at)
        return session->knock_at;
    session->knock_at = peer->base.refusing == 0 ? WEFT_NEVER : net->end.now + KNOCK_NS;
    if (session->knock_at == WEFT_NEVER)
        return WEFT_NEVER;
    weft_udp_session_knock(net, session);
    return net->end.now + KNOCK_NS;
}

weft_ns weft_udp_peer_tick(struct weft_udp_net *net, struct weft_udp_peer *peer)
{
    weft_ns next = weft_net_peer_tick(&net->end, &peer->base);

    if (peer->session != NULL && peer->session->knock_at != WEFT_NEVER)
        next = weft_min(next, knock(net, peer));
    if (peer->base.state != WEFT_NET_PEER_STATE_DIALLING || peer->dial != NULL)
        return next;
    if (net->end.now < peer->dial_at)
        return weft_min(next, peer->dial_at);
    weft_udp_dial_start(net, peer);
    return net->end.now;
}

weftResult_t weft_udp_copy(struct weft_net *base, const struct weft_copy *copy)
{
    struct weft_udp_net *net = weft_udp_net_of(base);
    struct weft_udp_peer *peer;
    struct weft_udp_lane *lane;
    uint32_t listed = 0;
    uint32_t number = 0;

    WEFT_TRY(weft_net_copy_check(&net->end, copy, &number));
    peer = weft_udp_peer_at(net, number);
    if (peer->session == NULL || peer->base.state != WEFT_NET_PEER_STATE_UP)
        return weftRemoteError;
    lane = &peer->session->lanes[copy->lane];
    if (!weft_udp_lane_is_up(lane))
        return weftRemoteError;
    for (uint32_t i = 0; i < WEFT_NET_CLASSES; i++)
        listed += lane->copies[i].count;
    if (listed >= WEFT_UDP_COPIES_MAX || !weft_net_copy_begin(&net->end, copy))
        return weftNoResource;
    net->cursors[copy->cookie] =
        (struct weft_udp_cursor){.block = net->end.operations[copy->cookie].first_block};
    weft_list_append(&lane->copies[weft_net_class_of(&net->end.operations[copy->cookie])],
                     net->end.links, copy->cookie);
    peer->session->has_more = true;
    return weftSuccess;
}
