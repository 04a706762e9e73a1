/* The ways of a session: their sockets, opened when two meet, and later where that failed then.
 *
 * A way without a socket loses what it is given, and core/mp finds it dead. It is opened as soon as
 * its NIC is told up again, and tried now and then, since addresses and routes come after NICs. */
#include <stdio.h>
#include <unistd.h>

#include "udp_net.h"

#define TRY_NS_FIRST 10000000u
#define TRY_NS_MOST  1000000000u

static int way_open(struct weft_udp_net *net, const struct weft_udp_session *session, uint32_t path)
{
    const struct weft_udp_lane *lane = &session->lanes[path % session->lane_count];
    const struct weft_udp_nic *nic = &net->nics[lane->nic];
    int fd;

    if (path >= session->lane_count && net->way_count >= net->ways_max)
        return -1;
    fd = weft_udp_socket_speak(nic->is_any ? NULL : &nic->local,
                               &session->address.nics[lane->peer_nic]);
    net->way_count += fd >= 0;
    return fd;
}

static void way_close(struct weft_udp_net *net, int fd)
{
    (void)close(fd);
    net->way_count--;
}

/* The largest packet that goes over it whole. */
static uint32_t way_packet_bytes(const struct weft_udp_session *session, uint32_t path)
{
    const struct weft_udp_lane *lane = &session->lanes[path % session->lane_count];

    return weft_udp_socket_datagram_bytes(session->fds[path],
                                          session->address.nics[lane->peer_nic].is_v6) -
           WEFT_UDP_HEAD_BYTES - WEFT_SECURE_TAG_BYTES;
}

static void share(struct weft_udp_session *session, uint32_t path)
{
    if (session->fds[path] < 0 && path >= session->lane_count)
        session->fds[path] = session->fds[path - session->lane_count];
}

bool weft_udp_ways_open(struct weft_udp_net *net, struct weft_udp_session *session)
{
    bool some = false;
    bool all = true;

    weft_assert(session->lane_count > 0);
    session->packet_bytes = WEFT_UDP_PACKET_BYTES;
    for (uint32_t p = 0; p < session->path_count; p++) {
        session->fds[p] = way_open(net, session, p);
        share(session, p);
        if (session->fds[p] < 0) {
            all = false;
            continue;
        }
        some = true;
        session->packet_bytes =
            (uint32_t)weft_min(session->packet_bytes, way_packet_bytes(session, p));
    }
    session->try_ns = TRY_NS_FIRST;
    session->try_at = all ? WEFT_NEVER : net->end.now + TRY_NS_FIRST;
    return some;
}

void weft_udp_ways_close(struct weft_udp_net *net, struct weft_udp_session *session)
{
    for (uint32_t p = session->path_count; p > 0; p--) {
        bool is_shared = p > session->lane_count &&
                         session->fds[p - 1] == session->fds[p - 1 - session->lane_count];

        if (session->fds[p - 1] >= 0 && !is_shared)
            way_close(net, session->fds[p - 1]);
    }
}

/* ---- later ---- */

/* Packets are as large as all ways took that were there when the two met. */
static bool is_wide_enough(struct weft_udp_net *net, struct weft_udp_session *session,
                           uint32_t path)
{
    struct weft_udp_lane *lane = &session->lanes[path % session->lane_count];
    uint32_t bytes = way_packet_bytes(session, path);
    char text[256];

    if (bytes >= session->packet_bytes)
        return true;
    way_close(net, session->fds[path]);
    session->fds[path] = -1;
    lane->is_narrow = true;
    (void)snprintf(text, sizeof(text),
                   "udp: NIC %u takes packets of %u bytes to NIC %u of a peer whose packets have "
                   "%u: it carries nothing until the two meet again; give all NICs one MTU",
                   lane->nic, bytes, lane->peer_nic, session->packet_bytes);
    net->end.env.log(1, text);
    return false;
}

/* False: it still has a way without a socket, and another try may help. A NIC that is cut is
 * waited for. */
static bool lane_open(struct weft_udp_net *net, struct weft_udp_session *session, uint32_t lane)
{
    if (session->lanes[lane].is_cut || session->lanes[lane].is_narrow)
        return true;
    for (uint32_t p = lane; p < session->path_count; p += session->lane_count) {
        if (session->fds[p] >= 0)
            continue;
        session->fds[p] = way_open(net, session, p);
        if (session->fds[p] >= 0 && !is_wide_enough(net, session, p))
            return true;
        share(session, p);
        if (session->fds[p] < 0)
            return false;
        weft_mp_path_renewed(session->mp, net->end.now, p);
    }
    return true;
}

weft_ns weft_udp_ways_tick(struct weft_udp_net *net, struct weft_udp_session *session)
{
    bool all = true;

    if (net->end.now < session->try_at)
        return session->try_at;
    for (uint32_t l = 0; l < session->lane_count; l++)
        all = lane_open(net, session, l) && all;
    session->try_at = all ? WEFT_NEVER : net->end.now + session->try_ns;
    session->try_ns = weft_min(session->try_ns * 2, TRY_NS_MOST);
    return session->try_at;
}

void weft_udp_ways_soon(const struct weft_udp_net *net, struct weft_udp_session *session)
{
    session->try_ns = TRY_NS_FIRST;
    session->try_at = net->end.now;
}
