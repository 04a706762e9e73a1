/* Paths: windows, largest chunks, predictions, learning, review before a plan. */
#include <criterion/criterion.h>

#include <signal.h>

#include "fixture.h"

#include "core/path.h"

/* What a path of the small machine needs around it. Direct: gpu0 to dram0, 10 bytes a nanosecond,
 * 1,000 ns. Relayed: the same over gpu1 in 2,000 ns, on a link of gpu1. Staged: gpu0 to gpu1 over
 * dram0 in 2,000 ns, on links of both ends. */
struct bench {
    struct weft_config config;
    struct weft_lane lanes[FIXTURE_HOPS];
    struct weft_relay relays[FIXTURE_DEVICES];
    struct weft_path path;
};

static struct bench made(const struct weft_route *route, uint32_t dst_device)
{
    struct fixture *fixture = fixture_prepare();
    struct bench bench = {.config = fixture->config};

    for (uint32_t i = 0; i < FIXTURE_HOPS; i++)
        weft_lane_init(&bench.lanes[i], &fixture->hops.hops[i], &bench.config);
    for (uint32_t i = 0; i < FIXTURE_DEVICES; i++)
        weft_relay_init(&bench.relays[i], i, 4, WEFT_KIB(256));
    weft_path_init(&bench.path, route, &fixture->hops, FIXTURE_GPU0, dst_device);
    weft_path_restart(&bench.path, &bench.config);
    return bench;
}

static struct bench direct(void)
{
    struct weft_route route = {.hop_count = 1,
                               .hops = {FIXTURE_GPU0_DRAM0},
                               .rate_bytes_per_us = 10000,
                               .latency_ns = 1000};

    return made(&route, FIXTURE_DRAM0);
}

static struct bench relayed(void)
{
    struct weft_route route = {.hop_count = 2,
                               .hops = {FIXTURE_GPU0_GPU1, FIXTURE_GPU1_DRAM0},
                               .transits = {FIXTURE_GPU1},
                               .rate_bytes_per_us = 10000,
                               .latency_ns = 2000};

    return made(&route, FIXTURE_DRAM0);
}

static struct bench staged(void)
{
    struct weft_route route = {.hop_count = 2,
                               .hops = {FIXTURE_GPU0_DRAM0, FIXTURE_DRAM0_GPU1},
                               .transits = {FIXTURE_DRAM0},
                               .rate_bytes_per_us = 10000,
                               .latency_ns = 2000};

    return made(&route, FIXTURE_GPU1);
}

static bool is_open(const struct bench *bench, weft_ns now)
{
    return weft_path_open(&bench->path, bench->lanes, bench->relays, now);
}

Test(path, init__lent)
{
    static const struct {
        uint32_t src;
        uint32_t dst;
        uint32_t hop_count;
        uint32_t hops[2];
        bool lent;
    } rows[] = {
        {FIXTURE_GPU0, FIXTURE_DRAM0, 1, {FIXTURE_GPU0_DRAM0, 0}, false},
        {FIXTURE_DRAM0, FIXTURE_GPU0, 1, {FIXTURE_DRAM0_GPU0, 0}, false},
        {FIXTURE_GPU0, FIXTURE_DRAM0, 2, {FIXTURE_GPU0_GPU1, FIXTURE_GPU1_DRAM0}, true},
        {FIXTURE_DRAM0, FIXTURE_GPU0, 2, {FIXTURE_DRAM0_GPU1, FIXTURE_GPU1_GPU0}, true},
        {FIXTURE_GPU0, FIXTURE_GPU1, 2, {FIXTURE_GPU0_DRAM0, FIXTURE_DRAM0_GPU1}, false},
        {FIXTURE_GPU0, FIXTURE_GPU1, 2, {FIXTURE_GPU0_GPU2, FIXTURE_GPU2_GPU1}, true},
    };
    struct fixture *fixture = fixture_prepare();

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct weft_route route = {.hop_count = rows[i].hop_count,
                                   .hops = {rows[i].hops[0], rows[i].hops[1]},
                                   .rate_bytes_per_us = 10000};
        struct weft_path path;

        weft_path_init(&path, &route, &fixture->hops, rows[i].src, rows[i].dst);
        cr_expect_eq(path.lent, rows[i].lent, "row %zu", i);
        cr_expect_eq(path.rate_bytes_per_us, 10000, "row %zu", i);
        cr_expect_eq(path.limit_bytes_per_us, 10000, "row %zu", i);
        cr_expect_not(path.admitted, "row %zu", i);
    }
}

/* One row per state of the second lane of the relayed path. */
Test(path, alive__by_lanes)
{
    static const struct {
        enum weft_lane_state state;
        bool alive;
    } rows[] = {{WEFT_LANE_UP, true},
                {WEFT_LANE_SUSPECT, false},
                {WEFT_LANE_DOWN, false},
                {WEFT_LANE_TRIAL, true}};

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct bench bench = relayed();

        bench.lanes[FIXTURE_GPU1_DRAM0].state = rows[i].state;
        cr_expect_eq(weft_path_alive(&bench.path, bench.lanes), rows[i].alive, "row %zu", i);
        cr_expect_eq(is_open(&bench, 0), rows[i].alive, "row %zu", i);
    }
}

/* The window: one chunk more than hops, or less than rate times (latency + 10,000 ns) in less than
 * sixteen chunks. On a borrowed link: two chunks, whether its owner is busy or not. */
Test(path, open__window)
{
    static const struct {
        struct bench (*made)(void);
        bool owner_busy;
        uint32_t chunks;
        uint64_t bytes;
        bool open;
    } rows[] = {
        {direct, false, 0, 0, true},          {direct, false, 1, 1000000000, true},
        {direct, false, 2, 109999, true},     {direct, false, 2, 110000, false},
        {direct, false, 15, 109999, true},    {direct, false, 16, 16, false},
        {staged, false, 2, 1000000000, true}, {staged, false, 3, 119999, true},
        {staged, false, 3, 120000, false},    {relayed, false, 1, 1000000000, true},
        {relayed, false, 2, 2, false},        {relayed, true, 1, 1000000000, true},
        {relayed, true, 2, 2, false},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct bench bench = rows[i].made();

        bench.path.owner_busy = rows[i].owner_busy;
        bench.path.chunks = rows[i].chunks;
        bench.path.bytes = rows[i].bytes;
        cr_expect_eq(is_open(&bench, 0), rows[i].open, "row %zu", i);
    }
}

Test(path, open__needs_a_slot)
{
    struct bench bench = relayed();

    for (uint32_t i = 0; i < 4; i++)
        weft_relay_take(&bench.relays[FIXTURE_GPU1]);
    cr_expect_not(is_open(&bench, 0));
    weft_relay_give(&bench.relays[FIXTURE_GPU1], 2);
    cr_expect(is_open(&bench, 0));
}

Test(path, open__not_while_a_port_is_full)
{
    struct bench bench = relayed();

    bench.lanes[FIXTURE_GPU0_GPU1].hold_until = 5100;
    cr_expect_not(is_open(&bench, 5099));
    cr_expect(is_open(&bench, 5100));
}

/* Settings: chunks of at most 256 KiB, slots of 128 KiB, on lent links 64 KiB. */
Test(path, chunk_max__bounds)
{
    static const struct {
        bool relayed;
        bool owner_busy;
        bool trial;
        uint64_t bytes;
    } rows[] = {
        {false, false, false, 262144}, {false, false, true, 65536}, {false, true, false, 262144},
        {true, false, false, 131072},  {true, true, false, 65536},  {true, false, true, 65536},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct bench bench = rows[i].relayed ? relayed() : direct();

        bench.config.relay_slot_bytes = WEFT_KIB(128);
        bench.path.owner_busy = rows[i].owner_busy;
        bench.path.ramp_bytes = WEFT_MIB(1);
        if (rows[i].trial)
            bench.lanes[bench.path.route.hops[0]].state = WEFT_LANE_TRIAL;
        cr_expect_eq(weft_path_chunk_max(&bench.path, bench.lanes, &bench.config), rows[i].bytes,
                     "row %zu", i);
    }
}

/* A lent path begins with chunks of 64 KiB and doubles with each that ended well; a new load begins
 * again. An own path begins at full size. */
Test(path, chunk_max__ramp)
{
    static const struct {
        uint64_t done; /* size of the chunk that ended; 0: the load began again */
        uint64_t bytes;
    } rows[] = {{65536, 131072}, {1000, 131072}, {131072, 262144}, {262144, 262144},
                {0, 65536},      {10, 65536},    {65536, 131072}};
    struct bench lent = relayed();
    struct bench own = direct();

    cr_expect_eq(weft_path_chunk_max(&own.path, own.lanes, &own.config), 262144);
    cr_expect_eq(weft_path_chunk_max(&lent.path, lent.lanes, &lent.config), 65536);
    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        if (rows[i].done == 0) {
            weft_path_restart(&lent.path, &lent.config);
        } else {
            weft_path_taken(&lent.path, rows[i].done);
            weft_path_done(&lent.path, rows[i].done, 0, 2000000);
        }
        cr_expect_eq(weft_path_chunk_max(&lent.path, lent.lanes, &lent.config), rows[i].bytes,
                     "row %zu", i);
    }
}

Test(path, time__predictions)
{
    static const struct {
        uint64_t in_flight;
        uint64_t rate;
        uint64_t bytes;
        weft_ns time;
    } rows[] = {{0, 10000, 0, 1000},         {0, 10000, 1, 1001},
                {0, 10000, 10000, 2000},     {90000, 10000, 10000, 11000},
                {0, 5000, 10000, 3000},      {90000, 100, 10000, 1001000},
                {0, 1, 1000000, 1000001000}, {100000, 10000, 0, 11000}};

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct bench bench = direct();

        bench.path.bytes = rows[i].in_flight;
        bench.path.rate_bytes_per_us = rows[i].rate;
        cr_expect_eq(weft_path_time(&bench.path, rows[i].bytes), rows[i].time, "row %zu", i);
    }
}

/* What takes for ever does not take less by the latency. */
Test(path, time__largest_size)
{
    struct bench bench = direct();

    cr_expect_eq(weft_path_time(&bench.path, UINT64_MAX), WEFT_NEVER);
}

Test(path, done__learns)
{
    static const struct {
        uint64_t before;
        uint64_t bytes;
        weft_ns issued_at;
        weft_ns ended_at; /* of the chunk before */
        weft_ns now;
        uint64_t after;
    } rows[] = {
        {10000, 100000, 0, 0, 11000, 10000},     /* as nominal */
        {10000, 60000, 0, 0, 11000, 9000},       /* 6,000: a quarter of the way */
        {10000, 50000, 0, 0, 11000, 8750},       /* 5,000 is not less than half */
        {10000, 49990, 0, 0, 11000, 7499},       /* 4,999 is: half of the way at once */
        {5500, 100000, 0, 0, 11000, 6625},       /* good news is believed slowly */
        {5500, 900000, 0, 0, 11000, 6625},       /* not more than nominal */
        {10000, 60000, 0, 5000, 15000, 9000},    /* behind another: since that one ended */
        {10000, 60000, 4000, 4000, 15000, 9000}, /* it ended as this one began: not behind */
        {10000, 1, 0, 0, 1000000, 5078},         /* not below 1/64: 157 */
        {10000, 10, 0, 0, 500, 10000},           /* sooner than the latency */
        {10000, 10, 0, 500, 500, 10000},         /* at the same instant as the one before */
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct bench bench = direct();

        bench.path.rate_bytes_per_us = rows[i].before;
        bench.path.ended_at = rows[i].ended_at;
        weft_path_taken(&bench.path, rows[i].bytes);
        weft_path_done(&bench.path, rows[i].bytes, rows[i].issued_at, rows[i].now);
        cr_expect_eq(bench.path.rate_bytes_per_us, rows[i].after, "row %zu: %lu", i,
                     (unsigned long)bench.path.rate_bytes_per_us);
        cr_expect_eq(bench.path.ended_at, rows[i].now, "row %zu", i);
    }
}

Test(path, done__accounts)
{
    struct bench bench = direct();

    weft_path_taken(&bench.path, 1000);
    weft_path_taken(&bench.path, 500);
    cr_expect_eq(bench.path.chunks, 2);
    cr_expect_eq(bench.path.bytes, 1500);
    weft_path_done(&bench.path, 1000, 0, 2000);
    cr_expect_eq(bench.path.chunks, 1);
    cr_expect_eq(bench.path.bytes, 500);
    cr_expect_eq(bench.path.moved_bytes, 1000);
    cr_expect_eq(bench.path.chunk_count, 1);
    cr_expect_eq(bench.path.samples, 1);
    weft_path_failed(&bench.path, 500);
    cr_expect_eq(bench.path.chunks, 0);
    cr_expect_eq(bench.path.bytes, 0);
    cr_expect_eq(bench.path.moved_bytes, 1000);
    cr_expect_eq(bench.path.chunk_count, 1);
    cr_expect_eq(bench.path.samples, 1);
}

Test(path, done__none_in_flight, .signal = SIGABRT)
{
    struct bench bench = direct();

    weft_path_done(&bench.path, 0, 0, 0);
}

Test(path, failed__none_in_flight, .signal = SIGABRT)
{
    struct bench bench = direct();

    weft_path_failed(&bench.path, 0);
}

Test(path, failed__more_bytes_than_in_flight, .signal = SIGABRT)
{
    struct bench bench = direct();

    weft_path_taken(&bench.path, 10);
    weft_path_failed(&bench.path, 11);
}

/* Nominal 10,000. Slow: below 60 % of its cap after two samples. Full: 90 % of its limit. */
Test(path, review__limits)
{
    static const struct {
        uint32_t samples;
        bool admitted;
        uint64_t rate;
        uint64_t cap;
        uint64_t before;
        uint64_t after;
    } rows[] = {
        {2, true, 10000, 10000, 10000, 10000},
        {2, true, 6000, 10000, 10000, 10000},
        {2, true, 5999, 10000, 10000, 7499},
        {1, true, 1000, 10000, 10000, 10000},
        {2, false, 1000, 0, 10000, 10000},
        {2, true, 4500, 5000, 5000, 7500},
        {2, true, 4499, 5000, 5000, 5000},
        {2, true, 6750, 7500, 7500, 10000},
        {0, true, 4500, 5000, 5000, 7500},
        {9, true, 157, 10000, 10000, 197},
        {9, true, 2, 2, 2, 3},
        {9, true, 3000, 3000, 10000, 10000},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct bench bench = direct();

        bench.path.samples = rows[i].samples;
        bench.path.admitted = rows[i].admitted;
        bench.path.rate_bytes_per_us = rows[i].rate;
        bench.path.cap_bytes_per_us = rows[i].cap;
        bench.path.limit_bytes_per_us = rows[i].before;
        weft_path_review(&bench.path);
        cr_expect_eq(bench.path.limit_bytes_per_us, rows[i].after, "row %zu: %lu", i,
                     (unsigned long)bench.path.limit_bytes_per_us);
        cr_expect_eq(bench.path.samples, 0, "row %zu", i);
    }
}

Test(path, limited__below_nominal)
{
    struct bench bench = direct();

    cr_expect_not(weft_path_limited(&bench.path));
    bench.path.limit_bytes_per_us = 9999;
    cr_expect(weft_path_limited(&bench.path));
}

Test(path, unplan__takes_the_share)
{
    struct bench bench = direct();

    bench.path.admitted = true;
    bench.path.owner_busy = true;
    bench.path.cap_bytes_per_us = 77;
    weft_path_unplan(&bench.path);
    cr_expect_not(bench.path.admitted);
    cr_expect_not(bench.path.owner_busy);
    cr_expect_eq(bench.path.cap_bytes_per_us, 0);
    cr_expect_eq(bench.path.limit_bytes_per_us, 10000, "what it proved stays");
}
