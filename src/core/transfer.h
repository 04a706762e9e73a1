/* Transfers: one put, get or copy from submit to completion; possibly a list of many extents.
 *
 *                    start              all bytes done
 *     FREE --> WAITING --> MOVING -----------------------------> ENDED --> FREE
 *                 |           | deadline, cancel, revoke, abort     ^  told
 *                 |           v                                     |
 *                 |        DRAINING --------------------------------+
 *                 |                  its copies have ended, or hang |
 *                 +-------------------------------------------------+
 *                         cancelled before it began, or nothing to move
 *
 * Bytes are *taken* by chunks from the cursor (or from chunks that came back) and *done* when their
 * chunk is. taken - done - returned is in flight. */
#ifndef WEFT_TRANSFER_H
#define WEFT_TRANSFER_H

#include "../base/list.h"
#include "engine.h"
#include "route.h"

enum weft_transfer_state {
    WEFT_TRANSFER_FREE,
    WEFT_TRANSFER_WAITING,
    WEFT_TRANSFER_MOVING,
    WEFT_TRANSFER_DRAINING,
    WEFT_TRANSFER_ENDED,
    WEFT_TRANSFER_STATES
};

#define WEFT_TRANSFER_LOAD_BYTES WEFT_KIB(64)

struct weft_transfer {
    enum weft_transfer_state state;
    struct weft_op op;
    uint32_t pair;
    struct weft_extent_cursor cursor; /* the next byte that no chunk has taken */
    uint64_t taken_bytes;             /* from the cursor */
    uint64_t done_bytes;
    uint64_t returned_bytes;              /* in `returned` */
    struct weft_list returned;            /* chunks that failed and wait to be taken again */
    uint32_t chunks;                      /* in flight */
    uint64_t path_bytes[WEFT_ROUTES_MAX]; /* taken by each path: shares of the static scheduler */
    weftResult_t result;                  /* how it ends: set with DRAINING or ENDED */
    enum weft_cause cause;
    uint32_t cause_hop;
    weft_ns cause_since;
};

/* Needs: the entry is free. */
void weft_transfer_init(struct weft_transfer *transfer, const struct weft_op *op, uint32_t pair);

void weft_transfer_start(struct weft_transfer *transfer);

/* It takes no more bytes and will end with `result`. */
void weft_transfer_drain(struct weft_transfer *transfer, weftResult_t result,
                         enum weft_cause cause);

/* It has ended. */
void weft_transfer_end(struct weft_transfer *transfer, weftResult_t result, enum weft_cause cause);

/* The caller has been told: the entry is free. */
void weft_transfer_told(struct weft_transfer *transfer);

/* Large enough to be planned for. */
bool weft_transfer_is_load(const struct weft_transfer *transfer);

/* Bytes that a chunk could take now. */
uint64_t weft_transfer_left(const struct weft_transfer *transfer);

#endif
