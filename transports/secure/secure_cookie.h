/* Cookies: who shows one can read what is sent to his address, and has cost nobody any memory.
 *
 * A cookie is a MAC over what the caller knows of a stranger (his address) and the time, under a
 * key that nobody else has. It is good for WEFT_SECURE_COOKIE_NS at least, and twice that at most.
 */
#ifndef WEFT_SECURE_COOKIE_H
#define WEFT_SECURE_COOKIE_H

#include "base/base.h"

#define WEFT_SECURE_COOKIE_BYTES     16
#define WEFT_SECURE_COOKIE_KEY_BYTES 32
#define WEFT_SECURE_COOKIE_WHO_MAX   64
#define WEFT_SECURE_COOKIE_NS        4000000000u

struct weft_secure_cookies {
    uint8_t key[WEFT_SECURE_COOKIE_KEY_BYTES];
};

/* False: no random numbers. */
bool weft_secure_cookies_init(struct weft_secure_cookies *cookies);

/* False: OpenSSL failed. `who` has at most WEFT_SECURE_COOKIE_WHO_MAX bytes. */
bool weft_secure_cookie_make(const struct weft_secure_cookies *cookies, const void *who,
                             size_t who_size, weft_ns now,
                             uint8_t cookie[WEFT_SECURE_COOKIE_BYTES]);
/* Takes as long for any bytes. */
bool weft_secure_cookie_is_good(const struct weft_secure_cookies *cookies, const void *who,
                                size_t who_size, weft_ns now,
                                const uint8_t cookie[WEFT_SECURE_COOKIE_BYTES]);

#endif
