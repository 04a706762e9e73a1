/* Datagrams of a secure channel: each stands alone, may be lost, late, doubled or out of order.
 *
 * The keys come from a handshake of secure.h. A datagram is sealed under its number, which travels
 * with it and which its sender never uses twice; the number says which key, too: after each
 * WEFT_SECURE_DATAGRAMS_PER_KEY of them comes the next one, at both ends, without a word about it.
 * A datagram that was seen before, or is older than WEFT_SECURE_WINDOW numbers, does not open, nor
 * does one that was changed; that ends nothing, as anybody can send such.
 *
 * Each end has a goodbye that only the other end can know: who shows it has the keys. */
#ifndef WEFT_SECURE_DATAGRAM_H
#define WEFT_SECURE_DATAGRAM_H

#include "secure.h"

#define WEFT_SECURE_WINDOW            16384               /* numbers; a multiple of 64 */
#define WEFT_SECURE_DATAGRAMS_PER_KEY (UINT64_C(1) << 21) /* of 64 KiB: 128 GiB, half of a key */
#define WEFT_SECURE_NUMBER_MAX        (UINT64_C(1) << 62)
#define WEFT_SECURE_GOODBYE_BYTES     32

struct weft_secure_datagrams;

/* Takes the keys of an open channel, which may be freed then and must not seal records any more.
 * NULL: no memory, or OpenSSL failed. */
struct weft_secure_datagrams *weft_secure_datagrams_new(const struct weft_secure *secure);
void weft_secure_datagrams_free(struct weft_secure_datagrams *datagrams); /* NULL allowed; wipes */

/* As weft_secure_seal. `number` is of no other datagram of this end, and never smaller than one
 * before it less WEFT_SECURE_DATAGRAMS_PER_KEY. weftSystemError: OpenSSL failed. */
weftResult_t weft_secure_datagram_seal(struct weft_secure_datagrams *datagrams, uint64_t number,
                                       const void *head, size_t head_size,
                                       const struct weft_secure_piece *pieces, uint32_t count,
                                       uint8_t *sealed);

/* As weft_secure_open. weftInvalidUsage: it was here before, or is too old; weftInvalidArgument: it
 * does not open. */
weftResult_t weft_secure_datagram_open(struct weft_secure_datagrams *datagrams, uint64_t number,
                                       const void *head, size_t head_size, const uint8_t *sealed,
                                       size_t size, uint8_t *plain);

void weft_secure_datagram_goodbye(const struct weft_secure_datagrams *datagrams,
                                  uint8_t goodbye[WEFT_SECURE_GOODBYE_BYTES]);
/* The other end's goodbye; takes as long for any bytes. */
bool weft_secure_datagram_is_goodbye(const struct weft_secure_datagrams *datagrams,
                                     const uint8_t goodbye[WEFT_SECURE_GOODBYE_BYTES]);

#endif
