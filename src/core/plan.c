/* The plan: max-min shares for own paths, then what is left for relays. */
#include "plan.h"

#define SHARE_PART 25 /* a path must add this part of what its pair has, or it is not worth it */

struct own {
    struct weft_path *path;
    uint64_t cap;
    bool fixed;
};

void weft_plan_init(struct weft_plan *plan, struct weft_arena *arena, const struct weft_topo *topo,
                    const struct weft_hop_table *hops)
{
    plan->topo = topo;
    plan->hops = hops;
    plan->resource_count = 2 * topo->link_count;
    plan->residuals = weft_arena_take(arena, plan->resource_count, sizeof(*plan->residuals));
    plan->users = weft_arena_take(arena, plan->resource_count, sizeof(*plan->users));
    plan->owned = weft_arena_take(arena, topo->link_count, sizeof(*plan->owned));
    plan->rates = weft_arena_take(arena, topo->link_count, sizeof(*plan->rates));
    if (plan->rates == NULL)
        return;
    for (uint32_t i = 0; i < topo->link_count; i++)
        plan->rates[i] = topo->links[i].rate_bytes_per_us;
}

/* The duplex limit of a link and its reverse is one resource, under the lower index of the two. */
static uint32_t duplex_of(const struct weft_plan *plan, uint32_t link)
{
    uint32_t reverse = plan->topo->links[link].reverse;

    return plan->topo->link_count + (link < reverse ? link : reverse);
}

static void reset(struct weft_plan *plan)
{
    for (uint32_t i = 0; i < plan->topo->link_count; i++) {
        const struct weft_link *link = &plan->topo->links[i];

        plan->residuals[i] = plan->rates[i];
        plan->residuals[plan->topo->link_count + i] =
            link->duplex_bytes_per_us == 0 ? UINT64_MAX : link->duplex_bytes_per_us;
        plan->owned[i] = false;
    }
    for (uint32_t i = 0; i < plan->resource_count; i++)
        plan->users[i] = 0;
}

/* Calls of `each` for every resource that the path uses, as often as it uses it. */
typedef void resource_fn(struct weft_plan *plan, uint32_t resource, uint64_t *value);

static void for_resources(struct weft_plan *plan, const struct weft_path *path, resource_fn *each,
                          uint64_t *value)
{
    for (uint32_t h = 0; h < path->route.hop_count; h++) {
        const struct weft_hop *hop = &plan->hops->hops[path->route.hops[h]];

        for (uint32_t i = 0; i < hop->link_count; i++) {
            each(plan, hop->links[i], value);
            each(plan, duplex_of(plan, hop->links[i]), value);
        }
    }
}

static void add_user(struct weft_plan *plan, uint32_t resource, uint64_t *value)
{
    (void)value;
    plan->users[resource]++;
}

static void remove_user(struct weft_plan *plan, uint32_t resource, uint64_t *value)
{
    (void)value;
    plan->users[resource]--;
}

static void fair_share(struct weft_plan *plan, uint32_t resource, uint64_t *value)
{
    *value = weft_min(*value, plan->residuals[resource] / plan->users[resource]);
}

static void spend(struct weft_plan *plan, uint32_t resource, uint64_t *value)
{
    if (plan->residuals[resource] != UINT64_MAX)
        plan->residuals[resource] = weft_sub_sat(plan->residuals[resource], *value);
}

static void least_share(struct weft_plan *plan, uint32_t resource, uint64_t *value)
{
    *value = weft_min(*value, plan->residuals[resource] / weft_max(plan->users[resource], 1));
}

static void own_links(struct weft_plan *plan, uint32_t resource, uint64_t *value)
{
    (void)value;
    if (resource < plan->topo->link_count)
        plan->owned[resource] = true;
}

/* The first live path with one hop, else the first live one. */
static struct weft_path *own_path(const struct weft_pair *pair, struct weft_path *paths,
                                  const struct weft_lane *lanes)
{
    struct weft_path *own = NULL;

    for (uint32_t i = 0; i < pair->path_count; i++) {
        struct weft_path *path = &paths[pair->first_path + i];

        if (!weft_path_alive(path, lanes))
            continue;
        if (path->route.hop_count == 1)
            return path;
        if (own == NULL)
            own = path;
    }
    return own;
}

/* Progressive filling (Bertsekas and Gallager, Data Networks, 6.5.2): the path with the least fair
 * share is fixed at it, and the rest share what it leaves. */
static void fill_own(struct weft_plan *plan, struct own *owns, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (!owns[i].fixed)
            for_resources(plan, owns[i].path, add_user, NULL);
    for (;;) {
        uint32_t least = WEFT_NONE;
        uint64_t least_cap = UINT64_MAX;

        for (uint32_t i = 0; i < count; i++) {
            uint64_t cap;

            if (owns[i].fixed)
                continue;
            cap = owns[i].path->limit_bytes_per_us;
            for_resources(plan, owns[i].path, fair_share, &cap);
            if (least == WEFT_NONE || cap < least_cap) {
                least = i;
                least_cap = cap;
            }
        }
        if (least == WEFT_NONE)
            return;
        owns[least].cap = weft_max(least_cap, 1);
        owns[least].fixed = true;
        for_resources(plan, owns[least].path, remove_user, NULL);
        for_resources(plan, owns[least].path, spend, &owns[least].cap);
    }
}

/* What the links leave for one more path; a link that it crosses twice counts twice. */
static uint64_t room_for(struct weft_plan *plan, const struct weft_path *path)
{
    uint64_t room = path->limit_bytes_per_us;

    for_resources(plan, path, add_user, NULL);
    for_resources(plan, path, least_share, &room);
    for_resources(plan, path, remove_user, NULL);
    return room;
}

static void borrows_owned(struct weft_plan *plan, uint32_t resource, uint64_t *value)
{
    if (resource < plan->topo->link_count &&
        (plan->owned[resource] || plan->owned[plan->topo->links[resource].reverse]))
        (*value)++;
}

/* True when a hop that another device's engine drives crosses a link that its owner uses now. */
static bool owner_is_busy(struct weft_plan *plan, const struct weft_pair *pair,
                          const struct weft_path *path)
{
    for (uint32_t h = 0; h < path->route.hop_count; h++) {
        const struct weft_hop *hop = &plan->hops->hops[path->route.hops[h]];

        if (hop->port_device == pair->src_device || hop->port_device == pair->dst_device)
            continue;
        for (uint32_t i = 0; i < hop->link_count; i++) {
            const struct weft_link *link = &plan->topo->links[hop->links[i]];
            uint64_t busy = 0;

            if (link->from != hop->port_device && link->to != hop->port_device)
                continue;
            borrows_owned(plan, hop->links[i], &busy);
            if (busy > 0)
                return true;
        }
    }
    return false;
}

/* The pair's next path that has room for a share worth having. */
static bool admit_next(struct weft_plan *plan, const struct weft_pair *pair,
                       struct weft_path *paths, const struct weft_lane *lanes, uint64_t *sum)
{
    uint64_t pair_cap = 0;

    for (uint32_t i = 0; i < pair->path_count; i++)
        pair_cap += paths[pair->first_path + i].cap_bytes_per_us;
    for (uint32_t i = 0; i < pair->path_count; i++) {
        struct weft_path *path = &paths[pair->first_path + i];
        uint64_t room;

        if (path->admitted || !weft_path_alive(path, lanes))
            continue;
        room = room_for(plan, path);
        if (room == 0 || room < pair_cap / SHARE_PART)
            continue;
        path->admitted = true;
        path->cap_bytes_per_us = room;
        path->owner_busy = path->lent && owner_is_busy(plan, pair, path);
        for_resources(plan, path, spend, &room);
        *sum += room;
        return true;
    }
    return false;
}

uint64_t weft_plan_make(struct weft_plan *plan, struct weft_pair *const *pairs, uint32_t count,
                        struct weft_path *paths, const struct weft_lane *lanes)
{
    struct own owns[WEFT_PLAN_PAIRS_MAX];
    uint64_t sum = 0;
    bool more = true;

    weft_assert(count <= WEFT_PLAN_PAIRS_MAX);
    reset(plan);
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t k = 0; k < pairs[i]->path_count; k++)
            weft_path_unplan(&paths[pairs[i]->first_path + k]);
        owns[i].path = own_path(pairs[i], paths, lanes);
        owns[i].fixed = owns[i].path == NULL;
        owns[i].cap = 0;
    }
    fill_own(plan, owns, count);
    for (uint32_t i = 0; i < count; i++) {
        if (owns[i].path == NULL)
            continue;
        owns[i].path->admitted = true;
        owns[i].path->cap_bytes_per_us = owns[i].cap;
        sum += owns[i].cap;
        for_resources(plan, owns[i].path, own_links, NULL);
    }
    while (more) {
        more = false;
        for (uint32_t i = 0; i < count; i++)
            if (pairs[i]->loads > 0 && owns[i].path != NULL)
                more = admit_next(plan, pairs[i], paths, lanes, &sum) || more;
    }
    return sum;
}
