/* Copies between two other comms, as the one that wants them sees them; see peer_copy.h. */
#include "peer_copy.h"

#include <string.h>

#define AGAIN_REAL_NS 1000000u  /* what a peer cannot do or say yet is asked for again after this */
#define END_REAL_NS   10000000u /* a stop may overtake what it is to stop, or find nobody awake */
#define SERIALS       (UINT32_MAX / WEFT_PEERS_PARTS_MAX)

static weft_ns after_real(const struct weft_loop *loop, uint64_t real_ns)
{
    return weft_clock_after(&loop->clock, real_ns / loop->clock.dilation);
}

bool weft_copy_is(const struct weft_loop *loop, const struct weft_op *op)
{
    const struct weft_peers *peers = loop->peers;

    return peers != NULL && peers->sources[op->src_window].used &&
           peers->sources[op->dst_window].used &&
           peers->sources[op->src_window].peer != peers->sources[op->dst_window].peer;
}

bool weft_copy_lost(const struct weft_loop *loop, const struct weft_op *op)
{
    const struct weft_peers *peers = loop->peers;

    return weft_copy_is(loop, op) &&
           peers->peers[peers->sources[op->dst_window].peer].state != WEFT_PEER_READY;
}

void weft_copy_begin(struct weft_loop *loop, uint32_t slot)
{
    struct weft_peers_fetch *fetch = &loop->peers->fetches[slot];

    fetch->is_copy = true;
    fetch->to = loop->peers->sources[fetch->window].peer;
    fetch->window = WEFT_NONE;
}

/* What a peer calls a device of the world. */
static uint32_t own_number(const struct weft_peer *peer, uint32_t device)
{
    uint32_t own = 0;

    while (own < WEFT_DEVICES_MAX && peer->devices[own] != device)
        own++;
    return own;
}

void weft_copy_fill(struct weft_loop *loop, uint32_t index, struct weft_peer_copy_head *head)
{
    struct weft_peers *peers = loop->peers;
    struct weft_peers_part *part = &peers->parts[index];
    const struct weft_peer *to = &peers->peers[part->to];
    const struct weft_op *op = &loop->slots.slots[part->slot].op;
    weft_ns left = weft_sub_sat(op->deadline_at, weft_clock_now(&loop->clock));

    peers->copy_serial = (peers->copy_serial + 1) % SERIALS;
    part->id = peers->copy_serial * WEFT_PEERS_PARTS_MAX + index;
    head->fetch.id = part->id;
    head->fetch.dst = peers->sources[op->dst_window].remote;
    head->fetch.dst_device = own_number(to, loop->window_devices[op->dst_window]);
    head->incarnation = to->incarnation;
    head->left_ns = weft_max(weft_clock_real(&loop->clock, left - left / 8), 1);
    memcpy(head->address, to->address, sizeof(head->address));
}

/* ---- ending ---- */

/* Nothing of the part lands any more, or what became of it is known. */
static void part_free(struct weft_peers *peers, struct weft_peers_part *part)
{
    peers->copies_unknown -= part->slot == WEFT_NONE;
    part->state = WEFT_PART_FREE;
}

static void part_ended(struct weft_loop *loop, struct weft_peers_part *part)
{
    struct weft_peers_fetch *fetch;
    uint32_t slot = part->slot;

    part_free(loop->peers, part);
    if (slot == WEFT_NONE)
        return;
    fetch = &loop->peers->fetches[slot];
    weft_assert(fetch->asked > 0);
    fetch->asked--;
    if (fetch->asked == 0 && fetch->again == 0 && fetch->left.block == WEFT_NONE)
        weft_fetch_finish(loop, slot);
}

void weft_copy_close(struct weft_loop *loop, uint32_t slot)
{
    struct weft_peers *peers = loop->peers;
    struct weft_peers_fetch *fetch = &peers->fetches[slot];

    peers->copies_closing++;
    fetch->unknown_at = loop->slots.slots[slot].op.deadline_at;
    if (fetch->end.cause == WEFT_CAUSE_ABORTED)
        fetch->unknown_at =
            weft_min(fetch->unknown_at,
                     weft_clock_after(&loop->clock, loop->config.abort_ms * WEFT_NS_PER_MS));
    for (uint32_t i = 0; i < WEFT_PEERS_PARTS_MAX; i++) {
        struct weft_peers_part *part = &peers->parts[i];

        if (part->state == WEFT_PART_FREE || !part->is_copy || part->slot != slot)
            continue;
        if (part->state == WEFT_PART_AGAIN)
            part_free(peers, part);
        part->again_at = 0;
    }
    if (fetch->asked == 0)
        weft_fetch_finish(loop, slot);
}

/* The caller is told that nobody knows; the parts stay until somebody does. */
static void give_up(struct weft_loop *loop, uint32_t slot)
{
    struct weft_peers *peers = loop->peers;
    struct weft_peers_fetch *fetch = &peers->fetches[slot];

    for (uint32_t i = 0; i < WEFT_PEERS_PARTS_MAX; i++) {
        struct weft_peers_part *part = &peers->parts[i];

        if (part->state == WEFT_PART_FREE || !part->is_copy || part->slot != slot)
            continue;
        part->slot = WEFT_NONE;
        peers->copies_unknown++;
    }
    fetch->asked = 0;
    fetch->end.result = weftUnknown;
    fetch->end.cause = WEFT_CAUSE_SILENT;
    weft_fetch_finish(loop, slot);
}

void weft_copy_part_gone(struct weft_loop *loop, uint32_t index)
{
    struct weft_peers *peers = loop->peers;
    struct weft_peers_part *part = &peers->parts[index];
    bool is_asked = part->state == WEFT_PART_ASKED;

    if (!is_asked && part->state != WEFT_PART_SETTLING)
        return;
    part->state = WEFT_PART_SETTLING;
    part->again_at = 0;
    /* In the memory of a process that has ended nothing lands. */
    if (!is_asked || peers->peers[part->to].state == WEFT_PEER_GONE ||
        peers->peers[part->to].state == WEFT_PEER_FREE)
        part_ended(loop, part);
    else
        part->peer = part->to;
}

/* ---- asking for ends ---- */

static void ask_for_end(struct weft_loop *loop, struct weft_peers_part *part)
{
    struct weft_peers *peers = loop->peers;
    uint8_t bytes[16];
    struct weft_writer writer;

    writer = weft_writer_of(bytes, sizeof(bytes));
    if (part->state == WEFT_PART_SETTLING)
        weft_peer_settle_write(&writer, part->id, part->incarnation);
    else
        weft_peer_stop_write(&writer, part->id);
    /* What finds no room, or no lane, is sent the next time. */
    (void)peers->ops->send(peers->net, part->peer, bytes, writer.used);
    part->again_at = after_real(loop, END_REAL_NS);
}

bool weft_copy_poll(struct weft_loop *loop, weft_ns now)
{
    struct weft_peers *peers = loop->peers;
    uint32_t slot = peers->fetching.first;
    bool any = false;

    if (peers->copies_closing == 0 && peers->copies_unknown == 0)
        return false;
    for (uint32_t i = 0; i < WEFT_PEERS_PARTS_MAX; i++) {
        struct weft_peers_part *part = &peers->parts[i];
        bool is_stopping =
            part->state == WEFT_PART_ASKED && part->is_copy &&
            (part->slot == WEFT_NONE || peers->fetches[part->slot].state == WEFT_FETCH_CLOSING);

        if ((is_stopping || part->state == WEFT_PART_SETTLING) && now >= part->again_at)
            ask_for_end(loop, part);
    }
    while (slot != WEFT_NONE) {
        const struct weft_peers_fetch *fetch = &peers->fetches[slot];
        uint32_t next = peers->fetching_links[slot].next;

        if (fetch->is_copy && fetch->state == WEFT_FETCH_CLOSING && now >= fetch->unknown_at) {
            give_up(loop, slot);
            any = true;
        }
        slot = next;
    }
    return any;
}

/* ---- answers ---- */

/* A copy that B could not, or would not, carry out. */
static void said_no(struct weft_loop *loop, struct weft_peers_part *part, weftResult_t result)
{
    struct weft_peers_fetch *fetch = &loop->peers->fetches[part->slot];
    enum weft_cause cause = WEFT_CAUSE_PEER;

    if (result == weftInvalidUsage || result == weftCancelled) {
        result = weftCancelled;
        cause = WEFT_CAUSE_REVOKED;
    }
    if (fetch->state == WEFT_FETCH_ASKING)
        weft_fetch_end(loop, part->slot, result, cause);
    /* Whatever else it ends with, a copy that hangs there is worse. */
    if (result == weftUnknown) {
        fetch->end.result = weftUnknown;
        fetch->end.cause = WEFT_CAUSE_SILENT;
    }
    part_ended(loop, part);
}

static void answered(struct weft_loop *loop, struct weft_peers_part *part, weftResult_t result)
{
    struct weft_peers_fetch *fetch;

    if (part->state == WEFT_PART_SETTLING && result != weftSuccess)
        return; /* it is asked again */
    if (part->state == WEFT_PART_SETTLING || part->slot == WEFT_NONE) {
        part_ended(loop, part);
        return;
    }
    fetch = &loop->peers->fetches[part->slot];
    if (result == weftSuccess) {
        fetch->moved_bytes += part->size_bytes;
        part_ended(loop, part);
    } else if ((result == weftInProgress || result == weftNoResource) &&
               fetch->state == WEFT_FETCH_ASKING) {
        fetch->asked--;
        weft_fetch_again(loop, part, after_real(loop, AGAIN_REAL_NS));
    } else {
        said_no(loop, part, result);
    }
}

void weft_copy_answered(struct weft_loop *loop, uint32_t peer, struct weft_reader *reader)
{
    uint32_t id = (uint32_t)weft_reader_number(reader, 4);
    uint64_t result = weft_reader_number(reader, 1);
    struct weft_peers_part *part = &loop->peers->parts[id % WEFT_PEERS_PARTS_MAX];

    if (reader->failed || result >= weftNumResults)
        return;
    if (part->is_copy && part->id == id && part->peer == peer &&
        (part->state == WEFT_PART_ASKED || part->state == WEFT_PART_SETTLING))
        answered(loop, part, (weftResult_t)result);
}
