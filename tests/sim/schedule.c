/* Schedules as text, and what they leave of a workload. */
#include "schedule.h"

#include <inttypes.h>
#include <string.h>

#define LINE_BYTES 256

void sim_schedule_init(struct sim_schedule *schedule, uint64_t seed)
{
    memset(schedule, 0, sizeof(*schedule));
    schedule->seed = seed;
    schedule->faults.ending = SIM_ENDINGS;
    for (uint32_t i = 0; i < SIM_OPS_MAX; i++)
        schedule->op_bytes_max[i] = UINT64_MAX;
}

void sim_schedule_list(struct sim_schedule *schedule, const struct sim_workload *workload)
{
    if (schedule->is_only)
        return;
    schedule->is_only = true;
    for (uint32_t i = 0; i < workload->op_count; i++) {
        schedule->keeps_op[i] = true;
        schedule->op_bytes_max[i] =
            weft_min(schedule->op_bytes_max[i], workload->ops[i].size_bytes);
    }
    for (uint32_t i = 0; i < workload->revoke_count; i++)
        schedule->keeps_revoke[i] = true;
    schedule->keeps_abort = workload->abort_at != WEFT_NEVER;
}

/* Keeps the first extents of an operation, the last of them in part. One that is wrong on purpose
 * stays as it is: its last extent is what is wrong. */
static void cut_op(struct sim_workload *workload, struct sim_op *op, uint64_t bytes_max)
{
    struct weft_extent *extents = &workload->extents[op->first_extent];
    uint64_t left = bytes_max;

    if (op->is_signal || op->submits != weftSuccess || op->size_bytes <= bytes_max)
        return;
    for (uint32_t i = 0; i < op->extent_count; i++) {
        extents[i].size_bytes = weft_min(extents[i].size_bytes, left);
        left -= extents[i].size_bytes;
        if (left == 0)
            op->extent_count = i + 1;
    }
    op->size_bytes = bytes_max;
}

void sim_schedule_apply(const struct sim_schedule *schedule, struct sim_workload *workload)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < workload->op_count; i++) {
        workload->ops[i].is_left_out = schedule->is_only && !schedule->keeps_op[i];
        cut_op(workload, &workload->ops[i], weft_max(schedule->op_bytes_max[i], 1));
    }
    if (!schedule->is_only)
        return;
    for (uint32_t i = 0; i < workload->revoke_count; i++)
        if (schedule->keeps_revoke[i])
            workload->revokes[kept++] = workload->revokes[i];
    workload->revoke_count = kept;
    if (!schedule->keeps_abort)
        workload->abort_at = WEFT_NEVER;
}

void sim_schedule_print(FILE *to, const struct sim_schedule *schedule)
{
    if (schedule->is_fleet)
        fprintf(to, "fleet\n");
    fprintf(to, "seed %" PRIu64 "\n", schedule->seed);
    if (schedule->is_only)
        fprintf(to, "only\n");
    for (uint32_t i = 0; i < SIM_OPS_MAX; i++) {
        bool is_cut = schedule->op_bytes_max[i] != UINT64_MAX;

        if (schedule->is_only ? schedule->keeps_op[i] : is_cut)
            fprintf(to, "op %u %" PRIu64 "\n", i, schedule->op_bytes_max[i]);
    }
    for (uint32_t i = 0; i < SIM_REVOKES_MAX; i++)
        if (schedule->keeps_revoke[i])
            fprintf(to, "revoke %u\n", i);
    if (schedule->keeps_abort)
        fprintf(to, "abort\n");
    for (uint32_t i = 0; i < schedule->faults.count; i++)
        sim_fault_print(to, &schedule->faults.faults[i]);
}

static bool parse_line(const char *line, struct sim_schedule *schedule)
{
    struct sim_faults *faults = &schedule->faults;
    uint64_t bytes;
    uint32_t number;

    if (sscanf(line, "seed %" SCNu64, &schedule->seed) == 1)
        return true;
    if (sscanf(line, "op %u %" SCNu64, &number, &bytes) == 2 && number < SIM_OPS_MAX) {
        schedule->keeps_op[number] = true;
        schedule->op_bytes_max[number] = bytes;
        return true;
    }
    if (sscanf(line, "revoke %u", &number) == 1 && number < SIM_REVOKES_MAX) {
        schedule->keeps_revoke[number] = true;
        return true;
    }
    if (strcmp(line, "only") == 0)
        schedule->is_only = true;
    else if (strcmp(line, "fleet") == 0)
        schedule->is_fleet = true;
    else if (strcmp(line, "abort") == 0)
        schedule->keeps_abort = true;
    else if (faults->count == SIM_FAULTS_MAX ||
             !sim_fault_parse(line, &faults->faults[faults->count++]))
        return false;
    return true;
}

bool sim_schedule_read(FILE *from, struct sim_schedule *schedule, char why[SIM_SCHEDULE_WHY_BYTES])
{
    char line[LINE_BYTES];

    sim_schedule_init(schedule, 0);
    for (uint32_t number = 1; fgets(line, sizeof(line), from) != NULL; number++) {
        line[strcspn(line, "#\n")] = '\0';
        if (line[0] == '\0' || parse_line(line, schedule))
            continue;
        (void)snprintf(why, SIM_SCHEDULE_WHY_BYTES,
                       "line %u, '%.60s', is none of: fleet, seed N, only, op N BYTES, revoke N, "
                       "abort, NS KIND TARGET ARGUMENT (see --faults)",
                       number, line);
        return false;
    }
    sim_faults_finish(&schedule->faults);
    return true;
}
