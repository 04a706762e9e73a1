/* The command line of weft-topo: one table of options. */
#include "options.h"

#include <stdio.h>
#include <string.h>

#include "common/args.h"
#include "core/preset.h"

#define PROGRAM "weft-topo"

enum option_key { KEY_NODE = 256, KEY_LINKS, KEY_PLAN, KEY_SIZE, KEY_SVG, KEY_XML, KEY_JSON };

/* The C library looks for this name, so it must not be hidden as the others are. */
__attribute__((visibility("default"))) const char *argp_program_version =
    PROGRAM " " WEFT_VERSION_TEXT;

static const char about[] =
    "Shows a GPU server as Weft sees it: devices, links with their rates, what was assumed, and "
    "how a transfer would go.\v"
    "Presets: hgx-h100, hgx-h20, dgx-a100, nvl72-tray. Without --node it looks at this machine. "
    "The settings WEFT_ROUTES, WEFT_SCHED and the others count for --plan.\n\n"
    "Exit status: 0 shown, 1 a file cannot be written or read, 2 usage.\n\n"
    "  weft-topo\n"
    "  weft-topo --node hgx-h100 --links\n"
    "  weft-topo --node hgx-h100 --plan gpu0:dram0 --size 1G --svg plan.svg\n"
    "  weft-topo --node /var/run/nvidia-topologyd/virtualTopology.xml\n"
    "  weft-topo --node dgx-a100 --xml dgx-a100.xml --json -\n";

static const struct argp_option rows[] = {
    {"node", KEY_NODE, "NAME", 0, "a preset, or a topology file as NCCL writes it", 0},
    {"links", KEY_LINKS, NULL, 0, "list the links", 0},
    {"plan", KEY_PLAN, "FROM:TO", 0, "plan a transfer between two devices, as gpu0:dram0", 0},
    {"size", KEY_SIZE, "SIZE", 0, "its bytes: 4096, 64M, 1G (256M)", 0},
    {"svg", KEY_SVG, "FILE", 0, "draw the machine, with the plan's routes if there is one", 0},
    {"xml", KEY_XML, "FILE", 0, "write the topology as NCCL reads it", 0},
    {"json", KEY_JSON, "FILE", 0, "write topology and plan as JSON (-: standard output)", 0},
    {0},
};

/* "gpu0:dram0" in two. */
static bool pair_take(const char *text, struct weft_topo_options *options)
{
    const char *colon = strchr(text, ':');
    size_t size = colon == NULL ? 0 : (size_t)(colon - text);

    if (size == 0 || size >= sizeof(options->plan_src))
        return false;
    if (colon[1] == '\0' || strlen(colon + 1) >= sizeof(options->plan_dst))
        return false;
    memcpy(options->plan_src, text, size);
    options->plan_src[size] = '\0';
    memcpy(options->plan_dst, colon + 1, strlen(colon + 1) + 1);
    options->plan = true;
    return true;
}

static error_t option_take(int key, char *argument, struct argp_state *state)
{
    struct weft_topo_options *options = state->input;
    char why[WEFT_WHY_BYTES];

    switch (key) {
    case KEY_NODE:
        options->node = argument;
        break;
    case KEY_LINKS:
        options->links = true;
        break;
    case KEY_PLAN:
        if (pair_take(argument, options))
            break;
        (void)snprintf(why, sizeof(why),
                       "--plan takes two devices with a colon between them, as gpu0:dram0, not "
                       "'%.64s'",
                       argument);
        weft_args_fail(PROGRAM, why);
    case KEY_SIZE:
        if (!weft_size_parse(argument, &options->size_bytes, why))
            weft_args_fail(PROGRAM, why);
        options->size_given = true;
        break;
    case KEY_SVG:
        options->svg_path = argument;
        break;
    case KEY_XML:
        options->xml_path = argument;
        break;
    case KEY_JSON:
        options->json_path = argument;
        break;
    case ARGP_KEY_ARG:
        (void)snprintf(why, sizeof(why),
                       "'%.64s' is no option; a machine is named by --node, see --help", argument);
        weft_args_fail(PROGRAM, why);
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

void weft_topo_options_read(struct weft_topo_options *options, int argc, char *argv[])
{
    static const struct argp argp = {.options = rows, .parser = option_take, .doc = about};
    char why[WEFT_WHY_BYTES * 4];

    memset(options, 0, sizeof(*options));
    options->size_bytes = WEFT_MIB(256);
    argp_err_exit_status = WEFT_EXIT_USAGE;
    if (!weft_args_check(argc, argv, rows, why))
        weft_args_fail(PROGRAM, why);
    (void)argp_parse(&argp, argc, argv, 0, NULL, options);
    if (!options->plan && options->size_given)
        weft_args_fail(PROGRAM, "--size is that of --plan, which is missing");
}
