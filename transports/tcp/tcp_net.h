/* The net: everything that one comm has of the network, and what the files of the transport share.
 *
 * Beside net_end.h, memory is taken when a connection is made, never for a frame.
 *
 * The way of an operation: `copy` lists it on its lane, what needs no certain lane is listed with
 * the peer as waiting. A lane that has room takes it, gives it the next sequence and keeps it in
 * its ring until the peer's ack passes that sequence; then it ends. When the lane dies, what is in
 * the ring waits for the peer's closure (tcp_fence.c), which says what had been applied. */
#ifndef WEFT_TCP_NET_H
#define WEFT_TCP_NET_H

#include "net/net_address.h"
#include "net/net_guests.h"
#include "net/net_pace.h"
#include "tcp.h"
#include "tcp_peer.h"

#define WEFT_TCP_GUESTS_MAX   64 /* connections that have not said who they are */
#define WEFT_TCP_GREETING_NS  1000000000u
#define WEFT_TCP_EPOLL_EVENTS 64
#define WEFT_TCP_LUMP_NS      100000000u /* what sockets and threads hold up comes in lumps of it */

struct weft_tcp_nic {
    struct weft_wire_nic local; /* with the port that listens */
    bool is_any;                /* bound to all addresses: no source address */
    int fd;
    struct weft_net_pace pace;
    struct weft_net_pace pace_in; /* of what comes in: the sockets hold back the rest */
    bool is_throttled;            /* lanes over it wait for tokens of pace_in */
};

struct weft_tcp_net {
    struct weft_net_end end;
    enum weft_secure_mode mode;
    uint8_t address[WEFT_NET_ADDRESS_BYTES];
    uint8_t address_told[WEFT_NET_ADDRESS_BYTES]; /* to peers: where others could read it, without
                                                     the secret */
    uint32_t nic_count;
    struct weft_tcp_nic nics[WEFT_NET_NICS_MAX];

    struct weft_tcp_peer *peers;  /* end.peers */
    struct weft_tcp_lane **dirty; /* lanes with something to write */
    uint32_t dirty_count;
    uint32_t dirty_max;
    struct weft_tcp_channel *guests[WEFT_TCP_GUESTS_MAX];
    struct weft_net_guests limits;
    struct weft_tcp_channel *trash; /* closed in this poll */
    bool has_blocked;
    bool has_held;    /* some lane holds an ack */
    bool has_delayed; /* some lane's bytes are delayed */
    weft_ns polled_at;
};

static inline struct weft_tcp_net *weft_tcp_net_of(struct weft_net *net)
{
    return (struct weft_tcp_net *)(void *)net;
}

/* ---- tcp_net.c ---- */

/* Closes a channel now, frees it at the end of the poll. NULL allowed. */
void weft_tcp_net_discard(struct weft_tcp_net *net, struct weft_tcp_channel *channel);

/* ---- tcp_listen.c ---- */

weftResult_t weft_tcp_listen(struct weft_tcp_net *net, const struct weft_net_nic *nics,
                             uint32_t nic_count, char why[256]);
void weft_tcp_listen_end(struct weft_tcp_net *net);
void weft_tcp_accept(struct weft_tcp_net *net, uint32_t nic);
void weft_tcp_guest_advance(struct weft_tcp_net *net, struct weft_tcp_channel *channel);
weft_ns weft_tcp_guests_tick(struct weft_tcp_net *net); /* returns the next time */
/* What a NIC's new state does to those who came over it. */
void weft_tcp_guests_shaped(struct weft_tcp_net *net, uint32_t nic);

/* ---- tcp_shape.c ---- */

void weft_tcp_shape(struct weft_net *net, uint32_t nic, const struct weft_net_shape *shape);

/* Notes what has come in on a lane whose NIC has a delay. */
void weft_tcp_shape_look(const struct weft_tcp_net *net, struct weft_tcp_lane *lane);

/* How much of `wanted` may go out over a NIC now. */
uint64_t weft_tcp_shape_allow(struct weft_tcp_net *net, uint32_t nic, uint64_t wanted_bytes);
void weft_tcp_shape_spend(struct weft_tcp_net *net, uint32_t nic, uint64_t bytes);
/* When some of it may: now, or later. */
weft_ns weft_tcp_shape_at(const struct weft_tcp_net *net, uint32_t nic);
/* How much a lane may take from its socket now; 0: it is woken when it may. */
uint64_t weft_tcp_shape_take(struct weft_tcp_net *net, struct weft_tcp_lane *lane);
void weft_tcp_shape_taken(struct weft_tcp_net *net, uint32_t nic, uint64_t bytes);
/* Some of what a lane's socket holds waits for its delay: it is woken when that has passed. */
void weft_tcp_shape_put_off(struct weft_tcp_net *net, struct weft_tcp_lane *lane);
/* Lanes that may take something again do so. */
void weft_tcp_shape_wake(struct weft_tcp_net *net);
/* When there will be some; WEFT_NEVER: none waits. */
weft_ns weft_tcp_shape_wake_at(const struct weft_tcp_net *net);
/* Lanes over it wait for tokens. */
bool weft_tcp_shape_is_pacing(const struct weft_tcp_net *net, uint32_t nic);
/* Nothing comes in, and nobody says so. */
bool weft_tcp_shape_is_deaf(const struct weft_tcp_net *net, uint32_t nic);
/* It is silent in one direction or both: no connection is made over it. */
bool weft_tcp_shape_is_silent(const struct weft_tcp_net *net, uint32_t nic);

#endif
