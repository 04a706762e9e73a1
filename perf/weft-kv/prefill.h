/* One run of the trace on the prefill server: every request's KV cache is handed over. */
#ifndef WEFT_KV_PREFILL_H
#define WEFT_KV_PREFILL_H

#include <cjson/cJSON.h>

#include "arrivals.h"
#include "errors.h"
#include "flow.h"
#include "server.h"

/* Times are by the prefill server's clock. */
struct weft_kv_handed {
    const char *sched;
    struct weft_kv_flow flow;
    uint64_t *times_ns; /* per request: from its last put's submission to its last signal's end */
    size_t count;       /* of requests that were handed over; times are sorted at the end */
    weft_ns total_ns;
    weft_ns submit_ns; /* driver calls of the prefill server, all threads */
    uint64_t hit_blocks;
    uint64_t new_blocks;
    uint64_t wrong_bytes;         /* the decode server found */
    uint64_t wrong_checksums;     /* parts whose checksums here and there differ */
    struct weft_kv_errors errors; /* of this server's calls and transfers */
    cJSON *routes;                /* of this server's comm; owned */
};

/* Runs all requests with the decode server at the other end of `control`. `run` numbers the runs.
 * False with a sentence when it could not be run to its end; errors of transfers are in the
 * result. Prints progress to standard error. Every wait ends: a transfer at its deadline, what
 * waits for the other server when that is gone or nothing has moved for a while. */
bool weft_kv_prefill(struct weft_kv_handed *result, struct weft_kv_server *server,
                     struct weft_kv_control *control, const struct weft_kv_trace *trace,
                     const struct weft_kv_arrivals *arrivals, uint64_t run, const char *sched,
                     char why[WEFT_WHY_BYTES]);

void weft_kv_handed_fini(struct weft_kv_handed *result);

#endif
