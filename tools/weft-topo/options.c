/* The command line of weft-topo: one table of options. */
#include "options.h"

#include <stdio.h>
#include <string.h>

#define SIZE_BYTES     WEFT_MIB(256)
#define SIZE_BYTES_MAX WEFT_GIB(1024)

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

/* "gpu0:dram0" in two. */
static bool pair_take(const struct weft_args_option *option, const char *text, void *values,
                      char why[WEFT_WHY_BYTES])
{
    struct weft_topo_options *options = values;
    const char *colon = strchr(text, ':');
    size_t size = colon == NULL ? 0 : (size_t)(colon - text);

    (void)option;
    if (size == 0 || size >= sizeof(options->plan_src) || colon[1] == '\0' ||
        strlen(colon + 1) >= sizeof(options->plan_dst)) {
        (void)snprintf(why, WEFT_WHY_BYTES,
                       "--plan takes two devices with a colon between them, as gpu0:dram0, not "
                       "'%.64s'",
                       text);
        return false;
    }
    memcpy(options->plan_src, text, size);
    options->plan_src[size] = '\0';
    memcpy(options->plan_dst, colon + 1, strlen(colon + 1) + 1);
    options->plan = true;
    return true;
}

#define AT(member) offsetof(struct weft_topo_options, member)

static const struct weft_args_option rows[] = {
    {"node", 0, "NAME", "a preset, or a topology file as NCCL writes it", weft_args_text, AT(node),
     0, 0},
    {"links", 0, NULL, "list the links", weft_args_flag, AT(links), 0, 0},
    {"plan", 0, "FROM:TO", "plan a transfer between two devices, as gpu0:dram0", pair_take, 0, 0,
     0},
    {"size", 0, "SIZE", "its bytes: 4096, 64M, 1G (256M)", weft_args_size, AT(size_bytes), 1,
     SIZE_BYTES_MAX},
    {"svg", 0, "FILE", "draw the machine, with the plan's routes if there is one", weft_args_file,
     AT(svg_path), 0, 0},
    {"xml", 0, "FILE", "write the topology as NCCL reads it", weft_args_file, AT(xml_path), 0, 0},
    {"json", 0, "FILE", "write topology and plan as JSON (-: standard output)", weft_args_file,
     AT(json_path), 0, 0},
    {0},
};

bool weft_topo_options_read(struct weft_topo_options *options, int argc, char *argv[],
                            char why[WEFT_ARGS_WHY_BYTES])
{
    static const struct weft_args args = {.about = about, .options = rows};

    *options = (struct weft_topo_options){0};
    if (!weft_args_read(&args, argc, argv, options, why))
        return false;
    if (!options->plan && options->size_bytes > 0) {
        (void)snprintf(why, WEFT_ARGS_WHY_BYTES, "--size is that of --plan, which is missing");
        return false;
    }
    if (options->size_bytes == 0)
        options->size_bytes = SIZE_BYTES;
    return true;
}
