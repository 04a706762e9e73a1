/* Chunks in the engine: cut where a path will take one, issue their copies, settle them. */
#include "tables.h"

static const struct weft_route *route_of(const struct weft_engine *engine, uint32_t chunk)
{
    return &engine->paths[engine->chunks[chunk].path].route;
}

/* The next range of the transfer, at most `bytes_max`: what came back first. WEFT_NONE without a
 * free chunk. */
static uint32_t take_range(struct weft_engine *engine, struct weft_transfer *transfer,
                           uint64_t bytes_max)
{
    uint32_t extents_max = (uint32_t)engine->config->chunk_extents_max;
    uint32_t returned = transfer->returned.first;
    struct weft_extent_cursor *cursor = &transfer->cursor;
    uint32_t index;
    uint32_t count;

    if (returned != WEFT_NONE && engine->chunks[returned].size_bytes <= bytes_max) {
        weft_list_remove(&transfer->returned, engine->chunk_links, returned);
        transfer->returned_bytes -= engine->chunks[returned].size_bytes;
        return returned;
    }
    /* The last free chunk is kept for splitting one that came back: else all might be waiting so
     * (see `rejoin`). */
    if (engine->chunk_pool.free_count <= (returned == WEFT_NONE ? 1 : 0))
        return WEFT_NONE;
    index = weft_pool_take(&engine->chunk_pool);
    if (returned != WEFT_NONE)
        cursor = &engine->chunks[returned].start;
    engine->chunks[index].start = *cursor;
    engine->chunks[index].size_bytes =
        weft_extent_take(engine->blocks, cursor, bytes_max, extents_max, NULL, &count);
    engine->chunks[index].end = *cursor;
    if (returned != WEFT_NONE) {
        engine->chunks[returned].size_bytes -= engine->chunks[index].size_bytes;
        transfer->returned_bytes -= engine->chunks[index].size_bytes;
    } else {
        transfer->taken_bytes += engine->chunks[index].size_bytes;
    }
    return index;
}

static bool cut(struct weft_engine *engine, uint32_t tag, uint32_t path, uint64_t bytes_max,
                weft_ns now)
{
    struct weft_transfer *transfer = &engine->transfers[tag];
    const struct weft_route *route = &engine->paths[path].route;
    uint32_t slots[WEFT_CHUNK_HOPS_MAX - 1] = {WEFT_NONE, WEFT_NONE};
    uint32_t index = take_range(engine, transfer, bytes_max);
    struct weft_chunk *chunk;

    if (index == WEFT_NONE)
        return false;
    for (uint32_t i = 0; i + 1 < route->hop_count; i++)
        slots[i] = weft_relay_take(&engine->relays[route->transits[i]]);
    chunk = &engine->chunks[index];
    chunk->transfer = tag;
    chunk->dst_window = transfer->op.dst_window;
    chunk->src_window = transfer->op.src_window;
    weft_chunk_fly(chunk, path, slots);
    engine->windows[chunk->dst_window].chunks++;
    engine->windows[chunk->src_window].chunks++;
    transfer->chunks++;
    transfer->path_bytes[path - engine->pairs[transfer->pair].first_path] += chunk->size_bytes;
    weft_path_taken(&engine->paths[path], chunk->size_bytes);
    weft_list_append(&engine->issuing, engine->chunk_links, index);
    weft_trace_chunk_taken(&engine->trace, now, index, chunk->size_bytes, path);
    if (weft_transfer_left(transfer) == 0) {
        weft_engine_transfer_unlist(engine, tag);
        /* What its pair was given beyond its own path is of use to others now. */
        engine->plan_wanted = engine->plan_wanted || weft_transfer_is_load(transfer);
    }
    return true;
}

static bool has_idle_path(const struct weft_engine *engine, const struct weft_pair *pair)
{
    for (uint32_t i = 0; i < pair->path_count; i++) {
        const struct weft_path *path = &engine->paths[pair->first_path + i];

        if (path->chunks == 0 && (path->admitted || !pair->active))
            return true;
    }
    return false;
}

static bool cut_first(struct weft_engine *engine, struct weft_pair *pair,
                      const struct weft_list *list, bool idle_only, weft_ns now)
{
    uint32_t turn = pair->turn;
    const struct weft_config *config = engine->config;
    bool shared = engine->was_shared && now < engine->shared_at + config->shared_us * 1000;
    struct weft_sched_choice choice = {0, 0};
    struct weft_sched_view view = {
        .config = config,
        .pair = pair,
        .transfer = &engine->transfers[list->count > 0 ? list->first : 0],
        .paths = &engine->paths[pair->first_path],
        .lanes = engine->lanes,
        .relays = engine->relays,
        .lent_bytes_max = shared ? config->shared_chunk_bytes : UINT64_MAX,
        .now = now};

    if (list->count == 0 || !engine->sched->pick(&view, &choice))
        return false;
    weft_assert(choice.path < pair->path_count);
    weft_assert(choice.bytes_max > 0);
    if (idle_only && view.paths[choice.path].chunks > 0) {
        pair->turn = turn;
        return false;
    }
    return cut(engine, list->first, pair->first_path + choice.path, choice.bytes_max, now);
}

bool weft_engine_chunk_cut(struct weft_engine *engine, bool idle_only, weft_ns now)
{
    if (!engine->stirred)
        return false;
    for (uint32_t turns = engine->busy.count; turns > 0; turns--) {
        uint32_t index = engine->busy.first;
        struct weft_pair *pair = &engine->pairs[index];

        weft_list_remove(&engine->busy, engine->pair_links, index);
        weft_list_append(&engine->busy, engine->pair_links, index);
        if (idle_only && !has_idle_path(engine, pair))
            continue;
        if (cut_first(engine, pair, &pair->small, idle_only, now) ||
            cut_first(engine, pair, &pair->large, idle_only, now))
            return true;
    }
    if (!idle_only)
        engine->stirred = false;
    return false;
}

/* A chunk of which nothing was issued is not left to a lane that has died since. */
static bool is_stranded(const struct weft_engine *engine, uint32_t index)
{
    const struct weft_chunk *chunk = &engine->chunks[index];

    return chunk->issued == 0 && !weft_path_alive(&engine->paths[chunk->path], engine->lanes);
}

static void fill_copy(struct weft_engine *engine, uint32_t index, uint32_t step,
                      struct weft_action *action)
{
    const struct weft_chunk *chunk = &engine->chunks[index];
    const struct weft_route *route = route_of(engine, index);
    bool first = step == 0;
    bool last = step + 1 == route->hop_count;
    bool chained = !first && (chunk->ended >> (step - 1) & 1) == 0;

    *action = (struct weft_action){
        .kind = WEFT_ACTION_COPY,
        .hop = route->hops[step],
        .dst_window = last ? chunk->dst_window : engine->relays[route->transits[step]].window,
        .src_window = first ? chunk->src_window : engine->relays[route->transits[step - 1]].window,
        .extents = engine->scratch,
        .size_bytes = chunk->size_bytes,
        .lent = engine->paths[chunk->path].lent,
        .cookie = index * WEFT_CHUNK_COOKIES + step,
        .after = chained ? index * WEFT_CHUNK_COOKIES + step - 1 : WEFT_COOKIE_NONE,
        .after_hop = chained ? route->hops[step - 1] : WEFT_NONE,
        .owner = chunk->transfer,
        .is_whole = chunk->transfer != WEFT_NONE && route->hop_count == 1 &&
                    chunk->size_bytes == engine->transfers[chunk->transfer].op.size_bytes};
    action->extent_count =
        weft_chunk_extents(chunk, step, route, engine->blocks, engine->relays, engine->scratch,
                           (uint32_t)engine->config->chunk_extents_max);
}

bool weft_engine_chunk_next(struct weft_engine *engine, bool first_only, struct weft_action *action,
                            weft_ns now)
{
    uint32_t index = engine->issuing.first;

    while (index != WEFT_NONE) {
        uint32_t next = engine->chunk_links[index].next;
        struct weft_chunk *chunk = &engine->chunks[index];
        const struct weft_route *route = route_of(engine, index);
        uint32_t step;

        if (is_stranded(engine, index)) {
            chunk->stopped = true;
            weft_engine_chunk_discard(engine, index, now);
            index = next;
            continue;
        }
        step = weft_chunk_next_hop(chunk, route, engine->hops);
        if (step == WEFT_NONE || (first_only && step > 0) ||
            now < engine->lanes[route->hops[step]].hold_until) {
            index = next;
            continue;
        }
        fill_copy(engine, index, step, action);
        weft_trace_copy_issued(&engine->trace, now, action->cookie, chunk->size_bytes, action->hop);
        weft_engine_lane_issued(engine, action->hop, chunk->size_bytes,
                                weft_chunk_issued(chunk, step, now), now);
        if (chunk->issued == route->hop_count)
            weft_list_remove(&engine->issuing, engine->chunk_links, index);
        return true;
    }
    return false;
}

static void give_back(struct weft_engine *engine, struct weft_chunk *chunk,
                      const struct weft_route *route)
{
    for (uint32_t i = 0; i + 1 < route->hop_count; i++)
        weft_relay_give(&engine->relays[route->transits[i]], chunk->slots[i]);
    engine->windows[chunk->dst_window].chunks--;
    engine->windows[chunk->src_window].chunks--;
}

static void free_chunk(struct weft_engine *engine, uint32_t index)
{
    weft_chunk_free(&engine->chunks[index]);
    weft_pool_give(&engine->chunk_pool, index);
}

/* Without a free chunk, joins one that comes back to a neighbour that has come back: that frees one
 * to split with. A split took the last; when both its parts are back they are neighbours. So not
 * all chunks can be waiting to be split. */
static bool rejoin(struct weft_engine *engine, uint32_t index, struct weft_transfer *transfer)
{
    uint32_t extents_max = (uint32_t)engine->config->chunk_extents_max;
    struct weft_chunk *chunk = &engine->chunks[index];

    for (uint32_t i = transfer->returned.first; i != WEFT_NONE; i = engine->chunk_links[i].next) {
        struct weft_chunk *other = &engine->chunks[i];
        uint64_t bytes = chunk->size_bytes;

        if (weft_chunk_join(other, chunk, engine->blocks, extents_max)) {
            transfer->returned_bytes += bytes;
            free_chunk(engine, index);
            return true;
        }
        bytes = other->size_bytes;
        if (weft_chunk_join(chunk, other, engine->blocks, extents_max)) {
            transfer->returned_bytes -= bytes;
            weft_list_remove(&transfer->returned, engine->chunk_links, i);
            free_chunk(engine, i);
            return false;
        }
    }
    return false;
}

/* Its bytes go back to the transfer, to be taken by another path, or are dropped with it. */
static void put_back(struct weft_engine *engine, uint32_t index, struct weft_transfer *transfer)
{
    struct weft_chunk *chunk = &engine->chunks[index];
    uint32_t tag = chunk->transfer;

    if (transfer->state == WEFT_TRANSFER_DRAINING) {
        transfer->taken_bytes -= chunk->size_bytes;
        free_chunk(engine, index);
        return;
    }
    if (weft_transfer_left(transfer) == 0) {
        weft_engine_transfer_list(engine, tag, true);
        engine->plan_wanted = true;
    }
    if (engine->chunk_pool.free_count == 0 && rejoin(engine, index, transfer))
        return;
    transfer->returned_bytes += chunk->size_bytes;
    weft_list_append(&transfer->returned, engine->chunk_links, index);
    weft_chunk_return(chunk);
}

/* Accounts for a chunk of which no copy is out any more. */
static void settle(struct weft_engine *engine, uint32_t index, weft_ns now)
{
    struct weft_chunk *chunk = &engine->chunks[index];
    struct weft_path *path = &engine->paths[chunk->path];
    uint32_t tag = chunk->transfer;
    uint32_t guilty = weft_chunk_guilty(chunk);
    bool good = guilty == WEFT_NONE && chunk->issued == path->route.hop_count;
    bool excused = chunk->excused;

    if (chunk->issued < path->route.hop_count)
        weft_list_remove(&engine->issuing, engine->chunk_links, index);
    give_back(engine, chunk, &path->route);
    if (good) {
        weft_trace_chunk_done(&engine->trace, now, index, chunk->size_bytes, chunk->path);
        weft_path_done(path, chunk->size_bytes, chunk->issued_at, now);
    } else {
        weft_trace_chunk_failed(&engine->trace, now, index, chunk->size_bytes, chunk->path);
        weft_path_failed(path, chunk->size_bytes);
    }
    engine->stirred = true;
    if (tag == WEFT_NONE) {
        free_chunk(engine, index);
    } else {
        struct weft_transfer *transfer = &engine->transfers[tag];

        transfer->chunks--;
        if (guilty != WEFT_NONE)
            transfer->cause_hop = path->route.hops[guilty];
        if (good) {
            transfer->done_bytes += chunk->size_bytes;
            free_chunk(engine, index);
        } else {
            put_back(engine, index, transfer);
        }
        weft_engine_transfer_settled(engine, tag, now);
    }
    if (guilty != WEFT_NONE && !excused)
        weft_engine_lane_blamed(engine, path->route.hops[guilty], now);
}

void weft_engine_chunk_discard(struct weft_engine *engine, uint32_t index, weft_ns now)
{
    if (weft_chunk_settled(&engine->chunks[index], route_of(engine, index)))
        settle(engine, index, now);
}

void weft_engine_chunk_refused(struct weft_engine *engine, uint32_t cookie, weft_ns now)
{
    uint32_t index = cookie / WEFT_CHUNK_COOKIES;
    uint32_t step = cookie % WEFT_CHUNK_COOKIES;
    struct weft_chunk *chunk = &engine->chunks[index];
    const struct weft_route *route = route_of(engine, index);
    uint32_t hop = route->hops[step];

    weft_trace_copy_refused(&engine->trace, now, cookie, chunk->size_bytes, hop);
    if (chunk->issued == route->hop_count)
        weft_list_append(&engine->issuing, engine->chunk_links, index);
    weft_engine_lane_refused(engine, hop, chunk->size_bytes, chunk->ready_at[step] != WEFT_NEVER,
                             now);
    weft_chunk_unissued(chunk, step);
    /* Its bytes need not wait for a port that stays full: other paths may take them. */
    if (weft_lane_is_full(&engine->lanes[hop])) {
        chunk->stopped = true;
        weft_engine_chunk_discard(engine, index, now);
    }
}

void weft_engine_chunk_copy_ended(struct weft_engine *engine, uint32_t cookie, bool good,
                                  weft_ns now)
{
    uint32_t index = cookie / WEFT_CHUNK_COOKIES;
    uint32_t step = cookie % WEFT_CHUNK_COOKIES;
    struct weft_chunk *chunk = &engine->chunks[index];
    const struct weft_route *route = route_of(engine, index);
    weft_ns ready_at = chunk->ready_at[step];
    weft_ns took = ready_at == WEFT_NEVER ? 0 : now - ready_at;

    weft_assert(chunk->state == WEFT_CHUNK_FLYING);
    if (good)
        weft_trace_copy_ended(&engine->trace, now, cookie, took, route->hops[step]);
    else
        weft_trace_copy_failed(&engine->trace, now, cookie, took, route->hops[step]);
    weft_chunk_copy_ended(chunk, step, good);
    weft_engine_lane_ended(engine, route->hops[step], chunk->size_bytes, ready_at, good, now);
    /* The next copy is due: to run, or to end badly as this one did. */
    if (step + 1 < chunk->issued && (chunk->ended >> (step + 1) & 1) == 0) {
        chunk->ready_at[step + 1] = now;
        weft_engine_lane_readied(engine, route->hops[step + 1], chunk->size_bytes, now);
    }
    engine->stirred = true;
    if (weft_chunk_settled(chunk, route))
        settle(engine, index, now);
    else if (chunk->transfer != WEFT_NONE)
        /* It may now be behind a copy that hangs: no other end would come. */
        weft_engine_transfer_settled(engine, chunk->transfer, now);
}
