/* weft-sim: runs the core in virtual time under random faults and checks everything it does.
 *
 *     weft-sim --seeds 2000            seeds 1 .. 2000, one line of figures at the end
 *     weft-sim --seed 17 -v            one seed, with its world, schedule and events
 *     weft-sim --schedule FILE         a seed with the faults of a file (what a failure prints)
 *     weft-sim --seed 17 --shrink      the smallest schedule that still fails
 *     weft-sim --seed 17 --svg FILE    a drawing of the run
 *     weft-sim --scenarios             what other transports are tested with, with their bounds
 *
 * Ends with 0, 1 after a failure (whose line on standard error begins with "weft-sim: FAILED"), 2
 * when the command line is wrong. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../mutants/mutants.h"
#include "../fleet/fleet_many.h"
#include "../fleet/fleet_run.h"
#include "../fleet/scenario.h"
#include "batch.h"
#include "common/args.h"
#include "core/result.h"
#include "draw.h"
#include "draw_fleet.h"
#include "efficiency.h"
#include "options.h"
#include "pins.h"
#include "shrink.h"
#include "trial.h"

#define SHRINK_TRIAL_S 60
#define PATH_BYTES     4096

static uint64_t clock_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void print_totals(const struct sim_totals *totals, uint64_t took_ms)
{
    printf("%" PRIu64 " seeds in %" PRIu64 ".%03" PRIu64 " s: %" PRIu64 " seeds/s, %" PRIu64
           ".%03" PRIu64 " s simulated\n",
           totals->seeds, took_ms / 1000, took_ms % 1000, totals->seeds * 1000 / (took_ms + 1),
           totals->simulated_ns / 1000000000, totals->simulated_ns / 1000000 % 1000);
    printf("%" PRIu64 " bytes verified, %" PRIu64 " copies, %" PRIu64 " actions\n",
           totals->verified_bytes, totals->copies, totals->actions);
    printf("faults:");
    for (uint32_t i = 0; i < SIM_FAULT_ALL_KINDS; i++) {
        const struct sim_fault_row *row = sim_fault_row((enum sim_fault_kind)i);

        printf(" %s%s%s %" PRIu64, row->of == NULL ? "" : row->of, row->of == NULL ? "" : "-",
               row->name, totals->faults[i]);
    }
    printf("\nresults:");
    for (uint32_t i = 0; i < weftNumResults; i++)
        if (totals->results[i] > 0)
            printf(" %s %" PRIu64, weft_result_name((weftResult_t)i), totals->results[i]);
    printf("\n");
    if (totals->fleets > 0) {
        printf("several servers: %" PRIu64 " runs of %" PRIu64 " servers, %" PRIu64
               " bytes landed; results:",
               totals->fleets, totals->fleet_servers, totals->fleet_landed_bytes);
        for (uint32_t i = 0; i < weftNumResults; i++)
            if (totals->fleet_results[i] > 0)
                printf(" %s %" PRIu64, weft_result_name((weftResult_t)i), totals->fleet_results[i]);
        printf("\n");
    }
    if (totals->quiet_least_ns > 0)
        printf("undisturbed: %" PRIu64 " transfers, %" PRIu64
               " %% of the time of the maximum flow\n",
               totals->quiet_ops, totals->quiet_ns * 100 / totals->quiet_least_ns);
}

static void print_oracles(void)
{
    printf("%-16s %-12s %s\n", "oracle", "invariants", "holds");
    for (uint32_t i = 0; i < SIM_ORACLES; i++) {
        const struct sim_oracle_row *row = sim_oracle_row((enum sim_oracle)i);

        printf("%-16s %-12s %s\n", row->name, row->invariants, row->sentence);
    }
}

static void print_faults(void)
{
    printf("%-10s %-6s %-10s %-6s %-10s %s\n", "fault", "of", "argument", "drawn", "undone by",
           "what it does");
    for (uint32_t i = 0; i < SIM_FAULT_ALL_KINDS; i++) {
        const struct sim_fault_row *row = sim_fault_row((enum sim_fault_kind)i);
        const char *of = row->of != NULL ? row->of : row->is_of_link ? "link" : "hop";
        bool is_undone = row->undo != SIM_FAULT_KINDS && row->undo != SIM_FAULT_ALL_KINDS;
        char bounds[24] = "-";

        if (row->argument_max > 0)
            (void)snprintf(bounds, sizeof(bounds), "1..%" PRIu64, row->argument_max);
        printf("%-10s %-6s %-10s %-6s %-10s %s\n", row->name, of, bounds,
               row->is_drawn ? "yes" : "no", is_undone ? sim_fault_row(row->undo)->name : "-",
               row->sentence);
    }
}

/* Reads the schedule, or makes one that says no more than its seed. False when that cannot be. */
static bool read_schedule(const struct sim_command *command, struct sim_run *run,
                          struct sim_schedule *schedule)
{
    char why[SIM_SCHEDULE_WHY_BYTES] = "";
    FILE *file = fopen(command->schedule, "re");
    struct sim_source source = {0};
    uint32_t misfit;
    bool is_read;

    if (file == NULL) {
        fprintf(stderr, "weft-sim: %s cannot be opened\n", command->schedule);
        return false;
    }
    is_read = sim_schedule_read(file, schedule, why);
    (void)fclose(file);
    if (!is_read) {
        fprintf(stderr, "weft-sim: %s: %s\n", command->schedule, why);
        return false;
    }
    source.seed = schedule->seed;
    if (schedule->is_fleet)
        return true; /* what its servers lack does nothing */
    sim_run_draw(run, &source, schedule);
    misfit = sim_faults_misfit(&schedule->faults, &run->world);
    if (misfit == WEFT_NONE)
        return true;
    fprintf(stderr, "weft-sim: %s: the machine of seed %" PRIu64 " has %u links and %u hops, not ",
            command->schedule, schedule->seed, run->world.topo.link_count, run->world.hops.count);
    sim_fault_print(stderr, &schedule->faults.faults[misfit]);
    return false;
}

static bool run_seeds(const struct sim_command *command)
{
    struct sim_totals totals = {0};
    uint64_t begun_ms = clock_ms();
    bool is_good;

    printf("seeds %" PRIu64 " to %" PRIu64 ", %" PRIu64 " at a time\n", command->from,
           command->from + command->seed_count - 1, command->jobs);
    is_good = sim_batch_run(command->from, command->seed_count, (uint32_t)command->jobs, &totals);
    print_totals(&totals, clock_ms() - begun_ms);
    return is_good && sim_efficiency_check_mean(&totals);
}

/* What is drawn: one server, and beside it several where the seed has them. */
struct drawing {
    const struct sim_run *run;
    const struct sim_record *record;
    bool has_one;
    const char *path; /* NULL: nothing */
};

static void print_drawn(bool is_drawn, const char *path, const char *why)
{
    if (is_drawn)
        fprintf(stderr, "weft-sim: the run is drawn in %s\n", path);
    else
        fprintf(stderr, "weft-sim: %s\n", why);
}

/* Where the servers of a fleet are drawn, beside the drawing of one. */
static void fleet_path(const struct drawing *drawing, char path[PATH_BYTES])
{
    static const char end[] = ".svg";
    size_t length = strlen(drawing->path);

    if (length >= strlen(end) && strcmp(drawing->path + length - strlen(end), end) == 0)
        length -= strlen(end);
    (void)snprintf(path, PATH_BYTES, "%.*s%s%s", (int)length, drawing->path,
                   drawing->has_one ? ".fleet" : "", end);
}

static void draw(void *context)
{
    const struct drawing *drawing = context;
    const struct sim_fleet *fleet = sim_trial_fleet();
    char path[PATH_BYTES];
    char why[WEFT_WHY_BYTES] = "";

    if (drawing->path == NULL)
        return;
    if (drawing->has_one)
        print_drawn(sim_draw(drawing->run, drawing->record, drawing->path, why), drawing->path,
                    why);
    if (sim_history_current() != &fleet->history)
        return; /* no servers have run */
    fleet_path(drawing, path);
    print_drawn(sim_draw_fleet(fleet, path, why), path, why);
}

static bool run_one(const struct sim_command *command, struct sim_run *run)
{
    static struct sim_schedule schedule;
    static struct sim_record record;
    static struct sim_fleet_record fleet_record;
    struct sim_totals totals = {0};
    struct sim_source source = {.seed = command->from};
    struct sim_options options = {.is_verbose = command->is_verbose};
    struct drawing drawing = {.run = run, .record = &record, .path = command->svg};
    uint64_t begun_ms = clock_ms();
    uint64_t hash;

    if (command->schedule != NULL) {
        if (!read_schedule(command, run, &schedule))
            return false;
        options.schedule = &schedule;
        source.seed = schedule.seed;
    }
    drawing.has_one = !schedule.is_fleet;
    if (command->svg != NULL) {
        options.record = &record;
        sim_trial_fleet()->record = &fleet_record;
    }
    sim_trial_on_failure(draw, &drawing);
    hash = sim_trial(run, &source, &options, &totals);
    draw(&drawing);
    options.is_verbose = false;
    options.record = NULL;
    sim_trial_fleet()->record = NULL;
    sim_trial_on_failure(NULL, NULL);
    print_totals(&totals, clock_ms() - begun_ms);
    printf("seed %" PRIu64 ": trace hash %016" PRIx64 "\n", source.seed, hash);
    (void)sim_trial_twice(run, &source, &options, &totals);
    sim_record_fini(&record);
    sim_record_fleet_fini(&fleet_record);
    return true;
}

static bool write_schedule(const struct sim_schedule *schedule, const char *path)
{
    FILE *file = fopen(path, "we");

    if (file == NULL) {
        fprintf(stderr, "weft-sim: %s cannot be written\n", path);
        return false;
    }
    sim_schedule_print(file, schedule);
    return fclose(file) == 0;
}

/* Lists what the run does, of one server or of several: what the seed fails with. */
static void list_all(const struct sim_command *command, struct sim_run *run,
                     struct sim_schedule *schedule)
{
    struct sim_source source = {.seed = command->from};
    struct sim_fleet *fleet = sim_trial_fleet();

    if (command->schedule == NULL) {
        sim_run_draw(run, &source, NULL);
        *schedule = run->schedule;
        sim_fleet_prepare(fleet, command->from, NULL, false);
        if (command->from % SIM_FLEET_EVERY == 0 &&
            sim_trial_apart(run, schedule, SHRINK_TRIAL_S) == SIM_ORACLES)
            *schedule = fleet->schedule;
    }
    if (!schedule->is_fleet) {
        sim_run_draw(run, &(struct sim_source){.seed = schedule->seed}, schedule);
        sim_schedule_list(schedule, &run->workload);
        return;
    }
    sim_fleet_prepare(fleet, schedule->seed, schedule, false);
    sim_fleet_list(fleet, schedule);
}

static bool shrink_one(const struct sim_command *command, struct sim_run *run)
{
    static struct sim_schedule schedule;
    enum sim_oracle oracle;
    char path[64];

    if (command->schedule != NULL && !read_schedule(command, run, &schedule))
        return false;
    list_all(command, run, &schedule);
    oracle = sim_shrink(run, &schedule);
    if (oracle == SIM_ORACLES) {
        fprintf(stderr, "weft-sim: seed %" PRIu64 " does not fail: there is nothing to shrink\n",
                schedule.seed);
        return false;
    }
    (void)snprintf(path, sizeof(path), "weft-sim-%" PRIu64 ".txt", schedule.seed);
    sim_schedule_print(stdout, &schedule);
    if (!write_schedule(&schedule, command->file != NULL ? command->file : path))
        return false;
    printf("again: weft-sim --schedule %s (oracle %s)\n",
           command->file != NULL ? command->file : path, sim_oracle_row(oracle)->name);
    return true;
}

static bool run_many(const struct sim_command *command)
{
    struct sim_many many = {.server_count = (uint32_t)command->servers,
                            .gpu_count = (uint32_t)command->gpus,
                            .traffic_ns = command->traffic_ns};

    return sim_many_run(&many);
}

/* What needs a run. */
static bool perform(const struct sim_command *command, struct sim_run *run)
{
    switch (command->task) {
    case SIM_TASK_ONE:
        return run_one(command, run);
    case SIM_TASK_SHRINK:
        return shrink_one(command, run);
    case SIM_TASK_PIN:
        sim_pins_print(run, command->from, command->seed_count);
        return true;
    case SIM_TASK_PINNED:
        return sim_pins_check(run, command->file);
    case SIM_TASK_MUTANTS:
        return sim_mutants_hunt(run, command->json);
    case SIM_TASK_ORACLES:
        print_oracles();
        return true;
    case SIM_TASK_FAULTS:
        print_faults();
        return true;
    default:
        return run_seeds(command);
    }
}

int main(int argc, char **argv)
{
    struct sim_command command;
    struct sim_run *run;
    bool is_good;

    sim_command_parse(argc, argv, &command);
    if ((command.task == SIM_TASK_MUTANTS || command.mutant != NULL) && !sim_mutants_here(argv))
        return EXIT_FAILURE;
    if (command.mutant != NULL && !sim_mutants_plant(command.mutant))
        return WEFT_EXIT_USAGE;
    if (command.task == SIM_TASK_SCENARIOS)
        return sim_scenarios_run(command.scenario, command.is_verbose) ? EXIT_SUCCESS
                                                                       : EXIT_FAILURE;
    if (command.task == SIM_TASK_MANY)
        return run_many(&command) ? EXIT_SUCCESS : EXIT_FAILURE;
    run = sim_run_open();
    if (run == NULL) {
        fprintf(stderr, "weft-sim: there is no memory for a run\n");
        return EXIT_FAILURE;
    }
    is_good = perform(&command, run);
    sim_run_close(run);
    return is_good ? EXIT_SUCCESS : EXIT_FAILURE;
}
