/* Lanes: every state by every event, timers, backoff, the learned rate. */
#include <criterion/criterion.h>

#include <signal.h>

#include "fixture.h"

#include "core/lane.h"

/* A lane of 10 bytes a nanosecond with 1,000 ns to the first byte. A copy of 10,000 bytes should
 * take 2,000 ns; four times that is below the least allowance, 200,000 ns. One of 1,000,000 bytes
 * should take 101,000 ns and is allowed 404,000. */
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
    bench.config.probe_us = 100;
    bench.config.probe_us_max = 400;
    weft_lane_init(&bench.lane, &hop, &bench.config);
    return bench;
}

static void issue(struct bench *bench, uint64_t bytes, weft_ns now)
{
    weft_lane_issued(&bench->lane, &bench->config, bytes, true, now);
}

static void blame(struct bench *bench, weft_ns now)
{
    weft_lane_blamed(&bench->lane, &bench->config, now);
}

/* The port did not take the last ready copy of SMALL bytes. */
static void refuse(struct bench *bench, weft_ns now)
{
    weft_lane_refused(&bench->lane, &bench->config, SMALL, true, now);
}

static void probe(struct bench *bench, bool good, weft_ns now)
{
    weft_lane_probe_issued(&bench->lane);
    weft_lane_probe_ended(&bench->lane, &bench->config, good, now);
}

/* In a state, with one ready copy of SMALL bytes out since instant 0. */
static struct bench busy_in(enum weft_lane_state state)
{
    struct bench bench = made();

    if (state == WEFT_LANE_TRIAL) {
        blame(&bench, 0);
        probe(&bench, true, 0);
    }
    issue(&bench, SMALL, 0);
    if (state == WEFT_LANE_SUSPECT)
        weft_lane_expired(&bench.lane, &bench.config, 0);
    if (state == WEFT_LANE_DOWN)
        blame(&bench, 0);
    cr_assert_eq(bench.lane.state, state);
    return bench;
}

enum event {
    ISSUED,
    ISSUED_BEHIND,
    READIED,
    ENDED_WELL,
    ENDED_BADLY,
    BLAMED,
    REFUSED,
    PROBE_ISSUED,
    PROBE_WELL,
    PROBE_BADLY,
    LINK_DOWN,
    LINK_UP,
    EXPIRED,
    EVENTS
};

static void apply(struct bench *bench, enum event event)
{
    struct weft_lane *lane = &bench->lane;

    switch (event) {
    case ISSUED:
    case ISSUED_BEHIND:
        weft_lane_issued(lane, &bench->config, SMALL, event == ISSUED, 10);
        break;
    case READIED:
        weft_lane_issued(lane, &bench->config, SMALL, false, 10);
        weft_lane_readied(lane, &bench->config, SMALL, 10);
        break;
    case ENDED_WELL:
    case ENDED_BADLY:
        weft_lane_ended(lane, &bench->config, SMALL, 0, event == ENDED_WELL, 10);
        break;
    case BLAMED:
        blame(bench, 10);
        break;
    case REFUSED:
        issue(bench, SMALL, 10);
        refuse(bench, 10);
        break;
    case PROBE_ISSUED:
        weft_lane_probe_issued(lane);
        break;
    case PROBE_WELL:
    case PROBE_BADLY:
        probe(bench, event == PROBE_WELL, 10);
        break;
    case LINK_DOWN:
    case LINK_UP:
        weft_lane_link_changed(lane, &bench->config, event == LINK_UP, 10);
        break;
    default:
        weft_lane_expired(lane, &bench->config, 10);
    }
}

Test(lane, set_state__every_state_by_every_event)
{
#define ROW(up, suspect, down, trial)                                                              \
    {                                                                                              \
        WEFT_LANE_##up, WEFT_LANE_##suspect, WEFT_LANE_##down, WEFT_LANE_##trial                   \
    }
    static const enum weft_lane_state next[EVENTS][WEFT_LANE_STATES] = {
        [ISSUED] = ROW(UP, SUSPECT, DOWN, TRIAL),
        [ISSUED_BEHIND] = ROW(UP, SUSPECT, DOWN, TRIAL),
        [READIED] = ROW(UP, SUSPECT, DOWN, TRIAL),
        [ENDED_WELL] = ROW(UP, UP, TRIAL, TRIAL),
        [ENDED_BADLY] = ROW(UP, UP, DOWN, TRIAL), /* whose fault it was, BLAMED tells */
        [BLAMED] = ROW(DOWN, DOWN, DOWN, DOWN),
        [REFUSED] = ROW(UP, SUSPECT, DOWN, TRIAL),
        [PROBE_ISSUED] = ROW(UP, SUSPECT, DOWN, TRIAL),
        [PROBE_WELL] = ROW(UP, SUSPECT, TRIAL, TRIAL),
        [PROBE_BADLY] = ROW(UP, SUSPECT, DOWN, TRIAL),
        [LINK_DOWN] = ROW(DOWN, DOWN, DOWN, DOWN),
        [LINK_UP] = ROW(UP, SUSPECT, DOWN, TRIAL),
        [EXPIRED] = ROW(SUSPECT, DOWN, DOWN, DOWN),
    };
#undef ROW

    for (uint32_t event = 0; event < EVENTS; event++)
        for (uint32_t state = 0; state < WEFT_LANE_STATES; state++) {
            struct bench bench = busy_in((enum weft_lane_state)state);

            apply(&bench, (enum event)event);
            cr_expect_eq(bench.lane.state, next[event][state], "event %u in %s became %s", event,
                         weft_lane_state_name((enum weft_lane_state)state),
                         weft_lane_state_name(bench.lane.state));
        }
}

Test(lane, state_name__all)
{
    cr_expect_str_eq(weft_lane_state_name(WEFT_LANE_UP), "up");
    cr_expect_str_eq(weft_lane_state_name(WEFT_LANE_SUSPECT), "suspect");
    cr_expect_str_eq(weft_lane_state_name(WEFT_LANE_DOWN), "down");
    cr_expect_str_eq(weft_lane_state_name(WEFT_LANE_TRIAL), "trial");
    cr_expect_str_eq(weft_lane_state_name(WEFT_LANE_STATES), "?");
}

Test(lane, init__a_hop_without_rate)
{
    struct weft_hop hop = {.rate_bytes_per_us = 0, .latency_ns = 0};
    struct bench bench = made();

    weft_lane_init(&bench.lane, &hop, &bench.config);
    cr_expect_eq(bench.lane.rate_bytes_per_us, 1);
    cr_expect_eq(bench.lane.state, WEFT_LANE_UP);
    cr_expect_eq(bench.lane.timer_at, WEFT_NEVER);
}

Test(lane, alive__and_usable)
{
    static const struct {
        enum weft_lane_state state;
        bool alive;
        bool usable; /* with a copy out */
    } rows[] = {{WEFT_LANE_UP, true, true},
                {WEFT_LANE_SUSPECT, false, false},
                {WEFT_LANE_DOWN, false, false},
                {WEFT_LANE_TRIAL, true, false}};

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct bench bench = busy_in(rows[i].state);

        cr_expect_eq(weft_lane_alive(&bench.lane), rows[i].alive, "row %zu", i);
        cr_expect_eq(weft_lane_usable(&bench.lane, 0), rows[i].usable, "row %zu", i);
    }
}

Test(lane, usable__trial_takes_one_at_a_time)
{
    struct bench bench = busy_in(WEFT_LANE_TRIAL);

    cr_expect_not(weft_lane_usable(&bench.lane, 0));
    weft_lane_ended(&bench.lane, &bench.config, SMALL, 0, true, 2000);
    cr_expect_eq(bench.lane.state, WEFT_LANE_TRIAL);
    cr_expect(weft_lane_usable(&bench.lane, 2000));
    issue(&bench, SMALL, 2000);
    weft_lane_ended(&bench.lane, &bench.config, SMALL, 2000, true, 4000);
    cr_expect_eq(bench.lane.state, WEFT_LANE_UP, "the second good copy ends the trial");
}

/* A failure between two good copies: the count begins again with the next trial. */
Test(lane, ended__trial_counts_from_its_beginning)
{
    struct bench bench = busy_in(WEFT_LANE_TRIAL);

    weft_lane_ended(&bench.lane, &bench.config, SMALL, 0, true, 2000);
    blame(&bench, 2000);
    probe(&bench, true, 3000);
    issue(&bench, SMALL, 3000);
    weft_lane_ended(&bench.lane, &bench.config, SMALL, 3000, true, 5000);
    cr_expect_eq(bench.lane.state, WEFT_LANE_TRIAL);
}

/* 5 us, doubled by each refusal in a row, at most 1 ms; a copy that ends well forgets them. */
Test(lane, refused__holds)
{
    static const weft_ns holds[] = {5000,   10000,  20000,  40000,   80000,
                                    160000, 320000, 640000, 1000000, 1000000};
    struct bench bench = made();

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(holds); i++) {
        issue(&bench, SMALL, 100);
        refuse(&bench, 100);
        cr_expect_not(weft_lane_usable(&bench.lane, 99 + holds[i]), "refusal %zu", i);
        cr_expect(weft_lane_usable(&bench.lane, 100 + holds[i]), "refusal %zu", i);
        cr_expect(weft_lane_alive(&bench.lane));
    }
    issue(&bench, SMALL, 0);
    weft_lane_ended(&bench.lane, &bench.config, SMALL, 0, true, 2000);
    issue(&bench, SMALL, 100);
    refuse(&bench, 100);
    cr_expect(weft_lane_usable(&bench.lane, 5100));
}

/* It was not issued: what is out is as it was, and no progress was made. */
Test(lane, refused__is_no_progress)
{
    struct bench bench = made();

    issue(&bench, SMALL, 0);
    issue(&bench, SMALL, 150000);
    refuse(&bench, 150000);
    cr_expect_eq(bench.lane.copies, 1);
    cr_expect_eq(bench.lane.ready, 1);
    cr_expect_eq(bench.lane.ready_bytes, SMALL);
    cr_expect_eq(bench.lane.timer_at, 200000);
    weft_lane_issued(&bench.lane, &bench.config, SMALL, false, 150000);
    weft_lane_refused(&bench.lane, &bench.config, SMALL, false, 150000);
    cr_expect_eq(bench.lane.copies, 1);
    cr_expect_eq(bench.lane.ready, 1);
}

Test(lane, refused__the_only_copy)
{
    struct bench bench = made();

    issue(&bench, SMALL, 0);
    refuse(&bench, 0);
    cr_expect_eq(bench.lane.copies, 0);
    cr_expect_eq(bench.lane.timer_at, WEFT_NEVER, "nothing to watch");
}

/* The second copy of a chain may go to a lane that is down; refused, it is probed as before. */
Test(lane, refused__a_lane_that_is_down)
{
    struct bench bench = made();

    blame(&bench, 0);
    issue(&bench, SMALL, 10);
    refuse(&bench, 10);
    cr_expect_neq(bench.lane.timer_at, WEFT_NEVER);
}

Test(lane, issued__watches_ready_copies)
{
    struct bench bench = made();

    issue(&bench, SMALL, 50);
    cr_expect_eq(bench.lane.timer_at, 200050, "the least allowance");
    issue(&bench, LARGE, 60);
    cr_expect_eq(bench.lane.timer_at, 200050, "more copies are no progress");
    weft_lane_ended(&bench.lane, &bench.config, SMALL, 50, true, 2050);
    cr_expect_eq(bench.lane.timer_at, 406050, "progress: 404,000 for the large one");
    weft_lane_ended(&bench.lane, &bench.config, LARGE, 60, true, 103050);
    cr_expect_eq(bench.lane.timer_at, WEFT_NEVER);
    cr_expect_eq(bench.lane.copies, 0);
    cr_expect_eq(bench.lane.ready_bytes, 0);
}

Test(lane, issued__behind_another_is_not_late)
{
    struct bench bench = made();

    weft_lane_issued(&bench.lane, &bench.config, LARGE, false, 50);
    cr_expect_eq(bench.lane.timer_at, WEFT_NEVER);
    cr_expect_eq(bench.lane.copies, 1);
    cr_expect_eq(bench.lane.ready, 0);
    weft_lane_readied(&bench.lane, &bench.config, LARGE, 1000);
    cr_expect_eq(bench.lane.ready, 1);
    cr_expect_eq(bench.lane.timer_at, 405000);
}

Test(lane, ended__behind_a_failed_one)
{
    struct bench bench = made();

    issue(&bench, SMALL, 0);
    weft_lane_issued(&bench.lane, &bench.config, LARGE, false, 10);
    weft_lane_ended(&bench.lane, &bench.config, LARGE, WEFT_NEVER, false, 20);
    cr_expect_eq(bench.lane.copies, 1);
    cr_expect_eq(bench.lane.ready, 1);
    cr_expect_eq(bench.lane.ready_bytes, SMALL);
    cr_expect_eq(bench.lane.state, WEFT_LANE_UP);
}

/* Late: suspect; after four allowances more: down; its end then, however late: on trial. */
Test(lane, expired__a_copy_that_hangs)
{
    struct bench bench = made();

    issue(&bench, SMALL, 0);
    cr_expect_not(bench.lane.stalled);
    cr_expect_eq(weft_lane_expired(&bench.lane, &bench.config, 200000), WEFT_LANE_NOTHING);
    cr_expect_eq(bench.lane.state, WEFT_LANE_SUSPECT);
    cr_expect(bench.lane.stalled);
    cr_expect_eq(bench.lane.state_at, 200000);
    cr_expect_eq(bench.lane.timer_at, 1000000);
    cr_expect_eq(weft_lane_expired(&bench.lane, &bench.config, 1000000), WEFT_LANE_NOTHING);
    cr_expect_eq(bench.lane.state, WEFT_LANE_DOWN);
    cr_expect_eq(bench.lane.timer_at, WEFT_NEVER, "no probe behind a copy that hangs");
    weft_lane_ended(&bench.lane, &bench.config, SMALL, 0, true, 9000000);
    cr_expect_eq(bench.lane.state, WEFT_LANE_TRIAL);
    cr_expect_not(bench.lane.stalled);
}

/* A lane that went down for another reason is watched all the same: do its copies hang? */
Test(lane, expired__down_with_copies_out)
{
    struct bench bench = busy_in(WEFT_LANE_DOWN);

    cr_expect_not(bench.lane.stalled);
    cr_expect_eq(bench.lane.timer_at, 200000);
    cr_expect_eq(weft_lane_expired(&bench.lane, &bench.config, 200000), WEFT_LANE_NOTHING);
    cr_expect(bench.lane.stalled);
    cr_expect_eq(bench.lane.state, WEFT_LANE_DOWN);
    cr_expect_eq(bench.lane.timer_at, WEFT_NEVER);
}

Test(lane, expired__a_hung_copy_that_fails_at_last)
{
    struct bench bench = busy_in(WEFT_LANE_DOWN);

    weft_lane_ended(&bench.lane, &bench.config, SMALL, 0, false, 9000000);
    cr_expect_eq(bench.lane.state, WEFT_LANE_DOWN);
    cr_expect_eq(bench.lane.timer_at, 9100000, "now it can be probed");
}

Test(lane, ended__suspect_with_more_copies)
{
    struct bench bench = busy_in(WEFT_LANE_SUSPECT);

    issue(&bench, SMALL, 0);
    weft_lane_ended(&bench.lane, &bench.config, SMALL, 0, false, 10);
    cr_expect_eq(bench.lane.state, WEFT_LANE_SUSPECT, "the other one is still late");
    weft_lane_ended(&bench.lane, &bench.config, SMALL, 0, true, 20);
    cr_expect_eq(bench.lane.state, WEFT_LANE_UP);
}

/* 100 us, doubled by each probe that fails, at most 400 us. */
Test(lane, probe_ended__backoff)
{
    static const weft_ns waits[] = {100000, 200000, 400000, 400000, 400000};
    struct bench bench = made();
    weft_ns now = 1000;

    blame(&bench, now);
    for (size_t i = 0; i < WEFT_ARRAY_COUNT(waits); i++) {
        cr_expect_eq(bench.lane.timer_at, now + waits[i], "probe %zu", i);
        now += 1000000;
        cr_expect_eq(weft_lane_expired(&bench.lane, &bench.config, now), WEFT_LANE_PROBE);
        probe(&bench, false, now);
    }
}

/* Who fails a trial waits twice as long; who serves it well half as long, not below the first. */
Test(lane, blamed__backoff_after_trials)
{
    static const struct {
        bool serves;
        weft_ns wait;
    } rows[] = {{false, 200000}, {false, 400000}, {false, 400000}, {true, 200000},
                {true, 100000},  {true, 100000},  {false, 200000}};
    struct bench bench = made();

    blame(&bench, 0);
    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        probe(&bench, true, 0);
        cr_assert_eq(bench.lane.state, WEFT_LANE_TRIAL);
        for (uint32_t k = 0; k < 2 && rows[i].serves; k++) {
            issue(&bench, SMALL, 0);
            weft_lane_ended(&bench.lane, &bench.config, SMALL, 0, true, 2000);
        }
        blame(&bench, 0);
        cr_expect_eq(bench.lane.timer_at, rows[i].wait, "row %zu", i);
    }
}

Test(lane, link_changed__up_is_probed_at_once)
{
    struct bench bench = made();

    weft_lane_link_changed(&bench.lane, &bench.config, false, 1000);
    cr_expect_eq(bench.lane.timer_at, 101000);
    weft_lane_link_changed(&bench.lane, &bench.config, true, 2000);
    cr_expect_eq(bench.lane.state, WEFT_LANE_DOWN);
    cr_expect_eq(bench.lane.timer_at, 2000);
}

Test(lane, link_changed__up_waits_for_copies_and_probes)
{
    struct bench busy = busy_in(WEFT_LANE_DOWN);
    struct bench probing = made();

    weft_lane_link_changed(&busy.lane, &busy.config, true, 2000);
    cr_expect_eq(busy.lane.timer_at, 200000, "its copy is watched");
    blame(&probing, 0);
    weft_lane_probe_issued(&probing.lane);
    weft_lane_link_changed(&probing.lane, &probing.config, true, 2000);
    cr_expect_eq(probing.lane.timer_at, WEFT_NEVER);
}

Test(lane, probe_issued__twice, .signal = SIGABRT)
{
    struct bench bench = made();

    weft_lane_probe_issued(&bench.lane);
    weft_lane_probe_issued(&bench.lane);
}

Test(lane, probe_ended__none_out, .signal = SIGABRT)
{
    struct bench bench = made();

    weft_lane_probe_ended(&bench.lane, &bench.config, true, 0);
}

Test(lane, ended__none_out, .signal = SIGABRT)
{
    struct bench bench = made();

    weft_lane_ended(&bench.lane, &bench.config, 1, 0, true, 0);
}

Test(lane, ended__none_ready, .signal = SIGABRT)
{
    struct bench bench = made();

    weft_lane_issued(&bench.lane, &bench.config, 1, false, 0);
    weft_lane_ended(&bench.lane, &bench.config, 1, 0, true, 0);
}
