/* The extents of a copy as driver calls.
 *
 * Where host memory was pinned in pieces, extents are cut at the seams. What is left is copied in
 * one call where the driver has batched copies, else piece by piece. Nothing here waits or
 * allocates. */
#include "cuda_port.h"

#include <stdint.h>

/* The bytes from `at` to the next seam, or `size` if that is less. */
static uint64_t seam_cut(const struct weft_cuda_seams *seams, uint64_t at, uint64_t size)
{
    for (uint32_t i = 0; i < seams->count; i++)
        if (seams->at[i] > at)
            return weft_min(size, seams->at[i] - at);
    return size;
}

/* Fills the batch from extent `*index`, `*skip` bytes into it, and moves both on. */
static void batch_fill(struct weft_cuda_batch *batch, const struct weft_cuda_job *job,
                       uint32_t *index, uint64_t *skip)
{
    const struct weft_copy *copy = job->copy;

    batch->count = 0;
    while (*index < copy->extent_count && batch->count < WEFT_CUDA_BATCH_MAX) {
        const struct weft_extent *extent = &copy->extents[*index];
        uint64_t dst = job->dst->base + extent->dst_offset + *skip;
        uint64_t src = job->src->base + extent->src_offset + *skip;
        uint64_t size = extent->size_bytes - *skip;

        size = seam_cut(&job->dst->seams, dst, size);
        size = seam_cut(&job->src->seams, src, size);
        *skip += size;
        if (*skip == extent->size_bytes) {
            *skip = 0;
            ++*index;
        }
        if (size == 0)
            continue;
        batch->dsts[batch->count] = dst;
        batch->srcs[batch->count] = src;
        batch->sizes[batch->count] = size;
        batch->count++;
    }
}

static weft_cuda_result piece_issue(const struct weft_cuda_port *port,
                                    const struct weft_cuda_job *job, size_t index)
{
    const struct weft_cuda_batch *batch = &port->batch;
    bool both_gpus = job->src->context != NULL && job->dst->context != NULL;

    if (both_gpus && job->src->context != job->dst->context)
        return port->driver->copy_peer(batch->dsts[index], job->dst->context, batch->srcs[index],
                                       job->src->context, batch->sizes[index], job->queue->stream);
    return port->driver->copy(batch->dsts[index], batch->srcs[index], batch->sizes[index],
                              job->queue->stream);
}

/* The batch in one call. */
static weft_cuda_result whole_issue(struct weft_cuda_port *port, const struct weft_cuda_job *job)
{
    /* Any other order may read a source before the copy that this one waits for has written it. */
    struct weft_cuda_copy_attributes attributes = {.order = WEFT_CUDA_ACCESS_ORDER_STREAM};
    struct weft_cuda_batch *batch = &port->batch;
    size_t first = 0;
    size_t failed = 0;
    weft_cuda_result error;

    error = port->driver->copy_batch_v2(batch->dsts, batch->srcs, batch->sizes, batch->count,
                                        &attributes, &first, 1, job->queue->stream);
    if (error != WEFT_CUDA_NOT_SUPPORTED)
        return error;
    return port->driver->copy_batch(batch->dsts, batch->srcs, batch->sizes, batch->count,
                                    &attributes, &first, 1, &failed, job->queue->stream);
}

static weft_cuda_result batch_issue(struct weft_cuda_port *port, const struct weft_cuda_job *job,
                                    bool *issued)
{
    bool refused = false;
    weft_cuda_result error = WEFT_CUDA_SUCCESS;

    if (port->batch.count > 1 && !port->batch.refused) {
        error = whole_issue(port, job);
        refused = error == WEFT_CUDA_NOT_SUPPORTED || error == WEFT_CUDA_INVALID_VALUE;
        *issued = *issued || error == WEFT_CUDA_SUCCESS;
        if (!refused)
            return error;
        error = WEFT_CUDA_SUCCESS;
    }
    for (size_t i = 0; i < port->batch.count && error == WEFT_CUDA_SUCCESS; i++) {
        error = piece_issue(port, job, i);
        *issued = *issued || error == WEFT_CUDA_SUCCESS;
    }
    /* The pieces are good: it is the batch that the driver does not take. */
    if (refused && error == WEFT_CUDA_SUCCESS)
        port->batch.refused = true;
    return error;
}

weft_cuda_result weft_cuda_issue(struct weft_cuda_port *port, const struct weft_cuda_job *job,
                                 bool *issued)
{
    uint32_t index = 0;
    uint64_t skip = 0;
    weft_cuda_result error = WEFT_CUDA_SUCCESS;

    while (index < job->copy->extent_count && error == WEFT_CUDA_SUCCESS) {
        batch_fill(&port->batch, job, &index, &skip);
        error = batch_issue(port, job, issued);
    }
    return error;
}
