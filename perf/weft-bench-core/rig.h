/* An engine in memory with copies that end at once: what is left is the core's own work.
 *
 * The machine is a preset with the hops that the CUDA transport would offer and a relay on every
 * device. Copies end one at a time, in the order of their issue, each a little later in virtual
 * time, as a host sees them. No bytes, no threads, no clock. */
#ifndef WEFT_BENCH_RIG_H
#define WEFT_BENCH_RIG_H

#include "core/engine.h"
#include "core/trace.h"

#define WEFT_RIG_BLOCKS_MAX 1024
#define WEFT_RIG_COPIES_MAX 32768

struct weft_rig {
    struct weft_topo topo;
    struct weft_hop_table hops;
    struct weft_config config;
    struct weft_engine *engine;
    void *memory;
    struct weft_extent_block blocks[WEFT_RIG_BLOCKS_MAX];
    uint32_t queue[WEFT_RIG_COPIES_MAX]; /* copies in flight, in a ring */
    uint32_t queue_first;
    uint32_t queue_count;
    weft_ns now;
    uint64_t ended;   /* COMPLETEs so far */
    uint64_t copies;  /* issued so far */
    uint32_t windows; /* one on each device that holds bytes, its number the device's */
};

/* Opens the engine on a preset's machine; NULL when there is no such preset or no memory. */
struct weft_rig *weft_rig_open(const char *preset);
void weft_rig_close(struct weft_rig *rig);

/* Submits a transfer of the blocks that begin at `first_block`. */
void weft_rig_submit(struct weft_rig *rig, uint32_t tag, uint32_t src_device, uint32_t dst_device,
                     uint32_t first_block, uint64_t size_bytes);

/* Steps until `ended` transfers in all have ended. */
void weft_rig_run(struct weft_rig *rig, uint64_t ended);

/* Puts one extent of `size_bytes` into block `block`. */
void weft_rig_one_extent(struct weft_rig *rig, uint32_t block, uint64_t size_bytes);

/* Fills blocks from 0 with `count` pages whose places in both windows are scattered; returns how
 * many bytes that is. */
uint64_t weft_rig_pages(struct weft_rig *rig, uint32_t count, uint64_t page_bytes);

/* How often an event was traced. */
uint64_t weft_rig_count(const struct weft_rig *rig, enum weft_trace_event event);

#endif
