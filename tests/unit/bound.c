/* perf/weft-perf/bound: the ideal time while links change, counted by hand on two parallel ways. */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "../../perf/weft-perf/bound.h"

/* gpu0 to dram0: its own link of 10 bytes per us, and over gpu1 one of 30. */
struct two_ways {
    struct weft_topo topo;
    struct weft_testbed testbed;
    struct weft_perf_subject subject;
};

static struct two_ways *two_ways_make(void)
{
    struct two_ways *ways = calloc(1, sizeof(*ways));
    struct weft_topo *topo = &ways->topo;
    uint32_t cpu;
    uint32_t dram;
    uint32_t gpu0;
    uint32_t gpu1;

    weft_topo_init(topo, "two ways");
    cpu = weft_topo_add_device(topo, weftDeviceCpu, NULL, 0, NULL);
    dram = weft_topo_add_device(topo, weftDeviceDram, NULL, 0, NULL);
    gpu0 = weft_topo_add_device(topo, weftDeviceGpu, NULL, 0, NULL);
    gpu1 = weft_topo_add_device(topo, weftDeviceGpu, NULL, 0, NULL);
    (void)weft_topo_add_pair(topo, dram, cpu, WEFT_LINK_MEM, 100, 100, 0, 100);
    (void)weft_topo_add_pair(topo, gpu0, cpu, WEFT_LINK_PCI, 10, 10, 0, 100);
    (void)weft_topo_add_pair(topo, gpu1, cpu, WEFT_LINK_PCI, 30, 30, 0, 100);
    (void)weft_topo_add_pair(topo, gpu0, gpu1, WEFT_LINK_NVL, 90, 90, 0, 100);
    ways->subject.testbed = &ways->testbed;
    ways->subject.topo = topo;
    ways->subject.flow_count = 1;
    ways->subject.flows[0].from_device = gpu0;
    ways->subject.flows[0].to_device = dram;
    return ways;
}

/* 40,000 bytes at 40 per us take 1,000 us. */
#define SIZE  40000
#define START 5000000

static weft_ns ideal_us(struct two_ways *ways, const struct weft_perf_fault_plan *plan,
                        const struct weft_perf_fault_event *events, uint32_t count)
{
    weft_ns ideal = weft_perf_bound_ideal(&ways->subject, SIZE, plan, events, count, START);

    return ideal == WEFT_NEVER ? WEFT_NEVER : ideal / 1000;
}

Test(bound, ideal__undisturbed_and_before)
{
    struct two_ways *ways = two_ways_make();
    struct weft_perf_fault_plan plan = {.count = 0};

    cr_expect_eq(ideal_us(ways, &plan, NULL, 0), 1000);
    plan = (struct weft_perf_fault_plan){
        1, {{.link = "gpu1-pcie", .change = WEFT_LINK_SCALE, .permille = 500}}};
    cr_expect_eq(ideal_us(ways, &plan, NULL, 0), 1600); /* 10 + 15 */
    plan.faults[0].change = WEFT_LINK_CUT;
    cr_expect_eq(ideal_us(ways, &plan, NULL, 0), 4000);
    free(ways);
}

Test(bound, ideal__phases_are_integrated)
{
    struct two_ways *ways = two_ways_make();
    const struct weft_perf_fault_plan plan = {
        3,
        {{.link = "gpu1-pcie", .change = WEFT_LINK_CUT, .during = true},
         {.link = "gpu1-pcie", .change = WEFT_LINK_SCALE, .permille = 1000, .during = true},
         {.link = "gpu0-pcie", .change = WEFT_LINK_HANG, .during = true}}};
    /* Half the bytes in 500 us; the link is cut. */
    const struct weft_perf_fault_event cut[] = {{0, START + 500000}};
    /* After 1,000 us of 10 per us it comes back: 20,000 + 10,000 were moved, 250 us are left. */
    const struct weft_perf_fault_event back[] = {{0, START + 500000}, {1, START + 1500000}};
    /* Both down: nothing moves until one comes back, or never. */
    const struct weft_perf_fault_event dead[] = {{0, START + 500000}, {2, START + 500000}};
    const struct weft_perf_fault_event dead_and_back[] = {
        {0, START + 500000}, {2, START + 500000}, {1, START + 900000}};
    /* What comes after the ideal end does not count. */
    const struct weft_perf_fault_event late[] = {{0, START + 1100000}};

    cr_expect_eq(ideal_us(ways, &plan, cut, 1), 2500);
    cr_expect_eq(ideal_us(ways, &plan, back, 2), 1750);
    cr_expect_eq(ideal_us(ways, &plan, dead, 2), WEFT_NEVER);
    /* 20,000 left at 30 per us. */
    cr_expect_eq(ideal_us(ways, &plan, dead_and_back, 3), 1566);
    cr_expect_eq(ideal_us(ways, &plan, late, 1), 1000);
    free(ways);
}

Test(bound, ideal__no_description)
{
    struct two_ways *ways = two_ways_make();
    const struct weft_perf_fault_plan plan = {.count = 0};

    ways->subject.topo = NULL;
    cr_expect_eq(ideal_us(ways, &plan, NULL, 0), WEFT_NEVER);
    free(ways);
}
