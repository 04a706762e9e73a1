/* Peers: from peer_open, or their first HELLO, to peer_close. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "tcp_net.h"

#define TO(state) (1u << WEFT_TCP_PEER_##state)

static const unsigned next_states[WEFT_TCP_PEER_STATES] = {
    [WEFT_TCP_PEER_FREE] = TO(DIALLING),
    [WEFT_TCP_PEER_DIALLING] = TO(UP) | TO(GONE) | TO(FREE),
    [WEFT_TCP_PEER_UP] = TO(LOST) | TO(GONE) | TO(FREE),
    [WEFT_TCP_PEER_LOST] = TO(UP) | TO(GONE) | TO(FREE),
    [WEFT_TCP_PEER_GONE] = TO(FREE),
};

static const char *const state_names[WEFT_TCP_PEER_STATES] = {
    [WEFT_TCP_PEER_FREE] = "free", [WEFT_TCP_PEER_DIALLING] = "dialling", [WEFT_TCP_PEER_UP] = "up",
    [WEFT_TCP_PEER_LOST] = "lost", [WEFT_TCP_PEER_GONE] = "gone",
};

const char *weft_tcp_peer_state_name(enum weft_tcp_peer_state state)
{
    return (unsigned)state < WEFT_TCP_PEER_STATES ? state_names[state] : "?";
}

static void set_state(struct weft_tcp_net *net, struct weft_tcp_peer *peer,
                      enum weft_tcp_peer_state state)
{
    weft_assert((next_states[peer->state] >> state & 1) != 0);
    peer->state = state;
    net->has_news = true;
}

uint32_t weft_tcp_peer_number(const struct weft_tcp_net *net, const struct weft_tcp_peer *peer)
{
    return (uint32_t)(peer - net->peers);
}

struct weft_tcp_peer *weft_tcp_peer_find(struct weft_tcp_net *net, uint64_t incarnation)
{
    for (uint32_t i = 0; i < net->env.peers_max; i++)
        if (net->peers[i].state != WEFT_TCP_PEER_FREE && net->peers[i].incarnation == incarnation)
            return &net->peers[i];
    return NULL;
}

static struct weft_tcp_peer *place_take(struct weft_tcp_net *net)
{
    for (uint32_t i = 0; i < net->env.peers_max; i++)
        if (net->peers[i].state == WEFT_TCP_PEER_FREE)
            return &net->peers[i];
    return NULL;
}

static bool has_secret(const struct weft_wire_address *address)
{
    static const uint8_t zero[WEFT_WIRE_SECRET_BYTES];

    return memcmp(address->secret, zero, sizeof(zero)) != 0;
}

struct weft_tcp_peer *weft_tcp_peer_make(struct weft_tcp_net *net,
                                         const struct weft_wire_address *address, bool is_dialler)
{
    struct weft_tcp_peer *peer = place_take(net);
    struct weft_tcp_peer made = {.is_dialler = is_dialler,
                                 .has_secret = is_dialler || has_secret(address),
                                 .lost_at = net->now,
                                 .address = *address,
                                 .incarnation = address->incarnation};

    if (peer == NULL)
        return NULL;
    made.lane_count = (uint32_t)weft_max(net->nic_count, made.address.nic_count);
    made.hello = malloc(WEFT_NET_HELLO_BYTES);
    made.lanes = calloc(made.lane_count, sizeof(*made.lanes));
    if (made.hello == NULL || made.lanes == NULL) {
        free(made.hello);
        free(made.lanes);
        return NULL;
    }
    made.session = ++net->session_last;
    weft_list_init(&made.waiting);
    *peer = made;
    set_state(net, peer, WEFT_TCP_PEER_DIALLING);
    for (uint32_t i = 0; i < peer->lane_count; i++)
        weft_tcp_lane_init(net, &peer->lanes[i], weft_tcp_peer_number(net, peer), i);
    weft_tcp_net_wake_at(net, weft_add_sat(net->now, net->env.dial_ns));
    return peer;
}

weftResult_t weft_tcp_peer_open(struct weft_net *base, const uint8_t bytes[WEFT_NET_ADDRESS_BYTES],
                                uint32_t *number)
{
    struct weft_tcp_net *net = weft_tcp_net_of(base);
    struct weft_wire_address address;
    struct weft_tcp_peer *peer;

    if (!weft_wire_get_address(bytes, &address) || address.incarnation == net->env.incarnation)
        return weftInvalidArgument;
    net->now = weft_tcp_now();
    peer = weft_tcp_peer_find(net, address.incarnation);
    if (peer == NULL)
        peer = weft_tcp_peer_make(net, &address, true);
    if (peer == NULL)
        return weftNoResource;
    /* Of a peer that dialled us the secret may not have been known. */
    if (!peer->has_secret)
        memcpy(peer->address.secret, address.secret, sizeof(address.secret));
    peer->has_secret = true;
    peer->told = WEFT_TCP_TOLD_NOTHING;
    peer->was_up = peer->was_up && peer->state != WEFT_TCP_PEER_GONE;
    net->has_news = true;
    *number = weft_tcp_peer_number(net, peer);
    return weftSuccess;
}

static void lanes_close(struct weft_tcp_net *net, struct weft_tcp_peer *peer)
{
    for (uint32_t i = 0; i < peer->lane_count; i++)
        weft_tcp_lane_close(net, &peer->lanes[i]);
}

void weft_tcp_peer_gone(struct weft_tcp_net *net, struct weft_tcp_peer *peer, const char *why)
{
    weft_text_copy(peer->why, sizeof(peer->why), why);
    lanes_close(net, peer);
    set_state(net, peer, WEFT_TCP_PEER_GONE);
    weft_tcp_operations_end(net, weft_tcp_peer_number(net, peer), weftRemoteError);
}

static void peer_free(struct weft_tcp_net *net, struct weft_tcp_peer *peer)
{
    uint32_t kept = 0;

    lanes_close(net, peer);
    weft_tcp_operations_end(net, weft_tcp_peer_number(net, peer), weftUnknown);
    for (uint32_t i = 0; i < net->dirty_count; i++)
        if (net->dirty[i]->peer != weft_tcp_peer_number(net, peer))
            net->dirty[kept++] = net->dirty[i];
    net->dirty_count = kept;
    free(peer->hello);
    free(peer->lanes);
    set_state(net, peer, WEFT_TCP_PEER_FREE);
    *peer = (struct weft_tcp_peer){.state = WEFT_TCP_PEER_FREE};
}

void weft_tcp_peer_close(struct weft_net *base, uint32_t number)
{
    struct weft_tcp_net *net = weft_tcp_net_of(base);

    weft_assert(number < net->env.peers_max);
    weft_assert(net->peers[number].state != WEFT_TCP_PEER_FREE);
    weft_tcp_bye(&net->peers[number]);
    peer_free(net, &net->peers[number]);
}

/* ---- lanes ---- */

struct weft_tcp_lane *weft_tcp_peer_lane(struct weft_tcp_peer *peer)
{
    struct weft_tcp_lane *best = NULL;

    for (uint32_t i = 0; i < peer->lane_count; i++) {
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

    if (peer->state != WEFT_TCP_PEER_UP) {
        set_state(net, peer, WEFT_TCP_PEER_UP);
        peer->was_up = true;
        peer->is_overdue = false;
        lane = weft_tcp_peer_lane(peer);
        peer->is_dialler = lane->channel->is_initiator;
        if (peer->waiting.count > 0)
            weft_tcp_lane_touch(net, lane);
    }
    weft_tcp_fence_ask(net, peer);
}

void weft_tcp_peer_lane_down(struct weft_tcp_net *net, struct weft_tcp_peer *peer)
{
    struct weft_tcp_lane *lane = weft_tcp_peer_lane(peer);

    if (lane != NULL) {
        weft_tcp_fence_ask(net, peer);
        if (peer->waiting.count > 0)
            weft_tcp_lane_touch(net, lane);
        return;
    }
    if (peer->state != WEFT_TCP_PEER_UP)
        return;
    set_state(net, peer, WEFT_TCP_PEER_LOST);
    peer->lost_at = net->now;
    peer->refusing = 0;
    peer->pair = 0;
    (void)snprintf(peer->why, sizeof(peer->why), "all lanes to the peer have died");
    weft_tcp_net_wake_at(net, weft_add_sat(net->now, net->env.dial_ns));
}

weft_ns weft_tcp_peer_tick(struct weft_tcp_net *net, struct weft_tcp_peer *peer)
{
    weft_ns next = WEFT_NEVER;
    weft_ns overdue_at = weft_add_sat(peer->lost_at, net->env.dial_ns);

    for (uint32_t i = 0; i < peer->lane_count; i++)
        next = weft_min(next, weft_tcp_lane_tick(net, &peer->lanes[i]));
    if (peer->state != WEFT_TCP_PEER_DIALLING && peer->state != WEFT_TCP_PEER_LOST)
        return next;
    if (peer->is_overdue)
        return next;
    if (net->now < overdue_at)
        return weft_min(next, overdue_at);
    peer->is_overdue = true;
    net->has_news = true;
    return next;
}
