/* Hops: one DMA by one engine from one byte-holding device to another, over a known list of links.
 *
 * Transports offer them; a hop's index is also the index of the lane that the host opens for it.
 * Inside a server there is one hop between two devices; between servers there may be one for every
 * pair of NICs. Hops are only added, so that an index stays good. The planner knows hops and links,
 * never what CUDA or verbs is. */
#ifndef WEFT_HOP_H
#define WEFT_HOP_H

#include "topo.h"

#define WEFT_HOPS_MAX 4096 /* 16 peers with 8 GPUs, 8 NICs and a lane for each fit */

/* A port has one engine for copies to host memory, one for copies from it, one for all others. */
#define WEFT_HOP_ENGINES_PER_PORT 3

struct weft_hop {
    uint32_t src_device;
    uint32_t dst_device;
    uint32_t port_device; /* whose engine drives it */
    uint32_t engine;      /* hops of one engine run one after the other */
    uint32_t domain;      /* hops of one domain chain on the device, without the host in between */
    uint32_t next_from;   /* the next hop of the same source device, or WEFT_NONE */
    uint32_t next_to;     /* the same, of the destination device */
    uint32_t link_count;
    uint64_t rate_bytes_per_us;         /* the slowest link */
    weft_ns latency_ns;                 /* issue to first byte, all links */
    uint32_t links[WEFT_LINK_PATH_MAX]; /* last: a search for routes reads what is before */
};

struct weft_hop_table {
    uint32_t count;
    uint32_t first_from[WEFT_DEVICES_MAX]; /* by source device: its first hop + 1; 0: none */
    uint32_t last_from[WEFT_DEVICES_MAX];
    uint32_t first_to[WEFT_DEVICES_MAX]; /* by destination device, likewise */
    uint32_t last_to[WEFT_DEVICES_MAX];
    struct weft_hop hops[WEFT_HOPS_MAX];
};

/* Empties the table; a zeroed one is empty. */
void weft_hop_init(struct weft_hop_table *table);

/* Adds a hop over the links that the topology has between the two devices; one inside a device
 * crosses none. Returns its index, or WEFT_NONE when the table is full, no link leads there, or
 * there is already such a hop. */
uint32_t weft_hop_add(struct weft_hop_table *table, const struct weft_topo *topo,
                      uint32_t src_device, uint32_t dst_device, uint32_t port_device, bool peer,
                      uint32_t domain, weft_ns overhead_ns);

/* Adds a hop of which source, destination, port, engine, domain and links are given, also beside
 * others between the same devices. Returns its index, or WEFT_NONE when the table is full. */
uint32_t weft_hop_add_given(struct weft_hop_table *table, const struct weft_topo *topo,
                            const struct weft_hop *given, weft_ns overhead_ns);

/* The first hop of a source device, or WEFT_NONE; the others follow by next_from. */
uint32_t weft_hop_first(const struct weft_hop_table *table, uint32_t src_device);

/* The first hop to a destination device, or WEFT_NONE; the others follow by next_to. */
uint32_t weft_hop_first_to(const struct weft_hop_table *table, uint32_t dst_device);

/* The first hop from one device to another, or WEFT_NONE. */
uint32_t weft_hop_find(const struct weft_hop_table *table, uint32_t src_device,
                       uint32_t dst_device);

#endif
