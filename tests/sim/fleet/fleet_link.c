/* Links: how their lanes are made, die, are fenced and made anew; peers that are met, and gone. */
#include "fleet_link.h"

#include <stdlib.h>

#include "fleet_record.h"

#define RETRY_NS     500000u
#define RETRY_NS_MAX 8000000u

bool sim_link_nics(const struct sim_fleet *fleet, const struct sim_link *link, uint32_t lane,
                   uint32_t nics[2])
{
    bool works = true;

    for (uint32_t side = 0; side < 2; side++) {
        const struct sim_server *server = &fleet->servers[link->server[side]];

        nics[side] = lane % server->nic_count;
        works = works && server->nics[nics[side]].state == WEFT_NET_SHAPE_UP;
    }
    return works;
}

static bool works(const struct sim_fleet *fleet, const struct sim_link *link, uint32_t lane)
{
    uint32_t nics[2];

    return sim_link_nics(fleet, link, lane, nics);
}

/* Some lane of the link is open at both sides, and its NICs work. */
static bool has_carrier(const struct sim_fleet *fleet, const struct sim_link *link)
{
    for (uint32_t i = 0; i < link->lane_count; i++)
        if (!link->lanes[i].is_closed[0] && !link->lanes[i].is_closed[1] && works(fleet, link, i))
            return true;
    return false;
}

static bool any_works(const struct sim_fleet *fleet, const struct sim_link *link)
{
    for (uint32_t i = 0; i < link->lane_count; i++)
        if (works(fleet, link, i))
            return true;
    return false;
}

/* ---- closing ---- */

/* What is just being written there is written no further: its bytes are anything. */
static void stop_landing(struct sim_fleet *fleet, const struct sim_link *link, uint32_t lane,
                         uint32_t side)
{
    for (uint32_t i = link->items.first; i != WEFT_NONE; i = fleet->item_links[i].next) {
        struct sim_item *item = &fleet->items[i];

        if (item->lane != lane || item->side == side || item->phase != SIM_ITEM_LANDING)
            continue;
        sim_item_end(fleet, item, false);
        item->phase = SIM_ITEM_SENT;
        item->is_lost = true;
        weft_heap_set(&fleet->timers, i, WEFT_NEVER);
    }
}

void sim_link_close(struct sim_fleet *fleet, uint32_t index, uint32_t lane, uint32_t side)
{
    struct sim_link *link = &fleet->links[index];

    if (link->is_dead || link->lanes[lane].is_closed[side])
        return;
    SIM_NOTE(&fleet->history, "server %llu gives up lane %llu to server %llu", link->server[side],
             lane, link->server[1 - side]);
    link->lanes[lane].is_closed[side] = true;
    sim_record_lane_closed(fleet, index, lane, side);
    link->lanes[lane].tries = 0;
    stop_landing(fleet, link, lane, side);
    sim_link_settle_at(fleet, index, lane,
                       fleet->now + 2 * SIM_FLEET_TELL_NS + sim_fleet_below(fleet, RETRY_NS));
}

void sim_link_close_at(struct sim_fleet *fleet, uint32_t link, uint32_t lane, uint32_t side,
                       weft_ns at, uint64_t number)
{
    uint32_t index = sim_item_take(fleet, SIM_ITEM_CLOSE, fleet->links[link].server[side]);
    struct sim_item *item = &fleet->items[index];

    item->link = link;
    item->lane = lane;
    item->side = side;
    item->number = number;
    item->generation = fleet->links[link].lanes[lane].generation;
    weft_list_append(&fleet->links[link].items, fleet->item_links, index);
    sim_item_at(fleet, index, at);
}

/* Is what made the lane silent still so? `number` counts what has happened since. */
static bool is_silent(const struct sim_fleet *fleet, const struct sim_link *link, uint32_t lane,
                      uint64_t number)
{
    uint64_t sum = 0;
    bool silent = false;
    uint32_t nics[2];

    (void)sim_link_nics(fleet, link, lane, nics);
    for (uint32_t side = 0; side < 2; side++) {
        const struct sim_server *server = &fleet->servers[link->server[side]];

        sum += server->stops + server->nics[nics[side]].changes;
        silent = silent || server->state == SIM_SERVER_STOPPED ||
                 server->nics[nics[side]].state != WEFT_NET_SHAPE_UP;
    }
    return number == 0 || (silent && sum == number);
}

static void close_due(struct sim_fleet *fleet, const struct sim_item *item)
{
    struct sim_link *link = &fleet->links[item->link];
    enum sim_server_state state = fleet->servers[link->server[item->side]].state;

    if (link->lanes[item->lane].generation != item->generation ||
        !is_silent(fleet, link, item->lane, item->number))
        return;
    if (state == SIM_SERVER_UP)
        sim_link_close(fleet, item->link, item->lane, item->side);
    else if (state == SIM_SERVER_STOPPED && item->number == 0)
        link->lanes[item->lane].is_broken[item->side] = true;
}

void sim_link_go_on(struct sim_fleet *fleet, uint32_t server)
{
    for (uint32_t i = 0; i < fleet->link_count; i++)
        for (uint32_t k = 0; k < 2 * fleet->links[i].lane_count; k++) {
            struct sim_link *link = &fleet->links[i];
            struct sim_fleet_lane *lane = &link->lanes[k / 2];

            if (link->server[k % 2] != server || !lane->is_broken[k % 2])
                continue;
            lane->is_broken[k % 2] = false;
            sim_link_close_at(fleet, i, k / 2, k % 2,
                              fleet->now + sim_fleet_below(fleet, SIM_FLEET_TELL_NS), 0);
        }
}

/* ---- settling ---- */

void sim_link_settle_at(struct sim_fleet *fleet, uint32_t link, uint32_t lane, weft_ns at)
{
    uint32_t index = sim_item_take(fleet, SIM_ITEM_SETTLE, fleet->links[link].server[0]);
    struct sim_item *item = &fleet->items[index];

    item->link = link;
    item->lane = lane;
    weft_list_append(&fleet->links[link].items, fleet->item_links, index);
    sim_item_at(fleet, index, at);
}

static bool is_traffic(const struct sim_item *item)
{
    return item->kind >= SIM_ITEM_WRITE && item->kind <= SIM_ITEM_MESSAGE;
}

/* Both sides have closed it: what was applied there is known here. */
static void settle_items(struct sim_fleet *fleet, uint32_t index, uint32_t lane)
{
    struct sim_link *link = &fleet->links[index];
    uint32_t at = link->items.first;

    while (at != WEFT_NONE) {
        struct sim_item *item = &fleet->items[at];
        uint32_t next = fleet->item_links[at].next;

        if (is_traffic(item) && item->lane == lane) {
            weft_heap_set(&fleet->timers, at, WEFT_NEVER);
            item->lane = WEFT_NONE;
            if (item->phase == SIM_ITEM_APPLIED && item->kind == SIM_ITEM_FORWARD &&
                !item->is_refused) {
                if (item->is_answered)
                    sim_item_complete(fleet, at, item->result);
            } else if (item->phase == SIM_ITEM_APPLIED) {
                sim_item_complete(fleet, at, item->is_refused ? weftInvalidUsage : weftSuccess);
            } else if (item->kind == SIM_ITEM_WRITE) {
                sim_item_complete(fleet, at, weftRemoteError);
            } else {
                sim_lane_send(fleet, at, WEFT_NONE);
            }
        }
        at = next;
    }
    link->lanes[lane].copies[0] = 0;
    link->lanes[lane].copies[1] = 0;
}

/* What waited for any lane goes. */
static void send_waiting(struct sim_fleet *fleet, const struct sim_link *link)
{
    for (uint32_t i = link->items.first; i != WEFT_NONE; i = fleet->item_links[i].next)
        if (is_traffic(&fleet->items[i]) && fleet->items[i].lane == WEFT_NONE &&
            fleet->items[i].phase == SIM_ITEM_SENT)
            sim_lane_send(fleet, i, WEFT_NONE);
}

static void settle_due(struct sim_fleet *fleet, uint32_t index, uint32_t lane_number)
{
    struct sim_link *link = &fleet->links[index];
    struct sim_fleet_lane *lane = &link->lanes[lane_number];
    bool is_reached = works(fleet, link, lane_number);
    weft_ns retry_ns = weft_min(RETRY_NS << weft_min(lane->tries++, 8u), RETRY_NS_MAX);

    if (link->is_dead || (!lane->is_closed[0] && !lane->is_closed[1]) ||
        !sim_server_is(fleet, link->server[0], link->life[0]) ||
        !sim_server_is(fleet, link->server[1], link->life[1]))
        return;
    if (fleet->servers[link->server[0]].state == SIM_SERVER_STOPPED ||
        fleet->servers[link->server[1]].state == SIM_SERVER_STOPPED ||
        (!is_reached && (lane->is_settled || !has_carrier(fleet, link)))) {
        sim_link_settle_at(fleet, index, lane_number,
                           fleet->now + retry_ns + sim_fleet_below(fleet, retry_ns));
        return;
    }
    for (uint32_t side = 0; side < 2; side++) {
        stop_landing(fleet, link, lane_number, side);
        if (!lane->is_closed[side])
            sim_record_lane_closed(fleet, index, lane_number, side);
        lane->is_closed[side] = true;
    }
    if (!lane->is_settled)
        settle_items(fleet, index, lane_number);
    lane->is_settled = true;
    if (!is_reached) {
        sim_link_settle_at(fleet, index, lane_number, fleet->now + retry_ns);
        return;
    }
    SIM_NOTE(&fleet->history, "lane %llu between servers %llu and %llu is made anew", lane_number,
             link->server[0], link->server[1]);
    lane->generation++;
    sim_record_lane_open(fleet, index, lane_number);
    lane->is_closed[0] = false;
    lane->is_closed[1] = false;
    lane->is_broken[0] = false;
    lane->is_broken[1] = false;
    lane->is_settled = false;
    lane->tries = 0;
    send_waiting(fleet, link);
}

/* ---- peers ---- */

static void tell_up(struct sim_fleet *fleet, const struct sim_link *link, uint32_t side)
{
    const struct sim_server *other = &fleet->servers[link->server[1 - side]];
    struct weft_net_event event = {.kind = WEFT_NET_PEER_UP,
                                   .peer = link->peer[side],
                                   .incarnation = other->incarnation,
                                   .lane_count = link->lane_count,
                                   .nic_count = other->nic_count};

    sim_net_tell(fleet, link->server[side], &event, other->net->env.hello,
                 other->net->env.hello_size);
}

static void tell_down(struct sim_fleet *fleet, uint32_t server, uint32_t peer, bool is_gone)
{
    struct weft_net_event event = {.kind = WEFT_NET_PEER_DOWN,
                                   .peer = peer,
                                   .is_gone = is_gone,
                                   .why = is_gone ? "its process has ended" : "it is silent"};

    sim_net_tell(fleet, server, &event, NULL, 0);
}

/* One side of the link knows that the other has ended: nothing of its own will land there. */
static void link_gone(struct sim_fleet *fleet, uint32_t index, uint32_t side)
{
    struct sim_link *link = &fleet->links[index];
    uint32_t at = link->items.first;

    for (uint32_t i = 0; i < link->lane_count; i++)
        stop_landing(fleet, link, i, side);
    for (uint32_t i = 0; i < link->lane_count; i++)
        sim_record_lane_open(fleet, index, i);
    link->is_dead = true;
    while (at != WEFT_NONE) {
        struct sim_item *item = &fleet->items[at];
        uint32_t next = fleet->item_links[at].next;

        if (is_traffic(item) && item->side == side)
            sim_item_complete(fleet, at, weftRemoteError);
        else if (is_traffic(item))
            sim_item_give(fleet, at);
        at = next;
    }
}

static void gone_due(struct sim_fleet *fleet, uint32_t index)
{
    struct sim_item *item = &fleet->items[index];
    struct sim_link *link = &fleet->links[item->link];
    uint32_t side = item->side;
    uint32_t server = link->server[side];

    if (!link->is_dead && sim_server_is(fleet, server, link->life[side])) {
        if (!any_works(fleet, link) || fleet->servers[server].state == SIM_SERVER_STOPPED) {
            sim_item_at(fleet, index, fleet->now + RETRY_NS + sim_fleet_below(fleet, RETRY_NS));
            return;
        }
        SIM_NOTE(&fleet->history, "server %llu knows that server %llu has ended", server,
                 link->server[1 - side]);
        fleet->servers[server].net->peers[link->peer[side]].is_gone = true;
        fleet->servers[server].net->peers[link->peer[side]].gone_at = fleet->now;
        tell_down(fleet, server, link->peer[side], true);
        link_gone(fleet, item->link, side);
    }
    sim_item_give(fleet, index);
}

static void hear_gone(struct sim_fleet *fleet, uint32_t index, uint32_t side)
{
    struct sim_link *link = &fleet->links[index];
    uint32_t gone = sim_item_take(fleet, SIM_ITEM_GONE, link->server[side]);

    fleet->items[gone].link = index;
    fleet->items[gone].side = side;
    weft_list_append(&link->items, fleet->item_links, gone);
    sim_item_at(fleet, gone, fleet->now + 20000 + sim_fleet_below(fleet, 2 * RETRY_NS));
}

void sim_link_bye(struct sim_fleet *fleet, uint32_t index, uint32_t side)
{
    struct sim_link *link = &fleet->links[index];

    if (link->is_dead)
        return;
    for (uint32_t i = 0; i < link->lane_count; i++) {
        stop_landing(fleet, link, i, side);
        link->lanes[i].is_closed[side] = true;
    }
    hear_gone(fleet, index, 1 - side);
}

void sim_link_killed(struct sim_fleet *fleet, uint32_t server)
{
    for (uint32_t i = 0; i < fleet->link_count; i++) {
        const struct sim_link *link = &fleet->links[i];
        uint32_t side = link->server[0] == server ? 0 : 1;

        if (!link->is_dead && link->server[side] == server &&
            link->life[side] == fleet->servers[server].life)
            hear_gone(fleet, i, 1 - side);
    }
}

/* The number under which the process knows that peer, found or made; WEFT_NONE: it has no room. */
static uint32_t peer_of(struct sim_net *net, uint32_t server, uint32_t life, weft_ns now)
{
    uint32_t room = WEFT_NONE;

    for (uint32_t i = 0; i < net->env.peers_max; i++) {
        if (net->peers[i].is_used && net->peers[i].server == server && net->peers[i].life == life)
            return i;
        if (!net->peers[i].is_used && room == WEFT_NONE)
            room = i;
    }
    if (room != WEFT_NONE)
        net->peers[room] = (struct sim_net_peer){
            .is_used = true, .server = server, .life = life, .link = WEFT_NONE, .dialled_at = now};
    return room;
}

static void connect(struct sim_fleet *fleet, uint32_t a, uint32_t a_peer, uint32_t b,
                    uint32_t b_peer)
{
    struct sim_link *link;
    uint32_t index = fleet->link_count++;

    if (index == fleet->link_capacity) {
        fleet->link_capacity = 2 * fleet->link_capacity + 16;
        fleet->links = realloc(fleet->links, fleet->link_capacity * sizeof(*fleet->links));
        weft_assert(fleet->links != NULL);
    }
    link = &fleet->links[index];
    *link = (struct sim_link){.server = {a, b},
                              .life = {fleet->servers[a].life, fleet->servers[b].life},
                              .peer = {a_peer, b_peer}};
    link->lane_count = (uint32_t)weft_max(fleet->servers[a].nic_count, fleet->servers[b].nic_count);
    for (uint32_t i = 0; i < link->lane_count; i++)
        link->lanes[i].generation = 1;
    weft_list_init(&link->items);
    fleet->servers[a].net->peers[a_peer].link = index;
    fleet->servers[b].net->peers[b_peer].link = index;
    fleet->servers[a].net->peers[a_peer].is_gone = false;
    fleet->servers[b].net->peers[b_peer].is_gone = false;
    for (uint32_t i = 0; i < link->lane_count; i++)
        if (!works(fleet, link, i)) {
            link->lanes[i].is_closed[0] = true;
            link->lanes[i].is_closed[1] = true;
            sim_record_lane_closed(fleet, index, i, 0);
            sim_record_lane_closed(fleet, index, i, 1);
            link->lanes[i].is_settled = true;
            sim_link_settle_at(fleet, index, i, fleet->now + RETRY_NS);
        }
    tell_up(fleet, link, 0);
    tell_up(fleet, link, 1);
}

static bool nics_work(const struct sim_fleet *fleet, uint32_t a, uint32_t b)
{
    struct sim_link link = {.server = {a, b}};

    link.lane_count = (uint32_t)weft_max(fleet->servers[a].nic_count, fleet->servers[b].nic_count);
    return any_works(fleet, &link);
}

/* It is still the one that the dialling began for, and not met yet. */
static bool is_dialled(const struct sim_net_peer *peer, uint64_t number)
{
    return peer->is_used && peer->link == WEFT_NONE && !peer->is_gone &&
           sim_peer_number(peer) == number;
}

static void dial_due(struct sim_fleet *fleet, uint32_t index)
{
    struct sim_item *item = &fleet->items[index];
    struct sim_server *server = &fleet->servers[item->server];
    struct sim_net_peer *peer;
    uint32_t there;

    if (!sim_server_is(fleet, item->server, item->life) ||
        !is_dialled(&server->net->peers[item->peer], item->number)) {
        sim_item_give(fleet, index);
        return;
    }
    peer = &server->net->peers[item->peer];
    if (server->state == SIM_SERVER_STOPPED || !nics_work(fleet, item->server, peer->server) ||
        fleet->servers[peer->server].state == SIM_SERVER_STOPPED) {
        if (!peer->is_told_down && server->state == SIM_SERVER_UP &&
            fleet->now - peer->dialled_at > server->net->env.dial_ns) {
            peer->is_told_down = true;
            tell_down(fleet, item->server, item->peer, false);
        }
        sim_item_at(fleet, index, fleet->now + RETRY_NS);
        return;
    }
    if (!sim_server_is(fleet, peer->server, peer->life)) {
        peer->is_gone = true;
        tell_down(fleet, item->server, item->peer, true);
        sim_item_give(fleet, index);
        return;
    }
    there = peer_of(fleet->servers[peer->server].net, item->server, item->life, fleet->now);
    if (there == WEFT_NONE) {
        sim_item_at(fleet, index, fleet->now + RETRY_NS);
        return;
    }
    connect(fleet, item->server, item->peer, peer->server, there);
    sim_item_give(fleet, index);
}

void sim_link_due(struct sim_fleet *fleet, uint32_t index)
{
    struct sim_item *item = &fleet->items[index];
    uint32_t link = item->link;
    uint32_t lane = item->lane;

    switch (item->kind) {
    case SIM_ITEM_CLOSE:
        close_due(fleet, item);
        sim_item_give(fleet, index);
        break;
    case SIM_ITEM_SETTLE:
        sim_item_give(fleet, index);
        settle_due(fleet, link, lane);
        break;
    case SIM_ITEM_GONE:
        gone_due(fleet, index);
        break;
    default:
        dial_due(fleet, index);
    }
}
