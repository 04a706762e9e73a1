/* One measurement: a scheduler and a size, several times, each time verified. */
#ifndef WEFT_PERF_MEASURE_H
#define WEFT_PERF_MEASURE_H

#include <cjson/cJSON.h>

#include "recovery.h"
#include "session.h"

#define WEFT_PERF_SENTENCE_BYTES 512

struct weft_perf_result {
    const char *sched; /* "pull", "direct", ... */
    uint64_t bytes;    /* of all flows together */
    unsigned count;    /* of measured transfers that ended well */
    uint64_t times_ns[WEFT_PERF_ITERATIONS_MAX];
    weft_ns time_ns;  /* the median; 0 when none ended well */
    weft_ns ideal_ns; /* the median of the ideal times; WEFT_NEVER where no bound is known */
    uint64_t wrong_bytes;
    unsigned errors;
    char sentence[WEFT_PERF_SENTENCE_BYTES];           /* of the last error */
    struct weft_perf_back backs[WEFT_PERF_BACK_KINDS]; /* of the transfers that ended well */
    cJSON *routes;                                     /* [{name, bytes}], owned */
    double submit_ns_per_block;                        /* CPU of the caller's thread */
    double cpu_ns_per_block;                           /* CPU of the caller's and Weft's threads */
    double driver_ns_per_block; /* what a driver's calls would have cost; emulated only */
};

/* Measures with a comm of its own; with one for each transfer when links change during it. `plan`
 * may differ from the options' (an undisturbed run). False with a sentence when
 * nothing could be measured at all; errors of transfers are in the result. */
bool weft_perf_measure(struct weft_perf_result *result, struct weft_perf_subject *subject,
                       const struct weft_perf_options *options,
                       const struct weft_perf_fault_plan *plan, const char *sched, uint64_t size,
                       char why[WEFT_WHY_BYTES]);

void weft_perf_result_fini(struct weft_perf_result *result);

/* Derived figures; 0 where unknown. */
double weft_perf_result_rate(const struct weft_perf_result *result);
double weft_perf_result_bound(const struct weft_perf_result *result);
double weft_perf_result_ratio(const struct weft_perf_result *result);

#endif
