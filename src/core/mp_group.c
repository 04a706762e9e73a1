/* Groups: the choice of paths. */
#include "mp_group.h"

#define FREEZE_NS     10000000
#define EXPLORE_EVERY 16 /* picks: one is not recycled, so that what has come back is found */

void weft_mp_group_init(struct weft_mp_group *group, uint32_t index,
                        const struct weft_mp_config *config)
{
    *group = (struct weft_mp_group){
        .index = index,
        .path_count = (config->path_count - index - 1) / config->group_count + 1,
        .is_up_told = true,
        .path = WEFT_NONE,
        .owed = {.due_at = WEFT_NEVER, .along = WEFT_NONE},
        .probe_at = WEFT_NEVER,
    };
    group->alive_count = group->path_count;
    weft_mp_window_init(&group->window, config);
    weft_list_init(&group->lost);
}

/* Path number `turn` of the group. */
static uint32_t nth(const struct weft_mp_group *group, const struct weft_mp_config *config,
                    uint32_t turn)
{
    return group->index + turn % group->path_count * config->group_count;
}

static bool has_room(const struct weft_mp_path *path)
{
    return path->state != WEFT_MP_PATH_TRIAL || path->out.count < path->trial_packets;
}

static bool is_first_choice(const struct weft_mp_path *path)
{
    return weft_mp_path_alive(path) && path->state != WEFT_MP_PATH_SKIP && has_room(path);
}

static uint32_t pick_recycled(struct weft_mp_group *group, const struct weft_mp_path *paths)
{
    while (group->recycled_count > 0) {
        uint32_t path = group->recycled[group->recycled_first];

        group->recycled_first = (group->recycled_first + 1) % WEFT_MP_RECYCLED;
        group->recycled_count--;
        if (is_first_choice(&paths[path]))
            return path;
    }
    return WEFT_NONE;
}

/* The next in turn: of those that are no second choice; of those that are known, while frozen. */
static uint32_t pick_in_turn(struct weft_mp_group *group, struct weft_mp_path *paths,
                             const struct weft_mp_config *config, weft_ns now)
{
    uint32_t second = WEFT_NONE;

    weft_assert(group->path_count > 0);
    for (uint32_t i = 0; i < group->path_count; i++) {
        uint32_t path = nth(group, config, group->turn + i);
        bool is_frozen = now < group->frozen_until && paths[path].state == WEFT_MP_PATH_FRESH;

        weft_mp_path_rest(&paths[path], now);
        if (is_first_choice(&paths[path]) && !is_frozen) {
            group->turn = (group->turn + i + 1) % group->path_count;
            return path;
        }
        if (second == WEFT_NONE && weft_mp_path_alive(&paths[path]))
            second = path;
    }
    group->turn = (group->turn + 1) % group->path_count;
    return second;
}

uint32_t weft_mp_group_pick(struct weft_mp_group *group, struct weft_mp_path *paths,
                            const struct weft_mp_config *config, weft_ns now)
{
    uint32_t path = WEFT_NONE;

    if (group->burst_left > 0 && is_first_choice(&paths[group->path])) {
        group->burst_left--;
        return group->path;
    }
    if (group->alive_count == 0)
        return WEFT_NONE;
    if (++group->picks % EXPLORE_EVERY != 0)
        path = pick_recycled(group, paths);
    if (path == WEFT_NONE)
        path = pick_in_turn(group, paths, config, now);
    group->path = path;
    group->burst_left = config->burst_packets - 1;
    return path;
}

void weft_mp_group_recycle(struct weft_mp_group *group, uint32_t path)
{
    uint32_t last = (group->recycled_first + group->recycled_count) % WEFT_MP_RECYCLED;

    if (group->recycled_count == WEFT_MP_RECYCLED)
        return;
    group->recycled[last] = path;
    group->recycled_count++;
}

void weft_mp_group_count(struct weft_mp_group *group, const struct weft_mp_path *paths,
                         const struct weft_mp_config *config)
{
    group->alive_count = 0;
    group->dead_count = 0;
    for (uint32_t i = 0; i < group->path_count; i++) {
        const struct weft_mp_path *path = &paths[nth(group, config, i)];

        group->alive_count += weft_mp_path_alive(path);
        group->dead_count += path->state == WEFT_MP_PATH_DEAD;
    }
}

void weft_mp_group_freeze(struct weft_mp_group *group, weft_ns now)
{
    group->frozen_until = now + FREEZE_NS;
    group->burst_left = 0;
}

void weft_mp_group_hold(struct weft_mp_group *group, const struct weft_mp_config *config,
                        weft_ns now)
{
    if (group->hold_until != 0)
        return;
    group->hold_ns = weft_max(group->hold_ns * 2, weft_max(group->window.rtt_ns, config->host_ns));
    group->hold_ns = weft_min(group->hold_ns, config->probe_ns_max);
    group->hold_until = now + group->hold_ns;
}

uint32_t weft_mp_group_probe(struct weft_mp_group *group, const struct weft_mp_path *paths,
                             const struct weft_mp_config *config)
{
    for (uint32_t i = 0; i < group->path_count; i++) {
        uint32_t path = nth(group, config, group->probe_turn + i);

        if (paths[path].state != WEFT_MP_PATH_DEAD)
            continue;
        group->probe_turn = (group->probe_turn + i + 1) % group->path_count;
        return path;
    }
    return WEFT_NONE;
}
