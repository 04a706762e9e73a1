/* Streams: making and ending them, waits and values, host functions.
 *
 * The legacy default stream does not wait for the other streams: Weft makes its own, non-blocking.
 * Capture into graphs is left out. */
#include "driver.h"

#include <stdlib.h>

struct weft_emu_stream *weft_emu_stream_find(struct weft_emu *emu, weft_cuda_stream handle)
{
    struct weft_emu_context *context;

    if ((uintptr_t)handle > WEFT_EMU_STREAM_PER_THREAD)
        return weft_emu_handle_find(&emu->stream_handles, handle);
    context = weft_emu_context_current(emu);
    return context == NULL ? NULL : &emu->default_streams[context->gpu];
}

weft_cuda_result weft_emu_stream_await(struct weft_emu *emu, struct weft_emu_stream *stream)
{
    struct weft_emu_operation *operation;
    struct weft_emu_point *point;
    weft_cuda_result result;

    if (stream->first == NULL)
        return stream->result;
    operation = weft_emu_operation_new(&weft_emu_record_kind);
    point = weft_emu_point_new();
    if (operation == NULL || point == NULL) {
        free(operation);
        weft_emu_point_drop(point);
        return WEFT_CUDA_OUT_OF_MEMORY;
    }
    operation->point = weft_emu_point_hold(point);
    weft_emu_stream_append(emu, stream, operation, emu->at);
    result = weft_emu_await(emu, point);
    weft_emu_point_drop(point);
    return result;
}

weft_cuda_result cuStreamCreateWithPriority(weft_cuda_stream *stream, unsigned int flags,
                                            int priority)
{
    struct weft_emu *emu = weft_emu_enter();
    weft_cuda_result result = WEFT_CUDA_OUT_OF_MEMORY;
    struct weft_emu_stream *made = NULL;
    struct weft_emu_context *context;
    weft_cuda_stream handle = NULL;

    (void)priority; /* engines are first come, first served */
    if (emu == NULL)
        return WEFT_CUDA_NOT_INITIALIZED;
    context = weft_emu_context_current(emu);
    if (stream == NULL || flags > WEFT_CUDA_STREAM_NON_BLOCKING) {
        result = WEFT_CUDA_INVALID_VALUE;
    } else if (context == NULL) {
        result = WEFT_CUDA_INVALID_CONTEXT;
    } else {
        made = calloc(1, sizeof(*made));
        handle = made == NULL ? NULL : weft_emu_handle_new(&emu->stream_handles, made);
    }
    if (handle != NULL) {
        made->gpu = context->gpu;
        *stream = handle;
        result = WEFT_CUDA_SUCCESS;
    } else {
        free(made);
    }
    weft_emu_leave(emu);
    return result;
}

weft_cuda_result cuStreamCreate(weft_cuda_stream *stream, unsigned int flags)
{
    return cuStreamCreateWithPriority(stream, flags, 0);
}

/* What is in the stream still runs; the stream ends after it. */
weft_cuda_result cuStreamDestroy_v2(weft_cuda_stream stream)
{
    struct weft_emu *emu = weft_emu_enter();
    struct weft_emu_stream *found;

    if (emu == NULL)
        return WEFT_CUDA_NOT_INITIALIZED;
    found = weft_emu_handle_find(&emu->stream_handles, stream);
    if (found != NULL) {
        weft_emu_handle_end(&emu->stream_handles, stream);
        weft_emu_stream_close(emu, found);
    }
    weft_emu_leave(emu);
    return found == NULL ? WEFT_CUDA_INVALID_HANDLE : WEFT_CUDA_SUCCESS;
}

weft_cuda_result cuStreamQuery(weft_cuda_stream stream)
{
    weft_cuda_result result = WEFT_CUDA_INVALID_HANDLE;
    struct weft_emu_stream *found;
    struct weft_emu *emu;

    weft_emu_charge(WEFT_EMU_SUBMIT_EVENT_NS);
    emu = weft_emu_enter();
    if (emu == NULL)
        return WEFT_CUDA_NOT_INITIALIZED;
    found = weft_emu_stream_find(emu, stream);
    if (found != NULL)
        result = found->first != NULL ? WEFT_CUDA_NOT_READY : found->result;
    weft_emu_leave(emu);
    return result;
}

weft_cuda_result cuStreamSynchronize(weft_cuda_stream stream)
{
    weft_cuda_result result = WEFT_CUDA_INVALID_HANDLE;
    struct weft_emu_stream *found;
    struct weft_emu *emu;

    weft_emu_charge(WEFT_EMU_SUBMIT_EVENT_NS);
    emu = weft_emu_enter();
    if (emu == NULL)
        return WEFT_CUDA_NOT_INITIALIZED;
    found = weft_emu_stream_find(emu, stream);
    if (found != NULL)
        result = weft_emu_stream_await(emu, found);
    weft_emu_leave(emu);
    return result;
}

weft_cuda_result cuStreamGetCtx(weft_cuda_stream stream, weft_cuda_context *context)
{
    struct weft_emu *emu = weft_emu_enter();
    weft_cuda_result result = WEFT_CUDA_INVALID_HANDLE;
    struct weft_emu_stream *found;

    if (emu == NULL)
        return WEFT_CUDA_NOT_INITIALIZED;
    found = weft_emu_stream_find(emu, stream);
    if (context == NULL) {
        result = WEFT_CUDA_INVALID_VALUE;
    } else if (found != NULL) {
        *context = emu->contexts[found->gpu].handle;
        result = WEFT_CUDA_SUCCESS;
    }
    weft_emu_leave(emu);
    return result;
}

weft_cuda_result cuStreamIsCapturing(weft_cuda_stream stream, weft_cuda_capture_status *status)
{
    struct weft_emu *emu = weft_emu_enter();
    bool is_good;

    if (emu == NULL)
        return WEFT_CUDA_NOT_INITIALIZED;
    is_good = weft_emu_stream_find(emu, stream) != NULL;
    weft_emu_leave(emu);
    if (status == NULL)
        return WEFT_CUDA_INVALID_VALUE;
    if (!is_good)
        return WEFT_CUDA_INVALID_HANDLE;
    *status = WEFT_CUDA_CAPTURE_STATUS_NONE;
    return WEFT_CUDA_SUCCESS;
}

/* Without capture the mode changes nothing; it is kept so that an exchange gives back the former.
 * */
weft_cuda_result cuThreadExchangeStreamCaptureMode(weft_cuda_capture_mode *mode)
{
    static _Thread_local weft_cuda_capture_mode kept = WEFT_CUDA_CAPTURE_MODE_GLOBAL;
    weft_cuda_capture_mode former = kept;

    if (mode == NULL || *mode > WEFT_CUDA_CAPTURE_MODE_RELAXED)
        return WEFT_CUDA_INVALID_VALUE;
    kept = *mode;
    *mode = former;
    return WEFT_CUDA_SUCCESS;
}

weft_cuda_result cuStreamWaitEvent(weft_cuda_stream stream, weft_cuda_event event,
                                   unsigned int flags)
{
    weft_ns at = weft_emu_charge(WEFT_EMU_SUBMIT_EVENT_NS);
    struct weft_emu *emu = weft_emu_enter();
    weft_cuda_result result = WEFT_CUDA_SUCCESS;
    struct weft_emu_operation *operation;
    struct weft_emu_stream *waiting;
    struct weft_emu_event *awaited;

    if (emu == NULL)
        return WEFT_CUDA_NOT_INITIALIZED;
    waiting = weft_emu_stream_find(emu, stream);
    awaited = weft_emu_event_find(emu, event);
    if (waiting == NULL || awaited == NULL) {
        result = WEFT_CUDA_INVALID_HANDLE;
    } else if (flags > 1) {
        result = WEFT_CUDA_INVALID_VALUE;
    } else if (awaited->point != NULL) { /* never recorded: nothing to wait for */
        operation = weft_emu_operation_new(&weft_emu_wait_kind);
        if (operation == NULL) {
            result = WEFT_CUDA_OUT_OF_MEMORY;
        } else {
            operation->point = weft_emu_point_hold(awaited->point);
            weft_emu_stream_append(emu, waiting, operation, at);
        }
    }
    weft_emu_leave(emu);
    return result;
}

/* Appends an operation made from `model`, whose stream and times are filled in. */
static weft_cuda_result append(weft_cuda_stream handle, const struct weft_emu_operation *model,
                               weft_ns at)
{
    struct weft_emu *emu = weft_emu_enter();
    weft_cuda_result result = WEFT_CUDA_INVALID_HANDLE;
    struct weft_emu_operation *operation;
    struct weft_emu_stream *stream;

    if (emu == NULL)
        return WEFT_CUDA_NOT_INITIALIZED;
    stream = weft_emu_stream_find(emu, handle);
    if (stream != NULL) {
        operation = weft_emu_operation_new(model->kind);
        result = operation == NULL ? WEFT_CUDA_OUT_OF_MEMORY : WEFT_CUDA_SUCCESS;
        if (operation != NULL) {
            *operation = *model;
            weft_emu_stream_append(emu, stream, operation, at);
        }
    }
    weft_emu_leave(emu);
    return result;
}

/* A word must be aligned, and wholly in memory that the device can reach. */
static bool is_word(weft_cuda_ptr address, unsigned bytes)
{
    struct weft_emu *emu = weft_emu_enter();
    struct weft_emu_range *range;
    bool is_good;

    if (emu == NULL)
        return false;
    range = weft_emu_memory_find(&emu->memory, (void *)(uintptr_t)address);
    is_good = address % bytes == 0 && range != NULL &&
              weft_range_inside(address - (uintptr_t)range->base, bytes, range->size_bytes);
    weft_emu_leave(emu);
    return is_good;
}

static weft_cuda_result submit_value(const struct weft_emu_operation_kind *kind,
                                     weft_cuda_stream stream, weft_cuda_ptr address, unsigned bytes,
                                     uint64_t value, unsigned flags)
{
    struct weft_emu_operation model = {.kind = kind};

    model.value = (struct weft_emu_value){(void *)(uintptr_t)address, value, bytes, flags};
    if (flags >= WEFT_EMU_WAIT_CONDITIONS || !is_word(address, bytes))
        return WEFT_CUDA_INVALID_VALUE;
    return append(stream, &model, weft_emu_charge(WEFT_EMU_SUBMIT_VALUE_NS));
}

weft_cuda_result cuStreamWaitValue64_v2(weft_cuda_stream stream, weft_cuda_ptr address,
                                        weft_cuda_word value, unsigned int flags)
{
    return submit_value(&weft_emu_wait_value_kind, stream, address, 8, value, flags);
}

weft_cuda_result cuStreamWriteValue64_v2(weft_cuda_stream stream, weft_cuda_ptr address,
                                         weft_cuda_word value, unsigned int flags)
{
    return submit_value(&weft_emu_write_value_kind, stream, address, 8, value, flags);
}

weft_cuda_result cuStreamWaitValue32_v2(weft_cuda_stream stream, weft_cuda_ptr address,
                                        uint32_t value, unsigned int flags)
{
    return submit_value(&weft_emu_wait_value_kind, stream, address, 4, value, flags);
}

weft_cuda_result cuStreamWriteValue32_v2(weft_cuda_stream stream, weft_cuda_ptr address,
                                         uint32_t value, unsigned int flags)
{
    return submit_value(&weft_emu_write_value_kind, stream, address, 4, value, flags);
}

weft_cuda_result cuLaunchHostFunc(weft_cuda_stream stream, void (*call)(void *), void *argument)
{
    struct weft_emu_operation model = {.kind = &weft_emu_function_kind};

    if (call == NULL)
        return WEFT_CUDA_INVALID_VALUE;
    model.function = (struct weft_emu_function){call, argument};
    return append(stream, &model, weft_emu_charge(WEFT_EMU_SUBMIT_VALUE_NS));
}
