/* Trying a point: the run with its fault, then a clean one, in a process of their own. */
#ifndef SWEEP_ATTEMPT_H
#define SWEEP_ATTEMPT_H

#include "point.h"
#include "report.h"

/* What clean runs leave behind for good: what a process loads once. */
struct sweep_expectation {
    struct sweep_had had;
};

/* Sets up the memory that runs report to. False: the system gives none. */
bool sweep_attempt_init(void);

/* Runs the point in this process, which ends. For a debugger. */
_Noreturn void sweep_attempt_here(const struct sweep_point *point,
                                  const struct sweep_expectation *expected);

/* Runs it in a process of its own; `point` NULL: clean runs only. False, with all that is known in
 * `why`: it failed. */
bool sweep_attempt(const struct sweep_point *point, const struct sweep_expectation *expected,
                   char *why, size_t why_size);

#endif
