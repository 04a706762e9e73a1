/* The engine's copies that hang: their transfer ends as unknown, once and not before its deadline;
 * what they may still write stays in use. */
#include <criterion/criterion.h>

#include "fixture.h"

#define SLOT_BYTES 262144

/* Unknown at the deadline; the window is in use until the copy has ended; nothing is told twice. */
Test(engine_hung, expired__a_copy_hangs)
{
    struct fixture *fixture = fixture_open();

    fixture_put_until(fixture, 0, 1000, 5000000);
    fixture_pass(fixture, 4999999);
    cr_expect_eq(fixture->complete_count, 0);
    fixture_pass(fixture, 5000000);
    fixture_expect_end(fixture, 0, weftUnknown, WEFT_CAUSE_HUNG);
    cr_expect_eq(fixture_complete(fixture, 0)->cause_hop, FIXTURE_GPU0_DRAM0);
    cr_expect_eq(fixture_complete(fixture, 0)->moved_bytes, 0);
    cr_expect_eq(weft_engine_live(fixture->engine), 0);
    cr_expect_eq(weft_engine_window_copies(fixture->engine, FIXTURE_DST), 1);
    cr_expect_eq(weft_engine_window_copies(fixture->engine, FIXTURE_SRC), 1);
    cr_expect_eq(weft_engine_window_remove(fixture->engine, FIXTURE_DST), weftInProgress);
    fixture->now = 60000000;
    fixture_end(fixture, 0, weftSuccess);
    fixture_pump(fixture);
    cr_expect_eq(weft_engine_window_copies(fixture->engine, FIXTURE_DST), 0);
    cr_expect_eq(weft_engine_window_remove(fixture->engine, FIXTURE_DST), weftSuccess);
    cr_expect_eq(fixture->complete_count, 1);
}

/* It is known to hang only after the deadline: told then. */
Test(engine_hung, expired__hangs_after_the_deadline)
{
    struct fixture *fixture = fixture_open();

    fixture_put_until(fixture, 0, 1000, 50000);
    fixture_pass(fixture, 199999);
    cr_expect_eq(fixture->complete_count, 0);
    fixture_pass(fixture, 200000);
    fixture_expect_end(fixture, 0, weftUnknown, WEFT_CAUSE_HUNG);
}

/* Over gpu1, a copy hangs on the second hop. Past its deadline another transfer's copy comes due
 * there, on the lane that is known to hang: nothing else will happen. */
Test(engine_hung, expired__the_next_copy_is_behind_a_hung_one)
{
    struct fixture *fixture = fixture_open_over_gpu1();

    fixture_put(fixture, 0, 1000);
    fixture_pump(fixture);
    fixture_end(fixture, 0, weftSuccess);
    fixture_pass(fixture, 100000);
    fixture_put_until(fixture, 1, 1000, 150000);
    cr_assert_eq(fixture->copy_count, 4);
    fixture_pass(fixture, 250000);
    cr_expect_eq(fixture->complete_count, 0, "its first copy may still end");
    fixture_end(fixture, 2, weftSuccess);
    fixture_pass(fixture, 250000);
    fixture_expect_end(fixture, 1, weftUnknown, WEFT_CAUSE_HUNG);
    cr_expect_eq(fixture_complete(fixture, 1)->cause_hop, FIXTURE_GPU1_DRAM0);
}

/* A peer that forwards says that it does not know how its copy ended: nor does the transfer,
 * whether it moves or waits for its last copies. */
Test(engine_hung, copy__ended_as_unknown)
{
    struct fixture *fixture = fixture_open();

    fixture_put_until(fixture, 0, 1000, 3000000);
    fixture_end(fixture, 0, weftUnknown);
    fixture_pass(fixture, 1000);
    fixture_expect_end(fixture, 0, weftUnknown, WEFT_CAUSE_HUNG);
    cr_expect_eq(fixture_complete(fixture, 0)->cause_hop, FIXTURE_GPU0_DRAM0);
    cr_expect_eq(fixture_out(fixture), 0, "it is not sent again");
}

Test(engine_hung, copy__ended_as_unknown_when_cancelled)
{
    struct fixture *fixture = fixture_open();

    fixture_put_until(fixture, 0, 1000, 3000000);
    fixture_cancel(fixture, 0);
    fixture_pass(fixture, 1000);
    cr_expect_eq(fixture->complete_count, 0);
    fixture_end(fixture, 0, weftUnknown);
    fixture_pass(fixture, 2000);
    fixture_expect_end(fixture, 0, weftUnknown, WEFT_CAUSE_HUNG);
}

/* A copy that was cancelled and hangs is not waited for past the deadline. */
Test(engine_hung, cancel__a_copy_that_hangs)
{
    struct fixture *fixture = fixture_open();

    fixture_put_until(fixture, 0, 1000, 3000000);
    fixture_cancel(fixture, 0);
    fixture_pass(fixture, 2999999);
    cr_expect_eq(fixture->complete_count, 0);
    fixture_pass(fixture, 3000000);
    fixture_expect_end(fixture, 0, weftUnknown, WEFT_CAUSE_HUNG);
}

/* One path hangs: the others carry the rest, and what landed is told. */
Test(engine_hung, expired__one_path_hangs)
{
    struct fixture *fixture = fixture_open();
    uint32_t hung;

    fixture_put_until(fixture, 0, 2097152, 5000000);
    hung = 0;
    fixture_finish_but(fixture, FIXTURE_GPU0_DRAM0);
    for (uint32_t i = 0; i < fixture->copy_count; i++)
        hung += fixture->copies[i].out;
    cr_expect_eq(hung, 2);
    fixture_pass(fixture, 5000000);
    fixture_expect_end(fixture, 0, weftUnknown, WEFT_CAUSE_HUNG);
    cr_expect_eq(fixture_complete(fixture, 0)->moved_bytes, fixture_written(fixture));
    cr_expect_eq(weft_engine_copies(fixture->engine), 2);
    cr_expect_eq(weft_engine_window_copies(fixture->engine, FIXTURE_DST), 2);
}

/* Behind an orphan the next one of a fence begins. */
Test(engine_hung, expired__fence_behind_a_hung_one)
{
    struct fixture *fixture = fixture_open();
    struct weft_op behind = fixture_op(fixture, 1, 1000);

    behind.fence = 1;
    fixture_put_until(fixture, 0, 1000, 3000000);
    cr_assert_eq(fixture_submit(fixture, &behind), weftSuccess);
    fixture_pass(fixture, 3000000);
    cr_expect_eq(fixture_out(fixture), 3, "the orphan, and two copies over gpu1");
    cr_expect_eq(fixture->copies[1].action.hop, FIXTURE_GPU0_GPU1);
    fixture_finish_but(fixture, FIXTURE_GPU0_DRAM0);
    fixture_expect_end(fixture, 0, weftUnknown, WEFT_CAUSE_HUNG);
    fixture_expect_end(fixture, 1, weftSuccess, WEFT_CAUSE_NONE);
}

/* An orphan keeps its slot: another transfer gets the one whose copy ended, not the other. */
Test(engine_hung, expired__orphans_keep_their_slots)
{
    struct fixture *fixture = fixture_prepare();
    struct weft_op back;

    weft_config_set(&fixture->config, WEFT_SETTING_routes, "transit:gpu1", WEFT_CONFIG_CALL);
    fixture->config.relay_slots = 2;
    fixture_start(fixture);
    fixture_put_until(fixture, 0, 128000, 3000000);
    cr_assert_eq(fixture->copy_count, 4, "two chunks of two copies");
    cr_expect_eq(fixture->copies[2].extents[0].dst_offset, SLOT_BYTES);
    fixture_end(fixture, 0, weftSuccess);
    fixture_end(fixture, 2, weftSuccess);
    fixture_pass(fixture, 3000000);
    fixture_expect_end(fixture, 0, weftUnknown, WEFT_CAUSE_HUNG);
    back = fixture_op(fixture, 1, 1000);
    back.dst_window = FIXTURE_SRC;
    back.src_window = FIXTURE_DST;
    cr_assert_eq(fixture_submit(fixture, &back), weftSuccess);
    fixture_pump(fixture);
    cr_expect_eq(fixture->copy_count, 4, "no slot is free");
    fixture_end(fixture, 3, weftSuccess);
    fixture_pump(fixture);
    cr_assert_eq(fixture->copy_count, 6);
    cr_expect_eq(fixture->copies[4].action.hop, FIXTURE_DRAM0_GPU1);
    cr_expect_eq(fixture->copies[4].extents[0].dst_offset, SLOT_BYTES);
}
