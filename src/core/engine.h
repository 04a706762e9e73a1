/* The engine: events in, actions out, `now` with every call.
 *
 * It owns the tables of a comm (windows, transfers, chunks, lanes, pairs of devices with their
 * paths, relays) and only routes between them; each rule lives with its noun. Descriptors, never
 * bytes: it deals in (window, offset, length). Equal calls give equal actions.
 *
 * The host's loop:
 *     submit, event, ...      whenever something has happened
 *     expire(now)             when deadline() has passed
 *     while (next(&action))   perform it; weft_engine_refused where a copy was not taken
 *     sleep until deadline() or the next event
 *
 * Ending well:   COPY done -> chunk done -> all bytes done -> COMPLETE (with its signal).
 * Ending badly:  the transfer takes no more bytes, waits for its copies in flight, then COMPLETE.
 *                A copy on a lane that makes no progress is not waited for past the deadline: then
 *                COMPLETE says weftUnknown, and the window keeps counting that copy. */
#ifndef WEFT_ENGINE_H
#define WEFT_ENGINE_H

#include "../base/base.h"
#include "config.h"
#include "extent.h"
#include "hop.h"
#include "load.h"
#include "topo.h"

#define WEFT_CHUNK_HOPS_MAX 3

struct weft_engine;

/* A signal that a transfer raises; `window` is WEFT_NONE for none. */
struct weft_signal {
    uint32_t window;
    uint64_t offset;
    uint64_t value;
    weftSignalOp_t op;
};

/* What a caller asks for. */
struct weft_op {
    uint32_t tag; /* the caller's number for it, < transfers_max, free for reuse at COMPLETE */
    uint32_t dst_window;
    uint32_t src_window;
    uint32_t first_block; /* of its extents; WEFT_NONE: no bytes, only the signal */
    uint64_t size_bytes;  /* sum over the extents */
    uint64_t fence;       /* starts when every op with a lower number has ended; never decreases */
    bool unfenced;        /* asked for by a peer: starts at once, whatever the fences here say */
    weft_ns deadline_at;
    struct weft_signal signal;
};

enum weft_event_kind {
    WEFT_EVENT_COPY_ENDED, /* cookie, result; weftInvalidUsage: the peer has revoked the window, and
                              the lane is not to blame */
    WEFT_EVENT_CANCEL,     /* tag */
    WEFT_EVENT_REVOKE,     /* window: its transfers are cancelled, it takes no new ones */
    WEFT_EVENT_ABORT,      /* every transfer is cancelled, deadlines become `deadline_at` */
    WEFT_EVENT_LINK_RATE, /* link, rate_bytes_per_us: what the machine says of a link now; 0 down */
    WEFT_EVENT_LINK_LOAD, /* link, load: what other engines' plans take of it now */
    WEFT_EVENT_KINDS
};

struct weft_event {
    enum weft_event_kind kind;
    uint32_t cookie;
    weftResult_t result;
    uint32_t tag;
    uint32_t window;
    uint32_t link;
    uint64_t rate_bytes_per_us;
    struct weft_load load;
    weft_ns deadline_at;
};

enum weft_action_kind { WEFT_ACTION_COPY, WEFT_ACTION_COMPLETE, WEFT_ACTION_KINDS };

/* Why a transfer ended badly, for the sentence that the user reads. */
enum weft_cause {
    WEFT_CAUSE_NONE,
    WEFT_CAUSE_DEADLINE, /* too slow: bytes were still to be moved over live lanes */
    WEFT_CAUSE_HUNG,     /* `hop` makes no progress with a copy of this transfer */
    WEFT_CAUSE_DOWN,     /* every route is down; `hop` failed last */
    WEFT_CAUSE_NO_ROUTE, /* no route is known, or the setting `routes` leaves none */
    WEFT_CAUSE_CANCELLED,
    WEFT_CAUSE_REVOKED,
    WEFT_CAUSE_ABORTED,
    WEFT_CAUSE_SIGNAL, /* the signal could not be written */
    WEFT_CAUSE_PEER,   /* the peer that was asked said no */
    WEFT_CAUSE_GONE,   /* the peer's process has ended */
    WEFT_CAUSE_SILENT, /* the peer that was asked does not say what it did */
    WEFT_CAUSES
};

struct weft_action {
    enum weft_action_kind kind;
    /* COPY: `extents` is the engine's and valid until the next call of the engine. */
    uint32_t hop;
    uint32_t dst_window;
    uint32_t src_window;
    uint32_t extent_count;
    const struct weft_extent *extents;
    uint64_t size_bytes;
    uint32_t cookie;
    uint32_t after;     /* WEFT_COOKIE_NONE, or the cookie of the hop before it */
    uint32_t after_hop; /* the hop that cookie was issued on */
    bool lent;          /* its path uses engines of devices that are neither end */
    uint32_t owner;     /* the tag of the transfer that it is for; WEFT_NONE: none any more */
    bool is_whole;      /* it alone brings all bytes of the owner, to where they belong: the owner's
                           signal may be raised along with it, and is not raised again then */
    /* COMPLETE: the host raises the signal (if any), then tells the caller. */
    uint32_t tag;
    weftResult_t result;
    enum weft_cause cause;
    uint32_t cause_hop;   /* a hop index, or WEFT_NONE */
    weft_ns cause_since;  /* DOWN, HUNG: since when */
    uint64_t moved_bytes; /* bytes known to be visible */
    struct weft_signal signal;
};

/* What the engine is made from. All pointers are the caller's and outlive the engine. */
struct weft_engine_input {
    const struct weft_config *config;
    const struct weft_topo *topo;
    const struct weft_hop_table *hops;
    const struct weft_extent_block *blocks; /* the extent blocks that ops refer to */
    uint64_t seed;                          /* of nothing random; kept in the trace's head */
    uint32_t peers_max; /* servers whose devices, links and hops may be added; 0: none */
};

/* Bytes of memory that weft_engine_init needs for this input. */
size_t weft_engine_size(const struct weft_engine_input *input);

/* Makes an engine in `memory` (aligned to 64, weft_engine_size bytes, the caller's).
 * NULL with `*why` set to a sentence when the settings name unknown routes or schedulers. */
struct weft_engine *weft_engine_init(const struct weft_engine_input *input, void *memory,
                                     weft_ns now, const char **why);

/* Copies use cookies below this. */
uint32_t weft_engine_cookies(const struct weft_config *config);

/* ---- windows. Numbers are the caller's, below windows_max. ---- */

/* Needs: the number is free. `rights` are those of WEFT_RIGHT_*. */
weftResult_t weft_engine_window_add(struct weft_engine *engine, uint32_t window, uint32_t device,
                                    uint64_t size_bytes, unsigned rights);

/* weftInProgress while transfers or copies use it (a revoke event ends the transfers). */
weftResult_t weft_engine_window_remove(struct weft_engine *engine, uint32_t window);

/* Copies in flight that read or write the window, hung ones included. */
uint32_t weft_engine_window_copies(const struct weft_engine *engine, uint32_t window);

/* Its bytes; 0 when the number is free. */
uint64_t weft_engine_window_size(const struct weft_engine *engine, uint32_t window);

/* No transfer and no copy uses the window: nothing of it is touched until the next submit. A
 * transfer uses it until COMPLETE has been told, as its signal is raised then. */
bool weft_engine_window_idle(const struct weft_engine *engine, uint32_t window);

/* The staging ring of a device: a window of `slots` (at most WEFT_RELAY_SLOTS_MAX) times
 * relay_slot_bytes, plus 4 KiB at its end that probes read and write. Devices without one are no
 * transit. Add it before the first op that could pass through the device. */
void weft_engine_relay_add(struct weft_engine *engine, uint32_t device, uint32_t window,
                           uint32_t slots);

/* Devices, links and hops were added at the end of their tables: a peer came. */
void weft_engine_grow(struct weft_engine *engine);

/* ---- the contract ---- */

/* weftSuccess: COMPLETE will come. weftInvalidArgument: a range is outside its window.
 * weftInvalidUsage: rights are missing, or a window is revoked. weftNoResource: too many. */
weftResult_t weft_engine_submit(struct weft_engine *engine, const struct weft_op *op, weft_ns now);
void weft_engine_event(struct weft_engine *engine, const struct weft_event *event, weft_ns now);
void weft_engine_expire(struct weft_engine *engine, weft_ns now);
bool weft_engine_next(struct weft_engine *engine, struct weft_action *action, weft_ns now);

/* The port's queue was full (`weftNoResource`) or it failed at once (any other result) with the
 * copy that `next` gave last: it was not issued. */
void weft_engine_refused(struct weft_engine *engine, const struct weft_action *action,
                         weftResult_t result, weft_ns now);
weft_ns weft_engine_deadline(const struct weft_engine *engine);

/* Plans made so far: with each, what the engine takes of links may have changed. */
uint64_t weft_engine_plans(const struct weft_engine *engine);

/* What its plan takes of the links, by link; of the first `count`. */
void weft_engine_load(const struct weft_engine *engine, struct weft_load *loads, uint32_t count);

/* Transfers that have not ended. */
uint32_t weft_engine_live(const struct weft_engine *engine);

/* Copies that have not ended, probes included. */
uint32_t weft_engine_copies(const struct weft_engine *engine);

/* ---- what it knows, for people ---- */

struct weft_route_report {
    char name[96];              /* "gpu0>gpu1>dram0" */
    uint64_t rate_bytes_per_us; /* the planned cap */
    uint64_t nominal_bytes_per_us;
    uint64_t chunk_bytes;
    uint64_t moved_bytes; /* since the engine began */
    uint64_t chunk_count;
    uint32_t hop_count;
    uint32_t hops[WEFT_CHUNK_HOPS_MAX];
    bool admitted; /* the plan uses it */
    bool down;
};

/* Plans a transfer of `size_bytes` as if it were alone and fills at most `max` rows, best first.
 * Returns how many; `*expected_ns` is the time it would take. */
uint32_t weft_engine_explain(struct weft_engine *engine, uint32_t src_device, uint32_t dst_device,
                             uint64_t size_bytes, struct weft_route_report *rows, uint32_t max,
                             weft_ns *expected_ns);

/* Has a transfer between the two devices ever been asked for? */
bool weft_engine_pair_used(const struct weft_engine *engine, uint32_t src_device,
                           uint32_t dst_device);

/* The routes between two devices with what they have moved. */
uint32_t weft_engine_routes(struct weft_engine *engine, uint32_t src_device, uint32_t dst_device,
                            struct weft_route_report *rows, uint32_t max);

struct weft_pair;
struct weft_path;
struct weft_lane;
struct weft_relay;

/* Entries of its tables (engine_view.c), to be read before the next call of the engine: pairs in
 * the order in which they were first asked for, with paths by number; lanes by hop; relays by
 * device. NULL behind the last one, and for a device without a relay. */
const struct weft_pair *weft_engine_pair_at(const struct weft_engine *engine, uint32_t index);
const struct weft_path *weft_engine_path_at(const struct weft_engine *engine, uint32_t index);
const struct weft_lane *weft_engine_lane_at(const struct weft_engine *engine, uint32_t hop);
const struct weft_relay *weft_engine_relay_at(const struct weft_engine *engine, uint32_t device);

struct weft_trace;

/* The engine's trace: counters and records (trace.h). */
const struct weft_trace *weft_engine_trace(const struct weft_engine *engine);

#endif
