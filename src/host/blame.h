/* Sentences about transfers that ended badly: what, where, why, since when, and what to do. */
#ifndef WEFT_BLAME_H
#define WEFT_BLAME_H

#include "../base/text.h"
#include "machine.h"
#include "slot.h"

#define WEFT_BLAME_BYTES 512

struct weft_blame {
    const struct weft_topo *topo;
    const struct weft_hop_table *hops;
    const struct weft_config *config;
    uint32_t src_device; /* WEFT_NONE: a signal alone */
    uint32_t dst_device;
    uint64_t size_bytes;
    struct weft_slot_end end;
};

void weft_blame_write(const struct weft_blame *blame, char text[WEFT_BLAME_BYTES]);

/* "64 MiB", "3 bytes": the largest unit that divides it. */
void weft_blame_size(struct weft_text *text, uint64_t bytes);

#endif
