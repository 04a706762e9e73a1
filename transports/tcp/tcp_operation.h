/* Operations of a net: copies, stores and forwards under way, by their cookies, and messages and
 * forwards of peers, as notes.
 *
 * An operation is on one lane at a time, or waits with its peer for any; its extents or bytes lie
 * in blocks that were made with the net. */
#ifndef WEFT_TCP_OPERATION_H
#define WEFT_TCP_OPERATION_H

#include "core/wire.h"
#include "weft_net.h"

#define WEFT_TCP_NOTES_MAX    2048 /* messages, and forwards of peers, under way */
#define WEFT_TCP_FORWARDS_MAX 512  /* of one peer, without an answer */
#define WEFT_TCP_BLOCK_BYTES  2040
#define WEFT_TCP_BLOCKS_MAX   8192

struct weft_tcp_net;

enum weft_tcp_kind {
    WEFT_TCP_NOTHING,
    WEFT_TCP_COPY,
    WEFT_TCP_STORE,
    WEFT_TCP_FORWARD,
    WEFT_TCP_FORWARDED, /* arrived there; its answer has not */
    WEFT_TCP_MESSAGE,
    WEFT_TCP_ASKED, /* a forward of the peer that our user has not answered */
    WEFT_TCP_ANSWER,
    WEFT_TCP_KINDS
};

struct weft_tcp_block {
    uint32_t next; /* or WEFT_NONE */
    uint32_t used; /* extents or bytes */
    union {
        struct weft_extent extents[WEFT_TCP_BLOCK_BYTES / sizeof(struct weft_extent)];
        uint8_t bytes[WEFT_TCP_BLOCK_BYTES];
    } of;
};

#define WEFT_TCP_BLOCK_EXTENTS (WEFT_TCP_BLOCK_BYTES / (uint32_t)sizeof(struct weft_extent))

/* Numbers below cookies_max are cookies, those above are notes. */
struct weft_tcp_operation {
    enum weft_tcp_kind kind;
    bool is_refused;  /* the peer said so; its ack follows */
    bool is_answered; /* of FORWARD: `result` came before the ack */
    uint32_t peer;
    uint32_t first_block;  /* extents, or a message's bytes */
    uint32_t extent_count; /* or the message's bytes */
    uint32_t request;      /* of ASKED and ANSWER: the peer's number */
    uint64_t size_bytes;
    const char *src; /* of COPY */
    struct weft_wire_window dst_window;
    struct weft_wire_window src_window;
    uint64_t offset; /* of STORE */
    uint64_t value;
    weftSignalOp_t op;
    weftResult_t result; /* of ANSWER, and of a FORWARD that is answered */
};

weftResult_t weft_tcp_copy(struct weft_net *net, const struct weft_copy *copy);
weftResult_t weft_tcp_forward(struct weft_net *net, const struct weft_copy *copy);
void weft_tcp_answer(struct weft_net *net, uint32_t peer, uint32_t request, weftResult_t result);
weftResult_t weft_tcp_store(struct weft_net *net, uint32_t window, uint64_t offset, uint64_t value,
                            weftSignalOp_t op, uint32_t cookie);
weftResult_t weft_tcp_send(struct weft_net *net, uint32_t peer, const void *bytes, size_t size);
/* Ends an operation and gives back what it holds; a cookie goes to the completions. */
void weft_tcp_operation_end(struct weft_tcp_net *net, uint32_t operation, weftResult_t result);
/* The peer has applied it, or refused it. */
void weft_tcp_operation_applied(struct weft_tcp_net *net, uint32_t operation);
/* Whatever is under way with a peer ends so. */
void weft_tcp_operations_end(struct weft_tcp_net *net, uint32_t peer, weftResult_t result);
/* Lists it with its peer, for any lane. */
void weft_tcp_operation_wait(struct weft_tcp_net *net, uint32_t operation);
/* A forward of the peer as a note, or WEFT_NONE. */
uint32_t weft_tcp_operation_ask(struct weft_tcp_net *net, uint32_t peer, uint32_t request);

#endif
