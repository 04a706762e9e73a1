/* tools/common/maxflow: small graphs whose flow is counted by hand, and the presets' bounds. */
#include <criterion/criterion.h>

#include <stdlib.h>

#include "common/maxflow.h"
#include "core/preset.h"

/* gpu0 has two ways to dram0: its own PCIe link (10), and over gpu1 (NVLink 40, PCIe 20); the
 * memory takes 25. nic0 hangs beside it with links as fast as any. */
struct square {
    struct weft_topo topo;
    uint32_t cpu, dram, gpu0, gpu1, nic;
    uint32_t gpu0_pcie, gpu1_pcie, nvlink, memory;
    uint64_t rates[WEFT_LINKS_MAX];
};

static struct square *square_make(uint64_t duplex)
{
    struct square *s = calloc(1, sizeof(*s));

    weft_topo_init(&s->topo, "square");
    s->cpu = weft_topo_add_device(&s->topo, weftDeviceCpu, NULL, 0, NULL);
    s->dram = weft_topo_add_device(&s->topo, weftDeviceDram, NULL, 0, NULL);
    s->gpu0 = weft_topo_add_device(&s->topo, weftDeviceGpu, NULL, 0, NULL);
    s->gpu1 = weft_topo_add_device(&s->topo, weftDeviceGpu, NULL, 0, NULL);
    s->nic = weft_topo_add_device(&s->topo, weftDeviceNic, NULL, 0, NULL);
    s->memory = weft_topo_add_pair(&s->topo, s->dram, s->cpu, WEFT_LINK_MEM, 25, 25, duplex, 100);
    s->gpu0_pcie = weft_topo_add_pair(&s->topo, s->gpu0, s->cpu, WEFT_LINK_PCI, 10, 12, 0, 100);
    s->gpu1_pcie = weft_topo_add_pair(&s->topo, s->gpu1, s->cpu, WEFT_LINK_PCI, 20, 20, 0, 100);
    s->nvlink = weft_topo_add_pair(&s->topo, s->gpu0, s->gpu1, WEFT_LINK_NVL, 40, 40, 0, 100);
    (void)weft_topo_add_pair(&s->topo, s->nic, s->gpu0, WEFT_LINK_PCI, 99, 99, 0, 100);
    (void)weft_topo_add_pair(&s->topo, s->nic, s->cpu, WEFT_LINK_PCI, 99, 99, 0, 100);
    weft_rates_init(&s->topo, s->rates);
    return s;
}

Test(maxflow, between__two_ways_end_at_the_memory)
{
    struct square *s = square_make(0);

    cr_expect_eq(weft_maxflow_between(&s->topo, s->rates, s->gpu0, s->dram), 25);
    cr_expect_eq(weft_maxflow_between(&s->topo, s->rates, s->gpu1, s->dram), 25);
    cr_expect_eq(weft_maxflow_between(&s->topo, s->rates, s->dram, s->gpu0), 25);
    cr_expect_eq(weft_maxflow_between(&s->topo, s->rates, s->dram, s->dram), 0);
    free(s);
}

Test(maxflow, between__duplex_limit_caps_one_direction)
{
    struct square *s = square_make(17);

    cr_expect_eq(weft_maxflow_between(&s->topo, s->rates, s->gpu0, s->dram), 17);
    free(s);
}

Test(maxflow, between__link_states)
{
    static const struct {
        unsigned gpu0_permille;
        unsigned gpu1_permille;
        unsigned nvlink_permille;
        uint64_t put;
        uint64_t get;
    } rows[] = {
        {1000, 1000, 1000, 25, 25}, {100, 1000, 1000, 21, 21}, {0, 1000, 1000, 20, 20},
        {1000, 0, 1000, 10, 12},    {1000, 1000, 0, 10, 12},   {1000, 1000, 250, 20, 22},
        {0, 0, 1000, 0, 0},         {500, 500, 1000, 15, 16},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct square *s = square_make(0);

        weft_rates_scale(&s->topo, s->gpu0_pcie, rows[i].gpu0_permille, s->rates);
        weft_rates_scale(&s->topo, s->gpu1_pcie, rows[i].gpu1_permille, s->rates);
        weft_rates_scale(&s->topo, s->nvlink, rows[i].nvlink_permille, s->rates);
        cr_expect_eq(weft_maxflow_between(&s->topo, s->rates, s->gpu0, s->dram), rows[i].put,
                     "row %zu", i);
        cr_expect_eq(weft_maxflow_between(&s->topo, s->rates, s->dram, s->gpu0), rows[i].get,
                     "row %zu", i);
        free(s);
    }
}

Test(maxflow, between__nic_is_not_crossed_but_may_be_an_end)
{
    struct square *s = square_make(0);

    weft_rates_scale(&s->topo, s->gpu0_pcie, 0, s->rates);
    weft_rates_scale(&s->topo, s->nvlink, 0, s->rates);
    cr_expect_eq(weft_maxflow_between(&s->topo, s->rates, s->gpu0, s->dram), 0);
    free(s);
}

/* gpu0 -> dram0 of the presets, bytes per microsecond: the memory of one socket on both HGX
 * machines, four shared uplinks on the DGX A100, and on the tray the memory of one Grace. */
Test(maxflow, between__presets)
{
    static const struct {
        const char *name;
        uint64_t put;
        uint64_t get;
    } rows[] = {
        {"hgx-h100", 191000, 191000},
        {"hgx-h20", 300000, 300000},
        {"dgx-a100", 4 * 26300, 4 * 26200},
        {"nvl72-tray", 422000, 422000},
    };
    struct weft_topo *topo = calloc(1, sizeof(*topo));
    uint64_t rates[WEFT_LINKS_MAX];

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        cr_assert(weft_preset_fill(rows[i].name, topo));
        weft_rates_init(topo, rates);
        cr_expect_eq(weft_maxflow_between(topo, rates, weft_topo_find(topo, "gpu0"),
                                          weft_topo_find(topo, "dram0")),
                     rows[i].put, "%s", rows[i].name);
        cr_expect_eq(weft_maxflow_between(topo, rates, weft_topo_find(topo, "dram0"),
                                          weft_topo_find(topo, "gpu0")),
                     rows[i].get, "%s", rows[i].name);
    }
    free(topo);
}

Test(maxflow, time__one_demand)
{
    struct square *s = square_make(0);
    struct weft_demand demand = {s->gpu0, s->dram, 250000};

    cr_expect_eq(weft_maxflow_time(&s->topo, s->rates, &demand, 1), 10000000);
    free(s);
}

/* 200,000 from gpu0 (10 + 40 away) and 50,000 from gpu1 (20) through a memory of 25: 10 ms. With
 * the NVLink cut gpu0's 10 is the limit: 20 ms. */
Test(maxflow, time__two_demands)
{
    struct square *s = square_make(0);
    struct weft_demand demands[] = {{s->gpu0, s->dram, 200000}, {s->gpu1, s->dram, 50000}};

    cr_expect_eq(weft_maxflow_time(&s->topo, s->rates, demands, 2), 10000000);
    weft_rates_scale(&s->topo, s->nvlink, 0, s->rates);
    cr_expect_eq(weft_maxflow_time(&s->topo, s->rates, demands, 2), 20000000);
    weft_rates_scale(&s->topo, s->gpu0_pcie, 0, s->rates);
    cr_expect_eq(weft_maxflow_time(&s->topo, s->rates, demands, 2), WEFT_NEVER);
    free(s);
}
