/* Whether a call of a fleet has a way to its end: what must go well is only what has one. The
 * search shares no code with the engine's routes. */
#include "fleet_call.h"

#include "core/route.h"
#include "fleet_run.h"
#include "host/peer_join.h"
#include "host/peers.h"

/* Inside a server, whoever asks, there is a hop between the two, or there is no way. */
bool sim_call_has_way(const struct sim_fleet *fleet, const struct sim_call *call)
{
    bool is_asked = call->kind == SIM_CALL_COPY && call->peer == call->to;
    const struct sim_server *server = &fleet->servers[is_asked ? call->peer : call->server];

    if (call->kind != SIM_CALL_LOCAL && !is_asked)
        return true;
    return weft_hop_find(&server->world->hops, server->holders[call->src],
                         server->holders[call->dst]) != WEFT_NONE;
}

/* The link to the peer that has this place in the server's world now; WEFT_NONE: it is gone. */
static uint32_t link_of(const struct sim_fleet *fleet, uint32_t server, uint32_t place)
{
    const struct weft_peers *peers = fleet->servers[server].loop->peers;
    const struct sim_net *net = fleet->servers[server].net;

    for (uint32_t i = 0; i < net->env.peers_max; i++)
        if (net->peers[i].is_used && net->peers[i].link != WEFT_NONE && !net->peers[i].is_gone &&
            peers->peers[i].state == WEFT_PEER_READY && peers->peers[i].place.server == place)
            return net->peers[i].link;
    return WEFT_NONE;
}

/* Is there a way of so many hops, over lanes whose NICs work and devices with relays, as the server
 * sees the world? */
static bool leads(const struct sim_fleet *fleet, uint32_t server, uint32_t from, uint32_t to,
                  uint32_t left)
{
    const struct weft_loop *loop = fleet->servers[server].loop;
    const struct weft_hop_table *hops = &loop->peers->world.hops;

    for (uint32_t h = weft_hop_first(hops, from); h != WEFT_NONE; h = hops->hops[h].next_from) {
        uint32_t lane = loop->peers->lanes[h];
        uint32_t next = hops->hops[h].dst_device;
        uint32_t nics[2];

        if (h >= loop->peers->local_hops && lane != WEFT_NONE) {
            uint32_t link = link_of(fleet, server, loop->peers->world.topo.devices[next].server);

            if (link == WEFT_NONE || !sim_link_nics(fleet, &fleet->links[link], lane, nics))
                continue;
        }
        if (next == to)
            return true;
        if (left > 1 && weft_engine_window_size(loop->engine, loop->relay_first + next) > 0 &&
            leads(fleet, server, next, to, left - 1))
            return true;
    }
    return false;
}

/* Is there a live way from a server's own device to one of another, as that one numbers it? */
static bool leads_to(const struct sim_fleet *fleet, uint32_t from, uint32_t device, uint32_t to,
                     uint32_t own)
{
    const struct sim_server *server = &fleet->servers[from];

    for (uint32_t i = 0; i < server->net->env.peers_max; i++) {
        uint32_t there;

        if (!server->net->peers[i].is_used || server->net->peers[i].server != to ||
            server->net->peers[i].life != fleet->servers[to].life ||
            server->loop->peers->peers[i].state != WEFT_PEER_READY)
            continue;
        there = weft_peer_device(server->loop->peers, i, own);
        return there != WEFT_NONE && leads(fleet, from, device, there, WEFT_ROUTE_HOPS_MAX);
    }
    return false;
}

bool sim_fleet_are_joined(const struct sim_fleet *fleet, uint32_t a, uint32_t b)
{
    for (uint32_t i = 0; i < fleet->link_count; i++) {
        const struct sim_link *link = &fleet->links[i];
        uint32_t side = link->server[0] == a ? 0 : 1;
        uint32_t nics[2];

        if (link->is_dead || link->server[side] != a || link->server[1 - side] != b ||
            link->life[side] != fleet->servers[a].life ||
            link->life[1 - side] != fleet->servers[b].life)
            continue;
        for (uint32_t lane = 0; lane < link->lane_count; lane++)
            if (sim_link_nics(fleet, link, lane, nics))
                return true;
    }
    return false;
}

/* The bytes of a put are its own server's to send, those of a get the other's, as are those of a
 * copy. */
static bool is_taken_back(const struct sim_fleet *fleet, const struct sim_call *call)
{
    return fleet->shadow.memories[call->op.dst_window].is_revoked ||
           fleet->shadow.memories[call->op.src_window].is_revoked;
}

static bool has_live_way(const struct sim_fleet *fleet, const struct sim_call *call)
{
    const struct sim_server *server = &fleet->servers[call->server];
    const struct sim_server *peer = &fleet->servers[call->peer];
    const struct sim_server *to = &fleet->servers[call->to];

    switch (call->kind) {
    case SIM_CALL_PUT:
        return leads_to(fleet, call->server, server->holders[call->src], call->peer,
                        peer->holders[call->dst]);
    case SIM_CALL_GET:
        return leads_to(fleet, call->peer, peer->holders[call->src], call->server,
                        server->holders[call->dst]);
    case SIM_CALL_COPY:
        return call->peer == call->to ? sim_call_has_way(fleet, call) &&
                                            sim_fleet_are_joined(fleet, call->server, call->peer)
                                      : sim_fleet_are_joined(fleet, call->server, call->peer) &&
                                            sim_fleet_are_joined(fleet, call->server, call->to) &&
                                            leads_to(fleet, call->peer, peer->holders[call->src],
                                                     call->to, to->holders[call->dst]);
    default:
        return sim_call_has_way(fleet, call);
    }
}

/* It had to wait for another one, which may have had no way. */
bool sim_call_was_fenced(const struct sim_fleet *fleet, const struct sim_call *call)
{
    for (uint32_t i = 0; i < fleet->call_count; i++) {
        const struct sim_call *before = &fleet->calls[i];

        if (before->server == call->server && before->fence < call->fence &&
            (before->state == SIM_CALL_ACTIVE ||
             (before->state == SIM_CALL_ENDED && before->ended_at > call->submitted_at)))
            return true;
    }
    return false;
}

/* Copies of the server hang on the way to a peer that does not answer: they keep their slots of
 * relays, and what has no other way than those waits (see HACKING.md). */
static bool has_stuck(const struct sim_fleet *fleet, uint32_t server)
{
    for (uint32_t i = 0; i < fleet->shape.items_max; i++) {
        const struct sim_item *item = &fleet->items[i];
        const struct sim_link *link;

        if ((item->kind != SIM_ITEM_WRITE && item->kind != SIM_ITEM_FORWARD) ||
            item->server != server || item->link == WEFT_NONE)
            continue;
        link = &fleet->links[item->link];
        if (fleet->servers[link->server[1 - item->side]].state != SIM_SERVER_UP ||
            item->lane == WEFT_NONE || link->lanes[item->lane].is_closed[item->side])
            return true;
    }
    return false;
}

/* Asked for when nothing went wrong any more, where a live way leads. */
bool sim_call_is_calm(const struct sim_fleet *fleet, const struct sim_call *call)
{
    const struct sim_faults *faults = &fleet->schedule.faults;

    return !fleet->is_hurried && fleet->next_fault == faults->count &&
           call->submitted_at >= faults->ends_at + SIM_FLEET_CALM_NS &&
           fleet->servers[call->peer].state == SIM_SERVER_UP &&
           fleet->servers[call->to].state == SIM_SERVER_UP && !call->is_cancelled &&
           !is_taken_back(fleet, call) && !sim_call_was_fenced(fleet, call) &&
           has_live_way(fleet, call) && !has_stuck(fleet, call->server) &&
           !has_stuck(fleet, call->peer) && !has_stuck(fleet, call->to);
}
