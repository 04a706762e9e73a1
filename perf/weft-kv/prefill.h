/* One run of the trace on the prefill server: every request's KV cache is handed over. */
#ifndef WEFT_KV_PREFILL_H
#define WEFT_KV_PREFILL_H

#include <cjson/cJSON.h>

#include "arrivals.h"
#include "findings.h"
#include "flow.h"
#include "server.h"

/* Times are by the prefill server's clock; a request's is that from its last put's submission to
 * its last signal's end. Errors, driver calls and routes are this server's, wrong bytes are what
 * the decode server found. */
struct weft_kv_handed {
    struct weft_kv_findings base;
    struct weft_kv_flow flow;
    uint64_t wrong_checksums; /* parts whose checksums here and there differ */
};

/* Runs all requests with the decode server at the other end of `control`. `run` numbers the runs.
 * False with a sentence when it could not be run to its end; errors of transfers are in the
 * result. Prints progress to standard error. Every wait ends: a transfer at its deadline, what
 * waits for the other server when that is gone or nothing has moved for a while. */
bool weft_kv_prefill(struct weft_kv_handed *result, struct weft_kv_server *server,
                     struct weft_kv_control *control, const struct weft_kv_trace *trace,
                     const struct weft_kv_arrivals *arrivals, uint64_t run, const char *sched,
                     char why[WEFT_WHY_BYTES]);

#endif
