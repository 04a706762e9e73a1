/* The notes of a topology that was read from a file: those in the file, then one for each kind of
 * assumption that filling it made. Everything stands in the counts of struct weft_fill. */
#include <stdarg.h>

#include "log.h"
#include "topo_xml_part.h"

/* Whole GB/s, rounded. */
static unsigned gbps(uint64_t rate_bytes_per_us)
{
    return (unsigned)((rate_bytes_per_us + 500) / 1000);
}

/* Notes a sentence, as printf, unless nothing is counted. */
__attribute__((format(printf, 3, 4))) static void note(struct weft_fill *fill, uint64_t count,
                                                       const char *format, ...)
{
    char text[sizeof(fill->topo->notes[0])];
    va_list arguments;

    if (count == 0)
        return;
    va_start(arguments, format);
    weft_format_list(text, sizeof(text), format, arguments);
    va_end(arguments);
    weft_topo_note(fill->topo, text);
}

static void note_machine(struct weft_fill *fill)
{
    const char *model = fill->topo->devices[0].model;
    uint32_t nodes = fill->slots->cpu_count;

    if (model[0] == '\0')
        model = "a CPU that is not in Weft's table";
    if (fill->memory_assumed != NULL)
        note(fill, 1, "host memory: %u GB/s per socket, assumed for %s",
             gbps(fill->memory_assumed->out_bytes_per_us), model);
    if (fill->sockets_assumed != NULL)
        note(fill, 1, "between sockets: %u GB/s per direction, assumed for %s",
             gbps(fill->sockets_assumed->out_bytes_per_us), model);
    if (fill->memory_assumed != NULL && nodes > 2)
        note(fill, nodes,
             "%u NUMA nodes are taken as two sockets that share their memory rate evenly, with a "
             "socket link between any two nodes",
             nodes);
}

static void note_gpus(struct weft_fill *fill)
{
    note(fill, fill->sm_assumed_count,
         "GPUs without a model (%u): taken as sm_%u, from the speed of their PCIe link",
         fill->sm_assumed_count, fill->sm_assumed);
    note(fill, fill->gpu_memory_assumed_count,
         "GPUs without a model (%u): %u GiB of memory assumed", fill->gpu_memory_assumed_count,
         (unsigned)fill->memory_gib_assumed);
    note(fill, fill->nvlink_assumed,
         "no NVLink in the file: an NVSwitch with %u GB/s per GPU is assumed",
         gbps(fill->nvlink_assumed));
    if (fill->nvswitch_count > 1)
        note(fill, fill->nvswitch_count, "NVSwitches (%u): taken as one", fill->nvswitch_count);
    note(fill, fill->c2c_count,
         "GPUs that reach their CPU over C2C (%u): their PCIe link is left out", fill->c2c_count);
}

static void note_pcie(struct weft_fill *fill)
{
    note(fill, fill->slots->merged_count, "bridges inside of PCIe switches (%u): taken as ports",
         fill->slots->merged_count);
    note(fill, fill->raised_count,
         "switches that report %u.%u GT/s above devices at %u.%u (%u): that is a port inside, the "
         "faster is taken",
         fill->raised_from / 10, fill->raised_from % 10, fill->raised_to / 10, fill->raised_to % 10,
         fill->raised_count);
    note(fill, fill->slower_count,
         "switches with an uplink slower than a device below (%u): kept as the file says",
         fill->slower_count);
    note(fill, fill->speed_assumed_count, "PCIe links without a known speed (%u): 8.0 GT/s assumed",
         fill->speed_assumed_count);
}

static void note_leaves(struct weft_fill *fill)
{
    note(fill, fill->net_assumed_count,
         "NICs without a speed (%u): %u Gb/s assumed, what their PCIe link is made for",
         fill->net_assumed_count, (unsigned)(fill->net_assumed_mbps / 1000));
    note(fill, fill->ports_joined_count,
         "NICs with several ports (%u): one device each, with the sum of their speeds",
         fill->ports_joined_count);
    note(fill, fill->disk_assumed_count,
         "SSDs (%u): the rates of their PCIe generation are assumed", fill->disk_assumed_count);
}

void weft_fill_notes(struct weft_fill *fill)
{
    const struct weft_xml_tree *tree = fill->slots->tree;
    uint32_t node = weft_xml_child(tree, 0, "weft_note");

    for (; node != WEFT_NONE; node = weft_xml_next(tree, tree->nodes[node].next, "weft_note"))
        if (weft_xml_value(tree, node, "text") != NULL)
            weft_topo_note(fill->topo, weft_xml_value(tree, node, "text"));
    /* The notes of a file that Weft wrote are all in it. */
    if (fill->slots->complete)
        return;
    note_machine(fill);
    note_gpus(fill);
    note_pcie(fill);
    note_leaves(fill);
}
