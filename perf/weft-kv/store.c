/* Pools of slots and the bytes in them. */
#include "store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/prng.h"
#include "base/text.h"
#include "common/checksum.h"

uint32_t *weft_kv_pages_make(uint32_t slot_count, uint32_t page_count, bool scattered,
                             uint64_t seed)
{
    uint64_t count = (uint64_t)slot_count * page_count;
    uint32_t *pages = count > UINT32_MAX ? NULL : malloc(count * sizeof(*pages));
    struct weft_prng prng;

    if (pages == NULL)
        return NULL;
    for (uint32_t i = 0; i < count; i++)
        pages[i] = i;
    weft_prng_init(&prng, seed);
    for (uint64_t i = count; scattered && i > 1; i--) {
        uint64_t other = weft_prng_below(&prng, i);
        uint32_t page = pages[i - 1];

        pages[i - 1] = pages[other];
        pages[other] = page;
    }
    return pages;
}

static bool pool_init(struct weft_kv_store *store, struct weft_kv_pool *pool, weftDevId_t id,
                      const weftDeviceProps_t *props, uint64_t slot_count, bool scattered,
                      char why[WEFT_WHY_BYTES])
{
    pool->id = id;
    weft_text_copy(pool->name, sizeof(pool->name), props->name);
    pool->is_gpu = props->kind == weftDeviceGpu;
    pool->numa_node = props->numaNode;
    pool->slot_count = (uint32_t)slot_count;
    pool->size_bytes = slot_count * store->shape.block_bytes;
    pool->pages =
        weft_kv_pages_make(pool->slot_count, store->shape.page_count, scattered, store->seed);
    if (pool->pages == NULL) {
        (void)snprintf(why, WEFT_WHY_BYTES, "no memory for the page lists of %s", pool->name);
        return false;
    }
    if (weftMemAlloc(store->testbed->home, id, pool->size_bytes, &pool->memory) != weftSuccess) {
        weft_text_copy(why, WEFT_WHY_BYTES, weftGetLastError(store->testbed->home));
        return false;
    }
    return true;
}

/* Adds a pool for every device of a kind, up to `max`. */
static bool pools_init(struct weft_kv_store *store, weftDeviceKind_t kind, uint32_t max,
                       uint64_t slots_each, bool scattered, char why[WEFT_WHY_BYTES])
{
    struct weft_kv_pool *pools = kind == weftDeviceGpu ? store->gpus : store->drams;
    uint32_t *count = kind == weftDeviceGpu ? &store->gpu_count : &store->dram_count;
    weftDevId_t ids[WEFT_DEVICES_MAX];
    int id_count = WEFT_DEVICES_MAX;

    if (weftDeviceList(store->testbed->home, ids, &id_count) != weftSuccess)
        id_count = 0;
    for (int i = 0; i < id_count && *count < max; i++) {
        weftDeviceProps_t props;

        if (weftDeviceGetProps(store->testbed->home, ids[i], &props) != weftSuccess ||
            props.kind != kind || !props.holdsWindows)
            continue;
        if (!pool_init(store, &pools[*count], ids[i], &props, slots_each, scattered, why))
            return false;
        (*count)++;
    }
    if (*count == 0)
        (void)snprintf(why, WEFT_WHY_BYTES, "%s has no %s that bytes can be moved to",
                       store->testbed->node, weft_device_kind_name(kind));
    return *count > 0;
}

static uint32_t drams_count(const struct weft_testbed *testbed)
{
    weftDevId_t id;
    char name[16];
    char why[WEFT_WHY_BYTES];
    uint32_t count = 0;

    for (; count < WEFT_KV_DRAMS_MAX; count++) {
        (void)snprintf(name, sizeof(name), "dram%u", count);
        if (!weft_testbed_device(testbed, name, &id, why))
            break;
    }
    return count;
}

bool weft_kv_store_init(struct weft_kv_store *store, const struct weft_testbed *testbed,
                        const struct weft_kv_options *options, uint64_t seed,
                        char why[WEFT_WHY_BYTES])
{
    uint32_t drams = drams_count(testbed);
    uint32_t gpus = options->gpus == 0 ? WEFT_KV_GPUS_MAX : options->gpus;

    memset(store, 0, sizeof(*store));
    store->testbed = testbed;
    store->seed = seed;
    store->shape = weft_kv_model_shape(options->model, options->layout, options->scale_millionths);
    if (options->gpus > testbed->gpu_count) {
        (void)snprintf(why, WEFT_WHY_BYTES, "%s has %u GPUs: --gpus is 1 to that", testbed->node,
                       testbed->gpu_count);
        return false;
    }
    if (!pools_init(store, weftDeviceGpu, gpus, options->gpu_blocks, true, why) ||
        (options->dram_blocks > 0 &&
         !pools_init(store, weftDeviceDram, WEFT_KV_DRAMS_MAX,
                     options->dram_blocks / weft_max(drams, 1), options->scattered, why))) {
        weft_kv_store_fini(store);
        return false;
    }
    if (!weft_kv_store_reset(store)) {
        (void)snprintf(why, WEFT_WHY_BYTES, "no memory for the cache's tables");
        weft_kv_store_fini(store);
        return false;
    }
    return true;
}

static void pool_fini(const struct weft_kv_store *store, struct weft_kv_pool *pool)
{
    if (pool->memory != NULL)
        (void)weftMemFree(store->testbed->home, pool->memory);
    weft_kv_tier_fini(&pool->tier);
    free(pool->pages);
}

void weft_kv_store_fini(struct weft_kv_store *store)
{
    for (uint32_t i = 0; i < WEFT_KV_GPUS_MAX; i++)
        pool_fini(store, &store->gpus[i]);
    for (uint32_t i = 0; i < WEFT_KV_DRAMS_MAX; i++)
        pool_fini(store, &store->drams[i]);
    memset(store, 0, sizeof(*store));
}

static bool pool_reset(struct weft_kv_pool *pool)
{
    weft_kv_tier_fini(&pool->tier);
    return weft_kv_tier_init(&pool->tier, pool->slot_count);
}

bool weft_kv_store_reset(struct weft_kv_store *store)
{
    bool good = true;

    for (uint32_t i = 0; i < store->gpu_count; i++)
        good = pool_reset(&store->gpus[i]) && good;
    for (uint32_t i = 0; i < store->dram_count; i++)
        good = pool_reset(&store->drams[i]) && good;
    return good;
}

bool weft_kv_pool_register(weftComm_t comm, const struct weft_kv_pool *pool, weftWindow_t *window,
                           char why[WEFT_WHY_BYTES])
{
    weftDevId_t id;

    if (weftDevIdParse(comm, pool->name, &id) == weftSuccess &&
        weftWindowRegister(comm, id, pool->memory, pool->size_bytes, WEFT_WIN_DEFAULT, window) ==
            weftSuccess)
        return true;
    weft_text_copy(why, WEFT_WHY_BYTES, weftGetLastError(comm));
    return false;
}

const uint32_t *weft_kv_pool_pages(const struct weft_kv_store *store,
                                   const struct weft_kv_pool *pool, uint32_t slot)
{
    return pool->pages + (size_t)slot * store->shape.page_count;
}

static char *page_at(const struct weft_kv_store *store, const struct weft_kv_pool *pool,
                     uint32_t slot, uint32_t index)
{
    uint32_t page = weft_kv_pool_pages(store, pool, slot)[index];

    return (char *)pool->memory + (size_t)page * store->shape.page_bytes;
}

bool weft_kv_pool_fill(const struct weft_kv_store *store, const struct weft_kv_pool *pool,
                       uint32_t slot, uint64_t key)
{
    size_t size = store->shape.page_bytes;

    for (uint32_t i = 0; i < store->shape.page_count; i++)
        if (!weft_testbed_fill(store->testbed, pool->is_gpu, page_at(store, pool, slot, i), size,
                               key, i * size))
            return false;
    return true;
}

bool weft_kv_pool_checksum_pages(const struct weft_kv_store *store, const struct weft_kv_pool *pool,
                                 uint32_t slot, uint32_t first, uint32_t count, uint64_t *checksum)
{
    size_t size = store->shape.page_bytes;
    void *staging = malloc(size);
    uint64_t sum = *checksum;
    bool good = staging != NULL;

    for (uint32_t i = first; good && i < first + count; i++) {
        const void *bytes = weft_testbed_view(store->testbed, pool->is_gpu,
                                              page_at(store, pool, slot, i), size, staging);

        good = bytes != NULL;
        if (good)
            sum = weft_hash_word(sum, weft_checksum(bytes, size));
    }
    free(staging);
    if (good)
        *checksum = sum;
    return good;
}

bool weft_kv_pool_checksum(const struct weft_kv_store *store, const struct weft_kv_pool *pool,
                           uint32_t slot, uint64_t *checksum)
{
    uint64_t sum = WEFT_HASH_SEED;

    if (!weft_kv_pool_checksum_pages(store, pool, slot, 0, store->shape.page_count, &sum))
        return false;
    *checksum = sum;
    return true;
}

uint64_t weft_kv_pool_wrong(const struct weft_kv_store *store, const struct weft_kv_pool *pool,
                            uint32_t slot, uint64_t key)
{
    size_t size = store->shape.page_bytes;
    uint64_t sum = 0;

    for (uint32_t i = 0; i < store->shape.page_count; i++) {
        uint64_t wrong = size;

        (void)weft_testbed_wrong(store->testbed, pool->is_gpu, page_at(store, pool, slot, i), size,
                                 key, i * size, &wrong);
        sum += wrong;
    }
    return sum;
}
