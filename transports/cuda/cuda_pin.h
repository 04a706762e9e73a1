/* Host memory that CUDA has pinned, for all comms of the process.
 *
 * Pinning belongs to the process, windows and allocations to comms, and they may overlap: so it is
 * kept as pieces with a count of those that lie on each. A piece is pinned with the first and
 * released with the last; memory that somebody else has pinned is used and left alone.
 *
 * The driver refuses a copy that crosses from one piece into the next (measured: 13.0 answers
 * CUDA_ERROR_INVALID_VALUE): the seams say where copies are to be cut. */
#ifndef WEFT_CUDA_PIN_H
#define WEFT_CUDA_PIN_H

#include "cuda_driver.h"

#define WEFT_CUDA_PIN_BYTES_MAX WEFT_GIB(64) /* of one piece */
#define WEFT_CUDA_SEAMS_MAX     32           /* in one window */

/* Where, inside a range of host memory, one piece ends and the next begins; ascending. */
struct weft_cuda_seams {
    uint32_t count;
    uint64_t at[WEFT_CUDA_SEAMS_MAX]; /* addresses */
};

/* Pins [base, base + size), which nothing may unmap until weft_cuda_unpin, or adds to the counts of
 * what is pinned already. Needs a context current. Any thread.
 * weftInvalidArgument     it is no plain host memory; `why` says what it is
 * weftNoResource          no more can be pinned, or it would lie on too many pieces
 * weftUnhandledCudaError  the driver failed */
weftResult_t weft_cuda_pin(const struct weft_cuda_driver *driver, void *base, size_t size,
                           struct weft_cuda_seams *seams, char why[256]);

/* Takes back one weft_cuda_pin of the same range. Needs a context current. Any thread. */
void weft_cuda_unpin(const struct weft_cuda_driver *driver, void *base, size_t size);

#endif
