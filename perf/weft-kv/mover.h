/* The comm that a run measures: windows over the store's pools, lists of blocks as transfers. */
#ifndef WEFT_KV_MOVER_H
#define WEFT_KV_MOVER_H

#include <cjson/cJSON.h>

#include "store.h"

struct weft_kv_mover {
    struct weft_kv_store *store;
    weftComm_t comm;
    weftWindow_t gpus[WEFT_KV_GPUS_MAX];
    weftWindow_t drams[WEFT_KV_DRAMS_MAX];
    uint32_t *gpu_ids; /* page lists of the transfer that is being handed over */
    uint32_t *dram_ids;
};

/* A block of a transfer: its slots on both sides. */
struct weft_kv_pair {
    uint32_t gpu_slot;
    uint32_t dram_slot;
};

bool weft_kv_mover_open(struct weft_kv_mover *mover, struct weft_kv_store *store, const char *sched,
                        char why[WEFT_WHY_BYTES]);
void weft_kv_mover_close(struct weft_kv_mover *mover);

/* Starts moving `count` blocks from host memory `dram` to GPU `gpu` (restore) or back. */
weftResult_t weft_kv_mover_start(struct weft_kv_mover *mover, bool restore, uint32_t gpu,
                                 uint32_t dram, const struct weft_kv_pair *pairs, uint32_t count,
                                 weftRequest_t *request);

/* Bytes per route since the comm began: an array of {name, bytes} that the caller deletes. */
cJSON *weft_kv_mover_routes(const struct weft_kv_mover *mover);

#endif
