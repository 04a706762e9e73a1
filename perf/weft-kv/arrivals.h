/* When requests arrive, in the machine's time.
 *
 * The trace is first run through the tiers without bytes or time, to learn what it moves; then its
 * clock is compressed so that PCIe would be busy for the asked part with one link per GPU. */
#ifndef WEFT_KV_ARRIVALS_H
#define WEFT_KV_ARRIVALS_H

#include "job.h"

struct weft_kv_arrivals {
    weft_ns *due_at; /* [count], from the start of the replay */
    size_t count;
    double speedup; /* how much faster than the trace's clock */
    uint64_t planned_bytes;
};

/* Leaves the store's tiers empty. Owns: the caller, until fini. */
bool weft_kv_arrivals_init(struct weft_kv_arrivals *arrivals, const struct weft_kv_trace *trace,
                           struct weft_kv_store *store, const struct weft_kv_options *options,
                           char why[WEFT_WHY_BYTES]);
void weft_kv_arrivals_fini(struct weft_kv_arrivals *arrivals);

/* The GPU of request `index`. `active` is the number of blocks under way on each GPU. */
uint32_t weft_kv_arrivals_gpu(const struct weft_kv_options *options, uint32_t gpu_count,
                              size_t index, const uint64_t active[WEFT_KV_GPUS_MAX]);

#endif
