/* Keys by OpenSSL's EVP functions; see secure_key.h. */
#include "secure_key.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>
#include <string.h>

#define KEY_BYTES WEFT_SECURE_KEY_BYTES

bool weft_secure_key_make(EVP_PKEY **pair, uint8_t open_half[KEY_BYTES])
{
    EVP_PKEY *made = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    size_t size = KEY_BYTES;

    if (made == NULL || EVP_PKEY_get_raw_public_key(made, open_half, &size) != 1) {
        EVP_PKEY_free(made);
        return false;
    }
    *pair = made;
    return true;
}

weftResult_t weft_secure_key_agree(EVP_PKEY *pair, const uint8_t other[KEY_BYTES],
                                   uint8_t agreed[KEY_BYTES])
{
    static const uint8_t zero[KEY_BYTES];
    EVP_PKEY *peer = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, other, KEY_BYTES);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, pair, NULL);
    weftResult_t result = weftSystemError;
    uint8_t found[KEY_BYTES] = {0};
    size_t size = sizeof(found);

    if (peer == NULL || context == NULL || EVP_PKEY_derive_init(context) != 1 ||
        EVP_PKEY_derive_set_peer(context, peer) != 1)
        goto end;
    /* OpenSSL itself refuses a result of zero; that it always will is not left to it. */
    result = weftInvalidArgument;
    if (EVP_PKEY_derive(context, found, &size) != 1 || size != KEY_BYTES ||
        CRYPTO_memcmp(found, zero, KEY_BYTES) == 0)
        goto end;
    memcpy(agreed, found, KEY_BYTES);
    result = weftSuccess;
end:
    OPENSSL_cleanse(found, sizeof(found));
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(peer);
    return result;
}

/* `other` is the salt when extracting, the purpose when expanding. */
static bool hkdf(int mode, const uint8_t key[KEY_BYTES], const char *other_name, const void *other,
                 size_t other_size, uint8_t *out, size_t out_size)
{
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA256", 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)key, KEY_BYTES),
        OSSL_PARAM_construct_octet_string(other_name, (void *)other, other_size),
        OSSL_PARAM_construct_end(),
    };
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);
    bool good = context != NULL && EVP_KDF_derive(context, out, out_size, params) == 1;

    EVP_KDF_CTX_free(context);
    EVP_KDF_free(kdf);
    return good;
}

bool weft_secure_key_extract(const uint8_t salt[KEY_BYTES], const uint8_t input[KEY_BYTES],
                             uint8_t key[KEY_BYTES])
{
    return hkdf(EVP_KDF_HKDF_MODE_EXTRACT_ONLY, input, OSSL_KDF_PARAM_SALT, salt, KEY_BYTES, key,
                KEY_BYTES);
}

bool weft_secure_key_expand(const uint8_t key[KEY_BYTES], const void *purpose, size_t purpose_size,
                            uint8_t *out, size_t out_size)
{
    return hkdf(EVP_KDF_HKDF_MODE_EXPAND_ONLY, key, OSSL_KDF_PARAM_INFO, purpose, purpose_size, out,
                out_size);
}

bool weft_secure_key_prove(const uint8_t key[KEY_BYTES], const uint8_t message[KEY_BYTES],
                           uint8_t proof[KEY_BYTES])
{
    return EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key, KEY_BYTES, message, KEY_BYTES, proof,
                     KEY_BYTES, NULL) != NULL;
}
