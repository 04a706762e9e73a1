/* A token bucket for one thread: so much a second, and what `burst_ns` give at once.
 *
 * What is taken when it is open may be more than there is: it is open again when that is paid off.
 * So everything gets through, however large, and in the long run no more than the rate. */
#ifndef WEFT_BUCKET_H
#define WEFT_BUCKET_H

#include "base.h"

#define WEFT_BUCKET_RATE_MAX UINT64_C(1000000000000)

struct weft_bucket {
    uint64_t rate_per_s; /* 0: no limit */
    uint64_t burst_ns;
    weft_ns paid_at; /* it is open from then on */
};

static inline bool weft_bucket_is_open(const struct weft_bucket *bucket, weft_ns now)
{
    return bucket->rate_per_s == 0 || now >= bucket->paid_at;
}

/* Needs: it is open. */
static inline void weft_bucket_take(struct weft_bucket *bucket, uint64_t amount, weft_ns now)
{
    uint64_t rate = bucket->rate_per_s;
    uint64_t seconds;
    uint64_t rest_ns;

    weft_assert(weft_bucket_is_open(bucket, now));
    weft_assert(rate <= WEFT_BUCKET_RATE_MAX);
    if (rate == 0)
        return;
    /* To the microsecond, so that no product is too large. */
    rest_ns = amount % rate * 1000000 / rate * 1000;
    seconds = weft_min(amount / rate, 1000000);
    bucket->paid_at = weft_max(bucket->paid_at, weft_sub_sat(now, bucket->burst_ns)) +
                      seconds * 1000000000 + rest_ns;
}

#endif
