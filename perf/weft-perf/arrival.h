/* How much of a transfer has arrived, by looking at its destination.
 *
 * Words spread evenly over the destination are marked before the transfer; those that are no longer
 * what they were have been written. It asks nobody: neither the library nor a driver. */
#ifndef WEFT_PERF_ARRIVAL_H
#define WEFT_PERF_ARRIVAL_H

#include <stdatomic.h>

#include "base/base.h"

#define WEFT_PERF_ARRIVAL_WORDS 512

struct weft_perf_arrival {
    uint32_t word_count;
    uint32_t arrived_count;
    _Atomic uint64_t *words[WEFT_PERF_ARRIVAL_WORDS]; /* those that have arrived come first */
};

/* Where the transfer's bytes go: `count` blocks of `block_bytes`, the i-th at block ids[i] (NULL:
 * at block i), blocks `stride` apart. */
struct weft_perf_arrival_place {
    void *memory;
    uint64_t block_bytes;
    uint64_t count;
    uint64_t stride;
    const uint32_t *ids;
};

/* Marks words of every place. Needs: memory that this process can write, aligned to words; no
 * transfer under way into it. A transfer of less than a word has none. */
void weft_perf_arrival_init(struct weft_perf_arrival *arrival,
                            const struct weft_perf_arrival_place *places, uint32_t place_count);

/* Of 1000 parts, how many have arrived; 0 without words. */
uint32_t weft_perf_arrival_permille(struct weft_perf_arrival *arrival);

#endif
