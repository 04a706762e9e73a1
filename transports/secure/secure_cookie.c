/* Cookies for strangers; see secure_cookie.h. */
#include "secure_cookie.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>

#define MAC_BYTES 32

bool weft_secure_cookies_init(struct weft_secure_cookies *cookies)
{
    return RAND_bytes(cookies->key, sizeof(cookies->key)) == 1;
}

/* Of the period of time with this number. */
static bool make(const struct weft_secure_cookies *cookies, const void *who, size_t who_size,
                 uint64_t period, uint8_t cookie[WEFT_SECURE_COOKIE_BYTES])
{
    uint8_t message[sizeof(period) + WEFT_SECURE_COOKIE_WHO_MAX];
    uint8_t mac[MAC_BYTES];

    weft_assert(who_size <= WEFT_SECURE_COOKIE_WHO_MAX);
    memcpy(message, &period, sizeof(period));
    memcpy(message + sizeof(period), who, who_size);
    if (EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, cookies->key, sizeof(cookies->key), message,
                  sizeof(period) + who_size, mac, sizeof(mac), NULL) == NULL)
        return false;
    memcpy(cookie, mac, WEFT_SECURE_COOKIE_BYTES);
    return true;
}

bool weft_secure_cookie_make(const struct weft_secure_cookies *cookies, const void *who,
                             size_t who_size, weft_ns now, uint8_t cookie[WEFT_SECURE_COOKIE_BYTES])
{
    return make(cookies, who, who_size, now / WEFT_SECURE_COOKIE_NS + 1, cookie);
}

bool weft_secure_cookie_is_good(const struct weft_secure_cookies *cookies, const void *who,
                                size_t who_size, weft_ns now,
                                const uint8_t cookie[WEFT_SECURE_COOKIE_BYTES])
{
    uint64_t period = now / WEFT_SECURE_COOKIE_NS + 1;
    uint8_t good[WEFT_SECURE_COOKIE_BYTES];

    for (uint32_t age = 0; age < 2; age++)
        if (make(cookies, who, who_size, period - age, good) &&
            CRYPTO_memcmp(good, cookie, sizeof(good)) == 0)
            return true;
    return false;
}
