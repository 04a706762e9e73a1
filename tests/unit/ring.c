/* The ring of indices, the flag and the counter. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <sched.h>

#include "base/ring.h"

Test(ring, push__order_is_kept_and_full_is_told)
{
    struct weft_ring_cell cells[4];
    struct weft_ring ring;
    uint32_t value = 99;

    weft_ring_init(&ring, cells, 4);
    cr_assert_not(weft_ring_pop(&ring, &value));
    cr_assert_eq(value, 99);
    for (uint32_t i = 10; i < 14; i++)
        cr_assert(weft_ring_push(&ring, i));
    cr_assert_not(weft_ring_push(&ring, 14));
    for (uint32_t i = 10; i < 14; i++) {
        cr_assert(weft_ring_pop(&ring, &value));
        cr_assert_eq(value, i);
    }
    cr_assert_not(weft_ring_pop(&ring, &value));
}

Test(ring, push__many_laps)
{
    struct weft_ring_cell cells[2];
    struct weft_ring ring;
    uint32_t value;

    weft_ring_init(&ring, cells, 2);
    for (uint32_t i = 0; i < 1000; i++) {
        cr_assert(weft_ring_push(&ring, i));
        cr_assert(weft_ring_pop(&ring, &value));
        cr_assert_eq(value, i);
    }
}

Test(ring, push__positions_wrap_around)
{
    struct weft_ring_cell cells[4];
    struct weft_ring ring;
    uint32_t value;

    weft_ring_init(&ring, cells, 4);
    atomic_store(&ring.head, UINT32_MAX - 1);
    atomic_store(&ring.tail, UINT32_MAX - 1);
    for (uint32_t i = 0; i < 4; i++)
        atomic_store(&cells[(UINT32_MAX - 1 + i) & 3].turn, UINT32_MAX - 1 + i);
    for (uint32_t i = 0; i < 4; i++)
        cr_assert(weft_ring_push(&ring, 50 + i));
    cr_assert_not(weft_ring_push(&ring, 54));
    for (uint32_t i = 0; i < 4; i++) {
        cr_assert(weft_ring_pop(&ring, &value));
        cr_assert_eq(value, 50 + i);
    }
}

/* ---- threads: every value comes out once ---- */

#define VALUES    20000u
#define PRODUCERS 2u

struct shared {
    struct weft_ring ring;
    struct weft_ring_cell cells[64];
    struct weft_counter next;
    unsigned char seen[VALUES];
};

static void *produce(void *argument)
{
    struct shared *shared = argument;

    for (;;) {
        uint64_t value = weft_counter_add(&shared->next, 1);

        if (value >= VALUES)
            return NULL;
        while (!weft_ring_push(&shared->ring, (uint32_t)value))
            sched_yield();
    }
}

Test(ring, threads__nothing_lost_nothing_twice)
{
    static struct shared shared;
    pthread_t threads[PRODUCERS];

    weft_ring_init(&shared.ring, shared.cells, 64);
    for (uint32_t i = 0; i < PRODUCERS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, produce, &shared), 0);
    for (uint32_t popped = 0; popped < VALUES;) {
        uint32_t value;

        if (!weft_ring_pop(&shared.ring, &value)) {
            sched_yield();
            continue;
        }
        cr_assert_lt(value, VALUES);
        shared.seen[value]++;
        popped++;
    }
    for (uint32_t i = 0; i < PRODUCERS; i++)
        pthread_join(threads[i], NULL);
    for (uint32_t i = 0; i < VALUES; i++)
        cr_assert_eq(shared.seen[i], 1, "value %u came %u times", i, shared.seen[i]);
}

Test(ring, flag_move__only_from_what_it_was)
{
    struct weft_flag flag;

    weft_flag_init(&flag, 3);
    cr_assert_not(weft_flag_move(&flag, 2, 5));
    cr_assert_eq(weft_flag_get(&flag), 3);
    cr_assert(weft_flag_move(&flag, 3, 5));
    cr_assert_eq(weft_flag_get(&flag), 5);
    weft_flag_set(&flag, 1);
    cr_assert_eq(weft_flag_get(&flag), 1);
}

Test(ring, counter_add__gives_the_value_before)
{
    struct weft_counter counter;

    atomic_init(&counter.value, 40);
    cr_assert_eq(weft_counter_add(&counter, 2), 40);
    cr_assert_eq(weft_counter_get(&counter), 42);
}
