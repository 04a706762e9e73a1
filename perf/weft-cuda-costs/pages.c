/* Scattered pages: one cuMemcpyBatchAsync beside a loop of cuMemcpyAsync.
 *
 * Page i goes to the place of page i * STEP modulo the count: the count is a power of two and STEP
 * is odd, so every place is written once. */
#include <stdio.h>
#include <stdlib.h>

#include "common/stats.h"
#include "sections.h"

#define STEP 7919

static const uint64_t page_sizes[] = {WEFT_KIB(4), WEFT_KIB(8), WEFT_KIB(16), WEFT_KIB(32),
                                      WEFT_KIB(64)};
static const uint32_t counts[] = {64, 512, WEFT_COSTS_PAGES_MAX};

struct list {
    uint32_t count;
    weft_cuda_ptr dsts[WEFT_COSTS_PAGES_MAX];
    weft_cuda_ptr srcs[WEFT_COSTS_PAGES_MAX];
    size_t sizes[WEFT_COSTS_PAGES_MAX];
};

struct times {
    double submit_us; /* CPU time of the calls, per page */
    double total_us;  /* until all have ended, per page */
    double rate_gb_per_s;
};

static void list_fill(const struct weft_costs_gpu *gpu, enum weft_costs_direction direction,
                      uint64_t page_bytes, uint32_t count, struct list *list)
{
    list->count = count;
    for (uint32_t i = 0; i < count; i++) {
        list->srcs[i] = weft_costs_src(gpu, direction) + i * page_bytes;
        list->dsts[i] = weft_costs_dst(gpu, direction) + i * STEP % count * page_bytes;
        list->sizes[i] = page_bytes;
    }
}

/* One form of the call or the other: drivers have either. */
static weft_cuda_result batch_call(struct weft_costs_gpu *gpu, struct list *list)
{
    struct weft_cuda_copy_attributes attributes = {.order = WEFT_CUDA_ACCESS_ORDER_STREAM};
    size_t first = 0;
    size_t failed = 0;
    weft_cuda_result error = gpu->driver->copy_batch_v2(
        list->dsts, list->srcs, list->sizes, list->count, &attributes, &first, 1, gpu->streams[0]);

    if (error != WEFT_CUDA_NOT_SUPPORTED)
        return error;
    return gpu->driver->copy_batch(list->dsts, list->srcs, list->sizes, list->count, &attributes,
                                   &first, 1, &failed, gpu->streams[0]);
}

static void batch_issue(struct weft_costs_gpu *gpu, struct list *list)
{
    (void)weft_costs_try(gpu, "cuMemcpyBatchAsync", batch_call(gpu, list));
}

static void loop_issue(struct weft_costs_gpu *gpu, struct list *list)
{
    for (uint32_t i = 0; i < list->count; i++)
        if (!weft_costs_try(
                gpu, "cuMemcpyAsync",
                gpu->driver->copy(list->dsts[i], list->srcs[i], list->sizes[i], gpu->streams[0])))
            return;
}

static struct times time_list(struct weft_costs_gpu *gpu, struct list *list,
                              void (*issue)(struct weft_costs_gpu *gpu, struct list *list))
{
    uint64_t submits[WEFT_COSTS_REPEATS_MOST + 1];
    uint64_t totals[WEFT_COSTS_REPEATS_MOST + 1];
    weft_ns total_ns;

    for (uint64_t i = 0; i <= gpu->repeats && gpu->error == WEFT_CUDA_SUCCESS; i++) {
        weft_ns begun_at = weft_costs_now(gpu);
        weft_ns cpu_begun = weft_costs_cpu_now(gpu);

        issue(gpu, list);
        submits[i] = weft_costs_cpu_now(gpu) - cpu_begun;
        weft_costs_wait(gpu, 0);
        totals[i] = weft_costs_now(gpu) - begun_at;
    }
    if (gpu->error != WEFT_CUDA_SUCCESS)
        return (struct times){0};
    total_ns = weft_stats_median(totals + 1, gpu->repeats);
    return (struct times){.submit_us = (double)weft_stats_median(submits + 1, gpu->repeats) / 1e3 /
                                       (double)list->count,
                          .total_us = (double)total_ns / 1e3 / (double)list->count,
                          .rate_gb_per_s =
                              weft_rate_gb_per_s(list->sizes[0] * list->count, total_ns)};
}

static void times_add(cJSON *row, const char *way, const struct times *times)
{
    char name[64];

    (void)snprintf(name, sizeof(name), "%s_submit_us_per_page", way);
    weft_json_add_rounded(row, name, times->submit_us, 3);
    (void)snprintf(name, sizeof(name), "%s_total_us_per_page", way);
    weft_json_add_rounded(row, name, times->total_us, 3);
    (void)snprintf(name, sizeof(name), "%s_gb_per_s", way);
    weft_json_add_rounded(row, name, times->rate_gb_per_s, 2);
}

static void list_measure(struct weft_costs_gpu *gpu, struct list *list,
                         enum weft_costs_direction direction, bool has_batch, cJSON *rows)
{
    struct times loop = time_list(gpu, list, loop_issue);
    cJSON *row = cJSON_CreateObject();
    char text[WEFT_UNIT_BYTES];

    weft_size_format(list->sizes[0], text);
    printf("%-9s  %5s  %5u", weft_costs_direction_name(direction), text, list->count);
    (void)cJSON_AddStringToObject(row, "direction", weft_costs_direction_name(direction));
    (void)cJSON_AddNumberToObject(row, "page_bytes", (double)list->sizes[0]);
    (void)cJSON_AddNumberToObject(row, "count", list->count);
    if (has_batch) {
        struct times batch = time_list(gpu, list, batch_issue);

        printf("  %12.2f  %11.2f  %10.1f", batch.submit_us, batch.total_us, batch.rate_gb_per_s);
        times_add(row, "batch", &batch);
    } else {
        printf("  %12s  %11s  %10s", "-", "-", "-");
    }
    printf("  %11.2f  %10.2f  %9.1f\n", loop.submit_us, loop.total_us, loop.rate_gb_per_s);
    times_add(row, "loop", &loop);
    (void)cJSON_AddItemToArray(rows, row);
}

/* Whether the driver has batches at all: said by one of one page. */
static bool batch_probe(struct weft_costs_gpu *gpu, struct list *list)
{
    weft_cuda_result error;

    list_fill(gpu, WEFT_COSTS_D2H, page_sizes[0], 1, list);
    error = batch_call(gpu, list);
    if (error == WEFT_CUDA_NOT_SUPPORTED)
        return false;
    (void)weft_costs_try(gpu, "cuMemcpyBatchAsync", error);
    weft_costs_wait(gpu, 0);
    return true;
}

bool weft_costs_pages(struct weft_costs_gpu *gpu, cJSON *object, char why[WEFT_WHY_BYTES])
{
    struct list *list = calloc(1, sizeof(*list));
    cJSON *rows = cJSON_AddArrayToObject(object, "pages");
    bool has_batch;

    weft_assert(gpu->half_bytes >= WEFT_COSTS_PAGES_MAX * WEFT_COSTS_PAGE_BYTES_MAX);
    if (list == NULL) {
        (void)snprintf(why, WEFT_WHY_BYTES, "no memory for the list of pages");
        return false;
    }
    has_batch = batch_probe(gpu, list);
    printf("\nScattered pages: one cuMemcpyBatchAsync%s beside a loop; us per page\n",
           has_batch ? "" : " (which this driver has not)");
    printf("%-9s  %5s  %5s  %12s  %11s  %10s  %11s  %10s  %9s\n", "direction", "page", "pages",
           "batch submit", "batch total", "batch GB/s", "loop submit", "loop total", "loop GB/s");
    for (uint32_t direction = WEFT_COSTS_D2H; direction <= WEFT_COSTS_H2D; direction++)
        for (uint32_t page = 0; page < WEFT_ARRAY_COUNT(page_sizes); page++)
            for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(counts); i++) {
                list_fill(gpu, direction, page_sizes[page], counts[i], list);
                if (gpu->error == WEFT_CUDA_SUCCESS)
                    list_measure(gpu, list, direction, has_batch, rows);
            }
    free(list);
    return weft_costs_good(gpu, why);
}
