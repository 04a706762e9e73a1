/* How a transfer would go on a described machine: the engine's own plan, without transports.
 *
 * Hops are those that the transports of this library offer on such a machine: copies between GPU
 * and host memory, between GPUs, between host memories. Settings (WEFT_ROUTES, WEFT_SCHED, ...)
 * count as they do for a program. */
#ifndef WEFT_TOPO_PLAN_H
#define WEFT_TOPO_PLAN_H

#include "common/units.h"
#include "core/config.h"
#include "core/engine.h"

#define WEFT_TOPO_ROUTES_MAX 16

struct weft_topo_plan {
    uint32_t src_device;
    uint32_t dst_device;
    uint64_t size_bytes;
    weft_ns expected_ns;
    uint32_t row_count;
    struct weft_route_report rows[WEFT_TOPO_ROUTES_MAX]; /* best first */
    struct weft_hop_table hops;                          /* what `rows` refer to */
};

/* Plans a transfer as if it were alone. False with a sentence. */
bool weft_topo_plan_make(struct weft_topo_plan *plan, const struct weft_config *config,
                         const struct weft_topo *topo, uint32_t src_device, uint32_t dst_device,
                         uint64_t size_bytes, char why[WEFT_WHY_BYTES]);

/* The share of a row among those that are used, in tenths of a percent. */
uint32_t weft_topo_plan_share(const struct weft_topo_plan *plan, uint32_t row);

/* The planned rate over a link, bytes per microsecond: the sum over the routes that cross it. The
 * one route that does is `*row`; WEFT_NONE where there are several or none. */
uint64_t weft_topo_plan_load(const struct weft_topo_plan *plan, uint32_t link, uint32_t *row);

/* Prints routes, shares and expected time. */
void weft_topo_plan_print(const struct weft_topo_plan *plan, const struct weft_topo *topo);

#endif
