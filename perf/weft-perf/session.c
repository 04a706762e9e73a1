/* A comm under measurement. The three operations are one table: they differ in the call alone. */
#include "session.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "peer.h"
#include "weft_net.h"

#define SETTINGS_MAX    10
#define ADDRESSES_BYTES (WEFT_NET_NICS_MAX * 16)
#define ABORT_MS        5000                /* real */
#define SLICE_NS        UINT64_C(100000000) /* real: so often the second server is looked after */
#define SLICES_MAX      20                  /* after its end the library has so long to end it */

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

/* Windows over this process's ends of the flows. Closes the session when one is refused. */
static bool windows_register(struct weft_perf_session *session, char why[WEFT_WHY_BYTES])
{
    const struct weft_perf_subject *subject = session->subject;

    for (uint32_t i = 0; i < subject->flow_count; i++) {
        const struct weft_perf_flow *flow = &subject->flows[i];

        if ((flow->src != NULL &&
             weftWindowRegister(session->comm, flow->from_id, flow->src, subject->span_bytes,
                                WEFT_WIN_DEFAULT, &session->src[i]) != weftSuccess) ||
            (flow->dst != NULL &&
             weftWindowRegister(session->comm, flow->to_id, flow->dst, subject->span_bytes,
                                WEFT_WIN_DEFAULT, &session->dst[i]) != weftSuccess)) {
            weft_text_copy(why, WEFT_WHY_BYTES, weftGetLastError(session->comm));
            weft_perf_session_close(session);
            return false;
        }
    }
    return true;
}

bool weft_perf_session_keys(const struct weft_perf_session *session,
                            weftWindowKey_t keys[WEFT_PERF_FLOWS_MAX], char why[WEFT_WHY_BYTES])
{
    for (uint32_t i = 0; i < session->subject->flow_count; i++) {
        bool is_source = session->src[i] != NULL;

        if (weftWindowGetKey(is_source ? session->src[i] : session->dst[i],
                             is_source ? WEFT_RIGHT_READ : WEFT_RIGHT_WRITE,
                             &keys[i]) != weftSuccess) {
            weft_text_copy(why, WEFT_WHY_BYTES, weftGetLastError(session->comm));
            return false;
        }
    }
    return true;
}

/* The second server's ends. Closes the session when they cannot be had. */
static bool windows_import(struct weft_perf_session *session, const char *sched,
                           char why[WEFT_WHY_BYTES])
{
    const struct weft_perf_subject *subject = session->subject;
    weftWindowKey_t keys[WEFT_PERF_FLOWS_MAX];

    if (!weft_perf_peer_session_open(subject->peer, sched, keys)) {
        weft_text_copy(why, WEFT_WHY_BYTES, weft_perf_peer_error(subject->peer));
        weft_perf_session_close(session);
        return false;
    }
    for (uint32_t i = 0; i < subject->flow_count; i++) {
        weftWindow_t *window =
            subject->flows[i].from_side == subject->side ? &session->dst[i] : &session->src[i];

        if (weftWindowImport(session->comm, &keys[i], window) != weftSuccess) {
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

/* The settings of a comm, and the text of some. */
struct session_settings {
    struct weft_testbed_setting list[SETTINGS_MAX];
    size_t count;
    char timeout[WEFT_UNIT_BYTES];
    char abort[WEFT_UNIT_BYTES];
    char addresses[ADDRESSES_BYTES];
};

static void setting_add(struct session_settings *settings, const char *name, const char *value)
{
    weft_assert(settings->count < SETTINGS_MAX);
    if (value != NULL)
        settings->list[settings->count++] = (struct weft_testbed_setting){name, value};
}

/* Fewer NICs are fewer addresses: those that the library would take for the first ones. */
static void settings_net(struct session_settings *settings, const struct weft_perf_options *options,
                         enum weft_perf_side side)
{
    struct weft_text text;

    setting_add(settings, "net", options->transport);
    setting_add(settings, "net_siblings", "net"); /* --peer self: as two servers */
    setting_add(settings, "net_crypto", options->crypto);
    /* The default is in the machine's time: with a server that is stopped it would take hours. */
    (void)snprintf(settings->abort, sizeof(settings->abort), "%u",
                   (unsigned)weft_max(ABORT_MS / weft_max(options->dilation, 1), 1));
    setting_add(settings, "abort_ms", settings->abort);
    if (options->node == NULL || options->nics == 0)
        return;
    weft_text_init(&text, settings->addresses, sizeof(settings->addresses));
    for (uint32_t i = 0; i < options->nics; i++) {
        weft_text_add(&text, i == 0 ? "127." : ",127.");
        weft_text_number(&text, (uint64_t)side + 1); /* the last number of WEFT_PERF_SERVER_* */
        weft_text_char(&text, '.');
        weft_text_number(&text, i + 1);
        weft_text_add(&text, ".1");
    }
    setting_add(settings, "net_address", settings->addresses);
}

bool weft_perf_session_open(struct weft_perf_session *session, struct weft_perf_subject *subject,
                            const struct weft_perf_options *options, const char *sched,
                            char why[WEFT_WHY_BYTES])
{
    struct session_settings settings = {.count = 0};

    memset(session, 0, sizeof(*session));
    session->subject = subject;
    if (sched != NULL && strcmp(sched, WEFT_PERF_CUDA) == 0)
        return loops_open(session, why);
    setting_add(&settings, "sched", sched);
    setting_add(&settings, "routes", options->routes);
    if (options->timeout_ms != 0) {
        (void)snprintf(settings.timeout, sizeof(settings.timeout), "%llu",
                       (unsigned long long)options->timeout_ms);
        setting_add(&settings, "timeout_ms", settings.timeout);
    }
    /* Errors that the plan asks for are counted, not news. */
    if (options->faults.count > 0)
        setting_add(&settings, "log", "none");
    if (options->has_peer)
        settings_net(&settings, options, subject->side);
    if (!weft_testbed_comm(subject->testbed, settings.list, settings.count, &session->comm, why))
        return false;
    session->owns_comm = true;
    return windows_register(session, why) &&
           (subject->peer == NULL || windows_import(session, sched, why));
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
    if (session->owns_comm && session->subject->peer != NULL)
        (void)weft_perf_peer_session_close(session->subject->peer);
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

/* As weftWait. When the second server has ended the library ends the transfer by itself; should it
 * not, the comm is aborted. */
static weftResult_t peer_wait(const struct weft_perf_session *session, weftRequest_t *request)
{
    const struct weft_perf_subject *subject = session->subject;
    int64_t slice_ns = (int64_t)weft_max(SLICE_NS / subject->testbed->dilation, 1);
    weftResult_t result;
    unsigned slices = 0;

    while ((result = weftWait(request, slice_ns)) == weftInProgress) {
        if (weft_perf_peer_alive(subject->peer) || ++slices < SLICES_MAX)
            continue;
        (void)weftCommAbort(session->comm);
        return weftRemoteError;
    }
    return result;
}

weftResult_t weft_perf_session_wait(const struct weft_perf_session *session, uint32_t index,
                                    weftRequest_t *request)
{
    char why[WEFT_WHY_BYTES];

    if (session->is_cuda)
        return weft_cuda_loop_wait(session->loops[index], why) ? weftSuccess
                                                               : weftUnhandledCudaError;
    if (*request == NULL)
        return weftSuccess;
    if (session->subject->peer != NULL)
        return peer_wait(session, request);
    return weftWait(request, WEFT_TIMEOUT_DEFAULT);
}

const char *weft_perf_session_error(const struct weft_perf_session *session)
{
    const char *sentence =
        session->is_cuda ? "the driver's own copy failed" : weftGetLastError(session->comm);

    return sentence[0] != '\0' ? sentence : "no sentence was given";
}
