/* Hands out pieces of one block of memory, in order, never back: how the core gets its memory.
 *
 * With base NULL it only counts, so that an _init run twice tells first how much it needs and then
 * takes it. Pieces are aligned to 64 bytes and zeroed, but for raw ones. */
#ifndef WEFT_ARENA_H
#define WEFT_ARENA_H

#include <string.h>

#include "base.h"

struct weft_arena {
    char *base;        /* aligned to 64; NULL: count only */
    size_t size_bytes; /* of the block */
    size_t used_bytes;
};

/* NULL while counting. The block must be as large as the counting run said. What the piece holds is
 * the caller's to write before it is read. */
static inline void *weft_arena_take_raw(struct weft_arena *arena, size_t count, size_t each_bytes)
{
    size_t bytes = (count * each_bytes + 63) & ~(size_t)63;
    char *piece = NULL;

    if (arena->base != NULL) {
        weft_assert(arena->used_bytes + bytes <= arena->size_bytes);
        piece = arena->base + arena->used_bytes;
    }
    arena->used_bytes += bytes;
    return piece;
}

/* The same, zeroed. */
static inline void *weft_arena_take(struct weft_arena *arena, size_t count, size_t each_bytes)
{
    char *piece = weft_arena_take_raw(arena, count, each_bytes);

    if (piece != NULL)
        memset(piece, 0, (count * each_bytes + 63) & ~(size_t)63);
    return piece;
}

#endif
