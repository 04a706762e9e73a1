/* The engine's plan: explanations of whole machines, reports, and when a plan is made. */
#include <criterion/criterion.h>

#include "fixture.h"

#include "core/trace.h"

#define ROWS_MAX 16

struct wanted_row {
    const char *name; /* NULL ends the list */
    uint64_t rate;
};

static uint32_t device(const struct fixture *fixture, const char *name)
{
    uint32_t index = weft_topo_find(&fixture->topo, name);

    cr_assert_neq(index, WEFT_NONE);
    return index;
}

/* 191,000,000 bytes over the 191 bytes a nanosecond of an HGX H100's memory, and so on: 1 ms and
 * the longest latency. */
Test(engine_plan, explain__presets)
{
    static const struct {
        const char *preset;
        const char *src;
        const char *dst;
        uint64_t size;
        weft_ns expected_ns;
        struct wanted_row rows[ROWS_MAX];
    } tests[] = {
        {"hgx-h100",
         "gpu0",
         "dram0",
         191000000,
         1002926,
         {{"gpu0>dram0", 55200},
          {"gpu0>gpu1>dram0", 55200},
          {"gpu0>gpu2>dram0", 55200},
          {"gpu0>gpu3>dram0", 25400},
          {"gpu0>gpu4>dram0", 0},
          {"gpu0>gpu5>dram0", 0},
          {"gpu0>gpu6>dram0", 0},
          {"gpu0>gpu7>dram0", 0}}},
        {"hgx-h20",
         "gpu0",
         "dram0",
         300000000,
         1003076,
         {{"gpu0>dram0", 53000},
          {"gpu0>gpu1>dram0", 53000},
          {"gpu0>gpu2>dram0", 53000},
          {"gpu0>gpu3>dram0", 53000},
          {"gpu0>gpu4>dram0", 53000},
          {"gpu0>gpu5>dram0", 35000},
          {"gpu0>gpu6>dram0", 0},
          {"gpu0>gpu7>dram0", 0}}},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(tests); i++) {
        struct fixture *fixture = fixture_preset(tests[i].preset);
        struct weft_route_report rows[ROWS_MAX];
        weft_ns expected_ns = 0;
        uint32_t count = weft_engine_explain(fixture->engine, device(fixture, tests[i].src),
                                             device(fixture, tests[i].dst), tests[i].size, rows,
                                             ROWS_MAX, &expected_ns);

        cr_assert_eq(count, 8, "%s", tests[i].preset);
        for (uint32_t k = 0; k < count; k++) {
            cr_expect_str_eq(rows[k].name, tests[i].rows[k].name, "%s", tests[i].preset);
            cr_expect_eq(rows[k].rate_bytes_per_us, tests[i].rows[k].rate, "%s", rows[k].name);
            cr_expect_eq(rows[k].admitted, tests[i].rows[k].rate > 0, "%s", rows[k].name);
        }
        cr_expect_eq(expected_ns, tests[i].expected_ns, "%s: %lu", tests[i].preset,
                     (unsigned long)expected_ns);
    }
}

/* What is small goes one way: 55,200 bytes in 1,000 ns and 1,600 to the first of them. */
Test(engine_plan, explain__small)
{
    struct fixture *fixture = fixture_preset("hgx-h100");
    struct weft_route_report rows[ROWS_MAX];
    weft_ns expected_ns = 0;

    cr_assert_eq(weft_engine_explain(fixture->engine, device(fixture, "gpu0"),
                                     device(fixture, "dram0"), 55200, rows, ROWS_MAX, &expected_ns),
                 8);
    cr_expect_eq(expected_ns, 2600);
    cr_expect(rows[0].admitted);
    cr_expect_not(rows[1].admitted);
}

Test(engine_plan, explain__nowhere)
{
    struct fixture *fixture = fixture_open();
    struct weft_route_report rows[ROWS_MAX];
    weft_ns expected_ns = 77;

    cr_expect_eq(weft_engine_explain(fixture->engine, FIXTURE_CPU0, FIXTURE_DRAM0, 1000, rows,
                                     ROWS_MAX, &expected_ns),
                 0);
    cr_expect_eq(expected_ns, 77, "no pair, no expectation");
    cr_expect_eq(weft_engine_explain(fixture->engine, FIXTURE_DEVICES, FIXTURE_DRAM0, 1000, rows,
                                     ROWS_MAX, &expected_ns),
                 0);
    cr_expect_eq(weft_engine_explain(fixture->engine, FIXTURE_GPU0, FIXTURE_GPU0, 1000, rows,
                                     ROWS_MAX, &expected_ns),
                 0);
    cr_expect_eq(expected_ns, WEFT_NEVER, "no route: never");
}

Test(engine_plan, explain__rows)
{
    struct fixture *fixture = fixture_open();
    struct weft_route_report rows[2];
    weft_ns expected_ns = 0;

    cr_assert_eq(weft_engine_explain(fixture->engine, FIXTURE_GPU0, FIXTURE_DRAM0, 3000000, rows, 2,
                                     &expected_ns),
                 2);
    cr_expect_eq(expected_ns, 102000, "of all paths, not only of those that fit");
    cr_expect_eq(rows[1].nominal_bytes_per_us, 10000);
    cr_expect_eq(rows[1].hop_count, 2);
    cr_expect_eq(rows[1].hops[0], FIXTURE_GPU0_GPU1);
    cr_expect_eq(rows[1].hops[1], FIXTURE_GPU1_DRAM0);
    cr_expect_not(rows[1].down);
}

/* Asking changes nothing. */
Test(engine_plan, explain__leaves_the_plan)
{
    struct fixture *fixture = fixture_open();
    struct weft_route_report rows[3];
    weft_ns expected_ns = 0;
    uint64_t hash;

    fixture_put(fixture, 0, 1048576);
    fixture_pump(fixture);
    hash = weft_engine_trace(fixture->engine)->hash;
    weft_engine_explain(fixture->engine, FIXTURE_GPU0, FIXTURE_DRAM0, 1000, rows, 3, &expected_ns);
    cr_expect_not(rows[1].admitted);
    cr_assert_eq(weft_engine_routes(fixture->engine, FIXTURE_GPU0, FIXTURE_DRAM0, rows, 3), 3);
    cr_expect(rows[1].admitted);
    cr_expect_eq(weft_engine_trace(fixture->engine)->hash, hash);
}

Test(engine_plan, routes__moved_bytes)
{
    struct fixture *fixture = fixture_open();
    struct weft_route_report rows[3];

    fixture_put(fixture, 0, 1000);
    fixture_finish(fixture);
    fixture_put(fixture, 0, 500);
    fixture_finish(fixture);
    cr_assert_eq(weft_engine_routes(fixture->engine, FIXTURE_GPU0, FIXTURE_DRAM0, rows, 3), 3);
    cr_expect_eq(rows[0].moved_bytes, 1500);
    cr_expect_eq(rows[0].chunk_count, 2);
    cr_expect_eq(rows[1].moved_bytes, 0);
    cr_assert_eq(weft_engine_routes(fixture->engine, FIXTURE_DRAM0, FIXTURE_GPU0, rows, 3), 3);
    cr_expect_eq(rows[0].moved_bytes, 0);
    cr_expect_eq(weft_engine_routes(fixture->engine, FIXTURE_CPU0, FIXTURE_GPU0, rows, 3), 0);
}

static uint64_t plans(const struct fixture *fixture)
{
    return weft_engine_trace(fixture->engine)->counts[WEFT_TRACE_plan_made];
}

/* For loads only, and when the first of a pair begins. */
Test(engine_plan, plan__when_load_begins)
{
    struct fixture *fixture = fixture_open();

    fixture_put(fixture, 0, 65535);
    fixture_pump(fixture);
    cr_expect_eq(plans(fixture), 0, "no load");
    fixture_put(fixture, 1, 65536);
    fixture_pump(fixture);
    cr_expect_eq(plans(fixture), 1);
    fixture_put(fixture, 2, 65536);
    fixture_pump(fixture);
    cr_expect_eq(plans(fixture), 1, "the pair has load already");
}

/* While there is load: every plan_interval_us. When it has ended: no more timers. */
Test(engine_plan, plan__interval)
{
    struct fixture *fixture = fixture_prepare();

    fixture->config.suspect_us = 1000000;
    fixture_start(fixture);
    fixture_put(fixture, 0, 1048576);
    fixture_pump(fixture);
    cr_expect_eq(plans(fixture), 1);
    fixture_pass(fixture, 999999);
    cr_expect_eq(plans(fixture), 1);
    fixture_pass(fixture, 1000000);
    cr_expect_eq(plans(fixture), 2);
    fixture_finish(fixture);
    fixture_pass(fixture, 9000000);
    cr_expect_eq(weft_engine_deadline(fixture->engine), WEFT_NEVER);
}

/* Loads that end all the time do not keep a load that goes on from being planned for. */
Test(engine_plan, plan__ends_do_not_postpone_it)
{
    struct fixture *fixture = fixture_prepare();
    struct weft_event cancel = {.kind = WEFT_EVENT_CANCEL, .tag = 1};
    struct weft_op op;

    fixture->config.suspect_us = 1000000;
    fixture_start(fixture);
    fixture_put(fixture, 0, 2097152);
    fixture_pump(fixture);
    op = fixture_op(fixture, 1, 65536);
    for (weft_ns now = 100000; now <= 3000000; now += 100000) {
        fixture_pass(fixture, now);
        cr_assert_eq(fixture_submit(fixture, &op), weftSuccess);
        fixture_event(fixture, &cancel);
        fixture_pump(fixture);
    }
    cr_expect_geq(plans(fixture), 3, "in 3 ms, at least every 1 ms");
}

/* From gpu1 to dram0. */
static void put_from_gpu1(struct fixture *fixture, uint32_t tag, uint64_t size_bytes)
{
    struct weft_op op = fixture_op(fixture, tag, size_bytes);

    op.src_window = FIXTURE_PEER;
    cr_assert_eq(fixture_submit(fixture, &op), weftSuccess);
}

static struct fixture *opened_without_late_lanes(void)
{
    struct fixture *fixture = fixture_prepare();

    fixture->config.suspect_us = 1000000;
    fixture_start(fixture);
    return fixture;
}

/* Is the route of a pair, by its number in the list, in the plan? */
static bool admitted(struct fixture *fixture, uint32_t src, uint32_t route, const char *name)
{
    struct weft_route_report rows[3];

    cr_assert_eq(weft_engine_routes(fixture->engine, src, FIXTURE_DRAM0, rows, 3), 3);
    cr_expect_str_eq(rows[route].name, name);
    return rows[route].admitted;
}

/* gpu0 and gpu1 write to dram0, gpu2 can relay for one of them: for the one with less left. */
Test(engine_plan, plan__least_load_first)
{
    static const struct {
        uint64_t gpu0_bytes;
        uint64_t gpu1_bytes;
        bool gpu0_has_it;
    } rows[] = {{1048576, 2097152, true},
                {2097152, 1048576, false},
                {1048577, 1048576, false},
                {1048576, 1048577, true},
                {1048576, 1048576, false}}; /* the pair that was used first */

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct fixture *fixture = opened_without_late_lanes();

        put_from_gpu1(fixture, 1, rows[i].gpu1_bytes);
        fixture_put(fixture, 0, rows[i].gpu0_bytes);
        fixture_pump(fixture);
        cr_expect_eq(admitted(fixture, FIXTURE_GPU0, 2, "gpu0>gpu2>dram0"), rows[i].gpu0_has_it,
                     "row %zu", i);
        cr_expect_eq(admitted(fixture, FIXTURE_GPU1, 2, "gpu1>gpu2>dram0"), !rows[i].gpu0_has_it,
                     "row %zu", i);
        cr_expect_not(admitted(fixture, FIXTURE_GPU0, 1, "gpu0>gpu1>dram0"), "row %zu", i);
        cr_expect_not(admitted(fixture, FIXTURE_GPU1, 1, "gpu1>gpu0>dram0"), "row %zu", i);
    }
}

/* What counts is what no path has taken, not what was submitted, when the next plan is made. Of the
 * 2 MiB of gpu0 seven chunks of 256 KiB are taken, so that 256 KiB are left; of the 1 MiB of gpu1
 * two of them and two of 64 KiB over gpu2, so that 384 KiB are left. */
Test(engine_plan, plan__least_left_first)
{
    struct fixture *fixture = opened_without_late_lanes();

    fixture_put(fixture, 0, 2097152);
    put_from_gpu1(fixture, 1, 1048576);
    fixture_pump(fixture);
    cr_expect_not(admitted(fixture, FIXTURE_GPU0, 2, "gpu0>gpu2>dram0"));
    for (uint32_t i = 0; i < 5; i++) {
        uint32_t copy = fixture_find(fixture, FIXTURE_GPU0_DRAM0);

        fixture->now += 26000;
        cr_assert_eq(fixture->copies[copy].action.size_bytes, 262144);
        fixture_end(fixture, copy, weftSuccess);
        fixture_pump(fixture);
    }
    cr_expect_not(admitted(fixture, FIXTURE_GPU0, 2, "gpu0>gpu2>dram0"), "no plan yet");
    fixture_pass(fixture, 1000000);
    cr_expect_eq(plans(fixture), 2);
    cr_expect(admitted(fixture, FIXTURE_GPU0, 2, "gpu0>gpu2>dram0"));
    cr_expect_not(admitted(fixture, FIXTURE_GPU1, 2, "gpu1>gpu2>dram0"));
}

/* A pair keeps its link for itself while it has load, and no longer. */
Test(engine_plan, plan__no_owner_without_load)
{
    struct weft_event cancel = {.kind = WEFT_EVENT_CANCEL, .tag = 1};
    struct fixture *fixture = opened_without_late_lanes();

    fixture->now = 10000;
    fixture_put(fixture, 0, 2097152);
    put_from_gpu1(fixture, 1, 65536);
    fixture_pump(fixture);
    cr_expect_not(admitted(fixture, FIXTURE_GPU0, 1, "gpu0>gpu1>dram0"));
    fixture->now = 12000;
    fixture_event(fixture, &cancel);
    fixture_end(fixture, fixture_find(fixture, FIXTURE_GPU1_DRAM0), weftSuccess);
    fixture_pump(fixture);
    cr_expect_eq(fixture_complete(fixture, 1)->result, weftCancelled);
    cr_expect_not(admitted(fixture, FIXTURE_GPU0, 1, "gpu0>gpu1>dram0"), "too soon");
    fixture_pass(fixture, 14999);
    cr_expect_not(admitted(fixture, FIXTURE_GPU0, 1, "gpu0>gpu1>dram0"));
    fixture_pass(fixture, 15000);
    cr_expect(admitted(fixture, FIXTURE_GPU0, 1, "gpu0>gpu1>dram0"));
    cr_expect_not(admitted(fixture, FIXTURE_GPU1, 0, "gpu1>dram0"));
}

/* Two pairs had load at 10,000. For shared_us, 1 ms here, the machine counts as shared: chunks on
 * borrowed links have shared_chunk_bytes, 96 KiB here, at most; those on own links any size. */
Test(engine_plan, shared__bounds_lent_chunks)
{
    static const struct {
        bool shared;
        weft_ns at;
        uint64_t lent_bytes;
    } rows[] = {{false, 20000, 262144},
                {true, 20000, 98304},
                {true, 1009999, 98304},
                {true, 1010000, 262144}};

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct fixture *fixture = fixture_prepare();

        fixture->config.suspect_us = 1000000;
        fixture->config.ramp_bytes = 262144;
        fixture->config.shared_chunk_bytes = 98304;
        fixture->config.shared_us = 1000;
        fixture_start(fixture);
        fixture->now = 10000;
        fixture_put(fixture, 0, 65536);
        if (rows[i].shared)
            put_from_gpu1(fixture, 1, 65536);
        fixture_finish(fixture);
        fixture_pass(fixture, rows[i].at);
        cr_assert_eq(fixture->complete_count, rows[i].shared ? 2 : 1);
        fixture_put(fixture, 2, 2097152);
        fixture_pump(fixture);
        cr_expect_eq(fixture->copies[fixture_find(fixture, FIXTURE_GPU0_DRAM0)].action.size_bytes,
                     262144, "row %zu", i);
        cr_expect_eq(fixture->copies[fixture_find(fixture, FIXTURE_GPU0_GPU1)].action.size_bytes,
                     rows[i].lent_bytes, "row %zu", i);
        cr_expect_eq(fixture->copies[fixture_find(fixture, FIXTURE_GPU0_GPU2)].action.size_bytes,
                     rows[i].lent_bytes, "row %zu", i);
    }
}

/* What the plan takes, by link and in the direction of its name. */
static struct weft_load taken(const struct fixture *fixture, const char *link)
{
    struct weft_load loads[WEFT_LINKS_MAX];
    uint32_t index = weft_topo_link_find(&fixture->topo, link);

    cr_assert_neq(index, WEFT_NONE);
    weft_engine_load(fixture->engine, loads, fixture->topo.link_count);
    return loads[index];
}

static void load_link(struct fixture *fixture, const char *link, uint64_t own)
{
    struct weft_event event = {.kind = WEFT_EVENT_LINK_LOAD,
                               .link = weft_topo_link_find(&fixture->topo, link),
                               .load = {.own_bytes_per_us = own}};

    cr_assert_neq(event.link, WEFT_NONE);
    fixture_event(fixture, &event);
}

/* An owner elsewhere begins and ends: the relay through its GPU goes and comes back. */
Test(engine_plan, load__of_others)
{
    struct fixture *fixture = fixture_open();
    uint64_t before;

    cr_expect_eq(taken(fixture, "gpu0-pcie").own_bytes_per_us, 0);
    fixture_put(fixture, 0, FIXTURE_WINDOW_BYTES);
    fixture_pump(fixture);
    cr_expect_eq(taken(fixture, "gpu0-pcie").own_bytes_per_us, 10000);
    cr_expect_eq(taken(fixture, "gpu0-pcie").lent_bytes_per_us, 0);
    cr_expect_eq(taken(fixture, "gpu1-pcie").own_bytes_per_us, 0);
    cr_expect_eq(taken(fixture, "gpu1-pcie").lent_bytes_per_us, 10000);
    before = weft_engine_plans(fixture->engine);
    load_link(fixture, "gpu1-pcie", 10000);
    fixture_pass(fixture, 10000);
    cr_expect_eq(weft_engine_plans(fixture->engine), before + 1, "at once");
    cr_expect_eq(taken(fixture, "gpu1-pcie").lent_bytes_per_us, 0);
    cr_expect_eq(taken(fixture, "gpu2-pcie").lent_bytes_per_us, 10000);
    load_link(fixture, "gpu1-pcie", 0);
    fixture_pass(fixture, 20000);
    cr_expect_eq(taken(fixture, "gpu1-pcie").lent_bytes_per_us, 10000);
    fixture_finish(fixture);
    fixture_pass(fixture, 9000000);
    cr_expect_eq(taken(fixture, "gpu0-pcie").own_bytes_per_us, 0);
    cr_expect_eq(taken(fixture, "gpu2-pcie").lent_bytes_per_us, 0);
}
