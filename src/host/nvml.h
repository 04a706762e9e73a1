/* NVLinks of the GPUs, asked of NVIDIA's management library, which is loaded only for that.
 *
 * Where the library is missing or does not answer, nothing is known and a sentence says why. */
#ifndef WEFT_NVML_H
#define WEFT_NVML_H

#include "../base/base.h"

#define WEFT_NVML_GPUS_MAX 64

struct weft_nvml_links {
    uint32_t switch_links[WEFT_NVML_GPUS_MAX];                  /* to NVSwitches */
    uint32_t gpu_links[WEFT_NVML_GPUS_MAX][WEFT_NVML_GPUS_MAX]; /* to each other GPU */
};

/* Counts the active links of the GPUs at the given PCI addresses (lower case, "0000:1b:00.0").
 * False, with a sentence in `why`, when that cannot be known. */
bool weft_nvml_links(const char (*buses)[32], uint32_t gpu_count, struct weft_nvml_links *links,
                     char why[256]);

#endif
