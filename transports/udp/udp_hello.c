/* HELLO and WELCOME: how two nets that share keys become each other's peers.
 *
 * Of two sides that dial each other the lower incarnation's session wins; the other is told BUSY.
 * A HELLO of a peer that is up means that its WELCOME came too late there: nothing of the session
 * before it was applied, so what was under way on it ends, or goes over the new one. */
#include <stdlib.h>
#include <string.h>

#include "udp_net.h"

#define LEAVING_NS 200000000u

/* Puts a HELLO or WELCOME into the session's memory and submits it. */
static void greeting_send(struct weft_udp_session *session, enum weft_wire_kind kind,
                          const struct weft_wire_hello *hello)
{
    size_t size = WEFT_WIRE_HELLO_BYTES + WEFT_WIRE_ADDRESS_BYTES + hello->hello_bytes;
    struct weft_writer writer;

    session->greeting = malloc(size);
    /* Without it, silence says the same, later. */
    if (session->greeting == NULL)
        return;
    writer = weft_writer_of(session->greeting, size);
    weft_wire_put_hello(&writer, hello);
    weft_assert(!writer.failed);
    session->greeting_bytes = (uint32_t)writer.used;
    (void)weft_udp_part_own(session, kind, session->greeting_bytes);
}

static struct weft_wire_hello hello_of(const struct weft_udp_net *net,
                                       const struct weft_udp_session *session,
                                       const struct weft_net_peer *peer)
{
    struct weft_wire_hello hello = {
        .incarnation = net->end.env.incarnation,
        .session = peer->session,
        .target_incarnation = peer->incarnation,
        .nic = session->nic,
        .peer_nic = session->peer_nic,
        .nic_count = net->nic_count,
        .verdict = WEFT_WIRE_ACCEPTED,
        .hello = net->end.env.hello,
        .hello_bytes = (uint32_t)net->end.env.hello_size,
    };

    memcpy(hello.address, net->address_told, sizeof(hello.address));
    return hello;
}

void weft_udp_hello_send(struct weft_udp_net *net, struct weft_udp_session *session)
{
    struct weft_wire_hello hello =
        hello_of(net, session, &weft_udp_peer_at(net, session->peer)->base);

    greeting_send(session, WEFT_WIRE_HELLO, &hello);
}

static void hello_keep(struct weft_net_peer *peer, const struct weft_wire_hello *hello)
{
    peer->session_there = hello->session;
    peer->hello_bytes = hello->hello_bytes;
    memcpy(peer->hello, hello->hello, hello->hello_bytes);
}

/* ---- who was dialled ---- */

static void refuse(struct weft_udp_net *net, struct weft_udp_session *session,
                   const struct weft_wire_hello *theirs, enum weft_wire_verdict verdict)
{
    struct weft_wire_hello hello = {.incarnation = net->end.env.incarnation,
                                    .target_incarnation = theirs->incarnation,
                                    .target_session = theirs->session,
                                    .nic_count = net->nic_count,
                                    .verdict = verdict};

    weft_udp_session_set_state(session, WEFT_UDP_SESSION_LEAVING);
    session->deadline_at = net->end.now + LEAVING_NS;
    greeting_send(session, WEFT_WIRE_WELCOME, &hello);
}

/* The peer that says this, made if need be; NULL with a verdict. */
static struct weft_udp_peer *peer_of(struct weft_udp_net *net, const struct weft_wire_hello *hello,
                                     const struct weft_wire_address *address,
                                     enum weft_wire_verdict *verdict)
{
    struct weft_udp_peer *peer =
        (struct weft_udp_peer *)(void *)weft_net_peer_find(&net->end, hello->incarnation);

    *verdict = WEFT_WIRE_ACCEPTED;
    if (hello->target_incarnation != net->end.env.incarnation) {
        *verdict = WEFT_WIRE_ANOTHER;
        return NULL;
    }
    if (peer == NULL) {
        *verdict = WEFT_WIRE_FULL;
        return (struct weft_udp_peer *)(void *)weft_udp_peer_make(&net->end, address, false);
    }
    if (peer->base.session_there != 0 && peer->base.session_there != hello->session) {
        *verdict = WEFT_WIRE_BUSY;
        if (peer->base.state != WEFT_NET_PEER_STATE_GONE)
            weft_udp_peer_gone(net, peer, "the peer has closed its side, and begins anew");
        return NULL;
    }
    if (peer->base.state == WEFT_NET_PEER_STATE_GONE)
        *verdict = WEFT_WIRE_FORGOTTEN;
    else if ((peer->dial != NULL && net->end.env.incarnation < hello->incarnation) ||
             (peer->session != NULL && peer->session->is_initiator))
        *verdict = WEFT_WIRE_BUSY;
    return *verdict == WEFT_WIRE_ACCEPTED ? peer : NULL;
}

/* What THIRD said about where the peer is, HELLO says again. */
static bool is_same_place(const struct weft_wire_address *a, const struct weft_wire_address *b)
{
    bool is_same = a->nic_count == b->nic_count;

    for (uint32_t i = 0; is_same && i < a->nic_count; i++)
        is_same = a->nics[i].is_v6 == b->nics[i].is_v6 && a->nics[i].port == b->nics[i].port &&
                  memcmp(a->nics[i].ip, b->nics[i].ip, sizeof(a->nics[i].ip)) == 0;
    return is_same;
}

bool weft_udp_hello_receive(struct weft_udp_net *net, struct weft_udp_session *session,
                            struct weft_reader *body)
{
    enum weft_wire_verdict verdict;
    struct weft_wire_hello theirs;
    struct weft_wire_hello ours;
    struct weft_wire_address address;
    struct weft_udp_peer *peer;

    if (!weft_wire_get_hello(body, &theirs) || !weft_wire_get_address(theirs.address, &address) ||
        address.incarnation != theirs.incarnation || !is_same_place(&address, &session->address) ||
        theirs.nic_count != address.nic_count || theirs.session == 0 ||
        theirs.incarnation == net->end.env.incarnation)
        return false;
    peer = peer_of(net, &theirs, &address, &verdict);
    if (peer == NULL) {
        refuse(net, session, &theirs, verdict);
        return true;
    }
    if (peer->dial != NULL)
        weft_udp_session_free(net, peer->dial);
    peer->dial = NULL;
    hello_keep(&peer->base, &theirs);
    ours = hello_of(net, session, &peer->base);
    ours.target_session = theirs.session;
    weft_udp_peer_attach(net, peer, session);
    greeting_send(session, WEFT_WIRE_WELCOME, &ours);
    return true;
}

/* ---- who dials ---- */

static void refused(struct weft_udp_net *net, struct weft_udp_session *session,
                    enum weft_wire_verdict verdict)
{
    static const char *const words[WEFT_WIRE_VERDICTS] = {
        [WEFT_WIRE_ACCEPTED] = "",
        [WEFT_WIRE_ANOTHER] = "another process answers at the address of the peer",
        [WEFT_WIRE_FORGOTTEN] = "the peer has closed its side",
        [WEFT_WIRE_BUSY] = "the peer is dialling, too",
        [WEFT_WIRE_STALE] = "the peer has no such verdict over UDP",
        [WEFT_WIRE_FULL] = "the peer has no room for more peers (peers_max)",
    };
    struct weft_udp_peer *peer = weft_udp_peer_at(net, session->peer);
    bool ends = verdict == WEFT_WIRE_ANOTHER || verdict == WEFT_WIRE_FORGOTTEN;

    weft_udp_dial_fail(net, session, 0, words[verdict]);
    if (ends && peer->base.state == WEFT_NET_PEER_STATE_DIALLING)
        weft_udp_peer_gone(net, peer, words[verdict]);
}

bool weft_udp_welcome_receive(struct weft_udp_net *net, struct weft_udp_session *session,
                              struct weft_reader *body)
{
    struct weft_udp_peer *peer = weft_udp_peer_at(net, session->peer);
    struct weft_wire_hello hello;

    if (!weft_wire_get_hello(body, &hello))
        return false;
    if (hello.verdict != WEFT_WIRE_ACCEPTED) {
        refused(net, session, hello.verdict);
        return true;
    }
    if (hello.incarnation != peer->base.incarnation || hello.session == 0 ||
        hello.nic_count != peer->base.address.nic_count ||
        hello.target_session != peer->base.session ||
        (peer->base.session_there != 0 && peer->base.session_there != hello.session)) {
        weft_udp_dial_fail(net, session, 0, "its WELCOME is not for us");
        return true;
    }
    peer->dial = NULL;
    hello_keep(&peer->base, &hello);
    weft_udp_peer_attach(net, peer, session);
    return true;
}
