/* Two servers as one topology, joined at the network: what the bound is computed on.
 *
 *     gpu0 --- nic0 --- net0 --- b:net0 --- b:nic0 --- b:gpu0
 *
 * The network itself carries whatever the NICs give it. It is made of the two machines'
 * descriptions alone, and shares no code with the planner. */
#ifndef WEFT_PERF_JOINT_H
#define WEFT_PERF_JOINT_H

#include "common/units.h"
#include "core/topo.h"
#include "side.h"

struct weft_perf_joint {
    struct weft_topo topo;
    const struct weft_topo *servers[WEFT_PERF_SIDES]; /* the caller's */
};

/* Joins the servers; only the first `nic_count` NICs of each have a network (0: all). False when
 * they cannot be joined, or a server has fewer NICs. */
bool weft_perf_joint_init(struct weft_perf_joint *joint, const struct weft_topo *a,
                          const struct weft_topo *b, uint32_t nic_count, char why[WEFT_WHY_BYTES]);

/* A server's device or link, by its name there, in the joint topology; WEFT_NONE without one. */
uint32_t weft_perf_joint_device(const struct weft_perf_joint *joint, enum weft_perf_side side,
                                const char *name);
uint32_t weft_perf_joint_link(const struct weft_perf_joint *joint, enum weft_perf_side side,
                              const char *name);

#endif
