/* Bytes per kind of route: straight, or over which devices. A node has hundreds of routes; what a
 * reader wants to know is who carried for others. */
#ifndef WEFT_KV_ROUTE_SUM_H
#define WEFT_KV_ROUTE_SUM_H

#include <cjson/cJSON.h>

#include "base/base.h"

#define WEFT_KV_ROUTE_SUMS_MAX 40

struct weft_kv_route_sum {
    char name[64];     /* "direct", "over gpu3" */
    uint64_t bytes[2]; /* restores or handoffs, offloads */
};

/* Sums `routes`, an array of {name: "gpu0>gpu1>dram0", bytes}: with `two_ways` those that begin at
 * a GPU are offloads. The straight ones come first, the others by name; what finds no row any more
 * is in the last one, "the others". Returns how many sums there are. */
uint32_t weft_kv_route_sums(const cJSON *routes, bool two_ways,
                            struct weft_kv_route_sum sums[WEFT_KV_ROUTE_SUMS_MAX]);

#endif
