/* Makes lanes. */
#include "lane.h"

struct lane lane_of(int gpu, weft_cuda_ptr dst, weft_cuda_ptr src)
{
    return (struct lane){new_stream(gpu), new_event(gpu), new_event(gpu), dst, src};
}

struct lane to_device(int gpu, size_t size, int node)
{
    return lane_of(gpu, new_memory(gpu, size), address_of(new_host(size, node)));
}

struct lane to_host(int gpu, size_t size, int node)
{
    return lane_of(gpu, address_of(new_host(size, node)), new_memory(gpu, size));
}

struct lane to_peer(int from, int to, size_t size)
{
    return lane_of(from, new_memory(to, size), new_memory(from, size));
}

double elapsed_us(const struct lane *lane)
{
    float ms;

    OK(cuda.event_elapsed(&ms, lane->start, lane->end));
    return (double)ms * 1000;
}
