/* The plan: shares of own paths, what is left for relays, duplex limits, dead and slow links. */
#include <criterion/criterion.h>

#include <signal.h>
#include <string.h>

#include "fixture.h"

#include "core/plan.h"
#include "core/preset.h"

#define PAIRS_MAX 8
#define ROWS_MAX  8

/* A machine with all its hops, a relay on every device, and the pairs that a test adds. */
struct bench {
    struct weft_topo topo;
    struct weft_hop_table hops;
    struct weft_config config;
    struct weft_lane lanes[WEFT_HOPS_MAX];
    struct weft_capacity capacity;
    struct weft_path paths[PAIRS_MAX * WEFT_ROUTES_MAX];
    struct weft_pair pairs[PAIRS_MAX];
    struct weft_pair *planned[PAIRS_MAX];
    uint32_t pair_count;
};

static struct bench the_bench;
static _Alignas(64) char plan_memory[WEFT_KIB(256)];

/* "small" is the fixture's machine, the others are presets. */
static struct bench *made(const char *machine)
{
    struct weft_arena arena = {plan_memory, sizeof(plan_memory), 0};
    struct bench *bench = &the_bench;

    memset(bench, 0, sizeof(*bench));
    if (!weft_preset_fill(machine, &bench->topo))
        fixture_topo(&bench->topo);
    fixture_hops(&bench->topo, &bench->hops);
    fixture_config(&bench->config);
    for (uint32_t i = 0; i < bench->hops.count; i++)
        weft_lane_init(&bench->lanes[i], &bench->hops.hops[i], &bench->config);
    weft_capacity_init(&bench->capacity, &arena, &bench->topo, &bench->hops);
    return bench;
}

static struct weft_path *add_pair(struct bench *bench, const char *src, const char *dst,
                                  uint32_t loads)
{
    struct weft_pair *pair = &bench->pairs[bench->pair_count];
    struct weft_path *paths = &bench->paths[bench->pair_count * WEFT_ROUTES_MAX];
    struct weft_route_filter all = {.kind = WEFT_ROUTES_ALL};
    struct weft_route routes[WEFT_ROUTES_MAX];
    bool relays[WEFT_DEVICES_MAX];

    memset(relays, true, sizeof(relays));
    pair->src_device = weft_topo_find(&bench->topo, src);
    pair->dst_device = weft_topo_find(&bench->topo, dst);
    pair->first_path = bench->pair_count * WEFT_ROUTES_MAX;
    pair->path_count = weft_route_find(&bench->topo, &bench->hops, relays, &all, pair->src_device,
                                       pair->dst_device, routes);
    pair->loads = loads;
    for (uint32_t i = 0; i < pair->path_count; i++)
        weft_path_init(&paths[i], &routes[i], &bench->hops, pair->src_device, pair->dst_device);
    bench->planned[bench->pair_count++] = pair;
    return paths;
}

static uint64_t make(struct bench *bench)
{
    return weft_plan_make(&bench->capacity, bench->planned, bench->pair_count, bench->paths,
                          bench->lanes);
}

struct share {
    const char *name; /* of the route; NULL ends a list */
    uint64_t cap;
    bool owner_busy;
};

/* The admitted paths of a pair must be these, in this order. */
static void expect_shares(const struct bench *bench, uint32_t pair,
                          const struct share shares[ROWS_MAX])
{
    uint32_t row = 0;

    for (uint32_t i = 0; i < bench->pairs[pair].path_count; i++) {
        const struct weft_path *path = &bench->paths[bench->pairs[pair].first_path + i];
        char name[96];

        weft_route_name(&path->route, &bench->topo, &bench->hops, name, sizeof(name));
        if (!path->admitted) {
            cr_expect_eq(path->cap_bytes_per_us, 0, "%s", name);
            continue;
        }
        cr_assert_lt(row, ROWS_MAX);
        cr_assert_not_null(shares[row].name, "pair %u: %s is admitted", pair, name);
        cr_expect_str_eq(name, shares[row].name, "pair %u", pair);
        cr_expect_eq(path->cap_bytes_per_us, shares[row].cap, "pair %u: %s has %lu", pair, name,
                     (unsigned long)path->cap_bytes_per_us);
        cr_expect_eq(path->owner_busy, shares[row].owner_busy, "pair %u: %s", pair, name);
        row++;
    }
    cr_expect(row == ROWS_MAX || shares[row].name == NULL, "pair %u: %s is not admitted", pair,
              row == ROWS_MAX ? "" : shares[row].name);
}

static void set_rate(struct bench *bench, const char *link, uint64_t rate)
{
    uint32_t index = weft_topo_link_find(&bench->topo, link);

    cr_assert_neq(index, WEFT_NONE);
    bench->capacity.rates[index] = rate;
}

static void set_duplex(struct bench *bench, const char *link, uint64_t duplex)
{
    uint32_t index = weft_topo_link_find(&bench->topo, link);

    cr_assert_neq(index, WEFT_NONE);
    bench->topo.links[index].duplex_bytes_per_us = duplex;
    bench->topo.links[bench->topo.links[index].reverse].duplex_bytes_per_us = duplex;
}

/* One pair alone: its own link, then those of others, as far as the memory goes. */
Test(plan, make__one_pair_alone)
{
    static const struct {
        const char *machine;
        const char *src;
        const char *dst;
        uint64_t sum;
        struct share shares[ROWS_MAX];
    } rows[] = {
        {"small",
         "gpu0",
         "dram0",
         30000,
         {{"gpu0>dram0", 10000, false},
          {"gpu0>gpu1>dram0", 10000, false},
          {"gpu0>gpu2>dram0", 10000, false}}},
        {"small",
         "gpu0",
         "gpu1",
         50000,
         {{"gpu0>gpu1", 40000, false}, {"gpu0>dram0>gpu1", 10000, false}}},
        {"hgx-h100",
         "gpu0",
         "dram0",
         191000,
         {{"gpu0>dram0", 55200, false},
          {"gpu0>gpu1>dram0", 55200, false},
          {"gpu0>gpu2>dram0", 55200, false},
          {"gpu0>gpu3>dram0", 25400, false}}},
        {"hgx-h100",
         "dram1",
         "gpu5",
         191000,
         {{"dram1>gpu5", 55400, false},
          {"dram1>gpu4>gpu5", 55400, false},
          {"dram1>gpu6>gpu5", 55400, false},
          {"dram1>gpu7>gpu5", 24800, false}}},
        {"hgx-h20",
         "gpu0",
         "dram0",
         300000,
         {{"gpu0>dram0", 53000, false},
          {"gpu0>gpu1>dram0", 53000, false},
          {"gpu0>gpu2>dram0", 53000, false},
          {"gpu0>gpu3>dram0", 53000, false},
          {"gpu0>gpu4>dram0", 53000, false},
          {"gpu0>gpu5>dram0", 35000, false}}},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct bench *bench = made(rows[i].machine);

        add_pair(bench, rows[i].src, rows[i].dst, 1);
        cr_expect_eq(make(bench), rows[i].sum, "row %zu", i);
        expect_shares(bench, 0, rows[i].shares);
    }
}

/* Two GPUs on one uplink: the sibling is no way round it, nor is a second one behind another. */
Test(plan, make__shared_uplink)
{
    static const struct share shares[ROWS_MAX] = {{"gpu0>dram0", 26300, false},
                                                  {"gpu0>gpu2>dram0", 26300, false},
                                                  {"gpu0>gpu4>dram0", 26300, false},
                                                  {"gpu0>gpu6>dram0", 26300, false}};
    struct bench *bench = made("dgx-a100");

    add_pair(bench, "gpu0", "dram0", 1);
    cr_expect_eq(make(bench), 105200);
    expect_shares(bench, 0, shares);
}

Test(plan, make__siblings_on_an_uplink_share_it)
{
    static const struct share first[ROWS_MAX] = {{"gpu0>dram0", 13150, false},
                                                 {"gpu0>gpu2>dram0", 26300, false}};
    static const struct share second[ROWS_MAX] = {{"gpu1>dram0", 13150, false},
                                                  {"gpu1>gpu4>dram0", 26300, false}};
    struct bench *bench = made("dgx-a100");

    add_pair(bench, "gpu0", "dram0", 1);
    add_pair(bench, "gpu1", "dram0", 1);
    set_rate(bench, "switch3-pcie", 0);
    cr_expect_eq(make(bench), 78900);
    expect_shares(bench, 0, first);
    expect_shares(bench, 1, second);
}

/* Balanced load never gets slower: nobody lends anything. */
Test(plan, make__all_busy_is_direct_only)
{
    static const struct {
        const char *machine;
        uint64_t cap;
    } rows[] = {{"hgx-h100", 47750}, {"hgx-h20", 53000}, {"dgx-a100", 13150}};
    static const char *const names[PAIRS_MAX][3] = {
        {"gpu0", "dram0", "gpu0>dram0"}, {"gpu1", "dram0", "gpu1>dram0"},
        {"gpu2", "dram0", "gpu2>dram0"}, {"gpu3", "dram0", "gpu3>dram0"},
        {"gpu4", "dram1", "gpu4>dram1"}, {"gpu5", "dram1", "gpu5>dram1"},
        {"gpu6", "dram1", "gpu6>dram1"}, {"gpu7", "dram1", "gpu7>dram1"}};

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct bench *bench = made(rows[i].machine);

        for (uint32_t pair = 0; pair < PAIRS_MAX; pair++)
            add_pair(bench, names[pair][0], names[pair][1], 1);
        make(bench);
        for (uint32_t pair = 0; pair < PAIRS_MAX; pair++) {
            struct share direct[ROWS_MAX] = {{names[pair][2], rows[i].cap, false}};

            expect_shares(bench, pair, direct);
        }
    }
}

/* What the two own paths leave is given in turns. */
Test(plan, make__relays_on_what_is_left)
{
    static const struct share first[ROWS_MAX] = {{"gpu0>dram0", 55200, false},
                                                 {"gpu0>gpu2>dram0", 55200, false}};
    static const struct share second[ROWS_MAX] = {{"gpu1>dram0", 55200, false},
                                                  {"gpu1>gpu3>dram0", 25400, false}};
    struct bench *bench = made("hgx-h100");

    add_pair(bench, "gpu0", "dram0", 1);
    add_pair(bench, "gpu1", "dram0", 2);
    cr_expect_eq(make(bench), 191000);
    expect_shares(bench, 0, first);
    expect_shares(bench, 1, second);
}

/* A pair whose load ended a moment ago keeps its link, and borrows nothing. */
Test(plan, make__owner_without_load)
{
    static const struct share first[ROWS_MAX] = {{"gpu0>dram0", 10000, false},
                                                 {"gpu0>gpu2>dram0", 10000, false}};
    static const struct share second[ROWS_MAX] = {{"gpu1>dram0", 10000, false}};
    struct bench *bench = made("small");

    add_pair(bench, "gpu0", "dram0", 1);
    add_pair(bench, "gpu1", "dram0", 0);
    cr_expect_eq(make(bench), 30000);
    expect_shares(bench, 0, first);
    expect_shares(bench, 1, second);
}

/* The other direction of a link in use is free, but its owner is busy. */
Test(plan, make__owner_busy_the_other_way)
{
    static const struct share first[ROWS_MAX] = {{"gpu0>dram0", 10000, false},
                                                 {"gpu0>gpu1>dram0", 10000, true},
                                                 {"gpu0>gpu2>dram0", 10000, false}};
    static const struct share second[ROWS_MAX] = {{"dram0>gpu1", 10000, false},
                                                  {"dram0>gpu0>gpu1", 10000, true},
                                                  {"dram0>gpu2>gpu1", 10000, false}};
    struct bench *bench = made("small");

    add_pair(bench, "gpu0", "dram0", 1);
    add_pair(bench, "dram0", "gpu1", 1);
    cr_expect_eq(make(bench), 60000);
    expect_shares(bench, 0, first);
    expect_shares(bench, 1, second);
}

/* PCIe carries 102,858 in both directions together, the memory 191,000. */
Test(plan, make__duplex_limits)
{
    static const struct share out[ROWS_MAX] = {{"gpu0>dram0", 51429, false},
                                               {"gpu0>gpu1>dram0", 55200, false}};
    static const struct share in[ROWS_MAX] = {{"dram0>gpu0", 51429, false},
                                              {"dram0>gpu1>gpu0", 32942, false}};
    struct bench *bench = made("hgx-h100");

    add_pair(bench, "gpu0", "dram0", 1);
    add_pair(bench, "dram0", "gpu0", 1);
    cr_expect_eq(make(bench), 191000);
    expect_shares(bench, 0, out);
    expect_shares(bench, 1, in);
}

/* Through host memory a byte is written and read: the memory's limit counts it twice. */
Test(plan, make__a_link_crossed_twice)
{
    static const struct share relayed[ROWS_MAX] = {{"gpu0>gpu1", 40000, false},
                                                   {"gpu0>dram0>gpu1", 6000, false}};
    static const struct share alone[ROWS_MAX] = {{"gpu0>dram0>gpu1", 6000, false}};
    struct bench *bench = made("small");
    uint32_t hop = FIXTURE_GPU0_GPU1;

    set_duplex(bench, "dram0", 12000);
    add_pair(bench, "gpu0", "gpu1", 1);
    cr_expect_eq(make(bench), 46000);
    expect_shares(bench, 0, relayed);
    bench->lanes[hop].state = WEFT_LANE_DOWN;
    bench->lanes[FIXTURE_GPU0_GPU2].state = WEFT_LANE_DOWN;
    cr_expect_eq(make(bench), 6000);
    expect_shares(bench, 0, alone);
}

/* Max-min: who needs less leaves the rest to the others. */
Test(plan, make__own_paths_are_max_min_fair)
{
    static const struct {
        uint64_t memory;
        uint64_t gpu2_rate;
        uint64_t caps[3];
    } rows[] = {
        {100000, 10000, {10000, 10000, 10000}},
        {24000, 10000, {8000, 8000, 8000}},
        {24000, 4000, {10000, 10000, 4000}},
        {21000, 4000, {8500, 8500, 4000}},
        {3, 4000, {1, 1, 1}},
        {2, 4000, {1, 1, 1}}, /* never nothing: the own path is always there */
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct bench *bench = made("small");

        set_duplex(bench, "dram0", rows[i].memory);
        set_rate(bench, "gpu2-pcie", rows[i].gpu2_rate);
        add_pair(bench, "gpu0", "dram0", 0);
        add_pair(bench, "gpu1", "dram0", 0);
        add_pair(bench, "gpu2", "dram0", 0);
        make(bench);
        for (uint32_t pair = 0; pair < 3; pair++)
            cr_expect_eq(bench->paths[pair * WEFT_ROUTES_MAX].cap_bytes_per_us, rows[i].caps[pair],
                         "row %zu, pair %u", i, pair);
    }
}

/* gpu0 to dram0 with one slow link: less than 1/25 of what the pair has is not worth it. */
Test(plan, make__degraded_link)
{
    static const struct {
        const char *link;
        uint64_t rate;
        struct share shares[ROWS_MAX];
    } rows[] = {
        {"gpu1-pcie",
         2000,
         {{"gpu0>dram0", 10000, false},
          {"gpu0>gpu1>dram0", 2000, false},
          {"gpu0>gpu2>dram0", 10000, false}}},
        {"gpu1-pcie",
         400,
         {{"gpu0>dram0", 10000, false},
          {"gpu0>gpu1>dram0", 400, false},
          {"gpu0>gpu2>dram0", 10000, false}}},
        {"gpu1-pcie", 399, {{"gpu0>dram0", 10000, false}, {"gpu0>gpu2>dram0", 10000, false}}},
        {"gpu1-pcie", 0, {{"gpu0>dram0", 10000, false}, {"gpu0>gpu2>dram0", 10000, false}}},
        {"gpu0-pcie",
         500,
         {{"gpu0>dram0", 500, false},
          {"gpu0>gpu1>dram0", 10000, false},
          {"gpu0>gpu2>dram0", 10000, false}}},
        {"gpu0-nvlink",
         13000,
         {{"gpu0>dram0", 10000, false},
          {"gpu0>gpu1>dram0", 10000, false},
          {"gpu0>gpu2>dram0", 3000, false}}},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct bench *bench = made("small");

        add_pair(bench, "gpu0", "dram0", 1);
        set_rate(bench, rows[i].link, rows[i].rate);
        make(bench);
        expect_shares(bench, 0, rows[i].shares);
    }
}

Test(plan, make__dead_lanes)
{
    static const struct {
        uint32_t dead[3];
        enum weft_lane_state state;
        struct share shares[ROWS_MAX];
    } rows[] = {
        {{FIXTURE_GPU0_DRAM0, FIXTURE_GPU0_DRAM0, FIXTURE_GPU0_DRAM0},
         WEFT_LANE_DOWN,
         {{"gpu0>gpu1>dram0", 10000, false}, {"gpu0>gpu2>dram0", 10000, false}}},
        {{FIXTURE_GPU0_DRAM0, FIXTURE_GPU0_GPU1, FIXTURE_GPU0_GPU1},
         WEFT_LANE_SUSPECT,
         {{"gpu0>gpu2>dram0", 10000, false}}},
        {{FIXTURE_GPU1_DRAM0, FIXTURE_GPU2_DRAM0, FIXTURE_GPU2_DRAM0},
         WEFT_LANE_DOWN,
         {{"gpu0>dram0", 10000, false}}},
        {{FIXTURE_GPU0_DRAM0, FIXTURE_GPU0_GPU1, FIXTURE_GPU2_DRAM0},
         WEFT_LANE_DOWN,
         {{NULL, 0, false}}},
        {{FIXTURE_GPU0_DRAM0, FIXTURE_GPU0_GPU1, FIXTURE_GPU2_DRAM0},
         WEFT_LANE_TRIAL,
         {{"gpu0>dram0", 10000, false},
          {"gpu0>gpu1>dram0", 10000, false},
          {"gpu0>gpu2>dram0", 10000, false}}},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct bench *bench = made("small");

        add_pair(bench, "gpu0", "dram0", 1);
        for (uint32_t k = 0; k < 3; k++)
            bench->lanes[rows[i].dead[k]].state = rows[i].state;
        make(bench);
        expect_shares(bench, 0, rows[i].shares);
    }
}

/* What a path proved that it can do bounds its share; the rest goes to others. */
Test(plan, make__limits_of_paths)
{
    static const struct share shares[ROWS_MAX] = {{"gpu0>dram0", 3000, false},
                                                  {"gpu0>gpu1>dram0", 10000, false},
                                                  {"gpu0>gpu2>dram0", 7000, false}};
    struct bench *bench = made("small");
    struct weft_path *paths = add_pair(bench, "gpu0", "dram0", 1);

    paths[0].limit_bytes_per_us = 3000;
    set_duplex(bench, "dram0", 20000);
    cr_expect_eq(make(bench), 20000);
    expect_shares(bench, 0, shares);
}

/* A relay that proved slow has a link of its own that is slow: the others keep theirs. */
Test(plan, make__a_slow_relay)
{
    static const struct share shares[ROWS_MAX] = {{"gpu0>dram0", 10000, false},
                                                  {"gpu0>gpu1>dram0", 2000, false},
                                                  {"gpu0>gpu2>dram0", 10000, false}};
    struct bench *bench = made("small");
    struct weft_path *paths = add_pair(bench, "gpu0", "dram0", 1);

    paths[1].limit_bytes_per_us = 2000;
    make(bench);
    expect_shares(bench, 0, shares);
}

/* Nothing of the plan before is left: the same input gives the same plan. */
Test(plan, make__again)
{
    static const struct share direct[ROWS_MAX] = {{"gpu0>dram0", 10000, false}};
    struct bench *bench = made("small");

    add_pair(bench, "gpu0", "dram0", 1);
    cr_expect_eq(make(bench), 30000);
    cr_expect_eq(make(bench), 30000);
    bench->pairs[0].loads = 0;
    cr_expect_eq(make(bench), 10000);
    expect_shares(bench, 0, direct);
}

Test(plan, make__no_pairs)
{
    struct bench *bench = made("small");

    cr_expect_eq(make(bench), 0);
}

Test(plan, make__too_many_pairs, .signal = SIGABRT)
{
    struct bench *bench = made("small");

    weft_plan_make(&bench->capacity, bench->planned, 257, bench->paths, bench->lanes);
}
