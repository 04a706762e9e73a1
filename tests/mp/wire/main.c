/* weft-mp-wire: the scenarios of weft-mp-sim over real sockets of this computer, between two nets
 * of transports/udp with a forwarder between them. What fails is named, and the exit status says
 * so. */
#include <stdlib.h>

#include "common/args.h"
#include "verdict.h"

#define PROGRAM "weft-mp-wire"
#define JOBS    4
#define RUNS    100

struct arguments {
    struct mpwire_choice choice;
    bool lists;
};

#define CHOICE(member) offsetof(struct arguments, choice.member)

static const struct weft_args_option options[] = {
    {"only", 'o', "ROW", "only those whose name has ROW in it", weft_args_text, CHOICE(only), 0, 0},
    {"list", 'l', NULL, "say which there are", weft_args_flag, offsetof(struct arguments, lists), 0,
     0},
    {"jobs", 'j', "N", "so many at once (default 4)", weft_args_count, CHOICE(jobs), 1, 1000},
    {"seed", 's', "S", "of what the forwarder does at random (default 1)", weft_args_count,
     CHOICE(seed), 1, UINT32_MAX},
    {"runs", 'r', "N", "of a loss statistic at most so many (default 100)", weft_args_count,
     CHOICE(runs), 1, 100},
    {"strict", 't', NULL, "over a bound of the table is a failure, too", weft_args_flag,
     CHOICE(is_strict), 0, 0},
    {"verbose", 'v', NULL, "say more about each", weft_args_flag, CHOICE(is_verbose), 0, 0},
    {0},
};

int main(int argc, char **argv)
{
    static const struct weft_args args = {
        .about = "Runs the multipath protocol over real sockets, through a forwarder.",
        .options = options,
    };
    struct arguments arguments = {.choice = {.jobs = JOBS, .seed = 1, .runs = RUNS}};
    char why[WEFT_ARGS_WHY_BYTES] = "";

    if (!weft_args_read(&args, argc, argv, &arguments, why))
        weft_args_fail(PROGRAM, why);
    if (arguments.lists) {
        mpwire_rows_list();
        return EXIT_SUCCESS;
    }
    return mpwire_rows_check(&arguments.choice) ? EXIT_SUCCESS : EXIT_FAILURE;
}
