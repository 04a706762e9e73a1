/* weft-kv: does the job that the command line names. */
#include <stdio.h>
#include <stdlib.h>

#include "common/json.h"
#include "offload.h"
#include "pd.h"

#define PROGRAM    "weft-kv"
#define EXIT_WRONG 1

int main(int argc, char *argv[])
{
    static enum weft_kv_outcome (*const jobs[WEFT_KV_ERRANDS])(const struct weft_kv_options *,
                                                               char[WEFT_WHY_BYTES]) = {
        [WEFT_KV_OFFLOAD] = weft_kv_offload,
        [WEFT_KV_PD] = weft_kv_pd,
    };
    static const int statuses[] = {[WEFT_KV_RIGHT] = EXIT_SUCCESS,
                                   [WEFT_KV_WRONG] = EXIT_WRONG,
                                   [WEFT_KV_NOT_OPENED] = WEFT_EXIT_USAGE};
    struct weft_kv_options options;
    enum weft_kv_outcome outcome;
    char why[WEFT_ARGS_WHY_BYTES] = "";

    if (!weft_kv_options_read(&options, argc, argv, why))
        weft_args_fail(PROGRAM, why);
    weft_json_alone(options.json);
    outcome = jobs[options.errand](&options, why);
    if (why[0] != '\0')
        (void)fprintf(stderr, "%s: %s\n", PROGRAM, why);
    return statuses[outcome];
}
