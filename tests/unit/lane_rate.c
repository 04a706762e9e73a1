/* What lanes learn: the rate from good copies, and from it the time that copies are allowed. */
#include <criterion/criterion.h>

#include "fixture.h"

#include "core/lane.h"

/* A lane of 10 bytes a nanosecond with 1,000 ns to the first byte. */
#define SMALL 10000
#define LARGE 1000000

struct bench {
    struct weft_config config;
    struct weft_lane lane;
};

static struct bench made(void)
{
    struct weft_hop hop = {.rate_bytes_per_us = 10000, .latency_ns = 1000};
    struct bench bench;

    fixture_config(&bench.config);
    bench.config.suspect_us = 200;
    weft_lane_init(&bench.lane, &hop, &bench.config);
    return bench;
}

static void issue(struct bench *bench, uint64_t bytes, weft_ns now)
{
    weft_lane_issued(&bench->lane, &bench->config, bytes, true, now);
}

/* One copy of `bytes` from `ready_at` to `now` teaches a lane that believed `before`. */
Test(lane_rate, ended__learns)
{
    static const struct {
        uint64_t before;
        uint64_t bytes;
        weft_ns ready_at;
        weft_ns ended_at; /* of the copy before */
        weft_ns now;
        uint64_t after;
    } rows[] = {
        {10000, 100000, 0, 0, 11000, 10000},  /* as nominal */
        {10000, 60000, 0, 0, 11000, 9000},    /* 6,000: a quarter of the way */
        {10000, 50000, 0, 0, 11000, 8750},    /* 5,000 is not less than half */
        {10000, 49990, 0, 0, 11000, 7499},    /* 4,999 is: half of the way */
        {10000, 10000, 0, 0, 11000, 5500},    /* 1,000 */
        {5500, 100000, 0, 0, 11000, 6625},    /* good news is believed slowly */
        {5500, 500000, 0, 0, 11000, 6625},    /* not more than nominal */
        {10000, 60000, 0, 9000, 20000, 9000}, /* alone since the one before ended */
        {10000, 1, 0, 0, 1000000, 5078},      /* not below 1/64: 157 */
        {157, 1, 0, 0, 1000000, 157},
        {10000, 10, 0, 0, 500, 10000}, /* sooner than the latency: as nominal */
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct bench bench = made();

        bench.lane.rate_bytes_per_us = rows[i].before;
        issue(&bench, rows[i].bytes, rows[i].ready_at);
        bench.lane.ended_at = rows[i].ended_at;
        weft_lane_ended(&bench.lane, &bench.config, rows[i].bytes, rows[i].ready_at, true,
                        rows[i].now);
        cr_expect_eq(bench.lane.rate_bytes_per_us, rows[i].after, "row %zu: %lu", i,
                     (unsigned long)bench.lane.rate_bytes_per_us);
    }
}

Test(lane_rate, ended__failures_teach_nothing)
{
    struct bench bench = made();

    issue(&bench, SMALL, 0);
    weft_lane_ended(&bench.lane, &bench.config, SMALL, 0, false, 1000000);
    cr_expect_eq(bench.lane.rate_bytes_per_us, 10000);
}

/* Two ports are polled in turn: the end of the second copy of a chain may be seen before that of
 * the first. Since when it could run is then unknown, so it says nothing about the rate. */
Test(lane_rate, ended__well_before_its_predecessor_teaches_nothing)
{
    struct bench bench = made();

    weft_lane_issued(&bench.lane, &bench.config, SMALL, false, 0);
    weft_lane_ended(&bench.lane, &bench.config, SMALL, WEFT_NEVER, true, 1000000);
    cr_expect_eq(bench.lane.copies, 0);
    cr_expect_eq(bench.lane.rate_bytes_per_us, 10000);
}

/* A slow lane is given the time that it needs. */
Test(lane_rate, issued__allowance_follows_the_learned_rate)
{
    struct bench bench = made();

    bench.lane.rate_bytes_per_us = 1000;
    issue(&bench, LARGE, 0);
    cr_expect_eq(bench.lane.timer_at, 4004000);
}
