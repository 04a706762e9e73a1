/* Sessions: two ends whose packets a test carries by hand. One group of two paths unless it says
 * otherwise. */
#include "mp_bench.h"

/* The ack of what somebody waited for goes behind what he sends, over the same path, and by itself
 * when he sends nothing. */
Test(mp, hold_ack__goes_behind_an_answer)
{
    struct mp_bench bench = mp_bench_made(1, 2);
    struct weft_mp_arrival arrival;

    for (uint32_t answers = 0; answers < 2; answers++) {
        weft_ns now = MS(answers + 1);

        mp_bench_submit(&bench, answers, 100);
        cr_assert_eq(mp_bench_pull(&bench, 0, now), 1);
        cr_assert_eq(
            weft_mp_arrived(bench.ends[1], now, bench.kept[0].bytes, bench.kept[0].size, &arrival),
            WEFT_MP_PLACE);
        (void)weft_mp_placed(bench.ends[1], now, &arrival, weftSuccess);
        weft_mp_hold_ack(bench.ends[1], now, &arrival);
        cr_expect_eq(mp_bench_pull(&bench, 1, now), 0);
        cr_expect_eq(weft_mp_deadline(bench.ends[1]), now + 1);
        if (answers == 1)
            cr_assert_eq(weft_mp_submit(bench.ends[1], 1, 0, 50, 0), weftSuccess);
        cr_assert_eq(mp_bench_pull(&bench, 1, now + 1), answers + 1);
        cr_expect_eq(bench.kept[0].has_data, answers == 1);
        cr_expect_not(bench.kept[answers].has_data);
        cr_expect_eq(bench.kept[answers].path, bench.kept[0].path);
    }
    mp_bench_done(&bench);
}

Test(mp, submit__comes_and_ends)
{
    struct mp_bench bench = mp_bench_made(1, 2);

    mp_bench_submit(&bench, 5, 3000);
    cr_expect_eq(mp_bench_carry(&bench, 0, 0), 3, "1,352 bytes each");
    cr_expect_eq(mp_bench_carry(&bench, 1, 0), 1, "an ack at once for the last");
    cr_expect(mp_bench_ended(&bench, 5, weftSuccess));
    cr_expect_eq(weft_mp_messages(bench.ends[0]), 0);
    mp_bench_done(&bench);
}

Test(mp, submit__no_bytes_and_full)
{
    struct mp_bench bench = mp_bench_made(1, 1);

    for (uint64_t i = 0; i < 1024; i++)
        mp_bench_submit(&bench, i, 0);
    cr_expect_eq(weft_mp_submit(bench.ends[0], 9, 0, 0, 0), weftNoResource);
    for (weft_ns now = 0; weft_mp_messages(bench.ends[0]) > 0 && now < MS(50); now += US(10)) {
        struct weft_mp_event event;

        (void)mp_bench_carry(&bench, 0, now);
        (void)mp_bench_carry(&bench, 1, now);
        while (weft_mp_event(bench.ends[0], &event))
            cr_assert_eq(event.result, weftSuccess);
    }
    cr_expect_eq(weft_mp_messages(bench.ends[0]), 0);
    mp_bench_done(&bench);
}

/* All paths of a NIC that came up are probed at once, and all are answered. */
Test(mp, arrived__each_probe_is_answered)
{
    struct mp_bench bench = mp_bench_made(1, 4);

    weft_mp_group_told(bench.ends[0], 0, 0, false);
    weft_mp_group_told(bench.ends[0], 0, 0, true);
    cr_expect_eq(mp_bench_carry(&bench, 0, US(10)), 4);
    cr_expect_eq(mp_bench_carry(&bench, 1, US(10)), 4);
    for (uint32_t path = 0; path < 4; path++)
        cr_expect_str_eq(weft_mp_path_look(bench.ends[0], path), "trial", "path %u", path);
    mp_bench_done(&bench);
}

Test(mp, arrived__twice_is_a_duplicate)
{
    struct mp_bench bench = mp_bench_made(1, 2);

    mp_bench_submit(&bench, 1, 100);
    (void)mp_bench_pull(&bench, 0, 0);
    cr_expect_eq(mp_bench_push(&bench, 1, 0, 0), WEFT_MP_PLACE);
    cr_expect_eq(mp_bench_push(&bench, 1, 0, 0), WEFT_MP_DUPLICATE);
    cr_expect_eq(weft_mp_counts_of(bench.ends[1])->duplicate_packets, 1);
    mp_bench_done(&bench);
}

Test(mp, arrived__while_it_is_being_placed)
{
    struct mp_bench bench = mp_bench_made(1, 2);
    struct weft_mp_arrival arrival;
    struct weft_mp_arrival again;

    mp_bench_submit(&bench, 1, 100);
    (void)mp_bench_pull(&bench, 0, 0);
    cr_assert_eq(
        weft_mp_arrived(bench.ends[1], 0, bench.kept[0].bytes, bench.kept[0].size, &arrival),
        WEFT_MP_PLACE);
    cr_expect_eq(weft_mp_arrived(bench.ends[1], 0, bench.kept[0].bytes, bench.kept[0].size, &again),
                 WEFT_MP_DUPLICATE);
    (void)mp_bench_carry(&bench, 1, 0);
    cr_expect_not(mp_bench_ended(&bench, 1, weftSuccess), "it is not visible yet");
    cr_expect(weft_mp_placed(bench.ends[1], US(50), &arrival, weftSuccess), "complete");
    (void)mp_bench_carry(&bench, 1, US(50));
    cr_expect(mp_bench_ended(&bench, 1, weftSuccess));
    mp_bench_done(&bench);
}

Test(mp, placed__refused_ends_with_the_reason)
{
    struct mp_bench bench = mp_bench_made(1, 2);
    struct weft_mp_arrival arrival;

    mp_bench_submit(&bench, 1, 100);
    (void)mp_bench_pull(&bench, 0, 0);
    cr_assert_eq(
        weft_mp_arrived(bench.ends[1], 0, bench.kept[0].bytes, bench.kept[0].size, &arrival),
        WEFT_MP_PLACE);
    (void)weft_mp_placed(bench.ends[1], 0, &arrival, weftInvalidUsage);
    (void)mp_bench_pull(&bench, 1, 0); /* this ack is lost */
    mp_bench_submit(&bench, 2, 100);
    (void)mp_bench_carry(&bench, 0, US(10));
    (void)mp_bench_carry(&bench, 1, US(10));
    cr_expect(mp_bench_ended(&bench, 1, weftInvalidUsage), "the next ack tells it again");
    cr_expect(mp_bench_ended(&bench, 2, weftSuccess));
    mp_bench_done(&bench);
}

Test(mp, overloaded__is_sent_again)
{
    struct mp_bench bench = mp_bench_made(1, 2);
    struct weft_mp_arrival arrival;

    mp_bench_submit(&bench, 1, 100);
    (void)mp_bench_pull(&bench, 0, 0);
    cr_assert_eq(
        weft_mp_arrived(bench.ends[1], 0, bench.kept[0].bytes, bench.kept[0].size, &arrival),
        WEFT_MP_PLACE);
    weft_mp_overloaded(bench.ends[1], 0, &arrival);
    (void)mp_bench_carry(&bench, 1, US(10));
    cr_expect_eq(mp_bench_pull(&bench, 0, US(10)), 0, "not at once");
    cr_expect_eq(weft_mp_deadline(bench.ends[0]), US(210));
    weft_mp_expire(bench.ends[0], US(210));
    cr_expect_eq(mp_bench_pull(&bench, 0, US(210)), 1);
    cr_expect_eq(mp_bench_push(&bench, 1, 0, US(220)), WEFT_MP_PLACE);
    (void)mp_bench_carry(&bench, 1, US(220));
    cr_expect(mp_bench_ended(&bench, 1, weftSuccess));
    mp_bench_done(&bench);
}

Test(mp, acked__never_sent_is_bad)
{
    struct mp_bench bench = mp_bench_made(1, 1);
    const struct weft_mp_wire_head head = {.kind = WEFT_MP_WIRE_KIND_ACK, .number = 1};
    const struct weft_mp_wire_ack acks[] = {
        {.cumulative = 2},
        {.cumulative = 0, .word_count = 1, .words = {2}},
        {.cumulative = UINT64_MAX, .word_count = 17, .words = {1}},
        {.cumulative = 0, .refusal_count = 1, .refusals = {{.sequence = 1, .result = 5}}},
        {.cumulative = 0, .overload_count = 1, .overloads = {UINT64_MAX}},
    };

    mp_bench_submit(&bench, 1, 100);
    (void)mp_bench_pull(&bench, 0, 0);
    for (size_t i = 0; i < sizeof(acks) / sizeof(acks[0]); i++) {
        uint8_t bytes[WEFT_MP_WIRE_MAX];
        struct weft_writer writer = weft_writer_of(bytes, sizeof(bytes));
        struct weft_mp_arrival arrival;

        weft_mp_wire_put_head(&writer, &head);
        weft_mp_wire_put_ack(&writer, &acks[i]);
        cr_expect_eq(weft_mp_arrived(bench.ends[0], 0, bytes, writer.used, &arrival), WEFT_MP_BAD,
                     "row %zu", i);
    }
    cr_expect_eq(weft_mp_messages(bench.ends[0]), 1);
    mp_bench_done(&bench);
}

Test(mp, group_told__down_sends_over_the_others)
{
    struct mp_bench bench = mp_bench_made(2, 4);

    mp_bench_submit(&bench, 1, 100);
    (void)mp_bench_pull(&bench, 0, 0);
    cr_expect_eq(bench.kept[0].path % 2, 0);
    weft_mp_group_told(bench.ends[0], US(1), 0, false);
    cr_assert_eq(mp_bench_pull(&bench, 0, US(1)), 1);
    cr_expect_eq(bench.kept[0].path % 2, 1);
    cr_expect_str_eq(weft_mp_path_look(bench.ends[0], 0), "dead");
    weft_mp_group_told(bench.ends[0], US(2), 0, true);
    cr_assert_eq(mp_bench_pull(&bench, 0, US(2)), 2, "its paths are probed");
    cr_expect_not(bench.kept[0].has_data);
    (void)mp_bench_push(&bench, 1, 0, US(3));
    (void)mp_bench_carry(&bench, 1, US(3));
    cr_expect_str_eq(weft_mp_path_look(bench.ends[0], 0), "trial");
    mp_bench_done(&bench);
}

Test(mp, next__held_back_groups_wait)
{
    struct mp_bench bench = mp_bench_made(2, 2);
    struct weft_mp_packet packet;

    cr_assert_eq(weft_mp_submit(bench.ends[0], 1, 1, 100, 0), weftSuccess);
    cr_expect_not(weft_mp_next(bench.ends[0], 0, 1, &packet));
    cr_assert(weft_mp_next(bench.ends[0], 0, 2, &packet));
    cr_expect_eq(packet.path, 1);
    mp_bench_done(&bench);
}

/* Until a packet was acked each has the owner's head; those that are cut later have not. */
Test(mp, next__own_head_until_one_was_acked)
{
    struct mp_bench bench = mp_bench_made(1, 1);
    struct weft_mp_packet packets[3];
    struct weft_mp_arrival arrival;
    uint8_t bytes[DATAGRAM] = {0};

    bench.config.first_window_bytes = 0;
    (void)weft_mp_init(&bench.config, bench.ends[0], 0);
    cr_assert_eq(weft_mp_submit(bench.ends[0], 1, 0, 20000, 100), weftSuccess);
    for (uint32_t i = 0; i < 3; i++) {
        if (i == 2) {
            memcpy(bytes, packets[0].bytes, packets[0].size);
            cr_assert_eq(weft_mp_arrived(bench.ends[1], 0, bytes,
                                         packets[0].size + 100 + packets[0].length, &arrival),
                         WEFT_MP_PLACE);
            cr_expect_eq(arrival.own_head_bytes, 100);
            (void)weft_mp_placed(bench.ends[1], 0, &arrival, weftSuccess);
            (void)mp_bench_carry(&bench, 1, 0);
        }
        cr_assert(weft_mp_next(bench.ends[0], 0, ALL, &packets[i]));
    }
    cr_expect(packets[0].has_own_head);
    cr_expect(packets[1].has_own_head);
    cr_expect_eq(packets[1].length, 1252);
    cr_expect_not(packets[2].has_own_head);
    cr_expect_eq(packets[2].length, 1352);
    mp_bench_done(&bench);
}

Test(mp, next__blocked_without_leave_asks)
{
    struct mp_bench bench = mp_bench_made(1, 1);

    mp_bench_submit(&bench, 1, WEFT_KIB(300));
    for (weft_ns now = 0; now < MS(1); now += US(20)) {
        (void)mp_bench_carry(&bench, 0, now);
        if (mp_bench_pull(&bench, 1, now) == 0)
            continue;
        /* Acks arrive but for what they grant, as if the leave were always lost. */
        for (uint32_t i = 0; i < bench.count; i++) {
            struct weft_reader reader = weft_reader_of(bench.kept[i].bytes, bench.kept[i].size);
            struct weft_mp_wire_head head;
            struct weft_mp_wire_ack ack;
            uint8_t bytes[WEFT_MP_WIRE_MAX];
            struct weft_writer writer = weft_writer_of(bytes, sizeof(bytes));
            struct weft_mp_arrival arrival;

            cr_assert(weft_mp_wire_get_head(&reader, &head));
            cr_assert(weft_mp_wire_get_ack(&reader, &ack));
            ack.grant_count = 0;
            weft_mp_wire_put_head(&writer, &head);
            weft_mp_wire_put_ack(&writer, &ack);
            (void)weft_mp_arrived(bench.ends[0], now, bytes, writer.used, &arrival);
        }
    }
    cr_expect_eq(weft_mp_counts_of(bench.ends[1])->placed_packets, 194, "256 KiB are unscheduled");
    for (weft_ns now = MS(1); now < MS(20); now += US(100)) {
        weft_mp_expire(bench.ends[0], now);
        (void)mp_bench_carry(&bench, 0, now);
        weft_mp_expire(bench.ends[1], now);
        (void)mp_bench_carry(&bench, 1, now);
    }
    cr_expect_geq(weft_mp_counts_of(bench.ends[0])->probes_sent, 1);
    cr_expect(mp_bench_ended(&bench, 1, weftSuccess));
    mp_bench_done(&bench);
}

Test(mp, abort__ends_all_and_sends_nothing)
{
    struct mp_bench bench = mp_bench_made(1, 1);

    mp_bench_submit(&bench, 1, 100);
    mp_bench_submit(&bench, 2, WEFT_KIB(500));
    (void)mp_bench_pull(&bench, 0, 0);
    mp_bench_submit(&bench, 3, 100);
    weft_mp_abort(bench.ends[0], weftCancelled);
    cr_expect(mp_bench_ended(&bench, 1, weftCancelled));
    cr_expect(mp_bench_ended(&bench, 2, weftCancelled));
    cr_expect(mp_bench_ended(&bench, 3, weftCancelled));
    cr_expect_eq(mp_bench_pull(&bench, 0, MS(10)), 0);
    cr_expect_eq(weft_mp_deadline(bench.ends[0]), WEFT_NEVER);
    cr_expect_eq(weft_mp_submit(bench.ends[0], 4, 0, 1, 0), weftNoResource);
    mp_bench_done(&bench);
}

Test(mp, config__bounds)
{
    struct weft_mp_config config;
    const char *why = NULL;

    weft_mp_defaults(&config);
    cr_expect(weft_mp_config_valid(&config, &why));
    config.group_count = 17;
    cr_expect_not(weft_mp_config_valid(&config, &why));
    cr_expect_str_eq(why, "group_count is 1 to 16");
    weft_mp_defaults(&config);
    config.packet_bytes = 1199;
    cr_expect_not(weft_mp_config_valid(&config, &why));
    cr_expect_str_eq(why, "packet_bytes is 1200 to 65000");
}
