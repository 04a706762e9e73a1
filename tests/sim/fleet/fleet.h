/* A fleet: several servers in one virtual time, each with a comm of its own: the very code of
 * src/core and of src/host (its loop, its peers), over simulated hardware.
 *
 *     server 0                         server 1
 *     weft_loop: engine, peers         weft_loop: engine, peers
 *        |             |                  |             |
 *     ports of       net of  ---lanes--- net of      ports of
 *     this file's    this file's         this file's ...
 *
 * What stands for the system (clock, discovery, random numbers, threads) is fleet_system.c; for
 * weft_transport.h, fleet_port.c; for weft_net.h, fleet_net.c and fleet_lane.c, which keep the
 * contract of that header and no more: lanes die with writes in flight, which land later unless the
 * lane was fenced. One event heap, one thread, integers. Memory is the shadow's (shadow.h). */
#ifndef SIM_FLEET_H
#define SIM_FLEET_H

#include "../schedule.h"
#include "base/heap.h"
#include "base/list.h"
#include "base/pool.h"
#include "../shadow.h"
#include "host/loop.h"
#include "host/peers.h"

#define SIM_SERVERS_DRAWN_MAX 8
#define SIM_LANES_MAX         WEFT_NET_NICS_MAX
#define SIM_FLEET_HOLDERS     4 /* devices of a server that users have windows on */
#define SIM_FLEET_WINDOWS     (2 * SIM_FLEET_HOLDERS) /* on each a source and a target */
#define SIM_FLEET_CALLS_MAX   SIM_OPS_MAX
#define SIM_FLEET_EXTENTS_MAX 8
#define SIM_FLEET_ITEMS_MAX   16384
#define SIM_FLEET_TELL_NS     5000 /* a lane's latency */

struct sim_fleet;

/* ---- what is under way ---- */

enum sim_item_kind {
    SIM_ITEM_FREE,
    SIM_ITEM_LOCAL,   /* a copy inside a server */
    SIM_ITEM_WRITE,   /* over a lane: a copy, */
    SIM_ITEM_STORE,   /* a word, */
    SIM_ITEM_FORWARD, /* a copy that the peer is asked for, */
    SIM_ITEM_ANSWER,  /* its answer, */
    SIM_ITEM_MESSAGE, /* bytes */
    SIM_ITEM_CLOSE,   /* one side of a lane gives it up */
    SIM_ITEM_SETTLE,  /* a dead lane is fenced, and made anew where that is possible */
    SIM_ITEM_GONE,    /* one side hears that the other's process has ended */
    SIM_ITEM_DIAL,    /* a peer is tried */
    SIM_ITEM_KINDS
};

/*     issued           its first byte           its last byte         the issuer knows
 *     ------> SENT ------------------> LANDING ---------------> APPLIED --------------> FREE
 */
enum sim_item_phase { SIM_ITEM_SENT, SIM_ITEM_LANDING, SIM_ITEM_APPLIED };

struct sim_item {
    enum sim_item_kind kind;
    enum sim_item_phase phase;
    uint32_t server; /* that issued it, */
    uint32_t life;   /* in that life */
    uint32_t link;   /* WEFT_NONE: of no lane */
    uint32_t side;   /* of the link, that issued it */
    uint32_t lane;   /* WEFT_NONE: it waits for one */
    uint64_t generation;
    uint32_t cookie;
    uint32_t port;     /* of a LOCAL one, by device */
    uint32_t after;    /* LOCAL: the item before it, or WEFT_NONE */
    uint32_t follower; /* the other way */
    bool is_doomed;    /* LOCAL: that one has failed, or a fault says so */
    bool is_parked;    /* its hop is stalled, or its NIC silent */
    bool is_lost;      /* the network has lost it */
    bool is_refused;
    bool is_answered;
    weftResult_t result;
    weft_ns takes_ns; /* from its first byte to its last */
    uint64_t number;  /* CLOSE: what must still hold; DIAL: whom */
    struct weft_net_remote dst;
    struct weft_net_remote src;
    struct sim_copy copy; /* its windows are memories of the shadow */
    uint64_t offset;      /* STORE */
    uint64_t value;
    uint32_t request; /* ANSWER: the item of the FORWARD */
    uint32_t peer;    /* DIAL: the number that the dialler gave it */
    uint32_t mark;    /* of the record, and one; 0: none */
    uint8_t *bytes;   /* MESSAGE */
    size_t size;
};

/* ---- servers ---- */

struct sim_nic {
    uint64_t rate_bytes_per_us;
    uint32_t permille;
    enum weft_net_shape_state state;
    uint64_t changes; /* faults so far */
    weft_ns refuse_until;
    weft_ns sends_until; /* with what is issued */
    weft_ns takes_until;
};

struct sim_port {
    struct weft_port_base base;
    struct sim_fleet *fleet;
    uint32_t server;
    uint32_t device;
    uint32_t copies;
    struct weft_list ended; /* items */
};

struct sim_net_window {
    bool is_own;
    uint32_t memory; /* of an own one */
    uint64_t size_bytes;
    bool is_import;
    uint32_t peer;
    struct weft_net_remote remote;
};

struct sim_exposure {
    uint32_t window; /* WEFT_NONE: it was concealed */
    struct weft_net_remote as;
};

struct sim_net_peer {
    bool is_used;
    bool is_gone;
    bool is_told_down;
    uint32_t server;
    uint32_t life;
    uint32_t link; /* WEFT_NONE: not connected yet */
    weft_ns dialled_at;
    weft_ns gone_at;
};

static inline uint64_t sim_peer_number(const struct sim_net_peer *peer)
{
    return (uint64_t)peer->server << 32 | peer->life;
}

/* An event that the net tells when it is asked. */
struct sim_event {
    struct weft_net_event event;
    struct weft_net_remote dst; /* of a FORWARD */
    struct weft_net_remote src;
    uint8_t *bytes;
};

struct sim_net {
    struct weft_net_base base;
    struct sim_fleet *fleet;
    uint32_t server;
    struct weft_net_env env;
    uint32_t nic_count;
    uint32_t copies_max; /* that a lane queues */
    struct sim_net_window *windows;
    struct sim_exposure *exposures;
    uint32_t exposure_count;
    uint32_t exposure_capacity;
    struct sim_net_peer *peers;
    struct weft_list ended; /* items */
    weft_ns full_until;     /* messages are refused */
    struct sim_event *events;
    uint32_t event_first;
    uint32_t event_count;
    uint32_t event_capacity;
    struct sim_event told; /* the one before, until the next is asked for */
};

enum sim_server_state { SIM_SERVER_DEAD, SIM_SERVER_UP, SIM_SERVER_STOPPED };

/* What one server knows of a window of another. */
struct sim_import {
    uint32_t life;   /* of its owner; 0: not imported */
    uint32_t use;    /* of the window's number there */
    uint32_t number; /* here */
};

/* A window that is taken back (fleet_revoke.c). */
enum sim_revoke_stage {
    SIM_REVOKE_NONE,
    SIM_REVOKE_CONCEALING,
    SIM_REVOKE_REVOKING,
    SIM_REVOKE_REMOVING,
    SIM_REVOKE_STAGES
};

struct sim_revoke_run {
    enum sim_revoke_stage stage;
    weft_ns again_at;
    struct weft_command command;
};

struct sim_server {
    enum sim_server_state state;
    uint32_t life;           /* counts from 1 */
    uint64_t stops;          /* so far */
    struct sim_world *world; /* its own, or one of all alike */
    bool gpus;               /* NICs reach GPU memory */
    uint64_t incarnation;
    struct weft_loop *loop;
    struct sim_net *net; /* NULL while there is none */
    struct sim_port ports[WEFT_DEVICES_MAX];
    uint32_t *memory_of; /* by window number: what the ports were told */
    uint32_t *item_of;   /* by cookie, of copies inside the server */
    uint32_t nic_count;
    struct sim_nic nics[WEFT_NET_NICS_MAX];
    weft_ns links_until[WEFT_LINKS_MAX];
    bool stalled[WEFT_HOPS_MAX];
    uint32_t failing[WEFT_HOPS_MAX]; /* so many copies end badly */
    weft_ns poll_ns;
    uint32_t holder_count;
    uint32_t holders[SIM_FLEET_HOLDERS];
    uint32_t memories[SIM_FLEET_WINDOWS];
    struct weft_net_remote exposed[SIM_FLEET_WINDOWS];
    uint32_t next_window;             /* number for an import */
    uint32_t uses[SIM_FLEET_WINDOWS]; /* so often the window was taken back */
    struct sim_revoke_run revokes[SIM_FLEET_WINDOWS];
    struct weft_command abort; /* `run` NULL: it goes on */
    weft_ns abort_again_at;
    struct sim_import *imports; /* by server * SIM_FLEET_WINDOWS + window */
};

/* ---- lanes ---- */

struct sim_fleet_lane {
    uint64_t generation;
    bool is_closed[2]; /* that side neither sends nor takes */
    bool is_settled;   /* both sides know what was applied; it is to be made anew */
    uint32_t tries;
    uint32_t copies[2]; /* WRITEs under way */
};

/* Two processes that have met. */
struct sim_link {
    bool is_dead; /* one of them has ended, and the other knows */
    uint32_t server[2];
    uint32_t life[2];
    uint32_t peer[2]; /* the number of the other, at each */
    uint32_t lane_count;
    struct sim_fleet_lane lanes[SIM_LANES_MAX];
    struct weft_list items; /* of both sides, waiting ones included */
};

/* ---- what callers ask for ---- */

enum sim_call_kind {
    SIM_CALL_PUT,
    SIM_CALL_GET,
    SIM_CALL_LOCAL,
    SIM_CALL_COPY, /* from a peer's window to another's, or the same one's */
    SIM_CALL_KINDS
};

enum sim_call_state {
    SIM_CALL_WAITING,
    SIM_CALL_IMPORTING,
    SIM_CALL_ACTIVE,
    SIM_CALL_ENDED,
    SIM_CALL_SKIPPED, /* its server was dead, its peer not reached, or its bytes in use */
    SIM_CALL_VOID,    /* its process has ended first */
    SIM_CALL_STATES
};

struct sim_call {
    enum sim_call_state state;
    enum sim_call_kind kind;
    bool is_left_out;
    bool is_fenced;
    bool is_signalled;
    bool is_closing;
    weft_ns at;
    weft_ns cancel_ns; /* after submit; WEFT_NEVER: not */
    uint32_t server;
    uint32_t peer;
    uint32_t to;  /* COPY: where the bytes go; else the peer */
    uint32_t src; /* holder numbers */
    uint32_t dst;
    uint64_t size_bytes;
    uint32_t extent_count;
    struct weft_extent extents[SIM_FLEET_EXTENTS_MAX];
    /* a run's own */
    struct sim_op op; /* for the shadow: memories for windows */
    uint32_t slot;
    uint32_t slot_generation;
    uint64_t fence;
    uint32_t peer_life;
    uint32_t to_life;
    weft_ns submitted_at;
    weft_ns deadline_at; /* if nothing holds it back */
    weft_ns ended_at;
    weft_ns give_up_at;
    bool is_cancelled;
    uint32_t raised; /* how often its signal was */
    weftResult_t result;
};

struct sim_fleet_shape {
    uint32_t server_count;
    uint32_t call_count;
    uint32_t items_max;
    bool is_given;       /* machine, calls and faults are a scenario's (scenario.h) */
    bool is_plain;       /* the same machine everywhere, no faults (fleet_many.h), where */
    uint32_t calls_each; /* each server has so many calls under way, */
    uint32_t peers_each; /* to so many others */
};

struct sim_fleet {
    struct sim_history history;
    struct sim_shadow shadow;
    struct sim_dice dice;
    struct sim_source source;
    struct sim_schedule schedule;
    struct sim_fleet_shape shape;
    weft_ns now;
    uint64_t hash;
    struct weft_heap timers; /* items, then one for each server, then faults, then calls */
    struct weft_heap_item *timer_items;
    uint32_t *timer_places;
    struct weft_pool item_pool;
    uint32_t *item_indices;
    struct sim_item *items;
    struct weft_list_link *item_links;  /* in a link's items */
    struct weft_list_link *ended_links; /* in a port's or net's ended ones */
    uint32_t server_count;
    struct sim_server *servers;
    uint32_t link_count;
    uint32_t link_capacity;
    struct sim_link *links;
    uint32_t memory_count; /* ever */
    uint32_t opening;      /* the server whose loop is being opened */
    uint64_t randoms;
    struct weft_config config;
    weft_ns silence_ns;
    weft_ns hop_ns;
    uint32_t next_fault;
    weft_ns faults_end_at;
    uint32_t call_count;
    struct sim_call *calls;
    uint32_t calls_live; /* neither ended nor skipped */
    bool is_closing;
    uint32_t disturbances; /* faults so far, but for windows taken back and comms aborted */
    weft_ns notice_ns_max; /* so late a server looks for what came */
    bool is_jammed;        /* messages are refused now and then, for a while */
    bool is_hurried;       /* deadlines are shorter than faults last */
    uint64_t item_count;
    uint64_t landed_bytes;
    uint64_t failed_writes; /* copies over lanes that were told to have failed */
    uint64_t rounds;
    uint64_t steps;
    weft_ns renew_until; /* of a plain one: calls that end begin anew before that */
    uint64_t call_results[weftNumResults];
    struct sim_fleet_record *record; /* filled for a drawing; or NULL (fleet_record.h) */
    weft_ns healed_at;               /* all was restored; WEFT_NEVER: not yet */
};

/* ---- fleet.c ---- */
void sim_fleet_fail(struct sim_fleet *fleet, enum sim_oracle oracle, const char *what, uint64_t a,
                    uint64_t b) __attribute__((noreturn));
void sim_fleet_mix(struct sim_fleet *fleet, uint64_t a, uint64_t b, uint64_t c);
uint32_t sim_item_take(struct sim_fleet *fleet, enum sim_item_kind kind, uint32_t server);
void sim_item_give(struct sim_fleet *fleet, uint32_t item);
void sim_item_at(struct sim_fleet *fleet, uint32_t item, weft_ns at);
void sim_item_park(struct sim_fleet *fleet, uint32_t item);
/* The item's copy, of `extents`, which are copied. */
void sim_item_copy(struct sim_fleet *fleet, uint32_t item, uint32_t dst_memory, uint32_t src_memory,
                   const struct weft_extent *extents, uint32_t count, uint64_t size_bytes);
/* Its bytes begin to be written, and have been, or not. */
void sim_item_begin(struct sim_fleet *fleet, struct sim_item *item);
void sim_item_end(struct sim_fleet *fleet, struct sim_item *item, bool is_moved);
uint32_t sim_memory_add(struct sim_fleet *fleet, uint32_t device, uint64_t size, bool is_relay);
void *sim_memory_base(uint32_t memory);
uint32_t sim_memory_of(const void *base);
static inline uint64_t sim_fleet_below(struct sim_fleet *fleet, uint64_t bound)
{
    return sim_dice_below(&fleet->dice, bound);
}

/* ---- fleet_system.c ---- */
/* Whose time it is, and whose loop is being opened. */
void sim_system_use(struct sim_fleet *fleet);

/* ---- fleet_port.c ---- */
extern const struct weft_transport_ops sim_port_ops;
void sim_port_use(struct sim_fleet *fleet); /* whose ports are opened from now on */
void sim_port_due(struct sim_fleet *fleet, uint32_t item);
void sim_port_resume(struct sim_fleet *fleet, uint32_t server, uint32_t hop);

/* ---- fleet_net.c ---- */
extern const struct weft_net_ops sim_net_ops;
void sim_net_use(struct sim_fleet *fleet);
void sim_net_tell(struct sim_fleet *fleet, uint32_t server, const struct weft_net_event *event,
                  const void *bytes, size_t size);
/* ---- fleet_window.c: those functions of the net's table, and what the net itself asks ---- */
weftResult_t sim_net_window_add(struct weft_net *net, uint32_t window, void *base, size_t size);
void sim_net_window_remove(struct weft_net *net, uint32_t window);
weftResult_t sim_net_expose(struct weft_net *net, uint32_t window,
                            const struct weft_net_remote *as);
void sim_net_conceal(struct weft_net *net, uint32_t window);
weftResult_t sim_net_import(struct weft_net *net, uint32_t window, uint32_t peer,
                            const struct weft_net_remote *remote);
void sim_net_forget(struct weft_net *net, uint32_t window);

/* The exposed window that `remote` opens for `right`, or NULL. */
const struct sim_net_window *sim_net_find(const struct sim_net *net,
                                          const struct weft_net_remote *remote, unsigned right);
bool sim_net_allows(const struct sim_item *item, const struct sim_net *net,
                    const struct weft_net_remote *remote, unsigned right, bool is_dst);

/* ---- fleet_lane.c ---- */
void sim_lane_due(struct sim_fleet *fleet, uint32_t item);
/* Puts the item on the lane, or on any for WEFT_NONE; it may wait. */
void sim_lane_send(struct sim_fleet *fleet, uint32_t item, uint32_t lane);
bool sim_lane_is_open(const struct sim_fleet *fleet, const struct sim_link *link, uint32_t lane,
                      uint32_t side);
bool sim_lane_any(const struct sim_fleet *fleet, const struct sim_link *link, uint32_t side);
void sim_item_complete(struct sim_fleet *fleet, uint32_t item, weftResult_t result);

/* ---- fleet_link.c ---- */
void sim_link_due(struct sim_fleet *fleet, uint32_t item);
void sim_link_close(struct sim_fleet *fleet, uint32_t link, uint32_t lane, uint32_t side);
void sim_link_settle_at(struct sim_fleet *fleet, uint32_t link, uint32_t lane, weft_ns at);
void sim_link_close_at(struct sim_fleet *fleet, uint32_t link, uint32_t lane, uint32_t side,
                       weft_ns at, uint64_t number);
/* That side has closed it for good. */
void sim_link_bye(struct sim_fleet *fleet, uint32_t link, uint32_t side);
void sim_link_killed(struct sim_fleet *fleet, uint32_t server);
/* The NICs of a lane; false: one of them does nothing. */
bool sim_link_nics(const struct sim_fleet *fleet, const struct sim_link *link, uint32_t lane,
                   uint32_t nics[2]);
bool sim_server_is(const struct sim_fleet *fleet, uint32_t server, uint32_t life);

/* ---- fleet_server.c ---- */
void sim_server_open(struct sim_fleet *fleet, uint32_t server);
void sim_server_close(struct sim_fleet *fleet, uint32_t server);
void sim_server_kill(struct sim_fleet *fleet, uint32_t server);
void sim_server_wake(struct sim_fleet *fleet, uint32_t server, weft_ns at);
void sim_server_round(struct sim_fleet *fleet, uint32_t server);
void sim_server_rest(struct sim_fleet *fleet, uint32_t server);
/* Does what src/api does for weftWindowRegister, and for a key that others are given. */
void sim_server_add_window(struct sim_fleet *fleet, uint32_t server, uint32_t window);

/* ---- fleet_revoke.c ---- */
void sim_revoke_begin(struct sim_fleet *fleet, uint32_t server, uint32_t window);
void sim_abort_begin(struct sim_fleet *fleet, uint32_t server);
weft_ns sim_revokes_next_at(const struct sim_fleet *fleet);
void sim_revokes_due(struct sim_fleet *fleet);
void sim_revokes_check_done(struct sim_fleet *fleet);

/* ---- fleet_call.c ---- */
/* Something has gone wrong that may concern any call. */
bool sim_fleet_is_disturbed(const struct sim_fleet *fleet);
void sim_calls_round(struct sim_fleet *fleet, uint32_t server);
void sim_fleet_calls_due(struct sim_fleet *fleet);
weft_ns sim_fleet_calls_next_at(const struct sim_fleet *fleet);
void sim_calls_killed(struct sim_fleet *fleet, uint32_t server);
void sim_calls_raised(struct sim_fleet *fleet, uint32_t memory, uint64_t offset, uint64_t value);
void sim_call_leave(struct sim_fleet *fleet, struct sim_call *call, enum sim_call_state state);
/* At the end of a target window: its data lies before that. */
#define SIM_SIGNAL_BYTES 8192
static inline uint64_t sim_signal_offset(uint32_t call, uint64_t size_bytes)
{
    return size_bytes - SIM_SIGNAL_BYTES + 8 * (call % (SIM_SIGNAL_BYTES / 8));
}
void sim_calls_overdue(struct sim_fleet *fleet);

/* ---- fleet_begin.c ---- */
/* Begins the call, or goes on with beginning it. */
void sim_call_begin(struct sim_fleet *fleet, struct sim_call *call);
/* Deregisters what was imported of processes that have ended: their places are used again. */
void sim_calls_forget(struct sim_fleet *fleet);

/* ---- fleet_way.c ---- */
/* False: there is no route, however sound all is. */
bool sim_call_has_way(const struct sim_fleet *fleet, const struct sim_call *call);
/* Words go between the two servers, over some lane. */
bool sim_fleet_are_joined(const struct sim_fleet *fleet, uint32_t a, uint32_t b);
/* It waited, or waits, for another one that was asked for before a fence. */
bool sim_call_was_fenced(const struct sim_fleet *fleet, const struct sim_call *call);
/* It must end well: nothing went wrong any more when it was asked for, and it has a live way. */
bool sim_call_is_calm(const struct sim_fleet *fleet, const struct sim_call *call);

/* ---- fleet_draw.c ---- */
void sim_fleet_draw(struct sim_fleet *fleet);
/* Parts of that, for a plain one. */
void sim_fleet_add_host_copies(struct sim_world *world);
void sim_fleet_begin_server(struct sim_fleet *fleet, uint32_t server);
void sim_fleet_take_config(const struct sim_fleet *fleet, struct sim_server *server);
/* Where the call's bytes lie in its windows. */
void sim_fleet_place(struct sim_call *call, struct sim_dice *dice);
void sim_fleet_add_closing(struct sim_fleet *fleet);

/* ---- the whole ---- */
struct sim_fleet *sim_fleet_open(const struct sim_fleet_shape *shape);
void sim_fleet_close(struct sim_fleet *fleet);

/* Draws it, without running. */
void sim_fleet_prepare(struct sim_fleet *fleet, uint64_t seed, const struct sim_schedule *schedule,
                       bool is_verbose);

/* Lists in the schedule all that the callers do, so that it can be taken out. */
void sim_fleet_list(const struct sim_fleet *fleet, struct sim_schedule *schedule);

/* Runs the seed, or the schedule; returns the hash over all that was done. Does not return when a
 * check fails. */
uint64_t sim_fleet_run(struct sim_fleet *fleet, uint64_t seed, const struct sim_schedule *schedule,
                       bool is_verbose);

#endif
