/* The report of weft-kv. Times are the machine's own, rates decimal. */
#include "report.h"

#include <stdio.h>
#include <string.h>

#include "common/json.h"
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

static double issuing_percent(const void *of)
{
    const struct weft_kv_result *result = of;

    return 100.0 * (double)result->base.submit_ns / (double)weft_max(result->base.total_ns, 1);
}

static double whole_rate(const void *of)
{
    return weft_kv_result_throughput(of);
}

static const struct weft_kv_figure figures[] = {
    {"restore p50, us", "restore_p50_us", 1, weft_kv_findings_p50_us},
    {"restore p90, us", "restore_p90_us", 1, weft_kv_findings_p90_us},
    {"restore p99, us", "restore_p99_us", 1, weft_kv_findings_p99_us},
    {"restore while busy, GB/s", "restore_gb_per_s", 2, restore_rate},
    {"offload while busy, GB/s", "offload_gb_per_s", 2, offload_rate},
    {"both over the run, GB/s", "gb_per_s", 2, whole_rate},
    {"the run, ms", "total_ms", 2, weft_kv_findings_total_ms},
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

static void counts_print(const struct weft_kv_findings *findings)
{
    const struct weft_kv_result *result = (const struct weft_kv_result *)(const void *)findings;

    (void)printf("%zu requests restored %llu blocks, %llu were on the GPU, %llu computed, %llu "
                 "offloaded; %llu wrong bytes",
                 findings->count, (unsigned long long)result->restore.blocks,
                 (unsigned long long)findings->hit_blocks, (unsigned long long)findings->new_blocks,
                 (unsigned long long)result->offload.blocks,
                 (unsigned long long)findings->wrong_bytes);
}

static void counts_add(const struct weft_kv_findings *findings, cJSON *object)
{
    const struct weft_kv_result *result = (const struct weft_kv_result *)(const void *)findings;

    (void)cJSON_AddNumberToObject(object, "restored_requests", (double)findings->count);
    (void)cJSON_AddNumberToObject(object, "restored_blocks", (double)result->restore.blocks);
    (void)cJSON_AddNumberToObject(object, "restored_bytes", (double)result->restore.bytes);
    (void)cJSON_AddNumberToObject(object, "offloaded_blocks", (double)result->offload.blocks);
    (void)cJSON_AddNumberToObject(object, "offloaded_bytes", (double)result->offload.bytes);
}

static const struct weft_kv_findings_kind kind = {
    .figures = figures,
    .figure_count = WEFT_ARRAY_COUNT(figures),
    .times_name = "restore_us",
    .has_two_ways = true,
    .counts_print = counts_print,
    .counts_add = counts_add,
};

static void routes_table(const struct weft_kv_result *result)
{
    struct weft_kv_route_sum sums[WEFT_KV_ROUTE_SUMS_MAX];
    uint32_t count = weft_kv_route_sums(result->base.routes, kind.has_two_ways, sums);

    (void)printf("\n%-28s %12s %12s\n", "route", "restored GB", "offloaded GB");
    for (uint32_t i = 0; i < count; i++)
        (void)printf("%-28s %12.3f %12.3f\n", sums[i].name, (double)sums[i].bytes[0] / 1e9,
                     (double)sums[i].bytes[1] / 1e9);
}

void weft_kv_report_table(const struct weft_kv_result *results, uint32_t count)
{
    const struct weft_kv_findings *both[2] = {&results[0].base,
                                              count > 1 ? &results[1].base : NULL};

    weft_kv_findings_print(&kind, both);
    routes_table(&results[0]);
    (void)fflush(stdout);
}

cJSON *weft_kv_report_json_head(const struct weft_kv_store *store,
                                const struct weft_kv_trace *trace,
                                const struct weft_kv_arrivals *arrivals,
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
    if (!options->saturate) {
        weft_json_add_rounded(tree, "load", options->load_millionths / 1e6, 4);
        weft_json_add_rounded(tree, "speedup", arrivals->speedup, 2);
    }
    return tree;
}

cJSON *weft_kv_report_json(const struct weft_kv_store *store, const struct weft_kv_trace *trace,
                           const struct weft_kv_arrivals *arrivals,
                           const struct weft_kv_options *options,
                           const struct weft_kv_result *results, uint32_t count)
{
    const struct weft_kv_findings *both[2] = {&results[0].base,
                                              count > 1 ? &results[1].base : NULL};
    cJSON *tree = weft_kv_report_json_head(store, trace, arrivals, options);

    weft_kv_findings_json(&kind, both, tree);
    return tree;
}

void weft_kv_report_picture(const struct weft_kv_result *results, uint32_t count,
                            struct weft_kv_picture *picture)
{
    const struct weft_kv_findings *both[2] = {&results[0].base,
                                              count > 1 ? &results[1].base : NULL};

    *picture = (struct weft_kv_picture){
        .title = "KV-cache restores, and which routes carried the bytes",
        .time_label = "restore time of a request, the machine's own time",
        .ways = {"restored", "offloaded"},
    };
    weft_kv_findings_picture(&kind, both, picture);
}
