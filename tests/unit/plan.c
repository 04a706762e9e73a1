/* The plan: shares of own paths, what is left for relays, duplex limits, dead and slow links. */
#include <criterion/criterion.h>

#include <signal.h>

#include "fixture.h"
#include "plan_bench.h"

/* One pair alone: its own link, then those of others, as far as the memory goes. */
Test(plan, make__one_pair_alone)
{
    static const struct {
        const char *machine;
        const char *src;
        const char *dst;
        uint64_t sum;
        struct plan_share shares[PLAN_BENCH_ROWS_MAX];
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
        struct plan_bench *bench = plan_bench_made(rows[i].machine);

        plan_bench_add_pair(bench, rows[i].src, rows[i].dst, 1);
        cr_expect_eq(plan_bench_make(bench), rows[i].sum, "row %zu", i);
        plan_bench_expect(bench, 0, rows[i].shares);
    }
}

/* Two GPUs on one uplink: the sibling is no way round it, nor is a second one behind another. */
Test(plan, make__shared_uplink)
{
    static const struct plan_share shares[PLAN_BENCH_ROWS_MAX] = {
        {"gpu0>dram0", 26300, false},
        {"gpu0>gpu2>dram0", 26300, false},
        {"gpu0>gpu4>dram0", 26300, false},
        {"gpu0>gpu6>dram0", 26300, false}};
    struct plan_bench *bench = plan_bench_made("dgx-a100");

    plan_bench_add_pair(bench, "gpu0", "dram0", 1);
    cr_expect_eq(plan_bench_make(bench), 105200);
    plan_bench_expect(bench, 0, shares);
}

/* The siblings' own paths share their uplink; the first of them gets both relays. */
Test(plan, make__siblings_on_an_uplink_share_it)
{
    static const struct plan_share first[PLAN_BENCH_ROWS_MAX] = {{"gpu0>dram0", 13150, false},
                                                                 {"gpu0>gpu2>dram0", 26300, false},
                                                                 {"gpu0>gpu4>dram0", 26300, false}};
    static const struct plan_share second[PLAN_BENCH_ROWS_MAX] = {{"gpu1>dram0", 13150, false}};
    struct plan_bench *bench = plan_bench_made("dgx-a100");

    plan_bench_add_pair(bench, "gpu0", "dram0", 1);
    plan_bench_add_pair(bench, "gpu1", "dram0", 1);
    plan_bench_set_rate(bench, "switch3-pcie", 0);
    cr_expect_eq(plan_bench_make(bench), 78900);
    plan_bench_expect(bench, 0, first);
    plan_bench_expect(bench, 1, second);
}

/* Balanced load never gets slower: nobody lends anything. */
Test(plan, make__all_busy_is_direct_only)
{
    static const struct {
        const char *machine;
        uint64_t cap;
    } rows[] = {{"hgx-h100", 47750}, {"hgx-h20", 53000}, {"dgx-a100", 13150}};
    static const char *const names[PLAN_BENCH_PAIRS_MAX][3] = {
        {"gpu0", "dram0", "gpu0>dram0"}, {"gpu1", "dram0", "gpu1>dram0"},
        {"gpu2", "dram0", "gpu2>dram0"}, {"gpu3", "dram0", "gpu3>dram0"},
        {"gpu4", "dram1", "gpu4>dram1"}, {"gpu5", "dram1", "gpu5>dram1"},
        {"gpu6", "dram1", "gpu6>dram1"}, {"gpu7", "dram1", "gpu7>dram1"}};

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct plan_bench *bench = plan_bench_made(rows[i].machine);

        for (uint32_t pair = 0; pair < PLAN_BENCH_PAIRS_MAX; pair++)
            plan_bench_add_pair(bench, names[pair][0], names[pair][1], 1);
        plan_bench_make(bench);
        for (uint32_t pair = 0; pair < PLAN_BENCH_PAIRS_MAX; pair++) {
            struct plan_share direct[PLAN_BENCH_ROWS_MAX] = {{names[pair][2], rows[i].cap, false}};

            plan_bench_expect(bench, pair, direct);
        }
    }
}

/* What the own paths leave goes to the pair that is first in the order given, however many bytes
 * it has left. */
Test(plan, make__relays_on_what_is_left)
{
    static const struct plan_share first[2][PLAN_BENCH_ROWS_MAX] = {
        {{"gpu0>dram0", 55200, false},
         {"gpu0>gpu2>dram0", 55200, false},
         {"gpu0>gpu3>dram0", 25400, false}},
        {{"gpu1>dram0", 55200, false},
         {"gpu1>gpu2>dram0", 55200, false},
         {"gpu1>gpu3>dram0", 25400, false}}};
    static const struct plan_share second[2][PLAN_BENCH_ROWS_MAX] = {
        {{"gpu0>dram0", 55200, false}}, {{"gpu1>dram0", 55200, false}}};

    for (uint32_t i = 0; i < 2; i++) {
        struct plan_bench *bench = plan_bench_made("hgx-h100");

        plan_bench_add_pair(bench, "gpu0", "dram0", 1);
        plan_bench_add_pair(bench, "gpu1", "dram0", 2);
        bench->planned[0] = &bench->pairs[i];
        bench->planned[1] = &bench->pairs[1 - i];
        cr_expect_eq(plan_bench_make(bench), 191000, "pair %u first", i);
        plan_bench_expect(bench, i, first[i]);
        plan_bench_expect(bench, 1 - i, second[1 - i]);
    }
}

/* The first has no use for less than 1/25 of the 10,000 that it has; the next has 1,000. */
Test(plan, make__relays_for_the_next_pair)
{
    static const struct plan_share first[PLAN_BENCH_ROWS_MAX] = {{"gpu0>dram0", 10000, false}};
    static const struct plan_share second[PLAN_BENCH_ROWS_MAX] = {{"gpu1>dram0", 1000, false},
                                                                  {"gpu1>gpu2>dram0", 399, false}};
    struct plan_bench *bench = plan_bench_made("small");

    plan_bench_set_rate(bench, "gpu1-pcie", 1000);
    plan_bench_set_rate(bench, "gpu2-pcie", 399);
    plan_bench_add_pair(bench, "gpu0", "dram0", 1);
    plan_bench_add_pair(bench, "gpu1", "dram0", 1);
    cr_expect_eq(plan_bench_make(bench), 11399);
    plan_bench_expect(bench, 0, first);
    plan_bench_expect(bench, 1, second);
}

/* A pair with nothing left to take keeps its link, and borrows nothing. */
Test(plan, make__nothing_left)
{
    static const struct plan_share first[PLAN_BENCH_ROWS_MAX] = {{"gpu0>dram0", 10000, false},
                                                                 {"gpu0>gpu2>dram0", 10000, false}};
    static const struct plan_share second[PLAN_BENCH_ROWS_MAX] = {{"gpu1>dram0", 10000, false}};
    struct plan_bench *bench = plan_bench_made("small");

    plan_bench_add_pair(bench, "gpu0", "dram0", 1);
    plan_bench_add_pair(bench, "gpu1", "dram0", 0);
    cr_expect_eq(plan_bench_make(bench), 30000);
    plan_bench_expect(bench, 0, first);
    plan_bench_expect(bench, 1, second);
}

/* The other direction of a link in use is free, and its owner is not in the way. */
Test(plan, make__owner_busy_the_other_way)
{
    static const struct plan_share first[PLAN_BENCH_ROWS_MAX] = {{"gpu0>dram0", 10000, false},
                                                                 {"gpu0>gpu1>dram0", 10000, false},
                                                                 {"gpu0>gpu2>dram0", 10000, false}};
    static const struct plan_share second[PLAN_BENCH_ROWS_MAX] = {
        {"dram0>gpu1", 10000, false},
        {"dram0>gpu0>gpu1", 10000, false},
        {"dram0>gpu2>gpu1", 10000, false}};
    struct plan_bench *bench = plan_bench_made("small");

    plan_bench_add_pair(bench, "gpu0", "dram0", 1);
    plan_bench_add_pair(bench, "dram0", "gpu1", 1);
    cr_expect_eq(plan_bench_make(bench), 60000);
    plan_bench_expect(bench, 0, first);
    plan_bench_expect(bench, 1, second);
}

/* Slow memory behind it keeps gpu1 from using all of its link: what is left is lent, in the way of
 * its owner. It is 35,200 less one that is lost where a part of an engine's time is rounded up. */
Test(plan, make__owner_busy_the_same_way)
{
    static const struct plan_share first[PLAN_BENCH_ROWS_MAX] = {{"gpu0>dram0", 55200, false},
                                                                 {"gpu0>gpu1>dram0", 35199, true},
                                                                 {"gpu0>gpu2>dram0", 55200, false},
                                                                 {"gpu0>gpu3>dram0", 45401, false}};
    static const struct plan_share second[PLAN_BENCH_ROWS_MAX] = {{"gpu1>dram1", 20000, false}};
    struct plan_bench *bench = plan_bench_made("hgx-h100");

    plan_bench_set_duplex(bench, "dram1", 20000);
    plan_bench_add_pair(bench, "gpu0", "dram0", 1);
    plan_bench_add_pair(bench, "gpu1", "dram1", 1);
    cr_expect_eq(plan_bench_make(bench), 211000);
    plan_bench_expect(bench, 0, first);
    plan_bench_expect(bench, 1, second);
}

/* PCIe carries 102,858 in both directions together, the memory 191,000. */
Test(plan, make__duplex_limits)
{
    static const struct plan_share out[PLAN_BENCH_ROWS_MAX] = {{"gpu0>dram0", 51429, false},
                                                               {"gpu0>gpu1>dram0", 55200, false},
                                                               {"gpu0>gpu2>dram0", 32942, false}};
    static const struct plan_share in[PLAN_BENCH_ROWS_MAX] = {{"dram0>gpu0", 51429, false}};
    struct plan_bench *bench = plan_bench_made("hgx-h100");

    plan_bench_add_pair(bench, "gpu0", "dram0", 1);
    plan_bench_add_pair(bench, "dram0", "gpu0", 1);
    cr_expect_eq(plan_bench_make(bench), 191000);
    plan_bench_expect(bench, 0, out);
    plan_bench_expect(bench, 1, in);
}

/* Through host memory a byte is written and read: the memory's limit counts it twice. */
Test(plan, make__a_link_crossed_twice)
{
    static const struct plan_share relayed[PLAN_BENCH_ROWS_MAX] = {
        {"gpu0>gpu1", 40000, false}, {"gpu0>dram0>gpu1", 6000, false}};
    static const struct plan_share alone[PLAN_BENCH_ROWS_MAX] = {{"gpu0>dram0>gpu1", 6000, false}};
    struct plan_bench *bench = plan_bench_made("small");
    uint32_t hop = FIXTURE_GPU0_GPU1;

    plan_bench_set_duplex(bench, "dram0", 12000);
    plan_bench_add_pair(bench, "gpu0", "gpu1", 1);
    cr_expect_eq(plan_bench_make(bench), 46000);
    plan_bench_expect(bench, 0, relayed);
    bench->lanes[hop].state = WEFT_LANE_DOWN;
    bench->lanes[FIXTURE_GPU0_GPU2].state = WEFT_LANE_DOWN;
    cr_expect_eq(plan_bench_make(bench), 6000);
    plan_bench_expect(bench, 0, alone);
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
        struct plan_bench *bench = plan_bench_made("small");

        plan_bench_set_duplex(bench, "dram0", rows[i].memory);
        plan_bench_set_rate(bench, "gpu2-pcie", rows[i].gpu2_rate);
        plan_bench_add_pair(bench, "gpu0", "dram0", 0);
        plan_bench_add_pair(bench, "gpu1", "dram0", 0);
        plan_bench_add_pair(bench, "gpu2", "dram0", 0);
        plan_bench_make(bench);
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
        struct plan_share shares[PLAN_BENCH_ROWS_MAX];
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
        struct plan_bench *bench = plan_bench_made("small");

        plan_bench_add_pair(bench, "gpu0", "dram0", 1);
        plan_bench_set_rate(bench, rows[i].link, rows[i].rate);
        plan_bench_make(bench);
        plan_bench_expect(bench, 0, rows[i].shares);
    }
}

Test(plan, make__dead_lanes)
{
    static const struct {
        uint32_t dead[3];
        enum weft_lane_state state;
        struct plan_share shares[PLAN_BENCH_ROWS_MAX];
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
        struct plan_bench *bench = plan_bench_made("small");

        plan_bench_add_pair(bench, "gpu0", "dram0", 1);
        for (uint32_t k = 0; k < 3; k++)
            bench->lanes[rows[i].dead[k]].state = rows[i].state;
        plan_bench_make(bench);
        plan_bench_expect(bench, 0, rows[i].shares);
    }
}

/* What a path proved that it can do bounds its share; the rest goes to others. */
Test(plan, make__limits_of_paths)
{
    static const struct plan_share shares[PLAN_BENCH_ROWS_MAX] = {{"gpu0>dram0", 3000, false},
                                                                  {"gpu0>gpu1>dram0", 10000, false},
                                                                  {"gpu0>gpu2>dram0", 7000, false}};
    struct plan_bench *bench = plan_bench_made("small");
    struct weft_path *paths = plan_bench_add_pair(bench, "gpu0", "dram0", 1);

    paths[0].limit_bytes_per_us = 3000;
    plan_bench_set_duplex(bench, "dram0", 20000);
    cr_expect_eq(plan_bench_make(bench), 20000);
    plan_bench_expect(bench, 0, shares);
}

/* A relay that proved slow has a link of its own that is slow: the others keep theirs. */
Test(plan, make__a_slow_relay)
{
    static const struct plan_share shares[PLAN_BENCH_ROWS_MAX] = {
        {"gpu0>dram0", 10000, false},
        {"gpu0>gpu1>dram0", 2000, false},
        {"gpu0>gpu2>dram0", 10000, false}};
    struct plan_bench *bench = plan_bench_made("small");
    struct weft_path *paths = plan_bench_add_pair(bench, "gpu0", "dram0", 1);

    paths[1].limit_bytes_per_us = 2000;
    plan_bench_make(bench);
    plan_bench_expect(bench, 0, shares);
}

/* Nothing of the plan before is left: the same input gives the same plan. */
Test(plan, make__again)
{
    static const struct plan_share direct[PLAN_BENCH_ROWS_MAX] = {{"gpu0>dram0", 10000, false}};
    struct plan_bench *bench = plan_bench_made("small");

    plan_bench_add_pair(bench, "gpu0", "dram0", 1);
    cr_expect_eq(plan_bench_make(bench), 30000);
    cr_expect_eq(plan_bench_make(bench), 30000);
    bench->pairs[0].left_bytes = 0;
    cr_expect_eq(plan_bench_make(bench), 10000);
    plan_bench_expect(bench, 0, direct);
}

Test(plan, make__no_pairs)
{
    struct plan_bench *bench = plan_bench_made("small");

    cr_expect_eq(plan_bench_make(bench), 0);
}

Test(plan, make__too_many_pairs, .signal = SIGABRT)
{
    struct plan_bench *bench = plan_bench_made("small");

    weft_plan_make(&bench->capacity, bench->planned, 257, bench->paths, bench->lanes);
}
