/* weft-perf: opens the machine, measures size after size, reports. */
#include <stdio.h>
#include <stdlib.h>

#include "common/args.h"
#include "common/json.h"
#include "compare.h"
#include "hang.h"

#define EXIT_WRONG       1
#define FAULT_TIMEOUT_MS 200 /* of the machine's time: an emulated second takes minutes */
#define PROGRAM          "weft-perf"

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

static int measure(struct weft_testbed *testbed, struct weft_perf_options *options)
{
    char why[WEFT_WHY_BYTES];
    struct weft_perf_subject subject;
    struct weft_perf_verdict verdict = {0};
    cJSON *object = cJSON_CreateObject();
    bool hang = weft_perf_fault_plan_has(&options->faults, WEFT_LINK_HANG);
    bool kept = true;
    bool good = false;

    if (!weft_perf_fault_plan_check(&options->faults, testbed, why) ||
        !weft_perf_subject_init(&subject, testbed, options, why)) {
        cJSON_Delete(object);
        (void)fprintf(stderr, "%s: %s\n", PROGRAM, why);
        return WEFT_EXIT_USAGE;
    }
    if (options->timeout_ms == 0 &&
        (hang || weft_perf_fault_plan_has(&options->faults, WEFT_LINK_CUT)))
        options->timeout_ms = FAULT_TIMEOUT_MS;
    weft_perf_report_json_head(&subject, options, object);
    if (hang) {
        good = weft_perf_hang_run(&subject, options, object, &kept, why);
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

    if (!weft_testbed_open(testbed, options->node, options->dilation, why)) {
        (void)fprintf(stderr, "%s: %s\n", PROGRAM, why);
    } else if (testbed->gpu_count == 0) {
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

int main(int argc, char *argv[])
{
    struct weft_testbed testbed;
    struct weft_perf_options options;
    int status;

    weft_perf_options_parse(&options, argc, argv);
    if (!machine_open(&testbed, &options))
        return WEFT_EXIT_USAGE;
    status = measure(&testbed, &options);
    weft_testbed_close(&testbed);
    return status;
}
