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
#include "peer_message.h"
#include "share.h"

#define WEFT_PEERS_MAX         16
#define WEFT_PEERS_STORES_MAX  4096 /* signals to peers that are not answered */
#define WEFT_PEERS_PARTS_MAX   256  /* messages that ask for fetches, not answered */
#define WEFT_PEERS_PARTS_EACH  8    /* of one fetch, so that others have their turn */
#define WEFT_PEERS_IMPORTS_MAX 256  /* windows that peers want their fetches in */
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

struct weft_peer {
    enum weft_peer_state state;
    uint64_t incarnation;
    uint32_t lanes;
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

/* The part of the world of a peer that is gone: for one that describes itself alike, which is the
 * same server after a restart. */
struct weft_peers_place {
    bool free;
    uint64_t digest;
    uint32_t lanes;
    struct weft_world_peer place;
    uint32_t devices[WEFT_DEVICES_MAX];
    struct weft_condition condition;
    char name[24];
};

/* What a hop of the world that is not this server's is issued on. */
struct weft_peers_lane {
    uint32_t peer;
    uint32_t lane; /* WEFT_NONE: the peer is asked to copy */
};

/* A signal of a slot on its way to a peer. */
struct weft_peers_store {
    uint32_t slot; /* WEFT_NONE: nobody waits any more */
    weft_ns deadline_at;
    struct weft_signal signal;
    struct weft_slot_end end; /* of its transfer, when it is raised */
    bool sent;                /* to the net; else no lane is up, and it is tried again */
};

/* A fetch: a get of ours from a peer's window, or a copy from there to another peer's (see
 * peer_copy.h), by its slot.
 *
 *           submit          its fence has passed       all parts are answered
 *     NONE --------> FENCED --------------------> ASKING ---------> NONE
 *       ^                |                           |
 *       |                |  cancel, deadline, abort  | the same, a bad answer, the peer is gone
 *       |<---------------'                           v
 *       '---------------------------------------- CLOSING
 *                 nothing lands any more
 */
enum weft_fetch_state {
    WEFT_FETCH_NONE,
    WEFT_FETCH_FENCED,
    WEFT_FETCH_ASKING,
    WEFT_FETCH_CLOSING,
    WEFT_FETCH_STATES
};

struct weft_peers_fetch {
    enum weft_fetch_state state;
    bool is_landing; /* of a forward that a peer asks for: it lands where a fetch wants its bytes */
    bool is_copy;
    uint32_t peer;
    uint32_t to;                    /* of a copy: the other peer */
    uint32_t window;                /* ours; of a copy WEFT_NONE */
    struct weft_extent_cursor left; /* from here on nothing was asked for */
    uint32_t asked;                 /* parts without an answer */
    uint32_t again;                 /* parts that are to be asked for again */
    uint64_t moved_bytes;
    struct weft_slot_end end; /* CLOSING */
    weft_ns unknown_at;       /* CLOSING, a copy: so long its answers are waited for */
};

/* SETTLING: who was asked is gone, and who it wrote to is asked whether that can still land. */
enum weft_part_state { WEFT_PART_FREE, WEFT_PART_ASKED, WEFT_PART_AGAIN, WEFT_PART_SETTLING };

/* A message of a fetch: a run of its extents. */
struct weft_peers_part {
    enum weft_part_state state;
    uint32_t slot; /* WEFT_NONE: nobody waits any more */
    uint32_t peer;
    bool is_copy;
    uint32_t to;          /* of a copy: the other peer */
    uint32_t id;          /* of a copy, as asked last: an answer to an older use names another */
    uint64_t incarnation; /* of a copy: of who was asked */
    uint32_t epoch;       /* of the landing that it was asked with */
    struct weft_extent_cursor from;
    uint64_t size_bytes;
    weft_ns again_at;
    uint32_t refused; /* so often the peer had no room for it */
};

/* A window of ours under a second number, which peers that fetch for us may write to. Its end,
 * which ends a fetch, leaves alone who else may use the window. */
struct weft_peers_landing {
    bool on;
    bool revoked;
    struct weft_net_remote as; /* a new epoch, and token, each time */
    uint32_t forwards;         /* copies of ours into it that peers asked for */
    uint32_t closing;          /* fetches that wait for the end of those */
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
    enum weft_peer_message_kind kind;
    uint32_t id;
    weftResult_t result;
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
    struct weft_peers_lane lanes[WEFT_HOPS_MAX];
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

/* Is the signal one that a peer raises for us? */
bool weft_peers_raise(const struct weft_loop *loop, const struct weft_signal *signal);
/* The slot's transfer begins, which may end with a signal to a peer; it has ended. */
void weft_peers_signal_begin(struct weft_loop *loop, uint32_t slot);
void weft_peers_signal_end(struct weft_loop *loop, uint32_t slot);

/* Raises a signal in a peer's window; the slot ends with `end` when that is answered. */
weftResult_t weft_peers_signal(struct weft_loop *loop, uint32_t slot,
                               const struct weft_signal *signal, const struct weft_slot_end *end);

/* Asks a peer to write what the slot's op wants from its window into ours, behind the op's fence;
 * the slot ends when that is answered, or with its deadline, and from then on nothing lands. */
weftResult_t weft_peers_fetch(struct weft_loop *loop, uint32_t slot);

/* The engine has ended what stood for the slot's fence. False: the slot is no fetch, or did not get
 * past it, and ends as any other. */
bool weft_peers_fetch_passed(struct weft_loop *loop, uint32_t slot, weftResult_t result);

/* Ends the slot's fetch, or all, or those of a window, which takes none from now on. */
void weft_peers_fetch_cancel(struct weft_loop *loop, uint32_t slot);
void weft_peers_abort(struct weft_loop *loop);
void weft_peers_window_revoke(struct weft_loop *loop, uint32_t window);

/* The net's answer to a signal, or what stands for it. */
void weft_peers_store_ended(struct weft_loop *loop, uint32_t index, weftResult_t result);

/* Where a transfer was ended because its peer is gone, `end` says so afterwards. */
void weft_peers_blame(const struct weft_loop *loop, uint32_t slot, struct weft_slot_end *end);

/* A slot that a peer asked for has ended. */
void weft_peers_asked_ended(struct weft_loop *loop, uint32_t slot, weftResult_t result);

/* Own memory, and its end. */
weftResult_t weft_peers_window_add(struct weft_loop *loop, uint32_t window, uint32_t device,
                                   void *base, uint64_t size_bytes);
void weft_peers_window_remove(struct weft_loop *loop, uint32_t window);

/* Sends what no lane took yet, and ends what is past its deadline; true when something happened. */
bool weft_peers_poll_stores(struct weft_loop *loop, weft_ns now);

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

/* ---- peer_join.c ---- */

/* A peer said hello: its devices, links and lanes join the world, and it is granted relays. */
void weft_peer_greet(struct weft_loop *loop, const struct weft_net_event *event);

/* Its devices, links and lanes, as it describes them, join the world, and it is granted relays.
 * NULL, or why not. */
const char *weft_peer_join(struct weft_loop *loop, uint32_t peer, struct weft_reader *reader);
void weft_peer_set_state(struct weft_peer *peer, enum weft_peer_state state);

/* Our relays for the peer are told to it; tried again where the lanes have no room. */
void weft_peer_grant(struct weft_loop *loop, uint32_t peer);
void weft_peer_free_relays(struct weft_loop *loop, uint32_t peer);

/* The window number of our relay on a device that a peer writes into. */
uint32_t weft_peer_inbound(const struct weft_peers *peers, uint32_t peer, uint32_t device);

/* The device of the world that a peer calls `own`, if it holds memory of that peer's server; or
 * WEFT_NONE. */
uint32_t weft_peer_device(const struct weft_peers *peers, uint32_t peer, uint32_t own);

/* ---- peer_gone.c ---- */

/* PEER_DOWN: of a process that has ended, what it takes part in ends. */
void weft_peer_lost(struct weft_loop *loop, const struct weft_net_event *event);

/* Keeps the part of the world of a peer, or gives one that is as its own; false: there is none. */
void weft_peers_place_give(struct weft_peers *peers, const struct weft_peer *peer);
bool weft_peers_place_take(struct weft_peers *peers, struct weft_peer *peer);

/* Gives a place of a peer that is gone, and that nothing refers to, to the next one; true where
 * there was one. */
bool weft_peers_reclaim(struct weft_loop *loop);
void weft_peers_forget_gone(struct weft_loop *loop, weft_ns now);

/* Is it known, or reached with the address and incarnation of the key: its number. weftInProgress:
 * it is not ready yet. weftRemoteError: it cannot be reached; `why` says so. */
weftResult_t weft_peer_reach(struct weft_loop *loop, const struct weft_window_key *key, char *why,
                             size_t why_size, uint32_t *peer);

/* ---- peer_fetch.c ---- */

/* A slot's end, for the reason that `result` and `cause` say. */
void weft_fetch_end(struct weft_loop *loop, uint32_t slot, weftResult_t result,
                    enum weft_cause cause);

/* Of a copy: all is answered, and it ends as its `end` says. */
void weft_fetch_finish(struct weft_loop *loop, uint32_t slot);

/* The part is asked for again, a little later. */
void weft_fetch_again(struct weft_loop *loop, struct weft_peers_part *part, weft_ns at);
void weft_fetch_answered(struct weft_loop *loop, uint32_t peer, uint32_t id, weftResult_t result);
void weft_fetch_peer_gone(struct weft_loop *loop, uint32_t peer);

/* Asks for what there is room for, and ends what is past its deadline; true when one ended. */
bool weft_fetch_poll(struct weft_loop *loop, weft_ns now);

/* No forward lands in the window any more: what waited for that ends. */
void weft_fetch_settle(struct weft_loop *loop, uint32_t window);

/* ---- peer_landing.c ---- */

/* How the window is exposed to those who fetch for us. weftNoResource: not now. */
weftResult_t weft_landing_open(struct weft_loop *loop, uint32_t window, struct weft_net_remote *as);

/* From its return on nothing of peers lands there; forwards of ours may, until `forwards` is 0. */
void weft_landing_shut(struct weft_loop *loop, uint32_t window);

/* A forward into the landing was taken into a slot, and has ended. */
void weft_landing_forward(struct weft_loop *loop, uint32_t window, uint32_t slot);
void weft_landing_forwarded(struct weft_loop *loop, uint32_t slot, weftResult_t result);

/* ---- peer_agent.c ---- */

/* The agent of a comm; false: no memory. */
bool weft_peers_agent_open(const struct weft_loop *loop, struct weft_peers *peers);
void weft_peers_agent_close(struct weft_peers *peers);

/* A NIC of this server sends at `rate` bytes per us now; 0: it is cut. */
void weft_peers_nic_changed(struct weft_loop *loop, uint32_t nic, uint64_t rate_bytes_per_us);

/* Tells peers what they do not know, and when there is something to tell next. */
void weft_peers_agent_poll(struct weft_loop *loop, weft_ns now);
weft_ns weft_peers_agent_at(const struct weft_peers *peers);

/* A peer has told a record. */
void weft_peer_heard(struct weft_loop *loop, uint32_t peer, struct weft_reader *reader);

/* The servers that are known, as JSON: "servers":[...]. Needs: the progress thread. */
void weft_peers_report(struct weft_loop *loop, struct weft_text *text);

/* ---- peer_asked.c: what peers send ---- */

/* Is `remote` how one of our windows is exposed, with these rights and maybe more? */
bool weft_peer_is_exposed(const struct weft_loop *loop, const struct weft_net_remote *remote,
                          unsigned rights);
void weft_peer_forward(struct weft_loop *loop, const struct weft_net_event *event);
void weft_peer_message(struct weft_loop *loop, const struct weft_net_event *event);
void weft_peer_send_late(struct weft_loop *loop);

/* Tells a peer how what it asked for went. */
void weft_peer_answer(struct weft_loop *loop, uint32_t peer, enum weft_peer_message_kind kind,
                      uint32_t id, weftResult_t result);

/* Begins to write what `asker` asks for into the window of peer `to` that `head` says; `reader` is
 * at the extents. weftNoResource: not now. weftInvalidUsage: our window is not to be read so. */
weftResult_t weft_peer_write(struct weft_loop *loop, const struct weft_slot_asker *asker,
                             uint32_t to, const struct weft_peer_fetch_head *head,
                             struct weft_reader *reader);

/* Cancels the slot, which a peer asked for: it ends with a later round. */
void weft_peer_asked_stop(struct weft_loop *loop, uint32_t slot);

/* Ends what peers asked for that reads or writes the window; true while some of it has not ended.
 * Fetches of ours go on. */
bool weft_peer_asked_revoke(struct weft_loop *loop, uint32_t window);

#endif
