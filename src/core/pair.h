/* Pairs: a source and a destination device with the paths between them and the transfers that wait
 * for bytes to be taken, first come first served.
 *
 * A pair is active while it has transfers worth planning for, and for the setting lent_idle_us
 * after: as long it counts as the owner of the links of its direct route. */
#ifndef WEFT_PAIR_H
#define WEFT_PAIR_H

#include "../base/list.h"
#include "path.h"

#define WEFT_PAIR_LOAD_BYTES WEFT_KIB(64) /* smaller transfers are no load to plan for */

struct weft_pair {
    uint32_t src_device;
    uint32_t dst_device;
    uint32_t first_path; /* of its `path_count` entries in the table of paths */
    uint32_t path_count;
    struct weft_list small; /* transfers in state MOVING below multipath_bytes_min: served first */
    struct weft_list large; /* the other transfers in state MOVING */
    uint32_t loads;         /* transfers of at least WEFT_PAIR_LOAD_BYTES that have not ended */
    weft_ns load_ended_at;  /* when the last of them ended */
    bool active;            /* in the plan */
    uint32_t turn;          /* of the roundrobin scheduler */
};

/* A load began; true when it is the first: a plan is needed. */
bool weft_pair_load_began(struct weft_pair *pair);
void weft_pair_load_ended(struct weft_pair *pair, weft_ns now);

/* True while it counts for the plan. */
bool weft_pair_counts(const struct weft_pair *pair, weft_ns idle_ns, weft_ns now);

#endif
