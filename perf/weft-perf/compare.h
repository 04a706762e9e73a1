/* The runs of a size side by side: the measured scheduler, its baselines, an undisturbed run. */
#ifndef WEFT_PERF_COMPARE_H
#define WEFT_PERF_COMPARE_H

#include "report.h"

struct weft_perf_compare; /* the runs and the results of the last size */

struct weft_perf_compare *weft_perf_compare_open(struct weft_perf_subject *subject,
                                                 const struct weft_perf_options *options,
                                                 char why[WEFT_WHY_BYTES]);
void weft_perf_compare_close(struct weft_perf_compare *compare);

/* Measures one size. `*row` points into `compare` until the next call. */
bool weft_perf_compare_run(struct weft_perf_compare *compare, uint64_t size,
                           struct weft_perf_row *row, char why[WEFT_WHY_BYTES]);

#endif
