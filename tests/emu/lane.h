/* One copy in a stream of its own, between two events: what the timing tests measure. */
#ifndef WEFT_TESTS_EMU_LANE_H
#define WEFT_TESTS_EMU_LANE_H

#include "fixture.h"

#define MIB ((size_t)1 << 20)

struct lane {
    weft_cuda_stream stream;
    weft_cuda_event start;
    weft_cuda_event end;
    weft_cuda_ptr dst;
    weft_cuda_ptr src;
};

/* With a stream and events of a GPU. */
struct lane lane_of(int gpu, weft_cuda_ptr dst, weft_cuda_ptr src);

/* With memory of its own: from host memory on a NUMA node, to it, from one GPU to another. */
struct lane to_device(int gpu, size_t size, int node);
struct lane to_host(int gpu, size_t size, int node);
struct lane to_peer(int from, int to, size_t size);

/* Between the lane's events, once both are reached. */
double elapsed_us(const struct lane *lane);

#endif
