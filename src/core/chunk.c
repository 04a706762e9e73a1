/* Chunks: state, order of their copies, extents per hop. */
#include "chunk.h"

#define TO(state) (1u << WEFT_CHUNK_##state)

static const unsigned next_states[WEFT_CHUNK_STATES] = {
    [WEFT_CHUNK_FREE] = TO(FLYING),
    [WEFT_CHUNK_FLYING] = TO(FREE) | TO(RETURNED),
    [WEFT_CHUNK_RETURNED] = TO(FLYING) | TO(FREE),
};

static void check(const struct weft_chunk *chunk)
{
    weft_assert((chunk->failed & ~chunk->ended) == 0);
    weft_assert((chunk->ended >> chunk->issued) == 0);
    weft_assert(chunk->state == WEFT_CHUNK_FLYING || chunk->path == WEFT_NONE);
}

static void set_state(struct weft_chunk *chunk, enum weft_chunk_state state)
{
    weft_assert((next_states[chunk->state] >> state & 1) != 0);
    chunk->state = state;
    if (state != WEFT_CHUNK_FLYING)
        chunk->path = WEFT_NONE;
}

void weft_chunk_fly(struct weft_chunk *chunk, uint32_t path,
                    const uint32_t slots[WEFT_CHUNK_HOPS_MAX - 1])
{
    set_state(chunk, WEFT_CHUNK_FLYING);
    chunk->path = path;
    for (uint32_t i = 0; i < WEFT_CHUNK_HOPS_MAX - 1; i++)
        chunk->slots[i] = slots[i];
    for (uint32_t i = 0; i < WEFT_CHUNK_HOPS_MAX; i++)
        chunk->ready_at[i] = WEFT_NEVER;
    chunk->issued = 0;
    chunk->ended = 0;
    chunk->failed = 0;
    chunk->stopped = false;
    chunk->excused = false;
    chunk->issued_at = 0;
    check(chunk);
}

uint32_t weft_chunk_next_hop(const struct weft_chunk *chunk, const struct weft_route *route,
                             const struct weft_hop_table *hops)
{
    uint32_t step = chunk->issued;

    if (chunk->stopped || step == route->hop_count)
        return WEFT_NONE;
    if (step > 0 && (chunk->ended >> (step - 1) & 1) == 0 &&
        hops->hops[route->hops[step]].domain != hops->hops[route->hops[step - 1]].domain)
        return WEFT_NONE;
    return step;
}

bool weft_chunk_issued(struct weft_chunk *chunk, uint32_t step, weft_ns now)
{
    bool ready = step == 0 || (chunk->ended >> (step - 1) & 1) != 0;

    weft_assert(step == chunk->issued);
    chunk->issued++;
    if (step == 0)
        chunk->issued_at = now;
    if (ready)
        chunk->ready_at[step] = now;
    check(chunk);
    return ready;
}

void weft_chunk_unissued(struct weft_chunk *chunk, uint32_t step)
{
    weft_assert(step + 1 == chunk->issued);
    chunk->issued--;
    chunk->ready_at[step] = WEFT_NEVER;
    check(chunk);
}

void weft_chunk_copy_ended(struct weft_chunk *chunk, uint32_t step, bool good)
{
    weft_assert(step < chunk->issued);
    weft_assert((chunk->ended >> step & 1) == 0);
    chunk->ended |= 1u << step;
    if (!good) {
        chunk->failed |= 1u << step;
        chunk->stopped = true;
    }
    check(chunk);
}

bool weft_chunk_settled(const struct weft_chunk *chunk, const struct weft_route *route)
{
    bool all_ended = chunk->ended == (1u << chunk->issued) - 1;

    return all_ended && (chunk->stopped || chunk->issued == route->hop_count);
}

uint32_t weft_chunk_guilty(const struct weft_chunk *chunk)
{
    return chunk->failed == 0 ? WEFT_NONE : (uint32_t)__builtin_ctz(chunk->failed);
}

void weft_chunk_return(struct weft_chunk *chunk)
{
    set_state(chunk, WEFT_CHUNK_RETURNED);
    check(chunk);
}

static bool is_same_place(const struct weft_extent_cursor *a, const struct weft_extent_cursor *b)
{
    return a->block == b->block && a->index == b->index && a->skip_bytes == b->skip_bytes;
}

bool weft_chunk_join(struct weft_chunk *chunk, struct weft_chunk *behind,
                     const struct weft_extent_block *blocks, uint32_t extents_max)
{
    uint64_t size_bytes = chunk->size_bytes + behind->size_bytes;
    struct weft_extent_cursor cursor = chunk->start;
    uint32_t count;

    if (!is_same_place(&chunk->end, &behind->start) ||
        weft_extent_take(blocks, &cursor, size_bytes, extents_max, NULL, &count) != size_bytes)
        return false;
    chunk->size_bytes = size_bytes;
    chunk->end = behind->end;
    behind->start = behind->end;
    behind->size_bytes = 0;
    return true;
}

void weft_chunk_free(struct weft_chunk *chunk)
{
    set_state(chunk, WEFT_CHUNK_FREE);
    check(chunk);
}

/* Turns places of the list into places of a slot on one side, merging what then touches. */
static uint32_t through_slot(struct weft_extent *extents, uint32_t count, bool into,
                             uint64_t slot_offset)
{
    uint64_t passed_bytes = 0;
    uint32_t kept = 0;

    for (uint32_t i = 0; i < count; i++) {
        struct weft_extent extent = extents[i];
        struct weft_extent *last = kept > 0 ? &extents[kept - 1] : NULL;

        if (into)
            extent.dst_offset = slot_offset + passed_bytes;
        else
            extent.src_offset = slot_offset + passed_bytes;
        passed_bytes += extent.size_bytes;
        if (last != NULL && last->src_offset + last->size_bytes == extent.src_offset &&
            last->dst_offset + last->size_bytes == extent.dst_offset)
            last->size_bytes += extent.size_bytes;
        else
            extents[kept++] = extent;
    }
    return kept;
}

uint32_t weft_chunk_extents(const struct weft_chunk *chunk, uint32_t step,
                            const struct weft_route *route, const struct weft_extent_block *blocks,
                            const struct weft_relay *relays, struct weft_extent *out, uint32_t max)
{
    struct weft_extent_cursor cursor = chunk->start;
    bool first = step == 0;
    bool last = step + 1 == route->hop_count;
    uint64_t from = 0;
    uint64_t to = 0;
    uint32_t count;

    if (!first)
        from = weft_relay_slot_offset(&relays[route->transits[step - 1]], chunk->slots[step - 1]);
    if (!last)
        to = weft_relay_slot_offset(&relays[route->transits[step]], chunk->slots[step]);
    if (!first && !last) {
        out[0] = (struct weft_extent){to, from, chunk->size_bytes};
        return 1;
    }
    weft_extent_take(blocks, &cursor, chunk->size_bytes, max, out, &count);
    if (first && last)
        return count;
    return through_slot(out, count, first, first ? to : from);
}
