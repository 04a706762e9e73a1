/* What the parts of filling a topology share: topo_xml_fill.c (devices, host links),
 * topo_xml_mesh.c (sockets, NVLink, network) and topo_xml_note.c. Private to them. */
#ifndef WEFT_TOPO_XML_PART_H
#define WEFT_TOPO_XML_PART_H

#include "core/topo.h"
#include "topo_facts.h"
#include "topo_xml_slots.h"

#define WEFT_RATE_MAX       UINT64_C(1000000000000) /* bytes per microsecond */
#define WEFT_LATENCY_MAX_NS UINT64_C(1000000000)

struct weft_fill {
    struct weft_topo *topo;
    struct weft_xml_slots *slots;
    struct weft_text *why;
    weftResult_t result;

    uint32_t nvswitch; /* devices that many links lead to; WEFT_NONE: not there */
    uint32_t network;

    /* What was assumed, for the notes. */
    const struct weft_facts_span *memory_assumed;
    const struct weft_facts_span *sockets_assumed;
    uint32_t sm_assumed;
    uint32_t sm_assumed_count;
    uint32_t gpu_memory_assumed_count;
    uint64_t memory_gib_assumed;
    uint32_t speed_assumed_count;
    uint32_t raised_count;
    uint32_t raised_from; /* tenths of GT/s */
    uint32_t raised_to;
    uint32_t slower_count;
    uint32_t disk_assumed_count;
    uint32_t c2c_count;
    uint64_t nvlink_assumed; /* rate per GPU */
    uint32_t nvswitch_count; /* in the file, taken as one */
    uint32_t net_assumed_count;
    uint64_t net_assumed_mbps;
    uint32_t ports_joined_count;
};

/* Keeps the first failure. */
void weft_fill_fail(struct weft_fill *fill, weftResult_t result, const char *reason);

/* weft_xml_number with the fill's result and reason. */
bool weft_fill_number(struct weft_fill *fill, uint32_t node, const char *name, uint64_t most,
                      uint64_t *number);

/* Adds a device, or fails; its index or WEFT_NONE. */
uint32_t weft_fill_device(struct weft_fill *fill, weftDeviceKind_t kind, const char *prefix,
                          int numa_node, const char *bus, const char *model);

/* Adds a pair of links, or fails. Nothing after a failure. */
void weft_fill_pair(struct weft_fill *fill, uint32_t a, uint32_t b, enum weft_link_kind kind,
                    const struct weft_facts_span *span);

/* Overwrites `span` with what the element's weft_out, weft_in, weft_duplex, weft_latency say. */
void weft_fill_span(struct weft_fill *fill, uint32_t node, struct weft_facts_span *span);

/* In the order in which they are called; see topo_xml_mesh.c, and topo_xml_note.c for the last. */
void weft_fill_hubs(struct weft_fill *fill);
void weft_fill_sockets(struct weft_fill *fill, const struct weft_facts_cpu *facts);
void weft_fill_nvlinks(struct weft_fill *fill);
void weft_fill_nets(struct weft_fill *fill);
void weft_fill_notes(struct weft_fill *fill);

#endif
