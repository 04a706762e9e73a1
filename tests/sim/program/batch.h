/* Many seeds, by several processes. */
#ifndef SIM_BATCH_H
#define SIM_BATCH_H

#include "../run.h"

#define SIM_TWICE_EVERY 100 /* one seed in so many is run twice and must do the same */

/* Runs the seeds by `jobs` processes and fills the totals. The first failure stops all: what it
 * printed is printed, and false is returned. */
bool sim_batch_run(uint64_t from, uint64_t seed_count, uint32_t jobs, struct sim_totals *totals);

#endif
