/* The replay: requests arrive and wait in their GPU's queue until it has room for their blocks,
 * their jobs step from state to state, completions are timed when they are seen. One thread; the
 * worker alone works beside it. */
#include "replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "checker.h"
#include "common/stats.h"
#include "progress.h"

#define JOBS_MAX  256
#define DECODE_NS 20000000 /* of a token of output: 50 a second */

struct replay {
    struct weft_kv_result *result;
    struct weft_kv_store *store;
    const struct weft_kv_trace *trace;
    const struct weft_kv_arrivals *arrivals;
    const struct weft_kv_options *options;
    struct weft_kv_mover mover;
    struct weft_kv_worker worker;
    struct weft_kv_progress progress;
    struct weft_kv_job jobs[JOBS_MAX];
    uint32_t job_count; /* that may be under way */
    uint32_t active;
    uint64_t active_blocks[WEFT_KV_GPUS_MAX];  /* of requests that wait, too */
    struct weft_list queues[WEFT_KV_GPUS_MAX]; /* requests that have arrived, by their index */
    struct weft_list_link *queue_links;
    size_t next; /* arrival */
    size_t done;
    weft_ns start_at;
};

static weft_ns replay_now(const struct replay *replay)
{
    return weft_testbed_now(replay->store->testbed);
}

/* Starts the restore or the offload of a job. A transfer that could not start counts as an error
 * and the job goes on without it. */
static void job_move(struct replay *replay, struct weft_kv_job *job, bool restore)
{
    struct weft_kv_result *result = replay->result;
    weftResult_t moved;

    job->started_at = replay_now(replay);
    moved = weft_kv_job_move(job, &replay->mover, restore);
    if (moved != weftSuccess) {
        job->failed = true;
        weft_kv_errors_note(&result->base.errors, replay->mover.comm, moved);
    }
    weft_kv_flow_start(restore ? &result->restore : &result->offload, job->bytes,
                       job->bytes / replay->store->shape.block_bytes, job->started_at);
    weft_kv_job_set_state(job, restore ? WEFT_KV_JOB_RESTORING : WEFT_KV_JOB_OFFLOADING);
}

static void job_check(struct replay *replay, struct weft_kv_job *job)
{
    weft_kv_job_set_state(job, WEFT_KV_JOB_CHECKING);
    job->task.run = weft_kv_job_check;
    weft_kv_worker_push(&replay->worker, &job->task);
}

static void job_free(struct replay *replay, struct weft_kv_job *job, bool good)
{
    weft_kv_job_end(job, replay->store, good);
    weft_kv_job_set_state(job, WEFT_KV_JOB_FREE);
    replay->active--;
    replay->active_blocks[job->gpu] -= job->block_count;
    replay->done++;
}

/* How long the GPU would compute for it, in the compressed time. */
static weft_ns service_ns(const struct replay *replay, const struct weft_kv_job *job)
{
    uint64_t cached = 0;
    double whole;

    if (replay->options->saturate)
        return 0;
    for (uint32_t i = 0; i < job->block_count; i++)
        cached += job->blocks[i].kind == WEFT_KV_BLOCK_NEW ? 0 : WEFT_KV_BLOCK_TOKENS;
    whole = (double)weft_sub_sat(job->arrival->input_tokens, cached) * WEFT_KV_PREFILL_NS +
            (double)job->arrival->output_tokens * DECODE_NS;
    return (weft_ns)(whole / replay->arrivals->speedup);
}

static bool restore_step(struct replay *replay, struct weft_kv_job *job)
{
    struct weft_kv_result *result = replay->result;
    weftResult_t ended = weft_kv_job_test(job);
    weft_ns now;

    if (ended == weftInProgress)
        return false;
    now = replay_now(replay);
    weft_kv_flow_end(&result->restore, now);
    if (ended == weftSuccess && !job->failed)
        result->base.times_ns[result->base.count++] = now - job->started_at;
    else if (ended != weftSuccess)
        weft_kv_errors_note(&result->base.errors, replay->mover.comm, ended);
    job->end_at = now + service_ns(replay, job);
    job_check(replay, job);
    return true;
}

static bool offload_step(struct replay *replay, struct weft_kv_job *job)
{
    weftResult_t ended = weft_kv_job_test(job);

    if (ended == weftInProgress)
        return false;
    weft_kv_flow_end(&replay->result->offload, replay_now(replay));
    if (ended != weftSuccess)
        weft_kv_errors_note(&replay->result->base.errors, replay->mover.comm, ended);
    job_free(replay, job, ended == weftSuccess && !job->failed);
    return true;
}

/* Moves a job on if it can; true when it did. */
static bool job_step(struct replay *replay, struct weft_kv_job *job)
{
    switch (job->state) {
    case WEFT_KV_JOB_RESTORING:
        return restore_step(replay, job);
    case WEFT_KV_JOB_CHECKING:
        if (!weft_kv_task_done(&job->task))
            return false;
        replay->result->base.wrong_bytes += job->wrong_bytes;
        weft_kv_job_checked(job, replay->store);
        job->failed = false;
        weft_kv_job_set_state(job, WEFT_KV_JOB_RUNNING);
        return true;
    case WEFT_KV_JOB_RUNNING:
        if (replay_now(replay) < job->end_at)
            return false;
        if (weft_kv_job_place(job, replay->store) > 0)
            job_move(replay, job, false);
        else
            job_free(replay, job, true);
        return true;
    case WEFT_KV_JOB_OFFLOADING:
        return offload_step(replay, job);
    default:
        return false;
    }
}

static void job_start(struct replay *replay, struct weft_kv_job *job)
{
    uint32_t restored = 0;

    for (uint32_t i = 0; i < job->block_count; i++) {
        replay->result->base.hit_blocks += job->blocks[i].kind == WEFT_KV_BLOCK_HIT;
        replay->result->base.new_blocks += job->blocks[i].kind == WEFT_KV_BLOCK_NEW;
        restored += job->blocks[i].kind == WEFT_KV_BLOCK_RESTORED;
    }
    replay->active++;
    if (restored > 0) {
        job_move(replay, job, true);
    } else {
        job->end_at = replay_now(replay) + service_ns(replay, job);
        job_check(replay, job);
    }
}

static bool is_due(const struct replay *replay)
{
    if (replay->options->saturate)
        return replay->next - replay->done < replay->job_count;
    return replay_now(replay) - replay->start_at >= replay->arrivals->due_at[replay->next];
}

/* Requests that are due go to their GPU's queue: one that has no room holds up no other. */
static void arrivals_queue(struct replay *replay)
{
    while (replay->next < replay->trace->count && is_due(replay)) {
        uint32_t gpu = weft_kv_arrivals_gpu(replay->options, replay->store->gpu_count, replay->next,
                                            replay->active_blocks);

        replay->active_blocks[gpu] += replay->trace->arrivals[replay->next].block_count;
        weft_list_append(&replay->queues[gpu], replay->queue_links, (uint32_t)replay->next);
        replay->next++;
    }
}

/* Starts the GPU's next request if there is a job and room for it; true when it did. */
static bool queue_step(struct replay *replay, uint32_t gpu)
{
    uint32_t index = replay->queues[gpu].first;
    const struct weft_kv_arrival *arrival;
    struct weft_kv_job *job = NULL;

    if (index == WEFT_NONE || replay->active == replay->job_count)
        return false;
    for (uint32_t i = 0; job == NULL; i++)
        if (replay->jobs[i].state == WEFT_KV_JOB_FREE)
            job = &replay->jobs[i];
    arrival = &replay->trace->arrivals[index];
    if (!weft_kv_job_begin(job, replay->store, arrival,
                           replay->trace->blocks + arrival->first_block, gpu))
        return false;
    weft_list_remove(&replay->queues[gpu], replay->queue_links, index);
    job_start(replay, job);
    return true;
}

/* Until all are done. Every wait ends: transfers at their deadline, the worker with its queue. */
static void replay_loop(struct replay *replay)
{
    const struct weft_kv_result *result = replay->result;
    weft_ns submitted_ns = weft_testbed_submit_ns(replay->store->testbed);

    replay->start_at = replay_now(replay);
    while (replay->done < replay->trace->count) {
        bool moved = false;

        arrivals_queue(replay);
        for (uint32_t i = 0; i < replay->store->gpu_count; i++)
            moved = queue_step(replay, i) || moved;
        for (uint32_t i = 0; i < replay->job_count; i++)
            moved = job_step(replay, &replay->jobs[i]) || moved;
        if (!moved)
            weft_testbed_sleep(replay->store->testbed, 0);
        weft_kv_progress_step(&replay->progress, replay->done, replay->trace->count,
                              result->restore.bytes + result->offload.bytes);
    }
    replay->result->base.total_ns = replay_now(replay) - replay->start_at;
    replay->result->base.submit_ns = weft_testbed_submit_ns(replay->store->testbed) - submitted_ns;
}

static bool replay_init(struct replay *replay, const char *sched, char why[WEFT_WHY_BYTES])
{
    bool good = true;

    replay->job_count = replay->options->saturate ? replay->options->concurrency : JOBS_MAX;
    for (uint32_t i = 0; i < replay->job_count; i++) {
        replay->jobs[i].blocks =
            calloc(WEFT_KV_REQUEST_BLOCKS_MAX, sizeof(*replay->jobs[i].blocks));
        good = good && replay->jobs[i].blocks != NULL;
    }
    for (uint32_t i = 0; i < WEFT_KV_GPUS_MAX; i++)
        weft_list_init(&replay->queues[i]);
    replay->queue_links = calloc(replay->trace->count, sizeof(*replay->queue_links));
    replay->result->base.times_ns = calloc(replay->trace->count, sizeof(uint64_t));
    good = good && replay->queue_links != NULL && replay->result->base.times_ns != NULL &&
           weft_kv_store_reset(replay->store);
    if (!good) {
        (void)snprintf(why, WEFT_WHY_BYTES, "no memory for the requests under way");
        return false;
    }
    if (!weft_kv_mover_open(&replay->mover, replay->store, sched, why))
        return false;
    if (!weft_kv_worker_start(&replay->worker)) {
        (void)snprintf(why, WEFT_WHY_BYTES, "the thread that checks could not be started");
        return false;
    }
    return true;
}

bool weft_kv_replay(struct weft_kv_result *result, struct weft_kv_store *store,
                    const struct weft_kv_trace *trace, const struct weft_kv_arrivals *arrivals,
                    const struct weft_kv_options *options, const char *sched,
                    char why[WEFT_WHY_BYTES])
{
    struct replay *replay = calloc(1, sizeof(*replay));
    bool good;

    memset(result, 0, sizeof(*result));
    result->base.sched = sched == NULL ? "pull" : sched;
    if (replay == NULL) {
        (void)snprintf(why, WEFT_WHY_BYTES, "no memory for the replay");
        return false;
    }
    replay->result = result;
    replay->store = store;
    replay->trace = trace;
    replay->arrivals = arrivals;
    replay->options = options;
    weft_kv_progress_start(&replay->progress, result->base.sched);
    good = replay_init(replay, sched, why);
    if (good) {
        replay_loop(replay);
        weft_stats_sort(result->base.times_ns, result->base.count);
        result->base.routes = weft_kv_mover_routes(&replay->mover);
    }
    weft_kv_progress_end(&replay->progress);
    weft_kv_worker_stop(&replay->worker);
    weft_kv_mover_close(&replay->mover);
    for (uint32_t i = 0; i < JOBS_MAX; i++)
        free(replay->jobs[i].blocks);
    free(replay->queue_links);
    free(replay);
    return good;
}

double weft_kv_result_throughput(const struct weft_kv_result *result)
{
    return weft_rate_gb_per_s(result->restore.bytes + result->offload.bytes, result->base.total_ns);
}
