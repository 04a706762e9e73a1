/* The engine's copies that a port refuses: they come again, or their bytes go another way. */
#include <criterion/criterion.h>

#include "fixture.h"

#include "core/trace.h"

/* The port's queue is full: the same copy comes again after 5,000 ns, not before. */
Test(engine_refused, next__comes_again)
{
    struct fixture *fixture = fixture_open();

    fixture_put(fixture, 0, 1000);
    fixture_pump(fixture);
    cr_assert_eq(fixture->copy_count, 1);
    fixture_refuse(fixture, 0, weftNoResource);
    cr_expect_eq(weft_engine_copies(fixture->engine), 0);
    cr_expect_eq(weft_engine_deadline(fixture->engine), 5000);
    fixture_pass(fixture, 4999);
    cr_expect_eq(fixture->copy_count, 1);
    fixture_pass(fixture, 5000);
    cr_assert_eq(fixture->copy_count, 2);
    cr_expect_eq(fixture->copies[1].action.cookie, fixture->copies[0].action.cookie);
    cr_expect_eq(fixture->copies[1].action.hop, FIXTURE_GPU0_DRAM0);
    cr_expect_eq(fixture->copies[1].extents[0].size_bytes, 1000);
    fixture_finish(fixture);
    cr_expect_eq(fixture_complete(fixture, 0)->result, weftSuccess);
    cr_expect_eq(fixture_wrong(fixture, 1000), 0);
}

/* The second copy of a chain is refused; the first ends meanwhile: it comes without `after`. */
Test(engine_refused, next__second_of_a_chain)
{
    struct fixture *fixture = fixture_open_over_gpu1();

    fixture_put(fixture, 0, 60000);
    fixture_pump(fixture);
    fixture_refuse(fixture, 1, weftNoResource);
    fixture_end(fixture, 0, weftSuccess);
    fixture_pass(fixture, 5000);
    cr_assert_eq(fixture->copy_count, 3);
    cr_expect_eq(fixture->copies[2].action.hop, FIXTURE_GPU1_DRAM0);
    cr_expect_eq(fixture->copies[2].action.after, WEFT_COOKIE_NONE);
    fixture_finish(fixture);
    cr_expect_eq(fixture_complete(fixture, 0)->result, weftSuccess);
    cr_expect_eq(fixture_wrong(fixture, 60000), 0);
}

/* Refused at instant 0 and whenever it comes again: after 5,000 ns, doubling, at most 1 ms. */
static void refuse_till(struct fixture *fixture, uint32_t copy, size_t times)
{
    static const weft_ns again_at[] = {5000, 15000, 35000, 75000, 155000, 315000, 635000, 1275000};
    uint32_t cookie = fixture->copies[copy].action.cookie;

    for (size_t i = 0; i < times; i++) {
        uint32_t count = fixture->copy_count;

        fixture_refuse(fixture, copy, weftNoResource);
        fixture_pump(fixture);
        if (i + 1 == times)
            return;
        fixture_pass(fixture, again_at[i] - 1);
        cr_assert_eq(fixture->copy_count, count, "refusal %zu: too early", i);
        fixture_pass(fixture, again_at[i]);
        cr_assert_eq(fixture->copy_count, count + 1, "refusal %zu: not again", i);
        copy = count;
        cr_assert_eq(fixture->copies[copy].action.cookie, cookie, "refusal %zu", i);
    }
}

/* Refused so often that the next wait is the longest: the bytes go back, and another path takes
 * them. Up to then they wait. A full port is no bad lane. */
Test(engine_refused, next__too_often)
{
    static const struct {
        size_t times;
        uint32_t hop; /* of the next copy; WEFT_NONE: there is none */
    } rows[] = {{1, WEFT_NONE}, {8, WEFT_NONE}, {9, FIXTURE_GPU0_GPU1}};

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct fixture *fixture = fixture_open();
        bool back = rows[i].hop != WEFT_NONE;
        struct weft_route_report row;

        fixture_put(fixture, 0, 1000);
        fixture_pump(fixture);
        refuse_till(fixture, 0, rows[i].times);
        cr_assert_eq(fixture->copy_count, rows[i].times + (back ? 2 : 0), "row %zu", i);
        if (back)
            cr_expect_eq(fixture->copies[rows[i].times].action.hop, rows[i].hop, "row %zu", i);
        cr_expect_eq(weft_engine_trace(fixture->engine)->counts[WEFT_TRACE_chunk_failed], back,
                     "row %zu", i);
        cr_assert_eq(weft_engine_routes(fixture->engine, FIXTURE_GPU0, FIXTURE_DRAM0, &row, 1), 1);
        cr_expect_not(row.down, "row %zu", i);
        fixture_pass(fixture, 3000000);
        fixture_finish(fixture);
        cr_expect_eq(fixture_complete(fixture, 0)->result, weftSuccess, "row %zu", i);
        cr_expect_eq(fixture_wrong(fixture, 1000), 0, "row %zu", i);
    }
}

/* The second copy of a chain is refused too often: the bytes go back when the first has ended. */
Test(engine_refused, next__too_often_behind_another)
{
    struct fixture *fixture = fixture_prepare();
    const struct weft_trace *trace;

    weft_config_set(&fixture->config, WEFT_SETTING_routes, "transit:gpu1", WEFT_CONFIG_CALL);
    fixture->config.suspect_us = 1000000;
    fixture_start(fixture);
    trace = weft_engine_trace(fixture->engine);
    fixture_put(fixture, 0, 60000);
    fixture_pump(fixture);
    cr_assert_eq(fixture->copy_count, 2);
    refuse_till(fixture, 1, 9);
    cr_expect_eq(fixture_out(fixture), 1);
    cr_expect_eq(trace->counts[WEFT_TRACE_chunk_failed], 0, "the first copy is out");
    fixture_end(fixture, 0, weftSuccess);
    cr_expect_eq(trace->counts[WEFT_TRACE_chunk_failed], 1);
    fixture_pass(fixture, 3000000);
    fixture_finish(fixture);
    cr_expect_eq(fixture_complete(fixture, 0)->result, weftSuccess);
    cr_expect_eq(fixture_wrong(fixture, 60000), 0);
}

/* While one port is full the others go on. */
Test(engine_refused, next__others_go_on)
{
    struct fixture *fixture = fixture_open();

    fixture_put(fixture, 0, 1048576);
    fixture_pump(fixture);
    fixture_refuse(fixture, fixture_find(fixture, FIXTURE_GPU0_DRAM0), weftNoResource);
    fixture_finish(fixture);
    fixture_pass(fixture, weft_max(fixture->now, 5000));
    fixture_finish(fixture);
    cr_expect_eq(fixture_complete(fixture, 0)->result, weftSuccess);
    cr_expect_eq(fixture_wrong(fixture, 1048576), 0);
}

/* Any other result is a failure: another path carries it, and the lane is down. */
Test(engine_refused, next__failed_at_once)
{
    struct fixture *fixture = fixture_open();
    struct weft_route_report rows[3];

    fixture_put(fixture, 0, 1000);
    fixture_pump(fixture);
    fixture_refuse(fixture, 0, weftUnhandledCudaError);
    fixture_pump(fixture);
    cr_assert_eq(fixture->copy_count, 3);
    cr_expect_eq(fixture->copies[1].action.hop, FIXTURE_GPU0_GPU1);
    cr_assert_eq(weft_engine_routes(fixture->engine, FIXTURE_GPU0, FIXTURE_DRAM0, rows, 3), 3);
    cr_expect(rows[0].down);
    fixture_finish(fixture);
    cr_expect_eq(fixture_complete(fixture, 0)->result, weftSuccess);
    cr_expect_eq(fixture_wrong(fixture, 1000), 0);
}

/* The memory takes what two paths bring, so that the plan leaves out the third; both their ports
 * are full, as with copies that hang. The third carries what they cannot; they are tried again all
 * the while, and serve when they take copies again. */
Test(engine_refused, next__full_ports_are_planned_around)
{
    struct fixture *fixture = fixture_open();

    fixture_link(fixture, "dram0", 20000);
    fixture->full[FIXTURE_GPU0_DRAM0] = true;
    fixture->full[FIXTURE_GPU0_GPU1] = true;
    fixture_put(fixture, 0, 1048576);
    while (fixture->complete_count == 0 && fixture->now < 5000000) {
        fixture_pass(fixture, fixture->now + 100000);
        fixture_finish(fixture);
    }
    cr_expect_eq(fixture_complete(fixture, 0)->result, weftSuccess);
    cr_expect_eq(fixture_wrong(fixture, 1048576), 0);
    cr_expect_geq(fixture->refused_count, 18);
    fixture->full[FIXTURE_GPU0_DRAM0] = false;
    fixture_put(fixture, 1, 1048576);
    fixture_pass(fixture, fixture->now + 2000000);
    cr_expect_lt(fixture_find(fixture, FIXTURE_GPU0_DRAM0), FIXTURE_COPIES_MAX);
    fixture_finish(fixture);
    cr_expect_eq(fixture_complete(fixture, 1)->result, weftSuccess);
}
