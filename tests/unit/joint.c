/* perf/weft-perf/joint: two servers joined at the network, their bounds counted by hand. */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "../../perf/weft-perf/joint.h"
#include "common/maxflow.h"
#include "core/preset.h"

struct servers {
    struct weft_topo a;
    struct weft_topo b;
    struct weft_perf_joint joint;
    uint64_t rates[WEFT_LINKS_MAX];
    char why[WEFT_WHY_BYTES];
};

/* gpu0 and gpu1 with a NIC each (40 to the GPU, `net` to the network), NVLink of 90 between. */
static void server_fill(struct weft_topo *topo, uint64_t net)
{
    uint32_t gpus[2];
    uint32_t nics[2];
    uint32_t network;

    weft_topo_init(topo, "pair of GPUs");
    for (uint32_t i = 0; i < 2; i++)
        gpus[i] = weft_topo_add_device(topo, weftDeviceGpu, NULL, 0, NULL);
    for (uint32_t i = 0; i < 2; i++)
        nics[i] = weft_topo_add_device(topo, weftDeviceNic, NULL, 0, NULL);
    network = weft_topo_add_device(topo, weftDeviceSwitch, "net", -1, NULL);
    (void)weft_topo_add_pair(topo, gpus[0], gpus[1], WEFT_LINK_NVL, 90, 90, 0, 100);
    for (uint32_t i = 0; i < 2; i++) {
        (void)weft_topo_add_pair(topo, nics[i], gpus[i], WEFT_LINK_PCI, 40, 40, 0, 100);
        (void)weft_topo_add_pair(topo, nics[i], network, WEFT_LINK_NET, net, net, 0, 100);
    }
}

static struct servers *servers_make(uint64_t net_a, uint64_t net_b, uint32_t nic_count)
{
    struct servers *servers = calloc(1, sizeof(*servers));

    server_fill(&servers->a, net_a);
    server_fill(&servers->b, net_b);
    cr_assert(
        weft_perf_joint_init(&servers->joint, &servers->a, &servers->b, nic_count, servers->why),
        "%s", servers->why);
    cr_expect_null(weft_topo_check(&servers->joint.topo));
    weft_rates_init(&servers->joint.topo, servers->rates);
    return servers;
}

static uint64_t rate_between(const struct servers *servers, const char *from, const char *to)
{
    return weft_maxflow_between(&servers->joint.topo, servers->rates,
                                weft_perf_joint_device(&servers->joint, WEFT_PERF_A, from),
                                weft_perf_joint_device(&servers->joint, WEFT_PERF_B, to));
}

static void link_scale(struct servers *servers, enum weft_perf_side side, const char *link,
                       unsigned permille)
{
    uint32_t index = weft_perf_joint_link(&servers->joint, side, link);

    cr_assert_neq(index, WEFT_NONE, "%s", link);
    weft_rates_scale(&servers->joint.topo, index, permille, servers->rates);
}

Test(joint, init__rates)
{
    static const struct {
        uint64_t net_a;
        uint64_t net_b;
        uint32_t nic_count;
        uint64_t rate;
    } rows[] = {
        {30, 30, 0, 60}, {30, 30, 1, 30}, {30, 30, 2, 60}, {30, 10, 0, 20},
        {10, 30, 0, 20}, {60, 60, 0, 80}, {60, 60, 1, 40},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct servers *servers = servers_make(rows[i].net_a, rows[i].net_b, rows[i].nic_count);

        cr_expect_eq(rate_between(servers, "gpu0", "gpu0"), rows[i].rate, "row %zu", i);
        cr_expect_eq(rate_between(servers, "gpu1", "gpu0"), rows[i].rate, "row %zu", i);
        free(servers);
    }
}

/* Any NIC reaches any NIC: what nic0 of a loses is not lost to nic1 of b. */
Test(joint, link__states)
{
    static const struct {
        const char *a;
        const char *b;
        unsigned permille;
        uint64_t rate;
    } rows[] = {
        {"nic0-net", "nic0-net", 0, 30},     {"nic0-net", "nic1-net", 0, 30},
        {"nic0-net", "nic1-net", 500, 45},   {"gpu0-pcie", "nic1-net", 0, 30},
        {"gpu0-gpu1", "gpu0-gpu1", 500, 60}, {"gpu0-gpu1", "gpu0-gpu1", 100, 39},
        {"gpu0-gpu1", "nic0-net", 0, 30},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct servers *servers = servers_make(30, 30, 0);

        link_scale(servers, WEFT_PERF_A, rows[i].a, rows[i].permille);
        link_scale(servers, WEFT_PERF_B, rows[i].b, rows[i].permille);
        cr_expect_eq(rate_between(servers, "gpu0", "gpu0"), rows[i].rate, "row %zu", i);
        free(servers);
    }
}

Test(joint, init__presets)
{
    static const struct {
        const char *a;
        const char *b;
        uint32_t nic_count;
        uint64_t rate;
    } rows[] = {
        {"hgx-h100", "hgx-h100", 1, 49300},       {"hgx-h100", "hgx-h100", 2, 2 * 49300},
        {"hgx-h100", "hgx-h100", 4, 4 * 49300},   {"hgx-h100", "hgx-h100", 8, 8 * 49300},
        {"hgx-h100", "hgx-h100", 0, 8 * 49300},   {"hgx-h100", "dgx-a100", 0, 8 * 24500},
        {"hgx-h100", "nvl72-tray", 0, 4 * 49300},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct servers *servers = calloc(1, sizeof(*servers));

        cr_assert(weft_preset_fill(rows[i].a, &servers->a));
        cr_assert(weft_preset_fill(rows[i].b, &servers->b));
        cr_assert(weft_perf_joint_init(&servers->joint, &servers->a, &servers->b, rows[i].nic_count,
                                       servers->why));
        weft_rates_init(&servers->joint.topo, servers->rates);
        cr_expect_eq(rate_between(servers, "gpu0", "gpu0"), rows[i].rate, "row %zu", i);
        free(servers);
    }
}

Test(joint, init__refused)
{
    struct servers *servers = servers_make(30, 30, 0);
    struct weft_topo *plain = calloc(1, sizeof(*plain));

    cr_expect(!weft_perf_joint_init(&servers->joint, &servers->a, &servers->b, 3, servers->why));
    cr_expect_not_null(strstr(servers->why, "has 2 NICs"), "%s", servers->why);
    weft_topo_init(plain, "no network");
    cr_expect(!weft_perf_joint_init(&servers->joint, &servers->a, plain, 0, servers->why));
    cr_expect_not_null(strstr(servers->why, "no network has 0 NICs"), "%s", servers->why);
    free(plain);
    free(servers);
}
