/* transports/tcp/tcp_channel: what a channel leaves behind, and what it takes for a record. */
#include <criterion/criterion.h>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tcp/tcp_channel.h"

/* A process that was forked has the socket, too: closing it here is not its end. */
Test(tcp_channel, close__nothing_is_told_of_a_socket_that_lives_on)
{
    static const uint8_t secret[WEFT_SECURE_SECRET_BYTES] = {1};
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
