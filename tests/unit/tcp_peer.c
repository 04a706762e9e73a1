/* transports/tcp: how peers meet, part, and are lost for good. */
#include "tcp_fixture.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define INCARNATION_AT 4 /* in the address: see core/wire.c */
#define SECRET_AT      12

static struct tcp_end ends[3];

static uint32_t seen_of(const struct tcp_end *end, enum weft_net_event_kind kind)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < end->seen_count; i++)
        count += end->seen[i].event.kind == kind;
    return count;
}

Test(tcp_peer, open__hello_both_ways)
{
    static const enum weft_net_crypto modes[] = {WEFT_NET_CRYPTO_FULL, WEFT_NET_CRYPTO_INTEGRITY,
                                                 WEFT_NET_CRYPTO_OFF};

    for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(modes); i++) {
        tcp_meet(ends, 2, modes[i]);
        for (uint32_t e = 0; e < 2; e++) {
            const struct tcp_seen *seen = &ends[e].seen[0];

            cr_assert_eq(ends[e].seen_count, 1);
            cr_assert_eq(seen->event.kind, WEFT_NET_PEER_UP);
            cr_assert_str_eq(seen->bytes, ends[1 - e].hello);
            cr_assert_eq(seen->event.size, ends[1 - e].env.hello_size);
            cr_assert_eq(seen->event.incarnation, ends[1 - e].env.incarnation);
            cr_assert_eq(seen->event.lane_count, 2);
            cr_assert_eq(seen->event.nic_count, 2);
        }
        tcp_close_end(&ends[0]);
        tcp_close_end(&ends[1]);
    }
}

Test(tcp_peer, open__different_numbers_of_nics)
{
    struct weft_net_lane_state state;
    static const uint32_t pairs[5][2] = {{0, 0}, {1, 1}, {2, 0}, {3, 1}, {4, 0}};
    uint32_t peer;

    tcp_open_end(&ends[0], 1, 5, WEFT_NET_CRYPTO_FULL);
    tcp_open_end(&ends[1], 2, 2, WEFT_NET_CRYPTO_FULL);
    cr_assert_eq(weft_tcp_net.peer_open(ends[1].net, ends[0].address, &peer), weftSuccess);
    (void)tcp_wait_event(ends, 2, &ends[0], WEFT_NET_PEER_UP, 0);
    (void)tcp_wait_event(ends, 2, &ends[1], WEFT_NET_PEER_UP, 0);
    cr_assert_eq(ends[1].seen[0].event.lane_count, 5);
    cr_assert_eq(ends[1].seen[0].event.nic_count, 5);
    cr_assert_eq(ends[0].seen[0].event.lane_count, 5);
    cr_assert_eq(ends[0].seen[0].event.nic_count, 2);
    tcp_wait_lanes(ends, 2, &ends[0], 0, 5);
    for (uint32_t l = 0; l < 5; l++) {
        weft_tcp_net.lane_state(ends[0].net, 0, l, &state);
        cr_assert_eq(state.nic, pairs[l][0]);
        cr_assert_eq(state.peer_nic, pairs[l][1]);
    }
    tcp_close_end(&ends[0]);
    tcp_close_end(&ends[1]);
}

/* The first lane's own NICs do not meet: it comes up over another pair. */
Test(tcp_peer, open__only_one_pair_of_nics)
{
    struct weft_net_lane_state state;
    uint32_t peer;

    tcp_open_end(&ends[0], 1, 2, WEFT_NET_CRYPTO_FULL);
    tcp_open_end(&ends[1], 2, 2, WEFT_NET_CRYPTO_FULL);
    tcp_shape(&ends[0], 0, WEFT_NET_SHAPE_CUT);
    tcp_shape(&ends[1], 1, WEFT_NET_SHAPE_CUT);
    cr_assert_eq(weft_tcp_net.peer_open(ends[0].net, ends[1].address, &peer), weftSuccess);
    (void)tcp_wait_event(ends, 2, &ends[0], WEFT_NET_PEER_UP, 0);
    weft_tcp_net.lane_state(ends[0].net, peer, 0, &state);
    cr_assert(state.is_up);
    cr_assert_eq(state.nic, 1);
    cr_assert_eq(state.peer_nic, 0);
    tcp_import(&ends[0], peer);
    cr_assert_eq(tcp_copy(&ends[0], 0, 0, 0, 100000, 1), weftSuccess);
    cr_assert_eq(tcp_wait(ends, 2, &ends[0], 1), weftSuccess);
    tcp_close_end(&ends[0]);
    tcp_close_end(&ends[1]);
}

/* Both dial, the second a few turns later: neither sees two. */
Test(tcp_peer, open__both_dial)
{
    for (uint32_t head_start = 0; head_start < 24; head_start++) {
        uint32_t first = head_start % 2;
        uint32_t numbers[2] = {WEFT_NONE, WEFT_NONE};

        tcp_open_end(&ends[0], 1, 3, WEFT_NET_CRYPTO_FULL);
        tcp_open_end(&ends[1], 2, 3, WEFT_NET_CRYPTO_FULL);
        cr_assert_eq(
            weft_tcp_net.peer_open(ends[first].net, ends[1 - first].address, &numbers[first]),
            weftSuccess);
        for (uint32_t turn = 0; turn < head_start / 2; turn++)
            tcp_turn(ends, 2);
        cr_assert_eq(
            weft_tcp_net.peer_open(ends[1 - first].net, ends[first].address, &numbers[1 - first]),
            weftSuccess);
        tcp_wait_lanes(ends, 2, &ends[0], 0, 3);
        tcp_wait_lanes(ends, 2, &ends[1], 0, 3);
        for (uint32_t e = 0; e < 2; e++) {
            (void)tcp_wait_event(ends, 2, &ends[e], WEFT_NET_PEER_UP, 0);
            cr_assert_eq(numbers[e], 0);
            cr_assert_eq(seen_of(&ends[e], WEFT_NET_PEER_DOWN), 0);
            for (uint32_t i = 0; i < ends[e].seen_count; i++)
                cr_assert_eq(ends[e].seen[i].event.peer, 0);
        }
        tcp_close_end(&ends[0]);
        tcp_close_end(&ends[1]);
    }
}

Test(tcp_peer, open__limits_and_nonsense)
{
    uint8_t address[WEFT_NET_ADDRESS_BYTES] = {0};
    uint32_t peer = 77;

    tcp_open_end(&ends[0], 1, 1, WEFT_NET_CRYPTO_OFF);
    cr_assert_eq(weft_tcp_net.peer_open(ends[0].net, address, &peer), weftInvalidArgument);
    memset(address, 0xff, sizeof(address));
    cr_assert_eq(weft_tcp_net.peer_open(ends[0].net, address, &peer), weftInvalidArgument);
    cr_assert_eq(weft_tcp_net.peer_open(ends[0].net, ends[0].address, &peer), weftInvalidArgument,
                 "itself");
    cr_assert_eq(peer, 77);
    memcpy(address, ends[0].address, sizeof(address));
    for (uint32_t i = 0; i < TCP_PEERS; i++) {
        address[INCARNATION_AT]++;
        cr_assert_eq(weft_tcp_net.peer_open(ends[0].net, address, &peer), weftSuccess);
        cr_assert_eq(peer, i);
    }
    address[INCARNATION_AT]++;
    cr_assert_eq(weft_tcp_net.peer_open(ends[0].net, address, &peer), weftNoResource);
    tcp_close_end(&ends[0]);
}

Test(tcp_peer, open__bad_nics)
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
        cr_expect_eq(weft_tcp_net.open(&env, &nic, 1, &net, why), cases[i].result);
        cr_expect_not_null(strstr(why, cases[i].word), "%s", why);
        cr_expect_null(net);
        cr_expect_eq(weft_tcp_net.open(&env, &nic, 0, &net, why), weftInvalidArgument);
    }
}

/* ---- the end ---- */

Test(tcp_peer, close__the_other_side_knows)
{
    const struct tcp_seen *seen;

    tcp_meet(ends, 2, WEFT_NET_CRYPTO_FULL);
    weft_tcp_net.peer_close(ends[1].net, 0);
    seen = tcp_wait_event(ends, 2, &ends[0], WEFT_NET_PEER_DOWN, 0);
    cr_assert(seen->event.is_gone);
    cr_assert_not_null(strstr(seen->why, "closed"), "%s", seen->why);
    cr_assert_eq(tcp_copy(&ends[0], 0, 0, 0, 1, 0), weftRemoteError);
    cr_assert_eq(weft_tcp_net.send(ends[0].net, 0, "x", 1), weftRemoteError);
    tcp_close_end(&ends[0]);
    tcp_close_end(&ends[1]);
}

Test(tcp_peer, close__and_open_again)
{
    uint32_t peer = WEFT_NONE;
    uint32_t from;

    tcp_meet(ends, 2, WEFT_NET_CRYPTO_FULL);
    for (uint32_t round = 0; round < 3; round++) {
        for (uint32_t e = 0; e < 2; e++)
            weft_tcp_net.forget(ends[e].net, TCP_THEIRS);
        weft_tcp_net.peer_close(ends[0].net, 0);
        (void)tcp_wait_event(ends, 2, &ends[1], WEFT_NET_PEER_DOWN, 0);
        ends[1].seen_count = 0;
        from = ends[0].seen_count;
        cr_assert_eq(weft_tcp_net.peer_open(ends[0].net, ends[1].address, &peer), weftSuccess);
        /* The other side still holds the old one. */
        for (uint32_t turn = 0; turn < 50; turn++)
            tcp_turn(ends, 2);
        weft_tcp_net.peer_close(ends[1].net, 0);
        (void)tcp_wait_event(ends, 2, &ends[0], WEFT_NET_PEER_UP, from);
        (void)tcp_wait_event(ends, 2, &ends[1], WEFT_NET_PEER_UP, 0);
        tcp_import(&ends[0], peer);
        tcp_import(&ends[1], 0);
        cr_assert_eq(tcp_copy(&ends[0], 0, 0, 0, 1000, 0), weftSuccess);
        cr_assert_eq(tcp_wait(ends, 2, &ends[0], 0), weftSuccess);
    }
    tcp_close_end(&ends[0]);
    tcp_close_end(&ends[1]);
}

Test(tcp_peer, close__with_copies_out)
{
    tcp_meet(ends, 1, WEFT_NET_CRYPTO_OFF);
    for (uint32_t i = 0; i < 8; i++)
        cr_assert_eq(tcp_copy(&ends[0], 0, 0, 0, TCP_BYTES, i), weftSuccess);
    tcp_turn(ends, 2);
    weft_tcp_net.peer_close(ends[0].net, 0);
    for (uint32_t i = 0; i < 8; i++)
        cr_assert_eq(tcp_wait(ends, 2, &ends[0], i), weftUnknown);
    tcp_close_end(&ends[0]);
    tcp_close_end(&ends[1]);
}

/* A process that is killed: the child tells its address, and lives until then. */
static pid_t child_start(uint8_t address[WEFT_NET_ADDRESS_BYTES])
{
    int tell[2];
    pid_t child;

    cr_assert_eq(pipe(tell), 0);
    child = fork();
    cr_assert_geq(child, 0);
    if (child == 0) {
        tcp_open_end(&ends[1], 2, 2, WEFT_NET_CRYPTO_FULL);
        if (write(tell[1], ends[1].address, WEFT_NET_ADDRESS_BYTES) != WEFT_NET_ADDRESS_BYTES)
            _exit(1);
        for (;;)
            tcp_turn(&ends[1], 1);
    }
    cr_assert_eq(read(tell[0], address, WEFT_NET_ADDRESS_BYTES), WEFT_NET_ADDRESS_BYTES);
    close(tell[0]);
    close(tell[1]);
    return child;
}

Test(tcp_peer, gone__process_killed)
{
    uint8_t address[WEFT_NET_ADDRESS_BYTES];
    const struct tcp_seen *seen;
    pid_t child = child_start(address);
    uint32_t peer;

    tcp_open_end(&ends[0], 1, 2, WEFT_NET_CRYPTO_FULL);
    cr_assert_eq(weft_tcp_net.peer_open(ends[0].net, address, &peer), weftSuccess);
    (void)tcp_wait_event(ends, 1, &ends[0], WEFT_NET_PEER_UP, 0);
    tcp_import(&ends[0], peer);
    tcp_wait_lanes(ends, 1, &ends[0], 0, 2);
    cr_assert_eq(kill(child, SIGSTOP), 0);
    for (uint32_t i = 0; i < 20; i++)
        cr_assert_eq(tcp_copy(&ends[0], i % 2, 0, 0, TCP_BYTES, i), weftSuccess);
    cr_assert_eq(weft_tcp_net.store(ends[0].net, TCP_THEIRS, 0, 1, weftSignalAdd, 20), weftSuccess);
    for (uint32_t turn = 0; turn < 100; turn++)
        tcp_turn(ends, 1);
    cr_assert_eq(ends[0].ended_count, 0);
    cr_assert_eq(kill(child, SIGKILL), 0);
    cr_assert_eq(waitpid(child, NULL, 0), child);
    seen = tcp_wait_event(ends, 1, &ends[0], WEFT_NET_PEER_DOWN, 0);
    cr_assert(seen->event.is_gone, "%s", seen->why);
    cr_assert_not_null(strstr(seen->why, "refuse"), "%s", seen->why);
    for (uint32_t i = 0; i <= 20; i++)
        cr_assert_eq(tcp_wait(ends, 1, &ends[0], i), weftRemoteError);
    weft_tcp_net.peer_close(ends[0].net, peer);
    tcp_close_end(&ends[0]);
}

/* The same when the one that is killed has dialled. */
Test(tcp_peer, gone__dialler_killed)
{
    static const enum weft_net_crypto modes[] = {WEFT_NET_CRYPTO_FULL, WEFT_NET_CRYPTO_OFF};

    for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(modes); i++) {
        pid_t child;
        uint32_t peer;

        tcp_open_end(&ends[0], 1, 2, modes[i]);
        child = fork();
        cr_assert_geq(child, 0);
        if (child == 0) {
            tcp_open_end(&ends[1], 2, 2, modes[i]);
            if (weft_tcp_net.peer_open(ends[1].net, ends[0].address, &peer) != weftSuccess)
                _exit(1);
            for (;;)
                tcp_turn(&ends[1], 1);
        }
        (void)tcp_wait_event(ends, 1, &ends[0], WEFT_NET_PEER_UP, 0);
        tcp_wait_lanes(ends, 1, &ends[0], 0, 2);
        cr_assert_eq(kill(child, SIGKILL), 0);
        cr_assert_eq(waitpid(child, NULL, 0), child);
        cr_assert(tcp_wait_event(ends, 1, &ends[0], WEFT_NET_PEER_DOWN, 0)->event.is_gone);
        tcp_close_end(&ends[0]);
    }
}

/* Another process has the address now. */
Test(tcp_peer, gone__another_answers)
{
    const struct tcp_seen *seen;
    uint32_t peer;

    tcp_open_end(&ends[0], 1, 1, WEFT_NET_CRYPTO_FULL);
    tcp_open_end(&ends[1], 2, 1, WEFT_NET_CRYPTO_FULL);
    ends[1].address[INCARNATION_AT] ^= 1;
    cr_assert_eq(weft_tcp_net.peer_open(ends[0].net, ends[1].address, &peer), weftSuccess);
    seen = tcp_wait_event(ends, 2, &ends[0], WEFT_NET_PEER_DOWN, 0);
    cr_assert(seen->event.is_gone);
    cr_assert_not_null(strstr(seen->why, "another process"), "%s", seen->why);
    cr_assert_eq(seen_of(&ends[1], WEFT_NET_PEER_UP), 0);
    tcp_close_end(&ends[0]);
    tcp_close_end(&ends[1]);
}

Test(tcp_peer, open__wrong_secret)
{
    const struct tcp_seen *seen;
    struct weft_net_counts counts;
    uint32_t peer;

    tcp_open_end(&ends[0], 1, 1, WEFT_NET_CRYPTO_OFF);
    tcp_open_end(&ends[1], 2, 1, WEFT_NET_CRYPTO_OFF);
    ends[1].address[SECRET_AT] ^= 1;
    cr_assert_eq(weft_tcp_net.peer_open(ends[0].net, ends[1].address, &peer), weftSuccess);
    seen = tcp_wait_event(ends, 2, &ends[0], WEFT_NET_PEER_DOWN, 0);
    cr_assert_not(seen->event.is_gone);
    cr_assert_not_null(strstr(seen->why, "secret"), "%s", seen->why);
    weft_tcp_net.counts(ends[1].net, &counts);
    cr_assert_gt(counts.wrong_secrets, 0);
    cr_assert_eq(ends[1].seen_count, 0);
    tcp_close_end(&ends[0]);
    tcp_close_end(&ends[1]);
}

Test(tcp_peer, open__another_crypto_mode)
{
    uint32_t peer;

    tcp_open_end(&ends[0], 1, 1, WEFT_NET_CRYPTO_OFF);
    tcp_open_end(&ends[1], 2, 1, WEFT_NET_CRYPTO_FULL);
    cr_assert_eq(weft_tcp_net.peer_open(ends[0].net, ends[1].address, &peer), weftSuccess);
    (void)tcp_wait_event(ends, 2, &ends[0], WEFT_NET_PEER_DOWN, 0);
    cr_assert_eq(ends[1].seen_count, 0);
    tcp_close_end(&ends[0]);
    tcp_close_end(&ends[1]);
}

Test(tcp_peer, open__nobody_listens)
{
    const struct tcp_seen *seen;
    uint32_t peer;

    tcp_open_end(&ends[0], 1, 1, WEFT_NET_CRYPTO_FULL);
    tcp_open_end(&ends[1], 2, 3, WEFT_NET_CRYPTO_FULL);
    tcp_close_end(&ends[1]);
    cr_assert_eq(weft_tcp_net.peer_open(ends[0].net, ends[1].address, &peer), weftSuccess);
    seen = tcp_wait_event(ends, 1, &ends[0], WEFT_NET_PEER_DOWN, 0);
    cr_assert(seen->event.is_gone);
    cr_assert_not_null(strstr(seen->why, "refuse"), "%s", seen->why);
    tcp_close_end(&ends[0]);
}

Test(tcp_peer, open__over_ipv6)
{
    struct weft_net_env env = {
        .cookies_max = 1, .windows_max = 1, .peers_max = 1, .silence_ns = 1000000};
    struct weft_net_nic nics[7];
    struct weft_net *net = NULL;
    char why[256] = "";
    uint32_t peer;

    for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(nics); i++)
        memcpy(nics[i].address, "::1", 4);
    if (weft_tcp_net.open(&env, nics, 1, &net, why) != weftSuccess)
        cr_skip("no ::1 here: %s", why);
    weft_tcp_net.close(net);
    cr_assert_eq(weft_tcp_net.open(&env, nics, 7, &net, why), weftInvalidArgument);
    cr_assert_not_null(strstr(why, "6 of IPv6"), "%s", why);
    tcp_open_end(&ends[0], 0, 2, WEFT_NET_CRYPTO_FULL);
    tcp_open_end(&ends[1], 0, 2, WEFT_NET_CRYPTO_FULL);
    cr_assert_eq(weft_tcp_net.peer_open(ends[0].net, ends[1].address, &peer), weftSuccess);
    tcp_wait_lanes(ends, 2, &ends[0], 0, 2);
    tcp_import(&ends[0], 0);
    cr_assert_eq(tcp_copy(&ends[0], 1, 0, 0, 100000, 1), weftSuccess);
    cr_assert_eq(tcp_wait(ends, 2, &ends[0], 1), weftSuccess);
    tcp_close_end(&ends[0]);
    tcp_close_end(&ends[1]);
}

/* Who was dialled opens the peer, too: the same number, and its hello again. */
Test(tcp_peer, open__who_is_known)
{
    uint32_t peer = WEFT_NONE;

    tcp_meet(ends, 2, WEFT_NET_CRYPTO_OFF);
    cr_assert_eq(ends[1].seen_count, 1);
    cr_assert_eq(weft_tcp_net.peer_open(ends[1].net, ends[0].address, &peer), weftSuccess);
    cr_assert_eq(peer, 0);
    TCP_WHILE(ends, 2, ends[1].seen_count < 2);
    cr_assert_eq(ends[1].seen[1].event.kind, WEFT_NET_PEER_UP);
    cr_assert_str_eq(ends[1].seen[1].bytes, ends[0].hello);
    tcp_close_end(&ends[0]);
    tcp_close_end(&ends[1]);
}

/* Three nets that all know each other. */
Test(tcp_peer, open__three)
{
    uint32_t numbers[3][3];

    for (uint32_t e = 0; e < 3; e++)
        tcp_open_end(&ends[e], e + 1, 2, WEFT_NET_CRYPTO_FULL);
    for (uint32_t e = 0; e < 3; e++)
        for (uint32_t o = 0; o < 3; o++)
            if (o != e)
                cr_assert_eq(weft_tcp_net.peer_open(ends[e].net, ends[o].address, &numbers[e][o]),
                             weftSuccess);
    for (uint32_t e = 0; e < 3; e++)
        for (uint32_t o = 0; o < 3; o++)
            if (o != e)
                tcp_wait_lanes(ends, 3, &ends[e], numbers[e][o], 2);
    for (uint32_t e = 0; e < 3; e++) {
        tcp_fill(ends[e].memory, 1000, e);
        tcp_import(&ends[e], numbers[e][(e + 1) % 3]);
        cr_assert_eq(tcp_copy(&ends[e], 1, 5000, 0, 1000, 9), weftSuccess);
    }
    for (uint32_t e = 0; e < 3; e++) {
        cr_assert_eq(tcp_wait(ends, 3, &ends[e], 9), weftSuccess);
        cr_assert_eq(memcmp(ends[(e + 1) % 3].memory + 5000, ends[e].memory, 1000), 0);
    }
    for (uint32_t e = 0; e < 3; e++)
        tcp_close_end(&ends[e]);
}
