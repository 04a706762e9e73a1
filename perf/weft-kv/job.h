/* A request under way.
 *
 *               blocks in DRAM            checked, new ones computed        served
 *   FREE ---> RESTORING ---> CHECKING ---------------------> RUNNING ---> OFFLOADING ---> FREE
 *     |                          ^                                            |
 *     +------- none of them -----+                    (nothing to offload: straight to FREE)
 *
 * Its blocks' GPU slots are pinned from start to end, the DRAM slots of a restore until it was
 * checked, those of an offload until it has ended. Only the replay thread changes a job, but for
 * what the worker writes while it is CHECKING. */
#ifndef WEFT_KV_JOB_H
#define WEFT_KV_JOB_H

#include "mover.h"
#include "trace_file.h"
#include "worker.h"

enum weft_kv_job_state {
    WEFT_KV_JOB_FREE,
    WEFT_KV_JOB_RESTORING,
    WEFT_KV_JOB_CHECKING,
    WEFT_KV_JOB_RUNNING,
    WEFT_KV_JOB_OFFLOADING,
    WEFT_KV_JOB_STATES
};

enum weft_kv_block_kind {
    WEFT_KV_BLOCK_HIT,      /* it was on the GPU */
    WEFT_KV_BLOCK_RESTORED, /* it came from host memory */
    WEFT_KV_BLOCK_NEW,      /* it is computed */
};

struct weft_kv_block {
    uint64_t key;
    enum weft_kv_block_kind kind;
    uint32_t gpu_slot;
    uint32_t dram; /* RESTORED: from where; later: to where; WEFT_NONE: nowhere */
    uint32_t dram_slot;
    uint64_t checksum; /* RESTORED: of what was offloaded; NEW: written by the check */
};

struct weft_kv_job {
    struct weft_kv_task task; /* the check */
    enum weft_kv_job_state state;
    struct weft_kv_store *store;
    uint32_t gpu;
    const struct weft_kv_arrival *arrival;
    uint32_t block_count;
    struct weft_kv_block *blocks; /* [WEFT_KV_REQUEST_BLOCKS_MAX] */
    weftRequest_t requests[WEFT_KV_DRAMS_MAX];
    weft_ns started_at;   /* of the transfer under way */
    weft_ns end_at;       /* of the service */
    uint64_t bytes;       /* of the transfer under way */
    bool failed;          /* a transfer of it ended badly */
    uint64_t wrong_bytes; /* found by the check */
};

/* Legal next states are checked. */
void weft_kv_job_set_state(struct weft_kv_job *job, enum weft_kv_job_state state);

/* Takes GPU slots for all blocks of an arrival and finds where they come from. False when the GPU
 * has no room now: nothing was changed. */
bool weft_kv_job_begin(struct weft_kv_job *job, struct weft_kv_store *store,
                       const struct weft_kv_arrival *arrival, const uint64_t *keys, uint32_t gpu);

/* Starts the transfers of all RESTORED blocks (or of those that have a place to be offloaded to).
 * Returns the first bad result; transfers that were started are waited for all the same. */
weftResult_t weft_kv_job_move(struct weft_kv_job *job, struct weft_kv_mover *mover, bool restore);

/* Tests the transfers: weftInProgress, or their first bad result. */
weftResult_t weft_kv_job_test(struct weft_kv_job *job);

/* After the check: GPU slots are ready, DRAM slots of the restore are let go. */
void weft_kv_job_checked(struct weft_kv_job *job, struct weft_kv_store *store);

/* Takes DRAM slots for the blocks that are in no host memory; returns how many. */
uint32_t weft_kv_job_place(struct weft_kv_job *job, struct weft_kv_store *store);

/* Lets everything go; blocks that were offloaded well are ready, others forgotten. */
void weft_kv_job_end(struct weft_kv_job *job, struct weft_kv_store *store, bool good);

#endif
