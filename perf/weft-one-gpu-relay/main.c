/* weft-one-gpu-relay: what a relay's second copy costs, seen on one GPU.
 *
 * For each size: device to host in one copy, and over staging slots on the same GPU. Figures are
 * medians in the machine's own time; every byte of every transfer is checked, outside of the time
 * that is measured. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/args.h"
#include "common/columns.h"
#include "common/json.h"
#include "common/stats.h"
#include "host/env.h"
#include "relay.h"

#define PROGRAM         "weft-one-gpu-relay"
#define REPEATS_DEFAULT 5
#define REPEATS_MOST    100
#define SIZE_MIN        WEFT_MIB(1)
#define SIZE_MAX_REAL   WEFT_GIB(1)
#define SIZE_MAX_EMU    WEFT_MIB(64)
#define SIZE_LIMIT      WEFT_GIB(64)
#define SIZE_FACTOR     4
#define EXIT_WRONG      1

struct arguments {
    const char *node;
    const char *json;
    uint64_t dilation; /* 0: the default */
    uint64_t size_min;
    uint64_t size_max; /* 0: by the machine */
    uint64_t repeats;
};

static const char about[] =
    "Copies from one GPU to host memory directly, and as a relay would: chunk by chunk into 4 "
    "staging slots of 4 MiB on the same GPU and from there to host memory.\v"
    "Times are in the machine's own time: on an emulated one the dilation is removed. The driver "
    "of a real machine is libcuda.so.1, or the file that WEFT_CUDA_DRIVER names.\n\n"
    "Exit status: 0 measured and every byte right, 1 wrong bytes or failed copies, 2 usage, or no "
    "GPU.\n\n"
    "  weft-one-gpu-relay\n"
    "  weft-one-gpu-relay --min 64M --max 1G --json relay.json\n"
    "  weft-one-gpu-relay --node hgx-h100 --max 16M\n";

static const struct weft_args_option options[] = {
    {"node", 'n', "NAME", "emulated machine: a preset or a topology file", weft_args_text,
     offsetof(struct arguments, node), 0, 0},
    {"dilation", 'd', "TIMES", "how much slower than real the emulated machine runs (100)",
     weft_args_count, offsetof(struct arguments, dilation), 1, WEFT_DILATION_MAX},
    {"min", 'b', "SIZE", "first size (1M); each is 4 times the one before", weft_args_size,
     offsetof(struct arguments, size_min), 1, SIZE_LIMIT},
    {"max", 'e', "SIZE", "last size (1G; 64M on an emulated machine)", weft_args_size,
     offsetof(struct arguments, size_max), 1, SIZE_LIMIT},
    {"repeat", 'r', "N", "measure N times, 1 to 100 (5), and give medians", weft_args_count,
     offsetof(struct arguments, repeats), 1, REPEATS_MOST},
    {"json", 'j', "FILE", "write the figures to FILE (-: standard output)", weft_args_file,
     offsetof(struct arguments, json), 0, 0},
    {0},
};

struct way {
    const char *name;
    bool (*move)(struct weft_relay_rig *rig, uint64_t size, weft_ns *time_ns,
                 char why[WEFT_WHY_BYTES]);
};

static const struct way ways[] = {{"direct", weft_relay_direct}, {"relay", weft_relay_staged}};

static const struct weft_column columns[] = {
    {"direct GB/s", "direct_gb_per_s", 11, 1, 2},
    {"relay GB/s", "relay_gb_per_s", 10, 1, 2},
    {"relay/direct", "ratio", 12, 3, 4},
};

/* The median time of one way, after one transfer that warms it; each transfer is checked. */
static bool way_measure(struct weft_relay_rig *rig, const struct way *way, uint64_t size,
                        uint64_t repeats, weft_ns *median_ns, char why[WEFT_WHY_BYTES])
{
    uint64_t samples[REPEATS_MOST + 1];

    for (uint64_t i = 0; i <= repeats; i++) {
        uint64_t wrong;

        weft_relay_rig_spoil(rig, size);
        if (!way->move(rig, size, &samples[i], why))
            return false;
        wrong = weft_relay_rig_wrong(rig, size, size);
        if (wrong == 0)
            continue;
        (void)snprintf(why, WEFT_WHY_BYTES,
                       "%s: %" PRIu64 " of %" PRIu64 " bytes in host memory are not those of the "
                       "GPU at %s: a defect of the transport or of the driver",
                       way->name, wrong, size, rig->gpu.bus);
        return false;
    }
    *median_ns = weft_stats_median(samples + 1, repeats);
    return true;
}

static bool size_measure(struct weft_relay_rig *rig, uint64_t size, uint64_t repeats,
                         cJSON *results, char why[WEFT_WHY_BYTES])
{
    double rates[WEFT_ARRAY_COUNT(columns)]; /* of the ways, and what the second is of the first */
    char text[WEFT_UNIT_BYTES];
    cJSON *row;

    if (!weft_relay_rig_fill(rig, size, size, why))
        return false;
    for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(ways); i++) {
        weft_ns time_ns;

        if (!way_measure(rig, &ways[i], size, repeats, &time_ns, why))
            return false;
        rates[i] = weft_rate_gb_per_s(size, time_ns);
    }
    rates[2] = rates[1] / rates[0];
    row = cJSON_CreateObject();
    (void)cJSON_AddNumberToObject(row, "size_bytes", (double)size);
    weft_size_format(size, text);
    printf("%8s", text);
    weft_columns_row(columns, WEFT_ARRAY_COUNT(columns), rates, stdout, row);
    printf("\n");
    (void)cJSON_AddItemToArray(results, row);
    return true;
}

static bool sizes_measure(struct weft_relay_rig *rig, const struct arguments *arguments,
                          char why[WEFT_WHY_BYTES])
{
    cJSON *object = cJSON_CreateObject();
    cJSON *results;
    bool good = true;

    (void)cJSON_AddStringToObject(object, "machine", rig->testbed->node);
    (void)cJSON_AddStringToObject(object, "gpu", rig->found.model);
    (void)cJSON_AddBoolToObject(object, "emulated", rig->testbed->emulated);
    (void)cJSON_AddNumberToObject(object, "repeats", (double)arguments->repeats);
    results = cJSON_AddArrayToObject(object, "results");
    printf("# %s%s, %s at %s, to dram0; medians of %" PRIu64 ", every byte checked\n",
           rig->testbed->emulated ? "emulated " : "", rig->testbed->node, rig->found.model,
           rig->gpu.bus, arguments->repeats);
    printf("%8s", "bytes");
    weft_columns_titles(columns, WEFT_ARRAY_COUNT(columns), stdout);
    printf("\n");
    for (uint64_t size = arguments->size_min; good && size <= arguments->size_max;
         size *= SIZE_FACTOR)
        good = size_measure(rig, size, arguments->repeats, results, why);
    if (good && arguments->json != NULL)
        good = weft_json_write(object, arguments->json, why);
    cJSON_Delete(object);
    return good;
}

static int run(struct arguments *arguments, char why[WEFT_WHY_BYTES])
{
    struct weft_testbed testbed;
    struct weft_relay_rig rig;
    struct weft_config config;
    int status = WEFT_EXIT_USAGE;

    if (arguments->size_max == 0)
        arguments->size_max =
            weft_max(arguments->size_min, arguments->node != NULL ? SIZE_MAX_EMU : SIZE_MAX_REAL);
    if (arguments->size_min > arguments->size_max) {
        (void)snprintf(why, WEFT_WHY_BYTES, "--min must be a size up to that of --max");
        return WEFT_EXIT_USAGE;
    }
    weft_config_init(&config);
    if (!weft_args_dilation_check(arguments->node, arguments->dilation, why) ||
        weft_env_read(&config, why) != weftSuccess ||
        !weft_testbed_open(&testbed, arguments->node, (unsigned)arguments->dilation, why))
        return WEFT_EXIT_USAGE;
    if (weft_relay_rig_open(&rig, &testbed, config.cuda_driver, arguments->size_max, why)) {
        status = sizes_measure(&rig, arguments, why) ? EXIT_SUCCESS : EXIT_WRONG;
        weft_relay_rig_close(&rig);
    }
    weft_testbed_close(&testbed);
    return status;
}

int main(int argc, char *argv[])
{
    static const struct weft_args args = {.about = about, .options = options};
    struct arguments arguments = {.size_min = SIZE_MIN, .repeats = REPEATS_DEFAULT};
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
