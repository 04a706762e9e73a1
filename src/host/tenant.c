/* Sealing of keys with the secret of a tenant; see tenant.h. */
#include "tenant.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#include "../base/buf.h"
#include "share.h"

#define KEY_BYTES    32
#define SEALED_BYTES (WEFT_KEY_TOKEN_BYTES + WEFT_NET_ADDRESS_BYTES)

static const char purpose[] = "weft window key 1";

/* What is sealed, and what that is bound to. */
struct parts {
    uint8_t key[KEY_BYTES];
    uint8_t bound[64];
    size_t bound_size;
    uint8_t bytes[SEALED_BYTES];
};

const char *weft_tenant_check(const char *secret)
{
    size_t size = strlen(secret);

    if (size == 0 || size >= WEFT_TENANT_SECRET_MIN)
        return NULL;
    return "the setting tenant_secret is shorter than 16 characters and could be guessed; use a "
           "random one, or none";
}

static bool parts_make(const char *secret, const struct weft_window_key *key, struct parts *parts)
{
    struct weft_writer writer;

    writer = weft_writer_of(parts->bound, sizeof(parts->bound));
    weft_writer_bytes(&writer, key->process, sizeof(key->process));
    weft_writer_number(&writer, key->id, 8);
    weft_writer_number(&writer, key->size_bytes, 8);
    weft_writer_number(&writer, key->epoch, 4);
    weft_writer_number(&writer, key->rights, 4);
    weft_writer_number(&writer, key->server, 4);
    weft_writer_number(&writer, key->device, 4);
    weft_writer_number(&writer, key->incarnation, 8);
    weft_writer_number(&writer, key->number, 4);
    weft_assert(!writer.failed);
    parts->bound_size = writer.used;
    memcpy(parts->bytes, key->token, sizeof(key->token));
    memcpy(parts->bytes + sizeof(key->token), key->address, sizeof(key->address));
    return EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, secret, strlen(secret),
                     (const unsigned char *)purpose, sizeof(purpose), parts->key, KEY_BYTES,
                     NULL) != NULL;
}

static void parts_take(const struct parts *parts, struct weft_window_key *key)
{
    memcpy(key->token, parts->bytes, sizeof(key->token));
    memcpy(key->address, parts->bytes + sizeof(key->token), sizeof(key->address));
}

/* In place. False: OpenSSL fails or, when opening, the tag is of another key or other bytes. */
static bool pass(struct parts *parts, const uint8_t nonce[WEFT_KEY_NONCE_BYTES],
                 uint8_t tag[WEFT_KEY_TAG_BYTES], bool seals)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int count = 0;
    bool good =
        context != NULL &&
        EVP_CipherInit_ex2(context, EVP_aes_256_gcm(), parts->key, nonce, seals, NULL) == 1 &&
        EVP_CipherUpdate(context, NULL, &count, parts->bound, (int)parts->bound_size) == 1 &&
        EVP_CipherUpdate(context, parts->bytes, &count, parts->bytes, SEALED_BYTES) == 1;

    if (good && !seals)
        good = EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, WEFT_KEY_TAG_BYTES, tag) == 1;
    good = good && EVP_CipherFinal_ex(context, parts->bytes + SEALED_BYTES, &count) == 1;
    if (good && seals)
        good = EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, WEFT_KEY_TAG_BYTES, tag) == 1;
    EVP_CIPHER_CTX_free(context);
    return good;
}

weftResult_t weft_tenant_seal(const char *secret, struct weft_window_key *key)
{
    struct parts parts = {0};
    uint8_t nonce[WEFT_KEY_NONCE_BYTES];
    uint8_t tag[WEFT_KEY_TAG_BYTES];
    bool good;

    weft_assert(key->is_sealed == 0);
    if (secret[0] == '\0')
        return weftSuccess;
    good = weft_random(nonce, sizeof(nonce)) && parts_make(secret, key, &parts) &&
           pass(&parts, nonce, tag, true);
    if (good) {
        parts_take(&parts, key);
        memcpy(key->nonce, nonce, sizeof(nonce));
        memcpy(key->tag, tag, sizeof(tag));
        key->is_sealed = 1;
    }
    OPENSSL_cleanse(&parts, sizeof(parts));
    return good ? weftSuccess : weftSystemError;
}

weftResult_t weft_tenant_open(const char *secret, struct weft_window_key *key, const char **why)
{
    struct parts parts = {0};
    bool good;

    if ((key->is_sealed != 0) != (secret[0] != '\0')) {
        *why = key->is_sealed != 0 ? "the key is of a tenant, and this comm has none (setting "
                                     "tenant_secret)"
                                   : "the key is of a comm without a tenant, and this comm has one "
                                     "(setting tenant_secret)";
        return weftInvalidUsage;
    }
    if (key->is_sealed == 0)
        return weftSuccess;
    good = parts_make(secret, key, &parts) && pass(&parts, key->nonce, key->tag, false);
    if (good) {
        parts_take(&parts, key);
        key->is_sealed = 0;
    }
    OPENSSL_cleanse(&parts, sizeof(parts));
    *why = "the key is of another tenant (setting tenant_secret)";
    return good ? weftSuccess : weftInvalidUsage;
}
