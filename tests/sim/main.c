/* weft-sim: runs the core in virtual time under random faults and checks everything it does.
 *
 *     weft-sim --seeds 2000            seeds 1 .. 2000, one line of figures at the end
 *     weft-sim --seed 17 -v            one seed, with its world, schedule and events
 *     weft-sim --schedule FILE         a seed with the faults of a file (what a failure prints) */
#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/result.h"
#include "run.h"

#define TWICE_EVERY 100 /* one seed in so many is run twice and must do the same */

struct arguments {
    uint64_t from;
    uint64_t seeds;
    const char *schedule;
    bool is_verbose;
};

static const struct argp_option options[] = {
    {"seeds", 'n', "N", 0, "run N seeds (default 1000)", 0},
    {"from", 'f', "S", 0, "the first seed (default 1)", 0},
    {"seed", 's', "S", 0, "run seed S alone", 0},
    {"schedule", 'r', "FILE", 0, "run the seed and the faults in FILE", 0},
    {"verbose", 'v', NULL, 0, "print the world, the schedule and every event", 0},
    {0},
};

static error_t parse(int key, char *text, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    char *end = text;
    uint64_t number = 0;

    if (key == 'n' || key == 'f' || key == 's') {
        number = strtoull(text, &end, 10);
        if (*end != '\0' || end == text)
            argp_error(state, "'%s' is not a number", text);
    }
    switch (key) {
    case 'n':
        arguments->seeds = number;
        return 0;
    case 'f':
        arguments->from = number;
        return 0;
    case 's':
        arguments->from = number;
        arguments->seeds = 1;
        return 0;
    case 'r':
        arguments->schedule = text;
        return 0;
    case 'v':
        arguments->is_verbose = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

_Noreturn void sim_failed(void)
{
    exit(1);
}

static uint64_t clock_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void print_totals(const struct sim_totals *totals, uint64_t took_ns)
{
    uint64_t took_ms = took_ns / 1000000 + 1;

    printf("%" PRIu64 " seeds in %" PRIu64 ".%03" PRIu64 " s: %" PRIu64 " seeds/s, %" PRIu64
           ".%03" PRIu64 " s simulated\n",
           totals->seeds, took_ms / 1000, took_ms % 1000, totals->seeds * 1000 / took_ms,
           totals->simulated_ns / 1000000000, totals->simulated_ns / 1000000 % 1000);
    printf("%" PRIu64 " bytes verified, %" PRIu64 " copies, %" PRIu64 " actions\n",
           totals->verified_bytes, totals->copies, totals->actions);
    printf("faults:");
    for (uint32_t i = 0; i < SIM_FAULT_KINDS; i++)
        printf(" %s %" PRIu64, sim_fault_name((enum sim_fault_kind)i), totals->faults[i]);
    printf("\nresults:");
    for (uint32_t i = 0; i < weftNumResults; i++)
        if (totals->results[i] > 0)
            printf(" %s %" PRIu64, weft_result_name((weftResult_t)i), totals->results[i]);
    printf("\n");
    if (totals->quiet_ns > 0)
        printf("undisturbed: %" PRIu64 " transfers, %" PRIu64
               " %% of the time that each one's best single route takes\n",
               totals->quiet_ops, totals->quiet_ns * 100 / totals->quiet_single_ns);
}

/* Reads a schedule. Its targets are those of the seed's world, so that is drawn first. */
static int read_schedule(const char *name, struct sim_world *world, struct sim_faults *faults,
                         uint64_t *seed)
{
    FILE *file = fopen(name, "r");
    uint32_t line = 0;
    bool is_read = false;

    if (file == NULL) {
        fprintf(stderr, "weft-sim: %s cannot be opened\n", name);
        return 1;
    }
    if (sim_faults_read(file, NULL, faults, seed, &line)) {
        struct sim_source source = {.seed = *seed};
        struct sim_dice machine = sim_dice_fork(&source, SIM_LABEL_WORLD);
        struct sim_dice settings = sim_dice_fork(&source, SIM_LABEL_CONFIG);

        sim_world_draw(world, &machine, &settings);
        rewind(file);
        is_read = sim_faults_read(file, world, faults, seed, &line);
    }
    fclose(file);
    if (!is_read)
        fprintf(stderr,
                "weft-sim: %s:%u is not \"seed N\" or \"<ns> <kind> <link|hop>:<number> "
                "<argument>\"\n",
                name, line);
    return is_read ? 0 : 1;
}

static int run_all(struct sim_run *run, const struct arguments *arguments,
                   const struct sim_faults *faults)
{
    struct sim_options how = {.is_verbose = arguments->is_verbose, .faults = faults};
    struct sim_totals totals = {0};
    struct sim_totals again = {0};
    uint64_t begun_ns = clock_ns();

    for (uint64_t i = 0; i < arguments->seeds; i++) {
        struct sim_source source = {.seed = arguments->from + i};
        uint64_t hash = sim_run_once(run, &source, &how, &totals);

        if (source.seed % TWICE_EVERY != 0 && arguments->seeds > 1)
            continue;
        how.is_verbose = false;
        if (sim_run_once(run, &source, &how, &again) != hash)
            sim_history_fail(&run->history, "determinism", "a second run did something else");
        how.is_verbose = arguments->is_verbose;
    }
    print_totals(&totals, clock_ns() - begun_ns);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .doc = "Runs the core of Weft in virtual time under random faults and checks it.",
    };
    static struct sim_faults faults;
    struct arguments arguments = {.from = 1, .seeds = 1000};
    struct sim_run *run;
    int status = 1;

    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    run = sim_run_open();
    if (run == NULL)
        return 1;
    if (arguments.schedule == NULL) {
        status = run_all(run, &arguments, NULL);
    } else if (read_schedule(arguments.schedule, &run->world, &faults, &arguments.from) == 0) {
        arguments.seeds = 1;
        status = run_all(run, &arguments, &faults);
    }
    sim_run_close(run);
    return status;
}
