/* Which address is what: device memory, registered host memory, and on which NUMA node host memory
 * lies.
 *
 * A device pointer is the address of mapped memory of this process, so one table answers for all. A
 * range that operations still use stays mapped when it is freed, until the last of them has ended.
 * Device memory of a named machine is a memory file, which other processes of the machine can map:
 * the system frees it when the last mapping is gone, however its processes ended. Guarded by the
 * emulator's lock, but for map and file, which take long. */
#ifndef WEFT_EMU_MEMORY_H
#define WEFT_EMU_MEMORY_H

#include "machine.h"

#define WEFT_EMU_RANGES_MAX 65536
#define WEFT_EMU_PLACES_MAX 4096

enum weft_emu_range_kind {
    WEFT_EMU_DEVICE_MEMORY,   /* mapped by us */
    WEFT_EMU_DEVICE_IMPORTED, /* another process's, mapped by us */
    WEFT_EMU_HOST_ALLOCATED,  /* mapped by us */
    WEFT_EMU_HOST_REGISTERED, /* the user's */
};

struct weft_emu_range {
    enum weft_emu_range_kind kind;
    char *base;
    size_t size_bytes;
    uint32_t gpu;         /* ordinal; of host memory: whose context registered it */
    uint32_t pin_count;   /* operations that use it */
    bool gone;            /* freed or unregistered: in no table, ends with the last pin */
    int file;             /* of device memory of a named machine, ours; else -1 */
    uint64_t file_number; /* of the memory file, imported ones too; 0: none */
    uint32_t open_count;  /* of imported memory: how often it was opened and not closed */
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

/* A memory file of zeros, or -1. It has a number that no other memory file has. */
int weft_emu_memory_file(size_t size);
uint64_t weft_emu_memory_file_number(int file);

/* Maps zeroed memory, or a memory file, -1 for none; NULL when there is no room. */
void *weft_emu_memory_map(size_t size, int file);

/* Gives memory its pages now, unless it is very large; first touches are slow. */
void weft_emu_memory_populate(void *base, size_t size);

/* Enters a range. NULL when it overlaps another one, or the table is full. */
struct weft_emu_range *weft_emu_memory_add(struct weft_emu_memory *memory,
                                           enum weft_emu_range_kind kind, void *base, size_t size,
                                           uint32_t gpu);

/* The imported range that maps the memory file of that number, or NULL. */
struct weft_emu_range *weft_emu_memory_find_import(const struct weft_emu_memory *memory,
                                                   uint64_t file_number);

/* Memory of a device, this process's or another one's. */
bool weft_emu_range_is_device(const struct weft_emu_range *range);

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
