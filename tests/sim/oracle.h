/* What the engine may do: checks on each action, and on time passing. */
#ifndef SIM_ORACLE_H
#define SIM_ORACLE_H

#include "run.h"

/* The copy is allowed. Fills what the fabric is to be given. */
struct sim_copy sim_oracle_copy(struct sim_run *run, const struct weft_action *action);

/* The operation `number` may end like this now. Does not change it. */
void sim_oracle_complete(struct sim_run *run, const struct weft_action *action, uint32_t number);

/* The plan gives nothing away twice, and a trial ends. Called when an operation ends. */
void sim_oracle_plan(struct sim_run *run);

/* The engine reports a route of the operation as up, and did so at its deadline. */
bool sim_oracle_is_up(struct sim_run *run, uint32_t number);

/* Nothing is overdue. Called whenever time has passed. */
void sim_oracle_time(struct sim_run *run);

/* Nothing will happen before `until`. Called when that is known. */
void sim_oracle_rest(struct sim_run *run, weft_ns until);

/* The liveness phase begins: nothing more goes wrong, what is wrong stays so. */
void sim_oracle_calm(struct sim_run *run);

#endif
