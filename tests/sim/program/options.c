/* The command line: one row for each option. */
#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/args.h"

#define PROGRAM "weft-sim"

#define SIM_MANY_SERVERS_MAX 4096

/* An option that says what is to be done, and may take a value for it: the task is in `least`,
 * where the value goes in `place`. */
static bool task_take(const struct weft_args_option *option, const char *text, void *values,
                      char why[WEFT_WHY_BYTES])
{
    struct sim_command *command = values;

    command->task = (enum sim_task)option->least;
    return option->value == NULL || weft_args_text(option, text, values, why);
}

/* --shrink goes with --seed or --schedule, in any order. */
static void choose_one(struct sim_command *command)
{
    if (command->task != SIM_TASK_SHRINK)
        command->task = SIM_TASK_ONE;
}

static bool seed_take(const struct weft_args_option *option, const char *text, void *values,
                      char why[WEFT_WHY_BYTES])
{
    choose_one(values);
    return weft_args_count(option, text, values, why);
}

static bool schedule_take(const struct weft_args_option *option, const char *text, void *values,
                          char why[WEFT_WHY_BYTES])
{
    choose_one(values);
    return weft_args_text(option, text, values, why);
}

static bool pin_take(const struct weft_args_option *option, const char *text, void *values,
                     char why[WEFT_WHY_BYTES])
{
    struct sim_command *command = values;

    command->task = SIM_TASK_PIN;
    return weft_args_count(option, text, values, why);
}

static bool servers_take(const struct weft_args_option *option, const char *text, void *values,
                         char why[WEFT_WHY_BYTES])
{
    struct sim_command *command = values;

    command->task = SIM_TASK_MANY;
    return weft_args_count(option, text, values, why);
}

static bool seconds_take(const struct weft_args_option *option, const char *text, void *values,
                         char why[WEFT_WHY_BYTES])
{
    struct sim_command *command = values;
    char *end = NULL;
    double value = strtod(text, &end);

    (void)option;
    if (end == text || *end != '\0' || !(value >= 1e-9 && value <= 1e6)) {
        (void)snprintf(why, WEFT_WHY_BYTES, "--seconds is '%.60s'; it is 0.000000001 to 1000000",
                       text);
        return false;
    }
    command->traffic_ns = (weft_ns)(value * 1e9);
    return true;
}

#define AT(member) offsetof(struct sim_command, member)

static const struct weft_args_option rows[] = {
    {"seeds", 'n', "N", "run N seeds (default 1000)", weft_args_count, AT(seed_count), 1,
     UINT64_MAX / 2},
    {"from", 'f', "S", "the first seed (default 1)", weft_args_count, AT(from), 0, UINT64_MAX / 2},
    {"jobs", 'j', "N", "in N processes (default: one for each core)", weft_args_count, AT(jobs), 1,
     SIM_JOBS_MAX},
    {"seed", 's', "S", "run seed S alone, in this process", seed_take, AT(from), 0, UINT64_MAX},
    {"schedule", 'r', "FILE", "run the seed and the faults in FILE, in this process", schedule_take,
     AT(schedule), 0, 0},
    {"verbose", 'v', NULL, "print the world, the schedule and every event", weft_args_flag,
     AT(is_verbose), 0, 0},
    {"svg", 'g', "FILE", "draw the run of --seed or --schedule over its time", weft_args_file,
     AT(svg), 0, 0},
    {"shrink", 'm', NULL, "make the schedule of a --seed or --schedule that fails smaller",
     task_take, 0, SIM_TASK_SHRINK, 0},
    {"output", 'o', "FILE", "where --shrink writes (default weft-sim-SEED.txt)", weft_args_file,
     AT(file), 0, 0},
    {"pin", 'p', "N", "print N rows, from --from on, for the table of pinned seeds", pin_take,
     AT(seed_count), 1, UINT64_MAX / 2},
    {"pinned", 'P', "FILE", "run the seeds of such a table and compare their hashes", task_take,
     AT(file), SIM_TASK_PINNED, 0},
    {"oracles", 'O', NULL, "list the oracles and the invariants that they check", task_take, 0,
     SIM_TASK_ORACLES, 0},
    {"mutants", 'M', NULL, "plant each known bug and run seeds until it is caught", task_take, 0,
     SIM_TASK_MUTANTS, 0},
    {"json", 'J', "FILE", "write the table of --mutants to FILE, too", weft_args_file, AT(json), 0,
     0},
    {"mutant", 'B', "NAME", "plant that bug; with any of the above", weft_args_text, AT(mutant), 0,
     0},
    {"scenarios", 'C', "[NAME]",
     "run the scenarios of other transports' tests, or those with NAME in their names", task_take,
     AT(scenario), SIM_TASK_SCENARIOS, 0},
    {"faults", 'F', NULL, "list the kinds of faults", task_take, 0, SIM_TASK_FAULTS, 0},
    {"servers", 'S', "N", "run a world of N servers without faults, and say what it costs",
     servers_take, AT(servers), 2, SIM_MANY_SERVERS_MAX},
    {"gpus", 'G', "N", "of each of them (default 8)", weft_args_count, AT(gpus), 1, 8},
    {"seconds", 'T', "S", "so much simulated time has traffic, as 0.01 (default 0.0005)",
     seconds_take, 0, 0, 0},
    {0},
};

void sim_command_parse(int argc, char **argv, struct sim_command *command)
{
    static const struct weft_args args = {
        .options = rows,
        .about = "Runs the core of Weft in virtual time under random faults and checks it.",
    };
    char why[WEFT_ARGS_WHY_BYTES] = "";
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    *command = (struct sim_command){
        .task = SIM_TASK_SEEDS, .from = 1, .seed_count = 1000, .gpus = 8, .traffic_ns = 500000};
    command->jobs = cores < 1 ? 1 : weft_min((uint64_t)cores, SIM_JOBS_MAX);
    if (!weft_args_read(&args, argc, argv, command, why))
        weft_args_fail(PROGRAM, why);
    if (command->svg != NULL && command->task != SIM_TASK_ONE)
        weft_args_fail(PROGRAM, "--svg draws one run: give it with --seed or --schedule");
}
