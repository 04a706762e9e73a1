/* The secure channel of a byte stream: who is there, and records that nobody else reads or changes.
 *
 * Sans-IO: bytes in, bytes out; the transport has the socket. The handshake is Noise's NNpsk0
 * pattern in shape (X25519 ephemerals, the job's secret mixed in by HKDF-SHA256, both sides prove
 * it over the transcript), with the primitives of OpenSSL:
 *
 *     initiator                                   responder
 *       FIRST: ephemeral, nonce    ------------>
 *                                  <------------    SECOND: ephemeral, nonce, proof
 *       THIRD: proof               ------------>
 *
 * After it each direction has its own key. Records are sealed with AES-256-GCM, a counter as nonce;
 * a record that was changed, replayed, dropped or reordered does not open, and the channel is to be
 * closed. The keys are renewed (one HKDF step) before a key has sealed WEFT_SECURE_REKEY_BYTES.
 *
 *       FRESH --- own greeting written ---> GREETED --- the other's proof holds ---> OPEN
 *         |                                    |                                       |
 *         +------------------------------------+---------------------------------------+---> BROKEN
 *             bytes that prove nothing, a record that does not open, OpenSSL fails
 *
 * Who has the secret may be either end: it names a job, not one of its members. */
#ifndef WEFT_SECURE_H
#define WEFT_SECURE_H

#include "base/base.h"

#define WEFT_SECURE_SECRET_BYTES 32
#define WEFT_SECURE_FIRST_BYTES  72
#define WEFT_SECURE_SECOND_BYTES 96
#define WEFT_SECURE_THIRD_BYTES  32
#define WEFT_SECURE_TAG_BYTES    16
#define WEFT_SECURE_REKEY_BYTES  (UINT64_C(256) << 30)
#define WEFT_SECURE_RECORD_MAX   (UINT64_C(1) << 30) /* bytes of a record, without head and tag */

enum weft_secure_mode {
    WEFT_SECURE_FULL,      /* sealed */
    WEFT_SECURE_INTEGRITY, /* a tag over plain bytes (GMAC) */
    WEFT_SECURE_OFF,       /* records are plain: only the handshake authenticates */
    WEFT_SECURE_MODES
};

enum weft_secure_state {
    WEFT_SECURE_FRESH,
    WEFT_SECURE_GREETED, /* initiator: FIRST was written; responder: SECOND was */
    WEFT_SECURE_OPEN,
    WEFT_SECURE_BROKEN, /* for good */
    WEFT_SECURE_STATES
};

/* To be called once a net is opened, before anything else of OpenSSL: where the program has not
 * begun to use that itself, its tables stay until the process is over. A program may end while
 * threads of Weft still run, which must not find them gone. */
void weft_secure_prepare(void);

struct weft_secure;

/* The mode is part of the transcript: ends of different modes do not meet. NULL: no memory, no
 * random numbers. */
struct weft_secure *weft_secure_new(bool is_initiator, enum weft_secure_mode mode,
                                    const uint8_t secret[WEFT_SECURE_SECRET_BYTES]);
void weft_secure_free(struct weft_secure *secure); /* NULL allowed; wipes the keys */

enum weft_secure_state weft_secure_state(const struct weft_secure *secure);
const char *weft_secure_state_name(enum weft_secure_state state);

/* ---- the handshake; weftInvalidArgument: the bytes prove nothing, the channel is broken;
 * weftInvalidUsage: not in this state, or for the other end; weftSystemError: OpenSSL failed (no
 * memory), the channel is broken ---- */
weftResult_t weft_secure_first(struct weft_secure *secure, uint8_t out[WEFT_SECURE_FIRST_BYTES]);
weftResult_t weft_secure_second(struct weft_secure *secure,
                                const uint8_t first[WEFT_SECURE_FIRST_BYTES],
                                uint8_t out[WEFT_SECURE_SECOND_BYTES]);
weftResult_t weft_secure_third(struct weft_secure *secure,
                               const uint8_t second[WEFT_SECURE_SECOND_BYTES],
                               uint8_t out[WEFT_SECURE_THIRD_BYTES]);
weftResult_t weft_secure_accept(struct weft_secure *secure,
                                const uint8_t third[WEFT_SECURE_THIRD_BYTES]);

/* ---- records, when open; weftInvalidUsage, weftSystemError: as above. Neither allocates, but for
 * the renewal of a key ---- */

/* Seals `size` bytes from `plain` (gathered from `count` pieces) into `sealed` (room for size +
 * WEFT_SECURE_TAG_BYTES); `head` is authenticated and stays plain. In mode OFF the tag is zero. */
struct weft_secure_piece {
    const void *bytes;
    size_t size;
};

weftResult_t weft_secure_seal(struct weft_secure *secure, const void *head, size_t head_size,
                              const struct weft_secure_piece *pieces, uint32_t count,
                              uint8_t *sealed);

/* Opens `size` bytes (tag included) into `plain` (room for size - WEFT_SECURE_TAG_BYTES), which
 * must not be a user's memory: it is written before the tag is known. weftInvalidArgument: it does
 * not open; what was written is wiped, the channel is broken. */
weftResult_t weft_secure_open(struct weft_secure *secure, const void *head, size_t head_size,
                              const uint8_t *sealed, size_t size, uint8_t *plain);

#endif
