/* Timers: a binary heap of (instant, id), each id at most once, equal instants by id.
 * Ids are 0 .. count-1. The memory is the caller's. */
#ifndef WEFT_HEAP_H
#define WEFT_HEAP_H

#include "base.h"

struct weft_heap_item {
    weft_ns at;
    uint32_t id;
};

struct weft_heap {
    struct weft_heap_item *items; /* `count` of them */
    uint32_t *places;             /* by id: where it is in items, or WEFT_NONE */
    uint32_t used;
    uint32_t count;
};

static inline void weft_heap_init(struct weft_heap *heap, struct weft_heap_item *items,
                                  uint32_t *places, uint32_t count)
{
    heap->items = items;
    heap->places = places;
    heap->used = 0;
    heap->count = count;
    for (uint32_t i = 0; i < count; i++)
        places[i] = WEFT_NONE;
}

static inline bool weft_heap_before(const struct weft_heap_item *a, const struct weft_heap_item *b)
{
    return a->at != b->at ? a->at < b->at : a->id < b->id;
}

static inline void weft_heap_place(struct weft_heap *heap, uint32_t place,
                                   struct weft_heap_item item)
{
    heap->items[place] = item;
    heap->places[item.id] = place;
}

static inline void weft_heap_sift(struct weft_heap *heap, uint32_t place)
{
    struct weft_heap_item item = heap->items[place];

    while (place > 0 && weft_heap_before(&item, &heap->items[(place - 1) / 2])) {
        weft_heap_place(heap, place, heap->items[(place - 1) / 2]);
        place = (place - 1) / 2;
    }
    for (;;) {
        uint32_t child = 2 * place + 1;

        if (child + 1 < heap->used &&
            weft_heap_before(&heap->items[child + 1], &heap->items[child]))
            child++;
        if (child >= heap->used || !weft_heap_before(&heap->items[child], &item))
            break;
        weft_heap_place(heap, place, heap->items[child]);
        place = child;
    }
    weft_heap_place(heap, place, item);
}

/* Sets, moves or (with WEFT_NEVER) clears the timer `id`. */
static inline void weft_heap_set(struct weft_heap *heap, uint32_t id, weft_ns at)
{
    uint32_t place;

    weft_assert(id < heap->count);
    place = heap->places[id];
    if (at == WEFT_NEVER) {
        if (place == WEFT_NONE)
            return;
        heap->places[id] = WEFT_NONE;
        heap->used--;
        if (place == heap->used)
            return;
        weft_heap_place(heap, place, heap->items[heap->used]);
    } else if (place == WEFT_NONE) {
        place = heap->used++;
        weft_heap_place(heap, place, (struct weft_heap_item){at, id});
    } else {
        if (heap->items[place].at == at)
            return;
        heap->items[place].at = at;
    }
    weft_heap_sift(heap, place);
}

/* When the timer `id` is due, or WEFT_NEVER. */
static inline weft_ns weft_heap_at(const struct weft_heap *heap, uint32_t id)
{
    return heap->places[id] == WEFT_NONE ? WEFT_NEVER : heap->items[heap->places[id]].at;
}

/* The earliest instant, or WEFT_NEVER. */
static inline weft_ns weft_heap_next_at(const struct weft_heap *heap)
{
    return heap->used == 0 ? WEFT_NEVER : heap->items[0].at;
}

/* Takes out the earliest timer that is due at `now`; WEFT_NONE when none is. */
static inline uint32_t weft_heap_due(struct weft_heap *heap, weft_ns now)
{
    uint32_t id;

    if (heap->used == 0 || heap->items[0].at > now)
        return WEFT_NONE;
    id = heap->items[0].id;
    weft_heap_set(heap, id, WEFT_NEVER);
    return id;
}

#endif
