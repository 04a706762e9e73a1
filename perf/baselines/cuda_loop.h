/* What the driver does without Weft: one stream, cuMemcpyAsync for a contiguous copy, and
 * cuMemcpyBatchAsync for scattered pages (piece by piece where the driver has none).
 *
 * The baseline that `weft-perf --baseline cuda` puts beside Weft, on the same memory. */
#ifndef WEFT_BASELINES_CUDA_LOOP_H
#define WEFT_BASELINES_CUDA_LOOP_H

#include "common/units.h"

struct weft_cuda_loop;

/* Blocks of one copy; with ids NULL block i lies at i * stride. */
struct weft_cuda_loop_blocks {
    uint64_t block_bytes;
    uint64_t stride;
    uint64_t count;
    const uint32_t *src_ids;
    const uint32_t *dst_ids;
};

/* A stream on the GPU at PCI address `bus`, of the driver in the file `driver` (empty: the
 * system's). NULL with a sentence. */
struct weft_cuda_loop *weft_cuda_loop_open(const char *driver, const char *bus,
                                           char why[WEFT_WHY_BYTES]);

/* Pins host memory for the driver, which copies unpinned memory at half the rate. Memory that is
 * pinned already stays as it is; else it is let go at close. One piece per loop. */
bool weft_cuda_loop_pin(struct weft_cuda_loop *loop, void *memory, size_t size,
                        char why[WEFT_WHY_BYTES]);

/* NULL is allowed. */
void weft_cuda_loop_close(struct weft_cuda_loop *loop);

/* Starts a contiguous copy between registered host memory and the GPU. */
bool weft_cuda_loop_copy(struct weft_cuda_loop *loop, void *dst, const void *src, size_t size);

/* Starts a copy of blocks. */
bool weft_cuda_loop_copy_blocks(struct weft_cuda_loop *loop, void *dst, const void *src,
                                const struct weft_cuda_loop_blocks *blocks);

/* Waits until all that was started has ended; false when something failed, and `why` says what. */
bool weft_cuda_loop_wait(struct weft_cuda_loop *loop, char why[WEFT_WHY_BYTES]);

#endif
