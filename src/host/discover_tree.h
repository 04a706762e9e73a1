/* A topology while it is put together from findings; shared by the discover_*.c files alone.
 *
 * What always holds: devices are added in the presets' order, and each is linked to what it hangs
 * on: a PCIe switch if the kernel shows one, else the processor of its NUMA node. Once `full` is
 * set nothing is added any more. */
#ifndef WEFT_DISCOVER_TREE_H
#define WEFT_DISCOVER_TREE_H

#include "discover.h"
#include "sysfs.h"
#include "topo_facts.h"

#define WEFT_DISCOVER_SWITCHES_MAX 128

/* A GPU, NIC or SSD with what the kernel shows of it. */
struct weft_discover_leaf {
    weftDeviceKind_t kind;
    uint32_t device;           /* in the topology */
    uint32_t found;            /* of a GPU: its place in the input */
    uint64_t net_mbps;         /* of a NIC, all its ports; 0 where unknown */
    struct weft_sysfs_pci pci; /* `bus` is empty where the kernel shows nothing */
};

struct weft_discover_switch {
    uint32_t device;
    uint32_t parent;           /* another switch, or WEFT_NONE */
    uint32_t speed_below;      /* the fastest link below it, tenths of GT/s */
    int numa_node;             /* of the first device below it */
    struct weft_sysfs_pci pci; /* its upstream port */
};

struct weft_discover_tree {
    const struct weft_discover_input *input;
    struct weft_topo *topo;
    struct weft_sysfs_cpu cpu;
    const struct weft_facts_cpu *cpu_facts;
    uint32_t node_count;
    struct weft_sysfs_node nodes[WEFT_SYSFS_NODES_MAX];
    uint32_t cpus[WEFT_SYSFS_NODES_MAX]; /* devices, by entry of nodes */
    uint32_t leaf_count;
    struct weft_discover_leaf leaves[WEFT_DEVICES_MAX];
    uint32_t switch_count;
    struct weft_discover_switch switches[WEFT_DISCOVER_SWITCHES_MAX];
    bool full;
};

/* ---- discover_tree.c: adding ---- */

uint32_t weft_discover_device(struct weft_discover_tree *tree, weftDeviceKind_t kind,
                              const char *prefix, int node, const char *bus);
void weft_discover_span(struct weft_discover_tree *tree, uint32_t device, uint32_t parent,
                        enum weft_link_kind kind, struct weft_facts_span span);
void weft_discover_note(struct weft_discover_tree *tree, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- discover_cpu.c: processors and their memory ---- */

void weft_discover_cpus_find(struct weft_discover_tree *tree);
void weft_discover_cpus_add(struct weft_discover_tree *tree);
void weft_discover_cpus_link(struct weft_discover_tree *tree);

/* The processor of a NUMA node; the first one where the node is unknown. */
uint32_t weft_discover_cpu_of(const struct weft_discover_tree *tree, int numa_node);

/* ---- discover_pci.c: GPUs, NICs, SSDs, switches ---- */

void weft_discover_leaves_find(struct weft_discover_tree *tree);
void weft_discover_switches_find(struct weft_discover_tree *tree);

/* The switch right above a device, or WEFT_NONE. */
uint32_t weft_discover_switch_of(const struct weft_discover_tree *tree,
                                 const struct weft_sysfs_pci *pci);

#endif
