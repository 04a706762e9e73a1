/* The secure channel's life: made, opened, broken, wiped; see secure.h. */
#include "secure.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "secure_part.h"

#define TO(state) (1u << WEFT_SECURE_##state)

static const unsigned next_states[WEFT_SECURE_STATES] = {
    [WEFT_SECURE_FRESH] = TO(GREETED) | TO(BROKEN),
    [WEFT_SECURE_GREETED] = TO(OPEN) | TO(BROKEN),
    [WEFT_SECURE_OPEN] = TO(BROKEN),
    [WEFT_SECURE_BROKEN] = 0,
};

static const char *const state_names[WEFT_SECURE_STATES] = {
    [WEFT_SECURE_FRESH] = "fresh",
    [WEFT_SECURE_GREETED] = "greeted",
    [WEFT_SECURE_OPEN] = "open",
    [WEFT_SECURE_BROKEN] = "broken",
};

const char *weft_secure_state_name(enum weft_secure_state state)
{
    return (unsigned)state < WEFT_SECURE_STATES ? state_names[state] : "?";
}

enum weft_secure_state weft_secure_state(const struct weft_secure *secure)
{
    return secure->state;
}

void weft_secure_check(const struct weft_secure *secure)
{
    bool shakes = secure->state == WEFT_SECURE_FRESH || secure->state == WEFT_SECURE_GREETED;

    weft_assert((secure->ephemeral != NULL) == shakes);
    weft_assert((secure->sealing.context != NULL) == (secure->state != WEFT_SECURE_BROKEN));
    weft_assert((secure->opening.context != NULL) == (secure->state != WEFT_SECURE_BROKEN));
    weft_assert(secure->sealing.key_bytes <= secure->sealing.key_bytes_max);
    weft_assert(secure->opening.key_bytes <= secure->opening.key_bytes_max);
}

static void wipe_handshake(struct weft_secure *secure)
{
    EVP_PKEY_free(secure->ephemeral);
    secure->ephemeral = NULL;
    OPENSSL_cleanse(secure->secret, sizeof(secure->secret));
    OPENSSL_cleanse(secure->awaited, sizeof(secure->awaited));
}

void weft_secure_set_state(struct weft_secure *secure, enum weft_secure_state state)
{
    weft_assert((next_states[secure->state] >> state & 1) != 0);
    secure->state = state;
    if (state != WEFT_SECURE_GREETED)
        wipe_handshake(secure);
    if (state == WEFT_SECURE_BROKEN) {
        weft_secure_direction_fini(&secure->sealing);
        weft_secure_direction_fini(&secure->opening);
    }
}

weftResult_t weft_secure_break(struct weft_secure *secure, weftResult_t reason)
{
    weft_secure_set_state(secure, WEFT_SECURE_BROKEN);
    weft_secure_check(secure);
    return reason;
}

void weft_secure_prepare(void)
{
    /* Should it fail, the first use fails alike and says so. */
    (void)OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL);
}

struct weft_secure *weft_secure_new(bool is_initiator, enum weft_secure_mode mode,
                                    const uint8_t secret[WEFT_SECURE_SECRET_BYTES])
{
    struct weft_secure *secure = calloc(1, sizeof(*secure));

    weft_assert((unsigned)mode < WEFT_SECURE_MODES);
    if (secure == NULL)
        return NULL;
    secure->is_initiator = is_initiator;
    secure->mode = mode;
    memcpy(secure->secret, secret, sizeof(secure->secret));
    if (!weft_secure_direction_init(&secure->sealing, true) ||
        !weft_secure_direction_init(&secure->opening, false) ||
        !weft_secure_key_make(&secure->ephemeral, secure->hello) ||
        RAND_bytes(secure->hello + WEFT_SECURE_KEY_BYTES, WEFT_SECURE_KEY_BYTES) != 1)
        goto fail;
    weft_secure_check(secure);
    return secure;
fail:
    weft_secure_free(secure);
    return NULL;
}

void weft_secure_free(struct weft_secure *secure)
{
    if (secure == NULL)
        return;
    wipe_handshake(secure);
    weft_secure_direction_fini(&secure->sealing);
    weft_secure_direction_fini(&secure->opening);
    OPENSSL_cleanse(secure, sizeof(*secure));
    free(secure);
}
