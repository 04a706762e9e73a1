/* transports/secure: datagrams open once, in any order, under the key that their number says. */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "base/prng.h"
#include "common/checksum.h"
#include "secure/secure_datagram.h"
#include "secure_pair.h"

#define BYTES   1400
#define TAG     WEFT_SECURE_TAG_BYTES
#define PER_KEY WEFT_SECURE_DATAGRAMS_PER_KEY

struct datagrams {
    struct weft_secure_datagrams *from;
    struct weft_secure_datagrams *to;
};

static const char head[] = "session and number";

static struct datagrams datagrams_open(enum weft_secure_mode mode)
{
    struct secure_pair pair = secure_pair_open(mode, NULL);
    struct datagrams made = {weft_secure_datagrams_new(pair.initiator),
                             weft_secure_datagrams_new(pair.responder)};

    cr_assert_not_null(made.from);
    cr_assert_not_null(made.to);
    secure_pair_free(&pair);
    return made;
}

static void datagrams_free(struct datagrams *datagrams)
{
    weft_secure_datagrams_free(datagrams->from);
    weft_secure_datagrams_free(datagrams->to);
}

/* Datagram `number` has bytes that its number decides. */
static void seal(struct datagrams *datagrams, uint64_t number, uint8_t sealed[BYTES + TAG])
{
    uint8_t plain[BYTES];
    const struct weft_secure_piece pieces[] = {{plain, 100}, {plain + 100, BYTES - 100}};

    weft_pattern_fill(plain, sizeof(plain), (uint32_t)number, 0);
    cr_assert_eq(
        weft_secure_datagram_seal(datagrams->from, number, head, sizeof(head), pieces, 2, sealed),
        weftSuccess);
}

static weftResult_t open_as(struct datagrams *datagrams, uint64_t number,
                            const uint8_t sealed[BYTES + TAG])
{
    uint8_t plain[BYTES];
    uint8_t expected[BYTES];
    weftResult_t result = weft_secure_datagram_open(datagrams->to, number, head, sizeof(head),
                                                    sealed, BYTES + TAG, plain);

    weft_pattern_fill(expected, sizeof(expected), (uint32_t)number, 0);
    if (result == weftSuccess)
        cr_expect_eq(memcmp(plain, expected, BYTES), 0, "number %llu", (unsigned long long)number);
    return result;
}

static weftResult_t pass(struct datagrams *datagrams, uint64_t number)
{
    uint8_t sealed[BYTES + TAG];

    seal(datagrams, number, sealed);
    return open_as(datagrams, number, sealed);
}

Test(secure_datagram, open__any_order_each_once)
{
    for (unsigned mode = 0; mode < WEFT_SECURE_MODES; mode++) {
        static const uint64_t numbers[] = {1, 3, 2, 1000, 64, 63, 65, 16383, 16384, 16385, 999};
        struct datagrams datagrams = datagrams_open((enum weft_secure_mode)mode);
        uint8_t sealed[WEFT_ARRAY_COUNT(numbers)][BYTES + TAG];

        for (size_t i = 0; i < WEFT_ARRAY_COUNT(numbers); i++)
            seal(&datagrams, numbers[i], sealed[i]);
        for (size_t i = 0; i < WEFT_ARRAY_COUNT(numbers); i++)
            cr_expect_eq(open_as(&datagrams, numbers[i], sealed[i]), weftSuccess, "mode %u, %zu",
                         mode, i);
        for (size_t i = 0; i < WEFT_ARRAY_COUNT(numbers); i++)
            cr_expect_eq(open_as(&datagrams, numbers[i], sealed[i]), weftInvalidUsage,
                         "mode %u, %zu again", mode, i);
        datagrams_free(&datagrams);
    }
}

Test(secure_datagram, open__too_old)
{
    struct datagrams datagrams = datagrams_open(WEFT_SECURE_FULL);
    uint8_t first[BYTES + TAG];
    uint8_t second[BYTES + TAG];

    seal(&datagrams, 1, first);
    seal(&datagrams, 2, second);
    cr_assert_eq(pass(&datagrams, WEFT_SECURE_WINDOW + 1), weftSuccess);
    cr_expect_eq(open_as(&datagrams, 1, first), weftInvalidUsage);
    cr_expect_eq(open_as(&datagrams, 2, second), weftSuccess);
    /* Far ahead: all before it is forgotten, nothing of it counts as seen. */
    seal(&datagrams, 500000, first);
    cr_assert_eq(pass(&datagrams, 500001), weftSuccess);
    cr_expect_eq(open_as(&datagrams, 500000, first), weftSuccess);
    cr_expect_eq(open_as(&datagrams, 500000, first), weftInvalidUsage);
    datagrams_free(&datagrams);
}

Test(secure_datagram, open__changed_bytes_end_nothing)
{
    for (unsigned mode = 0; mode <= WEFT_SECURE_INTEGRITY; mode++) {
        struct datagrams datagrams = datagrams_open((enum weft_secure_mode)mode);
        uint8_t sealed[BYTES + TAG];
        uint8_t plain[BYTES + TAG];

        seal(&datagrams, 7, sealed);
        for (size_t i = 0; i < sizeof(sealed); i += 37) {
            sealed[i] ^= 0x10;
            memset(plain, 0xee, sizeof(plain));
            cr_expect_eq(weft_secure_datagram_open(datagrams.to, 7, head, sizeof(head), sealed,
                                                   sizeof(sealed), plain),
                         weftInvalidArgument, "mode %u byte %zu", mode, i);
            cr_expect(plain[0] == 0 && plain[BYTES - 1] == 0, "what was written is wiped");
            sealed[i] ^= 0x10;
        }
        cr_expect_eq(
            weft_secure_datagram_open(datagrams.to, 7, "another", 7, sealed, sizeof(sealed), plain),
            weftInvalidArgument);
        cr_expect_eq(open_as(&datagrams, 8, sealed), weftInvalidArgument, "another number");
        cr_expect_eq(
            weft_secure_datagram_open(datagrams.to, 7, head, sizeof(head), sealed, TAG - 1, plain),
            weftInvalidArgument);
        cr_expect_eq(open_as(&datagrams, 7, sealed), weftSuccess, "it is still good");
        datagrams_free(&datagrams);
    }
}

/* The two ends have keys of their own: what one sealed is nothing that it would open. */
Test(secure_datagram, open__own_datagram_sent_back)
{
    struct datagrams datagrams = datagrams_open(WEFT_SECURE_FULL);
    uint8_t sealed[BYTES + TAG];
    uint8_t plain[BYTES];

    seal(&datagrams, 1, sealed);
    cr_expect_eq(weft_secure_datagram_open(datagrams.from, 1, head, sizeof(head), sealed,
                                           sizeof(sealed), plain),
                 weftInvalidArgument);
    datagrams_free(&datagrams);
}

Test(secure_datagram, open__over_changes_of_keys)
{
    struct datagrams datagrams = datagrams_open(WEFT_SECURE_FULL);
    uint8_t late[BYTES + TAG];
    uint8_t later[BYTES + TAG];

    cr_expect_eq(pass(&datagrams, 1), weftSuccess);
    seal(&datagrams, PER_KEY - 2, late);
    cr_expect_eq(pass(&datagrams, PER_KEY - 1), weftSuccess);
    cr_expect_eq(pass(&datagrams, PER_KEY), weftSuccess);
    cr_expect_eq(open_as(&datagrams, PER_KEY - 2, late), weftSuccess, "of the key before");
    cr_expect_eq(pass(&datagrams, 2 * PER_KEY - 1), weftSuccess);
    seal(&datagrams, 2 * PER_KEY, late);
    cr_expect_eq(pass(&datagrams, 2 * PER_KEY + 1), weftSuccess);
    cr_expect_eq(open_as(&datagrams, 2 * PER_KEY, late), weftSuccess);
    cr_expect_eq(pass(&datagrams, 3 * PER_KEY), weftSuccess);
    cr_expect_eq(pass(&datagrams, 4 * PER_KEY), weftSuccess);
    /* A key that nothing has come with cannot be passed over. */
    seal(&datagrams, 6 * PER_KEY, later);
    cr_expect_eq(open_as(&datagrams, 6 * PER_KEY, later), weftInvalidArgument);
    datagrams_free(&datagrams);
}

/* Forged numbers of the next key do not bring it about. */
Test(secure_datagram, open__forged_next_key)
{
    struct datagrams datagrams = datagrams_open(WEFT_SECURE_FULL);
    uint8_t noise[BYTES + TAG];
    struct weft_prng prng;

    weft_prng_init(&prng, 1);
    for (uint32_t i = 0; i < sizeof(noise); i++)
        noise[i] = (uint8_t)(weft_prng_next(&prng) >> 8);
    cr_expect_eq(pass(&datagrams, 5), weftSuccess);
    for (uint64_t i = 0; i < 10; i++)
        cr_expect_eq(open_as(&datagrams, PER_KEY * i + 9, noise), weftInvalidArgument);
    cr_expect_eq(open_as(&datagrams, UINT64_MAX, noise), weftInvalidArgument);
    cr_expect_eq(pass(&datagrams, 6), weftSuccess);
    cr_expect_eq(pass(&datagrams, PER_KEY + 9), weftSuccess);
    datagrams_free(&datagrams);
}

Test(secure_datagram, open__random_loss_and_order)
{
    enum { COUNT = 3000, SPREAD = 40 };
    struct datagrams datagrams = datagrams_open(WEFT_SECURE_INTEGRITY);
    uint8_t(*sealed)[BYTES + TAG] = calloc(SPREAD, sizeof(*sealed));
    uint64_t numbers[SPREAD] = {0};
    struct weft_prng prng;

    cr_assert_not_null(sealed);
    weft_prng_init(&prng, 11);
    for (uint64_t number = 1; number <= COUNT; number++) {
        uint32_t place = (uint32_t)(weft_prng_next(&prng) % SPREAD);

        if (numbers[place] != 0 && weft_prng_next(&prng) % 10 != 0) {
            cr_expect_eq(open_as(&datagrams, numbers[place], sealed[place]), weftSuccess);
            cr_expect_eq(open_as(&datagrams, numbers[place], sealed[place]), weftInvalidUsage);
        }
        numbers[place] = number;
        seal(&datagrams, number, sealed[place]);
    }
    free(sealed);
    datagrams_free(&datagrams);
}

Test(secure_datagram, goodbye__only_of_the_other_end)
{
    struct datagrams datagrams = datagrams_open(WEFT_SECURE_OFF);
    struct datagrams others = datagrams_open(WEFT_SECURE_OFF);
    uint8_t goodbye[WEFT_SECURE_GOODBYE_BYTES];

    weft_secure_datagram_goodbye(datagrams.from, goodbye);
    cr_expect(weft_secure_datagram_is_goodbye(datagrams.to, goodbye));
    cr_expect(!weft_secure_datagram_is_goodbye(datagrams.from, goodbye));
    cr_expect(!weft_secure_datagram_is_goodbye(others.to, goodbye));
    goodbye[31] ^= 1;
    cr_expect(!weft_secure_datagram_is_goodbye(datagrams.to, goodbye));
    weft_secure_datagrams_free(NULL);
    datagrams_free(&datagrams);
    datagrams_free(&others);
}
