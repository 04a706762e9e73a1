/* What the engine may do: checks on each action, and on time passing. */
#ifndef SIM_ORACLE_H
#define SIM_ORACLE_H

#include "run.h"

/* The copy is allowed. Fills what the fabric is to be given. */
struct sim_copy sim_oracle_copy(struct sim_run *run, const struct weft_action *action);

/* The operation `number` may end like this now. Does not change it. */
void sim_oracle_complete(struct sim_run *run, const struct weft_action *action, uint32_t number);

/* Nothing is overdue. Called whenever time has passed. */
void sim_oracle_time(struct sim_run *run);

/* From here on nothing more goes wrong. */
void sim_oracle_calm(struct sim_run *run);

#endif
