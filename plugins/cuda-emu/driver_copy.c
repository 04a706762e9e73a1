/* Copies and fills: which devices, which path, which engine, and the operation in the stream.
 *
 * An address that no range knows is pageable host memory: it may be copied, at half the rate, and
 * asynchronously, where CUDA would stage it before the call returns. */
#include "driver.h"

#define BATCH_MAX 65536

/* What a copy's end is. */
struct end {
    uint32_t device;
    bool is_gpu;
    uint32_t gpu;                 /* ordinal */
    struct weft_emu_range *range; /* NULL: pageable host memory */
};

/* What all pieces of one operation have in common. */
struct direction {
    struct end from;
    struct end to;
};

/* False when [address, address + size) begins in a range and ends outside of it. */
static bool find_end(const struct weft_emu *emu, const void *address, size_t size, struct end *end)
{
    struct weft_emu_range *range = weft_emu_memory_find(&emu->memory, address);

    *end = (struct end){.range = range, .gpu = WEFT_NONE};
    if (range != NULL &&
        !weft_range_inside((uintptr_t)address - (uintptr_t)range->base, size, range->size_bytes))
        return false;
    end->is_gpu = range != NULL && weft_emu_range_is_device(range);
    if (end->is_gpu) {
        end->gpu = range->gpu;
        end->device = emu->machine.gpus[range->gpu];
    } else {
        end->device =
            weft_topo_dram_of(&emu->machine.topo, weft_emu_memory_node(&emu->memory, address));
    }
    return end->device != WEFT_NONE;
}

/* A fill has no source: it comes from the destination's own device. */
static bool find_direction(const struct weft_emu *emu, const struct weft_emu_piece *piece,
                           struct direction *direction)
{
    if (!find_end(emu, piece->dst, piece->size_bytes, &direction->to))
        return false;
    if (piece->src != NULL)
        return find_end(emu, piece->src, piece->size_bytes, &direction->from);
    direction->from = direction->to;
    return true;
}

static bool is_same(const struct direction *a, const struct direction *b)
{
    return a->from.device == b->from.device && a->to.device == b->to.device &&
           (a->from.range == NULL) == (b->from.range == NULL) &&
           (a->to.range == NULL) == (b->to.range == NULL);
}

static uint32_t engine_of(const struct direction *direction, uint32_t stream_gpu)
{
    const struct end *from = &direction->from;
    const struct end *to = &direction->to;
    uint32_t gpu = from->is_gpu ? from->gpu : to->is_gpu ? to->gpu : stream_gpu;
    enum weft_emu_engine_kind kind = WEFT_EMU_ENGINE_INSIDE;

    if (from->is_gpu != to->is_gpu)
        kind = to->is_gpu ? WEFT_EMU_ENGINE_TO_DEVICE : WEFT_EMU_ENGINE_TO_HOST;
    else if (from->is_gpu && from->gpu != to->gpu)
        kind = WEFT_EMU_ENGINE_TO_PEER;
    return gpu * WEFT_EMU_ENGINE_KINDS + kind;
}

/* The bound that a copy has of itself: what no link of the topology stands for. */
static double limit_of(const struct weft_emu *emu, const struct direction *direction,
                       const struct weft_emu_path *path)
{
    uint64_t least = WEFT_NEVER;

    if (path->count == 0)
        return direction->from.is_gpu ? WEFT_EMU_HBM_BYTES_PER_US : WEFT_EMU_HOST_COPY_BYTES_PER_US;
    if (direction->from.range != NULL && direction->to.range != NULL)
        return 0;
    for (uint32_t i = 0; i < path->count; i++)
        least = weft_min(least, emu->machine.topo.links[path->links[i]].rate_bytes_per_us);
    return (double)least / WEFT_EMU_PAGEABLE_DIVISOR;
}

/* WEFT_CUDA_PEER_ACCESS_UNSUPPORTED: the topology has no way between the two. */
static weft_cuda_result copy_new(const struct weft_emu *emu, const struct direction *direction,
                                 uint32_t stream_gpu, struct weft_emu_operation **made)
{
    const struct end *from = &direction->from;
    const struct end *to = &direction->to;
    struct weft_emu_operation *operation = weft_emu_operation_new(&weft_emu_copy_kind);
    struct weft_emu_copy *copy;
    bool direct =
        from->is_gpu && to->is_gpu &&
        (emu->machine.access[from->gpu][to->gpu] || emu->machine.access[to->gpu][from->gpu]);

    if (operation == NULL)
        return WEFT_CUDA_OUT_OF_MEMORY;
    copy = &operation->copy;
    weft_emu_copy_init(copy, from->device, to->device);
    copy->engine = engine_of(direction, stream_gpu);
    copy->slow_small = !from->is_gpu && to->is_gpu;
    weft_emu_machine_path(&emu->machine, from->device, to->device, direct, &copy->path);
    copy->limit_bytes_per_us = limit_of(emu, direction, &copy->path);
    if (copy->path.count == 0 && from->device != to->device) {
        weft_emu_operation_free(operation);
        return WEFT_CUDA_PEER_ACCESS_UNSUPPORTED;
    }
    *made = operation;
    return WEFT_CUDA_SUCCESS;
}

/* A list of operations on its way into a stream. */
struct chain {
    struct weft_emu_operation *first;
    struct weft_emu_operation *last;
    struct direction direction; /* of the last */
};

static void chain_free(struct chain *chain)
{
    while (chain->first != NULL) {
        struct weft_emu_operation *operation = chain->first;

        chain->first = operation->next;
        weft_emu_operation_free(operation);
    }
}

/* Adds a piece to the last copy, or begins another one where its direction is another. */
static weft_cuda_result chain_add(const struct weft_emu *emu, struct chain *chain,
                                  const struct weft_emu_piece *piece, unsigned char fill_byte,
                                  uint32_t stream_gpu)
{
    struct direction direction;

    if (!find_direction(emu, piece, &direction))
        return WEFT_CUDA_INVALID_VALUE;
    if (chain->last == NULL || !is_same(&direction, &chain->direction)) {
        struct weft_emu_operation *operation = NULL;
        weft_cuda_result result = copy_new(emu, &direction, stream_gpu, &operation);

        if (result != WEFT_CUDA_SUCCESS)
            return result;
        operation->copy.fill_byte = fill_byte;
        operation->continues = chain->last != NULL;
        if (chain->last == NULL)
            chain->first = operation;
        else
            chain->last->next = operation;
        chain->last = operation;
        chain->direction = direction;
    }
    if (!weft_emu_copy_add(&chain->last->copy, piece, direction.from.range, direction.to.range))
        return WEFT_CUDA_OUT_OF_MEMORY;
    return WEFT_CUDA_SUCCESS;
}

/* Pieces of memory of a call, `count` in parallel tables; `sources` NULL: a fill. */
struct call {
    const weft_cuda_ptr *destinations;
    const weft_cuda_ptr *sources;
    const size_t *sizes;
    size_t count;
    unsigned char fill_byte;
};

static weft_cuda_result chain_build(const struct weft_emu *emu, const struct call *call,
                                    uint32_t stream_gpu, struct chain *chain)
{
    weft_cuda_result result = WEFT_CUDA_SUCCESS;

    for (size_t i = 0; i < call->count && result == WEFT_CUDA_SUCCESS; i++) {
        struct weft_emu_piece piece = {.dst = (char *)(uintptr_t)call->destinations[i],
                                       .size_bytes = call->sizes[i]};

        if (call->sources != NULL)
            piece.src = (const char *)(uintptr_t)call->sources[i];
        if (piece.size_bytes == 0)
            continue;
        if (piece.dst == NULL || (call->sources != NULL && piece.src == NULL))
            result = WEFT_CUDA_INVALID_VALUE;
        else
            result = chain_add(emu, chain, &piece, call->fill_byte, stream_gpu);
    }
    return result;
}

/* Builds the call's operations and, with `commit`, appends them; else only says what it costs. */
static weft_cuda_result plan(const struct call *call, weft_cuda_stream handle, bool commit,
                             weft_ns submitted_at, weft_ns *cost_ns)
{
    struct weft_emu *emu = weft_emu_enter();
    struct weft_emu_stream *stream;
    struct chain chain = {0};
    weft_cuda_result result = WEFT_CUDA_INVALID_HANDLE;

    if (emu == NULL)
        return WEFT_CUDA_NOT_INITIALIZED;
    stream = weft_emu_stream_find(emu, handle);
    if (stream == NULL)
        goto done;
    result = chain_build(emu, call, stream->gpu, &chain);
    if (result != WEFT_CUDA_SUCCESS)
        goto done;
    if (cost_ns != NULL)
        *cost_ns = chain.first != NULL && chain.direction.from.is_gpu == chain.direction.to.is_gpu
                       ? WEFT_EMU_SUBMIT_DEVICE_COPY_NS
                       : WEFT_EMU_SUBMIT_HOST_COPY_NS;
    while (commit && chain.first != NULL) {
        struct weft_emu_operation *operation = chain.first;

        chain.first = operation->next;
        weft_emu_stream_append(emu, stream, operation, submitted_at);
    }
done:
    chain_free(&chain);
    weft_emu_leave(emu);
    return result;
}

/* The call of one copy: what is wrong is refused at once, the rest costs what its kind costs. */
static weft_cuda_result submit(const struct call *call, weft_cuda_stream stream)
{
    weft_ns cost_ns;
    weft_cuda_result result = plan(call, stream, false, 0, &cost_ns);

    if (result != WEFT_CUDA_SUCCESS)
        return result;
    return plan(call, stream, true, weft_emu_charge(cost_ns), NULL);
}

static weft_cuda_result submit_one(weft_cuda_ptr dst, weft_cuda_ptr src, size_t size,
                                   weft_cuda_stream stream)
{
    struct call call = {&dst, &src, &size, 1, 0};

    return submit(&call, stream);
}

static weft_cuda_result submit_batch(weft_cuda_ptr *destinations, weft_cuda_ptr *sources,
                                     size_t *sizes, size_t count, size_t attribute_count,
                                     const void *attributes, weft_cuda_stream stream)
{
    struct call call = {destinations, sources, sizes, count, 0};
    weft_ns cost_ns = WEFT_EMU_SUBMIT_BATCH_NS + count * WEFT_EMU_SUBMIT_DESCRIPTOR_NS;

    if (destinations == NULL || sources == NULL || sizes == NULL || count == 0 ||
        count > BATCH_MAX || attributes == NULL || attribute_count == 0 || attribute_count > count)
        return WEFT_CUDA_INVALID_VALUE;
    if (stream == NULL || (uintptr_t)stream == WEFT_EMU_STREAM_LEGACY)
        return WEFT_CUDA_INVALID_HANDLE;
    return plan(&call, stream, true, weft_emu_charge(cost_ns), NULL);
}

weft_cuda_result cuMemcpyAsync(weft_cuda_ptr dst, weft_cuda_ptr src, size_t size,
                               weft_cuda_stream stream)
{
    return submit_one(dst, src, size, stream);
}

/* Unified addressing says which device an address is of; the contexts must only be some. */
weft_cuda_result cuMemcpyPeerAsync(weft_cuda_ptr dst, weft_cuda_context dst_context,
                                   weft_cuda_ptr src, weft_cuda_context src_context, size_t size,
                                   weft_cuda_stream stream)
{
    struct weft_emu *emu = weft_emu_enter();
    bool are_good;

    if (emu == NULL)
        return WEFT_CUDA_NOT_INITIALIZED;
    are_good = weft_emu_context_find(emu, dst_context) != NULL &&
               weft_emu_context_find(emu, src_context) != NULL;
    weft_emu_leave(emu);
    return are_good ? submit_one(dst, src, size, stream) : WEFT_CUDA_INVALID_CONTEXT;
}

weft_cuda_result cuMemcpyBatchAsync(weft_cuda_ptr *destinations, weft_cuda_ptr *sources,
                                    size_t *sizes, size_t count,
                                    struct weft_cuda_copy_attributes *attributes, size_t *first,
                                    size_t attribute_count, size_t *failed, weft_cuda_stream stream)
{
    weft_cuda_result result = first == NULL ? WEFT_CUDA_INVALID_VALUE
                                            : submit_batch(destinations, sources, sizes, count,
                                                           attribute_count, attributes, stream);

    /* No one of the copies is to blame: the error is the call's. */
    if (result != WEFT_CUDA_SUCCESS && failed != NULL)
        *failed = SIZE_MAX;
    return result;
}

weft_cuda_result cuMemcpyBatchAsync_v2(weft_cuda_ptr *destinations, weft_cuda_ptr *sources,
                                       size_t *sizes, size_t count,
                                       struct weft_cuda_copy_attributes *attributes, size_t *first,
                                       size_t attribute_count, weft_cuda_stream stream)
{
    return cuMemcpyBatchAsync(destinations, sources, sizes, count, attributes, first,
                              attribute_count, NULL, stream);
}

weft_cuda_result cuMemcpyHtoDAsync_v2(weft_cuda_ptr dst, const void *src, size_t size,
                                      weft_cuda_stream stream)
{
    return submit_one(dst, (weft_cuda_ptr)(uintptr_t)src, size, stream);
}

weft_cuda_result cuMemcpyDtoHAsync_v2(void *dst, weft_cuda_ptr src, size_t size,
                                      weft_cuda_stream stream)
{
    return submit_one((weft_cuda_ptr)(uintptr_t)dst, src, size, stream);
}

weft_cuda_result cuMemcpyDtoDAsync_v2(weft_cuda_ptr dst, weft_cuda_ptr src, size_t size,
                                      weft_cuda_stream stream)
{
    return submit_one(dst, src, size, stream);
}

weft_cuda_result cuMemsetD8Async(weft_cuda_ptr dst, unsigned char byte, size_t size,
                                 weft_cuda_stream stream)
{
    struct call call = {&dst, NULL, &size, 1, byte};

    return submit(&call, stream);
}

/* A blocking call is the asynchronous one in the default stream and a wait. */
static weft_cuda_result finish(weft_cuda_result submitted)
{
    return submitted == WEFT_CUDA_SUCCESS ? cuStreamSynchronize(NULL) : submitted;
}

weft_cuda_result cuMemcpy(weft_cuda_ptr dst, weft_cuda_ptr src, size_t size)
{
    return finish(submit_one(dst, src, size, NULL));
}

weft_cuda_result cuMemcpyHtoD_v2(weft_cuda_ptr dst, const void *src, size_t size)
{
    return finish(cuMemcpyHtoDAsync_v2(dst, src, size, NULL));
}

weft_cuda_result cuMemcpyDtoH_v2(void *dst, weft_cuda_ptr src, size_t size)
{
    return finish(cuMemcpyDtoHAsync_v2(dst, src, size, NULL));
}

weft_cuda_result cuMemcpyDtoD_v2(weft_cuda_ptr dst, weft_cuda_ptr src, size_t size)
{
    return finish(submit_one(dst, src, size, NULL));
}

weft_cuda_result cuMemsetD8_v2(weft_cuda_ptr dst, unsigned char byte, size_t size)
{
    return finish(cuMemsetD8Async(dst, byte, size, NULL));
}
