/* The plan beside those of other processes: owners keep their links, lent paths share what is left.
 *
 * On the small machine each GPU has 10,000 to the host, and gpu1 and gpu2 are gpu0's relays. */
#include <criterion/criterion.h>

#include "plan_bench.h"

/* One pair, gpu0 to dram0, while others take `own` and `lent` of one link. */
struct beside {
    const char *link;
    uint64_t own;
    uint64_t lent;
    struct plan_share shares[PLAN_BENCH_ROWS_MAX];
};

static void expect(const struct beside *row)
{
    struct plan_bench *bench = plan_bench_made("small");

    plan_bench_add_pair(bench, "gpu0", "dram0", 1);
    plan_bench_set_foreign(bench, row->link, row->own, row->lent);
    (void)plan_bench_make(bench);
    plan_bench_expect(bench, 0, row->shares);
}

Test(plan_foreign, relay__yields_to_the_owner)
{
    static const struct beside all = {
        "gpu1-pcie", 10000, 0, {{"gpu0>dram0", 10000, false}, {"gpu0>gpu2>dram0", 10000, false}}};
    static const struct beside some = {
        "gpu1-pcie", 1, 0, {{"gpu0>dram0", 10000, false}, {"gpu0>gpu2>dram0", 10000, false}}};

    expect(&all);
    expect(&some);
}

/* A relay that could use no more than what the owner leaves goes on, by small chunks. */
Test(plan_foreign, relay__that_is_slow_goes_on)
{
    static const struct plan_share shares[PLAN_BENCH_ROWS_MAX] = {
        {"gpu0>dram0", 10000, false},
        {"gpu0>gpu1>dram0", 4000, true},
        {"gpu0>gpu2>dram0", 10000, false}};
    struct plan_bench *bench = plan_bench_made("small");
    struct weft_path *paths = plan_bench_add_pair(bench, "gpu0", "dram0", 1);

    paths[1].limit_bytes_per_us = 4000;
    plan_bench_set_foreign(bench, "gpu1-pcie", 6000, 0);
    cr_expect_eq(plan_bench_make(bench), 24000);
    plan_bench_expect(bench, 0, shares);
}

/* 10,001 more than there is, and all that a number can hold. */
Test(plan_foreign, relay__yields_to_more_than_the_link_has)
{
    static const struct beside rows[] = {
        {"gpu1-pcie", 20001, 0, {{"gpu0>dram0", 10000, false}, {"gpu0>gpu2>dram0", 10000, false}}},
        {"gpu1-pcie",
         WEFT_LOAD_BYTES_PER_US_MAX,
         WEFT_LOAD_BYTES_PER_US_MAX,
         {{"gpu0>dram0", 10000, false}, {"gpu0>gpu2>dram0", 10000, false}}},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++)
        expect(&rows[i]);
}

/* As between two own paths of one process. */
Test(plan_foreign, own_path__keeps_half_of_its_link)
{
    static const struct beside all = {"gpu0-pcie",
                                      10000,
                                      0,
                                      {{"gpu0>dram0", 5000, false},
                                       {"gpu0>gpu1>dram0", 10000, false},
                                       {"gpu0>gpu2>dram0", 10000, false}}};
    static const struct beside little = {"gpu0-pcie",
                                         2000,
                                         0,
                                         {{"gpu0>dram0", 8000, false},
                                          {"gpu0>gpu1>dram0", 10000, false},
                                          {"gpu0>gpu2>dram0", 10000, false}}};

    expect(&all);
    expect(&little);
}

/* What others borrow is in nobody's way but that of who borrows, too. */
Test(plan_foreign, lent__is_shared_by_halves)
{
    static const struct beside rows[] = {
        {"gpu1-pcie",
         0,
         10000,
         {{"gpu0>dram0", 10000, false},
          {"gpu0>gpu1>dram0", 5000, false},
          {"gpu0>gpu2>dram0", 10000, false}}},
        {"gpu1-pcie",
         0,
         3000,
         {{"gpu0>dram0", 10000, false},
          {"gpu0>gpu1>dram0", 7000, false},
          {"gpu0>gpu2>dram0", 10000, false}}},
        {"gpu0-pcie",
         0,
         10000,
         {{"gpu0>dram0", 10000, false},
          {"gpu0>gpu1>dram0", 10000, false},
          {"gpu0>gpu2>dram0", 10000, false}}},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++)
        expect(&rows[i]);
}

/* The memory carries 100,000 in both directions together: 78,000 of them are others', so 22,000 are
 * left: for the own path, and one relay. */
Test(plan_foreign, duplex__counts_both_directions)
{
    static const struct plan_share shares[PLAN_BENCH_ROWS_MAX] = {
        {"gpu0>dram0", 10000, false}, {"gpu0>gpu1>dram0", 10000, false}};
    struct plan_bench *bench = plan_bench_made("small");
    uint32_t link = weft_topo_link_find(&bench->topo, "dram0");

    cr_assert_neq(link, WEFT_NONE);
    plan_bench_add_pair(bench, "gpu0", "dram0", 1);
    bench->capacity.foreign[link].own_bytes_per_us = 39000;
    bench->capacity.foreign[bench->topo.links[link].reverse].own_bytes_per_us = 39000;
    cr_expect_eq(plan_bench_make(bench), 20000);
    plan_bench_expect(bench, 0, shares);
}
