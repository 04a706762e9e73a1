/* A peer: a net of another process, as far as every network transport has it.
 *
 *      FREE --peer_open, a HELLO--> DIALLING --a lane--> UP <--a lane, none--> LOST
 *        ^                             |                 |                      |
 *        |                             v                 v bye                  v
 *        +--------peer_close--------- GONE <------------------------------------+
 *
 * LOST: no lane is up; all are dialled or probed. GONE: its process has ended, or it has closed us.
 */
#ifndef WEFT_NET_PEER_H
#define WEFT_NET_PEER_H

#include "base/list.h"
#include "core/wire.h"
#include "weft_net.h"

struct weft_net_end;

enum weft_net_peer_state {
    WEFT_NET_PEER_STATE_FREE,
    WEFT_NET_PEER_STATE_DIALLING,
    WEFT_NET_PEER_STATE_UP,
    WEFT_NET_PEER_STATE_LOST,
    WEFT_NET_PEER_STATE_GONE,
    WEFT_NET_PEER_STATES
};

enum weft_net_told {
    WEFT_NET_TOLD_NOTHING,
    WEFT_NET_TOLD_UP,
    WEFT_NET_TOLD_DOWN,
    WEFT_NET_TOLD_GONE
};

struct weft_net_peer {
    enum weft_net_peer_state state;
    enum weft_net_told told; /* to the user */
    uint64_t incarnation;
    uint64_t session;       /* ours with it; never used twice */
    uint64_t session_there; /* its with us; 0: not known yet */
    struct weft_wire_address address;
    uint32_t lane_count;
    bool is_dialler; /* our side dials first */
    bool has_secret; /* we know how to dial it; else an attempt only shows whether it listens */
    bool is_overdue; /* not reached for dial_ns */
    bool was_up;
    bool is_orderly; /* GONE: it has closed us, and said so */
    weft_ns lost_at;
    uint32_t refusing; /* bit per NIC of it that refused us since lost_at */
    char why[256];
    struct weft_list waiting; /* operations for any lane */
    uint32_t event_count;     /* in end->events */
    uint32_t forward_count;   /* without an answer, both ways */
    uint32_t hello_bytes;
    uint8_t *hello; /* WEFT_NET_HELLO_BYTES */
};

const char *weft_net_peer_state_name(enum weft_net_peer_state state);
/* The one place where the state changes. */
void weft_net_peer_set_state(struct weft_net_end *end, struct weft_net_peer *peer,
                             enum weft_net_peer_state state);
struct weft_net_peer *weft_net_peer_at(const struct weft_net_end *end, uint32_t number);
uint32_t weft_net_peer_number(const struct weft_net_end *end, const struct weft_net_peer *peer);
/* The peer of that incarnation, or NULL. */
struct weft_net_peer *weft_net_peer_find(const struct weft_net_end *end, uint64_t incarnation);
/* Takes a free place, for a peer that is DIALLING; NULL: no room. The transport's own part of it
 * is zero. */
struct weft_net_peer *weft_net_peer_make(struct weft_net_end *end,
                                         const struct weft_wire_address *address, bool is_dialler,
                                         uint32_t nic_count);
/* What is under way ends with weftUnknown, the place is free. */
void weft_net_peer_free(struct weft_net_end *end, struct weft_net_peer *peer);
/* As the transport's `peer_open`: of a peer that is known already, its number. */
weftResult_t weft_net_peer_open(struct weft_net *net, const uint8_t address[WEFT_NET_ADDRESS_BYTES],
                                uint32_t *peer);
/* UP now, or LOST. */
void weft_net_peer_reached(struct weft_net_end *end, struct weft_net_peer *peer);
void weft_net_peer_lost(struct weft_net_end *end, struct weft_net_peer *peer, const char *why);
/* Nothing of ours will be applied there any more: what is under way ends with weftRemoteError. */
void weft_net_peer_gone(struct weft_net_end *end, struct weft_net_peer *peer, const char *why);
/* One of its NICs refuses us: true when all have done so since it was lost, that is when its
 * process has ended. */
bool weft_net_peer_refused(struct weft_net_peer *peer, uint32_t nic);
/* Whether it is overdue; the next time to ask. */
weft_ns weft_net_peer_tick(struct weft_net_end *end, struct weft_net_peer *peer);

#endif
