/* What is on its way over lanes: writes, words, requests, answers, messages. Each takes its time,
 * and has an effect at the other side once, if that side has not closed the lane by then. */
#include "fleet_lane.h"

#include "fleet_record.h"

static struct sim_link *link_of(struct sim_fleet *fleet, const struct sim_item *item)
{
    return &fleet->links[item->link];
}

bool sim_lane_is_open(const struct sim_fleet *fleet, const struct sim_link *link, uint32_t lane,
                      uint32_t side)
{
    (void)fleet;
    return !link->is_dead && !link->lanes[lane].is_closed[side];
}

bool sim_lane_any(const struct sim_fleet *fleet, const struct sim_link *link, uint32_t side)
{
    for (uint32_t i = 0; i < link->lane_count; i++)
        if (sim_lane_is_open(fleet, link, i, side))
            return true;
    return false;
}

/* One of the open lanes, or WEFT_NONE. */
static uint32_t any_lane(struct sim_fleet *fleet, const struct sim_link *link, uint32_t side)
{
    uint32_t first = (uint32_t)sim_fleet_below(fleet, link->lane_count);

    for (uint32_t i = 0; i < link->lane_count; i++) {
        uint32_t lane = (first + i) % link->lane_count;

        if (sim_lane_is_open(fleet, link, lane, side))
            return lane;
    }
    return WEFT_NONE;
}

static uint64_t rate_of(const struct sim_nic *nic)
{
    return weft_max(nic->rate_bytes_per_us * nic->permille / 1000, 1);
}

void sim_lane_send(struct sim_fleet *fleet, uint32_t index, uint32_t lane)
{
    struct sim_item *item = &fleet->items[index];
    struct sim_link *link = link_of(fleet, item);
    uint32_t nics[2];
    struct sim_nic *from;
    struct sim_nic *to;
    weft_ns at;
    bool works;

    item->phase = SIM_ITEM_SENT;
    item->lane = lane == WEFT_NONE ? any_lane(fleet, link, item->side) : lane;
    if (item->lane == WEFT_NONE)
        return; /* until a lane is made anew */
    item->generation = link->lanes[item->lane].generation;
    sim_record_item_sent(fleet, index);
    link->lanes[item->lane].copies[item->side] += item->kind == SIM_ITEM_WRITE;
    works = sim_link_nics(fleet, link, item->lane, nics);
    from = &fleet->servers[link->server[item->side]].nics[nics[item->side]];
    to = &fleet->servers[link->server[1 - item->side]].nics[nics[1 - item->side]];
    at = weft_max(fleet->now, from->sends_until);
    if (item->kind == SIM_ITEM_WRITE) {
        from->sends_until = at + weft_bytes_time(item->copy.size_bytes, rate_of(from));
        at = weft_max(at + SIM_FLEET_TELL_NS, to->takes_until);
        item->takes_ns =
            weft_bytes_time(item->copy.size_bytes, weft_min(rate_of(from), rate_of(to)));
        to->takes_until = at + weft_bytes_time(item->copy.size_bytes, rate_of(to));
    } else {
        at = fleet->now + SIM_FLEET_TELL_NS + sim_fleet_below(fleet, SIM_FLEET_TELL_NS);
    }
    sim_fleet_mix(fleet, item->kind, item->link, item->lane);
    SIM_NOTE(&fleet->history,
             "  item %llu of server %llu, kind %llu, goes by lane %llu of link %llu", index,
             item->server, item->kind, item->lane, item->link);
    if (works)
        sim_item_at(fleet, index, at);
    else
        sim_item_park(fleet, index);
}

void sim_item_complete(struct sim_fleet *fleet, uint32_t index, weftResult_t result)
{
    struct sim_item *item = &fleet->items[index];
    struct sim_net *net;

    if (!sim_server_is(fleet, item->server, item->life) || item->kind == SIM_ITEM_MESSAGE ||
        item->kind == SIM_ITEM_ANSWER) {
        sim_item_give(fleet, index);
        return;
    }
    net = fleet->servers[item->server].net;
    item->result = result;
    sim_record_item_ended(fleet, item, result);
    fleet->failed_writes += item->kind == SIM_ITEM_WRITE && result != weftSuccess;
    SIM_NOTE(&fleet->history, "  item %llu of server %llu, kind %llu, ended with result %llu",
             index, item->server, item->kind, result);
    weft_list_remove(&fleet->links[item->link].items, fleet->item_links, index);
    item->link = WEFT_NONE;
    weft_heap_set(&fleet->timers, index, WEFT_NEVER);
    weft_list_append(&net->ended, fleet->ended_links, index);
    sim_fleet_mix(fleet, item->kind, item->cookie, (uint64_t)result);
    sim_server_wake(fleet, item->server, fleet->now + 1000);
}

/* ---- arrival ---- */

static void forward_arrived(struct sim_fleet *fleet, uint32_t index)
{
    struct sim_item *item = &fleet->items[index];
    const struct sim_link *link = link_of(fleet, item);
    uint32_t there = link->server[1 - item->side];
    const struct sim_net *net = fleet->servers[there].net;
    struct weft_net_event event = {.kind = WEFT_NET_FORWARD,
                                   .peer = link->peer[1 - item->side],
                                   .request = index,
                                   .dst_window = item->dst.window,
                                   .src_window = item->src.window,
                                   .extent_count = item->copy.extent_count,
                                   .size_bytes = item->copy.size_bytes};

    item->phase = SIM_ITEM_APPLIED;
    if (!sim_net_allows(item, net, &item->dst, WEFT_RIGHT_WRITE, true) ||
        !sim_net_allows(item, net, &item->src, WEFT_RIGHT_READ, false)) {
        item->is_refused = true;
        return;
    }
    sim_net_tell(fleet, there, &event, item->copy.extents,
                 item->copy.extent_count * sizeof(struct weft_extent));
}

static void answer_arrived(struct sim_fleet *fleet, const struct sim_item *answer)
{
    struct sim_item *asked = &fleet->items[answer->request];

    /* The one that it answers may have ended with its peer, and its place be another's. */
    if (asked->kind != SIM_ITEM_FORWARD || asked->link != answer->link ||
        asked->side == answer->side || asked->is_answered)
        return;
    asked->is_answered = true;
    asked->result = answer->result;
    if (asked->phase == SIM_ITEM_APPLIED)
        sim_item_complete(fleet, answer->request, asked->result);
}

static void store_arrived(struct sim_fleet *fleet, struct sim_item *item)
{
    const struct sim_link *link = link_of(fleet, item);
    const struct sim_net *net = fleet->servers[link->server[1 - item->side]].net;
    const struct sim_net_window *window = sim_net_find(net, &item->dst, WEFT_RIGHT_SIGNAL);

    if (window == NULL || !weft_range_inside(item->offset, 8, window->size_bytes)) {
        item->is_refused = true;
        return;
    }
    sim_calls_raised(fleet, window->memory, item->offset, item->value);
}

/* All of it is there: what it does, it does now. */
static void applied(struct sim_fleet *fleet, uint32_t index)
{
    struct sim_item *item = &fleet->items[index];
    struct sim_link *link = link_of(fleet, item);
    uint32_t there = link->server[1 - item->side];
    struct weft_net_event message = {.kind = WEFT_NET_MESSAGE, .peer = link->peer[1 - item->side]};

    switch (item->kind) {
    case SIM_ITEM_STORE:
        store_arrived(fleet, item);
        break;
    case SIM_ITEM_FORWARD:
        forward_arrived(fleet, index);
        break;
    case SIM_ITEM_ANSWER:
        answer_arrived(fleet, item);
        break;
    case SIM_ITEM_MESSAGE:
        sim_net_tell(fleet, there, &message, item->bytes, item->size);
        break;
    default:
        break;
    }
    item->phase = SIM_ITEM_APPLIED;
    sim_item_at(fleet, index, fleet->now + SIM_FLEET_TELL_NS);
}

static void write_due(struct sim_fleet *fleet, uint32_t index)
{
    struct sim_item *item = &fleet->items[index];
    const struct sim_link *link = link_of(fleet, item);
    const struct sim_net *net = fleet->servers[link->server[1 - item->side]].net;
    bool may = !item->is_refused && sim_net_allows(item, net, &item->dst, WEFT_RIGHT_WRITE, true);

    if (item->phase == SIM_ITEM_SENT && may) {
        sim_item_begin(fleet, item);
        sim_item_at(fleet, index, fleet->now + item->takes_ns);
        return;
    }
    if (item->phase == SIM_ITEM_LANDING)
        sim_item_end(fleet, item, may);
    item->is_refused = !may;
    applied(fleet, index);
}

/* The other side has said that it has it. */
static void acknowledged(struct sim_fleet *fleet, uint32_t index)
{
    struct sim_item *item = &fleet->items[index];
    struct sim_fleet_lane *lane = &link_of(fleet, item)->lanes[item->lane];

    if (lane->is_closed[item->side] || lane->generation != item->generation)
        return; /* it is known when the lane has been fenced */
    lane->copies[item->side] -= item->kind == SIM_ITEM_WRITE;
    if (item->kind == SIM_ITEM_FORWARD && !item->is_refused && !item->is_answered)
        return; /* the answer is still to come */
    if (item->kind == SIM_ITEM_FORWARD && item->is_answered)
        sim_item_complete(fleet, index, item->result);
    else
        sim_item_complete(fleet, index, item->is_refused ? weftInvalidUsage : weftSuccess);
}

void sim_lane_due(struct sim_fleet *fleet, uint32_t index)
{
    struct sim_item *item = &fleet->items[index];
    const struct sim_link *link = link_of(fleet, item);
    uint32_t there = link->server[1 - item->side];
    const struct sim_fleet_lane *lane = &link->lanes[item->lane];

    if (item->phase == SIM_ITEM_APPLIED) {
        acknowledged(fleet, index);
        return;
    }
    if (link->is_dead || lane->generation != item->generation || lane->is_closed[1 - item->side] ||
        !sim_server_is(fleet, there, link->life[1 - item->side]))
        return; /* it has come to a lane that is closed there */
    if (fleet->servers[there].state == SIM_SERVER_STOPPED)
        sim_item_at(fleet, index, fleet->now + 500000 + sim_fleet_below(fleet, 500000));
    else if (item->kind == SIM_ITEM_WRITE)
        write_due(fleet, index);
    else
        applied(fleet, index);
}
