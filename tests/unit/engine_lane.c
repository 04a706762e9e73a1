/* The engine's lanes: probes and trials, links that change, lanes that are late or full. */
#include <criterion/criterion.h>

#include "fixture.h"

#include "core/trace.h"

#define FIRST_PROBE_COOKIE 64      /* 16 chunks of 4 cookies */
#define PROBE_OFFSET       1048576 /* behind 4 slots of 256 KiB */

static void expect_state(struct fixture *fixture, bool down, uint64_t chunk_bytes)
{
    struct weft_route_report row;

    cr_assert_eq(weft_engine_routes(fixture->engine, FIXTURE_GPU0, FIXTURE_DRAM0, &row, 1), 1);
    cr_expect_str_eq(row.name, "gpu0>dram0");
    cr_expect_eq(row.down, down);
    cr_expect_eq(row.chunk_bytes, chunk_bytes);
}

/* The direct lane failed at 1,000 with a transfer that went another way since. */
static struct fixture *with_failed_lane(void)
{
    struct fixture *fixture = fixture_open();

    fixture_put(fixture, 0, 1000);
    fixture_pump(fixture);
    fixture->now = 1000;
    fixture_end(fixture, 0, weftSystemError);
    fixture_finish(fixture);
    cr_assert_eq(fixture_complete(fixture, 0)->result, weftSuccess);
    cr_assert_eq(fixture->copy_count, 3);
    expect_state(fixture, true, 262144);
    return fixture;
}

/* Probes after 100 us, doubling; a good one: a trial of two small chunks in turn; then up. */
Test(engine_lane, probe__down_trial_up)
{
    struct fixture *fixture = with_failed_lane();
    const struct fixture_copy *probe = &fixture->copies[3];

    fixture_pass(fixture, 100999);
    cr_expect_eq(fixture->copy_count, 3);
    fixture_pass(fixture, 101000);
    cr_assert_eq(fixture->copy_count, 4);
    cr_expect_eq(probe->action.hop, FIXTURE_GPU0_DRAM0);
    cr_expect_eq(probe->action.cookie, FIRST_PROBE_COOKIE + FIXTURE_GPU0_DRAM0);
    cr_expect_eq(probe->action.src_window, FIXTURE_RELAY + FIXTURE_GPU0);
    cr_expect_eq(probe->action.dst_window, FIXTURE_RELAY + FIXTURE_DRAM0);
    cr_expect_eq(probe->action.extent_count, 1);
    /* the place of the source device, on both sides */
    cr_expect_eq(probe->extents[0].src_offset, PROBE_OFFSET + FIXTURE_GPU0 * 32);
    cr_expect_eq(probe->extents[0].dst_offset, PROBE_OFFSET + FIXTURE_GPU0 * 32);
    cr_expect_eq(probe->extents[0].size_bytes, 32);
    cr_expect_eq(weft_engine_copies(fixture->engine), 1);
    fixture_end(fixture, 3, weftSystemError);
    cr_expect_eq(weft_engine_copies(fixture->engine), 0);
    fixture_pass(fixture, 300999);
    cr_expect_eq(fixture->copy_count, 4);
    fixture_pass(fixture, 301000);
    cr_assert_eq(fixture->copy_count, 5);
    fixture_end(fixture, 4, weftSuccess);
    expect_state(fixture, false, 65536);
    fixture_put(fixture, 1, 200000);
    for (uint32_t copy = 5; copy < 7; copy++) {
        fixture_pump(fixture);
        cr_assert_eq(fixture->copy_count, copy + 1, "one chunk at a time");
        cr_expect_eq(fixture->copies[copy].action.size_bytes, 65536);
        fixture->now += 10000;
        fixture_end(fixture, copy, weftSuccess);
    }
    expect_state(fixture, false, 262144);
    fixture_finish(fixture);
    cr_expect_eq(fixture_complete(fixture, 1)->result, weftSuccess);
}

Test(engine_lane, probe__refused)
{
    static const struct {
        weftResult_t result;
        weft_ns again_at;
    } rows[] = {{weftNoResource, 301000}, {weftUnhandledCudaError, 301000}};

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct fixture *fixture = with_failed_lane();

        fixture_pass(fixture, 101000);
        cr_assert_eq(fixture->copy_count, 4);
        fixture_refuse(fixture, 3, rows[i].result);
        cr_expect_eq(weft_engine_copies(fixture->engine), 0, "row %zu", i);
        fixture_pass(fixture, rows[i].again_at - 1);
        cr_expect_eq(fixture->copy_count, 4, "row %zu", i);
        fixture_pass(fixture, rows[i].again_at);
        cr_expect_eq(fixture->copy_count, 5, "row %zu", i);
    }
}

/* Where there are no relays a lane is tried with a chunk. */
Test(engine_lane, probe__without_relays)
{
    struct fixture *fixture = fixture_prepare();

    fixture_start_bare(fixture);
    fixture_put(fixture, 0, 1000);
    fixture_pump(fixture);
    fixture_end(fixture, 0, weftSystemError);
    fixture_pass(fixture, 99999);
    cr_expect_eq(fixture->copy_count, 1);
    fixture_pass(fixture, 100000);
    cr_assert_eq(fixture->copy_count, 2);
    cr_expect_lt(fixture->copies[1].action.cookie, FIRST_PROBE_COOKIE);
    cr_expect_eq(fixture->copies[1].action.size_bytes, 1000);
    fixture_finish(fixture);
    cr_expect_eq(fixture_complete(fixture, 0)->result, weftSuccess);
    cr_expect_eq(fixture_wrong(fixture, 1000), 0);
}

/* A link that the machine says is down takes its paths out at once, for all pairs that cross it. */
Test(engine_lane, link_changed__down)
{
    static const bool down[] = {false, true, false};
    struct fixture *fixture = fixture_open();
    struct weft_route_report rows[3];

    fixture_put(fixture, 0, 2097152);
    fixture_pump(fixture);
    fixture_link(fixture, "gpu1-pcie", 0);
    cr_assert_eq(weft_engine_routes(fixture->engine, FIXTURE_GPU0, FIXTURE_DRAM0, rows, 3), 3);
    for (uint32_t i = 0; i < 3; i++)
        cr_expect_eq(rows[i].down, down[i], "%s", rows[i].name);
    cr_assert_eq(weft_engine_routes(fixture->engine, FIXTURE_DRAM0, FIXTURE_GPU1, rows, 1), 1);
    cr_expect(rows[0].down);
    fixture_finish(fixture);
    cr_expect_eq(fixture_complete(fixture, 0)->result, weftSuccess);
    cr_expect_eq(fixture_wrong(fixture, 2097152), 0);
}

/* Slower is not down. */
Test(engine_lane, link_changed__slower)
{
    struct fixture *fixture = fixture_open();
    struct weft_route_report rows[3];
    weft_ns expected_ns = 0;

    fixture_link(fixture, "gpu1-pcie", 2000);
    cr_assert_eq(weft_engine_explain(fixture->engine, FIXTURE_GPU0, FIXTURE_DRAM0, 1048576, rows, 3,
                                     &expected_ns),
                 3);
    cr_expect_not(rows[1].down);
    cr_expect_eq(rows[0].rate_bytes_per_us, 10000);
    cr_expect_eq(rows[1].rate_bytes_per_us, 2000);
    cr_expect_eq(rows[2].rate_bytes_per_us, 10000);
}

/* One lane is late: it gets no more, the others go on, and its end makes it well again. */
Test(engine_lane, expired__late_lane)
{
    struct fixture *fixture = fixture_open();
    uint32_t late = 0;

    fixture_put(fixture, 0, 2097152);
    fixture_finish_but(fixture, FIXTURE_GPU0_DRAM0);
    cr_expect_eq(fixture->complete_count, 0);
    fixture_pass(fixture, 500000);
    expect_state(fixture, true, 262144);
    for (uint32_t i = 0; i < fixture->copy_count; i++)
        late += fixture->copies[i].action.hop == FIXTURE_GPU0_DRAM0;
    cr_expect_eq(late, 2);
    fixture_finish(fixture);
    expect_state(fixture, false, 262144);
    cr_expect_eq(fixture_complete(fixture, 0)->result, weftSuccess);
    cr_expect_eq(fixture_wrong(fixture, 2097152), 0);
}

/* A full port is no sign of life: its lane is late at 200,000 whatever was refused before. */
Test(engine_lane, refused__is_no_progress)
{
    struct fixture *fixture = fixture_prepare();

    weft_config_set(&fixture->config, WEFT_SETTING_routes, "direct", WEFT_CONFIG_CALL);
    fixture_start(fixture);
    fixture_put(fixture, 0, 524288);
    fixture_pump(fixture);
    cr_assert_eq(fixture->copy_count, 2);
    fixture_pass(fixture, 199000);
    fixture_refuse(fixture, 1, weftNoResource);
    fixture_pass(fixture, 200000);
    cr_expect_eq(weft_engine_trace(fixture->engine)->counts[WEFT_TRACE_lane_state], 1);
    expect_state(fixture, true, 262144);
}

/* The copy on a hop that was issued last and is out. */
static uint32_t last_out(const struct fixture *fixture, uint32_t hop)
{
    for (uint32_t i = fixture->copy_count; i > 0; i--)
        if (fixture->copies[i - 1].out && fixture->copies[i - 1].action.hop == hop)
            return i - 1;
    cr_assert_fail("no copy on hop %u is out", hop);
    return FIXTURE_COPIES_MAX;
}

/* Two ports are full: the engine wakes for the lane that may be tried first, then for the other. */
Test(engine_lane, hold__first_of_several)
{
    static const struct {
        uint32_t refused; /* the lane whose last copy is refused at `at`, or WEFT_NONE */
        weft_ns at;
        weft_ns next_at;
        uint32_t again; /* the lane that is tried at `next_at` */
    } rows[] = {
        {FIXTURE_GPU0_DRAM0, 1000, 6000, WEFT_NONE},          /* for 5,000 */
        {FIXTURE_GPU1_DRAM0, 3000, 6000, FIXTURE_GPU0_DRAM0}, /* for 5,000 */
        {WEFT_NONE, 6000, 8000, FIXTURE_GPU1_DRAM0},
        {FIXTURE_GPU0_DRAM0, 9000, 19000, FIXTURE_GPU0_DRAM0},  /* for 10,000 */
        {FIXTURE_GPU0_DRAM0, 20000, 40000, WEFT_NONE},          /* for 20,000 */
        {FIXTURE_GPU1_DRAM0, 21000, 31000, FIXTURE_GPU1_DRAM0}, /* for 10,000 */
        {WEFT_NONE, 31000, 40000, FIXTURE_GPU0_DRAM0},
    };
    struct fixture *fixture = fixture_open();

    fixture_put(fixture, 0, 1048576);
    fixture_pump(fixture);
    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        uint32_t count;

        fixture_pass(fixture, rows[i].at);
        if (rows[i].refused != WEFT_NONE)
            fixture_refuse(fixture, last_out(fixture, rows[i].refused), weftNoResource);
        fixture_pump(fixture);
        cr_expect_eq(weft_engine_deadline(fixture->engine), rows[i].next_at, "row %zu: %lu", i,
                     (unsigned long)weft_engine_deadline(fixture->engine));
        if (rows[i].again == WEFT_NONE)
            continue;
        count = fixture->copy_count;
        fixture_pass(fixture, rows[i].next_at - 1);
        cr_assert_eq(fixture->copy_count, count, "row %zu", i);
        fixture_pass(fixture, rows[i].next_at);
        cr_assert_eq(fixture->copy_count, count + 1, "row %zu", i);
        cr_expect_eq(fixture->copies[count].action.hop, rows[i].again, "row %zu", i);
    }
    fixture_finish(fixture);
    cr_expect_eq(fixture_complete(fixture, 0)->result, weftSuccess);
    cr_expect_eq(fixture_wrong(fixture, 1048576), 0);
}
