/* Transfers on their way into the engine and out of it: the ring, streams, fences, ends; loop.h. */
#include "loop.h"

#include "log.h"
#include "peer_copy.h"
#include "peers.h"
#include "sibling.h"

/* What the ring holds: a slot's index and what is wanted of it. */
#define KIND_OP     0u
#define KIND_CANCEL 0x80000000u

/* ---- the callers' side ---- */

/* What is small is sent by the caller's own thread: it is sooner done than another one is woken. */
#define HELP_BYTES_MAX 16384u

static void push(struct weft_loop *loop, uint32_t value)
{
    /* The ring holds four values per slot: its op, a cancel, and those of the use before it that
     * the loop has not popped yet. */
    bool pushed = weft_ring_push(&loop->ops, value);

    weft_assert(pushed);
}

void weft_loop_push(struct weft_loop *loop, uint32_t slot)
{
    bool is_small = loop->slots.slots[slot].op.size_bytes <= HELP_BYTES_MAX;

    weft_slot_live(&loop->slots, slot);
    push(loop, slot | KIND_OP);
    if (!is_small || weft_loop_help(loop) == weftInvalidUsage)
        weft_loop_ring(loop);
}

void weft_loop_cancel(struct weft_loop *loop, uint32_t slot, uint32_t generation)
{
    struct weft_flag *cancel = &loop->slots.slots[slot].cancel;
    uint32_t before = weft_flag_get(cancel);

    if (before != generation && weft_flag_move(cancel, before, generation))
        push(loop, slot | KIND_CANCEL);
    weft_loop_ring(loop);
}

/* ---- ends ---- */

weftResult_t weft_loop_raise(struct weft_loop *loop, const struct weft_signal *signal)
{
    uint32_t device = loop->window_devices[signal->window];
    const struct weft_machine_port *port =
        &loop->machine->ports[loop->machine->memory_ports[device]];

    return port->ops->store(port->port, signal->window, signal->offset, signal->value, signal->op);
}

/* Keeps the sentence for weftGetLastError(comm), and says it once. */
static void note_failure(struct weft_loop *loop, const struct weft_slot *slot,
                         const struct weft_slot_end *end)
{
    struct weft_blame blame = {
        .topo = loop->topo,
        .hops = loop->hops,
        .config = &loop->config,
        .src_device = slot->src_device,
        .dst_device = slot->dst_device,
        .size_bytes = slot->op.size_bytes,
        .end = *end,
    };
    char text[WEFT_BLAME_BYTES];

    loop->failed_count++;
    weft_blame_write(&blame, text);
    weft_log(end->result == weftCancelled ? WEFT_LOG_INFO : WEFT_LOG_WARN, loop->noun, "%s", text);
    pthread_mutex_lock(&loop->error_lock);
    weft_text_copy(loop->last_error, sizeof(loop->last_error), text);
    pthread_mutex_unlock(&loop->error_lock);
}

static void leave_stream(struct weft_loop *loop, struct weft_slot_stream *stream)
{
    const struct weft_machine_port *port = &loop->machine->ports[stream->port];

    if (stream->marked) {
        if (loop->mark_count < loop->slots.count)
            loop->marks[loop->mark_count++] = (struct weft_loop_mark){stream->port, stream->mark};
        else
            weft_log(WEFT_LOG_WARN, loop->noun, "too many streams stand still; a mark is lost");
        stream->marked = false;
    }
    if (stream->held) {
        port->ops->stream_release(port->port, stream->gate);
        stream->held = false;
    }
}

void weft_loop_complete(struct weft_loop *loop, uint32_t index, const struct weft_signal *signal,
                        struct weft_slot_end end)
{
    if (end.result == weftSuccess && signal->window != WEFT_NONE) {
        if (weft_peers_raise(loop, signal)) {
            end.result = weft_peers_signal(loop, index, signal, &end);
            if (end.result == weftSuccess)
                return; /* it ends with the peer's answer */
        } else {
            end.result = weft_loop_raise(loop, signal);
            if (end.result == weftSuccess && loop->peers != NULL)
                weft_sibling_wake(loop, signal->window);
        }
        if (end.result != weftSuccess)
            end.cause = WEFT_CAUSE_SIGNAL;
    }
    weft_loop_end(loop, index, end);
}

void weft_loop_end(struct weft_loop *loop, uint32_t index, struct weft_slot_end end)
{
    struct weft_slot *slot = &loop->slots.slots[index];

    leave_stream(loop, &slot->stream);
    if (loop->peers != NULL)
        weft_peers_signal_end(loop, index);
    if (loop->peers != NULL && end.result != weftSuccess)
        weft_peers_blame(loop, index, &end);
    if (slot->asker.kind != WEFT_ASKED_BY_CALLER)
        weft_peers_asked_ended(loop, index, end.result);
    else if (end.result != weftSuccess) {
        note_failure(loop, slot, &end);
        if (!slot->watched)
            (void)weft_flag_move(&loop->flush_error, weftSuccess, (uint32_t)end.result);
    }
    weft_slot_end(&loop->slots, index, &end);
}

static void end_early(struct weft_loop *loop, uint32_t slot, weftResult_t result,
                      enum weft_cause cause)
{
    struct weft_signal none = {.window = WEFT_NONE};
    struct weft_slot_end end = {.result = result, .cause = cause, .hop = WEFT_NONE};

    weft_loop_complete(loop, slot, &none, end);
}

/* ---- into the engine ---- */

static bool is_cancelled(const struct weft_loop *loop, uint32_t index)
{
    return weft_flag_get(&loop->slots.slots[index].cancel) ==
           weft_slot_generation(&loop->slots, index);
}

/* From a peer's window into one of ours, or of another peer: the peer writes. */
static bool is_fetch(const struct weft_loop *loop, const struct weft_op *op)
{
    return op->size_bytes > 0 && weft_peers_own(loop, op->src_window) &&
           (!weft_peers_own(loop, op->dst_window) || weft_copy_is(loop, op));
}

void weft_loop_submit(struct weft_loop *loop, uint32_t index)
{
    struct weft_slot *slot = &loop->slots.slots[index];
    weft_ns now = weft_clock_now(&loop->clock);
    weftResult_t result;

    if (slot->spoilt != weftSuccess) {
        end_early(loop, index, slot->spoilt, WEFT_CAUSE_NONE);
        return;
    }
    if (loop->aborted) {
        end_early(loop, index, weftCancelled, WEFT_CAUSE_ABORTED);
        return;
    }
    if (is_cancelled(loop, index)) {
        end_early(loop, index, weftCancelled, WEFT_CAUSE_CANCELLED);
        return;
    }
    /* Threads that call at once may push in another order than they read the fence. */
    slot->op.fence = weft_max(slot->op.fence, loop->fence_last);
    loop->fence_last = slot->op.fence;
    slot->op.deadline_at = weft_add_sat(now, loop->config.timeout_ms * WEFT_NS_PER_MS);
    if (slot->asker.left_ns > 0)
        slot->op.deadline_at =
            weft_min(slot->op.deadline_at, weft_add_sat(now, slot->asker.left_ns));
    if (loop->peers != NULL)
        weft_peers_signal_begin(loop, index);
    if (is_fetch(loop, &slot->op))
        result = weft_peers_fetch(loop, index);
    else
        result = weft_engine_submit(loop->engine, &slot->op, now);
    /* The call has checked rights and states; what changed since is a revocation. */
    if (result == weftInvalidUsage)
        end_early(loop, index, weftCancelled, WEFT_CAUSE_REVOKED);
    else if (result != weftSuccess)
        end_early(loop, index, result, WEFT_CAUSE_NONE);
}

/* True when a transfer in front of it, in the list or with a peer, has a lower fence number. */
static bool is_fenced(const struct weft_loop *loop, uint32_t index)
{
    const struct weft_slot *slots = loop->slots.slots;

    if (loop->peers != NULL && weft_peers_fenced(loop, slots[index].op.fence))
        return true;
    for (uint32_t i = loop->waiting_first; i != index && i != WEFT_NONE; i = slots[i].next)
        if (slots[i].op.fence < slots[index].op.fence)
            return true;
    return false;
}

static void wait_append(struct weft_loop *loop, uint32_t index)
{
    loop->slots.slots[index].next = WEFT_NONE;
    if (loop->waiting_last == WEFT_NONE)
        loop->waiting_first = index;
    else
        loop->slots.slots[loop->waiting_last].next = index;
    loop->waiting_last = index;
}

bool weft_loop_take_ops(struct weft_loop *loop)
{
    uint32_t value;
    bool any = false;

    while (weft_ring_pop(&loop->ops, &value)) {
        uint32_t index = value & ~KIND_CANCEL;
        struct weft_event cancel = {.kind = WEFT_EVENT_CANCEL, .tag = index};

        any = true;
        if ((value & KIND_CANCEL) == 0) {
            struct weft_slot *slot = &loop->slots.slots[index];

            if (slot->stream.marked || is_fenced(loop, index))
                wait_append(loop, index);
            else
                weft_loop_submit(loop, index);
        } else if (is_cancelled(loop, index)) {
            /* One that waits for a stream is no tag of the engine's: it is looked at below. */
            if (loop->peers != NULL)
                weft_peers_fetch_cancel(loop, index);
            weft_engine_event(loop->engine, &cancel, weft_clock_now(&loop->clock));
        }
    }
    return any;
}

/* ---- streams ---- */

enum waiting { WAITING, READY, BROKEN, LATE };

static enum waiting look_at(struct weft_loop *loop, uint32_t index)
{
    struct weft_slot *slot = &loop->slots.slots[index];
    const struct weft_machine_port *port = &loop->machine->ports[slot->stream.port];

    if (slot->stream.marked) {
        weftResult_t result = port->ops->stream_reached(port->port, slot->stream.mark);

        if (result != weftInProgress)
            slot->stream.marked = false;
        if (result != weftInProgress && result != weftSuccess) {
            slot->spoilt = result;
            return BROKEN;
        }
    }
    if (is_cancelled(loop, index))
        return BROKEN; /* submit ends it */
    if (weft_clock_now(&loop->clock) >= slot->stream_deadline)
        return LATE;
    return slot->stream.marked || is_fenced(loop, index) ? WAITING : READY;
}

static bool poll_marks(struct weft_loop *loop)
{
    bool any = false;

    for (uint32_t i = 0; i < loop->mark_count;) {
        const struct weft_machine_port *port = &loop->machine->ports[loop->marks[i].port];

        if (port->ops->stream_reached(port->port, loop->marks[i].mark) == weftInProgress) {
            i++;
            continue;
        }
        loop->marks[i] = loop->marks[--loop->mark_count];
        any = true;
    }
    return any;
}

bool weft_loop_poll_streams(struct weft_loop *loop)
{
    struct weft_slot *slots = loop->slots.slots;
    uint32_t before = WEFT_NONE;
    uint32_t next;
    bool any = poll_marks(loop);

    for (uint32_t i = loop->waiting_first; i != WEFT_NONE; i = next) {
        enum waiting state = look_at(loop, i);

        next = slots[i].next;
        if (state == WAITING) {
            before = i;
            continue;
        }
        any = true;
        if (before == WEFT_NONE)
            loop->waiting_first = next;
        else
            slots[before].next = next;
        if (loop->waiting_last == i)
            loop->waiting_last = before;
        if (state == LATE)
            end_early(loop, i, weftTimeout, WEFT_CAUSE_DEADLINE);
        else
            weft_loop_submit(loop, i);
    }
    return any;
}

void weft_loop_drop_waiting(struct weft_loop *loop, weftResult_t result, enum weft_cause cause)
{
    while (loop->waiting_first != WEFT_NONE) {
        uint32_t index = loop->waiting_first;

        loop->waiting_first = loop->slots.slots[index].next;
        end_early(loop, index, result, cause);
    }
    loop->waiting_last = WEFT_NONE;
}
