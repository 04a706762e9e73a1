/* The checker's queue and work. */
#include "checker.h"

#include <string.h>

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

static void job_check(const struct weft_kv_store *store, struct weft_kv_job *job)
{
    for (uint32_t i = 0; i < job->block_count; i++) {
        struct weft_kv_block *block = &job->blocks[i];

        /* A restore that failed has brought nothing: the block is computed instead. */
        if (job->failed && block->kind == WEFT_KV_BLOCK_RESTORED) {
            (void)weft_kv_pool_fill(store, &store->gpus[job->gpu], block->gpu_slot, block->key);
            continue;
        }
        if (block->kind != WEFT_KV_BLOCK_HIT)
            block_check(store, job, block);
    }
    /* release: pairs with the acquire in job_step of replay.c */
    atomic_store_explicit(&job->checked, true, memory_order_release);
}

static struct weft_kv_job *queue_take(struct weft_kv_checker *checker)
{
    struct weft_kv_job *job;

    (void)pthread_mutex_lock(&checker->lock);
    while (checker->first == NULL && !checker->stopping)
        (void)pthread_cond_wait(&checker->wake, &checker->lock);
    job = checker->first;
    if (job != NULL)
        checker->first = job->next;
    (void)pthread_mutex_unlock(&checker->lock);
    return job;
}

static void *checker_run(void *argument)
{
    struct weft_kv_checker *checker = argument;
    struct weft_kv_job *job;

    while ((job = queue_take(checker)) != NULL)
        job_check(checker->store, job);
    return NULL;
}

bool weft_kv_checker_start(struct weft_kv_checker *checker, const struct weft_kv_store *store)
{
    memset(checker, 0, sizeof(*checker));
    checker->store = store;
    if (pthread_mutex_init(&checker->lock, NULL) != 0)
        return false;
    if (pthread_cond_init(&checker->wake, NULL) != 0) {
        (void)pthread_mutex_destroy(&checker->lock);
        return false;
    }
    checker->running = pthread_create(&checker->thread, NULL, checker_run, checker) == 0;
    if (!checker->running) {
        (void)pthread_cond_destroy(&checker->wake);
        (void)pthread_mutex_destroy(&checker->lock);
    }
    return checker->running;
}

void weft_kv_checker_stop(struct weft_kv_checker *checker)
{
    if (!checker->running)
        return;
    (void)pthread_mutex_lock(&checker->lock);
    checker->stopping = true;
    (void)pthread_cond_signal(&checker->wake);
    (void)pthread_mutex_unlock(&checker->lock);
    (void)pthread_join(checker->thread, NULL);
    (void)pthread_cond_destroy(&checker->wake);
    (void)pthread_mutex_destroy(&checker->lock);
    checker->running = false;
}

void weft_kv_checker_push(struct weft_kv_checker *checker, struct weft_kv_job *job)
{
    job->next = NULL;
    (void)pthread_mutex_lock(&checker->lock);
    if (checker->first == NULL)
        checker->first = job;
    else
        checker->last->next = job;
    checker->last = job;
    (void)pthread_cond_signal(&checker->wake);
    (void)pthread_mutex_unlock(&checker->lock);
}
