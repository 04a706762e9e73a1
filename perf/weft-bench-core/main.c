/* weft-bench-core: the CPU time that the core itself needs, without transports and threads.
 *
 * Each figure is the median over repeats, in nanoseconds of this thread's CPU time per unit of
 * work; the goals stand in the table of measures. With --callgrind a fixed amount of work is done
 * once and nothing is timed, for counting instructions. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/args.h"
#include "common/json.h"
#include "common/stats.h"
#include "mp.h"
#include "rig.h"

#define PROGRAM         "weft-bench-core"
#define PRESET          "hgx-h100"
#define REPEATS_DEFAULT 7
#define REPEATS_LEAST   5
#define REPEATS_MOST    1000
#define CHUNK_TRANSFERS 8
#define CHUNK_BYTES     WEFT_GIB(1)
#define PAGES           81920
#define PAGE_BYTES      4096
#define SMALL_TRANSFERS 20000
#define SMALL_BYTES     64
#define PLANS           2000
#define PLANNED_GPUS    8

struct arguments {
    const char *json;
    uint64_t repeats;
    bool is_callgrind;
};

static const struct weft_args_option options[] = {
    {"json", 'j', "FILE", "write the figures to FILE (-: standard output)", weft_args_file,
     offsetof(struct arguments, json), 0, 0},
    {"repeat", 'r', "N", "measure N times, 5 to 1000 (default 7), and give medians",
     weft_args_count, offsetof(struct arguments, repeats), REPEATS_LEAST, REPEATS_MOST},
    {"callgrind", 'c', NULL,
     "do every measure's work once, untimed: valgrind --tool=callgrind weft-bench-core --callgrind "
     "counts instructions; the program prints how much work it was",
     weft_args_flag, offsetof(struct arguments, is_callgrind), 0, 0},
    {0},
};

static uint64_t cpu_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* ---- the measures: each does its work and returns how many units it was ---- */

static uint32_t gpu(const struct weft_rig *rig, uint32_t number)
{
    return weft_topo_nth(&rig->topo, weftDeviceGpu, number);
}

static uint32_t dram(const struct weft_rig *rig)
{
    return weft_topo_nth(&rig->topo, weftDeviceDram, 0);
}

/* 1 GiB from a GPU to host memory over all routes, one transfer after the other. */
static uint64_t work_chunks(struct weft_rig *rig)
{
    uint64_t before = weft_rig_count(rig, WEFT_TRACE_chunk_done);

    weft_rig_one_extent(rig, 0, CHUNK_BYTES);
    for (uint32_t i = 0; i < CHUNK_TRANSFERS; i++) {
        weft_rig_submit(rig, 0, gpu(rig, 0), dram(rig), 0, CHUNK_BYTES);
        weft_rig_run(rig, rig->ended + 1);
    }
    return weft_rig_count(rig, WEFT_TRACE_chunk_done) - before;
}

static uint64_t work_extents(struct weft_rig *rig)
{
    weft_rig_submit(rig, 0, dram(rig), gpu(rig, 0), 0, (uint64_t)PAGES * PAGE_BYTES);
    weft_rig_run(rig, rig->ended + 1);
    return PAGES;
}

static uint64_t work_small(struct weft_rig *rig)
{
    weft_rig_one_extent(rig, 0, SMALL_BYTES);
    for (uint32_t i = 0; i < SMALL_TRANSFERS; i++) {
        weft_rig_submit(rig, 0, gpu(rig, 0), dram(rig), 0, SMALL_BYTES);
        weft_rig_run(rig, rig->ended + 1);
    }
    return SMALL_TRANSFERS;
}

/* Plans for one pair, as weftExplain does. */
static uint64_t work_plans(struct weft_rig *rig)
{
    struct weft_route_report rows[1];
    weft_ns expected_ns;

    for (uint32_t i = 0; i < PLANS; i++)
        weft_assert(weft_engine_explain(rig->engine, gpu(rig, 0), dram(rig), CHUNK_BYTES, rows, 1,
                                        &expected_ns) == 1);
    return PLANS;
}

/* Eight GPUs at once: shared links, the owners first, plans with eight pairs. */
static uint64_t work_crowd(struct weft_rig *rig)
{
    uint64_t before = weft_rig_count(rig, WEFT_TRACE_chunk_done);

    weft_rig_one_extent(rig, 0, CHUNK_BYTES);
    for (uint32_t i = 0; i < PLANNED_GPUS; i++)
        weft_rig_submit(rig, i, gpu(rig, i), dram(rig), 0, CHUNK_BYTES);
    weft_rig_run(rig, rig->ended + PLANNED_GPUS);
    return weft_rig_count(rig, WEFT_TRACE_chunk_done) - before;
}

/* Both ends of a multipath session. */
static uint64_t work_packets(struct weft_rig *rig)
{
    (void)rig;
    return weft_bench_mp_packets();
}

static void prepare_pages(struct weft_rig *rig)
{
    weft_rig_pages(rig, PAGES, PAGE_BYTES);
}

static void prepare_nothing(struct weft_rig *rig)
{
    weft_assert(rig->engine != NULL);
}

struct measure {
    const char *name;
    const char *unit;
    uint64_t goal_ns; /* 0: none */
    void (*prepare)(struct weft_rig *rig);
    uint64_t (*work)(struct weft_rig *rig);
};

static const struct measure measures[] = {
    {"chunk", "chunk of 1 GiB transfers gpu0 > dram0", 1000, prepare_nothing, work_chunks},
    {"chunk_crowd", "chunk of 1 GiB transfers of 8 GPUs > dram0", 1000, prepare_nothing,
     work_crowd},
    {"extent", "extent of 81,920 of 4 KiB dram0 > gpu0", 150, prepare_pages, work_extents},
    {"small", "64 B transfer gpu0 > dram0", 0, prepare_nothing, work_small},
    {"plan", "plan of one pair", 50000, prepare_nothing, work_plans},
    {"mp_packet", "8 KiB packet, sent, placed and acked: both ends", 150, prepare_nothing,
     work_packets},
};

/* The median of CPU time per unit, in picoseconds. */
static uint64_t run(struct weft_rig *rig, const struct measure *measure, uint64_t repeats,
                    uint64_t *units)
{
    uint64_t samples[REPEATS_MOST];

    measure->prepare(rig);
    *units = measure->work(rig); /* warms caches and routes */
    for (uint64_t i = 0; i < repeats; i++) {
        uint64_t begun_ns = cpu_ns();
        uint64_t done = measure->work(rig);

        samples[i] = (cpu_ns() - begun_ns) * 1000 / done;
    }
    return weft_stats_median(samples, repeats);
}

static void report(const struct measure *measure, uint64_t picoseconds, uint64_t units,
                   cJSON *object)
{
    char name[64];
    double ns = (double)picoseconds / 1000;

    printf("%-12s %9.1f ns per %s (%" PRIu64 " of them", measure->name, ns, measure->unit, units);
    if (measure->goal_ns > 0)
        printf("; goal %" PRIu64 " ns: %s", measure->goal_ns,
               picoseconds <= measure->goal_ns * 1000 ? "met" : "missed");
    printf(")\n");
    (void)snprintf(name, sizeof(name), "%s_ns", measure->name);
    weft_json_add_rounded(object, name, ns, 1);
}

static int measure_all(struct weft_rig *rig, const struct arguments *arguments)
{
    cJSON *object = cJSON_CreateObject();
    char why[WEFT_WHY_BYTES];
    bool good = true;

    (void)cJSON_AddStringToObject(object, "machine", PRESET);
    (void)cJSON_AddNumberToObject(object, "repeats", (double)arguments->repeats);
    for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(measures); i++) {
        uint64_t units = 0;
        uint64_t picoseconds = run(rig, &measures[i], arguments->repeats, &units);

        report(&measures[i], picoseconds, units, object);
    }
    if (arguments->json != NULL)
        good = weft_json_write(object, arguments->json, why);
    if (!good)
        (void)fprintf(stderr, "%s: %s\n", PROGRAM, why);
    cJSON_Delete(object);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int work_once(struct weft_rig *rig)
{
    for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(measures); i++) {
        uint64_t units;

        measures[i].prepare(rig);
        units = measures[i].work(rig);
        printf("%s: %" PRIu64 " x %s\n", measures[i].name, units, measures[i].unit);
    }
    return EXIT_SUCCESS;
}

int main(int argc, char *argv[])
{
    static const struct weft_args args = {
        .options = options,
        .about = "Measures the CPU time of Weft's core: an engine in memory on an " PRESET
                 " whose copies end at once.",
    };
    struct arguments arguments = {.repeats = REPEATS_DEFAULT};
    char why[WEFT_ARGS_WHY_BYTES];
    struct weft_rig *rig;
    int status;

    if (!weft_args_read(&args, argc, argv, &arguments, why))
        weft_args_fail(PROGRAM, why);
    weft_json_alone(arguments.json);
    rig = weft_rig_open(PRESET);
    if (rig == NULL) {
        (void)fprintf(stderr, "%s: no memory for the engine of " PRESET "\n", PROGRAM);
        return EXIT_FAILURE;
    }
    status = arguments.is_callgrind ? work_once(rig) : measure_all(rig, &arguments);
    weft_rig_close(rig);
    return status;
}
