/* Runs the transfers of one measurement: prepare, faults, go, wait, verify. Times lie around the
 * calls alone; what is prepared and verified is outside of them. */
#include "measure.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "common/comm_stats.h"
#include "common/stats.h"
#include "peer.h"

/* CPU time used in the measured transfers. */
struct cpu_used {
    double caller_ns;
    double progress_ns;
    double driver_ns; /* in the machine's time */
};

/* Everything that one transfer needs and gives. */
struct transfer_run {
    struct weft_perf_subject *subject;
    const struct weft_perf_options *options;
    const struct weft_perf_fault_plan *plan;
    uint64_t size;
    uint64_t seed;
    struct weft_perf_curve *curve; /* NULL: nothing changes during the transfer */
    weft_ns time_ns;
    weft_ns ideal_ns;
    uint64_t submit_cpu_ns;
};

static uint64_t caller_cpu_ns(void)
{
    struct timespec used;

    if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used) != 0)
        return 0;
    return (uint64_t)used.tv_sec * 1000000000u + (uint64_t)used.tv_nsec;
}

static void error_note(struct weft_perf_result *result, const char *sentence)
{
    result->errors++;
    weft_text_copy(result->sentence, sizeof(result->sentence), sentence);
}

/* All flows at once; the first error wins, but every request is waited for. */
static weftResult_t flows_move(const struct weft_perf_session *session, struct transfer_run *run)
{
    const struct weft_testbed *testbed = session->subject->testbed;
    weftRequest_t requests[WEFT_PERF_FLOWS_MAX] = {NULL};
    weftResult_t first = weftSuccess;
    weft_ns start = weft_testbed_now(testbed);
    uint64_t cpu = caller_cpu_ns();

    for (uint32_t i = 0; i < session->subject->flow_count && first == weftSuccess; i++)
        first = weft_perf_session_start(session, i, run->size, &requests[i]);
    run->submit_cpu_ns = caller_cpu_ns() - cpu;
    for (uint32_t i = 0; i < session->subject->flow_count; i++) {
        weftResult_t result = weft_perf_session_wait(session, i, &requests[i]);

        if (first == weftSuccess)
            first = result;
    }
    run->time_ns = weft_testbed_now(testbed) - start;
    return first;
}

/* The transfer from `start` on ended well. */
static void recovery_note(const struct transfer_run *run, const struct weft_perf_fault_watch *watch,
                          weft_ns start, struct weft_perf_result *result)
{
    weft_ns whole_ns[WEFT_PERF_FAULTS_MAX];
    struct weft_perf_recovery_case transfer = {run->curve, run->plan, watch->events, whole_ns,
                                               watch->event_count};

    weft_perf_curve_add(run->curve, start + run->time_ns, 1000);
    for (uint32_t i = 0; i < watch->event_count; i++)
        whole_ns[i] =
            weft_perf_bound_whole(run->subject, run->size, run->plan, watch->events, i + 1);
    weft_perf_recovery_add(result->backs, &transfer);
}

/* One transfer with its faults. Returns the transfer's result; links that changed during it are
 * back at the plan's start afterwards. */
static weftResult_t transfer_run_once(struct transfer_run *run, struct weft_perf_session *session,
                                      struct weft_perf_result *result)
{
    const struct weft_testbed *testbed = run->subject->testbed;
    struct weft_perf_fault_watch watch;
    char why[WEFT_WHY_BYTES];
    weft_ns start;
    weftResult_t ended;

    if (run->curve != NULL)
        run->curve->count = 0;
    if (!weft_perf_fault_watch_start(&watch, run->subject, run->plan, run->curve)) {
        error_note(result, "the thread that applies the faults could not be started");
        return weftSystemError;
    }
    start = weft_testbed_now(testbed);
    ended = flows_move(session, run);
    weft_perf_fault_watch_stop(&watch);
    run->ideal_ns = weft_perf_bound_ideal(run->subject, run->size, run->plan, watch.events,
                                          watch.event_count, start);
    if (weft_perf_fault_plan_during(run->plan)) {
        weft_perf_fault_restore(run->plan, run->subject);
        (void)weft_perf_fault_apply_before(run->plan, run->subject, why);
    }
    if (ended != weftSuccess)
        error_note(result, weft_perf_session_error(session));
    else if (run->curve != NULL)
        recovery_note(run, &watch, start, result);
    return ended;
}

/* Prepares, runs and verifies one transfer; its times go to the result when `counted`. */
static bool iteration(struct transfer_run *run, struct weft_perf_session *session, bool counted,
                      struct weft_perf_result *result, weft_ns ideals_ns[])
{
    uint64_t wrong = 0;

    if (run->options->check && !weft_perf_subject_prepare(run->subject, run->size, run->seed))
        return false;
    if (!weft_perf_subject_begin(run->subject, run->size))
        return false;
    if (transfer_run_once(run, session, result) != weftSuccess)
        return true;
    if (run->options->check &&
        !weft_perf_subject_verify(run->subject, run->size, run->seed, &wrong))
        return false;
    result->wrong_bytes += wrong;
    if (counted) {
        ideals_ns[result->count] = run->ideal_ns;
        result->times_ns[result->count++] = run->time_ns;
    }
    return true;
}

static void result_finish(struct weft_perf_result *result, weft_ns ideals_ns[],
                          const struct weft_perf_options *options, const struct cpu_used *used)
{
    uint64_t sorted[WEFT_PERF_ITERATIONS_MAX];
    double blocks = (double)options->block_count * (double)weft_max(result->count, 1);

    memcpy(sorted, result->times_ns, result->count * sizeof(sorted[0]));
    result->time_ns = weft_stats_median(sorted, result->count);
    result->ideal_ns = weft_stats_median(ideals_ns, result->count);
    if (result->ideal_ns == 0)
        result->ideal_ns = WEFT_NEVER;
    if (options->block_bytes == 0)
        return;
    result->submit_ns_per_block = used->caller_ns / blocks;
    result->cpu_ns_per_block = (used->caller_ns + used->progress_ns) / blocks;
    result->driver_ns_per_block = used->driver_ns / blocks;
}

/* One transfer in `session`, and what it cost. */
static bool iteration_count(struct transfer_run *run, struct weft_perf_session *session,
                            bool counted, struct weft_perf_result *result, weft_ns ideals_ns[],
                            struct cpu_used *used)
{
    weft_ns driver_ns = weft_testbed_submit_ns(run->subject->testbed);
    cJSON *before = weft_comm_stats_read(session->comm);
    bool good = iteration(run, session, counted, result, ideals_ns);
    cJSON *after = weft_comm_stats_read(session->comm);

    if (counted) {
        used->caller_ns += (double)run->submit_cpu_ns;
        used->progress_ns += weft_comm_stats_cpu_ns(before, after);
        used->driver_ns += (double)(weft_testbed_submit_ns(run->subject->testbed) - driver_ns);
        weft_comm_stats_routes(before, after, result->routes);
        if (run->subject->peer != NULL)
            (void)weft_perf_peer_routes(run->subject->peer, result->routes);
    }
    cJSON_Delete(before);
    cJSON_Delete(after);
    return good;
}

/* A comm that has seen a link die keeps away from it for a while, so plans with changes during the
 * transfer get a new one each time, and no warm-up. */
static bool iterations(struct transfer_run *run, struct weft_perf_result *result, const char *sched,
                       weft_ns ideals_ns[], struct cpu_used *used, char why[WEFT_WHY_BYTES])
{
    bool fresh = weft_perf_fault_plan_during(run->plan);
    unsigned warmup = fresh ? 0 : run->options->warmup;
    unsigned total = warmup + run->options->iterations;
    struct weft_perf_session session = {0};
    bool good = true;

    for (unsigned i = 0; i < total && good; i++) {
        if (session.subject == NULL &&
            !weft_perf_session_open(&session, run->subject, run->options, sched, why))
            return false;
        run->seed++;
        good = iteration_count(run, &session, i >= warmup, result, ideals_ns, used);
        if (!good)
            weft_text_copy(why, WEFT_WHY_BYTES, weft_perf_subject_error(run->subject));
        if (fresh || i + 1 == total || !good)
            weft_perf_session_close(&session);
    }
    return good;
}

bool weft_perf_measure(struct weft_perf_result *result, struct weft_perf_subject *subject,
                       const struct weft_perf_options *options,
                       const struct weft_perf_fault_plan *plan, const char *sched, uint64_t size,
                       char why[WEFT_WHY_BYTES])
{
    static uint64_t seeds; /* every transfer of the program has its own pattern */
    weft_ns *ideals_ns = calloc(WEFT_PERF_ITERATIONS_MAX, sizeof(*ideals_ns));
    struct transfer_run run = {.subject = subject, .options = options, .plan = plan, .size = size};
    struct cpu_used used = {0};
    bool good;

    memset(result, 0, sizeof(*result));
    result->sched = sched == NULL ? "pull" : sched;
    result->bytes = size * subject->flow_count;
    result->routes = cJSON_CreateArray();
    run.seed = seeds;
    if (weft_perf_fault_plan_during(plan))
        run.curve = calloc(1, sizeof(*run.curve));
    good = ideals_ns != NULL && result->routes != NULL &&
           (run.curve != NULL || !weft_perf_fault_plan_during(plan));
    if (!good)
        weft_text_copy(why, WEFT_WHY_BYTES, "no memory for the results");
    good = good && weft_perf_fault_apply_before(plan, subject, why) &&
           iterations(&run, result, sched, ideals_ns, &used, why);
    weft_perf_fault_restore(plan, subject);
    seeds = run.seed;
    if (good)
        result_finish(result, ideals_ns, options, &used);
    free(run.curve);
    free(ideals_ns);
    return good;
}

void weft_perf_result_fini(struct weft_perf_result *result)
{
    cJSON_Delete(result->routes);
    memset(result, 0, sizeof(*result));
}

double weft_perf_result_rate(const struct weft_perf_result *result)
{
    return weft_rate_gb_per_s(result->bytes, result->time_ns);
}

double weft_perf_result_bound(const struct weft_perf_result *result)
{
    return result->ideal_ns == WEFT_NEVER ? 0 : weft_rate_gb_per_s(result->bytes, result->ideal_ns);
}

double weft_perf_result_ratio(const struct weft_perf_result *result)
{
    if (result->ideal_ns == WEFT_NEVER || result->time_ns == 0)
        return 0;
    return (double)result->ideal_ns / (double)result->time_ns;
}
