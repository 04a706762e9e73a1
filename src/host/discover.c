/* Finding the machine: asks the transports for GPUs, NVML for NVLinks, the kernel for the rest. */
#include "discover.h"

#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "registry.h"

/* What is found before it is described; too large for a stack. */
struct findings {
    struct weft_device_found found[WEFT_DEVICES_MAX];
    struct weft_device_found gpus[WEFT_DEVICES_MAX];
    uint32_t gpu_count;
    char gpu_note[256];
    struct weft_nvml_links nvlinks;
    char nvlink_note[256];
};

/* Adds the GPUs that a transport finds; why there are none is noted. */
static void gpus_ask(const struct weft_transport_ops *ops, const struct weft_transport_env *env,
                     struct findings *findings)
{
    char why[256] = "";
    uint32_t count = 0;
    weftResult_t result = ops->probe(env, findings->found, WEFT_DEVICES_MAX, &count, why);

    if (result != weftSuccess && findings->gpu_note[0] == '\0')
        weft_text_copy(findings->gpu_note, sizeof(findings->gpu_note), why);
    for (uint32_t i = 0; result == weftSuccess && i < count; i++)
        if (findings->found[i].kind == weftDeviceGpu && findings->gpu_count < WEFT_DEVICES_MAX)
            findings->gpus[findings->gpu_count++] = findings->found[i];
}

static const struct weft_nvml_links *nvlinks_ask(struct findings *findings)
{
    char buses[WEFT_NVML_GPUS_MAX][32];
    uint32_t count = (uint32_t)weft_min(findings->gpu_count, WEFT_NVML_GPUS_MAX);

    if (count == 0)
        return NULL;
    for (uint32_t i = 0; i < count; i++)
        weft_text_copy(buses[i], sizeof(buses[i]), findings->gpus[i].bus);
    if (!weft_nvml_links((const char(*)[32])buses, count, &findings->nvlinks,
                         findings->nvlink_note))
        return NULL;
    return &findings->nvlinks;
}

weftResult_t weft_discover(const struct weft_config *config, struct weft_topo *topo,
                           char why[WEFT_DISCOVER_WHY_BYTES])
{
    struct findings *findings = calloc(1, sizeof(*findings));
    struct weft_transport_env env = {
        .cookies_max = 1,
        .windows_max = 1,
        .driver = config->cuda_driver,
        .log = weft_log_transport,
    };
    struct weft_discover_input input = {.sysfs = "/sys", .cpuinfo = "/proc/cpuinfo"};
    weftResult_t result;

    if (findings == NULL) {
        weft_format(why, WEFT_DISCOVER_WHY_BYTES, "no memory to describe the machine");
        return weftSystemError;
    }
    for (uint32_t i = 0; weft_registry_row(i) != NULL; i++)
        gpus_ask(weft_registry_row(i)->ops, &env, findings);
    input.gpus = findings->gpus;
    input.gpu_count = findings->gpu_count;
    input.nvlinks = nvlinks_ask(findings);
    input.gpu_note = findings->gpu_note;
    input.nvlink_note = findings->nvlink_note;
    result = weft_discover_from(&input, topo, why);
    free(findings);
    return result;
}
