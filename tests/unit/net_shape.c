/* transports: NICs that are slow where bytes come in. */
#include <string.h>

#include "net_fixture.h"

#define WORD (NET_BYTES / 2) /* behind what is copied */

static struct net_end ends[2];

/* A slow NIC takes no more than its rate, whatever comes: here a byte in a millisecond, behind the
 * 64 KiB that its bucket holds and one read. */
Test(net_shape, shape__receives_no_faster)
{
    const struct weft_net_shape slow = {.state = WEFT_NET_SHAPE_UP, .rate_bytes_per_ms = 1};
    const struct weft_net_shape fast = {.state = WEFT_NET_SHAPE_UP};
    uint32_t landed;

    net_ops = &weft_tcp_net; /* the one that paces what comes in */
    net_silence_ns = 60000000000;
    net_meet(ends, 1, WEFT_NET_CRYPTO_OFF);
    net_ops->shape(ends[1].net, 0, &slow);
    memset(ends[0].memory, 0x22, NET_BYTES);
    memset(ends[1].memory, 0x11, NET_BYTES);
    cr_assert_eq(net_copy(&ends[0], 0, 0, 0, NET_BYTES / 2, 0), weftSuccess);
    for (uint32_t turn = 0; turn < 3000; turn++)
        net_turn(ends, 2);
    for (landed = 0; landed < NET_BYTES / 2 && ends[1].memory[landed] == 0x22; landed++)
        ;
    cr_expect_leq(landed, 65536 + 16384);
    cr_expect(!net_is_ended(&ends[0], 0));
    net_ops->shape(ends[1].net, 0, &fast);
    cr_assert_eq(net_wait(ends, 2, &ends[0], 0), weftSuccess);
    net_close_end(&ends[0]);
    net_close_end(&ends[1]);
}

/* What any lane may carry does not wait behind a copy on the slow one. */
Test(net_shape, shape__messages_go_round_a_slow_nic)
{
    const struct weft_net_shape slow = {.state = WEFT_NET_SHAPE_UP, .rate_bytes_per_ms = 1};

    net_ops = &weft_tcp_net;
    net_silence_ns = 60000000000;
    net_meet(ends, 2, WEFT_NET_CRYPTO_OFF);
    net_ops->shape(ends[1].net, 0, &slow);
    cr_assert_eq(net_copy(&ends[0], 0, 0, 0, NET_BYTES / 2, 0), weftSuccess);
    for (uint32_t turn = 0; turn < 300; turn++)
        net_turn(ends, 2);
    for (uint32_t i = 0; i < 20; i++) {
        cr_assert_eq(net_ops->store(ends[0].net, NET_THEIRS, WORD, 1, weftSignalAdd, 100 + i),
                     weftSuccess);
        cr_assert_eq(net_wait(ends, 2, &ends[0], 100 + i), weftSuccess);
    }
    cr_expect(!net_is_ended(&ends[0], 0));
    net_close_end(&ends[0]);
    net_close_end(&ends[1]);
}

/* A NIC with a delay: nothing of a copy is seen before, all of it after. The delay is an hour, and
 * then none; sealed and not. Of UDP, tests of udp_delay. */
Test(net_shape, shape__delays)
{
    static const enum weft_net_crypto modes[] = {WEFT_NET_CRYPTO_OFF, WEFT_NET_CRYPTO_FULL};
    const struct weft_net_shape far = {.state = WEFT_NET_SHAPE_UP, .delay_ns = 3600000000000};
    const struct weft_net_shape near = {.state = WEFT_NET_SHAPE_UP};

    net_ops = &weft_tcp_net;
    net_silence_ns = 7200000000000;
    for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(modes); i++) {
        net_meet(ends, 1, modes[i]);
        net_ops->shape(ends[1].net, 0, &far);
        memset(ends[0].memory, 0x22, NET_BYTES);
        memset(ends[1].memory, 0x11, NET_BYTES);
        cr_assert_eq(net_copy(&ends[0], 0, 0, 0, NET_BYTES / 2, 0), weftSuccess);
        for (uint32_t turn = 0; turn < 500; turn++)
            net_turn(ends, 2);
        cr_expect_eq(ends[1].memory[0], 0x11, "row %u", i);
        cr_expect(!net_is_ended(&ends[0], 0), "row %u", i);
        net_ops->shape(ends[1].net, 0, &near);
        cr_assert_eq(net_wait(ends, 2, &ends[0], 0), weftSuccess, "row %u", i);
        cr_expect_eq(memcmp(ends[0].memory, ends[1].memory, NET_BYTES / 2), 0, "row %u", i);
        net_close_end(&ends[0]);
        net_close_end(&ends[1]);
    }
}
