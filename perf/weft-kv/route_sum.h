/* Bytes per kind of route: straight, or over which devices. A node has hundreds of routes; what a
 * reader wants to know is who carried for others. */
#ifndef WEFT_KV_ROUTE_SUM_H
#define WEFT_KV_ROUTE_SUM_H

#include <cjson/cJSON.h>

#include "base/base.h"

#define WEFT_KV_ROUTE_SUMS_MAX 40

struct weft_kv_route_sum {
    char name[64]; /* "direct", "over gpu3" */
    uint64_t restore_bytes;
    uint64_t offload_bytes;
};

/* Sums `routes`, an array of {name: "gpu0>gpu1>dram0", bytes}: restores begin at host memory. The
 * straight ones come first, the others by name. Returns how many sums there are. */
uint32_t weft_kv_route_sums(const cJSON *routes,
                            struct weft_kv_route_sum sums[WEFT_KV_ROUTE_SUMS_MAX]);

#endif
