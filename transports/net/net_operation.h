/* Operations of a net: copies, stores and forwards under way, by their cookies, and messages and
 * forwards of peers, as notes.
 *
 * A number is in use from the call that takes it until weft_net_operation_end, which gives it back,
 * once. Meanwhile it is in one place: listed by the transport or as waiting with its peer, under
 * way on a lane, or (of FORWARDED and ASKED) in none. Extents and bytes lie in blocks that were
 * made with the net. */
#ifndef WEFT_NET_OPERATION_H
#define WEFT_NET_OPERATION_H

#include "core/wire.h"
#include "weft_net.h"

#define WEFT_NET_NOTES_MAX    2048 /* messages, and forwards of peers, under way */
#define WEFT_NET_FORWARDS_MAX 512  /* of one peer, without an answer */
#define WEFT_NET_BLOCK_BYTES  2040
#define WEFT_NET_BLOCKS_MAX   8192

struct weft_net_end;
struct weft_net_peer;

enum weft_net_op {
    WEFT_NET_OP_NOTHING,
    WEFT_NET_OP_COPY,
    WEFT_NET_OP_STORE,
    WEFT_NET_OP_FORWARD,
    WEFT_NET_OP_FORWARDED, /* arrived there; its answer has not */
    WEFT_NET_OP_MESSAGE,
    WEFT_NET_OP_ASKED, /* a forward of the peer that our user has not answered */
    WEFT_NET_OP_ANSWER,
    WEFT_NET_OP_KINDS
};

struct weft_net_block {
    uint32_t next; /* or WEFT_NONE */
    uint32_t used; /* extents or bytes */
    union {
        struct weft_extent extents[WEFT_NET_BLOCK_BYTES / sizeof(struct weft_extent)];
        uint8_t bytes[WEFT_NET_BLOCK_BYTES];
    } of;
};

#define WEFT_NET_BLOCK_EXTENTS (WEFT_NET_BLOCK_BYTES / (uint32_t)sizeof(struct weft_extent))

/* Numbers below cookies_max are cookies, those above are notes. */
struct weft_net_operation {
    enum weft_net_op kind;
    bool is_refused;  /* the peer said so; its ack follows */
    bool is_answered; /* of FORWARD: `result` came before the ack */
    bool is_lent;     /* of COPY: weft_copy.lent */
    bool has_signal;  /* of COPY: its one frame is a WRITE_STORE, with the word in src_window */
    bool is_whole;    /* of COPY: its last frame was begun */
    bool is_lost;     /* a part of it is known not to have arrived, nor to land any more */
    uint32_t frames;  /* of COPY: begun, their fate not known */
    uint32_t peer;
    uint32_t lane;         /* of COPY: the user's choice */
    uint32_t first_block;  /* extents, or a message's bytes */
    uint32_t extent_count; /* or the message's bytes */
    uint32_t request;      /* of ASKED and ANSWER: the peer's number */
    uint64_t size_bytes;
    const char *src; /* of COPY */
    struct weft_wire_window dst_window;
    struct weft_wire_window src_window;
    uint64_t offset; /* of STORE, and of a COPY's signal */
    uint64_t value;
    weftSignalOp_t op;
    weftResult_t result; /* of ANSWER, and of a FORWARD that is answered */
};

/* ---- the transports' ops, but for copy ---- */

weftResult_t weft_net_forward(struct weft_net *net, const struct weft_copy *copy);
void weft_net_answer(struct weft_net *net, uint32_t peer, uint32_t request, weftResult_t result);
weftResult_t weft_net_store(struct weft_net *net, uint32_t window, uint64_t offset, uint64_t value,
                            weftSignalOp_t op, uint32_t cookie);
weftResult_t weft_net_send(struct weft_net *net, uint32_t peer, const void *bytes, size_t size);

/* ---- what copy consists of ---- */

/* Whether the copy is one, and the peer that it goes to. */
weftResult_t weft_net_copy_check(const struct weft_net_end *end, const struct weft_copy *copy,
                                 uint32_t *peer);
/* Makes it an operation, which the transport is to list; false: no blocks for its extents. */
bool weft_net_copy_begin(struct weft_net_end *end, const struct weft_copy *copy);

/* ---- their way ---- */

/* Ends an operation and gives back what it holds; a cookie goes to the completions. */
void weft_net_operation_end(struct weft_net_end *end, uint32_t operation, weftResult_t result);
/* The peer has applied it, or refused it (is_refused); of a copy that is cut, one frame of it. */
void weft_net_operation_applied(struct weft_net_end *end, uint32_t operation);
/* A part of a copy has not arrived, and will not land: a frame that was begun, or the rest. It ends
 * when the fate of all its frames is known. */
void weft_net_copy_lost(struct weft_net_end *end, uint32_t operation, bool is_frame);
/* Whatever is under way with a peer ends so. */
void weft_net_operations_end(struct weft_net_end *end, struct weft_net_peer *peer,
                             weftResult_t result);
/* Lists it with its peer, for any lane. */
void weft_net_operation_wait(struct weft_net_end *end, uint32_t operation);
/* A forward of the peer as a note, or WEFT_NONE. */
uint32_t weft_net_operation_ask(struct weft_net_end *end, uint32_t peer, uint32_t request);

#endif
