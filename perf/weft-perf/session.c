/* A comm under measurement. The three operations are one table: they differ in the call alone. */
#include "session.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

typedef weftResult_t move_fn(weftWindow_t dst, size_t dst_offset, weftWindow_t src,
                             size_t src_offset, size_t size, weftComm_t comm, weftStream_t stream,
                             weftRequest_t *request);
typedef weftResult_t move_blocks_fn(weftWindow_t dst, const weftBlocks_t *dst_blocks,
                                    weftWindow_t src, const weftBlocks_t *src_blocks,
                                    size_t block_size, size_t count, weftComm_t comm,
                                    weftStream_t stream, weftRequest_t *request);

static const struct {
    move_fn *move;
    move_blocks_fn *move_blocks;
} moves[WEFT_PERF_OPS] = {
    [WEFT_PERF_PUT] = {weftPut, weftPutBlocks},
    [WEFT_PERF_GET] = {weftGet, weftGetBlocks},
    [WEFT_PERF_COPY] = {weftCopy, weftPutBlocks},
};

/* Closes the session when one of its windows cannot be registered. */
static bool windows_register(struct weft_perf_session *session, char why[WEFT_WHY_BYTES])
{
    const struct weft_perf_subject *subject = session->subject;

    for (uint32_t i = 0; i < subject->flow_count; i++) {
        const struct weft_perf_flow *flow = &subject->flows[i];

        if (weftWindowRegister(session->comm, flow->from_id, flow->src, subject->span_bytes,
                               WEFT_WIN_DEFAULT, &session->src[i]) != weftSuccess ||
            weftWindowRegister(session->comm, flow->to_id, flow->dst, subject->span_bytes,
                               WEFT_WIN_DEFAULT, &session->dst[i]) != weftSuccess) {
            weft_text_copy(why, WEFT_WHY_BYTES, weftGetLastError(session->comm));
            weft_perf_session_close(session);
            return false;
        }
    }
    return true;
}

/* The GPU of a flow drives it. */
static bool loops_open(struct weft_perf_session *session, char why[WEFT_WHY_BYTES])
{
    const struct weft_perf_subject *subject = session->subject;
    char driver[WEFT_TESTBED_PATH_BYTES];

    session->is_cuda = true;
    weft_testbed_driver(subject->testbed, driver);
    for (uint32_t i = 0; i < subject->flow_count; i++) {
        const struct weft_perf_flow *flow = &subject->flows[i];
        weftDeviceProps_t props = {.bus = ""};

        (void)weftDeviceGetProps(subject->testbed->home,
                                 flow->from_gpu ? flow->from_id : flow->to_id, &props);
        session->loops[i] = weft_cuda_loop_open(driver, props.bus, why);
        if (session->loops[i] == NULL ||
            (!flow->from_gpu &&
             !weft_cuda_loop_pin(session->loops[i], flow->src, subject->span_bytes, why)) ||
            (!flow->to_gpu &&
             !weft_cuda_loop_pin(session->loops[i], flow->dst, subject->span_bytes, why))) {
            weft_perf_session_close(session);
            return false;
        }
    }
    return true;
}

bool weft_perf_session_open(struct weft_perf_session *session, struct weft_perf_subject *subject,
                            const struct weft_perf_options *options, const char *sched,
                            char why[WEFT_WHY_BYTES])
{
    struct weft_testbed_setting settings[5];
    size_t count = 0;
    char timeout[WEFT_UNIT_BYTES];

    memset(session, 0, sizeof(*session));
    session->subject = subject;
    if (sched != NULL && strcmp(sched, WEFT_PERF_CUDA) == 0)
        return loops_open(session, why);
    if (sched != NULL)
        settings[count++] = (struct weft_testbed_setting){"sched", sched};
    if (options->routes != NULL)
        settings[count++] = (struct weft_testbed_setting){"routes", options->routes};
    if (options->timeout_ms != 0) {
        (void)snprintf(timeout, sizeof(timeout), "%llu", (unsigned long long)options->timeout_ms);
        settings[count++] = (struct weft_testbed_setting){"timeout_ms", timeout};
    }
    /* Errors that the plan asks for are counted, not news. */
    if (options->faults.count > 0)
        settings[count++] = (struct weft_testbed_setting){"log", "none"};
    if (!weft_testbed_comm(subject->testbed, settings, count, &session->comm, why))
        return false;
    session->owns_comm = true;
    return windows_register(session, why);
}

bool weft_perf_session_share(struct weft_perf_session *session, struct weft_perf_subject *subject,
                             weftComm_t comm, char why[WEFT_WHY_BYTES])
{
    memset(session, 0, sizeof(*session));
    session->subject = subject;
    session->comm = comm;
    return windows_register(session, why);
}

void weft_perf_session_close(struct weft_perf_session *session)
{
    for (uint32_t i = 0; i < WEFT_PERF_FLOWS_MAX; i++) {
        if (session->src[i] != NULL)
            (void)weftWindowDeregister(session->src[i]);
        if (session->dst[i] != NULL)
            (void)weftWindowDeregister(session->dst[i]);
        weft_cuda_loop_close(session->loops[i]);
    }
    if (session->owns_comm)
        (void)weftCommDestroy(session->comm);
    memset(session, 0, sizeof(*session));
}

static weftResult_t loop_start(const struct weft_perf_session *session, uint32_t index,
                               uint64_t size)
{
    const struct weft_perf_subject *subject = session->subject;
    const struct weft_perf_flow *flow = &subject->flows[index];
    struct weft_cuda_loop_blocks blocks = {.block_bytes = subject->block_bytes,
                                           .stride = subject->block_stride,
                                           .count = subject->block_count,
                                           .src_ids = subject->src_ids,
                                           .dst_ids = subject->dst_ids};
    bool started =
        subject->block_bytes == 0
            ? weft_cuda_loop_copy(session->loops[index], flow->dst, flow->src, size)
            : weft_cuda_loop_copy_blocks(session->loops[index], flow->dst, flow->src, &blocks);

    return started ? weftSuccess : weftUnhandledCudaError;
}

weftResult_t weft_perf_session_start(const struct weft_perf_session *session, uint32_t index,
                                     uint64_t size, weftRequest_t *request)
{
    const struct weft_perf_subject *subject = session->subject;
    weftBlocks_t src = {.stride = subject->block_stride, .ids = subject->src_ids};
    weftBlocks_t dst = {.stride = subject->block_stride, .ids = subject->dst_ids};

    if (session->is_cuda)
        return loop_start(session, index, size);
    if (subject->block_bytes == 0)
        return moves[subject->op].move(session->dst[index], 0, session->src[index], 0, size,
                                       session->comm, NULL, request);
    return moves[subject->op].move_blocks(session->dst[index], &dst, session->src[index], &src,
                                          subject->block_bytes, subject->block_count, session->comm,
                                          NULL, request);
}

weftResult_t weft_perf_session_wait(const struct weft_perf_session *session, uint32_t index,
                                    weftRequest_t *request)
{
    char why[WEFT_WHY_BYTES];

    if (session->is_cuda)
        return weft_cuda_loop_wait(session->loops[index], why) ? weftSuccess
                                                               : weftUnhandledCudaError;
    return *request == NULL ? weftSuccess : weftWait(request, WEFT_TIMEOUT_DEFAULT);
}

const char *weft_perf_session_error(const struct weft_perf_session *session)
{
    const char *sentence =
        session->is_cuda ? "the driver's own copy failed" : weftGetLastError(session->comm);

    return sentence[0] != '\0' ? sentence : "no sentence was given";
}
