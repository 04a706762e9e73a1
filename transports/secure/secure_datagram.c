/* Keys, numbers and the window of datagrams; see secure_datagram.h.
 *
 * To open, three keys are at hand: of the newest datagram, the one before and the one after it. The
 * next one is committed to only when a datagram has opened with it, so that forged numbers change
 * nothing. Numbers of keys further off do not open. */
#include "secure_datagram.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "secure_part.h"

#define KEYS       3 /* of number n: n / per_key % KEYS */
#define WORD_BITS  64u
#define WORD_COUNT (WEFT_SECURE_WINDOW / WORD_BITS)

struct weft_secure_datagrams {
    enum weft_secure_mode mode;
    struct weft_secure_direction sealing;
    struct weft_secure_direction opening[KEYS];
    uint64_t sealing_key; /* which key: number / WEFT_SECURE_DATAGRAMS_PER_KEY */
    uint64_t opening_key; /* of the newest that opened */
    bool has_past;        /* the key before it is there */
    uint64_t end;         /* numbers from here on have not been seen */
    uint64_t seen[WORD_COUNT];
    uint8_t goodbye[WEFT_SECURE_GOODBYE_BYTES];
    uint8_t awaited[WEFT_SECURE_GOODBYE_BYTES];
};

_Static_assert(WEFT_SECURE_GOODBYE_BYTES == WEFT_SECURE_KEY_BYTES, "a goodbye is an expanded key");
_Static_assert(WEFT_SECURE_WINDOW % WORD_BITS == 0, "the window is whole words");

static const char goodbye_purpose[] = "weft secure goodbye";

/* ---- making ---- */

static bool make_goodbye(const uint8_t secret[WEFT_SECURE_KEY_BYTES],
                         uint8_t goodbye[WEFT_SECURE_GOODBYE_BYTES])
{
    return weft_secure_key_expand(secret, goodbye_purpose, sizeof(goodbye_purpose) - 1, goodbye,
                                  WEFT_SECURE_GOODBYE_BYTES);
}

/* The key after `from`, in the place of the oldest. */
static bool key_follow(struct weft_secure_datagrams *datagrams, uint64_t from)
{
    const struct weft_secure_direction *before = &datagrams->opening[from % KEYS];
    struct weft_secure_direction *next = &datagrams->opening[(from + 1) % KEYS];

    memcpy(next->secret, before->secret, sizeof(next->secret));
    return weft_secure_direction_renew(next);
}

struct weft_secure_datagrams *weft_secure_datagrams_new(const struct weft_secure *secure)
{
    struct weft_secure_datagrams *datagrams = calloc(1, sizeof(*datagrams));
    bool good;

    weft_assert(secure->state == WEFT_SECURE_OPEN);
    if (datagrams == NULL)
        return NULL;
    datagrams->mode = secure->mode;
    good = weft_secure_direction_init(&datagrams->sealing, true);
    for (uint32_t i = 0; good && i < KEYS; i++)
        good = weft_secure_direction_init(&datagrams->opening[i], false);
    good = good && weft_secure_direction_start(&datagrams->sealing, secure->sealing.secret) &&
           weft_secure_direction_start(&datagrams->opening[0], secure->opening.secret) &&
           key_follow(datagrams, 0) && make_goodbye(secure->sealing.secret, datagrams->goodbye) &&
           make_goodbye(secure->opening.secret, datagrams->awaited);
    if (good)
        return datagrams;
    weft_secure_datagrams_free(datagrams);
    return NULL;
}

void weft_secure_datagrams_free(struct weft_secure_datagrams *datagrams)
{
    if (datagrams == NULL)
        return;
    weft_secure_direction_fini(&datagrams->sealing);
    for (uint32_t i = 0; i < KEYS; i++)
        weft_secure_direction_fini(&datagrams->opening[i]);
    OPENSSL_cleanse(datagrams, sizeof(*datagrams));
    free(datagrams);
}

/* ---- the window ---- */

static bool is_new(const struct weft_secure_datagrams *datagrams, uint64_t number)
{
    uint64_t bit = number % WEFT_SECURE_WINDOW;

    if (number >= datagrams->end)
        return true;
    return datagrams->end - number <= WEFT_SECURE_WINDOW &&
           (datagrams->seen[bit / WORD_BITS] >> (bit % WORD_BITS) & 1) == 0;
}

static void mark(struct weft_secure_datagrams *datagrams, uint64_t number)
{
    uint64_t bit = number % WEFT_SECURE_WINDOW;

    if (number >= datagrams->end + WEFT_SECURE_WINDOW) {
        memset(datagrams->seen, 0, sizeof(datagrams->seen));
        datagrams->end = number + 1;
    }
    for (; datagrams->end <= number; datagrams->end++) {
        uint64_t fresh = datagrams->end % WEFT_SECURE_WINDOW;

        datagrams->seen[fresh / WORD_BITS] &= ~(UINT64_C(1) << (fresh % WORD_BITS));
    }
    datagrams->seen[bit / WORD_BITS] |= UINT64_C(1) << (bit % WORD_BITS);
}

/* ---- sealing ---- */

weftResult_t weft_secure_datagram_seal(struct weft_secure_datagrams *datagrams, uint64_t number,
                                       const void *head, size_t head_size,
                                       const struct weft_secure_piece *pieces, uint32_t count,
                                       uint8_t *sealed)
{
    struct weft_secure_record record = {head, head_size, pieces, count,
                                        weft_secure_record_size(pieces, count)};
    bool good = true;

    if (weft_secure_record_has_key(datagrams->mode)) {
        weft_assert(number / WEFT_SECURE_DATAGRAMS_PER_KEY >= datagrams->sealing_key);
        while (good && datagrams->sealing_key < number / WEFT_SECURE_DATAGRAMS_PER_KEY) {
            good = weft_secure_direction_renew(&datagrams->sealing);
            datagrams->sealing_key++;
        }
        good = good && weft_secure_direction_number(&datagrams->sealing, number);
    }
    good = good &&
           weft_secure_record_write(datagrams->mode, datagrams->sealing.context, &record, sealed);
    return good ? weftSuccess : weftSystemError;
}

/* ---- opening ---- */

static bool has_key(const struct weft_secure_datagrams *datagrams, uint64_t key)
{
    return key == datagrams->opening_key || key == datagrams->opening_key + 1 ||
           (datagrams->has_past && key + 1 == datagrams->opening_key);
}

weftResult_t weft_secure_datagram_open(struct weft_secure_datagrams *datagrams, uint64_t number,
                                       const void *head, size_t head_size, const uint8_t *sealed,
                                       size_t size, uint8_t *plain)
{
    uint64_t key = number / WEFT_SECURE_DATAGRAMS_PER_KEY;
    struct weft_secure_direction *direction = &datagrams->opening[key % KEYS];
    const struct weft_secure_piece piece = {sealed, weft_sub_sat(size, WEFT_SECURE_TAG_BYTES)};
    const struct weft_secure_record record = {head, head_size, &piece, 1, piece.size};

    if (size < WEFT_SECURE_TAG_BYTES || piece.size > WEFT_SECURE_RECORD_MAX ||
        number > WEFT_SECURE_NUMBER_MAX)
        return weftInvalidArgument;
    if (!is_new(datagrams, number))
        return weftInvalidUsage;
    if (weft_secure_record_has_key(datagrams->mode)) {
        if (!has_key(datagrams, key))
            return weftInvalidArgument;
        if (!weft_secure_direction_number(direction, number))
            return weftSystemError;
    }
    WEFT_TRY(weft_secure_record_read(datagrams->mode, direction->context, &record, plain));
    if (weft_secure_record_has_key(datagrams->mode) && key > datagrams->opening_key) {
        datagrams->opening_key = key;
        datagrams->has_past = true;
        if (!key_follow(datagrams, key))
            return weftSystemError;
    }
    mark(datagrams, number);
    return weftSuccess;
}

/* ---- goodbyes ---- */

void weft_secure_datagram_goodbye(const struct weft_secure_datagrams *datagrams,
                                  uint8_t goodbye[WEFT_SECURE_GOODBYE_BYTES])
{
    memcpy(goodbye, datagrams->goodbye, WEFT_SECURE_GOODBYE_BYTES);
}

bool weft_secure_datagram_is_goodbye(const struct weft_secure_datagrams *datagrams,
                                     const uint8_t goodbye[WEFT_SECURE_GOODBYE_BYTES])
{
    return CRYPTO_memcmp(goodbye, datagrams->awaited, WEFT_SECURE_GOODBYE_BYTES) == 0;
}
