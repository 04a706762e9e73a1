/* Scattered pages: one cuMemcpyBatchAsync beside a loop of cuMemcpyAsync.
 *
 * Page i goes to the place of page i * STEP modulo the count: the count is a power of two and STEP
 * is odd, so every place is written once. */
#include <stdio.h>
#include <stdlib.h>

#include "common/columns.h"
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

/* Of a list: CPU time of the calls and time until all ended, in us per page, and GB/s. */
#define TIMES 3

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

/* 0: a call failed. */
static void time_list(struct weft_costs_gpu *gpu, struct list *list,
                      void (*issue)(struct weft_costs_gpu *gpu, struct list *list),
                      double times[TIMES])
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
        return;
    total_ns = weft_stats_median(totals + 1, gpu->repeats);
    times[0] = (double)weft_stats_median(submits + 1, gpu->repeats) / 1e3 / (double)list->count;
    times[1] = (double)total_ns / 1e3 / (double)list->count;
    times[2] = weft_rate_gb_per_s(list->sizes[0] * list->count, total_ns);
}

static const struct weft_column batch_columns[TIMES] = {
    {"batch submit", "batch_submit_us_per_page", 12, 2, 3},
    {"batch total", "batch_total_us_per_page", 11, 2, 3},
    {"batch GB/s", "batch_gb_per_s", 10, 1, 2},
};

static const struct weft_column loop_columns[TIMES] = {
    {"loop submit", "loop_submit_us_per_page", 11, 2, 3},
    {"loop total", "loop_total_us_per_page", 10, 2, 3},
    {"loop GB/s", "loop_gb_per_s", 9, 1, 2},
};

static void list_measure(struct weft_costs_gpu *gpu, struct list *list,
                         enum weft_costs_direction direction, bool has_batch, cJSON *rows)
{
    cJSON *row = cJSON_CreateObject();
    double batch[TIMES] = {0};
    double loop[TIMES] = {0};
    char text[WEFT_UNIT_BYTES];

    time_list(gpu, list, loop_issue, loop);
    if (has_batch)
        time_list(gpu, list, batch_issue, batch);
    weft_size_format(list->sizes[0], text);
    printf("%-9s  %5s  %5u", weft_costs_direction_name(direction), text, list->count);
    (void)cJSON_AddStringToObject(row, "direction", weft_costs_direction_name(direction));
    (void)cJSON_AddNumberToObject(row, "page_bytes", (double)list->sizes[0]);
    (void)cJSON_AddNumberToObject(row, "count", list->count);
    weft_columns_row(batch_columns, TIMES, batch, stdout, row);
    weft_columns_row(loop_columns, TIMES, loop, stdout, row);
    printf("\n");
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
    printf("%-9s  %5s  %5s", "direction", "page", "pages");
    weft_columns_titles(batch_columns, TIMES, stdout);
    weft_columns_titles(loop_columns, TIMES, stdout);
    printf("\n");
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
