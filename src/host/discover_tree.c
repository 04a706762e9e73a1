/* Putting the findings together. */
#include "discover_tree.h"

#include <stdlib.h>
#include <string.h>

#include "log.h"

/* NVLink C2C of a Grace, as NCCL's files say it: 5 links of 44,712 MB/s. */
#define C2C_MBYTES 44712
#define C2C_COUNT  5

uint32_t weft_discover_device(struct weft_discover_tree *tree, weftDeviceKind_t kind,
                              const char *prefix, int node, const char *bus)
{
    uint32_t device = WEFT_NONE;

    if (!tree->full)
        device = weft_topo_add_device(tree->topo, kind, prefix, node, bus);
    tree->full = tree->full || device == WEFT_NONE;
    return device;
}

void weft_discover_span(struct weft_discover_tree *tree, uint32_t device, uint32_t parent,
                        enum weft_link_kind kind, struct weft_facts_span span)
{
    if (tree->full)
        return;
    tree->full = weft_topo_add_pair(tree->topo, device, parent, kind, span.out_bytes_per_us,
                                    span.in_bytes_per_us, span.duplex_bytes_per_us,
                                    span.latency_ns) == WEFT_NONE;
}

void weft_discover_note(struct weft_discover_tree *tree, const char *format, ...)
{
    char text[sizeof(tree->topo->notes[0])];
    va_list arguments;

    va_start(arguments, format);
    weft_format_list(text, sizeof(text), format, arguments);
    va_end(arguments);
    weft_topo_note(tree->topo, text);
}

static void switches_add(struct weft_discover_tree *tree)
{
    for (uint32_t i = 0; i < tree->switch_count; i++) {
        struct weft_discover_switch *found = &tree->switches[i];

        found->device =
            weft_discover_device(tree, weftDeviceSwitch, NULL, found->numa_node, found->pci.bus);
    }
}

static void gpu_fill(struct weft_discover_tree *tree, const struct weft_discover_leaf *leaf)
{
    const struct weft_device_found *found = &tree->input->gpus[leaf->found];
    struct weft_device *device = &tree->topo->devices[leaf->device];

    device->sm = found->compute_capability;
    device->memory_bytes = found->memory_bytes;
    weft_text_copy(device->model, sizeof(device->model), found->model);
}

static void leaves_add(struct weft_discover_tree *tree)
{
    for (uint32_t i = 0; i < tree->leaf_count; i++) {
        struct weft_discover_leaf *leaf = &tree->leaves[i];
        const char *bus =
            leaf->kind == weftDeviceGpu ? tree->input->gpus[leaf->found].bus : leaf->pci.bus;

        leaf->device = weft_discover_device(tree, leaf->kind, NULL, leaf->pci.numa_node, bus);
        if (!tree->full && leaf->kind == weftDeviceGpu)
            gpu_fill(tree, leaf);
    }
}

static void switches_link(struct weft_discover_tree *tree)
{
    for (uint32_t i = 0; i < tree->switch_count; i++) {
        const struct weft_discover_switch *found = &tree->switches[i];
        uint32_t parent = found->parent == WEFT_NONE ? weft_discover_cpu_of(tree, found->numa_node)
                                                     : tree->switches[found->parent].device;

        weft_discover_span(tree, found->device, parent, WEFT_LINK_PCI,
                           weft_facts_pcie(found->pci.speed_tenths, found->pci.lanes));
    }
}

static void leaf_link(struct weft_discover_tree *tree, const struct weft_discover_leaf *leaf)
{
    uint32_t above = weft_discover_switch_of(tree, &leaf->pci);
    uint32_t cpu = weft_discover_cpu_of(tree, leaf->pci.numa_node);
    uint32_t parent = above == WEFT_NONE ? cpu : tree->switches[above].device;
    bool is_grace = weft_text_equal(tree->cpu_facts->model, "NVIDIA Grace");

    if (leaf->kind == weftDeviceGpu && is_grace && tree->topo->devices[leaf->device].sm >= 90)
        weft_discover_span(tree, leaf->device, cpu, WEFT_LINK_C2C,
                           weft_facts_c2c(C2C_MBYTES, C2C_COUNT));
    else if (leaf->kind == weftDeviceSsd)
        weft_discover_span(tree, leaf->device, parent, WEFT_LINK_DISK,
                           weft_facts_disk(leaf->pci.speed_tenths, leaf->pci.lanes));
    else
        weft_discover_span(tree, leaf->device, parent, WEFT_LINK_PCI,
                           weft_facts_pcie(leaf->pci.speed_tenths, leaf->pci.lanes));
}

/* Links the GPUs that NVML knows links of: to one NVSwitch, or to each other. */
static void nvlinks_link(struct weft_discover_tree *tree)
{
    const struct weft_nvml_links *links = tree->input->nvlinks;
    uint32_t count = (uint32_t)weft_min(tree->input->gpu_count, WEFT_NVML_GPUS_MAX);
    uint32_t nvswitch = WEFT_NONE;

    for (uint32_t i = 0; links != NULL && i < count; i++) {
        uint32_t gpu = weft_topo_nth(tree->topo, weftDeviceGpu, i);
        uint32_t sm = tree->input->gpus[i].compute_capability;

        for (uint32_t k = i + 1; k < count; k++)
            if (links->gpu_links[i][k] > 0)
                weft_discover_span(tree, gpu, weft_topo_nth(tree->topo, weftDeviceGpu, k),
                                   WEFT_LINK_NVL, weft_facts_nvlink(sm, links->gpu_links[i][k]));
        if (links->switch_links[i] == 0)
            continue;
        if (nvswitch == WEFT_NONE)
            nvswitch = weft_discover_device(tree, weftDeviceSwitch, "nvswitch", -1, NULL);
        weft_discover_span(tree, gpu, nvswitch, WEFT_LINK_NVL,
                           weft_facts_nvlink(sm, links->switch_links[i]));
    }
}

static void net_link(struct weft_discover_tree *tree)
{
    uint32_t net = WEFT_NONE;

    for (uint32_t i = 0; i < tree->leaf_count; i++) {
        struct weft_discover_leaf *leaf = &tree->leaves[i];

        if (leaf->kind != weftDeviceNic)
            continue;
        if (net == WEFT_NONE)
            net = weft_discover_device(tree, weftDeviceSwitch, "net", -1, NULL);
        if (leaf->net_mbps == 0) {
            leaf->net_mbps = weft_facts_net_of_pcie(leaf->pci.speed_tenths, leaf->pci.lanes);
            weft_discover_note(tree, "the NIC at %s does not say its speed: %llu Mb/s is assumed",
                               leaf->pci.bus, (unsigned long long)leaf->net_mbps);
        }
        weft_discover_span(tree, leaf->device, net, WEFT_LINK_NET, weft_facts_net(leaf->net_mbps));
    }
}

static void tree_build(struct weft_discover_tree *tree)
{
    weft_discover_cpus_find(tree);
    weft_discover_leaves_find(tree);
    weft_discover_switches_find(tree);
    weft_discover_cpus_add(tree);
    switches_add(tree);
    leaves_add(tree);
    weft_discover_cpus_link(tree);
    switches_link(tree);
    for (uint32_t i = 0; i < tree->leaf_count && !tree->full; i++)
        leaf_link(tree, &tree->leaves[i]);
    nvlinks_link(tree);
    net_link(tree);
}

weftResult_t weft_discover_from(const struct weft_discover_input *input, struct weft_topo *topo,
                                char why[WEFT_DISCOVER_WHY_BYTES])
{
    struct weft_discover_tree *tree = calloc(1, sizeof(*tree));
    bool full;

    if (tree == NULL) {
        weft_format(why, WEFT_DISCOVER_WHY_BYTES, "no memory to describe the machine");
        return weftSystemError;
    }
    tree->input = input;
    tree->topo = topo;
    weft_topo_init(topo, "discovered");
    if (input->gpu_count == 0)
        weft_discover_note(tree, "no GPU: %s",
                           input->gpu_note != NULL ? input->gpu_note : "none was found");
    if (input->gpu_count > 1 && input->nvlinks == NULL)
        weft_discover_note(tree, "NVLinks are unknown: %s",
                           input->nvlink_note != NULL ? input->nvlink_note : "nobody was asked");
    tree_build(tree);
    full = tree->full;
    free(tree);
    if (!full)
        return weftSuccess;
    weft_format(why, WEFT_DISCOVER_WHY_BYTES,
                "this machine has more devices or links than Weft describes (%d and %d); give a "
                "smaller description with the setting topo_file",
                WEFT_DEVICES_MAX, WEFT_LINKS_MAX);
    return weftNoResource;
}
