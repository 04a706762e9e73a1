/* Time of a session: what is sent again, what is asked, and when; by hand. */
#include "mp_bench.h"

/* An echo of what found no room shows, too, that what was sent before it is missing. */
Test(mp_time, overloaded__does_not_hide_what_was_lost)
{
    struct mp_bench bench = mp_bench_made(1, 1);
    struct weft_mp_arrival arrival;

    mp_bench_submit(&bench, 1, 100);
    mp_bench_submit(&bench, 2, 100);
    cr_assert_eq(mp_bench_pull(&bench, 0, 0), 2);
    cr_assert_eq(
        weft_mp_arrived(bench.ends[1], US(500), bench.kept[1].bytes, bench.kept[1].size, &arrival),
        WEFT_MP_PLACE);
    weft_mp_overloaded(bench.ends[1], US(500), &arrival);
    (void)mp_bench_carry(&bench, 1, US(500));
    weft_mp_expire(bench.ends[0], US(700));
    cr_expect_eq(weft_mp_counts_of(bench.ends[0])->lost_packets, 1, "the round trip and 0.2 ms");
    mp_bench_done(&bench);
}

Test(mp_time, expire__lost_packets_take_another_path)
{
    struct mp_bench bench = mp_bench_made(1, 2);
    uint32_t first;

    mp_bench_submit(&bench, 1, 100);
    (void)mp_bench_pull(&bench, 0, 0);
    first = bench.kept[0].path;
    cr_expect_eq(weft_mp_deadline(bench.ends[0]), MS(5) / 2, "half of what the path gets");
    weft_mp_expire(bench.ends[0], MS(5) / 2);
    cr_assert_eq(mp_bench_pull(&bench, 0, MS(5) / 2), 1);
    cr_expect_neq(bench.kept[0].path, first);
    cr_expect_eq(mp_bench_push(&bench, 1, 0, MS(3)), WEFT_MP_PLACE);
    mp_bench_done(&bench);
}

/* Ten packets of which nothing is heard: two are sent again, and two more as probes; when one of
 * them is answered, with all that came, nothing else is. */
Test(mp_time, expire__silence_is_asked_about_before_all_is_sent_again)
{
    struct mp_bench bench = mp_bench_made(1, 1);

    mp_bench_submit(&bench, 1, 13520);
    cr_assert_eq(mp_bench_pull(&bench, 0, 0), 10);
    for (uint32_t i = 0; i < 10; i++)
        cr_expect_eq(mp_bench_push(&bench, 1, i, US(100)), WEFT_MP_PLACE);
    (void)mp_bench_pull(&bench, 1, US(100)); /* the acks are lost */
    weft_mp_expire(bench.ends[0], MS(5) / 2);
    cr_expect_eq(mp_bench_pull(&bench, 0, MS(5) / 2), 2, "and these, too");
    weft_mp_expire(bench.ends[0], MS(5));
    cr_expect_str_eq(weft_mp_path_look(bench.ends[0], 0), "suspect");
    cr_assert_eq(mp_bench_pull(&bench, 0, MS(5)), 2, "as probes");
    cr_expect(bench.kept[0].has_data);
    (void)mp_bench_push(&bench, 1, 1, MS(6));
    (void)mp_bench_carry(&bench, 1, MS(6));
    cr_expect_str_eq(weft_mp_path_look(bench.ends[0], 0), "good");
    cr_expect(mp_bench_ended(&bench, 1, weftSuccess));
    cr_expect_eq(weft_mp_counts_of(bench.ends[0])->resent_packets, 4);
    mp_bench_done(&bench);
}

/* The same, but that the packets were lost: the answer to a probe, which went behind them, says
 * that they were. */
Test(mp_time, expire__the_answer_to_a_probe_shows_what_was_lost)
{
    struct mp_bench bench = mp_bench_made(1, 1);

    mp_bench_submit(&bench, 1, 13520);
    (void)mp_bench_pull(&bench, 0, 0);
    weft_mp_expire(bench.ends[0], MS(5) / 2);
    (void)mp_bench_pull(&bench, 0, MS(5) / 2);
    weft_mp_expire(bench.ends[0], MS(5));
    cr_assert_eq(mp_bench_pull(&bench, 0, MS(5)), 2);
    (void)mp_bench_push(&bench, 1, 1, MS(6));
    (void)mp_bench_carry(&bench, 1, MS(6));
    cr_expect_eq(mp_bench_carry(&bench, 0, MS(6)), 8, "but one that was sent along may be late");
    (void)mp_bench_carry(&bench, 1, MS(6));
    cr_expect_eq(mp_bench_carry(&bench, 0, MS(6)), 1);
    (void)mp_bench_carry(&bench, 1, MS(6));
    cr_expect(mp_bench_ended(&bench, 1, weftSuccess));
    mp_bench_done(&bench);
}

/* A NIC that is dead is found out by one of its paths, not by one after the other. */
Test(mp_time, expire__a_silent_group_is_suspect_as_a_whole)
{
    struct mp_bench bench = mp_bench_made(2, 16);

    mp_bench_submit(&bench, 1, 100);
    (void)mp_bench_pull(&bench, 0, 0);
    weft_mp_expire(bench.ends[0], MS(5));
    for (uint32_t path = 0; path < 16; path++)
        cr_expect_str_eq(weft_mp_path_look(bench.ends[0], path),
                         path % 2 == 0 ? "suspect" : "fresh", "path %u", path);
    mp_bench_done(&bench);
}

Test(mp_time, expire__a_silent_path_of_a_group_that_answers_is_suspect_alone)
{
    struct mp_bench bench = mp_bench_made(1, 2);

    mp_bench_submit(&bench, 1, 100);
    cr_assert_eq(mp_bench_pull(&bench, 0, 0), 1);
    cr_assert_eq(bench.kept[0].path, 0);
    mp_bench_submit(&bench, 2, 100);
    cr_assert_eq(mp_bench_pull(&bench, 0, 0), 1);
    cr_assert_eq(bench.kept[0].path, 1);
    (void)mp_bench_push(&bench, 1, 0, MS(1));
    (void)mp_bench_carry(&bench, 1, MS(1));
    weft_mp_expire(bench.ends[0], MS(5));
    cr_expect_str_eq(weft_mp_path_look(bench.ends[0], 0), "suspect");
    cr_expect_str_eq(weft_mp_path_look(bench.ends[0], 1), "good");
    mp_bench_done(&bench);
}

Test(mp_time, expire__silence_is_lost_then_found)
{
    struct mp_bench bench = mp_bench_made(1, 2);
    struct weft_mp_event event;
    weft_ns now = 0;
    bool is_down = false;

    mp_bench_submit(&bench, 1, 100);
    while (now < MS(2100)) {
        (void)mp_bench_pull(&bench, 0, now);
        now = weft_max(weft_mp_deadline(bench.ends[0]), now + 1);
        weft_mp_expire(bench.ends[0], now);
        if (!weft_mp_event(bench.ends[0], &event))
            continue;
        if (event.kind == WEFT_MP_LOST)
            break;
        is_down = is_down || event.kind == WEFT_MP_GROUP_DOWN;
    }
    cr_expect(is_down);
    cr_assert_eq(event.kind, WEFT_MP_LOST);
    cr_expect_eq(now, MS(2000));
    for (; now < MS(2100); now += MS(1)) {
        weft_mp_expire(bench.ends[0], now);
        (void)mp_bench_carry(&bench, 0, now);
        (void)mp_bench_carry(&bench, 1, now);
    }
    cr_expect(mp_bench_ended(&bench, 1, weftSuccess));
    cr_assert(weft_mp_event(bench.ends[0], &event));
    cr_expect_eq(event.kind, WEFT_MP_GROUP_UP);
    cr_assert(weft_mp_event(bench.ends[0], &event));
    cr_expect_eq(event.kind, WEFT_MP_FOUND);
    mp_bench_done(&bench);
}
