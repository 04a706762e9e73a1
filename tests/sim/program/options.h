/* The command line of weft-sim. */
#ifndef SIM_OPTIONS_H
#define SIM_OPTIONS_H

#include "base/base.h"

#define SIM_JOBS_MAX 256

/* What is to be done. */
enum sim_task {
    SIM_TASK_SEEDS,     /* `seed_count` seeds from `from`, by `jobs` processes */
    SIM_TASK_ONE,       /* one seed or schedule, in this process */
    SIM_TASK_SHRINK,    /* the same, which fails, made smaller */
    SIM_TASK_PIN,       /* print rows for the table of pinned seeds */
    SIM_TASK_PINNED,    /* compare with such a table, `file` */
    SIM_TASK_ORACLES,   /* print the oracles */
    SIM_TASK_MUTANTS,   /* hunt the planted bugs (tests/mutants) */
    SIM_TASK_FAULTS,    /* print the kinds of faults */
    SIM_TASK_SCENARIOS, /* the table of fleet/scenario.h */
    SIM_TASK_MANY,      /* very many servers: what they cost (fleet/fleet_many.h) */
    SIM_TASKS
};

struct sim_command {
    enum sim_task task;
    uint64_t from;
    uint64_t seed_count;
    uint64_t jobs;
    const char *schedule; /* NULL: the schedule is drawn */
    const char *file;   /* the table of pinned seeds, or where the shrunk schedule goes; or NULL */
    const char *mutant; /* the bug that is planted; NULL: none */
    const char *json;   /* where --mutants writes its table, too; NULL: nowhere */
    const char *svg;    /* NULL: no drawing */
    const char *scenario; /* what its name has; NULL: all */
    bool is_verbose;
    uint64_t servers; /* of SIM_TASK_MANY */
    uint64_t gpus;
    weft_ns traffic_ns;
};

/* Ends the program with a sentence when something is wrong. */
void sim_command_parse(int argc, char **argv, struct sim_command *command);

#endif
