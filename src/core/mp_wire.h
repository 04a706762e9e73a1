/* The heads of multipath packets, as bytes: what stands in front of the owner's head and the bytes
 * of a message, and acks, which are a head alone.
 *
 *   all     version 1, kind 1, flags 1, zero 1, path id 4, number 8                       16 bytes
 *   DATA    sequence 8, message 8, message bytes 4, offset 4, slot 2, length 2, behind 2,
 *           zero 2                                                                        + 32
 *   PROBE   nothing more: to be answered by an ack at once
 *   ACK     cumulative 8, echo number 8, echo sequence 8, echo path id 4, echo delay 4,
 *           counts of words, grants, refusals, overloads 1 each                           + 36
 *           then words 8 each, grants 16, refusals 16, overloads 8
 *
 * Little-endian. Pure functions over bytes; every number that can be wrong by itself is checked
 * here, what a session knows better is not. */
#ifndef WEFT_MP_WIRE_H
#define WEFT_MP_WIRE_H

#include "../base/buf.h"

#define WEFT_MP_WIRE_VERSION   1
#define WEFT_MP_WIRE_COMMON    16
#define WEFT_MP_WIRE_DATA      (WEFT_MP_WIRE_COMMON + 32)
#define WEFT_MP_WIRE_PROBE     WEFT_MP_WIRE_COMMON
#define WEFT_MP_WIRE_ACK       (WEFT_MP_WIRE_COMMON + 36)
#define WEFT_MP_WIRE_WORDS     17 /* of the log of sequences: 1,024 bits, and where they begin */
#define WEFT_MP_WIRE_GRANTS    8
#define WEFT_MP_WIRE_REFUSALS  32
#define WEFT_MP_WIRE_OVERLOADS 16
#define WEFT_MP_WIRE_MAX                                                                           \
    (WEFT_MP_WIRE_ACK + WEFT_MP_WIRE_WORDS * 8 + WEFT_MP_WIRE_GRANTS * 16 +                        \
     WEFT_MP_WIRE_REFUSALS * 16 + WEFT_MP_WIRE_OVERLOADS * 8)

enum weft_mp_wire_kind {
    WEFT_MP_WIRE_KIND_DATA,
    WEFT_MP_WIRE_KIND_PROBE,
    WEFT_MP_WIRE_KIND_ACK,
    WEFT_MP_WIRE_KINDS
};

#define WEFT_MP_WIRE_ASKS  1u /* flag: an ack at once, please */
#define WEFT_MP_WIRE_FLAGS WEFT_MP_WIRE_ASKS

#define WEFT_MP_NO_SEQUENCE UINT64_MAX /* an echo of what has none: a probe */
#define WEFT_MP_NO_NUMBER   UINT64_MAX /* an ack without an echo */

struct weft_mp_wire_data {
    uint64_t sequence;
    uint64_t message;
    uint32_t message_bytes;
    uint32_t offset; /* offset + length <= message_bytes */
    uint32_t slot;
    uint32_t length; /* at most 65535 */
    uint32_t behind; /* the sender knows that all below sequence - behind came */
};

/* `allowed` bytes of the message, from its start, may be sent. */
struct weft_mp_wire_grant {
    uint64_t message;
    uint32_t slot;
    uint32_t allowed;
};

struct weft_mp_wire_refusal {
    uint64_t sequence;
    uint32_t result;
};

/* All sequences below `cumulative` came. Bit b of word w is sequence (cumulative & ~63) + 64 w + b,
 * which came, too. */
struct weft_mp_wire_ack {
    uint64_t cumulative;
    uint64_t echo_number; /* of the packet that caused this ack, and what it was */
    uint64_t echo_sequence;
    uint32_t echo_path;
    uint32_t echo_delay_ns; /* since it came */
    uint32_t word_count;
    uint32_t grant_count;
    uint32_t refusal_count;
    uint32_t overload_count;
    uint64_t words[WEFT_MP_WIRE_WORDS];
    struct weft_mp_wire_grant grants[WEFT_MP_WIRE_GRANTS];
    struct weft_mp_wire_refusal refusals[WEFT_MP_WIRE_REFUSALS];
    uint64_t overloads[WEFT_MP_WIRE_OVERLOADS]; /* sequences to be sent again */
};

struct weft_mp_wire_head {
    enum weft_mp_wire_kind kind;
    uint32_t flags;
    uint32_t path_id;
    uint64_t number;
};

/* Writing; what does not fit fails the writer. */
void weft_mp_wire_put_head(struct weft_writer *writer, const struct weft_mp_wire_head *head);
void weft_mp_wire_put_data(struct weft_writer *writer, const struct weft_mp_wire_data *data);
void weft_mp_wire_put_ack(struct weft_writer *writer, const struct weft_mp_wire_ack *ack);

/* Reading; false, and the reader has failed: these bytes are no such thing. Of an ack nothing may
 * follow; the size of a DATA packet's rest is for the session to compare with its length. */
bool weft_mp_wire_get_head(struct weft_reader *reader, struct weft_mp_wire_head *head);
bool weft_mp_wire_get_data(struct weft_reader *reader, struct weft_mp_wire_data *data);
bool weft_mp_wire_get_ack(struct weft_reader *reader, struct weft_mp_wire_ack *ack);

/* For the owner, before it has authenticated anything: how long mp's head of a datagram is, so that
 * what follows can be told from it, and its number. 0: no head. */
size_t weft_mp_wire_peek(const void *bytes, size_t size, uint64_t *number);

#endif
