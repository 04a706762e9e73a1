/* Trials, and how a process ends whose trial fails. */
#include "trial.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../fleet/fleet_run.h"
#include "efficiency.h"

#define EXIT_ORACLE                                                                                \
    128 /* a child's exit status is this and its oracle, so that nothing is parsed */

/* What a failure does: of the process, for there is one run at a time in it. */
static struct {
    void (*then)(void *context);
    void *context;
    bool is_child;
} on_failure;

_Noreturn void sim_failed(void)
{
    const struct sim_history *history = sim_history_current();

    if (on_failure.is_child)
        _exit(EXIT_ORACLE + (int)(history == NULL ? SIM_ORACLE_ASSERT : history->failed));
    if (on_failure.then != NULL)
        on_failure.then(on_failure.context);
    exit(EXIT_FAILURE);
}

void sim_trial_on_failure(void (*then)(void *context), void *context)
{
    on_failure.then = then;
    on_failure.context = context;
}

struct sim_fleet *sim_trial_fleet(void)
{
    static const struct sim_fleet_shape shape = {
        .server_count = SIM_SERVERS_DRAWN_MAX,
        .call_count = SIM_FLEET_CALLS_MAX + 2 * SIM_SERVERS_DRAWN_MAX,
        .items_max = SIM_FLEET_ITEMS_MAX,
    };
    static struct sim_fleet *fleet;

    if (fleet == NULL)
        fleet = sim_fleet_open(&shape);
    return fleet;
}

static uint64_t fleet_once(const struct sim_source *source, const struct sim_options *options,
                           struct sim_totals *totals)
{
    struct sim_fleet *fleet = sim_trial_fleet();
    uint64_t hash = sim_fleet_run(fleet, source->seed, options->schedule, options->is_verbose);

    totals->fleets++;
    totals->fleet_servers += fleet->server_count;
    totals->fleet_landed_bytes += fleet->landed_bytes;
    totals->verified_bytes += fleet->shadow.verified_bytes;
    totals->simulated_ns += fleet->now;
    for (uint32_t i = 0; i < fleet->schedule.faults.count; i++)
        totals->faults[fleet->schedule.faults.faults[i].kind]++;
    for (uint32_t i = 0; i < fleet->call_count; i++)
        if (fleet->calls[i].state == SIM_CALL_ENDED)
            totals->fleet_results[fleet->calls[i].result]++;
    return hash;
}

/* One server, several, or both, one after the other. */
static uint64_t run_once(struct sim_run *run, const struct sim_source *source,
                         const struct sim_options *options, struct sim_totals *totals)
{
    bool is_given = options->schedule != NULL;
    uint64_t hash = WEFT_HASH_SEED;

    if (!is_given || !options->schedule->is_fleet)
        hash = sim_run_once(run, source, options, totals);
    if (is_given ? options->schedule->is_fleet : source->seed % SIM_FLEET_EVERY == 0)
        hash = weft_hash_word(hash, fleet_once(source, options, totals));
    return hash;
}

uint64_t sim_trial(struct sim_run *run, const struct sim_source *source,
                   const struct sim_options *options, struct sim_totals *totals)
{
    uint64_t hash = run_once(run, source, options, totals);

    if (options->schedule == NULL || !options->schedule->is_fleet)
        sim_efficiency_check(run, totals);
    return hash;
}

uint64_t sim_trial_twice(struct sim_run *run, const struct sim_source *source,
                         const struct sim_options *options, struct sim_totals *totals)
{
    struct sim_options again = {.schedule = options->schedule};
    struct sim_totals uncounted = {0};
    uint64_t hash = sim_trial(run, source, options, totals);

    if (run_once(run, source, &again, &uncounted) != hash)
        sim_history_fail(&run->history, SIM_ORACLE_DETERMINISM, "a second run did something else");
    return hash;
}

/* The child's part. */
_Noreturn static void run_apart(struct sim_run *run, const struct sim_schedule *schedule,
                                unsigned limit_s)
{
    struct sim_source source = {.seed = schedule->seed};
    struct sim_options options = {.schedule = schedule};
    struct sim_totals totals = {0};
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

    on_failure.is_child = true;
    (void)dup2(nowhere, STDOUT_FILENO);
    (void)dup2(nowhere, STDERR_FILENO);
    (void)alarm(limit_s);
    (void)sim_trial_twice(run, &source, &options, &totals);
    _exit(EXIT_SUCCESS);
}

enum sim_oracle sim_trial_apart(struct sim_run *run, const struct sim_schedule *schedule,
                                unsigned limit_s)
{
    int status = 0;
    pid_t child;

    (void)fflush(NULL);
    child = fork();
    weft_assert(child >= 0);
    if (child == 0)
        run_apart(run, schedule, limit_s);
    weft_assert(waitpid(child, &status, 0) == child);
    if (WIFSIGNALED(status))
        return WTERMSIG(status) == SIGALRM ? SIM_ORACLE_HANG : SIM_ORACLE_CRASH;
    if (WEXITSTATUS(status) == EXIT_SUCCESS)
        return SIM_ORACLES;
    /* A sanitizer ends the process with a status of its own. */
    if (WEXITSTATUS(status) < EXIT_ORACLE || WEXITSTATUS(status) >= EXIT_ORACLE + (int)SIM_ORACLES)
        return SIM_ORACLE_CRASH;
    return (enum sim_oracle)(WEXITSTATUS(status) - EXIT_ORACLE);
}
