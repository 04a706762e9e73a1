/* When requests arrive, in the machine's time.
 *
 * First it is found out what the trace moves: for an offload by running it through the tiers
 * without bytes or time, for a handoff by counting. Then its clock is compressed so that the links
 * would be busy for the asked part: with an offload one PCIe link per GPU, with a handoff one NIC
 * per GPU. */
#ifndef WEFT_KV_ARRIVALS_H
#define WEFT_KV_ARRIVALS_H

#include "job.h"

#define WEFT_KV_PREFILL_NS 125000 /* of a token that was not cached: 8,000 a second */

struct weft_kv_arrivals {
    weft_ns *due_at; /* [count], from the start of the replay */
    size_t count;
    double speedup; /* how much faster than the trace's clock */
    uint64_t planned_bytes;
};

/* Leaves the store's tiers empty. Owns: the caller, until fini. */
bool weft_kv_arrivals_offload(struct weft_kv_arrivals *arrivals, const struct weft_kv_trace *trace,
                              struct weft_kv_store *store, const struct weft_kv_options *options,
                              char why[WEFT_WHY_BYTES]);

/* Every request's blocks go to the other server, once. Owns: the caller, until fini. */
bool weft_kv_arrivals_handoff(struct weft_kv_arrivals *arrivals, const struct weft_kv_trace *trace,
                              const struct weft_kv_store *store,
                              const struct weft_kv_options *options, char why[WEFT_WHY_BYTES]);
void weft_kv_arrivals_fini(struct weft_kv_arrivals *arrivals);

/* Bytes per us that the first `gpu_count` NICs send, or as many as there are. */
uint64_t weft_kv_arrivals_nics_rate(const struct weft_topo *topo, uint32_t gpu_count);

/* The GPU of request `index`. `active` is the number of blocks under way on each GPU. */
uint32_t weft_kv_arrivals_gpu(const struct weft_kv_options *options, uint32_t gpu_count,
                              size_t index, const uint64_t active[WEFT_KV_GPUS_MAX]);

#endif
