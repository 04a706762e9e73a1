/* The plan in the engine: when it is made, and for which pairs; and the same plan for one pair
 * alone, as explanation. */
#include "tables.h"

#define PLAN_GAP_NS 5000 /* least time between two plans */

static uint64_t left_in(const struct weft_engine *engine, const struct weft_list *list)
{
    uint64_t bytes = 0;

    for (uint32_t tag = list->first; tag != WEFT_NONE; tag = engine->transfer_links[tag].next)
        bytes = weft_add_sat(bytes, weft_transfer_left(&engine->transfers[tag]));
    return bytes;
}

/* Least left first: what remains of the machine goes to the pair that will soonest give it back, so
 * that a small transfer does not wait for a large one (shortest remaining time first). */
static void insert(struct weft_pair **planned, uint32_t count, struct weft_pair *pair)
{
    for (; count > 0 && planned[count - 1]->left_bytes > pair->left_bytes; count--)
        planned[count] = planned[count - 1];
    planned[count] = pair;
}

/* Pairs with load; what no longer has any is taken out of the plan. */
static uint32_t collect(struct weft_engine *engine)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < engine->pair_count; i++) {
        struct weft_pair *pair = &engine->pairs[i];
        bool counts = count < WEFT_PLAN_PAIRS_MAX && pair->path_count > 0 && pair->loads > 0;

        for (uint32_t k = 0; k < pair->path_count && pair->active; k++) {
            struct weft_path *path = &engine->paths[pair->first_path + k];

            if (counts)
                weft_path_review(path);
            else
                weft_path_unplan(path);
        }
        pair->active = counts;
        if (counts) {
            pair->left_bytes =
                weft_add_sat(left_in(engine, &pair->small), left_in(engine, &pair->large));
            insert(engine->planned, count++, pair);
        }
    }
    return count;
}

/* A plan is wanted at `at` at the latest. */
static void plan_by(struct weft_engine *engine, weft_ns at)
{
    if (at < weft_heap_at(&engine->timers, engine->timer_plan))
        weft_heap_set(&engine->timers, engine->timer_plan, at);
}

void weft_engine_plan(struct weft_engine *engine, weft_ns now)
{
    weft_ns interval_ns = engine->config->plan_interval_us * 1000;
    uint64_t sum;
    uint32_t count;

    if (!engine->plan_wanted)
        return;
    if (now < engine->planned_at + PLAN_GAP_NS && engine->trace.counts[WEFT_TRACE_plan_made] > 0) {
        plan_by(engine, engine->planned_at + PLAN_GAP_NS);
        return;
    }
    engine->plan_wanted = false;
    engine->planned_at = now;
    count = collect(engine);
    if (count > 1) {
        engine->was_shared = true;
        engine->shared_at = now;
    }
    sum = weft_plan_make(&engine->capacity, engine->planned, count, engine->paths, engine->lanes);
    weft_trace_plan_made(&engine->trace, now, count, sum, engine->pair_count);
    weft_heap_set(&engine->timers, engine->timer_plan, count > 0 ? now + interval_ns : WEFT_NEVER);
    engine->stirred = true;
}

void weft_engine_link_loaded(struct weft_engine *engine, uint32_t link,
                             const struct weft_load *load)
{
    struct weft_load *foreign = &engine->capacity.foreign[link];

    weft_assert(link < engine->topo->link_count);
    foreign->own_bytes_per_us = weft_min(load->own_bytes_per_us, WEFT_LOAD_BYTES_PER_US_MAX);
    foreign->lent_bytes_per_us = weft_min(load->lent_bytes_per_us, WEFT_LOAD_BYTES_PER_US_MAX);
    engine->plan_wanted = true;
}

uint64_t weft_engine_plans(const struct weft_engine *engine)
{
    return engine->trace.counts[WEFT_TRACE_plan_made];
}

static void add_load(const struct weft_engine *engine, const struct weft_path *path,
                     struct weft_load *loads, uint32_t count)
{
    for (uint32_t h = 0; h < path->route.hop_count; h++) {
        const struct weft_hop *hop = &engine->hops->hops[path->route.hops[h]];

        for (uint32_t i = 0; i < hop->link_count; i++) {
            uint32_t link = hop->links[i];

            if (link >= count)
                continue;
            if (path->lent)
                loads[link].lent_bytes_per_us += path->cap_bytes_per_us;
            else
                loads[link].own_bytes_per_us += path->cap_bytes_per_us;
        }
    }
}

void weft_engine_load(const struct weft_engine *engine, struct weft_load *loads, uint32_t count)
{
    memset(loads, 0, count * sizeof(*loads));
    for (uint32_t i = 0; i < engine->pair_count; i++)
        for (uint32_t k = 0; engine->pairs[i].active && k < engine->pairs[i].path_count; k++)
            add_load(engine, &engine->paths[engine->pairs[i].first_path + k], loads, count);
}

static void report(const struct weft_engine *engine, const struct weft_path *path,
                   struct weft_route_report *row)
{
    *row = (struct weft_route_report){.rate_bytes_per_us = path->cap_bytes_per_us,
                                      .nominal_bytes_per_us = path->route.rate_bytes_per_us,
                                      .chunk_bytes =
                                          weft_path_chunk_max(path, engine->lanes, engine->config),
                                      .moved_bytes = path->moved_bytes,
                                      .chunk_count = path->chunk_count,
                                      .hop_count = path->route.hop_count,
                                      .admitted = path->admitted,
                                      .down = !weft_path_alive(path, engine->lanes)};
    for (uint32_t i = 0; i < path->route.hop_count; i++)
        row->hops[i] = path->route.hops[i];
    weft_route_name(&path->route, engine->topo, engine->hops, row->name, sizeof(row->name));
}

bool weft_engine_pair_used(const struct weft_engine *engine, uint32_t src_device,
                           uint32_t dst_device)
{
    return src_device < engine->topo->device_count && dst_device < engine->topo->device_count &&
           weft_engine_pair_find(engine, src_device, dst_device) != WEFT_NONE;
}

uint32_t weft_engine_routes(struct weft_engine *engine, uint32_t src_device, uint32_t dst_device,
                            struct weft_route_report *rows, uint32_t max)
{
    const struct weft_pair *pair;
    uint32_t index;

    index = weft_engine_pair(engine, src_device, dst_device);
    if (index == WEFT_NONE)
        return 0;
    pair = &engine->pairs[index];
    for (uint32_t i = 0; i < pair->path_count && i < max; i++)
        report(engine, &engine->paths[pair->first_path + i], &rows[i]);
    return (uint32_t)weft_min(pair->path_count, max);
}

/* What `size_bytes` take on the paths of a plan: one path below the bound, else all together. */
static weft_ns expect(const struct weft_pair *pair, const struct weft_path *paths,
                      uint64_t size_bytes)
{
    uint64_t rate = 0;
    weft_ns latency_ns = 0;

    for (uint32_t i = 0; i < pair->path_count; i++) {
        if (!paths[i].admitted)
            continue;
        rate += paths[i].cap_bytes_per_us;
        latency_ns = weft_max(latency_ns, paths[i].route.latency_ns);
        if (size_bytes < pair->split_bytes_min)
            break;
    }
    return weft_add_sat(weft_bytes_time(size_bytes, rate), latency_ns);
}

uint32_t weft_engine_explain(struct weft_engine *engine, uint32_t src_device, uint32_t dst_device,
                             uint64_t size_bytes, struct weft_route_report *rows, uint32_t max,
                             weft_ns *expected_ns)
{
    struct weft_path paths[WEFT_ROUTES_MAX];
    struct weft_pair alone;
    struct weft_pair *pairs[1] = {&alone};
    uint32_t index;

    index = weft_engine_pair(engine, src_device, dst_device);
    if (index == WEFT_NONE)
        return 0;
    alone = engine->pairs[index];
    memcpy(paths, &engine->paths[alone.first_path], alone.path_count * sizeof(paths[0]));
    alone.first_path = 0;
    alone.left_bytes = size_bytes < alone.split_bytes_min ? 0 : size_bytes;
    weft_plan_make(&engine->capacity, pairs, 1, paths, engine->lanes);
    for (uint32_t i = 0; i < alone.path_count && i < max; i++)
        report(engine, &paths[i], &rows[i]);
    *expected_ns = expect(&alone, paths, size_bytes);
    return (uint32_t)weft_min(alone.path_count, max);
}
