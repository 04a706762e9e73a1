/* Items of a fleet: what they may write and read is checked when they begin and when they end. */

#include "fleet_item.h"

#include <stdlib.h>
#include <string.h>

#include "fleet_record.h"

/* ---- memory ---- */

/* Addresses are numbers that name a memory: nothing is behind them. */
#define MEMORY_BITS 40

uint32_t sim_memory_add(struct sim_fleet *fleet, uint32_t device, uint64_t size, bool is_relay)
{
    uint32_t memory = fleet->memory_count++;

    sim_shadow_add(&fleet->shadow, memory, device, size, is_relay);
    return memory;
}

void *sim_memory_base(uint32_t memory)
{
    return (void *)((uintptr_t)(memory + 1) << MEMORY_BITS); /* NOLINT */
}

uint32_t sim_memory_of(const void *base)
{
    return (uint32_t)((uintptr_t)base >> MEMORY_BITS) - 1;
}

/* ---- items ---- */

uint32_t sim_item_take(struct sim_fleet *fleet, enum sim_item_kind kind, uint32_t server)
{
    uint32_t index = weft_pool_take(&fleet->item_pool);
    struct sim_item *item;
    struct weft_extent *extents;
    uint32_t capacity;

    if (index == WEFT_NONE)
        sim_fleet_fail(fleet, SIM_ORACLE_LIMIT, "more is under way than may be", server, kind);
    item = &fleet->items[index];
    extents = item->copy.extents;
    capacity = item->copy.extent_capacity;
    *item = (struct sim_item){.kind = kind,
                              .server = server,
                              .life = fleet->servers[server].life,
                              .link = WEFT_NONE,
                              .lane = WEFT_NONE,
                              .hop = WEFT_NONE,
                              .after = WEFT_NONE,
                              .follower = WEFT_NONE};
    item->copy.extents = extents;
    item->copy.extent_capacity = capacity;
    item->copy.op = WEFT_NONE;
    fleet->item_count++;
    return index;
}

void sim_item_give(struct sim_fleet *fleet, uint32_t index)
{
    struct sim_item *item = &fleet->items[index];

    weft_assert(item->kind != SIM_ITEM_FREE);
    sim_record_item_ended(fleet, item, weftRemoteError);
    if (item->link != WEFT_NONE)
        weft_list_remove(&fleet->links[item->link].items, fleet->item_links, index);
    free(item->bytes);
    item->bytes = NULL;
    item->kind = SIM_ITEM_FREE;
    weft_heap_set(&fleet->timers, index, WEFT_NEVER);
    weft_pool_give(&fleet->item_pool, index);
}

void sim_item_at(struct sim_fleet *fleet, uint32_t item, weft_ns at)
{
    fleet->items[item].is_parked = false;
    weft_heap_set(&fleet->timers, item, weft_max(at, fleet->now));
}

void sim_item_park(struct sim_fleet *fleet, uint32_t item)
{
    fleet->items[item].is_parked = true;
    weft_heap_set(&fleet->timers, item, WEFT_NEVER);
}

static bool is_probe(const struct sim_fleet *fleet, const struct sim_copy *copy)
{
    const struct sim_memory *dst = &fleet->shadow.memories[copy->dst_window];
    const struct sim_memory *src = &fleet->shadow.memories[copy->src_window];

    return dst->is_relay && src->is_relay &&
           copy->extents[0].dst_offset >= dst->size_bytes - WEFT_RELAY_PROBE_BYTES &&
           copy->extents[0].src_offset >= src->size_bytes - WEFT_RELAY_PROBE_BYTES;
}

/* Nobody knows, and nobody will, what becomes of these bytes. */
static bool is_given_up(const struct sim_fleet *fleet, const struct sim_copy *copy)
{
    const struct sim_memory *dst = &fleet->shadow.memories[copy->dst_window];

    for (uint32_t i = 0; i < copy->extent_count; i++)
        if (!sim_map_is(&dst->given_up, copy->extents[i].dst_offset, copy->extents[i].size_bytes,
                        1))
            return false;
    return true;
}

/* The caller's operation that the copy is for: it must own what the copy writes. */
static uint32_t owner_of(struct sim_fleet *fleet, const struct sim_copy *copy)
{
    if (copy->is_probe || fleet->shadow.memories[copy->dst_window].is_relay ||
        is_given_up(fleet, copy))
        return WEFT_NONE;
    return sim_shadow_owner(&fleet->shadow, copy);
}

void sim_item_copy(struct sim_fleet *fleet, uint32_t index, uint32_t dst_memory,
                   uint32_t src_memory, const struct weft_extent *extents, uint32_t count,
                   uint64_t size_bytes)
{
    struct sim_copy *copy = &fleet->items[index].copy;

    if (copy->extent_capacity < count) {
        copy->extents = realloc(copy->extents, count * sizeof(*extents));
        weft_assert(copy->extents != NULL);
        copy->extent_capacity = count;
    }
    memcpy(copy->extents, extents, count * sizeof(*extents));
    copy->extent_count = count;
    copy->cookie = index;
    copy->dst_window = dst_memory;
    copy->src_window = src_memory;
    copy->size_bytes = size_bytes;
    for (uint32_t i = 0; i < count; i++)
        SIM_CHECK(&fleet->history,
                  weft_range_inside(extents[i].dst_offset, extents[i].size_bytes,
                                    fleet->shadow.memories[dst_memory].size_bytes) &&
                      weft_range_inside(extents[i].src_offset, extents[i].size_bytes,
                                        fleet->shadow.memories[src_memory].size_bytes),
                  CONFINEMENT, "item %u leaves memory %u or %u", index, dst_memory, src_memory);
    copy->is_probe = is_probe(fleet, copy);
    copy->op = owner_of(fleet, copy);
}

/* What is said of a copy when it was issued must still be so: who has told his caller that all is
 * over has given the bytes to another. */
static void check_time(struct sim_fleet *fleet, const struct sim_copy *copy)
{
    const struct sim_memory *dst = &fleet->shadow.memories[copy->dst_window];

    /* In the memory of a process that has ended nothing lands. */
    if (!dst->is_live || dst->is_relay || is_given_up(fleet, copy))
        return;
    for (uint32_t i = 0; i < copy->extent_count; i++)
        SIM_CHECK(&fleet->history,
                  sim_map_is(&dst->owner, copy->extents[i].dst_offset, copy->extents[i].size_bytes,
                             (uint64_t)copy->op + 1),
                  LATE_WRITE, "item %u writes memory %u for call %u, which has ended", copy->cookie,
                  copy->dst_window, copy->op);
}

void sim_item_begin(struct sim_fleet *fleet, struct sim_item *item)
{
    item->phase = SIM_ITEM_LANDING;
    check_time(fleet, &item->copy);
    sim_record_item_started(fleet, item);
    sim_shadow_started(&fleet->shadow, &item->copy);
}

void sim_item_end(struct sim_fleet *fleet, struct sim_item *item, bool is_moved)
{
    item->phase = SIM_ITEM_APPLIED;
    check_time(fleet, &item->copy);
    if (fleet->shadow.memories[item->copy.dst_window].is_live)
        sim_shadow_ended(&fleet->shadow, &item->copy, is_moved);
    if (is_moved)
        fleet->landed_bytes += item->copy.size_bytes;
    sim_fleet_mix(fleet, item->copy.dst_window, item->copy.src_window,
                  item->copy.size_bytes * 2 + is_moved);
}
