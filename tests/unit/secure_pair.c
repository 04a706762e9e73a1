/* Two ends of a secure channel; see secure_pair.h. */
#include "secure_pair.h"

#include <criterion/criterion.h>
#include <string.h>

const uint8_t secure_pair_secret[WEFT_SECURE_SECRET_BYTES] = {
    0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
    16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
};

struct secure_pair secure_pair_make(enum weft_secure_mode mode)
{
    struct secure_pair pair = {weft_secure_new(true, mode, secure_pair_secret),
                               weft_secure_new(false, mode, secure_pair_secret)};

    cr_assert_not_null(pair.initiator);
    cr_assert_not_null(pair.responder);
    return pair;
}

struct secure_pair secure_pair_open(enum weft_secure_mode mode, struct secure_words *words)
{
    struct secure_pair pair = secure_pair_make(mode);
    struct secure_words own;

    words = words == NULL ? &own : words;
    cr_assert_eq(weft_secure_first(pair.initiator, words->first), weftSuccess);
    cr_assert_eq(weft_secure_second(pair.responder, words->first, words->second), weftSuccess);
    cr_assert_eq(weft_secure_third(pair.initiator, words->second, words->third), weftSuccess);
    cr_assert_eq(weft_secure_accept(pair.responder, words->third), weftSuccess);
    cr_assert_eq(weft_secure_state(pair.initiator), WEFT_SECURE_OPEN);
    cr_assert_eq(weft_secure_state(pair.responder), WEFT_SECURE_OPEN);
    return pair;
}

void secure_pair_free(struct secure_pair *pair)
{
    weft_secure_free(pair->initiator);
    weft_secure_free(pair->responder);
}

weftResult_t secure_pair_seal(struct weft_secure *end, const char *head, const void *bytes,
                              size_t size, uint8_t *sealed)
{
    const struct weft_secure_piece piece = {bytes, size};

    return weft_secure_seal(end, head, strlen(head), &piece, 1, sealed);
}
