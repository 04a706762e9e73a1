/* Chains of extents: appending with merging, and walking by bytes. */
#include "extent.h"

static bool touches(const struct weft_extent *a, const struct weft_extent *b)
{
    return a->dst_offset + a->size_bytes == b->dst_offset &&
           a->src_offset + a->size_bytes == b->src_offset;
}

bool weft_extent_append(struct weft_extent_block *last, const struct weft_extent *extent)
{
    weft_assert(extent->size_bytes > 0);
    if (last->count > 0 && touches(&last->extents[last->count - 1], extent)) {
        last->extents[last->count - 1].size_bytes += extent->size_bytes;
        return true;
    }
    if (last->count == WEFT_EXTENT_BLOCK_MAX)
        return false;
    last->extents[last->count++] = *extent;
    return true;
}

static void step(const struct weft_extent_block *blocks, struct weft_extent_cursor *cursor)
{
    const struct weft_extent_block *block = &blocks[cursor->block];

    cursor->skip_bytes = 0;
    cursor->index++;
    if (cursor->index < block->count)
        return;
    cursor->index = 0;
    cursor->block = block->next;
}

uint64_t weft_extent_take(const struct weft_extent_block *blocks, struct weft_extent_cursor *cursor,
                          uint64_t bytes_max, uint32_t count_max, struct weft_extent *out,
                          uint32_t *count)
{
    uint64_t taken_bytes = 0;
    uint32_t taken_count = 0;

    while (cursor->block != WEFT_NONE && taken_bytes < bytes_max && taken_count < count_max) {
        const struct weft_extent *extent = &blocks[cursor->block].extents[cursor->index];
        uint64_t left_bytes = extent->size_bytes - cursor->skip_bytes;
        uint64_t bytes = weft_min(left_bytes, bytes_max - taken_bytes);

        if (out != NULL)
            out[taken_count] = (struct weft_extent){extent->dst_offset + cursor->skip_bytes,
                                                    extent->src_offset + cursor->skip_bytes, bytes};
        taken_bytes += bytes;
        taken_count++;
        if (bytes == left_bytes)
            step(blocks, cursor);
        else
            cursor->skip_bytes += bytes;
    }
    *count = taken_count;
    return taken_bytes;
}
