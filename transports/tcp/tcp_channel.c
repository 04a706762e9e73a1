/* Connecting, greeting and the stream of a channel; its records are in tcp_record.c.
 *
 * Socket buffers are left to the kernel, which sizes them by the path's bandwidth and delay; a size
 * that is set here would switch that off. */
#include "tcp_channel.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/net_address.h"
#include "tcp_record.h"

#define TO(state) (1u << WEFT_TCP_CHANNEL_##state)

static const unsigned next_states[WEFT_TCP_CHANNEL_STATES] = {
    [WEFT_TCP_CHANNEL_CONNECTING] = TO(GREETING) | TO(BROKEN),
    [WEFT_TCP_CHANNEL_GREETING] = TO(OPEN) | TO(BROKEN),
    [WEFT_TCP_CHANNEL_OPEN] = TO(BROKEN),
    [WEFT_TCP_CHANNEL_BROKEN] = 0,
};

static const char *const state_names[WEFT_TCP_CHANNEL_STATES] = {
    [WEFT_TCP_CHANNEL_CONNECTING] = "connecting",
    [WEFT_TCP_CHANNEL_GREETING] = "greeting",
    [WEFT_TCP_CHANNEL_OPEN] = "open",
    [WEFT_TCP_CHANNEL_BROKEN] = "broken",
};

const char *weft_tcp_channel_state_name(enum weft_tcp_channel_state state)
{
    return (unsigned)state < WEFT_TCP_CHANNEL_STATES ? state_names[state] : "?";
}

static void set_state(struct weft_tcp_channel *channel, enum weft_tcp_channel_state state)
{
    weft_assert((next_states[channel->state] >> state & 1) != 0);
    channel->state = state;
}

void weft_tcp_channel_break(struct weft_tcp_channel *channel, int error, const char *why)
{
    if (channel->state == WEFT_TCP_CHANNEL_BROKEN)
        return;
    channel->error = error;
    channel->why = why;
    set_state(channel, WEFT_TCP_CHANNEL_BROKEN);
}

/* ---- sockets ---- */

static struct weft_tcp_channel *channel_make(int epoll_fd, int fd, bool is_initiator,
                                             enum weft_secure_mode mode, const uint8_t *secret)
{
    struct weft_tcp_channel *channel = malloc(sizeof(*channel));
    int one = 1;

    if (channel == NULL)
        goto fail;
    /* The buffers behind the fields are not touched before they are used. */
    memset(channel, 0, offsetof(struct weft_tcp_channel, sealed));
    channel->fd = fd;
    channel->epoll_fd = epoll_fd;
    channel->is_initiator = is_initiator;
    channel->mode = mode;
    channel->deadline_at = WEFT_NEVER;
    channel->why = "";
    channel->state = is_initiator ? WEFT_TCP_CHANNEL_CONNECTING : WEFT_TCP_CHANNEL_GREETING;
    channel->interest = is_initiator ? EPOLLOUT : EPOLLIN;
    channel->secure = weft_secure_new(is_initiator, mode, secret);
    if (channel->secure == NULL)
        goto fail;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    struct epoll_event event = {.events = channel->interest, .data.ptr = channel};

    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0)
        goto fail;
    return channel;
fail:
    if (channel != NULL)
        weft_secure_free(channel->secure);
    free(channel);
    (void)close(fd);
    return NULL;
}

struct weft_tcp_channel *weft_tcp_channel_take(int epoll_fd, int fd, enum weft_secure_mode mode,
                                               const uint8_t *secret)
{
    return channel_make(epoll_fd, fd, false, mode, secret);
}

struct weft_tcp_channel *weft_tcp_channel_dial(int epoll_fd, const struct weft_wire_nic *from,
                                               const struct weft_wire_nic *to,
                                               enum weft_secure_mode mode, const uint8_t *secret,
                                               int *error)
{
    struct weft_tcp_channel *channel = NULL;
    struct sockaddr_storage address;
    socklen_t size = weft_net_address_socket(to, &address);
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int one = 1;

    if (fd < 0)
        goto fail;
    if (from != NULL && from->is_v6 == to->is_v6) {
        struct sockaddr_storage local;
        struct weft_wire_nic any_port = *from;

        any_port.port = 0;
        /* The kernel chooses the port when it knows both ends: more are free then. */
        (void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
        if (bind(fd, (struct sockaddr *)(void *)&local,
                 weft_net_address_socket(&any_port, &local)) != 0)
            goto fail;
    }
    if (connect(fd, (struct sockaddr *)(void *)&address, size) != 0 && errno != EINPROGRESS)
        goto fail;
    errno = ENOMEM;
    channel = channel_make(epoll_fd, fd, true, mode, secret);
    if (channel == NULL)
        *error = errno;
    return channel;
fail:
    *error = errno;
    if (fd >= 0)
        (void)close(fd);
    return NULL;
}

void weft_tcp_channel_close(struct weft_tcp_channel *channel)
{
    weft_tcp_channel_break(channel, 0, "closed here");
    /* In a process that was forked the socket lives on, and would be told of for ever. */
    weft_tcp_channel_watch(channel, false, false);
    if (channel->fd >= 0)
        (void)close(channel->fd);
    channel->fd = -1;
}

void weft_tcp_channel_free(struct weft_tcp_channel *channel)
{
    if (channel == NULL)
        return;
    weft_tcp_channel_close(channel);
    weft_secure_free(channel->secure);
    free(channel);
}

void weft_tcp_channel_watch(struct weft_tcp_channel *channel, bool in, bool out)
{
    uint32_t interest = (in ? (uint32_t)EPOLLIN : 0) | (out ? (uint32_t)EPOLLOUT : 0);
    struct epoll_event event = {.events = interest, .data.ptr = channel};
    int change = channel->interest == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;

    if (channel->fd < 0 || interest == channel->interest)
        return;
    /* What is watched for nothing leaves the set, which would tell of a hang-up over and over. */
    if (interest == 0)
        change = EPOLL_CTL_DEL;
    channel->interest = interest;
    if (epoll_ctl(channel->epoll_fd, change, channel->fd, &event) != 0)
        weft_tcp_channel_break(channel, errno, "it cannot be watched");
}

static uint64_t queued_bytes(const struct weft_tcp_channel *channel, unsigned long queue)
{
    int bytes = 0;

    if (channel->fd < 0 || ioctl(channel->fd, queue, &bytes) != 0 || bytes < 0)
        return 0;
    return (uint64_t)bytes;
}

uint64_t weft_tcp_channel_waiting(const struct weft_tcp_channel *channel)
{
    return queued_bytes(channel, SIOCINQ);
}

uint64_t weft_tcp_channel_unacked(const struct weft_tcp_channel *channel)
{
    return queued_bytes(channel, SIOCOUTQ);
}

/* ---- the handshake ---- */

/* The messages are small and the first of a connection: a socket that does not take one whole is of
 * no use. */
static void send_greeting(struct weft_tcp_channel *channel, const uint8_t *bytes, size_t size)
{
    ssize_t sent = send(channel->fd, bytes, size, MSG_NOSIGNAL);

    if (sent != (ssize_t)size)
        weft_tcp_channel_break(channel, sent < 0 ? errno : EIO, "the handshake cannot be sent");
}

/* True when `size` bytes of the greeting are here. Not one more is read: what follows is not its.
 * */
static bool receive_greeting(struct weft_tcp_channel *channel, size_t size)
{
    ssize_t got = recv(channel->fd, channel->greeting + channel->greeting_used,
                       size - channel->greeting_used, 0);

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (got <= 0) {
        weft_tcp_channel_break(channel, got < 0 ? errno : 0, "closed during the handshake");
        return false;
    }
    channel->greeting_used += (size_t)got;
    return channel->greeting_used == size;
}

static void greet_as_initiator(struct weft_tcp_channel *channel)
{
    uint8_t third[WEFT_SECURE_THIRD_BYTES];

    if (!receive_greeting(channel, WEFT_SECURE_SECOND_BYTES))
        return;
    channel->has_greeted = true;
    if (weft_secure_third(channel->secure, channel->greeting, third) != weftSuccess) {
        channel->is_liar = true;
        weft_tcp_channel_break(channel, 0, "the other side has another secret or crypto mode");
        return;
    }
    send_greeting(channel, third, sizeof(third));
    if (channel->state == WEFT_TCP_CHANNEL_GREETING)
        set_state(channel, WEFT_TCP_CHANNEL_OPEN);
}

static void greet_as_responder(struct weft_tcp_channel *channel)
{
    uint8_t second[WEFT_SECURE_SECOND_BYTES];

    if (!channel->has_greeted) {
        if (!receive_greeting(channel, WEFT_SECURE_FIRST_BYTES))
            return;
        if (weft_secure_second(channel->secure, channel->greeting, second) != weftSuccess) {
            weft_tcp_channel_break(channel, 0, "no handshake of Weft in this crypto mode");
            return;
        }
        channel->has_greeted = true;
        channel->greeting_used = 0;
        send_greeting(channel, second, sizeof(second));
        return;
    }
    if (!receive_greeting(channel, WEFT_SECURE_THIRD_BYTES)) {
        /* Who goes away at the sight of our proof has another secret. */
        channel->is_liar = channel->state == WEFT_TCP_CHANNEL_BROKEN;
        return;
    }
    if (weft_secure_accept(channel->secure, channel->greeting) != weftSuccess) {
        channel->is_liar = true;
        weft_tcp_channel_break(channel, 0, "the other side has another secret");
        return;
    }
    set_state(channel, WEFT_TCP_CHANNEL_OPEN);
}

static void finish_connecting(struct weft_tcp_channel *channel)
{
    uint8_t first[WEFT_SECURE_FIRST_BYTES];
    int error = 0;
    socklen_t size = sizeof(error);

    if (getsockopt(channel->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
        error = errno;
    if (error != 0) {
        weft_tcp_channel_break(channel, error, "it cannot be connected");
        return;
    }
    if (weft_secure_first(channel->secure, first) != weftSuccess) {
        weft_tcp_channel_break(channel, 0, "the handshake cannot be made");
        return;
    }
    set_state(channel, WEFT_TCP_CHANNEL_GREETING);
    send_greeting(channel, first, sizeof(first));
    weft_tcp_channel_watch(channel, true, false);
}

void weft_tcp_channel_advance(struct weft_tcp_channel *channel)
{
    if (channel->state == WEFT_TCP_CHANNEL_CONNECTING)
        finish_connecting(channel);
    else if (channel->state == WEFT_TCP_CHANNEL_GREETING && channel->is_initiator)
        greet_as_initiator(channel);
    else if (channel->state == WEFT_TCP_CHANNEL_GREETING)
        greet_as_responder(channel);
}

/* ---- the stream ---- */

bool weft_tcp_channel_has_unsent(const struct weft_tcp_channel *channel)
{
    return channel->sealed_sent < channel->sealed_used;
}

size_t weft_tcp_channel_send(struct weft_tcp_channel *channel, const struct iovec *pieces,
                             uint32_t count)
{
    struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)pieces, .msg_iovlen = count};
    ssize_t sent = sendmsg(channel->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);

    if (sent < 0 && errno != EAGAIN && errno != EINTR)
        weft_tcp_channel_break(channel, errno, "sending failed");
    return sent < 0 ? 0 : (size_t)sent;
}

size_t weft_tcp_channel_receive(struct weft_tcp_channel *channel, const struct iovec *pieces,
                                uint32_t count)
{
    uint64_t left_bytes = weft_tcp_delay_left(&channel->delay);
    struct iovec some[WEFT_TCP_PIECES_MAX];
    struct msghdr message = {.msg_iov = some};
    size_t asked = 0;
    ssize_t got;

    if (channel->is_drained || left_bytes == 0)
        return 0;
    for (uint32_t i = 0; i < count && i < WEFT_TCP_PIECES_MAX && asked < left_bytes; i++) {
        some[i] = pieces[i];
        some[i].iov_len = weft_min(some[i].iov_len, left_bytes - asked);
        asked += some[i].iov_len;
        message.msg_iovlen = i + 1;
    }
    got = recvmsg(channel->fd, &message, MSG_DONTWAIT);
    weft_tcp_delay_taken(&channel->delay, got > 0 ? (uint64_t)got : 0);
    channel->is_drained = got > 0 && (size_t)got < asked;
    if (got == 0)
        weft_tcp_channel_break(channel, 0, "the other side closed it");
    else if (got < 0 && errno != EAGAIN && errno != EINTR)
        weft_tcp_channel_break(channel, errno, "receiving failed");
    return got < 0 ? 0 : (size_t)got;
}

size_t weft_tcp_channel_write(struct weft_tcp_channel *channel, const struct iovec *pieces,
                              uint32_t count, uint64_t bytes_max)
{
    struct iovec some[WEFT_TCP_PIECES_MAX];
    uint64_t left_bytes = bytes_max;
    uint32_t used = 0;

    if (channel->state != WEFT_TCP_CHANNEL_OPEN)
        return 0;
    if (channel->mode != WEFT_SECURE_OFF)
        return weft_tcp_record_write(channel, pieces, count, bytes_max);
    for (; used < count && used < WEFT_TCP_PIECES_MAX && left_bytes > 0; used++) {
        some[used] = pieces[used];
        some[used].iov_len = weft_min(some[used].iov_len, left_bytes);
        left_bytes -= some[used].iov_len;
    }
    return used == 0 ? 0 : weft_tcp_channel_send(channel, some, used);
}

size_t weft_tcp_channel_read(struct weft_tcp_channel *channel, const struct iovec *pieces,
                             uint32_t count)
{
    if (channel->state != WEFT_TCP_CHANNEL_OPEN)
        return 0;
    if (channel->mode != WEFT_SECURE_OFF)
        return weft_tcp_record_read(channel, pieces, count);
    return weft_tcp_channel_receive(channel, pieces, count);
}
