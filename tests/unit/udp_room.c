/* transports/udp: what the sockets hold, divided. */
#include "net_fixture.h"

#include "core/mp_tables.h"
#include "udp/udp_net.h"

#define SERVERS 4 /* the first hears all others */
#define LARGE   WEFT_MIB(1)
#define SMALL   WEFT_KIB(256) /* all of it is sent unasked */
#define SHARE   WEFT_MIB(6)   /* of one that is alone */

static struct net_end ends[SERVERS];

static struct weft_udp_session *session_of(uint32_t peer)
{
    return weft_udp_peer_at(weft_udp_net_of(ends[0].net), peer)->session;
}

/* What the first lets a peer have on the way to it. */
static uint64_t room_of(uint32_t peer)
{
    return session_of(peer)->mp->inbox.room_bytes;
}

static struct weft_udp_net *meet_all(void)
{
    struct weft_udp_net *net;

    net_ops = &weft_udp_net;
    net_silence_ns = 60000000000;
    for (uint32_t i = 0; i < SERVERS; i++)
        net_open_end(&ends[i], 1 + i, 1, WEFT_NET_CRYPTO_OFF);
    net = weft_udp_net_of(ends[0].net);
    net->room_bytes = SHARE;
    for (uint32_t i = 1; i < SERVERS; i++) {
        uint32_t from = ends[0].seen_count;
        uint32_t peer = WEFT_NONE;

        cr_assert_eq(net_ops->peer_open(ends[0].net, ends[i].address, &peer), weftSuccess);
        cr_assert_eq(peer, i - 1);
        (void)net_wait_event(ends, SERVERS, &ends[0], WEFT_NET_PEER_UP, from);
        (void)net_wait_event(ends, SERVERS, &ends[i], WEFT_NET_PEER_UP, 0);
    }
    return net;
}

static void close_all(void)
{
    for (uint32_t i = 0; i < SERVERS; i++)
        net_close_end(&ends[i]);
}

/* Each with all of it would fill the sockets as often as there are peers. */
Test(udp_room, fill__divides_among_those_that_bring_much)
{
    struct weft_udp_net *net = meet_all();

    weft_udp_room_fill(net, session_of(0), LARGE);
    cr_expect_eq(room_of(0), SHARE);
    weft_udp_room_fill(net, session_of(1), SMALL);
    cr_expect_eq(room_of(0), SHARE, "what comes unasked takes no share");
    weft_udp_room_fill(net, session_of(1), LARGE);
    cr_expect_eq(room_of(0), SHARE / 2);
    cr_expect_eq(room_of(1), SHARE / 2);
    weft_udp_room_fill(net, session_of(2), LARGE);
    for (uint32_t i = 0; i < SERVERS - 1; i++)
        cr_expect_eq(room_of(i), SHARE / 3, "peer %u", i);
    net_ops->peer_close(ends[0].net, 1);
    cr_expect_eq(room_of(0), SHARE / 2);
    cr_expect_eq(room_of(2), SHARE / 2);
    close_all();
}

/* One that has brought nothing for 10 ms gives its share back. */
Test(udp_room, tick__what_is_idle_has_no_share)
{
    struct weft_udp_net *net = meet_all();
    weft_ns began_at = net->end.now;

    weft_udp_room_fill(net, session_of(0), LARGE);
    net->end.now = began_at + 6000000;
    weft_udp_room_fill(net, session_of(1), LARGE);
    net->end.now = began_at + 9999999;
    weft_udp_room_tick(net, session_of(0));
    cr_expect_eq(room_of(1), SHARE / 2);
    net->end.now = began_at + 10000000;
    weft_udp_room_tick(net, session_of(0));
    weft_udp_room_tick(net, session_of(1));
    cr_expect_eq(room_of(1), SHARE);
    close_all();
}

/* A copy that needs leave takes a share when it comes. */
Test(udp_room, fill__by_what_comes)
{
    (void)meet_all();
    net_import(&ends[1], 0);
    cr_expect_eq(session_of(0)->fills_until, 0);
    net_copy_surely(ends, SERVERS, &ends[1], 0, 0, 0, LARGE, 0);
    NET_WHILE(ends, SERVERS, session_of(0)->fills_until == 0);
    cr_assert_eq(net_wait(ends, SERVERS, &ends[1], 0), weftSuccess);
    close_all();
}
