/* The world: peers join it with their devices, links and hops. */
#include "world.h"

#include "../base/text.h"

#define PLAIN_NIC_BYTES_PER_US 1200 /* 10 Gbit/s, less its headers */
#define PLAIN_NIC_NS           10000
#define PLAIN_PCI_BYTES_PER_US 12000

/* The device that all NICs meet in: what the first NET link leads to. */
static uint32_t network(const struct weft_topo *topo)
{
    for (uint32_t i = 0; i < topo->link_count; i++)
        if (topo->links[i].kind == WEFT_LINK_NET)
            return topo->devices[topo->links[i].from].kind == weftDeviceNic ? topo->links[i].to
                                                                            : topo->links[i].from;
    return WEFT_NONE;
}

static void add_plain_nic(struct weft_topo *topo)
{
    uint32_t cpu = weft_topo_nth(topo, weftDeviceCpu, 0);
    uint32_t nic;
    uint32_t net;

    if (cpu == WEFT_NONE)
        return;
    nic = weft_topo_add_device(topo, weftDeviceNic, NULL, topo->devices[cpu].numa_node, NULL);
    net = weft_topo_add_device(topo, weftDeviceSwitch, "net", -1, NULL);
    (void)weft_topo_add_pair(topo, nic, cpu, WEFT_LINK_PCI, PLAIN_PCI_BYTES_PER_US,
                             PLAIN_PCI_BYTES_PER_US, 0, 0);
    (void)weft_topo_add_pair(topo, nic, net, WEFT_LINK_NET, PLAIN_NIC_BYTES_PER_US,
                             PLAIN_NIC_BYTES_PER_US, 0, PLAIN_NIC_NS);
    weft_topo_note(topo, "no NIC of 10 Gbit/s or more is described: one of that rate is assumed");
}

/* Only what is used: most of the tables stay untouched memory. */
static void copy_topo(struct weft_topo *to, const struct weft_topo *from)
{
    memcpy(to->name, from->name, sizeof(to->name));
    to->device_count = from->device_count;
    to->link_count = from->link_count;
    to->note_count = from->note_count;
    memcpy(to->devices, from->devices, from->device_count * sizeof(to->devices[0]));
    memcpy(to->links, from->links, from->link_count * sizeof(to->links[0]));
    memcpy(to->notes, from->notes, from->note_count * sizeof(to->notes[0]));
}

static void copy_hops(struct weft_hop_table *to, const struct weft_hop_table *from)
{
    to->count = from->count;
    memcpy(to->first_from, from->first_from, sizeof(to->first_from));
    memcpy(to->last_from, from->last_from, sizeof(to->last_from));
    memcpy(to->first_to, from->first_to, sizeof(to->first_to));
    memcpy(to->last_to, from->last_to, sizeof(to->last_to));
    memcpy(to->hops, from->hops, from->count * sizeof(to->hops[0]));
}

void weft_world_init(struct weft_world *world, const struct weft_topo *topo,
                     const struct weft_hop_table *hops)
{
    world->server_count = 1;
    copy_topo(&world->topo, topo);
    copy_hops(&world->hops, hops);
    if (network(&world->topo) == WEFT_NONE)
        add_plain_nic(&world->topo);
}

void weft_world_nic_rate(struct weft_world *world, uint64_t rate_bytes_per_us)
{
    weft_assert(world->server_count == 1);
    for (uint32_t i = 0; i < world->topo.link_count; i++)
        if (world->topo.links[i].kind == WEFT_LINK_NET)
            world->topo.links[i].rate_bytes_per_us = rate_bytes_per_us;
}

void weft_world_nics_keep(struct weft_world *world, uint32_t count)
{
    struct weft_topo *topo = &world->topo;

    weft_assert(world->server_count == 1);
    for (uint32_t i = weft_world_nic_count(world, 0); i > count; i--) {
        weft_assert(topo->links[topo->link_count - 1].kind == WEFT_LINK_NET);
        topo->link_count -= 2;
    }
}

/* ---- joining ---- */

static bool add_devices(struct weft_world *world, const struct weft_description *peer,
                        const char *name, struct weft_world_peer *joined)
{
    uint32_t theirs = network(&peer->topo);

    for (uint32_t i = 0; i < peer->topo.device_count; i++) {
        struct weft_device *device = &world->topo.devices[world->topo.device_count];
        struct weft_text text;

        if (i == theirs) {
            joined->devices[i] = network(&world->topo);
            continue;
        }
        if (world->topo.device_count == WEFT_DEVICES_MAX)
            return false;
        *device = peer->topo.devices[i];
        device->server = joined->server;
        weft_text_init(&text, device->name, sizeof(device->name));
        weft_text_add(&text, name);
        weft_text_char(&text, ':');
        weft_text_add(&text, peer->topo.devices[i].name);
        joined->devices[i] = world->topo.device_count++;
    }
    return true;
}

static bool add_links(struct weft_world *world, const struct weft_description *peer,
                      const struct weft_world_peer *joined)
{
    for (uint32_t i = 0; i < peer->topo.link_count; i += 2) {
        const struct weft_link *link = &peer->topo.links[i];

        if (weft_topo_add_pair(&world->topo, joined->devices[link->from], joined->devices[link->to],
                               link->kind, link->rate_bytes_per_us,
                               peer->topo.links[link->reverse].rate_bytes_per_us,
                               link->duplex_bytes_per_us, link->latency_ns) == WEFT_NONE)
            return false;
    }
    return true;
}

static void add_forwards(struct weft_world *world, const struct weft_description *peer,
                         const struct weft_world_peer *joined, uint32_t domain, weft_ns overhead_ns)
{
    for (uint32_t i = 0; i < peer->hop_count; i++) {
        const struct weft_description_hop *hop = &peer->hops[i];

        (void)weft_hop_add(&world->hops, &world->topo, joined->devices[hop->src_device],
                           joined->devices[hop->dst_device], joined->devices[hop->port_device],
                           hop->peer != 0, domain + i, overhead_ns);
    }
}

bool weft_world_join(struct weft_world *world, const struct weft_description *peer,
                     const char *name, uint32_t domain, weft_ns overhead_ns,
                     struct weft_world_peer *joined)
{
    uint32_t devices = world->topo.device_count;
    uint32_t links = world->topo.link_count;

    joined->server = world->server_count;
    joined->first_link = links;
    joined->link_count = peer->topo.link_count;
    for (uint32_t i = 0; i < WEFT_DEVICES_MAX; i++)
        joined->devices[i] = WEFT_NONE;
    if (!add_devices(world, peer, name, joined) || !add_links(world, peer, joined)) {
        world->topo.device_count = devices;
        world->topo.link_count = links;
        return false;
    }
    world->server_count++;
    add_forwards(world, peer, joined, domain, overhead_ns);
    return true;
}

/* ---- lanes ---- */

uint32_t weft_world_nic(const struct weft_world *world, uint32_t server, uint32_t n)
{
    for (uint32_t i = 0; i < world->topo.link_count; i++) {
        const struct weft_link *link = &world->topo.links[i];
        const struct weft_device *device = &world->topo.devices[link->from];

        if (link->kind == WEFT_LINK_NET && device->kind == weftDeviceNic &&
            device->server == server && n-- == 0)
            return link->from;
    }
    return WEFT_NONE;
}

uint32_t weft_world_nic_link(const struct weft_world *world, uint32_t nic)
{
    for (uint32_t i = 0; i < world->topo.link_count; i++)
        if (world->topo.links[i].from == nic && world->topo.links[i].kind == WEFT_LINK_NET)
            return i;
    return WEFT_NONE;
}

uint32_t weft_world_nic_count(const struct weft_world *world, uint32_t server)
{
    uint32_t count = 0;

    while (weft_world_nic(world, server, count) != WEFT_NONE)
        count++;
    return count;
}

static uint32_t distance(const struct weft_topo *topo, uint32_t from, uint32_t to)
{
    uint32_t links[WEFT_LINK_PATH_MAX];
    uint32_t count = weft_topo_links_between(topo, from, to, false, links);

    return count == 0 ? WEFT_NONE : count;
}

/* A NIC without a link to the network brings nothing to anybody. */
static bool is_useless(const struct weft_topo *topo, uint32_t device)
{
    if (topo->devices[device].kind != weftDeviceNic)
        return false;
    for (uint32_t i = 0; i < topo->link_count; i++)
        if (topo->links[i].from == device && topo->links[i].kind == WEFT_LINK_NET)
            return false;
    return true;
}

/* The least distance from a device to any of its server's devices of a kind. */
static uint32_t least(const struct weft_topo *topo, uint32_t device, weftDeviceKind_t kind)
{
    uint32_t best = WEFT_NONE;

    for (uint32_t i = 0; i < topo->device_count; i++)
        if (topo->devices[i].server == topo->devices[device].server &&
            topo->devices[i].kind == kind && !is_useless(topo, i))
            best = (uint32_t)weft_min(best, distance(topo, device, i));
    return best;
}

/* A NIC serves the devices of a kind that are nearest to it, and those that it is nearest to. */
static bool is_near(const struct weft_topo *topo, uint32_t nic, uint32_t device)
{
    uint32_t between;

    if (topo->devices[device].server != topo->devices[nic].server)
        return false;
    between = distance(topo, nic, device);
    return between != WEFT_NONE && (between == least(topo, nic, topo->devices[device].kind) ||
                                    between == least(topo, device, weftDeviceNic));
}

static uint32_t near_devices(const struct weft_topo *topo, uint32_t nic, bool gpus,
                             uint32_t devices[WEFT_DEVICES_MAX])
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < topo->device_count; i++) {
        weftDeviceKind_t kind = topo->devices[i].kind;

        if ((kind == weftDeviceDram || (gpus && kind == weftDeviceGpu)) && is_near(topo, nic, i))
            devices[count++] = i;
    }
    return count;
}

/* Source to NIC, through the network, NIC to destination; false when that is too long. */
static bool lay_links(const struct weft_topo *topo, struct weft_hop *hop, uint32_t nic,
                      uint32_t peer_nic)
{
    uint32_t ends[] = {hop->src_device, nic, network(topo), peer_nic, hop->dst_device};

    hop->link_count = 0;
    for (uint32_t i = 0; i + 1 < WEFT_ARRAY_COUNT(ends); i++) {
        uint32_t links[WEFT_LINK_PATH_MAX];
        uint32_t count = 0;

        if (i == 1 || i == 2)
            for (uint32_t k = 0; k < topo->link_count && count == 0; k++)
                if (topo->links[k].from == ends[i] && topo->links[k].to == ends[i + 1])
                    links[count++] = k;
        if (count == 0)
            count = weft_topo_links_between(topo, ends[i], ends[i + 1], false, links);
        if (count == 0 || hop->link_count + count > WEFT_LINK_PATH_MAX)
            return false;
        memcpy(&hop->links[hop->link_count], links, count * sizeof(links[0]));
        hop->link_count += count;
    }
    return true;
}

uint32_t weft_world_lane(struct weft_world *world, const struct weft_world_peer *peer, uint32_t nic,
                         uint32_t peer_nic, bool gpus, uint32_t domain, weft_ns overhead_ns,
                         uint32_t *first)
{
    uint32_t here = weft_world_nic(world, 0, nic);
    uint32_t there = weft_world_nic(world, peer->server, peer_nic);
    uint32_t sources[WEFT_DEVICES_MAX];
    uint32_t targets[WEFT_DEVICES_MAX];
    uint32_t source_count;
    uint32_t target_count;

    *first = world->hops.count;
    if (here == WEFT_NONE || there == WEFT_NONE)
        return 0;
    source_count = near_devices(&world->topo, here, gpus, sources);
    target_count = near_devices(&world->topo, there, gpus, targets);
    for (uint32_t i = 0; i < source_count; i++)
        for (uint32_t k = 0; k < target_count; k++) {
            struct weft_hop hop = {.src_device = sources[i],
                                   .dst_device = targets[k],
                                   .port_device = here,
                                   .engine = here * WEFT_HOP_ENGINES_PER_PORT,
                                   .domain = domain};

            if (lay_links(&world->topo, &hop, here, there))
                (void)weft_hop_add_given(&world->hops, &world->topo, &hop, overhead_ns);
        }
    return world->hops.count - *first;
}
