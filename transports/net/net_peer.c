/* Peers, from peer_open or their first word to peer_close; see net_peer.h. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "net_end.h"

#define TO(state) (1u << WEFT_NET_PEER_STATE_##state)

static const unsigned next_states[WEFT_NET_PEER_STATES] = {
    [WEFT_NET_PEER_STATE_FREE] = TO(DIALLING),
    [WEFT_NET_PEER_STATE_DIALLING] = TO(UP) | TO(GONE) | TO(FREE),
    [WEFT_NET_PEER_STATE_UP] = TO(LOST) | TO(GONE) | TO(FREE),
    [WEFT_NET_PEER_STATE_LOST] = TO(UP) | TO(GONE) | TO(FREE),
    [WEFT_NET_PEER_STATE_GONE] = TO(FREE),
};

static const char *const state_names[WEFT_NET_PEER_STATES] = {
    [WEFT_NET_PEER_STATE_FREE] = "free", [WEFT_NET_PEER_STATE_DIALLING] = "dialling",
    [WEFT_NET_PEER_STATE_UP] = "up",     [WEFT_NET_PEER_STATE_LOST] = "lost",
    [WEFT_NET_PEER_STATE_GONE] = "gone",
};

const char *weft_net_peer_state_name(enum weft_net_peer_state state)
{
    return (unsigned)state < WEFT_NET_PEER_STATES ? state_names[state] : "?";
}

void weft_net_peer_set_state(struct weft_net_end *end, struct weft_net_peer *peer,
                             enum weft_net_peer_state state)
{
    weft_assert((next_states[peer->state] >> state & 1) != 0);
    peer->state = state;
    end->has_news = true;
}

struct weft_net_peer *weft_net_peer_at(const struct weft_net_end *end, uint32_t number)
{
    weft_assert(number < end->env.peers_max);
    return (struct weft_net_peer *)(void *)(end->peers + number * end->peer_bytes);
}

uint32_t weft_net_peer_number(const struct weft_net_end *end, const struct weft_net_peer *peer)
{
    return (uint32_t)((size_t)((const char *)peer - end->peers) / end->peer_bytes);
}

struct weft_net_peer *weft_net_peer_find(const struct weft_net_end *end, uint64_t incarnation)
{
    for (uint32_t i = 0; i < end->env.peers_max; i++) {
        struct weft_net_peer *peer = weft_net_peer_at(end, i);

        if (peer->state != WEFT_NET_PEER_STATE_FREE && peer->incarnation == incarnation)
            return peer;
    }
    return NULL;
}

static struct weft_net_peer *place_take(const struct weft_net_end *end)
{
    for (uint32_t i = 0; i < end->env.peers_max; i++)
        if (weft_net_peer_at(end, i)->state == WEFT_NET_PEER_STATE_FREE)
            return weft_net_peer_at(end, i);
    return NULL;
}

static bool has_secret(const struct weft_wire_address *address)
{
    static const uint8_t zero[WEFT_WIRE_SECRET_BYTES];

    return memcmp(address->secret, zero, sizeof(zero)) != 0;
}

struct weft_net_peer *weft_net_peer_make(struct weft_net_end *end,
                                         const struct weft_wire_address *address, bool is_dialler,
                                         uint32_t nic_count)
{
    struct weft_net_peer *peer = place_take(end);
    uint8_t *hello = peer == NULL ? NULL : malloc(WEFT_NET_HELLO_BYTES);

    if (hello == NULL)
        return NULL;
    *peer = (struct weft_net_peer){
        .is_dialler = is_dialler,
        .has_secret = is_dialler || has_secret(address),
        .lost_at = end->now,
        .address = *address,
        .incarnation = address->incarnation,
        .lane_count = (uint32_t)weft_max(nic_count, address->nic_count),
        .session = ++end->session_last,
        .hello = hello,
    };
    weft_list_init(&peer->waiting);
    weft_net_peer_set_state(end, peer, WEFT_NET_PEER_STATE_DIALLING);
    weft_net_end_wake_at(end, weft_add_sat(end->now, end->env.dial_ns));
    return peer;
}

void weft_net_peer_free(struct weft_net_end *end, struct weft_net_peer *peer)
{
    weft_net_operations_end(end, peer, weftUnknown);
    free(peer->hello);
    weft_net_peer_set_state(end, peer, WEFT_NET_PEER_STATE_FREE);
    memset((void *)peer, 0, end->peer_bytes);
}

weftResult_t weft_net_peer_open(struct weft_net *net, const uint8_t bytes[WEFT_NET_ADDRESS_BYTES],
                                uint32_t *number)
{
    struct weft_net_end *end = weft_net_end_of(net);
    struct weft_wire_address address;
    struct weft_net_peer *peer;

    if (!weft_wire_get_address(bytes, &address) || address.incarnation == end->env.incarnation)
        return weftInvalidArgument;
    end->now = weft_net_now();
    peer = weft_net_peer_find(end, address.incarnation);
    if (peer == NULL)
        peer = end->hooks->peer_make(end, &address, true);
    if (peer == NULL)
        return weftNoResource;
    /* Of a peer that dialled us the secret may not have been known. */
    if (!peer->has_secret)
        memcpy(peer->address.secret, address.secret, sizeof(address.secret));
    peer->has_secret = true;
    peer->told = WEFT_NET_TOLD_NOTHING;
    peer->was_up = peer->was_up && peer->state != WEFT_NET_PEER_STATE_GONE;
    end->has_news = true;
    *number = weft_net_peer_number(end, peer);
    return weftSuccess;
}

void weft_net_peer_reached(struct weft_net_end *end, struct weft_net_peer *peer)
{
    weft_net_peer_set_state(end, peer, WEFT_NET_PEER_STATE_UP);
    peer->was_up = true;
    peer->is_overdue = false;
}

void weft_net_peer_lost(struct weft_net_end *end, struct weft_net_peer *peer, const char *why)
{
    weft_net_peer_set_state(end, peer, WEFT_NET_PEER_STATE_LOST);
    peer->lost_at = end->now;
    peer->refusing = 0;
    weft_text_copy(peer->why, sizeof(peer->why), why);
    weft_net_end_wake_at(end, weft_add_sat(end->now, end->env.dial_ns));
}

void weft_net_peer_gone(struct weft_net_end *end, struct weft_net_peer *peer, const char *why)
{
    weft_text_copy(peer->why, sizeof(peer->why), why);
    weft_net_peer_set_state(end, peer, WEFT_NET_PEER_STATE_GONE);
    weft_net_operations_end(end, peer, weftRemoteError);
}

bool weft_net_peer_refused(struct weft_net_peer *peer, uint32_t nic)
{
    uint32_t all = (uint32_t)((UINT64_C(1) << peer->address.nic_count) - 1);

    peer->refusing |= 1u << nic;
    return peer->refusing == all;
}

weft_ns weft_net_peer_tick(struct weft_net_end *end, struct weft_net_peer *peer)
{
    weft_ns overdue_at = weft_add_sat(peer->lost_at, end->env.dial_ns);

    if (peer->state != WEFT_NET_PEER_STATE_DIALLING && peer->state != WEFT_NET_PEER_STATE_LOST)
        return WEFT_NEVER;
    if (peer->is_overdue)
        return WEFT_NEVER;
    if (end->now < overdue_at)
        return overdue_at;
    peer->is_overdue = true;
    end->has_news = true;
    return WEFT_NEVER;
}
