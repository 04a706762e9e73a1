/* The empty table of weft-sim, whose core is the one that is shipped. */
#include "mutants.h"

const struct sim_mutant sim_mutants[1] = {{"", "", ""}};
const uint32_t sim_mutant_count = 0;
unsigned weft_mutant;
