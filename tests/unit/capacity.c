/* Capacity: links, duplex limits and engines, spent and shared. */
#include <criterion/criterion.h>

#include "fixture.h"

#include "core/capacity.h"

/* The small machine: PCIe 10 bytes a nanosecond, NVLink 40, memory 100 in both directions together;
 * a port's engine to host memory runs at 10, that to other GPUs at 40. */
struct bench {
    struct fixture *fixture;
    struct weft_capacity capacity;
};

static _Alignas(64) char memory[WEFT_KIB(64)];

static struct bench made(void)
{
    struct weft_arena arena = {memory, sizeof(memory), 0};
    struct bench bench = {.fixture = fixture_prepare()};

    weft_capacity_init(&bench.capacity, &arena, &bench.fixture->topo, &bench.fixture->hops,
                       bench.fixture->topo.link_count, bench.fixture->topo.device_count);
    weft_capacity_reset(&bench.capacity);
    return bench;
}

static struct weft_path path_over(const struct bench *bench, uint32_t first, uint32_t second)
{
    const struct weft_hop *hops = bench->fixture->hops.hops;
    struct weft_route route = {.hop_count = second == WEFT_NONE ? 1 : 2, .hops = {first, second}};
    struct weft_path path;

    route.transits[0] = hops[first].dst_device;
    route.rate_bytes_per_us = hops[first].rate_bytes_per_us;
    if (second != WEFT_NONE)
        route.rate_bytes_per_us = weft_min(route.rate_bytes_per_us, hops[second].rate_bytes_per_us);
    weft_path_init(&path, &route, &bench->fixture->hops, FIXTURE_GPU0, FIXTURE_DRAM0);
    return path;
}

static uint64_t room(struct bench *bench, const struct weft_path *path)
{
    uint64_t share;

    weft_capacity_join(&bench->capacity, path);
    share = weft_capacity_share(&bench->capacity, path);
    weft_capacity_leave(&bench->capacity, path);
    return share;
}

static void set_duplex(struct bench *bench, const char *name, uint64_t duplex)
{
    uint32_t link = weft_topo_link_find(&bench->fixture->topo, name);

    bench->fixture->topo.links[link].duplex_bytes_per_us = duplex;
    bench->fixture->topo.links[link ^ 1].duplex_bytes_per_us = duplex;
    weft_capacity_reset(&bench->capacity);
}

/* What one path leaves to another after it has spent 4,000. */
Test(capacity, spend__leaves_the_rest)
{
    static const struct {
        uint32_t spender[2];
        uint32_t other[2];
        uint64_t room;
    } rows[] = {
        {{FIXTURE_GPU0_DRAM0, WEFT_NONE}, {FIXTURE_GPU0_DRAM0, WEFT_NONE}, 6000},
        {{FIXTURE_GPU0_DRAM0, WEFT_NONE}, {FIXTURE_GPU1_DRAM0, WEFT_NONE}, 10000},
        {{FIXTURE_GPU0_DRAM0, WEFT_NONE}, {FIXTURE_DRAM0_GPU0, WEFT_NONE}, 10000},
        {{FIXTURE_GPU0_GPU1, FIXTURE_GPU1_DRAM0}, {FIXTURE_GPU1_DRAM0, WEFT_NONE}, 6000},
        {{FIXTURE_GPU0_GPU1, FIXTURE_GPU1_DRAM0}, {FIXTURE_GPU0_GPU2, WEFT_NONE}, 36000},
        {{FIXTURE_GPU0_GPU1, WEFT_NONE}, {FIXTURE_GPU1_GPU0, WEFT_NONE}, 40000},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct bench bench = made();
        struct weft_path spender = path_over(&bench, rows[i].spender[0], rows[i].spender[1]);
        struct weft_path other = path_over(&bench, rows[i].other[0], rows[i].other[1]);

        weft_capacity_spend(&bench.capacity, &spender, 4000);
        cr_expect_eq(room(&bench, &other), rows[i].room, "row %zu", i);
    }
}

Test(capacity, spend__more_than_there_is)
{
    struct bench bench = made();
    struct weft_path path = path_over(&bench, FIXTURE_GPU0_DRAM0, WEFT_NONE);

    weft_capacity_spend(&bench.capacity, &path, 99999);
    cr_expect_eq(room(&bench, &path), 0);
    weft_capacity_reset(&bench.capacity);
    cr_expect_eq(room(&bench, &path), 10000);
}

/* A slow hop takes time from a fast one of the same engine: gpu0 writes to gpu1, whose NVLink gives
 * 10 only, at all of it; nothing of its time is left for gpu2. */
Test(capacity, spend__time_of_an_engine)
{
    struct bench bench = made();
    struct weft_path slow = path_over(&bench, FIXTURE_GPU0_GPU1, WEFT_NONE);
    struct weft_path fast = path_over(&bench, FIXTURE_GPU0_GPU2, WEFT_NONE);

    bench.fixture->hops.hops[FIXTURE_GPU0_GPU1].rate_bytes_per_us = 10000;
    weft_capacity_spend(&bench.capacity, &slow, 5000);
    cr_expect_eq(room(&bench, &fast), 20000, "half of the time");
    weft_capacity_spend(&bench.capacity, &slow, 5000);
    cr_expect_eq(room(&bench, &fast), 0);
}

/* Which link makes a limited path slow is not known: a direct one leaves nothing on those of its
 * ends, a relayed one nothing on those of its transit. Memory is nobody's. */
Test(capacity, spend__of_a_limited_path)
{
    static const struct {
        uint32_t limited[2];
        uint32_t other[2];
        uint64_t room;
    } rows[] = {
        {{FIXTURE_GPU0_DRAM0, WEFT_NONE}, {FIXTURE_GPU0_DRAM0, WEFT_NONE}, 0},
        {{FIXTURE_GPU0_DRAM0, WEFT_NONE}, {FIXTURE_GPU1_DRAM0, WEFT_NONE}, 10000},
        {{FIXTURE_GPU0_GPU1, FIXTURE_GPU1_DRAM0}, {FIXTURE_GPU1_DRAM0, WEFT_NONE}, 0},
        {{FIXTURE_GPU0_GPU1, FIXTURE_GPU1_DRAM0}, {FIXTURE_GPU0_GPU1, WEFT_NONE}, 0},
        {{FIXTURE_GPU0_GPU1, FIXTURE_GPU1_DRAM0}, {FIXTURE_GPU0_GPU2, FIXTURE_GPU2_DRAM0}, 10000},
        {{FIXTURE_GPU0_GPU1, FIXTURE_GPU1_DRAM0}, {FIXTURE_GPU0_DRAM0, WEFT_NONE}, 10000},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct bench bench = made();
        struct weft_path limited = path_over(&bench, rows[i].limited[0], rows[i].limited[1]);
        struct weft_path other = path_over(&bench, rows[i].other[0], rows[i].other[1]);

        limited.limit_bytes_per_us = 3000;
        weft_capacity_spend(&bench.capacity, &limited, 3000);
        cr_expect_eq(room(&bench, &other), rows[i].room, "row %zu", i);
    }
}

Test(capacity, share__duplex)
{
    struct bench bench = made();
    struct weft_path out = path_over(&bench, FIXTURE_GPU0_DRAM0, WEFT_NONE);
    struct weft_path in = path_over(&bench, FIXTURE_DRAM0_GPU0, WEFT_NONE);

    set_duplex(&bench, "gpu0-pcie", 12000);
    weft_capacity_join(&bench.capacity, &in);
    cr_expect_eq(room(&bench, &out), 6000, "half of the limit");
    weft_capacity_leave(&bench.capacity, &in);
    weft_capacity_spend(&bench.capacity, &in, 10000);
    cr_expect_eq(room(&bench, &out), 2000);
}

/* Through host memory the limit on both directions is used twice. */
Test(capacity, share__used_twice)
{
    struct bench bench = made();
    struct weft_path staged = path_over(&bench, FIXTURE_GPU0_DRAM0, FIXTURE_DRAM0_GPU1);

    set_duplex(&bench, "dram0", 12000);
    cr_expect_eq(room(&bench, &staged), 6000);
    weft_capacity_spend(&bench.capacity, &staged, 2000);
    cr_expect_eq(room(&bench, &staged), 4000);
}

Test(capacity, share__at_most_the_limit)
{
    struct bench bench = made();
    struct weft_path path = path_over(&bench, FIXTURE_GPU0_DRAM0, WEFT_NONE);

    path.limit_bytes_per_us = 77;
    cr_expect_eq(room(&bench, &path), 77);
}

/* gpu0 to dram0 over gpu1 borrows the PCIe link of gpu1: busy in that direction, whatever goes the
 * other way. */
Test(capacity, owner_busy__by_owned_path)
{
    static const struct {
        uint32_t owned;
        bool busy;
    } rows[] = {{FIXTURE_GPU1_DRAM0, true},
                {FIXTURE_DRAM0_GPU1, false},
                {FIXTURE_GPU2_GPU1, false},
                {FIXTURE_GPU2_DRAM0, false},
                {FIXTURE_GPU0_DRAM0, false}};

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct bench bench = made();
        struct weft_path path = path_over(&bench, FIXTURE_GPU0_GPU1, FIXTURE_GPU1_DRAM0);
        struct weft_path owner = path_over(&bench, rows[i].owned, WEFT_NONE);

        weft_capacity_own(&bench.capacity, &owner);
        cr_expect_eq(weft_capacity_owner_busy(&bench.capacity, &path, FIXTURE_GPU0, FIXTURE_DRAM0),
                     rows[i].busy, "row %zu", i);
        cr_expect_not(weft_capacity_owner_busy(&bench.capacity, &path, FIXTURE_GPU0, FIXTURE_GPU1),
                      "row %zu: an end is no owner", i);
    }
}
