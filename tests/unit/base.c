/* Small arithmetic that must not overflow, and the assertion. */
#include <criterion/criterion.h>
#include <signal.h>

#include "base/base.h"

Test(base, range_inside__edges)
{
    static const struct {
        uint64_t offset;
        uint64_t size;
        uint64_t limit;
        bool inside;
    } rows[] = {
        {0, 0, 0, true},
        {0, 8, 8, true},
        {8, 0, 8, true},
        {9, 0, 8, false},
        {1, 8, 8, false},
        {UINT64_MAX, 1, UINT64_MAX, false},
        {UINT64_MAX, 0, UINT64_MAX, true},
        {8, UINT64_MAX, UINT64_MAX, false},
        {0, UINT64_MAX, UINT64_MAX, true},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++)
        cr_assert_eq(weft_range_inside(rows[i].offset, rows[i].size, rows[i].limit), rows[i].inside,
                     "row %zu", i);
}

Test(base, add_sat__and_sub_sat)
{
    cr_assert_eq(weft_add_sat(WEFT_NEVER, 1), WEFT_NEVER);
    cr_assert_eq(weft_add_sat(1, WEFT_NEVER), WEFT_NEVER);
    cr_assert_eq(weft_add_sat(2, 3), 5);
    cr_assert_eq(weft_sub_sat(2, 3), 0);
    cr_assert_eq(weft_sub_sat(3, 2), 1);
}

Test(base, bytes_time__rounds_up_and_never_ends_at_rate_0)
{
    static const struct {
        uint64_t bytes;
        uint64_t rate;
        weft_ns time;
    } rows[] = {
        {0, 1000, 0},
        {1, 1000, 1},
        {55400, 55400, 1000},
        {55401, 55400, 1001},
        {WEFT_MIB(64), 55400, 1211352},
        {1, 0, WEFT_NEVER},
        {UINT64_MAX, 1, WEFT_NEVER},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++)
        cr_assert_eq(weft_bytes_time(rows[i].bytes, rows[i].rate), rows[i].time, "row %zu", i);
}

Test(base, assert__aborts, .signal = SIGABRT)
{
    int two = 2;

    weft_assert(two == 3);
}
