/* Worlds: two emulated servers in one topology. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "core/preset.h"
#include "core/world.h"
#include "fixture.h"

struct bench {
    struct weft_topo topo;
    struct weft_hop_table hops;
    struct weft_description description;
    struct weft_world world;
    struct weft_world_peer peer;
};

static struct bench *made(const char *preset)
{
    static struct bench bench;

    memset(&bench, 0, sizeof(bench));
    cr_assert(weft_preset_fill(preset, &bench.topo));
    fixture_hops(&bench.topo, &bench.hops);
    weft_description_make(&bench.description, 0x0a000002, &bench.topo, &bench.hops);
    weft_world_init(&bench.world, &bench.topo, &bench.hops);
    return &bench;
}

Test(world, join__a_server_like_this)
{
    struct bench *bench = made("hgx-h100");
    uint32_t devices = bench->topo.device_count;
    uint32_t first;
    uint32_t far;

    cr_assert(
        weft_world_join(&bench->world, &bench->description, "10.0.0.2", 9, 500, &bench->peer));
    cr_expect_null(weft_topo_check(&bench->world.topo));
    cr_expect_eq(bench->peer.server, 1);
    far = weft_topo_find(&bench->world.topo, "10.0.0.2:gpu3");
    cr_assert_neq(far, WEFT_NONE);
    cr_expect_geq(far, devices);
    cr_expect_eq(bench->world.topo.devices[far].server, 1);
    cr_expect_eq(weft_topo_find(&bench->world.topo, "10.0.0.2:net0"), WEFT_NONE, "one network");
    cr_expect_eq(weft_topo_find(&bench->world.topo, "10.0.0.2:ssd0"), WEFT_NONE, "not told");
    cr_expect_eq(weft_world_nic_count(&bench->world, 0), 8);
    cr_expect_eq(weft_world_nic_count(&bench->world, 1), 8);
    /* Each NIC is near one GPU and its socket's host memory, on both sides. */
    cr_expect_eq(weft_world_lane(&bench->world, &bench->peer, 2, 2, true, 10, 1000, &first), 4);
    cr_expect_eq(bench->world.hops.hops[first].domain, 10);
    cr_expect_eq(bench->world.hops.hops[first].rate_bytes_per_us, 49300);
    cr_expect_eq(weft_world_lane(&bench->world, &bench->peer, 2, 3, false, 11, 1000, &first), 1);
    cr_expect_eq(weft_world_lane(&bench->world, &bench->peer, 2, 8, true, 11, 1000, &first), 0,
                 "no such NIC");
}

/* What a peer copies inside a device of its own it can be asked for, too. */
Test(world, join__a_hop_inside_one_device)
{
    struct bench *bench = made("hgx-h100");
    uint32_t gpu = weft_topo_find(&bench->topo, "gpu3");
    uint32_t far;
    uint32_t hop;

    cr_assert_neq(weft_hop_add(&bench->hops, &bench->topo, gpu, gpu, gpu, false, 1, 0), WEFT_NONE);
    weft_description_make(&bench->description, 0x0a000002, &bench->topo, &bench->hops);
    cr_assert(
        weft_world_join(&bench->world, &bench->description, "10.0.0.2", 900, 500, &bench->peer));
    far = weft_topo_find(&bench->world.topo, "10.0.0.2:gpu3");
    hop = weft_hop_find(&bench->world.hops, far, far);
    cr_assert_neq(hop, WEFT_NONE);
    cr_expect_eq(bench->world.hops.hops[hop].link_count, 0);
    cr_expect_eq(bench->world.hops.hops[hop].domain, 900 + bench->hops.count - 1);
}

Test(world, join__until_it_is_full)
{
    struct bench *bench = made("hgx-h100");
    uint32_t joined = 0;
    uint32_t devices = 0;

    while (joined < 100 &&
           weft_world_join(&bench->world, &bench->description, "10.0.0.2", 9, 0, &bench->peer)) {
        joined++;
        devices = bench->world.topo.device_count;
    }
    cr_expect_geq(joined, 5);
    cr_expect_lt(joined, 100);
    cr_expect_eq(bench->world.topo.device_count, devices, "nothing of the last one stays");
}

Test(world, init__without_a_nic)
{
    static struct weft_world world;
    static struct weft_topo topo;
    static struct weft_hop_table hops;

    fixture_topo(&topo);
    fixture_hops(&topo, &hops);
    weft_world_init(&world, &topo, &hops);
    cr_expect_eq(weft_world_nic_count(&world, 0), 1);
    cr_expect_null(weft_topo_check(&world.topo));
}

Test(world, nic_rate__of_what_is_used)
{
    static struct weft_world world;
    static struct weft_topo topo;
    static struct weft_hop_table hops;
    uint32_t changed = 0;

    memset(&topo, 0, sizeof(topo));
    (void)weft_topo_add_device(&topo, weftDeviceCpu, NULL, 0, NULL);
    weft_world_init(&world, &topo, &hops);
    weft_world_nic_rate(&world, 12000);
    for (uint32_t i = 0; i < world.topo.link_count; i++)
        changed += world.topo.links[i].kind == WEFT_LINK_NET &&
                   world.topo.links[i].rate_bytes_per_us == 12000;
    cr_assert_eq(changed, 2, "both directions of the assumed NIC's link");
}

/* dram1's nearest NIC has no network: the other one serves it. */
Test(world, lane__by_nics_that_are_used)
{
    static struct weft_description description;
    static struct weft_world world;
    static struct weft_world_peer peer;
    static struct weft_topo topo;
    static struct weft_hop_table hops;
    uint32_t first;
    uint32_t nics[2];
    uint32_t net;

    weft_topo_init(&topo, "two sockets");
    for (uint32_t i = 0; i < 2; i++) {
        uint32_t cpu = weft_topo_add_device(&topo, weftDeviceCpu, NULL, (int)i, NULL);
        uint32_t dram = weft_topo_add_device(&topo, weftDeviceDram, NULL, (int)i, NULL);

        nics[i] = weft_topo_add_device(&topo, weftDeviceNic, NULL, (int)i, NULL);
        (void)weft_topo_add_pair(&topo, dram, cpu, WEFT_LINK_MEM, 90000, 90000, 0, 100);
        (void)weft_topo_add_pair(&topo, nics[i], cpu, WEFT_LINK_PCI, 55200, 55400, 0, 500);
    }
    net = weft_topo_add_device(&topo, weftDeviceSwitch, "net", -1, NULL);
    (void)weft_topo_add_pair(&topo, weft_topo_nth(&topo, weftDeviceCpu, 0),
                             weft_topo_nth(&topo, weftDeviceCpu, 1), WEFT_LINK_SYS, 60000, 60000, 0,
                             100);
    (void)weft_topo_add_pair(&topo, nics[1], net, WEFT_LINK_NET, 1000, 1000, 0, 200);
    (void)weft_topo_add_pair(&topo, nics[0], net, WEFT_LINK_NET, 2000, 2000, 0, 200);
    weft_world_init(&world, &topo, &hops);
    cr_expect_eq(weft_world_nic(&world, 0, 0), nics[1], "by their links to the network");
    cr_expect_eq(weft_world_nic(&world, 0, 1), nics[0]);
    weft_world_nics_keep(&world, 1);
    cr_expect_eq(weft_world_nic_count(&world, 0), 1);
    cr_expect_eq(weft_world_nic(&world, 0, 1), WEFT_NONE);
    weft_description_make(&description, 0x0a000002, &world.topo, &world.hops);
    cr_assert(weft_world_join(&world, &description, "10.0.0.2", 9, 500, &peer));
    cr_expect_eq(weft_world_nic_count(&world, 1), 1);
    cr_expect_eq(weft_world_lane(&world, &peer, 0, 0, false, 10, 1000, &first), 4,
                 "both memories here, both there");
    cr_expect_eq(weft_world_lane(&world, &peer, 0, 1, false, 11, 1000, &first), 0, "no such NIC");
}
