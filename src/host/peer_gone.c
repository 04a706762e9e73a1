/* Peers that are lost, for a while or for good: what ends with them, and what their place is used
 * for afterwards. See peer_gone.h. */
#include <string.h>

#include "log.h"
#include "peer_copy.h"
#include "peer_gone.h"
#include "peer_join.h"
#include "peers.h"
#include "sibling.h"

/* Real: for so long a peer that is gone is remembered, so that an import can say why. */
#define REMEMBER_REAL_NS 1000000000u

/* ---- the end of what it takes part in ---- */

static void revoke(struct weft_loop *loop, uint32_t window)
{
    weft_ns now = weft_clock_now(&loop->clock);
    struct weft_event event = {
        .kind = WEFT_EVENT_REVOKE,
        .window = window,
        .deadline_at = weft_add_sat(now, loop->config.abort_ms * WEFT_NS_PER_MS),
    };

    weft_engine_event(loop->engine, &event, now);
}

/* Signals that no lane has taken, or that it was asked to raise; of the others the net says that
 * they failed. */
static void end_stores(struct weft_loop *loop, uint32_t peer)
{
    struct weft_peers *peers = loop->peers;
    uint32_t next;

    for (uint32_t i = peers->storing.first; i != WEFT_NONE; i = next) {
        const struct weft_peers_store *store = &peers->stores[i];

        next = peers->store_links[i].next;
        if ((!store->sent || weft_peers_owner_raises(loop, &store->signal)) &&
            peers->sources[store->signal.window].peer == peer)
            weft_peers_store_ended(loop, i, weftRemoteError);
    }
}

/* The next peer of that number must not get its answers. */
static void drop_late(struct weft_peers *peers, uint32_t peer)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < peers->late_count; i++)
        if (peers->late[i].peer != peer)
            peers->late[kept++] = peers->late[i];
    peers->late_count = kept;
}

static void gone(struct weft_loop *loop, uint32_t index)
{
    struct weft_peers *peers = loop->peers;

    drop_late(peers, index);
    weft_agent_leave(peers->agent, index);
    peers->peers[index].gone_at = weft_clock_now(&loop->clock);
    weft_peer_set_state(&peers->peers[index], WEFT_PEER_GONE);
    for (uint32_t i = 0; i < loop->relay_first; i++)
        if (peers->sources[i].used && peers->sources[i].peer == index)
            revoke(loop, i);
    for (uint32_t i = 0; i < WEFT_PEERS_IMPORTS_MAX; i++)
        if (peers->imports[i].used && peers->imports[i].peer == index)
            revoke(loop, peers->import_first + i);
    weft_sibling_gone(loop, index);
    weft_copy_asker_gone(loop, index);
    weft_fetch_peer_gone(loop, index);
    end_stores(loop, index);
}

/* Nothing of this server is in the relays that the peer has lent. */
static bool relays_idle(const struct weft_loop *loop, const struct weft_peer *peer)
{
    const struct weft_topo *topo = &loop->peers->world.topo;

    for (uint32_t i = 0; peer->place.server != 0 && i < topo->device_count; i++)
        if (topo->devices[i].server == peer->place.server &&
            !weft_engine_window_idle(loop->engine, loop->relay_first + i))
            return false;
    return true;
}

/* Something of a caller here is under way to it, from it or through it. */
static bool is_in_use(const struct weft_loop *loop, uint32_t index)
{
    const struct weft_peers *peers = loop->peers;

    for (uint32_t i = 0; i < loop->relay_first; i++)
        if (peers->sources[i].used && peers->sources[i].peer == index &&
            (!weft_engine_window_idle(loop->engine, i) || weft_peers_window_used(loop, i)))
            return true;
    return !relays_idle(loop, &peers->peers[index]);
}

void weft_peer_lost(struct weft_loop *loop, const struct weft_net_event *event)
{
    struct weft_peer *peer = &loop->peers->peers[event->peer];
    /* That is how every program ends. */
    bool is_expected = event->is_orderly && !is_in_use(loop, event->peer);

    weft_text_copy(peer->why, sizeof(peer->why), event->why);
    weft_log(is_expected ? WEFT_LOG_INFO : WEFT_LOG_WARN, loop->noun, "peer %s: %s",
             weft_peer_name(peer), event->why);
    /* Of one that may come back, what waits has its deadlines; one that was not reached is none. */
    if (peer->state == WEFT_PEER_GONE || peer->state == WEFT_PEER_FREE ||
        (!event->is_gone && peer->state != WEFT_PEER_REACHING))
        return;
    gone(loop, event->peer);
}

/* Is the window one of a peer that is gone? */
static bool is_of_gone(const struct weft_peers *peers, uint32_t window)
{
    uint32_t number = window - peers->import_first;
    const struct weft_peers_import *import;

    if (window == WEFT_NONE)
        return false;
    if (window >= peers->import_first && number < WEFT_PEERS_IMPORTS_MAX)
        import = &peers->imports[number];
    else
        import = &peers->sources[window];
    return import->used && peers->peers[import->peer].state == WEFT_PEER_GONE;
}

void weft_peers_blame(const struct weft_loop *loop, uint32_t slot, struct weft_slot_end *end)
{
    const struct weft_peers *peers = loop->peers;
    const struct weft_op *op = &loop->slots.slots[slot].op;
    uint32_t windows[] = {op->dst_window, op->src_window, op->signal.window};

    if (end->cause != WEFT_CAUSE_REVOKED && end->cause != WEFT_CAUSE_SIGNAL)
        return;
    for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(windows); i++) {
        if (!is_of_gone(peers, windows[i]))
            continue;
        end->result = weftRemoteError;
        end->cause = WEFT_CAUSE_GONE;
        end->hop = WEFT_NONE;
    }
}

/* ---- its place ---- */

bool weft_peer_is_still(const struct weft_loop *loop, uint32_t index)
{
    const struct weft_peer *peer = &loop->peers->peers[index];

    for (uint32_t i = 0; i < WEFT_DEVICES_MAX; i++)
        if (peer->relays[i] != NULL &&
            !weft_engine_window_idle(loop->engine, weft_peer_inbound(loop->peers, index, i)))
            return false;
    return peer->asked == 0;
}

/* Nothing of this comm names it, and nothing that it lent or was lent is in use. */
static bool is_unused(const struct weft_loop *loop, uint32_t index)
{
    const struct weft_peers *peers = loop->peers;
    const struct weft_peer *peer = &peers->peers[index];

    if (!weft_peer_is_still(loop, index))
        return false;
    for (uint32_t i = 0; i < loop->relay_first; i++)
        if (peers->sources[i].used && peers->sources[i].peer == index)
            return false;
    for (uint32_t i = 0; i < WEFT_PEERS_IMPORTS_MAX; i++)
        if (peers->imports[i].used && peers->imports[i].peer == index &&
            !weft_engine_window_idle(loop->engine, peers->import_first + i))
            return false;
    return relays_idle(loop, peer);
}

static void forget_imports(struct weft_loop *loop, uint32_t index)
{
    struct weft_peers *peers = loop->peers;

    for (uint32_t i = 0; i < WEFT_PEERS_IMPORTS_MAX; i++) {
        struct weft_peers_import *import = &peers->imports[i];

        if (!import->used || import->peer != index)
            continue;
        (void)weft_engine_window_remove(loop->engine, peers->import_first + i);
        peers->ops->forget(peers->net, peers->import_first + i);
        import->used = false;
    }
}

/* Its relays as the engine knows them. */
static void forget_relays(struct weft_loop *loop, const struct weft_peer *peer)
{
    const struct weft_topo *topo = &loop->peers->world.topo;

    for (uint32_t i = 0; peer->place.server != 0 && i < topo->device_count; i++)
        if (topo->devices[i].server == peer->place.server &&
            weft_engine_window_remove(loop->engine, loop->relay_first + i) == weftSuccess)
            loop->peers->ops->forget(loop->peers->net, loop->relay_first + i);
}

void weft_peers_place_give(struct weft_peers *peers, const struct weft_peer *peer)
{
    struct weft_peers_place *place = &peers->places[peers->next_place];

    if (peer->place.server == 0)
        return;
    peers->next_place = (peers->next_place + 1) % WEFT_PEERS_MAX;
    *place = (struct weft_peers_place){
        .free = true, .digest = peer->digest, .lanes = peer->lanes, .place = peer->place};
    memcpy(place->devices, peer->devices, sizeof(place->devices));
    memcpy(place->name, peer->name, sizeof(place->name));
}

bool weft_peers_place_take(struct weft_peers *peers, struct weft_peer *peer)
{
    for (uint32_t i = 0; i < WEFT_PEERS_MAX; i++) {
        struct weft_peers_place *place = &peers->places[i];

        if (!place->free || place->digest != peer->digest || place->lanes != peer->lanes)
            continue;
        peer->place = place->place;
        memcpy(peer->devices, place->devices, sizeof(peer->devices));
        memcpy(peer->name, place->name, sizeof(peer->name));
        place->free = false;
        return true;
    }
    return false;
}

static bool reclaim(struct weft_loop *loop, uint32_t index)
{
    struct weft_peers *peers = loop->peers;
    struct weft_peer *peer = &peers->peers[index];

    if (!is_unused(loop, index))
        return false;
    forget_imports(loop, index);
    forget_relays(loop, peer);
    weft_peers_place_give(peers, peer);
    weft_peer_free_relays(loop, index);
    peers->ops->peer_close(peers->net, index);
    weft_peer_set_state(peer, WEFT_PEER_FREE);
    memset(peer, 0, sizeof(*peer));
    return true;
}

bool weft_peers_reclaim(struct weft_loop *loop)
{
    for (uint32_t i = 0; i < WEFT_PEERS_MAX; i++)
        if (loop->peers->peers[i].state == WEFT_PEER_GONE && reclaim(loop, i))
            return true;
    return false;
}

void weft_peers_forget_gone(struct weft_loop *loop, weft_ns now)
{
    for (uint32_t i = 0; i < WEFT_PEERS_MAX; i++)
        /* It may have gone after the round's `now` was taken. */
        if (loop->peers->peers[i].state == WEFT_PEER_GONE &&
            weft_clock_real(&loop->clock, weft_sub_sat(now, loop->peers->peers[i].gone_at)) >=
                REMEMBER_REAL_NS)
            (void)reclaim(loop, i);
}
