/* transports/net: token buckets of NICs. Times are ns, rates bytes per ms. */
#include <criterion/criterion.h>

#include "net/net_pace.h"

#define MS 1000000u

static struct weft_net_pace pace_of(uint64_t rate_bytes_per_ms)
{
    const struct weft_net_shape shape = {.state = WEFT_NET_SHAPE_UP,
                                         .rate_bytes_per_ms = rate_bytes_per_ms};
    struct weft_net_pace pace = {0};

    weft_net_pace_set(&pace, &shape, 10 * MS);
    return pace;
}

Test(net_pace, allow__bucket_then_rate)
{
    struct weft_net_pace pace = pace_of(1000000);

    /* 200 us of the rate lie ready. */
    cr_assert_eq(weft_net_pace_allow(&pace, 1000000, 10 * MS), 200000);
    weft_net_pace_spend(&pace, 200000);
    cr_assert_eq(weft_net_pace_allow(&pace, 1000000, 10 * MS), 0);
    cr_assert(weft_net_pace_waits(&pace));
    cr_assert_eq(weft_net_pace_at(&pace, 10 * MS), 10 * MS + 100000);
    cr_assert_eq(weft_net_pace_allow(&pace, 1000000, 10 * MS + 50000), 50000);
}

/* Who had nothing to send has a bucket full at most; whose bytes waited has all of the time. */
Test(net_pace, allow__time_that_was_not_used)
{
    struct weft_net_pace pace = pace_of(1000000);

    weft_net_pace_spend(&pace, 200000);
    cr_assert_not(weft_net_pace_is_open(&pace, 10 * MS));
    cr_assert(weft_net_pace_is_open(&pace, 15 * MS));
    cr_assert_eq(weft_net_pace_allow(&pace, 9000000, 15 * MS), 200000);
    weft_net_pace_spend(&pace, 200000);
    cr_assert_eq(weft_net_pace_allow(&pace, 9000000, 15 * MS), 0);
    cr_assert_eq(weft_net_pace_allow(&pace, 9000000, 20 * MS), 5000000);
}

/* A bucket for what comes in holds the time that sockets and threads held it up. */
Test(net_pace, allow__lumps)
{
    const struct weft_net_shape shape = {.state = WEFT_NET_SHAPE_UP, .rate_bytes_per_ms = 1000000};
    struct weft_net_pace pace = {.keep_ns = 3 * MS};

    weft_net_pace_set(&pace, &shape, 10 * MS);
    cr_assert_eq(weft_net_pace_allow(&pace, 9000000, 10 * MS), 3000000);
    weft_net_pace_spend(&pace, 3000000);
    cr_assert_not(weft_net_pace_is_open(&pace, 10 * MS));
    /* It is not waited for until it is full. */
    cr_assert_eq(weft_net_pace_at(&pace, 10 * MS), 10 * MS + 100000);
    cr_assert(weft_net_pace_is_open(&pace, 20 * MS));
    cr_assert_eq(weft_net_pace_allow(&pace, 9000000, 20 * MS), 3000000);
}

/* A packet goes whole: what it took too much is taken from the time that follows. */
Test(net_pace, spend__debt)
{
    struct weft_net_pace pace = pace_of(100000);

    /* The least bucket. */
    cr_assert_eq(weft_net_pace_allow(&pace, 1000000, 10 * MS), 65536);
    weft_net_pace_spend(&pace, 65536 + 30000);
    cr_assert_eq(pace.debt_bytes, 30000);
    cr_assert_eq(weft_net_pace_at(&pace, 10 * MS), 10 * MS + 627680);
    cr_assert_eq(weft_net_pace_allow(&pace, 1000000, 10 * MS + 200000), 0);
    cr_assert_eq(pace.debt_bytes, 10000);
    cr_assert_eq(weft_net_pace_allow(&pace, 1000000, 10 * MS + 300000), 0);
    cr_assert_eq(weft_net_pace_allow(&pace, 1000000, 10 * MS + 350000), 5000);
    cr_assert_eq(pace.debt_bytes, 0);
}

Test(net_pace, allow__without_a_rate_and_when_not_up)
{
    static const struct weft_net_shape cut = {.state = WEFT_NET_SHAPE_CUT};
    struct weft_net_pace pace = pace_of(0);

    cr_assert_eq(weft_net_pace_allow(&pace, 12345, 10 * MS), 12345);
    weft_net_pace_spend(&pace, 1000000);
    cr_assert_eq(pace.debt_bytes, 0);
    cr_assert(weft_net_pace_is_open(&pace, 10 * MS));
    cr_assert_eq(weft_net_pace_at(&pace, 10 * MS), 10 * MS);
    weft_net_pace_set(&pace, &cut, 10 * MS);
    cr_assert_eq(weft_net_pace_allow(&pace, 1, 11 * MS), 0);
    cr_assert_not(weft_net_pace_is_open(&pace, 11 * MS));
    cr_assert_eq(weft_net_pace_at(&pace, 11 * MS), WEFT_NEVER);
}
