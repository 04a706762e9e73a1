/* The engine: the bytes are the choices of a simulated run (tests/sim) - machine, settings,
 * workload, faults - instead of a seed; all its checks hold. */
#include <stdlib.h>

#include "../sim/run.h"
#include "fuzz.h"

#define BYTES_MAX 65536 /* more choices than a run can use */
#define STEPS_MAX 20000 /* what goes on for longer is left to the seeds */

_Noreturn void sim_failed(void)
{
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct sim_run *run;
    const struct sim_options options = {.steps_max = STEPS_MAX};
    struct sim_source source = {.bytes = bytes, .size_bytes = weft_min(size, BYTES_MAX)};
    struct sim_totals totals = {0};

    if (size == 0)
        return 0;
    if (run == NULL)
        run = sim_run_open();
    if (run != NULL)
        (void)sim_run_once(run, &source, &options, &totals);
    return 0;
}
