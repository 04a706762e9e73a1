/* transports/secure: who is let in, and who is not. */
#include <criterion/criterion.h>

#include <openssl/err.h>
#include <string.h>

#include "secure_pair.h"

/* ---- good handshakes ---- */

Test(secure, handshake__every_mode_opens)
{
    for (unsigned mode = 0; mode < WEFT_SECURE_MODES; mode++) {
        struct secure_pair pair = secure_pair_open((enum weft_secure_mode)mode, NULL);
        uint8_t sealed[5 + WEFT_SECURE_TAG_BYTES];
        uint8_t plain[5];

        cr_assert_eq(secure_pair_seal(pair.initiator, "h", "ahead", 5, sealed), weftSuccess);
        cr_assert_eq(weft_secure_open(pair.responder, "h", 1, sealed, sizeof(sealed), plain),
                     weftSuccess);
        cr_expect_eq(memcmp(plain, "ahead", 5), 0, "mode %u", mode);
        cr_assert_eq(secure_pair_seal(pair.responder, "h", "back!", 5, sealed), weftSuccess);
        cr_assert_eq(weft_secure_open(pair.initiator, "h", 1, sealed, sizeof(sealed), plain),
                     weftSuccess);
        cr_expect_eq(memcmp(plain, "back!", 5), 0, "mode %u", mode);
        secure_pair_free(&pair);
    }
}

/* Two connections of one job, and the two directions of one, have nothing in common. */
Test(secure, handshake__keys_are_fresh)
{
    struct secure_pair one = secure_pair_open(WEFT_SECURE_FULL, NULL);
    struct secure_pair two = secure_pair_open(WEFT_SECURE_FULL, NULL);
    const struct weft_secure_direction *directions[] = {
        &one.initiator->sealing, &one.initiator->opening, &two.initiator->sealing,
        &two.initiator->opening};

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(directions); i++)
        for (size_t j = 0; j < i; j++) {
            cr_expect_neq(memcmp(directions[i]->secret, directions[j]->secret, 32), 0, "%zu %zu", i,
                          j);
            cr_expect_neq(memcmp(directions[i]->iv, directions[j]->iv, 12), 0, "%zu %zu", i, j);
        }
    /* The nonces, too, for which the ephemerals do not stand in. */
    cr_expect_neq(memcmp(one.initiator->hello + 32, two.initiator->hello + 32, 32), 0);
    cr_expect_neq(memcmp(one.responder->hello + 32, one.initiator->hello + 32, 32), 0);
    secure_pair_free(&one);
    secure_pair_free(&two);
}

/* When a channel is open, its ephemeral key and the job's secret are gone from it. */
Test(secure, handshake__wipes_what_made_the_keys)
{
    static const uint8_t zero[WEFT_SECURE_SECRET_BYTES];
    struct secure_pair pair = secure_pair_open(WEFT_SECURE_FULL, NULL);
    const struct weft_secure *ends[] = {pair.initiator, pair.responder};

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(ends); i++) {
        cr_expect_null(ends[i]->ephemeral);
        cr_expect_eq(memcmp(ends[i]->secret, zero, sizeof(zero)), 0);
        cr_expect_eq(memcmp(ends[i]->awaited, zero, sizeof(zero)), 0);
    }
    secure_pair_free(&pair);
}

/* ---- bad ones ---- */

/* One bit of the secret is enough; the initiator is the first to see it. */
Test(secure, handshake__wrong_secret)
{
    for (size_t bit = 0; bit < WEFT_SECURE_SECRET_BYTES * 8; bit += 17) {
        struct secure_words words;
        struct secure_pair pair = secure_pair_make(WEFT_SECURE_FULL);

        pair.responder->secret[bit / 8] ^= (uint8_t)(1u << bit % 8);
        cr_assert_eq(weft_secure_first(pair.initiator, words.first), weftSuccess);
        cr_assert_eq(weft_secure_second(pair.responder, words.first, words.second), weftSuccess);
        cr_expect_eq(weft_secure_third(pair.initiator, words.second, words.third),
                     weftInvalidArgument, "bit %zu", bit);
        cr_expect_eq(weft_secure_state(pair.initiator), WEFT_SECURE_BROKEN);
        memset(words.third, 0, sizeof(words.third));
        cr_expect_eq(weft_secure_accept(pair.responder, words.third), weftInvalidArgument);
        cr_expect_eq(weft_secure_state(pair.responder), WEFT_SECURE_BROKEN);
        secure_pair_free(&pair);
    }
}

/* Runs a handshake in which `flip` is put over one byte; returns who broke it: 1, 2, 3 for the
 * reader of FIRST, SECOND, THIRD; 0: nobody. */
static unsigned shake_changed(unsigned message, size_t position, uint8_t flip)
{
    struct secure_pair pair = secure_pair_make(WEFT_SECURE_FULL);
    struct secure_words words;
    uint8_t *messages[] = {words.first, words.second, words.third};
    struct weft_secure *reader = pair.responder;
    unsigned breaker = 1;
    weftResult_t result;

    cr_assert_eq(weft_secure_first(pair.initiator, words.first), weftSuccess);
    if (message == 0)
        messages[message][position] ^= flip;
    result = weft_secure_second(pair.responder, words.first, words.second);
    if (result == weftSuccess) {
        if (message == 1)
            messages[message][position] ^= flip;
        reader = pair.initiator;
        breaker = 2;
        result = weft_secure_third(pair.initiator, words.second, words.third);
    }
    if (result == weftSuccess) {
        if (message == 2)
            messages[message][position] ^= flip;
        reader = pair.responder;
        breaker = 3;
        result = weft_secure_accept(pair.responder, words.third);
    }
    cr_expect_eq(result, flip == 0 ? weftSuccess : weftInvalidArgument);
    cr_expect_eq(weft_secure_state(reader), flip == 0 ? WEFT_SECURE_OPEN : WEFT_SECURE_BROKEN);
    secure_pair_free(&pair);
    return result == weftSuccess ? 0 : breaker;
}

/* The head of FIRST is seen at once, what else the ends say by its proof. */
Test(secure, handshake__changed_byte_anywhere)
{
    static const struct {
        unsigned message;
        size_t from;
        size_t to;
        unsigned breaker;
    } rows[] = {
        {0, 0, 8, 1},
        {0, 8, WEFT_SECURE_FIRST_BYTES, 2},
        {1, 0, WEFT_SECURE_SECOND_BYTES, 2},
        {2, 0, WEFT_SECURE_THIRD_BYTES, 3},
    };

    cr_expect_eq(shake_changed(0, 0, 0), 0);
    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++)
        for (size_t position = rows[i].from; position < rows[i].to; position++) {
            /* X25519 itself does not look at the highest bit of an ephemeral. */
            cr_expect_eq(shake_changed(rows[i].message, position, 0x80), rows[i].breaker,
                         "message %u byte %zu", rows[i].message, position);
            cr_expect_eq(shake_changed(rows[i].message, position, 0x01), rows[i].breaker,
                         "message %u byte %zu", rows[i].message, position);
        }
}

Test(secure, handshake__different_modes)
{
    for (unsigned i = 0; i < WEFT_SECURE_MODES; i++)
        for (unsigned j = 0; j < WEFT_SECURE_MODES; j++) {
            struct secure_pair one = secure_pair_make((enum weft_secure_mode)i);
            struct secure_pair two = secure_pair_make((enum weft_secure_mode)j);
            struct secure_words words;
            weftResult_t result;

            cr_assert_eq(weft_secure_first(one.initiator, words.first), weftSuccess);
            result = weft_secure_second(two.responder, words.first, words.second);
            cr_expect_eq(result, i == j ? weftSuccess : weftInvalidArgument, "%u %u", i, j);
            secure_pair_free(&one);
            secure_pair_free(&two);
        }
}

/* Whoever stands between and writes the mode that the other wants is found by the proof. */
Test(secure, handshake__mode_written_over)
{
    struct secure_pair one = secure_pair_make(WEFT_SECURE_FULL);
    struct secure_pair two = secure_pair_make(WEFT_SECURE_OFF);
    struct secure_words words;

    cr_assert_eq(weft_secure_first(one.initiator, words.first), weftSuccess);
    words.first[5] = WEFT_SECURE_OFF;
    cr_assert_eq(weft_secure_second(two.responder, words.first, words.second), weftSuccess);
    cr_expect_eq(weft_secure_third(one.initiator, words.second, words.third), weftInvalidArgument);
    secure_pair_free(&one);
    secure_pair_free(&two);
}

/* An end's own words, sent back to it, prove nothing. */
Test(secure, handshake__reflected)
{
    struct secure_pair pair = secure_pair_make(WEFT_SECURE_FULL);
    struct secure_pair other = secure_pair_make(WEFT_SECURE_FULL);
    struct secure_words words;
    uint8_t back[WEFT_SECURE_SECOND_BYTES];

    cr_assert_eq(weft_secure_first(pair.initiator, words.first), weftSuccess);
    memset(back, 0, sizeof(back));
    memcpy(back, words.first + 8, WEFT_SECURE_FIRST_BYTES - 8);
    cr_expect_eq(weft_secure_third(pair.initiator, back, words.third), weftInvalidArgument);

    cr_assert_eq(weft_secure_first(other.initiator, words.first), weftSuccess);
    cr_assert_eq(weft_secure_second(other.responder, words.first, words.second), weftSuccess);
    cr_expect_eq(weft_secure_accept(other.responder, words.second + 64), weftInvalidArgument);
    secure_pair_free(&pair);
    secure_pair_free(&other);
}

/* A recorded handshake, played again to either end. */
Test(secure, handshake__replayed)
{
    struct secure_words old;
    struct secure_words words;
    struct secure_pair past = secure_pair_open(WEFT_SECURE_FULL, &old);
    struct secure_pair pair = secure_pair_make(WEFT_SECURE_FULL);

    cr_assert_eq(weft_secure_second(pair.responder, old.first, words.second), weftSuccess);
    cr_expect_neq(memcmp(words.second, old.second, sizeof(old.second)), 0);
    cr_expect_eq(weft_secure_accept(pair.responder, old.third), weftInvalidArgument);
    cr_assert_eq(weft_secure_first(pair.initiator, words.first), weftSuccess);
    cr_expect_eq(weft_secure_third(pair.initiator, old.second, words.third), weftInvalidArgument);
    secure_pair_free(&past);
    secure_pair_free(&pair);
}

/* Ephemerals that agree on zero with every key: a stranger could choose what is agreed upon. They
 * are the points of small order, and the same with the field's prime added. */
Test(secure, handshake__ephemerals_of_small_order)
{
    static const uint8_t points[][WEFT_SECURE_KEY_BYTES] = {
        {0},
        {1},
        {0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3,
         0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32,
         0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00},
        {0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1,
         0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c,
         0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57},
        {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
        {0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
        {0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(points); i++) {
        struct secure_pair pair = secure_pair_make(WEFT_SECURE_FULL);
        struct secure_words words = {0};

        cr_assert_eq(weft_secure_first(pair.initiator, words.first), weftSuccess);
        memcpy(words.first + 8, points[i], sizeof(points[i]));
        cr_expect_eq(weft_secure_second(pair.responder, words.first, words.second),
                     weftInvalidArgument, "point %zu", i);
        memcpy(words.second, points[i], sizeof(points[i]));
        cr_expect_eq(weft_secure_third(pair.initiator, words.second, words.third),
                     weftInvalidArgument, "point %zu", i);
        secure_pair_free(&pair);
    }
    /* And the user's queue of OpenSSL's errors is as it was. */
    cr_expect_eq(ERR_peek_error(), 0);
}

/* ---- the order of calls ---- */

/* The calls in the order of the header. */
static weftResult_t call(struct weft_secure *end, unsigned which)
{
    struct secure_words words = {0};
    uint8_t bytes[64] = {0};

    switch (which) {
    case 0:
        return weft_secure_first(end, words.first);
    case 1:
        return weft_secure_second(end, words.first, words.second);
    case 2:
        return weft_secure_third(end, words.second, words.third);
    case 3:
        return weft_secure_accept(end, words.third);
    case 4:
        return secure_pair_seal(end, "head", "plain", 5, bytes);
    default:
        return weft_secure_open(end, "head", 4, bytes, 32, bytes + 32);
    }
}

/* An end in this state: how far its handshake has gone. */
static struct weft_secure *make_in(bool is_initiator, enum weft_secure_state state)
{
    struct secure_pair pair = secure_pair_make(WEFT_SECURE_FULL);
    struct weft_secure *end = is_initiator ? pair.initiator : pair.responder;
    struct weft_secure *other = is_initiator ? pair.responder : pair.initiator;
    struct secure_words words;

    if (state == WEFT_SECURE_GREETED || state == WEFT_SECURE_OPEN) {
        cr_assert_eq(weft_secure_first(pair.initiator, words.first), weftSuccess);
        cr_assert_eq(weft_secure_second(pair.responder, words.first, words.second), weftSuccess);
    }
    if (state == WEFT_SECURE_OPEN) {
        cr_assert_eq(weft_secure_third(pair.initiator, words.second, words.third), weftSuccess);
        cr_assert_eq(weft_secure_accept(pair.responder, words.third), weftSuccess);
    }
    if (state == WEFT_SECURE_BROKEN)
        (void)weft_secure_break(end, weftInvalidArgument);
    weft_secure_free(other);
    return end;
}

Test(secure, calls__only_in_their_state)
{
    static const struct {
        bool is_initiator;
        enum weft_secure_state state;
        const char *allowed; /* of first, second, third, accept, seal, open */
    } rows[] = {
        {true, WEFT_SECURE_FRESH, "f....."},  {true, WEFT_SECURE_GREETED, "..t..."},
        {true, WEFT_SECURE_OPEN, "....so"},   {true, WEFT_SECURE_BROKEN, "......"},
        {false, WEFT_SECURE_FRESH, ".s...."}, {false, WEFT_SECURE_GREETED, "...a.."},
        {false, WEFT_SECURE_OPEN, "....so"},  {false, WEFT_SECURE_BROKEN, "......"},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++)
        for (unsigned which = 0; which < 6; which++) {
            struct weft_secure *end = make_in(rows[i].is_initiator, rows[i].state);

            cr_assert_eq(weft_secure_state(end), rows[i].state);
            if (rows[i].allowed[which] == '.') {
                cr_expect_eq(call(end, which), weftInvalidUsage, "row %zu call %u", i, which);
                cr_expect_eq(weft_secure_state(end), rows[i].state, "row %zu call %u", i, which);
            } else {
                cr_expect_neq(call(end, which), weftInvalidUsage, "row %zu call %u", i, which);
            }
            weft_secure_free(end);
        }
}

Test(secure, state_name__each_has_one)
{
    cr_expect_str_eq(weft_secure_state_name(WEFT_SECURE_FRESH), "fresh");
    cr_expect_str_eq(weft_secure_state_name(WEFT_SECURE_GREETED), "greeted");
    cr_expect_str_eq(weft_secure_state_name(WEFT_SECURE_OPEN), "open");
    cr_expect_str_eq(weft_secure_state_name(WEFT_SECURE_BROKEN), "broken");
    cr_expect_str_eq(weft_secure_state_name(WEFT_SECURE_STATES), "?");
}

Test(secure, free__null_is_allowed)
{
    weft_secure_free(NULL);
}
