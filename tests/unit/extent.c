/* Chains of extents: merging, and cursors across the borders of blocks. */
#include <criterion/criterion.h>

#include <signal.h>

#include "core/extent.h"

/* Three blocks: 100 + 50 bytes, 200 bytes, 1 + 2 + 3 bytes. */
static const struct weft_extent_block blocks[] = {
    {.count = 2, .next = 2, .extents = {{1000, 0, 100}, {2000, 500, 50}}},
    {.count = 3, .next = WEFT_NONE, .extents = {{5000, 900, 1}, {6000, 910, 2}, {7000, 920, 3}}},
    {.count = 1, .next = 1, .extents = {{3000, 600, 200}}},
};

#define CHAIN_BYTES 356

static struct weft_extent extent(uint64_t dst_offset, uint64_t src_offset, uint64_t size_bytes)
{
    return (struct weft_extent){dst_offset, src_offset, size_bytes};
}

static void expect_extent(const struct weft_extent *found, struct weft_extent wanted, size_t row)
{
    cr_expect_eq(found->dst_offset, wanted.dst_offset, "row %zu", row);
    cr_expect_eq(found->src_offset, wanted.src_offset, "row %zu", row);
    cr_expect_eq(found->size_bytes, wanted.size_bytes, "row %zu", row);
}

static void fill(struct weft_extent_block *block, uint32_t count)
{
    block->count = 0;
    block->next = WEFT_NONE;
    for (uint32_t i = 0; i < count; i++) {
        struct weft_extent apart = extent(i * 100, i * 100, 10);

        cr_assert(weft_extent_append(block, &apart));
    }
}

Test(extent, block__is_2048_bytes)
{
    cr_expect_eq(sizeof(struct weft_extent_block), 2048);
}

Test(extent, append__merges_what_touches_on_both_sides)
{
    static const struct {
        struct weft_extent second;
        uint32_t count;
        uint64_t first_bytes;
    } rows[] = {
        {{110, 1010, 5}, 1, 15},  /* both touch */
        {{110, 1011, 5}, 2, 10},  /* a gap in the source */
        {{111, 1010, 5}, 2, 10},  /* a gap in the destination */
        {{110, 990, 5}, 2, 10},   /* before it in the source */
        {{95, 995, 5}, 2, 10},    /* before it on both sides */
        {{100, 1000, 10}, 2, 10}, /* the same again */
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct weft_extent_block block = {.count = 0, .next = WEFT_NONE};
        struct weft_extent first = extent(100, 1000, 10);

        cr_expect(weft_extent_append(&block, &first));
        cr_expect(weft_extent_append(&block, &rows[i].second));
        cr_expect_eq(block.count, rows[i].count, "row %zu", i);
        cr_expect_eq(block.extents[0].size_bytes, rows[i].first_bytes, "row %zu", i);
        if (block.count == 2)
            expect_extent(&block.extents[1], rows[i].second, i);
    }
}

Test(extent, append__merges_with_the_last_only)
{
    struct weft_extent_block block;
    struct weft_extent after_first = extent(10, 10, 5);

    fill(&block, 2);
    cr_expect(weft_extent_append(&block, &after_first));
    cr_expect_eq(block.count, 3);
    cr_expect_eq(block.extents[0].size_bytes, 10);
}

Test(extent, append__full_block)
{
    struct weft_extent_block block;
    struct weft_extent apart = extent(9000, 9000, 1);
    struct weft_extent touching = extent(8410, 8410, 7);

    fill(&block, 84);
    cr_expect(weft_extent_append(&block, &(struct weft_extent){8400, 8400, 10}));
    cr_expect_eq(block.count, 85);
    cr_expect_not(weft_extent_append(&block, &apart));
    cr_expect_eq(block.count, 85);
    cr_expect(weft_extent_append(&block, &touching), "what merges needs no room");
    cr_expect_eq(block.count, 85);
    expect_extent(&block.extents[84], extent(8400, 8400, 17), 0);
}

Test(extent, append__largest_sizes)
{
    struct weft_extent_block block = {.count = 0, .next = WEFT_NONE};
    struct weft_extent most = extent(0, 0, UINT64_MAX);

    cr_expect(weft_extent_append(&block, &most));
    cr_expect_eq(block.count, 1);
    expect_extent(&block.extents[0], most, 0);
}

Test(extent, append__no_bytes, .signal = SIGABRT)
{
    struct weft_extent_block block = {.count = 0, .next = WEFT_NONE};
    struct weft_extent nothing = extent(0, 0, 0);

    weft_extent_append(&block, &nothing);
}

/* From the start of the chain, one call each. */
Test(extent, take__from_the_start)
{
    static const struct {
        uint64_t bytes_max;
        uint32_t count_max;
        uint64_t bytes;
        uint32_t count;
        struct weft_extent last;
        struct weft_extent_cursor after;
    } rows[] = {
        {1, 10, 1, 1, {1000, 0, 1}, {0, 0, 1}},
        {99, 10, 99, 1, {1000, 0, 99}, {0, 0, 99}},
        {100, 10, 100, 1, {1000, 0, 100}, {0, 1, 0}},
        {101, 10, 101, 2, {2000, 500, 1}, {0, 1, 1}},
        {150, 10, 150, 2, {2000, 500, 50}, {2, 0, 0}},
        {151, 10, 151, 3, {3000, 600, 1}, {2, 0, 1}},
        {350, 10, 350, 3, {3000, 600, 200}, {1, 0, 0}},
        {355, 10, 355, 6, {7000, 920, 2}, {1, 2, 2}},
        {356, 10, 356, 6, {7000, 920, 3}, {WEFT_NONE, 0, 0}},
        {UINT64_MAX, 10, 356, 6, {7000, 920, 3}, {WEFT_NONE, 0, 0}},
        {UINT64_MAX, UINT32_MAX, 356, 6, {7000, 920, 3}, {WEFT_NONE, 0, 0}},
        {UINT64_MAX, 1, 100, 1, {1000, 0, 100}, {0, 1, 0}},
        {UINT64_MAX, 3, 350, 3, {3000, 600, 200}, {1, 0, 0}},
        {120, 1, 100, 1, {1000, 0, 100}, {0, 1, 0}},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct weft_extent_cursor cursor = {0, 0, 0};
        struct weft_extent out[10];
        uint32_t count = 77;

        cr_expect_eq(
            weft_extent_take(blocks, &cursor, rows[i].bytes_max, rows[i].count_max, out, &count),
            rows[i].bytes, "row %zu", i);
        cr_assert_eq(count, rows[i].count, "row %zu", i);
        expect_extent(&out[count - 1], rows[i].last, i);
        cr_expect_eq(cursor.block, rows[i].after.block, "row %zu", i);
        if (cursor.block == WEFT_NONE)
            continue;
        cr_expect_eq(cursor.index, rows[i].after.index, "row %zu", i);
        cr_expect_eq(cursor.skip_bytes, rows[i].after.skip_bytes, "row %zu", i);
    }
}

Test(extent, take__nothing_wanted)
{
    static const struct {
        uint64_t bytes_max;
        uint32_t count_max;
    } rows[] = {{0, 10}, {10, 0}, {0, 0}};

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct weft_extent_cursor cursor = {0, 1, 7};
        uint32_t count = 77;

        cr_expect_eq(
            weft_extent_take(blocks, &cursor, rows[i].bytes_max, rows[i].count_max, NULL, &count),
            0, "row %zu", i);
        cr_expect_eq(count, 0, "row %zu", i);
        cr_expect_eq(cursor.index, 1, "row %zu", i);
        cr_expect_eq(cursor.skip_bytes, 7, "row %zu", i);
    }
}

Test(extent, take__at_the_end)
{
    struct weft_extent_cursor cursor = {WEFT_NONE, 0, 0};
    uint32_t count = 77;

    cr_expect_eq(weft_extent_take(blocks, &cursor, 100, 10, NULL, &count), 0);
    cr_expect_eq(count, 0);
    cr_expect_eq(cursor.block, WEFT_NONE);
}

/* The whole chain in pieces of 60 bytes: the pieces follow each other without gap. */
Test(extent, take__in_steps)
{
    static const struct weft_extent wanted[] = {{1000, 0, 60},   {1060, 60, 40},  {2000, 500, 20},
                                                {2020, 520, 30}, {3000, 600, 30}, {3030, 630, 60},
                                                {3090, 690, 60}, {3150, 750, 50}, {5000, 900, 1},
                                                {6000, 910, 2},  {7000, 920, 3}};
    struct weft_extent_cursor cursor = {0, 0, 0};
    size_t place = 0;
    uint64_t bytes = 0;

    while (cursor.block != WEFT_NONE) {
        struct weft_extent out[10];
        uint32_t count;

        bytes += weft_extent_take(blocks, &cursor, 60, 10, out, &count);
        for (uint32_t i = 0; i < count; i++, place++) {
            cr_assert_lt(place, WEFT_ARRAY_COUNT(wanted));
            expect_extent(&out[i], wanted[place], place);
        }
    }
    cr_expect_eq(place, WEFT_ARRAY_COUNT(wanted));
    cr_expect_eq(bytes, CHAIN_BYTES);
}

/* Cutting without writing moves the cursor as writing does. */
Test(extent, take__nowhere)
{
    struct weft_extent_cursor cursor = {0, 0, 0};
    uint32_t count = 0;

    cr_expect_eq(weft_extent_take(blocks, &cursor, 160, 10, NULL, &count), 160);
    cr_expect_eq(count, 3);
    cr_expect_eq(cursor.block, 2);
    cr_expect_eq(cursor.index, 0);
    cr_expect_eq(cursor.skip_bytes, 10);
}

Test(extent, take__largest_extent)
{
    static const struct weft_extent_block huge = {
        .count = 1, .next = WEFT_NONE, .extents = {{0, 0, UINT64_MAX}}};
    struct weft_extent_cursor cursor = {0, 0, 0};
    struct weft_extent out[1];
    uint32_t count;

    cr_expect_eq(weft_extent_take(&huge, &cursor, UINT64_MAX - 1, 1, out, &count), UINT64_MAX - 1);
    cr_expect_eq(cursor.skip_bytes, UINT64_MAX - 1);
    cr_expect_eq(weft_extent_take(&huge, &cursor, UINT64_MAX, 1, out, &count), 1);
    expect_extent(&out[0], extent(UINT64_MAX - 1, UINT64_MAX - 1, 1), 0);
    cr_expect_eq(cursor.block, WEFT_NONE);
}
