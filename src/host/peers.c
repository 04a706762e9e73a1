/* Peers of a comm: what is asked of them, the events and completions of the net; see peers.h. */
#include "peers.h"

#include <string.h>

#include "log.h"
#include "peer_agent.h"
#include "peer_join.h"
#include "sibling.h"

#define EVENTS_PER_POLL 64
#define COMPLETIONS_MAX 64
#define RETRY_REAL_NS   100000u   /* what there was no room for is tried again after this */
#define TICK_REAL_NS    10000000u /* deadlines of signals, and who is gone, are looked at then */

static const unsigned next_states[WEFT_PEER_STATES] = {
    [WEFT_PEER_FREE] = 1u << WEFT_PEER_REACHING,
    [WEFT_PEER_REACHING] = 1u << WEFT_PEER_GREETED | 1u << WEFT_PEER_GONE,
    [WEFT_PEER_GREETED] = 1u << WEFT_PEER_READY | 1u << WEFT_PEER_GONE,
    [WEFT_PEER_READY] = 1u << WEFT_PEER_GONE | 1u << WEFT_PEER_GREETED,
    [WEFT_PEER_GONE] = 1u << WEFT_PEER_FREE,
};

void weft_peer_set_state(struct weft_peer *peer, enum weft_peer_state state)
{
    weft_assert((next_states[peer->state] >> state & 1u) != 0);
    peer->state = state;
}

const char *weft_peer_name(const struct weft_peer *peer)
{
    return peer->name[0] == '\0' ? "that has not said its name" : peer->name;
}

/* ---- windows ---- */

weftResult_t weft_peers_window_add(struct weft_loop *loop, uint32_t window, uint32_t device,
                                   void *base, uint64_t size_bytes)
{
    struct weft_peers *peers = loop->peers;

    /* Memory that cannot be addressed is reached over the relays in host memory, by forwards. */
    if (loop->machine->topo.devices[device].kind != weftDeviceDram && !peers->gpus)
        base = NULL;
    WEFT_TRY(peers->ops->window_add(peers->net, window, base, size_bytes));
    if (window >= loop->relay_first)
        return weftSuccess;
    return peers->ops->window_add(peers->net, peers->landing_first + window, base, size_bytes);
}

void weft_peers_window_remove(struct weft_loop *loop, uint32_t window)
{
    struct weft_peers *peers = loop->peers;
    bool is_siblings = window < loop->relay_first && weft_sibling_window_remove(loop, window);

    if (weft_peers_own(loop, window))
        peers->ops->forget(peers->net, window);
    else if (!is_siblings)
        peers->ops->window_remove(peers->net, window);
    memset(&peers->exposures[window], 0, sizeof(peers->exposures[window]));
    peers->sources[window].used = false;
    if (window >= loop->relay_first)
        return;
    if (!weft_peers_own(loop, window) && !is_siblings)
        peers->ops->window_remove(peers->net, peers->landing_first + window);
    /* The epoch goes on: answers to what was asked with an old one are told from new ones. */
    peers->landings[window].on = false;
    peers->landings[window].revoked = false;
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
    return weft_peer_asked_revoke(loop, command->window) ? weftInProgress : weftSuccess;
}

/* ---- reaching ---- */

static uint32_t find_peer(const struct weft_peers *peers, uint64_t incarnation)
{
    for (uint32_t i = 0; i < WEFT_PEERS_MAX; i++)
        if (peers->peers[i].state != WEFT_PEER_FREE && peers->peers[i].incarnation == incarnation)
            return i;
    return WEFT_NONE;
}

static weftResult_t reach(struct weft_loop *loop, const struct weft_window_key *key, char *why,
                          size_t why_size, uint32_t *peer)
{
    struct weft_peers *peers = loop->peers;
    weftResult_t result;

    *peer = find_peer(peers, key->incarnation);
    if (*peer != WEFT_NONE)
        return weftSuccess;
    result = peers->ops->peer_open(peers->net, key->address, peer);
    while (result == weftNoResource && weft_peers_reclaim(loop))
        result = peers->ops->peer_open(peers->net, key->address, peer);
    if (result == weftNoResource)
        weft_format(why, why_size,
                    "this comm has %llu peers already; deregister what it imported of one that is "
                    "gone, or raise the setting peers_max",
                    (unsigned long long)loop->config.peers_max);
    if (result == weftInvalidArgument)
        weft_text_copy(why, why_size, "its key holds no address of a peer");
    if (result != weftSuccess)
        return result;
    weft_assert(*peer < WEFT_PEERS_MAX);
    /* Its address may have been the net's already: it was dialling us. */
    if (peers->peers[*peer].state != WEFT_PEER_FREE)
        return weftSuccess;
    peers->peers[*peer].incarnation = key->incarnation;
    weft_peer_set_state(&peers->peers[*peer], WEFT_PEER_REACHING);
    return weftSuccess;
}

weftResult_t weft_peer_reach(struct weft_loop *loop, const struct weft_window_key *key, char *why,
                             size_t why_size, uint32_t *index)
{
    const struct weft_peer *peer;

    WEFT_TRY(reach(loop, key, why, why_size, index));
    peer = &loop->peers->peers[*index];
    if (peer->state == WEFT_PEER_GONE) {
        weft_format(why, why_size, "peer %s: %s", weft_peer_name(peer), peer->why);
        return weftRemoteError;
    }
    return peer->state == WEFT_PEER_READY ? weftSuccess : weftInProgress;
}

weftResult_t weft_command_reach(struct weft_loop *loop, struct weft_command *command, weft_ns now)
{
    uint32_t index;

    (void)now;
    return weft_peer_reach(loop, command->key, loop->text, WEFT_LOOP_TEXT_BYTES, &index);
}

struct weft_net_remote weft_peers_remote(const struct weft_window_key *key)
{
    struct weft_net_remote remote = {.window = key->number,
                                     .epoch = key->epoch,
                                     .size_bytes = key->size_bytes,
                                     .rights = key->rights};

    memcpy(remote.token, key->token, sizeof(remote.token));
    return remote;
}

/* Once for each sibling: the windows of one are often alike. */
static void explain_far(struct weft_loop *loop, uint32_t index, const char *why)
{
    bool *is_explained = &loop->peers->siblings->is_explained[index];

    if (!*is_explained)
        weft_log(WEFT_LOG_INFO, loop->noun,
                 "peer %s: a window is not opened and goes over the network: %s",
                 loop->peers->peers[index].name, why);
    *is_explained = true;
}

weftResult_t weft_command_import(struct weft_loop *loop, struct weft_command *command, weft_ns now)
{
    struct weft_peers *peers = loop->peers;
    const struct weft_window_key *key = command->key;
    struct weft_net_remote remote = weft_peers_remote(key);
    const struct weft_peer *peer;
    uint32_t index;

    (void)now;
    WEFT_TRY(weft_peer_reach(loop, key, loop->text, WEFT_LOOP_TEXT_BYTES, &index));
    memcpy(peers->peers[index].address, key->address, sizeof(peers->peers[index].address));
    peer = &peers->peers[index];
    if (peers->siblings->is_sibling[index] && !command->is_far) {
        weftResult_t result = weft_sibling_open(loop, command, index);

        if (result != weftInvalidUsage)
            return result == weftInvalidArgument ? weftInvalidUsage : result;
        command->is_far = true;
        explain_far(loop, index, loop->text);
        loop->text[0] = '\0';
    }
    if (command->is_sibling)
        weft_sibling_give_up(loop, command->window);
    command->is_sibling = false;
    if (peers->siblings->is_sibling[index] && peer->place.server == 0)
        return weft_sibling_go_far(loop, index, loop->text, WEFT_LOOP_TEXT_BYTES);
    command->device = weft_peer_device(peers, index, key->device);
    if (command->device == WEFT_NONE) {
        weft_text_copy(loop->text, WEFT_LOOP_TEXT_BYTES, "its key names no device with memory");
        return weftInvalidArgument;
    }
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

/* The word that the slot's signal goes to is of the peer that its bytes go to, over a lane. */
static bool carries_signal(const struct weft_loop *loop, const struct weft_copy *copy,
                           uint32_t slot)
{
    const struct weft_peers *peers = loop->peers;
    const struct weft_peers_import *word;
    const struct weft_peers_import *dst;

    if (slot == WEFT_NONE || loop->slots.slots[slot].op.signal.window == WEFT_NONE ||
        weft_peers_owner_raises(loop, &loop->slots.slots[slot].op.signal))
        return false;
    word = &peers->sources[loop->slots.slots[slot].op.signal.window];
    dst = &peers->sources[loop->slots.slots[slot].op.dst_window];
    return copy->size_bytes <= peers->ops->signal_bytes_max && copy->lane != WEFT_NONE &&
           word->used && dst->used && word->peer == dst->peer;
}

weftResult_t weft_peers_copy(struct weft_loop *loop, uint32_t hop, uint32_t slot,
                             struct weft_copy *copy)
{
    struct weft_peers *peers = loop->peers;
    struct weft_copy_signal signal;
    weftResult_t result;

    copy->lane = peers->lanes[hop];
    if (carries_signal(loop, copy, slot)) {
        const struct weft_signal *wanted = &loop->slots.slots[slot].op.signal;

        signal =
            (struct weft_copy_signal){wanted->window, wanted->offset, wanted->value, wanted->op};
        copy->signal = &signal;
    }
    if (copy->lane == WEFT_NONE)
        result = peers->ops->forward(peers->net, copy);
    else
        result = peers->ops->copy(peers->net, copy);
    if (copy->signal != NULL)
        loop->slots.slots[slot].signalled = result == weftSuccess;
    copy->signal = NULL;
    peers->copies += result == weftSuccess;
    return result;
}

static bool is_waited_for(const struct weft_peers *peers)
{
    return peers->fetching.count > 0 || peers->storing.count > 0;
}

bool weft_peers_live(const struct weft_peers *peers)
{
    return is_waited_for(peers) || peers->copies_unknown > 0;
}

bool weft_peers_busy(const struct weft_peers *peers)
{
    return is_waited_for(peers) || peers->copies > 0 || peers->late_count > 0;
}

uint64_t weft_peers_idle_real_ns(const struct weft_loop *loop)
{
    const struct weft_peers *peers = loop->peers;
    struct weft_clock real = {.origin_ns = 0, .dilation = 1};
    uint64_t deadline_ns = peers->ops->deadline_ns(peers->net);
    bool retries = peers->fetching.count > 0 || peers->copies_unknown > 0 ||
                   peers->late_count > 0 || peers->unsent > 0;

    for (uint32_t i = 0; i < WEFT_PEERS_MAX; i++)
        retries |= peers->peers[i].state == WEFT_PEER_GREETED && !peers->peers[i].granted;
    deadline_ns = weft_sub_sat(deadline_ns, weft_clock_now(&real));
    return weft_min(deadline_ns, retries ? RETRY_REAL_NS : TICK_REAL_NS);
}

static bool names_window(const struct weft_op *op, uint32_t window)
{
    return op->dst_window == window || op->src_window == window || op->signal.window == window;
}

bool weft_peers_window_used(const struct weft_loop *loop, uint32_t window)
{
    const struct weft_peers *peers = loop->peers;
    const struct weft_slot *slots = loop->slots.slots;

    for (uint32_t i = peers->fetching.first; i != WEFT_NONE; i = peers->fetching_links[i].next)
        if (names_window(&slots[i].op, window))
            return true;
    for (uint32_t i = peers->storing.first; i != WEFT_NONE; i = peers->store_links[i].next)
        if (peers->stores[i].signal.window == window)
            return true;
    return false;
}

bool weft_peers_fenced(const struct weft_loop *loop, uint64_t fence)
{
    const struct weft_peers *peers = loop->peers;
    const struct weft_slot *slots = loop->slots.slots;

    if (fence == 0)
        return false;
    for (uint32_t i = peers->fetching.first; i != WEFT_NONE; i = peers->fetching_links[i].next)
        if (slots[i].op.fence < fence)
            return true;
    return peers->signalling.count > 0 && slots[peers->signalling.first].op.fence < fence;
}

void weft_peers_window_revoke(struct weft_loop *loop, uint32_t window)
{
    struct weft_peers *peers = loop->peers;
    uint32_t slot = peers->fetching.first;

    peers->landings[window].revoked = true;
    while (slot != WEFT_NONE) {
        uint32_t next = peers->fetching_links[slot].next;

        if (names_window(&loop->slots.slots[slot].op, window))
            weft_fetch_end(loop, slot, weftCancelled, WEFT_CAUSE_REVOKED);
        slot = next;
    }
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
        weft_peers_store_ended(loop, completion->cookie - peers->store_cookies, completion->result);
        return;
    }
    weft_assert(peers->copies > 0);
    peers->copies--;
    weft_engine_event(loop->engine, &event, weft_clock_now(&loop->clock));
}

/* ---- events ---- */

static void happened(struct weft_loop *loop, const struct weft_net_event *event)
{
    switch (event->kind) {
    case WEFT_NET_PEER_UP:
        weft_peer_greet(loop, event);
        break;
    case WEFT_NET_PEER_DOWN:
        weft_peer_lost(loop, event);
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
    struct weft_net_counts counts;
    struct weft_net_event event;
    bool any = count > 0;

    peers->ops->counts(peers->net, &counts);
    any |= counts.received_bytes != peers->received_bytes;
    peers->received_bytes = counts.received_bytes;
    weft_peers_shape(loop, now);
    weft_peers_agent_poll(loop, now);
    for (uint32_t i = 0; i < count; i++)
        completed(loop, &completions[i]);
    for (uint32_t i = 0; i < EVENTS_PER_POLL && peers->ops->event(peers->net, &event); i++) {
        happened(loop, &event);
        any = true;
    }
    /* Also of one whose own grant has come meanwhile: it waits for ours. */
    for (uint32_t i = 0; i < WEFT_PEERS_MAX; i++)
        if (!peers->peers[i].granted && (peers->peers[i].state == WEFT_PEER_GREETED ||
                                         peers->peers[i].state == WEFT_PEER_READY))
            weft_peer_grant(loop, i);
    if (peers->late_count > 0)
        weft_peer_send_late(loop);
    any |= weft_siblings_poll(loop, now);
    weft_peers_forget_gone(loop, now);
    any |= weft_peers_poll_stores(loop, now);
    if (peers->fetching.count > 0 || peers->copies_unknown > 0)
        any |= weft_fetch_poll(loop, now);
    return any;
}
