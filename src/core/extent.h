/* The extents of a transfer, as a chain of blocks, and a cursor over them.
 *
 * Blocks are filled by the caller's thread (merging neighbours), then only read by the engine.
 * Their memory belongs to the host, which takes them back when the transfer has ended. */
#ifndef WEFT_EXTENT_H
#define WEFT_EXTENT_H

#include "../base/base.h"
#include "weft_transport.h"

#define WEFT_EXTENT_BLOCK_MAX 85 /* a block is 2,048 bytes */

struct weft_extent_block {
    uint32_t count;
    uint32_t next; /* block index, or WEFT_NONE */
    struct weft_extent extents[WEFT_EXTENT_BLOCK_MAX];
};

/* A place in a chain: `skip_bytes` into extent `index` of `block`. */
struct weft_extent_cursor {
    uint32_t block; /* WEFT_NONE: the end */
    uint32_t index;
    uint64_t skip_bytes;
};

/* Appends to the last block of a chain, merging with the extent before where both sides touch.
 * False when the block is full: chain a new one. Needs size_bytes > 0. */
bool weft_extent_append(struct weft_extent_block *last, const struct weft_extent *extent);

/* Moves the cursor on by at most `bytes_max` bytes and `count_max` extents, writes the pieces that
 * it passed to `out` (or nowhere when NULL), their count to `*count`, and returns their bytes. */
uint64_t weft_extent_take(const struct weft_extent_block *blocks, struct weft_extent_cursor *cursor,
                          uint64_t bytes_max, uint32_t count_max, struct weft_extent *out,
                          uint32_t *count);

#endif
