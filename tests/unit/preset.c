/* core/preset: the figures of the described machines, written down once more. */
#include <criterion/criterion.h>

#include "core/preset.h"

Test(preset, name__list)
{
    static const char *const names[] = {"hgx-h100", "hgx-h20", "dgx-a100", "nvl72-tray"};

    for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(names); i++) {
        struct weft_topo topo;

        cr_expect_str_eq(weft_preset_name(i), names[i]);
        cr_expect_not_null(weft_preset_about(i));
        cr_assert(weft_preset_fill(names[i], &topo));
        cr_expect_str_eq(topo.name, names[i]);
        cr_expect_null(weft_topo_check(&topo), "%s", names[i]);
    }
    cr_expect_null(weft_preset_name(4));
    cr_expect_null(weft_preset_about(4));
}

Test(preset, fill__unknown)
{
    struct weft_topo topo = {.device_count = 77};

    cr_expect_not(weft_preset_fill("hgx-h1000", &topo));
    cr_expect_not(weft_preset_fill("", &topo));
    cr_expect_eq(topo.device_count, 77, "a failure changes nothing");
}

Test(preset, fill__devices)
{
    static const struct {
        const char *name;
        uint32_t counts[weftNumDeviceKinds]; /* gpu, dram, ssd, nic, switch, cpu */
        uint32_t sm;
        uint64_t gpu_gb;
    } rows[] = {
        {"hgx-h100", {8, 2, 16, 8, 10, 2}, 90, 85},
        {"hgx-h20", {8, 2, 16, 8, 10, 2}, 90, 103},
        {"dgx-a100", {8, 2, 0, 8, 6, 2}, 80, 85},
        {"nvl72-tray", {4, 2, 4, 4, 2, 2}, 100, 186},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct weft_topo topo;
        uint32_t counts[weftNumDeviceKinds] = {0};
        const struct weft_device *gpu;

        cr_assert(weft_preset_fill(rows[i].name, &topo));
        for (uint32_t d = 0; d < topo.device_count; d++)
            counts[topo.devices[d].kind]++;
        cr_expect_arr_eq(counts, rows[i].counts, sizeof(counts), "%s", rows[i].name);
        gpu = &topo.devices[weft_topo_find(&topo, "gpu0")];
        cr_expect_eq(gpu->sm, rows[i].sm, "%s", rows[i].name);
        cr_expect_eq(gpu->memory_bytes / 1000000000, rows[i].gpu_gb, "%s", rows[i].name);
    }
}

Test(preset, fill__rates)
{
    static const struct {
        const char *preset;
        const char *link;
        uint64_t out;
        uint64_t in;
        uint64_t duplex;
    } rows[] = {
        {"hgx-h100", "dram0", 191000, 191000, 191000},
        {"hgx-h100", "dram1", 191000, 191000, 191000},
        {"hgx-h100", "cpu0-cpu1", 60000, 60000, 0},
        {"hgx-h100", "switch7-pcie", 55200, 55400, 102858},
        {"hgx-h100", "gpu7-pcie", 55200, 55400, 102858},
        {"hgx-h100", "gpu0-nvlink", 397000, 397000, 774000},
        {"hgx-h100", "nic3-pcie", 55200, 55400, 102858},
        {"hgx-h100", "nic3-net", 49300, 49300, 0},
        {"hgx-h100", "ssd15-disk", 14000, 7000, 0},
        {"hgx-h20", "dram0", 300000, 300000, 300000},
        {"hgx-h20", "cpu0-cpu1", 300000, 300000, 600000},
        {"hgx-h20", "switch0-pcie", 53000, 53000, 98580},
        {"hgx-h20", "gpu0-pcie", 53000, 53000, 98580},
        {"hgx-h20", "gpu0-nvlink", 397000, 397000, 774000},
        {"dgx-a100", "dram0", 155600, 155600, 155600},
        {"dgx-a100", "switch3-pcie", 26300, 26200, 36750},
        {"dgx-a100", "gpu7-pcie", 26300, 26200, 36750},
        {"dgx-a100", "nic7-net", 24500, 24500, 0},
        {"dgx-a100", "gpu0-nvlink", 276000, 276000, 0},
        {"nvl72-tray", "gpu3-c2c", 193000, 211000, 0},
        {"nvl72-tray", "gpu0-nvlink", 774000, 765000, 1540000},
        {"nvl72-tray", "nic0-net", 49300, 49300, 0},
        {"nvl72-tray", "ssd3-disk", 14000, 7000, 0},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct weft_topo topo;
        uint32_t link;

        cr_assert(weft_preset_fill(rows[i].preset, &topo));
        link = weft_topo_link_find(&topo, rows[i].link);
        cr_assert_neq(link, WEFT_NONE, "%s %s", rows[i].preset, rows[i].link);
        cr_expect_eq(topo.links[link].rate_bytes_per_us, rows[i].out, "%s", rows[i].link);
        cr_expect_eq(topo.links[topo.links[link].reverse].rate_bytes_per_us, rows[i].in, "%s",
                     rows[i].link);
        cr_expect_eq(topo.links[link].duplex_bytes_per_us, rows[i].duplex, "%s", rows[i].link);
    }
}

Test(preset, fill__places)
{
    static const struct {
        const char *preset;
        const char *link;
        const char *to;
        int numa_node;
    } rows[] = {
        {"hgx-h100", "gpu3-pcie", "switch3", 0},     {"hgx-h100", "gpu4-pcie", "switch4", 1},
        {"hgx-h100", "switch3-pcie", "cpu0", 0},     {"hgx-h100", "switch4-pcie", "cpu1", 1},
        {"hgx-h100", "ssd7-disk", "switch3", 0},     {"hgx-h100", "ssd8-disk", "switch4", 1},
        {"dgx-a100", "gpu1-pcie", "switch0", 0},     {"dgx-a100", "gpu2-pcie", "switch1", 0},
        {"dgx-a100", "nic1-pcie", "switch0", 0},     {"dgx-a100", "gpu7-pcie", "switch3", 1},
        {"nvl72-tray", "gpu1-c2c", "cpu0", 0},       {"nvl72-tray", "gpu2-c2c", "cpu1", 1},
        {"nvl72-tray", "nic3-pcie", "cpu1", 1},      {"hgx-h100", "nic5-net", "net0", 1},
        {"hgx-h100", "gpu5-nvlink", "nvswitch0", 1},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct weft_topo topo;
        const struct weft_link *link;

        cr_assert(weft_preset_fill(rows[i].preset, &topo));
        link = &topo.links[weft_topo_link_find(&topo, rows[i].link)];
        cr_expect_str_eq(topo.devices[link->to].name, rows[i].to, "%s", rows[i].link);
        cr_expect_eq(topo.devices[link->from].numa_node, rows[i].numa_node, "%s", rows[i].link);
    }
}
