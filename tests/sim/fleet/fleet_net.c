/* A comm's end of the network: a table of functions for weft_net.h. Peers and events are
 * here; windows are fleet_window.c's, what is on its way fleet_lane.c's. */
#include "fleet_net.h"

#include <stdlib.h>
#include <string.h>

#include "core/description.h"
#include "fleet.h"

#define JAM_NS_MAX 200000 /* a queue is full for so long */

static struct sim_fleet *opening_fleet;

void sim_net_use(struct sim_fleet *fleet)
{
    opening_fleet = fleet;
}

static struct sim_net *net_of(struct weft_net *base)
{
    return (struct sim_net *)base;
}

static void *zeroed(size_t count, size_t each)
{
    void *memory = calloc(count, each);

    weft_assert(memory != NULL);
    return memory;
}

static weftResult_t net_open(const struct weft_net_env *env, const struct weft_net_nic *nics,
                             uint32_t nic_count, struct weft_net **opened, char why[256])
{
    struct sim_net *net = zeroed(1, sizeof(*net));
    struct sim_server *server = &opening_fleet->servers[opening_fleet->opening];

    (void)nics;
    (void)why;
    net->base.ops = &sim_net_ops;
    net->fleet = opening_fleet;
    net->server = opening_fleet->opening;
    net->env = *env;
    net->nic_count = (uint32_t)weft_min(nic_count, server->nic_count);
    net->copies_max = server->world->port_copies_max;
    net->windows = zeroed(env->windows_max, sizeof(*net->windows));
    net->peers = zeroed(env->peers_max, sizeof(*net->peers));
    weft_list_init(&net->ended);
    server->net = net;
    server->incarnation = env->incarnation;
    *opened = (struct weft_net *)net;
    return weftSuccess;
}

static void net_close(struct weft_net *base)
{
    struct sim_net *net = net_of(base);

    if (net == NULL)
        return;
    net->fleet->servers[net->server].net = NULL;
    for (uint32_t i = 0; i < net->event_count; i++)
        free(net->events[net->event_first + i].bytes);
    free(net->told.bytes);
    free(net->events);
    free(net->exposures);
    free(net->windows);
    free(net->peers);
    free(net);
}

/* Which process it is: its server, and its life there. */
static void net_address(struct weft_net *base, uint8_t bytes[WEFT_NET_ADDRESS_BYTES])
{
    struct sim_net *net = net_of(base);
    const uint32_t words[] = {net->server, net->fleet->servers[net->server].life};

    memset(bytes, 0, WEFT_NET_ADDRESS_BYTES);
    memcpy(bytes, words, sizeof(words));
}

/* ---- peers ---- */

static uint32_t side_of(const struct sim_net *net, uint32_t link)
{
    return net->fleet->links[link].server[0] == net->server ? 0 : 1;
}

static weftResult_t net_peer_open(struct weft_net *base,
                                  const uint8_t address[WEFT_NET_ADDRESS_BYTES], uint32_t *peer)
{
    struct sim_net *net = net_of(base);
    struct sim_fleet *fleet = net->fleet;
    uint32_t free_peer = WEFT_NONE;
    uint32_t words[2];
    uint32_t dial;

    memcpy(words, address, sizeof(words));
    for (uint32_t i = 0; i < net->env.peers_max; i++) {
        if (net->peers[i].is_used && net->peers[i].server == words[0] &&
            net->peers[i].life == words[1]) {
            *peer = i;
            return weftSuccess; /* it tells PEER_UP, or did */
        }
        if (!net->peers[i].is_used && free_peer == WEFT_NONE)
            free_peer = i;
    }
    if (free_peer == WEFT_NONE)
        return weftNoResource;
    net->peers[free_peer] = (struct sim_net_peer){.is_used = true,
                                                  .server = words[0],
                                                  .life = words[1],
                                                  .link = WEFT_NONE,
                                                  .dialled_at = fleet->now};
    dial = sim_item_take(fleet, SIM_ITEM_DIAL, net->server);
    fleet->items[dial].peer = free_peer;
    fleet->items[dial].number = sim_peer_number(&net->peers[free_peer]);
    sim_item_at(fleet, dial, fleet->now + 20000 + sim_fleet_below(fleet, 200000));
    *peer = free_peer;
    return weftSuccess;
}

/* Nothing more is told of a peer that was closed. */
static void drop_events(struct sim_net *net, uint32_t peer)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < net->event_count; i++) {
        struct sim_event *event = &net->events[net->event_first + i];

        if (event->event.peer == peer)
            free(event->bytes);
        else
            net->events[net->event_first + kept++] = *event;
    }
    net->event_count = kept;
}

static void net_peer_close(struct weft_net *base, uint32_t peer)
{
    struct sim_net *net = net_of(base);

    weft_assert(net->peers[peer].is_used);
    drop_events(net, peer);
    if (!net->peers[peer].is_gone && net->peers[peer].link != WEFT_NONE)
        sim_link_bye(net->fleet, net->peers[peer].link, side_of(net, net->peers[peer].link));
    net->peers[peer] = (struct sim_net_peer){.is_used = false};
}

void sim_net_tell(struct sim_fleet *fleet, uint32_t server, const struct weft_net_event *event,
                  const void *bytes, size_t size)
{
    struct sim_net *net = fleet->servers[server].net;
    struct sim_event *entry;

    if (net->event_first + net->event_count == net->event_capacity) {
        if (net->event_count > 0)
            memmove(net->events, net->events + net->event_first,
                    net->event_count * sizeof(*net->events));
        net->event_first = 0;
        if (net->event_count == net->event_capacity) {
            net->event_capacity = 2 * net->event_capacity + 16;
            net->events = realloc(net->events, net->event_capacity * sizeof(*net->events));
            weft_assert(net->events != NULL);
        }
    }
    entry = &net->events[net->event_first + net->event_count++];
    *entry = (struct sim_event){.event = *event, .bytes = NULL};
    if (size > 0) {
        entry->bytes = zeroed(1, size);
        memcpy(entry->bytes, bytes, size);
        entry->event.bytes = entry->bytes;
        entry->event.size = size;
    }
    if (event->kind == WEFT_NET_FORWARD) {
        entry->event.extents = (const struct weft_extent *)(const void *)entry->bytes;
        entry->dst = fleet->items[event->request].dst;
        entry->src = fleet->items[event->request].src;
    }
    sim_server_wake(fleet, server,
                    fleet->now + 1000 + sim_fleet_below(fleet, fleet->notice_ns_max + 1));
}

/* ---- what is sent ---- */

/* An item for the peer; its number is `*index`. */
static weftResult_t begin(struct sim_net *net, uint32_t peer, enum sim_item_kind kind,
                          uint32_t cookie, uint32_t *index)
{
    struct sim_fleet *fleet = net->fleet;
    const struct sim_net_peer *to = &net->peers[peer];
    struct sim_item *item;

    if (peer >= net->env.peers_max || !to->is_used)
        return weftInvalidArgument;
    if (to->is_gone || to->link == WEFT_NONE)
        return weftRemoteError;
    *index = sim_item_take(fleet, kind, net->server);
    item = &fleet->items[*index];
    item->cookie = cookie;
    item->link = to->link;
    item->side = fleet->links[to->link].server[0] == net->server ? 0 : 1;
    weft_list_append(&fleet->links[to->link].items, fleet->item_links, *index);
    return weftSuccess;
}

/* A lane takes a copy: it is open here, and has room. */
static weftResult_t lane_takes(const struct sim_net *net, uint32_t peer, uint32_t lane)
{
    const struct sim_fleet *fleet = net->fleet;
    const struct sim_link *link;
    uint32_t nics[2];
    uint32_t side;

    if (net->peers[peer].is_gone || net->peers[peer].link == WEFT_NONE)
        return weftRemoteError;
    link = &fleet->links[net->peers[peer].link];
    side = side_of(net, net->peers[peer].link);
    if (!sim_lane_is_open(fleet, link, lane, side))
        return weftRemoteError;
    (void)sim_link_nics(fleet, link, lane, nics);
    return link->lanes[lane].copies[side] >= net->copies_max ||
                   fleet->servers[net->server].nics[nics[side]].refuse_until > fleet->now
               ? weftNoResource
               : weftSuccess;
}

static weftResult_t net_copy(struct weft_net *base, const struct weft_copy *copy)
{
    struct sim_net *net = net_of(base);
    struct sim_fleet *fleet = net->fleet;
    const struct sim_net_window *dst = &net->windows[copy->dst_window];
    const struct sim_net_window *src = &net->windows[copy->src_window];
    const struct sim_net *there;
    const struct sim_net_window *to;
    uint32_t peer = dst->peer;
    uint32_t index;
    uint32_t hop;
    weftResult_t result;

    SIM_CHECK(&fleet->history, dst->is_import && src->is_own, CONFINEMENT,
              "server %u writes from window %u to %u", net->server, copy->src_window,
              copy->dst_window);
    hop = sim_fleet_health_hop(fleet, net->server, peer, copy);
    sim_fleet_health_issue(fleet, net->server, hop, copy);
    result = lane_takes(net, peer, copy->lane);
    if (result == weftRemoteError)
        sim_fleet_health_failed(fleet, net->server, hop, copy);
    WEFT_TRY(result);
    WEFT_TRY(begin(net, peer, SIM_ITEM_WRITE, copy->cookie, &index));
    fleet->items[index].dst = dst->remote;
    fleet->items[index].hop = hop;
    fleet->items[index].sent_at = fleet->now;
    fleet->items[index].is_direct = sim_fleet_health_is_direct(fleet, net->server, copy);
    /* Where it will go is the peer's to say; the shadow is asked now who owns that. */
    there = fleet->servers[net->peers[peer].server].net;
    to = there == NULL ? NULL : sim_net_find(there, &dst->remote, WEFT_RIGHT_WRITE);
    if (to != NULL && sim_server_is(fleet, net->peers[peer].server, net->peers[peer].life))
        sim_item_copy(fleet, index, to->memory, src->memory, copy->extents, copy->extent_count,
                      copy->size_bytes);
    else
        fleet->items[index].is_refused = true;
    fleet->items[index].copy.size_bytes = copy->size_bytes;
    sim_lane_send(fleet, index, copy->lane);
    return weftSuccess;
}

static weftResult_t net_forward(struct weft_net *base, const struct weft_copy *copy)
{
    struct sim_net *net = net_of(base);
    const struct sim_net_window *dst = &net->windows[copy->dst_window];
    const struct sim_net_window *src = &net->windows[copy->src_window];
    struct sim_item *item;
    uint32_t index;

    SIM_CHECK(&net->fleet->history, dst->is_import && src->is_import && dst->peer == src->peer,
              CONFINEMENT, "server %u asks for a copy from window %u to %u", net->server,
              copy->src_window, copy->dst_window);
    if (net->peers[dst->peer].link == WEFT_NONE ||
        !sim_lane_any(net->fleet, &net->fleet->links[net->peers[dst->peer].link],
                      side_of(net, net->peers[dst->peer].link)))
        return weftRemoteError;
    WEFT_TRY(begin(net, dst->peer, SIM_ITEM_FORWARD, copy->cookie, &index));
    item = &net->fleet->items[index];
    item->dst = dst->remote;
    item->src = src->remote;
    item->copy.extents =
        realloc(item->copy.extents, copy->extent_count * sizeof(*item->copy.extents));
    weft_assert(item->copy.extents != NULL);
    item->copy.extent_capacity = copy->extent_count;
    item->copy.extent_count = copy->extent_count;
    memcpy(item->copy.extents, copy->extents, copy->extent_count * sizeof(*copy->extents));
    item->copy.size_bytes = copy->size_bytes;
    sim_lane_send(net->fleet, index, WEFT_NONE);
    return weftSuccess;
}

static void net_answer(struct weft_net *base, uint32_t peer, uint32_t request, weftResult_t result)
{
    struct sim_net *net = net_of(base);
    uint32_t index;

    /* Who asked may have ended meanwhile. */
    if (begin(net, peer, SIM_ITEM_ANSWER, 0, &index) != weftSuccess)
        return;
    net->fleet->items[index].request = request;
    net->fleet->items[index].result = result;
    sim_lane_send(net->fleet, index, WEFT_NONE);
}

static weftResult_t net_store(struct weft_net *base, uint32_t window, uint64_t offset,
                              uint64_t value, weftSignalOp_t op, uint32_t cookie)
{
    struct sim_net *net = net_of(base);
    const struct sim_net_window *dst = &net->windows[window];
    struct sim_item *item;
    uint32_t index;

    (void)op;
    if (!dst->is_import)
        return weftInvalidArgument;
    if (net->peers[dst->peer].link == WEFT_NONE || net->peers[dst->peer].is_gone ||
        !sim_lane_any(net->fleet, &net->fleet->links[net->peers[dst->peer].link],
                      side_of(net, net->peers[dst->peer].link)))
        return weftRemoteError;
    WEFT_TRY(begin(net, dst->peer, SIM_ITEM_STORE, cookie, &index));
    item = &net->fleet->items[index];
    item->dst = dst->remote;
    item->offset = offset;
    item->value = value;
    sim_lane_send(net->fleet, index, WEFT_NONE);
    return weftSuccess;
}

static weftResult_t net_send(struct weft_net *base, uint32_t peer, const void *bytes, size_t size)
{
    struct sim_net *net = net_of(base);
    struct sim_item *item;
    uint32_t index;

    if (net->peers[peer].link == WEFT_NONE || net->peers[peer].is_gone ||
        !sim_lane_any(net->fleet, &net->fleet->links[net->peers[peer].link],
                      side_of(net, net->peers[peer].link)))
        return weftRemoteError;
    if (net->fleet->is_jammed && net->fleet->now >= net->full_until &&
        sim_fleet_below(net->fleet, 10) == 0)
        net->full_until = net->fleet->now + 1 + sim_fleet_below(net->fleet, JAM_NS_MAX);
    if (net->fleet->now < net->full_until)
        return weftNoResource;
    WEFT_TRY(begin(net, peer, SIM_ITEM_MESSAGE, 0, &index));
    item = &net->fleet->items[index];
    item->bytes = zeroed(1, size);
    item->size = size;
    memcpy(item->bytes, bytes, size);
    sim_lane_send(net->fleet, index, WEFT_NONE);
    return weftSuccess;
}

static uint32_t net_poll(struct weft_net *base, struct weft_completion *completions, uint32_t max)
{
    struct sim_net *net = net_of(base);
    struct sim_fleet *fleet = net->fleet;
    uint32_t count = 0;

    while (count < max && net->ended.first != WEFT_NONE) {
        uint32_t index = net->ended.first;

        weft_list_remove(&net->ended, fleet->ended_links, index);
        completions[count++] =
            (struct weft_completion){fleet->items[index].cookie, fleet->items[index].result};
        sim_fleet_health_ended(fleet, &fleet->items[index]);
        sim_item_give(fleet, index);
    }
    return count;
}

static int net_wakeup_fd(struct weft_net *net)
{
    (void)net;
    return -1;
}

static uint64_t net_deadline_ns(struct weft_net *net)
{
    (void)net;
    return UINT64_MAX;
}

static void net_shape(struct weft_net *net, uint32_t nic, const struct weft_net_shape *shape)
{
    (void)net;
    (void)nic;
    (void)shape;
}

static void net_lane_state(struct weft_net *base, uint32_t peer, uint32_t lane,
                           struct weft_net_lane_state *state)
{
    struct sim_net *net = net_of(base);
    const struct sim_link *link = &net->fleet->links[net->peers[peer].link];
    uint32_t side = side_of(net, net->peers[peer].link);
    uint32_t nics[2];

    (void)sim_link_nics(net->fleet, link, lane, nics);
    *state = (struct weft_net_lane_state){.is_up = sim_lane_is_open(net->fleet, link, lane, side),
                                          .nic = nics[side],
                                          .peer_nic = nics[1 - side]};
}

static void net_counts(struct weft_net *net, struct weft_net_counts *counts)
{
    (void)net;
    *counts = (struct weft_net_counts){0};
}

/* What was let in when it came, and is no longer: a window of it was concealed meanwhile. */
static bool is_concealed(const struct sim_net *net, const struct sim_event *told)
{
    return told->event.kind == WEFT_NET_FORWARD &&
           (sim_net_find(net, &told->dst, WEFT_RIGHT_WRITE) == NULL ||
            sim_net_find(net, &told->src, WEFT_RIGHT_READ) == NULL);
}

static bool net_event(struct weft_net *base, struct weft_net_event *event)
{
    struct sim_net *net = net_of(base);

    do {
        free(net->told.bytes);
        net->told.bytes = NULL;
        if (net->event_count == 0)
            return false;
        net->told = net->events[net->event_first++];
        net->event_count--;
        *event = net->told.event;
        if (!is_concealed(net, &net->told))
            return true;
        net_answer(base, event->peer, event->request, weftInvalidUsage);
    } while (true);
}

const struct weft_net_ops sim_net_ops = {
    .name = "sim",
    .open = net_open,
    .close = net_close,
    .address = net_address,
    .window_add = sim_net_window_add,
    .window_remove = sim_net_window_remove,
    .expose = sim_net_expose,
    .conceal = sim_net_conceal,
    .import = sim_net_import,
    .forget = sim_net_forget,
    .peer_open = net_peer_open,
    .peer_close = net_peer_close,
    .copy = net_copy,
    .forward = net_forward,
    .answer = net_answer,
    .store = net_store,
    .send = net_send,
    .poll = net_poll,
    .event = net_event,
    .wakeup_fd = net_wakeup_fd,
    .deadline_ns = net_deadline_ns,
    .shape = net_shape,
    .lane_state = net_lane_state,
    .counts = net_counts,
};
