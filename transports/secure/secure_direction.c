/* Keys and nonces of a direction; see secure_direction.h. */
#include "secure_direction.h"

#include <openssl/crypto.h>
#include <string.h>

#include "secure.h"

/* What a record takes of a key besides its bytes, at most: two blocks that are not full, one for
 * the lengths, one that covers the tag. */
#define RECORD_COST_BYTES 64

static const char key_purpose[] = "weft secure record key";
static const char next_purpose[] = "weft secure next secret";

bool weft_secure_direction_init(struct weft_secure_direction *direction, bool seals)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();

    *direction = (struct weft_secure_direction){.key_bytes_max = WEFT_SECURE_REKEY_BYTES};
    if (cipher != NULL && context != NULL &&
        EVP_CipherInit_ex2(context, cipher, NULL, NULL, seals, NULL) == 1 &&
        EVP_CIPHER_CTX_get_iv_length(context) == WEFT_SECURE_IV_BYTES) {
        direction->context = context;
        context = NULL;
    }
    EVP_CIPHER_CTX_free(context);
    EVP_CIPHER_free(cipher);
    return direction->context != NULL;
}

void weft_secure_direction_fini(struct weft_secure_direction *direction)
{
    EVP_CIPHER_CTX_free(direction->context);
    OPENSSL_cleanse(direction, sizeof(*direction));
}

static bool take_key(struct weft_secure_direction *direction)
{
    uint8_t made[WEFT_SECURE_KEY_BYTES + WEFT_SECURE_IV_BYTES];
    bool good;

    good = weft_secure_key_expand(direction->secret, key_purpose, sizeof(key_purpose) - 1, made,
                                  sizeof(made)) &&
           EVP_CipherInit_ex2(direction->context, NULL, made, NULL, -1, NULL) == 1;
    if (good)
        memcpy(direction->iv, made + WEFT_SECURE_KEY_BYTES, WEFT_SECURE_IV_BYTES);
    direction->key_bytes = 0;
    OPENSSL_cleanse(made, sizeof(made));
    return good;
}

bool weft_secure_direction_start(struct weft_secure_direction *direction,
                                 const uint8_t secret[WEFT_SECURE_KEY_BYTES])
{
    memcpy(direction->secret, secret, WEFT_SECURE_KEY_BYTES);
    return take_key(direction);
}

/* The old secret is gone then: who learns the new one cannot read what was sealed before. */
bool weft_secure_direction_renew(struct weft_secure_direction *direction)
{
    uint8_t next[WEFT_SECURE_KEY_BYTES];
    bool good = weft_secure_key_expand(direction->secret, next_purpose, sizeof(next_purpose) - 1,
                                       next, sizeof(next)) &&
                weft_secure_direction_start(direction, next);

    OPENSSL_cleanse(next, sizeof(next));
    return good;
}

bool weft_secure_direction_number(struct weft_secure_direction *direction, uint64_t number)
{
    uint8_t nonce[WEFT_SECURE_IV_BYTES];

    memcpy(nonce, direction->iv, sizeof(nonce));
    for (uint32_t i = 0; i < sizeof(uint64_t); i++)
        nonce[WEFT_SECURE_IV_BYTES - 1 - i] ^= (uint8_t)(number >> (8 * i) & 0xff);
    /* Without a key, the context keeps the one it has: nothing is allocated. */
    return EVP_CipherInit_ex2(direction->context, NULL, NULL, nonce, -1, NULL) == 1;
}

bool weft_secure_direction_next(struct weft_secure_direction *direction, uint64_t size_bytes)
{
    uint64_t cost = size_bytes + RECORD_COST_BYTES;

    weft_assert(cost <= direction->key_bytes_max);
    if (cost > direction->key_bytes_max - direction->key_bytes &&
        !weft_secure_direction_renew(direction))
        return false;
    direction->key_bytes += cost;
    return weft_secure_direction_number(direction, direction->record_count++);
}
