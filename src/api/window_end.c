/* Revoking and deregistering windows, and what becomes of them when their comm goes; see window.h.
 * */
#include "../host/sibling.h"
#include "error.h"
#include "group.h"
#include "window.h"

static weftResult_t hung(const char *call, const struct weft_comm *comm,
                         const struct weft_entry *entry)
{
    return weft_error(
        weftUnknown,
        "%s: a copy to or from the window of %llu bytes on %s hangs and may yet land; "
        "keep its memory, and abort the comm that copies",
        call, (unsigned long long)entry->size_bytes, weft_comm_device_name(comm, entry->device));
}

/* Ends what comms of other processes may do, and do. `who` is the one that goes on, of this server,
 * where the result is weftTimeout. weftUnknown: a copy that one asked for hangs. */
static weftResult_t revoke_far(struct weft_comm *comm, uint32_t window, char who[64])
{
    struct weft_command command = {
        .run = weft_command_conceal,
        .window = window,
        .deadline_at =
            weft_clock_after(&comm->loop->clock, comm->loop->config.abort_ms * WEFT_NS_PER_MS),
        .text = who,
        .text_size = 64,
    };
    weftResult_t result;

    if (comm->loop->peers == NULL)
        return weftSuccess;
    result = weft_loop_call(comm->loop, &command);
    if (result != weftSuccess)
        return result == weftTimeout ? weftUnknown : result;
    command.run = weft_command_recall;
    command.started = false;
    return weft_loop_call(comm->loop, &command);
}

static weftResult_t revoke(const char *call, struct weft_comm *comm, struct weft_entry *entry)
{
    char who[64] = "";
    weftResult_t far = revoke_far(comm, (uint32_t)(entry - comm->entries), who);
    weftResult_t result;

    weft_shares_lock();
    result = weft_share_revoke(entry->share);
    weft_shares_unlock();
    if (result != weftSuccess || far == weftUnknown)
        return hung(call, comm, entry);
    if (far != weftTimeout)
        return far;
    return weft_error(
        weftUnknown,
        "%s: %s of this server has the window of %llu bytes on %s open and does not "
        "give it back within abort_ms %llu; keep its memory, and continue or end that "
        "process",
        call, who, (unsigned long long)entry->size_bytes,
        weft_comm_device_name(comm, entry->device),
        (unsigned long long)comm->loop->config.abort_ms);
}

weftResult_t weftWindowRevoke(weftWindow_t handle)
{
    static const char call[] = "weftWindowRevoke";
    struct weft_comm *comm;
    uint32_t index;
    struct weft_entry *entry = weft_window_find(handle, &comm, &index);

    if (entry == NULL)
        return weft_window_unknown(call, "window", handle);
    if (!entry->own)
        return weft_error(weftInvalidUsage,
                          "%s: the window was imported; only its owner revokes it, "
                          "weftWindowDeregister frees this handle",
                          call);
    return revoke(call, comm, entry);
}

/* Takes the window out of the engine once no transfer of this comm uses it. */
static weftResult_t wait_unused(const char *call, struct weft_comm *comm, uint32_t index)
{
    struct weft_entry *entry = &comm->entries[index];
    struct weft_command command = {
        .run = weft_command_window_remove,
        .window = index,
        .deadline_at =
            weft_clock_after(&comm->loop->clock, comm->loop->config.timeout_ms * WEFT_NS_PER_MS),
    };
    weftResult_t result = weft_loop_call(comm->loop, &command);

    if (result == weftSuccess)
        return weftSuccess;
    if (result != weftTimeout || command.copies > 0)
        return hung(call, comm, entry);
    return weft_error(weftInvalidUsage,
                      "%s: transfers of comm %u still use the window on %s after timeout_ms %llu; "
                      "wait for their requests first",
                      call, comm->number, weft_comm_device_name(comm, entry->device),
                      (unsigned long long)comm->loop->config.timeout_ms);
}

static void forget(struct weft_comm *comm, uint32_t index)
{
    struct weft_entry *entry = &comm->entries[index];

    if (entry->share == NULL)
        return; /* another process's: the loop has forgotten it */
    weft_machine_window_remove(comm->loop->machine, index, entry->device);
    weft_shares_lock();
    if (entry->own)
        weft_share_close(entry->share);
    else
        weft_share_leave(entry->share, comm->loop, index);
    weft_shares_unlock();
}

weftResult_t weftWindowDeregister(weftWindow_t handle)
{
    static const char call[] = "weftWindowDeregister";
    struct weft_comm *comm;
    uint32_t index;
    struct weft_entry *entry = weft_window_find(handle, &comm, &index);
    weftResult_t result;

    if (entry == NULL)
        return weft_window_unknown(call, "window", handle);
    WEFT_TRY(weft_group_closed(call));
    if (entry->own)
        WEFT_TRY(revoke(call, comm, entry));
    if (!weft_entry_move(entry, WEFT_ENTRY_LIVE, WEFT_ENTRY_CLOSING))
        return weft_error(weftInvalidUsage, "%s: another thread deregisters the window", call);
    result = wait_unused(call, comm, index);
    if (result != weftSuccess) {
        bool moved = weft_entry_move(entry, WEFT_ENTRY_CLOSING, WEFT_ENTRY_LIVE);

        weft_assert(moved);
        return result;
    }
    forget(comm, index);
    weft_entry_give(comm, index, WEFT_ENTRY_CLOSING);
    return weftSuccess;
}

/* For good: whoever of this process has it loses it, too. True unless another process holds it. */
static bool drop(struct weft_comm *comm, uint32_t index)
{
    char who[64] = "";
    weftResult_t far = revoke_far(comm, index, who);

    weft_shares_lock();
    (void)weft_share_revoke(comm->entries[index].share);
    weft_shares_unlock();
    if (far == weftTimeout)
        (void)weft_error(weftUnknown,
                         "weftCommDestroy: %s of this server has a window on %s open and does not "
                         "give it back; the memory of comm %u is kept",
                         who, weft_comm_device_name(comm, comm->entries[index].device),
                         comm->number);
    return far != weftTimeout;
}

bool weft_windows_drop(struct weft_comm *comm, bool quiet)
{
    bool all = true;

    for (uint32_t i = 0; i < comm->entry_count; i++) {
        struct weft_entry *entry = &comm->entries[i];

        if (weft_entry_state(entry) != WEFT_ENTRY_LIVE)
            continue;
        /* Others lose the window in any case. What this comm imported it gives back only when none
         * of its copies can land in it any more: until then a revocation has to find it. */
        if (entry->own)
            all = drop(comm, i) && all;
        if (quiet)
            forget(comm, i);
    }
    return all;
}
