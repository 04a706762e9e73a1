/* Makes the schedule of a run that fails smaller while the same oracle fails.
 *
 * Delta debugging over the lines: faults, operations, revokes and the abort are taken out in ever
 * smaller groups; then operations are halved; then lines again, since smaller operations may need
 * fewer. Every candidate runs in a child. */
#ifndef SIM_SHRINK_H
#define SIM_SHRINK_H

#include "../run.h"

/* Shrinks in place and prints how it goes. Returns the oracle that fails, SIM_ORACLES when the
 * schedule as it is does not fail. */
enum sim_oracle sim_shrink(struct sim_run *run, struct sim_schedule *schedule);

#endif
