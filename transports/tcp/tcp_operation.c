/* Operations: what the user has asked for, from the call to its end.
 *
 * A number is in use from the call that takes it until weft_tcp_operation_end, which gives it back,
 * once. Meanwhile it is in one place: listed on its lane or as waiting, in a lane's ring, or (of
 * FORWARDED and ASKED) in none. */
#include <string.h>

#include "tcp_net.h"

/* ---- blocks ---- */

static void blocks_give(struct weft_tcp_net *net, uint32_t first)
{
    while (first != WEFT_NONE) {
        uint32_t next = net->blocks[first].next;

        weft_pool_give(&net->free_blocks, first);
        first = next;
    }
}

/* A chain of `count` blocks, or WEFT_NONE where there are not so many; of 0 it is WEFT_NONE. */
static uint32_t blocks_take(struct weft_tcp_net *net, uint32_t count)
{
    uint32_t first = WEFT_NONE;

    if (net->free_blocks.free_count < count)
        return WEFT_NONE;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t block = weft_pool_take(&net->free_blocks);

        net->blocks[block].next = first;
        net->blocks[block].used = 0;
        first = block;
    }
    return first;
}

static uint32_t blocks_needed(uint64_t count, uint32_t each)
{
    return (uint32_t)((count + each - 1) / each);
}

static uint32_t extents_keep(struct weft_tcp_net *net, const struct weft_extent *extents,
                             uint32_t count)
{
    uint32_t first = blocks_take(net, blocks_needed(count, WEFT_TCP_BLOCK_EXTENTS));

    for (uint32_t block = first, done = 0; block != WEFT_NONE; block = net->blocks[block].next) {
        uint32_t part = (uint32_t)weft_min(count - done, WEFT_TCP_BLOCK_EXTENTS);

        memcpy(net->blocks[block].of.extents, extents + done, part * sizeof(*extents));
        net->blocks[block].used = part;
        done += part;
    }
    return first;
}

static uint32_t bytes_keep(struct weft_tcp_net *net, const uint8_t *bytes, size_t size)
{
    uint32_t first = blocks_take(net, blocks_needed(size, WEFT_TCP_BLOCK_BYTES));
    size_t done = 0;

    for (uint32_t block = first; block != WEFT_NONE; block = net->blocks[block].next) {
        uint32_t part = (uint32_t)weft_min(size - done, WEFT_TCP_BLOCK_BYTES);

        memcpy(net->blocks[block].of.bytes, bytes + done, part);
        net->blocks[block].used = part;
        done += part;
    }
    return first;
}

/* ---- the end ---- */

void weft_tcp_operation_end(struct weft_tcp_net *net, uint32_t number, weftResult_t result)
{
    struct weft_tcp_operation *operation = &net->operations[number];
    uint32_t cookies_max = net->env.cookies_max;

    weft_assert(operation->kind != WEFT_TCP_NOTHING);
    if (operation->kind == WEFT_TCP_FORWARD || operation->kind == WEFT_TCP_FORWARDED ||
        operation->kind == WEFT_TCP_ASKED || operation->kind == WEFT_TCP_ANSWER)
        net->peers[operation->peer].forward_count--;
    blocks_give(net, operation->first_block);
    operation->first_block = WEFT_NONE;
    operation->kind = WEFT_TCP_NOTHING;
    if (number >= cookies_max) {
        weft_pool_give(&net->free_notes, number - cookies_max);
        return;
    }
    weft_assert(net->done_count < cookies_max);
    net->done[(net->done_first + net->done_count++) % cookies_max] =
        (struct weft_completion){number, result};
}

void weft_tcp_operation_applied(struct weft_tcp_net *net, uint32_t number)
{
    struct weft_tcp_operation *operation = &net->operations[number];

    if (operation->kind == WEFT_TCP_FORWARD && operation->is_answered)
        weft_tcp_operation_end(net, number, operation->result);
    else if (operation->kind == WEFT_TCP_FORWARD && !operation->is_refused)
        operation->kind = WEFT_TCP_FORWARDED;
    else
        weft_tcp_operation_end(net, number, operation->is_refused ? weftInvalidUsage : weftSuccess);
}

void weft_tcp_operations_end(struct weft_tcp_net *net, uint32_t peer, weftResult_t result)
{
    struct weft_tcp_peer *its = &net->peers[peer];

    weft_list_init(&its->waiting);
    for (uint32_t i = 0; i < its->lane_count; i++)
        weft_list_init(&its->lanes[i].copies);
    for (uint32_t i = 0; i < net->env.cookies_max + WEFT_TCP_NOTES_MAX; i++)
        if (net->operations[i].kind != WEFT_TCP_NOTHING && net->operations[i].peer == peer)
            weft_tcp_operation_end(net, i, result);
}

void weft_tcp_operation_wait(struct weft_tcp_net *net, uint32_t number)
{
    struct weft_tcp_peer *peer = &net->peers[net->operations[number].peer];
    struct weft_tcp_lane *lane = weft_tcp_peer_lane(peer);

    weft_list_append(&peer->waiting, net->links, number);
    if (lane != NULL)
        weft_tcp_lane_touch(net, lane);
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

static void cookie_check(const struct weft_tcp_net *net, uint32_t cookie)
{
    weft_assert(cookie < net->env.cookies_max);
    weft_assert(net->operations[cookie].kind == WEFT_TCP_NOTHING);
}

weftResult_t weft_tcp_copy(struct weft_net *base, const struct weft_copy *copy)
{
    struct weft_tcp_net *net = weft_tcp_net_of(base);
    const struct weft_tcp_window *dst = weft_tcp_window_imported(net, copy->dst_window);
    const struct weft_tcp_window *src;
    struct weft_tcp_lane *lane;
    uint32_t blocks = blocks_needed(copy->extent_count, WEFT_TCP_BLOCK_EXTENTS);

    if (dst == NULL || copy->src_window >= net->env.windows_max)
        return weftInvalidArgument;
    src = &net->windows[copy->src_window];
    if (src->base == NULL || copy->lane >= net->peers[dst->peer].lane_count)
        return weftInvalidArgument;
    if ((dst->remote.rights & WEFT_RIGHT_WRITE) == 0)
        return weftInvalidUsage;
    WEFT_TRY(extents_check(copy, dst->size_bytes, src->size_bytes));
    lane = &net->peers[dst->peer].lanes[copy->lane];
    if (!weft_tcp_lane_is_live(lane))
        return weftRemoteError;
    if (lane->state != WEFT_TCP_LANE_UP || lane->copies.count >= WEFT_TCP_COPIES_MAX ||
        net->free_blocks.free_count < blocks)
        return weftNoResource;
    cookie_check(net, copy->cookie);
    net->operations[copy->cookie] = (struct weft_tcp_operation){
        .kind = WEFT_TCP_COPY,
        .peer = dst->peer,
        .first_block = extents_keep(net, copy->extents, copy->extent_count),
        .extent_count = copy->extent_count,
        .size_bytes = copy->size_bytes,
        .src = src->base,
        .dst_window = weft_tcp_window_wire(dst),
    };
    weft_list_append(&lane->copies, net->links, copy->cookie);
    weft_tcp_lane_touch(net, lane);
    return weftSuccess;
}

/* A peer without a live lane takes nothing: the caller chooses another way. */
static weftResult_t reach(struct weft_tcp_net *net, uint32_t peer)
{
    if (peer >= net->env.peers_max || net->peers[peer].state == WEFT_TCP_PEER_FREE)
        return weftInvalidArgument;
    return net->peers[peer].state == WEFT_TCP_PEER_UP ? weftSuccess : weftRemoteError;
}

weftResult_t weft_tcp_forward(struct weft_net *base, const struct weft_copy *copy)
{
    struct weft_tcp_net *net = weft_tcp_net_of(base);
    const struct weft_tcp_window *dst = weft_tcp_window_imported(net, copy->dst_window);
    const struct weft_tcp_window *src = weft_tcp_window_imported(net, copy->src_window);
    uint32_t blocks = blocks_needed(copy->extent_count, WEFT_TCP_BLOCK_EXTENTS);

    if (dst == NULL || src == NULL || dst->peer != src->peer)
        return weftInvalidArgument;
    if ((dst->remote.rights & WEFT_RIGHT_WRITE) == 0 || (src->remote.rights & WEFT_RIGHT_READ) == 0)
        return weftInvalidUsage;
    WEFT_TRY(extents_check(copy, dst->size_bytes, src->size_bytes));
    WEFT_TRY(reach(net, dst->peer));
    if (net->peers[dst->peer].forward_count >= WEFT_TCP_FORWARDS_MAX ||
        net->free_blocks.free_count < blocks)
        return weftNoResource;
    cookie_check(net, copy->cookie);
    net->operations[copy->cookie] = (struct weft_tcp_operation){
        .kind = WEFT_TCP_FORWARD,
        .peer = dst->peer,
        .first_block = extents_keep(net, copy->extents, copy->extent_count),
        .extent_count = copy->extent_count,
        .size_bytes = copy->size_bytes,
        .dst_window = weft_tcp_window_wire(dst),
        .src_window = weft_tcp_window_wire(src),
    };
    net->peers[dst->peer].forward_count++;
    weft_tcp_operation_wait(net, copy->cookie);
    return weftSuccess;
}

weftResult_t weft_tcp_store(struct weft_net *base, uint32_t window, uint64_t offset, uint64_t value,
                            weftSignalOp_t op, uint32_t cookie)
{
    struct weft_tcp_net *net = weft_tcp_net_of(base);
    const struct weft_tcp_window *dst = weft_tcp_window_imported(net, window);

    if (dst == NULL || offset % sizeof(uint64_t) != 0 || (unsigned)op >= weftNumSignalOps ||
        !weft_range_inside(offset, sizeof(uint64_t), dst->size_bytes))
        return weftInvalidArgument;
    if ((dst->remote.rights & WEFT_RIGHT_SIGNAL) == 0)
        return weftInvalidUsage;
    WEFT_TRY(reach(net, dst->peer));
    cookie_check(net, cookie);
    net->operations[cookie] = (struct weft_tcp_operation){
        .kind = WEFT_TCP_STORE,
        .peer = dst->peer,
        .first_block = WEFT_NONE,
        .dst_window = weft_tcp_window_wire(dst),
        .offset = offset,
        .value = value,
        .op = op,
    };
    weft_tcp_operation_wait(net, cookie);
    return weftSuccess;
}

/* ---- notes ---- */

/* A free note, which has a cookie's place behind all cookies, or WEFT_NONE. */
static uint32_t note_take(struct weft_tcp_net *net)
{
    uint32_t note = weft_pool_take(&net->free_notes);

    return note == WEFT_NONE ? WEFT_NONE : net->env.cookies_max + note;
}

weftResult_t weft_tcp_send(struct weft_net *base, uint32_t peer, const void *bytes, size_t size)
{
    struct weft_tcp_net *net = weft_tcp_net_of(base);
    uint32_t note;

    if (size > WEFT_NET_HELLO_BYTES)
        return weftInvalidArgument;
    WEFT_TRY(reach(net, peer));
    if (net->free_blocks.free_count < blocks_needed(size, WEFT_TCP_BLOCK_BYTES))
        return weftNoResource;
    note = note_take(net);
    if (note == WEFT_NONE)
        return weftNoResource;
    net->operations[note] = (struct weft_tcp_operation){
        .kind = WEFT_TCP_MESSAGE,
        .peer = peer,
        .first_block = bytes_keep(net, bytes, size),
        .extent_count = (uint32_t)size,
    };
    weft_tcp_operation_wait(net, note);
    return weftSuccess;
}

uint32_t weft_tcp_operation_ask(struct weft_tcp_net *net, uint32_t peer, uint32_t request)
{
    uint32_t note = WEFT_NONE;

    /* The other half is for forwards of ours. */
    if (net->peers[peer].forward_count < 2 * WEFT_TCP_FORWARDS_MAX)
        note = note_take(net);
    if (note == WEFT_NONE)
        return WEFT_NONE;
    net->operations[note] = (struct weft_tcp_operation){
        .kind = WEFT_TCP_ASKED, .peer = peer, .first_block = WEFT_NONE, .request = request};
    net->peers[peer].forward_count++;
    return note;
}

void weft_tcp_answer(struct weft_net *base, uint32_t peer, uint32_t request, weftResult_t result)
{
    struct weft_tcp_net *net = weft_tcp_net_of(base);
    struct weft_tcp_operation *operation = &net->operations[request];

    weft_assert(request < net->env.cookies_max + WEFT_TCP_NOTES_MAX);
    /* The peer may have gone, and its forwards with it, before the user knew. */
    if (operation->kind != WEFT_TCP_ASKED || operation->peer != peer)
        return;
    operation->kind = WEFT_TCP_ANSWER;
    operation->result = result;
    weft_tcp_operation_wait(net, request);
}
