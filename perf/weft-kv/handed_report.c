/* The report of handoffs. Times are the prefill server's own, rates decimal. */
#include "handed_report.h"

#include <stdio.h>

#include "common/json.h"
#include "common/stats.h"
#include "figures.h"
#include "report.h"

static double time_us(const struct weft_kv_handed *result, unsigned permille)
{
    return (double)weft_stats_rank(result->times_ns, result->count, permille) / 1e3;
}

static double time_p50(const void *of)
{
    return time_us(of, 500);
}

static double time_p90(const void *of)
{
    return time_us(of, 900);
}

static double time_p99(const void *of)
{
    return time_us(of, 990);
}

static double busy_rate(const void *of)
{
    const struct weft_kv_handed *result = of;

    return weft_rate_gb_per_s(result->flow.bytes, result->flow.busy_ns);
}

static double whole_rate(const void *of)
{
    const struct weft_kv_handed *result = of;

    return weft_rate_gb_per_s(result->flow.bytes, result->total_ns);
}

static double total_ms(const void *of)
{
    const struct weft_kv_handed *result = of;

    return (double)result->total_ns / 1e6;
}

static const struct weft_kv_figure figures[] = {
    {"handoff p50, us", "handoff_p50_us", 1, time_p50},
    {"handoff p90, us", "handoff_p90_us", 1, time_p90},
    {"handoff p99, us", "handoff_p99_us", 1, time_p99},
    {"handoff while busy, GB/s", "handoff_gb_per_s", 2, busy_rate},
    {"handoff over the run, GB/s", "gb_per_s", 2, whole_rate},
    {"the run, ms", "total_ms", 2, total_ms},
};

void weft_kv_handed_head(const struct weft_kv_server *server, const struct weft_kv_trace *trace,
                         const struct weft_kv_arrivals *arrivals)
{
    const struct weft_kv_store *store = &server->store;
    uint64_t rate = weft_kv_arrivals_nics_rate(server->testbed.topo, store->gpu_count);

    weft_kv_report_machine(store, server->options);
    (void)printf("# two such servers, a process each, net=tcp between them; %zu requests, %zu "
                 "blocks, from %u GPUs to %u of %llu blocks each\n",
                 trace->count, trace->block_count, store->gpu_count, store->gpu_count,
                 (unsigned long long)server->options->gpu_blocks);
    (void)printf("# %s, then its signal; with a NIC per GPU the NICs carry %.1f GB/s\n",
                 server->options->per_layer ? "a put for each layer, as prefill produces it"
                                            : "a put of all pages when prefill has ended",
                 (double)rate / 1e3);
    if (server->options->saturate)
        (void)printf("# as fast as they go, %u at once\n", server->options->concurrency);
    else
        (void)printf("# the trace's arrivals %.0f times as fast: those NICs %.0f %% busy\n",
                     arrivals->speedup, server->options->load_millionths / 1e4);
    (void)printf("# a handoff's time: from its last put's submission to its last signal's end, by "
                 "the prefill server's clock\n");
    (void)fflush(stdout);
}

static void routes_table(const struct weft_kv_handed *result)
{
    struct weft_kv_route_sum sums[WEFT_KV_ROUTE_SUMS_MAX];
    uint32_t count = weft_kv_route_sums(result->routes, false, sums);

    (void)printf("\n%-40s %12s\n", "route", "GB");
    for (uint32_t i = 0; i < count; i++)
        (void)printf("%-40s %12.3f\n", sums[i].name, (double)sums[i].bytes[0] / 1e9);
}

void weft_kv_handed_table(const struct weft_kv_handed *results, uint32_t count)
{
    const void *both[2] = {&results[0], count > 1 ? &results[1] : NULL};
    const char *names[2] = {results[0].sched, results[1].sched};

    weft_kv_figures_print(figures, WEFT_ARRAY_COUNT(figures), both, names);
    for (uint32_t i = 0; i < count; i++) {
        const struct weft_kv_handed *result = &results[i];

        (void)printf("%s: %zu requests handed over with %llu blocks, %llu filled, %llu still on "
                     "the GPU; %llu wrong bytes, %llu wrong checksums, %u errors\n",
                     result->sched, result->count, (unsigned long long)result->flow.blocks,
                     (unsigned long long)result->new_blocks, (unsigned long long)result->hit_blocks,
                     (unsigned long long)result->wrong_bytes,
                     (unsigned long long)result->wrong_checksums, result->errors.count);
        if (result->errors.count > 0)
            (void)printf("  last error: %s\n", result->errors.sentence);
    }
    routes_table(&results[0]);
    (void)fflush(stdout);
}

static void result_json(const struct weft_kv_handed *result, cJSON *object)
{
    cJSON *times = cJSON_CreateArray();

    (void)cJSON_AddStringToObject(object, "sched", result->sched);
    weft_kv_figures_json(figures, WEFT_ARRAY_COUNT(figures), result, object);
    (void)cJSON_AddNumberToObject(object, "handed_requests", (double)result->count);
    (void)cJSON_AddNumberToObject(object, "handed_blocks", (double)result->flow.blocks);
    (void)cJSON_AddNumberToObject(object, "handed_bytes", (double)result->flow.bytes);
    (void)cJSON_AddNumberToObject(object, "puts", (double)result->flow.transfers);
    (void)cJSON_AddNumberToObject(object, "gpu_hit_blocks", (double)result->hit_blocks);
    (void)cJSON_AddNumberToObject(object, "computed_blocks", (double)result->new_blocks);
    (void)cJSON_AddNumberToObject(object, "wrong_bytes", (double)result->wrong_bytes);
    (void)cJSON_AddNumberToObject(object, "wrong_checksums", (double)result->wrong_checksums);
    (void)cJSON_AddNumberToObject(object, "errors", result->errors.count);
    if (result->errors.count > 0)
        (void)cJSON_AddStringToObject(object, "error", result->errors.sentence);
    for (size_t i = 0; i < result->count; i++)
        (void)cJSON_AddItemToArray(times, cJSON_CreateNumber((double)result->times_ns[i] / 1e3));
    (void)cJSON_AddItemToObject(object, "handoff_us", times);
    (void)cJSON_AddItemToObject(object, "routes", cJSON_Duplicate(result->routes, true));
}

cJSON *weft_kv_handed_json(const struct weft_kv_server *server, const struct weft_kv_trace *trace,
                           const struct weft_kv_arrivals *arrivals,
                           const struct weft_kv_handed *results, uint32_t count)
{
    const void *both[2] = {&results[0], count > 1 ? &results[1] : NULL};
    cJSON *tree = weft_kv_report_json_head(&server->store, trace, server->options);

    (void)cJSON_AddStringToObject(tree, "clock", "the prefill server's");
    (void)cJSON_AddNumberToObject(tree, "puts_per_request", server->part_count);
    if (!server->options->saturate) {
        weft_json_add_rounded(tree, "load", server->options->load_millionths / 1e6, 4);
        weft_json_add_rounded(tree, "speedup", arrivals->speedup, 2);
    }
    result_json(&results[0], tree);
    if (count > 1) {
        result_json(&results[1], cJSON_AddObjectToObject(tree, "beside"));
        weft_kv_figures_ratios(figures, WEFT_ARRAY_COUNT(figures), both,
                               cJSON_AddObjectToObject(tree, "ratio_to_direct"));
    }
    return tree;
}

void weft_kv_handed_picture(const struct weft_kv_handed *results, uint32_t count,
                            struct weft_kv_picture *picture)
{
    *picture = (struct weft_kv_picture){
        .title = "KV-cache handoffs between two servers, and which routes carried the bytes",
        .time_label = "time of a request's handoff, the prefill server's own clock",
        .curve_count = count,
        .ways = {"handed over", NULL},
    };
    for (uint32_t i = 0; i < count; i++)
        picture->curves[i] =
            (struct weft_kv_curve){results[i].sched, results[i].times_ns, results[i].count};
    picture->sum_count = weft_kv_route_sums(results[0].routes, false, picture->sums);
}
