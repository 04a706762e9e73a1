/* Groups of calls; see group.h. */
#include "group.h"

#include "error.h"

/* A group's slots in the order of the calls, linked through the slots themselves: a group has no
 * limit of its own and takes no memory. Each thread has its own. */
struct group {
    uint32_t depth;
    weftResult_t error; /* the first one of its calls */
    uint32_t first_comm;
    uint32_t first;
    uint32_t last_comm;
    uint32_t last;
};

static _Thread_local struct group group = {.first = WEFT_NONE, .last = WEFT_NONE};

static struct weft_slot *slot_at(uint32_t comm, uint32_t slot)
{
    return &weft_comm_at(comm)->loop->slots.slots[slot];
}

/* ---- streams: first every mark, then every hold, so that calls of a group on one stream do not
 * wait for each other ---- */

static weftResult_t mark(struct weft_comm *comm, struct weft_slot *slot)
{
    struct weft_slot_stream *stream = &slot->stream;
    const struct weft_machine_port *port = &comm->loop->machine->ports[stream->port];

    if (stream->stream == NULL)
        return weftSuccess;
    WEFT_TRY(port->ops->stream_mark(port->port, stream->stream, &stream->mark));
    stream->marked = true;
    return weftSuccess;
}

static weftResult_t hold(struct weft_comm *comm, struct weft_slot *slot)
{
    struct weft_slot_stream *stream = &slot->stream;
    const struct weft_machine_port *port = &comm->loop->machine->ports[stream->port];

    if (!stream->marked)
        return weftSuccess;
    WEFT_TRY(port->ops->stream_hold(port->port, stream->stream, &stream->gate));
    stream->held = true;
    return weftSuccess;
}

static weftResult_t stream_failed(const char *call, weftResult_t result)
{
    return weft_error(result,
                      "%s: the stream cannot be waited for (%s); pass a stream of this machine's "
                      "CUDA driver, and fewer at once",
                      call, weftGetErrorString(result));
}

/* ---- handing over ---- */

static weftResult_t hand_over_now(const char *call, struct weft_comm *comm, uint32_t index)
{
    struct weft_slot *slot = &comm->loop->slots.slots[index];
    weftResult_t result = mark(comm, slot);

    if (result == weftSuccess)
        result = hold(comm, slot);
    if (result == weftSuccess) {
        weft_loop_push(comm->loop, index);
        return weftSuccess;
    }
    if (slot->stream.marked) {
        /* The loop has to wait for the mark; then it ends the slot without moving a byte. */
        slot->spoilt = result;
        slot->watched = false;
        weft_loop_push(comm->loop, index);
    } else {
        weft_slot_drop(&comm->loop->slots, index);
    }
    return stream_failed(call, result);
}

weftResult_t weft_group_hand_over(const char *call, struct weft_comm *comm, uint32_t index)
{
    if (group.depth == 0)
        return hand_over_now(call, comm, index);
    if (group.first == WEFT_NONE) {
        group.first_comm = comm->number;
        group.first = index;
    } else {
        slot_at(group.last_comm, group.last)->next_comm = comm->number;
        slot_at(group.last_comm, group.last)->next = index;
    }
    group.last_comm = comm->number;
    group.last = index;
    return weftSuccess;
}

weftResult_t weft_group_failed(weftResult_t result)
{
    if (group.depth > 0 && group.error == weftSuccess)
        group.error = result;
    return result;
}

weftResult_t weft_group_closed(const char *call)
{
    if (group.depth == 0)
        return weftSuccess;
    return weft_error(weftInvalidUsage,
                      "%s: a group of this thread is open, so its transfers have not begun; call "
                      "weftGroupEnd first",
                      call);
}

weftResult_t weftGroupStart(void)
{
    if (group.depth++ == 0)
        group.error = weftSuccess;
    return weftSuccess;
}

/* Does one step for every kept slot. A slot whose stream fails ends with that error. */
static void for_each(weftResult_t (*step)(struct weft_comm *, struct weft_slot *))
{
    uint32_t comm = group.first_comm;
    uint32_t index = group.first;

    while (index != WEFT_NONE) {
        struct weft_slot *slot = slot_at(comm, index);
        weftResult_t result =
            slot->spoilt == weftSuccess ? step(weft_comm_at(comm), slot) : weftSuccess;

        if (result != weftSuccess) {
            slot->spoilt = result;
            (void)weft_group_failed(stream_failed("weftGroupEnd", result));
        }
        comm = slot->next_comm;
        index = slot->next;
    }
}

static void push_all(void)
{
    uint32_t comm = group.first_comm;
    uint32_t index = group.first;

    while (index != WEFT_NONE) {
        /* Once pushed the slot is the loop's, and its links with it. */
        uint32_t next_comm = slot_at(comm, index)->next_comm;
        uint32_t next = slot_at(comm, index)->next;

        weft_loop_push(weft_comm_at(comm)->loop, index);
        comm = next_comm;
        index = next;
    }
    group.first = WEFT_NONE;
    group.last = WEFT_NONE;
}

weftResult_t weftGroupEnd(void)
{
    if (group.depth == 0)
        return weft_error(weftInvalidUsage, "weftGroupEnd: no group of this thread is open; call "
                                            "weftGroupStart first");
    if (--group.depth > 0)
        return group.error;
    for_each(mark);
    for_each(hold);
    push_all();
    return group.error;
}
