/* Batches: what goes out next, as a list of pieces for the kernel.
 *
 * Heads and bodies lie in the batch's own memory, payloads where they are. A piece that begins
 * where the one before ends is a part of that. */
#include "tcp_net.h"

void weft_tcp_batch_reset(struct weft_tcp_batch *batch)
{
    batch->first = 0;
    batch->count = 0;
    batch->heads_used = 0;
}

bool weft_tcp_batch_is_empty(const struct weft_tcp_batch *batch)
{
    return batch->first == batch->count;
}

struct weft_writer weft_tcp_batch_writer(struct weft_tcp_batch *batch)
{
    return weft_writer_of(batch->heads + batch->heads_used,
                          sizeof(batch->heads) - batch->heads_used);
}

bool weft_tcp_batch_piece(struct weft_tcp_batch *batch, const void *bytes, size_t size)
{
    struct iovec *last = batch->count == 0 ? NULL : &batch->pieces[batch->count - 1];

    if (last != NULL && (const char *)last->iov_base + last->iov_len == (const char *)bytes) {
        last->iov_len += size;
        return true;
    }
    if (batch->count == WEFT_TCP_BATCH_PIECES)
        return false;
    batch->pieces[batch->count++] = (struct iovec){(void *)(uintptr_t)bytes, size};
    return true;
}

void weft_tcp_batch_add(struct weft_tcp_batch *batch, const struct weft_writer *writer)
{
    weft_assert(!writer->failed);
    weft_assert(weft_tcp_batch_piece(batch, writer->bytes, writer->used));
    batch->heads_used += writer->used;
}

uint64_t weft_tcp_batch_write(struct weft_tcp_batch *batch, struct weft_tcp_channel *channel,
                              uint64_t bytes_max)
{
    size_t taken = weft_tcp_channel_write(channel, batch->pieces + batch->first,
                                          batch->count - batch->first, bytes_max);
    size_t left = taken;

    while (left > 0) {
        struct iovec *piece = &batch->pieces[batch->first];
        size_t part = (size_t)weft_min(left, piece->iov_len);

        piece->iov_base = (char *)piece->iov_base + part;
        piece->iov_len -= part;
        left -= part;
        if (piece->iov_len == 0)
            batch->first++;
    }
    if (batch->first == batch->count) {
        batch->first = 0;
        batch->count = 0;
        batch->heads_used = 0;
    }
    return taken;
}
