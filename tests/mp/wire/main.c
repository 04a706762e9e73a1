/* weft-mp-wire: the scenarios of weft-mp-sim over real sockets of this computer, between two nets
 * of transports/udp with a forwarder between them. What fails is named, and the exit status says
 * so. */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/args.h"
#include "verdict.h"

#define PROGRAM "weft-mp-wire"
#define JOBS    10

struct arguments {
    struct mpwire_choice choice;
    bool lists;
};

static const struct argp_option options[] = {
    {"only", 'o', "ROW", 0, "only those whose name has ROW in it", 0},
    {"list", 'l', NULL, 0, "say which there are", 0},
    {"jobs", 'j', "N", 0, "so many at once (default 10)", 0},
    {"seed", 's', "S", 0, "of what the forwarder does at random (default 1)", 0},
    {"strict", 't', NULL, 0, "over a bound of the table is a failure, too", 0},
    {"own-times", 'w', NULL, 0, "send again when transports/udp would", 0},
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
    case 'o':
        arguments->choice.only = text;
        return 0;
    case 'l':
        arguments->lists = true;
        return 0;
    case 'j':
        arguments->choice.jobs = (uint32_t)number(text, "--jobs");
        return 0;
    case 's':
        arguments->choice.seed = number(text, "--seed");
        return 0;
    case 't':
        arguments->choice.is_strict = true;
        return 0;
    case 'w':
        mpwire_has_own_times = true;
        return 0;
    case 'v':
        arguments->choice.is_verbose = true;
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
        .doc = "Runs the multipath protocol over real sockets, through a forwarder.",
    };
    struct arguments arguments = {.choice = {.jobs = JOBS, .seed = 1}};

    argp_err_exit_status = WEFT_EXIT_USAGE;
    (void)argp_parse(&parser, argc, argv, 0, NULL, &arguments);
    if (arguments.lists) {
        mpwire_rows_list();
        return EXIT_SUCCESS;
    }
    return mpwire_rows_check(&arguments.choice) ? EXIT_SUCCESS : EXIT_FAILURE;
}
