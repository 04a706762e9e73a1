/* A server of a fleet: its comm, from opening to its process's end, and when it is looked at. */
#include "fleet_server.h"

#include <stdlib.h>
#include <string.h>

#include "fleet.h"
#include "host/peer_agent.h"
#include "host/peers.h"

#define POLL_NS      50000   /* a comm with something under way looks again after this, */
#define POLL_NS_MAX  2000000 /* or, while nothing happens, ever later */
#define ROUNDS_MAX   1000
#define WINDOW_BYTES (UINT64_C(1) << 30)

static void *zeroed(size_t count, size_t each)
{
    void *memory = calloc(count, each);

    weft_assert(memory != NULL);
    return memory;
}

bool sim_server_is(const struct sim_fleet *fleet, uint32_t server, uint32_t life)
{
    return fleet->servers[server].state != SIM_SERVER_DEAD && fleet->servers[server].life == life;
}

void sim_server_wake(struct sim_fleet *fleet, uint32_t server, weft_ns at)
{
    uint32_t timer = fleet->shape.items_max + server;

    fleet->servers[server].poll_ns = POLL_NS;
    if (fleet->servers[server].state != SIM_SERVER_DEAD && at < weft_heap_at(&fleet->timers, timer))
        weft_heap_set(&fleet->timers, timer, at);
}

void sim_server_add_window(struct sim_fleet *fleet, uint32_t index, uint32_t window)
{
    struct sim_server *server = &fleet->servers[index];
    uint32_t device = server->holders[window / 2];
    struct weft_net_remote *as = &server->exposed[window];
    struct weft_command command = {.run = weft_command_window_add,
                                   .window = window,
                                   .device = device,
                                   .size_bytes = WINDOW_BYTES,
                                   .rights = WEFT_RIGHTS_ALL};
    char why[256] = "";
    weftResult_t result;

    server->memories[window] = sim_memory_add(fleet, device, WINDOW_BYTES, false);
    command.base = sim_memory_base(server->memories[window]);
    result = weft_machine_window_add(server->loop->machine, window, device, command.base,
                                     WINDOW_BYTES, why);
    weft_assert(result == weftSuccess);
    result = weft_command_window_add(server->loop, &command, fleet->now);
    weft_assert(result == weftSuccess);
    *as = (struct weft_net_remote){.window = window,
                                   .epoch = server->uses[window] + 1,
                                   .size_bytes = WINDOW_BYTES,
                                   .rights = WEFT_RIGHTS_ALL};
    weft_assert(weft_random(as->token, sizeof(as->token)));
    /* Memory that cannot be addressed is no window of the net's: it is reached over relays. */
    if (server->gpus || server->world->topo.devices[device].kind == weftDeviceDram)
        command.remote = as;
    if (command.remote != NULL) {
        result = weft_command_expose(server->loop, &command, fleet->now);
        weft_assert(result == weftSuccess);
    }
}

void sim_server_open(struct sim_fleet *fleet, uint32_t index)
{
    struct sim_server *server = &fleet->servers[index];
    char why[WEFT_MACHINE_WHY_BYTES] = "";
    uint32_t windows;
    uint32_t cookies = weft_engine_cookies(&server->world->config);

    weft_assert(server->state == SIM_SERVER_DEAD);
    server->life++;
    server->state = SIM_SERVER_UP;
    windows = (uint32_t)server->world->config.windows_max + WEFT_DEVICES_MAX +
              weft_peers_windows(&server->world->config);
    server->memory_of = zeroed(windows, sizeof(*server->memory_of));
    server->item_of = zeroed(cookies, sizeof(*server->item_of));
    for (uint32_t i = 0; i < windows; i++)
        server->memory_of[i] = WEFT_NONE;
    for (uint32_t i = 0; i < cookies; i++)
        server->item_of[i] = WEFT_NONE;
    for (uint32_t i = 0; i < fleet->server_count * SIM_FLEET_WINDOWS; i++)
        server->imports[i] = (struct sim_import){0};
    server->next_window = SIM_FLEET_WINDOWS;
    memset(server->uses, 0, sizeof(server->uses));
    memset(server->revokes, 0, sizeof(server->revokes));
    server->abort.run = NULL;
    memset(server->heard, 0, sizeof(server->heard));
    server->news = 0;
    if (!fleet->shape.is_plain)
        server->health = zeroed(1, sizeof(*server->health));
    fleet->opening = index;
    if (weft_loop_open(&server->world->config, index, server->life, &server->loop, why) !=
        weftSuccess)
        sim_history_fail(&fleet->history, SIM_ORACLE_INIT, "server %u: %s", index, why);
    for (uint32_t i = 0; i < 2 * server->holder_count; i++)
        sim_server_add_window(fleet, index, i);
    sim_server_wake(fleet, index, fleet->now);
}

/* Its memory is gone, and who looks at it is gone; what it has sent is still on its way. */
void sim_server_close(struct sim_fleet *fleet, uint32_t index)
{
    struct sim_server *server = &fleet->servers[index];

    for (uint32_t i = 0; i < fleet->shape.items_max; i++) {
        struct sim_item *item = &fleet->items[i];

        if (item->kind == SIM_ITEM_FREE || item->server != index || item->life != server->life)
            continue;
        /* What is listed as ended, or never left, ends with the process. */
        if (item->kind == SIM_ITEM_LOCAL ||
            (item->link == WEFT_NONE && item->kind < SIM_ITEM_CLOSE))
            sim_item_give(fleet, i);
    }
    (void)weft_loop_close(server->loop);
    server->loop = NULL;
    memset(server->revokes, 0, sizeof(server->revokes));
    server->abort.run = NULL;
    for (uint32_t i = 0; i < 2 * server->holder_count; i++)
        sim_shadow_remove(&fleet->shadow, server->memories[i]);
    free(server->memory_of);
    free(server->item_of);
    free(server->health);
    server->health = NULL;
    server->memory_of = NULL;
    server->item_of = NULL;
    server->state = SIM_SERVER_DEAD;
    weft_heap_set(&fleet->timers, fleet->shape.items_max + index, WEFT_NEVER);
}

void sim_server_kill(struct sim_fleet *fleet, uint32_t index)
{
    if (fleet->servers[index].state == SIM_SERVER_DEAD)
        return;
    sim_calls_killed(fleet, index);
    sim_link_killed(fleet, index);
    sim_server_close(fleet, index);
}

static bool is_busy(const struct sim_server *server)
{
    const struct weft_peers *peers = server->loop->peers;

    if (weft_peers_busy(peers) || server->loop->waiting_first != WEFT_NONE)
        return true;
    for (uint32_t i = 0; i < WEFT_PEERS_MAX; i++)
        if (!peers->peers[i].granted && (peers->peers[i].state == WEFT_PEER_GREETED ||
                                         peers->peers[i].state == WEFT_PEER_READY))
            return true;
    return false;
}

void sim_server_round(struct sim_fleet *fleet, uint32_t index)
{
    struct sim_server *server = &fleet->servers[index];
    weft_ns at = WEFT_NEVER;
    uint32_t rounds = 0;

    if (server->state != SIM_SERVER_UP)
        return;
    fleet->looking = index;
    while (weft_loop_round(server->loop)) {
        SIM_CHECK(&fleet->history, rounds++ < ROUNDS_MAX, ENDLESS, "server %u does not rest",
                  index);
        server->poll_ns = POLL_NS;
    }
    fleet->rounds += rounds + 1;
    sim_fleet_health_check(fleet, index);
    sim_agent_check(fleet, index);
    sim_calls_round(fleet, index);
    at = weft_engine_deadline(server->loop->engine);
    if (server->loop->stalled_until > fleet->now)
        at = weft_min(at, server->loop->stalled_until);
    else if (at <= fleet->now)
        at = fleet->now + 1000;
    /* NICs change, or all is to be known by all: then the agent's times count. */
    if (fleet->tells_nics || fleet->is_closing)
        at = weft_min(at, weft_max(weft_peers_agent_at(server->loop->peers), fleet->now + 1000));
    if (is_busy(server)) {
        at = weft_min(at, fleet->now + server->poll_ns);
        server->poll_ns = weft_min(2 * server->poll_ns, POLL_NS_MAX);
    }
    if (at < weft_heap_at(&fleet->timers, fleet->shape.items_max + index))
        weft_heap_set(&fleet->timers, fleet->shape.items_max + index, at);
}

/* The lanes to a peer that are hops of the world, a bit each. */
static uint32_t lanes_of(const struct weft_peers *peers, const struct weft_peer *peer)
{
    uint32_t lanes = 0;

    for (uint32_t h = peers->local_hops; h < peers->world.hops.count; h++)
        if (peers->lanes[h] != WEFT_NONE &&
            peers->world.topo.devices[peers->world.hops.hops[h].dst_device].server ==
                peer->place.server)
            lanes |= 1u << peers->lanes[h];
    return lanes;
}

/* What joined peers to the world left none of their lanes out. */
static void check_lanes(struct sim_fleet *fleet, uint32_t index)
{
    const struct sim_server *server = &fleet->servers[index];
    const struct weft_peers *peers = server->loop->peers;

    for (uint32_t i = 0; i < server->net->env.peers_max; i++) {
        uint32_t all;

        if (peers->peers[i].state != WEFT_PEER_READY)
            continue;
        all = (1u << fleet->links[server->net->peers[i].link].lane_count) - 1;
        SIM_CHECK(&fleet->history, lanes_of(peers, &peers->peers[i]) == all, WIREUP,
                  "server %u has other lanes to peer %u than %x", index, i, all);
    }
}

/* Nothing is under way: what was taken has been given back. */
void sim_server_rest(struct sim_fleet *fleet, uint32_t index)
{
    struct sim_server *server = &fleet->servers[index];
    struct weft_peers *peers = server->loop->peers;

    check_lanes(fleet, index);
    SIM_CHECK(&fleet->history, weft_engine_live(server->loop->engine) == 0, CREDITS,
              "server %u has %u transfers at rest", index, weft_engine_live(server->loop->engine));
    SIM_CHECK(&fleet->history,
              weft_engine_copies(server->loop->engine) == 0 && peers->copies == 0 &&
                  server->loop->in_flight_total == 0,
              CREDITS, "server %u has %u copies out at rest", index,
              weft_engine_copies(server->loop->engine));
    SIM_CHECK(&fleet->history,
              !weft_peers_live(peers) && peers->fetches_asked == 0 && peers->late_count == 0,
              CREDITS, "server %u has signals, or fetches, at rest", index);
    for (uint32_t i = 0; i < WEFT_PEERS_PARTS_MAX; i++)
        SIM_CHECK(&fleet->history, peers->parts[i].state == WEFT_PART_FREE, CREDITS,
                  "server %u: part %u of a fetch was not given back", index, i);
    for (uint32_t i = 0; i < WEFT_PEERS_MAX; i++)
        SIM_CHECK(&fleet->history, peers->peers[i].asked == 0, CREDITS,
                  "server %u still does what peer %u asked for", index, i);
    for (uint32_t i = 0; i < server->loop->relay_first; i++)
        SIM_CHECK(&fleet->history, peers->landings[i].forwards == 0, CREDITS,
                  "server %u: a forward into landing %u has not ended", index, i);
    for (uint32_t i = 0; i < server->next_window; i++) {
        struct weft_command command = {.run = weft_command_window_remove, .window = i};

        if (weft_engine_window_size(server->loop->engine, i) == 0)
            continue;
        SIM_CHECK(&fleet->history,
                  weft_command_window_remove(server->loop, &command, fleet->now) == weftSuccess,
                  WINDOW_BUSY, "server %u cannot remove window %u", index, i);
    }
}
