/* Handles: numbers in the guise of pointers, so that no handle that a caller passes is ever
 * followed.
 *
 *     63 kind 56 | 55 generation 36 | 35 comm 24 | 23 index 0
 *
 * A handle says what it is, whose, and of which use of its table entry; what was freed, or was
 * never a handle, is told from what lives without touching memory. */
#ifndef WEFT_HANDLE_H
#define WEFT_HANDLE_H

#include "../base/base.h"

#define WEFT_HANDLE_GENERATION_MASK 0xfffffu
#define WEFT_HANDLE_COMMS_MAX       4096u
#define WEFT_HANDLE_INDEX_MAX       0x1000000u

_Static_assert(sizeof(void *) == 8, "a handle is 64 bits");

enum weft_handle_kind {
    WEFT_HANDLE_COMM = 0xc1,
    WEFT_HANDLE_WINDOW = 0xc2,
    WEFT_HANDLE_REQUEST = 0xc3,
};

struct weft_handle {
    uint32_t generation;
    uint32_t comm;  /* entry of the table of comms */
    uint32_t index; /* in the comm's table of that kind */
};

static inline void *weft_handle_make(enum weft_handle_kind kind, uint32_t generation, uint32_t comm,
                                     uint32_t index)
{
    weft_assert(comm < WEFT_HANDLE_COMMS_MAX);
    weft_assert(index < WEFT_HANDLE_INDEX_MAX);
    return (void *)((uintptr_t)kind << 56 |
                    (uintptr_t)(generation & WEFT_HANDLE_GENERATION_MASK) << 36 |
                    (uintptr_t)comm << 24 | index);
}

/* False when it is no handle of that kind. */
static inline bool weft_handle_split(const void *pointer, enum weft_handle_kind kind,
                                     struct weft_handle *handle)
{
    uintptr_t bits = (uintptr_t)pointer;

    if (bits >> 56 != (uintptr_t)kind)
        return false;
    handle->generation = (uint32_t)(bits >> 36) & WEFT_HANDLE_GENERATION_MASK;
    handle->comm = (uint32_t)(bits >> 24) & (WEFT_HANDLE_COMMS_MAX - 1);
    handle->index = (uint32_t)bits & (WEFT_HANDLE_INDEX_MAX - 1);
    return true;
}

#endif
