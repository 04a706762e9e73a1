/* One run of the trace over one comm. */
#ifndef WEFT_KV_REPLAY_H
#define WEFT_KV_REPLAY_H

#include "arrivals.h"
#include "findings.h"
#include "flow.h"

struct weft_kv_result {
    struct weft_kv_findings base; /* its times are those of requests that restored something */
    struct weft_kv_flow restore;
    struct weft_kv_flow offload;
};

/* Runs all requests. False with a sentence when it could not be run; errors of transfers are in the
 * result. Prints progress to standard error. */
bool weft_kv_replay(struct weft_kv_result *result, struct weft_kv_store *store,
                    const struct weft_kv_trace *trace, const struct weft_kv_arrivals *arrivals,
                    const struct weft_kv_options *options, const char *sched,
                    char why[WEFT_WHY_BYTES]);

/* GB/s of both directions over the whole run. */
double weft_kv_result_throughput(const struct weft_kv_result *result);

#endif
