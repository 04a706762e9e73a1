/* Opening and closing the net of a comm's peers: its settings, its addresses, what it says of this
 * server, and the NICs of an emulated machine. See peers.h. */
#include <stdlib.h>
#include <string.h>

#include "../../plugins/cuda-emu/emu.h"
#include "listen.h"
#include "log.h"
#include "peer_agent.h"
#include "peer_join.h"
#include "peer_nics.h"
#include "peers.h"
#include "sibling.h"

#define SHAPE_REAL_NS 1000000u /* NICs are looked at so often */

/* Loopback is two copies by the CPU: about as fast as the PCIe link of a plain NIC. */
#define LOOPBACK_BYTES_PER_US 12000

/* ---- emulated NICs ---- */

static void name_nic_links(struct weft_loop *loop, struct weft_peers *peers, uint32_t nic_count)
{
    if (!loop->machine->emulation.on)
        return;
    peers->nic_count = nic_count;
    for (uint32_t i = 0; i < nic_count; i++) {
        uint32_t device = weft_world_nic(&peers->world, 0, i);

        if (device != WEFT_NONE)
            weft_format(peers->nic_links[i], sizeof(peers->nic_links[i]), "%s-net",
                        peers->world.topo.devices[device].name);
    }
}

/* Lanes are dialled again in real time, and the engine probes what is down in the machine's, which
 * may be a thousand times as long: it is told when a probe is worth it. */
static void lanes_follow(struct weft_loop *loop)
{
    struct weft_peers *peers = loop->peers;

    for (uint32_t i = 0; i < WEFT_PEERS_MAX; i++) {
        struct weft_peer *peer = &peers->peers[i];
        uint32_t up = 0;

        if (peer->state != WEFT_PEER_READY)
            continue;
        for (uint32_t lane = 0; lane < peer->lanes; lane++) {
            struct weft_net_lane_state state;

            peers->ops->lane_state(peers->net, i, lane, &state);
            if (state.is_up)
                up |= 1u << lane;
            if (state.is_up && (peer->lanes_up >> lane & 1) == 0)
                weft_peers_nic_again(loop, state.nic);
        }
        peer->lanes_up = up;
    }
}

/* From NIC to NIC: this one's link to the network, and the other's, which is taken for alike. */
static uint64_t delay_real_ns(const struct weft_loop *loop, uint32_t number)
{
    const struct weft_world *world = &loop->peers->world;
    uint32_t nic = weft_world_nic(world, 0, number);
    uint32_t link = nic == WEFT_NONE ? WEFT_NONE : weft_world_nic_link(world, nic);

    return link == WEFT_NONE
               ? 0
               : weft_clock_real(&loop->clock, 2 * world->topo.links[link].latency_ns);
}

static enum weft_net_shape_state state_of(const struct weft_emu_link_now *link)
{
    if (link->is_cut)
        return WEFT_NET_SHAPE_CUT;
    if (link->out_bytes_per_us == 0)
        return link->in_bytes_per_us == 0 ? WEFT_NET_SHAPE_SILENT : WEFT_NET_SHAPE_SILENT_OUT;
    return link->in_bytes_per_us == 0 ? WEFT_NET_SHAPE_SILENT_IN : WEFT_NET_SHAPE_UP;
}

static bool is_same(const struct weft_net_shape *a, const struct weft_net_shape *b)
{
    return a->state == b->state && a->rate_bytes_per_ms == b->rate_bytes_per_ms &&
           a->loss_one_in == b->loss_one_in && a->delay_ns == b->delay_ns;
}

/* Each NIC goes as fast as its link of the emulated machine does now, and fails as that does; a
 * real one is cut and back as its interface is. */
void weft_peers_shape(struct weft_loop *loop, weft_ns now)
{
    struct weft_peers *peers = loop->peers;
    const struct weft_emulation *emulation = &loop->machine->emulation;

    if ((peers->watch == NULL && peers->nic_count == 0) ||
        weft_clock_real(&loop->clock, now - peers->shaped_at) < SHAPE_REAL_NS)
        return;
    peers->shaped_at = now;
    if (peers->watch != NULL)
        weft_peers_watch_nics(loop, now);
    for (uint32_t i = 0; i < peers->nic_count; i++) {
        struct weft_emu_link_now link = {0};
        struct weft_net_shape shape;
        uint64_t rate;

        if (emulation->link_look(peers->nic_links[i], &link) != 0)
            continue;
        rate = weft_max(link.out_bytes_per_us, link.in_bytes_per_us);
        shape = (struct weft_net_shape){
            .state = state_of(&link),
            .rate_bytes_per_ms = weft_max(rate * 1000 / emulation->dilation, 1),
            .loss_one_in = link.loss_one_in,
            .delay_ns =
                delay_real_ns(loop, i) + weft_clock_real(&loop->clock, link.delay_us * 1000)};
        if (is_same(&shape, &peers->shapes[i]))
            continue;
        peers->shapes[i] = shape;
        peers->ops->shape(peers->net, i, &shape);
        /* A NIC that is silent does not know. */
        if (shape.state == WEFT_NET_SHAPE_UP || shape.state == WEFT_NET_SHAPE_CUT)
            weft_peers_nic_rates(loop, i, rate, rate);
    }
    lanes_follow(loop);
}

/* ---- opening ---- */

uint32_t weft_peers_windows(const struct weft_config *config)
{
    if (weft_text_equal(config->net, "off"))
        return 0;
    return (uint32_t)config->peers_max * WEFT_DEVICES_MAX + WEFT_PEERS_IMPORTS_MAX;
}

static bool read_crypto(const char *text, enum weft_net_crypto *crypto)
{
    static const char *const names[WEFT_NET_CRYPTO_MODES] = {
        [WEFT_NET_CRYPTO_FULL] = "full",
        [WEFT_NET_CRYPTO_INTEGRITY] = "integrity",
        [WEFT_NET_CRYPTO_OFF] = "off",
    };

    for (uint32_t i = 0; i < WEFT_NET_CRYPTO_MODES; i++)
        if (weft_text_equal(text, names[i])) {
            *crypto = (enum weft_net_crypto)i;
            return true;
        }
    return false;
}

static uint32_t nic_addresses(const struct weft_loop *loop, const struct weft_peers *peers,
                              struct weft_net_nic nics[WEFT_NET_NICS_MAX])
{
    return weft_listen_addresses(&loop->config, &loop->machine->interfaces, loop->machine->server,
                                 weft_world_nic_count(&peers->world, 0), nics, WEFT_NET_NICS_MAX);
}

/* A machine's own addresses lead through no NIC, whatever is described. */
static void note_loopback(const struct weft_loop *loop, struct weft_peers *peers)
{
    struct weft_net_nic nics[WEFT_NET_NICS_MAX];
    uint32_t count = nic_addresses(loop, peers, nics);

    if (loop->machine->emulation.on)
        return;
    for (uint32_t i = 0; i < count; i++)
        if (!weft_text_starts(nics[i].address, "127.") && !weft_text_equal(nics[i].address, "::1"))
            return;
    weft_world_nic_rate(&peers->world, LOOPBACK_BYTES_PER_US);
}

static bool write_hello(const struct weft_loop *loop, struct weft_peers *peers, size_t *size)
{
    struct weft_writer writer;

    weft_description_make(&peers->description, loop->machine->server, &peers->world.topo,
                          &peers->world.hops);
    writer = weft_writer_of(peers->hello, sizeof(peers->hello));
    weft_description_write(&peers->description, &writer);
    weft_process_write(&peers->siblings->self, &writer);
    *size = writer.used;
    return !writer.failed;
}

static weftResult_t listen_on(struct weft_loop *loop, struct weft_peers *peers, size_t hello_size,
                              char why[256])
{
    struct weft_net_nic nics[WEFT_NET_NICS_MAX];
    uint32_t nic_count = nic_addresses(loop, peers, nics);
    struct weft_net_env env = {
        .cookies_max = peers->store_cookies + WEFT_PEERS_STORES_MAX,
        .windows_max = peers->landing_first + loop->relay_first,
        .peers_max = (uint32_t)loop->config.peers_max,
        .incarnation = peers->incarnation,
        .hello = peers->hello,
        .hello_size = hello_size,
        .silence_ns = loop->config.net_silence_ms * WEFT_NS_PER_MS,
        .dial_ns = loop->config.net_dial_ms * WEFT_NS_PER_MS,
        .guests_per_s = loop->config.net_guests_per_s,
        .log = weft_log_transport,
    };

    if (!read_crypto(loop->config.net_crypto, &env.crypto)) {
        weft_format(why, 256, "the setting net_crypto is \"%.32s\"; it is full, integrity or off",
                    loop->config.net_crypto);
        return weftInvalidArgument;
    }
    if (env.crypto != WEFT_NET_CRYPTO_FULL)
        weft_log(
            WEFT_LOG_WARN, loop->noun,
            "net_crypto is %s: bytes between processes can be read%s by others on the network, and "
            "the keys that weftCopy hands on",
            loop->config.net_crypto, env.crypto == WEFT_NET_CRYPTO_OFF ? " and changed" : "");
    if (!weft_random(env.secret, sizeof(env.secret))) {
        weft_text_copy(why, 256, "the system gives no random numbers");
        return weftSystemError;
    }
    WEFT_TRY(peers->ops->open(&env, nics, nic_count, &peers->net, why));
    name_nic_links(loop, peers, nic_count);
    WEFT_TRY(weft_peers_nics_open(loop, peers, why));
    peers->ops->address(peers->net, peers->address);
    return weftSuccess;
}

static void number_parts(const struct weft_loop *loop, struct weft_peers *peers)
{
    peers->local_hops = loop->machine->hops.count;
    /* Domains of this server's hops are below: transports, then hops that do not chain. */
    peers->next_domain = WEFT_TRANSPORTS_MAX + WEFT_HOPS_MAX;
    peers->gpus = loop->machine->emulation.on;
    peers->inbound_first = loop->relay_first + WEFT_DEVICES_MAX;
    peers->import_first =
        peers->inbound_first + (uint32_t)loop->config.peers_max * WEFT_DEVICES_MAX;
    peers->landing_first = (uint32_t)loop->config.windows_max;
    peers->store_cookies = weft_engine_cookies(&loop->config);
}

static bool tables_alloc(const struct weft_loop *loop, struct weft_peers *peers)
{
    peers->exposures = calloc(loop->config.windows_max, sizeof(*peers->exposures));
    peers->sources = calloc(loop->config.windows_max, sizeof(*peers->sources));
    peers->landings = calloc(loop->config.windows_max, sizeof(*peers->landings));
    peers->fetches = calloc(loop->slots.count, sizeof(*peers->fetches));
    peers->fetching_links = calloc(loop->slots.count, sizeof(*peers->fetching_links));
    peers->to_ask_links = calloc(loop->slots.count, sizeof(*peers->to_ask_links));
    peers->asked_links = calloc(loop->slots.count, sizeof(*peers->asked_links));
    peers->signalling_links = calloc(loop->slots.count, sizeof(*peers->signalling_links));
    weft_list_init(&peers->fetching);
    weft_list_init(&peers->to_ask);
    weft_list_init(&peers->asked);
    weft_list_init(&peers->storing);
    weft_list_init(&peers->signalling);
    weft_pool_init(&peers->free_stores, peers->store_indices, WEFT_PEERS_STORES_MAX);
    return peers->exposures != NULL && peers->sources != NULL && peers->landings != NULL &&
           peers->fetches != NULL && peers->fetching_links != NULL && peers->to_ask_links != NULL &&
           peers->asked_links != NULL && peers->signalling_links != NULL;
}

weftResult_t weft_peers_open(struct weft_loop *loop, struct weft_peers **peers, char why[256])
{
    struct weft_peers *made;

    *peers = NULL;
    if (weft_text_equal(loop->config.net, "off"))
        return weftSuccess;
    if (weft_registry_net(loop->config.net) == NULL) {
        weft_format(why, 256, "the setting net is \"%.32s\"; it is off, tcp or udp",
                    loop->config.net);
        return weftInvalidArgument;
    }
    weft_text_copy(why, 256, loop->machine->interfaces.wrong);
    if (why[0] != '\0')
        return weftInvalidArgument;
    made = calloc(1, sizeof(*made));
    weft_text_copy(why, 256, "no memory for peers");
    if (made == NULL)
        return weftSystemError;
    *peers = made;
    made->ops = weft_registry_net(loop->config.net);
    weft_world_init(&made->world, &loop->machine->topo, &loop->machine->hops);
    if (loop->machine->interfaces.are_joined)
        weft_world_nics_keep(&made->world, loop->machine->interfaces.used_count);
    note_loopback(loop, made);
    number_parts(loop, made);
    if (!weft_random(&made->incarnation, sizeof(made->incarnation))) {
        weft_text_copy(why, 256, "the system gives no random numbers");
        return weftSystemError;
    }
    if (!tables_alloc(loop, made) || weft_siblings_open(loop, made) != weftSuccess ||
        !weft_peers_agent_open(loop, made))
        return weftSystemError;
    if (!write_hello(loop, made, &made->hello_size)) {
        weft_text_copy(why, 256, "this server has too many devices, links and hops to describe");
        return weftNoResource;
    }
    return listen_on(loop, made, made->hello_size, why);
}

void weft_peers_close(struct weft_loop *loop)
{
    struct weft_peers *peers = loop->peers;

    if (peers == NULL)
        return;
    weft_siblings_close(loop);
    if (peers->net != NULL)
        peers->ops->close(peers->net);
    peers->net = NULL;
    weft_peers_nics_close(peers);
    for (uint32_t i = 0; i < WEFT_PEERS_MAX; i++)
        weft_peer_free_relays(loop, i);
    weft_peers_agent_close(peers);
    free(peers->exposures);
    free(peers->sources);
    free(peers->landings);
    free(peers->fetches);
    free(peers->fetching_links);
    free(peers->to_ask_links);
    free(peers->asked_links);
    free(peers->signalling_links);
    free(peers);
    loop->peers = NULL;
}
