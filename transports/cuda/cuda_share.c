/* GPU memory of other processes of this server, by CUDA's IPC handles.
 *
 * A handle stands for a whole allocation, so the ticket says where in it the window begins. The
 * driver lets each process open a GPU's memory from one context only: that is the memory's own
 * GPU's primary one, whoever asks. Opened twice, an allocation has one address, and is closed
 * twice. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cuda_port.h"

#define MAGIC 0x43545557u /* "WUTC" */

/* What stands in a ticket. */
struct content {
    uint32_t magic;
    uint32_t spare; /* 0 */
    uint64_t offset;
    uint64_t size_bytes; /* of the allocation */
    struct weft_cuda_ipc_handle handle;
};

_Static_assert(sizeof(struct content) <= sizeof(struct weft_ticket), "a ticket holds it");

weftResult_t weft_cuda_window_export(struct weft_port *base, uint32_t window,
                                     struct weft_ticket *ticket, char why[256])
{
    struct weft_cuda_port *port = weft_cuda_port_of(base);
    const struct weft_cuda_driver *driver = port->driver;
    const struct weft_cuda_window *entry = weft_cuda_window_get(port, window);
    struct content content = {.magic = MAGIC};
    char text[WEFT_CUDA_ERROR_TEXT_BYTES];
    struct weft_cuda_scope scope;
    weft_cuda_ptr allocation = 0;
    size_t size = 0;
    weft_cuda_result error;

    weft_assert(entry != NULL && entry->kind == weftDeviceGpu);
    weft_cuda_enter(driver, entry->context, &scope);
    error = driver->memory_range(&allocation, &size, entry->base);
    if (error == WEFT_CUDA_SUCCESS)
        error = driver->ipc_get(&content.handle, allocation);
    weft_cuda_leave(driver, &scope);
    if (error != WEFT_CUDA_SUCCESS) {
        weft_cuda_error_text(driver, error, text);
        snprintf(
            why, 256,
            "the driver gives no IPC handle for the memory at 0x%llx (%s): use weftMemAlloc or "
            "cudaMalloc",
            entry->base, text);
        return weftInvalidUsage;
    }
    content.offset = entry->base - allocation;
    content.size_bytes = size;
    /* Memory of several allocations at neighbouring addresses has a handle for each. */
    if (!weft_range_inside(content.offset, entry->size_bytes, size)) {
        snprintf(why, 256, "the memory at 0x%llx is more than one allocation", entry->base);
        return weftInvalidUsage;
    }
    memset(ticket, 0, sizeof(*ticket));
    memcpy(ticket->bytes, &content, sizeof(content));
    return weftSuccess;
}

static void allocation_close(struct weft_cuda_port *port, weft_cuda_ptr allocation)
{
    struct weft_cuda_scope scope;
    weft_cuda_result error;

    weft_cuda_enter(port->driver, port->context, &scope);
    error = port->driver->ipc_close(allocation);
    weft_cuda_leave(port->driver, &scope);
    if (error != WEFT_CUDA_SUCCESS)
        weft_cuda_port_failed(port, "cuIpcCloseMemHandle", error);
}

static weftResult_t allocation_open(struct weft_cuda_port *port, const struct content *content,
                                    weft_cuda_ptr *allocation, char why[256])
{
    char text[WEFT_CUDA_ERROR_TEXT_BYTES];
    struct weft_cuda_scope scope;
    weft_cuda_ptr opened = 0;
    weft_cuda_result error;

    weft_cuda_enter(port->driver, port->context, &scope);
    error = port->driver->ipc_open(&opened, content->handle, WEFT_CUDA_IPC_LAZY_PEER_ACCESS);
    weft_cuda_leave(port->driver, &scope);
    if (error == WEFT_CUDA_SUCCESS) {
        *allocation = opened;
        return weftSuccess;
    }
    weft_cuda_error_text(port->driver, error, text);
    snprintf(why, 256, "the driver does not open its IPC handle: %s", text);
    return error == WEFT_CUDA_INVALID_HANDLE ? weftInvalidArgument : weftSystemError;
}

weftResult_t weft_cuda_window_import(struct weft_port *base, const struct weft_ticket *ticket,
                                     size_t size, void **memory, char why[256])
{
    struct weft_cuda_port *port = weft_cuda_port_of(base);
    struct weft_cuda_import *made;
    struct content content;
    weftResult_t result;

    memcpy(&content, ticket->bytes, sizeof(content));
    if (content.magic != MAGIC || !weft_range_inside(content.offset, size, content.size_bytes)) {
        snprintf(why, 256, "its ticket is none of GPU memory");
        return weftInvalidArgument;
    }
    made = calloc(1, sizeof(*made));
    if (made == NULL) {
        snprintf(why, 256, "no memory");
        return weftSystemError;
    }
    result = allocation_open(port, &content, &made->allocation, why);
    if (result != weftSuccess) {
        free(made);
        return result;
    }
    made->base = made->allocation + content.offset;
    pthread_mutex_lock(&port->peers_lock);
    made->next = port->imports;
    port->imports = made;
    pthread_mutex_unlock(&port->peers_lock);
    *memory = (void *)(uintptr_t)made->base;
    return weftSuccess;
}

void weft_cuda_import_end(struct weft_port *base, void *memory)
{
    struct weft_cuda_port *port = weft_cuda_port_of(base);
    struct weft_cuda_import *found = NULL;

    pthread_mutex_lock(&port->peers_lock);
    for (struct weft_cuda_import **at = &port->imports; *at != NULL; at = &(*at)->next)
        if ((*at)->base == (uintptr_t)memory) {
            found = *at;
            *at = found->next;
            break;
        }
    pthread_mutex_unlock(&port->peers_lock);
    weft_assert(found != NULL);
    allocation_close(port, found->allocation);
    free(found);
}
