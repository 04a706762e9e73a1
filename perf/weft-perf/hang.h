/* What happens when a link hangs: one clear error at the deadline, nothing after it is harmed. */
#ifndef WEFT_PERF_HANG_H
#define WEFT_PERF_HANG_H

#include "report.h"

/* Runs one transfer over links that hang, then further ones over the same comm, prints what
 * happened, and adds it to `object`. False with a sentence when it could not be run; `*good` says
 * whether the promise was kept. */
bool weft_perf_hang_run(struct weft_perf_subject *subject, const struct weft_perf_options *options,
                        cJSON *object, bool *good, char why[WEFT_WHY_BYTES]);

#endif
