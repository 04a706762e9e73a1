/* The net: everything that one comm has of the network, and what the files of the transport share.
 *
 * All of it belongs to the thread that calls. Memory is taken when the net is opened, when a peer
 * is made and when a connection is, never for a copy or a frame; what a peer says about counts
 * changes none of that.
 *
 * The way of an operation: `copy` lists it on its lane, what needs no certain lane is listed with
 * the peer as waiting. A lane that has room takes it, gives it the next sequence and keeps it in
 * its ring until the peer's ack passes that sequence; then it ends. When the lane dies, what is in
 * the ring waits for the peer's closure (tcp_fence.c), which says what had been applied. */
#ifndef WEFT_TCP_NET_H
#define WEFT_TCP_NET_H

#include "base/pool.h"
#include "tcp.h"
#include "tcp_peer.h"
#include "tcp_window.h"

#define WEFT_TCP_GUESTS_MAX     64 /* connections that have not said who they are */
#define WEFT_TCP_SILENCE_NS_MIN 1000000u
#define WEFT_TCP_GREETING_NS    1000000000u
#define WEFT_TCP_EVENT_BYTES    (4u << 20)
#define WEFT_TCP_EPOLL_EVENTS   64

struct weft_tcp_nic {
    struct weft_wire_nic local; /* with the port that listens */
    bool is_any;                /* bound to all addresses: no source address */
    int fd;
    struct weft_net_shape shape;
    uint64_t tokens_bytes; /* may go out now */
    weft_ns filled_at;
    bool is_short; /* bytes have waited for tokens since then */
};

/* Events with bytes, in one ring of memory. */
struct weft_tcp_events {
    uint8_t *bytes;
    size_t head; /* the oldest */
    size_t tail; /* free from here */
    size_t used;
    size_t lent; /* of the event that was given last */
};

struct weft_tcp_net {
    struct weft_net_base base;
    struct weft_net_env env;
    enum weft_secure_mode mode;
    uint8_t address[WEFT_NET_ADDRESS_BYTES];
    uint8_t address_told[WEFT_NET_ADDRESS_BYTES]; /* to peers: where others could read it, without
                                                     the secret */
    uint32_t nic_count;
    struct weft_tcp_nic nics[WEFT_NET_NICS_MAX];
    int epoll_fd;
    uint64_t session_last;

    struct weft_tcp_window *windows; /* env.windows_max */
    struct weft_tcp_exposure *exposures;
    uint32_t *exposure_indices;
    struct weft_pool free_exposures;

    struct weft_tcp_operation *operations; /* cookies, then notes */
    struct weft_list_link *links;
    uint32_t *note_indices;
    struct weft_pool free_notes;
    struct weft_tcp_block *blocks;
    uint32_t *block_indices;
    struct weft_pool free_blocks;
    struct weft_completion *done; /* a ring of cookies_max */
    uint32_t done_first;
    uint32_t done_count;

    struct weft_tcp_peer *peers;  /* env.peers_max */
    struct weft_tcp_lane **dirty; /* lanes with something to write */
    uint32_t dirty_count;
    struct weft_tcp_channel *guests[WEFT_TCP_GUESTS_MAX];
    struct weft_tcp_channel *trash; /* closed in this poll */
    struct weft_tcp_events events;
    bool has_news; /* some peer's state is to be told */
    bool has_blocked;
    weft_ns now;
    weft_ns polled_at;
    weft_ns timer_at; /* no timer is earlier */
    struct weft_net_counts counts;
};

static inline struct weft_tcp_net *weft_tcp_net_of(struct weft_net *net)
{
    return (struct weft_tcp_net *)(void *)net;
}

/* ---- tcp_net.c ---- */

weft_ns weft_tcp_now(void);
void weft_tcp_net_wake_at(struct weft_tcp_net *net, weft_ns at);
/* Closes a channel now, frees it at the end of the poll. NULL allowed. */
void weft_tcp_net_discard(struct weft_tcp_net *net, struct weft_tcp_channel *channel);

/* ---- tcp_listen.c ---- */

weftResult_t weft_tcp_listen(struct weft_tcp_net *net, const struct weft_net_nic *nics,
                             uint32_t nic_count, char why[256]);
void weft_tcp_listen_end(struct weft_tcp_net *net);
void weft_tcp_accept(struct weft_tcp_net *net, uint32_t nic);
void weft_tcp_guest_advance(struct weft_tcp_net *net, struct weft_tcp_channel *channel);
weft_ns weft_tcp_guests_tick(struct weft_tcp_net *net); /* returns the next time */

/* ---- tcp_event.c ---- */

weftResult_t weft_tcp_events_init(struct weft_tcp_net *net);
bool weft_tcp_event(struct weft_net *net, struct weft_net_event *event);
/* Room for an event with `size` bytes behind it: its memory, to be filled before the next call.
 * NULL: no room now. */
void *weft_tcp_event_push(struct weft_tcp_net *net, const struct weft_net_event *event,
                          size_t size);
bool weft_tcp_event_waits(const struct weft_tcp_net *net);

/* ---- tcp_shape.c ---- */

void weft_tcp_shape(struct weft_net *net, uint32_t nic, const struct weft_net_shape *shape);

/* How much of `wanted` may go out over a NIC now. */
uint64_t weft_tcp_shape_allow(struct weft_tcp_net *net, uint32_t nic, uint64_t wanted_bytes);
void weft_tcp_shape_spend(struct weft_tcp_net *net, uint32_t nic, uint64_t bytes);
/* When some of it may: now, or later. */
weft_ns weft_tcp_shape_at(const struct weft_tcp_net *net, uint32_t nic);
/* Lanes over it wait for tokens. */
bool weft_tcp_shape_is_pacing(const struct weft_tcp_net *net, uint32_t nic);
bool weft_tcp_shape_is_silent(const struct weft_tcp_net *net, uint32_t nic);

#endif
