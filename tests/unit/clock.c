/* The clock: dilated time. */
#include <criterion/criterion.h>

#include "host/clock.h"

Test(clock, real__dilated_and_never)
{
    struct weft_clock clock;
    weft_ns first;
    weft_ns second;

    weft_clock_init(&clock, 100);
    cr_assert_eq(weft_clock_real(&clock, 300), 30000);
    cr_assert_eq(weft_clock_real(&clock, WEFT_NEVER), UINT64_MAX);
    cr_assert_eq(weft_clock_real(&clock, UINT64_MAX / 50), UINT64_MAX);
    cr_assert_eq(weft_clock_after(&clock, WEFT_NEVER), WEFT_NEVER);
    first = weft_clock_now(&clock);
    weft_clock_sleep(&clock, 10000);
    second = weft_clock_now(&clock);
    cr_assert_geq(second - first, 9999);
}
