/* The secure channel: what comes from the wire is the bytes. The first one says what they are:
 *
 *     0: a stranger's words to a responder (FIRST, THIRD) and to an initiator (SECOND);
 *     1: what somebody between two good ends puts over their words, by exclusive or;
 *     2: what he does to their records: a list of orders, see `orders`.
 *
 * A stranger never gets in; words with any change do not open a channel, without one they do; each
 * record that arrives is the next one that was sent, or the channel is broken. The ephemerals are
 * random, so a run is not the same twice; what must hold does not depend on them. */
#include <string.h>

#include "fuzz.h"
#include "secure/secure_part.h"

#define RECORD_BYTES_MAX 1024
#define HEAD_BYTES_MAX   16
#define KEY_BYTES_MAX    4096 /* a key's, so that it is renewed often */
#define ORDERS_MAX       256

struct reader {
    const uint8_t *bytes;
    size_t left;
};

struct pair {
    struct weft_secure *initiator;
    struct weft_secure *responder;
};

/* Zero, when there is nothing left. */
static uint8_t take(struct reader *reader)
{
    if (reader->left == 0)
        return 0;
    reader->left--;
    return *reader->bytes++;
}

static void take_bytes(struct reader *reader, uint8_t *out, size_t size)
{
    for (size_t i = 0; i < size; i++)
        out[i] = take(reader);
}

/* True when a bit was changed. */
static bool put_over(struct reader *reader, uint8_t *words, size_t size)
{
    bool changed = false;

    for (size_t i = 0; i < size; i++) {
        uint8_t flip = take(reader);

        words[i] ^= flip;
        changed = changed || flip != 0;
    }
    return changed;
}

static struct pair make(struct reader *reader)
{
    static const uint8_t secret[WEFT_SECURE_SECRET_BYTES] = "a secret of the job";
    enum weft_secure_mode mode = (enum weft_secure_mode)(take(reader) % WEFT_SECURE_MODES);
    struct pair pair = {weft_secure_new(true, mode, secret), weft_secure_new(false, mode, secret)};

    weft_assert(pair.initiator != NULL);
    weft_assert(pair.responder != NULL);
    return pair;
}

static void close_pair(struct pair *pair)
{
    weft_secure_free(pair->initiator);
    weft_secure_free(pair->responder);
}

/* ---- 0: strangers ---- */

static void expect_broken(const struct weft_secure *secure, weftResult_t result)
{
    weft_assert(result == weftInvalidArgument);
    weft_assert(weft_secure_state(secure) == WEFT_SECURE_BROKEN);
}

static void stranger(struct reader *reader)
{
    struct pair pair = make(reader);
    uint8_t first[WEFT_SECURE_FIRST_BYTES];
    uint8_t second[WEFT_SECURE_SECOND_BYTES];
    uint8_t third[WEFT_SECURE_THIRD_BYTES];
    weftResult_t result;

    take_bytes(reader, first, sizeof(first));
    result = weft_secure_second(pair.responder, first, second);
    if (result == weftSuccess) {
        take_bytes(reader, third, sizeof(third));
        result = weft_secure_accept(pair.responder, third);
    }
    expect_broken(pair.responder, result);
    weft_assert(weft_secure_first(pair.initiator, first) == weftSuccess);
    take_bytes(reader, second, sizeof(second));
    expect_broken(pair.initiator, weft_secure_third(pair.initiator, second, third));
    close_pair(&pair);
}

/* ---- 1: somebody between ---- */

static void between(struct reader *reader)
{
    struct pair pair = make(reader);
    uint8_t first[WEFT_SECURE_FIRST_BYTES];
    uint8_t second[WEFT_SECURE_SECOND_BYTES];
    uint8_t third[WEFT_SECURE_THIRD_BYTES];
    struct weft_secure *last = pair.responder;
    weftResult_t result;
    bool changed;

    weft_assert(weft_secure_first(pair.initiator, first) == weftSuccess);
    changed = put_over(reader, first, sizeof(first));
    result = weft_secure_second(pair.responder, first, second);
    if (result == weftSuccess) {
        changed = put_over(reader, second, sizeof(second)) || changed;
        last = pair.initiator;
        result = weft_secure_third(pair.initiator, second, third);
    }
    if (result == weftSuccess) {
        weft_assert(!changed);
        changed = put_over(reader, third, sizeof(third));
        last = pair.responder;
        result = weft_secure_accept(pair.responder, third);
    }
    if (changed)
        expect_broken(last, result);
    else
        weft_assert(weft_secure_state(pair.responder) == WEFT_SECURE_OPEN);
    close_pair(&pair);
}

/* ---- 2: records ---- */

struct sent {
    uint8_t head[HEAD_BYTES_MAX];
    uint8_t plain[RECORD_BYTES_MAX];
    uint8_t sealed[RECORD_BYTES_MAX + WEFT_SECURE_TAG_BYTES];
    size_t head_size;
    size_t size;
};

struct wire {
    struct pair pair;
    struct sent last; /* sent by the initiator */
    bool is_next;     /* it is what the responder waits for */
    bool has_tags;
};

static void open_pair(struct pair *pair)
{
    uint8_t first[WEFT_SECURE_FIRST_BYTES];
    uint8_t second[WEFT_SECURE_SECOND_BYTES];
    uint8_t third[WEFT_SECURE_THIRD_BYTES];

    weft_assert(weft_secure_first(pair->initiator, first) == weftSuccess);
    weft_assert(weft_secure_second(pair->responder, first, second) == weftSuccess);
    weft_assert(weft_secure_third(pair->initiator, second, third) == weftSuccess);
    weft_assert(weft_secure_accept(pair->responder, third) == weftSuccess);
    pair->initiator->sealing.key_bytes_max = KEY_BYTES_MAX;
    pair->responder->opening.key_bytes_max = KEY_BYTES_MAX;
}

/* The record's bytes are in three pieces. */
static void send_one(struct wire *wire, struct reader *reader)
{
    struct sent *sent = &wire->last;
    struct weft_secure_piece pieces[3];
    size_t from = 0;

    sent->head_size = take(reader) % (HEAD_BYTES_MAX + 1);
    sent->size = (size_t)take(reader) * 4 + take(reader) % 5;
    memset(sent->head, (int)sent->size & 0xff, sizeof(sent->head));
    memset(sent->plain, take(reader), sizeof(sent->plain));
    for (size_t i = 0; i < WEFT_ARRAY_COUNT(pieces); i++) {
        bool is_last = i + 1 == WEFT_ARRAY_COUNT(pieces);
        size_t part = is_last ? sent->size - from : weft_min(take(reader), sent->size - from);

        pieces[i] = (struct weft_secure_piece){sent->plain + from, part};
        from += part;
    }
    weft_assert(weft_secure_seal(wire->pair.initiator, sent->head, sent->head_size, pieces,
                                 WEFT_ARRAY_COUNT(pieces), sent->sealed) == weftSuccess);
}

/* Hands `size` bytes over; `good`: they are the next record as it was sent. */
static void hand_over(struct wire *wire, const struct sent *sent, size_t size, bool good)
{
    uint8_t plain[RECORD_BYTES_MAX + WEFT_SECURE_TAG_BYTES];
    weftResult_t result = weft_secure_open(wire->pair.responder, sent->head, sent->head_size,
                                           sent->sealed, size, plain);

    if (good) {
        weft_assert(result == weftSuccess);
        weft_assert(memcmp(plain, wire->last.plain, wire->last.size) == 0);
    } else if (wire->has_tags) {
        expect_broken(wire->pair.responder, result);
    } else {
        weft_assert(result == weftSuccess || result == weftInvalidArgument);
    }
}

static void order_deliver(struct wire *wire, struct reader *reader)
{
    (void)reader;
    hand_over(wire, &wire->last, wire->last.size + WEFT_SECURE_TAG_BYTES, wire->is_next);
}

static void order_change(struct wire *wire, struct reader *reader)
{
    struct sent changed = wire->last;
    size_t size = changed.size + WEFT_SECURE_TAG_BYTES;
    size_t at = (size_t)take(reader) * 256 + take(reader);
    uint8_t flip = take(reader);

    at %= changed.head_size + size;
    if (at < changed.head_size)
        changed.head[at] ^= flip;
    else
        changed.sealed[at - changed.head_size] ^= flip;
    hand_over(wire, &changed, size, wire->is_next && flip == 0);
}

static void order_resize(struct wire *wire, struct reader *reader)
{
    size_t size = (size_t)take(reader) * 4 + take(reader) % 4;

    size = weft_min(size, sizeof(wire->last.sealed));
    hand_over(wire, &wire->last, size,
              wire->is_next && size == wire->last.size + WEFT_SECURE_TAG_BYTES);
}

static void order_repeat(struct wire *wire, struct reader *reader)
{
    order_deliver(wire, reader);
    wire->is_next = false;
    if (weft_secure_state(wire->pair.responder) == WEFT_SECURE_OPEN)
        order_deliver(wire, reader);
}

/* Seen when the next one arrives. */
static void order_lose(struct wire *wire, struct reader *reader)
{
    (void)reader;
    wire->is_next = false;
}

static void (*const orders[])(struct wire *wire, struct reader *reader) = {
    order_deliver, order_deliver, order_deliver, order_deliver,
    order_change,  order_resize,  order_repeat,  order_lose,
};

static void records(struct reader *reader)
{
    struct wire wire = {.pair = make(reader), .is_next = true};

    open_pair(&wire.pair);
    wire.has_tags = wire.pair.initiator->mode != WEFT_SECURE_OFF;
    for (uint32_t i = 0; i < ORDERS_MAX && reader->left > 0; i++) {
        uint8_t order = take(reader);

        send_one(&wire, reader);
        orders[order % WEFT_ARRAY_COUNT(orders)](&wire, reader);
        if (weft_secure_state(wire.pair.responder) == WEFT_SECURE_BROKEN)
            break;
    }
    close_pair(&wire.pair);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static void (*const kinds[])(struct reader * reader) = {stranger, between, records};
    struct reader reader = {bytes, size};

    kinds[take(&reader) % WEFT_ARRAY_COUNT(kinds)](&reader);
    return 0;
}
