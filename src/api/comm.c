/* The life of a communicator as its user sees it; see comm.h. */
#include "comm.h"

#include <string.h>

#include "../core/result.h"
#include "error.h"
#include "group.h"
#include "settings.h"

static const uint32_t next_states[WEFT_COMM_STATES] = {
    [WEFT_COMM_OPEN] = 1u << WEFT_COMM_FINALIZING | 1u << WEFT_COMM_ABORTED,
    [WEFT_COMM_FINALIZING] = 1u << WEFT_COMM_FINALIZED | 1u << WEFT_COMM_ABORTED,
    [WEFT_COMM_FINALIZED] = 1u << WEFT_COMM_ABORTED,
    [WEFT_COMM_ABORTED] = 0,
};

enum weft_comm_state weft_comm_state(const struct weft_comm *comm)
{
    return (enum weft_comm_state)weft_flag_get(&comm->state);
}

/* The one place where the state changes; calls of other threads may come between, so what is not
 * next is left alone. */
static void set_state(struct weft_comm *comm, enum weft_comm_state state)
{
    enum weft_comm_state from = weft_comm_state(comm);

    while ((next_states[from] & 1u << state) != 0) {
        if (weft_flag_move(&comm->state, (uint32_t)from, (uint32_t)state))
            return;
        from = weft_comm_state(comm);
    }
}

weftResult_t weft_comm_takes(const char *call, const struct weft_comm *comm)
{
    enum weft_comm_state state = weft_comm_state(comm);

    if (state == WEFT_COMM_OPEN)
        return weftSuccess;
    return weft_error(weftInvalidUsage,
                      "%s: comm %u was %s and takes no new transfers; make a new "
                      "comm",
                      call, comm->number, state == WEFT_COMM_ABORTED ? "aborted" : "finalized");
}

weftResult_t weft_comm_get(const char *call, weftComm_t handle, struct weft_comm **comm)
{
    struct weft_comm *found = weft_comm_find(handle);

    if (found == NULL)
        return weft_error(weftInvalidArgument, "%s: comm is %s", call,
                          handle == NULL ? "NULL" : "no comm, or was destroyed");
    *comm = found;
    return weftSuccess;
}

const char *weft_comm_device_name(const struct weft_comm *comm, uint32_t device)
{
    return comm->loop->topo->devices[device].name;
}

weftResult_t weft_comm_deadline(const char *call, const struct weft_comm *comm, int64_t timeout_ns,
                                weft_ns *deadline_at)
{
    if (timeout_ns < WEFT_TIMEOUT_DEFAULT)
        return weft_error(weftInvalidArgument,
                          "%s: the timeout is %lld ns; it must be 0 or more, or "
                          "WEFT_TIMEOUT_DEFAULT (-1)",
                          call, (long long)timeout_ns);
    *deadline_at =
        weft_clock_after(&comm->loop->clock, timeout_ns == WEFT_TIMEOUT_DEFAULT
                                                 ? comm->loop->config.timeout_ms * WEFT_NS_PER_MS
                                                 : (weft_ns)timeout_ns);
    return weftSuccess;
}

/* `id`: NULL for a comm of one, that meets nobody. */
static weftResult_t make(const char *call, int number, int count, weftConfig_t config,
                         const weftUniqueId *id, weftComm_t *handle)
{
    struct weft_config settings;
    struct weft_comm *comm = NULL;
    struct weft_rank rank = {.count = 1};
    weftResult_t result;

    WEFT_TRY(weft_settings_gather(config, &settings));
    if (id != NULL)
        WEFT_TRY(weft_rank_init(&rank, id, number, count, &settings));
    result = weft_comm_open(call, &settings, &comm);
    if (id != NULL)
        result = weft_comm_meet(comm, &rank, &settings, result);
    if (result != weftSuccess)
        weft_rank_leave(&rank, &settings);
    if (result != weftSuccess && comm != NULL)
        (void)weft_comm_close(comm);
    if (result != weftSuccess)
        return result;
    comm->rank = rank;
    *handle = weft_comm_handle(comm);
    return weftSuccess;
}

weftResult_t weftCommInit(weftComm_t *comm, weftConfig_t config)
{
    if (comm == NULL)
        return weft_error(weftInvalidArgument, "weftCommInit: comm is NULL");
    return make("weftCommInit", 0, 1, config, NULL, comm);
}

weftResult_t weftCommInitRank(weftComm_t *comm, int nranks, weftUniqueId id, int rank,
                              weftConfig_t config)
{
    if (comm == NULL)
        return weft_error(weftInvalidArgument, "weftCommInitRank: comm is NULL");
    if (nranks < 1 || nranks > WEFT_BOOT_RANKS_MAX || rank < 0 || rank >= nranks)
        return weft_error(weftInvalidArgument,
                          "weftCommInitRank: rank %d of %d; nranks must be 1 to %d and rank 0 to "
                          "nranks - 1",
                          rank, nranks, WEFT_BOOT_RANKS_MAX);
    return make("weftCommInitRank", rank, nranks, config, &id, comm);
}

weftResult_t weftCommCount(weftComm_t handle, int *count)
{
    struct weft_comm *comm;

    WEFT_TRY(weft_comm_get("weftCommCount", handle, &comm));
    if (count == NULL)
        return weft_error(weftInvalidArgument, "weftCommCount: count is NULL");
    *count = (int)comm->rank.count;
    return weftSuccess;
}

weftResult_t weftCommUserRank(weftComm_t handle, int *rank)
{
    struct weft_comm *comm;

    WEFT_TRY(weft_comm_get("weftCommUserRank", handle, &comm));
    if (rank == NULL)
        return weft_error(weftInvalidArgument, "weftCommUserRank: rank is NULL");
    *rank = (int)comm->rank.number;
    return weftSuccess;
}

weftResult_t weftCommExchange(weftComm_t handle, const void *mine, void *all, size_t each)
{
    struct weft_comm *comm;

    WEFT_TRY(weft_comm_get("weftCommExchange", handle, &comm));
    if (mine == NULL || all == NULL || each == 0 || each > WEFT_BOOT_BYTES_MAX)
        return weft_error(weftInvalidArgument,
                          "weftCommExchange: mine or all is NULL, or each is %zu; it must be 1 to "
                          "%d bytes",
                          each, WEFT_BOOT_BYTES_MAX);
    WEFT_TRY(weft_comm_takes("weftCommExchange", comm));
    if (comm->rank.has_met)
        return weft_rank_exchange(&comm->rank, &comm->loop->config, mine, all, each);
    memmove(all, mine, each);
    return weftSuccess;
}

weftResult_t weftCommGetAsyncError(weftComm_t handle, weftResult_t *error)
{
    struct weft_comm *comm;

    WEFT_TRY(weft_comm_get("weftCommGetAsyncError", handle, &comm));
    if (error == NULL)
        return weft_error(weftInvalidArgument, "weftCommGetAsyncError: error is NULL");
    *error = (weftResult_t)weft_flag_get(&comm->loop->async_error);
    return weftSuccess;
}

/* The sentence for a copy that hangs: the loop's own names device and path, if a transfer saw it.
 * */
static weftResult_t hung(const char *call, struct weft_comm *comm)
{
    char text[WEFT_BLAME_BYTES];

    pthread_mutex_lock(&comm->loop->error_lock);
    weft_text_copy(text, sizeof(text), comm->loop->last_error);
    pthread_mutex_unlock(&comm->loop->error_lock);
    return weft_error(weftUnknown,
                      "%s: a copy of comm %u hangs in the hardware and may yet land; its memory is "
                      "kept and must not be reused. %s",
                      call, comm->number, text);
}

static weftResult_t abort_comm(const char *call, struct weft_comm *comm)
{
    struct weft_command command = {
        .run = weft_command_abort,
        .deadline_at =
            weft_clock_after(&comm->loop->clock, comm->loop->config.abort_ms * WEFT_NS_PER_MS),
    };

    set_state(comm, WEFT_COMM_ABORTED);
    if (weft_loop_call(comm->loop, &command) == weftSuccess)
        return weftSuccess;
    return hung(call, comm);
}

weftResult_t weftCommAbort(weftComm_t handle)
{
    struct weft_comm *comm;

    WEFT_TRY(weft_comm_get("weftCommAbort", handle, &comm));
    return abort_comm("weftCommAbort", comm);
}

weftResult_t weftCommFinalize(weftComm_t handle)
{
    struct weft_comm *comm;
    struct weft_command command = {.run = weft_command_idle};

    WEFT_TRY(weft_comm_get("weftCommFinalize", handle, &comm));
    WEFT_TRY(weft_group_closed("weftCommFinalize"));
    if (weft_comm_state(comm) == WEFT_COMM_ABORTED)
        return weft_error(weftInvalidUsage, "weftCommFinalize: comm %u was aborted; destroy it",
                          comm->number);
    WEFT_TRY(
        weft_comm_deadline("weftCommFinalize", comm, WEFT_TIMEOUT_DEFAULT, &command.deadline_at));
    set_state(comm, WEFT_COMM_FINALIZING);
    if (weft_loop_call(comm->loop, &command) == weftSuccess) {
        set_state(comm, WEFT_COMM_FINALIZED);
        return weftSuccess;
    }
    return weft_error(
        weftTimeout,
        "weftCommFinalize: transfers of comm %u have not ended within timeout_ms %llu; "
        "call weftCommAbort",
        comm->number, (unsigned long long)comm->loop->config.timeout_ms);
}

weftResult_t weftCommDestroy(weftComm_t handle)
{
    struct weft_comm *comm;
    weftResult_t result = weftSuccess;

    if (handle == NULL)
        return weftSuccess;
    WEFT_TRY(weft_comm_get("weftCommDestroy", handle, &comm));
    WEFT_TRY(weft_group_closed("weftCommDestroy"));
    if (weft_comm_state(comm) != WEFT_COMM_FINALIZED)
        result = abort_comm("weftCommDestroy", comm);
    weft_rank_leave(&comm->rank, &comm->loop->config);
    if (weft_comm_close(comm) == weftSuccess)
        return result;
    if (result != weftSuccess)
        return result;
    return weft_error(weftUnknown,
                      "weftCommDestroy: a copy hangs in the hardware; the comm's memory "
                      "is kept and its windows' memory must not be reused");
}
