/* The table of hops, over the links of the topology.
 *
 * A hop's rate and latency are fixed when it is added: a link that slows down or fails later is the
 * planner's to know. */
#include "hop.h"

#include <string.h>

/* A copy inside one device crosses no link: a round figure for device memory (an H200 copies 2,000,
 * counting the bytes once). No link of the topology is faster. */
#define INSIDE_BYTES_PER_US 2000000

static uint32_t engine_of(const struct weft_topo *topo, uint32_t src_device, uint32_t dst_device,
                          uint32_t port_device)
{
    uint32_t engine = port_device * WEFT_HOP_ENGINES_PER_PORT;

    if (topo->devices[dst_device].kind == weftDeviceDram)
        return engine;
    return topo->devices[src_device].kind == weftDeviceDram ? engine + 1 : engine + 2;
}

void weft_hop_init(struct weft_hop_table *table)
{
    table->count = 0;
    memset(table->first_from, 0, sizeof(table->first_from));
    memset(table->first_to, 0, sizeof(table->first_to));
}

uint32_t weft_hop_add_given(struct weft_hop_table *table, const struct weft_topo *topo,
                            const struct weft_hop *given, weft_ns overhead_ns)
{
    struct weft_hop *hop = &table->hops[table->count];
    uint32_t src = given->src_device;

    if (table->count == WEFT_HOPS_MAX)
        return WEFT_NONE;
    *hop = *given;
    hop->next_from = WEFT_NONE;
    hop->next_to = WEFT_NONE;
    hop->rate_bytes_per_us = INSIDE_BYTES_PER_US;
    hop->latency_ns = overhead_ns;
    for (uint32_t i = 0; i < hop->link_count; i++) {
        const struct weft_link *link = &topo->links[hop->links[i]];

        hop->rate_bytes_per_us = weft_min(hop->rate_bytes_per_us, link->rate_bytes_per_us);
        hop->latency_ns = weft_add_sat(hop->latency_ns, link->latency_ns);
    }
    if (table->first_from[src] == 0)
        table->first_from[src] = table->count + 1;
    else
        table->hops[table->last_from[src]].next_from = table->count;
    table->last_from[src] = table->count;
    if (table->first_to[hop->dst_device] == 0)
        table->first_to[hop->dst_device] = table->count + 1;
    else
        table->hops[table->last_to[hop->dst_device]].next_to = table->count;
    table->last_to[hop->dst_device] = table->count;
    return table->count++;
}

uint32_t weft_hop_add(struct weft_hop_table *table, const struct weft_topo *topo,
                      uint32_t src_device, uint32_t dst_device, uint32_t port_device, bool peer,
                      uint32_t domain, weft_ns overhead_ns)
{
    struct weft_hop hop = {.src_device = src_device,
                           .dst_device = dst_device,
                           .port_device = port_device,
                           .domain = domain};

    if (src_device >= topo->device_count || dst_device >= topo->device_count ||
        weft_hop_find(table, src_device, dst_device) != WEFT_NONE)
        return WEFT_NONE;
    hop.link_count = weft_topo_links_between(topo, src_device, dst_device, peer, hop.links);
    if (hop.link_count == 0 && src_device != dst_device)
        return WEFT_NONE;
    hop.engine = engine_of(topo, src_device, dst_device, port_device);
    return weft_hop_add_given(table, topo, &hop, overhead_ns);
}

uint32_t weft_hop_first(const struct weft_hop_table *table, uint32_t src_device)
{
    return table->first_from[src_device] - 1;
}

uint32_t weft_hop_first_to(const struct weft_hop_table *table, uint32_t dst_device)
{
    return table->first_to[dst_device] - 1;
}

uint32_t weft_hop_find(const struct weft_hop_table *table, uint32_t src_device, uint32_t dst_device)
{
    if (src_device >= WEFT_DEVICES_MAX)
        return WEFT_NONE;
    for (uint32_t i = weft_hop_first(table, src_device); i != WEFT_NONE;
         i = table->hops[i].next_from)
        if (table->hops[i].dst_device == dst_device)
            return i;
    return WEFT_NONE;
}
