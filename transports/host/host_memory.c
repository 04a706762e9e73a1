/* Host memory: allocation on a NUMA node, windows, single words.
 *
 * What always holds: a window whose flag is up lies in mapped memory, as far as its first and last
 * page tell. Placement on a node is a wish: an emulated machine has nodes that this one has not. */
#include "host_port.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TOUCH_BYTES_MIN   WEFT_MIB(64) /* for each touching thread */
#define TOUCH_THREADS_MAX 8
#define HUGE_PAGE_BYTES   WEFT_MIB(2)
#define NODES_MAX         1024
#define NODE_PREFERRED    1 /* MPOL_PREFERRED of mbind */

struct span {
    char *first;
    size_t size_bytes;
    size_t page_bytes;
};

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

static void *span_touch(void *argument)
{
    const struct span *span = argument;

    for (size_t at = 0; at < span->size_bytes; at += span->page_bytes)
        *(volatile char *)(span->first + at) = 0;
    return NULL;
}

/* Makes the pages exist, by several threads where that is worth it. */
static void memory_touch(char *memory, size_t size)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t threads = weft_min(size / TOUCH_BYTES_MIN, TOUCH_THREADS_MAX);
    struct span spans[TOUCH_THREADS_MAX];
    pthread_t handles[TOUCH_THREADS_MAX];
    size_t share;
    uint32_t started = 0;

    threads = weft_min(threads, processors > 0 ? (uint64_t)processors : 1);
    share = threads == 0 ? 0 : size / threads / HUGE_PAGE_BYTES * HUGE_PAGE_BYTES;
    for (; started + 1 < threads; started++) {
        spans[started] = (struct span){memory + started * share, share, page_size()};
        if (pthread_create(&handles[started], NULL, span_touch, &spans[started]) != 0)
            break;
    }
    span_touch(&(struct span){memory + started * share, size - started * share, page_size()});
    while (started > 0)
        pthread_join(handles[--started], NULL);
}

static void memory_prefer_node(void *memory, size_t size, int numa_node)
{
    unsigned long nodes[NODES_MAX / (8 * sizeof(unsigned long))] = {0};
    size_t bits = 8 * sizeof(nodes[0]);

    if (numa_node < 0 || numa_node >= NODES_MAX)
        return;
    nodes[(size_t)numa_node / bits] = 1ul << ((size_t)numa_node % bits);
    (void)syscall(SYS_mbind, memory, size, NODE_PREFERRED, nodes, (unsigned long)NODES_MAX, 0);
}

static size_t round_up(size_t size)
{
    size_t page = page_size();

    return (size + page - 1) / page * page;
}

/* True when the machine has so much memory at all: mapping more succeeds, and touching it kills. */
static bool memory_could_fit(size_t size)
{
    long pages = sysconf(_SC_PHYS_PAGES);

    return pages <= 0 || size / page_size() < (size_t)pages;
}

weftResult_t weft_host_alloc(struct weft_port *base, size_t size, void **memory)
{
    struct weft_host_port *port = weft_host_port_of(base);
    struct weft_host_allocation *allocation = calloc(1, sizeof(*allocation));
    size_t mapped = round_up(size);
    void *found = MAP_FAILED;
    int file = -1;

    if (allocation != NULL && mapped >= size && mapped > 0 && memory_could_fit(mapped)) {
        file = port->shares ? weft_host_file_make(mapped) : -1;
        found = mmap(NULL, mapped, PROT_READ | PROT_WRITE,
                     file < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, file, 0);
    }
    if (found == MAP_FAILED) {
        if (file >= 0)
            close(file);
        free(allocation);
        return weftNoResource;
    }
    memory_prefer_node(found, mapped, port->numa_node);
    if (mapped >= HUGE_PAGE_BYTES)
        (void)madvise(found, mapped, MADV_HUGEPAGE);
    memory_touch(found, mapped);
    allocation->memory = found;
    allocation->size_bytes = mapped;
    allocation->file = file;
    pthread_mutex_lock(&port->allocations_lock);
    allocation->next = port->allocations;
    port->allocations = allocation;
    pthread_mutex_unlock(&port->allocations_lock);
    *memory = found;
    return weftSuccess;
}

void weft_host_free(struct weft_port *base, void *memory)
{
    struct weft_host_port *port = weft_host_port_of(base);
    struct weft_host_allocation *found = NULL;

    pthread_mutex_lock(&port->allocations_lock);
    for (struct weft_host_allocation **link = &port->allocations; *link != NULL;
         link = &(*link)->next)
        if ((*link)->memory == memory) {
            found = *link;
            *link = found->next;
            break;
        }
    pthread_mutex_unlock(&port->allocations_lock);
    if (found == NULL) {
        port->log(0, "host memory that is freed was not allocated here, or was freed before");
        return;
    }
    munmap(found->memory, found->size_bytes);
    if (found->file >= 0)
        close(found->file);
    free(found);
}

const struct weft_host_window *weft_host_window_get(const struct weft_host_port *port,
                                                    uint32_t window)
{
    if (window >= port->windows_max || weft_flag_get(&port->windows[window].ready) == 0)
        return NULL;
    return &port->windows[window];
}

static bool is_mapped(uintptr_t address)
{
    unsigned char there;
    uintptr_t page = address / page_size() * page_size();

    /* EAGAIN and the like say nothing about the mapping. */
    return mincore((void *)page, 1, &there) == 0 || errno != ENOMEM;
}

weftResult_t weft_host_window_add(struct weft_port *base, uint32_t window,
                                  const struct weft_device_ref *device, void *memory, size_t size,
                                  char why[256])
{
    struct weft_host_port *port = weft_host_port_of(base);
    struct weft_host_window *entry;
    uintptr_t first = (uintptr_t)memory;

    weft_assert(window < port->windows_max);
    entry = &port->windows[window];
    weft_assert(weft_flag_get(&entry->ready) == 0);
    if (device->kind != weftDeviceDram) {
        snprintf(why, 256, "the host transport reaches host memory only");
        return weftInvalidArgument;
    }
    if (size == 0 || first + size < first || !is_mapped(first) || !is_mapped(first + size - 1)) {
        snprintf(why, 256, "the %zu bytes at %p are not mapped in this process", size, memory);
        return weftInvalidArgument;
    }
    entry->device = device->device;
    entry->base = memory;
    entry->size_bytes = size;
    weft_flag_set(&entry->ready, 1);
    return weftSuccess;
}

void weft_host_window_remove(struct weft_port *base, uint32_t window)
{
    struct weft_host_port *port = weft_host_port_of(base);

    if (weft_host_window_get(port, window) != NULL)
        weft_flag_set(&port->windows[window].ready, 0);
}

/* The aligned word at `offset`, or NULL. */
static void *word_of(const struct weft_host_port *port, uint32_t window, uint64_t offset)
{
    const struct weft_host_window *entry = weft_host_window_get(port, window);

    if (entry == NULL || !weft_range_inside(offset, sizeof(uint64_t), entry->size_bytes) ||
        ((uintptr_t)entry->base + offset) % sizeof(uint64_t) != 0)
        return NULL;
    return entry->base + offset;
}

weftResult_t weft_host_store(struct weft_port *base, uint32_t window, uint64_t offset,
                             uint64_t value, weftSignalOp_t op)
{
    void *word = word_of(weft_host_port_of(base), window, offset);

    if (word == NULL)
        return weftInvalidArgument;
    if (op == weftSignalAdd)
        weft_word_add(word, value);
    else
        weft_word_set(word, value);
    return weftSuccess;
}

weftResult_t weft_host_load(struct weft_port *base, uint32_t window, uint64_t offset,
                            uint64_t *value)
{
    void *word = word_of(weft_host_port_of(base), window, offset);

    if (word == NULL)
        return weftInvalidArgument;
    *value = weft_word_get(word);
    return weftSuccess;
}
