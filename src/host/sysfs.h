/* What the Linux kernel says of the machine: PCI devices and their tree, NUMA nodes, the processor.
 *
 * Reading only, from a root that a test may choose; no state. Where a file is missing, as in
 * containers and virtual machines, the answer says "unknown" and nothing fails. */
#ifndef WEFT_SYSFS_H
#define WEFT_SYSFS_H

#include "../base/base.h"

#define WEFT_SYSFS_PATH_BYTES      512
#define WEFT_SYSFS_BUS_BYTES       32
#define WEFT_SYSFS_INTERFACE_BYTES 16
#define WEFT_SYSFS_ANCESTORS_MAX   16
#define WEFT_SYSFS_NODES_MAX       64

/* A PCI device with the bridges above it. */
struct weft_sysfs_pci {
    char bus[WEFT_SYSFS_BUS_BYTES]; /* "0000:1b:00.0" */
    char path[WEFT_SYSFS_PATH_BYTES];
    uint32_t class_code; /* 0x030200: a 3D controller */
    uint32_t vendor;
    uint32_t device;
    int numa_node;           /* -1 where unknown */
    uint32_t speed_tenths;   /* of GT/s, what the link can do; 0 where unknown */
    uint32_t lanes;          /* 0 where unknown */
    bool is_virtual;         /* a virtual function of another device */
    uint32_t ancestor_count; /* bridges, the root port first */
    char ancestors[WEFT_SYSFS_ANCESTORS_MAX][WEFT_SYSFS_BUS_BYTES];
};

struct weft_sysfs_node {
    int number;
    uint64_t memory_bytes; /* 0 where unknown */
    int package;           /* the socket it is on; -1 where unknown or without processors */
    bool has_cpus;
};

struct weft_sysfs_cpu {
    char arch[16];   /* "x86_64", "arm64" */
    char vendor[32]; /* as cpuid writes it; "Unknown" */
    char model_name[64];
    uint32_t family;
    uint32_t model;
};

/* A network interface. */
struct weft_sysfs_interface {
    char port[WEFT_SYSFS_INTERFACE_BYTES]; /* what its packets leave by: itself, or what a VLAN, a
                                              bridge or a bond is over; the first of several */
    char bus[WEFT_SYSFS_BUS_BYTES];        /* the PCI device of that; empty: none */
    int numa_node;                         /* -1 where unknown */
    uint64_t mbps;                         /* 0 where unknown */
};

/* One PCI device by its address. False where the kernel shows none. */
bool weft_sysfs_pci_read(const char *root, const char *bus, struct weft_sysfs_pci *pci);

/* Lists the addresses of the PCI devices, in order, and returns how many; 0 where there are none to
 * be seen. `buses` is from malloc and the caller's. */
uint32_t weft_sysfs_pci_list(const char *root, char (**buses)[WEFT_SYSFS_BUS_BYTES]);

/* Fills `nodes` in order of their numbers and returns how many. */
uint32_t weft_sysfs_nodes(const char *root, struct weft_sysfs_node nodes[WEFT_SYSFS_NODES_MAX]);

/* The processor, from the text file `cpuinfo`. */
void weft_sysfs_cpu(const char *cpuinfo, struct weft_sysfs_cpu *cpu);

/* The speed of a NIC's fastest port in Mb/s; 0 where unknown. */
uint64_t weft_sysfs_net_mbps(const struct weft_sysfs_pci *pci);

/* The interface of that name; all but its port is unknown where the kernel shows nothing. */
void weft_sysfs_interface_read(const char *root, const char *name,
                               struct weft_sysfs_interface *found);

/* Its speed in Mb/s now; 0 where unknown, as while it has no carrier. */
uint64_t weft_sysfs_interface_mbps(const char *root, const char *name);

/* "32.0 GT/s PCIe" as 320; 0 for what is no speed. */
uint32_t weft_sysfs_speed_parse(const char *text);

#endif
