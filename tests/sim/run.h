/* One run: a world, a workload and a fault schedule from one seed, the engine in between, and every
 * check while it goes.
 *
 *     everything is asked for, faults come        may go wrong, nothing may be wrong
 *     the schedule has ended                      what still has a route ends well and soon
 *     every operation has ended                   then all that was broken is restored
 *     copies and timers of the engine have ended  some closing transfers must go well
 *     all windows can be removed
 *
 * One event heap (the fabric's), one thread, virtual time, integers. */
#ifndef SIM_RUN_H
#define SIM_RUN_H

#include "base/pool.h"
#include "fabric.h"

#define SIM_BLOCKS_MAX  1024
#define SIM_CLOSING_MAX 6

/* Behind the cookies' timers. */
enum sim_timer { SIM_TIMER_FAULT, SIM_TIMER_CALL, SIM_TIMER_ENGINE, SIM_TIMERS };

enum sim_op_state {
    SIM_OP_WAITING, /* not yet asked for */
    SIM_OP_FENCED,  /* submitted; operations before its fence are still under way */
    SIM_OP_ACTIVE,  /* may write its destination */
    SIM_OP_ENDED,   /* COMPLETE came, or submit refused it */
    SIM_OP_STATES
};

struct sim_op_run {
    enum sim_op_state state;
    uint32_t tag;
    uint32_t first_block;
    uint64_t number; /* among the submitted ones */
    uint64_t fence;
    weft_ns submitted_at;
    weft_ns active_at;
    weft_ns deadline_at;
    weft_ns cancel_at;
    bool is_cancelled; /* by cancel, revoke or abort */
    weftResult_t result;
};

enum sim_window_state { SIM_WINDOW_LIVE, SIM_WINDOW_REVOKED, SIM_WINDOW_REMOVED };

/* What happened, over any number of runs. */
struct sim_totals {
    uint64_t seeds;
    uint64_t simulated_ns;
    uint64_t verified_bytes;
    uint64_t copies;
    uint64_t actions;
    uint64_t results[weftNumResults];
    uint64_t faults[SIM_FAULT_KINDS];
    uint64_t quiet_ops;
    uint64_t quiet_ns;        /* that transfers of quiet seeds took */
    uint64_t quiet_single_ns; /* that they would take on their best single route */
};

struct sim_run {
    struct sim_history history;
    struct sim_world world;
    struct sim_workload workload;
    struct sim_faults faults;
    struct sim_fabric fabric;
    struct sim_shadow shadow;
    struct sim_dice dice;
    struct weft_engine *engine;
    void *memory;
    size_t memory_bytes;
    struct weft_extent_block blocks[SIM_BLOCKS_MAX];
    struct weft_pool block_pool;
    uint32_t block_indices[SIM_BLOCKS_MAX];
    weft_ns now;
    struct sim_op_run ops[SIM_OPS_MAX];
    uint32_t op_of_tag[SIM_OPS_MAX]; /* WEFT_NONE: free */
    uint32_t next_op;                /* to be submitted */
    weft_ns next_op_at;
    uint32_t live;      /* submitted and not ended */
    uint64_t submitted; /* ever */
    uint64_t fence;
    uint32_t next_fault;
    uint32_t next_revoke;
    enum sim_window_state windows[SIM_WINDOWS_MAX];
    bool is_added_again[SIM_WINDOWS_MAX];
    uint32_t all_windows; /* the relays' included */
    bool is_aborted;
    bool is_closing;     /* the closing transfers: they must go well */
    weft_ns calm_at;     /* the schedule has ended; WEFT_NEVER before */
    weft_ns calm_ns;     /* what has a route ends within that, from then on */
    uint32_t same_now;   /* rounds without time passing */
    uint64_t steps_left; /* until the run is given up */
    uint64_t hash;
    uint64_t actions;
};

/* How a run is to be made. */
struct sim_options {
    bool is_verbose;
    const struct sim_faults *faults; /* instead of drawn ones; NULL: drawn */
    uint64_t steps_max;              /* a run is given up after so many; 0: never */
};

/* NULL when there is no memory for it. */
struct sim_run *sim_run_open(void);
void sim_run_close(struct sim_run *run);

/* Returns the hash over all actions; does not return when a check fails. */
uint64_t sim_run_once(struct sim_run *run, const struct sim_source *source,
                      const struct sim_options *options, struct sim_totals *totals);

#endif
