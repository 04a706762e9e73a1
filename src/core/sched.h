/* Schedulers: which path takes the next chunk of a transfer, and how large it is.
 *
 * A scheduler decides from what it is shown and changes nothing but its own turn; the engine does
 * what it chose. They are a table; the setting `sched` names one:
 *   pull        every path takes from the transfer's cursor when it has room (default)
 *   direct      the best single path, nothing else
 *   static      fixed shares by nominal bandwidth (as UCX and OFI split)
 *   roundrobin  paths in turn, chunk by chunk */
#ifndef WEFT_SCHED_H
#define WEFT_SCHED_H

#include "pair.h"
#include "transfer.h"

struct weft_sched_view {
    const struct weft_config *config;
    struct weft_pair *pair; /* its `turn` is the scheduler's to change */
    const struct weft_transfer *transfer;
    const struct weft_path *paths; /* the pair's own: index 0 .. path_count-1 */
    const struct weft_lane *lanes;
    const struct weft_relay *relays;
    uint64_t lent_bytes_max; /* of a chunk on borrowed links: the machine is shared or not */
    weft_ns now;
};

struct weft_sched_choice {
    uint32_t path; /* of the pair */
    uint64_t bytes_max;
};

struct weft_sched_ops {
    const char *name;
    /* False: no path should take a chunk now; something must end first. */
    bool (*pick)(const struct weft_sched_view *view, struct weft_sched_choice *choice);
};

extern const struct weft_sched_ops weft_sched_pull;
extern const struct weft_sched_ops weft_sched_direct;
extern const struct weft_sched_ops weft_sched_static;
extern const struct weft_sched_ops weft_sched_roundrobin;

/* By name, or NULL. */
const struct weft_sched_ops *weft_sched_find(const char *name);

/* True when the path takes a chunk now, or will when one of its own ends: it is worth waiting
 * for. */
bool weft_sched_moves(const struct weft_sched_view *view, uint32_t path);

/* The path that a transfer on one path takes: of those that move, the first direct one, else the
 * first one; WEFT_NONE when none does. */
uint32_t weft_sched_single(const struct weft_sched_view *view);

/* The plan admits the path and its lanes live. */
bool weft_sched_takes_part(const struct weft_sched_view *view, uint32_t path);

/* True when the path can take a chunk now. */
bool weft_sched_open(const struct weft_sched_view *view, uint32_t path);

/* `wanted` bytes within the bounds of path, settings and what is left: at least what the path moves
 * in chunk_ns_min. A rest of less than half of that is taken along where it fits. */
uint64_t weft_sched_bytes(const struct weft_sched_view *view, uint32_t path, uint64_t wanted);

#endif
