/* Workers that take blocks of seeds from a shared counter. What they have done and where they are
 * stands in memory that they share with the parent, so that it is known also of one that crashed or
 * hangs. What a worker says goes to a file of its own, so that one failure is printed whole. */
#include "batch.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "trial.h"

#define BLOCK_SEEDS 16
#define HANG_S      300 /* a seed takes milliseconds; with sanitizers on a busy machine, seconds */
#define WATCH_S     1

struct worker {
    pid_t process; /* the parent writes it; 0: it has ended */
    FILE *said;
    uint64_t seed;     /* under way */
    uint64_t begun_at; /* of that seed */
    struct sim_totals totals;
};

struct batch {
    uint64_t next; /* the first seed that nobody has taken; atomic */
    uint64_t end;
    uint32_t jobs;
    struct worker workers[];
};

static uint64_t clock_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec;
}

/* The child's part. */
_Noreturn static void work(struct batch *batch, struct worker *worker)
{
    struct sim_run *run = sim_run_open();

    if (run == NULL) {
        fprintf(stderr, "weft-sim: there is no memory for a run\n");
        exit(EXIT_FAILURE);
    }
    for (;;) {
        uint64_t from = __atomic_fetch_add(&batch->next, BLOCK_SEEDS, __ATOMIC_RELAXED);
        uint64_t end = weft_min(from + BLOCK_SEEDS, batch->end);

        if (from >= batch->end)
            break;
        for (uint64_t seed = from; seed < end; seed++) {
            struct sim_source source = {.seed = seed};
            struct sim_options options = {.is_verbose = false};

            __atomic_store_n(&worker->begun_at, clock_s(), __ATOMIC_RELAXED);
            __atomic_store_n(&worker->seed, seed, __ATOMIC_RELAXED);
            if (seed % SIM_TWICE_EVERY == 0)
                (void)sim_trial_twice(run, &source, &options, &worker->totals);
            else
                (void)sim_trial(run, &source, &options, &worker->totals);
        }
    }
    sim_run_close(run);
    exit(EXIT_SUCCESS);
}

static void start(struct batch *batch, struct worker *worker)
{
    pid_t process;

    worker->said = tmpfile();
    weft_assert(worker->said != NULL);
    worker->begun_at = clock_s();
    (void)fflush(NULL);
    process = fork();
    weft_assert(process >= 0);
    if (process != 0) {
        worker->process = process;
        return;
    }
    (void)dup2(fileno(worker->said), STDERR_FILENO);
    work(batch, worker);
}

static void print_said(struct worker *worker)
{
    int letter;

    rewind(worker->said);
    while ((letter = fgetc(worker->said)) != EOF)
        (void)fputc(letter, stderr);
}

/* A worker that did not end by itself has said nothing of an oracle. */
static void print_ended(struct worker *worker, enum sim_oracle oracle, int number)
{
    print_said(worker);
    fprintf(stderr, "weft-sim: FAILED seed %" PRIu64 " oracle %s: ", worker->seed,
            sim_oracle_row(oracle)->name);
    if (oracle == SIM_ORACLE_HANG)
        fprintf(stderr, "its run has not ended after %d s\n", HANG_S);
    else
        fprintf(stderr, "its run ended the process (%s %d)\n",
                number > 0 ? "signal" : "exit status", number > 0 ? number : -number);
    fprintf(stderr, "seed %" PRIu64 "\n# again: weft-sim --seed %" PRIu64 " -v\n", worker->seed,
            worker->seed);
}

/* False when the worker failed. */
static bool judge(struct worker *worker, int status)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS)
        return true;
    if (WIFSIGNALED(status))
        print_ended(worker, SIM_ORACLE_CRASH, WTERMSIG(status));
    else if (WEXITSTATUS(status) != EXIT_FAILURE)
        print_ended(worker, SIM_ORACLE_CRASH, -WEXITSTATUS(status));
    else
        print_said(worker);
    return false;
}

static void stop(struct batch *batch)
{
    for (uint32_t i = 0; i < batch->jobs; i++) {
        struct worker *worker = &batch->workers[i];

        if (worker->process == 0)
            continue;
        (void)kill(worker->process, SIGKILL);
        (void)waitpid(worker->process, NULL, 0);
        worker->process = 0;
    }
}

/* Looks after all workers once. False when one of them failed. */
static bool look(struct batch *batch, uint32_t *left)
{
    *left = 0;
    for (uint32_t i = 0; i < batch->jobs; i++) {
        struct worker *worker = &batch->workers[i];
        uint64_t begun_at = __atomic_load_n(&worker->begun_at, __ATOMIC_RELAXED);
        int status = 0;

        if (worker->process == 0)
            continue;
        if (waitpid(worker->process, &status, WNOHANG) == worker->process) {
            worker->process = 0;
            if (!judge(worker, status))
                return false;
            continue;
        }
        ++*left;
        if (clock_s() <= begun_at + HANG_S)
            continue;
        print_ended(worker, SIM_ORACLE_HANG, 0);
        return false;
    }
    return true;
}

static void add_totals(struct sim_totals *sum, const struct sim_totals *totals)
{
    const uint64_t *from = (const uint64_t *)totals;
    uint64_t *to = (uint64_t *)sum;

    _Static_assert(sizeof(*sum) % sizeof(*to) == 0, "totals are numbers");
    for (size_t i = 0; i < sizeof(*sum) / sizeof(*to); i++)
        to[i] += from[i];
}

static bool run_workers(struct batch *batch)
{
    const struct timespec watch = {.tv_sec = WATCH_S};
    sigset_t ended;
    uint32_t left = batch->jobs;
    bool is_good = true;

    sigemptyset(&ended);
    sigaddset(&ended, SIGCHLD);
    (void)sigprocmask(SIG_BLOCK, &ended, NULL);
    for (uint32_t i = 0; i < batch->jobs; i++)
        start(batch, &batch->workers[i]);
    while (is_good && left > 0) {
        (void)sigtimedwait(&ended, NULL, &watch);
        is_good = look(batch, &left);
    }
    stop(batch);
    return is_good;
}

bool sim_batch_run(uint64_t from, uint64_t seed_count, uint32_t jobs, struct sim_totals *totals)
{
    size_t bytes = sizeof(struct batch) + jobs * sizeof(struct worker);
    struct batch *batch =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    bool is_good;

    if (batch == MAP_FAILED) {
        fprintf(stderr, "weft-sim: there is no memory for %u workers\n", jobs);
        return false;
    }
    batch->next = from;
    batch->end = from + seed_count;
    batch->jobs = jobs;
    is_good = run_workers(batch);
    for (uint32_t i = 0; i < jobs; i++) {
        add_totals(totals, &batch->workers[i].totals);
        (void)fclose(batch->workers[i].said);
    }
    (void)munmap(batch, bytes);
    return is_good;
}
