/* Schedulers: who takes the next chunk, and how large it is. */
#include <criterion/criterion.h>

#include <string.h>

#include "fixture.h"

#include "core/sched.h"

/* gpu0 to dram0 of the small machine: path 0 direct, 1 over gpu1, 2 over gpu2, all admitted, with
 * 10 bytes a nanosecond; the first byte takes 1,000 ns, 2,000, 2,000. A chunk has 64,000 bytes to
 * 256 KiB, a transfer below 256 KiB is not split. */
struct bench {
    struct weft_config config;
    struct weft_lane lanes[FIXTURE_HOPS];
    struct weft_relay relays[FIXTURE_DEVICES];
    struct weft_path paths[WEFT_ROUTES_MAX];
    struct weft_pair pair;
    struct weft_transfer transfer;
    struct weft_sched_view view;
};

static struct bench the_bench;

static struct bench *made_between(uint32_t src, uint32_t dst, uint64_t size_bytes)
{
    static const bool relays[WEFT_DEVICES_MAX] = {false, true, true, true, true};
    struct weft_route_filter all = {.kind = WEFT_ROUTES_ALL};
    struct weft_op op = {.size_bytes = size_bytes};
    struct fixture *fixture = fixture_prepare();
    struct weft_route routes[WEFT_ROUTES_MAX];
    struct bench *bench = &the_bench;

    *bench = (struct bench){.config = fixture->config};
    for (uint32_t i = 0; i < FIXTURE_HOPS; i++)
        weft_lane_init(&bench->lanes[i], &fixture->hops.hops[i], &bench->config);
    for (uint32_t i = 0; i < FIXTURE_DEVICES; i++)
        weft_relay_init(&bench->relays[i], i, 4, WEFT_KIB(256));
    bench->pair = (struct weft_pair){src, dst, .loads = 1};
    bench->pair.split_bytes_min = bench->config.multipath_bytes_min;
    bench->pair.path_count =
        weft_route_find(&fixture->topo, &fixture->hops, relays, &all, src, dst, routes);
    for (uint32_t i = 0; i < bench->pair.path_count; i++) {
        weft_path_init(&bench->paths[i], &routes[i], &fixture->hops, src, dst);
        bench->paths[i].admitted = true;
        bench->paths[i].ramp_bytes = WEFT_MIB(1); /* as after a while */
    }
    weft_transfer_init(&bench->transfer, &op, 0);
    weft_transfer_start(&bench->transfer);
    bench->view = (struct weft_sched_view){.config = &bench->config,
                                           .pair = &bench->pair,
                                           .transfer = &bench->transfer,
                                           .paths = bench->paths,
                                           .lanes = bench->lanes,
                                           .relays = bench->relays,
                                           .lent_bytes_max = UINT64_MAX};
    return bench;
}

static struct bench *made(uint64_t size_bytes)
{
    struct bench *bench = made_between(FIXTURE_GPU0, FIXTURE_DRAM0, size_bytes);

    cr_assert_eq(bench->pair.path_count, 3);
    return bench;
}

static void kill_path(struct bench *bench, uint32_t path)
{
    bench->lanes[bench->paths[path].route.hops[0]].state = WEFT_LANE_DOWN;
}

/* Its window is full: three chunks of 50,000 bytes each. */
static void fill_path(struct bench *bench, uint32_t path)
{
    for (uint32_t i = 0; i < 3; i++)
        weft_path_taken(&bench->paths[path], 50000);
}

/* What the engine does with a choice. */
static void take(struct bench *bench, const struct weft_sched_choice *choice)
{
    weft_path_taken(&bench->paths[choice->path], choice->bytes_max);
    bench->transfer.taken_bytes += choice->bytes_max;
    bench->transfer.path_bytes[choice->path] += choice->bytes_max;
}

struct pick {
    uint32_t path; /* WEFT_NONE: none is to take a chunk */
    uint64_t bytes;
};

static void expect_pick(struct bench *bench, const struct weft_sched_ops *sched, struct pick pick,
                        size_t row)
{
    struct weft_sched_choice choice = {77, 0};
    bool picked = sched->pick(&bench->view, &choice);

    cr_assert_eq(picked, pick.path != WEFT_NONE, "row %zu", row);
    if (!picked)
        return;
    cr_expect_eq(choice.path, pick.path, "row %zu: path %u", row, choice.path);
    cr_expect_eq(choice.bytes_max, pick.bytes, "row %zu: %lu bytes", row,
                 (unsigned long)choice.bytes_max);
    take(bench, &choice);
}

static const struct pick none = {WEFT_NONE, 0};

Test(sched, find__names)
{
    cr_expect_eq(weft_sched_find("pull"), &weft_sched_pull);
    cr_expect_eq(weft_sched_find("direct"), &weft_sched_direct);
    cr_expect_eq(weft_sched_find("static"), &weft_sched_static);
    cr_expect_eq(weft_sched_find("roundrobin"), &weft_sched_roundrobin);
    cr_expect_null(weft_sched_find(""));
    cr_expect_null(weft_sched_find("Pull"));
    cr_expect_null(weft_sched_find("pulls"));
}

Test(sched, single__first_live_direct_one)
{
    struct bench *bench = made(1000);

    cr_expect_eq(weft_sched_single(&bench->view), 0);
    bench->paths[0].admitted = false;
    cr_expect_eq(weft_sched_single(&bench->view), 0, "the plan has no say");
    kill_path(bench, 0);
    cr_expect_eq(weft_sched_single(&bench->view), 1);
    kill_path(bench, 1);
    cr_expect_eq(weft_sched_single(&bench->view), 2);
    kill_path(bench, 2);
    cr_expect_eq(weft_sched_single(&bench->view), WEFT_NONE);
}

/* A full queue: worth waiting for only while a chunk of its own is out. */
Test(sched, moves__or_is_not_waited_for)
{
    struct bench *bench = made(1000);

    cr_expect(weft_sched_moves(&bench->view, 0));
    bench->lanes[FIXTURE_GPU0_DRAM0].hold_until = 5000;
    cr_expect_not(weft_sched_moves(&bench->view, 0));
    cr_expect_eq(weft_sched_single(&bench->view), 1);
    weft_path_taken(&bench->paths[0], 1000);
    cr_expect(weft_sched_moves(&bench->view, 0));
    cr_expect_eq(weft_sched_single(&bench->view), 0);
}

Test(sched, takes_part__admitted_and_alive)
{
    struct bench *bench = made(1000);

    cr_expect(weft_sched_takes_part(&bench->view, 1));
    bench->paths[1].admitted = false;
    cr_expect_not(weft_sched_takes_part(&bench->view, 1));
    kill_path(bench, 2);
    cr_expect_not(weft_sched_takes_part(&bench->view, 2));
}

Test(sched, open__as_its_path)
{
    struct bench *bench = made(1000);

    cr_expect(weft_sched_open(&bench->view, 0));
    fill_path(bench, 0);
    cr_expect_not(weft_sched_open(&bench->view, 0));
    bench->lanes[FIXTURE_GPU0_GPU1].hold_until = 5100;
    bench->view.now = 5099;
    cr_expect_not(weft_sched_open(&bench->view, 1));
    bench->view.now = 5100;
    cr_expect(weft_sched_open(&bench->view, 1));
}

Test(sched, bytes__bounds)
{
    static const struct {
        uint32_t path;
        uint64_t lent_bytes_max;
        uint64_t left;
        uint64_t wanted;
        uint64_t bytes;
    } rows[] = {
        {0, UINT64_MAX, 1048576, 100000, 100000},
        {0, UINT64_MAX, 1048576, 0, 64000},           /* at least a smallest chunk */
        {0, UINT64_MAX, 1048576, UINT64_MAX, 262144}, /* at most a largest */
        {0, UINT64_MAX, 50000, 10, 50000},            /* at most what is left */
        {0, UINT64_MAX, 1, 1, 1},
        {0, UINT64_MAX, 200000, 180000, 200000}, /* a rest of 20,000 is taken along */
        {0, UINT64_MAX, 200000, 168001, 200000}, /* 31,999: still */
        {0, UINT64_MAX, 200000, 168000, 168000}, /* 32,000 is half a smallest chunk: not */
        {0, UINT64_MAX, 272144, 262144, 262144}, /* a rest that does not fit stays */
        {1, 100000, 1048576, UINT64_MAX, 100000},
        {1, 30000, 1048576, 0, 30000},
        {0, 30000, 1048576, UINT64_MAX, 262144}, /* path 0 borrows nothing */
        {0, UINT64_MAX, UINT64_MAX, UINT64_MAX, 262144},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct bench *bench = made(rows[i].left);

        bench->view.lent_bytes_max = rows[i].lent_bytes_max;
        cr_expect_eq(weft_sched_bytes(&bench->view, rows[i].path, rows[i].wanted), rows[i].bytes,
                     "row %zu", i);
    }
}

/* ---- pull ---- */

/* Chunks of any size that a test here can reach. */
static struct bench *made_for_large_chunks(uint64_t left)
{
    struct bench *bench = made(8388608);

    bench->transfer.taken_bytes = 8388608 - left;
    bench->config.chunk_bytes_max = WEFT_MIB(4);
    bench->config.relay_slot_bytes = WEFT_MIB(4);
    for (uint32_t i = 0; i < 3; i++)
        bench->paths[i].ramp_bytes = WEFT_MIB(4);
    return bench;
}

/* Each chunk is half of the path's share of what is left, in whole pages; once a share takes no
 * longer than 40 us, 400,000 bytes here, all of it. */
Test(sched, pull__guided_chunks)
{
    static const struct pick rows[] = {{0, 385024}, {1, 319488}, {2, 266240},
                                       {2, 225280}, {1, 368640}, {0, 245760}};
    struct bench *bench = made_for_large_chunks(2300000);

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++)
        expect_pick(bench, &weft_sched_pull, rows[i], i);
}

/* A third of what is left for each path, then a share by its rate. */
Test(sched, pull__short_share_is_one_chunk)
{
    static const struct {
        uint64_t left;
        uint64_t rate; /* of path 0 */
        uint64_t bytes;
    } rows[] = {
        {300000, 10000, 102400},  /* 100,000 */
        {1200002, 10000, 401408}, /* 400,000: 40 us */
        {1200003, 10000, 200704}, /* 400,001: half of it */
        {4800000, 5000, 483328},  /* 960,000 in 192 us: half of it */
        {1000004, 5000, 200704},  /* 200,000 in 40 us */
        {1000005, 5000, 102400},  /* 200,001 */
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct bench *bench = made_for_large_chunks(rows[i].left);

        bench->paths[0].rate_bytes_per_us = rows[i].rate;
        expect_pick(bench, &weft_sched_pull, (struct pick){0, rows[i].bytes}, i);
    }
}

/* Who runs dry first is served first. Path 1, at a tenth of the rate, has enough with one chunk of
 * the smallest size while the others take two each. */
Test(sched, pull__shares_follow_rates)
{
    static const struct pick rows[] = {{0, 262144}, {1, 64000},  {2, 262144},
                                       {0, 262144}, {2, 262144}, {WEFT_NONE, 0}};
    struct bench *bench = made(2097152);

    bench->paths[1].rate_bytes_per_us = 1000;
    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++)
        expect_pick(bench, &weft_sched_pull, rows[i], i);
}

/* Path 0 is full; path 1, at a tenth of the rate, ends its smallest chunk after 66,000 ns. All
 * paths together need about 29,500 ns for 100 KiB, but 401,500 for 4 MiB. */
Test(sched, pull__slow_path_refuses_the_end)
{
    static const struct {
        uint64_t left;
        struct pick pick;
    } rows[] = {{102400, {WEFT_NONE, 0}}, {4194304, {1, 192512}}};

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct bench *bench = made(8388608);

        bench->transfer.taken_bytes = 8388608 - rows[i].left;
        bench->paths[1].rate_bytes_per_us = 1000;
        bench->paths[2].admitted = false;
        weft_path_taken(&bench->paths[0], 100000);
        weft_path_taken(&bench->paths[0], 100000);
        expect_pick(bench, &weft_sched_pull, rows[i].pick, i);
    }
}

/* The slow path runs dry first and refuses: a faster one with room takes the chunk, and the rest of
 * its share with it. */
Test(sched, pull__refused_chunk_goes_to_others)
{
    struct bench *bench = made(8388608);

    bench->transfer.taken_bytes = 8388608 - 102400;
    bench->paths[1].rate_bytes_per_us = 1000;
    bench->paths[2].admitted = false;
    weft_path_taken(&bench->paths[0], 100000);
    expect_pick(bench, &weft_sched_pull, (struct pick){0, 102400}, 0);
}

/* A slow path alone refuses nothing; a relay gains by more than one chunk. */
Test(sched, pull__slow_path_alone)
{
    struct bench *bench = made(8388608);

    bench->transfer.taken_bytes = 8388608 - 102400;
    bench->paths[1].rate_bytes_per_us = 100;
    kill_path(bench, 0);
    kill_path(bench, 2);
    expect_pick(bench, &weft_sched_pull, (struct pick){1, 64000}, 0);
}

Test(sched, pull__no_room)
{
    struct bench *bench = made(1048576);

    for (uint32_t i = 0; i < 3; i++)
        fill_path(bench, i);
    expect_pick(bench, &weft_sched_pull, none, 0);
}

Test(sched, pull__not_planned_yet)
{
    struct bench *bench = made(1048576);

    for (uint32_t i = 0; i < 3; i++)
        bench->paths[i].admitted = false;
    expect_pick(bench, &weft_sched_pull, (struct pick){0, 262144}, 0);
}

Test(sched, pull__small_transfers_on_one_path)
{
    static const struct {
        uint64_t size;
        struct pick pick;
    } rows[] = {{1, {0, 1}}, {100000, {0, 100000}}, {262143, {0, 262143}}, {262144, {0, 90112}}};

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++)
        expect_pick(made(rows[i].size), &weft_sched_pull, rows[i].pick, i);
}

/* What is small waits for its own path rather than borrow one. */
Test(sched, pull__small_waits_for_its_own_path)
{
    struct bench *bench = made(100000);

    fill_path(bench, 0);
    expect_pick(bench, &weft_sched_pull, none, 0);
    kill_path(bench, 0);
    expect_pick(bench, &weft_sched_pull, (struct pick){1, 64000}, 1);
}

/* gpu0 to gpu1 through host memory needs no other's engine: taken when it ends first. */
Test(sched, pull__small_takes_the_sooner_of_its_own)
{
    static const struct {
        uint64_t in_flight; /* on NVLink, 40 bytes a nanosecond */
        struct pick pick;
    } rows[] = {{0, {0, 100000}}, {340000, {0, 100000}}, {380000, {2, 64000}}};

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct bench *bench = made_between(FIXTURE_GPU0, FIXTURE_GPU1, 100000);

        weft_path_taken(&bench->paths[0], rows[i].in_flight);
        expect_pick(bench, &weft_sched_pull, rows[i].pick, i);
    }
}

Test(sched, pick__all_dead)
{
    static const struct weft_sched_ops *const all[] = {&weft_sched_pull, &weft_sched_direct,
                                                       &weft_sched_static, &weft_sched_roundrobin};
    static const uint64_t sizes[] = {1000, 1048576};

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(all); i++)
        for (size_t k = 0; k < WEFT_ARRAY_COUNT(sizes); k++) {
            struct bench *bench = made(sizes[k]);

            for (uint32_t path = 0; path < 3; path++)
                kill_path(bench, path);
            expect_pick(bench, all[i], none, i);
        }
}

/* ---- direct ---- */

Test(sched, direct__one_path)
{
    static const struct pick rows[] = {{0, 262144}, {0, 262144}, {WEFT_NONE, 0}};
    struct bench *bench = made(1048576);

    bench->paths[0].admitted = false;
    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++)
        expect_pick(bench, &weft_sched_direct, rows[i], i);
    kill_path(bench, 0);
    expect_pick(bench, &weft_sched_direct, (struct pick){1, 262144}, 3);
}

/* ---- static ---- */

/* Shares of 300,000 by nominal rates, whatever the paths have learned. */
Test(sched, static__shares)
{
    static const struct {
        uint64_t nominal[3];
        struct pick picks[3];
    } rows[] = {
        {{10000, 10000, 10000}, {{0, 100001}, {1, 100001}, {2, 99998}}},
        {{10000, 5000, 10000}, {{0, 120001}, {1, 60001}, {2, 119998}}},
        {{1000, 5000, 4000}, {{0, 30001}, {1, 150001}, {2, 119998}}},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct bench *bench = made(300000);

        bench->paths[1].rate_bytes_per_us = 1;
        for (uint32_t k = 0; k < 3; k++)
            bench->paths[k].route.rate_bytes_per_us = rows[i].nominal[k];
        for (size_t k = 0; k < 3; k++)
            expect_pick(bench, &weft_sched_static, rows[i].picks[k], i);
    }
}

/* A full path is passed over, but its share is kept for it. */
Test(sched, static__waits_for_a_full_path)
{
    struct bench *bench = made(300000);

    fill_path(bench, 0);
    expect_pick(bench, &weft_sched_static, (struct pick){1, 100001}, 0);
    expect_pick(bench, &weft_sched_static, (struct pick){2, 100001}, 1);
    expect_pick(bench, &weft_sched_static, none, 2);
}

/* Path 2 took its share, gave it back and died: the others share it. */
Test(sched, static__share_of_a_dead_path)
{
    struct bench *bench = made(300000);

    bench->transfer.taken_bytes = 300000;
    bench->transfer.returned_bytes = 100000;
    bench->transfer.path_bytes[0] = 100001;
    bench->transfer.path_bytes[1] = 100001;
    bench->transfer.path_bytes[2] = 99998;
    kill_path(bench, 2);
    expect_pick(bench, &weft_sched_static, (struct pick){0, 50000}, 0);
}

/* Every share is used up and bytes came back: they go the direct way. */
Test(sched, static__rest)
{
    struct bench *bench = made(300000);

    bench->transfer.taken_bytes = 300000;
    bench->transfer.returned_bytes = 10;
    bench->transfer.path_bytes[0] = 100001;
    bench->transfer.path_bytes[1] = 100001;
    bench->transfer.path_bytes[2] = 100001;
    expect_pick(bench, &weft_sched_static, (struct pick){0, 10}, 0);
}

/* ---- roundrobin ---- */

Test(sched, roundrobin__in_turn)
{
    static const struct pick rows[] = {{0, 100000}, {1, 100000}, {2, 100000},   {0, 100000},
                                       {1, 100000}, {2, 100000}, {WEFT_NONE, 0}};
    struct bench *bench = made(1200000);

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++)
        expect_pick(bench, &weft_sched_roundrobin, rows[i], i);
}

/* The next in turn is waited for; one that does not take part is not. */
Test(sched, roundrobin__strict)
{
    struct bench *bench = made(1200000);

    expect_pick(bench, &weft_sched_roundrobin, (struct pick){0, 100000}, 0);
    fill_path(bench, 1);
    expect_pick(bench, &weft_sched_roundrobin, none, 1);
    expect_pick(bench, &weft_sched_roundrobin, none, 2);
    bench->paths[1].admitted = false;
    expect_pick(bench, &weft_sched_roundrobin, (struct pick){2, 100000}, 3);
    expect_pick(bench, &weft_sched_roundrobin, (struct pick){0, 100000}, 4);
}

Test(sched, roundrobin__not_planned_yet)
{
    struct bench *bench = made(1200000);

    for (uint32_t i = 0; i < 3; i++)
        bench->paths[i].admitted = false;
    expect_pick(bench, &weft_sched_roundrobin, (struct pick){0, 262144}, 0);
}
