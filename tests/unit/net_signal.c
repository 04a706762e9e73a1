/* transports/net, over any transport: a signal that travels with its copy. */
#include "net_fixture.h"

#include <string.h>

/* The word is raised with the bytes, once, where the transport does both at once. */
Test(net_signal, copy__with_its_signal)
{
    NET_EACH()
    {
        static struct net_end ends[2];
        struct weft_copy_signal signal = {NET_THEIRS, 16, 3, weftSignalAdd};
        struct weft_extent extents[2] = {{1000, 0, 10}, {3000, 50, 20}};
        struct weft_copy copy = {.dst_window = NET_THEIRS,
                                 .src_window = NET_OWN,
                                 .extent_count = 2,
                                 .extents = extents,
                                 .size_bytes = 30,
                                 .cookie = 1,
                                 .after = WEFT_COOKIE_NONE,
                                 .signal = &signal};
        uint64_t word;

        if (net_ops->signal_bytes_max == 0)
            continue;
        net_meet(ends, 1, WEFT_NET_CRYPTO_FULL);
        net_fill(ends[0].memory, 100, 1);
        for (uint32_t i = 1; i <= 3; i++) {
            copy.cookie = i;
            cr_assert_eq(net_ops->copy(ends[0].net, &copy), weftSuccess);
        }
        for (uint32_t i = 1; i <= 3; i++)
            cr_assert_eq(net_wait(ends, 2, &ends[0], i), weftSuccess);
        memcpy(&word, ends[1].memory + 16, sizeof(word));
        cr_assert_eq(word, 9);
        cr_assert_eq(memcmp(ends[1].memory + 1000, ends[0].memory, 10), 0);
        cr_assert_eq(memcmp(ends[1].memory + 3000, ends[0].memory + 50, 20), 0);
        signal.offset = 12;
        copy.cookie = 4;
        cr_expect_eq(net_ops->copy(ends[0].net, &copy), weftInvalidArgument, "no multiple of 8");
        signal.offset = NET_BYTES;
        cr_expect_eq(net_ops->copy(ends[0].net, &copy), weftInvalidArgument, "outside");
        signal.window = NET_OWN;
        cr_expect_eq(net_ops->copy(ends[0].net, &copy), weftInvalidArgument, "not the peer's");
        net_close_end(&ends[0]);
        net_close_end(&ends[1]);
    }
}

/* The word is raised after all bytes of its copy, once, though packets are lost and NICs fail. Over
 * UDP 100 places are several parts of a copy, of several packets each. */
static void signal_after_bytes(uint32_t extent_count, uint32_t size_bytes)
{
    enum { COPIES = 12, AT = 4096 };
    const struct weft_net_shape lossy = {.state = WEFT_NET_SHAPE_UP, .loss_one_in = 4};
    static struct net_end ends[2];
    static struct weft_extent extents[100];
    struct weft_copy_signal signal = {NET_THEIRS, 16, 1, weftSignalAdd};
    struct weft_copy copy = {.dst_window = NET_THEIRS,
                             .src_window = NET_OWN,
                             .extent_count = extent_count,
                             .extents = extents,
                             .size_bytes = (uint64_t)extent_count * size_bytes,
                             .after = WEFT_COOKIE_NONE,
                             .signal = &signal};
    const volatile uint64_t *word;

    net_meet(ends, 2, WEFT_NET_CRYPTO_FULL);
    word = (const volatile uint64_t *)(void *)(ends[1].memory + 16);
    for (uint32_t i = 0; i < extent_count; i++)
        extents[i] = (struct weft_extent){AT + (uint64_t)i * (size_bytes + 8),
                                          AT + (uint64_t)i * size_bytes, size_bytes};
    net_ops->shape(ends[0].net, 0, &lossy);
    for (uint32_t i = 0; i < COPIES; i++) {
        net_fill(ends[0].memory + AT, (size_t)copy.size_bytes, i + 1);
        copy.cookie = i;
        copy.lane = i % 2;
        while (net_ops->copy(ends[0].net, &copy) != weftSuccess)
            net_turn(ends, 2);
        net_turn(ends, 2);
        if (i % 4 == 2)
            net_shape(&ends[1], 1, WEFT_NET_SHAPE_CUT);
        NET_WHILE(ends, 2, *word <= i && !net_is_ended(&ends[0], i));
        cr_assert_eq(*word, i + 1);
        for (uint32_t e = 0; e < extent_count; e++)
            cr_assert_eq(memcmp(ends[1].memory + extents[e].dst_offset,
                                ends[0].memory + extents[e].src_offset, size_bytes),
                         0);
        cr_assert_eq(net_wait(ends, 2, &ends[0], i), weftSuccess);
        cr_assert_eq(*word, i + 1);
        net_shape(&ends[1], 1, WEFT_NET_SHAPE_UP);
        net_wait_lanes(ends, 2, &ends[0], 0, 2);
    }
    net_close_end(&ends[0]);
    net_close_end(&ends[1]);
}

Test(net_signal, copy__after_all_its_bytes)
{
    net_ops = &weft_udp_net;
    signal_after_bytes(1, 200000);
    signal_after_bytes(100, 2000);
}

/* The signal's window is shut while its copy is under way: it is not raised, and the sender knows.
 */
Test(net_signal, copy__refused_in_between)
{
    NET_EACH()
    {
        const struct weft_net_shape slow = {.state = WEFT_NET_SHAPE_UP, .rate_bytes_per_ms = 1000};
        struct weft_net_remote other = net_remote();
        static struct net_end ends[2];
        static char words[4096] __attribute__((aligned(8)));
        struct weft_copy_signal signal = {NET_LATER, 8, 1, weftSignalSet};
        struct weft_extent extent = {0, 0, 250000};
        struct weft_copy copy = {.dst_window = NET_THEIRS,
                                 .src_window = NET_OWN,
                                 .extent_count = 1,
                                 .extents = &extent,
                                 .size_bytes = 250000,
                                 .cookie = 1,
                                 .after = WEFT_COOKIE_NONE,
                                 .signal = &signal};

        net_meet(ends, 1, WEFT_NET_CRYPTO_OFF);
        net_fill(ends[0].memory, 250000, 1);
        memset(words, 0, sizeof(words));
        other.window = 3;
        other.size_bytes = sizeof(words);
        cr_assert_eq(net_ops->window_add(ends[1].net, 3, words, sizeof(words)), weftSuccess);
        cr_assert_eq(net_ops->expose(ends[1].net, 3, &other), weftSuccess);
        cr_assert_eq(net_ops->import(ends[0].net, NET_LATER, 0, &other), weftSuccess);
        net_ops->shape(ends[0].net, 0, &slow);
        cr_assert_eq(net_ops->copy(ends[0].net, &copy), weftSuccess);
        NET_WHILE(ends, 2, ends[1].memory[0] != ends[0].memory[0]);
        net_ops->conceal(ends[1].net, 3);
        cr_expect_eq(net_wait(ends, 2, &ends[0], 1), weftInvalidUsage);
        cr_expect(net_is_all(words, sizeof(words), 0));
        net_close_end(&ends[0]);
        net_close_end(&ends[1]);
    }
}
