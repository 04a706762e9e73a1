/* weft-mp-sim: the multipath protocol over simulated networks, in virtual time. Without a choice
 * all scenarios; what fails is named, and the exit status says so. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/args.h"
#include "rows.h"
#include "seeds.h"

#define PROGRAM "weft-mp-sim"

struct arguments {
    const char *scenario; /* NULL: all */
    uint64_t seeds;       /* 0: scenarios */
    uint64_t from;
    bool is_verbose;
};

static const struct weft_args_option options[] = {
    {"scenario", 's', "NAME", "only those whose name has NAME in it", weft_args_text,
     offsetof(struct arguments, scenario), 0, 0},
    {"seeds", 'n', "N", "run N random seeds instead", weft_args_count,
     offsetof(struct arguments, seeds), 1, UINT32_MAX},
    {"from", 'f', "S", "the first seed (default 1)", weft_args_count,
     offsetof(struct arguments, from), 1, UINT32_MAX},
    {"verbose", 'v', NULL, "say more about each", weft_args_flag,
     offsetof(struct arguments, is_verbose), 0, 0},
    {0},
};

/* A name that no scenario has would pass: nothing runs. */
static bool scenario_is_there(const char *name)
{
    for (uint32_t i = 0; i < mpsim_row_count; i++)
        if (strstr(mpsim_rows[i].name, name) != NULL)
            return true;
    for (uint32_t i = 0; i < mpsim_spread_count; i++)
        if (strstr(mpsim_spreads[i].name, name) != NULL)
            return true;
    return false;
}

int main(int argc, char **argv)
{
    static const struct weft_args args = {
        .about = "Runs the multipath protocol over simulated networks.",
        .options = options,
    };
    struct arguments arguments = {.from = 1};
    char why[WEFT_ARGS_WHY_BYTES] = "";
    bool is_good;

    if (!weft_args_read(&args, argc, argv, &arguments, why))
        weft_args_fail(PROGRAM, why);
    if (arguments.scenario != NULL && !scenario_is_there(arguments.scenario)) {
        (void)snprintf(why, sizeof(why), "no scenario has '%.60s' in its name", arguments.scenario);
        weft_args_fail(PROGRAM, why);
    }
    if (arguments.seeds > 0) {
        is_good = mpsim_seeds_check(arguments.from, arguments.seeds, arguments.is_verbose);
    } else {
        is_good = mpsim_rows_check(arguments.scenario, arguments.is_verbose);
        is_good = mpsim_spreads_check(arguments.scenario) && is_good;
    }
    return is_good ? EXIT_SUCCESS : EXIT_FAILURE;
}
