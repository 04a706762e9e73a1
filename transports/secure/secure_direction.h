/* One direction of a secure channel: its key, how much it has done, the next record's nonce.
 *
 * What always holds, where records count: no two records have the same key and nonce, since the
 * nonce counts all records of the direction and no key serves two directions; a key never takes
 * more than key_bytes_max. Both ends count alike, so they renew their keys before the same record
 * without a word about it.
 *
 *     key, iv  = HKDF-Expand(secret, "weft secure record key")
 *     secret  := HKDF-Expand(secret, "weft secure next secret")   at each renewal
 *     nonce    = iv xor the count of records, big-endian in its last eight bytes
 *
 * Datagrams carry their numbers, and who gives those sees to it that none comes twice
 * (secure_datagram.h). */
#ifndef WEFT_SECURE_DIRECTION_H
#define WEFT_SECURE_DIRECTION_H

#include "secure_key.h"

#define WEFT_SECURE_IV_BYTES 12

struct weft_secure_direction {
    EVP_CIPHER_CTX *context; /* has the key */
    uint64_t record_count;   /* begun, of all keys: the next nonce */
    uint64_t key_bytes;      /* begun under this key, with what each record costs besides */
    uint64_t key_bytes_max;  /* WEFT_SECURE_REKEY_BYTES; tests set less, at both ends */
    uint8_t secret[WEFT_SECURE_KEY_BYTES];
    uint8_t iv[WEFT_SECURE_IV_BYTES];
};

/* Allocates; false: OpenSSL has no memory, or no AES-256-GCM. */
bool weft_secure_direction_init(struct weft_secure_direction *direction, bool seals);
void weft_secure_direction_fini(struct weft_secure_direction *direction); /* wipes, too */

/* Takes the first key. The secret is copied. */
bool weft_secure_direction_start(struct weft_secure_direction *direction,
                                 const uint8_t secret[WEFT_SECURE_KEY_BYTES]);

/* Takes the next key, whose secret follows from the one before. */
bool weft_secure_direction_renew(struct weft_secure_direction *direction);

/* Makes the context ready for what has this number under this key. */
bool weft_secure_direction_number(struct weft_secure_direction *direction, uint64_t number);

/* Makes the context ready for the next record, of `size_bytes` with its head. */
bool weft_secure_direction_next(struct weft_secure_direction *direction, uint64_t size_bytes);

#endif
