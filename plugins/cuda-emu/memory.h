/* Which address is what: device memory, registered host memory, and on which NUMA node host memory
 * lies.
 *
 * A device pointer is the address of mapped memory of this process, so one table answers for all. A
 * range that operations still use stays mapped when it is freed, until the last of them has ended.
 * Guarded by the emulator's lock, but for map, which takes long. */
#ifndef WEFT_EMU_MEMORY_H
#define WEFT_EMU_MEMORY_H

#include "machine.h"

#define WEFT_EMU_RANGES_MAX 65536
#define WEFT_EMU_PLACES_MAX 4096

enum weft_emu_range_kind {
    WEFT_EMU_DEVICE_MEMORY,   /* mapped by us */
    WEFT_EMU_HOST_ALLOCATED,  /* mapped by us */
    WEFT_EMU_HOST_REGISTERED, /* the user's */
};

struct weft_emu_range {
    enum weft_emu_range_kind kind;
    char *base;
    size_t size_bytes;
    uint32_t gpu;       /* ordinal; of host memory: whose context registered it */
    uint32_t pin_count; /* operations that use it */
    bool gone;          /* freed or unregistered: in no table, ends with the last pin */
};

struct weft_emu_place {
    const char *base;
    size_t size_bytes;
    int numa_node;
};

struct weft_emu_memory {
    uint32_t range_count;
    uint32_t place_count;
    struct weft_emu_range *ranges[WEFT_EMU_RANGES_MAX]; /* by address, disjoint */
    struct weft_emu_place places[WEFT_EMU_PLACES_MAX];  /* the later one counts */
};

/* Maps zeroed memory; NULL when there is none. */
void *weft_emu_memory_map(size_t size);

/* Gives memory its pages now, unless it is very large; first touches are slow. */
void weft_emu_memory_populate(void *base, size_t size);

/* Enters a range. NULL when it overlaps another one, or the table is full. */
struct weft_emu_range *weft_emu_memory_add(struct weft_emu_memory *memory,
                                           enum weft_emu_range_kind kind, void *base, size_t size,
                                           uint32_t gpu);

/* Takes a range out of the table; it ends now, or with its last pin. */
void weft_emu_memory_remove(struct weft_emu_memory *memory, struct weft_emu_range *range);

/* The range that holds `address`, or NULL. */
struct weft_emu_range *weft_emu_memory_find(const struct weft_emu_memory *memory,
                                            const void *address);

void weft_emu_range_pin(struct weft_emu_range *range);
void weft_emu_range_unpin(struct weft_emu_range *range);

/* Says on which node host memory lies; false when the table is full. */
bool weft_emu_memory_place(struct weft_emu_memory *memory, const void *base, size_t size,
                           int numa_node);

/* Forgets what was said about places inside of this memory, which is no more. */
void weft_emu_memory_unplace(struct weft_emu_memory *memory, const void *base, size_t size);

/* The node of host memory; 0 where nobody said. */
int weft_emu_memory_node(const struct weft_emu_memory *memory, const void *address);

#endif
