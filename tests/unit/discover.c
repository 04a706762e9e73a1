/* Discovery on machines that are written down: a kernel's view of them in a folder of its own. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "core/topo.h"
#include "host/discover.h"
#include "host/sysfs.h"
#include "sysfs_fixture.h"

static struct weft_topo topo;

static void machine_discover(const struct weft_device_found *gpus, uint32_t gpu_count,
                             const struct weft_nvml_links *nvlinks)
{
    char cpuinfo[SYSFS_PATH];
    char why[WEFT_DISCOVER_WHY_BYTES] = "";
    struct weft_discover_input input = {
        .sysfs = sysfs_root,
        .cpuinfo = cpuinfo,
        .gpus = gpus,
        .gpu_count = gpu_count,
        .nvlinks = nvlinks,
        .gpu_note = "there is no driver",
        .nvlink_note = "there is no library",
    };

    snprintf(cpuinfo, sizeof(cpuinfo), "%s/proc/cpuinfo", sysfs_root);
    cr_assert_eq(weft_discover_from(&input, &topo, why), weftSuccess, "%s", why);
    cr_assert_null(weft_topo_check(&topo), "%s", weft_topo_check(&topo));
    sysfs_remove();
}

/* The links as "gpu0>cpu0 55200 55400", in the order that they were added. */
static void links_expect(const char *const *expected, uint32_t count)
{
    for (uint32_t i = 0; i < count && 2 * i < topo.link_count; i++) {
        const struct weft_link *link = &topo.links[2 * i];
        char text[128];

        snprintf(text, sizeof(text), "%s>%s %llu %llu", topo.devices[link->from].name,
                 topo.devices[link->to].name, (unsigned long long)link->rate_bytes_per_us,
                 (unsigned long long)topo.links[link->reverse].rate_bytes_per_us);
        cr_assert_str_eq(text, expected[i], "link %u", i);
    }
    cr_assert_eq(topo.link_count, 2 * count);
}

static bool has_note(const char *words)
{
    for (uint32_t i = 0; i < topo.note_count; i++)
        if (strstr(topo.notes[i], words) != NULL)
            return true;
    return false;
}

static struct weft_device_found gpu_found(const char *bus, unsigned sm)
{
    struct weft_device_found found = {.kind = weftDeviceGpu,
                                      .numa_node = -1,
                                      .model = "NVIDIA H200",
                                      .memory_bytes = 150109880320u,
                                      .compute_capability = sm};

    weft_text_copy(found.bus, sizeof(found.bus), bus);
    return found;
}

Test(discover, from__virtual_machine_with_one_gpu)
{
    static const char *const links[] = {"dram0>cpu0 191000 191000", "gpu0>cpu0 55200 55400"};
    struct weft_device_found gpu = gpu_found("0000:00:06.0", 90);

    sysfs_make();
    sysfs_node(0, "Node 0 MemTotal:       131072000 kB\n", "0-15\n", "0\n");
    sysfs_pci("0000:00:06.0", "0x030200\n", NULL, "0\n", "-1\n");
    machine_discover(&gpu, 1, NULL);
    links_expect(links, WEFT_ARRAY_COUNT(links));
    cr_assert_eq(topo.device_count, 3);
    cr_assert_str_eq(topo.devices[0].model, "Intel Xeon (Sapphire Rapids)");
    cr_assert_eq(topo.devices[1].memory_bytes, 134217728000u);
    cr_assert_eq(topo.devices[2].numa_node, 0);
    cr_assert_eq(topo.devices[2].sm, 90);
    cr_assert_eq(topo.devices[2].memory_bytes, 150109880320u);
    cr_assert_str_eq(topo.devices[2].bus, "0000:00:06.0");
    cr_assert_str_eq(topo.devices[2].model, "NVIDIA H200");
    cr_assert(has_note("32.0 GT/s is assumed for sm_90"));
    cr_assert(has_note("x16 is assumed"));
    cr_assert_not(has_note("NUMA"));
}

Test(discover, from__nothing_to_be_seen)
{
    static const char *const links[] = {"dram0>cpu0 191000 191000"};

    sysfs_make();
    machine_discover(NULL, 0, NULL);
    links_expect(links, WEFT_ARRAY_COUNT(links));
    cr_assert(has_note("no GPU: there is no driver"));
    cr_assert(has_note("shows no NUMA nodes"));
}

/* Two sockets. On the first a switch with a GPU and a NIC of two ports, and a switch below that one
 * with another GPU; on the second an SSD, a GPU at a root port, and what is to be left out. */
Test(discover, from__switches)
{
    static const char *const links[] = {
        "dram0>cpu0 191000 191000", "dram1>cpu1 191000 191000",    "cpu0>cpu1 60000 60000",
        "switch0>cpu0 55200 55400", "switch1>switch0 55200 55400", "gpu0>switch0 55200 55400",
        "gpu1>switch1 55200 55400", "gpu2>cpu1 26300 26200",       "nic0>switch0 55200 55400",
        "ssd0>cpu1 6700 4000",      "nic0>net0 49300 49300",
    };
    struct weft_device_found gpus[] = {gpu_found("0000:03:00.0", 90), gpu_found("0000:08:00.0", 90),
                                       gpu_found("0000:41:00.0", 90)};
    char folder[SYSFS_PATH];

    sysfs_make();
    sysfs_node(0, "Node 0 MemTotal: 1024 kB\n", "0-31\n", "0\n");
    sysfs_node(1, "Node 1 MemTotal: 2048 kB\n", "32-63\n", "1\n");
    sysfs_node(2, "Node 2 MemTotal: 4096 kB\n", "\n", "");
#define ROOT0   "0000:00:01.0"
#define SWITCH0 ROOT0 "/0000:01:00.0"
#define SWITCH1 SWITCH0 "/0000:02:02.0/0000:06:00.0"
    sysfs_pci(ROOT0, "0x060400\n", "32.0 GT/s PCIe\n", "16\n", "0\n");
    sysfs_pci(SWITCH0, "0x060400\n", "64.0 GT/s PCIe\n", "16\n", "0\n");
    sysfs_pci(SWITCH0 "/0000:02:00.0", "0x060400\n", "32.0 GT/s PCIe\n", "16\n", "0\n");
    sysfs_pci(SWITCH0 "/0000:02:00.0/0000:03:00.0", "0x030200\n", "32.0 GT/s PCIe\n", "16\n",
              "0\n");
    sysfs_pci(SWITCH0 "/0000:02:01.0", "0x060400\n", "32.0 GT/s PCIe\n", "16\n", "0\n");
    sysfs_pci(SWITCH0 "/0000:02:01.0/0000:05:00.0", "0x020000\n", "32.0 GT/s PCIe\n", "16\n",
              "0\n");
    sysfs_pci(SWITCH0 "/0000:02:01.0/0000:05:00.1", "0x020700\n", "32.0 GT/s PCIe\n", "16\n",
              "0\n");
    sysfs_pci(SWITCH0 "/0000:02:02.0", "0x060400\n", "5.0 GT/s PCIe\n", "16\n", "0\n");
    sysfs_pci(SWITCH1, "0x060400\n", "5.0 GT/s PCIe\n", "16\n", "0\n");
    sysfs_pci(SWITCH1 "/0000:07:00.0", "0x060400\n", "32.0 GT/s PCIe\n", "16\n", "0\n");
    sysfs_pci(SWITCH1 "/0000:07:00.0/0000:08:00.0", "0x030200\n", "32.0 GT/s PCIe\n", "16\n",
              "0\n");
    /* The slot is slower than the GPU. */
    sysfs_pci("0000:40:01.0", "0x060400\n", "16.0 GT/s PCIe\n", "16\n", "1\n");
    sysfs_pci("0000:40:01.0/0000:41:00.0", "0x030200\n", "32.0 GT/s PCIe\n", "16\n", "1\n");
    sysfs_pci("0000:40:02.0", "0x010802\n", "16.0 GT/s PCIe\n", "4\n", "1\n");
    /* A port for management, and a virtual function. */
    sysfs_pci("0000:40:03.0", "0x020000\n", "5.0 GT/s PCIe\n", "1\n", "1\n");
    sysfs_file("devices/pci0000:00/0000:40:03.0/net/eth0", "speed", "1000\n");
    sysfs_pci("0000:40:04.0", "0x020000\n", "32.0 GT/s PCIe\n", "16\n", "1\n");
    sysfs_file("devices/pci0000:00/0000:40:04.0", "physfn", "");
    snprintf(folder, sizeof(folder), "devices/pci0000:00/%s",
             SWITCH0 "/0000:02:01.0/0000:05:00.0/net/eth1");
    sysfs_file(folder, "speed", "200000\n");
    snprintf(folder, sizeof(folder), "devices/pci0000:00/%s",
             SWITCH0 "/0000:02:01.0/0000:05:00.1/infiniband/mlx5_1/ports/1");
    sysfs_file(folder, "rate", "200 Gb/sec (4X HDR)\n");
    machine_discover(gpus, 3, NULL);
    links_expect(links, WEFT_ARRAY_COUNT(links));
    cr_assert_eq(topo.devices[weft_topo_find(&topo, "dram1")].memory_bytes, 2097152);
    cr_assert_eq(topo.devices[weft_topo_find(&topo, "gpu2")].numa_node, 1);
    cr_assert_str_eq(topo.devices[weft_topo_find(&topo, "switch1")].bus, "0000:06:00.0");
    cr_assert(has_note("NUMA node 2 has no processors"));
    cr_assert(has_note("0000:06:00.0 reports 5.0 GT/s"));
    cr_assert(has_note("NVLinks are unknown: there is no library"));
}

Test(discover, from__two_nodes_of_one_socket)
{
    static const char *const links[] = {"dram0>cpu0 95500 95500", "dram1>cpu1 95500 95500",
                                        "cpu0>cpu1 191000 191000"};

    sysfs_make();
    sysfs_node(0, "Node 0 MemTotal: 1024 kB\n", "0-15\n", "0\n");
    sysfs_node(1, "Node 1 MemTotal: 1024 kB\n", "16-31\n", "0\n");
    machine_discover(NULL, 0, NULL);
    links_expect(links, WEFT_ARRAY_COUNT(links));
    cr_assert(has_note("2 NUMA nodes share a socket"));
}

/* Of four GPUs that the kernel does not show, two on an NVSwitch and two on each other. */
Test(discover, from__nvlinks)
{
    static const char *const links[] = {
        "dram0>cpu0 191000 191000",     "gpu0>cpu0 55200 55400", "gpu1>cpu0 55200 55400",
        "gpu2>cpu0 55200 55400",        "gpu3>cpu0 55200 55400", "gpu0>nvswitch0 397000 397000",
        "gpu1>nvswitch0 198500 198500", "gpu2>gpu3 88222 88222",
    };
    static struct weft_nvml_links nvlinks = {.switch_links = {18, 9}};
    struct weft_device_found gpus[] = {gpu_found("0000:01:00.0", 90), gpu_found("0000:02:00.0", 90),
                                       gpu_found("0000:03:00.0", 90),
                                       gpu_found("0000:04:00.0", 90)};

    nvlinks.gpu_links[2][3] = 4;
    nvlinks.gpu_links[3][2] = 4;
    sysfs_make();
    sysfs_node(0, "Node 0 MemTotal: 1024 kB\n", "0-15\n", "0\n");
    machine_discover(gpus, 4, &nvlinks);
    links_expect(links, WEFT_ARRAY_COUNT(links));
    cr_assert(has_note("does not show the GPU at 0000:04:00.0"));
    cr_assert_not(has_note("NVLinks are unknown"));
}

Test(discover, sysfs_speed_parse__forms)
{
    static const struct {
        const char *text;
        uint32_t tenths;
    } cases[] = {
        {"32.0 GT/s PCIe", 320}, {"2.5 GT/s PCIe", 25}, {"8 GT/s", 80}, {"Unknown", 0}, {"", 0},
        {"64.0 GT/s PCIe", 640},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(cases); i++)
        cr_assert_eq(weft_sysfs_speed_parse(cases[i].text), cases[i].tenths, "%s", cases[i].text);
}

/* This machine, whatever it is: it has at least one processor and its memory. */
Test(discover, discover__this_machine)
{
    static struct weft_config config;
    char why[WEFT_DISCOVER_WHY_BYTES] = "";

    cr_assert_eq(weft_discover(&config, &topo, why), weftSuccess, "%s", why);
    cr_assert_null(weft_topo_check(&topo));
    cr_assert_neq(weft_topo_find(&topo, "cpu0"), WEFT_NONE);
    cr_assert_neq(weft_topo_find(&topo, "dram0"), WEFT_NONE);
    cr_assert(weft_topo_find(&topo, "gpu0") != WEFT_NONE || has_note("no GPU"));
}
