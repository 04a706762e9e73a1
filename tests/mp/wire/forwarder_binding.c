/* Sockets of fronts and bindings; see forwarder.h. */
#include "forwarder_tables.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUFFER_BYTES (4 << 20)
#define OCTETS       250
/* 127.<one of these + side>. */
#define FRONT_NET    40
#define BINDING_NET  60

/* ---- sockets ---- */

bool mpwire_forwarder_watch(const struct mpwire_forwarder *forwarder, int fd, uint32_t what)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = what};

    return epoll_ctl(forwarder->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

/* Bound to `at`; -1 with errno. */
static int socket_bind(const struct sockaddr_storage *at)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int buffer_bytes = BUFFER_BYTES;
    int one = 1;

    if (fd < 0)
        return -1;
    if (bind(fd, (const struct sockaddr *)(const void *)at, sizeof(struct sockaddr_in)) != 0) {
        int error = errno;

        (void)close(fd);
        errno = error;
        return -1;
    }
    /* Who may not exceed the system's limit gets what it allows. */
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer_bytes, sizeof(buffer_bytes)) != 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer_bytes, sizeof(buffer_bytes));
    (void)setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof(one));
    return fd;
}

static struct sockaddr_storage address_of(uint32_t net, uint32_t third, uint32_t fourth)
{
    const struct weft_wire_nic nic = {.ip = {127, (uint8_t)net, (uint8_t)third, (uint8_t)fourth}};
    struct sockaddr_storage address;

    (void)weft_net_address_socket(&nic, &address);
    return address;
}

/* Another process's are others: who is bound again finds his port as he left it. */
struct sockaddr_storage mpwire_front_address(uint32_t side, uint32_t link)
{
    return address_of(FRONT_NET + side, (uint32_t)getpid() % OCTETS, link + 1);
}

/* ---- fronts ---- */

bool mpwire_front_bind(struct mpwire_forwarder *forwarder, uint32_t number)
{
    struct mpwire_front *front = &forwarder->fronts[number];
    socklen_t size = sizeof(front->address);

    front->fd = socket_bind(&front->address);
    return front->fd >= 0 &&
           getsockname(front->fd, (struct sockaddr *)(void *)&front->address, &size) == 0 &&
           mpwire_forwarder_watch(forwarder, front->fd, MPWIRE_FRONT + number);
}

/* ---- bindings ---- */

void mpwire_binding_close(struct mpwire_binding *binding)
{
    if (binding->fd >= 0)
        (void)close(binding->fd);
    binding->fd = -1;
}

void mpwire_binding_bind(struct mpwire_forwarder *forwarder, struct mpwire_binding *binding)
{
    const struct mpwire_front *front = &forwarder->fronts[binding->front];
    struct sockaddr_storage at =
        address_of(BINDING_NET + front->side, forwarder->rebinds % OCTETS, front->link + 1);

    mpwire_binding_close(binding);
    binding->fd = socket_bind(&at);
    if (binding->fd < 0)
        return;
    if (connect(binding->fd, (const struct sockaddr *)(const void *)&front->behind,
                sizeof(struct sockaddr_in)) != 0 ||
        !mpwire_forwarder_watch(forwarder, binding->fd,
                                MPWIRE_BINDING + (uint32_t)(binding - forwarder->bindings)))
        mpwire_binding_close(binding);
}

/* A new one, in the place of the one that was silent for longest when there is no more room. */
static struct mpwire_binding *binding_take(struct mpwire_forwarder *forwarder)
{
    struct mpwire_binding *oldest = &forwarder->bindings[0];

    if (forwarder->binding_count < MPWIRE_BINDINGS_MAX)
        return &forwarder->bindings[forwarder->binding_count++];
    for (uint32_t i = 1; i < forwarder->binding_count; i++)
        if (forwarder->bindings[i].used_at < oldest->used_at)
            oldest = &forwarder->bindings[i];
    mpwire_binding_close(oldest);
    return oldest;
}

struct mpwire_binding *mpwire_binding_of(struct mpwire_forwarder *forwarder, uint32_t number,
                                         const struct sockaddr_storage *from)
{
    struct mpwire_front *front = &forwarder->fronts[number];
    uint32_t ways = WEFT_MP_PATHS_MAX / forwarder->net.group_count;
    struct mpwire_binding *binding;

    for (uint32_t i = 0; i < forwarder->binding_count; i++) {
        binding = &forwarder->bindings[i];
        if (binding->front == number && weft_net_address_equal(&binding->from, from))
            return binding;
    }
    binding = binding_take(forwarder);
    *binding = (struct mpwire_binding){.front = number,
                                       .path = front->link + front->binding_count++ % ways *
                                                                 forwarder->net.group_count,
                                       .from = *from,
                                       .fd = -1};
    mpwire_binding_bind(forwarder, binding);
    return binding;
}
