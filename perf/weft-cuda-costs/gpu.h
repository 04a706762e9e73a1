/* The first GPU of a CUDA driver, called without Weft: two streams, an event, memory on both sides,
 * and the clocks to measure its calls with.
 *
 * The first failed call is kept until weft_costs_good asks for it; after it no copy is issued. On
 * an emulated machine both clocks are the machine's own, with the dilation removed, and CPU time
 * is what its model charges for calls. */
#ifndef WEFT_COSTS_GPU_H
#define WEFT_COSTS_GPU_H

#include "../../plugins/cuda-emu/emu.h"
#include "common/testbed.h"
#include "cuda/cuda_driver.h"

#define WEFT_COSTS_REPEATS_MOST 101
#define WEFT_COSTS_STREAMS      2

enum weft_costs_direction { WEFT_COSTS_D2H, WEFT_COSTS_H2D, WEFT_COSTS_D2D, WEFT_COSTS_DIRECTIONS };

struct weft_costs_gpu {
    struct weft_testbed testbed; /* opened when a node was named */
    const struct weft_cuda_driver *driver;
    weft_cuda_device device;
    weft_cuda_context context;
    weft_cuda_stream streams[WEFT_COSTS_STREAMS];
    weft_cuda_event event;
    weft_cuda_ptr device_memory; /* two halves of `half_bytes` */
    void *host_memory;           /* the same, pinned */
    uint64_t half_bytes;
    uint64_t size_max; /* of a single copy whose rate is measured */
    uint64_t repeats;
    bool emulated;
    char model[64];
    weft_emu_now_fn *now; /* NULL on the real machine, and so is the next */
    weft_emu_submit_ns_fn *submit_ns;
    weft_cuda_result error; /* of the first failed call, which is `call` */
    const char *call;
};

/* Opens the emulated machine `node`, or with NULL the driver in the file `driver` (empty: the
 * system's). `dilation` 0: the default. False with a sentence. */
bool weft_costs_gpu_open(struct weft_costs_gpu *gpu, const char *node, unsigned dilation,
                         const char *driver, char why[WEFT_WHY_BYTES]);
void weft_costs_gpu_close(struct weft_costs_gpu *gpu);

/* Allocates memory of two halves on both sides, once. */
bool weft_costs_gpu_room(struct weft_costs_gpu *gpu, uint64_t half_bytes, char why[WEFT_WHY_BYTES]);

/* Keeps the first error; true while there is none. */
bool weft_costs_try(struct weft_costs_gpu *gpu, const char *call, weft_cuda_result error);

/* False, with a sentence, when a call has failed. */
bool weft_costs_good(const struct weft_costs_gpu *gpu, char why[WEFT_WHY_BYTES]);

/* ns, and ns of CPU time of this thread, of the machine's own time. */
weft_ns weft_costs_now(const struct weft_costs_gpu *gpu);
weft_ns weft_costs_cpu_now(const struct weft_costs_gpu *gpu);

/* The first bytes that a direction reads and writes: source in one half, destination in the
 * other. */
weft_cuda_ptr weft_costs_src(const struct weft_costs_gpu *gpu, enum weft_costs_direction direction);
weft_cuda_ptr weft_costs_dst(const struct weft_costs_gpu *gpu, enum weft_costs_direction direction);

/* "d2h" */
const char *weft_costs_direction_name(enum weft_costs_direction direction);

/* Issues one copy on a stream. */
void weft_costs_copy(struct weft_costs_gpu *gpu, enum weft_costs_direction direction, uint64_t size,
                     uint32_t stream);

/* Asks until the stream is empty, or a deadline has passed, which is an error. */
void weft_costs_wait(struct weft_costs_gpu *gpu, uint32_t stream);

#endif
