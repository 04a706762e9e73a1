/* What the callers of a run ask for: windows, and operations with their times.
 *
 * Destinations of two operations share bytes only where a fence stands between them, and sources
 * are not written while they are read, except again behind a fence: what a correct program does.
 * Some operations are wrong on purpose and name the result that submit must give. */
#ifndef SIM_WORKLOAD_H
#define SIM_WORKLOAD_H

#include "core/engine.h"
#include "world.h"

#define SIM_WINDOWS_MAX  128 /* the relays' included */
#define SIM_OPS_MAX      48
#define SIM_EXTENTS_MAX  8192
#define SIM_EXTENTS_KEPT 16 /* not drawn: for transfers that a run adds */
#define SIM_REVOKES_MAX  3

struct sim_window {
    uint32_t device;
    uint64_t size_bytes;
    unsigned rights;
};

struct sim_op {
    weft_ns gap_ns;   /* after the one before */
    bool is_alone;    /* only when all before it have ended */
    bool is_fenced;   /* a fence stands before it */
    bool is_signal;   /* no bytes, only the signal */
    bool is_left_out; /* by the schedule: it is never asked for */
    uint32_t src_window;
    uint32_t dst_window;
    uint32_t first_extent;
    uint32_t extent_count;
    uint64_t size_bytes;
    weft_ns deadline_ns; /* after submit */
    weft_ns cancel_ns;   /* after submit; WEFT_NEVER: not cancelled */
    struct weft_signal signal;
    weftResult_t submits; /* what submit must return while its windows are live */
};

struct sim_revoke {
    weft_ns at;
    uint32_t window;
    bool is_added_again; /* the number is used again once it is free */
};

struct sim_workload {
    uint32_t window_count;
    struct sim_window windows[SIM_WINDOWS_MAX];
    uint32_t op_count;
    struct sim_op ops[SIM_OPS_MAX];
    uint32_t extent_count;
    struct weft_extent extents[SIM_EXTENTS_MAX];
    uint32_t revoke_count;
    struct sim_revoke revokes[SIM_REVOKES_MAX];
    weft_ns abort_at;          /* WEFT_NEVER: not aborted */
    weft_ns abort_deadline_ns; /* after abort_at */
    weft_ns span_ns;           /* about how long it takes */
};

void sim_workload_draw(struct sim_workload *workload, struct sim_dice *dice,
                       const struct sim_world *world);

void sim_workload_print(const struct sim_workload *workload, const struct sim_world *world);

#endif
