/* How a peer joins the world: what it describes, its lanes, and the staging that both sides lend.
 *
 * It is a server of the world from then on, and READY when its relays are known here, too. */
#ifndef WEFT_PEER_JOIN_H
#define WEFT_PEER_JOIN_H

#include "../base/buf.h"
#include "weft_net.h"

struct weft_loop;
struct weft_peers;

/* A peer said hello: its devices, links and lanes join the world, and it is granted relays. */
void weft_peer_greet(struct weft_loop *loop, const struct weft_net_event *event);

/* Its devices, links and lanes, as it describes them, join the world, and it is granted relays.
 * NULL, or why not. */
const char *weft_peer_join(struct weft_loop *loop, uint32_t peer, struct weft_reader *reader);

/* Our relays for the peer are told to it; tried again where the lanes have no room. */
void weft_peer_grant(struct weft_loop *loop, uint32_t peer);
void weft_peer_free_relays(struct weft_loop *loop, uint32_t peer);

/* The window number of our relay on a device that a peer writes into. */
uint32_t weft_peer_inbound(const struct weft_peers *peers, uint32_t peer, uint32_t device);

/* The device of the world that a peer calls `own`, if it holds memory of that peer's server; or
 * WEFT_NONE. */
uint32_t weft_peer_device(const struct weft_peers *peers, uint32_t peer, uint32_t own);

#endif
