/* The described machines, a row each, and the one function that builds a topology from a row.
 *
 * Devices and links come in one order: CPUs, memories, switches, GPUs, NICs, SSDs, the NVSwitch,
 * the network; the links likewise. The topology file's reader keeps to it too, so that a machine
 * written to a file and read again is equal. Names, models and rates of real machines that were
 * read from files or found are not here.
 *
 * Marks at the figures: [L] a published measurement log, [C] source code, [A] a paper, [S] data
 * sheets and secondary reading, [M] recalled, [D] derived as the comment says. */
#include "preset.h"

#include "../base/text.h"

#define NOTES_MAX 3
#define GB(n)     ((uint64_t)(n)*1000000000)

/* Tenths of GB/s in bytes per microsecond, and a share of it. */
#define GBPS(tenths)            ((uint64_t)(tenths)*100)
#define SHARE(tenths, permille) (GBPS(tenths) * (permille) / 1000)

/* A link between a device and what it hangs on. */
struct span {
    uint64_t out; /* from the device */
    uint64_t in;  /* to the device */
    uint64_t duplex;
    weft_ns latency_ns;
};

struct preset {
    const char *name;
    const char *about;
    uint32_t sockets;
    uint32_t switches; /* per socket; 0: devices hang on the CPU itself */
    uint32_t gpus;     /* per switch, or per socket where there is none; so are the next two */
    uint32_t nics;
    uint32_t ssds;
    uint32_t sm;
    uint64_t gpu_bytes;
    uint64_t dram_bytes; /* per socket */
    uint64_t ssd_bytes;
    const char *cpu_model;
    const char *gpu_model;
    const char *nic_model;
    enum weft_link_kind gpu_link; /* to the host: PCI or C2C */
    struct span memory;           /* out: reading it */
    struct span socket;
    struct span uplink;
    struct span gpu;
    struct span nic;
    struct span net;
    struct span ssd; /* out: reading it */
    struct span nvlink;
    const char *notes[NOTES_MAX]; /* what no measurement says */
};

/* Latencies. PCIe: 500 ns a link, so that GPU, uplink and memory make most of the 1.8 us of UCX's
 * cuda_copy model [C]. NVLink: half of the 826 ns pointer chase between H100s through an NVSwitch
 * [L]. Network: NIC to NIC 1.47 us back to back, two links of it and two PCIe legs [D]. SSD: 60 to
 * 80 us to read [M]. Memory, C2C and socket links: recalled orders of magnitude [M]. */
#define PCIE_NS   500
#define NVLINK_NS 413
#define NET_NS    235
#define SSD_NS    70000
#define MEMORY_NS 100
#define SOCKET_NS 150
#define C2C_NS    400

/* PCIe Gen5 x16: 55.4 host to device, 55.2 device to host, by copy engine on an HGX H100 with Xeon
 * 8462Y+ [L]; both at once 0.93 of the sum, from the B300 log's 51.8 + 49.0 of 55.6 + 57.2 [L]. */
#define PCIE5                                                                                      \
    {                                                                                              \
        GBPS(552), GBPS(554), SHARE(552 + 554, 930), PCIE_NS                                       \
    }

/* PCIe Gen5 x16 of MMA's H20 machine: 53 native [A]; both ways as above. */
#define PCIE5_H20                                                                                  \
    {                                                                                              \
        GBPS(530), GBPS(530), SHARE(530 + 530, 930), PCIE_NS                                       \
    }

/* PCIe Gen4 x16 of an A100: 26.2 host to device, 26.3 device to host [L]; both at once 0.7 of the
 * sum (nvbandwidth issue 53: host to device falls from 25 to 11 beside 24) [L]. */
#define PCIE4                                                                                      \
    {                                                                                              \
        GBPS(263), GBPS(262), SHARE(263 + 262, 700), PCIE_NS                                       \
    }

/* A 400G NIC from GPU memory, 394 Gb/s: FuseLink's baseline [S]. */
#define NET400                                                                                     \
    {                                                                                              \
        GBPS(493), GBPS(493), 0, NET_NS                                                            \
    }

/* A Gen5 x4 SSD: 14 read, 6.5 to 10 write, data sheets of the PM1743, CM7 and 9550 class [S]. */
#define SSD5                                                                                       \
    {                                                                                              \
        GBPS(140), GBPS(70), 0, SSD_NS                                                             \
    }

/* NVLink 4: a pair 395 read and 397 write, 774 both ways, HGX H100 log and nccl issue 1264 [L]. */
#define NVLINK4                                                                                    \
    {                                                                                              \
        GBPS(3970), GBPS(3970), GBPS(7740), NVLINK_NS                                              \
    }

static const struct preset presets[] = {
    {
        .name = "hgx-h100",
        .about = "8 H100 with a PCIe switch each, 8 NICs of 400G, 16 SSDs, 2 Xeon sockets",
        .sockets = 2,
        .switches = 4,
        .gpus = 1,
        .nics = 1,
        .ssds = 2,
        .sm = 90,
        .gpu_bytes = WEFT_GIB(80),
        .dram_bytes = WEFT_GIB(1024), /* DGX H100 user guide: 2 TB [A] */
        .ssd_bytes = GB(3840),        /* DGX H100 user guide: 3.84 TB each [A] */
        .cpu_model = "Intel Xeon (Sapphire Rapids)",
        .gpu_model = "NVIDIA H100 80GB HBM3",
        .nic_model = "ConnectX-7 400G",
        .gpu_link = WEFT_LINK_PCI,
        /* STREAM copy 191 local on a Xeon 8462Y+ [L]; reads and writes share it. */
        .memory = {GBPS(1910), GBPS(1910), GBPS(1910), MEMORY_NS},
        /* 3 UPI 2.0 links of 20 to 25 per direction [M]. */
        .socket = {GBPS(600), GBPS(600), 0, SOCKET_NS},
        .uplink = PCIE5,
        .gpu = PCIE5,
        .nic = PCIE5,
        .net = NET400,
        .ssd = SSD5,
        .nvlink = NVLINK4,
        .notes = {"cpu0-cpu1: 60 GB/s per direction is 3 UPI links of 20, recalled, not measured"},
    },
    {
        .name = "hgx-h20",
        .about = "8 H20 with a PCIe switch each, 8 NICs of 400G, 16 SSDs, 2 EPYC sockets with 24 "
                 "channels of DDR5 (the machine of MMA, arXiv 2512.16056)",
        .sockets = 2,
        .switches = 4,
        .gpus = 1,
        .nics = 1,
        .ssds = 2,
        .sm = 90,
        .gpu_bytes = WEFT_GIB(96),
        .dram_bytes = WEFT_GIB(1024),
        .ssd_bytes = GB(3840),
        .cpu_model = "AMD EPYC (Genoa)",
        .gpu_model = "NVIDIA H20",
        .nic_model = "ConnectX-7 400G",
        .gpu_link = WEFT_LINK_PCI,
        /* MMA: 600 to 700 for both sockets [A]; reads and writes share it. */
        .memory = {GBPS(3000), GBPS(3000), GBPS(3000), MEMORY_NS},
        /* MMA: xGMI 600 to 750, as the NVLink figure beside it the sum of both directions [A]. */
        .socket = {GBPS(3000), GBPS(3000), GBPS(6000), SOCKET_NS},
        .uplink = PCIE5_H20,
        .gpu = PCIE5_H20,
        .nic = PCIE5_H20,
        .net = NET400,
        .ssd = SSD5,
        .nvlink = NVLINK4, /* H20 has the NVLink of an H100 */
        .notes = {"cpu0-cpu1: 600 GB/s is taken as the sum of both directions",
                  "NICs, SSDs and host memory sizes are those of hgx-h100"},
    },
    {
        .name = "dgx-a100",
        .about = "8 A100, 4 PCIe switches with 2 GPUs and 2 NICs of 200G on one shared uplink, "
                 "2 EPYC sockets",
        .sockets = 2,
        .switches = 2,
        .gpus = 2,
        .nics = 2,
        .ssds = 0,
        .sm = 80,
        .gpu_bytes = WEFT_GIB(80),
        .dram_bytes = WEFT_GIB(1024),
        .ssd_bytes = 0,
        .cpu_model = "AMD EPYC (Rome)",
        .gpu_model = "NVIDIA A100-SXM4-80GB",
        .nic_model = "ConnectX-6 200G",
        .gpu_link = WEFT_LINK_PCI,
        /* 8 channels of DDR4-3200 are 204.8; 0.76 of it, as MMA's EPYC machine gives 700 of its
         * 921.6 [D]. Reads and writes share it. */
        .memory = {GBPS(1556), GBPS(1556), GBPS(1556), MEMORY_NS},
        /* 4 xGMI 2 links, x16 at 16 GT/s, are 128 per direction; 0.76 of it [D]. NCCL plans with 16
         * for any AMD socket link [C], less than one PCIe link that crosses it is seen to give. */
        .socket = {GBPS(973), GBPS(973), 0, SOCKET_NS},
        .uplink = PCIE4,
        .gpu = PCIE4,
        .nic = PCIE4,
        .net = {GBPS(245), GBPS(245), 0, NET_NS}, /* 200G: 98.5 % [D] */
        .ssd = {0, 0, 0, 0},
        .nvlink = {GBPS(2760), GBPS(2760), 0, NVLINK_NS}, /* pair by copy engine, nvbandwidth [C] */
        .notes = {"dram0, dram1: 156 GB/s is derived from 8 channels of DDR4-3200, not measured",
                  "cpu0-cpu1: 97 GB/s is derived from 4 xGMI links, not measured"},
    },
    {
        .name = "nvl72-tray",
        .about = "a GB200 NVL72 compute tray: 2 Grace CPUs, 4 GPUs on C2C, 4 NICs of 400G, 4 SSDs",
        .sockets = 2,
        .switches = 0,
        .gpus = 2,
        .nics = 2,
        .ssds = 2,
        .sm = 100,
        .gpu_bytes = GB(186), /* 13.4 TB over the 72 GPUs of a rack [M] */
        .dram_bytes = GB(480),
        .ssd_bytes = GB(3840),
        .cpu_model = "NVIDIA Grace",
        .gpu_model = "NVIDIA GB200",
        .nic_model = "ConnectX-7 400G",
        .gpu_link = WEFT_LINK_C2C,
        /* LPDDR5X: both GPUs of a Grace read 2 x 211 at once [L], so it gives that much; 500 is the
         * data sheet's peak [S], which reads and writes together stay below [D]. */
        .memory = {GBPS(4220), GBPS(4220), GBPS(5000), MEMORY_NS},
        .socket = {GBPS(1000), GBPS(1000), 0, SOCKET_NS}, /* no figure found: a guess */
        .uplink = {0, 0, 0, 0},
        /* Host to device 211, device to host 193 per GPU: GB200 4-GPU node log over 4 [L] [D]. */
        .gpu = {GBPS(1930), GBPS(2110), 0, C2C_NS},
        .nic = PCIE5,
        .net = NET400,
        .ssd = SSD5,
        /* NVLink 5: 774 write, 765 read, 1,540 both ways, B300 and GB200 logs [L]. */
        .nvlink = {GBPS(7740), GBPS(7650), GBPS(15400), NVLINK_NS},
        .notes = {"cpu0-cpu1: no rate of the link between two Graces is published; 100 GB/s is "
                  "assumed",
                  "dram0, dram1: 422 GB/s is what both GPUs of a Grace were measured to read"},
    },
};

static void add_device(struct weft_topo *topo, weftDeviceKind_t kind, const char *prefix, int node,
                       const char *model, uint64_t memory_bytes)
{
    uint32_t index = weft_topo_add_device(topo, kind, prefix, node, NULL);

    weft_assert(index != WEFT_NONE);
    topo->devices[index].memory_bytes = memory_bytes;
    weft_text_copy(topo->devices[index].model, sizeof(topo->devices[0].model), model);
}

/* An address that sorts as the devices do: a PCI domain per kind, a bus per device. */
static void set_bus(struct weft_device *device, uint32_t domain, uint32_t number)
{
    static const char digits[] = "0123456789abcdef";
    struct weft_text bus;

    weft_text_init(&bus, device->bus, sizeof(device->bus));
    weft_text_add(&bus, "000");
    weft_text_char(&bus, digits[domain & 15]);
    weft_text_char(&bus, ':');
    weft_text_char(&bus, digits[(number + 1) >> 4 & 15]);
    weft_text_char(&bus, digits[(number + 1) & 15]);
    weft_text_add(&bus, ":00.0");
}

/* `per_port` devices of one kind below each switch, or below each CPU where there are none. */
static void add_leaves(struct weft_topo *topo, const struct preset *preset, weftDeviceKind_t kind,
                       uint32_t per_port, const char *model, uint64_t memory_bytes)
{
    uint32_t ports = preset->switches == 0 ? 1 : preset->switches;
    uint32_t per_socket = ports * per_port;

    for (uint32_t i = 0; i < preset->sockets * per_socket; i++) {
        struct weft_device *device = &topo->devices[topo->device_count];

        add_device(topo, kind, NULL, (int)(i / per_socket), model, memory_bytes);
        set_bus(device, (uint32_t)kind, i);
        if (kind == weftDeviceGpu)
            device->sm = preset->sm;
    }
}

static void add_devices(struct weft_topo *topo, const struct preset *preset)
{
    for (uint32_t i = 0; i < preset->sockets; i++)
        add_device(topo, weftDeviceCpu, NULL, (int)i, preset->cpu_model, 0);
    for (uint32_t i = 0; i < preset->sockets; i++)
        add_device(topo, weftDeviceDram, NULL, (int)i, "", preset->dram_bytes);
    for (uint32_t i = 0; i < preset->sockets * preset->switches; i++) {
        add_device(topo, weftDeviceSwitch, NULL, (int)(i / preset->switches), "", 0);
        set_bus(&topo->devices[topo->device_count - 1], weftDeviceSwitch, i);
    }
    add_leaves(topo, preset, weftDeviceGpu, preset->gpus, preset->gpu_model, preset->gpu_bytes);
    add_leaves(topo, preset, weftDeviceNic, preset->nics, preset->nic_model, 0);
    add_leaves(topo, preset, weftDeviceSsd, preset->ssds, "", preset->ssd_bytes);
    add_device(topo, weftDeviceSwitch, "nvswitch", -1, "", 0);
    add_device(topo, weftDeviceSwitch, "net", -1, "", 0);
}

static void add_span(struct weft_topo *topo, uint32_t device, uint32_t parent,
                     enum weft_link_kind kind, const struct span *span)
{
    uint32_t link = weft_topo_add_pair(topo, device, parent, kind, span->out, span->in,
                                       span->duplex, span->latency_ns);

    weft_assert(link != WEFT_NONE);
}

/* Links all devices of a kind to their switch or CPU. */
static void add_host_links(struct weft_topo *topo, const struct preset *preset,
                           weftDeviceKind_t kind, uint32_t per_port, enum weft_link_kind link_kind,
                           const struct span *span)
{
    weftDeviceKind_t parent_kind = preset->switches == 0 ? weftDeviceCpu : weftDeviceSwitch;
    uint32_t device;

    for (uint32_t i = 0; (device = weft_topo_nth(topo, kind, i)) != WEFT_NONE; i++)
        add_span(topo, device, weft_topo_nth(topo, parent_kind, i / per_port), link_kind, span);
}

/* Links all devices of a kind to one device. */
static void add_star(struct weft_topo *topo, weftDeviceKind_t kind, const char *centre,
                     enum weft_link_kind link_kind, const struct span *span)
{
    uint32_t device;

    for (uint32_t i = 0; (device = weft_topo_nth(topo, kind, i)) != WEFT_NONE; i++)
        add_span(topo, device, weft_topo_find(topo, centre), link_kind, span);
}

static void add_links(struct weft_topo *topo, const struct preset *preset)
{
    for (uint32_t i = 0; i < preset->sockets; i++)
        add_span(topo, weft_topo_nth(topo, weftDeviceDram, i),
                 weft_topo_nth(topo, weftDeviceCpu, i), WEFT_LINK_MEM, &preset->memory);
    for (uint32_t i = 0; i < preset->sockets; i++)
        for (uint32_t k = i + 1; k < preset->sockets; k++)
            add_span(topo, i, k, WEFT_LINK_SYS, &preset->socket);
    for (uint32_t i = 0; i < preset->sockets * preset->switches; i++)
        add_span(topo, weft_topo_nth(topo, weftDeviceSwitch, i),
                 weft_topo_nth(topo, weftDeviceCpu, i / preset->switches), WEFT_LINK_PCI,
                 &preset->uplink);
    add_host_links(topo, preset, weftDeviceGpu, preset->gpus, preset->gpu_link, &preset->gpu);
    add_host_links(topo, preset, weftDeviceNic, preset->nics, WEFT_LINK_PCI, &preset->nic);
    add_host_links(topo, preset, weftDeviceSsd, preset->ssds, WEFT_LINK_DISK, &preset->ssd);
    add_star(topo, weftDeviceGpu, "nvswitch0", WEFT_LINK_NVL, &preset->nvlink);
    add_star(topo, weftDeviceNic, "net0", WEFT_LINK_NET, &preset->net);
}

bool weft_preset_fill(const char *name, struct weft_topo *topo)
{
    for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(presets); i++) {
        if (!weft_text_equal(presets[i].name, name))
            continue;
        weft_topo_init(topo, name);
        add_devices(topo, &presets[i]);
        add_links(topo, &presets[i]);
        for (uint32_t k = 0; k < NOTES_MAX && presets[i].notes[k] != NULL; k++)
            weft_topo_note(topo, presets[i].notes[k]);
        return true;
    }
    return false;
}

const char *weft_preset_name(uint32_t index)
{
    return index < WEFT_ARRAY_COUNT(presets) ? presets[index].name : NULL;
}

const char *weft_preset_about(uint32_t index)
{
    return index < WEFT_ARRAY_COUNT(presets) ? presets[index].about : NULL;
}
