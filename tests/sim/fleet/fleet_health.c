/* The health of lanes, as what came of their copies says. */
#include "fleet_health.h"

#include "core/lane.h"
#include "core/trace.h"
#include "fleet.h"
#include "host/peers.h"

uint32_t sim_fleet_health_hop(struct sim_fleet *fleet, uint32_t server, uint32_t peer,
                              const struct weft_copy *copy)
{
    const struct weft_loop *loop = fleet->servers[server].loop;
    const struct weft_hop_table *hops = &loop->peers->world.hops;

    if (fleet->servers[server].health == NULL)
        return WEFT_NONE;
    for (uint32_t h = weft_hop_first(hops, loop->window_devices[copy->src_window]); h != WEFT_NONE;
         h = hops->hops[h].next_from) {
        bool is_local = h < loop->peers->local_hops;

        if (hops->hops[h].dst_device == loop->window_devices[copy->dst_window] &&
            (is_local ? peer == WEFT_NONE : loop->peers->lanes[h] == copy->lane))
            return h;
    }
    sim_fleet_fail(fleet, SIM_ORACLE_HOP, "a server copies to a peer on a hop that it has not",
                   server, peer);
}

static bool is_relay(const struct weft_loop *loop, uint32_t window)
{
    return window >= loop->relay_first && window < loop->peers->import_first;
}

bool sim_fleet_health_is_direct(const struct sim_fleet *fleet, uint32_t server,
                                const struct weft_copy *copy)
{
    const struct weft_loop *loop = fleet->servers[server].loop;

    return !is_relay(loop, copy->src_window) && !is_relay(loop, copy->dst_window);
}

/* Where an end has no relay the engine tries the lane with user bytes, without a probe. */
static bool is_probed(const struct weft_loop *loop, uint32_t hop)
{
    const struct weft_hop *at = &loop->peers->world.hops.hops[hop];

    return weft_engine_relay_at(loop->engine, at->src_device) != NULL &&
           weft_engine_relay_at(loop->engine, at->dst_device) != NULL;
}

/* The link to the peer that has the hop's place in the world now; WEFT_NONE: none has, or the hop
 * is inside the server. */
static uint32_t link_of(const struct sim_server *server, uint32_t hop)
{
    const struct weft_peers *peers = server->loop->peers;
    uint32_t device = peers->world.hops.hops[hop].dst_device;

    for (uint32_t i = 0; hop >= peers->local_hops && i < server->net->env.peers_max; i++)
        if (server->net->peers[i].is_used && !server->net->peers[i].is_gone &&
            (peers->peers[i].state == WEFT_PEER_GREETED ||
             peers->peers[i].state == WEFT_PEER_READY) &&
            peers->peers[i].place.server == peers->world.topo.devices[device].server)
            return server->net->peers[i].link;
    return WEFT_NONE;
}

/* Which meeting of its peer a lane is of: what was known of one is void when that has ended. Never
 * 0. */
static uint32_t mark_of(const struct sim_server *server, uint32_t hop)
{
    uint32_t link = link_of(server, hop);

    return link == WEFT_NONE ? 1 : link + 2;
}

void sim_fleet_health_issue(struct sim_fleet *fleet, uint32_t server, uint32_t hop,
                            const struct weft_copy *copy)
{
    const struct sim_server *entry = &fleet->servers[server];

    if (hop == WEFT_NONE || is_relay(entry->loop, copy->src_window))
        return;
    SIM_CHECK(&fleet->history, entry->health->dead[hop] != mark_of(entry, hop), DEAD_LANE,
              "server %u issues user's bytes on hop %u, which is known to be down", server, hop);
}

static void strike(struct sim_server *server, uint32_t hop, bool is_direct)
{
    server->health->is_struck[hop] = true;
    if (is_direct && is_probed(server->loop, hop))
        server->health->dead[hop] = mark_of(server, hop);
}

void sim_fleet_health_failed(struct sim_fleet *fleet, uint32_t index, uint32_t hop,
                             const struct weft_copy *copy)
{
    if (hop != WEFT_NONE)
        strike(&fleet->servers[index], hop, sim_fleet_health_is_direct(fleet, index, copy));
}

/* Something is told of the lane, or was, besides what came of its copies: that a NIC of it is cut,
 * or that its peer is gone. */
static bool was_told(const struct sim_fleet *fleet, const struct sim_server *server, uint32_t hop)
{
    uint32_t number = link_of(server, hop);
    const struct sim_link *link;
    uint32_t nics[2];

    if (number == WEFT_NONE)
        return hop >= server->loop->peers->local_hops;
    link = &fleet->links[number];
    (void)sim_link_nics(fleet, link, server->loop->peers->lanes[hop], nics);
    return fleet->servers[link->server[0]].nics[nics[0]].is_told_cut ||
           fleet->servers[link->server[1]].nics[nics[1]].is_told_cut;
}

/* It is out for longer than any copy should be. */
static bool is_late(const struct sim_fleet *fleet, const struct sim_item *item)
{
    return fleet->now >= item->sent_at + fleet->config.suspect_us * 1000;
}

void sim_fleet_health_ended(struct sim_fleet *fleet, const struct sim_item *item)
{
    struct sim_server *server = &fleet->servers[item->server];
    /* The copy before it failed; the peer has revoked the window. */
    bool is_excused =
        item->kind == SIM_ITEM_LOCAL ? !item->is_failing : item->result == weftInvalidUsage;

    if (item->hop == WEFT_NONE)
        return;
    server->health->is_struck[item->hop] |= is_late(fleet, item);
    if (item->result == weftSuccess)
        server->health->dead[item->hop] = 0;
    else if (!is_excused)
        strike(server, item->hop, item->is_direct);
}

static bool has_late(const struct sim_fleet *fleet, uint32_t server, uint32_t hop)
{
    for (uint32_t i = 0; i < fleet->shape.items_max; i++) {
        const struct sim_item *item = &fleet->items[i];

        if ((item->kind == SIM_ITEM_LOCAL || item->kind == SIM_ITEM_WRITE) &&
            item->server == server && item->life == fleet->servers[server].life &&
            item->hop == hop && is_late(fleet, item))
            return true;
    }
    return false;
}

void sim_fleet_health_check(struct sim_fleet *fleet, uint32_t index)
{
    struct sim_server *server = &fleet->servers[index];
    struct sim_fleet_health *health = server->health;
    const struct weft_peers *peers = server->loop->peers;
    uint64_t changes = weft_engine_trace(server->loop->engine)->counts[WEFT_TRACE_lane_state];

    if (health == NULL || changes == health->state_changes)
        return;
    health->state_changes = changes;
    for (uint32_t h = 0; h < peers->world.hops.count; h++) {
        /* What a peer is asked to copy is that one's lane. */
        bool is_asked = h >= peers->local_hops && peers->lanes[h] == WEFT_NONE;

        if (health->is_struck[h] || is_asked ||
            weft_engine_lane_at(server->loop->engine, h)->state != WEFT_LANE_DOWN)
            continue;
        SIM_CHECK(&fleet->history, was_told(fleet, server, h) || has_late(fleet, index, h),
                  INNOCENT, "server %u has hop %u down, to which nothing happened", index, h);
        health->is_struck[h] = true;
    }
}
