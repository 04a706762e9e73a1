/* transports/udp: the socket of an attempt, which is of no use once the two have met. */
#include "net_fixture.h"

#include "udp/udp_net.h"

static struct net_end ends[2];

/* Left open it was one more for each peer, and what went wrong on it later was taken for the
 * failure of an attempt that there was no more. */
Test(udp_dial, welcome__closes_the_socket_of_the_attempt)
{
    const struct weft_udp_peer *peer;

    net_ops = &weft_udp_net;
    net_meet(ends, 2, WEFT_NET_CRYPTO_FULL);
    peer = weft_udp_peer_at(weft_udp_net_of(ends[0].net), 0);
    cr_assert(peer->session->is_initiator);
    cr_assert_eq(peer->session->state, WEFT_UDP_SESSION_UP);
    cr_assert_eq(peer->session->dial_fd, -1);
    net_close_end(&ends[0]);
    net_close_end(&ends[1]);
}
