/* A peer: a net of another process, with its lanes and what waits for any of them.
 *
 *      FREE --peer_open, a HELLO--> DIALLING --a lane--> UP <--a lane, none--> LOST
 *        ^                             |                 |                      |
 *        |                             v                 v bye                  v
 *        +--------peer_close--------- GONE <------------------------------------+
 *
 * LOST: no lane is up; all are dialled. GONE: its process has ended, or it has closed us.
 */
#ifndef WEFT_TCP_PEER_H
#define WEFT_TCP_PEER_H

#include "tcp_lane.h"

enum weft_tcp_peer_state {
    WEFT_TCP_PEER_FREE,
    WEFT_TCP_PEER_DIALLING,
    WEFT_TCP_PEER_UP,
    WEFT_TCP_PEER_LOST,
    WEFT_TCP_PEER_GONE,
    WEFT_TCP_PEER_STATES
};

enum weft_tcp_told {
    WEFT_TCP_TOLD_NOTHING,
    WEFT_TCP_TOLD_UP,
    WEFT_TCP_TOLD_DOWN,
    WEFT_TCP_TOLD_GONE
};

struct weft_tcp_peer {
    enum weft_tcp_peer_state state;
    enum weft_tcp_told told; /* to the user */
    uint64_t incarnation;
    uint64_t session;       /* ours with it; never used twice */
    uint64_t session_there; /* its with us; 0: not known yet */
    struct weft_wire_address address;
    uint32_t lane_count;
    bool is_dialler; /* our side dials lanes first */
    bool has_secret; /* we know how to dial it; else an attempt only shows whether it listens */
    bool is_overdue; /* not reached for dial_ns */
    bool was_up;
    weft_ns lost_at;
    uint32_t refusing; /* bit per NIC of it that refused a connection since lost_at */
    uint32_t pair;     /* which pair of NICs lane 0 tries next while no lane is up */
    char why[256];
    struct weft_list waiting; /* operations for any lane */
    uint32_t event_count;     /* in net->events */
    uint32_t forward_count;   /* without an answer, both ways */
    uint32_t hello_bytes;
    uint8_t *hello;              /* WEFT_NET_HELLO_BYTES */
    struct weft_tcp_lane *lanes; /* lane_count */
};

weftResult_t weft_tcp_peer_open(struct weft_net *net, const uint8_t address[WEFT_NET_ADDRESS_BYTES],
                                uint32_t *peer);
void weft_tcp_peer_close(struct weft_net *net, uint32_t peer);
const char *weft_tcp_peer_state_name(enum weft_tcp_peer_state state);
/* The peer of that incarnation, or NULL. */
struct weft_tcp_peer *weft_tcp_peer_find(struct weft_tcp_net *net, uint64_t incarnation);
/* NULL: no room. */
struct weft_tcp_peer *weft_tcp_peer_make(struct weft_tcp_net *net,
                                         const struct weft_wire_address *address, bool is_dialler);
uint32_t weft_tcp_peer_number(const struct weft_tcp_net *net, const struct weft_tcp_peer *peer);
/* A lane of it came up, or went down. */
void weft_tcp_peer_lane_up(struct weft_tcp_net *net, struct weft_tcp_peer *peer);
void weft_tcp_peer_lane_down(struct weft_tcp_net *net, struct weft_tcp_peer *peer);
/* Nothing of ours will be applied there any more. */
void weft_tcp_peer_gone(struct weft_tcp_net *net, struct weft_tcp_peer *peer, const char *why);
/* The live lane with least to write, or NULL. */
struct weft_tcp_lane *weft_tcp_peer_lane(struct weft_tcp_peer *peer);
weft_ns weft_tcp_peer_tick(struct weft_tcp_net *net, struct weft_tcp_peer *peer);

#endif
