/* Paths of a session: every state by every event, timeouts and their doubling, trials. */
#include <criterion/criterion.h>

#include <signal.h>

#include "core/mp_path.h"

#define RTT 100000

static struct weft_mp_config config_of(void)
{
    struct weft_mp_config config;

    weft_mp_defaults(&config);
    config.rto_ns_min = 500000;
    config.rto_ns_first = 5000000;
    return config;
}

static bool time_out(struct weft_mp_path *path, weft_ns now)
{
    struct weft_mp_config config = config_of();

    return weft_mp_path_timed_out(path, &config, 0, 50, now);
}

static struct weft_mp_path in_state(enum weft_mp_path_state state)
{
    struct weft_mp_config config = config_of();
    struct weft_mp_path path;

    weft_mp_path_init(&path, 7);
    if (state == WEFT_MP_PATH_GOOD || state == WEFT_MP_PATH_SKIP)
        weft_mp_path_acked(&path, 0, 0);
    if (state == WEFT_MP_PATH_SKIP)
        weft_mp_path_skip(&path, &config, 0);
    if (state == WEFT_MP_PATH_SUSPECT)
        (void)time_out(&path, 0);
    if (state == WEFT_MP_PATH_DEAD || state == WEFT_MP_PATH_TRIAL)
        weft_mp_path_down(&path, 50);
    if (state == WEFT_MP_PATH_TRIAL)
        (void)weft_mp_path_answered(&path, 50, RTT, 0);
    cr_assert_eq(path.state, state);
    return path;
}

Test(mp_path, states__every_event)
{
    /* from: after an ack, an answer to number 50, a timeout, down, renewal */
    static const enum weft_mp_path_state rows[WEFT_MP_PATH_STATES][5] = {
        [WEFT_MP_PATH_FRESH] = {WEFT_MP_PATH_GOOD, WEFT_MP_PATH_FRESH, WEFT_MP_PATH_SUSPECT,
                                WEFT_MP_PATH_DEAD, WEFT_MP_PATH_SUSPECT},
        [WEFT_MP_PATH_GOOD] = {WEFT_MP_PATH_GOOD, WEFT_MP_PATH_GOOD, WEFT_MP_PATH_SUSPECT,
                               WEFT_MP_PATH_DEAD, WEFT_MP_PATH_SUSPECT},
        [WEFT_MP_PATH_SKIP] = {WEFT_MP_PATH_SKIP, WEFT_MP_PATH_SKIP, WEFT_MP_PATH_SUSPECT,
                               WEFT_MP_PATH_DEAD, WEFT_MP_PATH_SUSPECT},
        [WEFT_MP_PATH_SUSPECT] = {WEFT_MP_PATH_SUSPECT, WEFT_MP_PATH_GOOD, WEFT_MP_PATH_SUSPECT,
                                  WEFT_MP_PATH_DEAD, WEFT_MP_PATH_SUSPECT},
        [WEFT_MP_PATH_DEAD] = {WEFT_MP_PATH_DEAD, WEFT_MP_PATH_TRIAL, WEFT_MP_PATH_DEAD,
                               WEFT_MP_PATH_DEAD, WEFT_MP_PATH_SUSPECT},
        [WEFT_MP_PATH_TRIAL] = {WEFT_MP_PATH_TRIAL, WEFT_MP_PATH_TRIAL, WEFT_MP_PATH_SUSPECT,
                                WEFT_MP_PATH_DEAD, WEFT_MP_PATH_SUSPECT},
    };

    for (unsigned from = 0; from < WEFT_MP_PATH_STATES; from++) {
        for (unsigned event = 0; event < 5; event++) {
            struct weft_mp_path path = in_state((enum weft_mp_path_state)from);

            if (event == 0)
                weft_mp_path_acked(&path, 1, 20);
            if (event == 1)
                (void)weft_mp_path_answered(&path, 50, RTT, 20);
            if (event == 2 && from != WEFT_MP_PATH_DEAD)
                (void)time_out(&path, 20);
            if (event == 3)
                weft_mp_path_down(&path, 60);
            if (event == 4)
                weft_mp_path_renew(&path, 20);
            cr_expect_eq(path.state, rows[from][event], "%s, event %u: %s",
                         weft_mp_path_state_name((enum weft_mp_path_state)from), event,
                         weft_mp_path_state_name(path.state));
        }
    }
}

Test(mp_path, timed_out__of_a_dead_path, .signal = SIGABRT)
{
    struct weft_mp_path path = in_state(WEFT_MP_PATH_DEAD);

    (void)time_out(&path, 0);
}

Test(mp_path, answered__old_news_do_not_raise_the_dead)
{
    struct weft_mp_path path = in_state(WEFT_MP_PATH_DEAD);

    cr_expect_not(weft_mp_path_answered(&path, 49, RTT, 0));
    cr_expect_eq(path.state, WEFT_MP_PATH_DEAD);
    cr_expect(weft_mp_path_answered(&path, 50, RTT, 0));
    cr_expect_eq(path.state, WEFT_MP_PATH_TRIAL);
}

Test(mp_path, timed_out__doubles_then_dies)
{
    struct weft_mp_path path = in_state(WEFT_MP_PATH_FRESH);
    static const weft_ns wakes[] = {5000000, 10000000, 20000000};

    cr_expect(time_out(&path, 0), "it was alive");
    cr_expect_eq(path.wake_at, wakes[0]);
    cr_expect_not(time_out(&path, 0));
    cr_expect_eq(path.wake_at, wakes[1]);
    cr_expect_not(time_out(&path, 0));
    cr_expect_eq(path.wake_at, wakes[2]);
    cr_expect_not(time_out(&path, 0));
    cr_expect_eq(path.state, WEFT_MP_PATH_DEAD);
}

Test(mp_path, timeout__of_the_round_trip)
{
    struct weft_mp_config config = config_of();
    struct weft_mp_path path = in_state(WEFT_MP_PATH_GOOD);

    cr_expect_eq(weft_mp_path_timeout(&path, &config, 0), 5000000, "nothing is known");
    config.rtt_ns_first = 20000000;
    cr_expect_eq(weft_mp_path_timeout(&path, &config, 0), 80000000, "but what the owner measured");
    cr_expect_eq(weft_mp_path_timeout(&path, &config, 300000), 1200000, "the group's");
    (void)weft_mp_path_answered(&path, 1, 100000, 0);
    cr_expect_eq(weft_mp_path_timeout(&path, &config, 50000), 500000, "the floor");
    cr_expect_eq(weft_mp_path_packet_timeout(&path, &config, 50000), 250000);
    cr_expect_eq(weft_mp_path_timeout(&path, &config, 300000), 1200000, "the group's is longer");
    (void)weft_mp_path_answered(&path, 2, 900000, 0);
    cr_expect_eq(path.rtt_ns, 200000);
    cr_expect_eq(path.rtt_var_ns, 237500);
    cr_expect_eq(weft_mp_path_timeout(&path, &config, 100000), 1150000, "they differ much");
}

Test(mp_path, packet_timeout__nearer_when_round_trips_are_alike)
{
    struct weft_mp_config config = config_of();
    struct weft_mp_path path = in_state(WEFT_MP_PATH_GOOD);

    for (uint64_t number = 1; number < 100; number++)
        (void)weft_mp_path_answered(&path, number, 40000000, 0);
    cr_expect_eq(weft_mp_path_timeout(&path, &config, 0), 160000000);
    cr_expect_eq(weft_mp_path_packet_timeout(&path, &config, 0), 50000000, "a quarter more");
    for (uint64_t number = 0; number < 100; number++)
        (void)weft_mp_path_answered(&path, number, number % 2 == 0 ? 20000000 : 60000000, 0);
    cr_expect_gt(weft_mp_path_packet_timeout(&path, &config, 0), 75000000, "about half");
}

/* What is behind the probe has come, so what was before it and has not was lost. */
Test(mp_path, answered__a_probe_was_sent_behind_what_is_out)
{
    struct weft_mp_path path = in_state(WEFT_MP_PATH_GOOD);

    path.order_next = 5;
    weft_mp_path_probed(&path, 40, 0);
    weft_mp_path_probed(&path, 41, 100);
    cr_expect_eq(path.order_next, 7);
    (void)weft_mp_path_answered(&path, 40, RTT, 200);
    cr_expect_eq(path.order_acked, 1, "of an older one it is not known what was sent behind it");
    (void)weft_mp_path_answered(&path, 41, RTT, 300);
    cr_expect_eq(path.order_acked, 7);
}

/* What is out when a path is suspect waits for its answer again when one has come. */
Test(mp_path, answered__a_suspect_path_waits_for_the_rest)
{
    struct weft_mp_path path = in_state(WEFT_MP_PATH_SUSPECT);

    path.out.count = 1;
    cr_expect(weft_mp_path_answered(&path, 1, RTT, 700));
    cr_expect_eq(path.state, WEFT_MP_PATH_GOOD);
    cr_expect_eq(path.asked_at, 700);
    cr_expect_eq(path.tail_at, 700);
}

Test(mp_path, trial__doubles_until_good)
{
    struct weft_mp_path path = in_state(WEFT_MP_PATH_TRIAL);

    cr_expect_eq(path.trial_packets, 2);
    for (uint64_t i = 0; i < 13; i++)
        weft_mp_path_acked(&path, i, 0);
    cr_expect_eq(path.state, WEFT_MP_PATH_TRIAL);
    weft_mp_path_acked(&path, 13, 0);
    cr_expect_eq(path.state, WEFT_MP_PATH_GOOD);
}

Test(mp_path, skip__ends_and_grows)
{
    struct weft_mp_config config = config_of();
    struct weft_mp_path path = in_state(WEFT_MP_PATH_SKIP);

    cr_expect_eq(path.skip_until, 500000);
    weft_mp_path_rest(&path, 499999);
    cr_expect_eq(path.state, WEFT_MP_PATH_SKIP);
    weft_mp_path_rest(&path, 500000);
    cr_expect_eq(path.state, WEFT_MP_PATH_GOOD);
    weft_mp_path_skip(&path, &config, 1000000);
    cr_expect_eq(path.skip_until, 2000000);
}

Test(mp_path, renew__new_id_nothing_learned)
{
    struct weft_mp_path path = in_state(WEFT_MP_PATH_GOOD);

    (void)weft_mp_path_answered(&path, 1, RTT, 0);
    weft_mp_path_renew(&path, 30);
    cr_expect_eq(path.id, 7 + 256);
    cr_expect_eq(path.rtt_ns, 0);
    cr_expect_eq(path.base_rtt.ns, WEFT_NEVER);
    cr_expect_eq(path.wake_at, 30);
}

Test(mp_path, probe_at__answers_that_come_after_the_next_probe)
{
    struct weft_mp_path path = in_state(WEFT_MP_PATH_DEAD);

    cr_expect_eq(weft_mp_path_probe_at(&path, 0), WEFT_NEVER);
    weft_mp_path_probed(&path, 60, 1000);
    weft_mp_path_probed(&path, 70, 2000);
    cr_expect_eq(weft_mp_path_probe_at(&path, 59), WEFT_NEVER);
    cr_expect_eq(weft_mp_path_probe_at(&path, 60), 1000);
    cr_expect_eq(weft_mp_path_probe_at(&path, 70), 2000);
    cr_expect_eq(weft_mp_path_probe_at(&path, 71), WEFT_NEVER);
    cr_expect(weft_mp_path_answered(&path, 60, 5000, 6000));
    cr_expect_eq(weft_mp_path_probe_at(&path, 70), 2000, "that one is still on its way");
    (void)weft_mp_path_answered(&path, 70, 5000, 7000);
    cr_expect_eq(weft_mp_path_probe_at(&path, 70), WEFT_NEVER);
}

Test(mp_path, late__more_patience_up_to_a_limit)
{
    struct weft_mp_path path = in_state(WEFT_MP_PATH_GOOD);

    cr_expect_eq(path.reorder_packets, 3);
    weft_mp_path_late(&path);
    cr_expect_eq(path.reorder_packets, 6);
    for (int i = 0; i < 20; i++)
        weft_mp_path_late(&path);
    cr_expect_eq(path.reorder_packets, 128);
}

Test(mp_path, base_rtt__forgotten_when_the_way_changed)
{
    struct weft_mp_least least;

    weft_mp_least_init(&least);
    weft_mp_least_add(&least, 1000, 0);
    weft_mp_least_add(&least, 5000, UINT64_C(11000000000));
    cr_expect_eq(least.ns, 1000);
    weft_mp_least_add(&least, 6000, UINT64_C(22000000000));
    cr_expect_eq(least.ns, 5000, "all of an epoch was more than twice as long");
    weft_mp_least_add(&least, 6000, UINT64_C(33000000000));
    cr_expect_eq(least.ns, 5000, "a queue of no more than the least is no other way");
}
