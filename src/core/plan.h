/* The plan: which paths may carry chunks, and how much the machine leaves each of them.
 *
 * Two passes of water-filling over links, duplex limits and engines (capacity.h). First every
 * active pair gets its own path (the best live one, direct where there is one), max-min fairly: the
 * owner of a link goes before lent traffic. Then pairs, in the order given, get further paths as
 * long as there is room for a share worth having, and none beside the own paths of other processes
 * that it might slow. So two GPUs behind one uplink are no help to each
 * other, and when all are busy only direct paths remain.
 *
 * The caps steer admission and prediction; within them paths pull. */
#ifndef WEFT_PLAN_H
#define WEFT_PLAN_H

#include "capacity.h"
#include "pair.h"

#define WEFT_PLAN_PAIRS_MAX 256 /* active pairs beyond that are not planned: they go direct */

/* Sets cap, admitted and owner_busy of every path of the `count` pairs. Pairs with nothing left to
 * take get no relays. Returns the sum of the caps. */
uint64_t weft_plan_make(struct weft_capacity *capacity, struct weft_pair *const *pairs,
                        uint32_t count, struct weft_path *paths, const struct weft_lane *lanes);

#endif
