/* What a machine could do at best: maximum flow on its raw link graph.
 *
 * The bound that measurements are held against. It knows links, not hops, routes or plans, and
 * shares no code with the planner. Relays store and forward, so a flow may cross every device but
 * SSDs, and NICs only where the graph has devices of several servers (weft_device.server): they are
 * what leads from one to the other. Latency and submission cost nothing. */
#ifndef WEFT_TOOLS_MAXFLOW_H
#define WEFT_TOOLS_MAXFLOW_H

#include "base/base.h"
#include "core/topo.h"

#define WEFT_DEMANDS_MAX 64

/* Bytes to move from one device to another. */
struct weft_demand {
    uint32_t from;
    uint32_t to;
    uint64_t bytes;
};

/* The rates of all links as the topology describes them. */
void weft_rates_init(const struct weft_topo *topo, uint64_t rates[WEFT_LINKS_MAX]);

/* Sets both directions of `link` to `permille` of their described rate; 0: cut or hung. */
void weft_rates_scale(const struct weft_topo *topo, uint32_t link, unsigned permille,
                      uint64_t rates[WEFT_LINKS_MAX]);

/* The largest flow between two devices, bytes per microsecond; 0 where none leads there. */
uint64_t weft_maxflow_between(const struct weft_topo *topo, const uint64_t *rates, uint32_t from,
                              uint32_t to);

/* The shortest time in which all demands can be met at once, as one commodity (bytes of one demand
 * may pay for another: a bound from below); WEFT_NEVER when they cannot. */
weft_ns weft_maxflow_time(const struct weft_topo *topo, const uint64_t *rates,
                          const struct weft_demand *demands, uint32_t count);

#endif
