/* Registering, sharing and ending windows; see window.h. */
#include "window.h"

#include <string.h>

#include "../host/log.h"
#include "../host/sibling.h"
#include "../host/tenant.h"
#include "device.h"
#include "error.h"
#include "group.h"

#define STATE_BITS 2
#define STATE_MASK 3u

static const uint32_t next_states[WEFT_ENTRY_STATES] = {
    [WEFT_ENTRY_FREE] = 1u << WEFT_ENTRY_OPENING,
    [WEFT_ENTRY_OPENING] = 1u << WEFT_ENTRY_LIVE | 1u << WEFT_ENTRY_FREE,
    [WEFT_ENTRY_LIVE] = 1u << WEFT_ENTRY_CLOSING,
    [WEFT_ENTRY_CLOSING] = 1u << WEFT_ENTRY_LIVE | 1u << WEFT_ENTRY_FREE,
};

void weft_entry_init(struct weft_entry *entry, uint32_t generation)
{
    weft_flag_init(&entry->word,
                   (generation & WEFT_HANDLE_GENERATION_MASK) << STATE_BITS | WEFT_ENTRY_FREE);
}

enum weft_entry_state weft_entry_state(const struct weft_entry *entry)
{
    return (enum weft_entry_state)(weft_flag_get(&entry->word) & STATE_MASK);
}

static uint32_t generation_of(const struct weft_entry *entry)
{
    return weft_flag_get(&entry->word) >> STATE_BITS & WEFT_HANDLE_GENERATION_MASK;
}

bool weft_entry_move(struct weft_entry *entry, enum weft_entry_state from, enum weft_entry_state to)
{
    uint32_t generation = generation_of(entry);
    uint32_t next = to == WEFT_ENTRY_FREE ? generation + 1 : generation;

    weft_assert((next_states[from] & 1u << to) != 0);
    return weft_flag_move(&entry->word, generation << STATE_BITS | (uint32_t)from,
                          (next & WEFT_HANDLE_GENERATION_MASK) << STATE_BITS | (uint32_t)to);
}

struct weft_entry *weft_window_find(weftWindow_t pointer, struct weft_comm **comm, uint32_t *index)
{
    struct weft_handle handle;
    struct weft_comm *found;
    struct weft_entry *entry;

    if (!weft_handle_split(pointer, WEFT_HANDLE_WINDOW, &handle))
        return NULL;
    found = weft_comm_at(handle.comm);
    if (found == NULL || handle.index >= found->entry_count)
        return NULL;
    entry = &found->entries[handle.index];
    if (generation_of(entry) != handle.generation || weft_entry_state(entry) == WEFT_ENTRY_FREE)
        return NULL;
    *comm = found;
    *index = handle.index;
    return entry;
}

weftResult_t weft_window_unknown(const char *call, const char *what, weftWindow_t handle)
{
    return weft_error(weftInvalidArgument, "%s: %s is %s", call, what,
                      handle == NULL ? "NULL" : "no window, or was deregistered");
}

weftResult_t weft_window_get(const char *call, const struct weft_comm *comm, weftWindow_t handle,
                             const char *what, unsigned rights, struct weft_entry **entry,
                             uint32_t *index)
{
    struct weft_comm *owner = NULL;
    struct weft_entry *found = weft_window_find(handle, &owner, index);

    if (found == NULL)
        return weft_window_unknown(call, what, handle);
    if (owner != comm)
        return weft_error(weftInvalidArgument,
                          "%s: %s is a window of comm %u, not of comm %u; import its key there",
                          call, what, owner->number, comm->number);
    if (weft_entry_state(found) != WEFT_ENTRY_LIVE)
        return weft_error(weftInvalidUsage, "%s: %s is being deregistered", call, what);
    if (!found->own && found->share != NULL && weft_share_is_revoked(found->share))
        return weft_error(weftInvalidUsage, "%s: %s was revoked by its owner; ask for a new key",
                          call, what);
    if ((found->rights & rights) != rights)
        return weft_error(weftInvalidUsage,
                          "%s: the key of %s gave the rights 0x%x, 0x%x are needed (1 read, 2 "
                          "write, 4 signal)",
                          call, what, found->rights, rights);
    *entry = found;
    return weftSuccess;
}

bool weft_windows_cover(struct weft_comm *comm, const char *base, size_t size)
{
    uintptr_t from = (uintptr_t)base;

    for (uint32_t i = 0; i < comm->entry_count; i++) {
        const struct weft_entry *entry = &comm->entries[i];

        if (weft_entry_state(entry) == WEFT_ENTRY_FREE || !entry->own)
            continue;
        if (from < (uintptr_t)entry->base + entry->size_bytes &&
            (uintptr_t)entry->base < from + size)
            return true;
    }
    return false;
}

/* ---- making ---- */

static weftResult_t entry_take(const char *call, struct weft_comm *comm, uint32_t *index)
{
    bool moved;

    if (!weft_ring_pop(&comm->free_entries, index))
        return weft_error(weftNoResource,
                          "%s: comm %u has %u windows already; deregister one or raise the setting "
                          "windows_max",
                          call, comm->number, comm->entry_count);
    moved = weft_entry_move(&comm->entries[*index], WEFT_ENTRY_FREE, WEFT_ENTRY_OPENING);
    weft_assert(moved);
    return weftSuccess;
}

void weft_entry_give(struct weft_comm *comm, uint32_t index, enum weft_entry_state from)
{
    bool done = weft_entry_move(&comm->entries[index], from, WEFT_ENTRY_FREE);

    weft_assert(done);
    done = weft_ring_push(&comm->free_entries, index);
    weft_assert(done);
}

static weftWindow_t entry_open(struct weft_comm *comm, uint32_t index)
{
    struct weft_entry *entry = &comm->entries[index];
    bool moved = weft_entry_move(entry, WEFT_ENTRY_OPENING, WEFT_ENTRY_LIVE);

    weft_assert(moved);
    return weft_handle_make(WEFT_HANDLE_WINDOW, generation_of(entry), comm->number, index);
}

/* Makes the entry's memory known to the ports and the engine, both or neither. */
static weftResult_t make_known(const char *call, struct weft_comm *comm, uint32_t index)
{
    struct weft_entry *entry = &comm->entries[index];
    struct weft_command command = {
        .run = weft_command_window_add,
        .window = index,
        .device = entry->device,
        .size_bytes = entry->size_bytes,
        .rights = entry->rights,
        .base = entry->base,
        .deadline_at =
            weft_clock_after(&comm->loop->clock, comm->loop->config.timeout_ms * WEFT_NS_PER_MS),
    };
    char why[256] = "the driver gave no reason";
    weftResult_t result = weft_machine_window_add(comm->loop->machine, index, entry->device,
                                                  entry->base, entry->size_bytes, why);

    if (result != weftSuccess)
        return weft_error(result, "%s: %llu bytes at %p are no window on %s: %s", call,
                          (unsigned long long)entry->size_bytes, (void *)entry->base,
                          weft_comm_device_name(comm, entry->device), why);
    result = weft_loop_call(comm->loop, &command);
    if (result == weftSuccess)
        return weftSuccess;
    weft_machine_window_remove(comm->loop->machine, index, entry->device);
    return weft_error(result, "%s: comm %u does not take the window: %s", call, comm->number,
                      weftGetErrorString(result));
}

static weftResult_t check_registration(struct weft_comm *comm, weftDevId_t id, const void *base,
                                       size_t size, unsigned flags, uint32_t *device)
{
    static const char call[] = "weftWindowRegister";

    if (base == NULL || size == 0)
        return weft_error(weftInvalidArgument, "%s: %zu bytes at %p are no window", call, size,
                          base);
    if ((uintptr_t)base > UINTPTR_MAX - size)
        return weft_error(weftInvalidArgument, "%s: base %p + size %zu wraps around", call, base,
                          size);
    if (flags != WEFT_WIN_DEFAULT)
        return weft_error(weftInvalidArgument,
                          "%s: the flags 0x%x are unknown; WEFT_WIN_DEFAULT is what there is", call,
                          flags);
    WEFT_TRY(weft_device_get(call, comm, id, device));
    if (comm->loop->machine->memory_ports[*device] == WEFT_NONE)
        return weft_error(weftInvalidArgument,
                          "%s: %s holds no windows; weftDeviceProps_t.holdsWindows says which "
                          "devices do",
                          call, weft_comm_device_name(comm, *device));
    return weft_comm_takes(call, comm);
}

weftResult_t weftWindowRegister(weftComm_t handle, weftDevId_t id, void *base, size_t size,
                                unsigned flags, weftWindow_t *window)
{
    static const char call[] = "weftWindowRegister";
    struct weft_comm *comm;
    struct weft_entry *entry;
    uint32_t device;
    uint32_t index;
    weftResult_t result;

    WEFT_TRY(weft_comm_get(call, handle, &comm));
    if (window == NULL)
        return weft_error(weftInvalidArgument, "%s: window is NULL", call);
    WEFT_TRY(check_registration(comm, id, base, size, flags, &device));
    WEFT_TRY(entry_take(call, comm, &index));
    entry = &comm->entries[index];
    entry->own = true;
    entry->device = device;
    entry->rights = WEFT_RIGHTS_ALL;
    entry->base = base;
    entry->size_bytes = size;
    weft_shares_lock();
    entry->share = weft_share_open(base, size, comm->loop->machine->server, device,
                                   weft_comm_device_name(comm, device));
    weft_shares_unlock();
    if (entry->share == NULL) {
        weft_entry_give(comm, index, WEFT_ENTRY_OPENING);
        return weft_error(weftSystemError, "%s: no memory, or no random numbers", call);
    }
    result = make_known(call, comm, index);
    if (result != weftSuccess) {
        weft_shares_lock();
        weft_share_close(entry->share);
        weft_shares_unlock();
        weft_entry_give(comm, index, WEFT_ENTRY_OPENING);
        return result;
    }
    *window = entry_open(comm, index);
    return weftSuccess;
}

/* ---- sharing ---- */

static struct weft_command command_for(const struct weft_comm *comm, uint32_t window)
{
    return (struct weft_command){
        .window = window,
        .deadline_at =
            weft_clock_after(&comm->loop->clock, comm->loop->config.timeout_ms * WEFT_NS_PER_MS),
    };
}

/* Comms of other processes may use the window with this key as well. */
static weftResult_t expose(const char *call, struct weft_comm *comm, uint32_t index,
                           struct weft_window_key *key)
{
    struct weft_command command = command_for(comm, index);
    struct weft_net_remote remote = {
        .window = index, .epoch = key->epoch, .size_bytes = key->size_bytes, .rights = key->rights};
    weftResult_t result;

    memcpy(remote.token, key->token, sizeof(remote.token));
    command.run = weft_command_expose;
    command.remote = &remote;
    result = weft_loop_call(comm->loop, &command);
    if (result != weftSuccess)
        return weft_error(result, "%s: comm %u cannot give one more key: %s", call, comm->number,
                          weftGetErrorString(result));
    key->incarnation = comm->loop->peers->incarnation;
    key->number = index;
    memcpy(key->address, comm->loop->peers->address, sizeof(key->address));
    return weftSuccess;
}

weftResult_t weftWindowGetKey(weftWindow_t handle, unsigned rights, weftWindowKey_t *key)
{
    static const char call[] = "weftWindowGetKey";
    struct weft_comm *comm;
    uint32_t index;
    struct weft_entry *entry = weft_window_find(handle, &comm, &index);
    struct weft_window_key made;
    weftResult_t result;
    bool revoked;

    if (entry == NULL)
        return weft_window_unknown(call, "window", handle);
    if (key == NULL)
        return weft_error(weftInvalidArgument, "%s: key is NULL", call);
    if (rights == 0 || (rights & ~WEFT_RIGHTS_ALL) != 0)
        return weft_error(weftInvalidArgument,
                          "%s: the rights 0x%x are none; they are a sum of 1 read, 2 write and 4 "
                          "signal",
                          call, rights);
    if ((entry->rights & rights) != rights)
        return weft_error(weftInvalidUsage,
                          "%s: this window was imported with the rights 0x%x and cannot give 0x%x",
                          call, entry->rights, rights);
    if (entry->share == NULL)
        return weft_error(weftInvalidUsage,
                          "%s: the window is of another process; only its owner gives keys", call);
    weft_shares_lock();
    revoked = weft_share_is_revoked(entry->share);
    if (!revoked)
        weft_share_describe(entry->share, rights, &made);
    weft_shares_unlock();
    if (revoked)
        return weft_error(weftInvalidUsage, "%s: the window was revoked; register it anew", call);
    if (entry->own && comm->loop->peers != NULL)
        WEFT_TRY(expose(call, comm, index, &made));
    result = weft_tenant_seal(comm->loop->config.tenant_secret, &made);
    if (result != weftSuccess)
        return weft_error(result, "%s: the key cannot be sealed for the tenant: %s", call,
                          weftGetErrorString(result));
    weft_window_key_write(&made, key);
    return weftSuccess;
}

/* Opens the memory of a window of another process of this server, as one of this comm's. */
static weftResult_t open_sibling(struct weft_comm *comm, uint32_t index,
                                 const struct weft_command *asked, char why[256])
{
    static const char call[] = "weftWindowImport";
    struct weft_machine *machine = comm->loop->machine;
    struct weft_entry *entry = &comm->entries[index];
    struct weft_command command = command_for(comm, index);
    void *base;
    weftResult_t result;

    WEFT_TRY(
        weft_machine_import(machine, asked->device, &asked->ticket, entry->size_bytes, &base, why));
    entry->device = asked->device;
    entry->base = base;
    result = make_known(call, comm, index);
    if (result != weftSuccess) {
        weft_text_copy(why, 256, weftGetLastError(NULL));
        weft_machine_import_end(machine, asked->device, base);
        return result;
    }
    command.run = weft_command_sibling_opened;
    command.base = base;
    return weft_loop_call(comm->loop, &command);
}

/* A window of another process: opened where it is one of this server, else over the net. */
static weftResult_t import_far(struct weft_comm *comm, const struct weft_window_key *key,
                               weftWindow_t *window)
{
    static const char call[] = "weftWindowImport";
    struct weft_command command;
    struct weft_entry *entry;
    uint32_t index;
    char why[256] = "";
    weftResult_t result;

    if (comm->loop->peers == NULL || key->incarnation == 0)
        return weft_error(weftInvalidUsage,
                          "%s: the window is of another process, and the setting net is off %s",
                          call, key->incarnation == 0 ? "there" : "here");
    WEFT_TRY(entry_take(call, comm, &index));
    entry = &comm->entries[index];
    command = command_for(comm, index);
    command.run = weft_command_import;
    command.key = key;
    command.text = why;
    command.text_size = sizeof(why);
    entry->own = false;
    entry->rights = key->rights;
    entry->base = NULL;
    entry->size_bytes = key->size_bytes;
    entry->share = NULL;
    result = weft_loop_call(comm->loop, &command);
    if (result == weftSuccess && command.is_sibling &&
        open_sibling(comm, index, &command, why) != weftSuccess) {
        weft_log(WEFT_LOG_INFO, comm->loop->noun,
                 "a window of another process is not opened and goes over the network: %s", why);
        entry->base = NULL;
        command.is_far = true;
        result = weft_loop_call(comm->loop, &command);
    }
    if (result != weftSuccess) {
        command = command_for(comm, index);
        command.run = weft_command_sibling_drop;
        (void)weft_loop_call(comm->loop, &command);
        weft_entry_give(comm, index, WEFT_ENTRY_OPENING);
        return weft_error(result, "%s: the owner of the window cannot be reached: %s", call,
                          why[0] == '\0' ? weftGetErrorString(result) : why);
    }
    entry->device = command.device;
    *window = entry_open(comm, index);
    return weftSuccess;
}

/* Needs the lock of the shares, so that nobody revokes it half-way. */
static weftResult_t import_locked(struct weft_comm *comm, const struct weft_window_key *key,
                                  weftWindow_t *window)
{
    static const char call[] = "weftWindowImport";
    struct weft_share *share;
    struct weft_entry *entry;
    uint32_t device;
    uint32_t index;
    const char *why;
    weftResult_t result = weft_share_find(key, &share, &why);

    if (result != weftSuccess)
        return weft_error(result, "%s: %s", call, why);
    device = weft_topo_find(&comm->loop->machine->topo, share->device_name);
    if (share->server != comm->loop->machine->server || device == WEFT_NONE ||
        comm->loop->machine->memory_ports[device] == WEFT_NONE)
        return weft_error(weftInvalidUsage,
                          "%s: the window is on %s of a machine that is not this comm's", call,
                          share->device_name);
    WEFT_TRY(entry_take(call, comm, &index));
    entry = &comm->entries[index];
    entry->own = false;
    entry->device = device;
    entry->rights = key->rights;
    entry->base = share->base;
    entry->size_bytes = share->size_bytes;
    entry->share = share;
    result = make_known(call, comm, index);
    if (result == weftSuccess && !weft_share_join(share, comm->loop, index)) {
        weft_machine_window_remove(comm->loop->machine, index, device);
        result = weft_error(weftSystemError, "%s: no memory", call);
    }
    if (result == weftSuccess)
        *window = entry_open(comm, index);
    else
        weft_entry_give(comm, index, WEFT_ENTRY_OPENING);
    return result;
}

weftResult_t weftWindowImport(weftComm_t handle, const weftWindowKey_t *key, weftWindow_t *window)
{
    static const char call[] = "weftWindowImport";
    struct weft_comm *comm;
    struct weft_window_key read;
    const char *why;
    bool is_far;
    weftResult_t result;

    WEFT_TRY(weft_comm_get(call, handle, &comm));
    if (key == NULL || window == NULL)
        return weft_error(weftInvalidArgument, "%s: %s is NULL", call,
                          key == NULL ? "key" : "window");
    WEFT_TRY(weft_comm_takes(call, comm));
    why = weft_window_key_read(key, &read);
    if (why != NULL)
        return weft_error(weftInvalidArgument, "%s: %s", call, why);
    result = weft_tenant_open(comm->loop->config.tenant_secret, &read, &why);
    if (result != weftSuccess)
        return weft_error(result, "%s: %s", call, why);
    weft_shares_lock();
    is_far = !weft_share_is_here(&read);
    result = is_far ? weftSuccess : import_locked(comm, &read, window);
    weft_shares_unlock();
    return is_far ? import_far(comm, &read, window) : result;
}
