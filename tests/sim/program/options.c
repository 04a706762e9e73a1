/* The command line: one row for each option. */
#include "options.h"

#include <argp.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/args.h"

#define PROGRAM "weft-sim"

#define SIM_MANY_SERVERS_MAX 4096

static const struct argp_option rows[] = {
    {"seeds", 'n', "N", 0, "run N seeds (default 1000)", 0},
    {"from", 'f', "S", 0, "the first seed (default 1)", 0},
    {"jobs", 'j', "N", 0, "in N processes (default: one for each core)", 0},
    {"seed", 's', "S", 0, "run seed S alone, in this process", 0},
    {"schedule", 'r', "FILE", 0, "run the seed and the faults in FILE, in this process", 0},
    {"verbose", 'v', NULL, 0, "print the world, the schedule and every event", 0},
    {"svg", 'g', "FILE", 0, "draw the run of --seed or --schedule over its time", 0},
    {"shrink", 'm', NULL, 0, "make the schedule of a --seed or --schedule that fails smaller", 0},
    {"output", 'o', "FILE", 0, "where --shrink writes (default weft-sim-SEED.txt)", 0},
    {"pin", 'p', "N", 0, "print N rows, from --from on, for the table of pinned seeds", 0},
    {"pinned", 'P', "FILE", 0, "run the seeds of such a table and compare their hashes", 0},
    {"oracles", 'O', NULL, 0, "list the oracles and the invariants that they check", 0},
    {"mutants", 'M', NULL, 0, "plant each known bug and run seeds until it is caught", 0},
    {"json", 'J', "FILE", 0, "write the table of --mutants to FILE, too", 0},
    {"mutant", 'B', "NAME", 0, "plant that bug; with any of the above", 0},
    {"scenarios", 'C', "NAME", OPTION_ARG_OPTIONAL,
     "run the scenarios of other transports' tests, or those with NAME in their names", 0},
    {"faults", 'F', NULL, 0, "list the kinds of faults", 0},
    {"servers", 'S', "N", 0, "run a world of N servers without faults, and say what it costs", 0},
    {"gpus", 'G', "N", 0, "of each of them (default 8)", 0},
    {"seconds", 'T', "S", 0, "so much simulated time has traffic, as 0.01 (default 0.0005)", 0},
    {0},
};

static uint64_t number(struct argp_state *state, const char *text, const char *what, uint64_t least,
                       uint64_t most)
{
    char why[WEFT_WHY_BYTES] = "";
    uint64_t value = least;

    if (!weft_count_parse(text, what, least, most, &value, why))
        argp_failure(state, WEFT_EXIT_USAGE, 0, "%s", why);
    return value;
}

static weft_ns seconds(struct argp_state *state, const char *text)
{
    char *end = NULL;
    double value = strtod(text, &end);

    if (end == text || *end != '\0' || !(value >= 1e-9 && value <= 1e6))
        argp_failure(state, WEFT_EXIT_USAGE, 0, "--seconds is '%s'; it is 0.000000001 to 1000000",
                     text);
    return (weft_ns)(value * 1e9);
}

static void choose(struct sim_command *command, enum sim_task task)
{
    /* --shrink goes with --seed or --schedule, in any order. */
    if (command->task != SIM_TASK_SHRINK || task != SIM_TASK_ONE)
        command->task = task;
}

static error_t parse_file(int key, char *text, struct sim_command *command)
{
    switch (key) {
    case 'r':
        command->schedule = text;
        choose(command, SIM_TASK_ONE);
        return 0;
    case 'g':
        command->svg = text;
        return 0;
    case 'P':
        command->task = SIM_TASK_PINNED;
        command->file = text;
        return 0;
    case 'B':
        command->mutant = text;
        return 0;
    case 'J':
        command->json = text;
        return 0;
    case 'o':
        command->file = text;
        return 0;
    case 'C':
        command->task = SIM_TASK_SCENARIOS;
        command->scenario = text;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t parse(int key, char *text, struct argp_state *state)
{
    struct sim_command *command = state->input;

    switch (key) {
    case 'n':
        command->seed_count = number(state, text, "--seeds", 1, UINT64_MAX / 2);
        return 0;
    case 'f':
        command->from = number(state, text, "--from", 0, UINT64_MAX / 2);
        return 0;
    case 'j':
        command->jobs = number(state, text, "--jobs", 1, SIM_JOBS_MAX);
        return 0;
    case 's':
        command->from = number(state, text, "--seed", 0, UINT64_MAX);
        choose(command, SIM_TASK_ONE);
        return 0;
    case 'p':
        command->seed_count = number(state, text, "--pin", 1, UINT64_MAX / 2);
        command->task = SIM_TASK_PIN;
        return 0;
    case 'm':
        command->task = SIM_TASK_SHRINK;
        return 0;
    case 'M':
        command->task = SIM_TASK_MUTANTS;
        return 0;
    case 'O':
        command->task = SIM_TASK_ORACLES;
        return 0;
    case 'F':
        command->task = SIM_TASK_FAULTS;
        return 0;
    case 'S':
        command->servers = number(state, text, "--servers", 2, SIM_MANY_SERVERS_MAX);
        command->task = SIM_TASK_MANY;
        return 0;
    case 'G':
        command->gpus = number(state, text, "--gpus", 1, 8);
        return 0;
    case 'T':
        command->traffic_ns = seconds(state, text);
        return 0;
    case 'v':
        command->is_verbose = true;
        return 0;
    default:
        return parse_file(key, text, command);
    }
}

void sim_command_parse(int argc, char **argv, struct sim_command *command)
{
    static const struct argp argp = {
        .options = rows,
        .parser = parse,
        .doc = "Runs the core of Weft in virtual time under random faults and checks it.",
    };
    char why[WEFT_WHY_BYTES * 4] = "";
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    *command = (struct sim_command){
        .task = SIM_TASK_SEEDS, .from = 1, .seed_count = 1000, .gpus = 8, .traffic_ns = 500000};
    command->jobs = cores < 1 ? 1 : weft_min((uint64_t)cores, SIM_JOBS_MAX);
    if (!weft_args_check(argc, argv, rows, why))
        weft_args_fail(PROGRAM, why);
    argp_parse(&argp, argc, argv, 0, NULL, command);
    if (command->svg != NULL && command->task != SIM_TASK_ONE)
        weft_args_fail(PROGRAM, "--svg draws one run: give it with --seed or --schedule");
}
