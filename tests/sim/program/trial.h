/* Trials: one seed or schedule, run and judged as a whole; in this process, or in a child. */
#ifndef SIM_TRIAL_H
#define SIM_TRIAL_H

#include "../run.h"

/* Of a seed in so many, several servers run as well (fleet/fleet.h). */
#define SIM_FLEET_EVERY 3

struct sim_fleet;

/* The process's fleet. */
struct sim_fleet *sim_trial_fleet(void);

/* Runs it, a fleet too where the seed or the schedule says so, and holds it against the bounds of
 * efficiency.h. Returns the hash over all that it did. Does not return when it fails. */
uint64_t sim_trial(struct sim_run *run, const struct sim_source *source,
                   const struct sim_options *options, struct sim_totals *totals);

/* The same, twice: the second run must do what the first did. */
uint64_t sim_trial_twice(struct sim_run *run, const struct sim_source *source,
                         const struct sim_options *options, struct sim_totals *totals);

/* From now on a failure in this process calls `then` before the process ends with exit status 1.
 * NULL: nothing. */
void sim_trial_on_failure(void (*then)(void *context), void *context);

/* Runs it in a child that prints nothing. Returns the oracle that failed, SIM_ORACLES when none
 * did: `crash` when a signal ended it, `hang` when `limit_s` had passed. */
enum sim_oracle sim_trial_apart(struct sim_run *run, const struct sim_schedule *schedule,
                                unsigned limit_s);

#endif
