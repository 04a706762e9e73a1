/* Lanes: health by progress, errors and probes; allowances from the learned rate. */
#include "lane.h"

#define TO(state) (1u << WEFT_LANE_##state)

#define LATE_FACTOR     4    /* a copy may take this often what its bytes should take */
#define GIVE_UP_FACTOR  4    /* a suspect lane is down after this many allowances more */
#define HOLD_NS         5000 /* after a refusal; doubles */
#define HOLD_NS_MAX     1000000
#define RATE_FLOOR_PART 64 /* the learned rate stays above this part of the nominal one */

static const unsigned next_states[WEFT_LANE_STATES] = {
    [WEFT_LANE_UP] = TO(SUSPECT) | TO(DOWN),
    [WEFT_LANE_SUSPECT] = TO(UP) | TO(DOWN),
    [WEFT_LANE_DOWN] = TO(TRIAL),
    [WEFT_LANE_TRIAL] = TO(UP) | TO(DOWN),
};

static const char *const state_names[WEFT_LANE_STATES] = {
    [WEFT_LANE_UP] = "up",
    [WEFT_LANE_SUSPECT] = "suspect",
    [WEFT_LANE_DOWN] = "down",
    [WEFT_LANE_TRIAL] = "trial",
};

const char *weft_lane_state_name(enum weft_lane_state state)
{
    return (unsigned)state < WEFT_LANE_STATES ? state_names[state] : "?";
}

static void check(const struct weft_lane *lane)
{
    weft_assert(lane->ready <= lane->copies);
    weft_assert(lane->ready > 0 || lane->ready_bytes == 0);
    weft_assert(lane->state != WEFT_LANE_SUSPECT || lane->ready > 0);
    weft_assert(lane->rate_bytes_per_us > 0);
    weft_assert(!lane->stalled || lane->ready > 0);
}

static weft_ns allowance(const struct weft_lane *lane, const struct weft_config *config)
{
    weft_ns expected =
        weft_bytes_time(lane->ready_bytes, lane->rate_bytes_per_us) + lane->overhead_ns;

    return weft_max(expected * LATE_FACTOR, config->suspect_us * 1000);
}

/* A lane is watched while a copy is ready; a lane that is down is probed while none is. */
static void set_timer(struct weft_lane *lane, const struct weft_config *config, weft_ns now)
{
    bool down = lane->state == WEFT_LANE_DOWN;

    lane->timer_at = WEFT_NEVER;
    if (lane->ready > 0 && !(down && lane->stalled))
        lane->timer_at = now + allowance(lane, config);
    else if (lane->ready == 0 && down && !lane->probing)
        lane->timer_at = now + lane->backoff_ns;
}

static void set_state(struct weft_lane *lane, enum weft_lane_state state, weft_ns now)
{
    weft_assert((next_states[lane->state] >> state & 1) != 0);
    lane->state = state;
    lane->state_at = now;
    lane->trial_good = 0;
}

static void go_down(struct weft_lane *lane, const struct weft_config *config, weft_ns now)
{
    if (lane->state != WEFT_LANE_DOWN) {
        /* A lane that fails its trial is probed ever more rarely, one that served well less so. */
        if (lane->state == WEFT_LANE_TRIAL)
            lane->backoff_ns = weft_min(lane->backoff_ns * 2, config->probe_us_max * 1000);
        set_state(lane, WEFT_LANE_DOWN, now);
    }
    set_timer(lane, config, now);
}

void weft_lane_init(struct weft_lane *lane, const struct weft_hop *hop,
                    const struct weft_config *config)
{
    *lane = (struct weft_lane){.state = WEFT_LANE_UP,
                               .rate_bytes_per_us = weft_max(hop->rate_bytes_per_us, 1),
                               .nominal_bytes_per_us = weft_max(hop->rate_bytes_per_us, 1),
                               .overhead_ns = hop->latency_ns,
                               .timer_at = WEFT_NEVER,
                               .backoff_ns = config->probe_us * 1000};
    check(lane);
}

bool weft_lane_is_full(const struct weft_lane *lane)
{
    return lane->hold_ns == HOLD_NS_MAX;
}

bool weft_lane_hold_passed(struct weft_lane *lane, weft_ns now)
{
    if (!weft_lane_is_full(lane) || now < lane->hold_until)
        return false;
    lane->hold_ns /= 2; /* full again at the next refusal */
    return true;
}

bool weft_lane_alive(const struct weft_lane *lane)
{
    return lane->state == WEFT_LANE_UP || lane->state == WEFT_LANE_TRIAL;
}

bool weft_lane_usable(const struct weft_lane *lane, weft_ns now)
{
    if (now < lane->hold_until)
        return false;
    if (lane->state == WEFT_LANE_TRIAL)
        return lane->copies == 0;
    return lane->state == WEFT_LANE_UP;
}

void weft_lane_issued(struct weft_lane *lane, const struct weft_config *config, uint64_t bytes,
                      bool ready, weft_ns now)
{
    lane->copies++;
    if (ready)
        weft_lane_readied(lane, config, bytes, now);
    check(lane);
}

void weft_lane_readied(struct weft_lane *lane, const struct weft_config *config, uint64_t bytes,
                       weft_ns now)
{
    bool first = lane->ready == 0;

    lane->ready++;
    lane->ready_bytes += bytes;
    if (first)
        set_timer(lane, config, now);
    check(lane);
}

/* The time since the copy could run, alone or behind the one before it, gives a sample. A sample of
 * less than half is believed sooner than the others: a link that becomes slow must lose its share
 * within a few chunks. */
static void learn_rate(struct weft_lane *lane, uint64_t bytes, weft_ns ready_at, weft_ns now)
{
    weft_ns since = weft_max(ready_at, lane->ended_at);
    weft_ns took = weft_max(weft_sub_sat(now - since, lane->overhead_ns), 1);
    uint64_t sample = bytes > UINT64_MAX / 1000 ? lane->nominal_bytes_per_us : bytes * 1000 / took;

    sample = weft_min(sample, lane->nominal_bytes_per_us);
    sample = weft_max(sample, lane->nominal_bytes_per_us / RATE_FLOOR_PART + 1);
    if (sample * 2 < lane->rate_bytes_per_us)
        lane->rate_bytes_per_us = (lane->rate_bytes_per_us + sample) / 2;
    else
        lane->rate_bytes_per_us = (lane->rate_bytes_per_us * 3 + sample) / 4;
    lane->rate_bytes_per_us = weft_max(lane->rate_bytes_per_us, 1);
}

static void served_well(struct weft_lane *lane, const struct weft_config *config, weft_ns now)
{
    switch (lane->state) {
    case WEFT_LANE_SUSPECT:
        set_state(lane, WEFT_LANE_UP, now);
        break;
    case WEFT_LANE_DOWN:
        set_state(lane, WEFT_LANE_TRIAL, now);
        break;
    case WEFT_LANE_TRIAL:
        if (++lane->trial_good < WEFT_LANE_TRIAL_COPIES)
            break;
        /* Halved, not forgotten: a link that flaps is met with ever more patience. */
        lane->backoff_ns = weft_max(lane->backoff_ns / 2, config->probe_us * 1000);
        set_state(lane, WEFT_LANE_UP, now);
        break;
    default:
        break;
    }
}

void weft_lane_ended(struct weft_lane *lane, const struct weft_config *config, uint64_t bytes,
                     weft_ns ready_at, bool good, weft_ns now)
{
    weft_assert(lane->copies > 0);
    lane->copies--;
    if (ready_at != WEFT_NEVER) {
        weft_assert(lane->ready > 0);
        lane->ready--;
        lane->ready_bytes -= bytes;
    }
    if (good && ready_at != WEFT_NEVER)
        learn_rate(lane, bytes, ready_at, now);
    if (good)
        lane->hold_ns = 0;
    lane->ended_at = now;
    lane->stalled = false;
    if (good)
        served_well(lane, config, now);
    else if (lane->state == WEFT_LANE_SUSPECT && lane->ready == 0)
        set_state(lane, WEFT_LANE_UP, now); /* it answers; whose fault it was comes next */
    set_timer(lane, config, now);
    check(lane);
}

void weft_lane_blamed(struct weft_lane *lane, const struct weft_config *config, weft_ns now)
{
    go_down(lane, config, now);
    check(lane);
}

void weft_lane_refused(struct weft_lane *lane, const struct weft_config *config, uint64_t bytes,
                       bool ready, weft_ns now)
{
    weft_assert(lane->copies > 0);
    lane->copies--;
    if (ready) {
        lane->ready--;
        lane->ready_bytes -= bytes;
    }
    if (lane->ready == 0) {
        lane->stalled = false;
        set_timer(lane, config, now);
    }
    lane->hold_ns = weft_min(weft_max(lane->hold_ns * 2, HOLD_NS), HOLD_NS_MAX);
    lane->hold_until = now + lane->hold_ns;
    check(lane);
}

void weft_lane_probe_issued(struct weft_lane *lane)
{
    weft_assert(!lane->probing);
    lane->probing = true;
    lane->timer_at = WEFT_NEVER;
}

void weft_lane_probe_ended(struct weft_lane *lane, const struct weft_config *config, bool good,
                           weft_ns now)
{
    weft_assert(lane->probing);
    lane->probing = false;
    if (lane->state == WEFT_LANE_DOWN) {
        if (good)
            set_state(lane, WEFT_LANE_TRIAL, now);
        else
            lane->backoff_ns = weft_min(lane->backoff_ns * 2, config->probe_us_max * 1000);
    }
    set_timer(lane, config, now);
    check(lane);
}

void weft_lane_link_changed(struct weft_lane *lane, const struct weft_config *config, bool up,
                            weft_ns now)
{
    if (!up) {
        go_down(lane, config, now);
    } else if (lane->state == WEFT_LANE_DOWN && lane->ready == 0 && !lane->probing) {
        lane->timer_at = now;
    }
    check(lane);
}

enum weft_lane_wish weft_lane_expired(struct weft_lane *lane, const struct weft_config *config,
                                      weft_ns now)
{
    lane->timer_at = WEFT_NEVER;
    if (lane->ready == 0)
        return WEFT_LANE_PROBE;
    lane->stalled = true;
    switch (lane->state) {
    case WEFT_LANE_UP:
        set_state(lane, WEFT_LANE_SUSPECT, now);
        lane->timer_at = now + allowance(lane, config) * GIVE_UP_FACTOR;
        return WEFT_LANE_NOTHING;
    case WEFT_LANE_SUSPECT:
    case WEFT_LANE_TRIAL:
        go_down(lane, config, now);
        return WEFT_LANE_NOTHING;
    default:
        return WEFT_LANE_NOTHING;
    }
}
