/* perf/weft-kv/findings: how both jobs' results are laid out. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>

#include "../../perf/weft-kv/findings.h"
#include "common/json.h"

static void counts_print(const struct weft_kv_findings *findings)
{
    (void)findings;
}

static void counts_add(const struct weft_kv_findings *findings, cJSON *object)
{
    (void)cJSON_AddNumberToObject(object, "moved_requests", (double)findings->count);
}

static const struct weft_kv_figure figures[] = {
    {"p50, us", "p50_us", 1, weft_kv_findings_p50_us},
    {"p90, us", "p90_us", 1, weft_kv_findings_p90_us},
    {"p99, us", "p99_us", 1, weft_kv_findings_p99_us},
    {"the run, ms", "total_ms", 2, weft_kv_findings_total_ms},
};

static const struct weft_kv_findings_kind kind = {
    .figures = figures,
    .figure_count = WEFT_ARRAY_COUNT(figures),
    .times_name = "times_us",
    .counts_print = counts_print,
    .counts_add = counts_add,
};

/* Ten requests of 1 to 10 times `unit_ns`. */
static void findings_make(struct weft_kv_findings *findings, const char *sched, uint64_t unit_ns)
{
    *findings = (struct weft_kv_findings){
        .sched = sched,
        .times_ns = calloc(10, sizeof(uint64_t)),
        .count = 10,
        .total_ns = 5000 * unit_ns,
        .hit_blocks = 3,
        .new_blocks = 4,
        .routes = cJSON_CreateArray(),
    };
    for (uint32_t i = 0; i < 10; i++)
        findings->times_ns[i] = (i + 1) * unit_ns;
}

Test(findings, json__measured_beside_and_ratio)
{
    struct weft_kv_findings own;
    struct weft_kv_findings other;
    const struct weft_kv_findings *both[2] = {&own, &other};
    cJSON *tree = cJSON_CreateObject();
    const cJSON *beside;
    const cJSON *ratio;

    findings_make(&own, "pull", 1000);
    findings_make(&other, "direct", 4000);
    own.errors.count = 1;
    (void)snprintf(own.errors.sentence, sizeof(own.errors.sentence), "it was cut");
    weft_kv_findings_json(&kind, both, tree);
    cr_expect_str_eq(weft_json_text(tree, "sched", ""), "pull");
    cr_expect_float_eq(weft_json_number(tree, "p50_us", 0), 5, 1e-9);
    cr_expect_float_eq(weft_json_number(tree, "p90_us", 0), 9, 1e-9);
    cr_expect_float_eq(weft_json_number(tree, "p99_us", 0), 10, 1e-9);
    cr_expect_float_eq(weft_json_number(tree, "total_ms", 0), 5, 1e-9);
    cr_expect_float_eq(weft_json_number(tree, "moved_requests", 0), 10, 1e-9);
    cr_expect_float_eq(weft_json_number(tree, "gpu_hit_blocks", 0), 3, 1e-9);
    cr_expect_float_eq(weft_json_number(tree, "computed_blocks", 0), 4, 1e-9);
    cr_expect_float_eq(weft_json_number(tree, "errors", 0), 1, 1e-9);
    cr_expect_str_eq(weft_json_text(tree, "error", ""), "it was cut");
    cr_expect_eq(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(tree, "times_us")), 10);
    beside = cJSON_GetObjectItemCaseSensitive(tree, "beside");
    cr_expect_str_eq(weft_json_text(beside, "sched", ""), "direct");
    cr_expect_float_eq(weft_json_number(beside, "p50_us", 0), 20, 1e-9);
    cr_expect_null(cJSON_GetObjectItemCaseSensitive(beside, "error"));
    ratio = cJSON_GetObjectItemCaseSensitive(tree, "ratio_to_direct");
    cr_expect_float_eq(weft_json_number(ratio, "p50_us", 0), 0.25, 1e-9);
    cJSON_Delete(tree);
    weft_kv_findings_fini(&own);
    weft_kv_findings_fini(&other);
}

Test(findings, json__alone)
{
    struct weft_kv_findings own;
    const struct weft_kv_findings *both[2] = {&own, NULL};
    cJSON *tree = cJSON_CreateObject();

    findings_make(&own, "direct", 1000);
    weft_kv_findings_json(&kind, both, tree);
    cr_expect_null(cJSON_GetObjectItemCaseSensitive(tree, "beside"));
    cr_expect_null(cJSON_GetObjectItemCaseSensitive(tree, "ratio_to_direct"));
    cJSON_Delete(tree);
    weft_kv_findings_fini(&own);
}
