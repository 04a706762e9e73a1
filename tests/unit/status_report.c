/* host/status_report: a snapshot that is written down here, as JSON and as text. */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "host/status.h"
#include "host/status_report.h"

/* src0 --- dst0: two devices, one link each way, one hop. */
static struct weft_machine machine;
static struct weft_loop loop;
static struct weft_hop_table hops;
static struct weft_snapshot snapshot;
static char text_bytes[65536];

static void make(void)
{
    uint32_t gpu;
    uint32_t dram;
    uint32_t nic;

    weft_topo_init(&machine.topo, "bench");
    gpu = weft_topo_add_device(&machine.topo, weftDeviceGpu, NULL, 0, "");
    dram = weft_topo_add_device(&machine.topo, weftDeviceDram, NULL, 0, "");
    nic = weft_topo_add_device(&machine.topo, weftDeviceNic, NULL, 0, "");
    weft_topo_add_pair(&machine.topo, gpu, nic, WEFT_LINK_PCI, 55000, 55000, 0, 500);
    weft_topo_add_pair(&machine.topo, nic, dram, WEFT_LINK_PCI, 55000, 55000, 0, 500);
    machine.emulation.on = true;
    machine.emulation.dilation = 100;
    weft_text_copy(machine.emulation.node, sizeof(machine.emulation.node), "bench");
    weft_hop_init(&hops);
    hops.count = 1;
    hops.hops[0] = (struct weft_hop){.src_device = gpu,
                                     .dst_device = dram,
                                     .link_count = 2,
                                     .links = {0, 2},
                                     .rate_bytes_per_us = 55000};
    weft_text_copy(loop.noun, sizeof(loop.noun), "comm 3");
    weft_text_copy(loop.config.server_id, sizeof(loop.config.server_id), "10.0.0.1");
    loop.machine = &machine;
    loop.topo = &machine.topo;
    loop.hops = &hops;

    snapshot.at = 2000000000;
    snapshot.cpu_ns = 7;
    snapshot.transfers = 12;
    snapshot.live = 2;
    snapshot.queued = 1;
    snapshot.failed = 4;
    snapshot.copies = 99;
    snapshot.copies_out = 3;
    snapshot.refused = 5;
    snapshot.async_error = weftSuccess;
    weft_text_copy(snapshot.last_error, sizeof(snapshot.last_error), "put of \"1\" byte");
    snapshot.path_count = 1;
    snapshot.paths[0] =
        (struct weft_snapshot_path){.use = WEFT_SNAPSHOT_SUSPECT,
                                    .route = {.hop_count = 1, .rate_bytes_per_us = 55000},
                                    .src_device = gpu,
                                    .dst_device = dram,
                                    .share_permille = 1000,
                                    .plan_bytes_per_us = 54000,
                                    .rate_bytes_per_us = 53000,
                                    .moved_bytes = 1048576,
                                    .chunks = 2,
                                    .chunks_out = 1,
                                    .bytes_out = 4096};
    snapshot.lane_count = 1;
    snapshot.lanes[0] = (struct weft_snapshot_lane){.state = WEFT_LANE_SUSPECT,
                                                    .copies_out = 1,
                                                    .rate_bytes_per_us = 53000,
                                                    .moved_bytes = 1048576,
                                                    .since = 1500000000,
                                                    .stalled = true};
    snapshot.link_count = 1;
    snapshot.links[0] = (struct weft_snapshot_link){.name = "gpu0-pcie",
                                                    .src_device = gpu,
                                                    .dst_device = nic,
                                                    .nominal_bytes_per_us = 55000,
                                                    .moved_bytes = 1048576};
    snapshot.relay_count = 1;
    snapshot.relays[0] = (struct weft_snapshot_relay){.device = gpu, .slots = 8, .used = 2};
}

static void make_net(void)
{
    snapshot.has_net = true;
    snapshot.net = "tcp";
    snapshot.counts = (struct weft_net_counts){10, 1, 2, 3, 4, 5, 0, 6};
    snapshot.peer_count = 1;
    snapshot.peers[0] = (struct weft_snapshot_peer){
        .name = "10.0.0.2",
        .state = "ready",
        .lent_slots = 3,
        .lane_count = 2,
        .lanes = {{true, 0, 0, 1048576, 2097152}, {false, 1, 0, 0, 0}},
    };
}

TestSuite(status_report, .init = make);

static cJSON *json(void)
{
    struct weft_text text;
    cJSON *tree;

    weft_text_init(&text, text_bytes, sizeof(text_bytes));
    weft_status_report_json(&loop, &snapshot, &text);
    cr_assert_not(text.cut);
    tree = cJSON_ParseWithOpts(text_bytes, NULL, true);
    cr_assert_not_null(tree, "%s", text_bytes);
    return tree;
}

/* The first row of a list. */
static const cJSON *row(const cJSON *tree, const char *list)
{
    return cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(tree, list), 0);
}

Test(status_report, json__counts)
{
    static const struct {
        const char *key;
        double value;
    } expected[] = {
        {"comm", 3},
        {"uptime_ns", 2000000000},
        {"progress_cpu_ns", 7},
        {"transfers", 12},
        {"transfers_live", 2},
        {"transfers_queued", 1},
        {"transfers_failed", 4},
        {"copies", 99},
        {"copies_out", 3},
        {"refused", 5},
        {"paths_hidden", 0},
    };
    cJSON *tree = json();

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(expected); i++)
        cr_expect_eq(weft_json_number(tree, expected[i].key, -1), expected[i].value, "%s",
                     expected[i].key);
    cr_expect_str_eq(weft_json_text(tree, "server", "?"), "10.0.0.1");
    cr_expect_str_eq(weft_json_text(tree, "async_error", "?"), "weftSuccess");
    cr_expect_str_eq(weft_json_text(tree, "last_error", "?"), "put of \"1\" byte");
    cr_expect_eq(
        weft_json_number(cJSON_GetObjectItemCaseSensitive(tree, "emulated"), "dilation", 0), 100);
    cr_expect(cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(tree, "net")));
    cr_expect_eq(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(tree, "devices")), 3);
    cJSON_Delete(tree);
}

Test(status_report, json__path_lane_and_link)
{
    cJSON *tree = json();
    const cJSON *path = row(tree, "paths");
    const cJSON *lane = row(tree, "lanes");
    const cJSON *link = row(tree, "links");

    cr_expect_str_eq(weft_json_text(path, "route", "?"), "gpu0>dram0");
    cr_expect_str_eq(weft_json_text(path, "state", "?"), "suspect");
    cr_expect_str_eq(row(path, "nics")->valuestring, "nic0");
    cr_expect_eq(row(path, "hops")->valuedouble, 0);
    cr_expect_eq(weft_json_number(path, "share_permille", -1), 1000);
    cr_expect_eq(weft_json_number(path, "learned_bytes_per_us", -1), 53000);
    cr_expect_eq(weft_json_number(path, "moved_bytes", -1), 1048576);
    cr_expect_eq(weft_json_number(path, "chunks_out", -1), 1);
    cr_expect_str_eq(weft_json_text(lane, "state", "?"), "suspect");
    cr_expect(cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(lane, "hangs")));
    cr_expect_eq(weft_json_number(lane, "since_ns", -1), 500000000);
    cr_expect_str_eq(weft_json_text(link, "name", "?"), "gpu0-pcie");
    cr_expect_str_eq(weft_json_text(link, "dst", "?"), "nic0");
    cr_expect_eq(weft_json_number(row(tree, "relays"), "used", -1), 2);
    cJSON_Delete(tree);
}

Test(status_report, json__net)
{
    const cJSON *net;
    const cJSON *lane;
    cJSON *tree;

    make_net();
    tree = json();
    net = cJSON_GetObjectItemCaseSensitive(tree, "net");
    lane = row(row(net, "peers"), "lanes");
    cr_expect_str_eq(weft_json_text(net, "transport", "?"), "tcp");
    cr_expect_eq(weft_json_number(net, "strangers", -1), 1);
    cr_expect_eq(weft_json_number(net, "too_many", -1), 6);
    cr_expect_eq(weft_json_number(net, "wrong_secrets", -1), 2);
    cr_expect_eq(weft_json_number(net, "refused_writes", -1), 4);
    cr_expect_eq(weft_json_number(net, "fences", -1), 5);
    cr_expect_str_eq(weft_json_text(row(net, "peers"), "name", "?"), "10.0.0.2");
    cr_expect_eq(weft_json_number(row(net, "peers"), "lent_slots", -1), 3);
    cr_expect_eq(weft_json_number(lane, "received_bytes", -1), 2097152);
    cJSON_Delete(tree);
}

Test(status_report, text__lines)
{
    static const char *const lines[] = {
        "comm 3, server 10.0.0.1\n",
        "EMULATED machine bench, dilation 100",
        "up 2.000 s, 12 transfers (2 live, 1 queued, 4 failed), 99 copies (3 out, 5 refused)\n",
        "last error: put of \"1\" byte\n",
        "gpu0>dram0                               suspect  100.0%    54.000    53.000          1.0"
        "         2    1\n",
        "gpu0>dram0                               suspect     55.000    53.000    1 hangs\n",
        "relay slots used: gpu0 2/8\n",
        "tcp: 10 connections, of them 1 strangers, 2 wrong secrets, 3 too slow, 6 too many; 4 "
        "writes refused, "
        "5 fences\n",
        "peer 10.0.0.2: ready, lanes 1 of 2 up, 3 relay slots lent\n",
        "  nic0 to nic0: up, sent 1.0 MiB, received 2.0 MiB\n",
        "  nic1 to nic0: down, sent 0.0 MiB, received 0.0 MiB\n",
    };
    struct weft_text text;

    make_net();
    weft_text_init(&text, text_bytes, sizeof(text_bytes));
    weft_status_report_text(&loop, &snapshot, &text);
    cr_assert_not(text.cut);
    for (size_t i = 0; i < WEFT_ARRAY_COUNT(lines); i++)
        cr_expect_not_null(strstr(text_bytes, lines[i]), "no \"%s\" in:\n%s", lines[i], text_bytes);
}

/* All tables full of the longest names: the text that is kept for it is large enough. */
Test(status_report, json__the_largest_fits)
{
    struct weft_text text;
    char *large = malloc(WEFT_STATUS_TEXT_BYTES);

    cr_assert_not_null(large);
    make_net();
    for (uint32_t i = 0; i < 2; i++)
        memset(machine.topo.devices[i].name, 'x', sizeof(machine.topo.devices[i].name) - 1);
    hops.hops[0].link_count = 4;
    hops.hops[0].links[2] = 0;
    hops.hops[0].links[3] = 0;
    for (uint32_t i = 0; i < WEFT_SNAPSHOT_PATHS_MAX; i++) {
        snapshot.paths[i] = snapshot.paths[0];
        snapshot.paths[i].route.hop_count = 3;
        snapshot.paths[i].moved_bytes = UINT64_MAX;
        snapshot.paths[i].rate_bytes_per_us = UINT64_MAX;
    }
    snapshot.path_count = WEFT_SNAPSHOT_PATHS_MAX;
    for (uint32_t i = 0; i < WEFT_HOPS_MAX; i++)
        snapshot.lanes[i] = snapshot.lanes[0];
    snapshot.lane_count = WEFT_HOPS_MAX;
    for (uint32_t i = 0; i < WEFT_LINKS_MAX; i++)
        snapshot.links[i] = snapshot.links[0];
    snapshot.link_count = WEFT_LINKS_MAX;
    for (uint32_t i = 0; i < WEFT_DEVICES_MAX; i++)
        snapshot.relays[i] = snapshot.relays[0];
    snapshot.relay_count = WEFT_DEVICES_MAX;
    for (uint32_t i = 0; i < WEFT_SNAPSHOT_PEERS_MAX; i++) {
        snapshot.peers[i] = snapshot.peers[0];
        snapshot.peers[i].lane_count = WEFT_NET_NICS_MAX;
    }
    snapshot.peer_count = WEFT_SNAPSHOT_PEERS_MAX;
    weft_text_init(&text, large, WEFT_STATUS_TEXT_BYTES);
    weft_status_report_json(&loop, &snapshot, &text);
    cr_expect_not(text.cut);
    cr_expect_lt(text.used, WEFT_STATUS_TEXT_BYTES / 2);
    weft_text_init(&text, large, WEFT_STATUS_TEXT_BYTES);
    weft_status_report_text(&loop, &snapshot, &text);
    cr_expect_not(text.cut);
    free(large);
}
