/* CPU time of single calls. A sample is the mean over CALLS of them in a row, because reading the
 * clock costs as much as a call; the figure is the median over samples. */
#include <stdio.h>

#include "common/columns.h"
#include "common/stats.h"
#include "sections.h"

#define CALLS            16
#define TRIPS            8 /* round trips of a sample */
#define TRIP_BYTES       64
#define TRIP_DEADLINE_NS UINT64_C(10000000000) /* of the machine's own time */

/* A call and what its streams must be like before. */
struct measure {
    const char *name; /* in the tree: <name>_us */
    const char *call;
    const char *words; /* behind the call's name in the table */
    void (*prepare)(struct weft_costs_gpu *gpu);
    weft_cuda_result (*make)(struct weft_costs_gpu *gpu);
};

static void prepare_recorded(struct weft_costs_gpu *gpu)
{
    (void)weft_costs_try(gpu, "cuEventRecord",
                         gpu->driver->event_record(gpu->event, gpu->streams[0]));
}

static void prepare_ready(struct weft_costs_gpu *gpu)
{
    prepare_recorded(gpu);
    weft_costs_wait(gpu, 0);
}

/* The event lies behind a copy that takes longer than all calls of a sample. */
static void prepare_pending(struct weft_costs_gpu *gpu)
{
    weft_costs_copy(gpu, WEFT_COSTS_D2H, WEFT_COSTS_CALLS_BYTES, 0);
    prepare_recorded(gpu);
}

static weft_cuda_result make_record(struct weft_costs_gpu *gpu)
{
    return gpu->driver->event_record(gpu->event, gpu->streams[0]);
}

static weft_cuda_result make_query(struct weft_costs_gpu *gpu)
{
    return gpu->driver->event_query(gpu->event);
}

static weft_cuda_result make_wait(struct weft_costs_gpu *gpu)
{
    return gpu->driver->stream_wait_event(gpu->streams[1], gpu->event,
                                          WEFT_CUDA_EVENT_WAIT_DEFAULT);
}

static weft_cuda_result make_write(struct weft_costs_gpu *gpu)
{
    return gpu->driver->stream_write_value(gpu->streams[0], gpu->device_memory, 1,
                                           WEFT_CUDA_STREAM_WRITE_DEFAULT);
}

static const struct measure measures[] = {
    {"event_record", "cuEventRecord", "", prepare_recorded, make_record},
    {"event_query_ready", "cuEventQuery", ", ready", prepare_ready, make_query},
    {"event_query_not_ready", "cuEventQuery", ", not ready", prepare_pending, make_query},
    {"stream_wait_event", "cuStreamWaitEvent", "", prepare_pending, make_wait},
    {"stream_write_value", "cuStreamWriteValue64", "", prepare_recorded, make_write},
};

static const uint64_t copy_sizes[] = {64, WEFT_KIB(4), WEFT_KIB(64), WEFT_MIB(1), WEFT_MIB(4)};

static const struct weft_column columns[WEFT_COSTS_DIRECTIONS] = {
    [WEFT_COSTS_D2H] = {"device to host", "d2h_us", 16, 2, 3},
    [WEFT_COSTS_H2D] = {"host to device", "h2d_us", 16, 2, 3},
    [WEFT_COSTS_D2D] = {"device to device", "d2d_us", 16, 2, 3},
};

static double median_us(uint64_t *samples, const struct weft_costs_gpu *gpu, uint32_t count)
{
    return (double)weft_stats_median(samples + 1, gpu->repeats) / 1e3 / count;
}

static double time_copy(struct weft_costs_gpu *gpu, enum weft_costs_direction direction,
                        uint64_t size)
{
    uint64_t samples[WEFT_COSTS_REPEATS_MOST + 1];

    for (uint64_t i = 0; i <= gpu->repeats; i++) {
        weft_ns begun = weft_costs_cpu_now(gpu);

        for (uint32_t k = 0; k < CALLS; k++)
            weft_costs_copy(gpu, direction, size, 0);
        samples[i] = weft_costs_cpu_now(gpu) - begun;
        weft_costs_wait(gpu, 0);
    }
    return median_us(samples, gpu, CALLS);
}

static double time_call(struct weft_costs_gpu *gpu, const struct measure *measure)
{
    uint64_t samples[WEFT_COSTS_REPEATS_MOST + 1];

    for (uint64_t i = 0; i <= gpu->repeats; i++) {
        weft_cuda_result error = WEFT_CUDA_SUCCESS;
        weft_ns begun;

        measure->prepare(gpu);
        begun = weft_costs_cpu_now(gpu);
        for (uint32_t k = 0; k < CALLS; k++) {
            weft_cuda_result result = measure->make(gpu);

            if (result != WEFT_CUDA_SUCCESS && result != WEFT_CUDA_NOT_READY)
                error = result;
        }
        samples[i] = weft_costs_cpu_now(gpu) - begun;
        (void)weft_costs_try(gpu, measure->call, error);
        weft_costs_wait(gpu, 0);
        weft_costs_wait(gpu, 1);
    }
    return median_us(samples, gpu, CALLS);
}

/* From the call of a small copy until an event behind it is seen. */
static double time_trip(struct weft_costs_gpu *gpu)
{
    uint64_t samples[WEFT_COSTS_REPEATS_MOST + 1];

    for (uint64_t i = 0; i <= gpu->repeats; i++) {
        weft_ns begun_at = weft_costs_now(gpu);

        for (uint32_t k = 0; k < TRIPS && gpu->error == WEFT_CUDA_SUCCESS; k++) {
            weft_cuda_result error;

            weft_costs_copy(gpu, WEFT_COSTS_D2H, TRIP_BYTES, 0);
            prepare_recorded(gpu);
            do
                error = gpu->driver->event_query(gpu->event);
            while (error == WEFT_CUDA_NOT_READY &&
                   weft_costs_now(gpu) - begun_at < TRIP_DEADLINE_NS);
            (void)weft_costs_try(gpu, "cuEventQuery", error);
        }
        samples[i] = weft_costs_now(gpu) - begun_at;
    }
    return median_us(samples, gpu, TRIPS);
}

static void copies_measure(struct weft_costs_gpu *gpu, cJSON *rows)
{
    printf("\nCPU time of cuMemcpyAsync, us\n%8s", "bytes");
    weft_columns_titles(columns, WEFT_COSTS_DIRECTIONS, stdout);
    printf("\n");
    for (uint32_t k = 0; k < WEFT_ARRAY_COUNT(copy_sizes); k++) {
        cJSON *row = cJSON_CreateObject();
        double us[WEFT_COSTS_DIRECTIONS];
        char text[WEFT_UNIT_BYTES];

        for (uint32_t i = 0; i < WEFT_COSTS_DIRECTIONS; i++)
            us[i] = time_copy(gpu, i, copy_sizes[k]);
        weft_size_format(copy_sizes[k], text);
        printf("%8s", text);
        (void)cJSON_AddNumberToObject(row, "size_bytes", (double)copy_sizes[k]);
        weft_columns_row(columns, WEFT_COSTS_DIRECTIONS, us, stdout, row);
        printf("\n");
        (void)cJSON_AddItemToArray(rows, row);
    }
}

static void call_measure(struct weft_costs_gpu *gpu, const struct measure *measure, cJSON *object)
{
    char title[64];
    char name[64];
    double us;

    (void)snprintf(title, sizeof(title), "%s%s", measure->call, measure->words);
    measure->prepare(gpu);
    if (gpu->error == WEFT_CUDA_SUCCESS && measure->make(gpu) == WEFT_CUDA_NOT_SUPPORTED) {
        printf("%-40s  not in this driver\n", title);
        weft_costs_wait(gpu, 0);
        return;
    }
    weft_costs_wait(gpu, 0);
    weft_costs_wait(gpu, 1);
    us = time_call(gpu, measure);
    (void)snprintf(name, sizeof(name), "%s_us", measure->name);
    printf("%-40s  %6.2f\n", title, us);
    weft_json_add_rounded(object, name, us, 3);
}

bool weft_costs_calls(struct weft_costs_gpu *gpu, cJSON *object, char why[WEFT_WHY_BYTES])
{
    double trip_us;

    weft_assert(gpu->half_bytes >= WEFT_COSTS_CALLS_BYTES);
    copies_measure(gpu, cJSON_AddArrayToObject(object, "copy_calls"));
    if (!weft_costs_good(gpu, why))
        return false;
    printf("\nCPU time of other calls, us\n");
    for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(measures) && gpu->error == WEFT_CUDA_SUCCESS; i++)
        call_measure(gpu, &measures[i], object);
    trip_us = time_trip(gpu);
    printf("%d B device to host, from the call until an event query sees it: %.1f us\n", TRIP_BYTES,
           trip_us);
    weft_json_add_rounded(object, "round_trip_us", trip_us, 2);
    return weft_costs_good(gpu, why);
}
