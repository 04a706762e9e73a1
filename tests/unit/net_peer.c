/* transports/net, over any transport: how peers meet, part, and are lost for good. */
#include "net_fixture.h"

#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define INCARNATION_AT 4 /* in the address: see core/wire.c */
#define SECRET_AT      12

static struct net_end ends[3];

static uint32_t seen_of(const struct net_end *end, enum weft_net_event_kind kind)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < end->seen_count; i++)
        count += end->seen[i].event.kind == kind;
    return count;
}

Test(net_peer, open__hello_both_ways)
{
    NET_EACH()
    {
        static const enum weft_net_crypto modes[] = {
            WEFT_NET_CRYPTO_FULL, WEFT_NET_CRYPTO_INTEGRITY, WEFT_NET_CRYPTO_OFF};

        for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(modes); i++) {
            net_meet(ends, 2, modes[i]);
            for (uint32_t e = 0; e < 2; e++) {
                const struct net_seen *seen = &ends[e].seen[0];

                cr_assert_eq(ends[e].seen_count, 1);
                cr_assert_eq(seen->event.kind, WEFT_NET_PEER_UP);
                cr_assert_str_eq(seen->bytes, ends[1 - e].hello);
                cr_assert_eq(seen->event.size, ends[1 - e].env.hello_size);
                cr_assert_eq(seen->event.incarnation, ends[1 - e].env.incarnation);
                cr_assert_eq(seen->event.lane_count, 2);
                cr_assert_eq(seen->event.nic_count, 2);
            }
            net_close_end(&ends[0]);
            net_close_end(&ends[1]);
        }
    }
}

Test(net_peer, open__different_numbers_of_nics)
{
    NET_EACH()
    {
        struct weft_net_lane_state state;
        static const uint32_t pairs[5][2] = {{0, 0}, {1, 1}, {2, 0}, {3, 1}, {4, 0}};
        uint32_t peer;

        net_open_end(&ends[0], 1, 5, WEFT_NET_CRYPTO_FULL);
        net_open_end(&ends[1], 2, 2, WEFT_NET_CRYPTO_FULL);
        cr_assert_eq(net_ops->peer_open(ends[1].net, ends[0].address, &peer), weftSuccess);
        (void)net_wait_event(ends, 2, &ends[0], WEFT_NET_PEER_UP, 0);
        (void)net_wait_event(ends, 2, &ends[1], WEFT_NET_PEER_UP, 0);
        cr_assert_eq(ends[1].seen[0].event.lane_count, 5);
        cr_assert_eq(ends[1].seen[0].event.nic_count, 5);
        cr_assert_eq(ends[0].seen[0].event.lane_count, 5);
        cr_assert_eq(ends[0].seen[0].event.nic_count, 2);
        net_wait_lanes(ends, 2, &ends[0], 0, 5);
        for (uint32_t l = 0; l < 5; l++) {
            net_ops->lane_state(ends[0].net, 0, l, &state);
            cr_assert_eq(state.nic, pairs[l][0]);
            cr_assert_eq(state.peer_nic, pairs[l][1]);
        }
        net_close_end(&ends[0]);
        net_close_end(&ends[1]);
    }
}

/* The first lane's own NICs do not meet: it comes up over another pair. */
Test(net_peer, open__only_one_pair_of_nics)
{
    NET_EACH()
    {
        struct weft_net_lane_state state;
        uint32_t peer;

        net_open_end(&ends[0], 1, 2, WEFT_NET_CRYPTO_FULL);
        net_open_end(&ends[1], 2, 2, WEFT_NET_CRYPTO_FULL);
        net_shape(&ends[0], 0, WEFT_NET_SHAPE_CUT);
        net_shape(&ends[1], 1, WEFT_NET_SHAPE_CUT);
        cr_assert_eq(net_ops->peer_open(ends[0].net, ends[1].address, &peer), weftSuccess);
        (void)net_wait_event(ends, 2, &ends[0], WEFT_NET_PEER_UP, 0);
        net_ops->lane_state(ends[0].net, peer, 0, &state);
        cr_assert(state.is_up);
        cr_assert_eq(state.nic, 1);
        cr_assert_eq(state.peer_nic, 0);
        net_import(&ends[0], peer);
        cr_assert_eq(net_copy(&ends[0], 0, 0, 0, 100000, 1), weftSuccess);
        cr_assert_eq(net_wait(ends, 2, &ends[0], 1), weftSuccess);
        net_close_end(&ends[0]);
        net_close_end(&ends[1]);
    }
}

/* Both dial, the second a few turns later: neither sees two. */
Test(net_peer, open__both_dial)
{
    NET_EACH()
    {
        for (uint32_t head_start = 0; head_start < 24; head_start++) {
            uint32_t first = head_start % 2;
            uint32_t numbers[2] = {WEFT_NONE, WEFT_NONE};

            net_open_end(&ends[0], 1, 3, WEFT_NET_CRYPTO_FULL);
            net_open_end(&ends[1], 2, 3, WEFT_NET_CRYPTO_FULL);
            cr_assert_eq(
                net_ops->peer_open(ends[first].net, ends[1 - first].address, &numbers[first]),
                weftSuccess);
            for (uint32_t turn = 0; turn < head_start / 2; turn++)
                net_turn(ends, 2);
            cr_assert_eq(
                net_ops->peer_open(ends[1 - first].net, ends[first].address, &numbers[1 - first]),
                weftSuccess);
            net_wait_lanes(ends, 2, &ends[0], 0, 3);
            net_wait_lanes(ends, 2, &ends[1], 0, 3);
            for (uint32_t e = 0; e < 2; e++) {
                (void)net_wait_event(ends, 2, &ends[e], WEFT_NET_PEER_UP, 0);
                cr_assert_eq(numbers[e], 0);
                cr_assert_eq(seen_of(&ends[e], WEFT_NET_PEER_DOWN), 0);
                for (uint32_t i = 0; i < ends[e].seen_count; i++)
                    cr_assert_eq(ends[e].seen[i].event.peer, 0);
            }
            net_close_end(&ends[0]);
            net_close_end(&ends[1]);
        }
    }
}

Test(net_peer, open__limits_and_nonsense)
{
    NET_EACH()
    {
        uint8_t address[WEFT_NET_ADDRESS_BYTES] = {0};
        uint32_t peer = 77;

        net_open_end(&ends[0], 1, 1, WEFT_NET_CRYPTO_OFF);
        cr_assert_eq(net_ops->peer_open(ends[0].net, address, &peer), weftInvalidArgument);
        memset(address, 0xff, sizeof(address));
        cr_assert_eq(net_ops->peer_open(ends[0].net, address, &peer), weftInvalidArgument);
        cr_assert_eq(net_ops->peer_open(ends[0].net, ends[0].address, &peer), weftInvalidArgument,
                     "itself");
        cr_assert_eq(peer, 77);
        memcpy(address, ends[0].address, sizeof(address));
        for (uint32_t i = 0; i < NET_PEERS; i++) {
            address[INCARNATION_AT]++;
            cr_assert_eq(net_ops->peer_open(ends[0].net, address, &peer), weftSuccess);
            cr_assert_eq(peer, i);
        }
        address[INCARNATION_AT]++;
        cr_assert_eq(net_ops->peer_open(ends[0].net, address, &peer), weftNoResource);
        net_close_end(&ends[0]);
    }
}

Test(net_peer, open__bad_nics)
{
    NET_EACH()
    {
        static const struct {
            const char *address;
            weftResult_t result;
            const char *word;
        } cases[] = {
            {"somewhere", weftInvalidArgument, "somewhere"},
            {"", weftInvalidArgument, "no IPv4"},
            {"203.0.113.7", weftSystemError, "203.0.113.7"},
        };

        for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(cases); i++) {
            struct weft_net_env env = {
                .cookies_max = 1, .windows_max = 1, .peers_max = 1, .silence_ns = 1000000};
            struct weft_net_nic nic = {""};
            struct weft_net *net = NULL;
            char why[256] = "";

            strncpy(nic.address, cases[i].address, sizeof(nic.address) - 1);
            cr_expect_eq(net_ops->open(&env, &nic, 1, &net, why), cases[i].result);
            cr_expect_not_null(strstr(why, cases[i].word), "%s", why);
            cr_expect_null(net);
            cr_expect_eq(net_ops->open(&env, &nic, 0, &net, why), weftInvalidArgument);
        }
    }
}

/* What the system does not give is named. */
Test(net_peer, open__no_descriptor_left)
{
    NET_EACH()
    {
        struct weft_net_nic nic = {"127.0.0.1"};
        struct rlimit limit = {0};
        struct weft_net *net = NULL;
        char why[256] = "";
        int lowest = dup(0);

        net_open_end(&ends[0], 1, 1, WEFT_NET_CRYPTO_OFF);
        net_close_end(&ends[0]);
        cr_assert_geq(lowest, 0);
        (void)close(lowest);
        cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
        limit.rlim_cur = (rlim_t)lowest;
        cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
        cr_assert_eq(net_ops->open(&ends[0].env, &nic, 1, &net, why), weftSystemError);
        cr_assert_not_null(strstr(why, "no epoll set: Too many open files"), "%s", why);
        limit.rlim_cur = limit.rlim_max;
        cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    }
}

/* ---- the end ---- */

Test(net_peer, close__the_other_side_knows)
{
    NET_EACH()
    {
        const struct net_seen *seen;

        net_meet(ends, 2, WEFT_NET_CRYPTO_FULL);
        net_ops->peer_close(ends[1].net, 0);
        seen = net_wait_event(ends, 2, &ends[0], WEFT_NET_PEER_DOWN, 0);
        cr_assert(seen->event.is_gone);
        cr_assert(seen->event.is_orderly);
        cr_assert_not_null(strstr(seen->why, "closed"), "%s", seen->why);
        cr_assert_eq(net_copy(&ends[0], 0, 0, 0, 1, 0), weftRemoteError);
        cr_assert_eq(net_ops->send(ends[0].net, 0, "x", 1), weftRemoteError);
        net_close_end(&ends[0]);
        net_close_end(&ends[1]);
    }
}

Test(net_peer, close__and_open_again)
{
    NET_EACH()
    {
        uint32_t peer = WEFT_NONE;
        uint32_t from;

        net_meet(ends, 2, WEFT_NET_CRYPTO_FULL);
        for (uint32_t round = 0; round < 3; round++) {
            for (uint32_t e = 0; e < 2; e++)
                net_ops->forget(ends[e].net, NET_THEIRS);
            net_ops->peer_close(ends[0].net, 0);
            (void)net_wait_event(ends, 2, &ends[1], WEFT_NET_PEER_DOWN, 0);
            ends[1].seen_count = 0;
            from = ends[0].seen_count;
            cr_assert_eq(net_ops->peer_open(ends[0].net, ends[1].address, &peer), weftSuccess);
            /* The other side still holds the old one. */
            for (uint32_t turn = 0; turn < 50; turn++)
                net_turn(ends, 2);
            net_ops->peer_close(ends[1].net, 0);
            (void)net_wait_event(ends, 2, &ends[0], WEFT_NET_PEER_UP, from);
            (void)net_wait_event(ends, 2, &ends[1], WEFT_NET_PEER_UP, 0);
            net_import(&ends[0], peer);
            net_import(&ends[1], 0);
            cr_assert_eq(net_copy(&ends[0], 0, 0, 0, 1000, 0), weftSuccess);
            cr_assert_eq(net_wait(ends, 2, &ends[0], 0), weftSuccess);
        }
        net_close_end(&ends[0]);
        net_close_end(&ends[1]);
    }
}

Test(net_peer, close__with_copies_out)
{
    NET_EACH()
    {
        net_meet(ends, 1, WEFT_NET_CRYPTO_OFF);
        for (uint32_t i = 0; i < 8; i++)
            cr_assert_eq(net_copy(&ends[0], 0, 0, 0, NET_BYTES, i), weftSuccess);
        net_turn(ends, 2);
        net_ops->peer_close(ends[0].net, 0);
        for (uint32_t i = 0; i < 8; i++)
            cr_assert_eq(net_wait(ends, 2, &ends[0], i), weftUnknown);
        net_close_end(&ends[0]);
        net_close_end(&ends[1]);
    }
}

/* Another process has the address now. */
Test(net_peer, gone__another_answers)
{
    NET_EACH()
    {
        const struct net_seen *seen;
        uint32_t peer;

        net_open_end(&ends[0], 1, 1, WEFT_NET_CRYPTO_FULL);
        net_open_end(&ends[1], 2, 1, WEFT_NET_CRYPTO_FULL);
        ends[1].address[INCARNATION_AT] ^= 1;
        cr_assert_eq(net_ops->peer_open(ends[0].net, ends[1].address, &peer), weftSuccess);
        seen = net_wait_event(ends, 2, &ends[0], WEFT_NET_PEER_DOWN, 0);
        cr_assert(seen->event.is_gone);
        cr_assert_not(seen->event.is_orderly);
        cr_assert_not_null(strstr(seen->why, "another process"), "%s", seen->why);
        cr_assert_eq(seen_of(&ends[1], WEFT_NET_PEER_UP), 0);
        net_close_end(&ends[0]);
        net_close_end(&ends[1]);
    }
}

Test(net_peer, open__wrong_secret)
{
    NET_EACH()
    {
        const struct net_seen *seen;
        struct weft_net_counts counts;
        uint32_t peer;

        net_open_end(&ends[0], 1, 1, WEFT_NET_CRYPTO_OFF);
        net_open_end(&ends[1], 2, 1, WEFT_NET_CRYPTO_OFF);
        ends[1].address[SECRET_AT] ^= 1;
        cr_assert_eq(net_ops->peer_open(ends[0].net, ends[1].address, &peer), weftSuccess);
        seen = net_wait_event(ends, 2, &ends[0], WEFT_NET_PEER_DOWN, 0);
        cr_assert_not(seen->event.is_gone);
        cr_assert_not_null(strstr(seen->why, "secret"), "%s", seen->why);
        net_ops->counts(ends[1].net, &counts);
        cr_assert_gt(counts.wrong_secrets, 0);
        cr_assert_eq(ends[1].seen_count, 0);
        net_close_end(&ends[0]);
        net_close_end(&ends[1]);
    }
}

Test(net_peer, open__another_crypto_mode)
{
    NET_EACH()
    {
        uint32_t peer;

        net_open_end(&ends[0], 1, 1, WEFT_NET_CRYPTO_OFF);
        net_open_end(&ends[1], 2, 1, WEFT_NET_CRYPTO_FULL);
        cr_assert_eq(net_ops->peer_open(ends[0].net, ends[1].address, &peer), weftSuccess);
        (void)net_wait_event(ends, 2, &ends[0], WEFT_NET_PEER_DOWN, 0);
        cr_assert_eq(ends[1].seen_count, 0);
        net_close_end(&ends[0]);
        net_close_end(&ends[1]);
    }
}

Test(net_peer, open__nobody_listens)
{
    NET_EACH()
    {
        const struct net_seen *seen;
        uint32_t peer;

        net_open_end(&ends[0], 1, 1, WEFT_NET_CRYPTO_FULL);
        net_open_end(&ends[1], 2, 3, WEFT_NET_CRYPTO_FULL);
        net_close_end(&ends[1]);
        cr_assert_eq(net_ops->peer_open(ends[0].net, ends[1].address, &peer), weftSuccess);
        seen = net_wait_event(ends, 1, &ends[0], WEFT_NET_PEER_DOWN, 0);
        cr_assert(seen->event.is_gone);
        cr_assert_not(seen->event.is_orderly);
        cr_assert_not_null(strstr(seen->why, "refuse"), "%s", seen->why);
        net_close_end(&ends[0]);
    }
}

Test(net_peer, open__over_ipv6)
{
    NET_EACH()
    {
        struct weft_net_env env = {
            .cookies_max = 1, .windows_max = 1, .peers_max = 1, .silence_ns = 1000000};
        struct weft_net_nic nics[7];
        struct weft_net *net = NULL;
        char why[256] = "";
        uint32_t peer;

        for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(nics); i++)
            memcpy(nics[i].address, "::1", 4);
        if (net_ops->open(&env, nics, 1, &net, why) != weftSuccess)
            cr_skip("no ::1 here: %s", why);
        net_ops->close(net);
        cr_assert_eq(net_ops->open(&env, nics, 7, &net, why), weftInvalidArgument);
        cr_assert_not_null(strstr(why, "6 of IPv6"), "%s", why);
        net_open_end(&ends[0], 0, 2, WEFT_NET_CRYPTO_FULL);
        net_open_end(&ends[1], 0, 2, WEFT_NET_CRYPTO_FULL);
        cr_assert_eq(net_ops->peer_open(ends[0].net, ends[1].address, &peer), weftSuccess);
        net_wait_lanes(ends, 2, &ends[0], 0, 2);
        net_import(&ends[0], 0);
        cr_assert_eq(net_copy(&ends[0], 1, 0, 0, 100000, 1), weftSuccess);
        cr_assert_eq(net_wait(ends, 2, &ends[0], 1), weftSuccess);
        net_close_end(&ends[0]);
        net_close_end(&ends[1]);
    }
}

/* Who was dialled opens the peer, too: the same number, and its hello again. */
Test(net_peer, open__who_is_known)
{
    NET_EACH()
    {
        uint32_t peer = WEFT_NONE;

        net_meet(ends, 2, WEFT_NET_CRYPTO_OFF);
        cr_assert_eq(ends[1].seen_count, 1);
        cr_assert_eq(net_ops->peer_open(ends[1].net, ends[0].address, &peer), weftSuccess);
        cr_assert_eq(peer, 0);
        NET_WHILE(ends, 2, ends[1].seen_count < 2);
        cr_assert_eq(ends[1].seen[1].event.kind, WEFT_NET_PEER_UP);
        cr_assert_str_eq(ends[1].seen[1].bytes, ends[0].hello);
        net_close_end(&ends[0]);
        net_close_end(&ends[1]);
    }
}

/* Three nets that all know each other. */
Test(net_peer, open__three)
{
    NET_EACH()
    {
        uint32_t numbers[3][3];

        for (uint32_t e = 0; e < 3; e++)
            net_open_end(&ends[e], e + 1, 2, WEFT_NET_CRYPTO_FULL);
        for (uint32_t e = 0; e < 3; e++)
            for (uint32_t o = 0; o < 3; o++)
                if (o != e)
                    cr_assert_eq(net_ops->peer_open(ends[e].net, ends[o].address, &numbers[e][o]),
                                 weftSuccess);
        for (uint32_t e = 0; e < 3; e++)
            for (uint32_t o = 0; o < 3; o++)
                if (o != e)
                    net_wait_lanes(ends, 3, &ends[e], numbers[e][o], 2);
        for (uint32_t e = 0; e < 3; e++) {
            net_fill(ends[e].memory, 1000, e);
            net_import(&ends[e], numbers[e][(e + 1) % 3]);
            cr_assert_eq(net_copy(&ends[e], 1, 5000, 0, 1000, 9), weftSuccess);
        }
        for (uint32_t e = 0; e < 3; e++) {
            cr_assert_eq(net_wait(ends, 3, &ends[e], 9), weftSuccess);
            cr_assert_eq(memcmp(ends[(e + 1) % 3].memory + 5000, ends[e].memory, 1000), 0);
        }
        for (uint32_t e = 0; e < 3; e++)
            net_close_end(&ends[e]);
    }
}
