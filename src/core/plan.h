/* The plan: which paths may carry chunks, and how much the links leave each of them.
 *
 * Two passes of water-filling over directed links and duplex limits. First every active pair gets
 * its own path (the best live one, direct where there is one), max-min fairly: the owner of a link
 * goes before lent traffic. Then pairs in turn get their next path as long as the links have room
 * for a share worth having. So two GPUs behind one uplink are no help to each other, and when all
 * are busy only direct paths remain.
 *
 * The caps steer admission and prediction; within them paths pull. */
#ifndef WEFT_PLAN_H
#define WEFT_PLAN_H

#include "../base/arena.h"
#include "pair.h"

#define WEFT_PLAN_PAIRS_MAX 256 /* more active pairs than that keep their own path only */

struct weft_plan {
    const struct weft_topo *topo;
    const struct weft_hop_table *hops;
    uint64_t *rates;     /* by link: the topology's, or what the machine said since */
    uint64_t *residuals; /* by resource: directed links, then duplex limits by link */
    uint32_t *users;     /* paths of pass one that are not fixed yet, by resource */
    bool *owned;         /* by link: on the own path of an active pair */
    uint32_t resource_count;
};

void weft_plan_init(struct weft_plan *plan, struct weft_arena *arena, const struct weft_topo *topo,
                    const struct weft_hop_table *hops);

/* Sets cap, admitted and owner_busy of every path of the `count` pairs. Pairs without loads take part
 * as owners only: they get no relays. Returns the sum of the caps. */
uint64_t weft_plan_make(struct weft_plan *plan, struct weft_pair *const *pairs, uint32_t count,
                        struct weft_path *paths, const struct weft_lane *lanes);

#endif
