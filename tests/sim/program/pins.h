/* Pinned seeds: a table of seeds and the hashes over all that their runs did, equal in every build
 * of the same core. A row is
 *
 *     <seed> <hash, 16 hexadecimal digits> */
#ifndef SIM_PINS_H
#define SIM_PINS_H

#include "../run.h"

/* Prints a table of the seeds from `from` on. */
void sim_pins_print(struct sim_run *run, uint64_t from, uint64_t count);

/* Runs the seeds of the table in `path`. False when one did something else than its row says, or
 * there is no row; both are printed. */
bool sim_pins_check(struct sim_run *run, const char *path);

#endif
