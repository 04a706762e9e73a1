/* The baseline's calls. The first error is kept until wait tells it. */
#include "cuda_loop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cuda/cuda_driver.h"

#define BATCH_MAX 4096

struct weft_cuda_loop {
    const struct weft_cuda_driver *driver;
    weft_cuda_device device;
    weft_cuda_context context;
    weft_cuda_stream stream;
    weft_cuda_result error;
    void *pinned; /* by us; NULL: nothing */
    bool batched; /* the driver has batches */
    weft_cuda_ptr dsts[BATCH_MAX];
    weft_cuda_ptr srcs[BATCH_MAX];
    size_t sizes[BATCH_MAX];
};

static weft_cuda_result loop_start(struct weft_cuda_loop *loop, uint32_t ordinal)
{
    const struct weft_cuda_driver *driver = loop->driver;
    weft_cuda_result error = driver->device_get(&loop->device, (int)ordinal);

    if (error == WEFT_CUDA_SUCCESS)
        error = driver->primary_retain(&loop->context, loop->device);
    if (error == WEFT_CUDA_SUCCESS)
        error = driver->context_set(loop->context);
    if (error == WEFT_CUDA_SUCCESS)
        error = driver->stream_create(&loop->stream, WEFT_CUDA_STREAM_NON_BLOCKING, 0);
    return error;
}

struct weft_cuda_loop *weft_cuda_loop_open(const char *driver, const char *bus,
                                           char why[WEFT_WHY_BYTES])
{
    struct weft_cuda_loop *loop = calloc(1, sizeof(*loop));
    char reason[256] = "no memory";
    uint32_t ordinal;

    if (loop == NULL || weft_cuda_driver_load(driver, &loop->driver, reason) != weftSuccess) {
        (void)snprintf(why, WEFT_WHY_BYTES, "the baseline has no CUDA driver: %s", reason);
        goto fail;
    }
    ordinal = weft_cuda_driver_find(loop->driver, bus);
    if (ordinal == WEFT_NONE) {
        (void)snprintf(why, WEFT_WHY_BYTES, "the baseline's driver has no GPU at %s", bus);
        goto fail;
    }
    loop->error = loop_start(loop, ordinal);
    if (loop->error != WEFT_CUDA_SUCCESS) {
        weft_cuda_error_text(loop->driver, loop->error, reason);
        (void)snprintf(why, WEFT_WHY_BYTES, "the baseline cannot use the GPU at %s: %s", bus,
                       reason);
        goto fail;
    }
    loop->batched = loop->driver->copy_batch_v2 != NULL || loop->driver->copy_batch != NULL;
    return loop;
fail:
    weft_cuda_loop_close(loop);
    return NULL;
}

void weft_cuda_loop_close(struct weft_cuda_loop *loop)
{
    if (loop == NULL)
        return;
    if (loop->pinned != NULL)
        (void)loop->driver->host_unregister(loop->pinned);
    if (loop->stream != NULL)
        (void)loop->driver->stream_destroy(loop->stream);
    if (loop->context != NULL)
        (void)loop->driver->primary_release(loop->device);
    free(loop);
}

bool weft_cuda_loop_pin(struct weft_cuda_loop *loop, void *memory, size_t size,
                        char why[WEFT_WHY_BYTES])
{
    weft_cuda_result error =
        loop->driver->host_register(memory, size, WEFT_CUDA_HOST_REGISTER_PORTABLE);
    char text[WEFT_CUDA_ERROR_TEXT_BYTES];

    if (error == WEFT_CUDA_HOST_MEMORY_ALREADY_REGISTERED)
        return true;
    if (error != WEFT_CUDA_SUCCESS) {
        weft_cuda_error_text(loop->driver, error, text);
        (void)snprintf(why, WEFT_WHY_BYTES, "the baseline cannot pin host memory: %s", text);
        return false;
    }
    loop->pinned = memory;
    return true;
}

bool weft_cuda_loop_copy(struct weft_cuda_loop *loop, void *dst, const void *src, size_t size)
{
    if (loop->error == WEFT_CUDA_SUCCESS)
        loop->error = loop->driver->copy((uintptr_t)dst, (uintptr_t)src, size, loop->stream);
    return loop->error == WEFT_CUDA_SUCCESS;
}

static weft_cuda_result batch_issue(struct weft_cuda_loop *loop, size_t count)
{
    struct weft_cuda_copy_attributes attributes = {.order = WEFT_CUDA_ACCESS_ORDER_STREAM};
    weft_cuda_result error = WEFT_CUDA_NOT_SUPPORTED;
    size_t first = 0;
    size_t failed = 0;

    if (loop->batched && loop->driver->copy_batch_v2 != NULL)
        error = loop->driver->copy_batch_v2(loop->dsts, loop->srcs, loop->sizes, count, &attributes,
                                            &first, 1, loop->stream);
    if (loop->batched && error == WEFT_CUDA_NOT_SUPPORTED && loop->driver->copy_batch != NULL)
        error = loop->driver->copy_batch(loop->dsts, loop->srcs, loop->sizes, count, &attributes,
                                         &first, 1, &failed, loop->stream);
    if (error != WEFT_CUDA_NOT_SUPPORTED)
        return error;
    loop->batched = false;
    error = WEFT_CUDA_SUCCESS;
    for (size_t i = 0; i < count && error == WEFT_CUDA_SUCCESS; i++)
        error = loop->driver->copy(loop->dsts[i], loop->srcs[i], loop->sizes[i], loop->stream);
    return error;
}

bool weft_cuda_loop_copy_blocks(struct weft_cuda_loop *loop, void *dst, const void *src,
                                const struct weft_cuda_loop_blocks *blocks)
{
    for (uint64_t done = 0; done < blocks->count && loop->error == WEFT_CUDA_SUCCESS;) {
        size_t count = weft_min(BATCH_MAX, blocks->count - done);

        for (size_t i = 0; i < count; i++) {
            uint64_t from = blocks->src_ids == NULL ? done + i : blocks->src_ids[done + i];
            uint64_t to = blocks->dst_ids == NULL ? done + i : blocks->dst_ids[done + i];

            loop->srcs[i] = (uintptr_t)src + from * blocks->stride;
            loop->dsts[i] = (uintptr_t)dst + to * blocks->stride;
            loop->sizes[i] = blocks->block_bytes;
        }
        loop->error = batch_issue(loop, count);
        done += count;
    }
    return loop->error == WEFT_CUDA_SUCCESS;
}

bool weft_cuda_loop_wait(struct weft_cuda_loop *loop, char why[WEFT_WHY_BYTES])
{
    weft_cuda_result error = loop->error;
    char text[WEFT_CUDA_ERROR_TEXT_BYTES];

    if (error == WEFT_CUDA_SUCCESS)
        error = loop->driver->stream_synchronize(loop->stream);
    loop->error = WEFT_CUDA_SUCCESS;
    if (error == WEFT_CUDA_SUCCESS)
        return true;
    weft_cuda_error_text(loop->driver, error, text);
    (void)snprintf(why, WEFT_WHY_BYTES, "the driver's own copy failed: %s", text);
    return false;
}
