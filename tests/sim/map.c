/* Interval maps: a sorted array, binary search, and one memmove for each change. */
#include "map.h"

#include <stdlib.h>
#include <string.h>

static void reserve(struct sim_map *map, uint32_t count)
{
    if (count <= map->capacity)
        return;
    map->capacity = count * 2;
    map->spans = realloc(map->spans, map->capacity * sizeof(map->spans[0]));
    weft_assert(map->spans != NULL);
}

void sim_map_reset(struct sim_map *map, uint64_t size_bytes, uint64_t value)
{
    reserve(map, 4);
    map->size_bytes = size_bytes;
    map->count = 1;
    map->spans[0] = (struct sim_span){0, value};
}

void sim_map_fini(struct sim_map *map)
{
    free(map->spans);
    memset(map, 0, sizeof(*map));
}

/* The interval that byte `at` lies in; the last one for the end of the map. */
static uint32_t find(const struct sim_map *map, uint64_t at)
{
    uint32_t low = 0;
    uint32_t high = map->count;

    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;

        if (map->spans[middle].begin <= at)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static uint64_t value_at(const struct sim_span *span, uint64_t at)
{
    return sim_map_advance(span->value, at - span->begin);
}

/* Replaces the intervals that begin in [begin, end) by `added` at most three. */
static void splice(struct sim_map *map, uint32_t from, uint32_t to, const struct sim_span *spans,
                   uint32_t added)
{
    uint32_t tail = map->count - to;

    reserve(map, from + added + tail);
    memmove(&map->spans[from + added], &map->spans[to], tail * sizeof(spans[0]));
    memcpy(&map->spans[from], spans, added * sizeof(spans[0]));
    map->count = from + added + tail;
}

void sim_map_set(struct sim_map *map, uint64_t begin, uint64_t size_bytes, uint64_t value)
{
    uint64_t end = begin + size_bytes;
    struct sim_span spans[3];
    uint32_t added = 0;
    uint32_t from;
    uint32_t to;
    uint64_t after;

    weft_assert(weft_range_inside(begin, size_bytes, map->size_bytes));
    if (size_bytes == 0)
        return;
    from = find(map, begin);
    to = find(map, end - 1);
    after = value_at(&map->spans[to], end);
    if (map->spans[from].begin < begin)
        spans[added++] = map->spans[from];
    else if (from > 0 && value_at(&map->spans[from - 1], begin) == value)
        spans[added++] = map->spans[--from];
    if (added == 0 || value_at(&spans[0], begin) != value)
        spans[added++] = (struct sim_span){begin, value};
    to++;
    if (end < map->size_bytes) {
        bool is_split = to == map->count || map->spans[to].begin > end;
        uint64_t next = is_split ? after : map->spans[to].value;

        if (next == sim_map_advance(value, size_bytes))
            to += !is_split;
        else if (is_split)
            spans[added++] = (struct sim_span){end, after};
    }
    splice(map, from, to, spans, added);
}

struct sim_piece sim_map_piece(const struct sim_map *map, uint64_t begin, uint64_t size_bytes)
{
    uint32_t at = find(map, begin);
    uint64_t end = at + 1 < map->count ? map->spans[at + 1].begin : map->size_bytes;

    weft_assert(weft_range_inside(begin, size_bytes, map->size_bytes));
    return (struct sim_piece){weft_min(size_bytes, end - begin), value_at(&map->spans[at], begin)};
}

bool sim_map_is(const struct sim_map *map, uint64_t begin, uint64_t size_bytes, uint64_t value)
{
    while (size_bytes > 0) {
        struct sim_piece piece = sim_map_piece(map, begin, size_bytes);

        if (piece.value != value)
            return false;
        begin += piece.size_bytes;
        size_bytes -= piece.size_bytes;
    }
    return true;
}
