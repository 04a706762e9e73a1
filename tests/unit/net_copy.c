/* transports/net, over any transport: copies, stores, forwards and messages while nothing fails. */
#include "net_fixture.h"

#include <poll.h>
#include <string.h>

/* Sizes around what frames, records and reads hold. */
static const uint64_t sizes[] = {0,     1,      7,       31,      32,     33,
                                 4096,  16383,  16384,   16385,   65535,  65536,
                                 65537, 131072, 1000003, 1048576, 3145728};

static void copy_all_sizes(enum weft_net_crypto crypto)
{
    static struct net_end ends[2];

    net_meet(ends, 1, crypto);
    for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(sizes); i++) {
        struct net_end *from = &ends[i % 2];
        struct net_end *to = &ends[1 - i % 2];

        net_fill(from->memory, NET_BYTES, i + 1);
        memset(to->memory, 0, NET_BYTES);
        cr_assert_eq(net_copy(from, 0, 5, 3, sizes[i], i), weftSuccess);
        cr_assert_eq(net_wait(ends, 2, from, i), weftSuccess);
        cr_assert_eq(memcmp(to->memory + 5, from->memory + 3, sizes[i]), 0, "size %zu",
                     (size_t)sizes[i]);
        cr_assert_eq(to->memory[4], 0);
        cr_assert_eq(to->memory[5 + sizes[i]], 0);
    }
    net_close_end(&ends[0]);
    net_close_end(&ends[1]);
}

Test(net_copy, copy__sizes_without_records)
{
    NET_EACH()
    {
        copy_all_sizes(WEFT_NET_CRYPTO_OFF);
    }
}

Test(net_copy, copy__sizes_sealed)
{
    NET_EACH()
    {
        copy_all_sizes(WEFT_NET_CRYPTO_FULL);
    }
}

Test(net_copy, copy__sizes_with_tags)
{
    NET_EACH()
    {
        copy_all_sizes(WEFT_NET_CRYPTO_INTEGRITY);
    }
}

/* As many extents as a copy may have, in reverse order, with gaps; some are empty. */
static void copy_many_extents(enum weft_net_crypto crypto)
{
    enum { EXTENTS = 4096, PIECE = 600, STRIDE = 1000 };
    static struct net_end ends[2];
    static struct weft_extent extents[EXTENTS];
    struct weft_copy copy = {.dst_window = NET_THEIRS,
                             .src_window = NET_OWN,
                             .extent_count = EXTENTS,
                             .extents = extents,
                             .cookie = 3,
                             .after = WEFT_COOKIE_NONE};

    net_meet(ends, 1, crypto);
    net_fill(ends[0].memory, NET_BYTES, 9);
    for (uint32_t i = 0; i < EXTENTS; i++) {
        uint64_t size = i % 7 == 0 ? 0 : PIECE + i % 300;

        extents[i] =
            (struct weft_extent){(uint64_t)(EXTENTS - 1 - i) * STRIDE, (uint64_t)i * STRIDE, size};
        copy.size_bytes += size;
    }
    cr_assert_eq(net_ops->copy(ends[0].net, &copy), weftSuccess);
    cr_assert_eq(net_wait(ends, 2, &ends[0], 3), weftSuccess);
    for (uint32_t i = 0; i < EXTENTS; i++) {
        cr_assert_eq(memcmp(ends[1].memory + extents[i].dst_offset,
                            ends[0].memory + extents[i].src_offset, extents[i].size_bytes),
                     0, "extent %u", i);
        cr_assert_eq(ends[1].memory[extents[i].dst_offset + extents[i].size_bytes], 0, "%u", i);
    }
    net_close_end(&ends[0]);
    net_close_end(&ends[1]);
}

Test(net_copy, copy__extents_without_records)
{
    NET_EACH()
    {
        copy_many_extents(WEFT_NET_CRYPTO_OFF);
    }
}

Test(net_copy, copy__extents_sealed)
{
    NET_EACH()
    {
        copy_many_extents(WEFT_NET_CRYPTO_FULL);
    }
}

/* More copies than lanes and windows of frames hold, both ways at once, over eight lanes. */
Test(net_copy, copy__many_over_eight_lanes)
{
    NET_EACH()
    {
        enum { COPIES = 500, SIZE = 5000 };
        static struct net_end ends[2];
        struct weft_net_lane_state state;

        net_meet(ends, 8, WEFT_NET_CRYPTO_OFF);
        net_fill(ends[0].memory, NET_BYTES / 2, 1);
        net_fill(ends[1].memory, NET_BYTES / 2, 2);
        for (uint32_t i = 0; i < COPIES; i++)
            for (uint32_t e = 0; e < 2; e++)
                net_copy_surely(ends, 2, &ends[e], i % 8, NET_BYTES / 2 + (uint64_t)i * 4096,
                                (uint64_t)i * 4096, 4096, i);
        NET_WHILE(ends, 2, ends[0].ended_count < COPIES || ends[1].ended_count < COPIES);
        for (uint32_t e = 0; e < 2; e++) {
            for (uint32_t i = 0; i < COPIES; i++)
                cr_assert_eq(ends[e].results[i], weftSuccess);
            cr_assert_eq(memcmp(ends[e].memory + NET_BYTES / 2, ends[1 - e].memory, COPIES * 4096),
                         0);
        }
        for (uint32_t l = 0; l < 8; l++) {
            net_ops->lane_state(ends[0].net, 0, l, &state);
            cr_assert(state.is_up);
            cr_assert_eq(state.nic, l);
            cr_assert_eq(state.peer_nic, l);
            cr_assert_gt(state.sent_bytes, COPIES / 8 * 4096);
            cr_assert_gt(state.received_bytes, COPIES / 8 * 4096);
        }
        net_close_end(&ends[0]);
        net_close_end(&ends[1]);
    }
}

/* A queue that is full says so, and takes copies again when some have ended. */
Test(net_copy, copy__queue_full)
{
    NET_EACH()
    {
        static struct net_end ends[2];
        uint32_t taken = 0;

        net_meet(ends, 1, WEFT_NET_CRYPTO_OFF);
        while (taken < NET_COOKIES && net_copy(&ends[0], 0, 0, 0, 8, taken) == weftSuccess)
            taken++;
        cr_assert_eq(taken, 256);
        cr_assert_eq(net_copy(&ends[0], 0, 0, 0, 8, taken), weftNoResource);
        NET_WHILE(ends, 2, ends[0].ended_count < taken);
        cr_assert_eq(net_copy(&ends[0], 0, 0, 0, 8, taken), weftSuccess);
        cr_assert_eq(net_wait(ends, 2, &ends[0], taken), weftSuccess);
        net_close_end(&ends[0]);
        net_close_end(&ends[1]);
    }
}

Test(net_copy, copy__wrong_arguments)
{
    NET_EACH()
    {
        static struct net_end ends[2];
        struct weft_net_remote narrow = net_remote();

        net_meet(ends, 1, WEFT_NET_CRYPTO_OFF);
        cr_expect_eq(net_copy(&ends[0], 0, NET_BYTES, 0, 1, 0), weftInvalidArgument);
        cr_expect_eq(net_copy(&ends[0], 0, 0, NET_BYTES, 1, 0), weftInvalidArgument);
        cr_expect_eq(net_copy(&ends[0], 0, UINT64_MAX, 0, 2, 0), weftInvalidArgument);
        cr_expect_eq(net_copy(&ends[0], 1, 0, 0, 1, 0), weftInvalidArgument, "there is one lane");
        narrow.rights = WEFT_RIGHT_READ;
        net_ops->forget(ends[0].net, NET_THEIRS);
        cr_assert_eq(net_ops->import(ends[0].net, NET_THEIRS, 0, &narrow), weftSuccess);
        cr_expect_eq(net_copy(&ends[0], 0, 0, 0, 1, 0), weftInvalidUsage);
        cr_expect_eq(net_ops->store(ends[0].net, NET_THEIRS, 0, 1, weftSignalSet, 0),
                     weftInvalidUsage);
        cr_expect_eq(net_ops->store(ends[0].net, NET_THEIRS, 4, 1, weftSignalSet, 0),
                     weftInvalidArgument);
        net_close_end(&ends[0]);
        net_close_end(&ends[1]);
    }
}

Test(net_copy, store__each_once)
{
    NET_EACH()
    {
        enum { STORES = 300 };
        static struct net_end ends[2];
        uint64_t words[2];

        net_meet(ends, 4, WEFT_NET_CRYPTO_FULL);
        for (uint32_t i = 0; i < STORES; i++)
            cr_assert_eq(net_ops->store(ends[0].net, NET_THEIRS, 16, i, weftSignalAdd, i),
                         weftSuccess);
        cr_assert_eq(net_ops->store(ends[0].net, NET_THEIRS, 24, 99, weftSignalSet, STORES),
                     weftSuccess);
        NET_WHILE(ends, 2, ends[0].ended_count < STORES + 1);
        memcpy(words, ends[1].memory + 16, sizeof(words));
        cr_assert_eq(words[0], 44850); /* 0 + 1 + ... + 299 */
        cr_assert_eq(words[1], 99);
        net_close_end(&ends[0]);
        net_close_end(&ends[1]);
    }
}

Test(net_copy, forward__asked_and_answered)
{
    NET_EACH()
    {
        static struct net_end ends[2];
        struct weft_extent extents[2] = {{100, 0, 10}, {200, 50, 20}};
        struct weft_copy copy = {.dst_window = NET_THEIRS,
                                 .src_window = NET_THEIRS,
                                 .extent_count = 2,
                                 .extents = extents,
                                 .size_bytes = 30,
                                 .after = WEFT_COOKIE_NONE};
        static const weftResult_t answers[] = {weftSuccess, weftRemoteError, weftTimeout};

        net_meet(ends, 2, WEFT_NET_CRYPTO_FULL);
        for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(answers); i++) {
            const struct net_seen *seen;
            uint32_t from = ends[1].seen_count;

            copy.cookie = 40 + i;
            cr_assert_eq(net_ops->forward(ends[0].net, &copy), weftSuccess);
            seen = net_wait_event(ends, 2, &ends[1], WEFT_NET_FORWARD, from);
            cr_assert_eq(seen->event.dst_window, NET_OWN);
            cr_assert_eq(seen->event.src_window, NET_OWN);
            cr_assert_eq(seen->event.extent_count, 2);
            cr_assert_eq(seen->event.size_bytes, 30);
            cr_assert_eq(memcmp(seen->extents, extents, sizeof(extents)), 0);
            for (uint32_t turn = 0; turn < 100; turn++)
                net_turn(ends, 2);
            cr_assert_not(net_is_ended(&ends[0], copy.cookie), "before its answer");
            net_ops->answer(ends[1].net, 0, seen->event.request, answers[i]);
            cr_assert_eq(net_wait(ends, 2, &ends[0], copy.cookie), answers[i]);
        }
        net_close_end(&ends[0]);
        net_close_end(&ends[1]);
    }
}

/* Between two frames or packets of a long copy others may go: a store does not wait for its end. */
Test(net_copy, copy__overtaken_by_a_store)
{
    NET_EACH()
    {
        const struct weft_net_shape slow = {.state = WEFT_NET_SHAPE_UP, .rate_bytes_per_ms = 10000};

        static struct net_end ends[2];

        net_meet(ends, 1, WEFT_NET_CRYPTO_OFF);
        net_fill(ends[0].memory, NET_BYTES, 1);
        net_ops->shape(ends[0].net, 0, &slow);
        cr_assert_eq(net_copy(&ends[0], 0, 0, 0, NET_BYTES - 64, 0), weftSuccess);
        NET_WHILE(ends, 2, ends[1].memory[0] != ends[0].memory[0]);
        cr_assert_eq(net_ops->store(ends[0].net, NET_THEIRS, NET_BYTES - 64, 5, weftSignalSet, 1),
                     weftSuccess);
        cr_assert_eq(net_wait(ends, 2, &ends[0], 1), weftSuccess);
        cr_assert(!net_is_ended(&ends[0], 0));
        cr_assert_eq(net_wait(ends, 2, &ends[0], 0), weftSuccess);
        net_close_end(&ends[0]);
        net_close_end(&ends[1]);
    }
}

/* Small copies go at once, own ones before lent ones, whatever was issued first. */
Test(net_copy, copy__classes_take_turns)
{
    NET_EACH()
    {
        enum { LENT, OWN, SMALL, COPIES };
        const struct weft_net_shape slow = {.state = WEFT_NET_SHAPE_UP, .rate_bytes_per_ms = 20000};
        static const uint64_t bytes[COPIES] = {1500000, 1500000, 64};
        static struct net_end ends[2];

        net_meet(ends, 1, WEFT_NET_CRYPTO_OFF);
        net_ops->shape(ends[0].net, 0, &slow);
        for (uint32_t i = 0; i < COPIES; i++) {
            struct weft_extent extent = {(uint64_t)i * 1500000, 0, bytes[i]};
            struct weft_copy copy = {.dst_window = NET_THEIRS,
                                     .src_window = NET_OWN,
                                     .extent_count = 1,
                                     .extents = &extent,
                                     .size_bytes = bytes[i],
                                     .lent = i == LENT,
                                     .cookie = i,
                                     .after = WEFT_COOKIE_NONE};

            cr_assert_eq(net_ops->copy(ends[0].net, &copy), weftSuccess);
        }
        cr_expect_eq(net_wait(ends, 2, &ends[0], SMALL), weftSuccess);
        cr_expect_not(net_is_ended(&ends[0], OWN));
        cr_expect_eq(net_wait(ends, 2, &ends[0], OWN), weftSuccess);
        cr_expect_not(net_is_ended(&ends[0], LENT));
        cr_expect_eq(net_wait(ends, 2, &ends[0], LENT), weftSuccess);
        net_close_end(&ends[0]);
        net_close_end(&ends[1]);
    }
}

/* Messages of 1 to 64 Ki bytes, more than the other side's memory for them holds while it does not
 * take them: they wait, and none is lost. */
Test(net_copy, send__waits_for_room)
{
    NET_EACH()
    {
        enum { MESSAGES = 200 };
        static struct net_end ends[2];
        static char bytes[WEFT_NET_HELLO_BYTES + 1];
        uint32_t sent = 0;

        net_meet(ends, 2, WEFT_NET_CRYPTO_OFF);
        cr_assert_eq(net_ops->send(ends[0].net, 0, bytes, sizeof(bytes)), weftInvalidArgument);
        ends[1].keeps_events = true;
        ends[1].seen_count = 0;
        for (uint32_t turn = 0; turn < 2000 && sent < MESSAGES; turn++) {
            size_t size = sent % 3 == 0 ? WEFT_NET_HELLO_BYTES : sent * 7 + 2;

            memset(bytes, 'a' + (int)sent % 26, size);
            if (net_ops->send(ends[0].net, 0, bytes, size) == weftSuccess)
                sent++;
            net_turn(ends, 2);
        }
        ends[1].keeps_events = false;
        NET_WHILE(ends, 2, ends[1].seen_count < sent);
        cr_assert_eq(sent, MESSAGES);
        for (uint32_t turn = 0; turn < 100; turn++)
            net_turn(ends, 2);
        cr_assert_eq(ends[1].seen_count, MESSAGES);
        net_close_end(&ends[0]);
        net_close_end(&ends[1]);
    }
}

/* Sleeps until one of the nets has something to do, as it says itself. */
static void sleep_until_wanted(struct net_end *ends)
{
    struct pollfd fds[2];
    uint64_t now = net_clock();
    uint64_t wake_at = now + 5000000000;
    int timeout_ms;

    for (uint32_t i = 0; i < 2; i++) {
        fds[i] = (struct pollfd){net_ops->wakeup_fd(ends[i].net), POLLIN, 0};
        wake_at = weft_min(wake_at, net_ops->deadline_ns(ends[i].net));
    }
    timeout_ms = wake_at > now ? (int)((wake_at - now + 999999) / 1000000) : 0;
    cr_assert(poll(fds, 2, timeout_ms) > 0 || timeout_ms < 5000, "nobody wakes");
}

static void sleep_through_copies(enum weft_net_crypto crypto)
{
    enum { COPIES = 100 };
    static struct net_end ends[2];
    uint32_t turns = 0;

    net_silence_ns = 60000000000;
    net_meet(ends, 2, crypto);
    for (uint32_t i = 0; i < COPIES; i++)
        cr_assert_eq(net_copy(&ends[i % 2], i / 2 % 2, 0, 0, 10000 * i, i), weftSuccess);
    while (ends[0].ended_count + ends[1].ended_count < COPIES) {
        sleep_until_wanted(ends);
        net_turn(ends, 2);
        turns++;
    }
    cr_assert_lt(turns, 5000, "it does not sleep");
    net_close_end(&ends[0]);
    net_close_end(&ends[1]);
}

Test(net_copy, deadline__sleeps_without_records)
{
    NET_EACH()
    {
        sleep_through_copies(WEFT_NET_CRYPTO_OFF);
    }
}

Test(net_copy, deadline__sleeps_sealed)
{
    NET_EACH()
    {
        sleep_through_copies(WEFT_NET_CRYPTO_FULL);
    }
}
