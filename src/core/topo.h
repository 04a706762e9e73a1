/* The machine: devices and the directed links between them.
 *
 * Links are the capacity that flows share. A pair of links between two devices is added as one and
 * may have a duplex limit on the sum of both directions. What operations exist is not here (hop.h).
 * Filled once (presets, topo_xml, discovery), then only capacities and states change. */
#ifndef WEFT_TOPO_H
#define WEFT_TOPO_H

#include "../base/base.h"

#define WEFT_DEVICES_MAX   512 /* of a server, and of all its peers as it knows them */
#define WEFT_LINKS_MAX     2048
#define WEFT_NOTES_MAX     48
#define WEFT_LINK_PATH_MAX 16 /* links that one hop may cross */

enum weft_link_kind {
    WEFT_LINK_NVL, /* NVLink, GPU to NVSwitch or GPU to GPU */
    WEFT_LINK_C2C, /* GPU to its CPU on Grace */
    WEFT_LINK_PCI,
    WEFT_LINK_SYS, /* between sockets */
    WEFT_LINK_MEM, /* a socket and its host memory */
    WEFT_LINK_NET, /* a NIC and its network */
    WEFT_LINK_DISK,
    WEFT_LINK_KINDS
};

struct weft_device {
    weftDeviceKind_t kind;
    int numa_node;         /* -1 where unknown */
    uint32_t server;       /* 0: this one; else a peer's number + 1 (world.h) */
    uint32_t sm;           /* 90 for sm_90; 0 where unknown or meaningless */
    uint64_t memory_bytes; /* 0 where unknown */
    char name[32];         /* unique: gpu0, dram1, nic3, ssd2, switch0, nvswitch0, cpu1 */
    char bus[32];          /* PCI address, lower case; empty where there is none */
    char model[64];
};

struct weft_link {
    uint32_t from;
    uint32_t to;
    enum weft_link_kind kind;
    uint32_t reverse;             /* the link the other way */
    uint64_t rate_bytes_per_us;   /* sustained, one direction; 1 GB/s is 1,000 */
    uint64_t duplex_bytes_per_us; /* limit on the sum of both directions; 0: none */
    weft_ns latency_ns;
};

struct weft_topo {
    char name[64];
    uint32_t device_count;
    uint32_t link_count;
    uint32_t note_count;
    struct weft_device devices[WEFT_DEVICES_MAX];
    struct weft_link links[WEFT_LINKS_MAX];
    char notes[WEFT_NOTES_MAX][160]; /* what was assumed, a sentence each */
};

void weft_topo_init(struct weft_topo *topo, const char *name);

/* Adds a device and names it by its kind and count (gpu0, gpu1, ...; `nvswitch0` for a switch with
 * `prefix` "nvswitch"; NULL: the kind's own). Returns its index, or WEFT_NONE when the table is
 * full. */
uint32_t weft_topo_add_device(struct weft_topo *topo, weftDeviceKind_t kind, const char *prefix,
                              int numa_node, const char *bus);

/* Adds both directions between `a` and `b`. Returns the index of the link from a to b (the other
 * follows it), or WEFT_NONE when the table is full or an index is no device. */
uint32_t weft_topo_add_pair(struct weft_topo *topo, uint32_t a, uint32_t b,
                            enum weft_link_kind kind, uint64_t rate_ab, uint64_t rate_ba,
                            uint64_t duplex, weft_ns latency_ns);

/* Notes an assumption; the 48th and later ones are dropped. */
void weft_topo_note(struct weft_topo *topo, const char *text);

/* By name, case-sensitive; WEFT_NONE when there is none. */
uint32_t weft_topo_find(const struct weft_topo *topo, const char *name);

/* By kind and number within the kind (the n-th GPU); WEFT_NONE when there is none. */
uint32_t weft_topo_nth(const struct weft_topo *topo, weftDeviceKind_t kind, uint32_t n);

/* The host memory of a NUMA node; the first one when the node is unknown; WEFT_NONE without any. */
uint32_t weft_topo_dram_of(const struct weft_topo *topo, int numa_node);

/* True for devices that hold bytes: GPU, DRAM, SSD. */
bool weft_topo_holds_bytes(const struct weft_topo *topo, uint32_t device);

/* The links that one DMA from `from` to `to` crosses, in order. With `peer` and NVLink between the
 * two, those; else the fewest PCI, C2C, SYS, MEM, DISK links, ties by the larger bottleneck, then
 * by index. Never through a third device that holds bytes. Returns how many, 0 when there is no
 * way. */
uint32_t weft_topo_links_between(const struct weft_topo *topo, uint32_t from, uint32_t to,
                                 bool peer, uint32_t links[WEFT_LINK_PATH_MAX]);

/* "gpu0-pcie", "gpu0-nvlink", "gpu0-c2c", "cpu0-cpu1", "dram0", "switch0-pcie", "nic0-pcie",
 * "nic0-net", "ssd0-disk", and "gpu0-gpu1" for NVLink without a switch: the name that faults are
 * given by, one for both directions. */
void weft_topo_link_name(const struct weft_topo *topo, uint32_t link, char *text, size_t size);

/* The link of that name in its outgoing direction (its reverse is the other), or WEFT_NONE. */
uint32_t weft_topo_link_find(const struct weft_topo *topo, const char *name);

const char *weft_link_kind_name(enum weft_link_kind kind);
const char *weft_device_kind_name(weftDeviceKind_t kind);

/* Everything that must hold: indices in range, reverses that point back, unique names. Returns NULL
 * or a sentence. */
const char *weft_topo_check(const struct weft_topo *topo);

#endif
