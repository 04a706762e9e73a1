/* The callers of a run: when they submit, cancel, revoke and abort, and what they are told. */
#ifndef SIM_CALLS_H
#define SIM_CALLS_H

#include "run.h"

void sim_calls_begin(struct sim_run *run);

/* A window of the workload is registered, at first or again. */
void sim_calls_add_window(struct sim_run *run, uint32_t window);

/* When the next call is due; WEFT_NEVER while the next one waits for an end, or none is left. */
weft_ns sim_calls_next_at(const struct sim_run *run);

/* Makes the calls that are due. */
void sim_calls_due(struct sim_run *run, struct sim_totals *totals);

/* A revoke or an abort has not been made yet. */
bool sim_calls_left(const struct sim_run *run);

/* COMPLETE came. */
void sim_calls_ended(struct sim_run *run, uint32_t number, weftResult_t result);

/* Removes revoked windows as soon as nothing uses them; the engine must agree. */
void sim_calls_remove_windows(struct sim_run *run);

/* Asks for the routes of all pairs. */
void sim_calls_explain(struct sim_run *run);

/* Adds transfers over what is restored now. */
void sim_calls_close(struct sim_run *run);

/* All windows can be removed. */
void sim_calls_fini(struct sim_run *run);

#endif
