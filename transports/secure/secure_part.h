/* What the parts of the secure channel share: its fields and the change of its state.
 *
 * secure.c makes, breaks and frees; secure_handshake.c opens; secure_record.c seals and opens
 * records, for secure_datagram.c, too. For them and for the tests. */
#ifndef WEFT_SECURE_PART_H
#define WEFT_SECURE_PART_H

#include "secure.h"
#include "secure_direction.h"

/* Ephemeral, then nonce: what each end says of itself. */
#define WEFT_SECURE_HELLO_BYTES ((size_t)2 * WEFT_SECURE_KEY_BYTES)

/* All that both ends have said before the proofs, as they heard it; bytes alone, so that the hash
 * over it covers no padding. */
struct weft_secure_transcript {
    uint8_t label[16]; /* protocol and version */
    uint8_t mode;
    uint8_t first[WEFT_SECURE_FIRST_BYTES];
    uint8_t second[WEFT_SECURE_HELLO_BYTES];
};

struct weft_secure {
    enum weft_secure_state state;
    enum weft_secure_mode mode;
    bool is_initiator;
    EVP_PKEY *ephemeral; /* FRESH and GREETED */
    uint8_t hello[WEFT_SECURE_HELLO_BYTES];
    uint8_t secret[WEFT_SECURE_SECRET_BYTES]; /* FRESH and GREETED */
    struct weft_secure_transcript transcript;
    uint8_t awaited[WEFT_SECURE_THIRD_BYTES]; /* responder, GREETED: what THIRD must be */
    struct weft_secure_direction sealing;
    struct weft_secure_direction opening;
};

/* What is sealed or opened in one go. */
struct weft_secure_record {
    const void *head;
    size_t head_size;
    const struct weft_secure_piece *pieces; /* plain, or the one sealed piece */
    uint32_t count;
    size_t size; /* of the pieces, without a tag */
};

/* Bytes of the pieces, which are a record's at most. */
size_t weft_secure_record_size(const struct weft_secure_piece *pieces, uint32_t count);
/* The mode needs a context with key and nonce; else the context is not looked at. */
bool weft_secure_record_has_key(enum weft_secure_mode mode);
/* False: OpenSSL failed. */
bool weft_secure_record_write(enum weft_secure_mode mode, EVP_CIPHER_CTX *context,
                              const struct weft_secure_record *record, uint8_t *sealed);
/* weftInvalidArgument: it does not open; `plain` is wiped. weftSystemError: OpenSSL failed. */
weftResult_t weft_secure_record_read(enum weft_secure_mode mode, EVP_CIPHER_CTX *context,
                                     const struct weft_secure_record *record, uint8_t *plain);

/* The one place where the state changes. Secrets that the new state does not need are wiped. */
void weft_secure_set_state(struct weft_secure *secure, enum weft_secure_state state);

/* Breaks the channel, and passes the reason through. */
weftResult_t weft_secure_break(struct weft_secure *secure, weftResult_t reason);

void weft_secure_check(const struct weft_secure *secure);

#endif
