/* Events: names for points in streams. */
#include "driver.h"

#include <stdlib.h>

#define EVENT_FLAGS_ALL 0x7u /* blocking sync, disable timing, interprocess */

struct weft_emu_event *weft_emu_event_find(struct weft_emu *emu, weft_cuda_event handle)
{
    return weft_emu_handle_find(&emu->event_handles, handle);
}

weft_cuda_result cuEventCreate(weft_cuda_event *event, unsigned int flags)
{
    struct weft_emu *emu = weft_emu_enter();
    weft_cuda_result result = WEFT_CUDA_OUT_OF_MEMORY;
    struct weft_emu_event *made = NULL;
    weft_cuda_event handle = NULL;

    if (emu == NULL)
        return WEFT_CUDA_NOT_INITIALIZED;
    if (event == NULL || (flags & ~EVENT_FLAGS_ALL) != 0) {
        result = WEFT_CUDA_INVALID_VALUE;
    } else if (weft_emu_context_current(emu) == NULL) {
        result = WEFT_CUDA_INVALID_CONTEXT;
    } else {
        made = calloc(1, sizeof(*made));
        handle = made == NULL ? NULL : weft_emu_handle_new(&emu->event_handles, made);
    }
    if (handle != NULL) {
        made->is_timed = (flags & WEFT_CUDA_EVENT_DISABLE_TIMING) == 0;
        *event = handle;
        result = WEFT_CUDA_SUCCESS;
    } else {
        free(made);
    }
    weft_emu_leave(emu);
    return result;
}

weft_cuda_result cuEventDestroy_v2(weft_cuda_event event)
{
    struct weft_emu *emu = weft_emu_enter();
    struct weft_emu_event *found;

    if (emu == NULL)
        return WEFT_CUDA_NOT_INITIALIZED;
    found = weft_emu_event_find(emu, event);
    if (found != NULL) {
        weft_emu_handle_end(&emu->event_handles, event);
        weft_emu_point_drop(found->point);
        free(found);
    }
    weft_emu_leave(emu);
    return found == NULL ? WEFT_CUDA_INVALID_HANDLE : WEFT_CUDA_SUCCESS;
}

weft_cuda_result cuEventRecord(weft_cuda_event event, weft_cuda_stream stream)
{
    weft_ns at = weft_emu_charge(WEFT_EMU_SUBMIT_EVENT_NS);
    struct weft_emu *emu = weft_emu_enter();
    weft_cuda_result result = WEFT_CUDA_INVALID_HANDLE;
    struct weft_emu_operation *operation = NULL;
    struct weft_emu_point *point = NULL;
    struct weft_emu_stream *recorded;
    struct weft_emu_event *found;

    if (emu == NULL)
        return WEFT_CUDA_NOT_INITIALIZED;
    found = weft_emu_event_find(emu, event);
    recorded = weft_emu_stream_find(emu, stream);
    if (found == NULL || recorded == NULL)
        goto done;
    operation = weft_emu_operation_new(&weft_emu_record_kind);
    point = weft_emu_point_new();
    result = WEFT_CUDA_OUT_OF_MEMORY;
    if (operation == NULL || point == NULL)
        goto done;
    weft_emu_point_drop(found->point);
    found->point = point;
    operation->point = weft_emu_point_hold(point);
    weft_emu_stream_append(emu, recorded, operation, at);
    operation = NULL;
    point = NULL;
    result = WEFT_CUDA_SUCCESS;
done:
    free(operation);
    weft_emu_point_drop(point);
    weft_emu_leave(emu);
    return result;
}

weft_cuda_result cuEventQuery(weft_cuda_event event)
{
    weft_cuda_result result = WEFT_CUDA_INVALID_HANDLE;
    struct weft_emu_event *found;
    struct weft_emu *emu;

    weft_emu_charge(WEFT_EMU_SUBMIT_EVENT_NS);
    emu = weft_emu_enter();
    if (emu == NULL)
        return WEFT_CUDA_NOT_INITIALIZED;
    found = weft_emu_event_find(emu, event);
    if (found != NULL && found->point == NULL)
        result = WEFT_CUDA_SUCCESS;
    else if (found != NULL)
        result = found->point->is_reached ? found->point->result : WEFT_CUDA_NOT_READY;
    weft_emu_leave(emu);
    return result;
}

weft_cuda_result cuEventSynchronize(weft_cuda_event event)
{
    weft_cuda_result result = WEFT_CUDA_INVALID_HANDLE;
    struct weft_emu_point *point;
    struct weft_emu_event *found;
    struct weft_emu *emu;

    weft_emu_charge(WEFT_EMU_SUBMIT_EVENT_NS);
    emu = weft_emu_enter();
    if (emu == NULL)
        return WEFT_CUDA_NOT_INITIALIZED;
    found = weft_emu_event_find(emu, event);
    if (found != NULL && found->point == NULL) {
        result = WEFT_CUDA_SUCCESS;
    } else if (found != NULL) {
        point = weft_emu_point_hold(found->point);
        result = weft_emu_await(emu, point);
        weft_emu_point_drop(point);
    }
    weft_emu_leave(emu);
    return result;
}

/* In milliseconds of the machine's time. */
weft_cuda_result cuEventElapsedTime_v2(float *milliseconds, weft_cuda_event start,
                                       weft_cuda_event end)
{
    struct weft_emu *emu = weft_emu_enter();
    weft_cuda_result result = WEFT_CUDA_INVALID_HANDLE;
    struct weft_emu_event *events[2];

    if (emu == NULL)
        return WEFT_CUDA_NOT_INITIALIZED;
    events[0] = weft_emu_event_find(emu, start);
    events[1] = weft_emu_event_find(emu, end);
    if (milliseconds == NULL) {
        result = WEFT_CUDA_INVALID_VALUE;
    } else if (events[0] != NULL && events[1] != NULL && events[0]->is_timed &&
               events[1]->is_timed && events[0]->point != NULL && events[1]->point != NULL) {
        result = WEFT_CUDA_NOT_READY;
        if (events[0]->point->is_reached && events[1]->point->is_reached) {
            *milliseconds = (float)((double)events[1]->point->reached_at -
                                    (double)events[0]->point->reached_at) /
                            1e6f;
            result = WEFT_CUDA_SUCCESS;
        }
    }
    weft_emu_leave(emu);
    return result;
}

weft_cuda_result cuEventElapsedTime(float *milliseconds, weft_cuda_event start, weft_cuda_event end)
{
    return cuEventElapsedTime_v2(milliseconds, start, end);
}
