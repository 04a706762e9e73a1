/* Reads answers, and subtracts; see top_view.h. */
#include "top_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What rates are made from. */
struct span {
    const cJSON *before; /* NULL: no rates */
    double ns;
};

void weft_top_text_copy(char *to, size_t size, const char *from)
{
    size_t i = 0;

    for (; i + 1 < size && from[i] != '\0' && from[i] != '\n'; i++)
        to[i] = from[i] >= ' ' && from[i] <= '~' ? from[i] : '?';
    to[i] = '\0';
}

static void take_text(const cJSON *row, const char *key, char *to, size_t size)
{
    weft_top_text_copy(to, size, weft_json_text(row, key, ""));
}

/* A number from 0 to 2^53; anything else is 0. */
static double take_number(const cJSON *row, const char *key)
{
    double number = weft_json_number(row, key, 0);

    return number >= 0 && number <= 9007199254740992.0 ? number : 0;
}

static uint64_t take_count(const cJSON *row, const char *key)
{
    return (uint64_t)take_number(row, key);
}

static uint32_t take_small(const cJSON *row, const char *key)
{
    return (uint32_t)weft_min(take_count(row, key), UINT32_MAX);
}

static bool take_bool(const cJSON *row, const char *key)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(row, key));
}

static double take_rate(const cJSON *row, const char *key)
{
    return take_number(row, key) / 1e3;
}

static const cJSON *list_of(const cJSON *tree, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(tree, key);
}

/* GB/s by which a counter of a row rose; `old` is the same row of before, or NULL. */
static double rate_of(const struct span *span, const cJSON *old, const cJSON *row, const char *key)
{
    double rose = take_number(row, key) - take_number(old, key);

    return span->before == NULL || span->ns <= 0 || rose < 0 ? 0 : rose / span->ns;
}

static bool same(const cJSON *a, const cJSON *b, const char *key)
{
    return cJSON_Compare(cJSON_GetObjectItemCaseSensitive(a, key),
                         cJSON_GetObjectItemCaseSensitive(b, key), true);
}

/* The row of the list `rows` of before that has the same two values. */
static const cJSON *old_row(const cJSON *rows, const cJSON *row, const char *key, const char *other)
{
    const cJSON *old;

    cJSON_ArrayForEach(old, rows)
    {
        if (same(old, row, key) && same(old, row, other))
            return old;
    }
    return NULL;
}

/* ["nic0", "10.0.0.2:nic0"] is "nic0>10.0.0.2:nic0". */
static void take_nics(const cJSON *row, char *to, size_t size)
{
    const cJSON *nic;
    size_t used = 0;

    to[0] = '\0';
    cJSON_ArrayForEach(nic, list_of(row, "nics"))
    {
        char name[WEFT_TOP_TEXT];
        int put;

        if (!cJSON_IsString(nic))
            continue;
        weft_top_text_copy(name, sizeof(name), nic->valuestring);
        put = snprintf(to + used, size - used, "%s%s", used == 0 ? "" : ">", name);
        used += put > 0 && (size_t)put < size - used ? (size_t)put : 0;
    }
}

/* ---- rows ---- */

static void read_paths(struct weft_top_view *view, const struct span *span, const cJSON *after)
{
    const cJSON *row;

    cJSON_ArrayForEach(row, list_of(after, "paths"))
    {
        const cJSON *old = old_row(list_of(span->before, "paths"), row, "route", "hops");
        struct weft_top_path *path = &view->paths[view->path_count];

        if (view->path_count == WEFT_TOP_PATHS_MAX)
            return;
        view->path_count++;
        take_text(row, "route", path->route, sizeof(path->route));
        take_nics(row, path->nics, sizeof(path->nics));
        take_text(row, "state", path->state, sizeof(path->state));
        path->share_percent = take_number(row, "share_permille") / 10;
        path->plan_gb_per_s = take_rate(row, "plan_bytes_per_us");
        path->learned_gb_per_s = take_rate(row, "learned_bytes_per_us");
        path->moved_bytes = take_number(row, "moved_bytes");
        path->now_gb_per_s = rate_of(span, old, row, "moved_bytes");
        path->chunks = take_count(row, "chunk_count");
        path->chunks_out = take_small(row, "chunks_out");
        view->now_gb_per_s += path->now_gb_per_s;
    }
}

static void read_links(struct weft_top_view *view, const struct span *span, const cJSON *after)
{
    const cJSON *row;

    cJSON_ArrayForEach(row, list_of(after, "links"))
    {
        const cJSON *old = old_row(list_of(span->before, "links"), row, "src", "dst");
        struct weft_top_link *link = &view->links[view->link_count];

        if (view->link_count == WEFT_TOP_LINKS_MAX)
            return;
        view->link_count++;
        take_text(row, "name", link->name, sizeof(link->name));
        take_text(row, "src", link->src, sizeof(link->src));
        take_text(row, "dst", link->dst, sizeof(link->dst));
        link->nominal_gb_per_s = take_rate(row, "nominal_bytes_per_us");
        link->moved_bytes = take_number(row, "moved_bytes");
        link->now_gb_per_s = rate_of(span, old, row, "moved_bytes");
    }
}

static void read_lanes(struct weft_top_view *view, const struct span *span, const cJSON *after)
{
    const cJSON *row;

    cJSON_ArrayForEach(row, list_of(after, "lanes"))
    {
        const cJSON *old = old_row(list_of(span->before, "lanes"), row, "hop", "src");
        struct weft_top_lane *lane = &view->lanes[view->lane_count];
        char src[40];
        char dst[40];

        if (view->lane_count == WEFT_TOP_LANES_MAX)
            return;
        view->lane_count++;
        take_text(row, "src", src, sizeof(src));
        take_text(row, "dst", dst, sizeof(dst));
        (void)snprintf(lane->name, sizeof(lane->name), "%s>%s", src, dst);
        take_nics(row, lane->nics, sizeof(lane->nics));
        take_text(row, "state", lane->state, sizeof(lane->state));
        lane->hangs = take_bool(row, "hangs");
        lane->since_ns = take_number(row, "since_ns");
        lane->nominal_gb_per_s = take_rate(row, "nominal_bytes_per_us");
        lane->learned_gb_per_s = take_rate(row, "learned_bytes_per_us");
        lane->now_gb_per_s = rate_of(span, old, row, "moved_bytes");
        lane->copies_out = take_small(row, "copies_out");
    }
}

static void read_peer(struct weft_top_peer *peer, const struct span *span, const cJSON *old,
                      const cJSON *row)
{
    const cJSON *lane;

    take_text(row, "name", peer->name, sizeof(peer->name));
    take_text(row, "state", peer->state, sizeof(peer->state));
    take_text(row, "why", peer->why, sizeof(peer->why));
    peer->lent_slots = take_small(row, "lent_slots");
    cJSON_ArrayForEach(lane, list_of(row, "lanes"))
    {
        const cJSON *old_lane = old_row(list_of(old, "lanes"), lane, "nic", "peer_nic");
        struct weft_top_nic_pair *pair = &peer->lanes[peer->lane_count];

        if (peer->lane_count == WEFT_TOP_NICS_MAX)
            return;
        peer->lane_count++;
        pair->is_up = take_bool(lane, "up");
        peer->lanes_up += pair->is_up;
        pair->nic = take_small(lane, "nic");
        pair->peer_nic = take_small(lane, "peer_nic");
        pair->sent_bytes = take_number(lane, "sent_bytes");
        pair->received_bytes = take_number(lane, "received_bytes");
        pair->sent_gb_per_s = rate_of(span, old_lane, lane, "sent_bytes");
        pair->received_gb_per_s = rate_of(span, old_lane, lane, "received_bytes");
    }
}

static void read_net(struct weft_top_view *view, const struct span *span, const cJSON *after)
{
    const cJSON *net = list_of(after, "net");
    const cJSON *old_peers = list_of(list_of(span->before, "net"), "peers");
    const cJSON *row;

    view->has_net = cJSON_IsObject(net);
    take_text(net, "transport", view->transport, sizeof(view->transport));
    view->accepted = take_count(net, "accepted");
    view->strangers = take_count(net, "strangers");
    view->wrong_secrets = take_count(net, "wrong_secrets");
    view->slow = take_count(net, "slow");
    view->refused_writes = take_count(net, "refused_writes");
    view->fences = take_count(net, "fences");
    cJSON_ArrayForEach(row, list_of(net, "peers"))
    {
        if (view->peer_count == WEFT_TOP_PEERS_MAX)
            return;
        read_peer(&view->peers[view->peer_count++], span, old_row(old_peers, row, "name", "name"),
                  row);
    }
}

static void read_relays(struct weft_top_view *view, const cJSON *after)
{
    size_t used = 0;
    const cJSON *row;

    cJSON_ArrayForEach(row, list_of(after, "relays"))
    {
        char name[WEFT_TOP_TEXT];
        int put;

        if (take_small(row, "used") == 0)
            continue;
        take_text(row, "device", name, sizeof(name));
        put = snprintf(view->relays + used, sizeof(view->relays) - used, "%s%s %u/%u",
                       used == 0 ? "" : ", ", name, take_small(row, "used"),
                       take_small(row, "slots"));
        used += put > 0 && (size_t)put < sizeof(view->relays) - used ? (size_t)put : 0;
    }
}

static void read_head(struct weft_top_view *view, const cJSON *after)
{
    const cJSON *emulated = list_of(after, "emulated");
    const cJSON *device;

    take_text(after, "version", view->version, sizeof(view->version));
    take_text(after, "program", view->program, sizeof(view->program));
    take_text(after, "server", view->server, sizeof(view->server));
    take_text(after, "machine", view->machine, sizeof(view->machine));
    if (cJSON_IsObject(emulated)) {
        take_text(emulated, "node", view->machine, sizeof(view->machine));
        view->dilation = weft_max(take_count(emulated, "dilation"), 1);
    }
    cJSON_ArrayForEach(device, list_of(after, "devices"))
    {
        view->gpus += strcmp(weft_json_text(device, "kind", ""), "gpu") == 0;
        view->nics += strcmp(weft_json_text(device, "kind", ""), "nic") == 0;
    }
    view->pid = take_small(after, "pid");
    view->comm = take_small(after, "comm");
    view->uptime_ns = take_number(after, "uptime_ns");
    view->transfers = take_count(after, "transfers");
    view->transfers_live = take_count(after, "transfers_live");
    view->transfers_queued = take_count(after, "transfers_queued");
    view->transfers_failed = take_count(after, "transfers_failed");
    view->copies = take_count(after, "copies");
    view->copies_out = take_count(after, "copies_out");
    view->refused = take_count(after, "refused");
    take_text(after, "async_error", view->async_error, sizeof(view->async_error));
    if (strcmp(view->async_error, "weftSuccess") == 0)
        view->async_error[0] = '\0';
    take_text(after, "last_error", view->last_error, sizeof(view->last_error));
}

/* ---- order ---- */

static int descending(double a, double b)
{
    return (a < b) - (a > b);
}

static int order_paths(const void *one, const void *other)
{
    const struct weft_top_path *a = one;
    const struct weft_top_path *b = other;
    int order = descending(a->now_gb_per_s, b->now_gb_per_s);

    if (order == 0)
        order = descending(a->moved_bytes, b->moved_bytes);
    if (order == 0)
        order = strcmp(a->route, b->route);
    return order != 0 ? order : strcmp(a->nics, b->nics);
}

static double fullness(const struct weft_top_link *link)
{
    return link->nominal_gb_per_s <= 0 ? 0 : link->now_gb_per_s / link->nominal_gb_per_s;
}

static int order_links(const void *one, const void *other)
{
    const struct weft_top_link *a = one;
    const struct weft_top_link *b = other;
    int order = descending(fullness(a), fullness(b));

    if (order == 0)
        order = descending(a->moved_bytes, b->moved_bytes);
    if (order == 0)
        order = strcmp(a->src, b->src);
    return order != 0 ? order : strcmp(a->dst, b->dst);
}

static int order_lanes(const void *one, const void *other)
{
    const struct weft_top_lane *a = one;
    const struct weft_top_lane *b = other;
    int order = (strcmp(a->state, "up") == 0) - (strcmp(b->state, "up") == 0);

    if (order == 0)
        order = descending(a->now_gb_per_s, b->now_gb_per_s);
    if (order == 0)
        order = strcmp(a->name, b->name);
    return order != 0 ? order : strcmp(a->nics, b->nics);
}

static void find_twins(struct weft_top_view *view)
{
    for (uint32_t i = 0; i < view->path_count; i++)
        for (uint32_t j = 0; j < view->path_count; j++)
            view->paths[i].has_twin |=
                i != j && strcmp(view->paths[i].route, view->paths[j].route) == 0;
    for (uint32_t i = 0; i < view->lane_count; i++)
        for (uint32_t j = 0; j < view->lane_count; j++)
            view->lanes[i].has_twin |=
                i != j && strcmp(view->lanes[i].name, view->lanes[j].name) == 0;
}

void weft_top_view_read(struct weft_top_view *view, const cJSON *before, const cJSON *after)
{
    struct span span = {NULL, take_number(after, "uptime_ns") - take_number(before, "uptime_ns")};
    double cpu_ns = take_number(after, "progress_cpu_ns") - take_number(before, "progress_cpu_ns");

    memset(view, 0, sizeof(*view));
    if (before != NULL && span.ns > 0 && same(before, after, "pid") && same(before, after, "comm"))
        span.before = before;
    read_head(view, after);
    view->has_rates = span.before != NULL;
    view->interval_ns = view->has_rates ? span.ns : 0;
    if (view->has_rates && cpu_ns >= 0)
        view->busy_percent = 100 * cpu_ns / (span.ns * (double)weft_max(view->dilation, 1));
    read_paths(view, &span, after);
    read_links(view, &span, after);
    read_lanes(view, &span, after);
    read_net(view, &span, after);
    read_relays(view, after);
    find_twins(view);
    qsort(view->paths, view->path_count, sizeof(view->paths[0]), order_paths);
    qsort(view->links, view->link_count, sizeof(view->links[0]), order_links);
    qsort(view->lanes, view->lane_count, sizeof(view->lanes[0]), order_lanes);
}
