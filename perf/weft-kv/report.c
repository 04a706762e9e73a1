/* The report of weft-kv. Times are the machine's own, rates decimal. */
#include "report.h"

#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/stats.h"
#include "figures.h"
#include "route_sum.h"

static double restore_rate(const void *of)
{
    const struct weft_kv_result *result = of;

    return weft_rate_gb_per_s(result->restore.bytes, result->restore.busy_ns);
}

static double offload_rate(const void *of)
{
    const struct weft_kv_result *result = of;

    return weft_rate_gb_per_s(result->offload.bytes, result->offload.busy_ns);
}

static double restore_p50(const void *of)
{
    const struct weft_kv_result *result = of;

    return (double)weft_stats_rank(result->restore_ns, result->restore_count, 500) / 1e3;
}

static double restore_p90(const void *of)
{
    const struct weft_kv_result *result = of;

    return (double)weft_stats_rank(result->restore_ns, result->restore_count, 900) / 1e3;
}

static double restore_p99(const void *of)
{
    const struct weft_kv_result *result = of;

    return (double)weft_stats_rank(result->restore_ns, result->restore_count, 990) / 1e3;
}

static double total_ms(const void *of)
{
    const struct weft_kv_result *result = of;

    return (double)result->total_ns / 1e6;
}

static double issuing_percent(const void *of)
{
    const struct weft_kv_result *result = of;

    return 100.0 * (double)result->submit_ns / (double)weft_max(result->total_ns, 1);
}

static double whole_rate(const void *of)
{
    return weft_kv_result_throughput(of);
}

static const struct weft_kv_figure figures[] = {
    {"restore p50, us", "restore_p50_us", 1, restore_p50},
    {"restore p90, us", "restore_p90_us", 1, restore_p90},
    {"restore p99, us", "restore_p99_us", 1, restore_p99},
    {"restore while busy, GB/s", "restore_gb_per_s", 2, restore_rate},
    {"offload while busy, GB/s", "offload_gb_per_s", 2, offload_rate},
    {"both over the run, GB/s", "gb_per_s", 2, whole_rate},
    {"the run, ms", "total_ms", 2, total_ms},
    {"driver calls, % of a thread", "driver_calls_percent", 1, issuing_percent},
};

void weft_kv_report_machine(const struct weft_kv_store *store,
                            const struct weft_kv_options *options)
{
    const struct weft_testbed *testbed = store->testbed;
    char page[WEFT_UNIT_BYTES];
    char block[WEFT_UNIT_BYTES];

    if (testbed->emulated)
        (void)printf("# emulated machine %s, dilation %u: times are the machine's own\n",
                     testbed->node, testbed->dilation);
    else
        (void)printf("# this machine\n");
    weft_size_format(store->shape.page_bytes, page);
    weft_size_format(store->shape.block_bytes, block);
    (void)printf("# %s at %.2f %% of its bytes: blocks of 512 tokens are %u pages of %s, %s\n",
                 options->model->name, options->scale_millionths / 1e4, store->shape.page_count,
                 page, block);
}

void weft_kv_report_head(const struct weft_kv_store *store, const struct weft_kv_trace *trace,
                         const struct weft_kv_arrivals *arrivals,
                         const struct weft_kv_options *options)
{
    weft_kv_report_machine(store, options);
    (void)printf("# %zu requests, %zu blocks, over %u GPUs of %llu blocks and %u host memories of "
                 "%u\n",
                 trace->count, trace->block_count, store->gpu_count,
                 (unsigned long long)options->gpu_blocks, store->dram_count,
                 store->drams[0].slot_count);
    if (options->saturate)
        (void)printf("# as fast as they go, %u at once\n", options->concurrency);
    else
        (void)printf("# the trace's arrivals %.0f times as fast: PCIe %.0f %% busy with direct\n",
                     arrivals->speedup, options->load_millionths / 1e4);
    (void)fflush(stdout);
}

static void routes_table(const struct weft_kv_result *result)
{
    struct weft_kv_route_sum sums[WEFT_KV_ROUTE_SUMS_MAX];
    uint32_t count = weft_kv_route_sums(result->routes, true, sums);

    (void)printf("\n%-28s %12s %12s\n", "route", "restored GB", "offloaded GB");
    for (uint32_t i = 0; i < count; i++)
        (void)printf("%-28s %12.3f %12.3f\n", sums[i].name, (double)sums[i].bytes[0] / 1e9,
                     (double)sums[i].bytes[1] / 1e9);
}

void weft_kv_report_table(const struct weft_kv_result *results, uint32_t count)
{
    const void *both[2] = {&results[0], count > 1 ? &results[1] : NULL};
    const char *names[2] = {results[0].sched, results[1].sched};

    weft_kv_figures_print(figures, WEFT_ARRAY_COUNT(figures), both, names);
    for (uint32_t i = 0; i < count; i++) {
        const struct weft_kv_result *result = &results[i];

        (void)printf("%s: %zu requests restored %llu blocks, %llu were on the GPU, %llu computed, "
                     "%llu offloaded; %llu wrong bytes, %u errors\n",
                     result->sched, result->restore_count,
                     (unsigned long long)result->restore.blocks,
                     (unsigned long long)result->hit_blocks, (unsigned long long)result->new_blocks,
                     (unsigned long long)result->offload.blocks,
                     (unsigned long long)result->wrong_bytes, result->errors.count);
        if (result->errors.count > 0)
            (void)printf("  last error: %s\n", result->errors.sentence);
    }
    routes_table(&results[0]);
    (void)fflush(stdout);
}

static void result_json(const struct weft_kv_result *result, cJSON *object)
{
    cJSON *times = cJSON_CreateArray();

    (void)cJSON_AddStringToObject(object, "sched", result->sched);
    weft_kv_figures_json(figures, WEFT_ARRAY_COUNT(figures), result, object);
    (void)cJSON_AddNumberToObject(object, "restored_requests", (double)result->restore_count);
    (void)cJSON_AddNumberToObject(object, "restored_blocks", (double)result->restore.blocks);
    (void)cJSON_AddNumberToObject(object, "restored_bytes", (double)result->restore.bytes);
    (void)cJSON_AddNumberToObject(object, "offloaded_blocks", (double)result->offload.blocks);
    (void)cJSON_AddNumberToObject(object, "offloaded_bytes", (double)result->offload.bytes);
    (void)cJSON_AddNumberToObject(object, "gpu_hit_blocks", (double)result->hit_blocks);
    (void)cJSON_AddNumberToObject(object, "computed_blocks", (double)result->new_blocks);
    (void)cJSON_AddNumberToObject(object, "wrong_bytes", (double)result->wrong_bytes);
    (void)cJSON_AddNumberToObject(object, "errors", result->errors.count);
    if (result->errors.count > 0)
        (void)cJSON_AddStringToObject(object, "error", result->errors.sentence);
    for (size_t i = 0; i < result->restore_count; i++)
        (void)cJSON_AddItemToArray(times, cJSON_CreateNumber((double)result->restore_ns[i] / 1e3));
    (void)cJSON_AddItemToObject(object, "restore_us", times);
    (void)cJSON_AddItemToObject(object, "routes", cJSON_Duplicate(result->routes, true));
}

cJSON *weft_kv_report_json_head(const struct weft_kv_store *store,
                                const struct weft_kv_trace *trace,
                                const struct weft_kv_options *options)
{
    cJSON *tree = cJSON_CreateObject();
    cJSON *emulated;

    (void)cJSON_AddStringToObject(tree, "program", "weft-kv");
    (void)cJSON_AddStringToObject(tree, "version", WEFT_VERSION_TEXT);
    if (store->testbed->emulated) {
        emulated = cJSON_AddObjectToObject(tree, "emulated");
        (void)cJSON_AddStringToObject(emulated, "node", store->testbed->node);
        (void)cJSON_AddNumberToObject(emulated, "dilation", store->testbed->dilation);
    } else {
        (void)cJSON_AddNullToObject(tree, "emulated");
    }
    (void)cJSON_AddStringToObject(tree, "model", options->model->name);
    weft_json_add_rounded(tree, "scale", options->scale_millionths / 1e6, 6);
    (void)cJSON_AddNumberToObject(tree, "page_bytes", store->shape.page_bytes);
    (void)cJSON_AddNumberToObject(tree, "page_count", store->shape.page_count);
    (void)cJSON_AddNumberToObject(tree, "block_bytes", (double)store->shape.block_bytes);
    (void)cJSON_AddNumberToObject(tree, "requests", (double)trace->count);
    (void)cJSON_AddNumberToObject(tree, "gpus", store->gpu_count);
    (void)cJSON_AddBoolToObject(tree, "saturate", options->saturate);
    return tree;
}

cJSON *weft_kv_report_json(const struct weft_kv_store *store, const struct weft_kv_trace *trace,
                           const struct weft_kv_arrivals *arrivals,
                           const struct weft_kv_options *options,
                           const struct weft_kv_result *results, uint32_t count)
{
    const void *both[2] = {&results[0], count > 1 ? &results[1] : NULL};
    cJSON *tree = weft_kv_report_json_head(store, trace, options);

    if (!options->saturate) {
        weft_json_add_rounded(tree, "load", options->load_millionths / 1e6, 4);
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

void weft_kv_report_picture(const struct weft_kv_result *results, uint32_t count,
                            struct weft_kv_picture *picture)
{
    *picture = (struct weft_kv_picture){
        .title = "KV-cache restores, and which routes carried the bytes",
        .time_label = "restore time of a request, the machine's own time",
        .curve_count = count,
        .ways = {"restored", "offloaded"},
    };
    for (uint32_t i = 0; i < count; i++)
        picture->curves[i] = (struct weft_kv_curve){results[i].sched, results[i].restore_ns,
                                                    results[i].restore_count};
    picture->sum_count = weft_kv_route_sums(results[0].routes, true, picture->sums);
}
