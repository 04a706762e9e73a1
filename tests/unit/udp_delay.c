/* transports/udp: the delay of an emulated NIC. */
#include "net_fixture.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "udp/udp_delay.h"

#define MS(n) ((weft_ns)(n)*1000000)

static struct weft_udp_delay delay;
static struct weft_udp_run run;
static char memory[60000];
static int fds[2];

static void begin(void)
{
    int size = 1 << 20;

    cr_assert_eq(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), 0);
    (void)setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    cr_assert(weft_udp_delay_open(&delay));
}

static void finish(void)
{
    weft_udp_delay_close(&delay);
    (void)close(fds[0]);
    (void)close(fds[1]);
}

/* A datagram of two pieces, and an empty one behind them. */
static void keep(char byte, size_t size, uint32_t slot, weft_ns due_at)
{
    memset(memory, byte, sizeof(memory));
    weft_udp_run_reset(&run);
    weft_udp_run_begin(&run);
    weft_udp_run_add(&run, memory, size / 3);
    weft_udp_run_add(&run, memory + size / 3, size - size / 3);
    weft_udp_run_add(&run, memory, 0);
    weft_udp_delay_keep(&delay, &run, fds[0], slot, due_at);
}

/* The byte that the next datagram is made of, which must have that size; 0: there is none. */
static char heard(size_t size)
{
    char bytes[sizeof(memory)];
    ssize_t got = recv(fds[1], bytes, sizeof(bytes), MSG_DONTWAIT);

    if (got < 0)
        return 0;
    cr_assert_eq((size_t)got, size);
    cr_assert(net_is_all(bytes, size, bytes[0]));
    return bytes[0];
}

Test(udp_delay, send__when_due_in_order)
{
    begin();
    keep('a', 100, 1, MS(5));
    keep('b', 200, 2, MS(7));
    keep('c', 300, 1, MS(7));
    cr_expect_eq(weft_udp_delay_send(&delay, true, MS(4)), MS(5));
    cr_expect_eq(heard(0), 0);
    cr_expect_eq(weft_udp_delay_send(&delay, true, MS(5)), MS(7));
    cr_expect_eq(heard(100), 'a');
    cr_expect_eq(heard(0), 0);
    cr_expect_eq(weft_udp_delay_send(&delay, true, MS(9)), WEFT_NEVER);
    cr_expect_eq(heard(200), 'b');
    cr_expect_eq(heard(300), 'c');
    finish();
}

Test(udp_delay, forget__nothing_goes_to_a_closed_socket)
{
    begin();
    keep('a', 100, 1, MS(5));
    keep('b', 200, 2, MS(5));
    weft_udp_delay_forget(&delay, 1);
    cr_expect_eq(weft_udp_delay_send(&delay, true, MS(5)), WEFT_NEVER);
    cr_expect_eq(heard(200), 'b');
    keep('c', 100, 1, MS(6));
    cr_expect_eq(weft_udp_delay_send(&delay, false, MS(6)), WEFT_NEVER);
    cr_expect_eq(heard(0), 0, "the NIC does not send");
    finish();
}

/* 8 MiB hold 139 datagrams of 60,000 bytes; round and round they keep their bytes. */
Test(udp_delay, keep__what_does_not_fit_is_lost)
{
    begin();
    for (uint32_t i = 0; i < 200; i++)
        keep('a', 60000, 1, MS(5));
    cr_expect_eq(delay.count, 139);
    cr_expect_eq(weft_udp_delay_send(&delay, false, MS(5)), WEFT_NEVER);
    for (uint32_t i = 0; i < 1000; i++) {
        keep((char)('a' + i % 26), 59000 + i, 1, MS(5) + i);
        cr_assert_leq(delay.count, 3);
        if (i < 2)
            continue;
        (void)weft_udp_delay_send(&delay, true, MS(5) + i - 2);
        cr_assert_eq(heard(59000 + i - 2), (char)('a' + (i - 2) % 26));
    }
    finish();
}

/* Nothing ends before its packet can be there and its ack back; all is done once. */
Test(udp_delay, shape__copies_and_stores_over_a_slow_way)
{
    const struct weft_net_shape far = {.state = WEFT_NET_SHAPE_UP, .delay_ns = MS(30)};
    static struct net_end ends[2];
    uint64_t begun_at;
    uint64_t word;

    net_ops = &weft_udp_net;
    net_silence_ns = 5000000000;
    net_meet(ends, 1, WEFT_NET_CRYPTO_FULL);
    net_fill(ends[0].memory, 1000000, 1);
    net_ops->shape(ends[0].net, 0, &far);
    begun_at = net_clock();
    for (uint32_t i = 0; i < 20; i++)
        cr_assert_eq(net_ops->store(ends[0].net, NET_THEIRS, NET_BYTES - 8, 1, weftSignalAdd, i),
                     weftSuccess);
    NET_WHILE(ends, 2, net_copy(&ends[0], 0, 0, 0, 1000000, 20) != weftSuccess);
    cr_assert_eq(net_wait(ends, 2, &ends[0], 0), weftSuccess);
    cr_expect_geq(net_clock() - begun_at, MS(30));
    for (uint32_t i = 1; i <= 20; i++)
        cr_assert_eq(net_wait(ends, 2, &ends[0], i), weftSuccess);
    memcpy(&word, ends[1].memory + NET_BYTES - 8, sizeof(word));
    cr_expect_eq(word, 20);
    cr_expect_eq(memcmp(ends[0].memory, ends[1].memory, 1000000), 0);
    net_shape(&ends[0], 0, WEFT_NET_SHAPE_UP);
    NET_WHILE(ends, 2, net_copy(&ends[0], 0, 0, 0, 1000, 21) != weftSuccess);
    cr_assert_eq(net_wait(ends, 2, &ends[0], 21), weftSuccess);
    net_close_end(&ends[0]);
    net_close_end(&ends[1]);
}
