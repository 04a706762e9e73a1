/* weft-siblings: what processes of one server are to each other.
 *
 * A put into another process's window beside the same put inside one process, and the owner of a
 * GPU's link beside another process that borrows it. On an emulated machine, which all processes
 * share. */
#include <stdio.h>
#include <stdlib.h>

#include "common/args.h"
#include "common/columns.h"
#include "common/json.h"
#include "scene.h"

#define PROGRAM          "weft-siblings"
#define DILATION_DEFAULT 500
#define REPEATS_DEFAULT  9
#define EXIT_WRONG       1

struct arguments {
    struct weft_scene_settings settings;
    const char *json;
};

static const char about[] =
    "Two processes of one emulated server. First, puts from gpu0 to gpu1: inside one process, and "
    "into the window of another process. Then, the owner of gpu1 puts to host memory over gpu1's "
    "own link: alone; while another process's puts from gpu0 may borrow that link; and the same "
    "with the setting loads=own, where neither knows what the other takes.\v"
    "Times are the machine's own, without the dilation; medians.\n\n"
    "Exit status: 0 measured and every byte right, 1 not, 2 usage.\n\n"
    "  weft-siblings\n"
    "  weft-siblings --node hgx-h20 --size 256M\n";

static const struct weft_args_option options[] = {
    {"node", 'n', "NAME", "emulated machine: a preset or a topology file (hgx-h100)",
     weft_args_text, offsetof(struct arguments, settings.node), 0, 0},
    {"dilation", 'd', "TIMES", "how much slower than real it runs (500)", weft_args_count,
     offsetof(struct arguments, settings.dilation), 1, WEFT_DILATION_MAX},
    {"size", 's', "SIZE", "bytes of a transfer (64M)", weft_args_size,
     offsetof(struct arguments, settings.size), 1, UINT64_MAX},
    {"repeat", 'r', "N", "measure N times, 1 to 100 (9), and give medians", weft_args_count,
     offsetof(struct arguments, settings.repeats), 1, WEFT_SCENE_REPEATS_MAX},
    {"json", 'j', "FILE", "write the figures to FILE (-: standard output)", weft_args_file,
     offsetof(struct arguments, json), 0, 0},
    {0},
};

struct row {
    const char *name; /* in the JSON */
    const char *text;
};

static const struct row rows[WEFT_SCENES] = {
    [WEFT_SCENE_INSIDE] = {"put_inside", "put gpu0 > gpu1, inside one process"},
    [WEFT_SCENE_SIBLING] = {"put_sibling", "put gpu0 > gpu1, another process's window"},
    [WEFT_SCENE_OWNER_ALONE] = {"owner_alone", "owner's put gpu1 > dram0, alone"},
    [WEFT_SCENE_OWNER_SHARED] = {"owner_shared", "the same, beside gpu0 > dram0"},
    [WEFT_SCENE_OWNER_APART] = {"owner_apart", "the same, loads not shared"},
};

/* What a row is compared with, and its own figure. */
static double figure(enum weft_scene_kind kind, const struct weft_scene_result *result)
{
    return kind >= WEFT_SCENE_OWNER_ALONE ? result->second_gb_per_s : result->first_gb_per_s;
}

/* The last one only where there is another one beside it. */
static const struct weft_column columns[] = {
    {"GB/s", "gb_per_s", 7, 1, 2},
    {"ratio", "ratio", 7, 3, 4},
    {"other GB/s", "other_gb_per_s", 11, 1, 2},
};

static void row_print(enum weft_scene_kind kind, const struct weft_scene_result *result,
                      double ratio, cJSON *object)
{
    double values[WEFT_ARRAY_COUNT(columns)] = {figure(kind, result), ratio,
                                                result->first_gb_per_s};
    uint32_t count = WEFT_ARRAY_COUNT(columns) - (kind <= WEFT_SCENE_OWNER_ALONE);

    printf("%-44s", rows[kind].text);
    weft_columns_row(columns, count, values, stdout,
                     cJSON_AddObjectToObject(object, rows[kind].name));
    printf("\n");
}

static bool scenes_run(const struct arguments *arguments, char why[WEFT_WHY_BYTES])
{
    const struct weft_scene_settings *settings = &arguments->settings;
    cJSON *object = cJSON_CreateObject();
    double beside = 0;
    bool good = true;

    (void)cJSON_AddStringToObject(object, "machine", settings->node);
    (void)cJSON_AddBoolToObject(object, "emulated", true);
    (void)cJSON_AddNumberToObject(object, "dilation", (double)settings->dilation);
    (void)cJSON_AddNumberToObject(object, "size_bytes", (double)settings->size);
    printf("# emulated %s, dilation %u, medians of %u, every byte checked\n", settings->node,
           (unsigned)settings->dilation, (unsigned)settings->repeats);
    printf("%-44s", "");
    weft_columns_titles(columns, WEFT_ARRAY_COUNT(columns), stdout);
    printf("\n");
    for (uint32_t i = 0; good && i < WEFT_SCENES; i++) {
        enum weft_scene_kind kind = (enum weft_scene_kind)i;
        struct weft_scene_result result;

        good = weft_scene_run(kind, settings, &result, why);
        if (!good)
            break;
        if (kind == WEFT_SCENE_INSIDE || kind == WEFT_SCENE_OWNER_ALONE)
            beside = figure(kind, &result);
        row_print(kind, &result, beside > 0 ? figure(kind, &result) / beside : 0, object);
    }
    if (good && arguments->json != NULL)
        good = weft_json_write(object, arguments->json, why);
    cJSON_Delete(object);
    return good;
}

int main(int argc, char *argv[])
{
    static const struct weft_args args = {.about = about, .options = options};
    struct arguments arguments = {.settings = {.node = "hgx-h100",
                                               .dilation = DILATION_DEFAULT,
                                               .size = WEFT_MIB(64),
                                               .repeats = REPEATS_DEFAULT}};
    char why[WEFT_ARGS_WHY_BYTES] = "";

    if (!weft_args_read(&args, argc, argv, &arguments, why))
        weft_args_fail(PROGRAM, why);
    weft_json_alone(arguments.json);
    if (scenes_run(&arguments, why))
        return EXIT_SUCCESS;
    (void)fprintf(stderr, "%s: %s\n", PROGRAM, why);
    return EXIT_WRONG;
}
