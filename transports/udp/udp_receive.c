/* What comes in over a NIC: datagrams of peers and of strangers. Who is not known leaves no trace
 * but a count. */
#include <string.h>

#include "udp_net.h"

/* ---- of sessions ---- */

/* The peer lives, whatever its NICs said. */
static void heard(struct weft_udp_net *net, struct weft_udp_session *session)
{
    session->is_heard = true;
    if (session->state == WEFT_UDP_SESSION_UP)
        weft_udp_peer_at(net, session->peer)->base.refusing = 0;
}

static void data_receive(struct weft_udp_net *net, struct weft_udp_session *session,
                         const uint8_t *bytes, size_t size)
{
    struct weft_mp_arrival arrival;
    size_t packet_bytes = 0;
    const uint8_t *packet;

    if (session->mp == NULL)
        return;
    packet = weft_udp_packet_open(net->mode == WEFT_SECURE_OFF ? NULL : session->keys, bytes, size,
                                  net->plain, &packet_bytes);
    if (packet == NULL) {
        net->end.counts.strangers++;
        return;
    }
    heard(net, session);
    net->end.counts.received_bytes += size;
    switch (weft_mp_arrived(session->mp, net->end.now, packet, packet_bytes, &arrival)) {
    case WEFT_MP_PLACE:
        session->lanes[arrival.path % session->lane_count].received_bytes += size;
        weft_udp_room_fill(net, session, arrival.message_bytes);
        weft_udp_arrival_place(net, session, &arrival);
        break;
    case WEFT_MP_BAD:
        net->end.counts.strangers++;
        break;
    default:
        break;
    }
}

static void bye_receive(struct weft_udp_net *net, struct weft_udp_session *session,
                        const uint8_t *bytes, size_t size)
{
    struct weft_udp_peer *peer;

    if (session->state != WEFT_UDP_SESSION_UP ||
        size != WEFT_UDP_HEAD_BYTES + WEFT_SECURE_GOODBYE_BYTES ||
        !weft_secure_datagram_is_goodbye(session->keys, bytes + WEFT_UDP_HEAD_BYTES))
        return;
    peer = weft_udp_peer_at(net, session->peer);
    peer->base.is_orderly = true;
    weft_udp_peer_gone(net, peer, "the peer has closed its side");
}

/* Who speaks to a session that we have closed has not heard our goodbye. It is smaller than any
 * packet. */
static bool grave_answer(struct weft_udp_net *net, uint32_t nic, uint64_t tag, size_t size)
{
    for (uint32_t i = 0; i < WEFT_UDP_GRAVES_MAX; i++) {
        const struct weft_udp_grave *grave = &net->graves[i];
        uint8_t bytes[WEFT_UDP_HEAD_BYTES + WEFT_SECURE_GOODBYE_BYTES];
        struct weft_writer writer = weft_writer_of(bytes, sizeof(bytes));
        struct weft_udp_head head = {.kind = WEFT_UDP_BYE, .tag = grave->tag_there};
        struct sockaddr_storage to;

        if (grave->tag == 0 || grave->tag != tag || size < sizeof(bytes))
            continue;
        weft_udp_put_head(&writer, &head);
        weft_writer_bytes(&writer, grave->goodbye, sizeof(grave->goodbye));
        (void)weft_net_address_socket(&grave->to[nic], &to);
        (void)weft_udp_net_say(net, nic, net->nics[nic].fd, &to, bytes, writer.used);
        return true;
    }
    return false;
}

/* ---- any ---- */

static void datagram_receive(struct weft_udp_net *net, uint32_t nic,
                             const struct sockaddr_storage *from, const uint8_t *bytes, size_t size)
{
    struct weft_reader reader = weft_reader_of(bytes, size);
    struct weft_udp_session *session;
    struct weft_udp_head head;

    if (!weft_udp_get_head(&reader, &head)) {
        net->end.counts.strangers++;
        return;
    }
    if (head.kind == WEFT_UDP_KNOCK)
        return;
    if (head.kind == WEFT_UDP_FIRST) {
        weft_udp_guest_first(net, nic, from, &reader);
        return;
    }
    session = weft_udp_session_find(net, head.tag);
    if (session == NULL) {
        if (!grave_answer(net, nic, head.tag, size))
            net->end.counts.strangers++;
        return;
    }
    if (head.kind == WEFT_UDP_DATA)
        data_receive(net, session, bytes, size);
    else if (head.kind == WEFT_UDP_THIRD)
        weft_udp_guest_third(net, session, bytes, size);
    else if (head.kind == WEFT_UDP_BYE)
        bye_receive(net, session, bytes, size);
}

void weft_udp_nic_read(struct weft_udp_net *net, uint32_t nic)
{
    bool is_open = weft_net_shape_hears(net->nics[nic].pace.shape.state);

    for (uint32_t i = 0; i < WEFT_UDP_READS_MAX; i++) {
        struct weft_udp_heard *heard_now = &net->heard;

        weft_udp_socket_read(net->nics[nic].fd, net->ring, heard_now);
        for (int m = 0; is_open && m < heard_now->count; m++) {
            const uint8_t *bytes = heard_now->messages[m].bytes;
            size_t left = heard_now->messages[m].size;

            while (left > 0) {
                size_t size = weft_min(left, heard_now->messages[m].each_bytes);

                datagram_receive(net, nic, &heard_now->messages[m].from, bytes, size);
                bytes += size;
                left -= size;
            }
        }
        if (heard_now->count < WEFT_UDP_MESSAGES_MAX)
            return;
    }
}
