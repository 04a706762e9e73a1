/* Driver calls that count and fail; see driver.h. */
#include "driver.h"

#include <string.h>

#include "base/base.h"
#include "cuda/cuda_driver.h"
#include "wrap.h"

weftResult_t __wrap_weft_cuda_driver_load(const char *path, const struct weft_cuda_driver **driver,
                                          char why[256]);
weftResult_t __real_weft_cuda_driver_load(const char *path, const struct weft_cuda_driver **driver,
                                          char why[256]);

static weft_cuda_result error = WEFT_CUDA_UNKNOWN;

void sweep_driver_error_set(const char *word)
{
    error = strcmp(word, "memory") == 0 ? WEFT_CUDA_OUT_OF_MEMORY : WEFT_CUDA_UNKNOWN;
}

/* The table as it was loaded; without a path until then. */
static struct weft_cuda_driver real;

/* CALL(field, what it gives (1), gives back (-1) or neither (0), parameters, arguments). What
 * gives back never fails. */
#define CALLS(CALL)                                                                                \
    CALL(primary_retain, 1, (weft_cuda_context * context, weft_cuda_device device),                \
         (context, device))                                                                        \
    CALL(primary_release, -1, (weft_cuda_device device), (device))                                 \
    CALL(context_enable_peer, 0, (weft_cuda_context context, unsigned flags), (context, flags))    \
    CALL(memory_alloc, 1, (weft_cuda_ptr * memory, size_t size), (memory, size))                   \
    CALL(memory_free, -1, (weft_cuda_ptr memory), (memory))                                        \
    CALL(host_alloc, 1, (void **memory, size_t size, unsigned flags), (memory, size, flags))       \
    CALL(host_free, -1, (void *memory), (memory))                                                  \
    CALL(host_register, 1, (void *memory, size_t size, unsigned flags), (memory, size, flags))     \
    CALL(host_unregister, -1, (void *memory), (memory))                                            \
    CALL(stream_create, 1, (weft_cuda_stream * stream, unsigned flags, int priority),              \
         (stream, flags, priority))                                                                \
    CALL(stream_destroy, -1, (weft_cuda_stream stream), (stream))                                  \
    CALL(event_create, 1, (weft_cuda_event * event, unsigned flags), (event, flags))               \
    CALL(event_destroy, -1, (weft_cuda_event event), (event))                                      \
    CALL(event_record, 0, (weft_cuda_event event, weft_cuda_stream stream), (event, stream))       \
    CALL(stream_wait_event, 0, (weft_cuda_stream stream, weft_cuda_event event, unsigned flags),   \
         (stream, event, flags))                                                                   \
    CALL(copy, 0, (weft_cuda_ptr dst, weft_cuda_ptr src, size_t size, weft_cuda_stream stream),    \
         (dst, src, size, stream))                                                                 \
    CALL(copy_peer, 0,                                                                             \
         (weft_cuda_ptr dst, weft_cuda_context dst_context, weft_cuda_ptr src,                     \
          weft_cuda_context src_context, size_t size, weft_cuda_stream stream),                    \
         (dst, dst_context, src, src_context, size, stream))                                       \
    CALL(stream_wait_value, 0,                                                                     \
         (weft_cuda_stream stream, weft_cuda_ptr address, weft_cuda_word value, unsigned flags),   \
         (stream, address, value, flags))                                                          \
    CALL(stream_write_value, 0,                                                                    \
         (weft_cuda_stream stream, weft_cuda_ptr address, weft_cuda_word value, unsigned flags),   \
         (stream, address, value, flags))

#define DEFINE(field, gives, parameters, arguments)                                                \
    static weft_cuda_result counted_##field parameters                                             \
    {                                                                                              \
        weft_cuda_result result;                                                                   \
                                                                                                   \
        if ((gives) >= 0 && sweep_wrap_fails(SWEEP_WRAP_DRIVER))                                   \
            return error;                                                                          \
        result = real.field arguments;                                                             \
        if (result == WEFT_CUDA_SUCCESS && (gives) != 0)                                           \
            sweep_wrap_count_driver(gives);                                                        \
        return result;                                                                             \
    }
CALLS(DEFINE)

#define REPLACE(field, gives, parameters, arguments) loaded->field = counted_##field;

weftResult_t __wrap_weft_cuda_driver_load(const char *path, const struct weft_cuda_driver **driver,
                                          char why[256])
{
    weftResult_t result = __real_weft_cuda_driver_load(path, driver, why);

    /* The first one is asked to probe, with the lock of src/host/machine.c: nobody uses it yet. */
    if (result == weftSuccess && real.path[0] == '\0') {
        struct weft_cuda_driver *loaded = (struct weft_cuda_driver *)(uintptr_t)*driver;

        real = *loaded;
        CALLS(REPLACE)
    }
    return result;
}
