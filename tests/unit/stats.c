/* tools/common/stats: order statistics. */
#include <criterion/criterion.h>

#include "common/stats.h"

Test(stats, rank__nearest)
{
    static const uint64_t sorted[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    static const struct {
        unsigned permille;
        uint64_t value;
    } rows[] = {{0, 1}, {1, 1}, {100, 1}, {101, 2}, {500, 5}, {900, 9}, {990, 10}, {1000, 10}};

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++)
        cr_expect_eq(weft_stats_rank(sorted, 10, rows[i].permille), rows[i].value, "row %zu", i);
    cr_expect_eq(weft_stats_rank(sorted, 0, 500), 0);
}

Test(stats, median__odd_even_empty)
{
    uint64_t odd[] = {9, 1, 5};
    uint64_t even[] = {4, 100, 2, 8};
    uint64_t huge[] = {UINT64_MAX, UINT64_MAX - 2};

    cr_expect_eq(weft_stats_median(odd, 3), 5);
    cr_expect_eq(weft_stats_median(even, 4), 6);
    cr_expect_eq(weft_stats_median(huge, 2), UINT64_MAX - 1);
    cr_expect_eq(weft_stats_median(odd, 0), 0);
}
