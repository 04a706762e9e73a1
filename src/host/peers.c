/* Peers of a comm: what is asked of them, the events and completions of the net; see peers.h. */
#include "peers.h"

#include <string.h>

#include "log.h"

#define EVENTS_PER_POLL 64
#define COMPLETIONS_MAX 64

static const unsigned next_states[WEFT_PEER_STATES] = {
    [WEFT_PEER_FREE] = 1u << WEFT_PEER_REACHING,
    [WEFT_PEER_REACHING] = 1u << WEFT_PEER_GREETED | 1u << WEFT_PEER_GONE,
    [WEFT_PEER_GREETED] = 1u << WEFT_PEER_READY | 1u << WEFT_PEER_GONE,
    [WEFT_PEER_READY] = 1u << WEFT_PEER_GONE,
    [WEFT_PEER_GONE] = 1u << WEFT_PEER_FREE,
};

void weft_peer_set_state(struct weft_peer *peer, enum weft_peer_state state)
{
    weft_assert((next_states[peer->state] >> state & 1u) != 0);
    peer->state = state;
}

/* ---- windows ---- */

weftResult_t weft_peers_window_add(struct weft_loop *loop, uint32_t window, uint32_t device,
                                   void *base, uint64_t size_bytes)
{
    struct weft_peers *peers = loop->peers;

    /* Memory that cannot be addressed is reached over the relays in host memory. */
    if (loop->machine->topo.devices[device].kind != weftDeviceDram && !peers->gpus)
        return weftSuccess;
    return peers->ops->window_add(peers->net, window, base, size_bytes);
}

void weft_peers_window_remove(struct weft_loop *loop, uint32_t window)
{
    struct weft_peers *peers = loop->peers;

    if (weft_peers_own(loop, window))
        peers->ops->forget(peers->net, window);
    else
        peers->ops->window_remove(peers->net, window);
    memset(&peers->exposures[window], 0, sizeof(peers->exposures[window]));
}

bool weft_peers_own(const struct weft_loop *loop, uint32_t window)
{
    return loop->peers != NULL &&
           loop->peers->world.topo.devices[loop->window_devices[window]].server != 0;
}

weftResult_t weft_command_expose(struct weft_loop *loop, struct weft_command *command, weft_ns now)
{
    struct weft_peers *peers = loop->peers;
    struct weft_peers_exposure *exposure =
        &peers->exposures[command->window][command->remote->rights];

    (void)now;
    if (exposure->on && exposure->as.epoch == command->remote->epoch)
        return weftSuccess;
    WEFT_TRY(peers->ops->expose(peers->net, command->window, command->remote));
    *exposure = (struct weft_peers_exposure){true, *command->remote};
    return weftSuccess;
}

weftResult_t weft_command_conceal(struct weft_loop *loop, struct weft_command *command, weft_ns now)
{
    (void)now;
    loop->peers->ops->conceal(loop->peers->net, command->window);
    memset(&loop->peers->exposures[command->window], 0,
           sizeof(loop->peers->exposures[command->window]));
    return weftSuccess;
}

/* ---- reaching ---- */

static uint32_t find_peer(const struct weft_peers *peers, uint64_t incarnation)
{
    for (uint32_t i = 0; i < WEFT_PEERS_MAX; i++)
        if (peers->peers[i].state != WEFT_PEER_FREE && peers->peers[i].incarnation == incarnation)
            return i;
    return WEFT_NONE;
}

static weftResult_t reach(struct weft_peers *peers, const struct weft_window_key *key,
                          uint32_t *peer)
{
    *peer = find_peer(peers, key->incarnation);
    if (*peer != WEFT_NONE)
        return weftSuccess;
    WEFT_TRY(peers->ops->peer_open(peers->net, key->address, peer));
    weft_assert(*peer < WEFT_PEERS_MAX);
    peers->peers[*peer].incarnation = key->incarnation;
    weft_peer_set_state(&peers->peers[*peer], WEFT_PEER_REACHING);
    return weftSuccess;
}

weftResult_t weft_command_import(struct weft_loop *loop, struct weft_command *command, weft_ns now)
{
    struct weft_peers *peers = loop->peers;
    const struct weft_window_key *key = command->key;
    struct weft_net_remote remote = {.window = key->number,
                                     .epoch = key->epoch,
                                     .size_bytes = key->size_bytes,
                                     .rights = key->rights};
    struct weft_peer *peer;
    uint32_t index;

    (void)now;
    WEFT_TRY(reach(peers, key, &index));
    peer = &peers->peers[index];
    if (peer->state == WEFT_PEER_GONE) {
        weft_text_copy(loop->text, WEFT_LOOP_TEXT_BYTES, peer->why);
        return weftRemoteError;
    }
    if (peer->state != WEFT_PEER_READY)
        return weftInProgress;
    if (key->device >= WEFT_DEVICES_MAX || peer->devices[key->device] == WEFT_NONE)
        return weftInvalidArgument;
    memcpy(remote.token, key->token, sizeof(remote.token));
    command->device = peer->devices[key->device];
    WEFT_TRY(peers->ops->import(peers->net, command->window, index, &remote));
    if (weft_engine_window_add(loop->engine, command->window, command->device, key->size_bytes,
                               key->rights) != weftSuccess) {
        peers->ops->forget(peers->net, command->window);
        return weftNoResource;
    }
    loop->window_devices[command->window] = command->device;
    peers->sources[command->window] = (struct weft_peers_import){true, index, remote};
    return weftSuccess;
}

/* ---- copies, signals, fetches ---- */

weftResult_t weft_peers_copy(struct weft_loop *loop, uint32_t hop, struct weft_copy *copy)
{
    struct weft_peers *peers = loop->peers;
    const struct weft_peers_lane *lane = &peers->lanes[hop];
    weftResult_t result;

    copy->lane = lane->lane;
    if (lane->lane == WEFT_NONE)
        result = peers->ops->forward(peers->net, copy);
    else
        result = peers->ops->copy(peers->net, copy);
    peers->copies += result == weftSuccess;
    return result;
}

bool weft_peers_busy(const struct weft_peers *peers)
{
    return peers->copies + peers->stores + peers->fetches + peers->late_count > 0;
}

static uint32_t wait_take(struct weft_peers_wait *waits, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (!waits[i].used)
            return i;
    return WEFT_NONE;
}

weftResult_t weft_peers_signal(struct weft_loop *loop, uint32_t slot,
                               const struct weft_signal *signal, const struct weft_slot_end *end)
{
    struct weft_peers *peers = loop->peers;
    uint32_t index = wait_take(peers->store_waits, WEFT_PEERS_STORES_MAX);

    if (index == WEFT_NONE)
        return weftNoResource;
    WEFT_TRY(peers->ops->store(peers->net, signal->window, signal->offset, signal->value,
                               signal->op, peers->store_cookies + index));
    peers->store_waits[index] =
        (struct weft_peers_wait){.slot = slot,
                                 .deadline_at = loop->slots.slots[slot].op.deadline_at,
                                 .end = *end,
                                 .used = true};
    peers->stores++;
    return weftSuccess;
}

static void store_ended(struct weft_loop *loop, uint32_t index, weftResult_t result)
{
    struct weft_peers_wait *wait = &loop->peers->store_waits[index];
    struct weft_slot_end end = wait->end;

    if (result != weftSuccess) {
        end.result = result;
        end.cause = WEFT_CAUSE_SIGNAL;
    }
    wait->used = false;
    loop->peers->stores--;
    if (wait->slot != WEFT_NONE)
        weft_loop_end(loop, wait->slot, end);
}

/* Who waits past his deadline is told that nobody knows. The entry stays until it is answered. */
static bool give_up(struct weft_loop *loop, struct weft_peers_wait *waits, uint32_t count,
                    weft_ns now)
{
    bool any = false;

    for (uint32_t i = 0; i < count; i++) {
        uint32_t slot = waits[i].slot;
        struct weft_slot_end end = {
            .result = weftUnknown, .cause = WEFT_CAUSE_DEADLINE, .hop = WEFT_NONE};

        if (!waits[i].used || slot == WEFT_NONE || now < waits[i].deadline_at)
            continue;
        waits[i].slot = WEFT_NONE;
        weft_loop_end(loop, slot, end);
        any = true;
    }
    return any;
}

static void completed(struct weft_loop *loop, const struct weft_completion *completion)
{
    struct weft_peers *peers = loop->peers;
    struct weft_event event = {
        .kind = WEFT_EVENT_COPY_ENDED,
        .cookie = completion->cookie,
        .result = completion->result,
    };

    if (completion->cookie >= peers->store_cookies) {
        store_ended(loop, completion->cookie - peers->store_cookies, completion->result);
        return;
    }
    peers->copies--;
    weft_engine_event(loop->engine, &event, weft_clock_now(&loop->clock));
}

/* ---- events ---- */

static void lost(struct weft_loop *loop, const struct weft_net_event *event)
{
    struct weft_peer *peer = &loop->peers->peers[event->peer];
    struct weft_slot_end end = {
        .result = weftRemoteError, .cause = WEFT_CAUSE_PEER, .hop = WEFT_NONE};

    weft_text_copy(peer->why, sizeof(peer->why), event->why);
    weft_log(WEFT_LOG_WARN, loop->noun, "peer %s: %s", peer->name, event->why);
    if (!event->is_gone && peer->state == WEFT_PEER_READY)
        return; /* it may come back; what waits has its deadlines */
    if (peer->state != WEFT_PEER_GONE)
        weft_peer_set_state(peer, WEFT_PEER_GONE);
    for (uint32_t i = 0; i < WEFT_PEERS_FETCHES_MAX; i++) {
        struct weft_peers_wait *wait = &loop->peers->fetch_waits[i];

        if (!wait->used || wait->peer != event->peer)
            continue;
        wait->used = false;
        loop->peers->fetches--;
        if (wait->slot != WEFT_NONE)
            weft_loop_end(loop, wait->slot, end);
    }
}

static void happened(struct weft_loop *loop, const struct weft_net_event *event)
{
    switch (event->kind) {
    case WEFT_NET_PEER_UP:
        weft_peer_greet(loop, event);
        break;
    case WEFT_NET_PEER_DOWN:
        lost(loop, event);
        break;
    case WEFT_NET_MESSAGE:
        weft_peer_message(loop, event);
        break;
    case WEFT_NET_FORWARD:
        weft_peer_forward(loop, event);
        break;
    default:
        weft_assert(event->kind < WEFT_NET_EVENT_KINDS);
    }
}

bool weft_peers_poll(struct weft_loop *loop)
{
    struct weft_peers *peers = loop->peers;
    struct weft_completion completions[COMPLETIONS_MAX];
    weft_ns now = weft_clock_now(&loop->clock);
    uint32_t count = peers->ops->poll(peers->net, completions, COMPLETIONS_MAX);
    struct weft_net_event event;
    bool any = count > 0;

    weft_peers_shape(loop, now);
    for (uint32_t i = 0; i < count; i++)
        completed(loop, &completions[i]);
    for (uint32_t i = 0; i < EVENTS_PER_POLL && peers->ops->event(peers->net, &event); i++) {
        happened(loop, &event);
        any = true;
    }
    for (uint32_t i = 0; i < WEFT_PEERS_MAX; i++)
        if (peers->peers[i].state == WEFT_PEER_GREETED && !peers->peers[i].granted)
            weft_peer_grant(loop, i);
    if (peers->late_count > 0)
        weft_peer_send_late(loop);
    if (peers->stores + peers->fetches > 0) {
        any |= give_up(loop, peers->store_waits, WEFT_PEERS_STORES_MAX, now);
        any |= give_up(loop, peers->fetch_waits, WEFT_PEERS_FETCHES_MAX, now);
    }
    return any;
}
