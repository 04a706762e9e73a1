/* Random runs: a seed decides the paths, the links, the faults, the traffic and the owners'
 * manners. The shadow memory of duo.h is the oracle. First everything may go wrong; then what is
 * left of the network is healed but for a part, and all that was submitted must end in time. */
#ifndef MPSIM_SEEDS_H
#define MPSIM_SEEDS_H

#include "duo.h"

/* False, with `why`, when a promise is broken. With `hash`, all that was done. */
bool mpsim_seed_run(uint64_t seed, bool is_verbose, uint64_t *hash, char why[MPSIM_WHY_BYTES]);

/* Seeds first .. first + count - 1; prints those that fail. */
bool mpsim_seeds_check(uint64_t first, uint64_t count, bool is_verbose);

#endif
