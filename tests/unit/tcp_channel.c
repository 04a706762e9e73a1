/* transports/tcp/tcp_channel: what a channel leaves behind, and what it takes for a record. */
#include <criterion/criterion.h>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tcp/tcp_channel.h"

static const uint8_t secret[WEFT_SECURE_SECRET_BYTES] = {1};

/* A process that was forked has the socket, too: closing it here is not its end. */
Test(tcp_channel, close__nothing_is_told_of_a_socket_that_lives_on)
{
    struct epoll_event event;
    struct weft_tcp_channel *channel;
    int set = epoll_create1(0);
    int ends[2];
    int other;

    cr_assert_geq(set, 0);
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    other = dup(ends[0]);
    cr_assert_geq(other, 0);
    channel = weft_tcp_channel_take(set, ends[0], WEFT_SECURE_FULL, secret);
    cr_assert_not_null(channel);
    cr_assert_eq(send(ends[1], "x", 1, 0), 1);
    cr_assert_eq(epoll_wait(set, &event, 1, 0), 1);
    cr_assert_eq(event.data.ptr, channel);
    weft_tcp_channel_close(channel);
    cr_assert_eq(epoll_wait(set, &event, 1, 0), 0, "of a channel that is closed");
    weft_tcp_channel_free(channel);
    (void)close(other);
    (void)close(ends[1]);
    (void)close(set);
}

/* A channel that was dialled, and the other end of its socket with its keys. */
struct both {
    int set;
    int socket;
    struct weft_tcp_channel *channel;
    struct weft_secure *secure;
};

static struct both both_open(void)
{
    struct both both = {.set = epoll_create1(0)};
    uint8_t first[WEFT_SECURE_FIRST_BYTES];
    uint8_t second[WEFT_SECURE_SECOND_BYTES];
    uint8_t third[WEFT_SECURE_THIRD_BYTES];
    int ends[2];

    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    both.socket = ends[1];
    both.channel = weft_tcp_channel_take(both.set, ends[0], WEFT_SECURE_FULL, secret);
    both.secure = weft_secure_new(true, WEFT_SECURE_FULL, secret);
    cr_assert_eq(weft_secure_first(both.secure, first), weftSuccess);
    cr_assert_eq(send(both.socket, first, sizeof(first), 0), (ssize_t)sizeof(first));
    weft_tcp_channel_advance(both.channel);
    cr_assert_eq(recv(both.socket, second, sizeof(second), 0), (ssize_t)sizeof(second));
    cr_assert_eq(weft_secure_third(both.secure, second, third), weftSuccess);
    cr_assert_eq(send(both.socket, third, sizeof(third), 0), (ssize_t)sizeof(third));
    weft_tcp_channel_advance(both.channel);
    cr_assert_eq(both.channel->state, WEFT_TCP_CHANNEL_OPEN);
    return both;
}

static void both_close(struct both *both)
{
    weft_secure_free(both->secure);
    weft_tcp_channel_free(both->channel);
    (void)close(both->socket);
    (void)close(both->set);
}

static void record_send(struct both *both, const char *bytes, uint8_t size)
{
    uint8_t record[64] = {size};
    const struct weft_secure_piece piece = {bytes, size};

    cr_assert_eq(weft_secure_seal(both->secure, record, WEFT_TCP_RECORD_HEAD_BYTES, &piece, 1,
                                  record + WEFT_TCP_RECORD_HEAD_BYTES),
                 weftSuccess);
    cr_assert_eq(
        send(both->socket, record, WEFT_TCP_RECORD_HEAD_BYTES + size + WEFT_SECURE_TAG_BYTES, 0),
        WEFT_TCP_RECORD_HEAD_BYTES + size + WEFT_SECURE_TAG_BYTES);
}

/* Nobody sends nothing: who did, without end, would keep the reader for as long. */
Test(tcp_channel, read__a_record_of_nothing)
{
    struct both both = both_open();
    char bytes[16];
    struct iovec piece = {bytes, sizeof(bytes)};

    record_send(&both, "four", 4);
    cr_assert_eq(weft_tcp_channel_read(both.channel, &piece, 1), 4);
    both.channel->is_drained = false;
    record_send(&both, "", 0);
    cr_assert_eq(weft_tcp_channel_read(both.channel, &piece, 1), 0);
    cr_assert_eq(both.channel->state, WEFT_TCP_CHANNEL_BROKEN);
    cr_assert_str_eq(both.channel->why, "a record is empty");
    both_close(&both);
}
