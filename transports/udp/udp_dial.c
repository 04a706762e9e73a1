/* Dialling: FIRST, RETRY, FIRST, SECOND, THIRD, and the socket that they go over.
 *
 * What is not answered is said again. The peer answers over the NIC that it was asked on, to the
 * port of the socket; from THIRD on it speaks to our NICs, as we do to its. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "udp_net.h"

#define RESEND_NS_MAX 200000000u

static void watch(struct weft_udp_net *net, const struct weft_udp_session *session)
{
    struct epoll_event event = {.events = EPOLLIN,
                                .data.u64 = WEFT_NET_NICS_MAX + (uint64_t)session->slot};

    (void)epoll_ctl(net->end.epoll_fd, EPOLL_CTL_ADD, session->dial_fd, &event);
}

void weft_udp_dial_end(struct weft_udp_net *net, struct weft_udp_session *session)
{
    if (session->dial_fd < 0)
        return;
    /* In a process that was forked the socket lives on, and would be told of for ever. */
    (void)epoll_ctl(net->end.epoll_fd, EPOLL_CTL_DEL, session->dial_fd, NULL);
    (void)close(session->dial_fd);
    session->dial_fd = -1;
}

/* Which pair of NICs an attempt takes: first those that lanes have, then the others. */
static void pair_choose(const struct weft_udp_net *net, struct weft_udp_peer *peer, uint32_t *nic,
                        uint32_t *peer_nic)
{
    uint32_t theirs = peer->base.address.nic_count;
    uint32_t pair = peer->pair++ % (peer->base.lane_count + net->nic_count * theirs);

    *nic = pair % net->nic_count;
    *peer_nic = pair % theirs;
    if (pair < peer->base.lane_count)
        return;
    pair -= peer->base.lane_count;
    *nic = pair / theirs;
    *peer_nic = pair % theirs;
}

static void attempt_failed(struct weft_udp_net *net, struct weft_udp_peer *peer, uint32_t nic,
                           uint32_t peer_nic, int error, const char *why)
{
    char text[64] = "";

    peer->dial_at = net->end.now + peer->hold_ns;
    peer->hold_ns = weft_min(peer->hold_ns * 2, WEFT_UDP_HOLD_NS_MAX);
    if (peer->base.state != WEFT_NET_PEER_STATE_DIALLING)
        return;
    (void)snprintf(peer->base.why, sizeof(peer->base.why),
                   "the peer cannot be reached; the last attempt, from NIC %u to its NIC %u, port "
                   "%u: %s%s%s",
                   nic, peer_nic, peer->base.address.nics[peer_nic].port, why,
                   error != 0 ? ": " : "", error != 0 ? strerror_r(error, text, 64) : "");
    if (error == ECONNREFUSED && weft_net_peer_refused(&peer->base, peer_nic))
        weft_udp_peer_gone(net, peer,
                           "all NICs of the peer refuse datagrams: its process has ended");
}

void weft_udp_dial_fail(struct weft_udp_net *net, struct weft_udp_session *session, int error,
                        const char *why)
{
    struct weft_udp_peer *peer = weft_udp_peer_at(net, session->peer);
    uint32_t nic = session->nic;
    uint32_t peer_nic = session->peer_nic;

    weft_assert(peer->dial == session);
    peer->dial = NULL;
    weft_udp_session_free(net, session);
    attempt_failed(net, peer, nic, peer_nic, error, why);
}

/* Says FIRST or THIRD. An error that was told is of what was said before. */
static int say(struct weft_udp_net *net, struct weft_udp_session *session)
{
    uint8_t bytes[WEFT_UDP_FIRST_BYTES];
    struct weft_writer writer = weft_writer_of(bytes, sizeof(bytes));
    struct weft_udp_head head = {.kind = WEFT_UDP_FIRST};
    struct weft_udp_first first = {.tag = session->tag};

    if (session->asked_at == 0)
        session->asked_at = net->end.now;
    session->resend_at = net->end.now + session->resend_ns;
    session->resend_ns = weft_min(session->resend_ns * 2, RESEND_NS_MAX);
    if (session->state == WEFT_UDP_SESSION_MEETING)
        return weft_udp_net_say(net, session->nic, session->dial_fd, NULL, session->third,
                                sizeof(session->third));
    memcpy(first.cookie, session->cookie, sizeof(first.cookie));
    memcpy(first.first, session->first, sizeof(first.first));
    weft_udp_put_head(&writer, &head);
    weft_udp_put_first(&writer, &first);
    return weft_udp_net_say(net, session->nic, session->dial_fd, NULL, bytes, writer.used);
}

void weft_udp_dial_start(struct weft_udp_net *net, struct weft_udp_peer *peer)
{
    struct weft_udp_session *session;
    uint32_t nic;
    uint32_t peer_nic;
    int error;

    pair_choose(net, peer, &nic, &peer_nic);
    if (net->nics[nic].pace.shape.state == WEFT_NET_SHAPE_CUT) {
        attempt_failed(net, peer, nic, peer_nic, ENETDOWN, "its NIC is cut");
        return;
    }
    session = weft_udp_session_make(net, true, peer->base.address.secret);
    if (session == NULL) {
        attempt_failed(net, peer, nic, peer_nic, ENOMEM, "no session can be made");
        return;
    }
    session->peer = weft_net_peer_number(&net->end, &peer->base);
    session->nic = nic;
    session->peer_nic = peer_nic;
    session->deadline_at = net->end.now + WEFT_UDP_DIAL_NS;
    peer->dial = session;
    session->dial_fd = weft_udp_socket_speak(net->nics[nic].is_any ? NULL : &net->nics[nic].local,
                                             &peer->base.address.nics[peer_nic]);
    error = session->dial_fd < 0 ? errno : 0;
    if (error == 0 && weft_secure_first(session->secure, session->first) != weftSuccess)
        error = ENOMEM;
    if (error != 0) {
        weft_udp_dial_fail(net, session, error, "it cannot be asked");
        return;
    }
    watch(net, session);
    (void)say(net, session);
}

/* ---- answers ---- */

static void retry_receive(struct weft_udp_net *net, struct weft_udp_session *session,
                          struct weft_reader *body)
{
    weft_reader_bytes(body, session->cookie, sizeof(session->cookie));
    if (body->failed || body->used != body->size)
        return;
    /* In GREETING it is of a FIRST that was said again before. */
    if (session->state == WEFT_UDP_SESSION_KNOCKING)
        weft_udp_session_answered(net, session);
    weft_udp_session_set_state(session, WEFT_UDP_SESSION_GREETING);
    session->resend_ns = WEFT_UDP_RESEND_NS;
    (void)say(net, session);
}

/* THIRD, with where we are sealed behind it. */
static bool third_make(struct weft_udp_net *net, struct weft_udp_session *session,
                       const uint8_t proof[WEFT_SECURE_THIRD_BYTES])
{
    struct weft_udp_head head = {.kind = WEFT_UDP_THIRD, .tag = session->tag_there};
    struct weft_udp_place place = {.nic = session->nic, .peer_nic = session->peer_nic};
    uint8_t plain[WEFT_UDP_PLACE_BYTES];
    struct weft_writer writer = weft_writer_of(plain, sizeof(plain));
    const struct weft_secure_piece piece = {plain, sizeof(plain)};

    memcpy(place.address, net->address_told, sizeof(place.address));
    weft_udp_put_place(&writer, &place);
    writer = weft_writer_of(session->third, sizeof(session->third));
    weft_udp_put_head(&writer, &head);
    weft_writer_bytes(&writer, proof, WEFT_SECURE_THIRD_BYTES);
    return weft_secure_datagram_seal(session->keys, WEFT_UDP_PLACE_NUMBER, session->third,
                                     writer.used, &piece, 1,
                                     session->third + writer.used) == weftSuccess;
}

/* Who cannot prove it says so, and spares the other side the waiting. */
static void leave(struct weft_udp_net *net, struct weft_udp_session *session)
{
    struct weft_udp_head head = {.kind = WEFT_UDP_THIRD, .tag = session->tag_there};
    struct weft_writer writer = weft_writer_of(session->third, sizeof(session->third));

    memset(session->third, 0, sizeof(session->third));
    weft_udp_put_head(&writer, &head);
    (void)weft_udp_net_say(net, session->nic, session->dial_fd, NULL, session->third,
                           sizeof(session->third));
    weft_udp_dial_fail(net, session, 0, "the other side has another secret or crypto mode");
}

static void second_receive(struct weft_udp_net *net, struct weft_udp_session *session,
                           struct weft_reader *body)
{
    struct weft_udp_peer *peer = weft_udp_peer_at(net, session->peer);
    struct weft_udp_second second;
    uint8_t proof[WEFT_SECURE_THIRD_BYTES];

    if (!weft_udp_get_second(body, &second))
        return;
    weft_udp_session_answered(net, session);
    session->tag_there = second.tag;
    if (weft_secure_third(session->secure, second.second, proof) != weftSuccess) {
        leave(net, session);
        return;
    }
    session->keys = weft_secure_datagrams_new(session->secure);
    if (session->keys == NULL || !third_make(net, session, proof) ||
        !weft_udp_session_meet(net, session, &peer->base.address)) {
        weft_udp_dial_fail(net, session, ENOMEM, "no session can be made");
        return;
    }
    session->resend_ns = WEFT_UDP_RESEND_NS;
    (void)say(net, session);
    weft_udp_hello_send(net, session);
}

static void answer(struct weft_udp_net *net, struct weft_udp_session *session, const uint8_t *bytes,
                   size_t size)
{
    struct weft_reader reader = weft_reader_of(bytes, size);
    struct weft_udp_head head;

    if (!weft_udp_get_head(&reader, &head) || head.tag != session->tag)
        return;
    reader = weft_reader_of(bytes + reader.used, size - reader.used);
    if (head.kind == WEFT_UDP_RETRY && (session->state == WEFT_UDP_SESSION_KNOCKING ||
                                        session->state == WEFT_UDP_SESSION_GREETING))
        retry_receive(net, session, &reader);
    else if (head.kind == WEFT_UDP_SECOND && session->state == WEFT_UDP_SESSION_GREETING)
        second_receive(net, session, &reader);
}

void weft_udp_dial_read(struct weft_udp_net *net, struct weft_udp_session *session)
{
    uint8_t bytes[WEFT_UDP_WORD_MAX];
    ssize_t got = recv(session->dial_fd, bytes, sizeof(bytes), MSG_DONTWAIT);
    uint32_t nic = session->nic;

    if (!weft_net_shape_hears(net->nics[nic].pace.shape.state))
        return;
    if (got < 0 && errno != EAGAIN && errno != EINTR) {
        weft_udp_dial_fail(net, session, errno, "it cannot be asked");
        return;
    }
    if (got > 0)
        answer(net, session, bytes, (size_t)got);
}

weft_ns weft_udp_dial_tick(struct weft_udp_net *net, struct weft_udp_session *session)
{
    if (session->is_heard)
        weft_udp_dial_end(net, session);
    if (net->end.now >= session->deadline_at) {
        weft_udp_dial_fail(net, session, 0, "it does not answer");
        return WEFT_NEVER;
    }
    if (session->dial_fd >= 0 && net->end.now >= session->resend_at)
        (void)say(net, session);
    return session->dial_fd < 0 ? session->deadline_at
                                : weft_min(session->deadline_at, session->resend_at);
}
