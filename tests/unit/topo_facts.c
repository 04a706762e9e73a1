/* host/topo_facts: lookups at and between the rows of the tables. */
#include <criterion/criterion.h>

#include "host/topo_facts.h"

Test(topo_facts, pcie__rates)
{
    static const struct {
        uint32_t gts_tenths;
        uint32_t lanes;
        uint64_t out;
        uint64_t in;
        uint64_t duplex;
    } rows[] = {
        {320, 16, 55200, 55400, 102858}, {160, 16, 26300, 26200, 36750},
        {80, 16, 12300, 12300, 17220},   {160, 8, 13150, 13100, 18375},
        {320, 4, 13800, 13850, 25714},   {320, 0, 55200, 55400, 102858},
        {320, 63, 55200, 55400, 102858}, {640, 16, 110000, 110000, 204600},
        {0, 16, 3100, 3100, 4340},       {100, 1, 768, 768, 1075},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct weft_facts_span span = weft_facts_pcie(rows[i].gts_tenths, rows[i].lanes);

        cr_expect_eq(span.out_bytes_per_us, rows[i].out, "row %zu", i);
        cr_expect_eq(span.in_bytes_per_us, rows[i].in, "row %zu", i);
        cr_expect_eq(span.duplex_bytes_per_us, rows[i].duplex, "row %zu", i);
    }
}

Test(topo_facts, pcie_speed__nearest)
{
    static const uint32_t rows[][2] = {{55400, 320}, {53000, 320}, {26200, 160},
                                       {13100, 80},  {1, 25},      {200000, 640}};

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++)
        cr_expect_eq(weft_facts_pcie_speed(rows[i][0]), rows[i][1], "%u", rows[i][0]);
}

Test(topo_facts, cpu__lookup)
{
    static const struct {
        const char *arch;
        const char *vendor;
        uint32_t family;
        uint32_t model;
        const char *name;
    } rows[] = {
        {"x86_64", "GenuineIntel", 6, 143, "Intel Xeon (Sapphire Rapids)"},
        {"x86_64", "GenuineIntel", 6, 207, "Intel Xeon (Emerald Rapids)"},
        {"x86_64", "GenuineIntel", 6, 108, "Intel Xeon (Ice Lake)"},
        {"x86_64", "GenuineIntel", 6, 79, ""},
        {"x86_64", "AuthenticAMD", 143, 49, "AMD EPYC (Rome)"},
        {"x86_64", "AuthenticAMD", 25, 1, "AMD EPYC (Milan)"},
        {"x86_64", "AuthenticAMD", 25, 17, "AMD EPYC (Genoa)"},
        {"x86_64", "AuthenticAMD", 26, 2, "AMD EPYC (Turin)"},
        {"arm64", "", 0, 0, "NVIDIA Grace"},
        {"riscv", "", 0, 0, ""},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        const struct weft_facts_cpu *cpu =
            weft_facts_cpu(rows[i].arch, rows[i].vendor, rows[i].family, rows[i].model);

        cr_expect_str_eq(cpu->model, rows[i].name, "row %zu: %s", i, cpu->model);
        cr_expect_str_eq(weft_facts_cpu_named(rows[i].name)->model, rows[i].name);
    }
}

Test(topo_facts, nvlink__generations)
{
    static const struct {
        uint32_t sm;
        uint64_t count;
        uint64_t out;
        uint64_t in;
    } rows[] = {
        {80, 12, 276000, 276000},  {90, 18, 397000, 397000},  {90, 8, 176444, 176444},
        {100, 18, 774000, 765000}, {103, 18, 774000, 765000}, {70, 6, 120000, 120000},
        {89, 1, 18000, 18000},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct weft_facts_span span = weft_facts_nvlink(rows[i].sm, rows[i].count);

        cr_expect_eq(span.out_bytes_per_us, rows[i].out, "row %zu", i);
        cr_expect_eq(span.in_bytes_per_us, rows[i].in, "row %zu", i);
        cr_expect_eq(weft_facts_nvlink_count(rows[i].sm, rows[i].out), rows[i].count, "row %zu", i);
    }
    cr_expect_eq(weft_facts_nvlink_count(90, 0), 1);
    cr_expect_eq(weft_facts_generation(89)->nvlink_count, 0);
    cr_expect_eq(weft_facts_generation(86)->nvlink_count, 4);
}

Test(topo_facts, gpu__by_number_and_name)
{
    cr_expect_str_eq(weft_facts_gpu(0x2330)->model, "NVIDIA H100 80GB HBM3");
    cr_expect_eq(weft_facts_gpu_named("NVIDIA A100-SXM4-40GB")->device, 0x20b0);
    cr_expect_null(weft_facts_gpu(0x1234));
    cr_expect_null(weft_facts_gpu_named(""));
}

Test(topo_facts, net__there_and_back)
{
    static const uint64_t speeds[] = {25000, 100000, 180000, 200000, 400000, 800000};

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(speeds); i++)
        cr_expect_eq((weft_facts_net_mbps(weft_facts_net(speeds[i]).out_bytes_per_us) + 5) / 10,
                     speeds[i] / 10, "%lu", (unsigned long)speeds[i]);
    cr_expect_eq(weft_facts_net(400000).out_bytes_per_us, 49300);
    cr_expect_eq(weft_facts_net_of_pcie(320, 16), 400000);
    cr_expect_eq(weft_facts_net_of_pcie(160, 16), 200000);
    cr_expect_eq(weft_facts_net_of_pcie(80, 16), 100000);
    cr_expect_eq(weft_facts_net_of_pcie(160, 8), 100000);
}
