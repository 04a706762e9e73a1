/* Peers: comms of other processes and servers, as this comm knows them.
 *
 *              reach, or it dials us      its description joined the world
 *     FREE ------------> REACHING -----------------> GREETED -----------------> READY
 *                           |  not reached              |    its relays came      |
 *                           '---------------------------+-------------------------'
 *                                                       v
 *                                                     GONE
 *
 * The transport (weft_net.h) has the lanes; here they become hops of the world, and the peer's
 * windows become windows of the engine. What a peer asks for (forwards of chunks, fetches) runs as
 * transfers of this comm's engine. All of it is the progress thread's. It leaves routes to the
 * engine and rights to the transport. */
#ifndef WEFT_PEERS_H
#define WEFT_PEERS_H

#include "../base/list.h"
#include "../core/relay.h"
#include "../core/world.h"
#include "share.h"

#define WEFT_PEERS_MAX         16
#define WEFT_PEERS_STORES_MAX  1024 /* signals to peers that are not answered */
#define WEFT_PEERS_FETCHES_MAX 256  /* fetches from peers that are not answered */
#define WEFT_PEERS_IMPORTS_MAX 256  /* windows that peers want their fetches in */
#define WEFT_PEERS_LATE_MAX    256  /* answers that wait for room in a lane */

enum weft_peer_state {
    WEFT_PEER_FREE,
    WEFT_PEER_REACHING,
    WEFT_PEER_GREETED,
    WEFT_PEER_READY,
    WEFT_PEER_GONE,
    WEFT_PEER_STATES
};

struct weft_peer {
    enum weft_peer_state state;
    uint64_t incarnation;
    uint32_t lanes;
    bool granted;                       /* our relays were told to it */
    struct weft_world_peer place;       /* by the devices of its description */
    uint32_t devices[WEFT_DEVICES_MAX]; /* by their numbers there: the device of the world */
    void *relays[WEFT_DEVICES_MAX];     /* ours, for it, by device */
    char name[24];
    char why[256];
};

/* What a hop of the world that is not this server's is issued on. */
struct weft_peers_lane {
    uint32_t peer;
    uint32_t lane; /* WEFT_NONE: the peer is asked to copy */
};

/* Somebody waits for an answer of a peer: a signal or a fetch of a slot. */
struct weft_peers_wait {
    uint32_t slot; /* WEFT_NONE: nobody waits any more */
    uint32_t peer;
    weft_ns deadline_at;
    struct weft_slot_end end; /* of a signal's transfer */
    bool used;
};

struct weft_peers_exposure {
    bool on;
    struct weft_net_remote as;
};

/* A peer's window: one that callers imported, or that the peer's fetches are written into. */
struct weft_peers_import {
    bool used;
    uint32_t peer;
    struct weft_net_remote remote;
};

struct weft_peers_late {
    uint32_t peer;
    uint32_t id;
    weftResult_t result;
};

struct weft_peers {
    const struct weft_net_ops *ops;
    struct weft_net *net;
    uint64_t incarnation;
    uint8_t address[WEFT_NET_ADDRESS_BYTES];
    struct weft_world world;
    uint32_t local_hops; /* hops below are this server's */
    uint32_t next_domain;
    bool gpus; /* GPU memory can be addressed: an end of a lane */
    uint8_t hello[WEFT_DESCRIPTION_BYTES];
    struct weft_description description; /* scratch: too large for a stack */
    uint32_t inbound_first;              /* window numbers: our relays for peers, */
    uint32_t import_first;               /* and the windows that their fetches are written into */
    uint32_t store_cookies;              /* cookies of stores begin here */
    uint32_t copies;                     /* not completed by the net: */
    uint32_t stores;
    uint32_t fetches;
    uint32_t late_count;
    uint32_t nic_count; /* of an emulated machine: their links are followed */
    char nic_links[WEFT_NET_NICS_MAX][40];
    struct weft_net_shape shapes[WEFT_NET_NICS_MAX];
    weft_ns shaped_at;
    struct weft_peers_lane lanes[WEFT_HOPS_MAX];
    struct weft_peer peers[WEFT_PEERS_MAX];
    struct weft_peers_wait store_waits[WEFT_PEERS_STORES_MAX];
    struct weft_peers_wait fetch_waits[WEFT_PEERS_FETCHES_MAX];
    struct weft_peers_import imports[WEFT_PEERS_IMPORTS_MAX];
    struct weft_peers_late late[WEFT_PEERS_LATE_MAX];
    struct weft_peers_import *sources; /* by window: what was imported for callers */
    struct weft_peers_exposure (*exposures)[WEFT_RIGHTS_ALL + 1]; /* by window and rights */
};

/* How many window numbers the loop keeps for peers. */
uint32_t weft_peers_windows(const struct weft_config *config);

/* Listens as the settings net* say; NULL in `*peers` where `net` is off. Before the engine is made:
 * it plans over peers->world. `why` is a sentence. */
weftResult_t weft_peers_open(struct weft_loop *loop, struct weft_peers **peers, char why[256]);

/* Needs: the thread has stopped. NULL allowed. */
void weft_peers_close(struct weft_loop *loop);

/* Works the net: completions, events, deadlines. True when something happened. */
bool weft_peers_poll(struct weft_loop *loop);

/* Something of ours is under way there. */
bool weft_peers_busy(const struct weft_peers *peers);

/* Issues the copy of a hop that is not this server's; results as those of a port's copy. */
weftResult_t weft_peers_copy(struct weft_loop *loop, uint32_t hop, struct weft_copy *copy);

/* Is the window a peer's? */
bool weft_peers_own(const struct weft_loop *loop, uint32_t window);

/* Raises a signal in a peer's window; the slot ends with `end` when that is answered. */
weftResult_t weft_peers_signal(struct weft_loop *loop, uint32_t slot,
                               const struct weft_signal *signal, const struct weft_slot_end *end);

/* Asks a peer to write what the slot's op wants from its window into ours; the slot ends when that
 * is answered. */
weftResult_t weft_peers_fetch(struct weft_loop *loop, uint32_t slot);

/* A slot that a peer asked for has ended. */
void weft_peers_asked_ended(struct weft_loop *loop, uint32_t slot, weftResult_t result);

/* Own memory, and its end. */
weftResult_t weft_peers_window_add(struct weft_loop *loop, uint32_t window, uint32_t device,
                                   void *base, uint64_t size_bytes);
void weft_peers_window_remove(struct weft_loop *loop, uint32_t window);

/* ---- peers_open.c ---- */

/* Gives the NICs of an emulated machine the rates, and the faults, of their links. */
void weft_peers_shape(struct weft_loop *loop, weft_ns now);

/* ---- commands ---- */

/* command->remote says how `window` is exposed. */
weftResult_t weft_command_expose(struct weft_loop *, struct weft_command *, weft_ns now);
weftResult_t weft_command_conceal(struct weft_loop *, struct weft_command *, weft_ns now);

/* Reaches the owner of command->key and makes its window number `window` here; command->device
 * becomes the device of the world. weftRemoteError: it cannot be reached; command->text says why.
 * */
weftResult_t weft_command_import(struct weft_loop *, struct weft_command *, weft_ns now);

/* ---- peer_join.c ---- */

/* A peer said hello: its devices, links and lanes join the world, and it is granted relays. */
void weft_peer_greet(struct weft_loop *loop, const struct weft_net_event *event);
void weft_peer_set_state(struct weft_peer *peer, enum weft_peer_state state);

/* Our relays for the peer are told to it; tried again where the lanes have no room. */
void weft_peer_grant(struct weft_loop *loop, uint32_t peer);
void weft_peer_free_relays(struct weft_loop *loop, uint32_t peer);

/* ---- peer_asked.c: what peers send ---- */
void weft_peer_forward(struct weft_loop *loop, const struct weft_net_event *event);
void weft_peer_message(struct weft_loop *loop, const struct weft_net_event *event);
void weft_peer_send_late(struct weft_loop *loop);

#endif
