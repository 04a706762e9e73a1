/* Congestion windows: grow below the target delay, shrink above, never beyond 1.5 BDP; paced. */
#include "mp_window.h"

#define LEAST_PACKETS  4
#define CAP_HALVES     3  /* the cap is so many halves of rate by least round trip */
#define GROW_PACKETS   4  /* per round trip with no queue at all */
#define SHRINK_PERCENT 80 /* of the part of the delay that is too much */
#define HEAVY_PART     8  /* more than one of so many bytes lost in a round, and a queue ... */
#define QUEUE_PART     8  /* ... of this part of the target: too much was sent */
#define FLOOD_PART     3  /* so many lost say that without a queue */
#define PERIOD_ROUNDS  8  /* the rate is the most of so many round trips, and as many before */
#define SMOOTHING      8

/* A round trip that is no rack's. Over there a window begins with ten packets (RFC 6928), or with
 * what 10 Mb/s bring in that time. */
#define FAR_NS           1000000
#define FAR_PACKETS      10
#define FAR_BYTES_PER_MS 1250

/* RFC 9002, section 7.7: 5/4 of the window in a round trip, twice as much while it doubles; what
 * was not used is kept for a burst of ten packets (section 7.2), or of a part of the window. */
#define PACE_FIFTHS      4
#define PACE_EIGHTHS     4
#define PACE_PACKETS     10
#define PACE_BURST_PART  8
#define PACE_TRIP_NS_MAX UINT64_C(10000000000)

static void check(const struct weft_mp_window *window)
{
    weft_assert(window->window_bytes >= window->least_bytes);
}

static uint64_t first_bytes_of(const struct weft_mp_config *config)
{
    weft_ns trip_ns = weft_min(config->rtt_ns_first, PACE_TRIP_NS_MAX);
    uint64_t far_bytes = weft_max(trip_ns * FAR_BYTES_PER_MS / 1000000,
                                  (uint64_t)FAR_PACKETS * config->packet_bytes);

    return trip_ns < FAR_NS ? config->first_window_bytes
                            : weft_min(config->first_window_bytes, far_bytes);
}

void weft_mp_window_init(struct weft_mp_window *window, const struct weft_mp_config *config)
{
    *window = (struct weft_mp_window){
        .least_bytes = (uint64_t)config->packet_bytes * LEAST_PACKETS,
        .packet_bytes = config->packet_bytes,
        .host_ns = config->host_ns,
        .rtt_ns_first = config->rtt_ns_first,
        .wake_at = WEFT_NEVER,
        .is_starting = true,
    };
    weft_mp_least_init(&window->base_rtt);
    window->first_bytes = weft_max(first_bytes_of(config), window->least_bytes);
    window->window_bytes = window->first_bytes;
}

uint64_t weft_mp_window_rate(const struct weft_mp_window *window)
{
    return weft_max(window->rates_bytes_per_ms[0], window->rates_bytes_per_ms[1]);
}

static weft_ns target_ns(const struct weft_mp_window *window)
{
    return weft_max(window->base_rtt.ns, window->host_ns);
}

bool weft_mp_window_slow(const struct weft_mp_window *window, weft_ns queue_ns)
{
    return window->base_rtt.ns != WEFT_NEVER && queue_ns > target_ns(window);
}

/* The first window may be used up to the first round trip; then what was shown counts. */
static void clamp(struct weft_mp_window *window)
{
    uint64_t rate = weft_mp_window_rate(window);
    uint64_t most = UINT64_MAX;

    if (rate > 0 && window->base_rtt.ns != WEFT_NEVER) {
        weft_ns trip_ns = weft_min(window->base_rtt.ns + window->host_ns, UINT32_MAX);

        most = weft_min(rate, UINT32_MAX) * trip_ns / 1000000 * CAP_HALVES / 2;
    }
    window->window_bytes = weft_min(window->window_bytes, weft_max(most, window->first_bytes));
    window->window_bytes = weft_max(window->window_bytes, window->least_bytes);
}

/* How long so many bytes take at the pace; none over short ways, where a clock is too slow for it.
 * The smoothed round trip lags behind a window that has shrunk: a rate that was seen is allowed. */
static weft_ns pace_ns(const struct weft_mp_window *window, uint64_t bytes)
{
    weft_ns least_ns = window->rtt_ns != 0 ? window->base_rtt.ns : window->rtt_ns_first;
    weft_ns trip_ns = window->rtt_ns != 0 ? window->rtt_ns : window->rtt_ns_first;
    uint64_t rate = weft_mp_window_rate(window);
    weft_ns took_ns;

    if (least_ns < FAR_NS)
        return 0;
    trip_ns = weft_min(trip_ns, PACE_TRIP_NS_MAX) / 1000;
    trip_ns = window->is_starting ? trip_ns * PACE_EIGHTHS / 8 : trip_ns * PACE_FIFTHS / 5;
    took_ns = trip_ns * bytes / window->window_bytes * 1000;
    return rate == 0 ? took_ns : weft_min(took_ns, bytes * 1000000 / rate * PACE_FIFTHS / 5);
}

bool weft_mp_window_open(struct weft_mp_window *window, uint64_t bytes, weft_ns now)
{
    uint64_t burst_bytes =
        weft_max(PACE_PACKETS * window->packet_bytes, window->window_bytes / PACE_BURST_PART);

    window->wake_at = WEFT_NEVER;
    if (window->inflight_bytes == 0)
        return true;
    if (window->inflight_bytes + bytes > window->window_bytes) {
        window->is_limited = true;
        return false;
    }
    if (now >= window->paced_to)
        return true;
    window->wake_at = weft_sub_sat(window->paced_to, pace_ns(window, burst_bytes));
    if (now < window->wake_at)
        return false;
    window->wake_at = WEFT_NEVER;
    return true;
}

struct weft_mp_window_mark weft_mp_window_sent(struct weft_mp_window *window, uint64_t bytes,
                                               weft_ns now)
{
    /* After a pause the rate is that of what comes now. */
    if (window->inflight_bytes == 0)
        window->delivered_at = now;
    window->inflight_bytes += bytes;
    window->paced_to = weft_max(window->paced_to, now) + pace_ns(window, bytes);
    return (struct weft_mp_window_mark){window->delivered_bytes, window->delivered_at};
}

static void take_back(struct weft_mp_window *window, uint64_t bytes)
{
    weft_assert(window->inflight_bytes >= bytes);
    window->inflight_bytes -= bytes;
}

void weft_mp_window_acked(struct weft_mp_window *window, uint64_t bytes, weft_ns now)
{
    take_back(window, bytes);
    window->delivered_bytes += bytes;
    window->delivered_at = now;
    window->round_acked_bytes += bytes;
}

void weft_mp_window_lost(struct weft_mp_window *window, uint64_t bytes)
{
    take_back(window, bytes);
    window->round_lost_bytes += bytes;
}

void weft_mp_window_dropped(struct weft_mp_window *window, uint64_t bytes)
{
    take_back(window, bytes);
}

static void learn_rate(struct weft_mp_window *window, struct weft_mp_window_mark mark, weft_ns now)
{
    uint64_t bytes = window->delivered_bytes - mark.delivered_bytes;
    weft_ns took_ns = now - mark.delivered_at;

    /* Less than half a round trip shows how acks come in heaps, not how fast the network is. */
    if (took_ns > window->base_rtt.ns / 2 && bytes < UINT64_C(1) << 40)
        window->rates_bytes_per_ms[0] =
            weft_max(window->rates_bytes_per_ms[0], bytes * 1000000 / took_ns);
    if (now < window->period_until)
        return;
    /* A period in which the window held nothing back shows what was asked for, no limit. */
    if (window->is_limited) {
        window->rates_bytes_per_ms[1] = window->rates_bytes_per_ms[0];
        window->rates_bytes_per_ms[0] = 0;
    }
    window->is_limited = false;
    window->period_until = now + PERIOD_ROUNDS * (window->rtt_ns + window->host_ns);
}

static void grow(struct weft_mp_window *window, weft_ns over_ns)
{
    uint64_t room = target_ns(window) - over_ns;
    uint64_t step = GROW_PACKETS * window->packet_bytes;

    if (window->is_starting)
        window->window_bytes += window->round_acked_bytes;
    else
        window->window_bytes += weft_min(step * room / target_ns(window), window->window_bytes / 2);
}

/* Once per round trip: the delay, and how much of the round was lost. */
static void end_round(struct weft_mp_window *window, weft_ns now)
{
    uint64_t round_bytes = window->round_acked_bytes + window->round_lost_bytes;
    weft_ns target = target_ns(window);
    bool is_heavy = window->round_lost_bytes * HEAVY_PART > round_bytes &&
                    window->queue_ns > target / QUEUE_PART;
    bool is_flood = window->round_lost_bytes * FLOOD_PART > round_bytes;

    if (window->queue_ns > target) {
        uint64_t over = weft_min((window->queue_ns - target) * 100 / window->queue_ns, 100);

        window->is_starting = false;
        window->window_bytes -=
            window->window_bytes * weft_min(over * SHRINK_PERCENT / 100, 50) / 100;
    } else if (is_heavy || is_flood) {
        window->is_starting = false;
        window->window_bytes -= window->window_bytes / 4;
    } else if (window->round_acked_bytes > 0) {
        grow(window, window->queue_ns);
    }
    window->round_acked_bytes = 0;
    window->round_lost_bytes = 0;
    window->round_until = now + window->rtt_ns;
}

void weft_mp_window_sample(struct weft_mp_window *window, weft_ns rtt_ns, weft_ns base_rtt_ns,
                           struct weft_mp_window_mark mark, weft_ns now)
{
    weft_ns queue_ns = weft_sub_sat(rtt_ns, base_rtt_ns);

    if (window->rtt_ns == 0) {
        window->rtt_ns = weft_max(rtt_ns, 1);
        window->round_until = now;
        window->period_until = now + PERIOD_ROUNDS * (rtt_ns + window->host_ns);
    }
    window->rtt_ns = window->rtt_ns - window->rtt_ns / SMOOTHING + rtt_ns / SMOOTHING;
    window->rtt_ns = weft_max(window->rtt_ns, 1);
    weft_mp_least_add(&window->base_rtt, base_rtt_ns, now);
    window->queue_ns = window->queue_ns - window->queue_ns / SMOOTHING + queue_ns / SMOOTHING;
    learn_rate(window, mark, now);
    if (now >= window->round_until)
        end_round(window, now);
    clamp(window);
    check(window);
}

void weft_mp_window_overloaded(struct weft_mp_window *window, weft_ns now)
{
    if (now < window->round_until)
        return;
    window->is_starting = false;
    window->window_bytes /= 2;
    window->round_until = now + weft_max(window->rtt_ns, window->host_ns);
    clamp(window);
    check(window);
}

void weft_mp_window_collapse(struct weft_mp_window *window)
{
    window->window_bytes = window->least_bytes;
    window->is_starting = true;
    window->queue_ns = 0;
    window->round_acked_bytes = 0;
    window->round_lost_bytes = 0;
    check(window);
}
