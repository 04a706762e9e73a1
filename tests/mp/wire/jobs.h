/* Runs of a table, several at once, each in a process of its own: one that crashes, hangs or leaks
 * is one row's failure. Their outcomes are told in the order of the table. */
#ifndef MPWIRE_JOBS_H
#define MPWIRE_JOBS_H

#include "base/base.h"

struct mpwire_jobs {
    uint32_t count;
    uint32_t at_once;
    uint32_t limit_s; /* of one; then it is killed */
    size_t outcome_bytes;
    /* In the process of the job: fills its outcome, which was zero. */
    void (*run)(uint32_t job, void *outcome, void *context);
    /* Here; `died` says how its process ended, or is NULL. */
    void (*tell)(uint32_t job, const void *outcome, const char *died, void *context);
    void *context;
};

/* False: they cannot be run; errno. */
bool mpwire_jobs_run(const struct mpwire_jobs *jobs);

#endif
