/* A peer over UDP: net_peer.h, with its session. */
#ifndef WEFT_UDP_PEER_H
#define WEFT_UDP_PEER_H

#include "net/net_end.h"
#include "udp_session.h"

#define WEFT_UDP_DIAL_NS     500000000u /* an attempt, up to its WELCOME */
#define WEFT_UDP_HOLD_NS     10000000u  /* before the next one; doubles */
#define WEFT_UDP_HOLD_NS_MAX 500000000u

struct weft_udp_peer {
    struct weft_net_peer base;
    struct weft_udp_session *session; /* that is UP, or NULL */
    struct weft_udp_session *dial;    /* an attempt, or NULL */
    weft_ns dial_at;
    weft_ns hold_ns;
    uint32_t pair; /* which pair of NICs is dialled next */
};

void weft_udp_peer_close(struct weft_net *net, uint32_t peer);
struct weft_udp_peer *weft_udp_peer_at(const struct weft_udp_net *net, uint32_t number);
/* As weft_net_hooks has it. */
struct weft_net_peer *weft_udp_peer_make(struct weft_net_end *end,
                                         const struct weft_wire_address *address, bool is_dialler);
/* The session is its, and UP. */
void weft_udp_peer_attach(struct weft_udp_net *net, struct weft_udp_peer *peer,
                          struct weft_udp_session *session);
/* Nothing of ours will be applied there any more. */
void weft_udp_peer_gone(struct weft_udp_net *net, struct weft_udp_peer *peer, const char *why);
/* Whether it is up or lost, by its lanes. */
void weft_udp_peer_judge(struct weft_udp_net *net, struct weft_udp_peer *peer);
/* A NIC of the peer has nobody who listens. */
void weft_udp_peer_refused(struct weft_udp_net *net, struct weft_udp_peer *peer, uint32_t peer_nic);
weft_ns weft_udp_peer_tick(struct weft_udp_net *net, struct weft_udp_peer *peer);
weftResult_t weft_udp_copy(struct weft_net *net, const struct weft_copy *copy);

#endif
