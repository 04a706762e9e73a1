/* Writes a snapshot as JSON; see status_report.h. */
#include "status_report.h"

#include <errno.h>
#include <unistd.h>

#include "../core/result.h"
#include "report.h"

/* A comma, but before the first of its kind. */
static void next(struct weft_text *text)
{
    char last = text->used == 0 ? '{' : text->at[text->used - 1];

    if (last != '{' && last != '[')
        weft_text_char(text, ',');
}

static void add_number(struct weft_text *text, const char *key, uint64_t number)
{
    next(text);
    weft_report_number(text, key, number);
}

static void add_string(struct weft_text *text, const char *key, const char *string)
{
    next(text);
    weft_report_key(text, key);
    weft_report_string(text, string);
}

static void add_bool(struct weft_text *text, const char *key, bool value)
{
    next(text);
    weft_report_bool(text, key, value);
}

static void open_list(struct weft_text *text, const char *key)
{
    next(text);
    weft_report_key(text, key);
    weft_text_char(text, '[');
}

static void open_row(struct weft_text *text)
{
    next(text);
    weft_text_char(text, '{');
}

static const char *device_name(const struct weft_loop *loop, uint32_t device)
{
    return loop->topo->devices[device].name;
}

/* The NICs that a hop goes through, in order: what tells apart two between the same devices. */
static void add_nics(const struct weft_loop *loop, uint32_t hop_index, struct weft_text *text)
{
    const struct weft_hop *hop = &loop->hops->hops[hop_index];

    for (uint32_t i = 0; i < hop->link_count; i++) {
        uint32_t device = loop->topo->links[hop->links[i]].to;

        if (loop->topo->devices[device].kind != weftDeviceNic)
            continue;
        next(text);
        weft_report_string(text, device_name(loop, device));
    }
}

/* ---- the machine ---- */

static void add_comm(const struct weft_loop *loop, struct weft_text *text)
{
    const char *number = loop->noun + sizeof("comm ") - 1;

    add_string(text, "program", program_invocation_short_name);
    add_number(text, "pid", (uint64_t)getpid());
    next(text);
    weft_report_key(text, "comm");
    weft_text_add(text, number);
    add_string(text, "server", loop->config.server_id);
}

static void add_devices(const struct weft_loop *loop, struct weft_text *text)
{
    open_list(text, "devices");
    for (uint32_t i = 0; i < loop->machine->topo.device_count; i++) {
        const struct weft_device *device = &loop->machine->topo.devices[i];

        if (!weft_topo_holds_bytes(&loop->machine->topo, i) && device->kind != weftDeviceNic)
            continue;
        open_row(text);
        add_string(text, "name", device->name);
        add_string(text, "kind", weft_device_kind_name(device->kind));
        add_string(text, "model", device->model);
        weft_text_char(text, '}');
    }
    weft_text_char(text, ']');
}

/* ---- paths, lanes, links ---- */

static void add_path(const struct weft_loop *loop, const struct weft_snapshot_path *path,
                     struct weft_text *text)
{
    char name[96];

    weft_route_name(&path->route, loop->topo, loop->hops, name, sizeof(name));
    open_row(text);
    add_string(text, "src", device_name(loop, path->src_device));
    add_string(text, "dst", device_name(loop, path->dst_device));
    add_string(text, "route", name);
    open_list(text, "hops");
    for (uint32_t i = 0; i < path->route.hop_count; i++) {
        next(text);
        weft_text_number(text, path->route.hops[i]);
    }
    weft_text_char(text, ']');
    open_list(text, "nics");
    for (uint32_t i = 0; i < path->route.hop_count; i++)
        add_nics(loop, path->route.hops[i], text);
    weft_text_char(text, ']');
    add_string(text, "state", weft_snapshot_use_name(path->use));
    add_bool(text, "lent", path->lent);
    add_number(text, "share_permille", path->share_permille);
    add_number(text, "plan_bytes_per_us", path->plan_bytes_per_us);
    add_number(text, "learned_bytes_per_us", path->rate_bytes_per_us);
    add_number(text, "nominal_bytes_per_us", path->route.rate_bytes_per_us);
    add_number(text, "moved_bytes", path->moved_bytes);
    add_number(text, "chunk_count", path->chunks);
    add_number(text, "chunks_out", path->chunks_out);
    add_number(text, "bytes_out", path->bytes_out);
    weft_text_char(text, '}');
}

static void add_lane(const struct weft_loop *loop, const struct weft_snapshot *snapshot,
                     const struct weft_snapshot_lane *lane, struct weft_text *text)
{
    const struct weft_hop *hop = &loop->hops->hops[lane->hop];

    open_row(text);
    add_number(text, "hop", lane->hop);
    add_string(text, "src", device_name(loop, hop->src_device));
    add_string(text, "dst", device_name(loop, hop->dst_device));
    open_list(text, "nics");
    add_nics(loop, lane->hop, text);
    weft_text_char(text, ']');
    add_string(text, "state", weft_lane_state_name(lane->state));
    add_bool(text, "hangs", lane->stalled);
    add_number(text, "since_ns", weft_sub_sat(snapshot->at, lane->since));
    add_number(text, "copies_out", lane->copies_out);
    add_number(text, "learned_bytes_per_us", lane->rate_bytes_per_us);
    add_number(text, "nominal_bytes_per_us", hop->rate_bytes_per_us);
    add_number(text, "moved_bytes", lane->moved_bytes);
    weft_text_char(text, '}');
}

static void add_link(const struct weft_loop *loop, const struct weft_snapshot_link *link,
                     struct weft_text *text)
{
    open_row(text);
    add_string(text, "name", link->name);
    add_string(text, "src", device_name(loop, link->src_device));
    add_string(text, "dst", device_name(loop, link->dst_device));
    add_number(text, "nominal_bytes_per_us", link->nominal_bytes_per_us);
    add_number(text, "moved_bytes", link->moved_bytes);
    weft_text_char(text, '}');
}

static void add_routes(const struct weft_loop *loop, const struct weft_snapshot *snapshot,
                       struct weft_text *text)
{
    open_list(text, "paths");
    for (uint32_t i = 0; i < snapshot->path_count; i++)
        add_path(loop, &snapshot->paths[i], text);
    weft_text_char(text, ']');
    add_number(text, "paths_hidden", snapshot->paths_hidden);
    open_list(text, "lanes");
    for (uint32_t i = 0; i < snapshot->lane_count; i++)
        add_lane(loop, snapshot, &snapshot->lanes[i], text);
    weft_text_char(text, ']');
    open_list(text, "links");
    for (uint32_t i = 0; i < snapshot->link_count; i++)
        add_link(loop, &snapshot->links[i], text);
    weft_text_char(text, ']');
    open_list(text, "relays");
    for (uint32_t i = 0; i < snapshot->relay_count; i++) {
        open_row(text);
        add_string(text, "device", device_name(loop, snapshot->relays[i].device));
        add_number(text, "slots", snapshot->relays[i].slots);
        add_number(text, "used", snapshot->relays[i].used);
        weft_text_char(text, '}');
    }
    weft_text_char(text, ']');
}

/* ---- peers ---- */

static void add_peer(const struct weft_snapshot_peer *peer, struct weft_text *text)
{
    open_row(text);
    add_string(text, "name", peer->name);
    add_string(text, "state", peer->state);
    add_string(text, "why", peer->why);
    add_number(text, "lent_slots", peer->lent_slots);
    open_list(text, "lanes");
    for (uint32_t i = 0; i < peer->lane_count; i++) {
        open_row(text);
        add_bool(text, "up", peer->lanes[i].is_up);
        add_number(text, "nic", peer->lanes[i].nic);
        add_number(text, "peer_nic", peer->lanes[i].peer_nic);
        add_number(text, "sent_bytes", peer->lanes[i].sent_bytes);
        add_number(text, "received_bytes", peer->lanes[i].received_bytes);
        weft_text_char(text, '}');
    }
    weft_text_add(text, "]}");
}

static void add_net(const struct weft_snapshot *snapshot, struct weft_text *text)
{
    next(text);
    weft_report_key(text, "net");
    if (!snapshot->has_net) {
        weft_text_add(text, "null");
        return;
    }
    weft_text_char(text, '{');
    add_string(text, "transport", snapshot->net);
    add_number(text, "accepted", snapshot->counts.accepted);
    add_number(text, "strangers", snapshot->counts.strangers);
    add_number(text, "wrong_secrets", snapshot->counts.wrong_secrets);
    add_number(text, "slow", snapshot->counts.slow);
    add_number(text, "too_many", snapshot->counts.too_many);
    add_number(text, "refused_writes", snapshot->counts.refused_writes);
    add_number(text, "fences", snapshot->counts.fences);
    open_list(text, "peers");
    for (uint32_t i = 0; i < snapshot->peer_count; i++)
        add_peer(&snapshot->peers[i], text);
    weft_text_add(text, "]}");
}

void weft_status_report_json(const struct weft_loop *loop, const struct weft_snapshot *snapshot,
                             struct weft_text *text)
{
    weft_text_char(text, '{');
    weft_report_head(text, loop);
    add_comm(loop, text);
    add_number(text, "uptime_ns", snapshot->at);
    add_number(text, "progress_cpu_ns", snapshot->cpu_ns);
    add_number(text, "transfers", snapshot->transfers);
    add_number(text, "transfers_live", snapshot->live);
    add_number(text, "transfers_queued", snapshot->queued);
    add_number(text, "transfers_failed", snapshot->failed);
    add_number(text, "copies", snapshot->copies);
    add_number(text, "copies_out", snapshot->copies_out);
    add_number(text, "refused", snapshot->refused);
    add_string(text, "async_error", weft_result_name(snapshot->async_error));
    add_string(text, "last_error", snapshot->last_error);
    add_devices(loop, text);
    add_routes(loop, snapshot, text);
    add_net(snapshot, text);
    weft_text_char(text, '}');
}
