/* The engine's transfers: ending well once with their signal; ending badly, never too early. */
#include <criterion/criterion.h>

#include "fixture.h"

static void revoke_window(struct fixture *fixture, uint32_t window, weft_ns deadline_at)
{
    struct weft_event event = {
        .kind = WEFT_EVENT_REVOKE, .window = window, .deadline_at = deadline_at};

    fixture_event(fixture, &event);
    fixture_pump(fixture);
}

/* ---- cancel ---- */

Test(engine_transfer, cancel__before_it_began)
{
    struct fixture *fixture = fixture_open();
    struct weft_op behind = fixture_op(fixture, 1, 1000);

    behind.fence = 1;
    fixture_put(fixture, 0, 1000);
    cr_assert_eq(fixture_submit(fixture, &behind), weftSuccess);
    fixture_pump(fixture);
    fixture_cancel(fixture, 1);
    fixture_expect_end(fixture, 1, weftCancelled, WEFT_CAUSE_CANCELLED);
    cr_expect_eq(fixture->copy_count, 1, "none of it was copied");
    fixture_finish(fixture);
    fixture_expect_end(fixture, 0, weftSuccess, WEFT_CAUSE_NONE);
}

/* It takes no more bytes, and ends when what is out has landed. */
Test(engine_transfer, cancel__while_moving)
{
    struct fixture *fixture = fixture_open();
    uint32_t count;

    fixture_put(fixture, 0, 2097152);
    fixture_pump(fixture);
    count = fixture->copy_count;
    fixture_cancel(fixture, 0);
    for (uint32_t i = 0; i < count; i++) {
        cr_expect_eq(fixture->complete_count, 0, "copy %u is still out", i);
        fixture_end(fixture, i, weftSuccess);
        fixture_pump(fixture);
    }
    cr_expect_eq(fixture->copy_count, count);
    fixture_expect_end(fixture, 0, weftCancelled, WEFT_CAUSE_CANCELLED);
    cr_expect_gt(fixture_written(fixture), 0);
    cr_expect_eq(fixture_complete(fixture, 0)->moved_bytes, fixture_written(fixture));
    cr_expect_eq(weft_engine_window_remove(fixture->engine, FIXTURE_DST), weftSuccess);
}

/* Between two hops of different domains: the second copy is not issued any more. */
Test(engine_transfer, cancel__between_two_hops)
{
    struct fixture *fixture = fixture_prepare();

    weft_config_set(&fixture->config, WEFT_SETTING_routes, "transit:gpu1", WEFT_CONFIG_CALL);
    fixture->hops.hops[FIXTURE_GPU1_DRAM0].domain = 2;
    fixture_start(fixture);
    fixture_put(fixture, 0, 1000);
    fixture_pump(fixture);
    fixture_cancel(fixture, 0);
    cr_expect_eq(fixture->complete_count, 0);
    fixture_end(fixture, 0, weftSuccess);
    fixture_pump(fixture);
    fixture_expect_end(fixture, 0, weftCancelled, WEFT_CAUSE_CANCELLED);
    cr_expect_eq(fixture_complete(fixture, 0)->moved_bytes, 0);
    cr_expect_eq(fixture->copy_count, 1);
}

Test(engine_transfer, cancel__what_there_is_not)
{
    struct fixture *fixture = fixture_open();

    fixture_cancel(fixture, 5);
    fixture_cancel(fixture, 16);
    fixture_cancel(fixture, WEFT_NONE);
    cr_expect_eq(fixture->complete_count, 0);
    fixture_put(fixture, 5, 1000);
    fixture_finish(fixture);
    fixture_cancel(fixture, 5);
    fixture_expect_end(fixture, 5, weftSuccess, WEFT_CAUSE_NONE);
}

Test(engine_transfer, cancel__twice)
{
    struct fixture *fixture = fixture_open();

    fixture_put(fixture, 0, 1000);
    fixture_pump(fixture);
    fixture_cancel(fixture, 0);
    fixture_cancel(fixture, 0);
    fixture_finish(fixture);
    fixture_expect_end(fixture, 0, weftCancelled, WEFT_CAUSE_CANCELLED);
}

/* ---- deadlines ---- */

/* The lanes are well, but there was not enough time. */
Test(engine_transfer, expired__too_slow)
{
    struct fixture *fixture = fixture_open();

    fixture_put_until(fixture, 0, 2097152, 100000);
    fixture_pass(fixture, 100000);
    cr_expect_eq(fixture->complete_count, 0, "its copies may still land");
    fixture_finish(fixture);
    fixture_expect_end(fixture, 0, weftTimeout, WEFT_CAUSE_DEADLINE);
    cr_expect_eq(fixture_complete(fixture, 0)->moved_bytes, fixture_written(fixture));
}

Test(engine_transfer, expired__behind_a_fence)
{
    struct fixture *fixture = fixture_open();
    struct weft_op behind = fixture_op(fixture, 1, 1000);

    behind.fence = 1;
    behind.deadline_at = 50000;
    fixture_put(fixture, 0, 1000);
    cr_assert_eq(fixture_submit(fixture, &behind), weftSuccess);
    fixture_pass(fixture, 49999);
    cr_expect_eq(fixture->complete_count, 0);
    fixture_pass(fixture, 50000);
    fixture_expect_end(fixture, 1, weftTimeout, WEFT_CAUSE_DEADLINE);
    fixture_finish(fixture);
    fixture_expect_end(fixture, 0, weftSuccess, WEFT_CAUSE_NONE);
}

Test(engine_transfer, expired__every_route_is_down)
{
    struct fixture *fixture = fixture_open();

    fixture->now = 5000;
    fixture_link(fixture, "gpu0-pcie", 0);
    fixture_link(fixture, "gpu0-nvlink", 0);
    fixture_put_until(fixture, 0, 1000, 90000);
    fixture_pass(fixture, 89999);
    cr_expect_eq(fixture->copy_count, 0);
    cr_expect_eq(fixture->complete_count, 0);
    fixture_pass(fixture, 90000);
    fixture_expect_end(fixture, 0, weftRemoteError, WEFT_CAUSE_DOWN);
    cr_expect_eq(fixture_complete(fixture, 0)->cause_hop, FIXTURE_GPU0_DRAM0);
    cr_expect_eq(fixture_complete(fixture, 0)->cause_since, 5000);
}

/* The hop that is named is the one whose copy failed last. */
Test(engine_transfer, expired__every_copy_failed)
{
    struct fixture *fixture = fixture_open_over_gpu1();

    fixture_put_until(fixture, 0, 1000, 90000);
    fixture->now = 3000;
    fixture_end(fixture, 0, weftSuccess);
    fixture_end(fixture, 1, weftSystemError);
    fixture_pass(fixture, 90000);
    fixture_expect_end(fixture, 0, weftRemoteError, WEFT_CAUSE_DOWN);
    cr_expect_eq(fixture_complete(fixture, 0)->cause_hop, FIXTURE_GPU1_DRAM0);
    cr_expect_eq(fixture_complete(fixture, 0)->cause_since, 3000);
    cr_expect_eq(fixture_complete(fixture, 0)->moved_bytes, 0);
}

Test(engine_transfer, expired__routes_come_back_in_time)
{
    struct fixture *fixture = fixture_open();

    fixture_link(fixture, "gpu0-pcie", 0);
    fixture_link(fixture, "gpu0-nvlink", 0);
    fixture_put(fixture, 0, 1000);
    fixture_pass(fixture, 50000);
    cr_expect_eq(fixture->copy_count, 0);
    fixture_link(fixture, "gpu0-pcie", 10000);
    fixture_pass(fixture, 50000);
    fixture_finish(fixture);
    fixture_expect_end(fixture, 0, weftSuccess, WEFT_CAUSE_NONE);
    cr_expect_eq(fixture_wrong(fixture, 1000), 0);
}

/* ---- revoke and abort ---- */

Test(engine_transfer, revoke__only_who_names_the_window)
{
    struct fixture *fixture = fixture_open();
    struct weft_op other = fixture_op(fixture, 1, 1000);
    struct weft_op waiting = fixture_op(fixture, 2, 1000);

    other.src_window = FIXTURE_PEER;
    waiting.fence = 1;
    fixture_put(fixture, 0, 1000);
    cr_assert_eq(fixture_submit(fixture, &other), weftSuccess);
    cr_assert_eq(fixture_submit(fixture, &waiting), weftSuccess);
    fixture_pump(fixture);
    revoke_window(fixture, FIXTURE_SRC, FIXTURE_DEADLINE);
    cr_expect_eq(fixture->complete_count, 1);
    fixture_expect_end(fixture, 2, weftCancelled, WEFT_CAUSE_REVOKED);
    fixture_finish(fixture);
    fixture_expect_end(fixture, 0, weftCancelled, WEFT_CAUSE_REVOKED);
    fixture_expect_end(fixture, 1, weftSuccess, WEFT_CAUSE_NONE);
    waiting.tag = 3;
    cr_expect_eq(fixture_submit(fixture, &waiting), weftInvalidUsage);
    cr_expect_eq(weft_engine_window_remove(fixture->engine, FIXTURE_SRC), weftSuccess);
}

Test(engine_transfer, revoke__the_window_of_a_signal)
{
    struct fixture *fixture = fixture_open();
    struct weft_op op = fixture_op(fixture, 0, 1000);

    op.signal = (struct weft_signal){FIXTURE_WORDS, 8, 1, weftSignalSet};
    cr_assert_eq(fixture_submit(fixture, &op), weftSuccess);
    fixture_pump(fixture);
    revoke_window(fixture, FIXTURE_WORDS, FIXTURE_DEADLINE);
    fixture_finish(fixture);
    fixture_expect_end(fixture, 0, weftCancelled, WEFT_CAUSE_REVOKED);
    cr_expect_eq(fixture_complete(fixture, 0)->signal.window, WEFT_NONE);
}

/* A signal whose transfer has ended is still to be raised: until then the window is in use. */
Test(engine_transfer, revoke__a_signal_that_is_not_told_yet)
{
    struct fixture *fixture = fixture_open();
    struct weft_event revoke = {
        .kind = WEFT_EVENT_REVOKE, .window = FIXTURE_WORDS, .deadline_at = FIXTURE_DEADLINE};
    struct weft_op op = fixture_op(fixture, 0, 0);

    op.first_block = WEFT_NONE;
    op.signal = (struct weft_signal){FIXTURE_WORDS, 8, 1, weftSignalSet};
    cr_assert_eq(fixture_submit(fixture, &op), weftSuccess);
    fixture_event(fixture, &revoke);
    cr_expect_eq(weft_engine_window_copies(fixture->engine, FIXTURE_WORDS), 0);
    cr_expect_not(weft_engine_window_idle(fixture->engine, FIXTURE_WORDS));
    fixture_pump(fixture);
    fixture_expect_end(fixture, 0, weftSuccess, WEFT_CAUSE_NONE);
    cr_expect(weft_engine_window_idle(fixture->engine, FIXTURE_WORDS));
}

/* Not waited for longer than the revocation says. */
Test(engine_transfer, revoke__a_copy_that_hangs)
{
    struct fixture *fixture = fixture_open();

    fixture_put(fixture, 0, 1000);
    fixture_pump(fixture);
    revoke_window(fixture, FIXTURE_DST, 1500000);
    fixture_pass(fixture, 1499999);
    cr_expect_eq(fixture->complete_count, 0);
    fixture_pass(fixture, 1500000);
    fixture_expect_end(fixture, 0, weftUnknown, WEFT_CAUSE_HUNG);
}

Test(engine_transfer, abort__ends_all)
{
    struct fixture *fixture = fixture_open();
    struct weft_event stop = {.kind = WEFT_EVENT_ABORT, .deadline_at = 1500000};
    struct weft_op waiting = fixture_op(fixture, 2, 1000);

    waiting.fence = 1;
    fixture_put(fixture, 0, 1000);
    fixture_put(fixture, 1, 524288);
    cr_assert_eq(fixture_submit(fixture, &waiting), weftSuccess);
    fixture_pump(fixture);
    fixture_event(fixture, &stop);
    fixture_finish_but(fixture, FIXTURE_GPU0_DRAM0);
    fixture_expect_end(fixture, 2, weftCancelled, WEFT_CAUSE_ABORTED);
    cr_expect_eq(fixture->complete_count, 1);
    fixture_end(fixture, 0, weftSuccess);
    fixture_pump(fixture);
    fixture_expect_end(fixture, 0, weftCancelled, WEFT_CAUSE_ABORTED);
    fixture_pass(fixture, 1500000);
    fixture_expect_end(fixture, 1, weftUnknown, WEFT_CAUSE_HUNG);
    cr_expect_eq(weft_engine_live(fixture->engine), 0);
}

/* ---- signals ---- */

Test(engine_transfer, tell__signal_with_success_only)
{
    static const struct {
        bool cancelled;
        uint32_t window;
    } rows[] = {{false, FIXTURE_WORDS}, {true, WEFT_NONE}};

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct fixture *fixture = fixture_open();
        struct weft_op op = fixture_op(fixture, 0, 1000);

        op.signal = (struct weft_signal){FIXTURE_WORDS, 16, 5, weftSignalAdd};
        cr_assert_eq(fixture_submit(fixture, &op), weftSuccess);
        fixture_pump(fixture);
        if (rows[i].cancelled)
            fixture_cancel(fixture, 0);
        cr_expect_eq(fixture->complete_count, 0, "row %zu: before its bytes are there", i);
        fixture_finish(fixture);
        cr_expect_eq(fixture_complete(fixture, 0)->signal.window, rows[i].window, "row %zu", i);
        if (rows[i].cancelled)
            continue;
        cr_expect_eq(fixture_complete(fixture, 0)->signal.offset, 16);
        cr_expect_eq(fixture_complete(fixture, 0)->signal.value, 5);
        cr_expect_eq(fixture_complete(fixture, 0)->signal.op, weftSignalAdd);
    }
}

Test(engine_transfer, tell__signal_alone)
{
    struct fixture *fixture = fixture_open();
    struct weft_op op = {.first_block = WEFT_NONE,
                         .deadline_at = FIXTURE_DEADLINE,
                         .signal = {FIXTURE_WORDS, 0, 9, weftSignalSet}};

    cr_assert_eq(fixture_submit(fixture, &op), weftSuccess);
    fixture_pump(fixture);
    fixture_expect_end(fixture, 0, weftSuccess, WEFT_CAUSE_NONE);
    cr_expect_eq(fixture_complete(fixture, 0)->signal.window, FIXTURE_WORDS);
    cr_expect_eq(fixture_complete(fixture, 0)->signal.value, 9);
}
