/* What the CUDA driver finds, and the hops that its copy engines can drive.
 *
 * A GPU's engines drive copies inside it, between it and every host memory, and push into the GPUs
 * that it can reach by itself. The GPU at the source drives: so a link's two ends are not both
 * charged for it. */
#include "cuda_port.h"

#include <stdio.h>

#include "base/text.h"

static int attribute_or(const struct weft_cuda_driver *driver, weft_cuda_device device,
                        weft_cuda_device_attribute attribute, int otherwise)
{
    int value;

    if (driver->device_attribute(&value, attribute, device) != WEFT_CUDA_SUCCESS)
        return otherwise;
    return value;
}

static void device_describe(const struct weft_cuda_driver *driver, uint32_t ordinal,
                            struct weft_device_found *found)
{
    weft_cuda_device device = (weft_cuda_device)ordinal;

    *found = (struct weft_device_found){.kind = weftDeviceGpu};
    weft_text_copy(found->bus, sizeof(found->bus), driver->buses[ordinal]);
    if (driver->device_name(found->model, (int)sizeof(found->model), device) != WEFT_CUDA_SUCCESS)
        found->model[0] = '\0';
    if (driver->device_memory(&found->memory_bytes, device) != WEFT_CUDA_SUCCESS)
        found->memory_bytes = 0;
    found->numa_node = attribute_or(driver, device, WEFT_CUDA_DEVICE_HOST_NUMA_ID, -1);
    found->compute_capability =
        (unsigned)(attribute_or(driver, device, WEFT_CUDA_DEVICE_COMPUTE_CAPABILITY_MAJOR, 0) * 10 +
                   attribute_or(driver, device, WEFT_CUDA_DEVICE_COMPUTE_CAPABILITY_MINOR, 0));
}

weftResult_t weft_cuda_probe(const struct weft_transport_env *env, struct weft_device_found *found,
                             uint32_t found_max, uint32_t *found_count, char why[256])
{
    const struct weft_cuda_driver *driver;
    uint32_t count;

    WEFT_TRY(weft_cuda_driver_load(env->driver, &driver, why));
    count = driver->bus_count < found_max ? driver->bus_count : found_max;
    for (uint32_t i = 0; i < count; i++) {
        if (attribute_or(driver, (weft_cuda_device)i, WEFT_CUDA_DEVICE_UNIFIED_ADDRESSING, 1) ==
            0) {
            snprintf(why, 256, "the GPU at %s has no unified addressing, which Weft needs",
                     driver->buses[i]);
            return weftUnhandledCudaError;
        }
        device_describe(driver, i, &found[i]);
    }
    *found_count = count;
    return weftSuccess;
}

/* True when GPU `src` can write into the memory of GPU `dst` by itself. */
static bool gpu_reaches(const struct weft_cuda_driver *driver, uint32_t src, uint32_t dst)
{
    int can = 0;

    return driver->device_can_access_peer(&can, (weft_cuda_device)src, (weft_cuda_device)dst) ==
               WEFT_CUDA_SUCCESS &&
           can != 0;
}

/* Whether the driver can copy from `src` to `dst`, and which of the two drives. */
static bool hop_find(const struct weft_cuda_driver *driver, const struct weft_device_ref *src,
                     const struct weft_device_ref *dst, struct weft_hop_offer *offer)
{
    bool src_is_gpu = src->kind == weftDeviceGpu;
    bool dst_is_gpu = dst->kind == weftDeviceGpu;
    uint32_t src_ordinal = src_is_gpu ? weft_cuda_driver_find(driver, src->bus) : WEFT_NONE;
    uint32_t dst_ordinal = dst_is_gpu ? weft_cuda_driver_find(driver, dst->bus) : WEFT_NONE;

    offer->src_device = src->device;
    offer->dst_device = dst->device;
    offer->port_device = src_is_gpu ? src->device : dst->device;
    offer->peer = src_is_gpu && dst_is_gpu && src->device != dst->device;
    if (src_is_gpu && src->device == dst->device)
        return src_ordinal != WEFT_NONE;
    if (offer->peer)
        return src_ordinal != WEFT_NONE && dst_ordinal != WEFT_NONE &&
               gpu_reaches(driver, src_ordinal, dst_ordinal);
    if (src_is_gpu && dst->kind == weftDeviceDram)
        return src_ordinal != WEFT_NONE;
    if (dst_is_gpu && src->kind == weftDeviceDram)
        return dst_ordinal != WEFT_NONE;
    return false;
}

weftResult_t weft_cuda_hops(const struct weft_transport_env *env,
                            const struct weft_device_ref *devices, uint32_t device_count,
                            struct weft_hop_offer *offers, uint32_t *offer_count)
{
    const struct weft_cuda_driver *driver;
    char why[256];
    uint32_t count = 0;

    WEFT_TRY(weft_cuda_driver_load(env->driver, &driver, why));
    for (uint32_t src = 0; src < device_count; src++)
        for (uint32_t dst = 0; dst < device_count; dst++)
            if (hop_find(driver, &devices[src], &devices[dst], &offers[count]))
                count++;
    *offer_count = count;
    return weftSuccess;
}
