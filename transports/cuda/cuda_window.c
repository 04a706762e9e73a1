/* Memory of a port: allocation, windows and what must be true of their bytes.
 *
 * What always holds: an entry of the window table whose flag is up names memory that copies of this
 * port may use: of a GPU whose context this port may reach, or pinned host memory. */
#include "cuda_port.h"

#include <stdio.h>
#include <string.h>

weftResult_t weft_cuda_alloc(struct weft_port *base, size_t size, void **memory)
{
    struct weft_cuda_port *port = weft_cuda_port_of(base);
    struct weft_cuda_scope scope;
    weft_cuda_ptr pointer;
    weft_cuda_result error;

    weft_cuda_enter(port->driver, port->context, &scope);
    error = port->driver->memory_alloc(&pointer, size);
    weft_cuda_leave(port->driver, &scope);
    if (error != WEFT_CUDA_SUCCESS)
        return weft_cuda_port_failed(port, "cuMemAlloc", error);
    *memory = (void *)(uintptr_t)pointer;
    return weftSuccess;
}

void weft_cuda_free(struct weft_port *base, void *memory)
{
    struct weft_cuda_port *port = weft_cuda_port_of(base);
    struct weft_cuda_scope scope;
    weft_cuda_result error;

    weft_cuda_enter(port->driver, port->context, &scope);
    error = port->driver->memory_free((uintptr_t)memory);
    weft_cuda_leave(port->driver, &scope);
    if (error != WEFT_CUDA_SUCCESS)
        weft_cuda_port_failed(port, "cuMemFree", error);
}

weftResult_t weft_cuda_memory_pin(struct weft_port *base, void *memory, size_t size, char why[256])
{
    struct weft_cuda_port *port = weft_cuda_port_of(base);
    struct weft_cuda_seams seams; /* a window lists its own */
    struct weft_cuda_scope scope;
    weftResult_t result;

    weft_cuda_enter(port->driver, port->context, &scope);
    result = weft_cuda_pin(port->driver, memory, size, &seams, why);
    weft_cuda_leave(port->driver, &scope);
    return result;
}

void weft_cuda_memory_unpin(struct weft_port *base, void *memory, size_t size)
{
    struct weft_cuda_port *port = weft_cuda_port_of(base);
    struct weft_cuda_scope scope;

    weft_cuda_enter(port->driver, port->context, &scope);
    weft_cuda_unpin(port->driver, memory, size);
    weft_cuda_leave(port->driver, &scope);
}

const struct weft_cuda_window *weft_cuda_window_get(const struct weft_cuda_port *port,
                                                    uint32_t window)
{
    if (window >= port->windows_max || weft_flag_get(&port->windows[window].ready) == 0)
        return NULL;
    return &port->windows[window];
}

/* Says in `why` what the byte at `address` is, if it is not memory of GPU `ordinal`. */
static bool is_of_gpu(const struct weft_cuda_port *port, uint64_t address, int ordinal,
                      char why[256])
{
    const struct weft_cuda_driver *driver = port->driver;
    unsigned type = 0;
    unsigned managed = 0;
    int owner = -1;

    if (driver->pointer_attribute(&type, WEFT_CUDA_POINTER_MEMORY_TYPE, address) !=
        WEFT_CUDA_SUCCESS) {
        snprintf(why, 256, "0x%llx is not memory that CUDA knows: plain host memory, or none",
                 (unsigned long long)address);
        return false;
    }
    if (driver->pointer_attribute(&managed, WEFT_CUDA_POINTER_IS_MANAGED, address) ==
            WEFT_CUDA_SUCCESS &&
        managed != 0) {
        snprintf(why, 256,
                 "0x%llx is managed memory, which moves between devices: use cudaMalloc or "
                 "weftMemAlloc",
                 (unsigned long long)address);
        return false;
    }
    if (type != WEFT_CUDA_MEMORY_DEVICE) {
        snprintf(why, 256, "0x%llx is host memory, not memory of the GPU at %s",
                 (unsigned long long)address, driver->buses[ordinal]);
        return false;
    }
    if (driver->pointer_attribute(&owner, WEFT_CUDA_POINTER_DEVICE_ORDINAL, address) ==
            WEFT_CUDA_SUCCESS &&
        owner >= 0 && (uint32_t)owner < driver->bus_count && owner != ordinal) {
        snprintf(why, 256, "0x%llx is memory of the GPU at %s, not of the one at %s",
                 (unsigned long long)address, driver->buses[owner], driver->buses[ordinal]);
        return false;
    }
    return true;
}

/* The context of another GPU, made reachable from this port's: once, kept until the port closes. */
static weftResult_t peer_reach(struct weft_cuda_port *port, int ordinal, weft_cuda_context *context,
                               char why[256])
{
    const struct weft_cuda_driver *driver = port->driver;
    char text[WEFT_CUDA_ERROR_TEXT_BYTES];
    weft_cuda_result error = WEFT_CUDA_SUCCESS;

    pthread_mutex_lock(&port->peers_lock);
    if (port->peers[ordinal] == NULL) {
        int can = 0;

        error = driver->primary_retain(&port->peers[ordinal], ordinal);
        if (error == WEFT_CUDA_SUCCESS &&
            driver->device_can_access_peer(&can, port->ordinal, ordinal) == WEFT_CUDA_SUCCESS &&
            can != 0) {
            weft_cuda_result enabled = driver->context_enable_peer(port->peers[ordinal], 0);

            /* Without it the driver goes through host memory: slower, and still right. */
            if (enabled != WEFT_CUDA_SUCCESS && enabled != WEFT_CUDA_PEER_ACCESS_ALREADY_ENABLED)
                weft_cuda_port_failed(port, "cuCtxEnablePeerAccess", enabled);
        }
    }
    *context = port->peers[ordinal];
    pthread_mutex_unlock(&port->peers_lock);
    if (error == WEFT_CUDA_SUCCESS)
        return weftSuccess;
    weft_cuda_error_text(driver, error, text);
    snprintf(why, 256, "the GPU at %s cannot be opened: %s", driver->buses[ordinal], text);
    return weftUnhandledCudaError;
}

static weftResult_t gpu_window_fill(struct weft_cuda_port *port,
                                    const struct weft_device_ref *device,
                                    struct weft_cuda_window *entry, char why[256])
{
    uint32_t ordinal = weft_cuda_driver_find(port->driver, device->bus);

    if (ordinal == WEFT_NONE) {
        snprintf(why, 256, "the CUDA driver knows no GPU at \"%s\"", device->bus);
        return weftInvalidArgument;
    }
    if (!is_of_gpu(port, entry->base, (int)ordinal, why) ||
        !is_of_gpu(port, entry->base + entry->size_bytes - 1, (int)ordinal, why))
        return weftInvalidArgument;
    entry->seams.count = 0;
    entry->context = port->context;
    if ((weft_cuda_device)ordinal == port->ordinal)
        return weftSuccess;
    return peer_reach(port, (int)ordinal, &entry->context, why);
}

static weftResult_t host_window_fill(struct weft_cuda_port *port, struct weft_cuda_window *entry,
                                     char why[256])
{
    unsigned type = 0;

    if (port->driver->pointer_attribute(&type, WEFT_CUDA_POINTER_MEMORY_TYPE, entry->base) ==
            WEFT_CUDA_SUCCESS &&
        type == WEFT_CUDA_MEMORY_DEVICE) {
        snprintf(why, 256, "0x%llx is GPU memory, not host memory", entry->base);
        return weftInvalidArgument;
    }
    entry->context = NULL;
    return weft_cuda_pin(port->driver, (void *)(uintptr_t)entry->base, entry->size_bytes,
                         &entry->seams, why);
}

weftResult_t weft_cuda_window_add(struct weft_port *base, uint32_t window,
                                  const struct weft_device_ref *device, void *memory, size_t size,
                                  char why[256])
{
    struct weft_cuda_port *port = weft_cuda_port_of(base);
    struct weft_cuda_window *entry;
    struct weft_cuda_scope scope;
    weftResult_t result;

    weft_assert(window < port->windows_max);
    entry = &port->windows[window];
    weft_assert(weft_flag_get(&entry->ready) == 0);
    entry->kind = device->kind;
    entry->device = device->device;
    entry->base = (uintptr_t)memory;
    entry->size_bytes = size;
    weft_cuda_enter(port->driver, port->context, &scope);
    if (size == 0 || entry->base + size < entry->base) {
        snprintf(why, 256, "%zu bytes at %p are no range of memory", size, memory);
        result = weftInvalidArgument;
    } else if (device->kind == weftDeviceGpu) {
        result = gpu_window_fill(port, device, entry, why);
    } else if (device->kind == weftDeviceDram) {
        result = host_window_fill(port, entry, why);
    } else {
        snprintf(why, 256, "the CUDA transport reaches GPU and host memory only");
        result = weftInvalidArgument;
    }
    weft_cuda_leave(port->driver, &scope);
    if (result == weftSuccess)
        weft_flag_set(&entry->ready, 1);
    return result;
}

void weft_cuda_window_remove(struct weft_port *base, uint32_t window)
{
    struct weft_cuda_port *port = weft_cuda_port_of(base);
    const struct weft_cuda_window *entry = weft_cuda_window_get(port, window);

    if (entry == NULL)
        return;
    weft_flag_set(&port->windows[window].ready, 0);
    if (entry->kind != weftDeviceDram)
        return;
    weft_cuda_memory_unpin(base, (void *)(uintptr_t)entry->base, entry->size_bytes);
}
