/* Packets of parts, put where they belong.
 *
 * Each packet of a WRITE says its window and places, and is checked alone, before a byte of it is
 * copied: what was concealed meanwhile gets not one byte more. Bodies that come in several packets
 * are put together in the session's memory and applied with the last of them; where there is no
 * room, a packet is sent again. */
#include <string.h>

#include "udp_net.h"

struct place {
    uint64_t offset;
    uint64_t bytes;
};

/* ---- writes ---- */

/* The window's memory when the whole part may be written, else NULL. */
static char *write_admit(const struct weft_udp_net *net, struct weft_reader *head,
                         uint32_t place_count, uint64_t message_bytes, struct place *places)
{
    const struct weft_net_exposure *exposure;
    struct weft_wire_window window;
    uint64_t total_bytes = 0;

    window.window = (uint32_t)weft_reader_number(head, 4);
    window.epoch = (uint32_t)weft_reader_number(head, 4);
    weft_reader_bytes(head, window.token, sizeof(window.token));
    exposure = head->failed ? NULL : weft_net_window_enter(&net->end, &window, WEFT_RIGHT_WRITE);
    if (exposure == NULL)
        return NULL;
    for (uint32_t i = 0; i < place_count; i++) {
        if (!weft_wire_get_write_extent(head, &places[i].offset, &places[i].bytes) ||
            !weft_range_inside(places[i].offset, places[i].bytes, exposure->size_bytes))
            return NULL;
        total_bytes = weft_add_sat(total_bytes, places[i].bytes);
    }
    return total_bytes == message_bytes ? net->end.windows[window.window].base : NULL;
}

static void write_copy(char *base, const struct place *places,
                       const struct weft_mp_arrival *arrival)
{
    const uint8_t *bytes = arrival->bytes;
    uint64_t skip_bytes = arrival->offset;
    uint64_t left_bytes = arrival->length;

    for (uint32_t i = 0; left_bytes > 0; i++) {
        uint64_t piece_bytes = weft_min(left_bytes, weft_sub_sat(places[i].bytes, skip_bytes));

        if (piece_bytes > 0)
            memcpy(base + places[i].offset + skip_bytes, bytes, piece_bytes);
        bytes += piece_bytes;
        left_bytes -= piece_bytes;
        skip_bytes = weft_sub_sat(skip_bytes, places[i].bytes);
    }
}

/* Of which some packet was: then all that follow are, so that its signal is not raised. */
static bool is_refused(const struct weft_udp_session *session,
                       const struct weft_mp_arrival *arrival)
{
    return session->refused[arrival->slot] == arrival->message;
}

/* Once for each message. */
static void count_refused(struct weft_udp_net *net, struct weft_udp_session *session,
                          const struct weft_mp_arrival *arrival)
{
    if (is_refused(session, arrival))
        return;
    session->refused[arrival->slot] = arrival->message;
    net->end.counts.refused_writes++;
}

/* The signal of a WRITE_STORE that the peer may raise; false: bytes without it are of no use. */
static bool store_admit(const struct weft_udp_net *net, struct weft_reader *head,
                        struct weft_wire_store *store)
{
    return weft_net_signal_read(head, store) && weft_net_store_place(&net->end, store) != NULL;
}

static void write_place(struct weft_udp_net *net, struct weft_udp_session *session,
                        const struct weft_mp_arrival *arrival, struct weft_reader *head,
                        uint32_t place_count, bool has_store)
{
    struct place places[WEFT_UDP_PLACES_MAX] = {{0}};
    struct weft_wire_store store = {.op = weftSignalSet};
    bool is_raised = false;
    char *base = NULL;

    if (place_count <= WEFT_UDP_PLACES_MAX && !is_refused(session, arrival) &&
        (!has_store || store_admit(net, head, &store)))
        base = write_admit(net, head, place_count, arrival->message_bytes, places);
    if (base != NULL)
        write_copy(base, places, arrival);
    else
        count_refused(net, session, arrival);
    /* After all bytes, and before the sender can know of them. */
    if (base != NULL && has_store && weft_mp_completes(session->mp, arrival)) {
        (void)weft_net_store_do(&net->end, &store);
        is_raised = true;
    }
    (void)weft_mp_placed(session->mp, net->end.now, arrival,
                         base != NULL ? weftSuccess : weftInvalidUsage);
    /* Who was signalled may have something to send along. */
    if (is_raised)
        weft_mp_hold_ack(session->mp, net->end.now, arrival);
}

/* ---- bodies ---- */

static struct weft_udp_body *body_find(struct weft_udp_session *session,
                                       const struct weft_mp_arrival *arrival)
{
    struct weft_udp_body *unused = NULL;

    for (uint32_t i = 0; i < WEFT_UDP_BODIES_MAX; i++) {
        struct weft_udp_body *body = &session->bodies[i];

        if (body->message == arrival->message)
            return body;
        if (body->message == 0)
            unused = body;
    }
    if (unused == NULL)
        return NULL;
    unused->message = arrival->message;
    unused->size_bytes = (uint32_t)arrival->message_bytes;
    unused->got_bytes = 0;
    return unused;
}

/* The whole body is at `bytes`. Whether the packet that made it whole is done with: nothing is
 * placed when there is no room for what it does. */
static bool body_apply(struct weft_udp_net *net, struct weft_udp_session *session,
                       const struct weft_mp_arrival *arrival, enum weft_wire_kind kind,
                       const uint8_t *bytes)
{
    struct weft_reader body = weft_reader_of(bytes, (size_t)arrival->message_bytes);
    enum weft_net_outcome outcome =
        kind == WEFT_WIRE_LANES ? weft_udp_notice_receive(net, session, &body)
                                : weft_net_body_apply(&net->end, session->peer, kind, &body);
    bool is_good = outcome == WEFT_NET_APPLIED;

    if (outcome == WEFT_NET_BLOCKED) {
        weft_mp_overloaded(session->mp, net->end.now, arrival);
        return false;
    }
    if (!is_good)
        count_refused(net, session, arrival);
    (void)weft_mp_placed(session->mp, net->end.now, arrival,
                         is_good ? weftSuccess : weftInvalidUsage);
    return true;
}

/* HELLO or WELCOME. The session may be gone after it. */
static void greeting_apply(struct weft_udp_net *net, struct weft_udp_session *session,
                           const struct weft_mp_arrival *arrival, enum weft_wire_kind kind,
                           const uint8_t *bytes)
{
    struct weft_reader body = weft_reader_of(bytes, (size_t)arrival->message_bytes);
    bool is_good;

    (void)weft_mp_placed(session->mp, net->end.now, arrival, weftSuccess);
    if (session->state != WEFT_UDP_SESSION_MEETING)
        return;
    is_good = kind == WEFT_WIRE_HELLO ? weft_udp_hello_receive(net, session, &body)
                                      : weft_udp_welcome_receive(net, session, &body);
    if (is_good)
        return;
    net->end.counts.strangers++;
    if (session->is_initiator)
        weft_udp_dial_fail(net, session, 0, "its WELCOME is wrong");
    else
        weft_udp_session_free(net, session);
}

/* Whether a packet of this kind is for the session as it is. Before HELLO and WELCOME nothing else
 * is; what comes too early comes again. */
static bool is_due(const struct weft_udp_session *session, enum weft_wire_kind kind)
{
    if (kind == WEFT_WIRE_HELLO)
        return !session->is_initiator;
    if (kind == WEFT_WIRE_WELCOME)
        return session->is_initiator;
    return session->state == WEFT_UDP_SESSION_UP;
}

static void body_place(struct weft_udp_net *net, struct weft_udp_session *session,
                       const struct weft_mp_arrival *arrival, enum weft_wire_kind kind)
{
    bool is_greeting = kind == WEFT_WIRE_HELLO || kind == WEFT_WIRE_WELCOME;
    bool is_alone = arrival->length == arrival->message_bytes;
    struct weft_udp_body *body = is_alone ? NULL : body_find(session, arrival);
    const uint8_t *bytes = is_alone ? arrival->bytes : NULL;

    if (body == NULL && !is_alone) {
        weft_mp_overloaded(session->mp, net->end.now, arrival);
        return;
    }
    if (body != NULL) {
        memcpy(body->bytes + arrival->offset, arrival->bytes, arrival->length);
        if (body->got_bytes + arrival->length < body->size_bytes) {
            body->got_bytes += arrival->length;
            (void)weft_mp_placed(session->mp, net->end.now, arrival, weftSuccess);
            return;
        }
        bytes = body->bytes;
    }
    if (is_greeting) {
        if (body != NULL)
            body->message = 0;
        greeting_apply(net, session, arrival, kind, bytes);
    } else if (body_apply(net, session, arrival, kind, bytes) && body != NULL) {
        body->message = 0;
    }
}

/* The part's head, which later packets of it leave to one that has come. */
static struct weft_reader head_of(struct weft_udp_session *session,
                                  const struct weft_mp_arrival *arrival)
{
    struct weft_udp_kept *kept = &session->kept[arrival->slot];

    if (arrival->own_head_bytes == 0)
        return weft_reader_of(kept->head, kept->message == arrival->message ? kept->bytes : 0);
    if (kept->message != arrival->message && arrival->length < arrival->message_bytes &&
        arrival->own_head_bytes <= sizeof(kept->head)) {
        kept->message = arrival->message;
        kept->bytes = (uint32_t)arrival->own_head_bytes;
        memcpy(kept->head, arrival->own_head, kept->bytes);
    }
    return weft_reader_of(arrival->own_head, arrival->own_head_bytes);
}

void weft_udp_arrival_place(struct weft_udp_net *net, struct weft_udp_session *session,
                            const struct weft_mp_arrival *arrival)
{
    struct weft_reader head = head_of(session, arrival);
    uint64_t kind = weft_reader_number(&head, 1);
    uint32_t place_count = (uint32_t)weft_reader_number(&head, 1);
    bool is_write = kind == WEFT_WIRE_WRITE || kind == WEFT_WIRE_WRITE_STORE;

    (void)weft_reader_number(&head, 2);
    if (head.failed || kind >= WEFT_WIRE_KINDS ||
        (!is_write && arrival->message_bytes > WEFT_WIRE_BODY_MAX)) {
        count_refused(net, session, arrival);
        (void)weft_mp_placed(session->mp, net->end.now, arrival, weftInvalidUsage);
    } else if (!is_due(session, (enum weft_wire_kind)kind)) {
        weft_mp_overloaded(session->mp, net->end.now, arrival);
    } else if (is_write) {
        write_place(net, session, arrival, &head, place_count, kind == WEFT_WIRE_WRITE_STORE);
    } else {
        body_place(net, session, arrival, (enum weft_wire_kind)kind);
    }
}
