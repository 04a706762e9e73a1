/* How a peer joins: its description becomes part of the world, its lanes become hops, and both
 * sides lend each other staging; see peer_join.h. */
#include <string.h>

#include "log.h"
#include "peer_agent.h"
#include "peer_join.h"
#include "peer_message.h"
#include "peers.h"
#include "sibling.h"

#define WRITE_NS   10000  /* from the submit of a write to its first byte, links apart */
#define SOCKET_NS  100000 /* the same where threads of a real machine must be scheduled for it */
#define FORWARD_NS 20000  /* a copy that a peer is asked for: a message, and its own submit */

/* Real: what a peer may ask for at once is what it may in this time. */
#define LIMIT_BURST_NS 100000000u

static uint64_t relay_bytes(const struct weft_loop *loop)
{
    return loop->config.peer_slots * loop->config.relay_slot_bytes + WEFT_RELAY_PROBE_BYTES;
}

/* ---- joining the world ---- */

static void add_lanes(struct weft_loop *loop, uint32_t index)
{
    struct weft_peers *peers = loop->peers;
    struct weft_peer *peer = &peers->peers[index];

    for (uint32_t lane = 0; lane < peer->lanes; lane++) {
        struct weft_net_lane_state state;
        uint32_t first;
        uint32_t count;

        peers->ops->lane_state(peers->net, index, lane, &state);
        count = weft_world_lane(&peers->world, &peer->place, state.nic, state.peer_nic, peers->gpus,
                                peers->next_domain++,
                                loop->machine->emulation.on ? WRITE_NS : SOCKET_NS, &first);
        for (uint32_t i = first; i < first + count; i++)
            peers->lanes[i] = lane;
    }
}

/* A name that no other server of the world has. */
static void name_peer(const struct weft_peers *peers, struct weft_peer *peer, uint32_t server)
{
    char device[32];

    for (uint32_t i = 0;; i++) {
        weft_format(peer->name, sizeof(peer->name), i == 0 ? "%u.%u.%u.%u" : "%u.%u.%u.%u/%u",
                    server >> 24, server >> 16 & 0xff, server >> 8 & 0xff, server & 0xff, i);
        weft_format(device, sizeof(device), "%s:cpu0", peer->name);
        if (weft_topo_find(&peers->world.topo, device) == WEFT_NONE)
            return;
    }
}

static const char *join(struct weft_loop *loop, uint32_t index,
                        const struct weft_description *description)
{
    struct weft_peers *peers = loop->peers;
    struct weft_peer *peer = &peers->peers[index];
    uint32_t first = peers->world.hops.count;

    while (weft_peers_reclaim(loop))
        ;
    if (weft_peers_place_take(peers, peer)) {
        weft_peers_links_anew(loop, peer);
        return NULL;
    }
    name_peer(peers, peer, description->server);
    if (!weft_world_join(&peers->world, description, peer->name, peers->next_domain, FORWARD_NS,
                         &peer->place))
        return "there is no room for its devices: it is one server too many";
    peer->condition.count = 0;
    peers->next_domain += description->hop_count;
    for (uint32_t i = first; i < peers->world.hops.count; i++)
        peers->lanes[i] = WEFT_NONE;
    for (uint32_t i = 0; i < WEFT_DEVICES_MAX; i++)
        peer->devices[i] = WEFT_NONE;
    for (uint32_t i = 0; i < description->topo.device_count; i++)
        if (description->own[i] < WEFT_DEVICES_MAX)
            peer->devices[description->own[i]] = peer->place.devices[i];
    add_lanes(loop, index);
    weft_engine_grow(loop->engine);
    return NULL;
}

uint32_t weft_peer_device(const struct weft_peers *peers, uint32_t index, uint32_t own)
{
    const struct weft_peer *peer = &peers->peers[index];
    const struct weft_device *device;

    if (own >= WEFT_DEVICES_MAX || peer->devices[own] == WEFT_NONE)
        return WEFT_NONE;
    device = &peers->world.topo.devices[peer->devices[own]];
    if (device->server != peer->place.server ||
        (device->kind != weftDeviceGpu && device->kind != weftDeviceDram))
        return WEFT_NONE;
    return peer->devices[own];
}

static uint64_t digest_of(const uint8_t *bytes, size_t size)
{
    uint64_t digest = 0xcbf29ce484222325u;

    for (size_t i = 0; i < size; i++)
        digest = (digest ^ bytes[i]) * 0x100000001b3u;
    return digest;
}

const char *weft_peer_join(struct weft_loop *loop, uint32_t index, struct weft_reader *reader)
{
    struct weft_description *description = &loop->peers->description;
    struct weft_peer *peer = &loop->peers->peers[index];
    const char *why = weft_description_read(description, reader);

    if (why == NULL)
        why = join(loop, index, description);
    if (why != NULL)
        return why;
    weft_peer_set_state(peer, WEFT_PEER_GREETED);
    weft_log(WEFT_LOG_INFO, loop->noun, "peer %s: %u lanes", peer->name, peer->lanes);
    weft_peer_grant(loop, index);
    return NULL;
}

void weft_peer_greet(struct weft_loop *loop, const struct weft_net_event *event)
{
    struct weft_description *description = &loop->peers->description;
    struct weft_peer *peer = &loop->peers->peers[event->peer];
    struct weft_reader reader;
    struct weft_reader behind;
    const char *why;

    if (peer->state == WEFT_PEER_READY || peer->state == WEFT_PEER_GREETED)
        return; /* it came back */
    if (peer->state == WEFT_PEER_GONE)
        weft_peer_set_state(peer, WEFT_PEER_FREE);
    if (peer->state == WEFT_PEER_FREE)
        weft_peer_set_state(peer, WEFT_PEER_REACHING);
    peer->incarnation = event->incarnation;
    peer->lanes = event->lane_count;
    peer->ops = (struct weft_bucket){loop->config.peer_ops_per_s, LIMIT_BURST_NS, 0};
    peer->bytes = (struct weft_bucket){loop->config.peer_rate_bytes_per_s, LIMIT_BURST_NS, 0};
    peer->granted = false;
    peer->grant_size = 0;
    reader = weft_reader_of(event->bytes, event->size);
    behind = reader;
    why = weft_description_read(description, &behind);
    /* What follows says which process it is: a restarted one describes its server alike. */
    peer->digest = digest_of(event->bytes, behind.used);
    if (why == NULL && !weft_sibling_greet(loop, event->peer, event, description->server, &behind))
        why = weft_peer_join(loop, event->peer, &reader);
    if (why != NULL) {
        weft_format(peer->why, sizeof(peer->why), "its description is not taken: %s", why);
        weft_log(WEFT_LOG_WARN, loop->noun, "peer %s: %s", weft_peer_name(peer), peer->why);
        peer->gone_at = weft_clock_now(&loop->clock);
        weft_peer_set_state(peer, WEFT_PEER_GONE);
        return;
    }
    weft_agent_join(loop->peers->agent, event->peer, weft_clock_now(&loop->clock));
}

/* ---- relays for the peer ---- */

uint32_t weft_peer_inbound(const struct weft_peers *peers, uint32_t peer, uint32_t device)
{
    return peers->inbound_first + peer * WEFT_DEVICES_MAX + device;
}

/* Staging on a device that the peer writes into; nothing is lost where there is no room. */
static bool lend(struct weft_loop *loop, uint32_t index, uint32_t device,
                 struct weft_net_remote *as)
{
    struct weft_peers *peers = loop->peers;
    uint32_t window = weft_peer_inbound(peers, index, device);
    void **memory = &peers->peers[index].relays[device];
    uint64_t size = relay_bytes(loop);
    char why[256] = "";

    *as = (struct weft_net_remote){
        .window = window, .epoch = 1, .size_bytes = size, .rights = WEFT_RIGHTS_ALL};
    if (*memory != NULL)
        return false;
    if (!weft_random(as->token, sizeof(as->token)) ||
        weft_machine_alloc(loop->machine, device, size, memory, why) != weftSuccess)
        return false;
    if (weft_machine_window_add(loop->machine, window, device, *memory, size, why) == weftSuccess) {
        if (weft_peers_window_add(loop, window, device, *memory, size) == weftSuccess &&
            peers->ops->expose(peers->net, window, as) == weftSuccess &&
            weft_engine_window_add(loop->engine, window, device, size, WEFT_RIGHTS_ALL) ==
                weftSuccess) {
            loop->window_devices[window] = device;
            return true;
        }
        weft_machine_window_remove(loop->machine, window, device);
    }
    weft_machine_free(loop->machine, device, *memory, size);
    *memory = NULL;
    return false;
}

static void write_grant(struct weft_loop *loop, uint32_t index)
{
    struct weft_peer *peer = &loop->peers->peers[index];
    struct weft_writer writer = weft_writer_of(peer->grant, sizeof(peer->grant));

    weft_peer_grant_begin(&writer, (uint32_t)loop->config.peer_slots,
                          loop->config.relay_slot_bytes);
    for (uint32_t device = 0; device < loop->machine->topo.device_count; device++) {
        struct weft_net_remote as;
        weftDeviceKind_t kind = loop->machine->topo.devices[device].kind;

        if (loop->machine->memory_ports[device] == WEFT_NONE ||
            (kind != weftDeviceDram && !loop->peers->gpus))
            continue;
        if (lend(loop, index, device, &as))
            weft_peer_grant_add(&writer, device, &as);
    }
    /* A device has one relay at most, and all of them fit. */
    weft_assert(!writer.failed);
    peer->grant_size = writer.used;
}

void weft_peer_grant(struct weft_loop *loop, uint32_t index)
{
    struct weft_peers *peers = loop->peers;
    struct weft_peer *peer = &peers->peers[index];

    if (peer->grant_size == 0)
        write_grant(loop, index);
    peer->granted =
        peers->ops->send(peers->net, index, peer->grant, peer->grant_size) == weftSuccess;
}

void weft_peer_free_relays(struct weft_loop *loop, uint32_t index)
{
    struct weft_peer *peer = &loop->peers->peers[index];

    for (uint32_t device = 0; device < WEFT_DEVICES_MAX; device++) {
        uint32_t window = weft_peer_inbound(loop->peers, index, device);

        if (peer->relays[device] == NULL)
            continue;
        if (loop->engine != NULL)
            (void)weft_engine_window_remove(loop->engine, window);
        if (loop->peers->net != NULL)
            weft_peers_window_remove(loop, window);
        weft_machine_window_remove(loop->machine, window, device);
        weft_machine_free(loop->machine, device, peer->relays[device], relay_bytes(loop));
        peer->relays[device] = NULL;
    }
}
