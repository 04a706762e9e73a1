/* The outage test. What lands late is looked for in a destination that was filled anew, after links
 * and lanes have had the time to come back. */
#include "outage.h"

#include <signal.h>
#include <stdio.h>

#include "base/text.h"
#include "common/json.h"
#include "core/result.h"
#include "peer.h"

#define NS_PER_MS         1000000u
#define OUTAGE_TIMEOUT_MS 20          /* of the machine's time, and longer for large sizes: */
#define OUTAGE_PER_MS     10000000    /* what 10 GB/s need */
#define LATE_BY_PERCENT   10          /* of the deadline, and */
#define LATE_BY_REAL_NS   1000000000u /* what a busy computer needs to end a call */
#define SETTLE_REAL_NS    2000000000u /* what was on its way would land, and lanes come back */
#define ABORT_AFTER_NS    200000u     /* of the machine's time: the transfer is under way */
#define ABORT_REAL_NS_MAX 6000000000u /* the session's abort_ms, and a busy computer */

struct outage {
    struct weft_perf_subject *subject;
    const struct weft_perf_options *options;
    struct weft_perf_session session;
    bool peer_dies; /* there is no repair, and nobody to ask */
    weftResult_t result;
    weft_ns time_ns;
    weft_ns deadline_ns;
    char sentence[WEFT_PERF_SENTENCE_BYTES];
    uint64_t late_bytes;
    weftResult_t further_result;
    uint64_t further_wrong;
    char further_sentence[WEFT_PERF_SENTENCE_BYTES];
    weftResult_t abort_result;
    weftResult_t aborted_result;
    weft_ns abort_real_ns;
};

bool weft_perf_outage_planned(const struct weft_perf_subject *subject,
                              const struct weft_perf_fault_plan *plan)
{
    struct weft_perf_fault_event events[WEFT_PERF_FAULTS_MAX];
    uint32_t count = 0;

    if (weft_perf_fault_plan_stops(plan) || weft_perf_fault_plan_kills(plan))
        return true;
    for (unsigned percent = 0; percent < 100; percent++)
        for (uint32_t i = 0; i < plan->count; i++)
            if (plan->faults[i].during && plan->faults[i].percent == percent)
                events[count++].fault = i;
    return subject->topo != NULL && plan->count > 0 &&
           weft_perf_bound_whole(subject, 1, plan, events, count) == WEFT_NEVER;
}

/* ---- steps ---- */

static void sleep_real(const struct outage *outage, uint64_t real_ns)
{
    const struct weft_testbed *testbed = outage->subject->testbed;

    weft_testbed_sleep(testbed, real_ns / weft_max(testbed->dilation, 1));
}

static bool step_failed(const struct outage *outage, char why[WEFT_WHY_BYTES])
{
    weft_text_copy(why, WEFT_WHY_BYTES, weft_perf_subject_error(outage->subject));
    return false;
}

/* The transfer that meets the outage. */
static bool outage_meet(struct outage *outage, char why[WEFT_WHY_BYTES])
{
    struct weft_perf_subject *subject = outage->subject;
    const struct weft_perf_options *options = outage->options;
    struct weft_perf_fault_watch watch;
    weftRequest_t request = NULL;
    weft_ns start;

    if (!weft_perf_subject_prepare(subject, options->size_max, 1) ||
        !weft_perf_subject_begin(subject, options->size_max))
        return step_failed(outage, why);
    if (!weft_perf_fault_apply_before(&options->faults, subject, why) ||
        !weft_perf_fault_watch_start(&watch, subject, &options->faults, NULL))
        return false;
    start = weft_testbed_now(subject->testbed);
    outage->result = weft_perf_session_start(&outage->session, 0, options->size_max, &request);
    if (outage->result == weftSuccess)
        outage->result = weft_perf_session_wait(&outage->session, 0, &request);
    outage->time_ns = weft_testbed_now(subject->testbed) - start;
    weft_text_copy(outage->sentence, sizeof(outage->sentence),
                   weft_perf_session_error(&outage->session));
    weft_perf_fault_watch_stop(&watch);
    return true;
}

/* After the repair: what lands though the transfer has ended? */
static bool late_look(struct outage *outage, char why[WEFT_WHY_BYTES])
{
    struct weft_perf_subject *subject = outage->subject;
    uint64_t size = outage->options->size_max;

    /* A second server that stands still answers nothing before it goes on. */
    if (weft_perf_fault_plan_stops(&outage->options->faults))
        weft_perf_fault_restore(&outage->options->faults, subject);
    if (!weft_perf_subject_prepare(subject, size, 2))
        return step_failed(outage, why);
    weft_perf_fault_restore(&outage->options->faults, subject);
    sleep_real(outage, SETTLE_REAL_NS);
    return weft_perf_subject_landed(subject, size, &outage->late_bytes) || step_failed(outage, why);
}

static bool further_move(struct outage *outage, char why[WEFT_WHY_BYTES])
{
    struct weft_perf_subject *subject = outage->subject;
    uint64_t size = outage->options->size_max;
    weftRequest_t request = NULL;

    if (!weft_perf_subject_prepare(subject, size, 3) || !weft_perf_subject_begin(subject, size))
        return step_failed(outage, why);
    outage->further_result = weft_perf_session_start(&outage->session, 0, size, &request);
    if (outage->further_result == weftSuccess)
        outage->further_result = weft_perf_session_wait(&outage->session, 0, &request);
    if (outage->further_result != weftSuccess) {
        weft_text_copy(outage->further_sentence, sizeof(outage->further_sentence),
                       weft_perf_session_error(&outage->session));
        return true;
    }
    return weft_perf_subject_verify(subject, size, 3, &outage->further_wrong) ||
           step_failed(outage, why);
}

/* The comm is aborted with a transfer under way in another outage. */
static bool abort_try(struct outage *outage, char why[WEFT_WHY_BYTES])
{
    const struct weft_testbed *testbed = outage->subject->testbed;
    weftRequest_t request = NULL;
    weft_ns start;

    if (!weft_perf_fault_apply_all(&outage->options->faults, outage->subject, why))
        return false;
    outage->aborted_result =
        weft_perf_session_start(&outage->session, 0, outage->options->size_max, &request);
    weft_testbed_sleep(testbed, ABORT_AFTER_NS);
    start = weft_testbed_now(testbed);
    outage->abort_result = weftCommAbort(outage->session.comm);
    outage->abort_real_ns = (weft_testbed_now(testbed) - start) * weft_max(testbed->dilation, 1);
    if (request != NULL)
        outage->aborted_result = weftWait(&request, 0);
    weft_perf_fault_restore(&outage->options->faults, outage->subject);
    return true;
}

/* ---- what is right ---- */

static bool is_in_time(const struct outage *outage)
{
    weft_ns slack_ns = outage->deadline_ns * LATE_BY_PERCENT / 100 +
                       LATE_BY_REAL_NS / weft_max(outage->subject->testbed->dilation, 1);

    return outage->time_ns <= outage->deadline_ns + slack_ns;
}

/* weftUnknown is right as well where nobody can say what became of what was on its way: the second
 * server cannot be asked. */
static bool is_aborted(const struct outage *outage)
{
    return (outage->abort_result == weftSuccess || outage->abort_result == weftUnknown) &&
           outage->aborted_result != weftSuccess && outage->aborted_result != weftInProgress &&
           outage->abort_real_ns <= ABORT_REAL_NS_MAX;
}

static bool is_good(const struct outage *outage)
{
    return outage->result != weftSuccess && is_in_time(outage) && outage->late_bytes == 0 &&
           (outage->peer_dies ||
            (outage->further_result == weftSuccess && outage->further_wrong == 0)) &&
           is_aborted(outage);
}

/* ---- the report ---- */

static void outage_print(const struct outage *outage)
{
    (void)printf("the transfer ended with %s after %.2f ms of the machine's time (deadline %.0f "
                 "ms): %s\n  %s\n",
                 weft_result_name(outage->result), (double)outage->time_ns / 1e6,
                 (double)outage->deadline_ns / 1e6,
                 outage->result == weftSuccess ? "no error"
                 : is_in_time(outage)          ? "in time"
                                               : "LATE",
                 outage->sentence);
    if (!outage->peer_dies) {
        (void)printf("%.0f s of real time after the repair: %llu bytes have landed late\n",
                     SETTLE_REAL_NS / 1e9, (unsigned long long)outage->late_bytes);
        (void)printf("a further transfer over the same comm: %s, %llu wrong bytes%s%s\n",
                     weft_result_name(outage->further_result),
                     (unsigned long long)outage->further_wrong,
                     outage->further_sentence[0] != '\0' ? "\n  " : "", outage->further_sentence);
    }
    (void)printf("abort within %s outage: returned %s after %.0f ms of real time; the transfer "
                 "under way ended with %s\n",
                 outage->peer_dies ? "the same" : "another", weft_result_name(outage->abort_result),
                 (double)outage->abort_real_ns / 1e6, weft_result_name(outage->aborted_result));
    (void)printf("all of that is as it should be: %s\n", is_good(outage) ? "yes" : "NO");
}

static void outage_json(const struct outage *outage, cJSON *object)
{
    cJSON *aborted;

    (void)cJSON_AddNumberToObject(object, "errors", outage->result != weftSuccess);
    (void)cJSON_AddStringToObject(object, "result", weft_result_name(outage->result));
    (void)cJSON_AddStringToObject(object, "error", outage->sentence);
    weft_json_add_rounded(object, "ended_ms", (double)outage->time_ns / 1e6, 3);
    weft_json_add_rounded(object, "deadline_ms", (double)outage->deadline_ns / 1e6, 3);
    (void)cJSON_AddBoolToObject(object, "in_time", is_in_time(outage));
    if (!outage->peer_dies) {
        cJSON *further = cJSON_AddObjectToObject(object, "further");

        (void)cJSON_AddNumberToObject(object, "late_bytes", (double)outage->late_bytes);
        (void)cJSON_AddStringToObject(further, "result", weft_result_name(outage->further_result));
        (void)cJSON_AddNumberToObject(further, "wrong_bytes", (double)outage->further_wrong);
    }
    aborted = cJSON_AddObjectToObject(object, "abort");
    (void)cJSON_AddStringToObject(aborted, "result", weft_result_name(outage->abort_result));
    (void)cJSON_AddStringToObject(aborted, "transfer", weft_result_name(outage->aborted_result));
    weft_json_add_rounded(aborted, "real_ms", (double)outage->abort_real_ns / 1e6, 1);
    (void)cJSON_AddBoolToObject(object, "as_it_should_be", is_good(outage));
}

bool weft_perf_outage_run(struct weft_perf_subject *subject,
                          const struct weft_perf_options *options, cJSON *object, bool *good,
                          char why[WEFT_WHY_BYTES])
{
    struct weft_perf_options with_deadline = *options;
    struct outage outage = {.subject = subject, .options = &with_deadline};
    bool ran;

    if (!options->has_timeout)
        with_deadline.timeout_ms = OUTAGE_TIMEOUT_MS + options->size_max / OUTAGE_PER_MS;
    outage.deadline_ns = with_deadline.timeout_ms * NS_PER_MS;
    outage.peer_dies = weft_perf_fault_plan_kills(&options->faults);
    ran = weft_perf_session_open(&outage.session, subject, &with_deadline, options->sched, why) &&
          outage_meet(&outage, why) &&
          (outage.peer_dies || (late_look(&outage, why) && further_move(&outage, why))) &&
          abort_try(&outage, why);
    weft_perf_fault_restore(&options->faults, subject);
    weft_perf_session_close(&outage.session);
    if (ran && !options->csv)
        outage_print(&outage);
    if (ran)
        outage_json(&outage, object);
    *good = ran && is_good(&outage);
    return ran;
}
