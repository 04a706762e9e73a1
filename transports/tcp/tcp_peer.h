/* A peer over TCP: net_peer.h, with its lanes. */
#ifndef WEFT_TCP_PEER_H
#define WEFT_TCP_PEER_H

#include "tcp_lane.h"

struct weft_tcp_peer {
    struct weft_net_peer base;
    uint32_t pair;               /* which pair of NICs lane 0 tries next while no lane is up */
    struct weft_tcp_lane *lanes; /* base.lane_count */
};

void weft_tcp_peer_close(struct weft_net *net, uint32_t peer);
/* As weft_net_hooks has it. */
struct weft_net_peer *weft_tcp_peer_make(struct weft_net_end *end,
                                         const struct weft_wire_address *address, bool is_dialler);
/* A lane of it came up, or went down. */
void weft_tcp_peer_lane_up(struct weft_tcp_net *net, struct weft_tcp_peer *peer);
void weft_tcp_peer_lane_down(struct weft_tcp_net *net, struct weft_tcp_peer *peer);
/* Nothing of ours will be applied there any more. */
void weft_tcp_peer_gone(struct weft_tcp_net *net, struct weft_tcp_peer *peer, const char *why);
/* The live lane over which the next frame is expected there first, or NULL. */
struct weft_tcp_lane *weft_tcp_peer_lane(struct weft_tcp_net *net,
                                         const struct weft_tcp_peer *peer);
/* Something waits that any lane may carry, and no other lane would carry it much sooner; where one
 * would, it is touched. */
bool weft_tcp_peer_waits_for(struct weft_tcp_net *net, const struct weft_tcp_peer *peer,
                             const struct weft_tcp_lane *lane);
weft_ns weft_tcp_peer_tick(struct weft_tcp_net *net, struct weft_tcp_peer *peer);

#endif
