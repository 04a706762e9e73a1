/* A machine of one or two GPUs and one host memory, opened on the transports themselves.
 *
 * The driver is the system's, or the one that WEFT_CUDA_DRIVER names (the emulated one starts the
 * machine that WEFT_EMULATE names). Without a driver or a GPU the calling test is skipped. */
#ifndef WEFT_TEST_GPU_FIXTURE_H
#define WEFT_TEST_GPU_FIXTURE_H

#include <criterion/criterion.h>

#include "base/base.h"
#include "base/prng.h"
#include "cuda/cuda.h"
#include "cuda/cuda_driver.h"
#include "host/host.h"
#include "weft_transport.h"

#define MACHINE_GPUS_MAX 2
#define MACHINE_DEVICES  (MACHINE_GPUS_MAX + 1)
#define MACHINE_COOKIES  256
#define MACHINE_WINDOWS  32
#define MACHINE_WAIT_NS  ((weft_ns)30000000000) /* for a copy; an emulated machine is slow */

struct machine {
    struct weft_transport_env env;
    const struct weft_cuda_driver *driver;
    bool emulated;
    uint32_t gpu_count;
    uint32_t dram; /* the device after the GPUs */
    struct weft_device_ref devices[MACHINE_DEVICES];
    struct weft_port *gpus[MACHINE_GPUS_MAX];
    struct weft_port *host;
    uint32_t lanes[MACHINE_DEVICES][MACHINE_DEVICES]; /* by source and destination */
    bool ended[MACHINE_COOKIES];
    weftResult_t results[MACHINE_COOKIES];
};

/* Opens what there is, at most `gpus_max` GPUs; skips the test where there are fewer than
 * `gpus_min`. */
void machine_open(struct machine *machine, uint32_t gpus_min, uint32_t gpus_max);
void machine_close(struct machine *machine);

/* The port that drives hops from `src` to `dst`. */
struct weft_port *machine_port(const struct machine *machine, uint32_t src, uint32_t dst);

/* Memory of a device as window number `window` on every GPU's port. */
void *machine_window(struct machine *machine, uint32_t window, uint32_t device, size_t size);

/* Tells every GPU's port of memory that is there; the first refusal, or success. */
weftResult_t machine_window_add(struct machine *machine, uint32_t window, uint32_t device,
                                void *memory, size_t size, char why[256]);

/* Fills in a copy from device to device; `after` is none. */
struct weft_copy machine_copy(const struct machine *machine, uint32_t src, uint32_t src_window,
                              uint32_t dst, uint32_t dst_window, uint32_t cookie,
                              const struct weft_extent *extents, uint32_t count);

/* Issues it, again while the queue is full. */
weftResult_t machine_issue(struct machine *machine, uint32_t src, uint32_t dst,
                           const struct weft_copy *copy);

/* Polls until the cookie has ended and gives its result. */
weftResult_t machine_wait(struct machine *machine, uint32_t cookie);

/* Moves one extent and waits for it. */
void machine_move(struct machine *machine, uint32_t src, uint32_t src_window, uint64_t src_offset,
                  uint32_t dst, uint32_t dst_window, uint64_t dst_offset, uint64_t size);

/* Bytes that depend on `seed`. */
void machine_fill(void *memory, size_t size, uint64_t seed);

weft_ns machine_now(void);

#endif
