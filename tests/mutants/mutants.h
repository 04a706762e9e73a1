/* Planted bugs: what shows that the simulator's checks check.
 *
 * mutants.txt is the list; plant.py turns it into a copy of src/core that holds them all, one of
 * which may be chosen when it runs, and into the table below. That copy is in weft-sim-mutants
 * alone, which else is weft-sim; in weft-sim the table is empty. */
#ifndef SIM_MUTANTS_H
#define SIM_MUTANTS_H

#include "../sim/run.h"

#define SIM_MUTANT_SEEDS_MAX 10000 /* within so many a planted bug must be caught */

struct sim_mutant {
    const char *name;
    const char *breaks; /* a sentence */
    const char *proves; /* the invariants (oracles.def) whose checks it tries */
};

extern const struct sim_mutant sim_mutants[];
extern const uint32_t sim_mutant_count;

/* The one that is planted now, by its place in the table, from 1. 0: the core as it is. */
extern unsigned weft_mutant;

/* True when this program has the planted bugs. Else the program that has them takes its place, with
 * the same arguments; false, with a sentence on standard error, when that cannot be run. */
bool sim_mutants_here(char *const argv[]);

/* Plants the bug of that name. False, with a sentence that lists them, when there is none. */
bool sim_mutants_plant(const char *name);

/* Runs seeds from 1 on with each bug planted until an oracle catches it, and prints a table; also
 * writes it as JSON where `json` is not NULL. False unless every one was caught, and the core as it
 * is passes the same seeds. */
bool sim_mutants_hunt(struct sim_run *run, const char *json);

#endif
