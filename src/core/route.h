/* Routes: one to three hops from a source to a destination, a plan without live state.
 *
 * Between two devices at most 16 are kept, best bottleneck first; ties by fewer passages through
 * host memory, fewer hops, less latency, lower device index, so that equal machines give equal
 * routes. Between servers the best route of each lane is kept before a second one of any. */
#ifndef WEFT_ROUTE_H
#define WEFT_ROUTE_H

#include "hop.h"

#define WEFT_ROUTES_MAX         16
#define WEFT_ROUTE_HOPS_MAX     3
#define WEFT_ROUTE_TRANSITS_MAX 16

struct weft_route {
    uint32_t hop_count;
    uint32_t hops[WEFT_ROUTE_HOPS_MAX];
    uint32_t transits[WEFT_ROUTE_HOPS_MAX - 1]; /* the device between hop i and hop i + 1 */
    uint32_t dram_count;                        /* of those, host memories */
    uint64_t rate_bytes_per_us;                 /* the slowest link of all */
    weft_ns latency_ns;
    bool crosses;  /* to another server, */
    uint32_t lane; /* by a hop of this domain; WEFT_NONE: it does not */
};

/* Which routes the setting `routes` allows. */
struct weft_route_filter {
    enum { WEFT_ROUTES_ALL, WEFT_ROUTES_DIRECT, WEFT_ROUTES_STAGED, WEFT_ROUTES_TRANSIT } kind;
    uint32_t transit_count;
    uint32_t transits[WEFT_ROUTE_TRANSITS_MAX];
};

/* Reads "all", "direct", "staged" or "transit:gpu1,gpu2". NULL, or what is wrong. */
const char *weft_route_filter_parse(struct weft_route_filter *filter, const struct weft_topo *topo,
                                    const char *text);

/* Fills `routes` and returns how many there are. `relays[d]` says whether device d has staging. */
uint32_t weft_route_find(const struct weft_topo *topo, const struct weft_hop_table *hops,
                         const bool *relays, const struct weft_route_filter *filter,
                         uint32_t src_device, uint32_t dst_device,
                         struct weft_route routes[WEFT_ROUTES_MAX]);

/* "gpu0>gpu1>dram0" */
void weft_route_name(const struct weft_route *route, const struct weft_topo *topo,
                     const struct weft_hop_table *hops, char *text, size_t size);

#endif
