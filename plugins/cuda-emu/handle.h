/* Opaque handles of a kind (streams, events): a number that says kind, place and generation, so
 * that a stale or foreign one is told apart instead of being followed.
 *
 * Guarded by the emulator's lock. Objects belong to the caller. */
#ifndef WEFT_EMU_HANDLE_H
#define WEFT_EMU_HANDLE_H

#include "base/base.h"
#include "base/pool.h"

struct weft_emu_handle_slot {
    void *object; /* NULL: free */
    uint32_t generation;
};

struct weft_emu_handles {
    struct weft_emu_handle_slot *slots;
    uint32_t *free_indices;
    struct weft_pool pool;
    uint32_t kind; /* 1 .. 15 */
};

/* False without memory. */
bool weft_emu_handles_init(struct weft_emu_handles *handles, uint32_t kind, uint32_t count);
void weft_emu_handles_fini(struct weft_emu_handles *handles); /* zeroed memory is allowed */

/* A handle for the object, or NULL when the table is full. */
void *weft_emu_handle_new(struct weft_emu_handles *handles, void *object);

/* The object, or NULL when there is no such handle (any more). */
void *weft_emu_handle_find(const struct weft_emu_handles *handles, const void *handle);

/* Ends a handle that find accepts. */
void weft_emu_handle_end(struct weft_emu_handles *handles, const void *handle);

/* The object in place `index`, or NULL; for walks over all of them. */
void *weft_emu_handle_at(const struct weft_emu_handles *handles, uint32_t index);

#endif
