/* What the plan is tested with: see plan_bench.h. */
#include "plan_bench.h"

#include <criterion/criterion.h>

#include <string.h>

#include "fixture.h"

#include "core/preset.h"

static struct plan_bench the_bench;
static _Alignas(64) char plan_memory[WEFT_KIB(256)];

struct plan_bench *plan_bench_made(const char *machine)
{
    struct weft_arena arena = {plan_memory, sizeof(plan_memory), 0};
    struct plan_bench *bench = &the_bench;

    memset(bench, 0, sizeof(*bench));
    if (!weft_preset_fill(machine, &bench->topo))
        fixture_topo(&bench->topo);
    fixture_hops(&bench->topo, &bench->hops);
    fixture_config(&bench->config);
    for (uint32_t i = 0; i < bench->hops.count; i++)
        weft_lane_init(&bench->lanes[i], &bench->hops.hops[i], &bench->config);
    weft_capacity_init(&bench->capacity, &arena, &bench->topo, &bench->hops, bench->topo.link_count,
                       bench->topo.device_count);
    return bench;
}

struct weft_path *plan_bench_add_pair(struct plan_bench *bench, const char *src, const char *dst,
                                      uint64_t left_bytes)
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
    pair->loads = 1;
    pair->left_bytes = left_bytes;
    for (uint32_t i = 0; i < pair->path_count; i++)
        weft_path_init(&paths[i], &routes[i], &bench->hops, pair->src_device, pair->dst_device);
    bench->planned[bench->pair_count++] = pair;
    return paths;
}

uint64_t plan_bench_make(struct plan_bench *bench)
{
    return weft_plan_make(&bench->capacity, bench->planned, bench->pair_count, bench->paths,
                          bench->lanes);
}

void plan_bench_expect(const struct plan_bench *bench, uint32_t pair,
                       const struct plan_share shares[PLAN_BENCH_ROWS_MAX])
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
        cr_assert_lt(row, PLAN_BENCH_ROWS_MAX);
        cr_assert_not_null(shares[row].name, "pair %u: %s is admitted", pair, name);
        cr_expect_str_eq(name, shares[row].name, "pair %u", pair);
        cr_expect_eq(path->cap_bytes_per_us, shares[row].cap, "pair %u: %s has %lu", pair, name,
                     (unsigned long)path->cap_bytes_per_us);
        cr_expect_eq(path->owner_busy, shares[row].owner_busy, "pair %u: %s", pair, name);
        row++;
    }
    cr_expect(row == PLAN_BENCH_ROWS_MAX || shares[row].name == NULL, "pair %u: %s is not admitted",
              pair, row == PLAN_BENCH_ROWS_MAX ? "" : shares[row].name);
}

void plan_bench_set_rate(struct plan_bench *bench, const char *link, uint64_t rate)
{
    uint32_t index = weft_topo_link_find(&bench->topo, link);

    cr_assert_neq(index, WEFT_NONE);
    bench->capacity.rates[index] = rate;
}

void plan_bench_set_duplex(struct plan_bench *bench, const char *link, uint64_t duplex)
{
    uint32_t index = weft_topo_link_find(&bench->topo, link);

    cr_assert_neq(index, WEFT_NONE);
    bench->topo.links[index].duplex_bytes_per_us = duplex;
    bench->topo.links[bench->topo.links[index].reverse].duplex_bytes_per_us = duplex;
}

void plan_bench_set_foreign(struct plan_bench *bench, const char *link, uint64_t own, uint64_t lent)
{
    uint32_t index = weft_topo_link_find(&bench->topo, link);

    cr_assert_neq(index, WEFT_NONE);
    bench->capacity.foreign[index] = (struct weft_load){own, lent};
}
