/* Listening, and guests: connections that have not said yet who they are.
 *
 * Strangers cost a place of WEFT_TCP_GUESTS_MAX and a second at most. When all places are taken the
 * oldest guest goes: who belongs here needs milliseconds. An address that makes more connections
 * than it may has them closed at once. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tcp_net.h"

#define BACKLOG          128
#define ACCEPTS_PER_POLL 64

/* ---- listening ---- */

static weftResult_t nic_listen(struct weft_tcp_net *net, struct weft_tcp_nic *nic,
                               const char *address, char why[256])
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = nic};
    struct sockaddr_storage at;
    struct sockaddr_storage bound = {0};
    socklen_t size = weft_net_address_socket(&nic->local, &at);
    socklen_t bound_size = sizeof(bound);

    nic->fd = socket(at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (nic->fd < 0 || bind(nic->fd, (struct sockaddr *)(void *)&at, size) != 0 ||
        listen(nic->fd, BACKLOG) != 0 ||
        getsockname(nic->fd, (struct sockaddr *)(void *)&bound, &bound_size) != 0 ||
        epoll_ctl(net->end.epoll_fd, EPOLL_CTL_ADD, nic->fd, &event) != 0) {
        char text[64];

        (void)snprintf(why, 256, "tcp: cannot listen on %s: %s; name an address of this machine",
                       address, strerror_r(errno, text, sizeof(text)));
        return weftSystemError;
    }
    nic->local.port = weft_net_address_port(&bound);
    nic->is_any = weft_net_address_is_any(&nic->local);
    if (nic->is_any)
        weft_net_address_resolve(&nic->local);
    return weftSuccess;
}

weftResult_t weft_tcp_listen(struct weft_tcp_net *net, const struct weft_net_nic *nics,
                             uint32_t nic_count, char why[256])
{
    struct weft_wire_nic local[WEFT_NET_NICS_MAX];

    net->limits.per_s = net->end.env.guests_per_s;
    for (uint32_t i = 0; i < nic_count; i++) {
        net->nics[i].fd = -1;
        WEFT_TRY(weft_net_address_parse("tcp", &nics[i], &net->nics[i].local, why));
        net->nic_count = i + 1;
        WEFT_TRY(nic_listen(net, &net->nics[i], nics[i].address, why));
        local[i] = net->nics[i].local;
    }
    return weft_net_address_write("tcp", &net->end.env, local, nic_count, net->address,
                                  net->address_told, why);
}

static void guest_end(struct weft_tcp_net *net, struct weft_tcp_channel *guest)
{
    net->guests[guest->slot] = NULL;
    weft_tcp_net_discard(net, guest);
}

void weft_tcp_listen_end(struct weft_tcp_net *net)
{
    for (uint32_t i = 0; i < WEFT_TCP_GUESTS_MAX; i++)
        if (net->guests[i] != NULL)
            guest_end(net, net->guests[i]);
    for (uint32_t i = 0; i < net->nic_count; i++)
        if (net->nics[i].fd >= 0)
            (void)close(net->nics[i].fd);
}

/* ---- guests ---- */

/* A free place; where there is none, the oldest guest's. */
static uint32_t place_take(struct weft_tcp_net *net)
{
    uint32_t oldest = 0;

    for (uint32_t i = 0; i < WEFT_TCP_GUESTS_MAX; i++) {
        if (net->guests[i] == NULL)
            return i;
        if (net->guests[i]->deadline_at < net->guests[oldest]->deadline_at)
            oldest = i;
    }
    net->end.counts.slow++;
    guest_end(net, net->guests[oldest]);
    return oldest;
}

static void guest_add(struct weft_tcp_net *net, uint32_t nic, int fd)
{
    struct weft_tcp_channel *guest =
        weft_tcp_channel_take(net->end.epoll_fd, fd, net->mode, net->end.env.secret);
    uint32_t place;

    if (guest == NULL)
        return;
    place = place_take(net);
    guest->role = WEFT_TCP_GUEST;
    guest->slot = place;
    guest->nic = nic;
    guest->deadline_at = net->end.now + WEFT_TCP_GREETING_NS;
    net->guests[place] = guest;
    weft_net_end_wake_at(&net->end, guest->deadline_at);
}

void weft_tcp_accept(struct weft_tcp_net *net, uint32_t nic)
{
    for (uint32_t i = 0; i < ACCEPTS_PER_POLL; i++) {
        struct sockaddr_storage from = {0};
        socklen_t size = sizeof(from);
        int fd = accept4(net->nics[nic].fd, (struct sockaddr *)(void *)&from, &size,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd < 0)
            return;
        net->end.counts.accepted++;
        if (net->nics[nic].pace.shape.state == WEFT_NET_SHAPE_CUT) {
            (void)close(fd);
        } else if (!weft_net_guests_admit(&net->limits, &from, net->end.now)) {
            net->end.counts.too_many++;
            (void)close(fd);
        } else {
            guest_add(net, nic, fd);
        }
    }
}

static void guest_leave(struct weft_tcp_net *net, struct weft_tcp_channel *guest)
{
    if (guest->is_liar)
        net->end.counts.wrong_secrets++;
    else
        net->end.counts.strangers++;
    guest_end(net, guest);
}

void weft_tcp_guest_advance(struct weft_tcp_net *net, struct weft_tcp_channel *guest)
{
    struct weft_wire_head head;
    struct weft_reader body;
    enum weft_tcp_look look = WEFT_TCP_LOOK_MORE;

    weft_tcp_channel_advance(guest);
    if (guest->state == WEFT_TCP_CHANNEL_OPEN) {
        do
            look = weft_tcp_frame_look(guest, &head, &body);
        while (look == WEFT_TCP_LOOK_MORE && weft_tcp_frame_fill(guest) > 0);
    }
    if (look == WEFT_TCP_LOOK_FRAME && head.kind == WEFT_WIRE_HELLO) {
        weft_tcp_frame_take(guest, &head);
        net->guests[guest->slot] = NULL;
        weft_tcp_hello_receive(net, guest, &body);
    } else if (look != WEFT_TCP_LOOK_MORE || guest->state == WEFT_TCP_CHANNEL_BROKEN) {
        guest_leave(net, guest);
    }
}

weft_ns weft_tcp_guests_tick(struct weft_tcp_net *net)
{
    weft_ns next = WEFT_NEVER;

    for (uint32_t i = 0; i < WEFT_TCP_GUESTS_MAX; i++) {
        if (net->guests[i] == NULL)
            continue;
        if (net->end.now < net->guests[i]->deadline_at) {
            next = weft_min(next, net->guests[i]->deadline_at);
            continue;
        }
        net->end.counts.slow++;
        guest_end(net, net->guests[i]);
    }
    return next;
}

void weft_tcp_guests_shaped(struct weft_tcp_net *net, uint32_t nic)
{
    bool is_cut = net->nics[nic].pace.shape.state == WEFT_NET_SHAPE_CUT;

    for (uint32_t i = 0; i < WEFT_TCP_GUESTS_MAX; i++) {
        if (net->guests[i] == NULL || net->guests[i]->nic != nic)
            continue;
        if (is_cut)
            guest_end(net, net->guests[i]);
        else
            weft_tcp_channel_watch(net->guests[i], true, false);
    }
}
