/* Where blocks lie: a pool of slots on each GPU and in each socket's host memory.
 *
 * A slot is as many pages as a block has. Which pages is a fixed list per slot: scattered over the
 * pool on GPUs, as a serving engine's block table would have it, and on request in host memory. The
 * memory is the testbed's and is used by every run; the tiers begin empty with each. */
#ifndef WEFT_KV_STORE_H
#define WEFT_KV_STORE_H

#include "common/testbed.h"
#include "kv_cache.h"
#include "options.h"

#define WEFT_KV_GPUS_MAX  16
#define WEFT_KV_DRAMS_MAX 8

struct weft_kv_pool {
    weftDevId_t id;
    char name[32];
    bool is_gpu;
    int numa_node;
    uint32_t slot_count;
    size_t size_bytes;
    void *memory;
    uint32_t *pages; /* [slot_count * page_count] page numbers */
    struct weft_kv_tier tier;
};

struct weft_kv_store {
    const struct weft_testbed *testbed;
    struct weft_kv_shape shape;
    uint64_t seed; /* of the pages' order */
    uint32_t gpu_count;
    uint32_t dram_count;
    struct weft_kv_pool gpus[WEFT_KV_GPUS_MAX];
    struct weft_kv_pool drams[WEFT_KV_DRAMS_MAX];
};

/* Page numbers in slot order, shuffled by `seed` where they are to lie scattered; NULL when there
 * is no memory. The caller frees it. */
uint32_t *weft_kv_pages_make(uint32_t slot_count, uint32_t page_count, bool scattered,
                             uint64_t seed);

/* Pages are scattered by `seed`. With options->dram_blocks 0 there are no pools in host memory. */
bool weft_kv_store_init(struct weft_kv_store *store, const struct weft_testbed *testbed,
                        const struct weft_kv_options *options, uint64_t seed,
                        char why[WEFT_WHY_BYTES]);
void weft_kv_store_fini(struct weft_kv_store *store);

/* Empties all tiers; the bytes stay. False when there is no memory. */
bool weft_kv_store_reset(struct weft_kv_store *store);

/* A window over the whole pool. The comm may be that of another server id than the testbed's. */
bool weft_kv_pool_register(weftComm_t comm, const struct weft_kv_pool *pool, weftWindow_t *window,
                           char why[WEFT_WHY_BYTES]);

/* The page numbers of a slot. */
const uint32_t *weft_kv_pool_pages(const struct weft_kv_store *store,
                                   const struct weft_kv_pool *pool, uint32_t slot);

/* Writes the block `key` as a GPU would have computed it; false when the driver fails. */
bool weft_kv_pool_fill(const struct weft_kv_store *store, const struct weft_kv_pool *pool,
                       uint32_t slot, uint64_t key);

/* The checksum of the slot's bytes as they are now; false when the driver fails. */
bool weft_kv_pool_checksum(const struct weft_kv_store *store, const struct weft_kv_pool *pool,
                           uint32_t slot, uint64_t *checksum);

/* Goes on with a checksum: over some of the slot's pages. */
bool weft_kv_pool_checksum_pages(const struct weft_kv_store *store, const struct weft_kv_pool *pool,
                                 uint32_t slot, uint32_t first, uint32_t count, uint64_t *checksum);

/* How many of the slot's bytes are not the block `key`'s; all of them when the driver fails. */
uint64_t weft_kv_pool_wrong(const struct weft_kv_store *store, const struct weft_kv_pool *pool,
                            uint32_t slot, uint64_t key);

#endif
