/* Machines: presets and random ones; hops as the CUDA and the host transport would offer them. */
#include "world.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "core/preset.h"

#define GPUS_MAX       8
#define HOP_NS_DEFAULT 3000
#define PROBE_US_LEAST 10000 /* dead lanes are probed for up to 30 s: more often costs too much */
#define DOMAIN_CUDA    0
#define DOMAIN_HOST    1

static uint64_t gigabytes(struct sim_dice *dice, uint64_t low, uint64_t high)
{
    return 1000 * sim_dice_scaled(dice, low, high);
}

static void add_pair(struct weft_topo *topo, struct sim_dice *dice, uint32_t a, uint32_t b,
                     enum weft_link_kind kind, uint64_t rate)
{
    uint64_t back = sim_dice_chance(dice, 20) ? weft_max(rate * 2 / 3, 1) : rate;
    uint64_t duplex = sim_dice_chance(dice, 30) ? (rate + back) * 3 / 4 : 0;
    weft_ns latency_ns = sim_dice_between(dice, 100, 2000);
    uint32_t link = weft_topo_add_pair(topo, a, b, kind, rate, back, duplex, latency_ns);

    weft_assert(link != WEFT_NONE);
}

static void add_sockets(struct weft_topo *topo, struct sim_dice *dice, uint32_t *cpus,
                        uint32_t *cpu_count)
{
    *cpu_count = (uint32_t)sim_dice_between(dice, 1, 2);
    for (uint32_t i = 0; i < *cpu_count; i++) {
        uint32_t dram = weft_topo_add_device(topo, weftDeviceDram, NULL, (int)i, NULL);

        cpus[i] = weft_topo_add_device(topo, weftDeviceCpu, NULL, (int)i, NULL);
        add_pair(topo, dice, cpus[i], dram, WEFT_LINK_MEM, gigabytes(dice, 40, 400));
    }
    if (*cpu_count == 2)
        add_pair(topo, dice, cpus[0], cpus[1], WEFT_LINK_SYS, gigabytes(dice, 10, 120));
}

/* GPUs alone on a socket or, two or more of them, behind a switch with one uplink. */
static void add_gpus(struct weft_topo *topo, struct sim_dice *dice, const uint32_t *cpus,
                     uint32_t cpu_count)
{
    uint32_t gpu_count = (uint32_t)sim_dice_between(dice, 1, GPUS_MAX);
    uint64_t rate = gigabytes(dice, 6, 100);
    uint64_t nvlink_rate = gigabytes(dice, 20, 700);
    bool has_nvlink = sim_dice_chance(dice, 70);
    uint32_t each = (uint32_t)sim_dice_between(dice, 1, 4);
    uint32_t above = WEFT_NONE;
    uint32_t nvswitch = WEFT_NONE;

    if (has_nvlink)
        nvswitch = weft_topo_add_device(topo, weftDeviceSwitch, "nvswitch", -1, NULL);
    for (uint32_t i = 0; i < gpu_count; i++) {
        uint32_t cpu = cpus[i * cpu_count / gpu_count];
        uint64_t own = sim_dice_chance(dice, 20) ? gigabytes(dice, 2, 100) : rate;
        uint32_t gpu;

        if (i % each == 0) {
            int node = topo->devices[cpu].numa_node;

            above = weft_topo_add_device(topo, weftDeviceSwitch, NULL, node, NULL);
            add_pair(topo, dice, above, cpu, WEFT_LINK_PCI, rate);
        }
        gpu = weft_topo_add_device(topo, weftDeviceGpu, NULL, topo->devices[cpu].numa_node, NULL);
        add_pair(topo, dice, gpu, above, WEFT_LINK_PCI, own);
        if (has_nvlink && !sim_dice_chance(dice, 10))
            add_pair(topo, dice, gpu, nvswitch, WEFT_LINK_NVL, nvlink_rate);
    }
}

static void draw_topo(struct weft_topo *topo, struct sim_dice *dice)
{
    uint32_t preset_count = 0;
    uint32_t cpus[2];
    uint32_t cpu_count;

    while (weft_preset_name(preset_count) != NULL)
        preset_count++;
    if (preset_count > 0 && sim_dice_chance(dice, 25)) {
        uint32_t preset = (uint32_t)sim_dice_below(dice, preset_count);

        weft_assert(weft_preset_fill(weft_preset_name(preset), topo));
        return;
    }
    weft_topo_init(topo, "random");
    add_sockets(topo, dice, cpus, &cpu_count);
    add_gpus(topo, dice, cpus, cpu_count);
}

static void find_holders(struct sim_world *world)
{
    world->holder_count = 0;
    for (uint32_t i = 0; i < world->topo.device_count; i++) {
        weftDeviceKind_t kind = world->topo.devices[i].kind;

        if (kind != weftDeviceGpu && kind != weftDeviceDram)
            continue;
        weft_assert(world->holder_count < SIM_HOLDERS_MAX);
        world->holders[world->holder_count++] = i;
    }
}

static bool is_gpu(const struct sim_world *world, uint32_t device)
{
    return world->topo.devices[device].kind == weftDeviceGpu;
}

static bool has_nvlink(const struct sim_world *world, uint32_t device)
{
    for (uint32_t i = 0; i < world->topo.link_count; i++)
        if (world->topo.links[i].from == device && world->topo.links[i].kind == WEFT_LINK_NVL)
            return true;
    return false;
}

/* What the transports would offer: between a GPU and host memory always, between GPUs over NVLink
 * or (`pcie_peers`) PCIe, between host memories by the host's own copies. */
static void add_hops(struct sim_world *world, bool pcie_peers, bool host_copies, weft_ns hop_ns)
{
    weft_hop_init(&world->hops);
    for (uint32_t i = 0; i < world->holder_count; i++)
        for (uint32_t k = 0; k < world->holder_count; k++) {
            uint32_t src = world->holders[i];
            uint32_t dst = world->holders[k];
            bool both = is_gpu(world, src) && is_gpu(world, dst);
            bool none = !is_gpu(world, src) && !is_gpu(world, dst);
            bool peers = both && has_nvlink(world, src) && has_nvlink(world, dst);
            uint32_t port = is_gpu(world, src) ? src : dst;

            if (i == k || (both && !peers && !pcie_peers) || (none && !host_copies))
                continue;
            weft_hop_add(&world->hops, &world->topo, src, dst, port, peers,
                         none ? DOMAIN_HOST : DOMAIN_CUDA, hop_ns);
        }
}

static void draw_sizes(struct weft_config *config, struct sim_dice *dice)
{
    config->chunk_bytes_max = sim_dice_scaled(dice, WEFT_KIB(64), WEFT_MIB(16));
    config->chunk_extents_max = sim_dice_scaled(dice, 1, 1024);
    config->multipath_bytes_min = sim_dice_scaled(dice, 1, WEFT_MIB(8));
    config->relay_slots = sim_dice_scaled(dice, 2, 16);
    config->relay_slot_bytes = sim_dice_scaled(dice, WEFT_KIB(64), WEFT_MIB(8));
    config->lent_chunk_bytes = sim_dice_scaled(dice, WEFT_KIB(4), WEFT_MIB(4));
    config->ramp_bytes = sim_dice_scaled(dice, WEFT_KIB(4), WEFT_MIB(4));
    config->chunks_max = sim_dice_scaled(dice, 16, 256);
}

static void draw_settings(struct sim_world *world, struct sim_dice *dice)
{
    static const char *const scheds[] = {"pull", "pull",   "pull",   "pull",
                                         "pull", "direct", "static", "roundrobin"};
    static const char *const routes[] = {"all", "all", "all", "all", "all", "direct", "staged"};
    struct weft_config *config = &world->config;

    weft_config_init(config);
    config->transfers_max = sim_dice_between(dice, 16, 64);
    config->windows_max = 256;
    config->extents_max = 65536;
    config->chunks_max = 128;
    config->trace_records = 1024;
    if (sim_dice_chance(dice, 60))
        draw_sizes(config, dice);
    if (sim_dice_chance(dice, 50)) {
        config->shared_us = sim_dice_below(dice, 1000);
        config->plan_interval_us = sim_dice_scaled(dice, 100, 100000);
        config->suspect_us = sim_dice_scaled(dice, 1, 10000);
        config->probe_us = sim_dice_scaled(dice, 50, 10000);
        config->probe_us_max = sim_dice_scaled(dice, PROBE_US_LEAST, 1000000);
    }
    weft_text_copy(config->sched, sizeof(config->sched),
                   scheds[sim_dice_below(dice, WEFT_ARRAY_COUNT(scheds))]);
    weft_text_copy(config->routes, sizeof(config->routes),
                   routes[sim_dice_below(dice, WEFT_ARRAY_COUNT(routes))]);
}

/* Settings under which the engine must be fast as well as right. */
static void quiet_settings(struct sim_world *world)
{
    weft_config_init(&world->config);
    world->config.transfers_max = 16;
    world->config.windows_max = 256;
    world->config.trace_records = 1024;
}

void sim_world_draw(struct sim_world *world, struct sim_dice *machine, struct sim_dice *settings)
{
    bool pcie_peers = sim_dice_chance(machine, 30);
    bool host_copies = sim_dice_chance(machine, 50);
    bool some_relays = sim_dice_chance(machine, 20);
    weft_ns hop_ns = sim_dice_between(machine, 500, 10000);

    draw_topo(&world->topo, machine);
    find_holders(world);
    add_hops(world, pcie_peers, host_copies, hop_ns);
    memset(world->has_relay, 0, sizeof(world->has_relay));
    for (uint32_t i = 0; i < world->holder_count; i++)
        world->has_relay[world->holders[i]] = !some_relays || sim_dice_chance(machine, 50);
    world->is_quiet = sim_dice_chance(settings, 10);
    world->port_copies_max = (uint32_t)sim_dice_scaled(settings, 2, 256);
    world->extent_ns = sim_dice_below(settings, 50);
    world->delivery_ns_max = sim_dice_chance(settings, 60) ? 0 : sim_dice_below(settings, 50000);
    world->wakeup_ns_max = sim_dice_chance(settings, 60) ? 0 : sim_dice_below(settings, 50000);
    world->cut_refuse_percent = 50 * (uint32_t)sim_dice_below(settings, 3);
    if (!world->is_quiet) {
        draw_settings(world, settings);
        return;
    }
    quiet_settings(world);
    world->port_copies_max = 1024;
    world->extent_ns = 0;
    world->delivery_ns_max = 0;
    world->wakeup_ns_max = 0;
}

void sim_world_preset(struct sim_world *world, const char *name)
{
    memset(world, 0, sizeof(*world));
    weft_assert(weft_preset_fill(name, &world->topo));
    find_holders(world);
    add_hops(world, false, true, HOP_NS_DEFAULT);
    for (uint32_t i = 0; i < world->holder_count; i++)
        world->has_relay[world->holders[i]] = true;
    weft_config_init(&world->config);
    world->port_copies_max = UINT32_MAX;
}

uint64_t sim_world_rate(const struct sim_world *world, uint32_t src_device, uint32_t dst_device)
{
    uint32_t direct = weft_hop_find(&world->hops, src_device, dst_device);
    uint64_t best = 0;

    if (direct != WEFT_NONE)
        return world->hops.hops[direct].rate_bytes_per_us;
    for (uint32_t i = 0; i < world->hops.count; i++) {
        const struct weft_hop *first = &world->hops.hops[i];
        uint32_t second = weft_hop_find(&world->hops, first->dst_device, dst_device);

        if (first->src_device != src_device || second == WEFT_NONE ||
            !world->has_relay[first->dst_device])
            continue;
        best = weft_max(
            best, weft_min(first->rate_bytes_per_us, world->hops.hops[second].rate_bytes_per_us));
    }
    return best;
}

void sim_world_print(const struct sim_world *world)
{
    char value[WEFT_CONFIG_TEXT_BYTES];

    printf("world %s: %u devices, %u links, %u hops%s, %u copies per port\n", world->topo.name,
           world->topo.device_count, world->topo.link_count, world->hops.count,
           world->is_quiet ? ", quiet" : "", world->port_copies_max);
    for (uint32_t i = 0; i < world->topo.link_count; i++) {
        const struct weft_link *link = &world->topo.links[i];

        printf("  link %u %s>%s %s %" PRIu64 " B/us, duplex %" PRIu64 "\n", i,
               world->topo.devices[link->from].name, world->topo.devices[link->to].name,
               weft_link_kind_name(link->kind), link->rate_bytes_per_us, link->duplex_bytes_per_us);
    }
    for (uint32_t i = 0; i < world->hops.count; i++) {
        const struct weft_hop *hop = &world->hops.hops[i];

        printf("  hop %u %s>%s, %" PRIu64 " B/us, links", i,
               world->topo.devices[hop->src_device].name, world->topo.devices[hop->dst_device].name,
               hop->rate_bytes_per_us);
        for (uint32_t k = 0; k < hop->link_count; k++)
            printf(" %u", hop->links[k]);
        printf("\n");
    }
    for (uint32_t i = 0; i < world->topo.device_count; i++)
        if (world->has_relay[i])
            printf("  relay on %s\n", world->topo.devices[i].name);
    for (uint32_t i = 0; i < WEFT_SETTINGS; i++)
        if (weft_config_get(&world->config, i, value, sizeof(value)))
            printf("  %s=%s", weft_config_row(i)->name, value);
    printf("\n");
}
