/* Peers: comms of other processes and servers, as this comm knows them.
 *
 *              reach, or it dials us      its description joined the world
 *     FREE ------------> REACHING -----------------> GREETED -----------------> READY
 *                           |  not reached              |    its relays came      |
 *                           '---------------------------+-------------------------'
 *                                                       v
 *                                                     GONE
 *
 * A sibling (sibling.h) is READY without joining the world; should it have to join after all, it is
 * GREETED until its relays came.
 *
 * The transport (weft_net.h) has the lanes; here they become hops of the world, and the peer's
 * windows become windows of the engine. What a peer asks for (forwards of chunks, fetches) runs as
 * transfers of this comm's engine. All of it is the progress thread's. It leaves routes to the
 * engine and rights to the transport. */
#ifndef WEFT_PEERS_H
#define WEFT_PEERS_H

#include "../base/bucket.h"
#include "../base/list.h"
#include "../base/pool.h"
#include "../core/agent.h"
#include "../core/condition.h"
#include "../core/relay.h"
#include "../core/world.h"
#include "peer_asked.h"
#include "peer_fetch.h"
#include "peer_gone.h"
#include "peer_landing.h"
#include "peer_message.h"
#include "peer_signal.h"
#include "share.h"

#define WEFT_PEERS_MAX         16
#define WEFT_PEERS_IMPORTS_MAX 256 /* windows that peers want their fetches in */
/* Answers that wait for room in a lane: all that peers may wait for. */
#define WEFT_PEERS_LATE_MAX    (WEFT_PEERS_MAX * WEFT_PEERS_PARTS_MAX)

enum weft_peer_state {
    WEFT_PEER_FREE,
    WEFT_PEER_REACHING,
    WEFT_PEER_GREETED,
    WEFT_PEER_READY,
    WEFT_PEER_GONE,
    WEFT_PEER_STATES
};

struct weft_siblings;
struct weft_interface_watch;

struct weft_peer {
    enum weft_peer_state state;
    uint64_t incarnation;
    uint32_t lanes;
    uint32_t lanes_up; /* a bit for each that was up when it was looked at last */
    bool granted;      /* our relays were told to it, */
    size_t grant_size; /* by this message; 0: none is written yet */
    uint8_t grant[WEFT_PEER_GRANT_BYTES_MAX];
    struct weft_world_peer place;       /* by the devices of its description */
    uint32_t devices[WEFT_DEVICES_MAX]; /* by their numbers there: the device of the world */
    void *relays[WEFT_DEVICES_MAX];     /* ours, for it, by device */
    uint32_t asked;                     /* slots of what it asked for */
    uint64_t digest;                    /* of how it described itself */
    struct weft_condition condition;    /* of its links, as the plan has it */
    weft_ns gone_at;
    struct weft_bucket ops;                  /* what it may ask for, real time, */
    struct weft_bucket bytes;                /* and how much of that */
    uint8_t address[WEFT_NET_ADDRESS_BYTES]; /* of its keys, for others that are to write there */
    char name[24];
    char why[256];
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

struct weft_peers {
    const struct weft_net_ops *ops;
    struct weft_net *net;
    uint64_t incarnation;
    uint8_t address[WEFT_NET_ADDRESS_BYTES];
    struct weft_world world;
    struct weft_siblings *siblings; /* sibling.h */
    uint32_t local_hops;            /* hops below are this server's */
    uint32_t next_domain;
    bool gpus; /* GPU memory can be addressed: an end of a lane */
    uint8_t hello[WEFT_DESCRIPTION_BYTES];
    size_t hello_size;
    struct weft_agent *agent;
    int name_fd;                     /* keeps the agent's name */
    bool record_due;                 /* there is something new to say */
    struct weft_condition condition; /* of this server's links */
    uint8_t record[WEFT_AGENT_BYTES_MAX];
    uint8_t message[1 + WEFT_AGENT_HEAD_BYTES + WEFT_AGENT_BYTES_MAX];
    struct weft_description description; /* scratch: too large for a stack */
    uint32_t inbound_first;              /* window numbers: our relays for peers, */
    uint32_t import_first;               /* and the windows that their fetches are written into */
    uint32_t landing_first;              /* and our windows as landings, for the net alone */
    uint32_t store_cookies;              /* cookies of stores begin here */
    uint32_t copies;                     /* not completed by the net */
    uint64_t received_bytes;             /* by the net, when it was polled last */
    uint32_t unsent;                     /* stores that wait for a lane */
    uint32_t fetches_asked;              /* slots of fetches that peers asked for */
    uint32_t late_count;
    uint32_t copy_serial;    /* of ids of copies */
    uint32_t copies_closing; /* fetches that are copies, and CLOSING */
    uint32_t copies_unknown; /* parts of copies that have ended without an answer to them */
    uint32_t nic_count;      /* of an emulated machine: their links are followed */
    char nic_links[WEFT_NET_NICS_MAX][40];
    struct weft_net_shape shapes[WEFT_NET_NICS_MAX];
    weft_ns shaped_at;
    struct weft_interface_watch *watch; /* of a real machine's interfaces; NULL: none */
    int watch_fd;                       /* readable when that or the net has news */
    uint32_t lanes[WEFT_HOPS_MAX];      /* of hops of peers; WEFT_NONE: the peer is asked to copy */
    struct weft_peer peers[WEFT_PEERS_MAX];
    struct weft_pool free_stores;
    uint32_t store_indices[WEFT_PEERS_STORES_MAX];
    struct weft_peers_store stores[WEFT_PEERS_STORES_MAX];
    struct weft_list storing; /* of those: in use */
    struct weft_list_link store_links[WEFT_PEERS_STORES_MAX];
    struct weft_peers_part parts[WEFT_PEERS_PARTS_MAX];
    struct weft_peers_import imports[WEFT_PEERS_IMPORTS_MAX];
    struct weft_peers_place places[WEFT_PEERS_MAX];
    uint32_t next_place;
    struct weft_peers_late late[WEFT_PEERS_LATE_MAX];
    struct weft_list fetching;   /* slots, in the order of their deadlines */
    struct weft_list to_ask;     /* of those, what is not asked for altogether */
    struct weft_list signalling; /* slots that end with a signal to a peer, by their fences */
    struct weft_list asked;      /* slots of what peers asked for, until they end */
    struct weft_list_link *fetching_links;
    struct weft_list_link *signalling_links;
    struct weft_list_link *to_ask_links;
    struct weft_list_link *asked_links;
    struct weft_peers_fetch *fetches;    /* by slot */
    struct weft_peers_landing *landings; /* by window */
    struct weft_peers_import *sources;   /* by window: what was imported for callers */
    struct weft_peers_exposure (*exposures)[WEFT_RIGHTS_ALL + 1]; /* by window and rights */
};

/* The one place where the state changes. */
void weft_peer_set_state(struct weft_peer *peer, enum weft_peer_state state);

/* Behind "peer " in a sentence. */
const char *weft_peer_name(const struct weft_peer *peer);

/* How many window numbers the loop keeps for peers. */
uint32_t weft_peers_windows(const struct weft_config *config);

/* Listens as the settings net* say; NULL in `*peers` where `net` is off. Before the engine is made:
 * it plans over peers->world. `why` is a sentence. */
weftResult_t weft_peers_open(struct weft_loop *loop, struct weft_peers **peers, char why[256]);

/* Needs: the thread has stopped. NULL allowed. */
void weft_peers_close(struct weft_loop *loop);

/* Works the net: completions, events, deadlines. True when something happened. */
bool weft_peers_poll(struct weft_loop *loop);

/* Something of ours is under way there: it is to be looked at often. */
bool weft_peers_busy(const struct weft_peers *peers);

/* When weft_peers_poll is to be called again although the net's descriptor is not readable: real
 * time from now. */
uint64_t weft_peers_idle_real_ns(const struct weft_loop *loop);

/* Something of a caller is under way there that the engine does not know of. */
bool weft_peers_live(const struct weft_peers *peers);

/* The same, of a window, or before a fence. */
bool weft_peers_window_used(const struct weft_loop *loop, uint32_t window);
bool weft_peers_fenced(const struct weft_loop *loop, uint64_t fence);

/* Issues the copy of a hop that is not this server's; results as those of a port's copy. `slot` is
 * that of a transfer all of whose bytes it brings, or WEFT_NONE: the transfer's signal goes along
 * where it can, and slot->signalled says so. */
weftResult_t weft_peers_copy(struct weft_loop *loop, uint32_t hop, uint32_t slot,
                             struct weft_copy *copy);

/* Is the window a peer's? */
bool weft_peers_own(const struct weft_loop *loop, uint32_t window);

/* Ends the fetches of a window, which takes none from now on. */
void weft_peers_window_revoke(struct weft_loop *loop, uint32_t window);

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
 * becomes the device of the world. With command->is_sibling it was not made: the caller is to open
 * command->ticket on the device. weftRemoteError: it cannot be reached; command->text says why.
 * */
weftResult_t weft_command_import(struct weft_loop *, struct weft_command *, weft_ns now);

/* Reaches the comm that command->key says the incarnation and address of. weftInProgress: it is not
 * ready yet. Other results as those of an import. */
weftResult_t weft_command_reach(struct weft_loop *, struct weft_command *, weft_ns now);

/* How the owner of a key has exposed its window. */
struct weft_net_remote weft_peers_remote(const struct weft_window_key *key);

/* Is it known, or reached with the address and incarnation of the key: its number. weftInProgress:
 * it is not ready yet. weftRemoteError: it cannot be reached; `why` says so. */
weftResult_t weft_peer_reach(struct weft_loop *loop, const struct weft_window_key *key, char *why,
                             size_t why_size, uint32_t *peer);

#endif
