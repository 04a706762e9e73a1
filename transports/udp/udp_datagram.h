/* Datagrams as bytes: what stands before anything else in each.
 *
 *     all      'w' 'u', version 1, kind 1, tag 8                                     12 bytes
 *     FIRST    the sender's tag 8, cookie 16 (zeros: none yet), FIRST of secure.h 72, zeros up to
 *              WEFT_UDP_FIRST_BYTES: the answer is never larger than the question
 *     RETRY    cookie 16
 *     SECOND   the sender's tag 8, SECOND of secure.h 96
 *     THIRD    THIRD of secure.h 32, then sealed as datagram 0: address 160, nic 4, peer nic 4
 *     DATA     a packet of core/mp.h, what follows its head sealed under its number
 *     BYE      goodbye of secure_datagram.h 32
 *     KNOCK    nothing: only to learn whether anybody listens
 *
 * The tag is the receiver's name for the session; of FIRST and KNOCK it is 0. Little-endian. Pure
 * functions over bytes, but for the keys' memory of what has come. */
#ifndef WEFT_UDP_DATAGRAM_H
#define WEFT_UDP_DATAGRAM_H

#include "base/buf.h"
#include "core/wire.h"
#include "secure/secure_cookie.h"
#include "secure/secure_datagram.h"

#define WEFT_UDP_VERSION     1
#define WEFT_UDP_HEAD_BYTES  12
#define WEFT_UDP_FIRST_BYTES 1200
#define WEFT_UDP_PLACE_BYTES (WEFT_WIRE_ADDRESS_BYTES + 8)
#define WEFT_UDP_THIRD_BYTES                                                                       \
    (WEFT_UDP_HEAD_BYTES + WEFT_SECURE_THIRD_BYTES + WEFT_UDP_PLACE_BYTES + WEFT_SECURE_TAG_BYTES)
#define WEFT_UDP_WORD_MAX     WEFT_UDP_FIRST_BYTES /* of any but DATA */
#define WEFT_UDP_PLACE_NUMBER 0 /* the datagram that the place is sealed as: core/mp's begin at 1 */

enum weft_udp_kind {
    WEFT_UDP_DATA,
    WEFT_UDP_FIRST,
    WEFT_UDP_RETRY,
    WEFT_UDP_SECOND,
    WEFT_UDP_THIRD,
    WEFT_UDP_BYE,
    WEFT_UDP_KNOCK,
    WEFT_UDP_KINDS
};

struct weft_udp_head {
    enum weft_udp_kind kind;
    uint64_t tag;
};

struct weft_udp_first {
    uint64_t tag;
    uint8_t cookie[WEFT_SECURE_COOKIE_BYTES];
    uint8_t first[WEFT_SECURE_FIRST_BYTES];
};

struct weft_udp_second {
    uint64_t tag;
    uint8_t second[WEFT_SECURE_SECOND_BYTES];
};

/* Where the initiator is, and the pair of NICs over which it dialled. */
struct weft_udp_place {
    uint8_t address[WEFT_WIRE_ADDRESS_BYTES];
    uint32_t nic;
    uint32_t peer_nic;
};

void weft_udp_put_head(struct weft_writer *writer, const struct weft_udp_head *head);
void weft_udp_put_first(struct weft_writer *writer, const struct weft_udp_first *first);
void weft_udp_put_second(struct weft_writer *writer, const struct weft_udp_second *second);
void weft_udp_put_place(struct weft_writer *writer, const struct weft_udp_place *place);

/* False, and the reader has failed: these bytes are no such thing. */
bool weft_udp_get_head(struct weft_reader *reader, struct weft_udp_head *head);
bool weft_udp_get_first(struct weft_reader *reader, struct weft_udp_first *first);
bool weft_udp_get_second(struct weft_reader *reader, struct weft_udp_second *second);
bool weft_udp_get_place(struct weft_reader *reader, struct weft_udp_place *place);

/* The packet of core/mp in a DATA datagram, whose head was read: where it lies, or, of a session
 * with keys, opened into `plain`, which has room for `size` bytes. NULL: it is none, or does not
 * open. */
const uint8_t *weft_udp_packet_open(struct weft_secure_datagrams *keys, const uint8_t *bytes,
                                    size_t size, uint8_t *plain, size_t *packet_bytes);

#endif
