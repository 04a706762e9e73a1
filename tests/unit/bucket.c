/* Token buckets. */
#include <criterion/criterion.h>

#include "base/bucket.h"

#define SECOND UINT64_C(1000000000)

Test(bucket, take__no_rate_is_no_limit)
{
    struct weft_bucket bucket = {0};

    for (uint32_t i = 0; i < 1000; i++) {
        cr_assert(weft_bucket_is_open(&bucket, 5));
        weft_bucket_take(&bucket, UINT64_MAX, 5);
    }
}

Test(bucket, take__a_burst_and_then_the_rate)
{
    struct weft_bucket bucket = {.rate_per_s = 10, .burst_ns = SECOND / 2};
    uint32_t taken = 0;

    /* Half a second is worth five; the sixth is the one that may go beyond. */
    for (; weft_bucket_is_open(&bucket, 100 * SECOND); taken++)
        weft_bucket_take(&bucket, 1, 100 * SECOND);
    cr_assert_eq(taken, 6);
    cr_assert(!weft_bucket_is_open(&bucket, 100 * SECOND + 99999999));
    cr_assert(weft_bucket_is_open(&bucket, 100 * SECOND + 100000000));
}

Test(bucket, take__in_the_long_run_the_rate)
{
    struct weft_bucket bucket = {.rate_per_s = 1000, .burst_ns = SECOND / 10};
    uint32_t taken = 0;

    for (uint64_t ms = 1000; ms < 11000; ms++)
        while (weft_bucket_is_open(&bucket, ms * 1000000)) {
            weft_bucket_take(&bucket, 1, ms * 1000000);
            taken++;
        }
    cr_assert_eq(taken, 10100);
}

Test(bucket, take__what_is_large_is_paid_off)
{
    struct weft_bucket bucket = {.rate_per_s = 1000000, .burst_ns = 0};

    weft_bucket_take(&bucket, 2500000, 10 * SECOND);
    cr_assert(!weft_bucket_is_open(&bucket, 12499999999));
    cr_assert(weft_bucket_is_open(&bucket, 12500000000));
    bucket = (struct weft_bucket){.rate_per_s = WEFT_BUCKET_RATE_MAX};
    weft_bucket_take(&bucket, WEFT_BUCKET_RATE_MAX - 1, SECOND);
    cr_assert(!weft_bucket_is_open(&bucket, SECOND + 999998999));
    cr_assert(weft_bucket_is_open(&bucket, SECOND + 999999000));
    bucket = (struct weft_bucket){.rate_per_s = 1};
    weft_bucket_take(&bucket, UINT64_MAX, SECOND);
    cr_assert(!weft_bucket_is_open(&bucket, 1000000 * SECOND));
}
