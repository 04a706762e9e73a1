/* One run: a world, a workload and a schedule from one seed, the engine in between, and every
 * check while it goes.
 *
 *     safety     all is asked for, faults come     anything may fail, nothing may be wrong
 *     liveness   the last fault has come: a core   what has a live route ends within a bound; while
 *                is up, the rest stays as it is    there is work, something will happen
 *     rest       all has ended, all is restored    copies and timers end by themselves
 *     closing    some more transfers               all must go well
 *     the end                                      all windows can be removed
 *
 * One event heap (the fabric's), one thread, virtual time, integers. */
#ifndef SIM_RUN_H
#define SIM_RUN_H

#include "base/pool.h"
#include "fabric.h"
#include "health.h"
#include "schedule.h"

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
    weft_ns active_at; /* WEFT_NEVER: it is behind a fence */
    weft_ns deadline_at;
    weft_ns cancel_at;
    weft_ns ended_at;  /* WEFT_NEVER: not yet */
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
    uint64_t faults[SIM_FAULT_ALL_KINDS];
    uint64_t fleets; /* runs of several servers, what they moved, and how their calls ended */
    uint64_t fleet_servers;
    uint64_t fleet_landed_bytes;
    uint64_t fleet_results[weftNumResults];
    uint64_t quiet_ops;
    uint64_t quiet_ns;       /* that transfers of undisturbed seeds took */
    uint64_t quiet_least_ns; /* that they could take at best (program/efficiency.h) */
};

struct sim_run {
    struct sim_history history;
    struct sim_world world;
    struct sim_workload workload;
    struct sim_schedule schedule;
    struct sim_fabric fabric;
    struct sim_shadow shadow;
    struct sim_health health;
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
    bool is_closing;
    uint32_t first_closing;                   /* operation */
    weft_ns calm_at;                          /* the liveness phase has begun; WEFT_NEVER before */
    weft_ns next_check_at;                    /* of what should have ended since */
    weft_ns calm_ns;                          /* what has a route ends within that, from then on */
    uint32_t same_now;                        /* rounds without time passing */
    uint64_t steps_left;                      /* until the run is given up */
    struct weft_load foreign[WEFT_LINKS_MAX]; /* what the engine was told of other processes, */
    uint64_t foreign_plans;                   /* and how many plans it had made before */
    uint64_t hash;
    uint64_t actions;
};

/* How a run is to be made. */
struct sim_options {
    bool is_verbose;
    const struct sim_schedule *schedule; /* instead of a drawn one, of the same seed; or NULL */
    struct sim_record *record;           /* filled for a drawing; or NULL */
    uint64_t steps_max;                  /* a run is given up after so many; 0: never */
};

static inline const struct weft_hop *sim_run_hop(const struct sim_run *run, uint32_t hop)
{
    return &run->world.hops.hops[hop];
}

static inline uint32_t sim_run_device(const struct sim_run *run, uint32_t window)
{
    return run->workload.windows[window].device;
}

/* The settings let the engine use every route that it knows. */
static inline bool sim_run_uses_all_routes(const struct sim_run *run)
{
    return run->world.config.routes[0] == 'a' && run->world.config.sched[0] != 'd';
}

/* NULL when there is no memory for it. */
struct sim_run *sim_run_open(void);
void sim_run_close(struct sim_run *run);

/* Draws world, workload and schedule, or takes `schedule`, where that is not NULL: its faults must
 * be of the world (sim_faults_misfit). */
void sim_run_draw(struct sim_run *run, const struct sim_source *source,
                  const struct sim_schedule *schedule);

/* Returns the hash over all actions; does not return when a check fails. */
uint64_t sim_run_once(struct sim_run *run, const struct sim_source *source,
                      const struct sim_options *options, struct sim_totals *totals);

#endif
