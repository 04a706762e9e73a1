/* A set of free indices 0 .. count-1 for one thread: take the last one given back.
 * A taken index is the caller's until it gives it back, once. The memory is the caller's. */
#ifndef WEFT_POOL_H
#define WEFT_POOL_H

#include "base.h"

struct weft_pool {
    uint32_t *free_indices; /* a stack of `free_count` entries */
    uint32_t free_count;
    uint32_t count;
};

static inline void weft_pool_init(struct weft_pool *pool, uint32_t *memory, uint32_t count)
{
    pool->free_indices = memory;
    pool->count = count;
    pool->free_count = count;
    for (uint32_t i = 0; i < count; i++)
        memory[i] = count - 1 - i;
}

/* WEFT_NONE when none is left. */
static inline uint32_t weft_pool_take(struct weft_pool *pool)
{
    return pool->free_count == 0 ? WEFT_NONE : pool->free_indices[--pool->free_count];
}

static inline void weft_pool_give(struct weft_pool *pool, uint32_t index)
{
    weft_assert(index < pool->count);
    weft_assert(pool->free_count < pool->count);
    pool->free_indices[pool->free_count++] = index;
}

#endif
