/* The forwarder as a whole; see forwarder.h. */
#include "forwarder_tables.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define UDP_IP_BYTES 28

struct mpwire_forwarder *mpwire_forwarder_open(uint32_t link_count, uint32_t datagram_bytes,
                                               uint64_t seed)
{
    struct mpwire_forwarder *forwarder = calloc(1, sizeof(*forwarder));

    weft_assert(link_count <= MPSIM_ROW_LINKS);
    if (forwarder == NULL)
        return NULL;
    (void)pthread_mutex_init(&forwarder->lock, NULL);
    mpsim_net_init(&forwarder->net, link_count, datagram_bytes, seed);
    forwarder->net.wrap_bytes = UDP_IP_BYTES;
    forwarder->net.is_flipping = true;
    forwarder->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    forwarder->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    forwarder->stop_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (forwarder->epoll_fd < 0 || forwarder->timer_fd < 0 || forwarder->stop_fd < 0 ||
        !mpwire_forwarder_watch(forwarder, forwarder->timer_fd, MPWIRE_TIMER) ||
        !mpwire_forwarder_watch(forwarder, forwarder->stop_fd, MPWIRE_STOPPED)) {
        mpwire_forwarder_close(forwarder);
        return NULL;
    }
    return forwarder;
}

void mpwire_forwarder_close(struct mpwire_forwarder *forwarder)
{
    const uint64_t one = 1;

    if (forwarder == NULL)
        return;
    if (forwarder->is_started) {
        (void)mpwire_forwarder_take(forwarder);
        forwarder->is_stopping = true;
        mpwire_forwarder_give(forwarder);
        (void)!write(forwarder->stop_fd, &one, sizeof(one));
        (void)pthread_join(forwarder->thread, NULL);
    }
    for (uint32_t i = 0; i < forwarder->binding_count; i++)
        mpwire_binding_close(&forwarder->bindings[i]);
    for (uint32_t i = 0; i < forwarder->front_count; i++)
        if (forwarder->fronts[i].fd >= 0)
            (void)close(forwarder->fronts[i].fd);
    if (forwarder->stop_fd >= 0)
        (void)close(forwarder->stop_fd);
    if (forwarder->timer_fd >= 0)
        (void)close(forwarder->timer_fd);
    if (forwarder->epoll_fd >= 0)
        (void)close(forwarder->epoll_fd);
    mpsim_net_fini(&forwarder->net);
    (void)pthread_mutex_destroy(&forwarder->lock);
    free(forwarder);
}

bool mpwire_forwarder_front(struct mpwire_forwarder *forwarder, uint32_t side, uint32_t link,
                            const struct weft_wire_nic *behind, struct weft_wire_nic *front)
{
    uint32_t number = forwarder->front_count;
    struct mpwire_front *made = &forwarder->fronts[number];

    weft_assert(!forwarder->is_started);
    weft_assert(number < MPWIRE_FRONTS_MAX);
    weft_assert(link < forwarder->net.group_count);
    *made = (struct mpwire_front){.side = side, .link = link};
    made->address = mpwire_front_address(side, link);
    (void)weft_net_address_socket(behind, &made->behind);
    forwarder->front_count++;
    if (!mpwire_front_bind(forwarder, number))
        return false;
    *front = (struct weft_wire_nic){.port = weft_net_address_port(&made->address)};
    memcpy(front->ip, &((struct sockaddr_in *)(void *)&made->address)->sin_addr, 4);
    return true;
}

bool mpwire_forwarder_start(struct mpwire_forwarder *forwarder)
{
    forwarder->is_started =
        pthread_create(&forwarder->thread, NULL, mpwire_forwarder_run, forwarder) == 0;
    return forwarder->is_started;
}

struct mpsim_net *mpwire_forwarder_take(struct mpwire_forwarder *forwarder)
{
    (void)pthread_mutex_lock(&forwarder->lock);
    return &forwarder->net;
}

void mpwire_forwarder_give(struct mpwire_forwarder *forwarder)
{
    (void)pthread_mutex_unlock(&forwarder->lock);
}

void mpwire_forwarder_refuse(struct mpwire_forwarder *forwarder, uint32_t link, bool refuses)
{
    (void)mpwire_forwarder_take(forwarder);
    forwarder->refused_links += refuses;
    for (uint32_t i = 0; i < forwarder->front_count; i++) {
        struct mpwire_front *front = &forwarder->fronts[i];

        if (front->link != link || (front->fd < 0) == refuses)
            continue;
        if (refuses) {
            (void)close(front->fd);
            front->fd = -1;
        } else {
            weft_assert(mpwire_front_bind(forwarder, i));
        }
    }
    mpwire_forwarder_give(forwarder);
}

void mpwire_forwarder_rebind(struct mpwire_forwarder *forwarder, uint32_t side)
{
    (void)mpwire_forwarder_take(forwarder);
    forwarder->rebinds++;
    for (uint32_t i = 0; i < forwarder->binding_count; i++) {
        struct mpwire_binding *binding = &forwarder->bindings[i];

        if (forwarder->fronts[binding->front].side == side)
            continue;
        mpwire_binding_bind(forwarder, binding);
        forwarder->rebound++;
    }
    mpwire_forwarder_give(forwarder);
}

void mpwire_forwarder_counts(struct mpwire_forwarder *forwarder, struct mpwire_counts *counts)
{
    const struct mpsim_net *net = mpwire_forwarder_take(forwarder);

    *counts = (struct mpwire_counts){.undelivered_packets = forwarder->undelivered_packets,
                                     .refused_links = forwarder->refused_links,
                                     .rebound = forwarder->rebound};
    for (uint32_t side = 0; side < 2; side++)
        for (uint32_t i = 0; i < net->group_count; i++) {
            const struct mpsim_link *link = &net->links[side][i];

            counts->came_packets += link->came_packets;
            counts->carried_packets += link->carried_packets;
            for (uint32_t kind = 0; kind < MPSIM_MET_KINDS; kind++)
                counts->met[kind] += link->met[kind];
        }
    mpwire_forwarder_give(forwarder);
}
