/* AES-256-GCM by OpenSSL; see sealing.h. */
#include "sealing.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "pair.h"

#define RECORD_BYTES 65536
#define TAG_BYTES    16
#define NONCE_BYTES  12
#define KEY_BYTES    32

struct cipher {
    EVP_CIPHER_CTX *seal;
    EVP_CIPHER_CTX *open;
    uint8_t nonce[NONCE_BYTES];
};

static bool seal(const struct cipher *cipher, const uint8_t *plain, int size, uint8_t *sealed)
{
    int done = 0;

    return EVP_EncryptInit_ex(cipher->seal, NULL, NULL, NULL, cipher->nonce) == 1 &&
           EVP_EncryptUpdate(cipher->seal, sealed, &done, plain, size) == 1 &&
           EVP_EncryptFinal_ex(cipher->seal, sealed + done, &done) == 1 &&
           EVP_CIPHER_CTX_ctrl(cipher->seal, EVP_CTRL_GCM_GET_TAG, TAG_BYTES, sealed + size) == 1;
}

static bool unseal(const struct cipher *cipher, uint8_t *sealed, int size, uint8_t *plain)
{
    int done = 0;

    return EVP_DecryptInit_ex(cipher->open, NULL, NULL, NULL, cipher->nonce) == 1 &&
           EVP_DecryptUpdate(cipher->open, plain, &done, sealed, size) == 1 &&
           EVP_CIPHER_CTX_ctrl(cipher->open, EVP_CTRL_GCM_SET_TAG, TAG_BYTES, sealed + size) == 1 &&
           EVP_DecryptFinal_ex(cipher->open, plain + done, &done) == 1;
}

/* Records in turn: the one that is opened was sealed just before, as in a pipeline. */
static bool work(const struct cipher *cipher, const struct weft_loopback_ask *ask, uint8_t *plain,
                 uint8_t *opened, struct weft_loopback_figures *figures)
{
    static uint8_t sealed[RECORD_BYTES + TAG_BYTES];
    uint64_t size = weft_min(ask->size_bytes, RECORD_BYTES);
    weft_ns begun_at = weft_loopback_now();

    for (uint64_t at = 0; weft_loopback_now() - begun_at < ask->duration_ns;
         at = (at + 2 * size > ask->size_bytes) ? 0 : at + size) {
        weft_ns sealing_at = weft_loopback_now();
        bool good = seal(cipher, plain + at, (int)size, sealed);
        weft_ns opening_at = weft_loopback_now();

        good = good && unseal(cipher, sealed, (int)size, opened + at);
        if (!good)
            return false;
        figures->near_cpu_ns += opening_at - sealing_at;
        figures->far_cpu_ns += weft_loopback_now() - opening_at;
        figures->bytes += size;
    }
    figures->time_ns = weft_max(figures->near_cpu_ns, figures->far_cpu_ns);
    return memcmp(plain, opened, (size_t)weft_min(size, figures->bytes)) == 0;
}

bool weft_loopback_sealing(const struct weft_loopback_ask *ask,
                           struct weft_loopback_figures *figures)
{
    static const uint8_t key[KEY_BYTES] = {1, 2, 3};
    struct cipher cipher = {.seal = EVP_CIPHER_CTX_new(), .open = EVP_CIPHER_CTX_new()};
    uint8_t *plain = calloc(1, ask->size_bytes);
    uint8_t *opened = calloc(1, ask->size_bytes);
    bool good = false;

    memset(figures, 0, sizeof(*figures));
    if (cipher.seal == NULL || cipher.open == NULL || plain == NULL || opened == NULL)
        goto out;
    memset(plain, 7, ask->size_bytes);
    good = EVP_EncryptInit_ex(cipher.seal, EVP_aes_256_gcm(), NULL, key, cipher.nonce) == 1 &&
           EVP_DecryptInit_ex(cipher.open, EVP_aes_256_gcm(), NULL, key, cipher.nonce) == 1 &&
           work(&cipher, ask, plain, opened, figures);
out:
    if (!good)
        weft_text_copy(figures->why, sizeof(figures->why), "OpenSSL failed");
    EVP_CIPHER_CTX_free(cipher.seal);
    EVP_CIPHER_CTX_free(cipher.open);
    free(plain);
    free(opened);
    return good;
}
