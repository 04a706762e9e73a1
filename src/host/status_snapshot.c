/* Copies what is worth seeing out of the tables of a comm; see status_snapshot.h. */
#include "status_snapshot.h"

#include <string.h>

#include "../core/pair.h"
#include "peers.h"

/* What is added up on the way. */
struct sums {
    bool used[WEFT_HOPS_MAX];
    uint64_t moved[WEFT_HOPS_MAX]; /* bytes, by hop */
    uint64_t carried[WEFT_LINKS_MAX];
};

_Static_assert(WEFT_SNAPSHOT_PEERS_MAX >= WEFT_PEERS_MAX, "each peer is shown");

static const char *const use_names[WEFT_SNAPSHOT_USES] = {
    [WEFT_SNAPSHOT_IDLE] = "idle", [WEFT_SNAPSHOT_SPARE] = "spare",
    [WEFT_SNAPSHOT_USED] = "used", [WEFT_SNAPSHOT_TRIAL] = "trial",
    [WEFT_SNAPSHOT_DOWN] = "down", [WEFT_SNAPSHOT_SUSPECT] = "suspect",
};

static const char *const peer_states[WEFT_PEER_STATES] = {
    [WEFT_PEER_FREE] = "free",   [WEFT_PEER_REACHING] = "reaching", [WEFT_PEER_GREETED] = "greeted",
    [WEFT_PEER_READY] = "ready", [WEFT_PEER_GONE] = "gone",
};

const char *weft_snapshot_use_name(enum weft_snapshot_use use)
{
    return use_names[use];
}

/* ---- paths and lanes ---- */

/* What the worst of its lanes leaves of it. */
static enum weft_snapshot_use use_of(const struct weft_engine *engine, const struct weft_pair *pair,
                                     const struct weft_path *path)
{
    static const enum weft_snapshot_use by_lane[WEFT_LANE_STATES] = {
        [WEFT_LANE_UP] = WEFT_SNAPSHOT_IDLE,
        [WEFT_LANE_SUSPECT] = WEFT_SNAPSHOT_SUSPECT,
        [WEFT_LANE_DOWN] = WEFT_SNAPSHOT_DOWN,
        [WEFT_LANE_TRIAL] = WEFT_SNAPSHOT_TRIAL,
    };
    enum weft_snapshot_use use = WEFT_SNAPSHOT_IDLE;

    if (path->admitted)
        use = WEFT_SNAPSHOT_USED;
    else if (pair->active)
        use = WEFT_SNAPSHOT_SPARE;
    for (uint32_t i = 0; i < path->route.hop_count; i++) {
        enum weft_snapshot_use seen =
            by_lane[weft_engine_lane_at(engine, path->route.hops[i])->state];

        use = seen > use ? seen : use;
    }
    return use;
}

static void add_path(struct weft_snapshot *snapshot, const struct weft_engine *engine,
                     const struct weft_pair *pair, const struct weft_path *path, uint64_t planned)
{
    if (snapshot->path_count == WEFT_SNAPSHOT_PATHS_MAX) {
        snapshot->paths_hidden++;
        return;
    }
    snapshot->paths[snapshot->path_count++] = (struct weft_snapshot_path){
        .use = use_of(engine, pair, path),
        .route = path->route,
        .src_device = pair->src_device,
        .dst_device = pair->dst_device,
        .share_permille = planned == 0 ? 0 : (uint32_t)(path->cap_bytes_per_us * 1000 / planned),
        .plan_bytes_per_us = path->cap_bytes_per_us,
        .rate_bytes_per_us = path->rate_bytes_per_us,
        .moved_bytes = path->moved_bytes,
        .chunks = path->chunk_count,
        .chunks_out = path->chunks,
        .bytes_out = path->bytes,
        .lent = path->lent,
    };
}

/* The paths of a pair that have a part in anything. */
static void add_pair(struct weft_snapshot *snapshot, const struct weft_engine *engine,
                     const struct weft_pair *pair, struct sums *sums)
{
    uint64_t planned = 0;

    for (uint32_t i = 0; i < pair->path_count; i++)
        planned += weft_engine_path_at(engine, pair->first_path + i)->cap_bytes_per_us;
    for (uint32_t i = 0; i < pair->path_count; i++) {
        const struct weft_path *path = weft_engine_path_at(engine, pair->first_path + i);

        if (path->moved_bytes == 0 && path->chunks == 0 && !path->admitted)
            continue;
        add_path(snapshot, engine, pair, path, planned);
        for (uint32_t hop = 0; hop < path->route.hop_count; hop++) {
            sums->used[path->route.hops[hop]] = true;
            sums->moved[path->route.hops[hop]] += path->moved_bytes;
        }
    }
}

static void add_lanes(struct weft_snapshot *snapshot, const struct weft_loop *loop,
                      struct sums *sums)
{
    const struct weft_lane *lane;

    for (uint32_t i = 0; (lane = weft_engine_lane_at(loop->engine, i)) != NULL; i++) {
        const struct weft_hop *hop = &loop->hops->hops[i];

        if (!sums->used[i] && lane->copies == 0 && lane->state == WEFT_LANE_UP)
            continue;
        snapshot->lanes[snapshot->lane_count++] = (struct weft_snapshot_lane){
            .hop = i,
            .state = lane->state,
            .copies_out = lane->copies,
            .rate_bytes_per_us = lane->rate_bytes_per_us,
            .moved_bytes = sums->moved[i],
            .since = lane->state_at,
            .stalled = lane->stalled,
        };
        for (uint32_t link = 0; link < hop->link_count; link++)
            sums->carried[hop->links[link]] += sums->moved[i];
    }
}

static void add_links(struct weft_snapshot *snapshot, const struct weft_topo *topo,
                      const struct sums *sums)
{
    for (uint32_t i = 0; i < topo->link_count; i++) {
        struct weft_snapshot_link *link = &snapshot->links[snapshot->link_count];

        if (sums->carried[i] == 0)
            continue;
        snapshot->link_count++;
        weft_topo_link_name(topo, i, link->name, sizeof(link->name));
        link->src_device = topo->links[i].from;
        link->dst_device = topo->links[i].to;
        link->nominal_bytes_per_us = topo->links[i].rate_bytes_per_us;
        link->moved_bytes = sums->carried[i];
    }
}

static void add_relays(struct weft_snapshot *snapshot, const struct weft_loop *loop)
{
    for (uint32_t device = 0; device < loop->topo->device_count; device++) {
        const struct weft_relay *relay = weft_engine_relay_at(loop->engine, device);

        if (relay != NULL)
            snapshot->relays[snapshot->relay_count++] = (struct weft_snapshot_relay){
                .device = device,
                .slots = relay->slot_count,
                .used = relay->slot_count - weft_relay_free_count(relay),
            };
    }
}

/* ---- peers ---- */

static void add_peer(struct weft_snapshot *snapshot, const struct weft_loop *loop, uint32_t index)
{
    const struct weft_peers *peers = loop->peers;
    const struct weft_peer *peer = &peers->peers[index];
    struct weft_snapshot_peer *shown = &snapshot->peers[snapshot->peer_count];
    bool has_lanes = peer->state == WEFT_PEER_GREETED || peer->state == WEFT_PEER_READY;

    if (peer->state == WEFT_PEER_FREE)
        return;
    memset(shown, 0, sizeof(*shown));
    snapshot->peer_count++;
    shown->state = peer_states[peer->state];
    weft_text_copy(shown->name, sizeof(shown->name), peer->name);
    if (peer->state == WEFT_PEER_GONE)
        weft_text_copy(shown->why, sizeof(shown->why), peer->why);
    if (peer->granted)
        shown->lent_slots = (uint32_t)loop->config.peer_slots;
    if (!has_lanes)
        return;
    shown->lane_count = (uint32_t)weft_min(peer->lanes, WEFT_NET_NICS_MAX);
    for (uint32_t lane = 0; lane < shown->lane_count; lane++)
        peers->ops->lane_state(peers->net, index, lane, &shown->lanes[lane]);
}

static void add_peers(struct weft_snapshot *snapshot, const struct weft_loop *loop)
{
    snapshot->has_net = loop->peers != NULL;
    if (!snapshot->has_net)
        return;
    snapshot->net = loop->peers->ops->name;
    loop->peers->ops->counts(loop->peers->net, &snapshot->counts);
    for (uint32_t i = 0; i < WEFT_PEERS_MAX; i++)
        add_peer(snapshot, loop, i);
}

/* ---- all of it ---- */

static void count_transfers(struct weft_snapshot *snapshot, struct weft_loop *loop)
{
    /* relaxed: they are figures for people */
    uint64_t ended = atomic_load_explicit(&loop->slots.ended, memory_order_relaxed);
    uint64_t begun = atomic_load_explicit(&loop->slots.begun, memory_order_relaxed);
    uint64_t out = weft_sub_sat(begun, ended);
    uint64_t live = weft_engine_live(loop->engine);

    if (loop->peers != NULL)
        live += loop->peers->fetching.count;
    snapshot->live = weft_min(live, out);
    snapshot->queued = out - snapshot->live;
}

void weft_snapshot_take(struct weft_loop *loop, struct weft_snapshot *snapshot)
{
    struct sums sums = {0};
    const struct weft_pair *pair;

    snapshot->at = weft_clock_now(&loop->clock);
    snapshot->cpu_ns = weft_clock_thread_cpu(loop->thread);
    snapshot->transfers = weft_counter_get(&loop->sequence);
    snapshot->failed = loop->failed_count;
    snapshot->copies = loop->copy_count;
    snapshot->refused = loop->refused_count;
    snapshot->copies_out = weft_engine_copies(loop->engine);
    snapshot->async_error = (weftResult_t)weft_flag_get(&loop->async_error);
    snapshot->path_count = 0;
    snapshot->paths_hidden = 0;
    snapshot->lane_count = 0;
    snapshot->link_count = 0;
    snapshot->relay_count = 0;
    snapshot->peer_count = 0;
    count_transfers(snapshot, loop);
    pthread_mutex_lock(&loop->error_lock);
    weft_text_copy(snapshot->last_error, sizeof(snapshot->last_error), loop->last_error);
    pthread_mutex_unlock(&loop->error_lock);
    for (uint32_t i = 0; (pair = weft_engine_pair_at(loop->engine, i)) != NULL; i++)
        add_pair(snapshot, loop->engine, pair, &sums);
    add_lanes(snapshot, loop, &sums);
    add_links(snapshot, loop->topo, &sums);
    add_relays(snapshot, loop);
    add_peers(snapshot, loop);
}
