/* A picture of a run: how long requests took, with and without several routes, and what the routes
 * carried. */
#ifndef WEFT_KV_PLOT_H
#define WEFT_KV_PLOT_H

#include "common/testbed.h"
#include "route_sum.h"

/* Of one result: the part of the requests that ended within a time. */
struct weft_kv_curve {
    const char *name;
    const uint64_t *times_ns; /* sorted */
    size_t count;
};

struct weft_kv_picture {
    const char *title;
    const char *time_label; /* below the curves */
    struct weft_kv_curve curves[2];
    uint32_t curve_count;
    struct weft_kv_route_sum sums[WEFT_KV_ROUTE_SUMS_MAX]; /* of the first result's routes */
    uint32_t sum_count;
    const char *ways[2]; /* what sums[].bytes are; the second is NULL where there is but one */
};

/* Writes an SVG file: left the curves, right a bar for each route and way. */
bool weft_kv_plot_write(const struct weft_kv_picture *picture, const struct weft_testbed *testbed,
                        const char *path, char why[WEFT_WHY_BYTES]);

#endif
