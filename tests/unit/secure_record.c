/* transports/secure: records arrive whole and in order, or the channel breaks. */
#include <criterion/criterion.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "common/checksum.h"
#include "secure_pair.h"

#define BYTES_MAX 70000
#define TAG       WEFT_SECURE_TAG_BYTES

static uint8_t source[BYTES_MAX];
static uint8_t sealed[BYTES_MAX + TAG];
static uint8_t plain[BYTES_MAX + TAG];

static const size_t sizes[] = {0,    1,    7,    8,     15,    16,    17,    31,    32,   33,
                               63,   64,   65,   127,   255,   256,   257,   1000,  1400, 4095,
                               4096, 4097, 9000, 16383, 16384, 16385, 65535, 65536, 70000};
static const char *const heads[] = {"", "h", "fifteen letters", "sixteen letters!",
                                    "seventeen letters"};

Test(secure_record, seal__every_size_class)
{
    weft_pattern_fill(source, sizeof(source), 3, 0);
    for (unsigned mode = 0; mode < WEFT_SECURE_MODES; mode++) {
        struct secure_pair pair = secure_pair_open((enum weft_secure_mode)mode, NULL);

        for (size_t i = 0; i < WEFT_ARRAY_COUNT(sizes); i++)
            for (size_t j = 0; j < WEFT_ARRAY_COUNT(heads); j++) {
                size_t size = sizes[i];
                bool same;

                cr_assert_eq(secure_pair_seal(pair.initiator, heads[j], source, size, sealed),
                             weftSuccess);
                same = memcmp(sealed, source, size) == 0;
                /* Fewer than eight bytes may come out as they went in, by chance. */
                if (mode != WEFT_SECURE_FULL || size >= 8)
                    cr_expect_eq(same, mode != WEFT_SECURE_FULL, "mode %u size %zu", mode, size);
                memset(plain, 0xee, sizeof(plain));
                cr_assert_eq(weft_secure_open(pair.responder, heads[j], strlen(heads[j]), sealed,
                                              size + TAG, plain),
                             weftSuccess, "mode %u size %zu", mode, size);
                cr_expect_eq(memcmp(plain, source, size), 0, "mode %u size %zu", mode, size);
                cr_expect_eq(plain[size], 0xee, "mode %u size %zu", mode, size);
            }
        secure_pair_free(&pair);
    }
}

/* Pieces are one run of bytes, however they are cut. */
Test(secure_record, seal__gathers_pieces)
{
    static const size_t cuts[][6] = {
        {0, 0, 0, 0, 0, 0},      {1, 1, 1, 1, 1, 1},       {0, 16, 0, 16, 0, 1},
        {15, 17, 1, 0, 31, 100}, {4096, 3, 4093, 0, 1, 8}, {13, 20000, 7, 16384, 1, 20000},
    };

    weft_pattern_fill(source, sizeof(source), 4, 0);
    for (unsigned mode = 0; mode < WEFT_SECURE_MODES; mode++) {
        struct secure_pair pair = secure_pair_open((enum weft_secure_mode)mode, NULL);

        for (size_t i = 0; i < WEFT_ARRAY_COUNT(cuts); i++) {
            struct weft_secure_piece pieces[6];
            size_t size = 0;

            for (size_t j = 0; j < 6; j++) {
                pieces[j].bytes = cuts[i][j] == 0 ? NULL : source + size;
                pieces[j].size = cuts[i][j];
                size += cuts[i][j];
            }
            cr_assert_eq(weft_secure_seal(pair.responder, "h", 1, pieces, 6, sealed), weftSuccess);
            cr_assert_eq(weft_secure_open(pair.initiator, "h", 1, sealed, size + TAG, plain),
                         weftSuccess, "mode %u row %zu", mode, i);
            cr_expect_eq(memcmp(plain, source, size), 0, "mode %u row %zu", mode, i);
        }
        cr_assert_eq(weft_secure_seal(pair.responder, NULL, 0, NULL, 0, sealed), weftSuccess);
        cr_expect_eq(weft_secure_open(pair.initiator, NULL, 0, sealed, TAG, plain), weftSuccess);
        secure_pair_free(&pair);
    }
}

/* ---- changed records ---- */

/* What a record of "head" and "forty bytes..." opens to after one bit of head, bytes and tag is
 * another; the last position leaves all as it was. */
#define TEXT       "forty bytes are two blocks and one half."
#define TEXT_BYTES 40
#define ALL_BITS   ((4 + TEXT_BYTES + TAG) * 8)

static weftResult_t open_changed(enum weft_secure_mode mode, size_t bit)
{
    struct secure_pair pair = secure_pair_open(mode, NULL);
    uint8_t bytes[4 + TEXT_BYTES + TAG + 1] = "head";
    static const uint8_t zero[TEXT_BYTES];
    uint8_t opened[TEXT_BYTES];
    weftResult_t result;

    cr_assert_eq(secure_pair_seal(pair.initiator, "head", TEXT, TEXT_BYTES, bytes + 4),
                 weftSuccess);
    bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    result = weft_secure_open(pair.responder, bytes, 4, bytes + 4, TEXT_BYTES + TAG, opened);
    if (result == weftSuccess) {
        cr_expect_eq(weft_secure_state(pair.responder), WEFT_SECURE_OPEN);
    } else {
        cr_expect_eq(weft_secure_state(pair.responder), WEFT_SECURE_BROKEN);
        cr_expect_eq(memcmp(opened, zero, sizeof(zero)), 0, "bit %zu is left behind", bit);
    }
    secure_pair_free(&pair);
    return result;
}

Test(secure_record, open__flipped_bit_anywhere)
{
    for (size_t bit = 0; bit < ALL_BITS; bit++) {
        cr_expect_eq(open_changed(WEFT_SECURE_FULL, bit), weftInvalidArgument, "bit %zu", bit);
        cr_expect_eq(open_changed(WEFT_SECURE_INTEGRITY, bit), weftInvalidArgument, "bit %zu", bit);
    }
    cr_expect_eq(open_changed(WEFT_SECURE_FULL, ALL_BITS), weftSuccess);
    cr_expect_eq(open_changed(WEFT_SECURE_INTEGRITY, ALL_BITS), weftSuccess);
    cr_expect_eq(ERR_peek_error(), 0);
}

/* Without tags, what is looked at is that there are none. */
Test(secure_record, open__off_wants_a_tag_of_zero)
{
    for (size_t bit = ((size_t)4 + TEXT_BYTES) * 8; bit < ALL_BITS; bit++)
        cr_expect_eq(open_changed(WEFT_SECURE_OFF, bit), weftInvalidArgument, "bit %zu", bit);
    cr_expect_eq(open_changed(WEFT_SECURE_OFF, ALL_BITS), weftSuccess);
}

/* Records of 3, 10 and 20 bytes are sealed; which the other end gets, in their order, and how many
 * of those open. */
Test(secure_record, open__out_of_order)
{
    static const struct {
        const char *arrive;
        size_t good;
    } rows[] = {
        {"012", 3}, {"00", 1}, {"0110", 2}, {"1", 0}, {"02", 1}, {"021", 1}, {"10", 0}, {"0120", 3},
    };
    static const size_t record_sizes[] = {3, 10, 20};
    static const enum weft_secure_mode modes[] = {WEFT_SECURE_FULL, WEFT_SECURE_INTEGRITY};

    for (size_t i = 0; i < 2 * WEFT_ARRAY_COUNT(rows); i++) {
        struct secure_pair pair = secure_pair_open(modes[i % 2], NULL);
        const char *arrive = rows[i / 2].arrive;
        uint8_t records[3][20 + TAG];
        size_t good = 0;

        for (size_t j = 0; j < 3; j++)
            cr_assert_eq(secure_pair_seal(pair.initiator, "", TEXT, record_sizes[j], records[j]),
                         weftSuccess);
        for (size_t j = 0; arrive[j] != '\0'; j++) {
            size_t which = (size_t)(arrive[j] - '0');

            if (weft_secure_open(pair.responder, "", 0, records[which], record_sizes[which] + TAG,
                                 plain) == weftSuccess)
                good++;
        }
        cr_expect_eq(good, rows[i / 2].good, "row %zu", i);
        cr_expect_eq(weft_secure_state(pair.responder),
                     good == strlen(arrive) ? WEFT_SECURE_OPEN : WEFT_SECURE_BROKEN, "row %zu", i);
        secure_pair_free(&pair);
    }
}

/* A record that is shorter or longer than it was sealed. */
Test(secure_record, open__cut_and_stretched)
{
    static const enum weft_secure_mode modes[] = {WEFT_SECURE_FULL, WEFT_SECURE_INTEGRITY};

    for (size_t size = 0; size <= TEXT_BYTES + TAG + 20; size++)
        for (size_t i = 0; i < WEFT_ARRAY_COUNT(modes); i++) {
            struct secure_pair pair = secure_pair_open(modes[i], NULL);
            bool whole = size == TEXT_BYTES + TAG;
            uint8_t bytes[TEXT_BYTES + TAG + 20] = {0};

            cr_assert_eq(secure_pair_seal(pair.initiator, "", TEXT, TEXT_BYTES, bytes),
                         weftSuccess);
            cr_expect_eq(weft_secure_open(pair.responder, "", 0, bytes, size, plain),
                         whole ? weftSuccess : weftInvalidArgument, "size %zu", size);
            cr_expect_eq(weft_secure_state(pair.responder),
                         whole ? WEFT_SECURE_OPEN : WEFT_SECURE_BROKEN, "size %zu", size);
            secure_pair_free(&pair);
        }
}

/* Sizes that no record has are refused before a byte is read. */
Test(secure_record, open__size_from_nowhere)
{
    static const size_t wrong[] = {0, TAG - 1, WEFT_SECURE_RECORD_MAX + TAG + 1, SIZE_MAX};

    for (unsigned mode = 0; mode < WEFT_SECURE_MODES; mode++)
        for (size_t i = 0; i < WEFT_ARRAY_COUNT(wrong); i++) {
            struct secure_pair pair = secure_pair_open((enum weft_secure_mode)mode, NULL);

            cr_expect_eq(weft_secure_open(pair.responder, "", 0, sealed, wrong[i], plain),
                         weftInvalidArgument, "mode %u row %zu", mode, i);
            cr_expect_eq(weft_secure_state(pair.responder), WEFT_SECURE_BROKEN);
            secure_pair_free(&pair);
        }
}

/* Where the head ends is part of what is proved: "head" and "tail" are not "hea" and "dtail". */
Test(secure_record, open__border_moved)
{
    static const enum weft_secure_mode modes[] = {WEFT_SECURE_FULL, WEFT_SECURE_INTEGRITY};

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(modes); i++) {
        struct secure_pair pair = secure_pair_open(modes[i], NULL);
        uint8_t bytes[1 + 4 + TAG] = {'d'};

        cr_assert_eq(secure_pair_seal(pair.initiator, "head", "tail", 4, bytes + 1), weftSuccess);
        cr_expect_eq(weft_secure_open(pair.responder, "hea", 3, bytes, sizeof(bytes), plain),
                     weftInvalidArgument);
        secure_pair_free(&pair);
    }
}

/* An end's own record, sent back to it. */
Test(secure_record, open__reflected)
{
    static const enum weft_secure_mode modes[] = {WEFT_SECURE_FULL, WEFT_SECURE_INTEGRITY};

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(modes); i++) {
        struct secure_pair pair = secure_pair_open(modes[i], NULL);
        uint8_t bytes[TEXT_BYTES + TAG];

        cr_assert_eq(secure_pair_seal(pair.initiator, "", TEXT, TEXT_BYTES, bytes), weftSuccess);
        cr_expect_eq(weft_secure_open(pair.initiator, "", 0, bytes, sizeof(bytes), plain),
                     weftInvalidArgument);
        secure_pair_free(&pair);
    }
}

/* ---- renewal ---- */

/* A record of 36 bytes costs a key 100. */
static weftResult_t pass_one(struct weft_secure *from, struct weft_secure *to)
{
    uint8_t bytes[36 + TAG];

    cr_assert_eq(secure_pair_seal(from, "", TEXT, 36, bytes), weftSuccess);
    return weft_secure_open(to, "", 0, bytes, sizeof(bytes), plain);
}

Test(secure_record, renewal__both_ends_in_step)
{
    struct secure_pair pair = secure_pair_open(WEFT_SECURE_FULL, NULL);
    struct weft_secure_direction *sealing = &pair.initiator->sealing;
    struct weft_secure_direction *opening = &pair.responder->opening;
    uint8_t secret[WEFT_SECURE_KEY_BYTES];
    unsigned renewals = 0;

    cr_assert_eq(sealing->key_bytes_max, WEFT_SECURE_REKEY_BYTES);
    cr_assert_eq(opening->key_bytes_max, WEFT_SECURE_REKEY_BYTES);
    sealing->key_bytes_max = 500;
    opening->key_bytes_max = 500;
    for (unsigned i = 0; i < 101; i++) {
        memcpy(secret, sealing->secret, sizeof(secret));
        cr_assert_eq(pass_one(pair.initiator, pair.responder), weftSuccess, "record %u", i);
        if (memcmp(secret, sealing->secret, sizeof(secret)) != 0) {
            cr_expect_eq(i % 5, 0, "record %u", i);
            renewals++;
        }
        cr_expect_leq(sealing->key_bytes, 500);
        cr_expect_eq(memcmp(sealing->secret, opening->secret, sizeof(secret)), 0, "record %u", i);
        cr_expect_eq(memcmp(sealing->iv, opening->iv, sizeof(sealing->iv)), 0, "record %u", i);
    }
    cr_expect_eq(renewals, 20);
    cr_expect_eq(sealing->record_count, 101);
    /* The other direction has its own count. */
    cr_expect_eq(pass_one(pair.responder, pair.initiator), weftSuccess);
    secure_pair_free(&pair);
}

/* A key is not used on by an end that did not count. */
Test(secure_record, renewal__one_end_alone)
{
    struct secure_pair pair = secure_pair_open(WEFT_SECURE_INTEGRITY, NULL);

    pair.initiator->sealing.key_bytes_max = 300;
    for (unsigned i = 0; i < 3; i++)
        cr_assert_eq(pass_one(pair.initiator, pair.responder), weftSuccess, "record %u", i);
    cr_expect_eq(pass_one(pair.initiator, pair.responder), weftInvalidArgument);
    cr_expect_eq(weft_secure_state(pair.responder), WEFT_SECURE_BROKEN);
    secure_pair_free(&pair);
}

/* ---- memory ---- */

static unsigned allocations; /* by OpenSSL */
static bool is_counting;

static void *counting_malloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    allocations++;
    return malloc(size);
}

static void *counting_realloc(void *old, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    allocations++;
    return realloc(old, size);
}

static void plain_free(void *old, const char *file, int line)
{
    (void)file;
    (void)line;
    free(old);
}

/* Before OpenSSL's first allocation, which is long before a test. */
__attribute__((constructor)) static void count_allocations(void)
{
    is_counting = CRYPTO_set_mem_functions(counting_malloc, counting_realloc, plain_free) == 1;
}

Test(secure_record, seal__allocates_nothing)
{
    cr_assert(is_counting);
    for (unsigned mode = 0; mode < WEFT_SECURE_MODES; mode++) {
        struct secure_pair pair;

        allocations = 0;
        pair = secure_pair_open((enum weft_secure_mode)mode, NULL);
        cr_expect_gt(allocations, 0);
        allocations = 0;
        for (unsigned i = 0; i < 100; i++)
            cr_assert_eq(pass_one(pair.initiator, pair.responder), weftSuccess);
        cr_expect_eq(allocations, 0, "mode %u: %u", mode, allocations);
        secure_pair_free(&pair);
    }
}
