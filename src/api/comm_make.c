/* Making and freeing communicators, and the table of those that live; see comm.h. */
#include <stdlib.h>
#include <string.h>

#include "../host/log.h"
#include "../host/tenant.h"
#include "comm.h"
#include "error.h"
#include "window.h"

/* The table of comms: a cell's pointer is written before its flag is raised, and read only while it
 * is, so that a handle is looked up without a lock. */
static struct weft_comm *table[WEFT_HANDLE_COMMS_MAX];
static struct weft_flag entered[WEFT_HANDLE_COMMS_MAX];

/* Guards who takes which cell, and the count of comms ever made. */
static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
static bool reserved[WEFT_HANDLE_COMMS_MAX];
static uint32_t made_count;

struct weft_comm *weft_comm_at(uint32_t number)
{
    if (number >= WEFT_HANDLE_COMMS_MAX || weft_flag_get(&entered[number]) == 0)
        return NULL;
    return table[number];
}

struct weft_comm *weft_comm_find(weftComm_t pointer)
{
    struct weft_handle handle;
    struct weft_comm *comm;

    if (!weft_handle_split(pointer, WEFT_HANDLE_COMM, &handle) || handle.index != 0)
        return NULL;
    comm = weft_comm_at(handle.comm);
    return comm != NULL && comm->generation == handle.generation ? comm : NULL;
}

weftComm_t weft_comm_handle(const struct weft_comm *comm)
{
    return weft_handle_make(WEFT_HANDLE_COMM, comm->generation, comm->number, 0);
}

/* Takes a cell of the table; nobody finds the comm before `enter`. False when all are in use. */
static bool reserve(struct weft_comm *comm)
{
    bool found = false;

    pthread_mutex_lock(&table_lock);
    for (uint32_t i = 0; i < WEFT_HANDLE_COMMS_MAX && !found; i++) {
        found = !reserved[i];
        if (!found)
            continue;
        reserved[i] = true;
        comm->number = i;
        comm->generation = ++made_count & WEFT_HANDLE_GENERATION_MASK;
    }
    pthread_mutex_unlock(&table_lock);
    return found;
}

static void enter(struct weft_comm *comm)
{
    table[comm->number] = comm;
    weft_flag_set(&entered[comm->number], 1);
}

static void leave(const struct weft_comm *comm)
{
    weft_flag_set(&entered[comm->number], 0);
    pthread_mutex_lock(&table_lock);
    reserved[comm->number] = false;
    pthread_mutex_unlock(&table_lock);
}

/* The comm is gone for its callers, but its cell stays reserved, as its memory does. */
static weftResult_t keep(const struct weft_comm *comm)
{
    weft_flag_set(&entered[comm->number], 0);
    return weftUnknown;
}

static bool entries_init(struct weft_comm *comm, uint32_t count)
{
    uint32_t cells = 2;
    struct weft_ring_cell *memory;

    while (cells < count)
        cells *= 2;
    memory = calloc(cells, sizeof(*memory));
    comm->entries = calloc(count, sizeof(*comm->entries));
    if (memory == NULL || comm->entries == NULL) {
        free(memory);
        return false;
    }
    comm->entry_count = count;
    weft_ring_init(&comm->free_entries, memory, cells);
    for (uint32_t i = 0; i < count; i++) {
        bool pushed = weft_ring_push(&comm->free_entries, i);

        weft_assert(pushed);
        weft_entry_init(&comm->entries[i], comm->generation * 7919);
    }
    return true;
}

static void free_tables(struct weft_comm *comm)
{
    free(comm->free_entries.cells);
    free(comm->entries);
    pthread_mutex_destroy(&comm->memory_lock);
    free(comm);
}

weftResult_t weft_comm_open(const char *call, const struct weft_config *settings,
                            struct weft_comm **comm)
{
    struct weft_comm *made = aligned_alloc(64, (sizeof(*made) + 63) & ~(size_t)63);
    char why[WEFT_MACHINE_WHY_BYTES] = "";
    weftResult_t result;

    if (made == NULL)
        return weft_error(weftSystemError, "%s: no memory for a comm", call);
    if (weft_tenant_check(settings->tenant_secret) != NULL) {
        free(made);
        return weft_error(weftInvalidArgument, "%s: %s", call,
                          weft_tenant_check(settings->tenant_secret));
    }
    memset(made, 0, sizeof(*made));
    weft_flag_init(&made->state, WEFT_COMM_OPEN);
    pthread_mutex_init(&made->memory_lock, NULL);
    if (!reserve(made)) {
        free_tables(made);
        return weft_error(weftNoResource, "%s: this process has %u comms already; destroy one",
                          call, WEFT_HANDLE_COMMS_MAX);
    }
    if (!entries_init(made, (uint32_t)settings->windows_max)) {
        leave(made);
        free_tables(made);
        return weft_error(weftSystemError, "%s: no memory for %llu windows; lower windows_max",
                          call, (unsigned long long)settings->windows_max);
    }
    result = weft_loop_open(settings, made->number, made->generation, &made->loop, why);
    if (result != weftSuccess) {
        leave(made);
        free_tables(made);
        return weft_error(result, "%s: %s", call, why);
    }
    enter(made);
    *comm = made;
    return weftSuccess;
}

static void memory_free(struct weft_comm *comm)
{
    while (comm->memory != NULL) {
        struct weft_memory *memory = comm->memory;

        comm->memory = memory->next;
        weft_machine_free(comm->loop->machine, memory->device, memory->base, memory->size);
        free(memory);
    }
}

weftResult_t weft_comm_close(struct weft_comm *comm)
{
    struct weft_command idle = {
        .run = weft_command_idle,
        .deadline_at =
            weft_clock_after(&comm->loop->clock, comm->loop->config.abort_ms * WEFT_NS_PER_MS),
    };
    /* Probes may still be under way when no transfer is. */
    weftResult_t result =
        weft_loop_call(comm->loop, &idle) == weftSuccess ? weftSuccess : weftUnknown;

    if (!weft_windows_drop(comm, result == weftSuccess) && result == weftSuccess) {
        weft_loop_halt(comm->loop);
        result = weftUnknown;
    }
    if (result != weftSuccess)
        return keep(comm);
    memory_free(comm);
    if (!weft_loop_close(comm->loop))
        return keep(comm);
    leave(comm);
    free_tables(comm);
    return weftSuccess;
}
