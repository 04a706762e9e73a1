/* What is known of hardware by its name: rates and sizes that a topology file leaves out.
 *
 * Tables of constants and lookups, no state. Whoever uses a figure from here says so in a note of
 * the topology; the sources stand at the rows. */
#ifndef WEFT_TOPO_FACTS_H
#define WEFT_TOPO_FACTS_H

#include "base/base.h"

/* A link between a device and what it hangs on. */
struct weft_facts_span {
    uint64_t out_bytes_per_us; /* from the device */
    uint64_t in_bytes_per_us;
    uint64_t duplex_bytes_per_us; /* 0: none */
    weft_ns latency_ns;
};

struct weft_facts_cpu {
    const char *arch;
    const char *vendor; /* as cpuid writes it */
    uint32_t family;
    uint32_t model_least; /* of the family: this model and later ones, up to the next row's */
    const char *model;
    struct weft_facts_span memory; /* of a whole socket; out is reading */
    struct weft_facts_span socket; /* to another socket */
};

struct weft_facts_gpu {
    uint32_t device; /* PCI device of vendor 0x10de */
    uint32_t sm;
    uint64_t memory_bytes;
    bool nvswitch; /* made for boards with NVSwitches */
    const char *model;
};

struct weft_facts_generation {
    uint32_t sm;
    uint64_t memory_bytes;         /* of the smallest data-centre model */
    uint32_t nvlink_count;         /* of a full GPU; 0: it has none */
    struct weft_facts_span nvlink; /* all links together, through an NVSwitch */
};

/* A PCIe link of `lanes` at `gts_tenths` (320: 32.0 GT/s), rates sustained by copies; the nearest
 * generation at or below; lanes 0 or above 16 count as 16. */
struct weft_facts_span weft_facts_pcie(uint32_t gts_tenths, uint32_t lanes);

/* The PCIe generation whose x16 link comes nearest to a rate, in tenths of GT/s. */
uint32_t weft_facts_pcie_speed(uint64_t rate_bytes_per_us);

/* A host by its cpuid; the last row, which has vendor "Unknown", where nothing fits. */
const struct weft_facts_cpu *weft_facts_cpu(const char *arch, const char *vendor, uint32_t family,
                                            uint32_t model);

/* The row with this model text; the last one where there is none. */
const struct weft_facts_cpu *weft_facts_cpu_named(const char *model);

/* NULL where the device, or the model text, is unknown. */
const struct weft_facts_gpu *weft_facts_gpu(uint32_t device);
const struct weft_facts_gpu *weft_facts_gpu_named(const char *model);

/* The row of a compute capability: its own or the next lower one. */
const struct weft_facts_generation *weft_facts_generation(uint32_t sm);

/* `count` NVLinks of a GPU with this compute capability. */
struct weft_facts_span weft_facts_nvlink(uint32_t sm, uint64_t count);

/* How many NVLinks give a rate: at least 1. */
uint32_t weft_facts_nvlink_count(uint32_t sm, uint64_t rate_bytes_per_us);

/* The GPU generation that came with a PCIe speed: 80 for 16.0 GT/s, 90 for 32.0. */
uint32_t weft_facts_sm_of_pcie(uint32_t gts_tenths);

/* A NIC port, or several, of `mbps` megabits per second; and the way back. */
struct weft_facts_span weft_facts_net(uint64_t mbps);
uint64_t weft_facts_net_mbps(uint64_t rate_bytes_per_us);

/* The NIC speed in Mb/s that a PCIe link is usually made for. */
uint64_t weft_facts_net_of_pcie(uint32_t gts_tenths, uint32_t lanes);

/* An SSD behind a PCIe link; out is reading. */
struct weft_facts_span weft_facts_disk(uint32_t gts_tenths, uint32_t lanes);

/* GPU to its CPU over `bw_mbytes` MB/s times `count` of NVLink C2C, as NCCL's files say it. */
struct weft_facts_span weft_facts_c2c(uint64_t bw_mbytes, uint64_t count);

#endif
