/* A topology as text. Relations are read off the links that a copy would cross. */
#include "list.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "common/table.h"
#include "common/units.h"
#include "host/topo_facts.h"

#define RELATION_BYTES 8

/* What the way between two devices passes. */
struct passage {
    uint32_t links;
    uint32_t switches;
    uint32_t cpus;
    bool crosses_sockets;
    bool c2c;
};

static struct passage passage_between(const struct weft_topo *topo, uint32_t from, uint32_t to)
{
    uint32_t links[WEFT_LINK_PATH_MAX];
    struct passage passage = {0};

    passage.links = weft_topo_links_between(topo, from, to, false, links);
    for (uint32_t i = 0; i < passage.links; i++) {
        const struct weft_link *link = &topo->links[links[i]];

        passage.crosses_sockets = passage.crosses_sockets || link->kind == WEFT_LINK_SYS;
        passage.c2c = passage.c2c || link->kind == WEFT_LINK_C2C;
        if (i + 1 == passage.links)
            continue;
        passage.switches += topo->devices[link->to].kind == weftDeviceSwitch;
        passage.cpus += topo->devices[link->to].kind == weftDeviceCpu;
    }
    return passage;
}

/* How two devices reach each other, as nvidia-smi says it: "NV18", "PIX", "SYS" ... */
static void relation_between(const struct weft_topo *topo, uint32_t from, uint32_t to,
                             char text[RELATION_BYTES])
{
    uint32_t links[WEFT_LINK_PATH_MAX];
    uint32_t count = weft_topo_links_between(topo, from, to, true, links);
    struct passage passage;
    const char *word = "-";

    if (count > 0 && topo->links[links[0]].kind == WEFT_LINK_NVL) {
        (void)snprintf(text, RELATION_BYTES, "NV%u",
                       weft_facts_nvlink_count(topo->devices[from].sm,
                                               topo->links[links[0]].rate_bytes_per_us));
        return;
    }
    passage = passage_between(topo, from, to);
    if (from == to)
        word = "X";
    else if (passage.crosses_sockets)
        word = "SYS";
    else if (passage.cpus > 0 && passage.c2c)
        word = "C2C";
    else if (passage.cpus > 0)
        word = passage.switches > 1 ? "NODE" : "PHB";
    else if (passage.switches > 0)
        word = passage.switches > 1 ? "PXB" : "PIX";
    (void)snprintf(text, RELATION_BYTES, "%s", word);
}

static const struct {
    const char *word;
    const char *meaning;
} legend[] = {
    {"X", "itself"},
    {"NV#", "# NVLinks, through an NVSwitch or directly"},
    {"PIX", "one PCIe switch"},
    {"PXB", "several PCIe switches, and no CPU"},
    {"C2C", "NVLink C2C and the CPU"},
    {"PHB", "the CPU that one of them hangs on"},
    {"NODE", "the CPU above their two switches"},
    {"SYS", "the link between two CPUs"},
};

static bool in_matrix(const struct weft_topo *topo, uint32_t device)
{
    return topo->devices[device].kind == weftDeviceGpu ||
           topo->devices[device].kind == weftDeviceNic;
}

/* The slowest link from the host memory of a device's own NUMA node to the device, and back. */
static void add_host_rates(const struct weft_topo *topo, uint32_t device, struct weft_table *table)
{
    uint32_t dram = weft_topo_dram_of(topo, topo->devices[device].numa_node);
    const uint32_t ends[2][2] = {{dram, device}, {device, dram}};

    for (uint32_t way = 0; way < 2; way++) {
        uint32_t links[WEFT_LINK_PATH_MAX];
        uint32_t count = weft_topo_links_between(topo, ends[way][0], ends[way][1], false, links);
        uint64_t rate = UINT64_MAX;

        for (uint32_t i = 0; i < count; i++)
            rate = weft_min(rate, topo->links[links[i]].rate_bytes_per_us);
        if (count == 0)
            weft_table_add(table, "-");
        else
            weft_table_add(table, "%.1f", (double)rate / 1000);
    }
}

static void add_matrix_row(const struct weft_topo *topo, uint32_t row, struct weft_table *table)
{
    const struct weft_device *device = &topo->devices[row];
    uint32_t dram = weft_topo_dram_of(topo, device->numa_node);

    weft_table_add(table, "%s", device->name);
    for (uint32_t i = 0; i < topo->device_count; i++) {
        char relation[RELATION_BYTES];

        if (!in_matrix(topo, i))
            continue;
        relation_between(topo, row, i, relation);
        weft_table_add(table, "%s", relation);
    }
    weft_table_add(table, "%s", dram == WEFT_NONE ? "-" : topo->devices[dram].name);
    add_host_rates(topo, row, table);
    weft_table_add(table, "%s", device->bus);
}

void weft_list_matrix(const struct weft_topo *topo)
{
    static const char *const heads[] = {"memory", "from it", "to it", "PCI address"};
    struct weft_table table;
    uint32_t count = 0;

    for (uint32_t i = 0; i < topo->device_count; i++)
        count += in_matrix(topo, i);
    if (count == 0) {
        (void)printf("No GPU and no NIC.\n");
        return;
    }
    weft_table_init(&table, count + 1 + (uint32_t)WEFT_ARRAY_COUNT(heads));
    weft_table_add(&table, "%s", "");
    for (uint32_t i = 0; i < topo->device_count; i++)
        if (in_matrix(topo, i))
            weft_table_add(&table, "%s", topo->devices[i].name);
    for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(heads); i++)
        weft_table_add(&table, "%s", heads[i]);
    table.right[count + 2] = true;
    table.right[count + 3] = true;
    for (uint32_t i = 0; i < topo->device_count; i++)
        if (in_matrix(topo, i))
            add_matrix_row(topo, i, &table);
    weft_table_print(&table, stdout, 0);
    weft_table_fini(&table);
    (void)printf("\nEach way between two devices passes at most:\n");
    for (size_t i = 0; i < WEFT_ARRAY_COUNT(legend); i++)
        (void)printf("  %-5s %s\n", legend[i].word, legend[i].meaning);
    (void)printf(
        "\"from it\" and \"to it\": GB/s between the device and the host memory of its own "
        "NUMA node.\n");
}

void weft_list_links(const struct weft_topo *topo)
{
    static const char *const heads[] = {"link", "kind",      "from",         "to",
                                        "GB/s", "back GB/s", "both at once", "latency"};
    struct weft_table table;

    weft_table_init(&table, WEFT_ARRAY_COUNT(heads));
    for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(heads); i++) {
        weft_table_add(&table, "%s", heads[i]);
        table.right[i] = i > 3;
    }
    for (uint32_t i = 0; i < topo->link_count; i++) {
        const struct weft_link *link = &topo->links[i];
        char name[80];
        char latency[WEFT_UNIT_BYTES];

        weft_topo_link_name(topo, i, name, sizeof(name));
        if (weft_topo_link_find(topo, name) != i)
            continue;
        weft_time_format(link->latency_ns, latency);
        weft_table_add(&table, "%s", name);
        weft_table_add(&table, "%s", weft_link_kind_name(link->kind));
        weft_table_add(&table, "%s", topo->devices[link->from].name);
        weft_table_add(&table, "%s", topo->devices[link->to].name);
        weft_table_add(&table, "%.1f", (double)link->rate_bytes_per_us / 1000);
        weft_table_add(&table, "%.1f", (double)topo->links[link->reverse].rate_bytes_per_us / 1000);
        if (link->duplex_bytes_per_us > 0)
            weft_table_add(&table, "%.1f", (double)link->duplex_bytes_per_us / 1000);
        else
            weft_table_add(&table, "their sum");
        weft_table_add(&table, "%s", latency);
    }
    weft_table_print(&table, stdout, 0);
    weft_table_fini(&table);
}

void weft_list_notes(const struct weft_topo *topo)
{
    if (topo->note_count == 0)
        return;
    (void)printf("Assumed:\n");
    for (uint32_t i = 0; i < topo->note_count; i++)
        (void)printf("  - %s\n", topo->notes[i]);
}

bool weft_list_moves(const struct weft_topo *topo, uint32_t device)
{
    return topo->devices[device].kind == weftDeviceGpu ||
           topo->devices[device].kind == weftDeviceDram;
}

void weft_list_names(const struct weft_topo *topo, char *text, size_t size)
{
    struct weft_text names;

    weft_text_init(&names, text, size);
    for (uint32_t i = 0; i < topo->device_count; i++) {
        if (!weft_list_moves(topo, i))
            continue;
        weft_text_add(&names, names.used == 0 ? "" : ", ");
        weft_text_add(&names, topo->devices[i].name);
    }
}
