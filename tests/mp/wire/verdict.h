/* The table over real sockets: which rows are run, what is asked of each, and what is printed. */
#ifndef MPWIRE_VERDICT_H
#define MPWIRE_VERDICT_H

#include "run.h"

struct mpwire_choice {
    const char *only; /* NULL: all */
    uint64_t jobs;
    uint64_t seed;
    uint64_t runs;  /* of a loss statistic, at most */
    bool is_strict; /* what is over a bound of the table has failed */
    bool is_verbose;
};

void mpwire_rows_list(void);
/* Prints all, and false when something is out of its bounds, or there is nothing to run. */
bool mpwire_rows_check(const struct mpwire_choice *choice);

#endif
