/* Datagrams of the UDP transport: what comes from the wire is the bytes. The first one says what
 * they are:
 *
 *     0: a datagram of a stranger. What is read of it is what it says, written again; with keys no
 *        packet of his opens, without any it lies inside the datagram;
 *     1: what somebody between two good ends does to their datagrams: a list of orders, see
 *        `orders`. What was sent opens once, as it was; what was changed in any bit does not. */
#include <string.h>

#include "core/mp_wire.h"
#include "fuzz.h"
#include "udp/udp_datagram.h"

#define DATAGRAM_BYTES 65536
#define PAYLOAD_MAX    1200
#define SENT_MAX       4096
#define ORDERS_MAX     256
#define TAG            UINT64_C(0x1122334455667788)
#define FIRST_SAYS     (WEFT_UDP_FIRST_BYTES - ZEROS_OF_FIRST)
#define ZEROS_OF_FIRST 1092 /* which may be anything */

_Static_assert(WEFT_UDP_HEAD_BYTES + WEFT_MP_WIRE_MAX + PAYLOAD_MAX + WEFT_SECURE_TAG_BYTES <=
                   SENT_MAX,
               "a datagram fits");
_Static_assert(FIRST_SAYS ==
                   WEFT_UDP_HEAD_BYTES + 8 + WEFT_SECURE_COOKIE_BYTES + WEFT_SECURE_FIRST_BYTES,
               "what a FIRST says");

struct input {
    const uint8_t *bytes;
    size_t left;
};

/* Of one direction. */
struct pair {
    struct weft_secure_datagrams *from;
    struct weft_secure_datagrams *to;
};

struct sent {
    uint8_t bytes[SENT_MAX];
    uint8_t plain[SENT_MAX]; /* the packet */
    size_t size;
    size_t plain_size;
};

struct wire {
    struct pair pair;
    uint64_t number; /* of the last that was sent */
    struct sent last;
};

/* Zero, when there is nothing left. */
static uint8_t take(struct input *input)
{
    if (input->left == 0)
        return 0;
    input->left--;
    return *input->bytes++;
}

static struct pair pair_open(enum weft_secure_mode mode)
{
    static const uint8_t secret[WEFT_SECURE_SECRET_BYTES] = "a secret of the job";
    struct weft_secure *initiator = weft_secure_new(true, mode, secret);
    struct weft_secure *responder = weft_secure_new(false, mode, secret);
    uint8_t first[WEFT_SECURE_FIRST_BYTES];
    uint8_t second[WEFT_SECURE_SECOND_BYTES];
    uint8_t third[WEFT_SECURE_THIRD_BYTES];
    struct pair pair;

    weft_assert(initiator != NULL);
    weft_assert(responder != NULL);
    weft_assert(weft_secure_first(initiator, first) == weftSuccess);
    weft_assert(weft_secure_second(responder, first, second) == weftSuccess);
    weft_assert(weft_secure_third(initiator, second, third) == weftSuccess);
    weft_assert(weft_secure_accept(responder, third) == weftSuccess);
    pair =
        (struct pair){weft_secure_datagrams_new(initiator), weft_secure_datagrams_new(responder)};
    weft_assert(pair.from != NULL);
    weft_assert(pair.to != NULL);
    weft_secure_free(initiator);
    weft_secure_free(responder);
    return pair;
}

static void pair_close(struct pair *pair)
{
    weft_secure_datagrams_free(pair->from);
    weft_secure_datagrams_free(pair->to);
}

/* ---- 0: strangers ---- */

/* How much of the datagram was understood, written again. */
static void words_write(const struct weft_udp_head *head, struct weft_reader *reader,
                        struct weft_writer *writer)
{
    struct weft_udp_first first;
    struct weft_udp_second second;
    struct weft_udp_place place;

    weft_udp_put_head(writer, head);
    if (head->kind == WEFT_UDP_FIRST && weft_udp_get_first(reader, &first)) {
        weft_udp_put_first(writer, &first);
        weft_assert(writer->used == WEFT_UDP_FIRST_BYTES);
        writer->used = FIRST_SAYS;
    } else if (head->kind == WEFT_UDP_SECOND && weft_udp_get_second(reader, &second)) {
        weft_udp_put_second(writer, &second);
    } else if (head->kind == WEFT_UDP_THIRD && weft_udp_get_place(reader, &place)) {
        weft_udp_put_place(writer, &place);
    }
    weft_assert(!writer->failed);
}

static void stranger(struct input *input)
{
    static uint8_t plain[DATAGRAM_BYTES];
    uint8_t again[WEFT_UDP_WORD_MAX];
    struct weft_reader reader = weft_reader_of(input->bytes, input->left);
    struct weft_writer writer = weft_writer_of(again, sizeof(again));
    size_t packet_bytes = 0;
    struct weft_udp_head head;
    struct pair pair;
    const uint8_t *packet;

    if (input->left > DATAGRAM_BYTES || !weft_udp_get_head(&reader, &head))
        return;
    words_write(&head, &reader, &writer);
    weft_assert(memcmp(again, input->bytes, writer.used) == 0);
    if (head.kind != WEFT_UDP_DATA)
        return;
    pair = pair_open(WEFT_SECURE_FULL);
    weft_assert(weft_udp_packet_open(pair.to, input->bytes, input->left, plain, &packet_bytes) ==
                NULL);
    packet = weft_udp_packet_open(NULL, input->bytes, input->left, plain, &packet_bytes);
    if (packet != NULL)
        weft_assert(packet + packet_bytes == input->bytes + input->left);
    pair_close(&pair);
}

/* ---- 1: somebody between ---- */

static void send_one(struct wire *wire, struct input *input)
{
    struct sent *sent = &wire->last;
    struct weft_writer writer = weft_writer_of(sent->bytes, sizeof(sent->bytes));
    struct weft_udp_head outer = {.kind = WEFT_UDP_DATA, .tag = TAG};
    struct weft_mp_wire_head head = {.kind = WEFT_MP_WIRE_KIND_DATA};
    uint8_t payload[PAYLOAD_MAX];
    struct weft_mp_wire_data data = {.sequence = wire->number, .message = 1};
    struct weft_secure_piece piece = {payload, (size_t)take(input) * 4 + take(input) % 5};

    wire->number += 1 + take(input) % 4 * UINT64_C(5000);
    head.number = wire->number;
    memset(payload, take(input), sizeof(payload));
    data.length = (uint32_t)piece.size;
    data.message_bytes = data.length;
    weft_udp_put_head(&writer, &outer);
    weft_mp_wire_put_head(&writer, &head);
    weft_mp_wire_put_data(&writer, &data);
    weft_assert(!writer.failed);
    sent->plain_size = writer.used - WEFT_UDP_HEAD_BYTES + piece.size;
    memcpy(sent->plain, sent->bytes + WEFT_UDP_HEAD_BYTES, writer.used - WEFT_UDP_HEAD_BYTES);
    memcpy(sent->plain + writer.used - WEFT_UDP_HEAD_BYTES, payload, piece.size);
    weft_assert(weft_secure_datagram_seal(wire->pair.from, head.number, sent->bytes, writer.used,
                                          &piece, 1, sent->bytes + writer.used) == weftSuccess);
    sent->size = writer.used + piece.size + WEFT_SECURE_TAG_BYTES;
}

static void hand_over(struct wire *wire, const struct sent *sent, bool is_good)
{
    uint8_t plain[SENT_MAX];
    size_t packet_bytes = 0;
    const uint8_t *packet =
        weft_udp_packet_open(wire->pair.to, sent->bytes, sent->size, plain, &packet_bytes);

    weft_assert((packet != NULL) == is_good);
    if (packet == NULL)
        return;
    weft_assert(packet_bytes == sent->plain_size);
    weft_assert(memcmp(packet, sent->plain, packet_bytes) == 0);
}

static void order_deliver(struct wire *wire, struct input *input)
{
    (void)input;
    hand_over(wire, &wire->last, true);
}

/* The change spoils nothing: the datagram itself opens after it. */
static void order_change(struct wire *wire, struct input *input)
{
    struct sent changed = wire->last;
    size_t at = ((size_t)take(input) * 256 + take(input)) % changed.size;
    uint8_t flip = take(input);

    changed.bytes[at] ^= flip;
    hand_over(wire, &changed, flip == 0);
    hand_over(wire, &wire->last, flip != 0);
}

static void order_resize(struct wire *wire, struct input *input)
{
    struct sent changed = wire->last;
    size_t size = (size_t)take(input) * 256 + take(input);

    changed.size = WEFT_UDP_HEAD_BYTES + size % (sizeof(changed.bytes) - WEFT_UDP_HEAD_BYTES + 1);
    hand_over(wire, &changed, changed.size == wire->last.size);
}

static void order_repeat(struct wire *wire, struct input *input)
{
    order_deliver(wire, input);
    hand_over(wire, &wire->last, false);
}

/* Later than the next one, and then again; or so late that it is not remembered whether it came. */
static void order_swap(struct wire *wire, struct input *input)
{
    struct sent late = wire->last;
    uint64_t number = wire->number;

    send_one(wire, input);
    order_deliver(wire, input);
    while (take(input) % 2 == 1) {
        send_one(wire, input);
        order_deliver(wire, input);
    }
    hand_over(wire, &late, wire->number - number < WEFT_SECURE_WINDOW);
    hand_over(wire, &late, false);
}

static void (*const orders[])(struct wire *wire, struct input *input) = {
    order_deliver, order_deliver, order_change, order_resize, order_repeat, order_swap,
};

static void between(struct input *input)
{
    static struct wire wire;
    /* Without tags what was changed cannot be known. */
    enum weft_secure_mode mode = take(input) % 2 == 0 ? WEFT_SECURE_FULL : WEFT_SECURE_INTEGRITY;

    wire.pair = pair_open(mode);
    wire.number = 0;
    for (uint32_t i = 0; i < ORDERS_MAX && input->left > 0; i++) {
        uint8_t order = take(input);

        send_one(&wire, input);
        orders[order % WEFT_ARRAY_COUNT(orders)](&wire, input);
    }
    pair_close(&wire.pair);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static void (*const kinds[])(struct input * input) = {stranger, between};
    struct input input = {bytes, size};

    kinds[take(&input) % WEFT_ARRAY_COUNT(kinds)](&input);
    return 0;
}
