/* Timelines: no gap takes more than a part of the width. */
#include "timeline.h"

#include <stdlib.h>
#include <string.h>

#define FIRST      1024
#define GAPS_LEAST 24 /* a gap takes at most this part of the width */

void sim_timeline_add(struct sim_timeline *timeline, weft_ns at)
{
    if (at == WEFT_NEVER)
        return;
    if (timeline->count == timeline->capacity) {
        timeline->capacity = timeline->capacity == 0 ? FIRST : 2 * timeline->capacity;
        timeline->instants =
            realloc(timeline->instants, timeline->capacity * sizeof(timeline->instants[0]));
        weft_assert(timeline->instants != NULL);
    }
    timeline->instants[timeline->count++] = at;
}

static int compare(const void *a, const void *b)
{
    weft_ns x = *(const weft_ns *)a;
    weft_ns y = *(const weft_ns *)b;

    return (x > y) - (x < y);
}

static weft_ns gap_after(const struct sim_timeline *timeline, uint32_t index)
{
    return timeline->instants[index + 1] - timeline->instants[index];
}

/* The length of all with gaps of at most `longest_ns`. */
static weft_ns length(const struct sim_timeline *timeline, weft_ns longest_ns)
{
    weft_ns sum = 0;

    for (uint32_t i = 0; i + 1 < timeline->count; i++)
        sum += weft_min(gap_after(timeline, i), longest_ns);
    return sum;
}

/* The longest that a gap may count so that it takes one part in GAPS_LEAST: the length is concave
 * in it, so halving finds it. */
static weft_ns find_longest(const struct sim_timeline *timeline)
{
    weft_ns low = 1;
    weft_ns high = timeline->instants[timeline->count - 1] - timeline->instants[0] + 1;

    if (timeline->count <= GAPS_LEAST)
        return high;
    while (high - low > 1) {
        weft_ns middle = low + (high - low) / 2;

        if (length(timeline, middle) / GAPS_LEAST >= middle)
            low = middle;
        else
            high = middle;
    }
    return low;
}

void sim_timeline_finish(struct sim_timeline *timeline, int left, int width)
{
    uint32_t kept = 0;
    weft_ns total;
    weft_ns at = 0;

    sim_timeline_add(timeline, 0);
    qsort(timeline->instants, timeline->count, sizeof(timeline->instants[0]), compare);
    for (uint32_t i = 0; i < timeline->count; i++)
        if (i == 0 || timeline->instants[i] != timeline->instants[kept - 1])
            timeline->instants[kept++] = timeline->instants[i];
    timeline->count = kept;
    timeline->left = left;
    timeline->width = width;
    timeline->longest_ns = find_longest(timeline);
    timeline->places = calloc(kept, sizeof(timeline->places[0]));
    weft_assert(timeline->places != NULL);
    total = weft_max(length(timeline, timeline->longest_ns), 1);
    for (uint32_t i = 0; i < kept; i++) {
        timeline->places[i] = left + (int)(at * (uint64_t)width / total);
        if (i + 1 < kept)
            at += weft_min(gap_after(timeline, i), timeline->longest_ns);
    }
}

void sim_timeline_fini(struct sim_timeline *timeline)
{
    free(timeline->instants);
    free(timeline->places);
    memset(timeline, 0, sizeof(*timeline));
}

int sim_timeline_place(const struct sim_timeline *timeline, weft_ns at)
{
    uint32_t low = 0;
    uint32_t high = timeline->count;

    if (at >= timeline->instants[timeline->count - 1])
        return timeline->places[timeline->count - 1];
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;

        if (timeline->instants[middle] <= at)
            low = middle;
        else
            high = middle;
    }
    return timeline->places[low];
}

bool sim_timeline_is_cut(const struct sim_timeline *timeline, uint32_t index)
{
    return index + 1 < timeline->count && gap_after(timeline, index) > timeline->longest_ns;
}
