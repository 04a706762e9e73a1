/* Peers that are lost: what ends with them, and who gets their place.
 *
 * Of a process that has ended, all that it takes part in ends at once; one that is silent has until
 * the deadlines of what waits for it. A place is given on only when nothing names it any more. */
#ifndef WEFT_PEER_GONE_H
#define WEFT_PEER_GONE_H

#include "../core/condition.h"
#include "../core/world.h"
#include "slot.h"
#include "weft_net.h"

struct weft_loop;
struct weft_peer;
struct weft_peers;

/* The part of the world of a peer that is gone: for one that describes itself alike, which is the
 * same server after a restart. */
struct weft_peers_place {
    bool free;
    uint64_t digest;
    uint32_t lanes;
    struct weft_world_peer place;
    uint32_t devices[WEFT_DEVICES_MAX];
    char name[24];
};

/* PEER_DOWN: of a process that has ended, what it takes part in ends. */
void weft_peer_lost(struct weft_loop *loop, const struct weft_net_event *event);

/* Keeps the part of the world of a peer, or gives one that is as its own; false: there is none. */
void weft_peers_place_give(struct weft_peers *peers, const struct weft_peer *peer);
bool weft_peers_place_take(struct weft_peers *peers, struct weft_peer *peer);

/* Nothing that the peer asked for is under way here, or hangs: what it wrote into relays has left
 * them. */
bool weft_peer_is_still(const struct weft_loop *loop, uint32_t peer);

/* Gives a place of a peer that is gone, and that nothing refers to, to the next one; true where
 * there was one. */
bool weft_peers_reclaim(struct weft_loop *loop);
void weft_peers_forget_gone(struct weft_loop *loop, weft_ns now);

/* Where a transfer was ended because its peer is gone, `end` says so afterwards. */
void weft_peers_blame(const struct weft_loop *loop, uint32_t slot, struct weft_slot_end *end);

#endif
