/* What a run found, and how it is told; see findings.h. */
#include "findings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/stats.h"

void weft_kv_findings_fini(struct weft_kv_findings *findings)
{
    free(findings->times_ns);
    cJSON_Delete(findings->routes);
    memset(findings, 0, sizeof(*findings));
}

static double time_us(const void *of, unsigned permille)
{
    const struct weft_kv_findings *findings = of;

    return (double)weft_stats_rank(findings->times_ns, findings->count, permille) / 1e3;
}

double weft_kv_findings_p50_us(const void *of)
{
    return time_us(of, 500);
}

double weft_kv_findings_p90_us(const void *of)
{
    return time_us(of, 900);
}

double weft_kv_findings_p99_us(const void *of)
{
    return time_us(of, 990);
}

double weft_kv_findings_total_ms(const void *of)
{
    const struct weft_kv_findings *findings = of;

    return (double)findings->total_ns / 1e6;
}

void weft_kv_findings_print(const struct weft_kv_findings_kind *kind,
                            const struct weft_kv_findings *const both[2])
{
    const void *results[2] = {both[0], both[1]};
    const char *names[2] = {both[0]->sched, both[1] != NULL ? both[1]->sched : NULL};

    weft_kv_figures_print(kind->figures, kind->figure_count, results, names);
    for (uint32_t i = 0; i < 2 && both[i] != NULL; i++) {
        (void)printf("%s: ", both[i]->sched);
        kind->counts_print(both[i]);
        (void)printf(", %u errors\n", both[i]->errors.count);
        if (both[i]->errors.count > 0)
            (void)printf("  last error: %s\n", both[i]->errors.sentence);
    }
}

static void one_json(const struct weft_kv_findings_kind *kind,
                     const struct weft_kv_findings *findings, cJSON *object)
{
    cJSON *times = NULL;

    (void)cJSON_AddStringToObject(object, "sched", findings->sched);
    weft_kv_figures_json(kind->figures, kind->figure_count, findings, object);
    kind->counts_add(findings, object);
    (void)cJSON_AddNumberToObject(object, "gpu_hit_blocks", (double)findings->hit_blocks);
    (void)cJSON_AddNumberToObject(object, "computed_blocks", (double)findings->new_blocks);
    (void)cJSON_AddNumberToObject(object, "wrong_bytes", (double)findings->wrong_bytes);
    (void)cJSON_AddNumberToObject(object, "errors", findings->errors.count);
    if (findings->errors.count > 0)
        (void)cJSON_AddStringToObject(object, "error", findings->errors.sentence);
    times = cJSON_AddArrayToObject(object, kind->times_name);
    for (size_t i = 0; i < findings->count; i++)
        (void)cJSON_AddItemToArray(times, cJSON_CreateNumber((double)findings->times_ns[i] / 1e3));
    (void)cJSON_AddItemToObject(object, "routes", cJSON_Duplicate(findings->routes, true));
}

void weft_kv_findings_json(const struct weft_kv_findings_kind *kind,
                           const struct weft_kv_findings *const both[2], cJSON *tree)
{
    const void *results[2] = {both[0], both[1]};

    one_json(kind, both[0], tree);
    if (both[1] == NULL)
        return;
    one_json(kind, both[1], cJSON_AddObjectToObject(tree, "beside"));
    weft_kv_figures_ratios(kind->figures, kind->figure_count, results,
                           cJSON_AddObjectToObject(tree, "ratio_to_direct"));
}

void weft_kv_findings_picture(const struct weft_kv_findings_kind *kind,
                              const struct weft_kv_findings *const both[2],
                              struct weft_kv_picture *picture)
{
    picture->curve_count = 0;
    for (uint32_t i = 0; i < 2 && both[i] != NULL; i++)
        picture->curves[picture->curve_count++] =
            (struct weft_kv_curve){both[i]->sched, both[i]->times_ns, both[i]->count};
    picture->sum_count = weft_kv_route_sums(both[0]->routes, kind->has_two_ways, picture->sums);
}
