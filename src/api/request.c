/* weftTest, weftWait, weftCancel, weftFence, weftFlush: what becomes of transfers. */
#include "../core/result.h"
#include "error.h"
#include "group.h"

/* A default wait outlasts the transfer's own deadline by this, of the machine's time. */
#define SLACK_NS 1000000u

struct request {
    struct weft_comm *comm;
    uint32_t index;
    uint32_t generation;
};

static weftResult_t find(const char *call, weftRequest_t pointer, struct request *request)
{
    struct weft_handle handle;

    if (pointer != NULL && weft_handle_split(pointer, WEFT_HANDLE_REQUEST, &handle)) {
        request->comm = weft_comm_at(handle.comm);
        request->index = handle.index;
        request->generation = handle.generation;
        if (request->comm != NULL &&
            weft_slot_is(&request->comm->loop->slots, handle.index, handle.generation))
            return weftSuccess;
    }
    return weft_error(weftInvalidArgument, "%s: the request is %s", call,
                      pointer == NULL ? "NULL" : "none, or was freed when it ended");
}

/* The result of an ended request, its sentence for this thread, and the request's end. */
static weftResult_t collect(struct request *request, weftRequest_t *handle)
{
    struct weft_loop *loop = request->comm->loop;
    const struct weft_slot *slot = &loop->slots.slots[request->index];
    struct weft_blame blame = {
        .topo = loop->topo,
        .hops = loop->hops,
        .config = &loop->config,
        .src_device = slot->src_device,
        .dst_device = slot->dst_device,
        .size_bytes = slot->op.size_bytes,
    };
    char text[WEFT_BLAME_BYTES];

    if (!weft_slot_collect(&loop->slots, request->index, request->generation, &blame.end))
        return weftInProgress;
    *handle = NULL;
    if (blame.end.result == weftSuccess)
        return weftSuccess;
    weft_blame_write(&blame, text);
    return weft_error(blame.end.result, "%s", text);
}

weftResult_t weftTest(weftRequest_t *handle)
{
    struct request request = {0};

    if (handle == NULL)
        return weft_error(weftInvalidArgument, "weftTest: request is NULL");
    WEFT_TRY(find("weftTest", *handle, &request));
    return collect(&request, handle);
}

/* A default wait covers the wait for a stream and the transfer's own deadline, which starts then.
 * */
static weft_ns wait_time(const struct weft_loop *loop, int64_t timeout_ns)
{
    if (timeout_ns != WEFT_TIMEOUT_DEFAULT)
        return (weft_ns)timeout_ns;
    return 2 * loop->config.timeout_ms * WEFT_NS_PER_MS + SLACK_NS;
}

weftResult_t weftWait(weftRequest_t *handle, int64_t timeoutNs)
{
    struct request request = {0};
    struct weft_loop *loop;
    struct weft_loop_wait wait = {.is_over = false};
    weft_ns deadline_at;

    if (handle == NULL)
        return weft_error(weftInvalidArgument, "weftWait: request is NULL");
    WEFT_TRY(find("weftWait", *handle, &request));
    WEFT_TRY(weft_comm_deadline("weftWait", request.comm, timeoutNs, &deadline_at));
    loop = request.comm->loop;
    if (weft_slot_state(&loop->slots, request.index) == WEFT_SLOT_PREPARED)
        return weft_error(weftInvalidUsage,
                          "weftWait: the request's group is open, so its transfer "
                          "has not begun; call weftGroupEnd first");
    wait.busy_at = weft_clock_now(&loop->clock);
    deadline_at = weft_add_sat(wait.busy_at, wait_time(loop, timeoutNs));
    for (;;) {
        weftResult_t result = collect(&request, handle);
        weft_ns now = weft_clock_now(&loop->clock);

        /* Another thread may have collected it: then there is nothing to wait for any more. */
        if (result == weftInProgress)
            result = find("weftWait", *handle, &request) == weftSuccess ? weftInProgress
                                                                        : weftInvalidArgument;
        if (result != weftInProgress || now >= deadline_at)
            return result;
        if (weft_loop_await(loop, &wait, now))
            continue;
        weft_slot_wait(&loop->slots, request.index, request.generation,
                       weft_clock_real(&loop->clock, deadline_at - now));
    }
}

weftResult_t weftCancel(weftRequest_t handle)
{
    struct request request = {0};

    WEFT_TRY(find("weftCancel", handle, &request));
    weft_loop_cancel(request.comm->loop, request.index, request.generation);
    return weftSuccess;
}

weftResult_t weftFence(weftComm_t handle)
{
    struct weft_comm *comm;

    WEFT_TRY(weft_comm_get("weftFence", handle, &comm));
    WEFT_TRY(weft_comm_takes("weftFence", comm));
    (void)weft_counter_add(&comm->loop->fence, 1);
    return weftSuccess;
}

weftResult_t weftFlush(weftComm_t handle, int64_t timeoutNs)
{
    struct weft_comm *comm;
    struct weft_loop *loop;
    weft_ns deadline_at;
    uint32_t error;

    WEFT_TRY(weft_comm_get("weftFlush", handle, &comm));
    WEFT_TRY(weft_group_closed("weftFlush"));
    WEFT_TRY(weft_comm_deadline("weftFlush", comm, timeoutNs, &deadline_at));
    loop = comm->loop;
    if (timeoutNs == WEFT_TIMEOUT_DEFAULT)
        deadline_at = weft_add_sat(deadline_at, SLACK_NS);
    if (weft_slot_flush(&loop->slots, weft_counter_get(&loop->sequence), &loop->clock,
                        deadline_at) != weftSuccess)
        return weft_error(
            weftTimeout,
            "weftFlush: transfers of comm %u have not ended in time; they go on, each "
            "until its deadline",
            comm->number);
    error = weft_flag_get(&loop->flush_error);
    if (error == weftSuccess || !weft_flag_move(&loop->flush_error, error, weftSuccess))
        return weftSuccess;
    return weft_error(
        (weftResult_t)error,
        "weftFlush: a transfer without a request failed (%s); weftGetLastError of the "
        "comm named it in the log",
        weft_result_text((weftResult_t)error));
}
