/* Runs of the offload. */
#include "offload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "plot.h"
#include "report.h"

#define DILATION_LOAD     250 /* two cores must move all links' bytes and check them */
#define DILATION_SATURATE 500
#define PAGE_SEED         17

/* What a program run holds. */
struct kv_run {
    struct weft_testbed testbed;
    struct weft_kv_trace trace;
    struct weft_kv_store store;
    struct weft_kv_arrivals arrivals;
    struct weft_kv_result results[2];
    uint32_t result_count;
};

static bool run_open(struct kv_run *run, const struct weft_kv_options *options,
                     char why[WEFT_WHY_BYTES])
{
    unsigned dilation = options->dilation != 0 ? options->dilation
                        : options->saturate    ? DILATION_SATURATE
                                               : DILATION_LOAD;

    if (!weft_kv_trace_load(&run->trace, options->trace, options->requests, why) ||
        !weft_kv_trace_fits(&run->trace, options->gpu_blocks, why) ||
        !weft_testbed_open(&run->testbed, options->node, dilation, why))
        return false;
    if (run->testbed.gpu_count == 0) {
        char nodes[WEFT_WHY_BYTES / 4];

        weft_testbed_nodes(nodes, sizeof(nodes));
        (void)snprintf(why, WEFT_WHY_BYTES,
                       "%.100s has no GPU that Weft can use; emulate a machine with --node: %s",
                       run->testbed.node, nodes);
        return false;
    }
    return weft_kv_store_init(&run->store, &run->testbed, options, PAGE_SEED, why) &&
           weft_kv_arrivals_offload(&run->arrivals, &run->trace, &run->store, options, why);
}

static void run_close(struct kv_run *run)
{
    for (uint32_t i = 0; i < 2; i++)
        weft_kv_findings_fini(&run->results[i].base);
    weft_kv_arrivals_fini(&run->arrivals);
    weft_kv_store_fini(&run->store);
    weft_testbed_close(&run->testbed);
    weft_kv_trace_fini(&run->trace);
}

static bool run_replay(struct kv_run *run, const struct weft_kv_options *options,
                       char why[WEFT_WHY_BYTES])
{
    bool direct_is_measured = options->sched != NULL && strcmp(options->sched, "direct") == 0;

    weft_kv_report_head(&run->store, &run->trace, &run->arrivals, options);
    run->result_count = 1;
    if (!weft_kv_replay(&run->results[0], &run->store, &run->trace, &run->arrivals, options,
                        options->sched, why))
        return false;
    if (!options->baseline || direct_is_measured)
        return true;
    run->result_count = 2;
    return weft_kv_replay(&run->results[1], &run->store, &run->trace, &run->arrivals, options,
                          "direct", why);
}

static bool run_report(const struct kv_run *run, const struct weft_kv_options *options,
                       char why[WEFT_WHY_BYTES])
{
    struct weft_kv_picture picture;
    cJSON *tree;
    bool good = true;

    weft_kv_report_table(run->results, run->result_count);
    if (options->json != NULL) {
        tree = weft_kv_report_json(&run->store, &run->trace, &run->arrivals, options, run->results,
                                   run->result_count);
        good = weft_json_write(tree, options->json, why);
        cJSON_Delete(tree);
    }
    if (good && options->plot != NULL) {
        weft_kv_report_picture(run->results, run->result_count, &picture);
        good = weft_kv_plot_write(&picture, &run->testbed, options->plot, why);
    }
    return good;
}

enum weft_kv_outcome weft_kv_offload(const struct weft_kv_options *options,
                                     char why[WEFT_WHY_BYTES])
{
    struct kv_run *run = calloc(1, sizeof(*run));
    enum weft_kv_outcome outcome = WEFT_KV_NOT_OPENED;

    if (run == NULL) {
        (void)snprintf(why, WEFT_WHY_BYTES, "no memory");
        return outcome;
    }
    if (run_open(run, options, why)) {
        outcome = WEFT_KV_WRONG;
        if (run_replay(run, options, why) && run_report(run, options, why) &&
            run->results[0].base.wrong_bytes == 0 && run->results[0].base.errors.count == 0)
            outcome = WEFT_KV_RIGHT;
    }
    run_close(run);
    free(run);
    return outcome;
}
