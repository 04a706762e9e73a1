/* A fleet's run as a whole: its phases, its faults, what must hold at the end.
 *
 *     faults     callers ask, faults come          anything may fail, nothing may be wrong
 *     calm       the last fault has come           what is asked between servers that some lane
 *                                                  still joins ends well
 *     healed     all is restored                   what is under way ends
 *     closing    each server and its next one      both ways, all must go well
 *     rest       nothing is asked                  what was taken has been given back
 */
#ifndef SIM_FLEET_RUN_H
#define SIM_FLEET_RUN_H

#include "fleet.h"

/* Timers behind the items' and the servers'. */
enum sim_fleet_timer { SIM_FLEET_TIMER_FAULT, SIM_FLEET_TIMER_CALL, SIM_FLEET_TIMERS };

/* From the last fault until everything that has a way goes it again. */
#define SIM_FLEET_CALM_NS UINT64_C(150000000)

/* Draws it, without running. */
void sim_fleet_prepare(struct sim_fleet *fleet, uint64_t seed, const struct sim_schedule *schedule,
                       bool is_verbose);

/* Lists in the schedule all that the callers do, so that it can be taken out. */
void sim_fleet_list(const struct sim_fleet *fleet, struct sim_schedule *schedule);

/* Runs the seed, or the schedule; returns the hash over all that was done. Does not return when a
 * check fails. */
uint64_t sim_fleet_run(struct sim_fleet *fleet, uint64_t seed, const struct sim_schedule *schedule,
                       bool is_verbose);

/* A run that is prepared: until all calls have ended and all faults have come; and the rest of it.
 * The last returns the hash over all that was done. */
void sim_fleet_run_calls(struct sim_fleet *fleet);
uint64_t sim_fleet_run_end(struct sim_fleet *fleet);

/* Runs until then; WEFT_NEVER: until all calls have ended and all faults have come. */
void sim_fleet_run_until(struct sim_fleet *fleet, weft_ns until);

void sim_fleet_run_due(struct sim_fleet *fleet, uint32_t timer);

/* Moves on to the next thing that happens. False when there is nothing. */
bool sim_fleet_step(struct sim_fleet *fleet);

void sim_fleet_fault(struct sim_fleet *fleet, const struct sim_fault *fault);
void sim_fleet_heal(struct sim_fleet *fleet);

#endif
