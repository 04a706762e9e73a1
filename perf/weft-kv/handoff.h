/* A request as the prefill server hands it over.
 *
 *          room, asked        granted         filled            all parts ended
 *   FREE ------------> ASKED --------> FILLING -----> HANDING -----------------> HANDED ---> FREE
 *     ^                                                  |                    the decode server
 *     +------------------- a part failed: dropped -------+                    has checked it
 *
 * Its blocks' GPU slots are pinned from start to end; the blocks that the GPU has from earlier
 * requests are not filled again. While HANDING each part goes
 *
 *   WAITING ---> PUTTING ---> SIGNALLING ---> ENDED
 *
 * with one put of its pages to the slots that were granted, then one of its checksum with the
 * signal. A put that failed ends the part. Only the prefill server's thread changes it, but for
 * what its worker writes while it is FILLING. */
#ifndef WEFT_KV_HANDOFF_H
#define WEFT_KV_HANDOFF_H

#include "far.h"
#include "worker.h"

enum weft_kv_handoff_state {
    WEFT_KV_HANDOFF_FREE,
    WEFT_KV_HANDOFF_ASKED,
    WEFT_KV_HANDOFF_FILLING,
    WEFT_KV_HANDOFF_HANDING,
    WEFT_KV_HANDOFF_HANDED,
    WEFT_KV_HANDOFF_STATES
};

enum weft_kv_part_state {
    WEFT_KV_PART_WAITING,
    WEFT_KV_PART_PUTTING,
    WEFT_KV_PART_SIGNALLING,
    WEFT_KV_PART_ENDED,
    WEFT_KV_PART_STATES
};

struct weft_kv_part {
    enum weft_kv_part_state state;
    weftRequest_t request;
};

struct weft_kv_handoff {
    struct weft_kv_task task; /* the filling */
    enum weft_kv_handoff_state state;
    struct weft_kv_server *server;
    uint64_t run;
    uint64_t serial;
    uint32_t seat;
    uint32_t gpu;
    const struct weft_kv_arrival *arrival;
    const uint64_t *keys;
    uint32_t block_count;
    uint32_t new_count; /* of its blocks: not on the GPU before */
    uint32_t slots[WEFT_KV_REQUEST_BLOCKS_MAX];
    bool is_new[WEFT_KV_REQUEST_BLOCKS_MAX];
    uint32_t far_gpu;
    uint32_t far_slots[WEFT_KV_REQUEST_BLOCKS_MAX];
    struct weft_kv_part parts[WEFT_KV_PARTS_MAX];
    weft_ns begun_at;     /* the prefill's begin */
    weft_ns prefill_ns;   /* how long it takes */
    weft_ns submitted_at; /* the last put */
    bool failed;
    bool is_checked; /* the decode server has told so, maybe before the last part was seen to end */
    /* found by the filling */
    bool is_filled;
    uint64_t checksums[WEFT_KV_PARTS_MAX];
};

/* FREE to ASKED: pins slots for all blocks. False when the GPU has no room now: nothing was
 * changed. */
bool weft_kv_handoff_begin(struct weft_kv_handoff *handoff, const struct weft_kv_arrival *arrival,
                           const uint64_t *keys, uint32_t gpu, uint64_t serial);

/* ASKED to FILLING: the worker writes its new blocks and takes all parts' checksums. */
void weft_kv_handoff_fill(struct weft_kv_handoff *handoff, struct weft_kv_worker *worker,
                          uint32_t far_gpu, const uint32_t *far_slots);

/* FILLING to HANDING; when each part's pages are there. */
void weft_kv_handoff_hand(struct weft_kv_handoff *handoff, weft_ns now, weft_ns prefill_ns);
weft_ns weft_kv_handoff_due(const struct weft_kv_handoff *handoff, uint32_t part);

/* Submits the put of a WAITING part. weftNoResource: later; else what is wrong. */
weftResult_t weft_kv_handoff_put(struct weft_kv_handoff *handoff, const struct weft_kv_far *far,
                                 uint32_t part);

/* Moves a part on that is PUTTING or SIGNALLING: weftInProgress, or weftSuccess when it has gone on
 * (to ENDED, or to SIGNALLING), or the error that ended it. */
weftResult_t weft_kv_handoff_part(struct weft_kv_handoff *handoff, const struct weft_kv_far *far,
                                  uint32_t part);

/* Bytes of a part. */
uint64_t weft_kv_handoff_part_bytes(const struct weft_kv_handoff *handoff, uint32_t part);

/* HANDING to HANDED. */
void weft_kv_handoff_handed(struct weft_kv_handoff *handoff);

/* To FREE, from HANDED, or where it failed. Slots are unpinned. */
void weft_kv_handoff_free(struct weft_kv_handoff *handoff);

#endif
