/* The hang test. The further transfers use memory of their own: a copy that hangs may still write
 * to the first one's destination, which the error says. */
#include "hang.h"

#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "core/result.h"
#include "base/text.h"

#define FURTHER_COUNT      100
#define FURTHER_BYTES_MAX  WEFT_MIB(16)
#define AFTERMATH_SEED     1000000u
#define RELEASE_TIMEOUT_NS 1000000000u /* of the machine's time, for hung copies to land */

struct hang_result {
    weftResult_t result;
    weft_ns time_ns;
    char sentence[WEFT_PERF_SENTENCE_BYTES];
    uint64_t further_wrong;
    unsigned further_errors;
    char further_sentence[WEFT_PERF_SENTENCE_BYTES];
};

static bool hung_transfer(struct weft_perf_session *session,
                          const struct weft_perf_options *options, struct hang_result *hang,
                          char why[WEFT_WHY_BYTES])
{
    struct weft_perf_subject *subject = session->subject;
    struct weft_perf_fault_watch watch;
    weftRequest_t request = NULL;
    weft_ns start;

    if (!weft_perf_subject_prepare(subject, options->size_max, 1) ||
        !weft_perf_subject_begin(subject, options->size_max) ||
        !weft_perf_fault_watch_start(&watch, subject, &options->faults, NULL)) {
        weft_text_copy(why, WEFT_WHY_BYTES, "the hang could not be prepared");
        return false;
    }
    start = weft_testbed_now(subject->testbed);
    hang->result = weft_perf_session_start(session, 0, options->size_max, &request);
    if (hang->result == weftSuccess)
        hang->result = weftWait(&request, WEFT_TIMEOUT_DEFAULT);
    hang->time_ns = weft_testbed_now(subject->testbed) - start;
    weft_text_copy(hang->sentence, sizeof(hang->sentence), weftGetLastError(session->comm));
    weft_perf_fault_watch_stop(&watch);
    return true;
}

static void further_transfers(struct weft_perf_session *session, uint64_t size,
                              struct hang_result *hang)
{
    struct weft_perf_subject *subject = session->subject;

    for (unsigned i = 0; i < FURTHER_COUNT; i++) {
        weftRequest_t request = NULL;
        uint64_t wrong = 0;
        weftResult_t result;

        (void)weft_perf_subject_prepare(subject, size, AFTERMATH_SEED + i);
        result = weft_perf_session_start(session, 0, size, &request);
        if (result == weftSuccess)
            result = weftWait(&request, WEFT_TIMEOUT_DEFAULT);
        if (result != weftSuccess) {
            hang->further_errors++;
            weft_text_copy(hang->further_sentence, sizeof(hang->further_sentence),
                           weftGetLastError(session->comm));
            continue;
        }
        (void)weft_perf_subject_verify(subject, size, AFTERMATH_SEED + i, &wrong);
        hang->further_wrong += wrong;
    }
}

/* Hung copies land once their link is back; only then may their memory be freed. */
static void hang_release(struct weft_perf_session *session, const struct weft_perf_options *options)
{
    const struct weft_testbed *testbed = session->subject->testbed;
    weft_ns start = weft_testbed_now(testbed);

    weft_perf_fault_restore(&options->faults, session->subject);
    while (weftWindowDeregister(session->dst[0]) != weftSuccess)
        if (weft_testbed_now(testbed) - start > RELEASE_TIMEOUT_NS)
            break;
    session->dst[0] = NULL;
}

static void hang_report(const struct hang_result *hang, const struct weft_perf_options *options,
                        cJSON *object)
{
    cJSON *further;

    if (!options->csv) {
        (void)printf("the transfer ended with %s after %.2f ms (deadline %llu ms):\n  %s\n",
                     weft_result_name(hang->result), (double)hang->time_ns / 1e6,
                     (unsigned long long)options->timeout_ms, hang->sentence);
        (void)printf("%d further transfers over the same comm: %llu wrong bytes, %u errors\n",
                     FURTHER_COUNT, (unsigned long long)hang->further_wrong, hang->further_errors);
        if (hang->further_errors > 0)
            (void)printf("  last error: %s\n", hang->further_sentence);
    }
    (void)cJSON_AddNumberToObject(object, "errors", hang->result != weftSuccess);
    (void)cJSON_AddStringToObject(object, "result", weft_result_name(hang->result));
    (void)cJSON_AddStringToObject(object, "error", hang->sentence);
    weft_json_add_rounded(object, "ended_ms", (double)hang->time_ns / 1e6, 3);
    (void)cJSON_AddNumberToObject(object, "deadline_ms", (double)options->timeout_ms);
    (void)cJSON_AddNumberToObject(object, "wrong_bytes", (double)hang->further_wrong);
    further = cJSON_AddObjectToObject(object, "further");
    (void)cJSON_AddNumberToObject(further, "transfers", FURTHER_COUNT);
    (void)cJSON_AddNumberToObject(further, "wrong_bytes", (double)hang->further_wrong);
    (void)cJSON_AddNumberToObject(further, "errors", hang->further_errors);
}

bool weft_perf_hang_run(struct weft_perf_subject *subject, const struct weft_perf_options *options,
                        cJSON *object, bool *good, char why[WEFT_WHY_BYTES])
{
    struct weft_perf_options further = *options;
    struct weft_perf_subject further_subject = {0};
    struct weft_perf_session session = {0};
    struct weft_perf_session further_session = {0};
    struct hang_result hang = {0};
    bool ran;

    further.size_max = weft_min(options->size_max, FURTHER_BYTES_MAX);
    ran = weft_perf_subject_init(&further_subject, subject->testbed, WEFT_PERF_A, NULL, &further,
                                 why) &&
          weft_perf_session_open(&session, subject, options, options->sched, why) &&
          weft_perf_session_share(&further_session, &further_subject, session.comm, why) &&
          weft_perf_fault_apply_before(&options->faults, subject, why) &&
          hung_transfer(&session, options, &hang, why);
    if (ran) {
        further_transfers(&further_session, further.size_max, &hang);
        hang_release(&session, options);
        hang_report(&hang, options, object);
        *good = hang.result == weftUnknown && hang.further_errors == 0 && hang.further_wrong == 0;
    }
    weft_perf_fault_restore(&options->faults, subject);
    weft_perf_session_close(&further_session);
    weft_perf_session_close(&session);
    weft_perf_subject_fini(&further_subject);
    return ran;
}
