/* The memory of a run, as where each byte came from: no bytes, so that terabytes are cheap.
 *
 * Every registered byte has a place of its own in one space; what a window holds is a map from its
 * bytes to places (map.h). A copy makes its destination unreadable when it starts and gives it the
 * places of its source when it ends, so that whatever reads or writes in between is found. The
 * checks:
 *
 *     overlap      a copy starts to write what another one is writing
 *     torn-read    a copy reads what another one is writing
 *     stray-write  a copy writes bytes of a window that no transfer under way owns
 *     wrong-bytes  a destination gets, or has at the end, other bytes than its transfer's source
 *
 * A copy that was given up (weftUnknown) may land at any time: its destination is exempt for
 * good. */
#ifndef SIM_SHADOW_H
#define SIM_SHADOW_H

#include "copy.h"
#include "history.h"
#include "map.h"
#include "workload.h"

struct sim_memory {
    bool is_live;
    bool is_relay;
    bool is_revoked; /* a fleet's: its owner takes it back */
    uint32_t device;
    uint64_t size_bytes;
    uint64_t base;         /* the place of its first byte */
    struct sim_map holds;  /* state or place of what each byte holds */
    struct sim_map owner;  /* number of the op whose destination it is, plus one, or 0 */
    struct sim_map origin; /* the place whose content each byte is to become */
    struct sim_map given_up;
};

struct sim_shadow {
    struct sim_history *history;
    struct sim_memory *memories; /* by window */
    uint32_t memory_count;
    uint32_t *windows; /* which window a place belongs to: one for each ever added in a run */
    uint32_t place_count;
    uint32_t place_capacity;
    uint64_t verified_bytes;
    uint64_t relay_in_bytes;  /* that copies have brought into relays */
    uint64_t relay_out_bytes; /* and from there */
    uint64_t *landed_bytes;   /* by op: written into its destination so far */
    uint32_t op_count;
};

/* For so many windows and operations; what was there before is forgotten, its memory kept. */
void sim_shadow_begin(struct sim_shadow *shadow, struct sim_history *history, uint32_t windows,
                      uint32_t ops);
void sim_shadow_fini(struct sim_shadow *shadow);

void sim_shadow_add(struct sim_shadow *shadow, uint32_t window, uint32_t device,
                    uint64_t size_bytes, bool is_relay);
void sim_shadow_remove(struct sim_shadow *shadow, uint32_t window);

/* An op's destination becomes its own, and is no longer. */
void sim_shadow_own(struct sim_shadow *shadow, uint32_t number, const struct sim_op *op,
                    const struct weft_extent *extents);
void sim_shadow_release(struct sim_shadow *shadow, const struct sim_op *op,
                        const struct weft_extent *extents);

/* The op that owns what the copy writes. Fails unless there is exactly one. */
uint32_t sim_shadow_owner(struct sim_shadow *shadow, const struct sim_copy *copy);

void sim_shadow_started(struct sim_shadow *shadow, const struct sim_copy *copy);
void sim_shadow_ended(struct sim_shadow *shadow, const struct sim_copy *copy, bool is_moved);

/* The copy may land at any time from now on, or never. */
void sim_shadow_give_up(struct sim_shadow *shadow, const struct sim_copy *copy);

/* Every byte of the op is where it belongs. */
void sim_shadow_verify(struct sim_shadow *shadow, uint32_t number, const struct sim_op *op,
                       const struct weft_extent *extents);

#endif
