/* A table of objects with a pool of free places. A handle is kind << 60 | generation << 28 | index
 * << 4: never a small number, which CUDA reserves for the default streams. */
#include "handle.h"

#include <stdlib.h>

#define INDEX_SHIFT      4
#define INDEX_MASK       0xffffffu
#define GENERATION_SHIFT 28
#define KIND_SHIFT       60

bool weft_emu_handles_init(struct weft_emu_handles *handles, uint32_t kind, uint32_t count)
{
    weft_assert(kind > 0);
    weft_assert(kind < 16);
    weft_assert(count <= INDEX_MASK);
    handles->kind = kind;
    handles->slots = calloc(count, sizeof(handles->slots[0]));
    handles->free_indices = calloc(count, sizeof(handles->free_indices[0]));
    if (handles->slots == NULL || handles->free_indices == NULL)
        return false;
    weft_pool_init(&handles->pool, handles->free_indices, count);
    return true;
}

void weft_emu_handles_fini(struct weft_emu_handles *handles)
{
    free(handles->slots);
    free(handles->free_indices);
}

static void *encode(const struct weft_emu_handles *handles, uint32_t index)
{
    uint64_t number = (uint64_t)handles->kind << KIND_SHIFT |
                      (uint64_t)handles->slots[index].generation << GENERATION_SHIFT |
                      (uint64_t)index << INDEX_SHIFT;

    return (void *)(uintptr_t)number;
}

static uint32_t index_of(const void *handle)
{
    return (uint32_t)((uintptr_t)handle >> INDEX_SHIFT) & INDEX_MASK;
}

void *weft_emu_handle_new(struct weft_emu_handles *handles, void *object)
{
    uint32_t index = weft_pool_take(&handles->pool);

    if (index == WEFT_NONE)
        return NULL;
    handles->slots[index].object = object;
    return encode(handles, index);
}

void *weft_emu_handle_find(const struct weft_emu_handles *handles, const void *handle)
{
    uint32_t index = index_of(handle);

    if (index >= handles->pool.count || handles->slots[index].object == NULL ||
        encode(handles, index) != handle)
        return NULL;
    return handles->slots[index].object;
}

void weft_emu_handle_end(struct weft_emu_handles *handles, const void *handle)
{
    uint32_t index = index_of(handle);

    weft_assert(weft_emu_handle_find(handles, handle) != NULL);
    handles->slots[index].object = NULL;
    handles->slots[index].generation++;
    weft_pool_give(&handles->pool, index);
}

void *weft_emu_handle_at(const struct weft_emu_handles *handles, uint32_t index)
{
    return handles->slots[index].object;
}
