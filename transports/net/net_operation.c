/* Operations: what the user has asked for, from the call to its end; see net_operation.h. */
#include <string.h>

#include "net_end.h"

/* ---- blocks ---- */

static void blocks_give(struct weft_net_end *end, uint32_t first)
{
    while (first != WEFT_NONE) {
        uint32_t next = end->blocks[first].next;

        weft_pool_give(&end->free_blocks, first);
        first = next;
    }
}

/* A chain of `count` blocks, or WEFT_NONE where there are not so many; of 0 it is WEFT_NONE. */
static uint32_t blocks_take(struct weft_net_end *end, uint32_t count)
{
    uint32_t first = WEFT_NONE;

    if (end->free_blocks.free_count < count)
        return WEFT_NONE;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t block = weft_pool_take(&end->free_blocks);

        end->blocks[block].next = first;
        end->blocks[block].used = 0;
        first = block;
    }
    return first;
}

static uint32_t blocks_needed(uint64_t count, uint32_t each)
{
    return (uint32_t)((count + each - 1) / each);
}

static uint32_t extents_keep(struct weft_net_end *end, const struct weft_extent *extents,
                             uint32_t count)
{
    uint32_t first = blocks_take(end, blocks_needed(count, WEFT_NET_BLOCK_EXTENTS));

    for (uint32_t block = first, done = 0; block != WEFT_NONE; block = end->blocks[block].next) {
        uint32_t part = (uint32_t)weft_min(count - done, WEFT_NET_BLOCK_EXTENTS);

        memcpy(end->blocks[block].of.extents, extents + done, part * sizeof(*extents));
        end->blocks[block].used = part;
        done += part;
    }
    return first;
}

static uint32_t bytes_keep(struct weft_net_end *end, const uint8_t *bytes, size_t size)
{
    uint32_t first = blocks_take(end, blocks_needed(size, WEFT_NET_BLOCK_BYTES));
    size_t done = 0;

    for (uint32_t block = first; block != WEFT_NONE; block = end->blocks[block].next) {
        uint32_t part = (uint32_t)weft_min(size - done, WEFT_NET_BLOCK_BYTES);

        memcpy(end->blocks[block].of.bytes, bytes + done, part);
        end->blocks[block].used = part;
        done += part;
    }
    return first;
}

/* ---- the end ---- */

void weft_net_operation_end(struct weft_net_end *end, uint32_t number, weftResult_t result)
{
    struct weft_net_operation *operation = &end->operations[number];
    uint32_t cookies_max = end->env.cookies_max;

    weft_assert(operation->kind != WEFT_NET_OP_NOTHING);
    if (operation->kind == WEFT_NET_OP_FORWARD || operation->kind == WEFT_NET_OP_FORWARDED ||
        operation->kind == WEFT_NET_OP_ASKED || operation->kind == WEFT_NET_OP_ANSWER)
        weft_net_peer_at(end, operation->peer)->forward_count--;
    blocks_give(end, operation->first_block);
    operation->first_block = WEFT_NONE;
    operation->kind = WEFT_NET_OP_NOTHING;
    if (number >= cookies_max) {
        weft_pool_give(&end->free_notes, number - cookies_max);
        return;
    }
    weft_assert(end->done_count < cookies_max);
    end->done[(end->done_first + end->done_count++) % cookies_max] =
        (struct weft_completion){number, result};
}

static void copy_settle(struct weft_net_end *end, uint32_t number)
{
    const struct weft_net_operation *operation = &end->operations[number];

    if (operation->frames > 0 || !(operation->is_whole || operation->is_lost))
        return;
    if (operation->is_refused)
        weft_net_operation_end(end, number, weftInvalidUsage);
    else
        weft_net_operation_end(end, number, operation->is_lost ? weftRemoteError : weftSuccess);
}

void weft_net_copy_lost(struct weft_net_end *end, uint32_t number, bool is_frame)
{
    struct weft_net_operation *operation = &end->operations[number];

    weft_assert(operation->kind == WEFT_NET_OP_COPY);
    operation->is_lost = true;
    if (is_frame)
        operation->frames--;
    copy_settle(end, number);
}

void weft_net_operation_applied(struct weft_net_end *end, uint32_t number)
{
    struct weft_net_operation *operation = &end->operations[number];

    if (operation->kind == WEFT_NET_OP_COPY) {
        operation->frames--;
        copy_settle(end, number);
    } else if (operation->kind == WEFT_NET_OP_FORWARD && operation->is_answered) {
        weft_net_operation_end(end, number, operation->result);
    } else if (operation->kind == WEFT_NET_OP_FORWARD && !operation->is_refused) {
        operation->kind = WEFT_NET_OP_FORWARDED;
    } else {
        weft_net_operation_end(end, number, operation->is_refused ? weftInvalidUsage : weftSuccess);
    }
}

void weft_net_operations_end(struct weft_net_end *end, struct weft_net_peer *peer,
                             weftResult_t result)
{
    uint32_t number = weft_net_peer_number(end, peer);

    weft_list_init(&peer->waiting);
    for (uint32_t i = 0; i < end->env.cookies_max + WEFT_NET_NOTES_MAX; i++)
        if (end->operations[i].kind != WEFT_NET_OP_NOTHING && end->operations[i].peer == number)
            weft_net_operation_end(end, i, result);
}

void weft_net_operation_wait(struct weft_net_end *end, uint32_t number)
{
    struct weft_net_peer *peer = weft_net_peer_at(end, end->operations[number].peer);

    weft_list_append(&peer->waiting, end->links, number);
    end->hooks->touch(end, peer);
}

/* ---- copies ---- */

/* The sum of the extents, which must lie inside both windows. */
static weftResult_t extents_check(const struct weft_copy *copy, uint64_t dst_bytes,
                                  uint64_t src_bytes)
{
    uint64_t total = 0;

    if (copy->extent_count > WEFT_WIRE_EXTENTS_MAX || copy->after != WEFT_COOKIE_NONE)
        return weftInvalidArgument;
    for (uint32_t i = 0; i < copy->extent_count; i++) {
        const struct weft_extent *extent = &copy->extents[i];

        if (!weft_range_inside(extent->dst_offset, extent->size_bytes, dst_bytes) ||
            !weft_range_inside(extent->src_offset, extent->size_bytes, src_bytes))
            return weftInvalidArgument;
        total = weft_add_sat(total, extent->size_bytes);
    }
    return total == copy->size_bytes ? weftSuccess : weftInvalidArgument;
}

static void cookie_check(const struct weft_net_end *end, uint32_t cookie)
{
    weft_assert(cookie < end->env.cookies_max);
    weft_assert(end->operations[cookie].kind == WEFT_NET_OP_NOTHING);
}

/* A word of a peer's window that may be signalled. */
static weftResult_t word_check(const struct weft_net_window *dst, uint64_t offset,
                               weftSignalOp_t op)
{
    if (dst == NULL || offset % sizeof(uint64_t) != 0 || (unsigned)op >= weftNumSignalOps ||
        !weft_range_inside(offset, sizeof(uint64_t), dst->size_bytes))
        return weftInvalidArgument;
    return (dst->remote.rights & WEFT_RIGHT_SIGNAL) == 0 ? weftInvalidUsage : weftSuccess;
}

static weftResult_t signal_check(const struct weft_net_end *end, const struct weft_copy *copy,
                                 uint32_t peer)
{
    const struct weft_copy_signal *signal = copy->signal;
    const struct weft_net_window *dst;

    if (signal == NULL)
        return weftSuccess;
    dst = weft_net_window_imported(end, signal->window);
    WEFT_TRY(word_check(dst, signal->offset, signal->op));
    return dst->peer == peer && copy->size_bytes <= end->base.ops->signal_bytes_max
               ? weftSuccess
               : weftInvalidArgument;
}

static void signal_keep(const struct weft_net_end *end, const struct weft_copy_signal *signal,
                        struct weft_net_operation *operation)
{
    if (signal == NULL)
        return;
    operation->has_signal = true;
    operation->src_window = weft_net_window_wire(weft_net_window_imported(end, signal->window));
    operation->offset = signal->offset;
    operation->value = signal->value;
    operation->op = signal->op;
}

weftResult_t weft_net_copy_check(const struct weft_net_end *end, const struct weft_copy *copy,
                                 uint32_t *peer)
{
    const struct weft_net_window *dst = weft_net_window_imported(end, copy->dst_window);
    const struct weft_net_window *src;

    if (dst == NULL || copy->src_window >= end->env.windows_max)
        return weftInvalidArgument;
    src = &end->windows[copy->src_window];
    if (src->base == NULL || copy->lane >= weft_net_peer_at(end, dst->peer)->lane_count)
        return weftInvalidArgument;
    if ((dst->remote.rights & WEFT_RIGHT_WRITE) == 0)
        return weftInvalidUsage;
    WEFT_TRY(extents_check(copy, dst->size_bytes, src->size_bytes));
    WEFT_TRY(signal_check(end, copy, dst->peer));
    *peer = dst->peer;
    return weftSuccess;
}

bool weft_net_copy_begin(struct weft_net_end *end, const struct weft_copy *copy)
{
    const struct weft_net_window *dst = &end->windows[copy->dst_window];

    if (end->free_blocks.free_count < blocks_needed(copy->extent_count, WEFT_NET_BLOCK_EXTENTS))
        return false;
    cookie_check(end, copy->cookie);
    end->operations[copy->cookie] = (struct weft_net_operation){
        .kind = WEFT_NET_OP_COPY,
        .peer = dst->peer,
        .lane = copy->lane,
        .is_lent = copy->lent,
        .first_block = extents_keep(end, copy->extents, copy->extent_count),
        .extent_count = copy->extent_count,
        .size_bytes = copy->size_bytes,
        .src = end->windows[copy->src_window].base,
        .dst_window = weft_net_window_wire(dst),
    };
    signal_keep(end, copy->signal, &end->operations[copy->cookie]);
    return true;
}

/* A peer without a live lane takes nothing: the caller chooses another way. */
static weftResult_t reach(struct weft_net_end *end, uint32_t peer)
{
    if (peer >= end->env.peers_max ||
        weft_net_peer_at(end, peer)->state == WEFT_NET_PEER_STATE_FREE)
        return weftInvalidArgument;
    return weft_net_peer_at(end, peer)->state == WEFT_NET_PEER_STATE_UP ? weftSuccess
                                                                        : weftRemoteError;
}

weftResult_t weft_net_forward(struct weft_net *net, const struct weft_copy *copy)
{
    struct weft_net_end *end = weft_net_end_of(net);
    const struct weft_net_window *dst = weft_net_window_imported(end, copy->dst_window);
    const struct weft_net_window *src = weft_net_window_imported(end, copy->src_window);
    uint32_t blocks = blocks_needed(copy->extent_count, WEFT_NET_BLOCK_EXTENTS);

    if (dst == NULL || src == NULL || dst->peer != src->peer)
        return weftInvalidArgument;
    if ((dst->remote.rights & WEFT_RIGHT_WRITE) == 0 || (src->remote.rights & WEFT_RIGHT_READ) == 0)
        return weftInvalidUsage;
    WEFT_TRY(extents_check(copy, dst->size_bytes, src->size_bytes));
    WEFT_TRY(reach(end, dst->peer));
    if (weft_net_peer_at(end, dst->peer)->forward_count >= WEFT_NET_FORWARDS_MAX ||
        end->free_blocks.free_count < blocks)
        return weftNoResource;
    cookie_check(end, copy->cookie);
    end->operations[copy->cookie] = (struct weft_net_operation){
        .kind = WEFT_NET_OP_FORWARD,
        .peer = dst->peer,
        .first_block = extents_keep(end, copy->extents, copy->extent_count),
        .extent_count = copy->extent_count,
        .size_bytes = copy->size_bytes,
        .dst_window = weft_net_window_wire(dst),
        .src_window = weft_net_window_wire(src),
    };
    weft_net_peer_at(end, dst->peer)->forward_count++;
    weft_net_operation_wait(end, copy->cookie);
    return weftSuccess;
}

weftResult_t weft_net_store(struct weft_net *net, uint32_t window, uint64_t offset, uint64_t value,
                            weftSignalOp_t op, uint32_t cookie)
{
    struct weft_net_end *end = weft_net_end_of(net);
    const struct weft_net_window *dst = weft_net_window_imported(end, window);

    WEFT_TRY(word_check(dst, offset, op));
    WEFT_TRY(reach(end, dst->peer));
    cookie_check(end, cookie);
    end->operations[cookie] = (struct weft_net_operation){
        .kind = WEFT_NET_OP_STORE,
        .peer = dst->peer,
        .first_block = WEFT_NONE,
        .dst_window = weft_net_window_wire(dst),
        .offset = offset,
        .value = value,
        .op = op,
    };
    weft_net_operation_wait(end, cookie);
    return weftSuccess;
}

/* ---- notes ---- */

/* A free note, which has a cookie's place behind all cookies, or WEFT_NONE. */
static uint32_t note_take(struct weft_net_end *end)
{
    uint32_t note = weft_pool_take(&end->free_notes);

    return note == WEFT_NONE ? WEFT_NONE : end->env.cookies_max + note;
}

weftResult_t weft_net_send(struct weft_net *net, uint32_t peer, const void *bytes, size_t size)
{
    struct weft_net_end *end = weft_net_end_of(net);
    uint32_t note;

    if (size > WEFT_NET_HELLO_BYTES)
        return weftInvalidArgument;
    WEFT_TRY(reach(end, peer));
    if (end->free_blocks.free_count < blocks_needed(size, WEFT_NET_BLOCK_BYTES))
        return weftNoResource;
    note = note_take(end);
    if (note == WEFT_NONE)
        return weftNoResource;
    end->operations[note] = (struct weft_net_operation){
        .kind = WEFT_NET_OP_MESSAGE,
        .peer = peer,
        .first_block = bytes_keep(end, bytes, size),
        .extent_count = (uint32_t)size,
    };
    weft_net_operation_wait(end, note);
    return weftSuccess;
}

uint32_t weft_net_operation_ask(struct weft_net_end *end, uint32_t peer, uint32_t request)
{
    uint32_t note = WEFT_NONE;

    /* The other half is for forwards of ours. */
    if (weft_net_peer_at(end, peer)->forward_count < 2 * WEFT_NET_FORWARDS_MAX)
        note = note_take(end);
    if (note == WEFT_NONE)
        return WEFT_NONE;
    end->operations[note] = (struct weft_net_operation){
        .kind = WEFT_NET_OP_ASKED, .peer = peer, .first_block = WEFT_NONE, .request = request};
    weft_net_peer_at(end, peer)->forward_count++;
    return note;
}

void weft_net_answer(struct weft_net *net, uint32_t peer, uint32_t request, weftResult_t result)
{
    struct weft_net_end *end = weft_net_end_of(net);
    struct weft_net_operation *operation = &end->operations[request];

    weft_assert(request < end->env.cookies_max + WEFT_NET_NOTES_MAX);
    /* The peer may have gone, and its forwards with it, before the user knew. */
    if (operation->kind != WEFT_NET_OP_ASKED || operation->peer != peer)
        return;
    operation->kind = WEFT_NET_OP_ANSWER;
    operation->result = result;
    weft_net_operation_wait(end, request);
}
