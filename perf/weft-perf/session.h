/* What is measured: a comm with a scheduler and its windows over the subject's memory, or, as the
 * baseline WEFT_PERF_CUDA, the driver's own copies of the same memory without Weft. */
#ifndef WEFT_PERF_SESSION_H
#define WEFT_PERF_SESSION_H

#include "baselines/cuda_loop.h"
#include "subject.h"

#define WEFT_PERF_CUDA "cuda"

struct weft_perf_session {
    struct weft_perf_subject *subject;
    weftComm_t comm;
    bool owns_comm;
    bool is_cuda; /* no comm, but a loop per flow */
    struct weft_cuda_loop *loops[WEFT_PERF_FLOWS_MAX];
    weftWindow_t src[WEFT_PERF_FLOWS_MAX];
    weftWindow_t dst[WEFT_PERF_FLOWS_MAX];
};

/* Opens a comm with scheduler `sched` (NULL: the default) and the options' routes and timeout, or
 * the baseline. With a peer, its comm, too, and the windows there. */
bool weft_perf_session_open(struct weft_perf_session *session, struct weft_perf_subject *subject,
                            const struct weft_perf_options *options, const char *sched,
                            char why[WEFT_WHY_BYTES]);

/* Keys of the own windows, by flow. Needs: each flow has one end on this server. */
bool weft_perf_session_keys(const struct weft_perf_session *session,
                            weftWindowKey_t keys[WEFT_PERF_FLOWS_MAX], char why[WEFT_WHY_BYTES]);

/* Windows over another subject's memory in a comm that is already open. */
bool weft_perf_session_share(struct weft_perf_session *session, struct weft_perf_subject *subject,
                             weftComm_t comm, char why[WEFT_WHY_BYTES]);

/* Deregisters and destroys. Safe on a session that was never opened. */
void weft_perf_session_close(struct weft_perf_session *session);

/* Starts flow `index`. */
weftResult_t weft_perf_session_start(const struct weft_perf_session *session, uint32_t index,
                                     uint64_t size, weftRequest_t *request);

/* Waits for a flow that was started. */
weftResult_t weft_perf_session_wait(const struct weft_perf_session *session, uint32_t index,
                                    weftRequest_t *request);

/* The sentence about the last error; never NULL. */
const char *weft_perf_session_error(const struct weft_perf_session *session);

#endif
