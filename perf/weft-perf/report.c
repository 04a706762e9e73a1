/* The report of weft-perf. Rates are decimal, sizes binary, times the machine's own. */
#include "report.h"

#include <stdio.h>
#include <string.h>

#include "common/json.h"

static const struct weft_perf_result *run_find(const struct weft_perf_row *row, const char *sched)
{
    for (uint32_t i = 0; i < row->run_count; i++)
        if (strcmp(row->runs[i].sched, sched) == 0)
            return &row->runs[i];
    return NULL;
}

/* How many times as fast as the run of that scheduler; 0 where unknown. */
static double ratio_to(const struct weft_perf_row *row, const struct weft_perf_result *run,
                       const char *sched)
{
    const struct weft_perf_result *other = run_find(row, sched);

    if (other == NULL || other->time_ns == 0 || run->time_ns == 0)
        return 0;
    return (double)other->time_ns / (double)run->time_ns;
}

/* What the measured scheduler is compared with. */
static const char *base_of(const struct weft_perf_options *options)
{
    return options->cuda ? WEFT_PERF_CUDA : "direct";
}

double weft_perf_row_lost_ms(const struct weft_perf_row *row)
{
    if (row->undisturbed == NULL || row->undisturbed->time_ns == 0 || row->runs[0].time_ns == 0)
        return 0;
    return ((double)row->runs[0].time_ns - (double)row->undisturbed->time_ns) / 1e6;
}

/* How many NICs of each server are in use; 0 where they are not described. */
static unsigned nics_used(const struct weft_perf_subject *subject,
                          const struct weft_perf_options *options)
{
    unsigned least = options->nics;

    for (uint32_t side = 0; subject->joint != NULL && side < WEFT_PERF_SIDES && options->nics == 0;
         side++) {
        unsigned count = 0;

        while (weft_topo_nth(subject->joint->servers[side], weftDeviceNic, count) != WEFT_NONE)
            count++;
        least = side == 0 ? count : (unsigned)weft_min(least, count);
    }
    return least;
}

static void machine_lines(const struct weft_perf_subject *subject,
                          const struct weft_perf_options *options)
{
    const struct weft_testbed *testbed = subject->testbed;
    char settings[64] = "";

    if (testbed->emulated && options->has_peer)
        (void)printf("# emulated machines %s (a) and %s (b), dilation %u: times are the machines' "
                     "own\n",
                     testbed->node, options->peer_node, testbed->dilation);
    else if (testbed->emulated)
        (void)printf("# emulated machine %s, dilation %u: times are the machine's own\n",
                     testbed->node, testbed->dilation);
    else
        (void)printf("# this machine%s\n",
                     options->has_peer ? ", two processes: a and b, over loopback" : "");
    if (!options->has_peer)
        return;
    if (nics_used(subject, options) > 0)
        (void)snprintf(settings, sizeof(settings), ", NICs of each server: %u",
                       nics_used(subject, options));
    (void)printf("# %s, crypto %s%s\n", options->transport, options->crypto, settings);
}

void weft_perf_report_outage_head(const struct weft_perf_subject *subject,
                                  const struct weft_perf_options *options)
{
    if (options->csv)
        return;
    machine_lines(subject, options);
    (void)printf("# %s %s -> %s, faults that leave no way\n", weft_perf_op_name(options->op),
                 subject->from_names[0], subject->to_names[0]);
}

void weft_perf_report_head(const struct weft_perf_subject *subject,
                           const struct weft_perf_options *options)
{
    if (options->csv) {
        (void)puts("size,sched,time_us,gb_per_s,bound_gb_per_s,ratio_to_bound,vs_direct,"
                   "wrong_bytes,errors");
        return;
    }
    machine_lines(subject, options);
    (void)printf("# %s %s -> %s", weft_perf_op_name(options->op), subject->from_names[0],
                 subject->to_names[0]);
    if (subject->flow_count > 1)
        (void)printf(" and %u more pairs at once", subject->flow_count - 1);
    if (subject->block_bytes > 0)
        (void)printf(", %llu blocks of %llu bytes%s", (unsigned long long)subject->block_count,
                     (unsigned long long)subject->block_bytes,
                     options->indexed ? " at random places" : "");
    (void)printf(", %u transfers each, %s\n", options->iterations,
                 options->check ? "every byte verified" : "not verified");
    (void)printf("%8s  %-11s %12s %9s %9s %7s %10s %8s %7s\n", "size", "scheduler", "time us",
                 "GB/s", "bound", "ratio", options->cuda ? "vs cuda" : "vs direct", "#wrong",
                 "errors");
}

static void figure(double value, int width, int places)
{
    if (value > 0)
        (void)printf(" %*.*f", width, places, value);
    else
        (void)printf(" %*s", width, "-");
}

static void run_line(const struct weft_perf_row *row, const struct weft_perf_result *run,
                     const struct weft_perf_options *options)
{
    char size[WEFT_UNIT_BYTES];

    weft_size_format(run->bytes, size);
    (void)printf("%8s  %-11s", size, run->sched);
    figure((double)run->time_ns / 1e3, 12, 1);
    figure(weft_perf_result_rate(run), 9, 2);
    figure(weft_perf_result_bound(run), 9, 2);
    figure(weft_perf_result_ratio(run), 7, 3);
    figure(ratio_to(row, run, base_of(options)), 10, 3);
    (void)printf(" %8llu %7u\n", (unsigned long long)run->wrong_bytes, run->errors);
}

static void run_csv(const struct weft_perf_row *row, const struct weft_perf_result *run,
                    const struct weft_perf_options *options)
{
    (void)printf("%llu,%s,%.1f,%.3f,%.3f,%.4f,%.4f,%llu,%u\n", (unsigned long long)run->bytes,
                 run->sched, (double)run->time_ns / 1e3, weft_perf_result_rate(run),
                 weft_perf_result_bound(run), weft_perf_result_ratio(run),
                 ratio_to(row, run, base_of(options)), (unsigned long long)run->wrong_bytes,
                 run->errors);
}

static const char *const back_names[WEFT_PERF_BACK_KINDS] = {
    [WEFT_PERF_BACK_FAULT] = "faults",
    [WEFT_PERF_BACK_REPAIR] = "repairs",
};

/* Times of the machine, and what they are in real time: some of what Weft does, as noticing a
 * silence, takes real time. */
static void back_lines(struct weft_perf_back backs[WEFT_PERF_BACK_KINDS], unsigned dilation)
{
    for (uint32_t i = 0; i < WEFT_PERF_BACK_KINDS; i++) {
        struct weft_perf_back *back = &backs[i];
        double p50_ms = (double)weft_perf_back_rank(back, 500) / 1e6;
        double p99_ms = (double)weft_perf_back_rank(back, 990) / 1e6;

        if (back->count + back->not_count == 0)
            continue;
        (void)printf("          goodput back after %s: p50 %.3f ms, p99 %.3f ms of the machine's "
                     "time (real: %.0f, %.0f ms); %u of %u not before the end\n",
                     back_names[i], p50_ms, p99_ms, p50_ms * dilation, p99_ms * dilation,
                     back->not_count, back->count + back->not_count);
    }
}

static void back_json(struct weft_perf_back backs[WEFT_PERF_BACK_KINDS], unsigned dilation,
                      cJSON *object)
{
    for (uint32_t i = 0; i < WEFT_PERF_BACK_KINDS; i++) {
        struct weft_perf_back *back = &backs[i];
        cJSON *entry;

        if (back->count + back->not_count == 0)
            continue;
        entry = cJSON_AddObjectToObject(object, back_names[i]);
        weft_json_add_rounded(entry, "p50_ms", (double)weft_perf_back_rank(back, 500) / 1e6, 4);
        weft_json_add_rounded(entry, "p99_ms", (double)weft_perf_back_rank(back, 990) / 1e6, 4);
        (void)cJSON_AddNumberToObject(entry, "back", back->count);
        (void)cJSON_AddNumberToObject(entry, "not_before_the_end", back->not_count);
        (void)cJSON_AddNumberToObject(entry, "real_ms_per_ms", dilation);
    }
}

static void routes_table(const struct weft_perf_result *run)
{
    const cJSON *route;
    double sum = 0;

    cJSON_ArrayForEach(route, run->routes)
    {
        sum += weft_json_number(route, "bytes", 0);
    }
    cJSON_ArrayForEach(route, run->routes)
    {
        double bytes = weft_json_number(route, "bytes", 0);
        char text[WEFT_UNIT_BYTES];

        weft_size_format((uint64_t)bytes, text);
        (void)printf("          %-40s %10s %6.1f %%\n", weft_json_text(route, "name", "?"), text,
                     bytes * 100 / sum);
    }
}

void weft_perf_report_row(const struct weft_perf_row *row, const struct weft_perf_options *options)
{
    const struct weft_perf_result *run = &row->runs[0];

    for (uint32_t i = 0; i < row->run_count; i++) {
        if (options->csv)
            run_csv(row, &row->runs[i], options);
        else
            run_line(row, &row->runs[i], options);
    }
    if (options->csv)
        return;
    if (options->block_bytes > 0)
        (void)printf("          CPU per block: %.0f ns in the caller, %.0f ns with Weft's threads; "
                     "driver calls %.0f ns of the machine's time\n",
                     run->submit_ns_per_block, run->cpu_ns_per_block, run->driver_ns_per_block);
    if (row->undisturbed != NULL)
        (void)printf("          undisturbed %.1f us; the faults cost %.3f ms\n",
                     (double)row->undisturbed->time_ns / 1e3, weft_perf_row_lost_ms(row));
    back_lines(row->runs[0].backs, row->dilation);
    for (uint32_t i = 0; i < row->run_count; i++)
        if (row->runs[i].errors > 0)
            (void)printf("          last error of %s: %s\n", row->runs[i].sched,
                         row->runs[i].sentence);
    routes_table(run);
    (void)fflush(stdout);
}

static void run_json(const struct weft_perf_row *row, const struct weft_perf_result *run,
                     const struct weft_perf_options *options, cJSON *object)
{
    cJSON *times = cJSON_AddArrayToObject(object, "times_us");

    (void)cJSON_AddStringToObject(object, "sched", run->sched);
    (void)cJSON_AddNumberToObject(object, "bytes", (double)run->bytes);
    weft_json_add_rounded(object, "time_us", (double)run->time_ns / 1e3, 3);
    weft_json_add_rounded(object, "gb_per_s", weft_perf_result_rate(run), 3);
    if (run->ideal_ns != WEFT_NEVER) {
        weft_json_add_rounded(object, "bound_gb_per_s", weft_perf_result_bound(run), 3);
        weft_json_add_rounded(object, "ratio_to_bound", weft_perf_result_ratio(run), 4);
    } else {
        (void)cJSON_AddNullToObject(object, "bound_gb_per_s");
        (void)cJSON_AddNullToObject(object, "ratio_to_bound");
    }
    if (ratio_to(row, run, base_of(options)) > 0)
        weft_json_add_rounded(object, options->cuda ? "ratio_to_cuda" : "ratio_to_direct",
                              ratio_to(row, run, base_of(options)), 4);
    (void)cJSON_AddNumberToObject(object, "wrong_bytes", (double)run->wrong_bytes);
    (void)cJSON_AddNumberToObject(object, "errors", run->errors);
    if (run->errors > 0)
        (void)cJSON_AddStringToObject(object, "error", run->sentence);
    for (unsigned i = 0; i < run->count; i++)
        (void)cJSON_AddItemToArray(times, cJSON_CreateNumber((double)run->times_ns[i] / 1e3));
    (void)cJSON_AddItemToObject(object, "routes", cJSON_Duplicate(run->routes, true));
}

void weft_perf_report_json(const struct weft_perf_row *row, const struct weft_perf_options *options,
                           cJSON *object)
{
    const struct weft_perf_result *run = &row->runs[0];
    cJSON *beside;

    (void)cJSON_AddNumberToObject(object, "size", (double)row->size);
    run_json(row, run, options, object);
    if (options->block_bytes > 0) {
        weft_json_add_rounded(object, "submit_ns_per_block", run->submit_ns_per_block, 1);
        weft_json_add_rounded(object, "cpu_ns_per_block", run->cpu_ns_per_block, 1);
        weft_json_add_rounded(object, "driver_ns_per_block", run->driver_ns_per_block, 1);
    }
    if (row->undisturbed != NULL) {
        weft_json_add_rounded(object, "undisturbed_us", (double)row->undisturbed->time_ns / 1e3, 3);
        weft_json_add_rounded(object, "lost_ms", weft_perf_row_lost_ms(row), 4);
        back_json(row->runs[0].backs, row->dilation,
                  cJSON_AddObjectToObject(object, "goodput_back_after"));
    }
    beside = cJSON_AddObjectToObject(object, "beside");
    for (uint32_t i = 1; i < row->run_count; i++)
        run_json(row, &row->runs[i], options, cJSON_AddObjectToObject(beside, row->runs[i].sched));
}

void weft_perf_report_json_head(const struct weft_perf_subject *subject,
                                const struct weft_perf_options *options, cJSON *object)
{
    const struct weft_testbed *testbed = subject->testbed;
    cJSON *emulated;

    (void)cJSON_AddStringToObject(object, "program", "weft-perf");
    (void)cJSON_AddStringToObject(object, "version", WEFT_VERSION_TEXT);
    (void)cJSON_AddStringToObject(object, "operation", weft_perf_op_name(options->op));
    (void)cJSON_AddStringToObject(object, "from", subject->from_names[0]);
    (void)cJSON_AddStringToObject(object, "to", subject->to_names[0]);
    (void)cJSON_AddNumberToObject(object, "pairs", subject->flow_count);
    (void)cJSON_AddNumberToObject(object, "block_bytes", (double)subject->block_bytes);
    (void)cJSON_AddBoolToObject(object, "verified", options->check);
    if (options->has_peer) {
        cJSON *net = cJSON_AddObjectToObject(object, "net");

        (void)cJSON_AddStringToObject(net, "transport", options->transport);
        (void)cJSON_AddStringToObject(net, "crypto", options->crypto);
        (void)cJSON_AddNumberToObject(net, "nics", nics_used(subject, options));
    }
    if (!testbed->emulated) {
        (void)cJSON_AddNullToObject(object, "emulated");
        return;
    }
    emulated = cJSON_AddObjectToObject(object, "emulated");
    (void)cJSON_AddStringToObject(emulated, "node", testbed->node);
    if (options->has_peer)
        (void)cJSON_AddStringToObject(emulated, "peer", options->peer_node);
    (void)cJSON_AddNumberToObject(emulated, "dilation", testbed->dilation);
}
