/* weft-cuda-costs: what calls of the CUDA driver cost, and what its copies reach, without Weft.
 *
 * The constants of plugins/cuda-emu/costs.h come from here. On an emulated machine it shows that
 * the model gives back what was put into it. Figures are medians. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/args.h"
#include "host/env.h"
#include "sections.h"

#define PROGRAM       "weft-cuda-costs"
#define REPEATS_REAL  9
#define REPEATS_EMU   3
#define SIZE_LEAST    WEFT_KIB(64)
#define SIZE_MOST     WEFT_GIB(64)
#define SIZE_MAX_REAL WEFT_GIB(1)
#define SIZE_MAX_EMU  WEFT_MIB(64)
#define PAGES_BYTES   (WEFT_COSTS_PAGES_MAX * WEFT_COSTS_PAGE_BYTES_MAX)

struct section {
    const char *name;
    uint64_t half_bytes; /* memory that it needs; 0: by --max */
    bool (*measure)(struct weft_costs_gpu *gpu, cJSON *object, char why[WEFT_WHY_BYTES]);
};

static const struct section sections[] = {
    {"calls", WEFT_COSTS_CALLS_BYTES, weft_costs_calls},
    {"rates", 0, weft_costs_rates},
    {"pages", PAGES_BYTES, weft_costs_pages},
};

struct arguments {
    const char *node;
    const char *driver;
    const char *json;
    uint64_t dilation; /* 0: the default, as the next two */
    uint64_t repeats;
    uint64_t size_max;
    bool chosen[WEFT_ARRAY_COUNT(sections)]; /* none: all */
};

static const char about[] =
    "Measures what calls of the CUDA driver cost and what its copies reach, on the first GPU.\v"
    "calls: CPU time of copies, events and stream writes, and the round trip of a small copy. "
    "rates: GB/s by size, and with both directions busy. pages: scattered pages in one "
    "cuMemcpyBatchAsync beside a loop. Without a word: all three.\n\n"
    "The driver is libcuda.so.1, or the file of --driver or of WEFT_CUDA_DRIVER. On an emulated "
    "machine times are divided by the dilation, and CPU time is what its model charges.\n\n"
    "Exit status: 0 measured, 1 the driver failed, 2 usage, or no driver.\n\n"
    "  weft-cuda-costs\n"
    "  weft-cuda-costs calls pages --json costs.json\n"
    "  weft-cuda-costs rates --max 256M --repeat 21\n"
    "  weft-cuda-costs calls --node hgx-h100\n";

static const struct weft_args_option options[] = {
    {"node", 'n', "NAME", "emulated machine: a preset or a topology file", weft_args_text,
     offsetof(struct arguments, node), 0, 0},
    {"dilation", 'd', "TIMES", "how much slower than real the emulated machine runs (100)",
     weft_args_count, offsetof(struct arguments, dilation), 1, WEFT_DILATION_MAX},
    {"driver", 'D', "FILE", "the CUDA driver to measure", weft_args_text,
     offsetof(struct arguments, driver), 0, 0},
    {"max", 'e', "SIZE", "last size of rates (1G; 64M on an emulated machine)", weft_args_size,
     offsetof(struct arguments, size_max), SIZE_LEAST, SIZE_MOST},
    {"repeat", 'r', "N", "measure N times, 1 to 101 (9; 3 on an emulated machine)", weft_args_count,
     offsetof(struct arguments, repeats), 1, WEFT_COSTS_REPEATS_MOST},
    {"json", 'j', "FILE", "write the figures to FILE (-: standard output)", weft_args_file,
     offsetof(struct arguments, json), 0, 0},
    {0},
};

static bool section_choose(const char *name, void *values, char why[WEFT_WHY_BYTES])
{
    struct arguments *arguments = values;
    const char *names[WEFT_ARRAY_COUNT(sections)];
    size_t index = 0;

    for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(sections); i++)
        names[i] = sections[i].name;
    if (!weft_word_parse(name, "section", names, WEFT_ARRAY_COUNT(sections), &index, why))
        return false;
    arguments->chosen[index] = true;
    return true;
}

/* What is not said depends on the machine. */
static void defaults_fill(struct arguments *arguments, struct weft_costs_gpu *gpu)
{
    bool all = true;

    for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(sections); i++)
        all = all && !arguments->chosen[i];
    for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(sections); i++)
        arguments->chosen[i] = all || arguments->chosen[i];
    if (arguments->repeats == 0)
        arguments->repeats = gpu->emulated ? REPEATS_EMU : REPEATS_REAL;
    if (arguments->size_max == 0)
        arguments->size_max = gpu->emulated ? SIZE_MAX_EMU : SIZE_MAX_REAL;
    gpu->repeats = arguments->repeats;
    gpu->size_max = arguments->size_max;
}

static bool sections_measure(struct weft_costs_gpu *gpu, const struct arguments *arguments,
                             cJSON *object, char why[WEFT_WHY_BYTES])
{
    uint64_t half_bytes = 0;
    bool good;

    for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(sections); i++)
        if (arguments->chosen[i])
            half_bytes = weft_max(half_bytes, sections[i].half_bytes != 0 ? sections[i].half_bytes
                                                                          : gpu->size_max);
    good = weft_costs_gpu_room(gpu, half_bytes, why);
    for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(sections) && good; i++)
        if (arguments->chosen[i])
            good = sections[i].measure(gpu, object, why);
    return good;
}

static bool measure(struct weft_costs_gpu *gpu, const struct arguments *arguments,
                    char why[WEFT_WHY_BYTES])
{
    const char *machine = arguments->node != NULL ? arguments->node : gpu->driver->path;
    cJSON *object = cJSON_CreateObject();
    bool good;

    printf("# %s%s: %s, driver %d.%d; medians of %" PRIu64 "\n", gpu->emulated ? "emulated " : "",
           machine, gpu->model, gpu->driver->version / 1000, gpu->driver->version % 1000 / 10,
           gpu->repeats);
    (void)cJSON_AddStringToObject(object, "machine", machine);
    (void)cJSON_AddStringToObject(object, "gpu", gpu->model);
    (void)cJSON_AddBoolToObject(object, "emulated", gpu->emulated);
    (void)cJSON_AddNumberToObject(object, "driver_version", gpu->driver->version);
    (void)cJSON_AddNumberToObject(object, "repeats", (double)gpu->repeats);
    good = sections_measure(gpu, arguments, object, why);
    if (good && arguments->json != NULL)
        good = weft_json_write(object, arguments->json, why);
    cJSON_Delete(object);
    return good;
}

static int run(struct arguments *arguments, char why[WEFT_WHY_BYTES])
{
    struct weft_config config;
    struct weft_costs_gpu gpu;
    bool good;

    if (arguments->node != NULL && arguments->driver != NULL) {
        (void)snprintf(why, WEFT_WHY_BYTES,
                       "--node brings its own driver: give --node NAME or --driver FILE, not both");
        return WEFT_EXIT_USAGE;
    }
    weft_config_init(&config);
    if (!weft_args_dilation_check(arguments->node, arguments->dilation, why) ||
        weft_env_read(&config, why) != weftSuccess ||
        !weft_costs_gpu_open(&gpu, arguments->node, (unsigned)arguments->dilation,
                             arguments->driver != NULL ? arguments->driver : config.cuda_driver,
                             why))
        return WEFT_EXIT_USAGE;
    defaults_fill(arguments, &gpu);
    good = measure(&gpu, arguments, why);
    weft_costs_gpu_close(&gpu);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char *argv[])
{
    static const struct weft_args args = {.about = about,
                                          .words = "[calls] [rates] [pages]",
                                          .options = options,
                                          .word_take = section_choose};
    struct arguments arguments = {0};
    char why[WEFT_ARGS_WHY_BYTES] = "";
    int status;

    if (!weft_args_read(&args, argc, argv, &arguments, why))
        weft_args_fail(PROGRAM, why);
    weft_json_alone(arguments.json);
    status = run(&arguments, why);
    if (status != EXIT_SUCCESS)
        (void)fprintf(stderr, "%s: %s\n", PROGRAM, why);
    return status;
}
