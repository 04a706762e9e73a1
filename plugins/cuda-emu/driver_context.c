/* cuInit and contexts. Each device has its primary context; a thread has a stack of current ones.
 *
 * Creating further contexts is left out: no program that Weft runs with does it. */
#include "driver.h"

#include "host/env.h"
#include "host/log.h"

#define STACK_MAX 16

static _Thread_local weft_cuda_context stack[STACK_MAX];
static _Thread_local uint32_t stack_count;

struct weft_emu_context *weft_emu_context_find(struct weft_emu *emu, weft_cuda_context handle)
{
    struct weft_emu_context *context = weft_emu_handle_find(&emu->context_handles, handle);

    return context != NULL && context->retain_count > 0 ? context : NULL;
}

struct weft_emu_context *weft_emu_context_current(struct weft_emu *emu)
{
    return stack_count == 0 ? NULL : weft_emu_context_find(emu, stack[stack_count - 1]);
}

/* Opens the machine that the environment names. */
static weft_cuda_result open_from_environment(void)
{
    char why[WEFT_ENV_WHY_BYTES > WEFT_EMU_WHY_BYTES ? WEFT_ENV_WHY_BYTES : WEFT_EMU_WHY_BYTES];
    struct weft_config config;

    weft_config_init(&config);
    if (weft_env_read(&config, why) != weftSuccess) {
        weft_log(WEFT_LOG_ERROR, "emu", "%s", why);
        return WEFT_CUDA_INVALID_VALUE;
    }
    if (config.emulate[0] == '\0') {
        weft_log(WEFT_LOG_ERROR, "emu",
                 "no machine to emulate; set WEFT_EMULATE to a preset's "
                 "name or a topology file");
        return WEFT_CUDA_NO_DEVICE;
    }
    if (weft_emu_open(config.emulate, (unsigned)config.dilation, config.emu_machine, why) != 0) {
        weft_log(WEFT_LOG_ERROR, "emu", "%s", why);
        return WEFT_CUDA_NO_DEVICE;
    }
    return WEFT_CUDA_SUCCESS;
}

weft_cuda_result cuInit(unsigned int flags)
{
    struct weft_emu *emu = weft_emu_enter_any();
    weft_cuda_result result;

    if (emu == NULL) {
        result = open_from_environment();
        if (result != WEFT_CUDA_SUCCESS)
            return result;
        emu = weft_emu_enter_any();
    }
    if (emu == NULL)
        return WEFT_CUDA_DEINITIALIZED;
    if (flags == 0)
        emu->is_initialized = true;
    result = flags != 0                    ? WEFT_CUDA_INVALID_VALUE
             : emu->machine.gpu_count == 0 ? WEFT_CUDA_NO_DEVICE
                                           : WEFT_CUDA_SUCCESS;
    weft_emu_leave(emu);
    return result;
}

weft_cuda_result cuDriverGetVersion(int *version)
{
    if (version == NULL)
        return WEFT_CUDA_INVALID_VALUE;
    *version = WEFT_EMU_DRIVER_VERSION;
    return WEFT_CUDA_SUCCESS;
}

weft_cuda_result cuDevicePrimaryCtxRetain(weft_cuda_context *context, weft_cuda_device device)
{
    struct weft_emu *emu = weft_emu_enter();
    weft_cuda_result result = WEFT_CUDA_INVALID_DEVICE;

    if (emu == NULL)
        return WEFT_CUDA_NOT_INITIALIZED;
    if (context == NULL) {
        result = WEFT_CUDA_INVALID_VALUE;
    } else if (device >= 0 && (uint32_t)device < emu->machine.gpu_count) {
        emu->contexts[device].retain_count++;
        *context = emu->contexts[device].handle;
        result = WEFT_CUDA_SUCCESS;
    }
    weft_emu_leave(emu);
    return result;
}

weft_cuda_result cuDevicePrimaryCtxRelease_v2(weft_cuda_device device)
{
    struct weft_emu *emu = weft_emu_enter();
    weft_cuda_result result = WEFT_CUDA_SUCCESS;

    if (emu == NULL)
        return WEFT_CUDA_NOT_INITIALIZED;
    if (device < 0 || (uint32_t)device >= emu->machine.gpu_count)
        result = WEFT_CUDA_INVALID_DEVICE;
    else if (emu->contexts[device].retain_count == 0)
        result = WEFT_CUDA_INVALID_CONTEXT;
    else
        emu->contexts[device].retain_count--;
    weft_emu_leave(emu);
    return result;
}

/* True for NULL and for contexts that live. */
static weft_cuda_result check(weft_cuda_context context)
{
    struct weft_emu *emu = weft_emu_enter();
    bool is_good;

    if (emu == NULL)
        return WEFT_CUDA_NOT_INITIALIZED;
    is_good = context == NULL || weft_emu_context_find(emu, context) != NULL;
    weft_emu_leave(emu);
    return is_good ? WEFT_CUDA_SUCCESS : WEFT_CUDA_INVALID_CONTEXT;
}

weft_cuda_result cuCtxSetCurrent(weft_cuda_context context)
{
    weft_cuda_result result = check(context);

    if (result != WEFT_CUDA_SUCCESS)
        return result;
    if (context == NULL) {
        stack_count = stack_count == 0 ? 0 : stack_count - 1;
        return WEFT_CUDA_SUCCESS;
    }
    if (stack_count == 0)
        stack_count = 1;
    stack[stack_count - 1] = context;
    return WEFT_CUDA_SUCCESS;
}

weft_cuda_result cuCtxGetCurrent(weft_cuda_context *context)
{
    if (context == NULL)
        return WEFT_CUDA_INVALID_VALUE;
    *context = stack_count == 0 ? NULL : stack[stack_count - 1];
    return WEFT_CUDA_SUCCESS;
}

weft_cuda_result cuCtxPushCurrent_v2(weft_cuda_context context)
{
    weft_cuda_result result = check(context);

    if (result != WEFT_CUDA_SUCCESS)
        return result;
    if (context == NULL || stack_count == STACK_MAX)
        return WEFT_CUDA_INVALID_CONTEXT;
    stack[stack_count++] = context;
    return WEFT_CUDA_SUCCESS;
}

weft_cuda_result cuCtxPopCurrent_v2(weft_cuda_context *context)
{
    if (stack_count == 0)
        return WEFT_CUDA_INVALID_CONTEXT;
    stack_count--;
    if (context != NULL)
        *context = stack[stack_count];
    return WEFT_CUDA_SUCCESS;
}

weft_cuda_result cuCtxGetDevice(weft_cuda_device *device)
{
    struct weft_emu *emu = weft_emu_enter();
    struct weft_emu_context *context;

    if (emu == NULL)
        return WEFT_CUDA_NOT_INITIALIZED;
    context = weft_emu_context_current(emu);
    if (context != NULL && device != NULL)
        *device = (weft_cuda_device)context->gpu;
    weft_emu_leave(emu);
    if (device == NULL)
        return WEFT_CUDA_INVALID_VALUE;
    return context == NULL ? WEFT_CUDA_INVALID_CONTEXT : WEFT_CUDA_SUCCESS;
}

weft_cuda_result cuCtxGetStreamPriorityRange(int *least, int *greatest)
{
    if (least != NULL)
        *least = 0;
    if (greatest != NULL)
        *greatest = -5;
    return WEFT_CUDA_SUCCESS;
}

/* Sets who may reach whom directly. */
static weft_cuda_result set_access(weft_cuda_context peer, bool allow)
{
    struct weft_emu *emu = weft_emu_enter();
    struct weft_emu_context *from;
    struct weft_emu_context *to;
    struct weft_emu_path path;
    weft_cuda_result result = WEFT_CUDA_SUCCESS;
    struct weft_emu_machine *machine;

    if (emu == NULL)
        return WEFT_CUDA_NOT_INITIALIZED;
    machine = &emu->machine;
    from = weft_emu_context_current(emu);
    to = weft_emu_context_find(emu, peer);
    if (from == NULL || to == NULL || from == to) {
        result = WEFT_CUDA_INVALID_CONTEXT;
    } else if (machine->access[from->gpu][to->gpu] == allow) {
        result = allow ? WEFT_CUDA_PEER_ACCESS_ALREADY_ENABLED : WEFT_CUDA_PEER_ACCESS_NOT_ENABLED;
    } else {
        weft_emu_machine_path(machine, machine->gpus[from->gpu], machine->gpus[to->gpu], true,
                              &path);
        if (path.count == 0)
            result = WEFT_CUDA_PEER_ACCESS_UNSUPPORTED;
        else
            machine->access[from->gpu][to->gpu] = allow;
    }
    weft_emu_leave(emu);
    return result;
}

weft_cuda_result cuCtxEnablePeerAccess(weft_cuda_context peer, unsigned int flags)
{
    return flags != 0 ? WEFT_CUDA_INVALID_VALUE : set_access(peer, true);
}

weft_cuda_result cuCtxDisablePeerAccess(weft_cuda_context peer)
{
    return set_access(peer, false);
}

weft_cuda_result cuCtxSynchronize(void)
{
    struct weft_emu *emu = weft_emu_enter();
    weft_cuda_result result = WEFT_CUDA_SUCCESS;
    struct weft_emu_context *context;

    if (emu == NULL)
        return WEFT_CUDA_NOT_INITIALIZED;
    context = weft_emu_context_current(emu);
    if (context == NULL) {
        weft_emu_leave(emu);
        return WEFT_CUDA_INVALID_CONTEXT;
    }
    result = weft_emu_stream_await(emu, &emu->default_streams[context->gpu]);
    for (uint32_t i = 0; i < WEFT_EMU_STREAMS_MAX; i++) {
        struct weft_emu_stream *stream = weft_emu_handle_at(&emu->stream_handles, i);
        weft_cuda_result one = WEFT_CUDA_SUCCESS;

        if (stream != NULL && stream->gpu == context->gpu)
            one = weft_emu_stream_await(emu, stream);
        if (result == WEFT_CUDA_SUCCESS)
            result = one;
    }
    weft_emu_leave(emu);
    return result;
}
