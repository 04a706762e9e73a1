/* core/hop: rates, latencies and refusals of the table. */
#include <criterion/criterion.h>

#include "core/hop.h"
#include "core/preset.h"

static struct weft_topo topo;
static struct weft_hop_table table;

static uint32_t device(const char *name)
{
    return weft_topo_find(&topo, name);
}

Test(hop, add__figures)
{
    static const struct {
        const char *src;
        const char *dst;
        bool peer;
        uint32_t link_count;
        uint64_t rate;
        weft_ns latency;
    } rows[] = {
        /* overhead 1000 + GPU 500 + uplink 500 + memory 100 */
        {"gpu0", "dram0", false, 3, 55200, 2100}, {"dram0", "gpu0", false, 3, 55400, 2100},
        {"gpu0", "dram1", false, 4, 55200, 2250}, {"gpu0", "gpu5", true, 2, 397000, 1826},
        {"gpu5", "gpu0", false, 5, 55200, 3150},  {"ssd0", "gpu0", false, 2, 14000, 71500},
        {"gpu0", "ssd0", false, 2, 7000, 71500},  {"dram0", "dram1", false, 3, 60000, 1350},
    };

    weft_hop_init(&table);
    cr_assert(weft_preset_fill("hgx-h100", &topo));
    for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        uint32_t src = device(rows[i].src);
        uint32_t dst = device(rows[i].dst);
        const struct weft_hop *hop = &table.hops[i];

        cr_assert_eq(weft_hop_add(&table, &topo, src, dst, src, rows[i].peer, 7, 1000), i);
        cr_expect_eq(hop->src_device, src);
        cr_expect_eq(hop->dst_device, dst);
        cr_expect_eq(hop->port_device, src);
        cr_expect_eq(hop->domain, 7);
        cr_expect_eq(hop->link_count, rows[i].link_count, "%s to %s", rows[i].src, rows[i].dst);
        cr_expect_eq(hop->rate_bytes_per_us, rows[i].rate, "%s to %s", rows[i].src, rows[i].dst);
        cr_expect_eq(hop->latency_ns, rows[i].latency, "%s to %s", rows[i].src, rows[i].dst);
        cr_expect_eq(topo.links[hop->links[0]].from, src);
        cr_expect_eq(topo.links[hop->links[hop->link_count - 1]].to, dst);
        cr_expect_eq(weft_hop_find(&table, src, dst), i);
    }
    cr_expect_eq(weft_hop_find(&table, device("gpu1"), device("gpu0")), WEFT_NONE);
}

Test(hop, add__refused)
{
    uint32_t gpu;
    uint32_t dram;

    weft_hop_init(&table);
    cr_assert(weft_preset_fill("hgx-h100", &topo));
    gpu = device("gpu0");
    dram = device("dram0");
    cr_assert_eq(weft_hop_add(&table, &topo, gpu, dram, gpu, false, 0, 0), 0);
    cr_expect_eq(weft_hop_add(&table, &topo, gpu, dram, gpu, false, 0, 0), WEFT_NONE, "again");
    cr_expect_eq(weft_hop_add(&table, &topo, 300, 300, gpu, true, 0, 0), WEFT_NONE, "no device");
    cr_expect_eq(weft_hop_add(&table, &topo, gpu, device("net0"), gpu, true, 0, 0), WEFT_NONE,
                 "no DMA reaches the network");
    cr_expect_eq(weft_hop_add(&table, &topo, gpu, WEFT_NONE, gpu, true, 0, 0), WEFT_NONE);
    cr_expect_eq(table.count, 1);
    table.count = WEFT_HOPS_MAX;
    cr_expect_eq(weft_hop_add(&table, &topo, dram, gpu, gpu, false, 0, 0), WEFT_NONE, "full");
    cr_expect_eq(table.count, WEFT_HOPS_MAX);
}

Test(hop, add__inside_a_device)
{
    uint32_t gpu;

    weft_hop_init(&table);
    cr_assert(weft_preset_fill("hgx-h100", &topo));
    gpu = device("gpu0");
    cr_assert_eq(weft_hop_add(&table, &topo, gpu, gpu, gpu, true, 0, 700), 0);
    cr_expect_eq(table.hops[0].link_count, 0);
    cr_expect_eq(table.hops[0].rate_bytes_per_us, 2000000);
    cr_expect_eq(table.hops[0].latency_ns, 700);
}

Test(hop, add__latency_saturates)
{
    weft_hop_init(&table);
    cr_assert(weft_preset_fill("dgx-a100", &topo));
    cr_assert_eq(
        weft_hop_add(&table, &topo, device("gpu0"), device("dram0"), 0, false, 0, WEFT_NEVER - 5),
        0);
    cr_expect_eq(table.hops[0].latency_ns, WEFT_NEVER);
}

/* ---- hops between the same devices ---- */

Test(hop, add_given__several_beside_each_other)
{
    struct weft_hop given = {.domain = 3, .engine = 5};
    uint32_t net;

    weft_hop_init(&table);
    cr_assert(weft_preset_fill("hgx-h100", &topo));
    net = weft_topo_link_find(&topo, "nic0-net");
    given.src_device = device("gpu0");
    given.dst_device = device("gpu1");
    given.links[given.link_count++] = net;
    cr_assert_eq(weft_hop_add_given(&table, &topo, &given, 100), 0);
    cr_assert_eq(weft_hop_add_given(&table, &topo, &given, 200), 1);
    cr_assert_eq(weft_hop_add(&table, &topo, device("gpu0"), device("dram0"), 0, false, 0, 0), 2);
    cr_expect_eq(table.hops[1].rate_bytes_per_us, topo.links[net].rate_bytes_per_us);
    cr_expect_eq(table.hops[1].latency_ns, topo.links[net].latency_ns + 200);
    cr_expect_eq(table.hops[1].engine, 5);
    cr_expect_eq(weft_hop_first(&table, device("gpu0")), 0);
    cr_expect_eq(table.hops[0].next_from, 1);
    cr_expect_eq(table.hops[1].next_from, 2);
    cr_expect_eq(table.hops[2].next_from, WEFT_NONE);
    cr_expect_eq(weft_hop_first(&table, device("gpu1")), WEFT_NONE);
    cr_expect_eq(weft_hop_first_to(&table, device("gpu1")), 0);
    cr_expect_eq(table.hops[0].next_to, 1);
    cr_expect_eq(table.hops[1].next_to, WEFT_NONE);
    cr_expect_eq(weft_hop_first_to(&table, device("dram0")), 2);
    cr_expect_eq(weft_hop_first_to(&table, device("gpu0")), WEFT_NONE);
    cr_expect_eq(weft_hop_find(&table, device("gpu0"), device("gpu1")), 0, "the first");
    table.count = WEFT_HOPS_MAX;
    cr_expect_eq(weft_hop_add_given(&table, &topo, &given, 0), WEFT_NONE, "full");
}
