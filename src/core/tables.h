/* The engine's tables: everything of a comm that the core remembers, by index.
 *
 * Only the engine*.c files see it. Each entry is its noun's; what joins entries (lists, timers,
 * counts) is kept here. */
#ifndef WEFT_TABLES_H
#define WEFT_TABLES_H

#include "../base/arena.h"
#include "../base/heap.h"
#include "../base/list.h"
#include "../base/pool.h"
#include "chunk.h"
#include "engine.h"
#include "plan.h"
#include "sched.h"
#include "signal.h"
#include "trace.h"
#include "transfer.h"
#include "window.h"

struct weft_engine {
    const struct weft_config *config;
    const struct weft_topo *topo;
    const struct weft_hop_table *hops;
    const struct weft_extent_block *blocks;
    const struct weft_sched_ops *sched;
    struct weft_route_filter filter;
    struct weft_trace trace;

    struct weft_window *windows; /* windows_max */

    struct weft_transfer *transfers; /* by tag: transfers_max */
    struct weft_list_link *transfer_links;
    struct weft_list waiting;  /* behind a fence */
    struct weft_list draining; /* DRAINING */
    struct weft_list ended;    /* COMPLETE is due */
    uint64_t running_fence;
    uint32_t running; /* started with that fence number and not ended */
    uint32_t live;    /* submitted and not told */

    struct weft_chunk *chunks; /* chunks_max */
    struct weft_list_link *chunk_links;
    struct weft_list issuing; /* FLYING with a copy still to be issued */
    struct weft_pool chunk_pool;

    struct weft_lane *lanes; /* one per hop */
    struct weft_list_link *lane_links;
    struct weft_list probing; /* lanes whose probe is to be issued */
    uint32_t copies;          /* out, probes included */

    struct weft_pair *pairs;
    struct weft_list_link *pair_links;
    struct weft_list busy; /* pairs with transfers that have bytes left */
    uint32_t *first_pair;  /* by source device: its last made pair + 1; 0: none yet */
    uint32_t pair_count;
    uint32_t pairs_max;
    struct weft_path *paths;
    uint32_t path_count;

    uint32_t devices_max; /* there is room for, peers' included; */
    uint32_t links_max;   /* the same, */
    uint32_t hops_max;    /* and the same */
    uint32_t lane_count;
    struct weft_relay *relays; /* by device */
    struct weft_capacity capacity;
    struct weft_pair **planned; /* scratch: the active pairs */
    bool plan_wanted;
    weft_ns planned_at;
    bool was_shared;   /* several pairs had load at once, */
    weft_ns shared_at; /* last then */

    struct weft_heap timers; /* transfers by tag, then lanes, then the two below */
    uint32_t timer_lanes;
    uint32_t timer_plan;
    uint32_t timer_retry;
    bool stirred; /* something happened since no path would take a chunk */

    struct weft_extent *scratch; /* of the copy that `next` gave last */
};

/* ---- engine_make.c: memory and routes ---- */
/* The pair of two devices with its paths, made at its first use; WEFT_NONE: one of them holds no
 * bytes, or there are too many pairs. */
uint32_t weft_engine_pair(struct weft_engine *engine, uint32_t src_device, uint32_t dst_device);

/* The same, of a pair that was made; else WEFT_NONE. */
uint32_t weft_engine_pair_find(const struct weft_engine *engine, uint32_t src_device,
                               uint32_t dst_device);

/* ---- engine_lane.c: lanes, with their timers and what their changes mean for others ---- */
void weft_engine_lane_issued(struct weft_engine *engine, uint32_t hop, uint64_t bytes, bool ready,
                             weft_ns now);
void weft_engine_lane_readied(struct weft_engine *engine, uint32_t hop, uint64_t bytes,
                              weft_ns now);
void weft_engine_lane_ended(struct weft_engine *engine, uint32_t hop, uint64_t bytes,
                            weft_ns ready_at, bool good, weft_ns now);
void weft_engine_lane_blamed(struct weft_engine *engine, uint32_t hop, weft_ns now);
void weft_engine_hold(struct weft_engine *engine, weft_ns now);
void weft_engine_lane_expired(struct weft_engine *engine, uint32_t hop, weft_ns now);
void weft_engine_lane_refused(struct weft_engine *engine, uint32_t hop, uint64_t bytes, bool ready,
                              weft_ns now);
void weft_engine_link_changed(struct weft_engine *engine, uint32_t link, uint64_t rate,
                              weft_ns now);
bool weft_engine_probe_next(struct weft_engine *engine, struct weft_action *action, weft_ns now);
void weft_engine_probe_ended(struct weft_engine *engine, uint32_t hop, bool good, weft_ns now);

uint32_t weft_engine_probe_cookie(const struct weft_engine *engine, uint32_t hop);

/* ---- engine_transfer.c: beginning and ending ---- */
weftResult_t weft_engine_transfer_begin(struct weft_engine *engine, const struct weft_op *op,
                                        weft_ns now);
/* It is to end badly; at once where none of its copies is out. */
void weft_engine_transfer_stop(struct weft_engine *engine, uint32_t tag, weftResult_t result,
                               enum weft_cause cause, weft_ns now);
void weft_engine_transfer_expired(struct weft_engine *engine, uint32_t tag, weft_ns now);
/* A chunk of it has settled, or a copy of one has ended: does it end? */
void weft_engine_transfer_settled(struct weft_engine *engine, uint32_t tag, weft_ns now);
/* Copies on a lane hang: do draining transfers wait for nothing else? */
void weft_engine_transfers_review(struct weft_engine *engine, weft_ns now);
bool weft_engine_transfer_tell(struct weft_engine *engine, struct weft_action *action, weft_ns now);
/* Puts it in its pair's list, or takes it out, as it has bytes left. */
void weft_engine_transfer_list(struct weft_engine *engine, uint32_t tag, bool front);
void weft_engine_transfer_unlist(struct weft_engine *engine, uint32_t tag);

/* ---- engine_chunk.c: cutting, issuing, settling ---- */
/* Cuts a chunk for a path that will take one, or only for an idle path; false when none will. */
bool weft_engine_chunk_cut(struct weft_engine *engine, bool idle_only, weft_ns now);
/* The next copy of a chunk that is on a path, or only a chunk's first copy. */
bool weft_engine_chunk_next(struct weft_engine *engine, bool first_only, struct weft_action *action,
                            weft_ns now);
void weft_engine_chunk_refused(struct weft_engine *engine, uint32_t cookie, weft_ns now);
void weft_engine_chunk_copy_ended(struct weft_engine *engine, uint32_t cookie, bool good,
                                  weft_ns now);
/* It is stopped: settles it when none of its copies is out. */
void weft_engine_chunk_discard(struct weft_engine *engine, uint32_t chunk, weft_ns now);

/* ---- engine_plan.c ---- */
/* Other engines' plans take so much of a link. */
void weft_engine_link_loaded(struct weft_engine *engine, uint32_t link,
                             const struct weft_load *load);

/* Plans when something asked for it. */
void weft_engine_plan(struct weft_engine *engine, weft_ns now);

#endif
