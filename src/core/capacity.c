/* Capacity: one pass over all resources of a path, done differently for each purpose. */
#include "capacity.h"

#define ENGINE_PPM 1000000

/* One use of a resource by a path. */
struct use {
    uint32_t resource;
    uint64_t hop_rate; /* of an engine's hop; 0 for links and duplex limits */
    bool suspect;      /* a link that may be what limits a limited path */
};

#define USES_MAX (WEFT_ROUTE_HOPS_MAX * (2 * WEFT_LINK_PATH_MAX + 1))

void weft_capacity_init(struct weft_capacity *capacity, struct weft_arena *arena,
                        const struct weft_topo *topo, const struct weft_hop_table *hops,
                        uint32_t links_max, uint32_t devices_max)
{
    capacity->topo = topo;
    capacity->hops = hops;
    capacity->links = links_max;
    capacity->count = 2 * links_max + WEFT_HOP_ENGINES_PER_PORT * devices_max;
    capacity->left = weft_arena_take(arena, capacity->count, sizeof(*capacity->left));
    capacity->users = weft_arena_take(arena, capacity->count, sizeof(*capacity->users));
    capacity->owned = weft_arena_take(arena, links_max, sizeof(*capacity->owned));
    capacity->foreign = weft_arena_take(arena, links_max, sizeof(*capacity->foreign));
    capacity->rates = weft_arena_take(arena, links_max, sizeof(*capacity->rates));
    if (capacity->rates != NULL)
        weft_capacity_grow(capacity);
}

void weft_capacity_grow(struct weft_capacity *capacity)
{
    weft_assert(capacity->topo->link_count <= capacity->links);
    for (; capacity->known < capacity->topo->link_count; capacity->known++)
        capacity->rates[capacity->known] = capacity->topo->links[capacity->known].rate_bytes_per_us;
}

/* What others take of a link and its reverse, for their duplex limit. */
static struct weft_load foreign_both(const struct weft_capacity *capacity, uint32_t link)
{
    const struct weft_load *there = &capacity->foreign[link];
    const struct weft_load *back = &capacity->foreign[capacity->topo->links[link].reverse];

    return (struct weft_load){there->own_bytes_per_us + back->own_bytes_per_us,
                              there->lent_bytes_per_us + back->lent_bytes_per_us};
}

/* What owners among others keep from an own path. */
static uint64_t owned_part(uint64_t rate, struct weft_load foreign)
{
    return weft_min(foreign.own_bytes_per_us, rate / 2);
}

static void lend(uint64_t *left, uint64_t rate, struct weft_load foreign)
{
    *left = weft_sub_sat(*left, foreign.own_bytes_per_us - owned_part(rate, foreign));
    *left -= weft_min(foreign.lent_bytes_per_us, *left / 2);
}

void weft_capacity_lend(struct weft_capacity *capacity)
{
    uint32_t links = capacity->links;

    for (uint32_t i = 0; i < capacity->known; i++) {
        uint64_t duplex = capacity->topo->links[i].duplex_bytes_per_us;

        lend(&capacity->left[i], capacity->rates[i], capacity->foreign[i]);
        if (duplex != 0)
            lend(&capacity->left[links + i], duplex, foreign_both(capacity, i));
    }
}

void weft_capacity_reset(struct weft_capacity *capacity)
{
    uint32_t links = capacity->links;
    uint32_t engines = WEFT_HOP_ENGINES_PER_PORT * capacity->topo->device_count;

    for (uint32_t i = 0; i < capacity->known; i++) {
        uint64_t duplex = capacity->topo->links[i].duplex_bytes_per_us;
        struct weft_load both = foreign_both(capacity, i);

        capacity->left[i] =
            capacity->rates[i] - owned_part(capacity->rates[i], capacity->foreign[i]);
        capacity->left[links + i] = duplex == 0 ? UINT64_MAX : duplex - owned_part(duplex, both);
        capacity->owned[i] = capacity->foreign[i].own_bytes_per_us > 0;
        capacity->users[i] = 0;
        capacity->users[links + i] = 0;
    }
    for (uint32_t i = 2 * links; i < 2 * links + engines; i++) {
        capacity->left[i] = ENGINE_PPM;
        capacity->users[i] = 0;
    }
}

static bool is_suspect(const struct weft_capacity *capacity, const struct weft_route *route,
                       const struct weft_hop *hop, const struct weft_link *link)
{
    uint32_t ends[2] = {hop->src_device, hop->dst_device};

    if (link->kind == WEFT_LINK_MEM || link->kind == WEFT_LINK_SYS)
        return false;
    for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(ends); i++) {
        bool transit = route->hop_count == 1;

        for (uint32_t k = 0; k + 1 < route->hop_count; k++)
            transit = transit || route->transits[k] == ends[i];
        if (transit && capacity->topo->devices[ends[i]].kind != weftDeviceDram &&
            (link->from == ends[i] || link->to == ends[i]))
            return true;
    }
    return false;
}

/* The duplex limit of a link and its reverse is one resource, under the lower index of the two. */
static uint32_t list_uses(const struct weft_capacity *capacity, const struct weft_path *path,
                          struct use uses[USES_MAX])
{
    uint32_t links = capacity->links;
    uint32_t count = 0;

    for (uint32_t h = 0; h < path->route.hop_count; h++) {
        const struct weft_hop *hop = &capacity->hops->hops[path->route.hops[h]];

        uses[count++] =
            (struct use){2 * links + hop->engine, weft_max(hop->rate_bytes_per_us, 1), false};
        for (uint32_t i = 0; i < hop->link_count; i++) {
            const struct weft_link *link = &capacity->topo->links[hop->links[i]];
            uint32_t pair = (uint32_t)weft_min(hop->links[i], link->reverse);

            uses[count++] =
                (struct use){hop->links[i], 0, is_suspect(capacity, &path->route, hop, link)};
            uses[count++] = (struct use){links + pair, 0, false};
        }
    }
    return count;
}

void weft_capacity_join(struct weft_capacity *capacity, const struct weft_path *path)
{
    struct use uses[USES_MAX];
    uint32_t count = list_uses(capacity, path, uses);

    for (uint32_t i = 0; i < count; i++)
        capacity->users[uses[i].resource]++;
}

void weft_capacity_leave(struct weft_capacity *capacity, const struct weft_path *path)
{
    struct use uses[USES_MAX];
    uint32_t count = list_uses(capacity, path, uses);

    for (uint32_t i = 0; i < count; i++)
        capacity->users[uses[i].resource]--;
}

uint64_t weft_capacity_share(const struct weft_capacity *capacity, const struct weft_path *path)
{
    struct use uses[USES_MAX];
    uint32_t count = list_uses(capacity, path, uses);
    uint64_t share = path->limit_bytes_per_us;

    for (uint32_t i = 0; i < count; i++) {
        uint64_t left = capacity->left[uses[i].resource] / capacity->users[uses[i].resource];

        if (uses[i].hop_rate > 0)
            left = left * uses[i].hop_rate / ENGINE_PPM;
        share = weft_min(share, left);
    }
    return share;
}

void weft_capacity_spend(struct weft_capacity *capacity, const struct weft_path *path,
                         uint64_t rate)
{
    struct use uses[USES_MAX];
    uint32_t count = list_uses(capacity, path, uses);
    bool limited = weft_path_limited(path);

    for (uint32_t i = 0; i < count; i++) {
        uint64_t *left = &capacity->left[uses[i].resource];
        uint64_t used = rate;

        if (uses[i].hop_rate > 0)
            used = (rate * ENGINE_PPM + uses[i].hop_rate - 1) / uses[i].hop_rate;
        if (limited && uses[i].suspect)
            *left = 0;
        else if (*left != UINT64_MAX)
            *left = weft_sub_sat(*left, used);
    }
}

void weft_capacity_own(struct weft_capacity *capacity, const struct weft_path *path)
{
    for (uint32_t h = 0; h < path->route.hop_count; h++) {
        const struct weft_hop *hop = &capacity->hops->hops[path->route.hops[h]];

        for (uint32_t i = 0; i < hop->link_count; i++)
            capacity->owned[hop->links[i]] = true;
    }
}

bool weft_capacity_crowds(const struct weft_capacity *capacity, const struct weft_path *path)
{
    struct use uses[USES_MAX];
    uint32_t count = list_uses(capacity, path, uses);

    for (uint32_t i = 0; i < count; i++) {
        uint32_t resource = uses[i].resource;
        uint64_t own = 0;

        if (resource < capacity->links)
            own = capacity->foreign[resource].own_bytes_per_us;
        else if (resource < 2 * capacity->links)
            own = foreign_both(capacity, resource - capacity->links).own_bytes_per_us;
        if (own > 0 && capacity->left[resource] < path->limit_bytes_per_us)
            return true;
    }
    return false;
}

bool weft_capacity_owner_busy(const struct weft_capacity *capacity, const struct weft_path *path,
                              uint32_t src_device, uint32_t dst_device)
{
    for (uint32_t h = 0; h < path->route.hop_count; h++) {
        const struct weft_hop *hop = &capacity->hops->hops[path->route.hops[h]];

        if (hop->port_device == src_device || hop->port_device == dst_device)
            continue;
        for (uint32_t i = 0; i < hop->link_count; i++) {
            const struct weft_link *link = &capacity->topo->links[hop->links[i]];

            if (link->from != hop->port_device && link->to != hop->port_device)
                continue;
            if (capacity->owned[hop->links[i]])
                return true;
        }
    }
    return false;
}
