/* Turns lists of blocks into weftGetBlocks and weftPutBlocks over page ids. */
#include "mover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/comm_stats.h"
#include "trace_file.h"

bool weft_kv_mover_open(struct weft_kv_mover *mover, struct weft_kv_store *store, const char *sched,
                        char why[WEFT_WHY_BYTES])
{
    struct weft_testbed_setting setting = {"sched", sched};
    size_t ids = (size_t)WEFT_KV_REQUEST_BLOCKS_MAX * store->shape.page_count;
    bool good;

    memset(mover, 0, sizeof(*mover));
    mover->store = store;
    mover->gpu_ids = malloc(ids * sizeof(*mover->gpu_ids));
    mover->dram_ids = malloc(ids * sizeof(*mover->dram_ids));
    good = mover->gpu_ids != NULL && mover->dram_ids != NULL;
    if (!good)
        (void)snprintf(why, WEFT_WHY_BYTES, "no memory for page lists");
    good = good &&
           weft_testbed_comm(store->testbed, &setting, sched == NULL ? 0 : 1, &mover->comm, why);
    for (uint32_t i = 0; good && i < store->gpu_count; i++)
        good = weft_kv_pool_register(mover->comm, &store->gpus[i], &mover->gpus[i], why);
    for (uint32_t i = 0; good && i < store->dram_count; i++)
        good = weft_kv_pool_register(mover->comm, &store->drams[i], &mover->drams[i], why);
    if (!good)
        weft_kv_mover_close(mover);
    return good;
}

void weft_kv_mover_close(struct weft_kv_mover *mover)
{
    for (uint32_t i = 0; i < WEFT_KV_GPUS_MAX; i++)
        if (mover->gpus[i] != NULL)
            (void)weftWindowDeregister(mover->gpus[i]);
    for (uint32_t i = 0; i < WEFT_KV_DRAMS_MAX; i++)
        if (mover->drams[i] != NULL)
            (void)weftWindowDeregister(mover->drams[i]);
    if (mover->comm != NULL)
        (void)weftCommDestroy(mover->comm);
    free(mover->gpu_ids);
    free(mover->dram_ids);
    memset(mover, 0, sizeof(*mover));
}

weftResult_t weft_kv_mover_start(struct weft_kv_mover *mover, bool restore, uint32_t gpu,
                                 uint32_t dram, const struct weft_kv_pair *pairs, uint32_t count,
                                 weftRequest_t *request)
{
    const struct weft_kv_store *store = mover->store;
    size_t pages = store->shape.page_count;
    size_t size = store->shape.page_bytes;
    weftBlocks_t on_gpu = {.stride = size, .ids = mover->gpu_ids};
    weftBlocks_t on_dram = {.stride = size, .ids = mover->dram_ids};

    weft_assert(count <= WEFT_KV_REQUEST_BLOCKS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        memcpy(mover->gpu_ids + i * pages,
               weft_kv_pool_pages(store, &store->gpus[gpu], pairs[i].gpu_slot),
               pages * sizeof(uint32_t));
        memcpy(mover->dram_ids + i * pages,
               weft_kv_pool_pages(store, &store->drams[dram], pairs[i].dram_slot),
               pages * sizeof(uint32_t));
    }
    if (restore)
        return weftGetBlocks(mover->gpus[gpu], &on_gpu, mover->drams[dram], &on_dram, size,
                             count * pages, mover->comm, NULL, request);
    return weftPutBlocks(mover->drams[dram], &on_dram, mover->gpus[gpu], &on_gpu, size,
                         count * pages, mover->comm, NULL, request);
}

cJSON *weft_kv_mover_routes(const struct weft_kv_mover *mover)
{
    cJSON *stats = weft_comm_stats_read(mover->comm);
    cJSON *routes = cJSON_CreateArray();

    weft_comm_stats_routes(NULL, stats, routes);
    cJSON_Delete(stats);
    return routes;
}
