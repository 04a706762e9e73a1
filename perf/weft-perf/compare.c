/* Schedulers side by side. Each has its own comm, and only while it is measured. */
#include "compare.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define UNDISTURBED_MAX 5 /* transfers; those with faults may be many more */

struct compare_run {
    const char *sched;                /* NULL: the default */
    struct weft_perf_options options; /* baselines use all routes */
};

struct weft_perf_compare {
    struct weft_perf_subject *subject;
    const struct weft_perf_options *options;
    uint32_t run_count;
    struct compare_run runs[WEFT_PERF_RUNS_MAX];
    struct weft_perf_result results[WEFT_PERF_RUNS_MAX];
    struct weft_perf_result undisturbed;
};

static void run_add(struct weft_perf_compare *compare, const char *sched, bool baseline)
{
    struct compare_run *run = &compare->runs[compare->run_count++];

    run->sched = sched;
    run->options = *compare->options;
    if (baseline)
        run->options.routes = NULL;
}

static bool same_as_measured(const struct weft_perf_options *options, const char *sched)
{
    return options->routes == NULL && options->sched != NULL && strcmp(options->sched, sched) == 0;
}

struct weft_perf_compare *weft_perf_compare_open(struct weft_perf_subject *subject,
                                                 const struct weft_perf_options *options,
                                                 char why[WEFT_WHY_BYTES])
{
    static const char *const baselines[] = {"direct", "static", "roundrobin"};
    struct weft_perf_compare *compare = calloc(1, sizeof(*compare));
    size_t count = options->compare ? 3 : options->baseline ? 1 : 0;

    if (compare == NULL) {
        weft_text_copy(why, WEFT_WHY_BYTES, "no memory for the results");
        return NULL;
    }
    compare->subject = subject;
    compare->options = options;
    run_add(compare, options->sched, false);
    /* A cut link ends a transfer on that one route badly at its deadline: only when asked for. */
    if (weft_perf_fault_plan_has(&options->faults, WEFT_LINK_CUT) && !options->compare)
        count = 0;
    if (options->cuda)
        run_add(compare, WEFT_PERF_CUDA, true);
    for (size_t i = 0; i < count && !(options->cuda && !options->compare); i++)
        if (!same_as_measured(options, baselines[i]))
            run_add(compare, baselines[i], true);
    return compare;
}

void weft_perf_compare_close(struct weft_perf_compare *compare)
{
    if (compare == NULL)
        return;
    for (uint32_t i = 0; i < compare->run_count; i++)
        weft_perf_result_fini(&compare->results[i]);
    weft_perf_result_fini(&compare->undisturbed);
    free(compare);
}

bool weft_perf_compare_run(struct weft_perf_compare *compare, uint64_t size,
                           struct weft_perf_row *row, char why[WEFT_WHY_BYTES])
{
    static const struct weft_perf_fault_plan no_faults;
    const struct weft_perf_fault_plan *plan = &compare->options->faults;
    const struct compare_run *first = &compare->runs[0];

    row->size = size;
    row->dilation = compare->subject->testbed->dilation;
    row->run_count = compare->run_count;
    row->runs = compare->results;
    row->undisturbed = NULL;
    weft_perf_result_fini(&compare->undisturbed);
    if (weft_perf_fault_plan_during(plan)) {
        struct weft_perf_options few = first->options;

        few.iterations = (unsigned)weft_min(few.iterations, UNDISTURBED_MAX);
        if (!weft_perf_measure(&compare->undisturbed, compare->subject, &few, &no_faults,
                               first->sched, size, why))
            return false;
        row->undisturbed = &compare->undisturbed;
    }
    for (uint32_t i = 0; i < compare->run_count; i++) {
        const struct compare_run *run = &compare->runs[i];

        weft_perf_result_fini(&compare->results[i]);
        if (!weft_perf_measure(&compare->results[i], compare->subject, &run->options, plan,
                               run->sched, size, why))
            return false;
    }
    return true;
}
