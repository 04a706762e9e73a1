/* Routes: enumeration through devices that have staging, and their order. */
#include "route.h"

#include <string.h>

#include "../base/text.h"

static const char *parse_transits(struct weft_route_filter *filter, const struct weft_topo *topo,
                                  const char *text)
{
    char name[32];
    size_t length = 0;

    for (;; text++) {
        if (*text != ',' && *text != '\0') {
            if (length + 1 >= sizeof(name))
                return "a transit device's name is too long";
            name[length++] = *text;
            continue;
        }
        name[length] = '\0';
        length = 0;
        if (filter->transit_count == WEFT_ROUTE_TRANSITS_MAX)
            return "too many transit devices";
        filter->transits[filter->transit_count] = weft_topo_find(topo, name);
        if (filter->transits[filter->transit_count++] == WEFT_NONE)
            return "setting routes: the machine has no such transit device";
        if (*text == '\0')
            return NULL;
    }
}

const char *weft_route_filter_parse(struct weft_route_filter *filter, const struct weft_topo *topo,
                                    const char *text)
{
    filter->transit_count = 0;
    if (weft_text_equal(text, "all")) {
        filter->kind = WEFT_ROUTES_ALL;
    } else if (weft_text_equal(text, "direct")) {
        filter->kind = WEFT_ROUTES_DIRECT;
    } else if (weft_text_equal(text, "staged")) {
        filter->kind = WEFT_ROUTES_STAGED;
    } else if (weft_text_starts(text, "transit:")) {
        filter->kind = WEFT_ROUTES_TRANSIT;
        return parse_transits(filter, topo, text + sizeof("transit:") - 1);
    } else {
        return "setting routes: not one of all, direct, staged, transit:gpu1[,gpu2...]";
    }
    return NULL;
}

static bool filter_allows(const struct weft_route_filter *filter, const struct weft_topo *topo,
                          const struct weft_route *route)
{
    if (filter->kind == WEFT_ROUTES_ALL)
        return true;
    if (filter->kind == WEFT_ROUTES_DIRECT)
        return route->hop_count == 1;
    if (route->hop_count == 1)
        return false;
    for (uint32_t i = 0; i + 1 < route->hop_count; i++) {
        bool allowed = filter->kind == WEFT_ROUTES_STAGED &&
                       topo->devices[route->transits[i]].kind == weftDeviceDram;

        for (uint32_t k = 0; k < filter->transit_count; k++)
            allowed = allowed || filter->transits[k] == route->transits[i];
        if (!allowed)
            return false;
    }
    return true;
}

static bool better(const struct weft_route *a, const struct weft_route *b)
{
    if (a->rate_bytes_per_us != b->rate_bytes_per_us)
        return a->rate_bytes_per_us > b->rate_bytes_per_us;
    /* Host memory is everybody's: what crosses it is for when nothing else is left. */
    if (a->dram_count != b->dram_count)
        return a->dram_count < b->dram_count;
    if (a->hop_count != b->hop_count)
        return a->hop_count < b->hop_count;
    if (a->latency_ns != b->latency_ns)
        return a->latency_ns < b->latency_ns;
    return a->hop_count > 1 && a->transits[0] < b->transits[0];
}

static uint32_t count_lane(const struct weft_route *routes, uint32_t count, uint32_t lane)
{
    uint32_t of_lane = 0;

    for (uint32_t i = 0; i < count; i++)
        of_lane += routes[i].lane == lane;
    return of_lane;
}

/* Which of the table, which is full, makes room for the route; WEFT_NONE: it is not taken. The best
 * route of each lane stays, however slow: when the other lanes die it is the one that is left. */
static uint32_t victim(const struct weft_route *routes, const struct weft_route *route)
{
    uint32_t own = count_lane(routes, WEFT_ROUTES_MAX, route->lane);
    uint32_t worst = WEFT_ROUTES_MAX - 1;
    uint32_t only = WEFT_ROUTES_MAX - 1;

    if (own == WEFT_ROUTES_MAX)
        return better(route, &routes[worst]) ? worst : WEFT_NONE;
    while (worst != WEFT_NONE && count_lane(routes, WEFT_ROUTES_MAX, routes[worst].lane) == 1)
        worst--;
    if (worst != WEFT_NONE && (own == 0 || better(route, &routes[worst])))
        return worst;
    while (own == 1 && routes[only].lane != route->lane)
        only--;
    return own < 2 && better(route, &routes[only]) ? only : WEFT_NONE;
}

/* Sorted in; one falls out of a full table. */
static uint32_t insert(struct weft_route *routes, uint32_t count, const struct weft_route *route)
{
    uint32_t place;

    if (count == WEFT_ROUTES_MAX) {
        uint32_t out = victim(routes, route);

        if (out == WEFT_NONE)
            return count;
        count--;
        memmove(&routes[out], &routes[out + 1], (count - out) * sizeof(routes[0]));
    }
    for (place = count; place > 0 && better(route, &routes[place - 1]); place--)
        routes[place] = routes[place - 1];
    routes[place] = *route;
    return count + 1;
}

static struct weft_route make(const struct weft_topo *topo, const struct weft_hop_table *hops,
                              const uint32_t *hop_indices, uint32_t hop_count)
{
    struct weft_route route = {
        .hop_count = hop_count, .rate_bytes_per_us = UINT64_MAX, .lane = WEFT_NONE};

    for (uint32_t i = 0; i < hop_count; i++) {
        const struct weft_hop *hop = &hops->hops[hop_indices[i]];

        route.hops[i] = hop_indices[i];
        if (i + 1 < hop_count) {
            route.transits[i] = hop->dst_device;
            route.dram_count += topo->devices[hop->dst_device].kind == weftDeviceDram;
        }
        route.rate_bytes_per_us = weft_min(route.rate_bytes_per_us, hop->rate_bytes_per_us);
        route.latency_ns += hop->latency_ns;
        if (topo->devices[hop->src_device].server == topo->devices[hop->dst_device].server)
            continue;
        route.crosses = true;
        route.lane = hop->domain;
    }
    return route;
}

struct search {
    const struct weft_topo *topo;
    const struct weft_hop_table *hops;
    const bool *relays;
    const struct weft_route_filter *filter;
    uint32_t dst_device;
    uint32_t servers[2]; /* of the two ends */
    struct weft_route *routes;
    uint32_t count;
    uint32_t hop_indices[WEFT_ROUTE_HOPS_MAX];
    uint32_t last_count;
    uint32_t last_hops[WEFT_HOPS_MAX];     /* to the destination */
    uint32_t first_last[WEFT_DEVICES_MAX]; /* by source device: its first one there, or WEFT_NONE */
    bool seen[WEFT_DEVICES_MAX];
    bool mixed; /* hops of different domains may follow each other */
};

/* Hops of one domain chain on the device; a change of domain costs a host round trip per chunk and
 * the bandwidth of a copying CPU: such routes are only for devices that nothing else joins. */
static bool chains(const struct search *search, uint32_t hop_count, uint32_t hop)
{
    return hop_count == 0 || search->hops->hops[search->hop_indices[hop_count - 1]].domain ==
                                 search->hops->hops[hop].domain;
}

/* A server that is neither end leads nowhere. */
static bool leads_on(const struct search *search, uint32_t device)
{
    uint32_t server = search->topo->devices[device].server;

    return server == search->servers[0] || server == search->servers[1];
}

/* What a route has at best that goes on from here. */
struct so_far {
    uint64_t rate_bytes_per_us;
    uint32_t dram_count;
    uint32_t lane; /* WEFT_NONE: it has not crossed yet */
};

/* True when no route of that length with this beginning would be taken into the full table: the
 * last one there is better, and its lane has one. */
static bool is_hopeless(const struct search *search, const struct so_far *so_far, uint32_t length)
{
    const struct weft_route *last = &search->routes[WEFT_ROUTES_MAX - 1];

    if (search->count < WEFT_ROUTES_MAX || so_far->rate_bytes_per_us > last->rate_bytes_per_us)
        return false;
    if (so_far->rate_bytes_per_us == last->rate_bytes_per_us &&
        (so_far->dram_count < last->dram_count ||
         (so_far->dram_count == last->dram_count && length <= last->hop_count)))
        return false;
    return search->servers[0] == search->servers[1] ||
           (so_far->lane != WEFT_NONE &&
            count_lane(search->routes, WEFT_ROUTES_MAX, so_far->lane) > 0);
}

static struct so_far go_on(const struct search *search, const struct so_far *so_far,
                           const struct weft_hop *hop)
{
    const struct weft_device *devices = search->topo->devices;
    struct so_far next = *so_far;

    next.rate_bytes_per_us = weft_min(next.rate_bytes_per_us, hop->rate_bytes_per_us);
    next.dram_count +=
        hop->dst_device != search->dst_device && devices[hop->dst_device].kind == weftDeviceDram;
    if (devices[hop->src_device].server != devices[hop->dst_device].server)
        next.lane = hop->domain;
    return next;
}

/* The last hop, from the device to the destination: each one there is. */
static void arrive(struct search *search, uint32_t device, uint32_t length,
                   const struct so_far *so_far)
{
    for (uint32_t i = search->first_last[device]; i < search->last_count; i++) {
        uint32_t h = search->last_hops[i];
        struct so_far whole;
        struct weft_route route;

        if (search->hops->hops[h].src_device != device ||
            (!search->mixed && !chains(search, length - 1, h)))
            continue;
        whole = go_on(search, so_far, &search->hops->hops[h]);
        if (is_hopeless(search, &whole, length))
            continue;
        search->hop_indices[length - 1] = h;
        route = make(search->topo, search->hops, search->hop_indices, length);
        if (filter_allows(search->filter, search->topo, &route))
            search->count = insert(search->routes, search->count, &route);
    }
}

/* All ways of exactly `length` hops, depth first: at most three deep. */
static void walk(struct search *search, uint32_t device, uint32_t hop_count, uint32_t length,
                 const struct so_far *so_far)
{
    if (hop_count + 1 == length) {
        arrive(search, device, length, so_far);
        return;
    }
    for (uint32_t h = weft_hop_first(search->hops, device); h != WEFT_NONE;
         h = search->hops->hops[h].next_from) {
        uint32_t next = search->hops->hops[h].dst_device;
        struct so_far beginning;

        if (search->seen[next] || (!search->mixed && !chains(search, hop_count, h)) ||
            next == search->dst_device || !search->relays[next] || !leads_on(search, next))
            continue;
        beginning = go_on(search, so_far, &search->hops->hops[h]);
        if (is_hopeless(search, &beginning, length))
            continue;
        search->hop_indices[hop_count] = h;
        search->seen[next] = true;
        walk(search, next, hop_count + 1, length, &beginning);
        search->seen[next] = false;
    }
}

/* The hops that a route may end with, and the first of each device among them. */
static void find_last_hops(struct search *search)
{
    memset(search->first_last, 0xff, sizeof(search->first_last));
    search->last_count = 0;
    for (uint32_t h = weft_hop_first_to(search->hops, search->dst_device); h != WEFT_NONE;
         h = search->hops->hops[h].next_to) {
        uint32_t *first = &search->first_last[search->hops->hops[h].src_device];

        if (*first == WEFT_NONE)
            *first = search->last_count;
        search->last_hops[search->last_count++] = h;
    }
}

uint32_t weft_route_find(const struct weft_topo *topo, const struct weft_hop_table *hops,
                         const bool *relays, const struct weft_route_filter *filter,
                         uint32_t src_device, uint32_t dst_device,
                         struct weft_route routes[WEFT_ROUTES_MAX])
{
    struct search search = {
        .topo = topo,
        .hops = hops,
        .relays = relays,
        .filter = filter,
        .dst_device = dst_device,
        .servers = {topo->devices[src_device].server, topo->devices[dst_device].server},
        .routes = routes};

    const struct so_far nothing = {.rate_bytes_per_us = UINT64_MAX, .lane = WEFT_NONE};
    bool crosses = topo->devices[src_device].server != topo->devices[dst_device].server;

    find_last_hops(&search);
    walk(&search, src_device, 0, 1, &nothing);
    if (src_device == dst_device)
        return search.count;
    search.seen[src_device] = true;
    if (!crosses)
        walk(&search, src_device, 0, 2, &nothing);
    search.mixed = true;
    /* Between servers every NIC counts, and a lane to a NIC is a domain of its own. */
    for (uint32_t length = 2; length <= WEFT_ROUTE_HOPS_MAX && (crosses || search.count == 0);
         length++)
        walk(&search, src_device, 0, length, &nothing);
    return search.count;
}

void weft_route_name(const struct weft_route *route, const struct weft_topo *topo,
                     const struct weft_hop_table *hops, char *text, size_t size)
{
    struct weft_text out;

    weft_text_init(&out, text, size);
    weft_text_add(&out, topo->devices[hops->hops[route->hops[0]].src_device].name);
    for (uint32_t i = 0; i < route->hop_count; i++) {
        weft_text_char(&out, '>');
        weft_text_add(&out, topo->devices[hops->hops[route->hops[i]].dst_device].name);
    }
}
