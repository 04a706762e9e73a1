/* Fetches: a get from a peer's window is a put that the peer is asked for, as only its own engine
 * knows how busy its links are. A fetch is asked for in parts, as many as there is room for, and
 * again where the peer has no room. See peer_fetch.h. */
#include <string.h>

#include "peer_copy.h"
#include "peer_fetch.h"
#include "peer_join.h"
#include "peers.h"

#define AGAIN_NS        20000u /* what a peer had no room for is asked for again after this, */
#define AGAIN_DOUBLINGS 6      /* and then after twice that, so often */
#define ASKERS_PER_POLL 64     /* fetches that are looked at in a poll */

static const unsigned next_states[WEFT_FETCH_STATES] = {
    [WEFT_FETCH_NONE] = 1u << WEFT_FETCH_FENCED,
    [WEFT_FETCH_FENCED] = 1u << WEFT_FETCH_ASKING | 1u << WEFT_FETCH_NONE,
    [WEFT_FETCH_ASKING] = 1u << WEFT_FETCH_CLOSING | 1u << WEFT_FETCH_NONE,
    [WEFT_FETCH_CLOSING] = 1u << WEFT_FETCH_NONE,
};

static void set_state(struct weft_peers *peers, uint32_t slot, enum weft_fetch_state state)
{
    struct weft_peers_fetch *fetch = &peers->fetches[slot];

    weft_assert((next_states[fetch->state] >> state & 1u) != 0);
    if (fetch->state == WEFT_FETCH_NONE)
        weft_list_append(&peers->fetching, peers->fetching_links, slot);
    if (state == WEFT_FETCH_NONE)
        weft_list_remove(&peers->fetching, peers->fetching_links, slot);
    fetch->state = state;
}

/* A fetch with something to ask for is listed. */
static bool has_more(const struct weft_peers_fetch *fetch)
{
    return fetch->left.block != WEFT_NONE || fetch->again > 0;
}

static void list_to_ask(struct weft_peers *peers, uint32_t slot, bool had_more)
{
    bool more = has_more(&peers->fetches[slot]);

    if (more && !had_more)
        weft_list_append(&peers->to_ask, peers->to_ask_links, slot);
    if (!more && had_more)
        weft_list_remove(&peers->to_ask, peers->to_ask_links, slot);
}

/* ---- beginning ---- */

weftResult_t weft_peers_fetch(struct weft_loop *loop, uint32_t index)
{
    struct weft_peers *peers = loop->peers;
    const struct weft_op *op = &loop->slots.slots[index].op;
    struct weft_peers_fetch *fetch = &peers->fetches[index];
    const struct weft_peers_import *from = &peers->sources[op->src_window];
    struct weft_op gate = *op;

    if (!from->used || peers->peers[from->peer].state != WEFT_PEER_READY ||
        peers->landings[op->dst_window].revoked || weft_copy_lost(loop, op))
        return weftInvalidUsage;
    /* To the engine it is a transfer of no bytes, which ends when its fence has passed. */
    gate.size_bytes = 0;
    gate.first_block = WEFT_NONE;
    gate.signal.window = WEFT_NONE;
    WEFT_TRY(weft_engine_submit(loop->engine, &gate, weft_clock_now(&loop->clock)));
    *fetch = (struct weft_peers_fetch){
        .peer = from->peer,
        .window = op->dst_window,
        .left = {.block = WEFT_NONE},
    };
    if (weft_copy_is(loop, op))
        weft_copy_begin(loop, index);
    set_state(peers, index, WEFT_FETCH_FENCED);
    return weftSuccess;
}

bool weft_peers_fetch_passed(struct weft_loop *loop, uint32_t index, weftResult_t result)
{
    struct weft_peers *peers = loop->peers;
    struct weft_peers_fetch *fetch = &peers->fetches[index];

    if (fetch->state != WEFT_FETCH_FENCED)
        return false;
    if (fetch->end.result != weftSuccess) {
        set_state(peers, index, WEFT_FETCH_NONE);
        weft_loop_end(loop, index, fetch->end);
        return true;
    }
    if (result != weftSuccess) {
        set_state(peers, index, WEFT_FETCH_NONE);
        return false;
    }
    set_state(peers, index, WEFT_FETCH_ASKING);
    fetch->left.block = loop->slots.slots[index].op.first_block;
    list_to_ask(peers, index, false);
    return true;
}

/* ---- asking ---- */

static weftResult_t send_part(struct weft_loop *loop, uint32_t id, struct weft_peers_part *part,
                              struct weft_extent_cursor *cursor)
{
    static const size_t head_bytes = 128;
    struct weft_peers *peers = loop->peers;
    const struct weft_op *op = &loop->slots.slots[part->slot].op;
    struct weft_peer_copy_head copy = {.fetch = {.id = id,
                                                 .dst_device = loop->window_devices[op->dst_window],
                                                 .src = peers->sources[op->src_window].remote}};
    struct weft_peer_fetch_head *head = &copy.fetch;
    struct weft_extent extents[WEFT_PEER_FETCH_EXTENTS];
    uint8_t bytes[WEFT_PEER_COPY_BYTES_MAX];
    struct weft_writer writer;

    if (part->is_copy)
        weft_copy_fill(loop, id, &copy);
    else
        WEFT_TRY(weft_landing_open(loop, op->dst_window, &head->dst));
    *cursor = part->from;
    part->size_bytes = weft_extent_take(loop->slots.blocks, cursor, UINT64_MAX,
                                        WEFT_PEER_FETCH_EXTENTS, extents, &head->extent_count);
    part->epoch = head->dst.epoch;
    _Static_assert(WEFT_PEER_COPY_BYTES_MAX <= WEFT_NET_HELLO_BYTES, "it is one message");
    weft_assert(head->extent_count * 24 + head_bytes <= WEFT_PEER_FETCH_BYTES_MAX);
    writer = weft_writer_of(bytes, sizeof(bytes));
    if (part->is_copy)
        weft_peer_copy_write(&writer, &copy);
    else
        weft_peer_fetch_write(&writer, head);
    for (uint32_t i = 0; i < head->extent_count; i++)
        weft_peer_extent_write(&writer, &extents[i]);
    weft_assert(!writer.failed);
    return peers->ops->send(peers->net, part->peer, bytes, writer.used);
}

/* The part that the slot asks for next: one that is due again, else a new one. WEFT_NONE: none is,
 * or there are as many as may be. */
static uint32_t next_part(struct weft_peers *peers, uint32_t slot, weft_ns now)
{
    const struct weft_peers_fetch *fetch = &peers->fetches[slot];
    uint32_t room = WEFT_NONE;

    for (uint32_t i = 0; i < WEFT_PEERS_PARTS_MAX; i++) {
        const struct weft_peers_part *part = &peers->parts[i];

        if (part->state == WEFT_PART_AGAIN && part->slot == slot && now >= part->again_at)
            return i;
        if (part->state == WEFT_PART_FREE && room == WEFT_NONE)
            room = i;
    }
    if (room == WEFT_NONE || fetch->left.block == WEFT_NONE ||
        fetch->asked + fetch->again >= WEFT_PEERS_PARTS_EACH)
        return WEFT_NONE;
    peers->parts[room] =
        (struct weft_peers_part){.slot = slot,
                                 .peer = fetch->peer,
                                 .is_copy = fetch->is_copy,
                                 .to = fetch->to,
                                 .incarnation = peers->peers[fetch->peer].incarnation,
                                 .from = fetch->left};
    return room;
}

/* weftNoResource, weftRemoteError: the lanes have no room, or none is up; it is asked later.
 * weftInProgress: there is nothing to ask for now. */
static weftResult_t ask_one(struct weft_loop *loop, uint32_t slot, weft_ns now)
{
    struct weft_peers *peers = loop->peers;
    struct weft_peers_fetch *fetch = &peers->fetches[slot];
    uint32_t index = next_part(peers, slot, now);
    struct weft_extent_cursor cursor;
    weftResult_t result;

    if (index == WEFT_NONE)
        return weftInProgress;
    result = send_part(loop, index, &peers->parts[index], &cursor);
    if (result != weftSuccess)
        return result;
    if (peers->parts[index].state == WEFT_PART_AGAIN)
        fetch->again--;
    else
        fetch->left = cursor;
    fetch->asked++;
    peers->parts[index].state = WEFT_PART_ASKED;
    list_to_ask(peers, slot, true);
    return weftSuccess;
}

static void ask(struct weft_loop *loop, weft_ns now)
{
    struct weft_peers *peers = loop->peers;
    uint32_t slot = peers->to_ask.first;
    uint32_t full = 0; /* bit i: the lanes of peer i have no room */

    for (uint32_t i = 0; slot != WEFT_NONE && i < ASKERS_PER_POLL; i++) {
        uint32_t next = peers->to_ask_links[slot].next;
        uint32_t peer = peers->fetches[slot].peer;
        weftResult_t result = weftInProgress;

        if ((full >> peer & 1u) == 0)
            do
                result = ask_one(loop, slot, now);
            while (result == weftSuccess && has_more(&peers->fetches[slot]));
        if (result == weftNoResource || result == weftRemoteError)
            full |= 1u << peer;
        else if (result != weftSuccess && result != weftInProgress)
            weft_fetch_end(loop, slot, result, WEFT_CAUSE_NONE);
        slot = next;
    }
    /* Who was not looked at has the first turn the next time. */
    if (slot != WEFT_NONE) {
        uint32_t first = peers->to_ask.first;

        weft_list_remove(&peers->to_ask, peers->to_ask_links, first);
        weft_list_append(&peers->to_ask, peers->to_ask_links, first);
    }
}

void weft_fetch_again(struct weft_loop *loop, struct weft_peers_part *part, weft_ns at)
{
    struct weft_peers *peers = loop->peers;
    struct weft_peers_fetch *fetch = &peers->fetches[part->slot];
    bool had_more = has_more(fetch);

    part->state = WEFT_PART_AGAIN;
    part->again_at = at;
    fetch->again++;
    list_to_ask(peers, part->slot, had_more);
}

/* ---- ending ---- */

static void forget_parts(struct weft_peers *peers, uint32_t slot)
{
    for (uint32_t i = 0; i < WEFT_PEERS_PARTS_MAX; i++) {
        struct weft_peers_part *part = &peers->parts[i];

        if (part->state == WEFT_PART_FREE || part->slot != slot)
            continue;
        part->slot = WEFT_NONE;
        if (part->state == WEFT_PART_AGAIN)
            part->state = WEFT_PART_FREE;
    }
}

void weft_fetch_settle(struct weft_loop *loop, uint32_t window)
{
    struct weft_peers *peers = loop->peers;
    uint32_t slot = peers->fetching.first;

    while (slot != WEFT_NONE) {
        struct weft_peers_fetch *fetch = &peers->fetches[slot];
        uint32_t next = peers->fetching_links[slot].next;

        if (fetch->state == WEFT_FETCH_CLOSING && fetch->window == window) {
            peers->landings[window].closing--;
            set_state(peers, slot, WEFT_FETCH_NONE);
            weft_loop_end(loop, slot, fetch->end);
        }
        slot = next;
    }
}

void weft_fetch_end(struct weft_loop *loop, uint32_t slot, weftResult_t result,
                    enum weft_cause cause)
{
    struct weft_peers *peers = loop->peers;
    struct weft_peers_fetch *fetch = &peers->fetches[slot];
    struct weft_event cancel = {.kind = WEFT_EVENT_CANCEL, .tag = slot};
    bool had_more = has_more(fetch);

    if (fetch->state == WEFT_FETCH_NONE || fetch->end.result != weftSuccess)
        return;
    fetch->end = (struct weft_slot_end){
        .result = result, .cause = cause, .hop = WEFT_NONE, .moved_bytes = fetch->moved_bytes};
    if (fetch->is_hung) {
        fetch->end.result = weftUnknown;
        fetch->end.cause = WEFT_CAUSE_PEER;
    }
    if (fetch->state == WEFT_FETCH_FENCED) {
        weft_engine_event(loop->engine, &cancel, weft_clock_now(&loop->clock));
        return; /* it ends when the engine says so */
    }
    fetch->left.block = WEFT_NONE;
    fetch->again = 0;
    list_to_ask(peers, slot, had_more);
    if (fetch->is_copy) {
        set_state(peers, slot, WEFT_FETCH_CLOSING);
        weft_copy_close(loop, slot);
        return;
    }
    forget_parts(peers, slot);
    if (fetch->asked > 0)
        weft_landing_shut(loop, fetch->window);
    fetch->asked = 0;
    set_state(peers, slot, WEFT_FETCH_CLOSING);
    peers->landings[fetch->window].closing++;
    if (peers->landings[fetch->window].forwards == 0)
        weft_fetch_settle(loop, fetch->window);
}

void weft_fetch_finish(struct weft_loop *loop, uint32_t slot)
{
    struct weft_peers *peers = loop->peers;
    struct weft_peers_fetch *fetch = &peers->fetches[slot];
    struct weft_slot_end end = fetch->end;

    weft_assert(fetch->asked == 0);
    weft_assert(!has_more(fetch));
    peers->copies_closing -= fetch->state == WEFT_FETCH_CLOSING;
    end.hop = WEFT_NONE;
    end.moved_bytes = fetch->moved_bytes;
    set_state(peers, slot, WEFT_FETCH_NONE);
    weft_loop_complete(loop, slot, &loop->slots.slots[slot].op.signal, end);
}

/* What a bad answer means to who asked. */
static void answered_badly(struct weft_loop *loop, struct weft_peers_part *part,
                           weftResult_t result)
{
    struct weft_peers *peers = loop->peers;
    struct weft_peers_fetch *fetch = &peers->fetches[part->slot];
    bool is_old = part->epoch != peers->landings[fetch->window].as.epoch ||
                  !peers->landings[fetch->window].on;
    uint32_t slot = part->slot;

    /* There was no room, or another fetch has ended, and shut the landing of both. */
    if (result == weftNoResource ||
        (is_old && (result == weftInvalidUsage || result == weftCancelled))) {
        weft_ns wait = (weft_ns)AGAIN_NS << weft_min(part->refused++, AGAIN_DOUBLINGS);

        weft_fetch_again(loop, part, weft_clock_after(&loop->clock, wait));
        return;
    }
    part->state = WEFT_PART_FREE;
    /* A copy of it hangs there; with the landing shut it does not land here. */
    fetch->asked += result == weftUnknown;
    if (result == weftInvalidUsage || result == weftCancelled)
        weft_fetch_end(loop, slot, weftCancelled, WEFT_CAUSE_REVOKED);
    else
        weft_fetch_end(loop, slot, result == weftUnknown ? weftRemoteError : result,
                       WEFT_CAUSE_PEER);
}

void weft_fetch_answered(struct weft_loop *loop, uint32_t peer, uint32_t id, weftResult_t result)
{
    struct weft_peers *peers = loop->peers;
    struct weft_peers_part *part = &peers->parts[id];
    struct weft_peers_fetch *fetch;
    struct weft_slot_end end = {.result = weftSuccess, .hop = WEFT_NONE};
    uint32_t slot = part->slot;

    if (part->state != WEFT_PART_ASKED || part->peer != peer || part->is_copy)
        return;
    if (slot == WEFT_NONE) {
        part->state = WEFT_PART_FREE;
        return;
    }
    fetch = &peers->fetches[slot];
    weft_assert(fetch->asked > 0);
    fetch->asked--;
    if (result != weftSuccess) {
        answered_badly(loop, part, result);
        return;
    }
    part->state = WEFT_PART_FREE;
    fetch->moved_bytes += part->size_bytes;
    if (fetch->asked > 0 || has_more(fetch))
        return;
    set_state(peers, slot, WEFT_FETCH_NONE);
    end.moved_bytes = fetch->moved_bytes;
    weft_loop_complete(loop, slot, &loop->slots.slots[slot].op.signal, end);
}

void weft_fetch_peer_gone(struct weft_loop *loop, uint32_t peer)
{
    struct weft_peers *peers = loop->peers;
    uint32_t slot = peers->fetching.first;

    while (slot != WEFT_NONE) {
        uint32_t next = peers->fetching_links[slot].next;

        if (peers->fetches[slot].peer == peer)
            weft_fetch_end(loop, slot, weftRemoteError, WEFT_CAUSE_GONE);
        slot = next;
    }
    for (uint32_t i = 0; i < WEFT_PEERS_PARTS_MAX; i++)
        if (peers->parts[i].peer == peer && peers->parts[i].is_copy)
            weft_copy_part_gone(loop, i);
        else if (peers->parts[i].peer == peer)
            peers->parts[i].state = WEFT_PART_FREE;
}

void weft_peers_fetch_cancel(struct weft_loop *loop, uint32_t slot)
{
    weft_fetch_end(loop, slot, weftCancelled, WEFT_CAUSE_CANCELLED);
}

void weft_peers_abort(struct weft_loop *loop)
{
    struct weft_peers *peers = loop->peers;
    uint32_t slot = peers->fetching.first;
    uint32_t next;

    while (slot != WEFT_NONE) {
        next = peers->fetching_links[slot].next;
        weft_fetch_end(loop, slot, weftCancelled, WEFT_CAUSE_ABORTED);
        slot = next;
    }
    for (uint32_t i = peers->storing.first; i != WEFT_NONE; i = next) {
        next = peers->store_links[i].next;
        if (!peers->stores[i].sent)
            weft_peers_store_ended(loop, i, weftCancelled);
    }
}

bool weft_fetch_poll(struct weft_loop *loop, weft_ns now)
{
    struct weft_peers *peers = loop->peers;
    uint32_t slot = peers->fetching.first;
    bool any = false;

    while (slot != WEFT_NONE && now >= loop->slots.slots[slot].op.deadline_at) {
        uint32_t next = peers->fetching_links[slot].next;

        any |= peers->fetches[slot].state == WEFT_FETCH_ASKING;
        weft_fetch_end(loop, slot, weftTimeout, WEFT_CAUSE_DEADLINE);
        slot = next;
    }
    ask(loop, now);
    return weft_copy_poll(loop, now) || any;
}
