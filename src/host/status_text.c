/* Writes a snapshot as text, for curl; see status_report.h. */
#include <errno.h>
#include <unistd.h>

#include "../core/result.h"
#include "log.h"
#include "status_report.h"

#define BYTES_PER_MIB (1024.0 * 1024.0)

static double gb_per_s(uint64_t bytes_per_us)
{
    return (double)bytes_per_us / 1e3;
}

static void add_head(const struct weft_loop *loop, const struct weft_snapshot *snapshot,
                     struct weft_text *text)
{
    const struct weft_emulation *emulation = &loop->machine->emulation;

    weft_text_format(text, "weft %s  %s, process %d, %s, server %s\n", WEFT_VERSION_TEXT,
                     program_invocation_short_name, (int)getpid(), loop->noun,
                     loop->config.server_id);
    if (emulation->on)
        weft_text_format(text,
                         "EMULATED machine %s, dilation %llu: times and rates are the machine's "
                         "own\n",
                         emulation->node, (unsigned long long)emulation->dilation);
    else
        weft_text_format(text, "machine %s\n", loop->machine->topo.name);
    weft_text_format(text,
                     "up %.3f s, %llu transfers (%llu live, %llu queued, %llu failed), %llu copies "
                     "(%llu out, %llu refused)\n",
                     (double)snapshot->at / 1e9, (unsigned long long)snapshot->transfers,
                     (unsigned long long)snapshot->live, (unsigned long long)snapshot->queued,
                     (unsigned long long)snapshot->failed, (unsigned long long)snapshot->copies,
                     (unsigned long long)snapshot->copies_out,
                     (unsigned long long)snapshot->refused);
    if (snapshot->async_error != weftSuccess)
        weft_text_format(text, "the comm has failed: %s\n",
                         weft_result_name(snapshot->async_error));
    if (snapshot->last_error[0] != '\0')
        weft_text_format(text, "last error: %s\n", snapshot->last_error);
}

static void add_paths(const struct weft_loop *loop, const struct weft_snapshot *snapshot,
                      struct weft_text *text)
{
    weft_text_format(text, "\n%-40s %-8s %6s %9s %9s %12s %9s %4s\n", "path", "state", "share",
                     "plan", "learned", "moved MiB", "chunks", "out");
    for (uint32_t i = 0; i < snapshot->path_count; i++) {
        const struct weft_snapshot_path *path = &snapshot->paths[i];
        char name[96];

        weft_route_name(&path->route, loop->topo, loop->hops, name, sizeof(name));
        weft_text_format(text, "%-40s %-8s %5.1f%% %9.3f %9.3f %12.1f %9llu %4u\n", name,
                         weft_snapshot_use_name(path->use), path->share_permille / 10.0,
                         gb_per_s(path->plan_bytes_per_us), gb_per_s(path->rate_bytes_per_us),
                         (double)path->moved_bytes / BYTES_PER_MIB,
                         (unsigned long long)path->chunks, path->chunks_out);
    }
    if (snapshot->paths_hidden > 0)
        weft_text_format(text, "and %u more\n", snapshot->paths_hidden);
}

static void add_lanes(const struct weft_loop *loop, const struct weft_snapshot *snapshot,
                      struct weft_text *text)
{
    weft_text_format(text, "\n%-40s %-8s %9s %9s %4s\n", "lane", "health", "nominal", "learned",
                     "out");
    for (uint32_t i = 0; i < snapshot->lane_count; i++) {
        const struct weft_snapshot_lane *lane = &snapshot->lanes[i];
        const struct weft_hop *hop = &loop->hops->hops[lane->hop];
        char name[96];

        weft_format(name, sizeof(name), "%s>%s", loop->topo->devices[hop->src_device].name,
                    loop->topo->devices[hop->dst_device].name);
        weft_text_format(text, "%-40s %-8s %9.3f %9.3f %4u%s\n", name,
                         weft_lane_state_name(lane->state), gb_per_s(hop->rate_bytes_per_us),
                         gb_per_s(lane->rate_bytes_per_us), lane->copies_out,
                         lane->stalled ? " hangs" : "");
    }
}

static void add_peer(const struct weft_snapshot_peer *peer, struct weft_text *text)
{
    uint32_t up = 0;

    for (uint32_t i = 0; i < peer->lane_count; i++)
        up += peer->lanes[i].is_up;
    weft_text_format(text, "peer %s: %s, lanes %u of %u up, %u relay slots lent%s%s\n", peer->name,
                     peer->state, up, peer->lane_count, peer->lent_slots,
                     peer->why[0] == '\0' ? "" : ": ", peer->why);
    for (uint32_t i = 0; i < peer->lane_count; i++)
        weft_text_format(text, "  nic%u to nic%u: %s, sent %.1f MiB, received %.1f MiB\n",
                         peer->lanes[i].nic, peer->lanes[i].peer_nic,
                         peer->lanes[i].is_up ? "up" : "down",
                         (double)peer->lanes[i].sent_bytes / BYTES_PER_MIB,
                         (double)peer->lanes[i].received_bytes / BYTES_PER_MIB);
}

static void add_net(const struct weft_snapshot *snapshot, struct weft_text *text)
{
    const struct weft_net_counts *counts = &snapshot->counts;

    weft_text_format(
        text,
        "\n%s: %llu connections, of them %llu strangers, %llu wrong secrets, %llu too "
        "slow, %llu too many; %llu writes refused, %llu fences\n",
        snapshot->net, (unsigned long long)counts->accepted, (unsigned long long)counts->strangers,
        (unsigned long long)counts->wrong_secrets, (unsigned long long)counts->slow,
        (unsigned long long)counts->too_many, (unsigned long long)counts->refused_writes,
        (unsigned long long)counts->fences);
    for (uint32_t i = 0; i < snapshot->peer_count; i++)
        add_peer(&snapshot->peers[i], text);
}

void weft_status_report_text(const struct weft_loop *loop, const struct weft_snapshot *snapshot,
                             struct weft_text *text)
{
    add_head(loop, snapshot, text);
    if (snapshot->path_count > 0)
        add_paths(loop, snapshot, text);
    if (snapshot->lane_count > 0)
        add_lanes(loop, snapshot, text);
    for (uint32_t i = 0; i < snapshot->relay_count; i++)
        weft_text_format(text, "%s%s %u/%u%s", i == 0 ? "\nrelay slots used: " : ", ",
                         loop->topo->devices[snapshot->relays[i].device].name,
                         snapshot->relays[i].used, snapshot->relays[i].slots,
                         i + 1 == snapshot->relay_count ? "\n" : "");
    if (snapshot->has_net)
        add_net(snapshot, text);
    weft_text_add(text, "rates in GB/s; weft-top shows what moves now, /json is for programs\n");
}
