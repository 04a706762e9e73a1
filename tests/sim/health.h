/* What the callers of the engine know of its lanes, from what they told it and what came of their
 * copies: a lane is known to be down when a link of it was announced as down, or a copy on it alone
 * failed, and nothing good was heard of it since. No user's bytes may set out on it then. */
#ifndef SIM_HEALTH_H
#define SIM_HEALTH_H

#include "copy.h"

struct sim_run;

struct sim_health {
    bool is_dead[WEFT_HOPS_MAX];
    uint32_t good_copies[WEFT_HOPS_MAX];
    uint64_t state_changes; /* that the engine had traced when they were counted last */
    weft_ns changed_at;     /* when that was seen to have grown, at the latest */
};

void sim_health_begin(struct sim_run *run);

/* The engine was told the rate of a link. */
void sim_health_told(struct sim_run *run, uint32_t link, uint64_t rate_bytes_per_us);

/* The copy is about to be issued. */
void sim_health_issue(struct sim_run *run, const struct sim_copy *copy);

/* The engine was told how the copy ended; also one that failed when it was issued. */
void sim_health_ended(struct sim_run *run, const struct sim_copy *copy, bool is_good);

/* Users' copies on the lane alone that ended well, since any lane's state changed. */
uint32_t sim_health_good_copies(struct sim_run *run, uint32_t hop);

/* No lane's state has changed since then. False also where that is not known. */
bool sim_health_is_unchanged(struct sim_run *run, weft_ns since);

#endif
