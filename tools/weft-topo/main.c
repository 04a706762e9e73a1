/* weft-topo: shows a machine and plans a transfer on it.
 *
 * Reads a preset, a topology file or this machine; prints and writes what was asked for; moves no
 * byte. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/interfaces.h"
#include "common/testbed.h"
#include "core/preset.h"
#include "host/discover.h"
#include "host/env.h"
#include "host/topo_xml.h"
#include "list.h"
#include "options.h"
#include "picture.h"
#include "plan.h"
#include "report.h"

#define PROGRAM     "weft-topo"
#define NAMES_BYTES 2048
#define WHY_BYTES   (WEFT_WHY_BYTES > WEFT_TOPO_WHY_BYTES ? WEFT_WHY_BYTES : WEFT_TOPO_WHY_BYTES)

/* All that the program holds; too large for a stack. */
static struct weft_topo topo;
static struct weft_topo_plan plan;
static struct weft_config config;
static struct weft_interfaces interfaces; /* of this machine, where it is shown */

_Noreturn static void fail(const char *why)
{
    (void)fprintf(stderr, "%s: %s\n", PROGRAM, why);
    exit(EXIT_FAILURE);
}

/* True when the text can only be meant as a file. */
static bool is_path(const char *node)
{
    size_t size = strlen(node);

    return strchr(node, '/') != NULL || (size > 4 && strcmp(node + size - 4, ".xml") == 0);
}

static void describe(const char *node, bool joins)
{
    char why[WEFT_TOPO_WHY_BYTES] = "";
    char text[2 * WEFT_TOPO_WHY_BYTES];
    char nodes[256];

    weft_testbed_nodes(nodes, sizeof(nodes));
    if (node == NULL) {
        if (weft_discover(&config, &topo, why) != weftSuccess)
            fail(why);
        weft_interfaces_find(&config, &interfaces);
        if (joins)
            weft_interfaces_join("/sys", &interfaces, &topo);
        if (weft_topo_nth(&topo, weftDeviceGpu, 0) == WEFT_NONE)
            (void)fprintf(stderr,
                          "%s: no GPU is found on this machine; --node shows another one: %s, or "
                          "a topology file\n",
                          PROGRAM, nodes);
        return;
    }
    if (weft_preset_fill(node, &topo))
        return;
    if (weft_topo_xml_read(node, &topo, why) == weftSuccess)
        return;
    if (is_path(node))
        weft_args_fail(PROGRAM, why);
    (void)snprintf(text, sizeof(text),
                   "there is no preset and no topology file '%.64s'; the presets are %s", node,
                   nodes);
    weft_args_fail(PROGRAM, text);
}

/* The index of a device that transfers can be planned for. */
static uint32_t device_of(const char *name)
{
    uint32_t device = weft_topo_find(&topo, name);
    char names[NAMES_BYTES];
    char why[NAMES_BYTES + 256];

    if (device != WEFT_NONE && weft_list_moves(&topo, device))
        return device;
    weft_list_names(&topo, names, sizeof(names));
    (void)snprintf(why, sizeof(why), "%s '%.32s'; --plan takes two of %s",
                   device == WEFT_NONE ? "there is no device" : "no transport of Weft reaches",
                   name, names);
    weft_args_fail(PROGRAM, why);
}

static void make_plan(const struct weft_topo_options *options)
{
    uint32_t src = device_of(options->plan_src);
    uint32_t dst = device_of(options->plan_dst);
    char why[WEFT_WHY_BYTES];

    if (src == dst)
        weft_args_fail(PROGRAM, "--plan takes two different devices");
    /* Only settings (WEFT_ROUTES ...) can make it fail on a machine that is whole. */
    if (!weft_topo_plan_make(&plan, &config, &topo, src, dst, options->size_bytes, why))
        weft_args_fail(PROGRAM, why);
}

static void print_head(void)
{
    static const struct {
        weftDeviceKind_t kind;
        const char *word;
    } counted[] = {
        {weftDeviceCpu, "CPU"},
        {weftDeviceGpu, "GPU"},
        {weftDeviceNic, "NIC"},
        {weftDeviceSsd, "SSD"},
    };
    const char *model = "";
    uint32_t gpu = weft_topo_nth(&topo, weftDeviceGpu, 0);

    if (gpu != WEFT_NONE)
        model = topo.devices[gpu].model;
    (void)printf("%s:", topo.name[0] == '\0' ? "this machine" : topo.name);
    for (size_t i = 0; i < WEFT_ARRAY_COUNT(counted); i++) {
        uint32_t count = 0;

        while (weft_topo_nth(&topo, counted[i].kind, count) != WEFT_NONE)
            count++;
        (void)printf("%s %u %s%s", i == 0 ? "" : ",", count, counted[i].word,
                     count == 1 ? "" : "s");
        if (counted[i].kind == weftDeviceGpu && model[0] != '\0')
            (void)printf(" (%s)", model);
    }
    (void)printf("\n\n");
}

static void write_files(const struct weft_topo_options *options)
{
    const struct weft_topo_plan *drawn = options->plan ? &plan : NULL;
    char why[WHY_BYTES];

    if (options->svg_path != NULL && !weft_picture_write(&topo, drawn, options->svg_path, why))
        fail(why);
    if (options->xml_path != NULL &&
        weft_topo_xml_write(options->xml_path, &topo, why) != weftSuccess)
        fail(why);
    if (options->json_path != NULL &&
        !weft_topo_report_write(&topo, drawn, options->json_path, why))
        fail(why);
}

int main(int argc, char *argv[])
{
    struct weft_topo_options options;
    char why[WEFT_ARGS_WHY_BYTES];

    if (!weft_topo_options_read(&options, argc, argv, why))
        weft_args_fail(PROGRAM, why);
    weft_config_init(&config);
    if (weft_env_read(&config, why) != weftSuccess)
        weft_args_fail(PROGRAM, why);
    /* A file says what hardware there is, not which interfaces there are now. */
    describe(options.node, options.xml_path == NULL);
    if (options.plan)
        make_plan(&options);
    /* JSON on standard output stands alone there. */
    if (options.json_path == NULL || strcmp(options.json_path, "-") != 0) {
        print_head();
        if (options.links)
            weft_list_links(&topo);
        else if (!options.plan)
            weft_list_matrix(&topo);
        if (options.plan)
            weft_topo_plan_print(&plan, &topo);
        else
            weft_interfaces_print(&interfaces, &topo);
        if (topo.note_count > 0)
            (void)printf("\n");
        weft_list_notes(&topo);
    }
    write_files(&options);
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
