/* Copies inside a server: a table of functions for weft_transport.h.
 *
 * Links are taken one copy after the other: what is issued begins when all links of its hop are
 * free, and takes them for as long as it crosses them. That is no model of sharing (fabric.c is);
 * here copies only have to take time, end in any order, fail, and stand still. */
#include "fleet_port.h"

#include <stdlib.h>
#include <string.h>

#include "core/signal.h"
#include "fleet_record.h"
#include "host/transport_stub.h"

#define NOTICE_NS 2000 /* from an end to the poll that sees it */

static struct sim_fleet *opening_fleet; /* of the transport's table, which has no other context */

static struct sim_server *server_of(const struct sim_port *port)
{
    return &port->fleet->servers[port->server];
}

static weftResult_t port_probe(const struct weft_transport_env *env,
                               struct weft_device_found *found, uint32_t found_max,
                               uint32_t *found_count, char why[256])
{
    (void)env;
    (void)found;
    (void)found_max;
    (void)why;
    *found_count = 0;
    return weftSuccess;
}

void sim_port_use(struct sim_fleet *fleet)
{
    opening_fleet = fleet;
}

static weftResult_t port_hops(const struct weft_transport_env *env,
                              const struct weft_device_ref *devices, uint32_t device_count,
                              struct weft_hop_offer *offers, uint32_t *offer_count)
{
    const struct sim_world *world = opening_fleet->servers[opening_fleet->opening].world;

    (void)env;
    (void)devices;
    (void)device_count;
    *offer_count = 0;
    for (uint32_t i = 0; i < world->hops.count; i++) {
        const struct weft_hop *hop = &world->hops.hops[i];
        bool peers = world->topo.devices[hop->src_device].kind == weftDeviceGpu &&
                     world->topo.devices[hop->dst_device].kind == weftDeviceGpu;

        offers[(*offer_count)++] = (struct weft_hop_offer){
            hop->src_device, hop->dst_device, hop->port_device,
            peers && hop->link_count > 0 && world->topo.links[hop->links[0]].kind == WEFT_LINK_NVL};
    }
    return weftSuccess;
}

static weftResult_t port_open(const struct weft_transport_env *env,
                              const struct weft_device_ref *device, struct weft_port **opened)
{
    struct sim_port *port = &opening_fleet->servers[opening_fleet->opening].ports[device->device];

    (void)env;
    *port = (struct sim_port){.base = {&sim_port_ops},
                              .fleet = opening_fleet,
                              .server = opening_fleet->opening,
                              .device = device->device};
    weft_list_init(&port->ended);
    *opened = (struct weft_port *)port;
    return weftSuccess;
}

static void port_close(struct weft_port *port)
{
    (void)port;
}

static weftResult_t port_alloc(struct weft_port *base, size_t size, void **memory)
{
    struct sim_port *port = (struct sim_port *)base;

    *memory = sim_memory_base(sim_memory_add(port->fleet, port->device, size, true));
    return weftSuccess;
}

static void port_free(struct weft_port *base, void *memory)
{
    struct sim_port *port = (struct sim_port *)base;

    sim_shadow_remove(&port->fleet->shadow, sim_memory_of(memory));
}

static weftResult_t port_window_add(struct weft_port *base, uint32_t window,
                                    const struct weft_device_ref *device, void *memory, size_t size,
                                    char why[256])
{
    struct sim_port *port = (struct sim_port *)base;

    (void)device;
    (void)size;
    (void)why;
    server_of(port)->memory_of[window] = sim_memory_of(memory);
    return weftSuccess;
}

static void port_window_remove(struct weft_port *base, uint32_t window)
{
    struct sim_port *port = (struct sim_port *)base;

    server_of(port)->memory_of[window] = WEFT_NONE;
}

static weftResult_t port_connect(struct weft_port *base, const struct weft_hop_offer *offer,
                                 uint32_t *lane)
{
    struct sim_port *port = (struct sim_port *)base;

    *lane = weft_hop_find(&server_of(port)->world->hops, offer->src_device, offer->dst_device);
    return *lane == WEFT_NONE ? weftInvalidArgument : weftSuccess;
}

static void port_disconnect(struct weft_port *port, uint32_t lane)
{
    (void)port;
    (void)lane;
}

/* ---- copies ---- */

static void end(struct sim_fleet *fleet, uint32_t index, weftResult_t result)
{
    struct sim_item *item = &fleet->items[index];
    struct sim_port *port = &fleet->servers[item->server].ports[item->port];

    item->result = result;
    item->phase = SIM_ITEM_APPLIED;
    sim_record_item_ended(fleet, item, result);
    weft_list_append(&port->ended, fleet->ended_links, index);
    if (item->follower != WEFT_NONE) {
        fleet->items[item->follower].after = WEFT_NONE;
        fleet->items[item->follower].is_doomed |= result != weftSuccess;
        sim_item_at(fleet, item->follower, fleet->now);
    }
    sim_server_wake(fleet, item->server, fleet->now + NOTICE_NS);
}

/* When its hop's links are free, and for how long it takes them. */
static weft_ns take_links(struct sim_server *server, struct sim_item *item, uint32_t hop_index,
                          weft_ns now)
{
    const struct weft_hop *hop = &server->world->hops.hops[hop_index];
    weft_ns from = now + hop->latency_ns;

    for (uint32_t i = 0; i < hop->link_count; i++)
        from = weft_max(from, server->links_until[hop->links[i]]);
    item->takes_ns = weft_bytes_time(item->copy.size_bytes, hop->rate_bytes_per_us);
    for (uint32_t i = 0; i < hop->link_count; i++)
        server->links_until[hop->links[i]] =
            from + weft_bytes_time(item->copy.size_bytes,
                                   server->world->topo.links[hop->links[i]].rate_bytes_per_us);
    return from;
}

/* The second comes after the first, unless that has ended already. */
static void chain(struct sim_fleet *fleet, uint32_t first, uint32_t second)
{
    struct sim_item *before = &fleet->items[first];
    struct sim_item *item = &fleet->items[second];

    if (before->phase == SIM_ITEM_APPLIED) {
        item->is_doomed |= before->result != weftSuccess;
        return;
    }
    weft_assert(before->follower == WEFT_NONE);
    item->after = first;
    before->follower = second;
}

static weftResult_t port_copy(struct weft_port *base, const struct weft_copy *copy)
{
    struct sim_port *port = (struct sim_port *)base;
    struct sim_fleet *fleet = port->fleet;
    struct sim_server *server = server_of(port);
    struct sim_item *item;
    uint32_t index;
    uint32_t hop;

    if (port->copies >= server->world->port_copies_max)
        return weftNoResource;
    SIM_CHECK(&fleet->history,
              server->memory_of[copy->dst_window] != WEFT_NONE &&
                  server->memory_of[copy->src_window] != WEFT_NONE,
              CONFINEMENT, "server %u copies from window %u to %u", port->server, copy->src_window,
              copy->dst_window);
    hop = sim_fleet_health_hop(fleet, port->server, WEFT_NONE, copy);
    sim_fleet_health_issue(fleet, port->server, hop, copy);
    index = sim_item_take(fleet, SIM_ITEM_LOCAL, port->server);
    item = &fleet->items[index];
    item->hop = hop;
    item->cookie = copy->cookie;
    item->port = port->device;
    item->lane = copy->lane;
    sim_item_copy(fleet, index, server->memory_of[copy->dst_window],
                  server->memory_of[copy->src_window], copy->extents, copy->extent_count,
                  copy->size_bytes);
    if (server->failing[copy->lane] > 0) {
        server->failing[copy->lane]--;
        item->is_doomed = true;
        item->is_failing = true;
    }
    item->sent_at = fleet->now;
    item->is_direct = sim_fleet_health_is_direct(fleet, port->server, copy);
    if (copy->after != WEFT_COOKIE_NONE && server->item_of[copy->after] != WEFT_NONE)
        chain(fleet, server->item_of[copy->after], index);
    server->item_of[copy->cookie] = index;
    port->copies++;
    sim_record_item_sent(fleet, index);
    sim_fleet_mix(fleet, port->server, copy->lane, copy->size_bytes);
    SIM_NOTE(&fleet->history, "  item %llu of server %llu: %llu bytes from memory %llu to %llu",
             index, port->server, copy->size_bytes, item->copy.src_window, item->copy.dst_window);
    if (item->after == WEFT_NONE)
        sim_item_at(fleet, index, take_links(server, item, copy->lane, fleet->now));
    return weftSuccess;
}

void sim_port_due(struct sim_fleet *fleet, uint32_t index)
{
    struct sim_item *item = &fleet->items[index];
    struct sim_server *server = &fleet->servers[item->server];

    if (item->takes_ns == 0 && item->phase == SIM_ITEM_SENT && !item->is_doomed) {
        /* The one before it has ended: only now it takes its links. */
        item->sent_at = fleet->now;
        sim_item_at(fleet, index, take_links(server, item, item->lane, fleet->now));
        item->takes_ns += item->takes_ns == 0;
        return;
    }
    if (server->stalled[item->lane]) {
        sim_item_park(fleet, index);
        return;
    }
    if (item->phase == SIM_ITEM_SENT && item->is_doomed) {
        end(fleet, index, weftSystemError);
    } else if (item->phase == SIM_ITEM_SENT) {
        sim_item_begin(fleet, item);
        sim_item_at(fleet, index, fleet->now + item->takes_ns);
    } else {
        sim_item_end(fleet, item, true);
        end(fleet, index, weftSuccess);
    }
}

void sim_port_resume(struct sim_fleet *fleet, uint32_t server, uint32_t hop)
{
    fleet->servers[server].stalled[hop] = false;
    for (uint32_t i = 0; i < fleet->shape.items_max; i++)
        if (fleet->items[i].kind == SIM_ITEM_LOCAL && fleet->items[i].is_parked &&
            fleet->items[i].server == server && fleet->items[i].lane == hop)
            sim_item_at(fleet, i, fleet->now + 1000);
}

static uint32_t port_poll(struct weft_port *base, struct weft_completion *completions, uint32_t max)
{
    struct sim_port *port = (struct sim_port *)base;
    struct sim_fleet *fleet = port->fleet;
    uint32_t count = 0;

    while (count < max && port->ended.first != WEFT_NONE) {
        uint32_t index = port->ended.first;

        weft_list_remove(&port->ended, fleet->ended_links, index);
        completions[count++] =
            (struct weft_completion){fleet->items[index].cookie, fleet->items[index].result};
        server_of(port)->item_of[fleet->items[index].cookie] = WEFT_NONE;
        sim_fleet_health_ended(fleet, &fleet->items[index]);
        sim_item_give(fleet, index);
        port->copies--;
    }
    return count;
}

static weftResult_t port_fence(struct weft_port *port, uint32_t lane)
{
    (void)port;
    (void)lane;
    return weftSuccess;
}

static weftResult_t port_store(struct weft_port *base, uint32_t window, uint64_t offset,
                               uint64_t value, weftSignalOp_t op)
{
    struct sim_port *port = (struct sim_port *)base;

    (void)op;
    sim_calls_raised(port->fleet, server_of(port)->memory_of[window], offset, value);
    return weftSuccess;
}

const struct weft_transport_ops sim_port_ops = {
    .name = "sim",
    .probe = port_probe,
    .hops = port_hops,
    .open = port_open,
    .close = port_close,
    .alloc = port_alloc,
    .free = port_free,
    .pin = weft_stub_pin,
    .unpin = weft_stub_unpin,
    .window_add = port_window_add,
    .window_remove = port_window_remove,
    .connect = port_connect,
    .disconnect = port_disconnect,
    .copy = port_copy,
    .poll = port_poll,
    .fence = port_fence,
    .store = port_store,
    .load = weft_stub_load,
    .stream_mark = weft_stub_stream_mark,
    .stream_reached = weft_stub_stream_reached,
    .stream_hold = weft_stub_stream_hold,
    .stream_release = weft_stub_stream_release,
    .stream_await = weft_stub_stream_await,
};
