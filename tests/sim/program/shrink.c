/* The shrinker: groups of lines out, sizes down, and again. */
#include "shrink.h"

#include <stdio.h>
#include <string.h>

#include "trial.h"

#define TRIALS_MAX 4000
#define TRIAL_S    20 /* a candidate that takes longer hangs */
#define LINES_MAX  (SIM_OPS_MAX + SIM_REVOKES_MAX + 1 + SIM_FAULTS_MAX)

struct shrinker {
    struct sim_run *run;
    enum sim_oracle oracle; /* that every candidate must fail */
    uint32_t trials;
    struct sim_schedule best;
    bool is_out[LINES_MAX]; /* lines of `best` that a candidate leaves out */
    struct sim_schedule candidate;
};

/* Lines are numbered: operations, revokes, the abort, faults. Those that are not there count as
 * lines that change nothing. */
static bool *line_of(struct sim_schedule *schedule, uint32_t line)
{
    if (line < SIM_OPS_MAX)
        return &schedule->keeps_op[line];
    if (line < SIM_OPS_MAX + SIM_REVOKES_MAX)
        return &schedule->keeps_revoke[line - SIM_OPS_MAX];
    return line == SIM_OPS_MAX + SIM_REVOKES_MAX ? &schedule->keeps_abort : NULL;
}

static uint32_t list_lines(struct sim_schedule *schedule, uint32_t lines[LINES_MAX])
{
    uint32_t calls = SIM_OPS_MAX + SIM_REVOKES_MAX + 1;
    uint32_t count = 0;

    for (uint32_t i = 0; i < calls; i++)
        if (*line_of(schedule, i))
            lines[count++] = i;
    for (uint32_t i = 0; i < schedule->faults.count; i++)
        lines[count++] = calls + i;
    return count;
}

/* `candidate` becomes `best` without the lines that are out. */
static void leave_out(struct shrinker *shrinker)
{
    struct sim_schedule *candidate = &shrinker->candidate;
    uint32_t calls = SIM_OPS_MAX + SIM_REVOKES_MAX + 1;
    uint32_t kept = 0;

    *candidate = shrinker->best;
    for (uint32_t i = 0; i < calls; i++)
        if (shrinker->is_out[i])
            *line_of(candidate, i) = false;
    for (uint32_t i = 0; i < candidate->faults.count; i++)
        if (!shrinker->is_out[calls + i])
            candidate->faults.faults[kept++] = candidate->faults.faults[i];
    candidate->faults.count = kept;
    sim_faults_finish(&candidate->faults);
}

/* Runs the candidate; when it fails as it should, it is the best from now on. */
static bool try(struct shrinker *shrinker)
{
    if (shrinker->trials == TRIALS_MAX)
        return false;
    shrinker->trials++;
    if (sim_trial_apart(shrinker->run, &shrinker->candidate, TRIAL_S) != shrinker->oracle)
        return false;
    shrinker->best = shrinker->candidate;
    return true;
}

/* One pass over all lines in groups of `size`. True when something went out. */
static bool shrink_groups(struct shrinker *shrinker, uint32_t size)
{
    uint32_t lines[LINES_MAX];
    uint32_t count = list_lines(&shrinker->best, lines);
    bool is_smaller = false;

    for (uint32_t from = 0; from < count;) {
        memset(shrinker->is_out, 0, sizeof(shrinker->is_out));
        for (uint32_t i = from; i < weft_min(from + size, count); i++)
            shrinker->is_out[lines[i]] = true;
        leave_out(shrinker);
        if (try(shrinker)) {
            is_smaller = true;
            count = list_lines(&shrinker->best, lines);
        } else {
            from += size;
        }
    }
    return is_smaller;
}

static void shrink_lines(struct shrinker *shrinker)
{
    uint32_t lines[LINES_MAX];
    uint32_t size = list_lines(&shrinker->best, lines);

    while (size > 0) {
        bool is_smaller = shrink_groups(shrinker, size);

        printf("shrink: groups of %u: %u lines left after %u runs\n", size,
               list_lines(&shrinker->best, lines), shrinker->trials);
        if (size > 1)
            size /= 2;
        else if (!is_smaller)
            size = 0;
    }
}

/* True when an operation became smaller. */
static bool shrink_sizes(struct shrinker *shrinker)
{
    bool is_smaller = false;

    for (uint32_t i = 0; i < SIM_OPS_MAX; i++) {
        if (!shrinker->best.keeps_op[i])
            continue;
        for (;;) {
            shrinker->candidate = shrinker->best;
            shrinker->candidate.op_bytes_max[i] /= 2;
            if (shrinker->candidate.op_bytes_max[i] == 0 || !try(shrinker))
                break;
            is_smaller = true;
        }
    }
    printf("shrink: operations halved: %u runs\n", shrinker->trials);
    return is_smaller;
}

enum sim_oracle sim_shrink(struct sim_run *run, struct sim_schedule *schedule)
{
    static struct shrinker shrinker;
    uint32_t lines[LINES_MAX];

    memset(&shrinker, 0, sizeof(shrinker));
    shrinker.run = run;
    shrinker.best = *schedule;
    shrinker.oracle = sim_trial_apart(run, schedule, TRIAL_S);
    if (shrinker.oracle == SIM_ORACLES)
        return SIM_ORACLES;
    printf("shrink: oracle %s fails with %u lines\n", sim_oracle_row(shrinker.oracle)->name,
           list_lines(schedule, lines));
    do
        shrink_lines(&shrinker);
    while (shrink_sizes(&shrinker));
    *schedule = shrinker.best;
    return shrinker.oracle;
}
