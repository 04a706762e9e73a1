/* The tables of what is known of hardware.
 *
 * Marks: [L] a published measurement log, [C] source code, [A] a paper or a guide, [S] a data
 * sheet, [M] recalled, [D] derived as the comment says. Latencies are those of core/preset.c. */
#include "topo_facts.h"

#include <string.h>

#define LANES 16

#define MEMORY_NS 100
#define SOCKET_NS 150
#define PCIE_NS   500
#define NVLINK_NS 413
#define C2C_NS    400
#define NET_NS    235
#define SSD_NS    70000

/* Rates of x16. Below Gen4 the share of the raw rate is that of Gen3. */
static const struct {
    uint32_t gts_tenths;
    uint32_t out; /* device to host, bytes per microsecond */
    uint32_t in;
    uint32_t duplex_permille; /* of the sum, when both directions run */
} pcie_rows[] = {
    {25, 3100, 3100, 700},      /* [D] */
    {50, 6200, 6200, 700},      /* [D] */
    {80, 12300, 12300, 700},    /* [M] */
    {160, 26300, 26200, 700},   /* A100 [L]; both ways nvbandwidth issue 53 [L] */
    {320, 55200, 55400, 930},   /* HGX H100 [L]; both ways B300 [L] */
    {640, 110000, 110000, 930}, /* 105 to 115 estimated, no measurement known [D] */
};

struct weft_facts_span weft_facts_pcie(uint32_t gts_tenths, uint32_t lanes)
{
    struct weft_facts_span span = {.latency_ns = PCIE_NS};
    size_t row = 0;

    if (lanes == 0 || lanes > LANES)
        lanes = LANES;
    for (size_t i = 1; i < WEFT_ARRAY_COUNT(pcie_rows); i++)
        if (pcie_rows[i].gts_tenths <= gts_tenths)
            row = i;
    span.out_bytes_per_us = (uint64_t)pcie_rows[row].out * lanes / LANES;
    span.in_bytes_per_us = (uint64_t)pcie_rows[row].in * lanes / LANES;
    span.duplex_bytes_per_us =
        (span.out_bytes_per_us + span.in_bytes_per_us) * pcie_rows[row].duplex_permille / 1000;
    return span;
}

uint32_t weft_facts_pcie_speed(uint64_t rate_bytes_per_us)
{
    uint64_t nearest = UINT64_MAX;
    uint32_t speed = 0;

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(pcie_rows); i++) {
        uint64_t rate = pcie_rows[i].in;
        uint64_t off =
            rate > rate_bytes_per_us ? rate - rate_bytes_per_us : rate_bytes_per_us - rate;

        if (off < nearest) {
            nearest = off;
            speed = pcie_rows[i].gts_tenths;
        }
    }
    return speed;
}

/* Shares of the memory's peak: Intel 0.62, as STREAM copies 191 of the 307.2 of 8 channels of
 * DDR5-4800 [L]; AMD 0.76, as MMA's two sockets give 700 of 921.6 [A]. Families as cpuid counts
 * them; NCCL writes the raw number with the extended family in the high four bits too. */
#define ROME                                                                                       \
    {155600, 155600, 155600, MEMORY_NS},                                                           \
    {                                                                                              \
        97300, 97300, 0, SOCKET_NS                                                                 \
    }
#define GENOA                                                                                      \
    {300000, 300000, 300000, MEMORY_NS},                                                           \
    {                                                                                              \
        300000, 300000, 600000, SOCKET_NS                                                          \
    }
#define TURIN                                                                                      \
    {467000, 467000, 467000, MEMORY_NS},                                                           \
    {                                                                                              \
        300000, 300000, 600000, SOCKET_NS                                                          \
    }

static const struct weft_facts_cpu cpu_rows[] = {
    /* 12 channels of DDR5-6400, 614.4 [D]; UPI 2.0 at 24 GT/s, six links [M] */
    {"x86_64",
     "GenuineIntel",
     6,
     173,
     "Intel Xeon (Granite Rapids)",
     {381000, 381000, 381000, MEMORY_NS},
     {120000, 120000, 0, SOCKET_NS}},
    /* 8 channels of DDR5-5600 [D]; UPI as Sapphire Rapids */
    {"x86_64",
     "GenuineIntel",
     6,
     207,
     "Intel Xeon (Emerald Rapids)",
     {222000, 222000, 222000, MEMORY_NS},
     {60000, 60000, 0, SOCKET_NS}},
    /* STREAM copy, Xeon 8462Y+ [L]; 3 UPI links of 20 per direction [M] */
    {"x86_64",
     "GenuineIntel",
     6,
     143,
     "Intel Xeon (Sapphire Rapids)",
     {191000, 191000, 191000, MEMORY_NS},
     {60000, 60000, 0, SOCKET_NS}},
    /* 8 channels of DDR4-3200 [D]; 3 UPI links at 11.2 GT/s [M] */
    {"x86_64",
     "GenuineIntel",
     6,
     106,
     "Intel Xeon (Ice Lake)",
     {127000, 127000, 127000, MEMORY_NS},
     {50000, 50000, 0, SOCKET_NS}},
    /* 6 channels of DDR4-2933 [D]; 2 UPI links at 10.4 GT/s [M] */
    {"x86_64",
     "GenuineIntel",
     6,
     85,
     "Intel Xeon (Skylake or Cascade Lake)",
     {87000, 87000, 87000, MEMORY_NS},
     {35000, 35000, 0, SOCKET_NS}},
    /* 8 channels of DDR4-3200, 4 xGMI 2 links: see the preset dgx-a100 [D] */
    {"x86_64", "AuthenticAMD", 23, 49, "AMD EPYC (Rome)", ROME},
    {"x86_64", "AuthenticAMD", 143, 49, "AMD EPYC (Rome)", ROME},
    {"x86_64", "AuthenticAMD", 25, 17, "AMD EPYC (Genoa)", GENOA}, /* MMA [A] */
    {"x86_64", "AuthenticAMD", 175, 17, "AMD EPYC (Genoa)", GENOA},
    {"x86_64", "AuthenticAMD", 25, 0, "AMD EPYC (Milan)", ROME}, /* the memory of Rome */
    {"x86_64", "AuthenticAMD", 175, 0, "AMD EPYC (Milan)", ROME},
    {"x86_64", "AuthenticAMD", 26, 0, "AMD EPYC (Turin)", TURIN}, /* 12 x DDR5-6400 [D] */
    {"x86_64", "AuthenticAMD", 191, 0, "AMD EPYC (Turin)", TURIN},
    /* Both GPUs of a Grace read 2 x 211 [L], peak 500 [S]; the socket link is a guess. */
    {"arm64",
     "Unknown",
     0,
     0,
     "NVIDIA Grace",
     {422000, 422000, 500000, MEMORY_NS},
     {100000, 100000, 0, SOCKET_NS}},
    /* Anything else: a guess on the low side. */
    {"x86_64",
     "Unknown",
     0,
     0,
     "",
     {100000, 100000, 100000, MEMORY_NS},
     {20000, 20000, 0, SOCKET_NS}},
};

const struct weft_facts_cpu *weft_facts_cpu(const char *arch, const char *vendor, uint32_t family,
                                            uint32_t model)
{
    size_t last = WEFT_ARRAY_COUNT(cpu_rows) - 1;
    const struct weft_facts_cpu *best = NULL;

    for (size_t i = 0; i < last; i++) {
        const struct weft_facts_cpu *row = &cpu_rows[i];
        bool known = strcmp(row->vendor, "Unknown") != 0;

        if (strcmp(row->arch, arch) != 0 || (known && strcmp(row->vendor, vendor) != 0))
            continue;
        if (known && (row->family != family || row->model_least > model))
            continue;
        /* Intel's model numbers are not in the order of time: the nearest lower one is meant. */
        if (best == NULL || row->model_least > best->model_least)
            best = row;
    }
    return best != NULL ? best : &cpu_rows[last];
}

const struct weft_facts_cpu *weft_facts_cpu_named(const char *model)
{
    size_t last = WEFT_ARRAY_COUNT(cpu_rows) - 1;

    for (size_t i = 0; i < last; i++)
        if (strcmp(cpu_rows[i].model, model) == 0)
            return &cpu_rows[i];
    return &cpu_rows[last];
}

/* Device numbers are those of NVIDIA's driver [M]. */
static const struct weft_facts_gpu gpu_rows[] = {
    {0x1db1, 70, WEFT_GIB(16), false, "Tesla V100-SXM2-16GB"},
    {0x1db5, 70, WEFT_GIB(32), false, "Tesla V100-SXM2-32GB"},
    {0x1eb8, 75, WEFT_GIB(16), false, "Tesla T4"},
    {0x20b0, 80, WEFT_GIB(40), true, "NVIDIA A100-SXM4-40GB"},
    {0x20b2, 80, WEFT_GIB(80), true, "NVIDIA A100-SXM4-80GB"},
    {0x20b5, 80, WEFT_GIB(80), false, "NVIDIA A100 80GB PCIe"},
    {0x20f1, 80, WEFT_GIB(40), false, "NVIDIA A100-PCIE-40GB"},
    {0x20b7, 80, WEFT_GIB(24), false, "NVIDIA A30"},
    {0x2235, 86, WEFT_GIB(48), false, "NVIDIA A40"},
    {0x2236, 86, WEFT_GIB(24), false, "NVIDIA A10"},
    {0x2237, 86, WEFT_GIB(24), false, "NVIDIA A10G"},
    {0x26b5, 89, WEFT_GIB(48), false, "NVIDIA L40"},
    {0x26b9, 89, WEFT_GIB(48), false, "NVIDIA L40S"},
    {0x27b8, 89, WEFT_GIB(24), false, "NVIDIA L4"},
    {0x2324, 90, WEFT_GIB(80), true, "NVIDIA H800"},
    {0x2329, 90, WEFT_GIB(96), true, "NVIDIA H20"},
    {0x2330, 90, WEFT_GIB(80), true, "NVIDIA H100 80GB HBM3"},
    {0x2331, 90, WEFT_GIB(80), false, "NVIDIA H100 PCIe"},
    {0x2335, 90, WEFT_GIB(141), true, "NVIDIA H200"},
    {0x2901, 100, WEFT_GIB(180), true, "NVIDIA B200"},
    {0x2941, 100, UINT64_C(186000000000), true, "NVIDIA GB200"},
};

const struct weft_facts_gpu *weft_facts_gpu(uint32_t device)
{
    for (size_t i = 0; i < WEFT_ARRAY_COUNT(gpu_rows); i++)
        if (gpu_rows[i].device == device)
            return &gpu_rows[i];
    return NULL;
}

const struct weft_facts_gpu *weft_facts_gpu_named(const char *model)
{
    for (size_t i = 0; i < WEFT_ARRAY_COUNT(gpu_rows); i++)
        if (strcmp(gpu_rows[i].model, model) == 0)
            return &gpu_rows[i];
    return NULL;
}

/* NVLink: what NCCL plans with per link [C] where no measurement of all links is known. */
static const struct weft_facts_generation generation_rows[] = {
    {0, WEFT_GIB(16), 0, {0, 0, 0, NVLINK_NS}},
    {60, WEFT_GIB(16), 4, {72000, 72000, 0, NVLINK_NS}}, /* 18 per link [C] */
    {61, WEFT_GIB(16), 0, {0, 0, 0, NVLINK_NS}},
    {70, WEFT_GIB(16), 6, {120000, 120000, 0, NVLINK_NS}}, /* 20 per link [C] */
    {75, WEFT_GIB(16), 0, {0, 0, 0, NVLINK_NS}},
    {80, WEFT_GIB(40), 12, {276000, 276000, 0, NVLINK_NS}}, /* nvbandwidth [C] */
    {86, WEFT_GIB(24), 4, {48000, 48000, 0, NVLINK_NS}},    /* 12 per link [C] */
    {89, WEFT_GIB(24), 0, {0, 0, 0, NVLINK_NS}},
    {90, WEFT_GIB(80), 18, {397000, 397000, 774000, NVLINK_NS}},    /* HGX H100 [L] */
    {100, WEFT_GIB(180), 18, {774000, 765000, 1540000, NVLINK_NS}}, /* B300, GB200 [L] */
    {120, WEFT_GIB(96), 0, {0, 0, 0, NVLINK_NS}},
};

const struct weft_facts_generation *weft_facts_generation(uint32_t sm)
{
    size_t row = 0;

    for (size_t i = 1; i < WEFT_ARRAY_COUNT(generation_rows); i++)
        if (generation_rows[i].sm <= sm)
            row = i;
    return &generation_rows[row];
}

/* NVLink of a generation that has it; links that a file claims of one without are the oldest. */
static const struct weft_facts_generation *nvlink_generation(uint32_t sm)
{
    const struct weft_facts_generation *row = weft_facts_generation(sm);

    return row->nvlink_count > 0 ? row : weft_facts_generation(60);
}

struct weft_facts_span weft_facts_nvlink(uint32_t sm, uint64_t count)
{
    const struct weft_facts_generation *row = nvlink_generation(sm);
    struct weft_facts_span span = row->nvlink;

    span.out_bytes_per_us = span.out_bytes_per_us * count / row->nvlink_count;
    span.in_bytes_per_us = span.in_bytes_per_us * count / row->nvlink_count;
    span.duplex_bytes_per_us = span.duplex_bytes_per_us * count / row->nvlink_count;
    return span;
}

uint32_t weft_facts_nvlink_count(uint32_t sm, uint64_t rate_bytes_per_us)
{
    const struct weft_facts_generation *row = nvlink_generation(sm);
    uint64_t full = row->nvlink.out_bytes_per_us;
    uint64_t count = (rate_bytes_per_us * row->nvlink_count + full / 2) / full;

    return (uint32_t)weft_max(1, count);
}

uint32_t weft_facts_sm_of_pcie(uint32_t gts_tenths)
{
    uint32_t sm = 70;

    if (gts_tenths >= 160)
        sm = 80;
    if (gts_tenths >= 320)
        sm = 90;
    if (gts_tenths >= 640)
        sm = 100;
    return sm;
}

/* 49.3 of the 50 GB/s of 400G, FuseLink's baseline [S]. */
#define NET_PERMILLE 986

struct weft_facts_span weft_facts_net(uint64_t mbps)
{
    uint64_t rate = mbps * NET_PERMILLE / 8000;

    return (struct weft_facts_span){rate, rate, 0, NET_NS};
}

uint64_t weft_facts_net_mbps(uint64_t rate_bytes_per_us)
{
    return (rate_bytes_per_us * 8000 + NET_PERMILLE / 2) / NET_PERMILLE;
}

uint64_t weft_facts_net_of_pcie(uint32_t gts_tenths, uint32_t lanes)
{
    /* A port is one step of 25, 50, 100, 200, 400 or 800 Gb/s below the raw rate of its slot. */
    uint64_t raw_mbps = (uint64_t)gts_tenths * 100 * (lanes == 0 || lanes > LANES ? LANES : lanes);
    uint64_t mbps = 25000;

    while (mbps * 2 <= raw_mbps && mbps < 800000)
        mbps *= 2;
    return mbps;
}

struct weft_facts_span weft_facts_disk(uint32_t gts_tenths, uint32_t lanes)
{
    struct weft_facts_span pcie = weft_facts_pcie(gts_tenths, lanes);
    struct weft_facts_span span = {14000, 7000, 0, SSD_NS}; /* Gen5: PM1743, CM7, 9550 [S] */

    if (gts_tenths < 320) {
        span.out_bytes_per_us = 6700; /* Gen4: PM9A3 class [S] */
        span.in_bytes_per_us = 4000;
    }
    /* A drive is measured over its own x4; the copy's share of such a link is a little less. */
    if (lanes != 0 && lanes < 4) {
        span.out_bytes_per_us = weft_min(span.out_bytes_per_us, pcie.out_bytes_per_us);
        span.in_bytes_per_us = weft_min(span.in_bytes_per_us, pcie.in_bytes_per_us);
    }
    return span;
}

struct weft_facts_span weft_facts_c2c(uint64_t bw_mbytes, uint64_t count)
{
    /* Measured 211 in and 193 out [L] where a file says 5 times 44,712 [D]. */
    uint64_t raw = bw_mbytes * count;

    return (struct weft_facts_span){raw * 863 / 1000, raw * 944 / 1000, 0, C2C_NS};
}
