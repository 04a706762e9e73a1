/* The user's streams: points in them, gates that hold them, waits for words.
 *
 * A mark is an event behind what is in the stream. A gate is a pinned word that the stream waits
 * for; its turns only grow, so a gate that is used again cannot open for the wrong turn. Both are
 * taken by callers' threads and given back by the progress thread, through rings. A stream may be
 * of any GPU: its own context makes the event. */
#include "cuda_port.h"

#include <stdio.h>

void weft_cuda_streams_init(struct weft_cuda_port *port)
{
    weft_ring_init(&port->free_marks, port->mark_cells, WEFT_CUDA_MARKS_MAX);
    weft_ring_init(&port->free_gates, port->gate_cells, WEFT_CUDA_GATES_MAX);
    for (uint32_t i = 0; i < WEFT_CUDA_MARKS_MAX; i++)
        weft_ring_push(&port->free_marks, i);
    for (uint32_t i = 0; i < WEFT_CUDA_GATES_MAX; i++)
        weft_ring_push(&port->free_gates, i);
}

void weft_cuda_streams_fini(struct weft_cuda_port *port)
{
    /* Whoever still waits for a gate of a closing comm goes on: nothing will open it later. */
    for (uint32_t i = 0; port->gate_words != NULL && i < WEFT_CUDA_GATES_MAX; i++)
        weft_word_set(&port->gate_words[i], port->gate_turns[i]);
    for (uint32_t i = 0; i < WEFT_CUDA_MARKS_MAX; i++)
        if (port->marks[i].event != NULL)
            port->driver->event_destroy(port->marks[i].event);
}

/* The stream's context, if Weft can work on the stream now. */
static weftResult_t stream_check(struct weft_cuda_port *port, weft_cuda_stream stream,
                                 weft_cuda_context *context)
{
    weft_cuda_capture_status status = WEFT_CUDA_CAPTURE_STATUS_NONE;
    weft_cuda_result error = port->driver->stream_context(stream, context);

    if (error != WEFT_CUDA_SUCCESS) {
        weft_cuda_port_failed(port, "cuStreamGetCtx of the stream that was given", error);
        return weftInvalidArgument;
    }
    if (port->driver->stream_is_capturing(stream, &status) == WEFT_CUDA_SUCCESS &&
        status != WEFT_CUDA_CAPTURE_STATUS_NONE) {
        port->log(0, "the stream that was given is capturing a graph; transfers cannot be "
                     "captured: call them outside of the capture");
        return weftInvalidUsage;
    }
    return weftSuccess;
}

/* Makes the mark's event, or makes it anew where it is of another context. */
static weft_cuda_result mark_prepare(struct weft_cuda_port *port, struct weft_cuda_mark *mark,
                                     weft_cuda_context context)
{
    weft_cuda_result error;

    if (mark->event != NULL && mark->context == context)
        return WEFT_CUDA_SUCCESS;
    if (mark->event != NULL)
        port->driver->event_destroy(mark->event);
    mark->event = NULL;
    error = port->driver->event_create(&mark->event, WEFT_CUDA_EVENT_DISABLE_TIMING);
    mark->context = context;
    if (error != WEFT_CUDA_SUCCESS)
        mark->event = NULL;
    return error;
}

weftResult_t weft_cuda_stream_mark(struct weft_port *base, weftStream_t user, uint32_t *mark)
{
    struct weft_cuda_port *port = weft_cuda_port_of(base);
    weft_cuda_stream stream = user;
    weft_cuda_context context;
    struct weft_cuda_scope scope;
    uint32_t index;
    weft_cuda_result error;

    WEFT_TRY(stream_check(port, stream, &context));
    if (!weft_ring_pop(&port->free_marks, &index))
        return weftNoResource;
    weft_cuda_enter(port->driver, context, &scope);
    error = mark_prepare(port, &port->marks[index], context);
    if (error == WEFT_CUDA_SUCCESS)
        error = port->driver->event_record(port->marks[index].event, stream);
    weft_cuda_leave(port->driver, &scope);
    if (error != WEFT_CUDA_SUCCESS) {
        weft_ring_push(&port->free_marks, index);
        return weft_cuda_port_failed(port, "marking the stream that was given", error);
    }
    *mark = index;
    return weftSuccess;
}

weftResult_t weft_cuda_stream_reached(struct weft_port *base, uint32_t mark)
{
    struct weft_cuda_port *port = weft_cuda_port_of(base);
    weft_cuda_result error;

    weft_assert(mark < WEFT_CUDA_MARKS_MAX);
    error = port->driver->event_query(port->marks[mark].event);
    if (error == WEFT_CUDA_NOT_READY)
        return weftInProgress;
    weft_ring_push(&port->free_marks, mark);
    if (error != WEFT_CUDA_SUCCESS)
        return weft_cuda_port_failed(port, "the work in the stream that was given", error);
    return weftSuccess;
}

/* Makes later work in the stream wait until the word at `address` is at least `value`. */
static weftResult_t stream_wait(struct weft_cuda_port *port, weft_cuda_stream stream,
                                weft_cuda_context context, weft_cuda_ptr address, uint64_t value)
{
    struct weft_cuda_scope scope;
    weft_cuda_result error;

    weft_cuda_enter(port->driver, context, &scope);
    error = port->driver->stream_wait_value(stream, address, value, WEFT_CUDA_STREAM_WAIT_GEQ);
    weft_cuda_leave(port->driver, &scope);
    if (error == WEFT_CUDA_NOT_SUPPORTED) {
        port->log(0, "this CUDA driver or GPU has no cuStreamWaitValue64, which transfers with a "
                     "stream need: call them without a stream and wait for the request");
        return weftInvalidUsage;
    }
    if (error != WEFT_CUDA_SUCCESS)
        return weft_cuda_port_failed(port, "cuStreamWaitValue64", error);
    return weftSuccess;
}

/* The address by which GPUs see pinned host memory. */
static weft_cuda_ptr device_address(struct weft_cuda_port *port, weft_cuda_context context,
                                    void *host)
{
    struct weft_cuda_scope scope;
    weft_cuda_ptr address;
    weft_cuda_result error;

    weft_cuda_enter(port->driver, context, &scope);
    error = port->driver->host_device_ptr(&address, host, 0);
    weft_cuda_leave(port->driver, &scope);
    /* With unified addressing pinned memory has its own address on every GPU too. */
    return error == WEFT_CUDA_SUCCESS ? address : (weft_cuda_ptr)(uintptr_t)host;
}

weftResult_t weft_cuda_stream_hold(struct weft_port *base, weftStream_t user, uint32_t *gate)
{
    struct weft_cuda_port *port = weft_cuda_port_of(base);
    weft_cuda_context context;
    uint32_t index;
    weftResult_t result;

    WEFT_TRY(stream_check(port, user, &context));
    if (!weft_ring_pop(&port->free_gates, &index))
        return weftNoResource;
    port->gate_turns[index]++;
    result =
        stream_wait(port, user, context, device_address(port, context, &port->gate_words[index]),
                    port->gate_turns[index]);
    if (result != weftSuccess) {
        weft_ring_push(&port->free_gates, index);
        return result;
    }
    *gate = index;
    return weftSuccess;
}

void weft_cuda_stream_release(struct weft_port *base, uint32_t gate)
{
    struct weft_cuda_port *port = weft_cuda_port_of(base);

    weft_assert(gate < WEFT_CUDA_GATES_MAX);
    weft_word_set(&port->gate_words[gate], port->gate_turns[gate]);
    weft_ring_push(&port->free_gates, gate);
}

weftResult_t weft_cuda_stream_await(struct weft_port *base, weftStream_t user, uint32_t window,
                                    uint64_t offset, uint64_t value)
{
    struct weft_cuda_port *port = weft_cuda_port_of(base);
    const struct weft_cuda_window *entry = weft_cuda_window_get(port, window);
    weft_cuda_context context;
    weft_cuda_ptr address;

    if (entry == NULL || !weft_range_inside(offset, sizeof(uint64_t), entry->size_bytes))
        return weftInvalidArgument;
    WEFT_TRY(stream_check(port, user, &context));
    address = entry->base + offset;
    if (entry->kind == weftDeviceDram)
        address = device_address(port, context, (void *)(uintptr_t)address);
    return stream_wait(port, user, context, address, value);
}
