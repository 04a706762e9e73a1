/* transports/net: what peers must not do, over any transport. */
#include "net_fixture.h"

#include <string.h>

static struct net_end ends[2];

static uint64_t refused_count(void)
{
    struct weft_net_counts counts;

    net_ops->counts(ends[1].net, &counts);
    return counts.refused_writes;
}

static void import_as(const struct weft_net_remote *remote)
{
    net_ops->forget(ends[0].net, NET_THEIRS);
    cr_assert_eq(net_ops->import(ends[0].net, NET_THEIRS, 0, remote), weftSuccess);
}

/* The sender believes in a window that the receiver sees otherwise: `count` of what it sends are
 * refused. */
static void refuse(const struct weft_net_remote *believed, uint64_t offset, uint64_t size,
                   uint64_t count)
{
    uint64_t before = refused_count();

    import_as(believed);
    memset(ends[1].memory, 0x11, NET_BYTES);
    cr_assert_eq(net_copy(&ends[0], 0, offset, 0, size, 1), weftSuccess);
    cr_assert_eq(net_wait(ends, 2, &ends[0], 1), weftInvalidUsage);
    cr_assert_eq(refused_count(), before + count);
    cr_assert(net_is_all(ends[1].memory, NET_BYTES, 0x11));
}

/* Of a copy that TCP cuts, the frames that lie inside land; over UDP it is one message. */
static void refuse_the_end(const struct weft_net_remote *believed)
{
    uint64_t landed = net_ops == &weft_tcp_net ? 2883584 : 0;
    uint64_t at = NET_BYTES + 1 - 3000000;

    import_as(believed);
    cr_assert_eq(net_copy(&ends[0], 0, at, 0, 3000000, 1), weftSuccess);
    cr_assert_eq(net_wait(ends, 2, &ends[0], 1), weftInvalidUsage);
    cr_assert_eq(memcmp(ends[1].memory + at, ends[0].memory, landed), 0);
    cr_assert(net_is_all(ends[1].memory + at + landed, 3000000 - landed - 1, 0x11));
}

static void refuse_all(enum weft_net_crypto crypto)
{
    static const struct {
        uint64_t size;
        uint64_t frames;   /* over TCP */
        uint64_t messages; /* over UDP */
    } rows[] = {{0, 1, 1}, {1, 1, 1}, {100000, 1, 1}, {3000000, 12, 1}};
    struct weft_net_remote right = net_remote();
    struct weft_net_remote wrong;

    net_meet(ends, 2, crypto);
    net_fill(ends[0].memory, NET_BYTES, 3);
    for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        uint64_t count = net_ops == &weft_tcp_net ? rows[i].frames : rows[i].messages;

        wrong = right;
        wrong.window = NET_WINDOWS;
        refuse(&wrong, 0, rows[i].size, count);
        wrong.window = UINT32_MAX;
        refuse(&wrong, 0, rows[i].size, count);
        wrong.window = NET_LATER;
        refuse(&wrong, 0, rows[i].size, count);
        wrong = right;
        wrong.epoch++;
        refuse(&wrong, 0, rows[i].size, count);
        wrong = right;
        wrong.token[15] ^= 1;
        refuse(&wrong, 0, rows[i].size, count);
        wrong = right;
        wrong.size_bytes = UINT64_MAX;
        refuse(&wrong, NET_BYTES + 1, rows[i].size, count);
        refuse(&wrong, UINT64_MAX - 3000000, rows[i].size, count);
        if (rows[i].size > 0 && count == 1)
            refuse(&wrong, NET_BYTES + 1 - rows[i].size, rows[i].size, 1);
    }
    refuse_the_end(&wrong);
    /* The lane has lived through it. */
    import_as(&right);
    cr_assert_eq(net_copy(&ends[0], 0, 7, 0, 100000, 2), weftSuccess);
    cr_assert_eq(net_wait(ends, 2, &ends[0], 2), weftSuccess);
    cr_assert_eq(memcmp(ends[1].memory + 7, ends[0].memory, 100000), 0);
    net_close_end(&ends[0]);
    net_close_end(&ends[1]);
}

Test(net_guard, write__refused_without_records)
{
    NET_EACH()
    {
        refuse_all(WEFT_NET_CRYPTO_OFF);
    }
}

Test(net_guard, write__refused_sealed)
{
    NET_EACH()
    {
        refuse_all(WEFT_NET_CRYPTO_FULL);
    }
}

/* Of a copy with its signal both must be allowed, or neither is done. */
Test(net_guard, expose__rights_of_a_copy_with_its_signal)
{
    NET_EACH()
    {
        static const unsigned rights[] = {WEFT_RIGHT_SIGNAL, WEFT_RIGHT_WRITE};
        struct weft_copy_signal signal = {NET_THEIRS, 24, 1, weftSignalSet};
        struct weft_extent extent = {32, 0, 8};
        struct weft_copy copy = {.dst_window = NET_THEIRS,
                                 .src_window = NET_OWN,
                                 .extent_count = 1,
                                 .extents = &extent,
                                 .size_bytes = 8,
                                 .cookie = 5,
                                 .after = WEFT_COOKIE_NONE,
                                 .signal = &signal};

        if (net_ops->signal_bytes_max == 0)
            continue;
        net_meet(ends, 1, WEFT_NET_CRYPTO_OFF);
        net_fill(ends[0].memory, 8, 9);
        for (uint32_t i = 0; i < 2; i++) {
            struct weft_net_remote some = net_remote();

            some.token[0] = (uint8_t)(i + 1);
            some.rights = rights[i];
            cr_assert_eq(net_ops->expose(ends[1].net, NET_OWN, &some), weftSuccess);
            some.rights = WEFT_RIGHTS_ALL;
            import_as(&some);
            cr_assert_eq(net_ops->copy(ends[0].net, &copy), weftSuccess);
            cr_expect_eq(net_wait(ends, 2, &ends[0], 5), weftInvalidUsage);
            cr_expect_eq(*(uint64_t *)(void *)(ends[1].memory + 24), 0);
            cr_expect_eq(*(uint64_t *)(void *)(ends[1].memory + 32), 0);
        }
        net_close_end(&ends[0]);
        net_close_end(&ends[1]);
    }
}

/* Rights of the exposure count, not those that the importer claims. */
Test(net_guard, expose__rights_and_several_tokens)
{
    NET_EACH()
    {
        struct weft_net_remote all = net_remote();
        struct weft_net_remote signal_only = net_remote();
        struct weft_net_remote read_only = net_remote();
        struct weft_copy copy = {.dst_window = NET_THEIRS,
                                 .src_window = NET_THEIRS,
                                 .cookie = 4,
                                 .after = WEFT_COOKIE_NONE};

        net_meet(ends, 1, WEFT_NET_CRYPTO_OFF);
        signal_only.token[0] = 1;
        signal_only.rights = WEFT_RIGHT_SIGNAL;
        read_only.token[0] = 2;
        read_only.rights = WEFT_RIGHT_READ;
        cr_assert_eq(net_ops->expose(ends[1].net, NET_OWN, &signal_only), weftSuccess);
        cr_assert_eq(net_ops->expose(ends[1].net, NET_OWN, &read_only), weftSuccess);
        signal_only.rights = WEFT_RIGHTS_ALL;
        read_only.rights = WEFT_RIGHTS_ALL;

        import_as(&signal_only);
        cr_assert_eq(net_copy(&ends[0], 0, 0, 0, 8, 1), weftSuccess);
        cr_expect_eq(net_wait(ends, 2, &ends[0], 1), weftInvalidUsage);
        cr_assert_eq(net_ops->store(ends[0].net, NET_THEIRS, 8, 5, weftSignalSet, 2), weftSuccess);
        cr_expect_eq(net_wait(ends, 2, &ends[0], 2), weftSuccess);

        import_as(&read_only);
        cr_assert_eq(net_copy(&ends[0], 0, 0, 0, 8, 1), weftSuccess);
        cr_expect_eq(net_wait(ends, 2, &ends[0], 1), weftInvalidUsage);
        cr_assert_eq(net_ops->store(ends[0].net, NET_THEIRS, 8, 6, weftSignalSet, 2), weftSuccess);
        cr_expect_eq(net_wait(ends, 2, &ends[0], 2), weftInvalidUsage);
        cr_assert_eq(net_ops->forward(ends[0].net, &copy), weftSuccess);
        cr_expect_eq(net_wait(ends, 2, &ends[0], 4), weftInvalidUsage);

        import_as(&all);
        cr_assert_eq(net_copy(&ends[0], 0, 16, 0, 8, 1), weftSuccess);
        cr_expect_eq(net_wait(ends, 2, &ends[0], 1), weftSuccess);
        cr_expect_eq(*(uint64_t *)(void *)(ends[1].memory + 8), 5);

        /* conceal ends all of them. */
        net_ops->conceal(ends[1].net, NET_OWN);
        cr_assert_eq(net_copy(&ends[0], 0, 16, 0, 8, 1), weftSuccess);
        cr_expect_eq(net_wait(ends, 2, &ends[0], 1), weftInvalidUsage);
        for (uint32_t i = 0; i < 16; i++)
            cr_expect_eq(net_ops->expose(ends[1].net, NET_OWN, &all), weftSuccess);
        cr_expect_eq(net_ops->expose(ends[1].net, NET_OWN, &all), weftNoResource);
        all.size_bytes++;
        cr_expect_eq(net_ops->expose(ends[1].net, NET_OWN, &all), weftInvalidArgument);
        net_close_end(&ends[0]);
        net_close_end(&ends[1]);
    }
}

/* Who carries a forward out needs no answer to what an extent of nothing is. */
Test(net_guard, forward__an_extent_of_nothing)
{
    NET_EACH()
    {
        static const struct weft_extent extents[] = {{64, 0, 32}, {128, 64, 0}};
        struct weft_copy copy = {.dst_window = NET_THEIRS,
                                 .src_window = NET_THEIRS,
                                 .extent_count = 2,
                                 .extents = extents,
                                 .size_bytes = 32,
                                 .cookie = 3,
                                 .after = WEFT_COOKIE_NONE};

        net_meet(ends, 1, WEFT_NET_CRYPTO_OFF);
        cr_assert_eq(net_ops->forward(ends[0].net, &copy), weftSuccess);
        NET_WHILE(ends, 2, !net_is_ended(&ends[0], 3) && ends[1].seen_count == 1);
        cr_assert_eq(ends[1].seen_count, 1, "nobody is asked for it");
        cr_assert_eq(net_wait(ends, 2, &ends[0], 3), weftInvalidUsage);
        cr_assert_eq(refused_count(), 1);
        net_close_end(&ends[0]);
        net_close_end(&ends[1]);
    }
}

/* A second window of who is asked, with no memory that the net could touch. */
static void open_bare(struct weft_net_remote *bare)
{
    *bare = net_remote();
    bare->window = NET_LATER;
    bare->token[0] ^= 1;
    net_meet(ends, 1, WEFT_NET_CRYPTO_OFF);
    cr_assert_eq(net_ops->window_add(ends[1].net, NET_LATER, NULL, NET_BYTES), weftSuccess);
    cr_assert_eq(net_ops->expose(ends[1].net, NET_LATER, bare), weftSuccess);
    cr_assert_eq(net_ops->import(ends[0].net, NET_LATER, 0, bare), weftSuccess);
}

static void forward_bare(uint32_t dst, uint32_t src, uint32_t cookie)
{
    static const struct weft_extent extent = {64, 0, 32};
    struct weft_copy copy = {.dst_window = dst,
                             .src_window = src,
                             .extent_count = 1,
                             .extents = &extent,
                             .size_bytes = 32,
                             .cookie = cookie,
                             .after = WEFT_COOKIE_NONE};
    uint32_t from = ends[1].seen_count;
    const struct net_seen *seen;

    cr_assert_eq(net_ops->forward(ends[0].net, &copy), weftSuccess);
    seen = net_wait_event(ends, 2, &ends[1], WEFT_NET_FORWARD, from);
    net_ops->answer(ends[1].net, 0, seen->event.request, weftSuccess);
    cr_assert_eq(net_wait(ends, 2, &ends[0], cookie), weftSuccess);
}

/* Who has a GPU copies between it and memory that the net reaches; the net itself leaves it alone.
 */
Test(net_guard, window_without_memory__takes_forwards_alone)
{
    NET_EACH()
    {
        static const uint64_t copy_bytes[] = {0, 1, 100000};
        struct weft_net_remote bare;
        uint64_t refused;

        open_bare(&bare);
        forward_bare(NET_LATER, NET_THEIRS, 1);
        forward_bare(NET_THEIRS, NET_LATER, 2);
        cr_assert_eq(refused_count(), 0);
        for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(copy_bytes); i++)
            refuse(&bare, 64, copy_bytes[i], 1);
        refused = refused_count();
        for (uint32_t op = 0; op < weftNumSignalOps; op++) {
            cr_assert_eq(net_ops->store(ends[0].net, NET_LATER, 64, 1, (weftSignalOp_t)op, 10 + op),
                         weftSuccess);
            cr_assert_eq(net_wait(ends, 2, &ends[0], 10 + op), weftInvalidUsage);
        }
        cr_assert_eq(refused_count(), refused + weftNumSignalOps);
        /* The lane has lived through it, and the number serves again. */
        forward_bare(NET_LATER, NET_LATER, 3);
        net_ops->window_remove(ends[1].net, NET_LATER);
        cr_assert_eq(net_ops->window_add(ends[1].net, NET_LATER, NULL, NET_BYTES), weftSuccess);
        cr_assert_eq(net_ops->window_add(ends[1].net, NET_LATER, NULL, NET_BYTES),
                     weftInvalidUsage);
        cr_assert_eq(net_ops->import(ends[1].net, NET_LATER, 0, &bare), weftInvalidUsage);
        net_close_end(&ends[0]);
        net_close_end(&ends[1]);
    }
}

/* Bytes that may land, and a word that is out of reach: neither is done. Nor is such a window read.
 */
Test(net_guard, window_without_memory__no_word_behind_bytes)
{
    NET_EACH()
    {
        struct weft_copy_signal signal = {NET_LATER, 24, 1, weftSignalSet};
        struct weft_extent extent = {32, 0, 8};
        struct weft_copy copy = {.dst_window = NET_THEIRS,
                                 .src_window = NET_OWN,
                                 .extent_count = 1,
                                 .extents = &extent,
                                 .size_bytes = 8,
                                 .cookie = 5,
                                 .after = WEFT_COOKIE_NONE,
                                 .signal = &signal};
        struct weft_net_remote bare;

        open_bare(&bare);
        net_fill(ends[0].memory, 8, 9);
        cr_assert_eq(net_ops->copy(ends[0].net, &copy), weftSuccess);
        cr_assert_eq(net_wait(ends, 2, &ends[0], 5), weftInvalidUsage);
        cr_assert(net_is_all(ends[1].memory, 64, 0));
        cr_assert_eq(refused_count(), 1);
        copy.signal = NULL;
        copy.src_window = NET_LATER;
        cr_assert_eq(net_ops->copy(ends[1].net, &copy), weftInvalidArgument);
        net_close_end(&ends[0]);
        net_close_end(&ends[1]);
    }
}

/* A window is concealed at any point of a payload: not one byte more comes, and the lane lives. */
static void conceal_midway(enum weft_net_crypto crypto)
{
    struct weft_net_remote remote = net_remote();
    uint32_t midway = 0;

    net_meet(ends, 1, crypto);
    memset(ends[0].memory, 0x22, NET_BYTES);
    for (uint32_t round = 0; round < 40; round++) {
        uint32_t landed;
        weftResult_t result;

        memset(ends[1].memory, 0x11, NET_BYTES);
        cr_assert_eq(net_copy(&ends[0], 0, 0, 0, NET_BYTES, round), weftSuccess);
        for (uint32_t turn = 0; turn < round % 8; turn++)
            net_turn(ends, 2);
        net_ops->conceal(ends[1].net, NET_OWN);
        for (landed = 0; landed < NET_BYTES && ends[1].memory[landed] == 0x22; landed++)
            ;
        memset(ends[1].memory, 0x33, NET_BYTES);
        result = net_wait(ends, 2, &ends[0], round);
        cr_assert_eq(result, landed == NET_BYTES ? weftSuccess : weftInvalidUsage);
        midway += landed > 0 && landed < NET_BYTES;
        cr_assert(net_is_all(ends[1].memory, NET_BYTES, 0x33), "something came late");
        cr_assert_eq(net_ops->expose(ends[1].net, NET_OWN, &remote), weftSuccess);
    }
    cr_assert_gt(midway, 0, "no payload was under way");
    net_close_end(&ends[0]);
    net_close_end(&ends[1]);
}

Test(net_guard, conceal__midway_without_records)
{
    NET_EACH()
    {
        conceal_midway(WEFT_NET_CRYPTO_OFF);
    }
}

Test(net_guard, conceal__midway_sealed)
{
    NET_EACH()
    {
        conceal_midway(WEFT_NET_CRYPTO_FULL);
    }
}
