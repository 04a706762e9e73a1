/* From arguments to a slot; see op.h. */
#include "op.h"

#include "error.h"
#include "group.h"

static weftResult_t check_stream(const struct weft_call *call, uint32_t device, uint32_t *port)
{
    if (call->stream == NULL)
        return weftSuccess;
    *port = weft_machine_stream_port(call->comm->loop->machine, device);
    if (*port != WEFT_NONE)
        return weftSuccess;
    return weft_error(
        weftInvalidUsage,
        "%s: a stream is given, but comm %u has no CUDA driver; pass NULL and use the "
        "request",
        call->name, call->comm->number);
}

static weftResult_t take_slot(struct weft_call *call)
{
    struct weft_slot_table *slots = &call->comm->loop->slots;

    call->index = weft_slot_take(slots);
    if (call->index == WEFT_NONE)
        return weft_error(weftNoResource,
                          "%s: comm %u has %u transfers under way; wait for some or raise the "
                          "setting transfers_max",
                          call->name, call->comm->number, slots->count);
    call->slot = &slots->slots[call->index];
    return weftSuccess;
}

static weftResult_t check_own(const struct weft_call *call, enum weft_own own)
{
    if ((own != WEFT_OWN_SRC || call->src->own) && (own != WEFT_OWN_DST || call->dst->own))
        return weftSuccess;
    return weft_error(weftInvalidArgument,
                      "%s: %s was imported; it must be a window that this comm registered "
                      "(weftCopy takes any)",
                      call->name, own == WEFT_OWN_SRC ? "src" : "dst");
}

weftResult_t weft_call_begin(struct weft_call *call, enum weft_own own, weftWindow_t dst,
                             weftWindow_t src)
{
    uint32_t dst_index;
    uint32_t src_index;
    uint32_t port = 0;

    WEFT_TRY(weft_comm_get(call->name, call->comm_handle, &call->comm));
    WEFT_TRY(weft_comm_takes(call->name, call->comm));
    WEFT_TRY(weft_window_get(call->name, call->comm, dst, "dst", WEFT_RIGHT_WRITE, &call->dst,
                             &dst_index));
    WEFT_TRY(weft_window_get(call->name, call->comm, src, "src", WEFT_RIGHT_READ, &call->src,
                             &src_index));
    WEFT_TRY(check_own(call, own));
    WEFT_TRY(check_stream(call, call->src->device, &port));
    WEFT_TRY(take_slot(call));
    call->slot->op.dst_window = dst_index;
    call->slot->op.src_window = src_index;
    call->slot->src_device = call->src->device;
    call->slot->dst_device = call->dst->device;
    call->slot->stream.stream = call->stream;
    call->slot->stream.port = port;
    return weftSuccess;
}

weftResult_t weft_call_begin_signal(struct weft_call *call)
{
    uint32_t port = 0;

    WEFT_TRY(weft_comm_get(call->name, call->comm_handle, &call->comm));
    WEFT_TRY(weft_comm_takes(call->name, call->comm));
    WEFT_TRY(check_stream(call, 0, &port));
    WEFT_TRY(take_slot(call));
    call->slot->stream.stream = call->stream;
    call->slot->stream.port = port;
    return weftSuccess;
}

static weftResult_t outside(const struct weft_call *call, const char *what,
                            const struct weft_entry *entry, uint64_t offset, uint64_t size)
{
    return weft_error(weftInvalidArgument,
                      "%s: %llu bytes at offset %llu are not inside %s, a window of %llu bytes on "
                      "%s",
                      call->name, (unsigned long long)size, (unsigned long long)offset, what,
                      (unsigned long long)entry->size_bytes,
                      weft_comm_device_name(call->comm, entry->device));
}

weftResult_t weft_call_add(struct weft_call *call, uint64_t dst_offset, uint64_t src_offset,
                           uint64_t size)
{
    struct weft_extent extent = {dst_offset, src_offset, size};

    if (!weft_range_inside(dst_offset, size, call->dst->size_bytes))
        return outside(call, "dst", call->dst, dst_offset, size);
    if (!weft_range_inside(src_offset, size, call->src->size_bytes))
        return outside(call, "src", call->src, src_offset, size);
    if (size == 0)
        return weftSuccess;
    if (weft_slot_append(&call->comm->loop->slots, call->index, &extent) == weftSuccess)
        return weftSuccess;
    return weft_error(weftNoResource,
                      "%s: comm %u has no room for more extents; wait for transfers or raise the "
                      "setting extents_max (%llu)",
                      call->name, call->comm->number,
                      (unsigned long long)call->comm->loop->config.extents_max);
}

weftResult_t weft_call_signal(struct weft_call *call, weftWindow_t signal, size_t offset,
                              uint64_t value, weftSignalOp_t op)
{
    uint32_t index;

    WEFT_TRY(weft_window_get(call->name, call->comm, signal, "signal", WEFT_RIGHT_SIGNAL,
                             &call->signal, &index));
    if ((unsigned)op >= weftNumSignalOps)
        return weft_error(weftInvalidArgument,
                          "%s: the operation %d is none; weftSignalSet and weftSignalAdd are",
                          call->name, (int)op);
    if (offset % sizeof(uint64_t) != 0)
        return weft_error(weftInvalidArgument, "%s: signalOffset %zu is not a multiple of 8",
                          call->name, offset);
    if (!weft_range_inside(offset, sizeof(uint64_t), call->signal->size_bytes))
        return outside(call, "signal", call->signal, offset, sizeof(uint64_t));
    call->slot->op.signal = (struct weft_signal){index, offset, value, op};
    if (call->slot->dst_device == WEFT_NONE)
        call->slot->dst_device = call->signal->device;
    return weftSuccess;
}

/* What has no bytes and no signal has ended already; nobody has to hear of it. */
static weftResult_t end_at_once(struct weft_call *call)
{
    struct weft_slot_end end = {.result = weftSuccess, .hop = WEFT_NONE};

    weft_slot_end(&call->comm->loop->slots, call->index, &end);
    return weftSuccess;
}

static weftResult_t hand_over(struct weft_call *call)
{
    struct weft_loop *loop = call->comm->loop;
    struct weft_slot *slot = call->slot;
    uint32_t generation = weft_slot_generation(&loop->slots, call->index);
    weftResult_t result;

    slot->watched = call->request != NULL;
    slot->op.fence = weft_counter_get(&loop->fence);
    atomic_store_explicit(&slot->sequence, weft_counter_add(&loop->sequence, 1) + 1,
                          memory_order_relaxed);
    slot->stream_deadline =
        slot->stream.stream == NULL
            ? WEFT_NEVER
            : weft_clock_after(&loop->clock, loop->config.timeout_ms * WEFT_NS_PER_MS);
    if (slot->op.size_bytes == 0 && slot->op.signal.window == WEFT_NONE)
        result = end_at_once(call);
    else
        result = weft_group_hand_over(call->name, call->comm, call->index);
    if (result == weftSuccess && call->request != NULL)
        *call->request =
            weft_handle_make(WEFT_HANDLE_REQUEST, generation, call->comm->number, call->index);
    return result;
}

weftResult_t weft_call_end(struct weft_call *call, weftResult_t so_far)
{
    if (so_far == weftSuccess)
        so_far = hand_over(call);
    else if (call->slot != NULL)
        weft_slot_drop(&call->comm->loop->slots, call->index);
    return so_far == weftSuccess ? weftSuccess : weft_group_failed(so_far);
}
