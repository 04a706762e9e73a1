/* Virtual time on paper: a run has bursts of microseconds with seconds between them, so long gaps
 * in which nothing happens are cut short. */
#ifndef SIM_TIMELINE_H
#define SIM_TIMELINE_H

#include "base/base.h"

struct sim_timeline {
    uint32_t count;
    uint32_t capacity;
    weft_ns *instants;  /* sorted once it is finished, each once */
    int *places;        /* where they are drawn */
    weft_ns longest_ns; /* what a gap counts at most */
    int left;
    int width;
};

/* Takes a zeroed timeline. WEFT_NEVER is ignored. */
void sim_timeline_add(struct sim_timeline *timeline, weft_ns at);

/* Lays the instants out over [left, left + width]. */
void sim_timeline_finish(struct sim_timeline *timeline, int left, int width);
void sim_timeline_fini(struct sim_timeline *timeline);

/* Where `at` is drawn; the right end for WEFT_NEVER and what is past the last instant. */
int sim_timeline_place(const struct sim_timeline *timeline, weft_ns at);

/* True when the time between instants `index` and `index` + 1 is cut short. */
bool sim_timeline_is_cut(const struct sim_timeline *timeline, uint32_t index);

#endif
