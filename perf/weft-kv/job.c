/* What a request does to the tiers, and its transfers. No clocks: the replay says when. */
#include "job.h"

#include <string.h>

#define TO(state) (1u << WEFT_KV_JOB_##state)

static const unsigned next_states[WEFT_KV_JOB_STATES] = {
    [WEFT_KV_JOB_FREE] = TO(RESTORING) | TO(CHECKING),
    [WEFT_KV_JOB_RESTORING] = TO(CHECKING),
    [WEFT_KV_JOB_CHECKING] = TO(RUNNING),
    [WEFT_KV_JOB_RUNNING] = TO(OFFLOADING) | TO(FREE),
    [WEFT_KV_JOB_OFFLOADING] = TO(FREE),
};

void weft_kv_job_set_state(struct weft_kv_job *job, enum weft_kv_job_state state)
{
    weft_assert((next_states[job->state] & (1u << state)) != 0);
    job->state = state;
}

/* The ready copy of the block in host memory, if there is one. */
static bool dram_find(const struct weft_kv_store *store, uint64_t key, uint32_t *dram,
                      uint32_t *slot)
{
    for (uint32_t i = 0; i < store->dram_count; i++) {
        uint32_t found = weft_kv_tier_find(&store->drams[i].tier, key);

        if (found == WEFT_NONE || !store->drams[i].tier.slots[found].ready)
            continue;
        *dram = i;
        *slot = found;
        return true;
    }
    return false;
}

static void block_begin(struct weft_kv_block *block, struct weft_kv_store *store,
                        struct weft_kv_tier *gpu, uint64_t key)
{
    *block = (struct weft_kv_block){.key = key, .dram = WEFT_NONE, .dram_slot = WEFT_NONE};
    block->kind = WEFT_KV_BLOCK_HIT;
    if (weft_kv_tier_hold(gpu, key, &block->gpu_slot))
        return;
    block->kind = WEFT_KV_BLOCK_NEW;
    if (dram_find(store, key, &block->dram, &block->dram_slot)) {
        struct weft_kv_tier *dram = &store->drams[block->dram].tier;

        block->kind = WEFT_KV_BLOCK_RESTORED;
        block->checksum = dram->slots[block->dram_slot].checksum;
        weft_kv_tier_pin(dram, block->dram_slot);
        weft_kv_tier_touch(dram, block->dram_slot);
    }
}

bool weft_kv_job_begin(struct weft_kv_job *job, struct weft_kv_store *store,
                       const struct weft_kv_arrival *arrival, const uint64_t *keys, uint32_t gpu)
{
    struct weft_kv_tier *tier = &store->gpus[gpu].tier;

    if (weft_kv_tier_room(tier) < arrival->block_count)
        return false;
    job->store = store;
    job->gpu = gpu;
    job->arrival = arrival;
    job->block_count = arrival->block_count;
    job->failed = false;
    job->wrong_bytes = 0;
    for (uint32_t i = 0; i < job->block_count; i++)
        block_begin(&job->blocks[i], store, tier, keys[i]);
    return true;
}

/* Blocks that the transfer with `dram` moves, as pairs of slots. */
static uint32_t pairs_fill(const struct weft_kv_job *job, uint32_t dram, bool restore,
                           struct weft_kv_pair pairs[])
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < job->block_count; i++) {
        const struct weft_kv_block *block = &job->blocks[i];

        if (block->dram == dram && (!restore || block->kind == WEFT_KV_BLOCK_RESTORED))
            pairs[count++] = (struct weft_kv_pair){block->gpu_slot, block->dram_slot};
    }
    return count;
}

weftResult_t weft_kv_job_move(struct weft_kv_job *job, struct weft_kv_mover *mover, bool restore)
{
    struct weft_kv_pair pairs[WEFT_KV_REQUEST_BLOCKS_MAX];
    weftResult_t first = weftSuccess;

    job->bytes = 0;
    memset(job->requests, 0, sizeof(job->requests));
    for (uint32_t dram = 0; dram < mover->store->dram_count && first == weftSuccess; dram++) {
        uint32_t count = pairs_fill(job, dram, restore, pairs);

        if (count == 0)
            continue;
        first =
            weft_kv_mover_start(mover, restore, job->gpu, dram, pairs, count, &job->requests[dram]);
        if (first == weftSuccess)
            job->bytes += count * mover->store->shape.block_bytes;
    }
    return first;
}

weftResult_t weft_kv_job_test(struct weft_kv_job *job)
{
    weftResult_t first = weftSuccess;
    bool waiting = false;

    for (uint32_t i = 0; i < WEFT_KV_DRAMS_MAX; i++) {
        weftResult_t result;

        if (job->requests[i] == NULL)
            continue;
        result = weftTest(&job->requests[i]);
        waiting = waiting || result == weftInProgress;
        if (result != weftSuccess && result != weftInProgress) {
            job->failed = true;
            first = result;
        }
    }
    return waiting ? weftInProgress : first;
}

void weft_kv_job_checked(struct weft_kv_job *job, struct weft_kv_store *store)
{
    struct weft_kv_tier *gpu = &store->gpus[job->gpu].tier;

    for (uint32_t i = 0; i < job->block_count; i++) {
        struct weft_kv_block *block = &job->blocks[i];

        if (block->kind == WEFT_KV_BLOCK_HIT)
            continue;
        gpu->slots[block->gpu_slot].ready = true;
        gpu->slots[block->gpu_slot].checksum = block->checksum;
        if (block->kind == WEFT_KV_BLOCK_RESTORED)
            weft_kv_tier_unpin(&store->drams[block->dram].tier, block->dram_slot);
        block->dram = WEFT_NONE;
    }
}

static bool dram_has(const struct weft_kv_store *store, uint64_t key)
{
    for (uint32_t i = 0; i < store->dram_count; i++)
        if (weft_kv_tier_find(&store->drams[i].tier, key) != WEFT_NONE)
            return true;
    return false;
}

/* A slot in the host memory of the GPU's own socket, or of another where that one is in use. */
static void block_place(struct weft_kv_block *block, struct weft_kv_store *store, int numa_node)
{
    for (uint32_t pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < store->dram_count; i++) {
            bool near = store->drams[i].numa_node == numa_node;

            if (near != (pass == 0))
                continue;
            block->dram_slot = weft_kv_tier_take(&store->drams[i].tier, block->key);
            if (block->dram_slot != WEFT_NONE) {
                block->dram = i;
                return;
            }
        }
    }
}

uint32_t weft_kv_job_place(struct weft_kv_job *job, struct weft_kv_store *store)
{
    const struct weft_kv_pool *gpu = &store->gpus[job->gpu];
    uint32_t placed = 0;

    for (uint32_t i = 0; i < job->block_count; i++) {
        struct weft_kv_block *block = &job->blocks[i];

        if (!gpu->tier.slots[block->gpu_slot].ready || dram_has(store, block->key))
            continue;
        block->checksum = gpu->tier.slots[block->gpu_slot].checksum;
        block_place(block, store, gpu->numa_node);
        placed += block->dram != WEFT_NONE;
    }
    return placed;
}

void weft_kv_job_end(struct weft_kv_job *job, struct weft_kv_store *store, bool good)
{
    struct weft_kv_tier *gpu = &store->gpus[job->gpu].tier;

    for (uint32_t i = 0; i < job->block_count; i++) {
        struct weft_kv_block *block = &job->blocks[i];

        weft_kv_tier_unpin(gpu, block->gpu_slot);
        if (block->dram == WEFT_NONE)
            continue;
        if (good) {
            struct weft_kv_tier *dram = &store->drams[block->dram].tier;

            dram->slots[block->dram_slot].checksum = block->checksum;
            dram->slots[block->dram_slot].ready = true;
            weft_kv_tier_unpin(dram, block->dram_slot);
        } else {
            weft_kv_tier_drop(&store->drams[block->dram].tier, block->dram_slot);
        }
    }
}
