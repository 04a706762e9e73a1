/* Host memory of one NUMA node opened for a comm, with one thread that copies out of it.
 *
 * All of it belongs to the progress thread, except: a cookie on its way through the rings belongs
 * to whoever popped it last; window entries are handed over by their `ready` flag; allocations are
 * under their lock. What is small the progress thread copies itself.
 *
 * A cookie's life, in the progress thread:
 *
 *      FREE --copy--> FLYING ------------it is copied--------------> FREE
 *        `---copy---> WAITING --the one before it ended well--> FLYING
 *                        `------the one before it failed------> FAILED --poll--> FREE */
#ifndef WEFT_HOST_PORT_H
#define WEFT_HOST_PORT_H

#include <pthread.h>
#include <semaphore.h>

#include "base/base.h"
#include "base/list.h"
#include "base/pool.h"
#include "base/ring.h"
#include "weft_transport.h"

#define WEFT_HOST_LANES_MAX     64
#define WEFT_HOST_BLOCK_EXTENTS 64
#define WEFT_HOST_BLOCKS_MAX    2048 /* blocks of extents in flight: 131,072 extents */

enum weft_host_cookie_state {
    WEFT_HOST_COOKIE_FREE,
    WEFT_HOST_COOKIE_WAITING,
    WEFT_HOST_COOKIE_FLYING,
    WEFT_HOST_COOKIE_FAILED,
    WEFT_HOST_COOKIE_STATES
};

struct weft_host_block {
    uint32_t count;
    uint32_t next; /* or WEFT_NONE */
    struct weft_extent extents[WEFT_HOST_BLOCK_EXTENTS];
};

struct weft_host_cookie {
    enum weft_host_cookie_state state;
    weftResult_t result; /* of its last copy */
    uint32_t lane;
    uint32_t first_block;
    uint64_t size_bytes;
    char *dst;
    const char *src;
    struct weft_flag copied; /* raised by the copying thread */
    /* Those that wait for this one, a list through next_waiter. */
    struct weft_host_port *first_waiter_port;
    uint32_t first_waiter;
    struct weft_host_port *next_waiter_port;
    uint32_t next_waiter;
};

struct weft_host_window {
    struct weft_flag ready;
    uint32_t device;
    char *base;
    uint64_t size_bytes;
};

struct weft_host_lane {
    bool open;
    uint32_t src_device;
    uint32_t dst_device;
};

/* What alloc gave: a list. */
struct weft_host_allocation {
    struct weft_host_allocation *next;
    void *memory;
    size_t size_bytes;
    int file; /* of memory that other processes may open; -1: of none */
};

/* Memory of another process that is open here: a list. */
struct weft_host_import {
    struct weft_host_import *next;
    void *base;   /* of the window */
    void *mapped; /* of the pages that it is on */
    size_t mapped_bytes;
};

struct weft_host_port {
    struct weft_port_base base;
    void (*log)(int level, const char *text);
    uint32_t device;
    int numa_node;

    uint32_t windows_max;
    struct weft_host_window *windows;
    uint32_t cookies_max;
    struct weft_host_cookie *cookies;
    struct weft_list_link *links; /* of the cookies, in `failed` */
    struct weft_list failed;
    struct weft_host_lane lanes[WEFT_HOST_LANES_MAX];
    struct weft_host_block *blocks;
    uint32_t *block_indices;
    struct weft_pool free_blocks;

    struct weft_ring work; /* cookies: progress thread to copying thread */
    struct weft_ring done; /* and back */
    struct weft_ring_cell *work_cells;
    struct weft_ring_cell *done_cells;
    sem_t wake; /* raised once for each push to `work`, and to stop */
    struct weft_flag stop;
    bool running;
    pthread_t thread;

    bool shares;                      /* allocations are memory files */
    pthread_mutex_t allocations_lock; /* guards the two lists */
    struct weft_host_allocation *allocations;
    struct weft_host_import *imports;
};

static inline struct weft_host_port *weft_host_port_of(struct weft_port *port)
{
    return (struct weft_host_port *)(void *)port;
}

/* ---- host_copy.c ---- */

/* The copying thread, of one port. */
void *weft_host_thread(void *port);

weftResult_t weft_host_copy(struct weft_port *port, const struct weft_copy *copy);
uint32_t weft_host_poll(struct weft_port *port, struct weft_completion *completions, uint32_t max);
weftResult_t weft_host_fence(struct weft_port *port, uint32_t lane);

/* ---- host_memory.c ---- */

weftResult_t weft_host_alloc(struct weft_port *port, size_t size, void **memory);
void weft_host_free(struct weft_port *port, void *memory);
weftResult_t weft_host_window_add(struct weft_port *port, uint32_t window,
                                  const struct weft_device_ref *device, void *base, size_t size,
                                  char why[256]);
void weft_host_window_remove(struct weft_port *port, uint32_t window);
weftResult_t weft_host_store(struct weft_port *port, uint32_t window, uint64_t offset,
                             uint64_t value, weftSignalOp_t op);
weftResult_t weft_host_load(struct weft_port *port, uint32_t window, uint64_t offset,
                            uint64_t *value);

/* ---- host_share.c: memory of other processes ---- */

/* A memory file of zeros that nobody can make smaller, or -1. */
int weft_host_file_make(size_t size);

weftResult_t weft_host_window_export(struct weft_port *port, uint32_t window,
                                     struct weft_ticket *ticket, char why[256]);
weftResult_t weft_host_window_import(struct weft_port *port, const struct weft_ticket *ticket,
                                     size_t size, void **base, char why[256]);
void weft_host_import_end(struct weft_port *port, void *base);

/* The window of that number, or NULL. Any thread. */
const struct weft_host_window *weft_host_window_get(const struct weft_host_port *port,
                                                    uint32_t window);

#endif
