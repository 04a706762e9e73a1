/* Order statistics: sort once, then ask. Holds no state. */
#include "common/stats.h"

#include <stdlib.h>

static int value_order(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

void weft_stats_sort(uint64_t *values, size_t count)
{
    if (count > 1)
        qsort(values, count, sizeof(*values), value_order);
}

uint64_t weft_stats_rank(const uint64_t *sorted, size_t count, unsigned permille)
{
    size_t rank;

    weft_assert(permille <= 1000);
    if (count == 0)
        return 0;
    rank = (count * permille + 999) / 1000;
    return sorted[rank == 0 ? 0 : rank - 1];
}

uint64_t weft_stats_median(uint64_t *values, size_t count)
{
    if (count == 0)
        return 0;
    weft_stats_sort(values, count);
    if (count % 2 == 1)
        return values[count / 2];
    return values[count / 2 - 1] + (values[count / 2] - values[count / 2 - 1]) / 2;
}
