/* weft-mp-sim-mutants: shows that the checks of weft-mp-sim check. Each planted bug in turn, in a
 * process of its own, until a random seed catches it; with none planted the same seeds must pass.
 * With a name, one bug alone. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../mutants/mutants.h"
#include "../seeds.h"

#define SEEDS_MOST 4000
#define CPU_S      20 /* of one bug: what hangs for so long is caught, too */

/* What a child tells, in memory that it shares. */
struct prey {
    uint64_t seeds;
    char why[MPSIM_WHY_BYTES];
};

_Noreturn static void hunt_one(unsigned mutant, uint64_t seeds_most, struct prey *prey)
{
    const struct rlimit no_core = {0, 0};
    const struct rlimit cpu = {CPU_S, CPU_S};
    uint64_t hash;

    (void)setrlimit(RLIMIT_CORE, &no_core);
    (void)setrlimit(RLIMIT_CPU, &cpu);
    if (mutant != 0 && freopen("/dev/null", "w", stderr) == NULL)
        _exit(EXIT_FAILURE);
    weft_mutant = mutant;
    while (prey->seeds < seeds_most) {
        prey->seeds++;
        if (!mpsim_seed_run(prey->seeds, false, &hash, prey->why))
            _exit(EXIT_FAILURE);
    }
    _exit(EXIT_SUCCESS);
}

/* True when the child found something wrong, or broke. */
static bool hunt(unsigned mutant, uint64_t seeds_most, struct prey *prey)
{
    int status = 0;
    pid_t child;

    *prey = (struct prey){.seeds = 0};
    (void)fflush(NULL);
    child = fork();
    if (child == 0)
        hunt_one(mutant, seeds_most, prey);
    if (child < 0 || waitpid(child, &status, 0) != child)
        return false;
    if (WIFSIGNALED(status))
        (void)snprintf(prey->why, sizeof(prey->why), "%s",
                       WTERMSIG(status) != SIGABRT ? "it hangs" : "an assert of the core");
    return WIFSIGNALED(status) || WEXITSTATUS(status) != EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    struct prey *prey =
        mmap(NULL, sizeof(*prey), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    uint64_t seeds_most = 1;
    uint32_t tried = 0;
    uint32_t caught = 0;
    bool is_sound;

    if (prey == MAP_FAILED)
        return EXIT_FAILURE;
    for (uint32_t i = 0; i < sim_mutant_count; i++) {
        bool is_caught;

        if (argc > 1 && strcmp(argv[1], sim_mutants[i].name) != 0)
            continue;
        is_caught = hunt(i + 1, SEEDS_MOST, prey);
        printf("%-28s %-4s %5" PRIu64 "  %s\n", sim_mutants[i].name, sim_mutants[i].proves,
               prey->seeds, is_caught ? prey->why : "NOT CAUGHT");
        tried++;
        caught += is_caught;
        if (is_caught)
            seeds_most = weft_max(seeds_most, prey->seeds);
    }
    if (tried == 0) {
        printf("there is no bug '%s' in tests/mp/mutants/mutants.txt\n", argc > 1 ? argv[1] : "");
        return EXIT_FAILURE;
    }
    is_sound = !hunt(0, seeds_most, prey);
    printf("%u of %u caught; %" PRIu64 " seeds without a bug %s\n", caught, tried, seeds_most,
           is_sound ? "pass" : "do not pass");
    return caught == tried && is_sound ? EXIT_SUCCESS : EXIT_FAILURE;
}
