/* Order statistics of a list of measurements. */
#ifndef WEFT_TOOLS_STATS_H
#define WEFT_TOOLS_STATS_H

#include "base/base.h"

/* Sorts in place, ascending. */
void weft_stats_sort(uint64_t *values, size_t count);

/* The value that `permille` of the sorted list do not exceed (nearest rank): 500 the median, 990
 * the 99th percentile, 1000 the maximum. 0 for an empty list. */
uint64_t weft_stats_rank(const uint64_t *sorted, size_t count, unsigned permille);

/* The median of an unsorted list, which it sorts: the middle one, or the mean of the middle two. */
uint64_t weft_stats_median(uint64_t *values, size_t count);

#endif
