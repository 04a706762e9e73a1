/* What happens when no route is left, or the second server dies or stands still: one clear error
 * within the deadline, an abort that returns, and nothing that lands late. */
#ifndef WEFT_PERF_OUTAGE_H
#define WEFT_PERF_OUTAGE_H

#include "report.h"

/* Whether the plan, once all of it has happened, leaves no way from source to destination. */
bool weft_perf_outage_planned(const struct weft_perf_subject *subject,
                              const struct weft_perf_fault_plan *plan);

/* Runs one transfer through the outage; after the repair looks for what lands late, and moves
 * another one over the same comm; aborts a third in another outage. Prints what happened, and adds
 * it to `object`. False with a sentence when it could not be run; `*good` says whether the promise
 * was kept. */
bool weft_perf_outage_run(struct weft_perf_subject *subject,
                          const struct weft_perf_options *options, cJSON *object, bool *good,
                          char why[WEFT_WHY_BYTES]);

#endif
