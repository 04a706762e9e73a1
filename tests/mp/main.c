/* weft-mp-sim: the multipath protocol over simulated networks, in virtual time. Without a choice
 * all scenarios; what fails is named, and the exit status says so. */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>

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

static const struct argp_option options[] = {
    {"scenario", 's', "NAME", 0, "only those whose name has NAME in it", 0},
    {"seeds", 'n', "N", 0, "run N random seeds instead", 0},
    {"from", 'f', "S", 0, "the first seed (default 1)", 0},
    {"verbose", 'v', NULL, 0, "say more about each", 0},
    {0},
};

static uint64_t number(const char *text, const char *what)
{
    char why[WEFT_WHY_BYTES] = "";
    uint64_t value = 0;

    if (!weft_count_parse(text, what, 1, UINT32_MAX, &value, why))
        weft_args_fail(PROGRAM, why);
    return value;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
    struct arguments *arguments = state->input;

    switch (key) {
    case 's':
        arguments->scenario = text;
        return 0;
    case 'n':
        arguments->seeds = number(text, "--seeds");
        return 0;
    case 'f':
        arguments->from = number(text, "--from");
        return 0;
    case 'v':
        arguments->is_verbose = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int main(int argc, char **argv)
{
    static const struct argp parser = {
        .options = options,
        .parser = parse,
        .doc = "Runs the multipath protocol over simulated networks.",
    };
    struct arguments arguments = {.from = 1};
    bool is_good;

    argp_err_exit_status = WEFT_EXIT_USAGE;
    (void)argp_parse(&parser, argc, argv, 0, NULL, &arguments);
    if (arguments.seeds > 0) {
        is_good = mpsim_seeds_check(arguments.from, arguments.seeds, arguments.is_verbose);
    } else {
        is_good = mpsim_rows_check(arguments.scenario, arguments.is_verbose);
        is_good = mpsim_spreads_check(arguments.scenario) && is_good;
    }
    return is_good ? EXIT_SUCCESS : EXIT_FAILURE;
}
