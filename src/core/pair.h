/* Pairs: a source and a destination device with the paths between them and the transfers that wait
 * for bytes to be taken, first come first served.
 *
 * A pair takes part in the plan while it has load: transfers worth planning for. */
#ifndef WEFT_PAIR_H
#define WEFT_PAIR_H

#include "../base/list.h"
#include "path.h"

struct weft_pair {
    uint32_t src_device;
    uint32_t dst_device;
    uint32_t first_path; /* of its `path_count` entries in the table of paths */
    uint32_t path_count;
    uint32_t next_from;       /* the next pair of the same source device, or WEFT_NONE */
    uint64_t split_bytes_min; /* smallest transfer that is split over its paths */
    struct weft_list small;   /* transfers in state MOVING below that: served first */
    struct weft_list large;   /* the other transfers in state MOVING */
    uint32_t loads;           /* transfers worth planning for that have not ended */
    uint64_t left_bytes;      /* that no path had taken when the plan was made */

    bool active;   /* in the plan */
    uint32_t turn; /* of the roundrobin scheduler */
};

/* A load began; true when it is the first: a plan is needed. */
bool weft_pair_load_began(struct weft_pair *pair);

/* A load ended; true when it was the last: its links are free for others. */
bool weft_pair_load_ended(struct weft_pair *pair);

#endif
