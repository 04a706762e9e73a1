/* weft-loopback: Weft between two processes of this machine, beside what the sockets can do.
 *
 * Nothing is emulated. All sides are measured in one run, in turn. */
#include <stdio.h>
#include <stdlib.h>

#include "common/json.h"
#include "options.h"

#define PROGRAM      "weft-loopback"
#define STATUS_WRONG 1

/* How busy the machine was with others: figures of a busy one are worth less. */
static double load_now(void)
{
    double load = 0;

    return getloadavg(&load, 1) == 1 ? load : 0;
}

int main(int argc, char *argv[])
{
    static struct weft_loopback_contest contest;
    struct weft_loopback_options options;
    char why[WEFT_ARGS_WHY_BYTES];
    uint64_t wrong_bytes = 0;
    int status = EXIT_SUCCESS;
    cJSON *tree;
    cJSON *rows;

    if (!weft_loopback_options_read(&options, argc, argv, why))
        weft_args_fail(PROGRAM, why);
    weft_json_alone(options.json);
    tree = cJSON_CreateObject();
    rows = cJSON_AddArrayToObject(tree, "rows");
    (void)printf("# this machine, two processes over loopback, %s; nothing is emulated\n"
                 "# medians of %llu rounds; load of the machine before it: %.2f\n",
                 options.transport, (unsigned long long)options.rounds, load_now());
    (void)cJSON_AddStringToObject(tree, "program", PROGRAM);
    (void)cJSON_AddStringToObject(tree, "transport", options.transport);
    (void)cJSON_AddNumberToObject(tree, "rounds", (double)options.rounds);
    weft_json_add_rounded(tree, "load_before", load_now(), 2);
    for (uint32_t i = 0; i < options.size_count; i++) {
        struct weft_loopback_ask ask = weft_loopback_options_ask(&options, options.sizes[i]);

        weft_loopback_contest_run(&contest, options.kind, &ask, (uint32_t)options.rounds,
                                  options.only);
        weft_loopback_contest_report(&contest, rows);
        wrong_bytes += weft_loopback_contest_wrong(&contest);
    }
    (void)printf("\nwrong bytes: %llu; load of the machine after it: %.2f\n",
                 (unsigned long long)wrong_bytes, load_now());
    (void)cJSON_AddNumberToObject(tree, "wrong_bytes", (double)wrong_bytes);
    weft_json_add_rounded(tree, "load_after", load_now(), 2);
    if (wrong_bytes > 0)
        status = STATUS_WRONG;
    if (options.json != NULL && !weft_json_write(tree, options.json, why)) {
        (void)fprintf(stderr, "%s: %s\n", PROGRAM, why);
        status = STATUS_WRONG;
    }
    cJSON_Delete(tree);
    return status;
}
