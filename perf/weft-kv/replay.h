/* One run of the trace over one comm. */
#ifndef WEFT_KV_REPLAY_H
#define WEFT_KV_REPLAY_H

#include "arrivals.h"
#include "errors.h"
#include "flow.h"

struct weft_kv_result {
    const char *sched;
    struct weft_kv_flow restore;
    struct weft_kv_flow offload;
    uint64_t *restore_ns; /* one per request that restored something; sorted at the end */
    size_t restore_count;
    weft_ns total_ns;
    weft_ns submit_ns;   /* driver calls, all threads; 0 on a real machine */
    uint64_t hit_blocks; /* that were on the GPU already */
    uint64_t new_blocks;
    uint64_t wrong_bytes;
    struct weft_kv_errors errors;
    cJSON *routes; /* owned */
};

/* Runs all requests. False with a sentence when it could not be run; errors of transfers are in the
 * result. Prints progress to standard error. */
bool weft_kv_replay(struct weft_kv_result *result, struct weft_kv_store *store,
                    const struct weft_kv_trace *trace, const struct weft_kv_arrivals *arrivals,
                    const struct weft_kv_options *options, const char *sched,
                    char why[WEFT_WHY_BYTES]);

void weft_kv_result_fini(struct weft_kv_result *result);

/* GB/s of both directions over the whole run. */
double weft_kv_result_throughput(const struct weft_kv_result *result);

#endif
