/* Copies between two other comms: from a window of peer B to a window of peer C, for a caller here.
 *
 * B is asked to write, as for a fetch (peer_fetch.h), with what it needs to reach C's window: the
 * address of C and the window's token, as the caller's key has them. So bytes go from B to C alone.
 * C checks the token as always; B checks that the caller may read. The parts of a fetch carry it:
 *
 *            sent             answered: done, or no
 *     FREE ------> ASKED ------------------------------------------> FREE
 *                  | ^  \  B has ended                                ^
 *      not yet     v |   '-------------> SETTLING --------------------'
 *                  AGAIN                    C: nothing of B lands any more, or C has ended
 *
 * What is promised is what holds for any transfer: once the caller is told, no byte lands. The
 * window is not this comm's to shut, so an end before its time waits: B is asked to stop, again and
 * again, and answers when none of its copies is out; of a B that has ended C says when it has
 * taken, or dropped, all that B had sent. Who does not answer by the deadline (of an abort: in
 * abort_ms) makes the end weftUnknown. The deadline of B is a little earlier, so that it can say
 * what came of it. */
#ifndef WEFT_PEER_COPY_H
#define WEFT_PEER_COPY_H

#include "peers.h"

/* ---- peer_copy.c: who wants it ---- */

/* Is it one from a peer's window to another peer's? */
bool weft_copy_is(const struct weft_loop *loop, const struct weft_op *op);

/* Has the peer that it would land at ended? */
bool weft_copy_lost(const struct weft_loop *loop, const struct weft_op *op);

/* Makes the slot's fetch such a copy. */
void weft_copy_begin(struct weft_loop *loop, uint32_t slot);

/* What a COPY says beside the window that is read and the extents; the part has a new id. */
void weft_copy_fill(struct weft_loop *loop, uint32_t part, struct weft_peer_copy_head *head);

/* The slot's copy, CLOSING by now, ends when all that was asked for is known to have ended. */
void weft_copy_close(struct weft_loop *loop, uint32_t slot);

/* The peer that the part waits for has ended. */
void weft_copy_part_gone(struct weft_loop *loop, uint32_t part);

/* Asks for ends, and gives up what is past its time; true when one ended. */
bool weft_copy_poll(struct weft_loop *loop, weft_ns now);

/* COPIED. */
void weft_copy_answered(struct weft_loop *loop, uint32_t peer, struct weft_reader *reader);

/* ---- peer_copy_asked.c: who does it, and where it lands ---- */

/* COPY, STOP, SETTLE. */
void weft_copy_asked(struct weft_loop *loop, uint32_t peer, struct weft_reader *reader);
void weft_copy_stopped(struct weft_loop *loop, uint32_t peer, struct weft_reader *reader);
void weft_copy_settle_asked(struct weft_loop *loop, uint32_t peer, struct weft_reader *reader);

/* What a peer asked for that has ended is stopped: nobody waits for it. */
void weft_copy_asker_gone(struct weft_loop *loop, uint32_t peer);

#endif
