/* What goes over the wire between two servers: frames, and the address that reaches a net.
 *
 * A frame is a head, a body and, of a WRITE only, a payload. All numbers are little-endian. Frames
 * of a lane with a sequence count 1, 2, 3 ... in each direction and generation of the lane; every
 * head carries the largest sequence of the other direction up to which all was applied.
 *
 * Pure functions over bytes: what is read lies inside what was given, and a reader or writer that
 * once went too far has failed for good. Whether a window, token or range is right is for the
 * transport to say; what a body can say wrong by itself is found here. */
#ifndef WEFT_WIRE_H
#define WEFT_WIRE_H

#include "../base/buf.h"

#define WEFT_WIRE_VERSION       1
#define WEFT_WIRE_NICS_MAX      16
#define WEFT_WIRE_LANES_MAX     WEFT_WIRE_NICS_MAX
#define WEFT_WIRE_TOKEN_BYTES   16
#define WEFT_WIRE_ADDRESS_BYTES 160
#define WEFT_WIRE_SECRET_BYTES  32
#define WEFT_WIRE_MESSAGE_MAX   65536 /* bytes of a message, and of a hello */
#define WEFT_WIRE_EXTENTS_MAX   4096  /* of a WRITE or FORWARD */
#define WEFT_WIRE_UNACKED_MAX   256   /* frames with a sequence that may be without an ack */
#define WEFT_WIRE_REFUSED_BYTES (WEFT_WIRE_UNACKED_MAX / 8)

/* Sizes of the parts, as they lie on the wire. */
#define WEFT_WIRE_HEAD_BYTES         32
#define WEFT_WIRE_WINDOW_BYTES       24
#define WEFT_WIRE_WRITE_BYTES        32 /* and its extents */
#define WEFT_WIRE_WRITE_EXTENT_BYTES 16
#define WEFT_WIRE_STORE_BYTES        48
#define WEFT_WIRE_FORWARD_BYTES      56 /* and its extents */
#define WEFT_WIRE_EXTENT_BYTES       24
#define WEFT_WIRE_ANSWER_BYTES       8
#define WEFT_WIRE_REFUSAL_BYTES      16
#define WEFT_WIRE_CLOSURE_BYTES      56
#define WEFT_WIRE_CLOSURES_MAX       (WEFT_WIRE_LANES_MAX + 1)
#define WEFT_WIRE_FENCE_BYTES        8  /* and its closures */
#define WEFT_WIRE_HELLO_BYTES        80 /* and the address, two closures, the hello */
#define WEFT_WIRE_HELLO_CLOSURES     2
#define WEFT_WIRE_BODY_MAX                                                                         \
    (WEFT_WIRE_FORWARD_BYTES + WEFT_WIRE_EXTENTS_MAX * WEFT_WIRE_EXTENT_BYTES)
#define WEFT_WIRE_FRAME_MAX (WEFT_WIRE_HEAD_BYTES + WEFT_WIRE_BODY_MAX) /* without a payload */

enum weft_wire_kind {
    WEFT_WIRE_HELLO,   /* the first of the side that dialled */
    WEFT_WIRE_WELCOME, /* the first of the other side */
    WEFT_WIRE_ACK,     /* a head alone */
    WEFT_WIRE_FENCE,   /* I closed these lanes and had applied so much: close yours and say */
    WEFT_WIRE_FENCED,  /* so much had I applied */
    WEFT_WIRE_REFUSED, /* a frame of yours was not applied; comes before the ack that covers it */
    WEFT_WIRE_BYE,     /* I forget you: nothing of yours will be applied */
    WEFT_WIRE_WRITE,   /* from here on with a sequence */
    WEFT_WIRE_STORE,
    WEFT_WIRE_FORWARD,
    WEFT_WIRE_ANSWER,
    WEFT_WIRE_MESSAGE,
    WEFT_WIRE_PING,
    WEFT_WIRE_WRITE_STORE, /* a WRITE with a STORE in front: applied both, or none of them */
    WEFT_WIRE_LANES,       /* over UDP: which lanes' NICs are cut at this side */
    WEFT_WIRE_KINDS
};

struct weft_wire_head {
    enum weft_wire_kind kind;
    uint32_t body_bytes;
    uint64_t payload_bytes; /* 0 but of a WRITE or WRITE_STORE */
    uint64_t sequence;      /* 0 of frames without one */
    uint64_t ack;
};

/* A window of the receiver, and what gives the sender a right to it. */
struct weft_wire_window {
    uint32_t window;
    uint32_t epoch;
    uint8_t token[WEFT_WIRE_TOKEN_BYTES];
};

/* `extent_count` pairs (offset in the window, bytes) follow, whose sum is the payload. */
struct weft_wire_write {
    struct weft_wire_window dst;
    uint32_t extent_count;
};

struct weft_wire_store {
    struct weft_wire_window dst;
    uint64_t offset;
    uint64_t value;
    uint32_t op; /* weftSignalOp_t */
};

/* `extent_count` triples (dst offset, src offset, bytes) follow. */
struct weft_wire_forward {
    struct weft_wire_window dst;
    struct weft_wire_window src;
    uint32_t request; /* the sender's; comes back with the ANSWER */
    uint32_t extent_count;
};

struct weft_wire_answer {
    uint32_t request;
    uint32_t result; /* weftResult_t, final */
};

struct weft_wire_refusal {
    uint64_t sequence;
    uint32_t result;
};

/* "I have closed this generation of the lane. All frames up to `floor` were applied, but those
 * whose bit (sequence mod WEFT_WIRE_UNACKED_MAX) is set, which were refused; none after it was or
 * will be." */
struct weft_wire_closure {
    uint32_t lane;
    uint64_t generation;
    uint64_t floor;
    uint8_t refused[WEFT_WIRE_REFUSED_BYTES];
};

struct weft_wire_fence {
    uint32_t count;
    struct weft_wire_closure closures[WEFT_WIRE_CLOSURES_MAX];
};

enum weft_wire_verdict {
    WEFT_WIRE_ACCEPTED,
    WEFT_WIRE_ANOTHER,   /* I am not the process that you look for */
    WEFT_WIRE_FORGOTTEN, /* I knew you and have closed: nothing of yours will be applied */
    WEFT_WIRE_BUSY,      /* I am dialling you myself, or am not done with your past */
    WEFT_WIRE_STALE,     /* the lane had a newer generation: `generation_up` */
    WEFT_WIRE_FULL,      /* no room for another peer */
    WEFT_WIRE_VERDICTS
};

/* HELLO and WELCOME. A session is one peer_open, or the peer's that was made for it; 0: unknown. */
struct weft_wire_hello {
    uint64_t incarnation;
    uint64_t session;
    uint64_t target_incarnation;
    uint64_t target_session;
    uint64_t generation;    /* of the lane, from now on */
    uint64_t generation_up; /* the last that was up at this side; 0: none */
    uint32_t lane;
    uint32_t nic;      /* of this side */
    uint32_t peer_nic; /* of the other */
    uint32_t nic_count;
    enum weft_wire_verdict verdict; /* of a WELCOME */
    uint32_t closure_count;
    uint8_t address[WEFT_WIRE_ADDRESS_BYTES];
    struct weft_wire_closure closures[WEFT_WIRE_HELLO_CLOSURES];
    const uint8_t *hello; /* in the reader's bytes */
    uint32_t hello_bytes;
};

struct weft_wire_nic {
    bool is_v6;
    uint8_t ip[16]; /* the first 4 of IPv4 */
    uint16_t port;
};

/* The address of a net: at most 16 NICs of IPv4, or 6 of IPv6, or some of both. */
struct weft_wire_address {
    uint64_t incarnation;
    uint8_t secret[WEFT_WIRE_SECRET_BYTES]; /* of who dials it; zero: not told */
    uint32_t nic_count;
    struct weft_wire_nic nics[WEFT_WIRE_NICS_MAX];
};

bool weft_wire_has_sequence(enum weft_wire_kind kind);

/* ---- writing; what does not fit fails the writer ---- */

void weft_wire_put_head(struct weft_writer *writer, const struct weft_wire_head *head);
void weft_wire_put_write(struct weft_writer *writer, const struct weft_wire_write *write);
void weft_wire_put_write_extent(struct weft_writer *writer, uint64_t offset, uint64_t bytes);
void weft_wire_put_store(struct weft_writer *writer, const struct weft_wire_store *store);
void weft_wire_put_forward(struct weft_writer *writer, const struct weft_wire_forward *forward);
void weft_wire_put_extent(struct weft_writer *writer, uint64_t dst_offset, uint64_t src_offset,
                          uint64_t bytes);
void weft_wire_put_answer(struct weft_writer *writer, const struct weft_wire_answer *answer);
void weft_wire_put_refusal(struct weft_writer *writer, const struct weft_wire_refusal *refusal);
void weft_wire_put_fence(struct weft_writer *writer, const struct weft_wire_fence *fence);
void weft_wire_put_hello(struct weft_writer *writer, const struct weft_wire_hello *hello);

/* ---- reading; false, and the reader has failed: these bytes are no such thing ---- */

bool weft_wire_get_head(struct weft_reader *reader, struct weft_wire_head *head);
bool weft_wire_get_write(struct weft_reader *reader, struct weft_wire_write *write);
bool weft_wire_get_write_extent(struct weft_reader *reader, uint64_t *offset, uint64_t *bytes);
/* Needs: the reader holds it and no more. */
bool weft_wire_get_store(struct weft_reader *reader, struct weft_wire_store *store);
bool weft_wire_get_forward(struct weft_reader *reader, struct weft_wire_forward *forward);
bool weft_wire_get_extent(struct weft_reader *reader, uint64_t *dst_offset, uint64_t *src_offset,
                          uint64_t *bytes);
bool weft_wire_get_answer(struct weft_reader *reader, struct weft_wire_answer *answer);
bool weft_wire_get_refusal(struct weft_reader *reader, struct weft_wire_refusal *refusal);
bool weft_wire_get_fence(struct weft_reader *reader, struct weft_wire_fence *fence);
bool weft_wire_get_hello(struct weft_reader *reader, struct weft_wire_hello *hello);

/* ---- the address; false: it does not fit, or is none ---- */

bool weft_wire_put_address(uint8_t bytes[WEFT_WIRE_ADDRESS_BYTES],
                           const struct weft_wire_address *address);
bool weft_wire_get_address(const uint8_t bytes[WEFT_WIRE_ADDRESS_BYTES],
                           struct weft_wire_address *address);

#endif
