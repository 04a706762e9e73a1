/* A sorted array of ranges, found by bisection. Memory has its pages behind it at once: first
 * touches are slow and would be taken for slow links. */
#include "memory.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE_BYTES         WEFT_KIB(4)
#define HUGE_PAGE_BYTES    WEFT_MIB(2)
#define POPULATE_BYTES_MAX WEFT_GIB(1) /* what is larger gets its pages on first touch */

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

int weft_emu_memory_file(size_t size)
{
    int file;

    if (size > SIZE_MAX / 2)
        return -1;
    file = memfd_create("weft-emu", MFD_CLOEXEC);
    if (file >= 0 && ftruncate(file, (off_t)size) == 0)
        return file;
    if (file >= 0)
        close(file);
    return -1;
}

uint64_t weft_emu_memory_file_number(int file)
{
    struct stat facts;

    return fstat(file, &facts) == 0 ? (uint64_t)facts.st_ino : 0;
}

void *weft_emu_memory_map(size_t size, int file)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    size_t spare = size >= HUGE_PAGE_BYTES ? HUGE_PAGE_BYTES : 0;
    char *base;
    size_t before;

    if (size > SIZE_MAX / 2)
        return NULL;
    size = (size + PAGE_BYTES - 1) & ~(size_t)(PAGE_BYTES - 1);
    base = mmap(NULL, size + spare, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (base == MAP_FAILED)
        return NULL;
    if (spare > 0) {
        before =
            (HUGE_PAGE_BYTES - ((uintptr_t)base & (HUGE_PAGE_BYTES - 1))) & (HUGE_PAGE_BYTES - 1);
        if (before > 0)
            munmap(base, before);
        munmap(base + before + size, spare - before);
        base += before;
    }
    if (file >= 0 &&
        mmap(base, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0) == MAP_FAILED) {
        munmap(base, size);
        return NULL;
    }
    if (spare > 0)
        madvise(base, size, MADV_HUGEPAGE);
    weft_emu_memory_populate(base, size);
    return base;
}

void weft_emu_memory_populate(void *base, size_t size)
{
    uintptr_t page = (uintptr_t)base & ~(uintptr_t)(PAGE_BYTES - 1);

    /* Kernels without it make the pages on first touch; nothing else changes. */
    if (size <= POPULATE_BYTES_MAX)
        (void)madvise((void *)page, (uintptr_t)base + size - page, MADV_POPULATE_WRITE);
}

/* The first range that starts behind `address`. */
static uint32_t place_after(const struct weft_emu_memory *memory, const char *address)
{
    uint32_t low = 0;
    uint32_t high = memory->range_count;

    while (low < high) {
        uint32_t middle = (low + high) / 2;

        if ((uintptr_t)memory->ranges[middle]->base <= (uintptr_t)address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct weft_emu_range *weft_emu_memory_add(struct weft_emu_memory *memory,
                                           enum weft_emu_range_kind kind, void *base, size_t size,
                                           uint32_t gpu)
{
    uint32_t place = place_after(memory, base);
    struct weft_emu_range *range;

    if (memory->range_count == WEFT_EMU_RANGES_MAX || weft_emu_memory_find(memory, base) != NULL)
        return NULL;
    if (place < memory->range_count &&
        (uintptr_t)memory->ranges[place]->base - (uintptr_t)base < size)
        return NULL;
    range = calloc(1, sizeof(*range));
    if (range == NULL)
        return NULL;
    range->kind = kind;
    range->base = base;
    range->size_bytes = size;
    range->gpu = gpu;
    range->file = -1;
    for (uint32_t i = memory->range_count; i > place; i--)
        memory->ranges[i] = memory->ranges[i - 1];
    memory->ranges[place] = range;
    memory->range_count++;
    return range;
}

static void range_end(struct weft_emu_range *range)
{
    if (range->kind != WEFT_EMU_HOST_REGISTERED)
        munmap(range->base, range->size_bytes);
    if (range->file >= 0)
        close(range->file);
    free(range);
}

void weft_emu_memory_remove(struct weft_emu_memory *memory, struct weft_emu_range *range)
{
    uint32_t place = place_after(memory, range->base);

    weft_assert(place > 0);
    weft_assert(memory->ranges[place - 1] == range);
    memory->range_count--;
    for (uint32_t i = place - 1; i < memory->range_count; i++)
        memory->ranges[i] = memory->ranges[i + 1];
    range->gone = true;
    if (range->pin_count == 0)
        range_end(range);
}

struct weft_emu_range *weft_emu_memory_find(const struct weft_emu_memory *memory,
                                            const void *address)
{
    uint32_t place = place_after(memory, address);
    struct weft_emu_range *range;

    if (place == 0)
        return NULL;
    range = memory->ranges[place - 1];
    return (uintptr_t)address - (uintptr_t)range->base < range->size_bytes ? range : NULL;
}

struct weft_emu_range *weft_emu_memory_find_import(const struct weft_emu_memory *memory,
                                                   uint64_t file_number)
{
    for (uint32_t i = 0; i < memory->range_count; i++)
        if (memory->ranges[i]->kind == WEFT_EMU_DEVICE_IMPORTED &&
            memory->ranges[i]->file_number == file_number)
            return memory->ranges[i];
    return NULL;
}

bool weft_emu_range_is_device(const struct weft_emu_range *range)
{
    return range->kind == WEFT_EMU_DEVICE_MEMORY || range->kind == WEFT_EMU_DEVICE_IMPORTED;
}

void weft_emu_range_pin(struct weft_emu_range *range)
{
    range->pin_count++;
}

void weft_emu_range_unpin(struct weft_emu_range *range)
{
    weft_assert(range->pin_count > 0);
    range->pin_count--;
    if (range->pin_count == 0 && range->gone)
        range_end(range);
}

static bool place_covers(const struct weft_emu_place *place, const char *address)
{
    return (uintptr_t)address - (uintptr_t)place->base < place->size_bytes;
}

void weft_emu_memory_unplace(struct weft_emu_memory *memory, const void *base, size_t size)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < memory->place_count; i++) {
        const struct weft_emu_place *old = &memory->places[i];

        if (!weft_range_inside((uintptr_t)old->base - (uintptr_t)base, old->size_bytes, size))
            memory->places[kept++] = *old;
    }
    memory->place_count = kept;
}

bool weft_emu_memory_place(struct weft_emu_memory *memory, const void *base, size_t size,
                           int numa_node)
{
    /* What lies wholly inside the new place says nothing any more. */
    weft_emu_memory_unplace(memory, base, size);
    if (memory->place_count == WEFT_EMU_PLACES_MAX)
        return false;
    memory->places[memory->place_count++] = (struct weft_emu_place){base, size, numa_node};
    return true;
}

int weft_emu_memory_node(const struct weft_emu_memory *memory, const void *address)
{
    for (uint32_t i = memory->place_count; i > 0; i--)
        if (place_covers(&memory->places[i - 1], address))
            return memory->places[i - 1].numa_node;
    return 0;
}
