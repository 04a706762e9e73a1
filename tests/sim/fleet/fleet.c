/* The fleet: what it is made of, and the one heap that moves all of it on. */
#include "fleet.h"

#include <inttypes.h>
#include <stdlib.h>

#include "fleet_record.h"
#include "fleet_run.h"

_Noreturn void sim_fleet_fail(struct sim_fleet *fleet, enum sim_oracle oracle, const char *what,
                              uint64_t a, uint64_t b)
{
    sim_history_fail(&fleet->history, oracle, "%s (%" PRIu64 ", %" PRIu64 ")", what, a, b);
}

void sim_fleet_mix(struct sim_fleet *fleet, uint64_t a, uint64_t b, uint64_t c)
{
    fleet->hash = weft_hash_word(fleet->hash, fleet->now);
    fleet->hash = weft_hash_word(fleet->hash, a);
    fleet->hash = weft_hash_word(fleet->hash, b);
    fleet->hash = weft_hash_word(fleet->hash, c);
}

static void *zeroed(size_t count, size_t each)
{
    void *memory = calloc(count, each);

    weft_assert(memory != NULL);
    return memory;
}

struct sim_fleet *sim_fleet_open(const struct sim_fleet_shape *shape)
{
    struct sim_fleet *fleet = zeroed(1, sizeof(*fleet));
    uint32_t items = shape->items_max;
    uint32_t timers = items + shape->server_count + SIM_FLEET_TIMERS;

    fleet->shape = *shape;
    fleet->timer_items = zeroed(timers, sizeof(*fleet->timer_items));
    fleet->timer_places = zeroed(timers, sizeof(*fleet->timer_places));
    fleet->item_indices = zeroed(items, sizeof(*fleet->item_indices));
    fleet->items = zeroed(items, sizeof(*fleet->items));
    fleet->item_links = zeroed(items, sizeof(*fleet->item_links));
    fleet->ended_links = zeroed(items, sizeof(*fleet->ended_links));
    fleet->servers = zeroed(shape->server_count, sizeof(*fleet->servers));
    for (uint32_t i = 0; i < (shape->is_plain ? 1 : shape->server_count); i++)
        fleet->servers[i].world = zeroed(1, sizeof(struct sim_world));
    fleet->calls = zeroed(shape->call_count, sizeof(*fleet->calls));
    if (!shape->is_plain && !shape->is_given)
        fleet->lists =
            zeroed((size_t)SIM_FLEET_LISTS_MAX * SIM_LIST_EXTENTS_MAX, sizeof(*fleet->lists));
    return fleet;
}

void sim_fleet_close(struct sim_fleet *fleet)
{
    if (fleet == NULL)
        return;
    for (uint32_t i = 0; i < fleet->shape.items_max; i++) {
        free(fleet->items[i].copy.extents);
        free(fleet->items[i].bytes);
    }
    for (uint32_t i = 0; i < fleet->shape.server_count; i++) {
        free(fleet->servers[i].imports);
        if (i == 0 || !fleet->shape.is_plain)
            free(fleet->servers[i].world);
    }
    sim_shadow_fini(&fleet->shadow);
    free(fleet->timer_items);
    free(fleet->timer_places);
    free(fleet->item_indices);
    free(fleet->items);
    free(fleet->item_links);
    free(fleet->ended_links);
    free(fleet->servers);
    free(fleet->links);
    free(fleet->calls);
    free(fleet->lists);
    free(fleet);
}

static void dispatch(struct sim_fleet *fleet, uint32_t timer)
{
    uint32_t items = fleet->shape.items_max;

    if (timer >= items + fleet->shape.server_count)
        sim_fleet_run_due(fleet, timer - items - fleet->shape.server_count);
    else if (timer >= items)
        sim_server_round(fleet, timer - items);
    else if (fleet->items[timer].kind == SIM_ITEM_LOCAL)
        sim_port_due(fleet, timer);
    else if (fleet->items[timer].kind >= SIM_ITEM_CLOSE)
        sim_link_due(fleet, timer);
    else
        sim_lane_due(fleet, timer);
}

bool sim_fleet_step(struct sim_fleet *fleet)
{
    weft_ns at = weft_heap_next_at(&fleet->timers);

    if (at == WEFT_NEVER)
        return false;
    fleet->steps++;
    fleet->now = weft_max(fleet->now, at);
    fleet->history.now = fleet->now;
    dispatch(fleet, weft_heap_due(&fleet->timers, fleet->now));
    return true;
}
