/* Dinic's maximum flow over the links of a topology, in integers (bytes per microsecond, or bytes).
 *
 * Flows against each other on a pair of links cancel, so a duplex limit is a cap on either
 * direction. For several demands a source and a sink are added whose edges carry the demands'
 * bytes, and the least time at which a flow fills them all is searched by halving. */
#include "common/maxflow.h"

#include <string.h>

#define NODES_MAX (WEFT_DEVICES_MAX + 2)
#define EDGES_MAX (2 * (WEFT_LINKS_MAX + 2 * WEFT_DEMANDS_MAX))
#define NO_EDGE   UINT32_MAX

/* Edge e and e ^ 1 are each other's residual. */
struct flow_graph {
    uint32_t node_count;
    uint32_t edge_count;
    uint32_t first[NODES_MAX]; /* of a node's edges, chained by `next` */
    uint32_t cursor[NODES_MAX];
    uint32_t level[NODES_MAX]; /* 0: not reached; the source has 1 */
    uint32_t to[EDGES_MAX];
    uint32_t next[EDGES_MAX];
    uint64_t room[EDGES_MAX];
};

void weft_rates_init(const struct weft_topo *topo, uint64_t rates[WEFT_LINKS_MAX])
{
    for (uint32_t i = 0; i < topo->link_count; i++)
        rates[i] = topo->links[i].rate_bytes_per_us;
}

void weft_rates_scale(const struct weft_topo *topo, uint32_t link, unsigned permille,
                      uint64_t rates[WEFT_LINKS_MAX])
{
    uint32_t reverse = topo->links[link].reverse;

    rates[link] = topo->links[link].rate_bytes_per_us * permille / 1000;
    rates[reverse] = topo->links[reverse].rate_bytes_per_us * permille / 1000;
}

static void graph_add(struct flow_graph *graph, uint32_t from, uint32_t to, uint64_t room)
{
    uint32_t edge = graph->edge_count;

    weft_assert(edge + 2 <= EDGES_MAX);
    graph->to[edge] = to;
    graph->room[edge] = room;
    graph->next[edge] = graph->first[from];
    graph->first[from] = edge;
    graph->to[edge + 1] = from;
    graph->room[edge + 1] = 0;
    graph->next[edge + 1] = graph->first[to];
    graph->first[to] = edge + 1;
    graph->edge_count += 2;
}

static bool spans_servers(const struct weft_topo *topo)
{
    for (uint32_t i = 0; i < topo->device_count; i++)
        if (topo->devices[i].server != 0)
            return true;
    return false;
}

/* All links whose ends flows may touch, with room for `time_us` microseconds of their rate. */
static void graph_fill(struct flow_graph *graph, const struct weft_topo *topo,
                       const uint64_t *rates, uint64_t time_us)
{
    unsigned kinds = ~(1u << weftDeviceSsd); /* that flows may touch */

    if (!spans_servers(topo))
        kinds &= ~(1u << weftDeviceNic);
    graph->node_count = topo->device_count + 2;
    graph->edge_count = 0;
    for (uint32_t i = 0; i < graph->node_count; i++)
        graph->first[i] = NO_EDGE;
    for (uint32_t i = 0; i < topo->link_count; i++) {
        const struct weft_link *link = &topo->links[i];
        uint64_t rate = rates[i];

        if (link->duplex_bytes_per_us > 0)
            rate = weft_min(rate, link->duplex_bytes_per_us);
        if (rate > 0 && (kinds >> topo->devices[link->from].kind & 1u) != 0 &&
            (kinds >> topo->devices[link->to].kind & 1u) != 0)
            graph_add(graph, link->from, link->to, rate * time_us);
    }
}

/* Levels by breadth; true when the sink is reached. */
static bool graph_level(struct flow_graph *graph, uint32_t source, uint32_t sink)
{
    uint32_t queue[NODES_MAX];
    uint32_t head = 0;
    uint32_t tail = 0;

    memset(graph->level, 0, sizeof(graph->level));
    graph->level[source] = 1;
    queue[tail++] = source;
    while (head < tail) {
        uint32_t node = queue[head++];

        for (uint32_t e = graph->first[node]; e != NO_EDGE; e = graph->next[e]) {
            if (graph->room[e] == 0 || graph->level[graph->to[e]] != 0)
                continue;
            graph->level[graph->to[e]] = graph->level[node] + 1;
            queue[tail++] = graph->to[e];
        }
    }
    return graph->level[sink] != 0;
}

/* Pushes one augmenting path along the levels, depth first without recursion; returns its flow. */
static uint64_t graph_augment(struct flow_graph *graph, uint32_t source, uint32_t sink)
{
    uint32_t path[NODES_MAX];
    uint32_t depth = 0;
    uint32_t node = source;
    uint64_t flow = UINT64_MAX;

    while (node != sink) {
        uint32_t e = graph->cursor[node];

        if (e == NO_EDGE) {
            /* A dead end: no path leads on from here in this phase. */
            if (depth == 0)
                return 0;
            node = graph->to[path[--depth] ^ 1];
            graph->cursor[node] = graph->next[graph->cursor[node]];
        } else if (graph->room[e] > 0 && graph->level[graph->to[e]] == graph->level[node] + 1) {
            path[depth++] = e;
            node = graph->to[e];
        } else {
            graph->cursor[node] = graph->next[e];
        }
    }
    for (uint32_t i = 0; i < depth; i++)
        flow = weft_min(flow, graph->room[path[i]]);
    for (uint32_t i = 0; i < depth; i++) {
        graph->room[path[i]] -= flow;
        graph->room[path[i] ^ 1] += flow;
    }
    return flow;
}

static uint64_t graph_maxflow(struct flow_graph *graph, uint32_t source, uint32_t sink)
{
    uint64_t total = 0;

    while (graph_level(graph, source, sink)) {
        uint64_t flow;

        memcpy(graph->cursor, graph->first, sizeof(graph->cursor));
        while ((flow = graph_augment(graph, source, sink)) > 0)
            total += flow;
    }
    return total;
}

uint64_t weft_maxflow_between(const struct weft_topo *topo, const uint64_t *rates, uint32_t from,
                              uint32_t to)
{
    struct flow_graph graph;

    weft_assert(from < topo->device_count);
    weft_assert(to < topo->device_count);
    if (from == to)
        return 0;
    graph_fill(&graph, topo, rates, 1);
    return graph_maxflow(&graph, from, to);
}

/* True when all demands can be met within `time_us`. */
static bool demands_fit(const struct weft_topo *topo, const uint64_t *rates,
                        const struct weft_demand *demands, uint32_t count, uint64_t time_us)
{
    struct flow_graph graph;
    uint32_t source = topo->device_count;
    uint32_t sink = topo->device_count + 1;
    uint64_t bytes = 0;

    graph_fill(&graph, topo, rates, time_us);
    for (uint32_t i = 0; i < count; i++) {
        graph_add(&graph, source, demands[i].from, demands[i].bytes);
        graph_add(&graph, demands[i].to, sink, demands[i].bytes);
        bytes += demands[i].bytes;
    }
    return graph_maxflow(&graph, source, sink) == bytes;
}

weft_ns weft_maxflow_time(const struct weft_topo *topo, const uint64_t *rates,
                          const struct weft_demand *demands, uint32_t count)
{
    const uint64_t longest_us = (uint64_t)1 << 36; /* 19 hours: no measurement takes as long */
    uint64_t least = 0;
    uint64_t most = longest_us;

    weft_assert(count <= WEFT_DEMANDS_MAX);
    if (count == 1) {
        uint64_t rate = weft_maxflow_between(topo, rates, demands[0].from, demands[0].to);

        return weft_bytes_time(demands[0].bytes, rate);
    }
    if (!demands_fit(topo, rates, demands, count, most))
        return WEFT_NEVER;
    while (most - least > 1) {
        uint64_t middle = least + (most - least) / 2;

        if (demands_fit(topo, rates, demands, count, middle))
            most = middle;
        else
            least = middle;
    }
    return most * 1000;
}
