/* The engine's memory, and the routes between all pairs of devices. */
#include "tables.h"

#define PATHS_OF_PAIR WEFT_ROUTES_MAX

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
    uint32_t devices = engine->topo->device_count;
    uint32_t pairs = holders(engine->topo) * holders(engine->topo);

    engine->lanes = weft_arena_take(arena, engine->hops->count, sizeof(*engine->lanes));
    engine->lane_links = weft_arena_take(arena, engine->hops->count, sizeof(*engine->lane_links));
    engine->relays = weft_arena_take(arena, devices, sizeof(*engine->relays));
    engine->pairs = weft_arena_take(arena, pairs, sizeof(*engine->pairs));
    engine->pair_links = weft_arena_take(arena, pairs, sizeof(*engine->pair_links));
    engine->planned = weft_arena_take(arena, pairs, sizeof(struct weft_pair *));
    engine->paths = weft_arena_take(arena, (size_t)pairs * PATHS_OF_PAIR, sizeof(*engine->paths));
    engine->pair_of = weft_arena_take(arena, (size_t)devices * devices, sizeof(*engine->pair_of));
    weft_capacity_init(&engine->capacity, arena, engine->topo, engine->hops);
}

/* Lays every table out in the arena; while it only counts, all pointers are NULL. */
static void lay_out(struct weft_engine *engine, struct weft_arena *arena)
{
    const struct weft_config *config = engine->config;
    uint32_t timers = (uint32_t)config->transfers_max + engine->hops->count + 2;
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
    engine->timer_plan = engine->timer_lanes + engine->hops->count;
    engine->timer_retry = engine->timer_plan + 1;
}

static void take_input(struct weft_engine *engine, const struct weft_engine_input *input)
{
    engine->config = input->config;
    engine->topo = input->topo;
    engine->hops = input->hops;
    engine->blocks = input->blocks;
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
    for (uint32_t i = 0; i < input->hops->count; i++)
        weft_lane_init(&engine->lanes[i], &input->hops->hops[i], input->config);
    for (uint32_t i = 0; i < input->topo->device_count; i++)
        engine->relays[i].window = WEFT_NONE;
    for (uint32_t i = 0; i < input->config->chunks_max; i++)
        engine->chunks[i].path = WEFT_NONE;
    engine->planned_at = now;
    return engine;
}

uint32_t weft_engine_cookies(const struct weft_config *config)
{
    return (uint32_t)config->chunks_max * WEFT_CHUNK_COOKIES + WEFT_HOPS_MAX;
}

void weft_engine_relay_add(struct weft_engine *engine, uint32_t device, uint32_t window)
{
    weft_assert(!engine->routes_found);
    weft_assert(device < engine->topo->device_count);
    weft_relay_init(&engine->relays[device], window, (uint32_t)engine->config->relay_slots,
                    engine->config->relay_slot_bytes);
}

static void find_pair(struct weft_engine *engine, const bool *relays, uint32_t src, uint32_t dst)
{
    struct weft_pair *pair = &engine->pairs[engine->pair_count];
    struct weft_route routes[WEFT_ROUTES_MAX];

    *pair = (struct weft_pair){.src_device = src, .dst_device = dst};
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
    engine->pair_of[src * engine->topo->device_count + dst] = engine->pair_count++;
}

void weft_engine_find_routes(struct weft_engine *engine)
{
    const struct weft_topo *topo = engine->topo;
    bool relays[WEFT_DEVICES_MAX];

    if (engine->routes_found)
        return;
    engine->routes_found = true;
    for (uint32_t i = 0; i < topo->device_count; i++)
        relays[i] = engine->relays[i].window != WEFT_NONE;
    for (uint32_t src = 0; src < topo->device_count; src++)
        for (uint32_t dst = 0; dst < topo->device_count; dst++)
            if (weft_topo_holds_bytes(topo, src) && weft_topo_holds_bytes(topo, dst))
                find_pair(engine, relays, src, dst);
            else
                engine->pair_of[src * topo->device_count + dst] = WEFT_NONE;
}

uint32_t weft_engine_pair(const struct weft_engine *engine, uint32_t src_device,
                          uint32_t dst_device)
{
    uint32_t devices = engine->topo->device_count;

    if (src_device >= devices || dst_device >= devices)
        return WEFT_NONE;
    return engine->pair_of[src_device * devices + dst_device];
}
