/* The only place where threads meet: a bounded ring of 32-bit indices, any number of producers and
 * consumers, and a word that one thread raises and another awaits.
 *
 * The ring is Dmitry Vyukov's bounded MPMC queue: each cell carries the turn in which it may be
 * written (turn == position) or read (turn == position + 1). Operations do not block, allocate or
 * make system calls. What an index stands for belongs to whoever popped it.
 * It leaves to others how a thread sleeps while a ring is empty. */
#ifndef WEFT_RING_H
#define WEFT_RING_H

#include <stdatomic.h>

#include "base.h"

struct weft_ring_cell {
    atomic_uint turn;
    uint32_t value;
};

struct weft_ring {
    struct weft_ring_cell *cells;
    uint32_t mask;
    _Alignas(64) atomic_uint head; /* next position to pop */
    _Alignas(64) atomic_uint tail; /* next position to push */
};

/* `cells` is the caller's and outlives the ring; `count` is a power of two. */
static inline void weft_ring_init(struct weft_ring *ring, struct weft_ring_cell *cells,
                                  uint32_t count)
{
    weft_assert(count >= 2);
    weft_assert((count & (count - 1)) == 0);
    ring->cells = cells;
    ring->mask = count - 1;
    atomic_init(&ring->head, 0);
    atomic_init(&ring->tail, 0);
    for (uint32_t i = 0; i < count; i++) {
        atomic_init(&cells[i].turn, i);
        cells[i].value = 0;
    }
}

/* False when the ring is full. */
static inline bool weft_ring_push(struct weft_ring *ring, uint32_t value)
{
    unsigned position = atomic_load_explicit(&ring->tail, memory_order_relaxed);

    for (;;) {
        struct weft_ring_cell *cell = &ring->cells[position & ring->mask];
        /* acquire: pairs with the release in ring_pop, so that the cell's old value was read */
        unsigned turn = atomic_load_explicit(&cell->turn, memory_order_acquire);
        int lag = (int)(turn - position);

        if (lag < 0)
            return false;
        if (lag > 0) {
            position = atomic_load_explicit(&ring->tail, memory_order_relaxed);
            continue;
        }
        if (!atomic_compare_exchange_weak_explicit(&ring->tail, &position, position + 1,
                                                   memory_order_relaxed, memory_order_relaxed))
            continue;
        cell->value = value;
        /* release: pairs with the acquire in ring_pop; what the producer wrote is seen there */
        atomic_store_explicit(&cell->turn, position + 1, memory_order_release);
        return true;
    }
}

/* False when the ring is empty. */
static inline bool weft_ring_pop(struct weft_ring *ring, uint32_t *value)
{
    unsigned position = atomic_load_explicit(&ring->head, memory_order_relaxed);

    for (;;) {
        struct weft_ring_cell *cell = &ring->cells[position & ring->mask];
        /* acquire: pairs with the release in ring_push */
        unsigned turn = atomic_load_explicit(&cell->turn, memory_order_acquire);
        int lag = (int)(turn - (position + 1));

        if (lag < 0)
            return false;
        if (lag > 0) {
            position = atomic_load_explicit(&ring->head, memory_order_relaxed);
            continue;
        }
        if (!atomic_compare_exchange_weak_explicit(&ring->head, &position, position + 1,
                                                   memory_order_relaxed, memory_order_relaxed))
            continue;
        *value = cell->value;
        /* release: pairs with the acquire in ring_push; the cell is free for the next lap */
        atomic_store_explicit(&cell->turn, position + ring->mask + 1, memory_order_release);
        return true;
    }
}

/* A word that one thread raises once what it wrote before is to be seen, and another reads. */
struct weft_flag {
    atomic_uint word;
};

static inline void weft_flag_init(struct weft_flag *flag, uint32_t value)
{
    atomic_init(&flag->word, value);
}

static inline void weft_flag_set(struct weft_flag *flag, uint32_t value)
{
    /* release: pairs with the acquire in weft_flag_get */
    atomic_store_explicit(&flag->word, value, memory_order_release);
}

static inline uint32_t weft_flag_get(const struct weft_flag *flag)
{
    /* acquire: pairs with the release in weft_flag_set */
    return atomic_load_explicit(&flag->word, memory_order_acquire);
}

/* Takes the flag from `from` to `to`; false when it was something else. */
static inline bool weft_flag_move(struct weft_flag *flag, uint32_t from, uint32_t to)
{
    /* both orders: the mover sees what the setter wrote, the next reader sees what the mover did */
    return atomic_compare_exchange_strong_explicit(&flag->word, &from, to, memory_order_acq_rel,
                                                   memory_order_acquire);
}

/* A counter that many threads raise and read. */
struct weft_counter {
    atomic_ullong value;
};

static inline uint64_t weft_counter_add(struct weft_counter *counter, uint64_t count)
{
    /* relaxed: a statistic or an id, never a hand-over of other memory */
    return atomic_fetch_add_explicit(&counter->value, count, memory_order_relaxed);
}

static inline uint64_t weft_counter_get(const struct weft_counter *counter)
{
    return atomic_load_explicit(&counter->value, memory_order_relaxed);
}

/* A 64-bit word in the user's memory, at an address that is a multiple of 8: a signal. Whoever
 * reads a new value sees all that was written before it; all words have one order. */
static inline void weft_word_set(void *word, uint64_t value)
{
    atomic_store((atomic_ullong *)word, value);
}

static inline void weft_word_add(void *word, uint64_t value)
{
    atomic_fetch_add((atomic_ullong *)word, value);
}

static inline uint64_t weft_word_get(const void *word)
{
    return atomic_load((const atomic_ullong *)word);
}

#endif
