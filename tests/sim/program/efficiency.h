/* Is it fast? Undisturbed transfers are held against the maximum flow of the raw link graph, which
 * shares no code with the planner (tools/common/maxflow.h). */
#ifndef SIM_EFFICIENCY_H
#define SIM_EFFICIENCY_H

#include "../run.h"

/* Checks the transfers of an undisturbed run that has ended, and adds them to the totals. Other
 * runs pass. */
void sim_efficiency_check(struct sim_run *run, struct sim_totals *totals);

/* Checks the mean over many runs. False, with a line as of a failed run, when it is too slow; few
 * transfers pass. */
bool sim_efficiency_check_mean(const struct sim_totals *totals);

#endif
