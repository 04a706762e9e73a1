/* The CPUs and PCI devices of a topology file, flattened: one slot for each that becomes a device.
 *
 * Knows the file's elements and PCI classes, merges the ports of a PCIe switch into one slot, drops
 * bridges that lead to nothing. What rates the slots have is topo_xml_fill.c's. */
#ifndef WEFT_TOPO_XML_SLOTS_H
#define WEFT_TOPO_XML_SLOTS_H

#include "base/base.h"
#include "topo_xml_tree.h"

#define WEFT_XML_SLOTS_MAX     256
#define WEFT_XML_SLOT_CPUS_MAX 64
#define WEFT_NUMA_MAX          1023

enum weft_xml_slot_kind {
    WEFT_XML_SLOT_SWITCH,
    WEFT_XML_SLOT_GPU,
    WEFT_XML_SLOT_NIC,
    WEFT_XML_SLOT_SSD,
    WEFT_XML_SLOT_OTHER, /* no device of Weft's; never in the table */
    WEFT_XML_SLOT_KINDS
};

struct weft_xml_slot {
    enum weft_xml_slot_kind kind;
    uint32_t node;   /* its <pci>, or the <nic> of one without PCI address */
    uint32_t unit;   /* the <gpu> or <nic> inside; WEFT_NONE: the file has only the PCI device */
    uint32_t cpu;    /* index in `cpus` */
    uint32_t parent; /* the slot of the switch above; WEFT_NONE: it hangs on the CPU */
    uint32_t device; /* in the topology, once it is there */
    uint64_t order;  /* what the file says of its place among its kind; UINT64_MAX: nothing */
    uint32_t gts_tenths; /* of its link upwards, 320 is 32.0 GT/s; 0: unknown */
    uint32_t lanes;
    char bus[32]; /* lower case */
};

struct weft_xml_slot_cpu {
    uint32_t node;
    int numa_node;
};

struct weft_xml_slots {
    const struct weft_xml_tree *tree;
    bool complete; /* Weft wrote the file: nothing is left to assume */
    uint32_t cpu_count;
    uint32_t count;
    uint32_t merged_count;                                 /* ports that went into their switch */
    struct weft_xml_slot_cpu cpus[WEFT_XML_SLOT_CPUS_MAX]; /* by NUMA node */
    struct weft_xml_slot slots[WEFT_XML_SLOTS_MAX];        /* a switch before what is below it */
};

/* Fills `slots` from a tree, which must outlive it.
 * weftInvalidArgument   it is no topology; `why` begins with the line
 * weftNoResource        too many devices */
weftResult_t weft_xml_slots_init(struct weft_xml_slots *slots, const struct weft_xml_tree *tree,
                                 struct weft_text *why);

/* The slots of one kind in the order that their devices have: by the file's numbers, then by PCI
 * address. Returns how many. */
uint32_t weft_xml_slots_sorted(const struct weft_xml_slots *slots, enum weft_xml_slot_kind kind,
                               uint32_t sorted[WEFT_XML_SLOTS_MAX]);

#endif
