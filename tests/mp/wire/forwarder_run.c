/* The forwarder's thread: what comes in goes to a link, what is due goes out. */
#include "forwarder_tables.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "stage.h"

#define EVENTS_MAX 32

/* ---- in ---- */

/* How long ago the kernel took a datagram in: on a link it is from then on, however late it is read
 * here. */
static weft_ns age_of(struct msghdr *call, weft_ns real_now)
{
    const struct cmsghdr *control = CMSG_FIRSTHDR(call);
    struct timespec at;

    if (control == NULL || control->cmsg_level != SOL_SOCKET ||
        control->cmsg_type != SCM_TIMESTAMPNS)
        return 0;
    memcpy(&at, CMSG_DATA(control), sizeof(at));
    return weft_sub_sat(real_now, (weft_ns)at.tv_sec * 1000000000 + (weft_ns)at.tv_nsec);
}

/* All that lies in a socket, within reason. `number` is a front's, or a binding's. */
static void socket_read(struct mpwire_forwarder *forwarder, int fd, bool is_front, uint32_t number)
{
    struct sockaddr_storage from[MPWIRE_BATCH];
    struct mmsghdr calls[MPWIRE_BATCH];
    struct iovec pieces[MPWIRE_BATCH];
    _Alignas(struct cmsghdr) char controls[MPWIRE_BATCH][CMSG_SPACE(sizeof(struct timespec))];
    struct timespec real;
    weft_ns real_now;
    weft_ns now;
    int count;

    memset(from, 0, sizeof(from));
    for (uint32_t i = 0; i < MPWIRE_BATCH; i++) {
        pieces[i] = (struct iovec){forwarder->ring[i], MPWIRE_DATAGRAM_BYTES};
        calls[i] = (struct mmsghdr){.msg_hdr = {.msg_name = &from[i],
                                                .msg_namelen = sizeof(from[i]),
                                                .msg_iov = &pieces[i],
                                                .msg_iovlen = 1,
                                                .msg_control = controls[i],
                                                .msg_controllen = sizeof(controls[i])}};
    }
    count = recvmmsg(fd, calls, MPWIRE_BATCH, MSG_DONTWAIT, NULL);
    now = mpwire_now();
    (void)clock_gettime(CLOCK_REALTIME, &real);
    real_now = (weft_ns)real.tv_sec * 1000000000 + (weft_ns)real.tv_nsec;
    for (int i = 0; i < count; i++) {
        struct mpwire_binding *binding = is_front ? mpwire_binding_of(forwarder, number, &from[i])
                                                  : &forwarder->bindings[number];
        uint32_t behind = forwarder->fronts[binding->front].side;

        binding->used_at = now;
        mpsim_net_send(&forwarder->net, weft_sub_sat(now, age_of(&calls[i].msg_hdr, real_now)),
                       is_front ? 1 - behind : behind, binding->path,
                       (uint32_t)(binding - forwarder->bindings), pieces[i].iov_base,
                       calls[i].msg_len);
    }
}

static void events_read(struct mpwire_forwarder *forwarder, const struct epoll_event *events,
                        int count)
{
    for (int i = 0; i < count; i++) {
        uint32_t what = events[i].data.u32;
        uint64_t ticks;

        if (what == MPWIRE_TIMER)
            (void)!read(forwarder->timer_fd, &ticks, sizeof(ticks));
        else if (what >= MPWIRE_BINDING && forwarder->bindings[what - MPWIRE_BINDING].fd >= 0)
            socket_read(forwarder, forwarder->bindings[what - MPWIRE_BINDING].fd, false,
                        what - MPWIRE_BINDING);
        else if (what >= MPWIRE_FRONT && what < MPWIRE_BINDING &&
                 forwarder->fronts[what - MPWIRE_FRONT].fd >= 0)
            socket_read(forwarder, forwarder->fronts[what - MPWIRE_FRONT].fd, true,
                        what - MPWIRE_FRONT);
    }
}

/* ---- out ---- */

/* Datagrams for one socket, to be sent at once. */
struct batch {
    int fd;
    uint32_t count;
    struct mpsim_flight flights[MPWIRE_BATCH];
    struct mmsghdr calls[MPWIRE_BATCH];
    struct iovec pieces[MPWIRE_BATCH];
};

static void batch_send(struct mpwire_forwarder *forwarder, struct batch *batch)
{
    uint32_t done = 0;
    bool is_told = false;

    while (done < batch->count) {
        int sent = sendmmsg(batch->fd, &batch->calls[done], batch->count - done,
                            MSG_DONTWAIT | MSG_NOSIGNAL);

        if (sent > 0) {
            done += (uint32_t)sent;
            continue;
        }
        /* Once it is of what was sent before. */
        if (errno != ECONNREFUSED || is_told) {
            forwarder->undelivered_packets++;
            done++;
        }
        is_told = true;
    }
    for (uint32_t i = 0; i < batch->count; i++)
        free(batch->flights[i].bytes);
    batch->count = 0;
}

static void batch_add(struct mpwire_forwarder *forwarder, struct batch *batch,
                      const struct mpsim_flight *flight)
{
    struct mpwire_binding *binding = &forwarder->bindings[flight->port];
    struct mpwire_front *front = &forwarder->fronts[binding->front];
    bool is_in = flight->side == front->side;
    int fd = is_in ? binding->fd : front->fd;
    uint32_t i;

    if (fd < 0) {
        forwarder->undelivered_packets++;
        free(flight->bytes);
        return;
    }
    if (batch->count == MPWIRE_BATCH || (batch->count > 0 && batch->fd != fd))
        batch_send(forwarder, batch);
    i = batch->count++;
    batch->fd = fd;
    batch->flights[i] = *flight;
    batch->pieces[i] = (struct iovec){flight->bytes, flight->size};
    batch->calls[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &batch->pieces[i], .msg_iovlen = 1}};
    if (!is_in) {
        batch->calls[i].msg_hdr.msg_name = &binding->from;
        batch->calls[i].msg_hdr.msg_namelen = sizeof(struct sockaddr_in);
    }
}

/* Sends what is due, and sets the timer for what comes next. */
static void due_send(struct mpwire_forwarder *forwarder)
{
    struct itimerspec timer = {{0, 0}, {0, 0}};
    struct batch batch = {.fd = -1};
    weft_ns now = mpwire_now();
    weft_ns next_at;

    while ((next_at = mpsim_net_next_at(&forwarder->net)) <= now) {
        struct mpsim_flight flight = mpsim_net_take(&forwarder->net);

        batch_add(forwarder, &batch, &flight);
    }
    batch_send(forwarder, &batch);
    if (next_at != WEFT_NEVER)
        timer.it_value = (struct timespec){.tv_sec = (time_t)(next_at / 1000000000),
                                           .tv_nsec = (long)(next_at % 1000000000)};
    (void)timerfd_settime(forwarder->timer_fd, TFD_TIMER_ABSTIME, &timer, NULL);
}

void *mpwire_forwarder_run(void *argument)
{
    struct mpwire_forwarder *forwarder = argument;
    struct epoll_event events[EVENTS_MAX];
    const struct sched_param first = {.sched_priority = 2};
    bool is_over = false;

    /* A network does not wait for hosts. */
    (void)pthread_setschedparam(pthread_self(), SCHED_RR, &first);
    while (!is_over) {
        int count = epoll_wait(forwarder->epoll_fd, events, EVENTS_MAX, -1);

        (void)pthread_mutex_lock(&forwarder->lock);
        events_read(forwarder, events, count);
        due_send(forwarder);
        is_over = forwarder->is_stopping;
        (void)pthread_mutex_unlock(&forwarder->lock);
    }
    return NULL;
}
