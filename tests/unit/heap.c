/* Timers: order, ties, moving and clearing. */
#include <criterion/criterion.h>

#include "base/heap.h"
#include "base/prng.h"

#define COUNT 16

struct timers {
    struct weft_heap heap;
    struct weft_heap_item items[COUNT];
    uint32_t places[COUNT];
};

static void timers_init(struct timers *timers)
{
    weft_heap_init(&timers->heap, timers->items, timers->places, COUNT);
}

Test(heap, due__earliest_first_ties_by_id)
{
    static const struct weft_heap_item set[] = {
        {500, 3}, {100, 9}, {100, 2}, {900, 0}, {100, 5}, {0, 15},
    };
    static const uint32_t order[] = {15, 2, 5, 9, 3, 0};
    struct timers timers;

    timers_init(&timers);
    cr_assert_eq(weft_heap_next_at(&timers.heap), WEFT_NEVER);
    for (size_t i = 0; i < WEFT_ARRAY_COUNT(set); i++)
        weft_heap_set(&timers.heap, set[i].id, set[i].at);
    cr_assert_eq(weft_heap_next_at(&timers.heap), 0);
    for (size_t i = 0; i < WEFT_ARRAY_COUNT(order); i++)
        cr_assert_eq(weft_heap_due(&timers.heap, 1000), order[i]);
    cr_assert_eq(weft_heap_due(&timers.heap, 1000), WEFT_NONE);
}

Test(heap, due__not_before_its_instant)
{
    struct timers timers;

    timers_init(&timers);
    weft_heap_set(&timers.heap, 4, 100);
    cr_assert_eq(weft_heap_due(&timers.heap, 99), WEFT_NONE);
    cr_assert_eq(weft_heap_due(&timers.heap, 100), 4);
}

Test(heap, set__moves_and_clears)
{
    struct timers timers;

    timers_init(&timers);
    weft_heap_set(&timers.heap, 1, 100);
    weft_heap_set(&timers.heap, 2, 200);
    weft_heap_set(&timers.heap, 3, 300);
    weft_heap_set(&timers.heap, 3, 50);
    cr_assert_eq(weft_heap_next_at(&timers.heap), 50);
    weft_heap_set(&timers.heap, 3, 250);
    weft_heap_set(&timers.heap, 1, WEFT_NEVER);
    weft_heap_set(&timers.heap, 1, WEFT_NEVER);
    weft_heap_set(&timers.heap, 7, WEFT_NEVER);
    cr_assert_eq(weft_heap_due(&timers.heap, 1000), 2);
    cr_assert_eq(weft_heap_due(&timers.heap, 1000), 3);
    cr_assert_eq(weft_heap_due(&timers.heap, 1000), WEFT_NONE);
}

/* Random sets against a plain table. */
Test(heap, set__agrees_with_a_table)
{
    struct timers timers;
    struct weft_prng prng;
    weft_ns table[COUNT];

    timers_init(&timers);
    weft_prng_init(&prng, 11);
    for (uint32_t i = 0; i < COUNT; i++)
        table[i] = WEFT_NEVER;
    for (uint32_t step = 0; step < 5000; step++) {
        uint32_t id = (uint32_t)weft_prng_below(&prng, COUNT);
        weft_ns at = weft_prng_chance(&prng, 20) ? WEFT_NEVER : weft_prng_below(&prng, 50);
        uint32_t first = WEFT_NONE;

        weft_heap_set(&timers.heap, id, at);
        table[id] = at;
        if (weft_prng_chance(&prng, 70))
            continue;
        for (uint32_t i = 0; i < COUNT; i++)
            if (table[i] <= 25 && (first == WEFT_NONE || table[i] < table[first]))
                first = i;
        cr_assert_eq(weft_heap_due(&timers.heap, 25), first);
        if (first != WEFT_NONE)
            table[first] = WEFT_NEVER;
    }
}
