/* Results for people (a table or comma-separated lines) and as JSON. */
#ifndef WEFT_PERF_REPORT_H
#define WEFT_PERF_REPORT_H

#include "measure.h"

#define WEFT_PERF_RUNS_MAX 6 /* schedulers and undisturbed runs side by side */

/* What is known of one size: the measured scheduler first, then the baselines. */
struct weft_perf_row {
    uint64_t size;
    unsigned dilation;
    uint32_t run_count;
    struct weft_perf_result *runs;        /* [WEFT_PERF_RUNS_MAX] */
    struct weft_perf_result *undisturbed; /* NULL: none was measured */
};

/* The heading of a table. */
void weft_perf_report_head(const struct weft_perf_subject *subject,
                           const struct weft_perf_options *options);
void weft_perf_report_row(const struct weft_perf_row *row, const struct weft_perf_options *options);

/* The heading of an outage's report. */
void weft_perf_report_outage_head(const struct weft_perf_subject *subject,
                                  const struct weft_perf_options *options);

/* Adds the row's figures to `object`. */
void weft_perf_report_json(const struct weft_perf_row *row, const struct weft_perf_options *options,
                           cJSON *object);

/* Names, preset and dilation. */
void weft_perf_report_json_head(const struct weft_perf_subject *subject,
                                const struct weft_perf_options *options, cJSON *object);

/* ms of the machine's time that a faulted run took longer than the undisturbed one. */
double weft_perf_row_lost_ms(const struct weft_perf_row *row);

#endif
