/* weft-perf: opens the machine, measures size after size, reports. */
#include <stdio.h>
#include <stdlib.h>

#include "common/json.h"
#include "compare.h"
#include "hang.h"
#include "outage.h"
#include "peer.h"

#define EXIT_WRONG 1
#define PROGRAM    "weft-perf"

/* What the sweep found: the process's exit status. */
struct weft_perf_verdict {
    uint64_t wrong_bytes;
    unsigned errors;
};

static bool sweep_run(struct weft_perf_subject *subject, const struct weft_perf_options *options,
                      cJSON *object, struct weft_perf_verdict *verdict, char why[WEFT_WHY_BYTES])
{
    struct weft_perf_compare *compare = weft_perf_compare_open(subject, options, why);
    cJSON *results = cJSON_AddArrayToObject(object, "results");
    bool good = compare != NULL;

    for (uint64_t size = options->size_min; good && size <= options->size_max;) {
        struct weft_perf_row row;
        cJSON *entry = cJSON_CreateObject();

        good = weft_perf_compare_run(compare, size, &row, why);
        if (good) {
            weft_perf_report_row(&row, options);
            weft_perf_report_json(&row, options, entry);
            verdict->wrong_bytes += row.runs[0].wrong_bytes;
            verdict->errors += row.runs[0].errors;
            /* The last size's figures stand at the top as well. */
            if (size > options->size_max / options->size_factor)
                weft_perf_report_json(&row, options, object);
        }
        (void)cJSON_AddItemToArray(results, entry);
        if (size > options->size_max / options->size_factor)
            break;
        size *= options->size_factor;
    }
    weft_perf_compare_close(compare);
    return good;
}

static int measure(struct weft_testbed *testbed, struct weft_perf_peer *peer,
                   struct weft_perf_options *options)
{
    char why[WEFT_WHY_BYTES];
    struct weft_perf_subject subject;
    struct weft_perf_verdict verdict = {0};
    cJSON *object = NULL;
    /* One server's copies that hang can only be waited for; a lane between two is given up. */
    bool hang = peer == NULL && weft_perf_fault_plan_has(&options->faults, WEFT_LINK_HANG);
    bool kept = true;
    bool good = false;

    if (!weft_perf_subject_init(&subject, testbed, WEFT_PERF_A, peer, options, why) ||
        !weft_perf_fault_plan_check(&options->faults, &subject, why)) {
        weft_perf_subject_fini(&subject);
        (void)fprintf(stderr, "%s: %s\n", PROGRAM, why);
        return WEFT_EXIT_USAGE;
    }
    object = cJSON_CreateObject();
    weft_perf_report_json_head(&subject, options, object);
    if (hang) {
        good = weft_perf_hang_run(&subject, options, object, &kept, why);
    } else if (weft_perf_outage_planned(&subject, &options->faults)) {
        weft_perf_report_outage_head(&subject, options);
        good = weft_perf_outage_run(&subject, options, object, &kept, why);
    } else {
        weft_perf_report_head(&subject, options);
        good = sweep_run(&subject, options, object, &verdict, why);
    }
    if (good && options->json != NULL)
        good = weft_json_write(object, options->json, why);
    if (!good)
        (void)fprintf(stderr, "%s: %s\n", PROGRAM, why);
    cJSON_Delete(object);
    weft_perf_subject_fini(&subject);
    return good && kept && verdict.wrong_bytes == 0 && verdict.errors == 0 ? EXIT_SUCCESS
                                                                           : EXIT_WRONG;
}

/* The real machine, or a sentence that names the emulated ones. */
static bool machine_open(struct weft_testbed *testbed, const struct weft_perf_options *options)
{
    char why[WEFT_WHY_BYTES];
    char nodes[WEFT_WHY_BYTES];

    if (!weft_testbed_open_server(testbed, options->has_peer ? WEFT_PERF_SERVER_A : "",
                                  options->node, options->dilation, why)) {
        (void)fprintf(stderr, "%s: %s\n", PROGRAM, why);
    } else if (testbed->gpu_count == 0 && !options->has_peer) {
        (void)fprintf(stderr, "%s: %s has no GPU that Weft can use\n", PROGRAM, testbed->node);
        weft_testbed_close(testbed);
    } else {
        return true;
    }
    weft_testbed_nodes(nodes, sizeof(nodes));
    if (options->node == NULL)
        (void)fprintf(stderr, "%s: emulate a machine with --node: %s, or a topology file\n",
                      PROGRAM, nodes);
    return false;
}

/* The crypto mode that the library takes by itself, where none is asked for. */
static bool crypto_default(struct weft_perf_options *options, char text[WEFT_UNIT_BYTES],
                           char why[WEFT_WHY_BYTES])
{
    weftConfig_t config = NULL;
    bool good = weftConfigCreate(&config) == weftSuccess &&
                weftConfigGet(config, "net_crypto", text, WEFT_UNIT_BYTES) == weftSuccess;

    (void)weftConfigDestroy(config);
    if (good)
        options->crypto = text;
    else
        (void)snprintf(why, WEFT_WHY_BYTES, "%s", weftGetLastError(NULL));
    return good;
}

/* The second server is forked first: a driver does not outlive a fork. */
static int run(struct weft_perf_options *options)
{
    struct weft_testbed testbed = {0};
    struct weft_perf_peer *peer = NULL;
    char crypto[WEFT_UNIT_BYTES];
    char why[WEFT_WHY_BYTES];
    int status = WEFT_EXIT_USAGE;

    if (options->has_peer && ((options->crypto == NULL && !crypto_default(options, crypto, why)) ||
                              !weft_perf_peer_start(options, &peer, why))) {
        (void)fprintf(stderr, "%s: %s\n", PROGRAM, why);
        return EXIT_WRONG;
    }
    if (!machine_open(&testbed, options))
        goto out;
    if (peer != NULL && !weft_perf_peer_open(peer, &testbed, why)) {
        (void)fprintf(stderr, "%s: %s\n", PROGRAM, why);
        goto out;
    }
    status = measure(&testbed, peer, options);
out:
    weft_testbed_close(&testbed);
    weft_perf_peer_stop(peer);
    return status;
}

int main(int argc, char *argv[])
{
    struct weft_perf_options options;
    char why[WEFT_ARGS_WHY_BYTES];

    if (!weft_perf_options_read(&options, argc, argv, why))
        weft_args_fail(PROGRAM, why);
    weft_json_alone(options.json);
    return run(&options);
}
