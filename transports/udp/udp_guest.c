/* Strangers: from their FIRST to their THIRD.
 *
 * A FIRST without a good cookie gets one and leaves nothing behind. With one it takes one of
 * WEFT_UDP_GUESTS_MAX places for a second at most; when all are taken the oldest goes: who belongs
 * here needs milliseconds. An address that has taken more than it may gets no answer. No answer is
 * larger than what it answers. */
#include <string.h>

#include "udp_net.h"

#define WHO_BYTES 28 /* tag, address, port */

/* What a cookie is made of: whoever shows it has it from here, at this address, for this tag. */
static void who_write(uint8_t who[WHO_BYTES], uint64_t tag, const struct sockaddr_storage *from)
{
    memset(who, 0, WHO_BYTES);
    memcpy(who, &tag, sizeof(tag));
    if (from->ss_family == AF_INET6)
        memcpy(who + 8, &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr, 16);
    else
        memcpy(who + 8, &((const struct sockaddr_in *)(const void *)from)->sin_addr, 4);
    who[24] = (uint8_t)(weft_net_address_port(from) & 0xff);
    who[25] = (uint8_t)(weft_net_address_port(from) >> 8);
}

static void retry_say(struct weft_udp_net *net, uint32_t nic, const struct sockaddr_storage *from,
                      uint64_t tag, const uint8_t who[WHO_BYTES])
{
    uint8_t bytes[WEFT_UDP_HEAD_BYTES + WEFT_SECURE_COOKIE_BYTES];
    uint8_t cookie[WEFT_SECURE_COOKIE_BYTES];
    struct weft_writer writer = weft_writer_of(bytes, sizeof(bytes));
    struct weft_udp_head head = {.kind = WEFT_UDP_RETRY, .tag = tag};

    if (!weft_secure_cookie_make(&net->cookies, who, WHO_BYTES, net->end.now, cookie))
        return;
    weft_udp_put_head(&writer, &head);
    weft_writer_bytes(&writer, cookie, sizeof(cookie));
    (void)weft_udp_net_say(net, nic, net->nics[nic].fd, from, bytes, writer.used);
}

static void second_say(struct weft_udp_net *net, const struct weft_udp_session *guest)
{
    uint8_t bytes[WEFT_UDP_HEAD_BYTES + 8 + WEFT_SECURE_SECOND_BYTES];
    struct weft_writer writer = weft_writer_of(bytes, sizeof(bytes));
    struct weft_udp_head head = {.kind = WEFT_UDP_SECOND, .tag = guest->tag_there};
    struct weft_udp_second second = {.tag = guest->tag};

    memcpy(second.second, guest->second, sizeof(second.second));
    weft_udp_put_head(&writer, &head);
    weft_udp_put_second(&writer, &second);
    (void)weft_udp_net_say(net, guest->nic, net->nics[guest->nic].fd, &guest->from, bytes,
                           writer.used);
}

/* The one that has asked before, or NULL. */
static struct weft_udp_session *guest_find(const struct weft_udp_net *net, uint64_t tag,
                                           const struct sockaddr_storage *from)
{
    for (uint32_t i = 0; i < net->sessions_max; i++) {
        struct weft_udp_session *guest = net->sessions[i];

        if (guest != NULL && !guest->is_initiator && guest->tag_there == tag &&
            weft_net_address_equal(&guest->from, from))
            return guest;
    }
    return NULL;
}

/* When all places are taken the oldest goes. */
static void room_make(struct weft_udp_net *net)
{
    struct weft_udp_session *oldest = NULL;

    if (net->guest_count < WEFT_UDP_GUESTS_MAX)
        return;
    for (uint32_t i = 0; i < net->sessions_max; i++) {
        struct weft_udp_session *guest = net->sessions[i];

        if (guest != NULL && guest->state == WEFT_UDP_SESSION_GREETED &&
            (oldest == NULL || guest->deadline_at < oldest->deadline_at))
            oldest = guest;
    }
    net->end.counts.slow++;
    weft_udp_session_free(net, oldest);
}

void weft_udp_guest_first(struct weft_udp_net *net, uint32_t nic,
                          const struct sockaddr_storage *from, struct weft_reader *body)
{
    struct weft_udp_session *guest;
    struct weft_udp_first first;
    uint8_t who[WHO_BYTES];

    if (!weft_udp_get_first(body, &first)) {
        net->end.counts.strangers++;
        return;
    }
    who_write(who, first.tag, from);
    if (!weft_secure_cookie_is_good(&net->cookies, who, WHO_BYTES, net->end.now, first.cookie)) {
        retry_say(net, nic, from, first.tag, who);
        return;
    }
    guest = guest_find(net, first.tag, from);
    if (guest != NULL) {
        if (guest->state == WEFT_UDP_SESSION_GREETED)
            second_say(net, guest);
        return;
    }
    if (!weft_net_guests_admit(&net->limits, from, net->end.now)) {
        net->end.counts.too_many++;
        return;
    }
    room_make(net);
    guest = weft_udp_session_make(net, false, net->end.env.secret);
    if (guest == NULL)
        return;
    net->end.counts.accepted++;
    guest->tag_there = first.tag;
    guest->from = *from;
    guest->nic = nic;
    guest->deadline_at = net->end.now + WEFT_UDP_GREETING_NS;
    if (weft_secure_second(guest->secure, first.first, guest->second) != weftSuccess) {
        net->end.counts.strangers++;
        weft_udp_session_free(net, guest);
        return;
    }
    guest->asked_at = net->end.now;
    second_say(net, guest);
}

/* Where the initiator is, as it says under the keys. */
static bool place_open(struct weft_udp_session *guest, const uint8_t *bytes, size_t size,
                       struct weft_wire_address *address)
{
    size_t head_bytes = WEFT_UDP_HEAD_BYTES + WEFT_SECURE_THIRD_BYTES;
    uint8_t plain[WEFT_UDP_PLACE_BYTES];
    struct weft_reader reader = weft_reader_of(plain, sizeof(plain));
    struct weft_udp_place place;

    if (weft_secure_datagram_open(guest->keys, WEFT_UDP_PLACE_NUMBER, bytes, head_bytes,
                                  bytes + head_bytes, size - head_bytes, plain) != weftSuccess ||
        !weft_udp_get_place(&reader, &place) || !weft_wire_get_address(place.address, address))
        return false;
    /* It speaks of its NIC and of ours. */
    guest->peer_nic = place.nic;
    return place.peer_nic == guest->nic;
}

void weft_udp_guest_third(struct weft_udp_net *net, struct weft_udp_session *guest,
                          const uint8_t *bytes, size_t size)
{
    struct weft_wire_address address;

    if (guest->state != WEFT_UDP_SESSION_GREETED)
        return;
    if (size != WEFT_UDP_THIRD_BYTES ||
        weft_secure_accept(guest->secure, bytes + WEFT_UDP_HEAD_BYTES) != weftSuccess) {
        net->end.counts.wrong_secrets++;
        weft_udp_session_free(net, guest);
        return;
    }
    weft_udp_session_answered(net, guest);
    guest->keys = weft_secure_datagrams_new(guest->secure);
    if (guest->keys == NULL || !place_open(guest, bytes, size, &address) ||
        !weft_udp_session_meet(net, guest, &address)) {
        net->end.counts.strangers++;
        weft_udp_session_free(net, guest);
    }
}
