/* Routes: which there are, their order, their limit, filters. */
#include <criterion/criterion.h>

#include <string.h>

#include "fixture.h"

#include "core/route.h"

#define NAMES_MAX 4

static const bool every_relay[WEFT_DEVICES_MAX] = {
    [FIXTURE_DRAM0] = true, [FIXTURE_GPU0] = true, [FIXTURE_GPU1] = true, [FIXTURE_GPU2] = true};

/* The small machine's routes under a filter must be these, in this order. */
static void expect_routes(const char *filter_text, const bool *relays, uint32_t src, uint32_t dst,
                          const char *const names[NAMES_MAX])
{
    struct fixture *fixture = fixture_prepare();
    struct weft_route routes[WEFT_ROUTES_MAX];
    struct weft_route_filter filter;
    uint32_t count = 0;
    uint32_t wanted = 0;

    cr_assert_null(weft_route_filter_parse(&filter, &fixture->topo, filter_text));
    count = weft_route_find(&fixture->topo, &fixture->hops, relays, &filter, src, dst, routes);
    while (wanted < NAMES_MAX && names[wanted] != NULL)
        wanted++;
    cr_assert_eq(count, wanted, "%s %u>%u: %u routes", filter_text, src, dst, count);
    for (uint32_t i = 0; i < count; i++) {
        char name[96];

        weft_route_name(&routes[i], &fixture->topo, &fixture->hops, name, sizeof(name));
        cr_expect_str_eq(name, names[i], "%s %u>%u", filter_text, src, dst);
    }
}

Test(route, find__order)
{
    static const struct {
        uint32_t src;
        uint32_t dst;
        const char *names[NAMES_MAX];
    } rows[] = {
        {FIXTURE_GPU0, FIXTURE_DRAM0, {"gpu0>dram0", "gpu0>gpu1>dram0", "gpu0>gpu2>dram0"}},
        {FIXTURE_DRAM0, FIXTURE_GPU2, {"dram0>gpu2", "dram0>gpu0>gpu2", "dram0>gpu1>gpu2"}},
        {FIXTURE_GPU0, FIXTURE_GPU1, {"gpu0>gpu1", "gpu0>gpu2>gpu1", "gpu0>dram0>gpu1"}},
        {FIXTURE_DRAM0, FIXTURE_DRAM0, {NULL}},
        {FIXTURE_GPU0, FIXTURE_GPU0, {NULL}},
        {FIXTURE_GPU0, FIXTURE_CPU0, {NULL}},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++)
        expect_routes("all", every_relay, rows[i].src, rows[i].dst, rows[i].names);
}

Test(route, find__filters)
{
    static const struct {
        const char *filter;
        uint32_t src;
        uint32_t dst;
        const char *names[NAMES_MAX];
    } rows[] = {
        {"direct", FIXTURE_GPU0, FIXTURE_DRAM0, {"gpu0>dram0"}},
        {"direct", FIXTURE_GPU0, FIXTURE_GPU1, {"gpu0>gpu1"}},
        {"staged", FIXTURE_GPU0, FIXTURE_GPU1, {"gpu0>dram0>gpu1"}},
        {"staged", FIXTURE_GPU0, FIXTURE_DRAM0, {NULL}},
        {"transit:gpu2", FIXTURE_GPU0, FIXTURE_DRAM0, {"gpu0>gpu2>dram0"}},
        {"transit:gpu2,gpu1", FIXTURE_GPU0, FIXTURE_DRAM0, {"gpu0>gpu1>dram0", "gpu0>gpu2>dram0"}},
        {"transit:dram0", FIXTURE_GPU0, FIXTURE_GPU1, {"gpu0>dram0>gpu1"}},
        {"transit:gpu0", FIXTURE_GPU0, FIXTURE_DRAM0, {NULL}},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++)
        expect_routes(rows[i].filter, every_relay, rows[i].src, rows[i].dst, rows[i].names);
}

Test(route, find__no_transit_without_a_relay)
{
    static const bool no_relay[WEFT_DEVICES_MAX] = {false};
    static const bool gpu2_only[WEFT_DEVICES_MAX] = {[FIXTURE_GPU2] = true};
    static const char *const direct[NAMES_MAX] = {"gpu0>dram0"};
    static const char *const with_gpu2[NAMES_MAX] = {"gpu0>dram0", "gpu0>gpu2>dram0"};
    static const char *const none[NAMES_MAX] = {NULL};

    expect_routes("all", no_relay, FIXTURE_GPU0, FIXTURE_DRAM0, direct);
    expect_routes("all", gpu2_only, FIXTURE_GPU0, FIXTURE_DRAM0, with_gpu2);
    expect_routes("transit:gpu1", gpu2_only, FIXTURE_GPU0, FIXTURE_DRAM0, none);
}

Test(route, find__rates_and_latencies)
{
    static const struct {
        uint32_t hop_count;
        uint32_t first_hop;
        uint32_t second_hop;
        uint32_t transit;
        uint64_t rate_bytes_per_us;
        weft_ns latency_ns;
    } rows[] = {{1, FIXTURE_GPU0_GPU1, 0, 0, 40000, 1000},
                {2, FIXTURE_GPU0_GPU2, FIXTURE_GPU2_GPU1, FIXTURE_GPU2, 40000, 2000},
                {2, FIXTURE_GPU0_DRAM0, FIXTURE_DRAM0_GPU1, FIXTURE_DRAM0, 10000, 2000}};
    struct fixture *fixture = fixture_prepare();
    struct weft_route_filter all = {.kind = WEFT_ROUTES_ALL};
    struct weft_route routes[WEFT_ROUTES_MAX];

    cr_assert_eq(weft_route_find(&fixture->topo, &fixture->hops, every_relay, &all, FIXTURE_GPU0,
                                 FIXTURE_GPU1, routes),
                 3);
    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        cr_expect_eq(routes[i].hop_count, rows[i].hop_count, "row %zu", i);
        cr_expect_eq(routes[i].hops[0], rows[i].first_hop, "row %zu", i);
        cr_expect_eq(routes[i].rate_bytes_per_us, rows[i].rate_bytes_per_us, "row %zu", i);
        cr_expect_eq(routes[i].latency_ns, rows[i].latency_ns, "row %zu", i);
        if (rows[i].hop_count == 1)
            continue;
        cr_expect_eq(routes[i].hops[1], rows[i].second_hop, "row %zu", i);
        cr_expect_eq(routes[i].transits[0], rows[i].transit, "row %zu", i);
    }
}

/* Machines of nothing but hops, written down one by one. */
struct hops_only {
    struct weft_topo topo;
    struct weft_hop_table hops;
    bool relays[WEFT_DEVICES_MAX];
};

static struct hops_only *hops_only(uint32_t devices)
{
    static struct hops_only machine;

    memset(&machine, 0, sizeof(machine));
    weft_topo_init(&machine.topo, "hops");
    for (uint32_t i = 0; i < devices; i++) {
        weft_topo_add_device(&machine.topo, weftDeviceDram, NULL, 0, NULL);
        machine.relays[i] = true;
    }
    return &machine;
}

static void add_hop(struct hops_only *machine, uint32_t src, uint32_t dst, uint32_t domain,
                    uint64_t rate, weft_ns latency_ns)
{
    struct weft_hop hop = {
        .src_device = src, .dst_device = dst, .port_device = src, .domain = domain};
    uint32_t index = weft_hop_add_given(&machine->hops, &machine->topo, &hop, latency_ns);

    machine->hops.hops[index].rate_bytes_per_us = rate;
}

static uint32_t find(const struct hops_only *machine, uint32_t src, uint32_t dst,
                     struct weft_route routes[WEFT_ROUTES_MAX])
{
    struct weft_route_filter all = {.kind = WEFT_ROUTES_ALL};

    return weft_route_find(&machine->topo, &machine->hops, machine->relays, &all, src, dst, routes);
}

/* Twenty transits of rates 1,000 to 2,900 and a direct hop of 100: the best sixteen stay. */
Test(route, find__at_most_sixteen)
{
    static const uint64_t rates[] = {2900, 2800, 2700, 2600, 2500, 2400, 2300, 2200,
                                     2100, 2000, 1900, 1800, 1700, 1600, 1500, 1400};
    struct hops_only *machine = hops_only(22);
    struct weft_route routes[WEFT_ROUTES_MAX];

    add_hop(machine, 0, 1, 1, 100, 10);
    for (uint32_t i = 0; i < 20; i++) {
        add_hop(machine, 0, 2 + i, 1, 1000 + 100 * i, 10);
        add_hop(machine, 2 + i, 1, 1, 9000, 10);
    }
    cr_assert_eq(find(machine, 0, 1, routes), 16);
    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rates); i++)
        cr_expect_eq(routes[i].rate_bytes_per_us, rates[i], "route %zu", i);
}

Test(route, find__ties)
{
    static const uint32_t transits[] = {4, 2, 3};
    struct hops_only *machine = hops_only(5);
    struct weft_route routes[WEFT_ROUTES_MAX];

    add_hop(machine, 0, 3, 1, 1000, 10); /* later by the transit's index */
    add_hop(machine, 3, 1, 1, 2000, 10);
    add_hop(machine, 0, 2, 1, 1000, 10);
    add_hop(machine, 2, 1, 1, 1000, 10);
    add_hop(machine, 0, 4, 1, 5000, 9); /* less latency */
    add_hop(machine, 4, 1, 1, 1000, 10);
    add_hop(machine, 0, 1, 1, 1000, 500); /* fewer hops count more than latency */
    cr_assert_eq(find(machine, 0, 1, routes), 4);
    cr_expect_eq(routes[0].hop_count, 1);
    for (size_t i = 0; i < WEFT_ARRAY_COUNT(transits); i++)
        cr_expect_eq(routes[i + 1].transits[0], transits[i], "route %zu", i + 1);
}

/* Another domain costs a turn of the host: only for devices that nothing else joins. */
Test(route, find__mixed_domains_only_without_others)
{
    struct hops_only *machine = hops_only(4);
    struct weft_route routes[WEFT_ROUTES_MAX];

    add_hop(machine, 0, 2, 1, 1000, 10);
    add_hop(machine, 2, 1, 2, 1000, 10);
    cr_assert_eq(find(machine, 0, 1, routes), 1);
    cr_expect_eq(routes[0].hop_count, 2);
    add_hop(machine, 0, 3, 1, 500, 10);
    add_hop(machine, 3, 1, 1, 500, 10);
    cr_assert_eq(find(machine, 0, 1, routes), 1);
    cr_expect_eq(routes[0].transits[0], 3);
    add_hop(machine, 0, 1, 3, 100, 10);
    cr_assert_eq(find(machine, 0, 1, routes), 2);
    cr_expect_eq(routes[1].hop_count, 1);
}

Test(route, find__three_hops_only_without_two)
{
    struct hops_only *machine = hops_only(5);
    struct weft_route routes[WEFT_ROUTES_MAX];

    add_hop(machine, 0, 2, 1, 1000, 10);
    add_hop(machine, 2, 3, 1, 900, 20);
    add_hop(machine, 3, 1, 1, 1000, 30);
    cr_assert_eq(find(machine, 0, 1, routes), 1);
    cr_expect_eq(routes[0].hop_count, 3);
    cr_expect_eq(routes[0].transits[0], 2);
    cr_expect_eq(routes[0].transits[1], 3);
    cr_expect_eq(routes[0].rate_bytes_per_us, 900);
    cr_expect_eq(routes[0].latency_ns, 60);
    add_hop(machine, 0, 4, 1, 10, 10);
    add_hop(machine, 4, 1, 2, 10, 10);
    cr_assert_eq(find(machine, 0, 1, routes), 1);
    cr_expect_eq(routes[0].hop_count, 2);
}

Test(route, find__never_four_hops_nor_in_circles)
{
    struct hops_only *machine = hops_only(6);
    struct weft_route routes[WEFT_ROUTES_MAX];

    add_hop(machine, 0, 2, 1, 1000, 10);
    add_hop(machine, 2, 0, 1, 1000, 10);
    add_hop(machine, 2, 3, 1, 1000, 10);
    add_hop(machine, 3, 2, 1, 1000, 10);
    add_hop(machine, 3, 4, 1, 1000, 10);
    add_hop(machine, 4, 1, 1, 1000, 10);
    cr_expect_eq(find(machine, 0, 1, routes), 0);
    cr_expect_eq(find(machine, 0, 0, routes), 0);
}

/* A copy inside one device is one hop or nothing. */
Test(route, find__inside_a_device)
{
    struct hops_only *machine = hops_only(3);
    struct weft_route routes[WEFT_ROUTES_MAX];

    add_hop(machine, 0, 2, 1, 1000, 10);
    add_hop(machine, 2, 0, 1, 1000, 10);
    add_hop(machine, 0, 0, 1, 9000, 10);
    cr_assert_eq(find(machine, 0, 0, routes), 1);
    cr_expect_eq(routes[0].hop_count, 1);
    cr_expect_eq(routes[0].rate_bytes_per_us, 9000);
}

Test(route, filter_parse__texts)
{
    static const char neither[] =
        "setting routes: not one of all, direct, staged, transit:gpu1[,gpu2...]";
    static const char unknown[] = "setting routes: the machine has no such transit device";
    static const struct {
        const char *text;
        const char *wrong; /* NULL: good */
    } rows[] = {
        {"all", NULL},
        {"direct", NULL},
        {"staged", NULL},
        {"transit:gpu1", NULL},
        {"transit:gpu1,gpu2,dram0", NULL},
        {"", neither},
        {"All", neither},
        {"all ", neither},
        {"transit", neither},
        {"any", neither},
        {"transit:", unknown},
        {"transit:gpu9", unknown},
        {"transit:gpu1,", unknown},
        {"transit:,gpu1", unknown},
        {"transit:gpu1 ", unknown},
        {"transit:GPU1", unknown},
        {"transit:a-name-that-no-device-can-ever-have", "a transit device's name is too long"},
        {"transit:gpu1,gpu1,gpu1,gpu1,gpu1,gpu1,gpu1,gpu1,gpu1,gpu1,gpu1,gpu1,gpu1,gpu1,gpu1,gpu1",
         NULL},
        {"transit:gpu1,gpu1,gpu1,gpu1,gpu1,gpu1,gpu1,gpu1,gpu1,gpu1,gpu1,gpu1,gpu1,gpu1,gpu1,gpu1,"
         "gpu1",
         "too many transit devices"},
    };
    struct fixture *fixture = fixture_prepare();

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct weft_route_filter filter;
        const char *wrong = weft_route_filter_parse(&filter, &fixture->topo, rows[i].text);

        cr_expect_str_eq(wrong == NULL ? "good" : wrong,
                         rows[i].wrong == NULL ? "good" : rows[i].wrong, "'%s'", rows[i].text);
    }
}

Test(route, filter_parse__transits)
{
    struct fixture *fixture = fixture_prepare();
    struct weft_route_filter filter;

    cr_assert_null(weft_route_filter_parse(&filter, &fixture->topo, "transit:gpu2,dram0"));
    cr_expect_eq(filter.kind, WEFT_ROUTES_TRANSIT);
    cr_expect_eq(filter.transit_count, 2);
    cr_expect_eq(filter.transits[0], FIXTURE_GPU2);
    cr_expect_eq(filter.transits[1], FIXTURE_DRAM0);
}

Test(route, name__is_cut_to_the_buffer)
{
    static const struct {
        size_t size;
        const char *name;
    } rows[] = {{1, ""}, {5, "gpu0"}, {15, "gpu0>gpu2>gpu1"}, {14, "gpu0>gpu2>gpu"}};
    struct fixture *fixture = fixture_prepare();
    struct weft_route route = {.hop_count = 2, .hops = {FIXTURE_GPU0_GPU2, FIXTURE_GPU2_GPU1}};

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        char name[16] = "###############";

        weft_route_name(&route, &fixture->topo, &fixture->hops, name, rows[i].size);
        cr_expect_str_eq(name, rows[i].name, "row %zu", i);
    }
}

/* ---- between servers ---- */

/* Two machines of one NIC pair each per lane: the direct write, over one GPU on each side, and what
 * passes through the far host memory; a third hop only where it leads on. */
Test(route, find__between_servers)
{
    struct hops_only *machine = hops_only(4);
    struct weft_route routes[WEFT_ROUTES_MAX];

    machine->topo.devices[2].server = 1;
    machine->topo.devices[3].server = 1;
    add_hop(machine, 0, 1, 1, 9000, 10);
    add_hop(machine, 0, 2, 100, 1000, 50); /* lane 0 */
    add_hop(machine, 1, 3, 101, 1000, 50); /* lane 1 */
    add_hop(machine, 3, 2, 102, 8000, 20); /* inside the peer */
    cr_assert_eq(find(machine, 0, 2, routes), 2);
    cr_expect_eq(routes[0].hop_count, 1);
    cr_expect_eq(routes[1].hop_count, 3);
    cr_expect_eq(routes[1].transits[0], 1);
    cr_expect_eq(routes[1].transits[1], 3);
    cr_expect_eq(routes[1].latency_ns, 80);
    cr_expect_eq(find(machine, 2, 0, routes), 0, "nothing is written from there");
}

/* Twenty relays lead to the fast lane, more than routes are kept; the slow lane is what is left
 * when that one's NIC dies. */
Test(route, find__keeps_a_route_of_each_lane)
{
    enum { RELAYS = 20, SRC = 0, DST = 1 };
    struct hops_only *machine = hops_only(2 + RELAYS);
    struct weft_route routes[WEFT_ROUTES_MAX];

    machine->topo.devices[DST].server = 1;
    for (uint32_t i = 2; i < 2 + RELAYS; i++) {
        add_hop(machine, SRC, i, 1, 9000, 10);
        add_hop(machine, i, DST, 100, 5000, 50);
    }
    add_hop(machine, SRC, DST, 101, 1000, 50);
    cr_assert_eq(find(machine, SRC, DST, routes), 16);
    cr_expect_eq(routes[0].lane, 100);
    cr_expect_eq(routes[14].lane, 100);
    cr_expect_eq(routes[15].lane, 101);
    cr_expect_eq(routes[15].rate_bytes_per_us, 1000);
}
