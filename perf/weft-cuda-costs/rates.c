/* Rate by size: one copy at a time, from its call until the stream is seen empty. */
#include <stdio.h>

#include "common/columns.h"
#include "common/stats.h"
#include "sections.h"

#define SIZE_MIN    WEFT_KIB(64)
#define SIZE_FACTOR 4

static const struct weft_column columns[WEFT_COSTS_DIRECTIONS] = {
    [WEFT_COSTS_D2H] = {"device to host", "d2h_gb_per_s", 16, 1, 2},
    [WEFT_COSTS_H2D] = {"host to device", "h2d_gb_per_s", 16, 1, 2},
    [WEFT_COSTS_D2D] = {"device to device", "d2d_gb_per_s", 16, 1, 2},
};

/* The median time of a copy, after one that warms up. */
static weft_ns time_one(struct weft_costs_gpu *gpu, enum weft_costs_direction direction,
                        uint64_t size)
{
    uint64_t samples[WEFT_COSTS_REPEATS_MOST + 1];

    for (uint64_t i = 0; i <= gpu->repeats; i++) {
        weft_ns begun_at = weft_costs_now(gpu);

        weft_costs_copy(gpu, direction, size, 0);
        weft_costs_wait(gpu, 0);
        samples[i] = weft_costs_now(gpu) - begun_at;
    }
    return weft_stats_median(samples + 1, gpu->repeats);
}

/* The same with both directions of the link busy: until the later one has ended. */
static weft_ns time_both(struct weft_costs_gpu *gpu, uint64_t size)
{
    uint64_t samples[WEFT_COSTS_REPEATS_MOST + 1];

    for (uint64_t i = 0; i <= gpu->repeats; i++) {
        weft_ns begun_at = weft_costs_now(gpu);

        weft_costs_copy(gpu, WEFT_COSTS_D2H, size, 0);
        weft_costs_copy(gpu, WEFT_COSTS_H2D, size, 1);
        weft_costs_wait(gpu, 0);
        weft_costs_wait(gpu, 1);
        samples[i] = weft_costs_now(gpu) - begun_at;
    }
    return weft_stats_median(samples + 1, gpu->repeats);
}

static void size_measure(struct weft_costs_gpu *gpu, uint64_t size, cJSON *rows)
{
    cJSON *row = cJSON_CreateObject();
    double rates[WEFT_COSTS_DIRECTIONS];
    char text[WEFT_UNIT_BYTES];

    for (uint32_t i = 0; i < WEFT_COSTS_DIRECTIONS; i++)
        rates[i] = weft_rate_gb_per_s(size, time_one(gpu, i, size));
    weft_size_format(size, text);
    printf("%8s", text);
    (void)cJSON_AddNumberToObject(row, "size_bytes", (double)size);
    weft_columns_row(columns, WEFT_COSTS_DIRECTIONS, rates, stdout, row);
    printf("\n");
    (void)cJSON_AddItemToArray(rows, row);
}

bool weft_costs_rates(struct weft_costs_gpu *gpu, cJSON *object, char why[WEFT_WHY_BYTES])
{
    cJSON *rows = cJSON_AddArrayToObject(object, "rates");
    char text[WEFT_UNIT_BYTES];
    double both;

    printf("\nRate by size, one copy at a time, GB/s\n%8s", "bytes");
    weft_columns_titles(columns, WEFT_COSTS_DIRECTIONS, stdout);
    printf("\n");
    for (uint64_t size = SIZE_MIN; size <= gpu->size_max; size *= SIZE_FACTOR) {
        size_measure(gpu, size, rows);
        if (!weft_costs_good(gpu, why))
            return false;
    }
    both = weft_rate_gb_per_s(gpu->size_max, time_both(gpu, gpu->size_max));
    weft_size_format(gpu->size_max, text);
    printf("Both directions between host and device at once, %s each: %.1f GB/s per direction\n",
           text, both);
    weft_json_add_rounded(object, "both_gb_per_s", both, 2);
    return weft_costs_good(gpu, why);
}
