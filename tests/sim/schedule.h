/* The schedule of a run: a seed, the faults, and what is left of the callers' doings. As text:
 *
 *     fleet                        of several servers (fleet/), not of one
 *     seed 17                      the machine, the settings, the callers, the fabric's dice
 *     only                         of the callers' doings only those that are listed
 *     op 3 65536                   operation 3 of the seed, of at most so many bytes
 *     revoke 0                     revocation 0 of the seed
 *     abort                        the seed's abort
 *     1200000 cut link:12 0        a fault (faults.h)
 *
 * Lines stand in any order; "#" begins a comment. Each line but the first three can be taken out
 * without changing what another one means: that is what the shrinker does (program/shrink.h).
 * Without "only", what is not listed is done whole. */
#ifndef SIM_SCHEDULE_H
#define SIM_SCHEDULE_H

#include "faults.h"
#include "workload.h"

#define SIM_SCHEDULE_WHY_BYTES 256

struct sim_schedule {
    uint64_t seed;
    bool is_fleet;
    bool is_only;
    bool keeps_op[SIM_OPS_MAX];
    uint64_t op_bytes_max[SIM_OPS_MAX]; /* UINT64_MAX: whole */
    bool keeps_revoke[SIM_REVOKES_MAX];
    bool keeps_abort;
    struct sim_faults faults;
};

/* No faults; all callers. */
void sim_schedule_init(struct sim_schedule *schedule, uint64_t seed);

/* Lists all that the workload does, so that it can be taken out. */
void sim_schedule_list(struct sim_schedule *schedule, const struct sim_workload *workload);

/* Takes what the schedule leaves out from the workload: operations keep their numbers. */
void sim_schedule_apply(const struct sim_schedule *schedule, struct sim_workload *workload);

void sim_schedule_print(FILE *to, const struct sim_schedule *schedule);

/* Reads a schedule as printed. False with a sentence that names the line. */
bool sim_schedule_read(FILE *from, struct sim_schedule *schedule, char why[SIM_SCHEDULE_WHY_BYTES]);

#endif
