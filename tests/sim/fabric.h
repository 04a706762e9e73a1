/* The hardware of a run: copy engines, links and what has become of them, in virtual time.
 *
 * A lane (one for each hop) is a FIFO: its first copy starts when its latency has passed, the copy
 * that it comes after has ended, and the copy engine of its port and direction is free. Running
 * copies share each link in equal parts. A port takes only so many copies. Faults are those of
 * faults.h. What the copies do to memory is told to the shadow. */
#ifndef SIM_FABRIC_H
#define SIM_FABRIC_H

#include "base/heap.h"
#include "faults.h"
#include "record.h"
#include "shadow.h"

/* Timers: one for each cookie, and the run's own behind them. */
#define SIM_TIMERS_MAX (SIM_COPIES_MAX + 8)

struct sim_link_state {
    uint32_t permille; /* of its rate */
    bool is_cut;
    bool is_hung;
    uint32_t users; /* running copies */
};

struct sim_lane {
    bool is_stalled;
    weft_ns refuse_until;
    uint64_t fail_count;
    uint64_t error_count;
    weft_ns delay_ns;
    weft_ns noticed_at; /* the latest end of a copy: ends are noticed in order */
    bool is_seen;       /* while walking: an earlier copy of the lane was seen */
    bool is_stuck;      /* while walking: that copy is stuck */
};

struct sim_fabric {
    const struct sim_world *world;
    struct sim_shadow *shadow;
    struct sim_history *history;
    struct sim_record *record; /* the run writes it; NULL: none is kept */
    struct sim_dice dice;
    struct weft_heap timers;
    struct weft_heap_item timer_items[SIM_TIMERS_MAX];
    uint32_t timer_places[SIM_TIMERS_MAX];
    uint32_t copies_max;
    struct sim_copy copies[SIM_COPIES_MAX];
    uint32_t order[SIM_COPIES_MAX]; /* those that have not ended, as they were issued */
    uint32_t order_count;
    uint32_t inflight; /* not yet noticed */
    struct sim_link_state links[WEFT_LINKS_MAX];
    struct sim_lane lanes[WEFT_HOPS_MAX];
    uint32_t engine_of[WEFT_HOPS_MAX]; /* the copy engine that a hop uses */
    uint32_t engines[WEFT_HOPS_MAX];   /* its running copy, or WEFT_NONE */
    uint32_t port_copies[WEFT_DEVICES_MAX];
    weft_ns settled_at; /* up to when the running copies' progress is counted */
    bool is_changed;    /* something may start, or rates are other */
    uint64_t copy_count;
    uint64_t moved_bytes;
};

/* `copies_max` cookies and `more_timers` timers behind them, which are the caller's. */
void sim_fabric_begin(struct sim_fabric *fabric, const struct sim_world *world,
                      struct sim_shadow *shadow, struct sim_history *history, struct sim_dice dice,
                      uint32_t copies_max, uint32_t more_timers);
void sim_fabric_fini(struct sim_fabric *fabric);

/* weftSuccess: it is in flight. weftNoResource: the port is full. Else it failed at once. The
 * copy's fields up to `extents` are in `wanted`, whose extents are copied. */
weftResult_t sim_fabric_issue(struct sim_fabric *fabric, const struct sim_copy *wanted,
                              weft_ns now);

void sim_fabric_fault(struct sim_fabric *fabric, const struct sim_fault *fault, weft_ns now);

/* What is broken now stays so: faults that count copies go on for good. A full queue does not: it
 * comes free, or it would be a lane that is stalled. */
void sim_fabric_freeze(struct sim_fabric *fabric);

/* The timer of a cookie is due. True: the end of that copy is noticed now, and it is the caller's
 * to give back with sim_fabric_forget. */
bool sim_fabric_due(struct sim_fabric *fabric, uint32_t cookie, weft_ns now);
void sim_fabric_forget(struct sim_fabric *fabric, uint32_t cookie);

/* Starts what can start and sets the timers. Call it last, after any of the above. */
void sim_fabric_advance(struct sim_fabric *fabric, weft_ns now);

/* What the machine says of a link. */
uint64_t sim_fabric_link_rate(const struct sim_fabric *fabric, uint32_t link);

/* Marks the copies that are stuck, and tells which hops would move a byte that was issued now. */
void sim_fabric_live_hops(struct sim_fabric *fabric, bool live[WEFT_HOPS_MAX]);

#endif
