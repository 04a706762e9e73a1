/* weftPut, weftGet, weftCopy, and their lists and blocks. */
#include "error.h"
#include "op.h"

static weftResult_t move(const char *name, enum weft_own own, weftWindow_t dst, size_t dst_offset,
                         weftWindow_t src, size_t src_offset, size_t size, weftComm_t comm,
                         weftStream_t stream, weftRequest_t *request)
{
    struct weft_call call = {
        .name = name, .comm_handle = comm, .stream = stream, .request = request};
    weftResult_t result = weft_call_begin(&call, own, dst, src);

    if (result == weftSuccess)
        result = weft_call_add(&call, dst_offset, src_offset, size);
    return weft_call_end(&call, result);
}

weftResult_t weftPut(weftWindow_t dst, size_t dstOffset, weftWindow_t src, size_t srcOffset,
                     size_t size, weftComm_t comm, weftStream_t stream, weftRequest_t *request)
{
    return move("weftPut", WEFT_OWN_SRC, dst, dstOffset, src, srcOffset, size, comm, stream,
                request);
}

weftResult_t weftGet(weftWindow_t dst, size_t dstOffset, weftWindow_t src, size_t srcOffset,
                     size_t size, weftComm_t comm, weftStream_t stream, weftRequest_t *request)
{
    return move("weftGet", WEFT_OWN_DST, dst, dstOffset, src, srcOffset, size, comm, stream,
                request);
}

weftResult_t weftCopy(weftWindow_t dst, size_t dstOffset, weftWindow_t src, size_t srcOffset,
                      size_t size, weftComm_t comm, weftStream_t stream, weftRequest_t *request)
{
    return move("weftCopy", WEFT_OWN_NEITHER, dst, dstOffset, src, srcOffset, size, comm, stream,
                request);
}

static weftResult_t move_list(const char *name, enum weft_own own, const weftExtent_t *extents,
                              size_t count, weftWindow_t dst, weftWindow_t src, weftComm_t comm,
                              weftStream_t stream, weftRequest_t *request)
{
    struct weft_call call = {
        .name = name, .comm_handle = comm, .stream = stream, .request = request};
    weftResult_t result = weft_call_begin(&call, own, dst, src);

    if (result == weftSuccess && extents == NULL && count > 0)
        result = weft_error(weftInvalidArgument, "%s: extents is NULL, count is %zu", name, count);
    for (size_t i = 0; result == weftSuccess && i < count; i++)
        result = weft_call_add(&call, extents[i].dstOffset, extents[i].srcOffset, extents[i].size);
    return weft_call_end(&call, result);
}

weftResult_t weftPutList(const weftExtent_t *extents, size_t count, weftWindow_t dst,
                         weftWindow_t src, weftComm_t comm, weftStream_t stream,
                         weftRequest_t *request)
{
    return move_list("weftPutList", WEFT_OWN_SRC, extents, count, dst, src, comm, stream, request);
}

weftResult_t weftGetList(const weftExtent_t *extents, size_t count, weftWindow_t dst,
                         weftWindow_t src, weftComm_t comm, weftStream_t stream,
                         weftRequest_t *request)
{
    return move_list("weftGetList", WEFT_OWN_DST, extents, count, dst, src, comm, stream, request);
}

/* Where block `i` begins; false when that is past every window. */
static bool block_offset(const weftBlocks_t *blocks, size_t i, uint64_t *offset)
{
    uint64_t block = blocks->ids == NULL ? i : blocks->ids[i];

    return !__builtin_mul_overflow(block, (uint64_t)blocks->stride, offset) &&
           !__builtin_add_overflow(*offset, (uint64_t)blocks->base, offset);
}

static weftResult_t add_block(struct weft_call *call, const weftBlocks_t *dst,
                              const weftBlocks_t *src, size_t block_size, size_t i)
{
    uint64_t dst_offset;
    uint64_t src_offset;

    if (!block_offset(dst, i, &dst_offset) || !block_offset(src, i, &src_offset))
        return weft_error(weftInvalidArgument, "%s: the offset of block %zu wraps around",
                          call->name, i);
    return weft_call_add(call, dst_offset, src_offset, block_size);
}

static weftResult_t move_blocks(const char *name, enum weft_own own, weftWindow_t dst,
                                const weftBlocks_t *dst_blocks, weftWindow_t src,
                                const weftBlocks_t *src_blocks, size_t block_size, size_t count,
                                weftComm_t comm, weftStream_t stream, weftRequest_t *request)
{
    struct weft_call call = {
        .name = name, .comm_handle = comm, .stream = stream, .request = request};
    weftResult_t result = weft_call_begin(&call, own, dst, src);

    if (result == weftSuccess && (dst_blocks == NULL || src_blocks == NULL))
        result = weft_error(weftInvalidArgument, "%s: %s is NULL", name,
                            dst_blocks == NULL ? "dstBlocks" : "srcBlocks");
    for (size_t i = 0; result == weftSuccess && i < count; i++)
        result = add_block(&call, dst_blocks, src_blocks, block_size, i);
    return weft_call_end(&call, result);
}

weftResult_t weftPutBlocks(weftWindow_t dst, const weftBlocks_t *dstBlocks, weftWindow_t src,
                           const weftBlocks_t *srcBlocks, size_t blockSize, size_t count,
                           weftComm_t comm, weftStream_t stream, weftRequest_t *request)
{
    return move_blocks("weftPutBlocks", WEFT_OWN_SRC, dst, dstBlocks, src, srcBlocks, blockSize,
                       count, comm, stream, request);
}

weftResult_t weftGetBlocks(weftWindow_t dst, const weftBlocks_t *dstBlocks, weftWindow_t src,
                           const weftBlocks_t *srcBlocks, size_t blockSize, size_t count,
                           weftComm_t comm, weftStream_t stream, weftRequest_t *request)
{
    return move_blocks("weftGetBlocks", WEFT_OWN_DST, dst, dstBlocks, src, srcBlocks, blockSize,
                       count, comm, stream, request);
}
