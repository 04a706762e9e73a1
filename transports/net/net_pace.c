/* Token buckets of NICs; see net_pace.h. */
#include "net_pace.h"

#define BURST_NS        200000u
#define BURST_BYTES_MIN 65536u

static uint64_t burst_bytes(const struct weft_net_shape *shape)
{
    return weft_max(shape->rate_bytes_per_ms * BURST_NS / 1000000, BURST_BYTES_MIN);
}

static uint64_t bucket_bytes(const struct weft_net_pace *pace)
{
    return weft_max(pace->shape.rate_bytes_per_ms * pace->keep_ns / 1000000,
                    burst_bytes(&pace->shape));
}

static void fill(struct weft_net_pace *pace, weft_ns now)
{
    /* Longer than any thread is late, and short enough to multiply. */
    uint64_t passed_ns = weft_min(weft_sub_sat(now, pace->filled_at), 1000000000u);
    uint64_t bytes = passed_ns * pace->shape.rate_bytes_per_ms / 1000000;
    uint64_t paid_bytes = weft_min(bytes, pace->debt_bytes);

    if (bytes == 0)
        return;
    pace->filled_at = now;
    pace->debt_bytes -= paid_bytes;
    pace->tokens_bytes += bytes - paid_bytes;
    if (!pace->is_short)
        pace->tokens_bytes = weft_min(pace->tokens_bytes, bucket_bytes(pace));
    pace->is_short = false;
}

void weft_net_pace_set(struct weft_net_pace *pace, const struct weft_net_shape *shape, weft_ns now)
{
    weft_assert((unsigned)shape->state < WEFT_NET_SHAPE_STATES);
    pace->shape = *shape;
    pace->filled_at = now;
    pace->tokens_bytes = bucket_bytes(pace);
    pace->debt_bytes = 0;
}

bool weft_net_pace_is_open(struct weft_net_pace *pace, weft_ns now)
{
    if (!weft_net_shape_sends(pace->shape.state))
        return false;
    if (pace->shape.rate_bytes_per_ms == 0)
        return true;
    fill(pace, now);
    return pace->tokens_bytes > 0;
}

uint64_t weft_net_pace_allow(struct weft_net_pace *pace, uint64_t wanted_bytes, weft_ns now)
{
    if (!weft_net_shape_sends(pace->shape.state))
        return 0;
    if (pace->shape.rate_bytes_per_ms == 0)
        return wanted_bytes;
    fill(pace, now);
    if (pace->tokens_bytes == 0)
        pace->is_short = true;
    return weft_min(wanted_bytes, pace->tokens_bytes);
}

void weft_net_pace_spend(struct weft_net_pace *pace, uint64_t bytes)
{
    if (pace->shape.rate_bytes_per_ms != 0)
        pace->debt_bytes += weft_sub_sat(bytes, pace->tokens_bytes);
    pace->tokens_bytes = weft_sub_sat(pace->tokens_bytes, bytes);
}

weft_ns weft_net_pace_at(const struct weft_net_pace *pace, weft_ns now)
{
    uint64_t rate = pace->shape.rate_bytes_per_ms;

    if (!weft_net_shape_sends(pace->shape.state))
        return WEFT_NEVER;
    if (rate == 0 || pace->tokens_bytes > 0)
        return now;
    /* Half a burst at once: a thread that sleeps wakes for something. */
    return pace->filled_at + (pace->debt_bytes + burst_bytes(&pace->shape) / 2) * 1000000 / rate;
}

bool weft_net_pace_waits(const struct weft_net_pace *pace)
{
    return weft_net_shape_sends(pace->shape.state) && pace->shape.rate_bytes_per_ms != 0 &&
           pace->tokens_bytes == 0;
}
