/* The hunt: a child for each planted bug. What a child has run, and which oracle has failed, stands
 * in memory that it shares with the parent, so that it is known also of one that crashed. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../sim/program/batch.h"
#include "../sim/program/efficiency.h"
#include "../sim/program/trial.h"
#include "common/json.h"
#include "common/table.h"
#include "mutants.h"

#define JOBS       2
#define SEED_CPU_S 30  /* of one seed, which takes milliseconds, and seldom a second or two */
#define MUTANT_S   180 /* of one bug: it is not caught */
#define SUFFIX     "-mutants"
#define PATH_BYTES 4096

/* What has become of one bug, or of the core as it is. */
struct prey {
    uint64_t seeds; /* run, the one that caught it included */
    uint64_t seeds_max;
    uint64_t took_ms;
    enum sim_oracle oracle; /* SIM_ORACLES: it was not caught */
};

/* A child and what it hunts. */
struct hunter {
    pid_t process; /* 0: none */
    struct prey *prey;
    uint64_t begun_ms;
};

static uint64_t clock_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

bool sim_mutants_here(char *const argv[])
{
    char path[PATH_BYTES];
    ssize_t length;

    if (sim_mutant_count > 0)
        return true;
    length = readlink("/proc/self/exe", path, sizeof(path) - sizeof(SUFFIX));
    if (length > 0) {
        memcpy(path + length, SUFFIX, sizeof(SUFFIX));
        (void)execv(path, argv);
    }
    fprintf(stderr,
            "weft-sim: the program with the planted bugs, weft-sim" SUFFIX
            " in the same folder, cannot be run (%s): build the target of that name\n",
            strerror(errno));
    return false;
}

bool sim_mutants_plant(const char *name)
{
    for (uint32_t i = 0; i < sim_mutant_count; i++) {
        if (strcmp(sim_mutants[i].name, name) != 0)
            continue;
        weft_mutant = i + 1;
        return true;
    }
    fprintf(stderr, "weft-sim: --mutant: there is no %s, but:", name);
    for (uint32_t i = 0; i < sim_mutant_count; i++)
        fprintf(stderr, " %s", sim_mutants[i].name);
    fprintf(stderr, "\n");
    return false;
}

static void note_oracle(void *context)
{
    struct prey *prey = context;

    prey->oracle = sim_history_current()->failed;
}

/* Failures are wanted here: nothing is printed, and a crash leaves no file. */
static void be_quiet(void)
{
    const struct rlimit nothing = {0, 0};
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

    (void)dup2(nowhere, STDOUT_FILENO);
    (void)dup2(nowhere, STDERR_FILENO);
    (void)setrlimit(RLIMIT_CORE, &nothing);
}

/* The child's part. A seed that takes too much of the processor's time is ended by a signal: what
 * hangs is caught, what waits for a busy machine is not. */
_Noreturn static void hunt_one(struct sim_run *run, unsigned mutant, struct prey *prey)
{
    const struct itimerval limit = {.it_value = {.tv_sec = SEED_CPU_S}};
    const struct sim_options options = {.is_verbose = false};
    struct sim_totals totals = {0};
    uint64_t until_ms = clock_ms() + UINT64_C(1000) * MUTANT_S;

    be_quiet();
    weft_mutant = mutant;
    sim_trial_on_failure(note_oracle, prey);
    while (prey->seeds < prey->seeds_max && clock_ms() < until_ms) {
        struct sim_source source = {.seed = ++prey->seeds};

        (void)setitimer(ITIMER_VIRTUAL, &limit, NULL);
        if (source.seed % SIM_TWICE_EVERY == 0)
            (void)sim_trial_twice(run, &source, &options, &totals);
        else
            (void)sim_trial(run, &source, &options, &totals);
        if (sim_efficiency_check_mean(&totals))
            continue;
        prey->oracle = SIM_ORACLE_EFFICIENCY;
        break;
    }
    _exit(EXIT_SUCCESS);
}

static void start(struct hunter *hunter, struct sim_run *run, unsigned mutant, struct prey *prey)
{
    *hunter = (struct hunter){.prey = prey, .begun_ms = clock_ms()};
    (void)fflush(NULL);
    hunter->process = fork();
    weft_assert(hunter->process >= 0);
    if (hunter->process == 0)
        hunt_one(run, mutant, prey);
}

static void end(struct hunter *hunter, int status)
{
    struct prey *prey = hunter->prey;

    hunter->process = 0;
    prey->took_ms = clock_ms() - hunter->begun_ms;
    if (WIFSIGNALED(status))
        prey->oracle = WTERMSIG(status) == SIGVTALRM ? SIM_ORACLE_HANG : SIM_ORACLE_CRASH;
    else if (WEXITSTATUS(status) != EXIT_SUCCESS && prey->oracle == SIM_ORACLES)
        prey->oracle = SIM_ORACLE_CRASH;
}

/* With each of the mutants planted from `first` to `last`; `preys` are the table's, 0 the core as
 * it is. */
static void hunt(struct sim_run *run, struct prey *preys, unsigned first, unsigned last)
{
    struct hunter hunters[JOBS] = {{0}};
    unsigned next = first;

    for (unsigned left = last - first + 1; left > 0;) {
        int status = 0;
        pid_t process;

        for (uint32_t i = 0; i < JOBS && next <= last; i++) {
            if (hunters[i].process != 0)
                continue;
            start(&hunters[i], run, next, &preys[next]);
            next++;
        }
        process = wait(&status);
        weft_assert(process > 0);
        for (uint32_t i = 0; i < JOBS; i++) {
            if (hunters[i].process != process)
                continue;
            end(&hunters[i], status);
            left--;
        }
    }
}

/* A catch proves nothing where the core as it is fails, too: it must pass the same seeds. */
static bool pass_without(struct sim_run *run, struct prey *preys)
{
    preys[0].seeds_max = 1;
    for (uint32_t i = 1; i <= sim_mutant_count; i++)
        if (preys[i].oracle != SIM_ORACLES)
            preys[0].seeds_max = weft_max(preys[0].seeds_max, preys[i].seeds);
    hunt(run, preys, 0, 0);
    if (preys[0].oracle != SIM_ORACLES)
        fprintf(stderr,
                "weft-sim: FAILED seed %" PRIu64 " oracle %s: also with no bug planted, so that "
                "the table proves nothing\n",
                preys[0].seeds, sim_oracle_row(preys[0].oracle)->name);
    return preys[0].oracle == SIM_ORACLES;
}

static void print_table(const struct prey *preys)
{
    static const char *const heads[] = {"mutant", "proves", "seeds", "oracle", "s", "breaks"};
    struct weft_table table;

    weft_table_init(&table, WEFT_ARRAY_COUNT(heads));
    table.right[2] = true;
    table.right[4] = true;
    for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(heads); i++)
        weft_table_add(&table, "%s", heads[i]);
    for (uint32_t i = 0; i < sim_mutant_count; i++) {
        const struct prey *prey = &preys[i + 1];
        bool is_caught = prey->oracle != SIM_ORACLES;

        weft_table_add(&table, "%s", sim_mutants[i].name);
        weft_table_add(&table, "%s", sim_mutants[i].proves);
        weft_table_add(&table, "%" PRIu64, prey->seeds);
        weft_table_add(&table, "%s", is_caught ? sim_oracle_row(prey->oracle)->name : "NOT CAUGHT");
        weft_table_add(&table, "%" PRIu64 ".%" PRIu64, prey->took_ms / 1000,
                       prey->took_ms / 100 % 10);
        weft_table_add(&table, "%s", sim_mutants[i].breaks);
    }
    weft_table_print(&table, stdout, 0);
    weft_table_fini(&table);
}

static cJSON *row_of(const struct sim_mutant *mutant, const struct prey *prey)
{
    cJSON *row = cJSON_CreateObject();
    bool is_caught = prey->oracle != SIM_ORACLES;

    cJSON_AddStringToObject(row, "mutant", mutant->name);
    cJSON_AddStringToObject(row, "breaks", mutant->breaks);
    cJSON_AddStringToObject(row, "proves", mutant->proves);
    cJSON_AddBoolToObject(row, "caught", is_caught);
    cJSON_AddNumberToObject(row, "seeds", (double)prey->seeds);
    if (is_caught)
        cJSON_AddStringToObject(row, "oracle", sim_oracle_row(prey->oracle)->name);
    weft_json_add_rounded(row, "seconds", (double)prey->took_ms / 1000, 3);
    return row;
}

static bool write_json(const struct prey *preys, const char *path)
{
    cJSON *tree = cJSON_CreateObject();
    cJSON *rows = cJSON_AddArrayToObject(tree, "mutants");
    char why[WEFT_WHY_BYTES] = "";
    bool is_written;

    cJSON_AddNumberToObject(tree, "seeds_max", SIM_MUTANT_SEEDS_MAX);
    for (uint32_t i = 0; i < sim_mutant_count; i++)
        cJSON_AddItemToArray(rows, row_of(&sim_mutants[i], &preys[i + 1]));
    is_written = weft_json_write(tree, path, why);
    if (!is_written)
        fprintf(stderr, "weft-sim: %s\n", why);
    cJSON_Delete(tree);
    return is_written;
}

/* Prints and writes what was found. False unless every bug was caught. */
static bool report(struct sim_run *run, struct prey *preys, const char *json)
{
    uint64_t begun_ms = clock_ms();
    uint32_t caught = 0;
    bool is_sound;

    hunt(run, preys, 1, sim_mutant_count);
    print_table(preys);
    for (uint32_t i = 1; i <= sim_mutant_count; i++)
        caught += preys[i].oracle != SIM_ORACLES;
    is_sound = pass_without(run, preys);
    printf("%u of %u caught in %" PRIu64 " s; %" PRIu64 " seeds without a bug %s\n", caught,
           sim_mutant_count, (clock_ms() - begun_ms) / 1000, preys[0].seeds,
           is_sound ? "pass" : "do not pass");
    if (caught < sim_mutant_count)
        fprintf(stderr, "weft-sim: FAILED: %u planted bugs were not caught\n",
                sim_mutant_count - caught);
    return (json == NULL || write_json(preys, json)) && is_sound && caught == sim_mutant_count;
}

bool sim_mutants_hunt(struct sim_run *run, const char *json)
{
    size_t bytes = (sim_mutant_count + 1) * sizeof(struct prey);
    struct prey *preys =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    bool is_good;

    if (preys == MAP_FAILED) {
        fprintf(stderr, "weft-sim: there is no memory for the table of mutants\n");
        return false;
    }
    for (uint32_t i = 0; i <= sim_mutant_count; i++)
        preys[i] = (struct prey){.seeds_max = SIM_MUTANT_SEEDS_MAX, .oracle = SIM_ORACLES};
    printf("%u planted bugs, %d at a time, %d seeds each until an oracle catches it\n",
           sim_mutant_count, JOBS, SIM_MUTANT_SEEDS_MAX);
    is_good = report(run, preys, json);
    (void)munmap(preys, bytes);
    return is_good;
}
