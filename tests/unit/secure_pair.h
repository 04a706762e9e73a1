/* Two ends of a secure channel, for the tests of the channel's parts. */
#ifndef UNIT_SECURE_PAIR_H
#define UNIT_SECURE_PAIR_H

#include "secure/secure_part.h"

struct secure_pair {
    struct weft_secure *initiator;
    struct weft_secure *responder;
};

/* What the ends say to each other. */
struct secure_words {
    uint8_t first[WEFT_SECURE_FIRST_BYTES];
    uint8_t second[WEFT_SECURE_SECOND_BYTES];
    uint8_t third[WEFT_SECURE_THIRD_BYTES];
};

extern const uint8_t secure_pair_secret[WEFT_SECURE_SECRET_BYTES];

/* Two fresh ends. */
struct secure_pair secure_pair_make(enum weft_secure_mode mode);

/* Two open ends: a handshake that must end well; its words go to `words` unless that is NULL. */
struct secure_pair secure_pair_open(enum weft_secure_mode mode, struct secure_words *words);

void secure_pair_free(struct secure_pair *pair);

/* Seals one piece. */
weftResult_t secure_pair_seal(struct weft_secure *end, const char *head, const void *bytes,
                              size_t size, uint8_t *sealed);

#endif
