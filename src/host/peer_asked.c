/* What peers ask of this comm: to copy a chunk on to where it belongs, to write what they fetch;
 * and what they say: relays, answers. See peer_asked.h. */
#include <string.h>

#include "log.h"
#include "peer_agent.h"
#include "peer_asked.h"
#include "peer_copy.h"
#include "peer_join.h"
#include "peers.h"
#include "sibling.h"

/* ---- transfers that a peer asked for ---- */

/* A slot that nobody of this process waits for; WEFT_NONE when all are in use. */
static uint32_t asked_take(struct weft_loop *loop, const struct weft_slot_asker *asker,
                           uint32_t dst_window, uint32_t src_window)
{
    uint32_t index = weft_slot_take(&loop->slots);
    struct weft_slot *slot;

    if (index == WEFT_NONE)
        return WEFT_NONE;
    slot = &loop->slots.slots[index];
    slot->asker = *asker;
    slot->op.dst_window = dst_window;
    slot->op.src_window = src_window;
    slot->op.unfenced = true;
    slot->src_device = loop->window_devices[src_window];
    slot->dst_device = loop->window_devices[dst_window];
    atomic_store_explicit(&slot->sequence, weft_counter_add(&loop->sequence, 1) + 1,
                          memory_order_relaxed);
    return index;
}

static void asked_begin(struct weft_loop *loop, uint32_t index)
{
    struct weft_peers *peers = loop->peers;

    peers->peers[loop->slots.slots[index].asker.peer].asked++;
    weft_list_append(&peers->asked, peers->asked_links, index);
    weft_slot_live(&loop->slots, index);
    weft_loop_submit(loop, index);
}

void weft_peer_forward(struct weft_loop *loop, const struct weft_net_event *event)
{
    struct weft_peers *peers = loop->peers;
    struct weft_slot_asker asker = {
        .kind = WEFT_ASKED_FORWARD, .peer = event->peer, .id = event->request};
    bool lands = event->dst_window >= peers->landing_first;
    uint32_t window = lands ? event->dst_window - peers->landing_first : event->dst_window;
    uint32_t index = asked_take(loop, &asker, window, event->src_window);

    for (uint32_t i = 0; index != WEFT_NONE && i < event->extent_count; i++)
        if (weft_slot_append(&loop->slots, index, &event->extents[i]) != weftSuccess) {
            weft_slot_drop(&loop->slots, index);
            index = WEFT_NONE;
        }
    if (index == WEFT_NONE) {
        peers->ops->answer(peers->net, event->peer, event->request, weftNoResource);
        return;
    }
    if (lands)
        weft_landing_forward(loop, window, index);
    asked_begin(loop, index);
}

/* ---- fetches of peers ---- */

void weft_peer_answer(struct weft_loop *loop, uint32_t peer, uint32_t kind, uint32_t id,
                      weftResult_t result)
{
    struct weft_peers *peers = loop->peers;
    uint8_t bytes[16];
    struct weft_writer writer;
    weftResult_t sent;

    writer = weft_writer_of(bytes, sizeof(bytes));
    weft_peer_answer_write(&writer, kind, id, result);
    sent = peers->ops->send(peers->net, peer, bytes, writer.used);
    /* Without a lane it waits as well: the peer may come back. */
    if (sent != weftSuccess && peers->late_count < WEFT_PEERS_LATE_MAX)
        peers->late[peers->late_count++] = (struct weft_peers_late){peer, kind, id, result};
}

void weft_peer_send_late(struct weft_loop *loop)
{
    struct weft_peers *peers = loop->peers;
    uint32_t count = peers->late_count;

    peers->late_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct weft_peers_late late = peers->late[i];

        if (peers->peers[late.peer].state == WEFT_PEER_READY ||
            peers->peers[late.peer].state == WEFT_PEER_GREETED)
            weft_peer_answer(loop, late.peer, late.kind, late.id, late.result);
    }
}

static bool is_same(const struct weft_net_remote *a, const struct weft_net_remote *b)
{
    return a->window == b->window && a->epoch == b->epoch && a->size_bytes == b->size_bytes &&
           a->rights == b->rights && memcmp(a->token, b->token, sizeof(a->token)) == 0;
}

/* The number here of a peer's window, imported at its first use; WEFT_NONE when there is no room.
 * The least recently made one that nothing uses makes room. */
static uint32_t import_for(struct weft_loop *loop, uint32_t peer,
                           const struct weft_net_remote *remote, uint32_t device)
{
    struct weft_peers *peers = loop->peers;
    uint32_t room = WEFT_NONE;
    uint32_t window;

    for (uint32_t i = 0; i < WEFT_PEERS_IMPORTS_MAX; i++) {
        struct weft_peers_import *import = &peers->imports[i];

        if (import->used && import->peer == peer && is_same(&import->remote, remote))
            return peers->import_first + i;
        if (!import->used && room == WEFT_NONE)
            room = i;
    }
    for (uint32_t i = 0; room == WEFT_NONE && i < WEFT_PEERS_IMPORTS_MAX; i++)
        if (weft_engine_window_remove(loop->engine, peers->import_first + i) == weftSuccess) {
            peers->ops->forget(peers->net, peers->import_first + i);
            peers->imports[i].used = false;
            room = i;
        }
    if (room == WEFT_NONE)
        return WEFT_NONE;
    window = peers->import_first + room;
    if (peers->ops->import(peers->net, window, peer, remote) != weftSuccess)
        return WEFT_NONE;
    if (weft_engine_window_add(loop->engine, window, device, remote->size_bytes,
                               WEFT_RIGHT_WRITE) != weftSuccess) {
        peers->ops->forget(peers->net, window);
        return WEFT_NONE;
    }
    loop->window_devices[window] = device;
    peers->imports[room] = (struct weft_peers_import){true, peer, *remote};
    return window;
}

bool weft_peer_is_exposed(const struct weft_loop *loop, const struct weft_net_remote *remote,
                          unsigned rights)
{
    const struct weft_peers_exposure *exposure;
    uint8_t differs = 0;

    if (remote->window >= loop->config.windows_max || remote->rights > WEFT_RIGHTS_ALL ||
        (remote->rights & rights) != rights)
        return false;
    exposure = &loop->peers->exposures[remote->window][remote->rights];
    for (uint32_t i = 0; i < WEFT_NET_TOKEN_BYTES; i++)
        differs |= (uint8_t)(exposure->as.token[i] ^ remote->token[i]);
    return exposure->on && exposure->as.epoch == remote->epoch && differs == 0;
}

/* The extents, into the slot; sums that wrap are no sums of a window's parts. */
static weftResult_t take_extents(struct weft_loop *loop, uint32_t index,
                                 const struct weft_peer_fetch_head *head,
                                 struct weft_reader *reader)
{
    uint64_t src_bytes = weft_engine_window_size(loop->engine, head->src.window);

    for (uint32_t i = 0; i < head->extent_count; i++) {
        struct weft_extent extent;

        weft_peer_extent_read(reader, &extent);
        if (reader->failed || extent.size_bytes == 0 ||
            extent.size_bytes > UINT64_MAX / WEFT_PEER_FETCH_EXTENTS ||
            !weft_range_inside(extent.src_offset, extent.size_bytes, src_bytes) ||
            !weft_range_inside(extent.dst_offset, extent.size_bytes, head->dst.size_bytes))
            return weftInvalidArgument;
        WEFT_TRY(weft_slot_append(&loop->slots, index, &extent));
    }
    return weftSuccess;
}

/* Counts what the slot moves as asked for by the peer, if that may ask now. */
static bool within_limits(struct weft_loop *loop, uint32_t index, uint32_t slot)
{
    struct weft_peer *peer = &loop->peers->peers[index];
    weft_ns now = weft_clock_real(&loop->clock, weft_clock_now(&loop->clock));

    if (!weft_bucket_is_open(&peer->ops, now) || !weft_bucket_is_open(&peer->bytes, now))
        return false;
    weft_bucket_take(&peer->ops, 1, now);
    weft_bucket_take(&peer->bytes, loop->slots.slots[slot].op.size_bytes, now);
    return true;
}

weftResult_t weft_peer_write(struct weft_loop *loop, const struct weft_slot_asker *asker,
                             uint32_t to, const struct weft_peer_fetch_head *head,
                             struct weft_reader *reader)
{
    const struct weft_peer *peer = &loop->peers->peers[to];
    uint32_t device;
    uint32_t window;
    uint32_t index;
    weftResult_t result;

    if (reader->failed || head->extent_count == 0 || head->extent_count > WEFT_PEER_FETCH_EXTENTS)
        return weftInvalidArgument;
    /* Messages overtake each other: its grant is still to come. */
    if (peer->state == WEFT_PEER_GREETED)
        return weftNoResource;
    device = weft_peer_device(loop->peers, to, head->dst_device);
    if (peer->state != WEFT_PEER_READY || device == WEFT_NONE)
        return weftInvalidArgument;
    if (!weft_peer_is_exposed(loop, &head->src, WEFT_RIGHT_READ))
        return weftInvalidUsage;
    /* Callers of this process find room, too. */
    if (loop->peers->fetches_asked >= loop->slots.count / 2)
        return weftNoResource;
    window = import_for(loop, to, &head->dst, device);
    index = window == WEFT_NONE ? WEFT_NONE : asked_take(loop, asker, window, head->src.window);
    if (index == WEFT_NONE)
        return weftNoResource;
    result = take_extents(loop, index, head, reader);
    if (result == weftSuccess && !within_limits(loop, asker->peer, index))
        result = weftNoResource;
    if (result != weftSuccess) {
        weft_slot_drop(&loop->slots, index);
        return result;
    }
    loop->peers->fetches_asked++;
    asked_begin(loop, index);
    return weftSuccess;
}

static weftResult_t fetch_begin(struct weft_loop *loop, uint32_t peer, struct weft_reader *reader,
                                uint32_t *id)
{
    struct weft_peer_fetch_head head;
    struct weft_slot_asker asker = {.kind = WEFT_ASKED_FETCH, .peer = peer};

    weft_peer_fetch_read(reader, &head);
    *id = head.id;
    asker.id = head.id;
    return weft_peer_write(loop, &asker, peer, &head, reader);
}

void weft_peer_asked_stop(struct weft_loop *loop, uint32_t slot)
{
    struct weft_event cancel = {.kind = WEFT_EVENT_CANCEL, .tag = slot};

    weft_engine_event(loop->engine, &cancel, weft_clock_now(&loop->clock));
}

bool weft_peer_asked_revoke(struct weft_loop *loop, uint32_t window)
{
    const struct weft_peers *peers = loop->peers;
    bool any = false;

    for (uint32_t i = peers->asked.first; i != WEFT_NONE; i = peers->asked_links[i].next) {
        const struct weft_op *op = &loop->slots.slots[i].op;

        if (peers->fetches[i].is_landing || (op->src_window != window && op->dst_window != window))
            continue;
        weft_peer_asked_stop(loop, i);
        any = true;
    }
    return any;
}

void weft_peers_asked_ended(struct weft_loop *loop, uint32_t index, weftResult_t result)
{
    const struct weft_slot_asker *asker = &loop->slots.slots[index].asker;
    struct weft_peers *peers = loop->peers;

    weft_assert(peers->peers[asker->peer].asked > 0);
    peers->peers[asker->peer].asked--;
    weft_list_remove(&peers->asked, peers->asked_links, index);
    if (asker->kind == WEFT_ASKED_FORWARD) {
        peers->ops->answer(peers->net, asker->peer, asker->id, result);
        weft_landing_forwarded(loop, index, result);
        return;
    }
    weft_assert(peers->fetches_asked > 0);
    peers->fetches_asked--;
    if (peers->peers[asker->peer].state == WEFT_PEER_READY)
        weft_peer_answer(loop, asker->peer,
                         asker->kind == WEFT_ASKED_COPY ? WEFT_PEER_COPIED : WEFT_PEER_FETCHED,
                         asker->id, result);
}

/* ---- messages ---- */

static bool take_relay(struct weft_loop *loop, uint32_t peer, uint32_t device,
                       const struct weft_net_remote *remote, uint32_t slots)
{
    struct weft_peers *peers = loop->peers;
    uint32_t window = loop->relay_first + device;

    if (peers->ops->import(peers->net, window, peer, remote) != weftSuccess)
        return false;
    if (weft_engine_window_add(loop->engine, window, device, remote->size_bytes, WEFT_RIGHTS_ALL) !=
        weftSuccess) {
        peers->ops->forget(peers->net, window);
        return false;
    }
    loop->window_devices[window] = device;
    weft_engine_relay_add(loop->engine, device, window, slots);
    return true;
}

/* The peer's relays: its devices may be transits from now on. */
static void take_grant(struct weft_loop *loop, uint32_t index, struct weft_reader *reader)
{
    struct weft_peers *peers = loop->peers;
    struct weft_peer *peer = &peers->peers[index];
    uint64_t slots = weft_reader_number(reader, 4);
    uint64_t slot_bytes = weft_reader_number(reader, 8);
    bool fits =
        slots > 0 && slots <= WEFT_RELAY_SLOTS_MAX && slot_bytes == loop->config.relay_slot_bytes;

    if (peer->state != WEFT_PEER_GREETED)
        return;
    while (fits && reader->used < reader->size) {
        uint32_t own = (uint32_t)weft_reader_number(reader, 4);
        struct weft_net_remote remote;
        uint32_t device;

        weft_peer_remote_read(reader, &remote);
        device = reader->failed ? WEFT_NONE : weft_peer_device(peers, index, own);
        if (device == WEFT_NONE ||
            remote.size_bytes < slots * slot_bytes + WEFT_RELAY_PROBE_BYTES ||
            !take_relay(loop, index, device, &remote, (uint32_t)slots))
            break;
    }
    weft_peer_set_state(peer, WEFT_PEER_READY);
}

static void take_answer(struct weft_loop *loop, uint32_t peer, struct weft_reader *reader)
{
    uint32_t id = (uint32_t)weft_reader_number(reader, 4);
    uint64_t result = weft_reader_number(reader, 1);

    if (!reader->failed && id < WEFT_PEERS_PARTS_MAX && result < weftNumResults &&
        result != weftInProgress)
        weft_fetch_answered(loop, peer, id, (weftResult_t)result);
}

void weft_peer_message(struct weft_loop *loop, const struct weft_net_event *event)
{
    struct weft_reader reader;
    weftResult_t begun;
    uint64_t kind;
    uint32_t id = WEFT_NONE;

    reader = weft_reader_of(event->bytes, event->size);
    kind = weft_reader_number(&reader, 1);
    if (weft_sibling_message(loop, event->peer, kind, &reader))
        return;
    switch (kind) {
    case WEFT_PEER_GRANT:
        take_grant(loop, event->peer, &reader);
        break;
    case WEFT_PEER_FETCH:
        begun = fetch_begin(loop, event->peer, &reader, &id);
        if (begun != weftSuccess)
            weft_peer_answer(loop, event->peer, WEFT_PEER_FETCHED, id, begun);
        break;
    case WEFT_PEER_FETCHED:
        take_answer(loop, event->peer, &reader);
        break;
    case WEFT_PEER_AGENT:
        weft_peer_heard(loop, event->peer, &reader);
        break;
    case WEFT_PEER_COPY:
        weft_copy_asked(loop, event->peer, &reader);
        break;
    case WEFT_PEER_COPIED:
        weft_copy_answered(loop, event->peer, &reader);
        break;
    case WEFT_PEER_STOP:
        weft_copy_stopped(loop, event->peer, &reader);
        break;
    case WEFT_PEER_SETTLE:
        weft_copy_settle_asked(loop, event->peer, &reader);
        break;
    default:
        weft_log(WEFT_LOG_WARN, loop->noun, "peer %s sent a message of no known kind",
                 loop->peers->peers[event->peer].name);
    }
}
