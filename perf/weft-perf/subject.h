/* What is moved: the pairs of devices of a measurement, their memory, and for blocks the id lists.
 *
 * Memory belongs to the machine's home comm and is allocated once for the largest size: first touch
 * of host pages is slow on small machines. Source patterns change with every seed; destinations are
 * poisoned before, so that a byte that never came is seen. */
#ifndef WEFT_PERF_SUBJECT_H
#define WEFT_PERF_SUBJECT_H

#include "common/testbed.h"
#include "options.h"

#define WEFT_PERF_FLOWS_MAX 16

struct weft_perf_flow {
    weftDevId_t from_id;
    weftDevId_t to_id;
    uint32_t from_device; /* in the machine's topology; WEFT_NONE without one */
    uint32_t to_device;
    bool from_gpu;
    bool to_gpu;
    void *src;
    void *dst;
};

struct weft_perf_subject {
    const struct weft_testbed *testbed;
    enum weft_perf_op op;
    uint32_t flow_count;
    struct weft_perf_flow flows[WEFT_PERF_FLOWS_MAX];
    char from_names[WEFT_PERF_FLOWS_MAX][32];
    char to_names[WEFT_PERF_FLOWS_MAX][32];
    uint64_t span_bytes;  /* of each flow's memory, on either side */
    uint64_t block_bytes; /* 0: contiguous */
    uint64_t block_count;
    uint64_t block_stride;
    uint32_t *src_ids; /* NULL: block i lies at i */
    uint32_t *dst_ids;
};

bool weft_perf_subject_init(struct weft_perf_subject *subject, const struct weft_testbed *testbed,
                            const struct weft_perf_options *options, char why[WEFT_WHY_BYTES]);
void weft_perf_subject_fini(struct weft_perf_subject *subject);

/* Pattern into the first `size` bytes of the sources (all blocks), poison into the destinations,
 * new block ids. False when the driver fails. */
bool weft_perf_subject_prepare(struct weft_perf_subject *subject, uint64_t size, uint64_t seed);

/* Counts the bytes that are not what was sent. */
bool weft_perf_subject_verify(const struct weft_perf_subject *subject, uint64_t size, uint64_t seed,
                              uint64_t *wrong);

#endif
