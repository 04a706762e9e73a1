/* What the secure channel needs of OpenSSL for its keys: X25519, HKDF and HMAC with SHA-256.
 *
 * Sizes are fixed, outputs are set only on success, nothing is kept. Functions that return a bool
 * fail when OpenSSL does: no memory, or no provider that has the algorithm. */
#ifndef WEFT_SECURE_KEY_H
#define WEFT_SECURE_KEY_H

#include <openssl/evp.h>

#include "base/base.h"

#define WEFT_SECURE_KEY_BYTES 32 /* of X25519, of SHA-256 and of AES-256 */

/* Makes a key pair. The caller frees it with EVP_PKEY_free. */
bool weft_secure_key_make(EVP_PKEY **pair, uint8_t open_half[WEFT_SECURE_KEY_BYTES]);

/* What both ends get of their own pair and the other's open half.
 * weftInvalidArgument  the other half is one that gives zero with every key */
weftResult_t weft_secure_key_agree(EVP_PKEY *pair, const uint8_t other[WEFT_SECURE_KEY_BYTES],
                                   uint8_t agreed[WEFT_SECURE_KEY_BYTES]);

/* HKDF's two halves. */
bool weft_secure_key_extract(const uint8_t salt[WEFT_SECURE_KEY_BYTES],
                             const uint8_t input[WEFT_SECURE_KEY_BYTES],
                             uint8_t key[WEFT_SECURE_KEY_BYTES]);
bool weft_secure_key_expand(const uint8_t key[WEFT_SECURE_KEY_BYTES], const void *purpose,
                            size_t purpose_size, uint8_t *out, size_t out_size);

/* HMAC-SHA256. */
bool weft_secure_key_prove(const uint8_t key[WEFT_SECURE_KEY_BYTES],
                           const uint8_t message[WEFT_SECURE_KEY_BYTES],
                           uint8_t proof[WEFT_SECURE_KEY_BYTES]);

#endif
