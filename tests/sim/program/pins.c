/* Pinned seeds, printed and compared. */
#include "pins.h"

#include <inttypes.h>
#include <stdio.h>

#include "trial.h"

#define LINE_BYTES 256

static uint64_t hash_of(struct sim_run *run, uint64_t seed)
{
    struct sim_source source = {.seed = seed};
    struct sim_options options = {.is_verbose = false};
    struct sim_totals totals = {0};

    return sim_trial(run, &source, &options, &totals);
}

void sim_pins_print(struct sim_run *run, uint64_t from, uint64_t count)
{
    printf("# Seeds, and the hash over all that each run did: `weft-sim --pin %" PRIu64
           "`. HACKING.md\n"
           "# says when these may be renewed.\n",
           count);
    for (uint64_t seed = from; seed - from < count; seed++)
        printf("%" PRIu64 " %016" PRIx64 "\n", seed, hash_of(run, seed));
}

bool sim_pins_check(struct sim_run *run, const char *path)
{
    FILE *file = fopen(path, "re");
    char line[LINE_BYTES];
    uint32_t rows = 0;
    uint32_t wrong = 0;

    if (file == NULL) {
        fprintf(stderr, "weft-sim: %s cannot be opened\n", path);
        return false;
    }
    while (fgets(line, sizeof(line), file) != NULL) {
        uint64_t seed;
        uint64_t pinned;
        uint64_t hash;

        if (sscanf(line, "%" SCNu64 " %" SCNx64, &seed, &pinned) != 2)
            continue;
        rows++;
        hash = hash_of(run, seed);
        if (hash == pinned)
            continue;
        wrong++;
        printf("seed %" PRIu64 " is pinned to %016" PRIx64 " and has %016" PRIx64 "\n", seed,
               pinned, hash);
    }
    (void)fclose(file);
    printf("%u of %u pinned seeds do something else (HACKING.md says when that is right)\n", wrong,
           rows);
    return rows > 0 && wrong == 0;
}
