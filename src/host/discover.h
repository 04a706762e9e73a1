/* The real machine as a topology: what the transports' drivers, the kernel and NVML say of it.
 *
 * Devices and links come in the order of the presets. Rates are those of topo_facts.h for what was
 * found; every assumption is a note in the topology. A kernel that shows little, as in containers
 * and virtual machines, gives a flat topology with notes, not an error. */
#ifndef WEFT_DISCOVER_H
#define WEFT_DISCOVER_H

#include "../core/config.h"
#include "../core/topo.h"
#include "nvml.h"
#include "weft_transport.h"

#define WEFT_DISCOVER_WHY_BYTES 512

/* What is to be described; of this machine, or of one that a test has written down. */
struct weft_discover_input {
    const char *sysfs;   /* "/sys" */
    const char *cpuinfo; /* "/proc/cpuinfo" */
    const struct weft_device_found *gpus;
    uint32_t gpu_count;
    const struct weft_nvml_links *nvlinks; /* NULL: unknown */
    const char *gpu_note;    /* why there are no GPUs; empty or NULL: nothing to say */
    const char *nvlink_note; /* why their NVLinks are unknown */
};

/* Describes this machine. `*topo` is whole only on success.
 * weftNoResource   it has more devices or links than a struct weft_topo holds
 * weftSystemError  no memory */
weftResult_t weft_discover(const struct weft_config *config, struct weft_topo *topo,
                           char why[WEFT_DISCOVER_WHY_BYTES]);

/* The same for a machine that is written down. */
weftResult_t weft_discover_from(const struct weft_discover_input *input, struct weft_topo *topo,
                                char why[WEFT_DISCOVER_WHY_BYTES]);

#endif
