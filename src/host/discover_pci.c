/* The PCI devices that matter, and the switches above them. */
#include <stdlib.h>
#include <string.h>

#include "discover_tree.h"

/* The second bridge from the top is a switch's upstream port, the third one of its downstream
 * ports, and so on in turn: the first is the root port. */
#define UPSTREAM_FIRST 1
#define UPSTREAM_STEP  2

#define CLASS_OF(code)   ((code) >> 8)
#define CLASS_NVME       0x0108u
#define CLASS_ETHERNET   0x0200u
#define CLASS_INFINIBAND 0x0207u
#define VENDOR_VIRTIO    0x1af4u
#define NET_MBPS_LEAST   10000 /* slower NICs are for management */

static struct weft_discover_leaf *leaf_new(struct weft_discover_tree *tree, weftDeviceKind_t kind)
{
    if (tree->leaf_count == WEFT_DEVICES_MAX) {
        tree->full = true;
        return NULL;
    }
    memset(&tree->leaves[tree->leaf_count], 0, sizeof(tree->leaves[0]));
    tree->leaves[tree->leaf_count].kind = kind;
    return &tree->leaves[tree->leaf_count++];
}

/* A GPU's PCIe speed where the kernel does not say. */
static uint32_t speed_of_sm(uint32_t sm)
{
    if (sm >= 90)
        return 320;
    return sm >= 80 ? 160 : 80;
}

static void gpu_link_assume(struct weft_discover_tree *tree, struct weft_discover_leaf *leaf,
                            uint32_t sm, const char *bus)
{
    if (leaf->pci.speed_tenths == 0) {
        leaf->pci.speed_tenths = speed_of_sm(sm);
        weft_discover_note(
            tree, "the GPU at %s does not say its PCIe speed: %u.%u GT/s is assumed for sm_%u", bus,
            leaf->pci.speed_tenths / 10, leaf->pci.speed_tenths % 10, sm);
    }
    if (leaf->pci.lanes == 0) {
        leaf->pci.lanes = 16;
        weft_discover_note(tree, "the GPU at %s does not say its PCIe width: x16 is assumed", bus);
    }
}

static void gpus_find(struct weft_discover_tree *tree)
{
    for (uint32_t i = 0; i < tree->input->gpu_count; i++) {
        const struct weft_device_found *gpu = &tree->input->gpus[i];
        struct weft_discover_leaf *leaf = leaf_new(tree, weftDeviceGpu);

        if (leaf == NULL)
            return;
        leaf->found = i;
        if (!weft_sysfs_pci_read(tree->input->sysfs, gpu->bus, &leaf->pci)) {
            leaf->pci.numa_node = -1;
            weft_discover_note(tree, "the kernel does not show the GPU at %s", gpu->bus);
        }
        if (leaf->pci.numa_node < 0)
            leaf->pci.numa_node = gpu->numa_node;
        if (leaf->pci.numa_node < 0 && tree->node_count > 1)
            weft_discover_note(tree, "the GPU at %s does not say its NUMA node: %d is assumed",
                               gpu->bus, tree->nodes[0].number);
        if (leaf->pci.numa_node < 0)
            leaf->pci.numa_node = tree->nodes[0].number;
        gpu_link_assume(tree, leaf, gpu->compute_capability, gpu->bus);
    }
}

static bool is_wanted(const struct weft_sysfs_pci *pci, weftDeviceKind_t kind)
{
    uint32_t class_code = CLASS_OF(pci->class_code);

    if (pci->is_virtual || pci->vendor == VENDOR_VIRTIO)
        return false;
    if (kind == weftDeviceSsd)
        return class_code == CLASS_NVME;
    return class_code == CLASS_ETHERNET || class_code == CLASS_INFINIBAND;
}

/* The leaf that is another function of the same card, or NULL: it has the same link. */
static struct weft_discover_leaf *card_of(struct weft_discover_tree *tree, const char *bus)
{
    size_t length = strcspn(bus, ".");

    for (uint32_t i = 0; i < tree->leaf_count; i++)
        if (strncmp(tree->leaves[i].pci.bus, bus, length + 1) == 0)
            return &tree->leaves[i];
    return NULL;
}

static void other_add(struct weft_discover_tree *tree, const struct weft_sysfs_pci *pci,
                      weftDeviceKind_t kind)
{
    struct weft_discover_leaf *card = card_of(tree, pci->bus);
    uint64_t mbps = kind == weftDeviceNic ? weft_sysfs_net_mbps(pci) : 0;
    struct weft_discover_leaf *leaf;

    if (mbps > 0 && mbps < NET_MBPS_LEAST)
        return;
    if (card != NULL) {
        card->net_mbps += mbps;
        return;
    }
    leaf = leaf_new(tree, kind);
    if (leaf == NULL)
        return;
    leaf->pci = *pci;
    leaf->net_mbps = mbps;
    if (leaf->pci.numa_node < 0)
        leaf->pci.numa_node = tree->nodes[0].number;
}

/* NICs, or SSDs, among the PCI devices. */
static void others_find(struct weft_discover_tree *tree, weftDeviceKind_t kind)
{
    char(*buses)[WEFT_SYSFS_BUS_BYTES];
    uint32_t count = weft_sysfs_pci_list(tree->input->sysfs, &buses);

    for (uint32_t i = 0; i < count; i++) {
        struct weft_sysfs_pci pci;

        if (weft_sysfs_pci_read(tree->input->sysfs, buses[i], &pci) && is_wanted(&pci, kind))
            other_add(tree, &pci, kind);
    }
    free(buses);
}

void weft_discover_leaves_find(struct weft_discover_tree *tree)
{
    gpus_find(tree);
    others_find(tree, weftDeviceNic);
    others_find(tree, weftDeviceSsd);
}

/* ---- switches ---- */

/* The switch with that upstream port, or WEFT_NONE. */
static uint32_t switch_find(const struct weft_discover_tree *tree, const char *bus)
{
    for (uint32_t i = 0; i < tree->switch_count; i++)
        if (strcmp(tree->switches[i].pci.bus, bus) == 0)
            return i;
    return WEFT_NONE;
}

/* Finds or makes the switch with that upstream port. */
static uint32_t switch_note(struct weft_discover_tree *tree, const char *bus, uint32_t parent,
                            int numa_node)
{
    uint32_t index = switch_find(tree, bus);
    struct weft_discover_switch *found = &tree->switches[tree->switch_count];

    if (index != WEFT_NONE)
        return index;
    if (tree->switch_count == WEFT_DISCOVER_SWITCHES_MAX) {
        tree->full = true;
        return parent;
    }
    memset(found, 0, sizeof(*found));
    if (!weft_sysfs_pci_read(tree->input->sysfs, bus, &found->pci))
        memcpy(found->pci.bus, bus, sizeof(found->pci.bus));
    found->parent = parent;
    found->numa_node = numa_node;
    return tree->switch_count++;
}

void weft_discover_switches_find(struct weft_discover_tree *tree)
{
    for (uint32_t i = 0; i < tree->leaf_count; i++) {
        const struct weft_sysfs_pci *pci = &tree->leaves[i].pci;
        uint32_t parent = WEFT_NONE;

        for (uint32_t k = UPSTREAM_FIRST; k + 1 < pci->ancestor_count; k += UPSTREAM_STEP) {
            parent = switch_note(tree, pci->ancestors[k], parent, pci->numa_node);
            if (tree->full)
                return;
            tree->switches[parent].speed_below =
                (uint32_t)weft_max(tree->switches[parent].speed_below, pci->speed_tenths);
        }
    }
    for (uint32_t i = 0; i < tree->switch_count; i++) {
        struct weft_discover_switch *found = &tree->switches[i];

        /* Bridges inside a switch report 5 GT/s for links that do not exist. */
        if (found->pci.speed_tenths == 0 ||
            (found->parent != WEFT_NONE && found->pci.speed_tenths < found->speed_below)) {
            weft_discover_note(tree,
                               "the PCIe switch at %s reports %u.%u GT/s: that of the links "
                               "below it is assumed",
                               found->pci.bus, found->pci.speed_tenths / 10,
                               found->pci.speed_tenths % 10);
            found->pci.speed_tenths = found->speed_below;
        }
    }
}

uint32_t weft_discover_switch_of(const struct weft_discover_tree *tree,
                                 const struct weft_sysfs_pci *pci)
{
    uint32_t above = WEFT_NONE;

    for (uint32_t k = UPSTREAM_FIRST; k + 1 < pci->ancestor_count; k += UPSTREAM_STEP)
        above = switch_find(tree, pci->ancestors[k]);
    return above;
}
