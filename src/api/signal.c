/* Signals: raised after a transfer or alone, and awaited. */
#include "../host/log.h"
#include "error.h"
#include "op.h"

/* A waiting thread looks again after this, of the machine's time; longer the longer it waits. */
#define LOOK_NS_MIN 500u
#define LOOK_NS_MAX 20000u

/* Moves the bytes of a call that begins with the check `own`, then signals. */
static weftResult_t move(struct weft_call *call, enum weft_own own, weftWindow_t dst,
                         weftWindow_t src, const weftExtent_t *extent, weftWindow_t signal,
                         size_t signal_offset, uint64_t value, weftSignalOp_t op)
{
    weftResult_t result = weft_call_begin(call, own, dst, src);

    if (result == weftSuccess)
        result = weft_call_add(call, extent->dstOffset, extent->srcOffset, extent->size);
    if (result == weftSuccess)
        result = weft_call_signal(call, signal, signal_offset, value, op);
    return weft_call_end(call, result);
}

weftResult_t weftPutSignal(weftWindow_t dst, size_t dstOffset, weftWindow_t src, size_t srcOffset,
                           size_t size, weftWindow_t signal, size_t signalOffset, uint64_t value,
                           weftSignalOp_t op, weftComm_t comm, weftStream_t stream,
                           weftRequest_t *request)
{
    struct weft_call call = {
        .name = "weftPutSignal", .comm_handle = comm, .stream = stream, .request = request};
    weftExtent_t extent = {dstOffset, srcOffset, size};

    return move(&call, WEFT_OWN_SRC, dst, src, &extent, signal, signalOffset, value, op);
}

weftResult_t weftCopySignal(weftWindow_t dst, size_t dstOffset, weftWindow_t src, size_t srcOffset,
                            size_t size, weftWindow_t signal, size_t signalOffset, uint64_t value,
                            weftSignalOp_t op, weftComm_t comm, weftStream_t stream,
                            weftRequest_t *request)
{
    struct weft_call call = {
        .name = "weftCopySignal", .comm_handle = comm, .stream = stream, .request = request};
    weftExtent_t extent = {dstOffset, srcOffset, size};

    return move(&call, WEFT_OWN_NEITHER, dst, src, &extent, signal, signalOffset, value, op);
}

weftResult_t weftSignal(weftWindow_t signal, size_t signalOffset, uint64_t value, weftSignalOp_t op,
                        weftComm_t comm, weftStream_t stream, weftRequest_t *request)
{
    struct weft_call call = {
        .name = "weftSignal", .comm_handle = comm, .stream = stream, .request = request};
    weftResult_t result = weft_call_begin_signal(&call);

    if (result == weftSuccess)
        result = weft_call_signal(&call, signal, signalOffset, value, op);
    return weft_call_end(&call, result);
}

/* ---- waiting ---- */

struct wait {
    struct weft_comm *comm;
    struct weft_entry *entry;
    uint32_t window;
    uint64_t offset;
    uint64_t value;
};

static weftResult_t load(const struct wait *wait, uint64_t *word)
{
    const struct weft_machine *machine = wait->comm->loop->machine;
    const struct weft_machine_port *port =
        &machine->ports[machine->memory_ports[wait->entry->device]];

    return port->ops->load(port->port, wait->window, wait->offset, word);
}

/* weftInProgress: the word has not come to its value yet. */
static weftResult_t look(const struct wait *wait, weft_ns now, weft_ns deadline_at)
{
    const char *device = weft_comm_device_name(wait->comm, wait->entry->device);
    uint64_t word;
    weftResult_t result = load(wait, &word);

    if (result != weftSuccess)
        return weft_error(result, "weftWaitSignal: the word on %s cannot be read: %s", device,
                          weftGetErrorString(result));
    if (word >= wait->value)
        return weftSuccess;
    if (weft_comm_state(wait->comm) == WEFT_COMM_ABORTED)
        return weft_error(weftCancelled, "weftWaitSignal: comm %u was aborted", wait->comm->number);
    if (now >= deadline_at)
        return weft_error(weftTimeout,
                          "weftWaitSignal: the word at offset %llu of a window on %s stayed at "
                          "%llu, below %llu; check that the other side signals, or wait longer",
                          (unsigned long long)wait->offset, device, (unsigned long long)word,
                          (unsigned long long)wait->value);
    return weftInProgress;
}

static weftResult_t wait_here(const struct wait *wait, weft_ns deadline_at)
{
    struct weft_loop *loop = wait->comm->loop;
    const struct weft_clock *clock = &loop->clock;
    struct weft_loop_wait looking = {.busy_at = weft_clock_now(clock), .for_word = true};
    weft_ns sleep_ns = LOOK_NS_MIN;
    weft_ns now = looking.busy_at;
    weftResult_t result = look(wait, now, deadline_at);

    while (result == weftInProgress) {
        if (!weft_loop_await(loop, &looking, now)) {
            weft_clock_sleep(clock, weft_min(sleep_ns, deadline_at - now));
            sleep_ns = weft_min(sleep_ns * 2, LOOK_NS_MAX);
        }
        now = weft_clock_now(clock);
        result = look(wait, now, deadline_at);
    }
    weft_loop_await_end(loop, &looking);
    return result;
}

static weftResult_t wait_in_stream(const struct wait *wait, weftStream_t stream)
{
    const struct weft_machine *machine = wait->comm->loop->machine;
    uint32_t index = weft_machine_stream_port(machine, wait->entry->device);
    const struct weft_machine_port *port;
    weftResult_t result;

    if (index == WEFT_NONE)
        return weft_error(weftInvalidUsage,
                          "weftWaitSignal: a stream is given, but comm %u has no CUDA driver; pass "
                          "NULL",
                          wait->comm->number);
    port = &machine->ports[index];
    result = port->ops->stream_await(port->port, stream, wait->window, wait->offset, wait->value);
    if (result == weftSuccess)
        return weftSuccess;
    return weft_error(result, "weftWaitSignal: the stream cannot wait for a word on %s: %s",
                      weft_comm_device_name(wait->comm, wait->entry->device),
                      weftGetErrorString(result));
}

weftResult_t weftWaitSignal(weftWindow_t signal, size_t signalOffset, uint64_t value,
                            weftComm_t handle, weftStream_t stream, int64_t timeoutNs)
{
    static const char call[] = "weftWaitSignal";
    struct wait wait = {.offset = signalOffset, .value = value};
    weft_ns deadline_at;

    WEFT_TRY(weft_comm_get(call, handle, &wait.comm));
    WEFT_TRY(weft_comm_takes(call, wait.comm));
    WEFT_TRY(weft_window_get(call, wait.comm, signal, "signal", WEFT_RIGHT_READ, &wait.entry,
                             &wait.window));
    if (wait.entry->share == NULL)
        return weft_error(
            weftInvalidUsage,
            "%s: the word is in another process, on %s; raise a signal in a window of "
            "this comm and wait for that",
            call, weft_comm_device_name(wait.comm, wait.entry->device));
    if (signalOffset % sizeof(uint64_t) != 0 ||
        !weft_range_inside(signalOffset, sizeof(uint64_t), wait.entry->size_bytes))
        return weft_error(weftInvalidArgument,
                          "%s: signalOffset %zu must be a multiple of 8 and leave 8 bytes inside "
                          "the window of %llu",
                          call, signalOffset, (unsigned long long)wait.entry->size_bytes);
    if (stream != NULL)
        return wait_in_stream(&wait, stream);
    WEFT_TRY(weft_comm_deadline(call, wait.comm, timeoutNs, &deadline_at));
    return wait_here(&wait, deadline_at);
}
