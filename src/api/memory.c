/* weftMemAlloc and weftMemFree: memory on a device, kept in a list of the comm. */
#include <stdlib.h>

#include "device.h"
#include "error.h"
#include "window.h"

weftResult_t weftMemAlloc(weftComm_t handle, weftDevId_t id, size_t size, void **memory)
{
    static const char call[] = "weftMemAlloc";
    struct weft_comm *comm;
    struct weft_memory *made;
    uint32_t device;
    void *base;
    char why[256] = "";
    weftResult_t result;

    WEFT_TRY(weft_comm_get(call, handle, &comm));
    if (memory == NULL || size == 0)
        return weft_error(weftInvalidArgument, "%s: %s", call,
                          memory == NULL ? "memory is NULL" : "the size is 0");
    WEFT_TRY(weft_device_get(call, comm, id, &device));
    if (comm->loop->machine->memory_ports[device] == WEFT_NONE)
        return weft_error(weftInvalidArgument, "%s: %s holds no memory that a transport reaches",
                          call, weft_comm_device_name(comm, device));
    made = malloc(sizeof(*made));
    if (made == NULL)
        return weft_error(weftNoResource, "%s: no memory", call);
    result = weft_machine_alloc(comm->loop->machine, device, size, &base, why);
    if (result != weftSuccess) {
        free(made);
        return weft_error(result, "%s: %s: %s", call, weft_comm_device_name(comm, device), why);
    }
    *made = (struct weft_memory){.base = base, .size = size, .device = device};
    pthread_mutex_lock(&comm->memory_lock);
    made->next = comm->memory;
    comm->memory = made;
    pthread_mutex_unlock(&comm->memory_lock);
    *memory = base;
    return weftSuccess;
}

/* Takes the record of that memory out of the list; NULL when there is none or a window covers it.
 * */
static struct weft_memory *memory_take(struct weft_comm *comm, const char *base, bool *covered)
{
    struct weft_memory *found = NULL;

    pthread_mutex_lock(&comm->memory_lock);
    for (struct weft_memory **at = &comm->memory; *at != NULL; at = &(*at)->next) {
        if ((*at)->base != base)
            continue;
        *covered = weft_windows_cover(comm, base, (*at)->size);
        if (*covered)
            break;
        found = *at;
        *at = found->next;
        break;
    }
    pthread_mutex_unlock(&comm->memory_lock);
    return found;
}

weftResult_t weftMemFree(weftComm_t handle, void *memory)
{
    static const char call[] = "weftMemFree";
    struct weft_comm *comm;
    struct weft_memory *found;
    bool covered = false;

    WEFT_TRY(weft_comm_get(call, handle, &comm));
    if (memory == NULL)
        return weft_error(weftInvalidArgument, "%s: memory is NULL", call);
    found = memory_take(comm, memory, &covered);
    if (covered)
        return weft_error(weftInvalidUsage,
                          "%s: a window covers the memory at %p; deregister it first", call,
                          memory);
    if (found == NULL)
        return weft_error(weftInvalidArgument,
                          "%s: %p is not what weftMemAlloc of comm %u gave, or was freed", call,
                          memory, comm->number);
    weft_machine_free(comm->loop->machine, found->device, found->base, found->size);
    free(found);
    return weftSuccess;
}
