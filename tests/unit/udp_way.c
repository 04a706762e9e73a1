/* transports/udp: sockets of ways that could not be opened when two met. */
#include <string.h>

#include "net_fixture.h"

#include "udp/udp_net.h"

#define LANES     2
#define LATE      1 /* the NIC whose address is not there at first, and the lane */
#define COPY      WEFT_KIB(512)
#define FAR_FIRST 192 /* 192.0.2.1 is nobody's (RFC 5737) */

static struct net_end ends[2];

/* The address of a NIC that this machine has not, for now. */
static struct weft_wire_nic address_take(struct net_end *end, uint32_t nic)
{
    struct weft_wire_nic *local = &weft_udp_net_of(end->net)->nics[nic].local;
    struct weft_wire_nic was = *local;

    memcpy(local->ip, (const uint8_t[4]){FAR_FIRST, 0, 2, 1}, 4);
    return was;
}

static void address_give(struct net_end *end, uint32_t nic, const struct weft_wire_nic *was)
{
    weft_udp_net_of(end->net)->nics[nic].local = *was;
}

static struct weft_udp_session *session_of(const struct net_end *end)
{
    return weft_udp_peer_at(weft_udp_net_of(end->net), 0)->session;
}

/* Of the late lane. */
static uint32_t sockets_of(const struct weft_udp_session *session)
{
    uint32_t count = 0;

    for (uint32_t p = LATE; p < session->path_count; p += session->lane_count)
        count += session->fds[p] >= 0;
    return count;
}

/* Two that meet while the second NIC of the first has no address. */
static struct weft_wire_nic meet_late(void)
{
    struct weft_wire_nic was;
    uint32_t peer = WEFT_NONE;

    net_ops = &weft_udp_net;
    net_silence_ns = 60000000000;
    net_open_end(&ends[0], 1, LANES, WEFT_NET_CRYPTO_OFF);
    net_open_end(&ends[1], 2, LANES, WEFT_NET_CRYPTO_OFF);
    was = address_take(&ends[0], LATE);
    cr_assert_eq(net_ops->peer_open(ends[0].net, ends[1].address, &peer), weftSuccess);
    (void)net_wait_event(ends, 2, &ends[0], WEFT_NET_PEER_UP, 0);
    (void)net_wait_event(ends, 2, &ends[1], WEFT_NET_PEER_UP, 0);
    net_import(&ends[0], 0);
    cr_assert_eq(sockets_of(session_of(&ends[0])), 0);
    cr_assert_geq(session_of(&ends[0])->fds[0], 0, "the other NIC has its own");
    return was;
}

/* The lane carries a copy itself, and all its ways are new to core/mp. */
static void check_carries(void)
{
    const struct weft_udp_session *session = session_of(&ends[0]);
    uint64_t before_bytes;

    cr_expect_eq(sockets_of(session), session->path_count / LANES);
    NET_WHILE(ends, 2, strcmp(weft_mp_path_look(session->mp, LATE), "good") != 0);
    before_bytes = session_of(&ends[1])->lanes[LATE].received_bytes;
    net_fill(ends[0].memory, COPY, 7);
    net_copy_surely(ends, 2, &ends[0], LATE, 0, 0, COPY, 0);
    cr_assert_eq(net_wait(ends, 2, &ends[0], 0), weftSuccess);
    cr_expect_eq(memcmp(ends[0].memory, ends[1].memory, COPY), 0);
    cr_expect_gt(session_of(&ends[1])->lanes[LATE].received_bytes, before_bytes);
    net_close_end(&ends[0]);
    net_close_end(&ends[1]);
}

/* Nobody says that the address is there: it is tried now and then, and never more once it is. */
Test(udp_way, tick__a_nic_that_gets_its_address_later)
{
    struct weft_wire_nic was = meet_late();

    address_give(&ends[0], LATE, &was);
    NET_WHILE(ends, 2, session_of(&ends[0])->try_at != WEFT_NEVER);
    check_carries();
}

/* Who says that the NIC is up again need not wait. */
Test(udp_way, soon__a_nic_that_is_told_up)
{
    struct weft_wire_nic was = meet_late();

    net_shape(&ends[0], LATE, WEFT_NET_SHAPE_CUT);
    /* A NIC that is cut is not tried. */
    NET_WHILE(ends, 2, session_of(&ends[0])->try_at != WEFT_NEVER);
    address_give(&ends[0], LATE, &was);
    cr_expect_eq(sockets_of(session_of(&ends[0])), 0);
    net_shape(&ends[0], LATE, WEFT_NET_SHAPE_UP);
    cr_expect_eq(session_of(&ends[0])->try_at, WEFT_NEVER);
    check_carries();
}

/* Tries are ever further apart, a second at most. */
Test(udp_way, tick__backs_off)
{
    struct weft_udp_net *net;
    struct weft_udp_session *session;
    weft_ns waits[9];

    (void)meet_late();
    net = weft_udp_net_of(ends[0].net);
    session = session_of(&ends[0]);
    weft_udp_ways_soon(net, session);
    for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(waits); i++) {
        waits[i] = weft_udp_ways_tick(net, session) - net->end.now;
        net->end.now = session->try_at;
    }
    cr_expect_eq(waits[0], 10000000);
    cr_expect_eq(waits[1], 20000000);
    cr_expect_eq(waits[6], 640000000);
    cr_expect_eq(waits[7], 1000000000);
    cr_expect_eq(waits[8], 1000000000);
    net_close_end(&ends[0]);
    net_close_end(&ends[1]);
}

/* A way each, up to the net's part of the descriptors; from there on those of a lane share one. */
Test(udp_way, open__as_many_as_descriptors_allow)
{
    static const struct {
        uint32_t ways_max;
        uint32_t way_count;
    } rows[] = {{0, 2}, {7, 7}, {1000, 32}};

    net_ops = &weft_udp_net;
    net_silence_ns = 60000000000;
    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct weft_udp_net *net;
        uint32_t peer = WEFT_NONE;

        net_open_end(&ends[0], 1, LANES, WEFT_NET_CRYPTO_OFF);
        net_open_end(&ends[1], 2, LANES, WEFT_NET_CRYPTO_OFF);
        net = weft_udp_net_of(ends[0].net);
        net->ways_max = rows[i].ways_max;
        cr_assert_eq(net_ops->peer_open(ends[0].net, ends[1].address, &peer), weftSuccess);
        (void)net_wait_event(ends, 2, &ends[0], WEFT_NET_PEER_UP, 0);
        (void)net_wait_event(ends, 2, &ends[1], WEFT_NET_PEER_UP, 0);
        net_import(&ends[0], 0);
        cr_expect_eq(net->way_count, rows[i].way_count, "row %zu", i);
        cr_expect_eq(sockets_of(session_of(&ends[0])), 16, "row %zu: none is without", i);
        net_copy_surely(ends, 2, &ends[0], LATE, 0, 0, COPY, 0);
        cr_expect_eq(net_wait(ends, 2, &ends[0], 0), weftSuccess, "row %zu", i);
        net_ops->peer_close(ends[0].net, peer);
        cr_expect_eq(net->way_count, 0, "row %zu", i);
        net_close_end(&ends[0]);
        net_close_end(&ends[1]);
    }
}
