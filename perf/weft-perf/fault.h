/* Faults of a measurement: which link changes how, and when.
 *
 * A plan is a list; entries without a percentage apply before the transfer starts, the others when
 * that part of its bytes has arrived. A watch is a thread that applies them and notes the moments,
 * so that the bound can be integrated over what the machine really was. */
#ifndef WEFT_PERF_FAULT_H
#define WEFT_PERF_FAULT_H

#include <pthread.h>
#include <stdatomic.h>

#include "common/testbed.h"
#include "side.h"

#define WEFT_PERF_FAULTS_MAX 16

struct weft_perf_subject;

struct weft_perf_fault {
    enum weft_perf_side side; /* whose link it is */
    char link[64];
    enum weft_link_change change;
    unsigned permille; /* of the described rate, for SCALE */
    unsigned percent;  /* of the bytes */
    bool during;       /* false: before the start */
};

struct weft_perf_fault_plan {
    uint32_t count;
    struct weft_perf_fault faults[WEFT_PERF_FAULTS_MAX];
};

/* What was applied, and when. */
struct weft_perf_fault_event {
    uint32_t fault;
    weft_ns at;
};

struct weft_perf_fault_watch {
    struct weft_perf_subject *subject;
    const struct weft_perf_fault_plan *plan;
    pthread_t thread;
    bool running;
    atomic_bool stop;     /* release: the caller; acquire: the thread */
    uint32_t event_count; /* written by the thread, read after the join */
    struct weft_perf_fault_event events[WEFT_PERF_FAULTS_MAX];
};

/* Adds "LINK=FACTOR[@P%]" (degrade) or "LINK[@P%]" (others), with "b:" in front for a link of the
 * second server. */
bool weft_perf_fault_add(struct weft_perf_fault_plan *plan, enum weft_link_change change,
                         bool restore, const char *text, char why[WEFT_WHY_BYTES]);

/* False when the plan names a link that its machine does not have. "nic0" becomes "nic0-net". */
bool weft_perf_fault_plan_check(struct weft_perf_fault_plan *plan,
                                const struct weft_perf_subject *subject, char why[WEFT_WHY_BYTES]);

bool weft_perf_fault_plan_during(const struct weft_perf_fault_plan *plan);
bool weft_perf_fault_plan_has(const struct weft_perf_fault_plan *plan,
                              enum weft_link_change change);

/* Applies the entries without a percentage. */
bool weft_perf_fault_apply_before(const struct weft_perf_fault_plan *plan,
                                  const struct weft_perf_subject *subject,
                                  char why[WEFT_WHY_BYTES]);

/* Brings every link that the plan names back to its described rate. */
void weft_perf_fault_restore(const struct weft_perf_fault_plan *plan,
                             const struct weft_perf_subject *subject);

/* Starts watching the transfer that weft_perf_subject_begin announced; until `stop` has waited for
 * the thread, the second server is the thread's. `stop` may be called twice. */
bool weft_perf_fault_watch_start(struct weft_perf_fault_watch *watch,
                                 struct weft_perf_subject *subject,
                                 const struct weft_perf_fault_plan *plan);
void weft_perf_fault_watch_stop(struct weft_perf_fault_watch *watch);

#endif
