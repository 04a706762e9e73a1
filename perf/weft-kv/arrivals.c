/* The clock of the replay. */
#include "arrivals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GRAIN_LAST_MS 3000  /* what the last time stamp's requests are spread over */
#define RATE_UNKNOWN  50000 /* bytes per us of a link that nobody has described */

uint32_t weft_kv_arrivals_gpu(const struct weft_kv_options *options, uint32_t gpu_count,
                              size_t index, const uint64_t active[WEFT_KV_GPUS_MAX])
{
    uint32_t best = 0;

    if (options->spread == WEFT_KV_ROUND_ROBIN)
        return (uint32_t)(index % gpu_count);
    for (uint32_t i = 1; i < gpu_count; i++)
        if (active[i] < active[best])
            best = i;
    return best;
}

/* Runs one request after the other through the tiers; returns the bytes that it moves. */
static uint64_t bytes_planned(const struct weft_kv_trace *trace, struct weft_kv_store *store,
                              const struct weft_kv_options *options, struct weft_kv_job *job)
{
    static const uint64_t idle[WEFT_KV_GPUS_MAX];
    uint64_t blocks = 0;

    for (size_t i = 0; i < trace->count; i++) {
        const struct weft_kv_arrival *arrival = &trace->arrivals[i];
        uint32_t gpu = weft_kv_arrivals_gpu(options, store->gpu_count, i, idle);
        bool begun = weft_kv_job_begin(
            job, store, arrival, trace->blocks + arrival->first_block,
            options->spread == WEFT_KV_ROUND_ROBIN ? gpu : (uint32_t)(i % store->gpu_count));

        weft_assert(begun);
        for (uint32_t k = 0; k < job->block_count; k++)
            blocks += job->blocks[k].kind == WEFT_KV_BLOCK_RESTORED;
        weft_kv_job_checked(job, store);
        blocks += weft_kv_job_place(job, store);
        weft_kv_job_end(job, store, true);
    }
    return blocks * store->shape.block_bytes;
}

/* The rate of one GPU's own way to host memory. */
static uint64_t direct_rate(const struct weft_topo *topo)
{
    uint32_t links[WEFT_LINK_PATH_MAX];
    uint64_t rate = UINT64_MAX;
    uint32_t count = 0;

    if (topo != NULL)
        count = weft_topo_links_between(topo, weft_topo_find(topo, "gpu0"),
                                        weft_topo_find(topo, "dram0"), false, links);
    for (uint32_t i = 0; i < count; i++)
        rate = weft_min(rate, topo->links[links[i]].rate_bytes_per_us);
    return count == 0 ? RATE_UNKNOWN : rate;
}

uint64_t weft_kv_arrivals_nics_rate(const struct weft_topo *topo, uint32_t gpu_count)
{
    uint64_t rate = RATE_UNKNOWN;
    uint32_t count = 0;
    uint32_t link;

    if (topo == NULL)
        return rate * gpu_count;
    while (count < gpu_count && weft_topo_nth(topo, weftDeviceNic, count) != WEFT_NONE)
        count++;
    link = weft_topo_link_find(topo, "nic0-net");
    if (link != WEFT_NONE)
        rate = topo->links[link].rate_bytes_per_us;
    return rate * weft_max(count, 1);
}

/* Requests of one time stamp are spread evenly up to the next: the trace's clock has a grain. */
static void dues_fill(struct weft_kv_arrivals *arrivals, const struct weft_kv_trace *trace)
{
    uint64_t first_ms = trace->arrivals[0].timestamp_ms;

    for (size_t i = 0; i < trace->count;) {
        uint64_t stamp_ms = trace->arrivals[i].timestamp_ms;
        uint64_t grain_ms = GRAIN_LAST_MS;
        size_t end = i;

        while (end < trace->count && trace->arrivals[end].timestamp_ms == stamp_ms)
            end++;
        if (end < trace->count)
            grain_ms = trace->arrivals[end].timestamp_ms - stamp_ms;
        for (size_t k = i; k < end; k++) {
            double at_ms = (double)(stamp_ms - first_ms) +
                           (double)grain_ms * (double)(k - i) / (double)(end - i);

            arrivals->due_at[k] = (weft_ns)(at_ms * 1e6 / arrivals->speedup);
        }
        i = end;
    }
}

/* Compresses the trace's clock so that its bytes keep links of `rate` busy for the asked part. */
static bool arrivals_fill(struct weft_kv_arrivals *arrivals, const struct weft_kv_trace *trace,
                          const struct weft_kv_options *options, uint64_t rate_bytes_per_us)
{
    uint64_t first_ms = trace->arrivals[0].timestamp_ms;
    double span_ns =
        (double)(trace->arrivals[trace->count - 1].timestamp_ms - first_ms + GRAIN_LAST_MS) * 1e6;
    double load = (double)options->load_millionths / 1e6;
    double busy_ns = (double)arrivals->planned_bytes * 1e3 / (double)rate_bytes_per_us;

    arrivals->due_at = calloc(trace->count, sizeof(*arrivals->due_at));
    if (arrivals->due_at == NULL)
        return false;
    arrivals->count = trace->count;
    arrivals->speedup = span_ns * load / (busy_ns > 0 ? busy_ns : 1);
    dues_fill(arrivals, trace);
    return true;
}

bool weft_kv_arrivals_offload(struct weft_kv_arrivals *arrivals, const struct weft_kv_trace *trace,
                              struct weft_kv_store *store, const struct weft_kv_options *options,
                              char why[WEFT_WHY_BYTES])
{
    struct weft_kv_job job = {0};
    bool good;

    memset(arrivals, 0, sizeof(*arrivals));
    job.blocks = calloc(WEFT_KV_REQUEST_BLOCKS_MAX, sizeof(*job.blocks));
    good = job.blocks != NULL;
    if (good) {
        arrivals->planned_bytes = bytes_planned(trace, store, options, &job);
        good = arrivals_fill(arrivals, trace, options,
                             direct_rate(store->testbed->topo) * store->gpu_count) &&
               weft_kv_store_reset(store);
    }
    if (!good) {
        (void)snprintf(why, WEFT_WHY_BYTES, "no memory for the arrivals");
        weft_kv_arrivals_fini(arrivals);
    }
    free(job.blocks);
    return good;
}

bool weft_kv_arrivals_handoff(struct weft_kv_arrivals *arrivals, const struct weft_kv_trace *trace,
                              const struct weft_kv_store *store,
                              const struct weft_kv_options *options, char why[WEFT_WHY_BYTES])
{
    uint64_t rate = weft_kv_arrivals_nics_rate(store->testbed->topo, store->gpu_count);

    memset(arrivals, 0, sizeof(*arrivals));
    arrivals->planned_bytes = trace->block_count * store->shape.block_bytes;
    if (arrivals_fill(arrivals, trace, options, rate))
        return true;
    (void)snprintf(why, WEFT_WHY_BYTES, "no memory for the arrivals");
    return false;
}

void weft_kv_arrivals_fini(struct weft_kv_arrivals *arrivals)
{
    free(arrivals->due_at);
    memset(arrivals, 0, sizeof(*arrivals));
}
