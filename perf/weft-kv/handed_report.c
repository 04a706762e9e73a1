/* The report of handoffs. Times are the prefill server's own, rates decimal. */
#include "handed_report.h"

#include <stdio.h>

#include "report.h"

static double busy_rate(const void *of)
{
    const struct weft_kv_handed *result = of;

    return weft_rate_gb_per_s(result->flow.bytes, result->flow.busy_ns);
}

static double whole_rate(const void *of)
{
    const struct weft_kv_handed *result = of;

    return weft_rate_gb_per_s(result->flow.bytes, result->base.total_ns);
}

static const struct weft_kv_figure figures[] = {
    {"handoff p50, us", "handoff_p50_us", 1, weft_kv_findings_p50_us},
    {"handoff p90, us", "handoff_p90_us", 1, weft_kv_findings_p90_us},
    {"handoff p99, us", "handoff_p99_us", 1, weft_kv_findings_p99_us},
    {"handoff while busy, GB/s", "handoff_gb_per_s", 2, busy_rate},
    {"handoff over the run, GB/s", "gb_per_s", 2, whole_rate},
    {"the run, ms", "total_ms", 2, weft_kv_findings_total_ms},
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

static void counts_print(const struct weft_kv_findings *findings)
{
    const struct weft_kv_handed *result = (const struct weft_kv_handed *)(const void *)findings;

    (void)printf("%zu requests handed over with %llu blocks, %llu filled, %llu still on the GPU; "
                 "%llu wrong bytes, %llu wrong checksums",
                 findings->count, (unsigned long long)result->flow.blocks,
                 (unsigned long long)findings->new_blocks, (unsigned long long)findings->hit_blocks,
                 (unsigned long long)findings->wrong_bytes,
                 (unsigned long long)result->wrong_checksums);
}

static void counts_add(const struct weft_kv_findings *findings, cJSON *object)
{
    const struct weft_kv_handed *result = (const struct weft_kv_handed *)(const void *)findings;

    (void)cJSON_AddNumberToObject(object, "handed_requests", (double)findings->count);
    (void)cJSON_AddNumberToObject(object, "handed_blocks", (double)result->flow.blocks);
    (void)cJSON_AddNumberToObject(object, "handed_bytes", (double)result->flow.bytes);
    (void)cJSON_AddNumberToObject(object, "puts", (double)result->flow.transfers);
    (void)cJSON_AddNumberToObject(object, "wrong_checksums", (double)result->wrong_checksums);
}

static const struct weft_kv_findings_kind kind = {
    .figures = figures,
    .figure_count = WEFT_ARRAY_COUNT(figures),
    .times_name = "handoff_us",
    .counts_print = counts_print,
    .counts_add = counts_add,
};

static void routes_table(const struct weft_kv_handed *result)
{
    struct weft_kv_route_sum sums[WEFT_KV_ROUTE_SUMS_MAX];
    uint32_t count = weft_kv_route_sums(result->base.routes, kind.has_two_ways, sums);

    (void)printf("\n%-40s %12s\n", "route", "GB");
    for (uint32_t i = 0; i < count; i++)
        (void)printf("%-40s %12.3f\n", sums[i].name, (double)sums[i].bytes[0] / 1e9);
}

void weft_kv_handed_table(const struct weft_kv_handed *results, uint32_t count)
{
    const struct weft_kv_findings *both[2] = {&results[0].base,
                                              count > 1 ? &results[1].base : NULL};

    weft_kv_findings_print(&kind, both);
    routes_table(&results[0]);
    (void)fflush(stdout);
}

cJSON *weft_kv_handed_json(const struct weft_kv_server *server, const struct weft_kv_trace *trace,
                           const struct weft_kv_arrivals *arrivals,
                           const struct weft_kv_handed *results, uint32_t count)
{
    const struct weft_kv_findings *both[2] = {&results[0].base,
                                              count > 1 ? &results[1].base : NULL};
    cJSON *tree = weft_kv_report_json_head(&server->store, trace, arrivals, server->options);

    (void)cJSON_AddStringToObject(tree, "clock", "the prefill server's");
    (void)cJSON_AddNumberToObject(tree, "puts_per_request", server->part_count);
    weft_kv_findings_json(&kind, both, tree);
    return tree;
}

void weft_kv_handed_picture(const struct weft_kv_handed *results, uint32_t count,
                            struct weft_kv_picture *picture)
{
    const struct weft_kv_findings *both[2] = {&results[0].base,
                                              count > 1 ? &results[1].base : NULL};

    *picture = (struct weft_kv_picture){
        .title = "KV-cache handoffs between two servers, and which routes carried the bytes",
        .time_label = "time of a request's handoff, the prefill server's own clock",
        .ways = {"handed over", NULL},
    };
    weft_kv_findings_picture(&kind, both, picture);
}
