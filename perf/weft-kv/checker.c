/* What is right in a job's blocks. */
#include "checker.h"

static void block_check(const struct weft_kv_store *store, struct weft_kv_job *job,
                        struct weft_kv_block *block)
{
    const struct weft_kv_pool *gpu = &store->gpus[job->gpu];
    uint64_t sum = 0;

    if (block->kind == WEFT_KV_BLOCK_NEW) {
        if (!weft_kv_pool_fill(store, gpu, block->gpu_slot, block->key) ||
            !weft_kv_pool_checksum(store, gpu, block->gpu_slot, &block->checksum))
            job->wrong_bytes += store->shape.block_bytes;
        return;
    }
    if (!weft_kv_pool_checksum(store, gpu, block->gpu_slot, &sum) || sum != block->checksum)
        /* A wrong checksum with no wrong byte cannot be: then at least one counts. */
        job->wrong_bytes +=
            weft_max(weft_kv_pool_wrong(store, gpu, block->gpu_slot, block->key), 1);
}

void weft_kv_job_check(struct weft_kv_task *task)
{
    struct weft_kv_job *job = (struct weft_kv_job *)task;

    for (uint32_t i = 0; i < job->block_count; i++) {
        struct weft_kv_block *block = &job->blocks[i];

        /* A restore that failed has brought nothing: the block is computed instead. */
        if (job->failed && block->kind == WEFT_KV_BLOCK_RESTORED) {
            (void)weft_kv_pool_fill(job->store, &job->store->gpus[job->gpu], block->gpu_slot,
                                    block->key);
            continue;
        }
        if (block->kind != WEFT_KV_BLOCK_HIT)
            block_check(job->store, job, block);
    }
}
