/* The engine's memory, how it grows with peers, and the routes of pairs of devices. */
#include "tables.h"

#define PATHS_OF_PAIR WEFT_ROUTES_MAX
#define PEERS_PAIRS   1024 /* of devices of different servers that are used, at most */

static uint32_t holders(const struct weft_topo *topo)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < topo->device_count; i++)
        if (weft_topo_holds_bytes(topo, i))
            count++;
    return count;
}

static void lay_out_transfers(struct weft_engine *engine, struct weft_arena *arena)
{
    const struct weft_config *config = engine->config;

    engine->windows = weft_arena_take(arena, config->windows_max, sizeof(*engine->windows));
    engine->transfers = weft_arena_take(arena, config->transfers_max, sizeof(*engine->transfers));
    engine->transfer_links =
        weft_arena_take(arena, config->transfers_max, sizeof(*engine->transfer_links));
    weft_list_init(&engine->waiting);
    weft_list_init(&engine->draining);
    weft_list_init(&engine->ended);
    weft_list_init(&engine->issuing);
    weft_list_init(&engine->probing);
    weft_list_init(&engine->busy);
    engine->chunks = weft_arena_take(arena, config->chunks_max, sizeof(*engine->chunks));
    engine->chunk_links = weft_arena_take(arena, config->chunks_max, sizeof(*engine->chunk_links));
    engine->scratch = weft_arena_take(arena, config->chunk_extents_max, sizeof(*engine->scratch));
}

static void lay_out_paths(struct weft_engine *engine, struct weft_arena *arena)
{
    uint32_t devices = engine->devices_max;
    uint32_t pairs = engine->pairs_max;

    engine->lanes = weft_arena_take(arena, engine->hops_max, sizeof(*engine->lanes));
    engine->lane_links = weft_arena_take(arena, engine->hops_max, sizeof(*engine->lane_links));
    engine->relays = weft_arena_take(arena, devices, sizeof(*engine->relays));
    /* Pairs and their paths are written when they are made: most of it is never touched. */
    engine->pairs = weft_arena_take_raw(arena, pairs, sizeof(*engine->pairs));
    engine->pair_links = weft_arena_take(arena, pairs, sizeof(*engine->pair_links));
    engine->planned = weft_arena_take(arena, pairs, sizeof(struct weft_pair *));
    engine->paths =
        weft_arena_take_raw(arena, (size_t)pairs * PATHS_OF_PAIR, sizeof(*engine->paths));
    engine->first_pair = weft_arena_take(arena, devices, sizeof(*engine->first_pair));
    weft_capacity_init(&engine->capacity, arena, engine->topo, engine->hops, engine->links_max,
                       devices);
}

/* Lays every table out in the arena; while it only counts, all pointers are NULL. */
static void lay_out(struct weft_engine *engine, struct weft_arena *arena)
{
    const struct weft_config *config = engine->config;
    uint32_t timers = (uint32_t)config->transfers_max + engine->hops_max + 2;
    uint32_t *chunk_memory;
    struct weft_heap_item *items;
    uint32_t *places;

    lay_out_transfers(engine, arena);
    lay_out_paths(engine, arena);
    chunk_memory = weft_arena_take(arena, config->chunks_max, sizeof(*chunk_memory));
    items = weft_arena_take(arena, timers, sizeof(*items));
    places = weft_arena_take(arena, timers, sizeof(*places));
    weft_trace_init(&engine->trace, arena, config->trace_records);
    if (arena->base == NULL)
        return;
    weft_pool_init(&engine->chunk_pool, chunk_memory, (uint32_t)config->chunks_max);
    weft_heap_init(&engine->timers, items, places, timers);
    engine->timer_lanes = (uint32_t)config->transfers_max;
    engine->timer_plan = engine->timer_lanes + engine->hops_max;
    engine->timer_retry = engine->timer_plan + 1;
}

static void take_input(struct weft_engine *engine, const struct weft_engine_input *input)
{
    engine->config = input->config;
    engine->topo = input->topo;
    engine->hops = input->hops;
    engine->blocks = input->blocks;
    engine->pairs_max = holders(input->topo) * holders(input->topo);
    engine->devices_max = input->topo->device_count;
    engine->links_max = input->topo->link_count;
    engine->hops_max = input->hops->count;
    if (input->peers_max == 0)
        return;
    engine->pairs_max += PEERS_PAIRS;
    engine->devices_max = WEFT_DEVICES_MAX;
    engine->links_max = WEFT_LINKS_MAX;
    engine->hops_max = WEFT_HOPS_MAX;
}

size_t weft_engine_size(const struct weft_engine_input *input)
{
    struct weft_engine engine;
    struct weft_arena arena = {NULL, 0, 0};

    memset(&engine, 0, sizeof(engine));
    take_input(&engine, input);
    weft_arena_take(&arena, 1, sizeof(engine));
    lay_out(&engine, &arena);
    return arena.used_bytes;
}

struct weft_engine *weft_engine_init(const struct weft_engine_input *input, void *memory,
                                     weft_ns now, const char **why)
{
    struct weft_arena arena = {memory, weft_engine_size(input), 0};
    struct weft_engine *engine = weft_arena_take(&arena, 1, sizeof(*engine));

    take_input(engine, input);
    engine->sched = weft_sched_find(input->config->sched);
    if (engine->sched == NULL) {
        *why = "setting sched: not one of pull, direct, static, roundrobin";
        return NULL;
    }
    *why = weft_route_filter_parse(&engine->filter, input->topo, input->config->routes);
    if (*why != NULL)
        return NULL;
    lay_out(engine, &arena);
    for (uint32_t i = 0; i < engine->devices_max; i++)
        engine->relays[i].window = WEFT_NONE;
    weft_engine_grow(engine);
    for (uint32_t i = 0; i < input->config->chunks_max; i++)
        engine->chunks[i].path = WEFT_NONE;
    engine->planned_at = now;
    return engine;
}

uint32_t weft_engine_cookies(const struct weft_config *config)
{
    return (uint32_t)config->chunks_max * WEFT_CHUNK_COOKIES + WEFT_HOPS_MAX;
}

void weft_engine_grow(struct weft_engine *engine)
{
    weft_assert(engine->topo->device_count <= engine->devices_max);
    weft_assert(engine->hops->count <= engine->hops_max);
    weft_capacity_grow(&engine->capacity);
    for (; engine->lane_count < engine->hops->count; engine->lane_count++)
        weft_lane_init(&engine->lanes[engine->lane_count], &engine->hops->hops[engine->lane_count],
                       engine->config);
}

void weft_engine_relay_add(struct weft_engine *engine, uint32_t device, uint32_t window,
                           uint32_t slots)
{
    weft_assert(device < engine->topo->device_count);
    weft_assert(slots <= WEFT_RELAY_SLOTS_MAX);
    weft_relay_init(&engine->relays[device], window, slots, engine->config->relay_slot_bytes);
}

static uint32_t make_pair(struct weft_engine *engine, uint32_t src, uint32_t dst)
{
    struct weft_pair *pair = &engine->pairs[engine->pair_count];
    struct weft_route routes[WEFT_ROUTES_MAX];
    bool relays[WEFT_DEVICES_MAX];

    for (uint32_t i = 0; i < engine->topo->device_count; i++)
        relays[i] = engine->relays[i].window != WEFT_NONE;
    *pair = (struct weft_pair){.src_device = src,
                               .dst_device = dst,
                               .next_from = engine->first_pair[src] - 1,
                               .split_bytes_min = engine->topo->devices[src].server !=
                                                          engine->topo->devices[dst].server
                                                      ? engine->config->net_multipath_bytes_min
                                                      : engine->config->multipath_bytes_min};
    weft_list_init(&pair->small);
    weft_list_init(&pair->large);
    pair->first_path = engine->path_count;
    pair->path_count =
        weft_route_find(engine->topo, engine->hops, relays, &engine->filter, src, dst, routes);
    for (uint32_t i = 0; i < pair->path_count; i++) {
        struct weft_path *path = &engine->paths[engine->path_count++];

        weft_path_init(path, &routes[i], engine->hops, src, dst);
        weft_path_restart(path, engine->config);
    }
    engine->first_pair[src] = engine->pair_count + 1;
    return engine->pair_count++;
}

uint32_t weft_engine_pair_find(const struct weft_engine *engine, uint32_t src_device,
                               uint32_t dst_device)
{
    uint32_t index = engine->first_pair[src_device] - 1;

    while (index != WEFT_NONE && engine->pairs[index].dst_device != dst_device)
        index = engine->pairs[index].next_from;
    return index;
}

uint32_t weft_engine_pair(struct weft_engine *engine, uint32_t src_device, uint32_t dst_device)
{
    uint32_t index;

    if (!weft_topo_holds_bytes(engine->topo, src_device) ||
        !weft_topo_holds_bytes(engine->topo, dst_device))
        return WEFT_NONE;
    index = weft_engine_pair_find(engine, src_device, dst_device);
    if (index == WEFT_NONE && engine->pair_count < engine->pairs_max)
        index = make_pair(engine, src_device, dst_device);
    return index;
}
