/* Slots of transfers; see slot.h for the picture. */
#include "slot.h"

#include <stdlib.h>

#define STATE_BITS 3
#define STATE_MASK 7u

#define TO(state) (1u << WEFT_SLOT_##state)

static const uint32_t next_states[WEFT_SLOT_STATES] = {
    [WEFT_SLOT_FREE] = TO(PREPARED),
    [WEFT_SLOT_PREPARED] = TO(FREE) | TO(LIVE) | TO(ENDED),
    [WEFT_SLOT_LIVE] = TO(WAITED) | TO(ENDED) | TO(FREE),
    [WEFT_SLOT_WAITED] = TO(ENDED) | TO(FREE),
    [WEFT_SLOT_ENDED] = TO(FREE),
};

static uint32_t word_of(uint32_t generation, enum weft_slot_state state)
{
    return (generation & WEFT_SLOT_GENERATION_MASK) << STATE_BITS | (uint32_t)state;
}

/* The one place where a slot's state changes; false when another thread was first. Leaving a use
 * for FREE begins the next generation. */
static bool set_state(struct weft_slot_table *slots, uint32_t index, uint32_t generation,
                      enum weft_slot_state from, enum weft_slot_state to)
{
    uint32_t next = to == WEFT_SLOT_FREE ? generation + 1 : generation;

    weft_assert((next_states[from] & 1u << to) != 0);
    return weft_flag_move(&slots->words[index], word_of(generation, from), word_of(next, to));
}

static uint32_t ring_count(uint32_t count)
{
    uint32_t cells = 2;

    while (cells < count)
        cells *= 2;
    return cells;
}

static bool ring_fill(struct weft_ring *ring, uint32_t count)
{
    struct weft_ring_cell *cells = calloc(ring_count(count), sizeof(*cells));

    if (cells == NULL)
        return false;
    weft_ring_init(ring, cells, ring_count(count));
    for (uint32_t i = 0; i < count; i++) {
        bool pushed = weft_ring_push(ring, i);

        weft_assert(pushed);
    }
    return true;
}

weftResult_t weft_slot_init(struct weft_slot_table *slots, const struct weft_config *config,
                            uint32_t generation)
{
    slots->count = (uint32_t)config->transfers_max;
    slots->block_count = (uint32_t)(config->extents_max / WEFT_EXTENT_BLOCK_MAX);
    slots->slots = calloc(slots->count, sizeof(*slots->slots));
    slots->words = calloc(slots->count, sizeof(*slots->words));
    slots->blocks = calloc(slots->block_count, sizeof(*slots->blocks));
    atomic_init(&slots->begun, 0);
    atomic_init(&slots->ended, 0);
    if (slots->slots == NULL || slots->words == NULL || slots->blocks == NULL)
        return weftSystemError;
    for (uint32_t i = 0; i < slots->count; i++) {
        weft_flag_init(&slots->words[i], word_of(generation, WEFT_SLOT_FREE));
        weft_flag_init(&slots->slots[i].cancel, WEFT_NONE);
    }
    if (!ring_fill(&slots->free, slots->count) ||
        !ring_fill(&slots->free_blocks, slots->block_count))
        return weftSystemError;
    return weftSuccess;
}

void weft_slot_fini(struct weft_slot_table *slots)
{
    free(slots->free.cells);
    free(slots->free_blocks.cells);
    free(slots->blocks);
    free(slots->words);
    free(slots->slots);
    slots->slots = NULL;
    slots->count = 0;
}

uint32_t weft_slot_take(struct weft_slot_table *slots)
{
    uint32_t index;
    struct weft_slot *slot;
    bool moved;

    if (!weft_ring_pop(&slots->free, &index))
        return WEFT_NONE;
    slot = &slots->slots[index];
    slot->op = (struct weft_op){
        .tag = index,
        .dst_window = WEFT_NONE,
        .src_window = WEFT_NONE,
        .first_block = WEFT_NONE,
        .signal = {.window = WEFT_NONE},
    };
    slot->asker = (struct weft_slot_asker){0};
    slot->stream = (struct weft_slot_stream){0};
    slot->end = (struct weft_slot_end){0};
    slot->spoilt = weftSuccess;
    slot->last_block = WEFT_NONE;
    slot->next = WEFT_NONE;
    slot->next_comm = WEFT_NONE;
    slot->watched = false;
    slot->signalled = false;
    slot->signals_peer = false;
    slot->src_device = WEFT_NONE;
    slot->dst_device = WEFT_NONE;
    slot->stream_deadline = WEFT_NEVER;
    moved = set_state(slots, index, weft_slot_generation(slots, index), WEFT_SLOT_FREE,
                      WEFT_SLOT_PREPARED);
    weft_assert(moved);
    return index;
}

static void blocks_give(struct weft_slot_table *slots, struct weft_slot *slot)
{
    uint32_t block = slot->op.first_block;

    while (block != WEFT_NONE) {
        uint32_t next = slots->blocks[block].next;
        bool pushed = weft_ring_push(&slots->free_blocks, block);

        weft_assert(pushed);
        block = next;
    }
    slot->op.first_block = WEFT_NONE;
}

static void index_give(struct weft_slot_table *slots, uint32_t index)
{
    bool pushed = weft_ring_push(&slots->free, index);

    weft_assert(pushed);
}

void weft_slot_drop(struct weft_slot_table *slots, uint32_t index)
{
    bool moved;

    blocks_give(slots, &slots->slots[index]);
    moved = set_state(slots, index, weft_slot_generation(slots, index), WEFT_SLOT_PREPARED,
                      WEFT_SLOT_FREE);
    weft_assert(moved);
    index_give(slots, index);
}

weftResult_t weft_slot_append(struct weft_slot_table *slots, uint32_t index,
                              const struct weft_extent *extent)
{
    struct weft_slot *slot = &slots->slots[index];
    uint32_t block;
    bool appended;

    slot->op.size_bytes += extent->size_bytes;
    if (slot->last_block != WEFT_NONE &&
        weft_extent_append(&slots->blocks[slot->last_block], extent))
        return weftSuccess;
    if (!weft_ring_pop(&slots->free_blocks, &block))
        return weftNoResource;
    slots->blocks[block].count = 0;
    slots->blocks[block].next = WEFT_NONE;
    appended = weft_extent_append(&slots->blocks[block], extent);
    weft_assert(appended);
    if (slot->last_block == WEFT_NONE)
        slot->op.first_block = block;
    else
        slots->blocks[slot->last_block].next = block;
    slot->last_block = block;
    return weftSuccess;
}

void weft_slot_live(struct weft_slot_table *slots, uint32_t index)
{
    bool moved;

    /* relaxed: the release of the word below publishes it */
    atomic_fetch_add_explicit(&slots->begun, 1, memory_order_relaxed);
    moved = set_state(slots, index, weft_slot_generation(slots, index), WEFT_SLOT_PREPARED,
                      WEFT_SLOT_LIVE);
    weft_assert(moved);
}

static void count_ended(struct weft_slot_table *slots)
{
    /* release: pairs with the acquire in weft_slot_flush, which may look at nothing else */
    atomic_fetch_add_explicit(&slots->ended, 1, memory_order_release);
}

void weft_slot_end(struct weft_slot_table *slots, uint32_t index, const struct weft_slot_end *end)
{
    struct weft_slot *slot = &slots->slots[index];
    uint32_t generation = weft_slot_generation(slots, index);
    bool watched = slot->watched;
    enum weft_slot_state to = watched ? WEFT_SLOT_ENDED : WEFT_SLOT_FREE;

    blocks_give(slots, slot);
    slot->end = *end;
    if (set_state(slots, index, generation, WEFT_SLOT_LIVE, to)) {
        count_ended(slots);
    } else if (set_state(slots, index, generation, WEFT_SLOT_WAITED, to)) {
        count_ended(slots);
        weft_flag_wake(&slots->words[index]);
    } else {
        bool moved = set_state(slots, index, generation, WEFT_SLOT_PREPARED, to);

        weft_assert(moved);
    }
    if (!watched)
        index_give(slots, index);
}

uint32_t weft_slot_generation(const struct weft_slot_table *slots, uint32_t index)
{
    return weft_flag_get(&slots->words[index]) >> STATE_BITS & WEFT_SLOT_GENERATION_MASK;
}

enum weft_slot_state weft_slot_state(const struct weft_slot_table *slots, uint32_t index)
{
    return (enum weft_slot_state)(weft_flag_get(&slots->words[index]) & STATE_MASK);
}

bool weft_slot_is(const struct weft_slot_table *slots, uint32_t index, uint32_t generation)
{
    uint32_t word;

    if (index >= slots->count)
        return false;
    word = weft_flag_get(&slots->words[index]);
    return word >> STATE_BITS == generation && (word & STATE_MASK) != WEFT_SLOT_FREE;
}

bool weft_slot_collect(struct weft_slot_table *slots, uint32_t index, uint32_t generation,
                       struct weft_slot_end *end)
{
    struct weft_slot_end copy;

    if (weft_flag_get(&slots->words[index]) != word_of(generation, WEFT_SLOT_ENDED))
        return false;
    copy = slots->slots[index].end;
    if (!set_state(slots, index, generation, WEFT_SLOT_ENDED, WEFT_SLOT_FREE))
        return false;
    index_give(slots, index);
    *end = copy;
    return true;
}

void weft_slot_wait(struct weft_slot_table *slots, uint32_t index, uint32_t generation,
                    uint64_t real_ns)
{
    uint32_t waited = word_of(generation, WEFT_SLOT_WAITED);

    (void)set_state(slots, index, generation, WEFT_SLOT_LIVE, WEFT_SLOT_WAITED);
    if (weft_flag_get(&slots->words[index]) == waited)
        weft_flag_wait(&slots->words[index], waited, real_ns);
}

static bool is_going(const struct weft_slot_table *slots, uint32_t index)
{
    enum weft_slot_state state = weft_slot_state(slots, index);

    return state == WEFT_SLOT_LIVE || state == WEFT_SLOT_WAITED;
}

weftResult_t weft_slot_flush(struct weft_slot_table *slots, uint64_t sequence,
                             const struct weft_clock *clock, weft_ns deadline_at)
{
    /* Most flushes find nothing under way. `ended` never passes `begun`, so equal values, read in
     * this order, mean that at the first read all had ended.
     * acquire: pairs with the release in count_ended */
    uint64_t ended = atomic_load_explicit(&slots->ended, memory_order_acquire);

    if (ended == atomic_load_explicit(&slots->begun, memory_order_acquire))
        return weftSuccess;
    for (uint32_t i = 0; i < slots->count; i++) {
        while (is_going(slots, i)) {
            uint32_t generation = weft_slot_generation(slots, i);
            weft_ns now = weft_clock_now(clock);

            /* The sequence may be a newer use's, then it is larger: no reason to wait. */
            if (atomic_load_explicit(&slots->slots[i].sequence, memory_order_relaxed) > sequence)
                break;
            if (now >= deadline_at)
                return weftTimeout;
            weft_slot_wait(slots, i, generation, weft_clock_real(clock, deadline_at - now));
        }
    }
    return weftSuccess;
}
