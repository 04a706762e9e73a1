/* The secure channel's handshake; see secure.h.
 *
 *     FIRST   "weft", version, mode, 0, 0;  ephemeral (32);  nonce (32)
 *     SECOND  ephemeral (32);  nonce (32);  proof (32)
 *     THIRD   proof (32)
 *
 *     transcript = SHA-256(label (16), mode (1), FIRST, SECOND without its proof)
 *     root       = HKDF-Extract(salt = the job's secret, X25519(the ephemerals))
 *     key of P   = HKDF-Expand(root, P (16) then transcript)      for each of the four purposes P
 *     proof      = HMAC-SHA256(key of "initiator proof " or "responder proof ", transcript)
 *     secret of a direction = key of "initiator record" or "responder record"
 *
 * A stranger gets a SECOND for his FIRST and learns nothing from it: its proof is made with a key
 * that needs the job's secret. An old message proves nothing, since the other end's nonce and
 * ephemeral are in the transcript; one's own message sent back does not, since the ends' proofs
 * have different keys. */
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <string.h>

#include "secure_part.h"

#define PURPOSE_BYTES 16
#define HEAD_BYTES    (WEFT_SECURE_FIRST_BYTES - WEFT_SECURE_HELLO_BYTES)
#define VERSION       1

static const char label[] = "weft secure 0001";

_Static_assert(sizeof(label) - 1 == sizeof(((struct weft_secure_transcript *)0)->label),
               "the label has its size");
_Static_assert(sizeof(struct weft_secure_transcript) ==
                   16 + 1 + WEFT_SECURE_FIRST_BYTES + WEFT_SECURE_HELLO_BYTES,
               "the transcript is bytes without gaps");
_Static_assert(WEFT_SECURE_SECOND_BYTES == WEFT_SECURE_HELLO_BYTES + WEFT_SECURE_KEY_BYTES,
               "a proof follows the hello");
_Static_assert(HEAD_BYTES == 8, "as first_head writes it");

struct proofs {
    uint8_t initiator[WEFT_SECURE_KEY_BYTES];
    uint8_t responder[WEFT_SECURE_KEY_BYTES];
};

static void first_head(const struct weft_secure *secure, uint8_t head[HEAD_BYTES])
{
    const uint8_t bytes[HEAD_BYTES] = {'w', 'e', 'f', 't', VERSION, (uint8_t)secure->mode};

    memcpy(head, bytes, sizeof(bytes));
}

static bool hash_transcript(struct weft_secure *secure, uint8_t hash[WEFT_SECURE_KEY_BYTES])
{
    memcpy(secure->transcript.label, label, sizeof(secure->transcript.label));
    secure->transcript.mode = (uint8_t)secure->mode;
    return EVP_Q_digest(NULL, "SHA256", NULL, &secure->transcript, sizeof(secure->transcript), hash,
                        NULL) == 1;
}

static bool derive_key(const uint8_t root[WEFT_SECURE_KEY_BYTES], const char *purpose,
                       const uint8_t hash[WEFT_SECURE_KEY_BYTES],
                       uint8_t key[WEFT_SECURE_KEY_BYTES])
{
    uint8_t info[PURPOSE_BYTES + WEFT_SECURE_KEY_BYTES];

    memcpy(info, purpose, PURPOSE_BYTES);
    memcpy(info + PURPOSE_BYTES, hash, WEFT_SECURE_KEY_BYTES);
    return weft_secure_key_expand(root, info, sizeof(info), key, WEFT_SECURE_KEY_BYTES);
}

static bool derive_proof(const uint8_t root[WEFT_SECURE_KEY_BYTES], const char *purpose,
                         const uint8_t hash[WEFT_SECURE_KEY_BYTES],
                         uint8_t proof[WEFT_SECURE_KEY_BYTES])
{
    uint8_t key[WEFT_SECURE_KEY_BYTES];
    bool good = derive_key(root, purpose, hash, key) && weft_secure_key_prove(key, hash, proof);

    OPENSSL_cleanse(key, sizeof(key));
    return good;
}

static bool start_direction(struct weft_secure_direction *direction,
                            const uint8_t root[WEFT_SECURE_KEY_BYTES], const char *purpose,
                            const uint8_t hash[WEFT_SECURE_KEY_BYTES])
{
    uint8_t key[WEFT_SECURE_KEY_BYTES];
    bool good = derive_key(root, purpose, hash, key) && weft_secure_direction_start(direction, key);

    OPENSSL_cleanse(key, sizeof(key));
    return good;
}

/* Both directions' keys and both ends' proofs, of the finished transcript. */
static weftResult_t derive(struct weft_secure *secure, const uint8_t *other, struct proofs *proofs)
{
    struct weft_secure_direction *from_initiator =
        secure->is_initiator ? &secure->sealing : &secure->opening;
    struct weft_secure_direction *from_responder =
        secure->is_initiator ? &secure->opening : &secure->sealing;
    uint8_t agreed[WEFT_SECURE_KEY_BYTES];
    uint8_t root[WEFT_SECURE_KEY_BYTES];
    uint8_t hash[WEFT_SECURE_KEY_BYTES];
    weftResult_t result;

    /* What OpenSSL has to say about a stranger's key stays out of the user's queue of errors. */
    (void)ERR_set_mark();
    result = weft_secure_key_agree(secure->ephemeral, other, agreed);
    if (result == weftSuccess &&
        !(weft_secure_key_extract(secure->secret, agreed, root) && hash_transcript(secure, hash) &&
          derive_proof(root, "initiator proof ", hash, proofs->initiator) &&
          derive_proof(root, "responder proof ", hash, proofs->responder) &&
          start_direction(from_initiator, root, "initiator record", hash) &&
          start_direction(from_responder, root, "responder record", hash)))
        result = weftSystemError;
    (void)ERR_pop_to_mark();
    OPENSSL_cleanse(agreed, sizeof(agreed));
    OPENSSL_cleanse(root, sizeof(root));
    return result;
}

weftResult_t weft_secure_first(struct weft_secure *secure, uint8_t out[WEFT_SECURE_FIRST_BYTES])
{
    uint8_t *first = secure->transcript.first;

    if (!secure->is_initiator || secure->state != WEFT_SECURE_FRESH)
        return weftInvalidUsage;
    first_head(secure, first);
    memcpy(first + HEAD_BYTES, secure->hello, WEFT_SECURE_HELLO_BYTES);
    memcpy(out, first, WEFT_SECURE_FIRST_BYTES);
    weft_secure_set_state(secure, WEFT_SECURE_GREETED);
    weft_secure_check(secure);
    return weftSuccess;
}

weftResult_t weft_secure_second(struct weft_secure *secure,
                                const uint8_t first[WEFT_SECURE_FIRST_BYTES],
                                uint8_t out[WEFT_SECURE_SECOND_BYTES])
{
    uint8_t head[HEAD_BYTES];
    struct proofs proofs;
    weftResult_t result;

    if (secure->is_initiator || secure->state != WEFT_SECURE_FRESH)
        return weftInvalidUsage;
    first_head(secure, head);
    if (memcmp(first, head, HEAD_BYTES) != 0)
        return weft_secure_break(secure, weftInvalidArgument);
    memcpy(secure->transcript.first, first, WEFT_SECURE_FIRST_BYTES);
    memcpy(secure->transcript.second, secure->hello, WEFT_SECURE_HELLO_BYTES);
    result = derive(secure, first + HEAD_BYTES, &proofs);
    if (result != weftSuccess)
        return weft_secure_break(secure, result);
    memcpy(out, secure->hello, WEFT_SECURE_HELLO_BYTES);
    memcpy(out + WEFT_SECURE_HELLO_BYTES, proofs.responder, sizeof(proofs.responder));
    memcpy(secure->awaited, proofs.initiator, sizeof(proofs.initiator));
    OPENSSL_cleanse(&proofs, sizeof(proofs));
    weft_secure_set_state(secure, WEFT_SECURE_GREETED);
    weft_secure_check(secure);
    return weftSuccess;
}

weftResult_t weft_secure_third(struct weft_secure *secure,
                               const uint8_t second[WEFT_SECURE_SECOND_BYTES],
                               uint8_t out[WEFT_SECURE_THIRD_BYTES])
{
    struct proofs proofs;
    weftResult_t result;

    if (!secure->is_initiator || secure->state != WEFT_SECURE_GREETED)
        return weftInvalidUsage;
    memcpy(secure->transcript.second, second, WEFT_SECURE_HELLO_BYTES);
    result = derive(secure, second, &proofs);
    if (result == weftSuccess && CRYPTO_memcmp(second + WEFT_SECURE_HELLO_BYTES, proofs.responder,
                                               sizeof(proofs.responder)) != 0)
        result = weftInvalidArgument;
    if (result == weftSuccess)
        memcpy(out, proofs.initiator, sizeof(proofs.initiator));
    OPENSSL_cleanse(&proofs, sizeof(proofs));
    if (result != weftSuccess)
        return weft_secure_break(secure, result);
    weft_secure_set_state(secure, WEFT_SECURE_OPEN);
    weft_secure_check(secure);
    return weftSuccess;
}

weftResult_t weft_secure_accept(struct weft_secure *secure,
                                const uint8_t third[WEFT_SECURE_THIRD_BYTES])
{
    if (secure->is_initiator || secure->state != WEFT_SECURE_GREETED)
        return weftInvalidUsage;
    if (CRYPTO_memcmp(third, secure->awaited, sizeof(secure->awaited)) != 0)
        return weft_secure_break(secure, weftInvalidArgument);
    weft_secure_set_state(secure, WEFT_SECURE_OPEN);
    weft_secure_check(secure);
    return weftSuccess;
}
