/* Signals of ours in windows of peers: each is one store that the peer's side answers; see
 * peer_signal.h. */
#include "peer_signal.h"

#include "log.h"
#include "peers.h"
#include "sibling.h"

/* The engine knows the bytes, not the peer's answer: to it the transfer has ended before that, and
 * its fence with it. */
void weft_peers_signal_begin(struct weft_loop *loop, uint32_t slot)
{
    struct weft_peers *peers = loop->peers;
    const struct weft_signal *signal = &loop->slots.slots[slot].op.signal;

    if (signal->window == WEFT_NONE || !weft_peers_raise(loop, signal))
        return;
    loop->slots.slots[slot].signals_peer = true;
    weft_list_append(&peers->signalling, peers->signalling_links, slot);
}

void weft_peers_signal_end(struct weft_loop *loop, uint32_t slot)
{
    if (loop->slots.slots[slot].signals_peer)
        weft_list_remove(&loop->peers->signalling, loop->peers->signalling_links, slot);
    loop->slots.slots[slot].signals_peer = false;
}

/* Without a lane it is tried again until its deadline. */
static weftResult_t send_store(struct weft_loop *loop, uint32_t index)
{
    struct weft_peers *peers = loop->peers;
    struct weft_peers_store *store = &peers->stores[index];
    weftResult_t result = weft_peers_owner_raises(loop, &store->signal)
                              ? weft_sibling_raise(loop, index)
                              : peers->ops->store(peers->net, store->signal.window,
                                                  store->signal.offset, store->signal.value,
                                                  store->signal.op, peers->store_cookies + index);

    store->sent = result == weftSuccess;
    return result == weftRemoteError || result == weftNoResource ? weftSuccess : result;
}

/* Its net cannot address a real GPU's memory. */
static bool is_far_gpu(const struct weft_loop *loop, uint32_t window)
{
    return weft_peers_own(loop, window) && !loop->peers->gpus &&
           loop->topo->devices[loop->window_devices[window]].kind == weftDeviceGpu;
}

bool weft_peers_owner_raises(const struct weft_loop *loop, const struct weft_signal *signal)
{
    return is_far_gpu(loop, signal->window) || weft_sibling_raises(loop, signal);
}

bool weft_peers_raise(const struct weft_loop *loop, const struct weft_signal *signal)
{
    return weft_peers_own(loop, signal->window) || weft_sibling_raises(loop, signal);
}

weftResult_t weft_peers_signal(struct weft_loop *loop, uint32_t slot,
                               const struct weft_signal *signal, const struct weft_slot_end *end)
{
    struct weft_peers *peers = loop->peers;
    const struct weft_peers_import *to = &peers->sources[signal->window];
    uint32_t index;
    weftResult_t result;

    if (!to->used || (peers->peers[to->peer].state != WEFT_PEER_READY &&
                      peers->peers[to->peer].state != WEFT_PEER_GREETED))
        return weftRemoteError;
    index = weft_pool_take(&peers->free_stores);
    if (index == WEFT_NONE)
        return weftNoResource;
    peers->stores[index] =
        (struct weft_peers_store){.slot = slot,
                                  .deadline_at = loop->slots.slots[slot].op.deadline_at,
                                  .signal = *signal,
                                  .end = *end};
    result = send_store(loop, index);
    if (result != weftSuccess) {
        weft_pool_give(&peers->free_stores, index);
        return result;
    }
    weft_list_append(&peers->storing, peers->store_links, index);
    peers->unsent += !peers->stores[index].sent;
    return weftSuccess;
}

void weft_peers_store_ended(struct weft_loop *loop, uint32_t index, weftResult_t result)
{
    struct weft_peers *peers = loop->peers;
    struct weft_peers_store *store = &peers->stores[index];
    struct weft_slot_end end = store->end;

    if (result == weftInvalidUsage) {
        /* The peer took the window back when the bytes were there, and the signal was not. */
        end.result = weftCancelled;
        end.cause = WEFT_CAUSE_REVOKED;
    } else if (result != weftSuccess) {
        end.result = result;
        end.cause = WEFT_CAUSE_SIGNAL;
    }
    peers->unsent -= !store->sent;
    store->sent = false; /* a second answer finds nothing */
    weft_list_remove(&peers->storing, peers->store_links, index);
    weft_pool_give(&peers->free_stores, index);
    if (store->slot != WEFT_NONE)
        weft_loop_end(loop, store->slot, end);
}

/* Who waits past his deadline is told that nobody knows; the entry stays until it is answered. Of
 * what was never sent it is known. */
bool weft_peers_poll_stores(struct weft_loop *loop, weft_ns now)
{
    struct weft_peers *peers = loop->peers;
    bool any = false;
    uint32_t next;

    for (uint32_t i = peers->storing.first; i != WEFT_NONE; i = next) {
        struct weft_peers_store *store = &peers->stores[i];
        uint32_t slot = store->slot;
        struct weft_slot_end end = {
            .result = weftUnknown, .cause = WEFT_CAUSE_DEADLINE, .hop = WEFT_NONE};
        weftResult_t result = weftSuccess;

        next = peers->store_links[i].next;
        if (!store->sent) {
            result = send_store(loop, i);
            peers->unsent -= store->sent;
        }
        if (result == weftSuccess && now < store->deadline_at)
            continue;
        if (!store->sent) {
            weft_peers_store_ended(loop, i, result == weftSuccess ? weftTimeout : result);
            any = true;
        } else if (slot != WEFT_NONE) {
            store->slot = WEFT_NONE;
            weft_loop_end(loop, slot, end);
            any = true;
        }
    }
    return any;
}
