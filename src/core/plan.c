/* The plan: max-min shares for own paths, then what is left for relays. */
#include "plan.h"

#define SHARE_PART 25 /* a path must add this part of what its pair has, or it is not worth it */

struct own {
    uint32_t path; /* WEFT_NONE: every path of the pair is dead */
    uint64_t cap;
    bool fixed;
};

/* It may have a share: what a full port cannot take others may. */
static bool is_useful(const struct weft_path *path, const struct weft_lane *lanes)
{
    return weft_path_alive(path, lanes) && !weft_path_full(path, lanes);
}

/* The first useful path with one hop, else the first useful one, else the first live one. */
static uint32_t own_path(const struct weft_pair *pair, const struct weft_path *paths,
                         const struct weft_lane *lanes)
{
    uint32_t useful = WEFT_NONE;
    uint32_t live = WEFT_NONE;

    for (uint32_t i = pair->first_path; i < pair->first_path + pair->path_count; i++) {
        if (!weft_path_alive(&paths[i], lanes))
            continue;
        if (live == WEFT_NONE)
            live = i;
        if (!is_useful(&paths[i], lanes))
            continue;
        if (paths[i].route.hop_count == 1)
            return i;
        if (useful == WEFT_NONE)
            useful = i;
    }
    return useful == WEFT_NONE ? live : useful;
}

/* Progressive filling (Bertsekas and Gallager, Data Networks, 6.5.2): the path with the least fair
 * share is fixed at it, and the rest share what it leaves. */
static void fill_own(struct weft_capacity *capacity, struct weft_path *paths, struct own *owns,
                     uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (!owns[i].fixed)
            weft_capacity_join(capacity, &paths[owns[i].path]);
    for (;;) {
        uint32_t least = WEFT_NONE;
        uint64_t least_cap = UINT64_MAX;

        for (uint32_t i = 0; i < count; i++) {
            uint64_t cap;

            if (owns[i].fixed)
                continue;
            cap = weft_capacity_share(capacity, &paths[owns[i].path]);
            if (least == WEFT_NONE || cap < least_cap) {
                least = i;
                least_cap = cap;
            }
        }
        if (least == WEFT_NONE)
            return;
        owns[least].cap = weft_max(least_cap, 1);
        owns[least].fixed = true;
        weft_capacity_leave(capacity, &paths[owns[least].path]);
        weft_capacity_spend(capacity, &paths[owns[least].path], owns[least].cap);
    }
}

/* The pair's next path that has room for a share worth having; its cap, or 0. */
static uint64_t admit_next(struct weft_capacity *capacity, const struct weft_pair *pair,
                           struct weft_path *paths, const struct weft_lane *lanes)
{
    uint64_t pair_cap = 0;

    for (uint32_t i = 0; i < pair->path_count; i++)
        pair_cap += paths[pair->first_path + i].cap_bytes_per_us;
    for (uint32_t i = 0; i < pair->path_count; i++) {
        struct weft_path *path = &paths[pair->first_path + i];
        uint64_t room;

        if (path->admitted || !is_useful(path, lanes) || weft_capacity_crowds(capacity, path))
            continue;
        weft_capacity_join(capacity, path);
        room = weft_capacity_share(capacity, path);
        weft_capacity_leave(capacity, path);
        if (room == 0 || room < pair_cap / SHARE_PART)
            continue;
        path->admitted = true;
        path->cap_bytes_per_us = room;
        path->owner_busy = path->lent && weft_capacity_owner_busy(capacity, path, pair->src_device,
                                                                  pair->dst_device);
        weft_capacity_spend(capacity, path, room);
        return room;
    }
    return 0;
}

static uint64_t admit_relays(struct weft_capacity *capacity, struct weft_pair *const *pairs,
                             uint32_t count, struct weft_path *paths, const struct weft_lane *lanes)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < count; i++) {
        uint64_t room = 1;

        while (pairs[i]->left_bytes > 0 && room > 0) {
            room = admit_next(capacity, pairs[i], paths, lanes);
            sum += room;
        }
    }
    return sum;
}

uint64_t weft_plan_make(struct weft_capacity *capacity, struct weft_pair *const *pairs,
                        uint32_t count, struct weft_path *paths, const struct weft_lane *lanes)
{
    struct own owns[WEFT_PLAN_PAIRS_MAX];
    uint64_t sum = 0;

    weft_assert(count <= WEFT_PLAN_PAIRS_MAX);
    weft_capacity_reset(capacity);
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t k = 0; k < pairs[i]->path_count; k++)
            weft_path_unplan(&paths[pairs[i]->first_path + k]);
        owns[i].path = own_path(pairs[i], paths, lanes);
        owns[i].fixed = owns[i].path == WEFT_NONE;
        owns[i].cap = 0;
    }
    fill_own(capacity, paths, owns, count);
    for (uint32_t i = 0; i < count; i++) {
        struct weft_path *path;

        if (owns[i].path == WEFT_NONE)
            continue;
        path = &paths[owns[i].path];
        path->admitted = true;
        path->cap_bytes_per_us = owns[i].cap;
        sum += owns[i].cap;
        if (!path->lent)
            weft_capacity_own(capacity, path);
    }
    /* A relay is the own path of a pair whose other ways are dead: it yields as any does. */
    for (uint32_t i = 0; i < count; i++)
        if (owns[i].path != WEFT_NONE && paths[owns[i].path].lent)
            paths[owns[i].path].owner_busy = weft_capacity_owner_busy(
                capacity, &paths[owns[i].path], pairs[i]->src_device, pairs[i]->dst_device);
    weft_capacity_lend(capacity);
    return sum + admit_relays(capacity, pairs, count, paths, lanes);
}
