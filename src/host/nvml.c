/* Asking NVML for NVLinks. The few declarations are our own: no CUDA toolkit is needed to build. */
#include "nvml.h"

#include <ctype.h>
#include <dlfcn.h>
#include <string.h>

#include "log.h"

#define LIBRARY       "libnvidia-ml.so.1"
#define LINKS_MAX     18 /* NVML_NVLINK_MAX_LINKS */
#define NVML_SUCCESS  0
#define REMOTE_GPU    0 /* NVML_NVLINK_DEVICE_TYPE_GPU */
#define REMOTE_SWITCH 2 /* NVML_NVLINK_DEVICE_TYPE_SWITCH */

struct nvml_pci {
    char bus_legacy[16];
    unsigned int domain;
    unsigned int bus;
    unsigned int device;
    unsigned int pci_device;
    unsigned int pci_subsystem;
    char bus_id[32]; /* "00000000:1B:00.0" */
};

_Static_assert(sizeof(struct nvml_pci) == 68, "nvmlPciInfo_t");

struct nvml {
    void *library;
    int (*init)(void);
    int (*shutdown)(void);
    int (*handle)(const char *bus, void **device);
    int (*link_state)(void *device, unsigned int link, unsigned int *active);
    int (*remote_pci)(void *device, unsigned int link, struct nvml_pci *pci);
    int (*remote_type)(void *device, unsigned int link, unsigned int *type);
};

static int remote_type_missing(void *device, unsigned int link, unsigned int *type)
{
    (void)device, (void)link, (void)type;
    return -1;
}

static bool symbol_find(void *library, const char *name, void *field)
{
    void *symbol = dlsym(library, name);

    if (symbol == NULL)
        return false;
    memcpy(field, &symbol, sizeof(symbol));
    return true;
}

static bool nvml_open(struct nvml *nvml, char why[256])
{
    nvml->library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (nvml->library == NULL) {
        weft_format(why, 256, "%.200s", dlerror());
        return false;
    }
    if (!symbol_find(nvml->library, "nvmlDeviceGetNvLinkRemoteDeviceType", &nvml->remote_type))
        nvml->remote_type = remote_type_missing;
    if (symbol_find(nvml->library, "nvmlInit_v2", &nvml->init) &&
        symbol_find(nvml->library, "nvmlShutdown", &nvml->shutdown) &&
        symbol_find(nvml->library, "nvmlDeviceGetHandleByPciBusId_v2", &nvml->handle) &&
        symbol_find(nvml->library, "nvmlDeviceGetNvLinkState", &nvml->link_state) &&
        symbol_find(nvml->library, "nvmlDeviceGetNvLinkRemotePciInfo_v2", &nvml->remote_pci)) {
        int error = nvml->init();

        if (error == NVML_SUCCESS)
            return true;
        weft_format(why, 256, "nvmlInit failed with error %d", error);
    } else {
        weft_format(why, 256, LIBRARY " lacks a function for NVLinks");
    }
    dlclose(nvml->library);
    return false;
}

/* True when NVML's spelling of an address, with a domain of 8 digits, means the same as ours. */
static bool bus_equal(const char *theirs, const char *ours)
{
    while (*theirs == '0')
        theirs++;
    while (*ours == '0')
        ours++;
    while (*theirs != '\0' && tolower((unsigned char)*theirs) == *ours) {
        theirs++;
        ours++;
    }
    return *theirs == '\0' && *ours == '\0';
}

static void link_count(const struct nvml *nvml, void *device, unsigned int link,
                       const char (*buses)[32], uint32_t gpu_count, uint32_t gpu,
                       struct weft_nvml_links *links)
{
    struct nvml_pci remote = {.bus_id = ""};
    unsigned int active = 0;
    unsigned int type = REMOTE_SWITCH;

    if (nvml->link_state(device, link, &active) != NVML_SUCCESS || active == 0)
        return;
    if (nvml->remote_pci(device, link, &remote) == NVML_SUCCESS)
        for (uint32_t other = 0; other < gpu_count; other++)
            if (other != gpu && bus_equal(remote.bus_id, buses[other])) {
                links->gpu_links[gpu][other]++;
                return;
            }
    /* What is no GPU that we see is a switch, unless NVML says that it is a GPU we do not see. */
    if (nvml->remote_type(device, link, &type) == NVML_SUCCESS && type == REMOTE_GPU)
        return;
    links->switch_links[gpu]++;
}

bool weft_nvml_links(const char (*buses)[32], uint32_t gpu_count, struct weft_nvml_links *links,
                     char why[256])
{
    struct nvml nvml;
    uint32_t known = 0;

    memset(links, 0, sizeof(*links));
    if (!nvml_open(&nvml, why))
        return false;
    for (uint32_t gpu = 0; gpu < gpu_count && gpu < WEFT_NVML_GPUS_MAX; gpu++) {
        void *device;

        if (nvml.handle(buses[gpu], &device) != NVML_SUCCESS)
            continue;
        known++;
        for (unsigned int link = 0; link < LINKS_MAX; link++)
            link_count(&nvml, device, link, buses, gpu_count, gpu, links);
    }
    nvml.shutdown();
    dlclose(nvml.library);
    if (known == 0)
        weft_format(why, 256, "NVML knows none of the GPUs that the CUDA driver found");
    return known > 0;
}
