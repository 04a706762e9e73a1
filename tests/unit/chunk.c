/* Chunks: every state by every event, the order of the copies, extents per hop. */
#include <criterion/criterion.h>

#include <signal.h>

#include "fixture.h"

#include "core/chunk.h"

static const uint32_t no_slots[WEFT_CHUNK_HOPS_MAX - 1] = {WEFT_NONE, WEFT_NONE};

/* gpu0 > gpu2 > gpu1 > dram0, all of one domain. */
static const struct weft_route three_hops = {
    .hop_count = 3,
    .hops = {FIXTURE_GPU0_GPU2, FIXTURE_GPU2_GPU1, FIXTURE_GPU1_DRAM0},
    .transits = {FIXTURE_GPU2, FIXTURE_GPU1}};
static const struct weft_route two_hops = {
    .hop_count = 2, .hops = {FIXTURE_GPU0_GPU1, FIXTURE_GPU1_DRAM0}, .transits = {FIXTURE_GPU1}};
static const struct weft_route one_hop = {.hop_count = 1, .hops = {FIXTURE_GPU0_DRAM0}};

static struct weft_chunk flying(void)
{
    struct weft_chunk chunk = {.state = WEFT_CHUNK_FREE, .path = WEFT_NONE};

    weft_chunk_fly(&chunk, 7, no_slots);
    return chunk;
}

static struct weft_chunk in_state(enum weft_chunk_state state)
{
    struct weft_chunk chunk = {.state = WEFT_CHUNK_FREE, .path = WEFT_NONE};

    if (state != WEFT_CHUNK_FREE)
        chunk = flying();
    if (state == WEFT_CHUNK_RETURNED)
        weft_chunk_return(&chunk);
    return chunk;
}

enum event { FLY, RETURN, FREE, EVENTS };

struct step {
    struct weft_chunk chunk;
    enum event event;
};

static void apply(void *argument)
{
    struct step *step = argument;

    if (step->event == FLY)
        weft_chunk_fly(&step->chunk, 8, no_slots);
    else if (step->event == RETURN)
        weft_chunk_return(&step->chunk);
    else
        weft_chunk_free(&step->chunk);
}

Test(chunk, set_state__every_state_by_every_event)
{
#define ABORT WEFT_CHUNK_STATES
    static const enum weft_chunk_state next[EVENTS][WEFT_CHUNK_STATES] = {
        /*          FREE               FLYING               RETURNED */
        [FLY] = {WEFT_CHUNK_FLYING, ABORT, WEFT_CHUNK_FLYING},
        [RETURN] = {ABORT, WEFT_CHUNK_RETURNED, ABORT},
        [FREE] = {ABORT, WEFT_CHUNK_FREE, WEFT_CHUNK_FREE},
    };

    for (uint32_t event = 0; event < EVENTS; event++)
        for (uint32_t state = 0; state < WEFT_CHUNK_STATES; state++) {
            struct step step = {in_state((enum weft_chunk_state)state), (enum event)event};

            if (next[event][state] == ABORT) {
                cr_expect(fixture_aborts(apply, &step), "event %u in state %u", event, state);
                continue;
            }
            apply(&step);
            cr_expect_eq(step.chunk.state, next[event][state], "event %u in state %u", event,
                         state);
            cr_expect_eq(step.chunk.path, event == FLY ? 8 : WEFT_NONE, "event %u in state %u",
                         event, state);
        }
#undef ABORT
}

/* Of its first flight nothing is left but what it is to move. */
Test(chunk, fly__again)
{
    static const uint32_t slots[WEFT_CHUNK_HOPS_MAX - 1] = {2, 3};
    struct weft_chunk chunk = flying();

    chunk.size_bytes = 500;
    chunk.start.skip_bytes = 40;
    weft_chunk_issued(&chunk, 0, 100);
    weft_chunk_copy_ended(&chunk, 0, false);
    weft_chunk_return(&chunk);
    weft_chunk_fly(&chunk, 9, slots);
    cr_expect_eq(chunk.path, 9);
    cr_expect_eq(chunk.slots[0], 2);
    cr_expect_eq(chunk.slots[1], 3);
    cr_expect_eq(chunk.issued, 0);
    cr_expect_eq(chunk.ended, 0);
    cr_expect_eq(chunk.failed, 0);
    cr_expect_not(chunk.stopped);
    cr_expect_eq(chunk.issued_at, 0);
    cr_expect_eq(chunk.ready_at[0], WEFT_NEVER);
    cr_expect_eq(chunk.size_bytes, 500);
    cr_expect_eq(chunk.start.skip_bytes, 40);
}

/* Three hops: A of domain 1, B and C of domain 1 or 2. */
Test(chunk, next_hop__chains_within_a_domain)
{
    static const struct {
        uint32_t domains[3];
        uint32_t issued;
        unsigned ended;
        bool stopped;
        uint32_t next;
    } rows[] = {
        {{1, 1, 1}, 0, 0, false, 0},         {{1, 1, 1}, 1, 0, false, 1},
        {{1, 1, 1}, 2, 0, false, 2},         {{1, 1, 1}, 3, 0, false, WEFT_NONE},
        {{1, 2, 2}, 0, 0, false, 0},         {{1, 2, 2}, 1, 0, false, WEFT_NONE},
        {{1, 2, 2}, 1, 1, false, 1},         {{1, 2, 2}, 2, 1, false, 2},
        {{1, 1, 2}, 2, 1, false, WEFT_NONE}, {{1, 1, 2}, 2, 3, false, 2},
        {{1, 1, 1}, 0, 0, true, WEFT_NONE},  {{1, 1, 1}, 1, 1, true, WEFT_NONE},
    };
    struct fixture *fixture = fixture_prepare();

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct weft_chunk chunk = flying();

        for (uint32_t k = 0; k < 3; k++)
            fixture->hops.hops[three_hops.hops[k]].domain = rows[i].domains[k];
        chunk.issued = rows[i].issued;
        chunk.ended = rows[i].ended;
        chunk.stopped = rows[i].stopped;
        cr_expect_eq(weft_chunk_next_hop(&chunk, &three_hops, &fixture->hops), rows[i].next,
                     "row %zu", i);
    }
}

Test(chunk, issued__ready_or_behind)
{
    struct weft_chunk chunk = flying();

    cr_expect(weft_chunk_issued(&chunk, 0, 100));
    cr_expect_eq(chunk.issued_at, 100);
    cr_expect_eq(chunk.ready_at[0], 100);
    cr_expect_not(weft_chunk_issued(&chunk, 1, 150));
    cr_expect_eq(chunk.ready_at[1], WEFT_NEVER);
    weft_chunk_copy_ended(&chunk, 0, true);
    weft_chunk_copy_ended(&chunk, 1, true);
    cr_expect(weft_chunk_issued(&chunk, 2, 300));
    cr_expect_eq(chunk.ready_at[2], 300);
    cr_expect_eq(chunk.issued_at, 100, "the first copy's issue");
}

Test(chunk, issued__out_of_turn, .signal = SIGABRT)
{
    struct weft_chunk chunk = flying();

    weft_chunk_issued(&chunk, 1, 0);
}

Test(chunk, unissued__is_issued_again)
{
    struct weft_chunk chunk = flying();

    weft_chunk_issued(&chunk, 0, 100);
    weft_chunk_unissued(&chunk, 0);
    cr_expect_eq(chunk.issued, 0);
    cr_expect_eq(chunk.ready_at[0], WEFT_NEVER);
    cr_expect(weft_chunk_issued(&chunk, 0, 200));
    cr_expect_eq(chunk.issued_at, 200);
}

Test(chunk, unissued__not_the_last, .signal = SIGABRT)
{
    struct weft_chunk chunk = flying();

    weft_chunk_issued(&chunk, 0, 0);
    weft_chunk_issued(&chunk, 1, 0);
    weft_chunk_unissued(&chunk, 0);
}

Test(chunk, copy_ended__twice, .signal = SIGABRT)
{
    struct weft_chunk chunk = flying();

    weft_chunk_issued(&chunk, 0, 0);
    weft_chunk_copy_ended(&chunk, 0, true);
    weft_chunk_copy_ended(&chunk, 0, true);
}

Test(chunk, copy_ended__never_issued, .signal = SIGABRT)
{
    struct weft_chunk chunk = flying();

    weft_chunk_copy_ended(&chunk, 0, true);
}

/* What stands after issues and ends on a route of two hops: is it settled, and whose fault. The
 * letters: 0 and 1 end well, a and b badly. */
Test(chunk, settled__and_guilty)
{
    static const struct {
        uint32_t issued;
        const char *ends;
        bool stopped_before;
        bool settled;
        uint32_t guilty;
    } rows[] = {
        {0, "", false, false, WEFT_NONE},  {0, "", true, true, WEFT_NONE},
        {1, "", false, false, WEFT_NONE},  {1, "", true, false, WEFT_NONE},
        {1, "0", false, false, WEFT_NONE}, {1, "0", true, true, WEFT_NONE},
        {1, "a", false, true, 0},          {2, "0", false, false, WEFT_NONE},
        {2, "a", false, false, 0},         {2, "01", false, true, WEFT_NONE},
        {2, "10", false, true, WEFT_NONE}, {2, "ab", false, true, 0},
        {2, "ba", false, true, 0},         {2, "0b", false, true, 1},
        {2, "1", true, false, WEFT_NONE},  {2, "01", true, true, WEFT_NONE},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct weft_chunk chunk = flying();

        for (uint32_t step = 0; step < rows[i].issued; step++)
            weft_chunk_issued(&chunk, step, 0);
        chunk.stopped = rows[i].stopped_before;
        for (const char *end = rows[i].ends; *end != '\0'; end++)
            weft_chunk_copy_ended(&chunk, *end == '0' || *end == 'a' ? 0 : 1, *end < 'a');
        cr_expect_eq(weft_chunk_settled(&chunk, &two_hops), rows[i].settled, "row %zu", i);
        cr_expect_eq(weft_chunk_guilty(&chunk), rows[i].guilty, "row %zu", i);
    }
}

/* 100 bytes in four pieces: 40 and 10 that touch at the source only, 30 and 20 apart. */
static const struct weft_extent_block pieces[] = {
    {.count = 2, .next = 1, .extents = {{1000, 500, 40}, {2000, 540, 10}}},
    {.count = 2, .next = WEFT_NONE, .extents = {{3000, 700, 30}, {4000, 800, 20}}},
};

struct extents_row {
    const struct weft_route *route;
    uint32_t step;
    uint64_t skip_bytes; /* where the chunk begins in the first extent */
    uint64_t size_bytes;
    uint32_t count;
    struct weft_extent extents[4];
};

/* Slot 1 of the first relay is at 1,000, slot 2 of the second at 2,000. */
static void expect_extents(const struct extents_row *row, size_t number)
{
    struct weft_relay relays[FIXTURE_DEVICES];
    struct weft_chunk chunk = {
        .start = {0, 0, row->skip_bytes}, .size_bytes = row->size_bytes, .slots = {1, 2}};
    struct weft_extent out[4];

    for (uint32_t i = 0; i < FIXTURE_DEVICES; i++)
        weft_relay_init(&relays[i], 0, 4, 1000);
    cr_assert_eq(weft_chunk_extents(&chunk, row->step, row->route, pieces, relays, out, 4),
                 row->count, "row %zu", number);
    for (uint32_t i = 0; i < row->count; i++) {
        cr_expect_eq(out[i].dst_offset, row->extents[i].dst_offset, "row %zu, %u", number, i);
        cr_expect_eq(out[i].src_offset, row->extents[i].src_offset, "row %zu, %u", number, i);
        cr_expect_eq(out[i].size_bytes, row->extents[i].size_bytes, "row %zu, %u", number, i);
    }
}

Test(chunk, extents__per_hop)
{
    static const struct extents_row rows[] = {
        /* Straight: the places of the list. */
        {&one_hop,
         0,
         0,
         100,
         4,
         {{1000, 500, 40}, {2000, 540, 10}, {3000, 700, 30}, {4000, 800, 20}}},
        {&one_hop, 0, 35, 10, 2, {{1035, 535, 5}, {2000, 540, 5}}},
        /* Into a slot: what touched at the source is one piece now. */
        {&two_hops, 0, 0, 100, 3, {{1000, 500, 50}, {1050, 700, 30}, {1080, 800, 20}}},
        {&two_hops, 0, 35, 10, 1, {{1000, 535, 10}}},
        /* Out of it. */
        {&two_hops,
         1,
         0,
         100,
         4,
         {{1000, 1000, 40}, {2000, 1040, 10}, {3000, 1050, 30}, {4000, 1080, 20}}},
        {&two_hops, 1, 35, 10, 2, {{1035, 1000, 5}, {2000, 1005, 5}}},
        /* Slot to slot: one piece. */
        {&three_hops, 0, 0, 100, 3, {{1000, 500, 50}, {1050, 700, 30}, {1080, 800, 20}}},
        {&three_hops, 1, 0, 100, 1, {{2000, 1000, 100}}},
        {&three_hops,
         2,
         0,
         100,
         4,
         {{1000, 2000, 40}, {2000, 2040, 10}, {3000, 2050, 30}, {4000, 2080, 20}}},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++)
        expect_extents(&rows[i], i);
}
