/* NICs of a real machine: what becomes of their interfaces is a fault, or its end, as an emulated
 * NIC's is; see peer_nics.h. */
#include <sys/epoll.h>
#include <unistd.h>

#include "interface_watch.h"
#include "log.h"
#include "peer_agent.h"
#include "peer_nics.h"
#include "peers.h"
#include "topo_facts.h"

static bool watch_both(const struct weft_peers *peers)
{
    struct epoll_event event = {.events = EPOLLIN};

    return peers->watch_fd >= 0 &&
           epoll_ctl(peers->watch_fd, EPOLL_CTL_ADD, peers->watch->fd, &event) == 0 &&
           epoll_ctl(peers->watch_fd, EPOLL_CTL_ADD, peers->ops->wakeup_fd(peers->net), &event) ==
               0;
}

static void say_which(const struct weft_loop *loop)
{
    const struct weft_interfaces *interfaces = &loop->machine->interfaces;

    for (uint32_t i = 0; i < interfaces->used_count; i++) {
        const struct weft_interface *row = &interfaces->rows[interfaces->used[i]];

        if (row->place.mbps > 0)
            weft_log(WEFT_LOG_INFO, loop->noun, "NIC %u is %s, %s, %llu Mb/s", i, row->name,
                     row->address, (unsigned long long)row->place.mbps);
        else
            weft_log(WEFT_LOG_INFO, loop->noun, "NIC %u is %s, %s, which does not say its speed", i,
                     row->name, row->address);
    }
    if (interfaces->count > 0 && interfaces->used_count == 0 && loop->config.net_address[0] == '\0')
        weft_log(WEFT_LOG_INFO, loop->noun,
                 "no network interface suits (weft-info says why): the comm listens on 127.0.0.1, "
                 "which this machine alone reaches");
}

weftResult_t weft_peers_nics_open(struct weft_loop *loop, struct weft_peers *peers, char why[256])
{
    peers->watch_fd = -1;
    say_which(loop);
    if (!loop->machine->interfaces.are_joined)
        return weftSuccess;
    peers->watch = weft_interface_watch_open(&loop->machine->interfaces);
    weft_text_copy(why, 256, "no memory or descriptor is left to watch network interfaces with");
    if (peers->watch == NULL)
        return weftSystemError;
    if (peers->watch->fd < 0) {
        weft_log(WEFT_LOG_INFO, loop->noun,
                 "the kernel tells nothing of network interfaces: they are looked at in turn");
        return weftSuccess;
    }
    peers->watch_fd = epoll_create1(EPOLL_CLOEXEC);
    return watch_both(peers) ? weftSuccess : weftSystemError;
}

void weft_peers_nics_close(struct weft_peers *peers)
{
    if (peers->watch != NULL && peers->watch_fd >= 0)
        (void)close(peers->watch_fd);
    weft_interface_watch_close(peers->watch);
    peers->watch = NULL;
}

int weft_peers_wakeup_fd(const struct weft_peers *peers)
{
    bool both = peers->watch != NULL && peers->watch_fd >= 0;

    return both ? peers->watch_fd : peers->ops->wakeup_fd(peers->net);
}

/* The speed that the description says, where the interface says none. */
static uint64_t rate_of(const struct weft_loop *loop, uint32_t number,
                        const struct weft_interface_state *state)
{
    const struct weft_world *world = &loop->peers->world;
    uint32_t nic = weft_world_nic(world, 0, number);
    uint32_t link = nic == WEFT_NONE ? WEFT_NONE : weft_world_nic_link(world, nic);

    if (!state->is_good || link == WEFT_NONE)
        return 0;
    return state->mbps > 0 ? weft_facts_net(state->mbps).out_bytes_per_us
                           : world->topo.links[link].rate_bytes_per_us;
}

static void follow(struct weft_loop *loop, uint32_t number,
                   const struct weft_interface_watched *nic)
{
    struct weft_peers *peers = loop->peers;
    struct weft_net_shape shape = {.state =
                                       nic->state.is_good ? WEFT_NET_SHAPE_UP : WEFT_NET_SHAPE_CUT};
    uint64_t rate = rate_of(loop, number, &nic->state);

    if (shape.state != peers->shapes[number].state) {
        if (nic->state.is_good)
            weft_log(WEFT_LOG_INFO, loop->noun, "NIC %u (%s, %s) is back", number, nic->name,
                     nic->address);
        else
            weft_log(WEFT_LOG_WARN, loop->noun, "NIC %u (%s, %s) is cut: %s", number, nic->name,
                     nic->address, nic->state.why);
        peers->shapes[number] = shape;
        peers->ops->shape(peers->net, number, &shape);
    }
    weft_peers_nic_rates(loop, number, rate, rate);
}

void weft_peers_watch_nics(struct weft_loop *loop, weft_ns now)
{
    struct weft_peers *peers = loop->peers;

    if (!weft_interface_watch_poll(peers->watch, weft_clock_real(&loop->clock, now)))
        return;
    for (uint32_t i = 0; i < peers->watch->count; i++)
        follow(loop, i, &peers->watch->nics[i]);
}
