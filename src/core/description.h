/* What a server tells its peers of itself: devices, links and hops, as bytes.
 *
 * Only what a peer can plan with: GPUs, host memories, NICs and what joins them. Every number from
 * outside is checked before it is used; a description that says anything impossible is refused as a
 * whole. */
#ifndef WEFT_DESCRIPTION_H
#define WEFT_DESCRIPTION_H

#include "../base/buf.h"
#include "hop.h"

#define WEFT_DESCRIPTION_BYTES    32768 /* room for the largest one that is written */
#define WEFT_DESCRIPTION_HOPS_MAX 512
#define WEFT_DESCRIPTION_VERSION  1

struct weft_description_hop {
    uint16_t src_device;
    uint16_t dst_device;
    uint16_t port_device;
    uint8_t peer; /* the link search may use NVLink */
};

struct weft_description {
    uint32_t server; /* its part of a DevID */
    struct weft_topo topo;
    uint32_t own[WEFT_DEVICES_MAX]; /* by device: its number on its own server */
    uint32_t hop_count;
    struct weft_description_hop hops[WEFT_DESCRIPTION_HOPS_MAX];
};

/* Describes a server by its topology and hops. */
void weft_description_make(struct weft_description *description, uint32_t server,
                           const struct weft_topo *topo, const struct weft_hop_table *hops);

/* The number that a link has in the description of its server, or WEFT_NONE: it is not told. */
uint32_t weft_description_link(const struct weft_topo *topo, uint32_t link);

void weft_description_write(const struct weft_description *description, struct weft_writer *writer);

/* NULL, or why the bytes describe no server. */
const char *weft_description_read(struct weft_description *description, struct weft_reader *reader);

#endif
