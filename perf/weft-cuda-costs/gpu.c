/* Opens the GPU and answers for its clocks. The emulated machine's clocks are functions that its
 * driver exports: who has them is emulated, however it was opened. */
#include "gpu.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/text.h"

#define WAIT_NS UINT64_C(60000000000) /* of the machine's own time */

static weft_ns clock_read(clockid_t clock)
{
    struct timespec now;

    (void)clock_gettime(clock, &now);
    return (weft_ns)now.tv_sec * 1000000000u + (weft_ns)now.tv_nsec;
}

weft_ns weft_costs_now(const struct weft_costs_gpu *gpu)
{
    return gpu->now != NULL ? gpu->now() : clock_read(CLOCK_MONOTONIC);
}

weft_ns weft_costs_cpu_now(const struct weft_costs_gpu *gpu)
{
    return gpu->submit_ns != NULL ? gpu->submit_ns() : clock_read(CLOCK_THREAD_CPUTIME_ID);
}

bool weft_costs_try(struct weft_costs_gpu *gpu, const char *call, weft_cuda_result error)
{
    if (gpu->error == WEFT_CUDA_SUCCESS && error != WEFT_CUDA_SUCCESS) {
        gpu->error = error;
        gpu->call = call;
    }
    return gpu->error == WEFT_CUDA_SUCCESS;
}

bool weft_costs_good(const struct weft_costs_gpu *gpu, char why[WEFT_WHY_BYTES])
{
    char text[WEFT_CUDA_ERROR_TEXT_BYTES];

    if (gpu->error == WEFT_CUDA_SUCCESS)
        return true;
    if (gpu->error == WEFT_CUDA_NOT_READY) {
        (void)snprintf(why, WEFT_WHY_BYTES, "%s: the GPU's copies do not end", gpu->call);
        return false;
    }
    weft_cuda_error_text(gpu->driver, gpu->error, text);
    (void)snprintf(why, WEFT_WHY_BYTES, "the CUDA driver %s failed in %s: %s", gpu->driver->path,
                   gpu->call, text);
    return false;
}

/* The emulated driver's clock; POSIX has dlsym give functions as object pointers. */
static void clocks_find(struct weft_costs_gpu *gpu)
{
    void *now = dlsym(gpu->driver->library, WEFT_EMU_NOW);
    void *submit_ns = dlsym(gpu->driver->library, WEFT_EMU_SUBMIT_NS);

    gpu->emulated = now != NULL && submit_ns != NULL;
    if (!gpu->emulated)
        return;
    memcpy(&gpu->now, &now, sizeof(now));
    memcpy(&gpu->submit_ns, &submit_ns, sizeof(submit_ns));
}

static bool driver_open(struct weft_costs_gpu *gpu, const char *driver, char why[WEFT_WHY_BYTES])
{
    char reason[256] = "";

    if (weft_cuda_driver_load(driver, &gpu->driver, reason) != weftSuccess) {
        (void)snprintf(why, WEFT_WHY_BYTES,
                       "%s; --driver FILE names a driver, --node hgx-h100 an emulated machine",
                       reason);
        return false;
    }
    clocks_find(gpu);
    return true;
}

static void device_open(struct weft_costs_gpu *gpu)
{
    const struct weft_cuda_driver *driver = gpu->driver;

    if (!weft_costs_try(gpu, "cuDeviceGet", driver->device_get(&gpu->device, 0)) ||
        !weft_costs_try(gpu, "cuDevicePrimaryCtxRetain",
                        driver->primary_retain(&gpu->context, gpu->device)) ||
        !weft_costs_try(gpu, "cuCtxSetCurrent", driver->context_set(gpu->context)) ||
        !weft_costs_try(gpu, "cuDeviceGetName",
                        driver->device_name(gpu->model, (int)sizeof(gpu->model), gpu->device)) ||
        !weft_costs_try(gpu, "cuEventCreate",
                        driver->event_create(&gpu->event, WEFT_CUDA_EVENT_DISABLE_TIMING)))
        return;
    for (uint32_t i = 0; i < WEFT_COSTS_STREAMS; i++)
        (void)weft_costs_try(
            gpu, "cuStreamCreateWithPriority",
            driver->stream_create(&gpu->streams[i], WEFT_CUDA_STREAM_NON_BLOCKING, 0));
}

bool weft_costs_gpu_open(struct weft_costs_gpu *gpu, const char *node, unsigned dilation,
                         const char *driver, char why[WEFT_WHY_BYTES])
{
    char path[WEFT_TESTBED_PATH_BYTES];

    memset(gpu, 0, sizeof(*gpu));
    weft_text_copy(path, sizeof(path), driver);
    if (node != NULL) {
        if (!weft_testbed_open(&gpu->testbed, node, dilation, why))
            return false;
        weft_testbed_driver(&gpu->testbed, path);
    }
    if (!driver_open(gpu, path, why))
        goto fail;
    device_open(gpu);
    if (!weft_costs_good(gpu, why))
        goto fail;
    return true;
fail:
    weft_costs_gpu_close(gpu);
    return false;
}

void weft_costs_gpu_close(struct weft_costs_gpu *gpu)
{
    const struct weft_cuda_driver *driver = gpu->driver;

    /* To give back what a copy that never ends uses would never end either: exit does it. */
    if (gpu->error == WEFT_CUDA_NOT_READY)
        return;
    for (uint32_t i = 0; i < WEFT_COSTS_STREAMS; i++)
        if (gpu->streams[i] != NULL)
            (void)driver->stream_destroy(gpu->streams[i]);
    if (gpu->event != NULL)
        (void)driver->event_destroy(gpu->event);
    if (gpu->device_memory != 0)
        (void)driver->memory_free(gpu->device_memory);
    if (gpu->host_memory != NULL)
        (void)driver->host_free(gpu->host_memory);
    if (gpu->context != NULL)
        (void)driver->primary_release(gpu->device);
    weft_testbed_close(&gpu->testbed);
}

bool weft_costs_gpu_room(struct weft_costs_gpu *gpu, uint64_t half_bytes, char why[WEFT_WHY_BYTES])
{
    weft_assert(gpu->device_memory == 0);
    gpu->half_bytes = half_bytes;
    (void)weft_costs_try(gpu, "cuMemAlloc (--max SIZE measures with less)",
                         gpu->driver->memory_alloc(&gpu->device_memory, 2 * half_bytes));
    (void)weft_costs_try(
        gpu, "cuMemHostAlloc (--max SIZE measures with less)",
        gpu->driver->host_alloc(&gpu->host_memory, 2 * half_bytes, WEFT_CUDA_HOST_ALLOC_PORTABLE));
    return weft_costs_good(gpu, why);
}

struct direction {
    const char *name;
    bool from_host;
    bool to_host;
};

static const struct direction directions[WEFT_COSTS_DIRECTIONS] = {
    [WEFT_COSTS_D2H] = {"d2h", false, true},
    [WEFT_COSTS_H2D] = {"h2d", true, false},
    [WEFT_COSTS_D2D] = {"d2d", false, false},
};

weft_cuda_ptr weft_costs_src(const struct weft_costs_gpu *gpu, enum weft_costs_direction direction)
{
    return directions[direction].from_host ? (uintptr_t)gpu->host_memory : gpu->device_memory;
}

weft_cuda_ptr weft_costs_dst(const struct weft_costs_gpu *gpu, enum weft_costs_direction direction)
{
    weft_cuda_ptr base =
        directions[direction].to_host ? (uintptr_t)gpu->host_memory : gpu->device_memory;

    return base + gpu->half_bytes;
}

const char *weft_costs_direction_name(enum weft_costs_direction direction)
{
    return directions[direction].name;
}

void weft_costs_copy(struct weft_costs_gpu *gpu, enum weft_costs_direction direction, uint64_t size,
                     uint32_t stream)
{
    weft_assert(size <= gpu->half_bytes);
    if (gpu->error == WEFT_CUDA_SUCCESS)
        (void)weft_costs_try(gpu, "cuMemcpyAsync",
                             gpu->driver->copy(weft_costs_dst(gpu, direction),
                                               weft_costs_src(gpu, direction), size,
                                               gpu->streams[stream]));
}

void weft_costs_wait(struct weft_costs_gpu *gpu, uint32_t stream)
{
    weft_ns deadline_at = weft_costs_now(gpu) + WAIT_NS;
    weft_cuda_result error = gpu->error;

    while (gpu->error == WEFT_CUDA_SUCCESS) {
        error = gpu->driver->stream_query(gpu->streams[stream]);
        if (error != WEFT_CUDA_NOT_READY || weft_costs_now(gpu) > deadline_at)
            break;
    }
    (void)weft_costs_try(gpu, "cuStreamQuery", error);
}
