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

#define WEFT_PERF_FAULTS_MAX  48
#define WEFT_PERF_SAMPLES_MAX 8192

struct weft_perf_subject;

struct weft_perf_fault {
    enum weft_perf_side side; /* whose link it is */
    int signal;               /* to the second server's process; 0: a link changes */
    char link[64];            /* "all", until the plan is checked: every NIC of the side */
    enum weft_link_change change;
    unsigned permille; /* the number of the change: of the described rate, for SCALE */
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

/* What has arrived, by time: a sample every 20 us of the machine's time, then thinned out. */
struct weft_perf_sample {
    weft_ns at;
    uint32_t permille; /* of the bytes */
};

struct weft_perf_curve {
    uint32_t count;
    struct weft_perf_sample samples[WEFT_PERF_SAMPLES_MAX];
};

struct weft_perf_fault_watch {
    struct weft_perf_subject *subject;
    const struct weft_perf_fault_plan *plan;
    struct weft_perf_curve *curve; /* NULL: it ends with the last fault */
    pthread_t thread;
    bool running;
    atomic_bool stop;     /* release: the caller; acquire: the thread */
    uint32_t event_count; /* written by the thread, read after the join */
    struct weft_perf_fault_event events[WEFT_PERF_FAULTS_MAX];
};

/* Adds "LINK=FACTOR[@P%]" (degrade), "NIC=N[@P%]" (lose one packet in N), "NIC=US[@P%]" (delay) or
 * "LINK[@P%]" (others), with "b:" in front for a link of the second server; to be cut, also
 * "all[@P%]", "peer:stop[@P%]" and "peer:kill[@P%]"; to hang, also "NIC:out[@P%]", so that what it
 * sends is lost, and "NIC:in[@P%]". Each ends what the link was before. */
bool weft_perf_fault_add(struct weft_perf_fault_plan *plan, enum weft_link_change change,
                         bool restore, const char *text, char why[WEFT_WHY_BYTES]);

/* False when the plan names a link that its machine does not have. "nic0" becomes "nic0-net", "all"
 * every NIC. */
bool weft_perf_fault_plan_check(struct weft_perf_fault_plan *plan,
                                const struct weft_perf_subject *subject, char why[WEFT_WHY_BYTES]);

bool weft_perf_fault_plan_during(const struct weft_perf_fault_plan *plan);
bool weft_perf_fault_plan_has(const struct weft_perf_fault_plan *plan,
                              enum weft_link_change change);

/* Whether the second server's process is stopped, or killed. */
bool weft_perf_fault_plan_stops(const struct weft_perf_fault_plan *plan);
bool weft_perf_fault_plan_kills(const struct weft_perf_fault_plan *plan);

/* Applies all entries now. */
bool weft_perf_fault_apply_all(const struct weft_perf_fault_plan *plan,
                               const struct weft_perf_subject *subject, char why[WEFT_WHY_BYTES]);

/* Applies the entries without a percentage. */
bool weft_perf_fault_apply_before(const struct weft_perf_fault_plan *plan,
                                  const struct weft_perf_subject *subject,
                                  char why[WEFT_WHY_BYTES]);

/* Brings every link that the plan names back to its described rate, and lets a server that was
 * stopped go on. */
void weft_perf_fault_restore(const struct weft_perf_fault_plan *plan,
                             const struct weft_perf_subject *subject);

/* Starts watching the transfer that weft_perf_subject_begin announced; until `stop` has waited for
 * the thread, the second server is the thread's. `curve` (may be NULL) is filled. `stop` may be
 * called twice. */
bool weft_perf_fault_watch_start(struct weft_perf_fault_watch *watch,
                                 struct weft_perf_subject *subject,
                                 const struct weft_perf_fault_plan *plan,
                                 struct weft_perf_curve *curve);
void weft_perf_fault_watch_stop(struct weft_perf_fault_watch *watch);

void weft_perf_curve_add(struct weft_perf_curve *curve, weft_ns at, uint32_t permille);

#endif
