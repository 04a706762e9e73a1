/* Congestion windows: growth, delay, loss, floors, caps. Packets of 1,000 bytes. */
#include <criterion/criterion.h>

#include <signal.h>

#include "core/mp_window.h"

#define MS(n)  ((weft_ns)(n)*1000000)
#define PACKET 1000

static struct weft_mp_window made(uint64_t first_bytes)
{
    struct weft_mp_window window;
    struct weft_mp_config config;

    weft_mp_defaults(&config);
    config.packet_bytes = PACKET;
    config.host_ns = 0;
    config.first_window_bytes = first_bytes;
    weft_mp_window_init(&window, &config);
    return window;
}

/* A round trip in which the whole window is sent, comes back after `rtt_ns`, but for the lost part;
 * the least round trip of the path is 10 ms. Returns when it is over. */
static weft_ns round_trip(struct weft_mp_window *window, weft_ns now, weft_ns rtt_ns,
                          uint64_t lost_percent)
{
    uint64_t packets = window->window_bytes / PACKET;
    uint64_t lost = packets * lost_percent / 100;
    struct weft_mp_window_mark mark = {0, 0};

    for (uint64_t i = 0; i < packets; i++) {
        mark = weft_mp_window_sent(window, PACKET, now);
        cr_assert_eq(mark.delivered_at <= now, true);
    }
    weft_mp_window_lost(window, lost * PACKET);
    weft_mp_window_acked(window, (packets - lost) * PACKET, now + rtt_ns);
    /* Twice: a round is judged when the one before is over. */
    weft_mp_window_sample(window, rtt_ns, MS(10), mark, now + rtt_ns);
    return now + rtt_ns;
}

Test(mp_window, starting__doubles_up_to_the_cap)
{
    struct weft_mp_window window = made(10000);
    weft_ns now = round_trip(&window, 0, MS(10), 0);

    /* 10,000 bytes in 10 ms: the cap is one and a half times that. */
    cr_expect_eq(weft_mp_window_rate(&window), 1000);
    cr_expect_eq(window.window_bytes, 15000);
    (void)round_trip(&window, now, MS(10), 0);
    cr_expect_eq(window.window_bytes, 22500);
}

Test(mp_window, delay__over_the_target_shrinks)
{
    struct weft_mp_window window = made(100000);
    weft_ns now = 0;

    for (int i = 0; i < 12; i++)
        now = round_trip(&window, now, MS(40), 0);
    cr_expect_not(window.is_starting);
    cr_expect_lt(window.window_bytes, 40000);
    cr_expect_geq(window.window_bytes, 4000);
}

Test(mp_window, loss__a_little_changes_nothing)
{
    struct weft_mp_window window = made(100000);
    weft_ns now = 0;

    for (int i = 0; i < 20; i++)
        now = round_trip(&window, now, MS(10), 2);
    cr_expect_geq(window.window_bytes, 140000);
    for (int i = 0; i < 20; i++)
        now = round_trip(&window, now, MS(10), 20);
    cr_expect_geq(window.window_bytes, 140000, "20 %% lost, but no queue");
}

Test(mp_window, loss__much_shrinks_down_to_the_floor)
{
    struct weft_mp_window window = made(100000);
    weft_ns now = 0;

    for (int i = 0; i < 60; i++)
        now = round_trip(&window, now, MS(10), 60);
    cr_expect_lt(window.window_bytes, 10000);
    cr_expect_geq(window.window_bytes, 4000, "four packets");
}

Test(mp_window, open__one_packet_always)
{
    struct weft_mp_window window = made(4000);

    weft_mp_window_collapse(&window);
    cr_expect(weft_mp_window_open(&window, 60000, 0));
    (void)weft_mp_window_sent(&window, 3000, 0);
    cr_expect(weft_mp_window_open(&window, 1000, 0));
    cr_expect_not(weft_mp_window_open(&window, 1001, 0));
    cr_expect(window.is_limited);
    cr_expect_eq(window.wake_at, WEFT_NEVER, "only an ack opens it");
}

Test(mp_window, init__far_away_it_begins_small)
{
    static const struct {
        weft_ns rtt_ns_first;
        uint64_t first_bytes;
    } rows[] = {
        {0, 131072},          /* nobody knows */
        {999999, 131072},     /* a rack's */
        {MS(1), 10000},       /* ten packets */
        {MS(7), 10000},       /* 10 Mb/s bring less */
        {MS(40), 50000},      /* or more */
        {MS(700), 131072},    /* but never more than near */
        {WEFT_NEVER, 131072}, /* nor does it wrap */
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct weft_mp_window window;
        struct weft_mp_config config;

        weft_mp_defaults(&config);
        config.packet_bytes = PACKET;
        config.rtt_ns_first = rows[i].rtt_ns_first;
        weft_mp_window_init(&window, &config);
        cr_expect_eq(window.window_bytes, rows[i].first_bytes, "row %zu", i);
    }
}

static struct weft_mp_window far_away(void)
{
    struct weft_mp_window window;
    struct weft_mp_config config;

    weft_mp_defaults(&config);
    config.packet_bytes = PACKET;
    config.rtt_ns_first = MS(40);
    weft_mp_window_init(&window, &config);
    return window;
}

/* 50,000 bytes in half of 40 ms: a packet in 0.4 ms. */
Test(mp_window, open__far_away_a_burst_then_the_pace)
{
    struct weft_mp_window window = far_away();
    uint32_t sent = 0;

    for (; sent < 20 && weft_mp_window_open(&window, PACKET, 0); sent++)
        (void)weft_mp_window_sent(&window, PACKET, 0);
    cr_expect_eq(sent, 11);
    cr_expect_eq(window.wake_at, 400000);
    cr_expect_not(window.is_limited, "time opens it");
    cr_expect_not(weft_mp_window_open(&window, PACKET, 399999));
    cr_expect(weft_mp_window_open(&window, PACKET, 400000));
    cr_expect_eq(window.wake_at, WEFT_NEVER);
    cr_expect(weft_mp_window_open(&window, PACKET, MS(30)), "the burst is full again, no more");
    (void)weft_mp_window_sent(&window, PACKET, MS(30));
    cr_expect_eq(window.paced_to, MS(30) + 400000);
}

/* A window that has shrunk, by a round trip that has not: what was seen to come through may go. */
Test(mp_window, open__a_rate_that_was_seen_is_the_least_pace)
{
    struct weft_mp_window window = far_away();

    (void)round_trip(&window, 0, MS(10), 0);
    cr_expect_eq(weft_mp_window_rate(&window), 5000);
    window.window_bytes = 4000;
    window.paced_to = 0;
    (void)weft_mp_window_sent(&window, PACKET, MS(20));
    cr_expect_eq(window.paced_to, MS(20) + 160000, "five quarters of 5,000 bytes a ms");
}

Test(mp_window, open__a_rack_is_not_paced)
{
    struct weft_mp_window window = made(1000000);

    for (uint32_t i = 0; i < 1000; i++) {
        cr_expect(weft_mp_window_open(&window, PACKET, 0));
        (void)weft_mp_window_sent(&window, PACKET, 0);
    }
}

Test(mp_window, overloaded__halves_once_a_round_trip)
{
    struct weft_mp_window window = made(16000);

    (void)round_trip(&window, 0, MS(10), 0);
    window.window_bytes = 16000;
    weft_mp_window_overloaded(&window, MS(30));
    cr_expect_eq(window.window_bytes, 8000);
    weft_mp_window_overloaded(&window, MS(31));
    cr_expect_eq(window.window_bytes, 8000);
    weft_mp_window_overloaded(&window, MS(41));
    cr_expect_eq(window.window_bytes, 4000);
    weft_mp_window_overloaded(&window, MS(60));
    cr_expect_eq(window.window_bytes, 4000);
}

Test(mp_window, slow__compared_with_the_target)
{
    struct weft_mp_window window = made(16000);

    cr_expect_not(weft_mp_window_slow(&window, MS(1000)), "nothing is known");
    (void)round_trip(&window, 0, MS(10), 0);
    cr_expect_not(weft_mp_window_slow(&window, MS(10)));
    cr_expect(weft_mp_window_slow(&window, MS(10) + 1));
}

Test(mp_window, acked__more_than_is_out, .signal = SIGABRT)
{
    struct weft_mp_window window = made(16000);

    weft_mp_window_acked(&window, 1, 0);
}
