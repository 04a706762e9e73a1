/* The receiver's log of a session: which sequences came, over whatever path. It is what makes a
 * packet's bytes be placed once.
 *
 * A sequence is unseen, *taken* (its bytes are wanted and on their way to their place), then
 * *placed*. Only what is placed is acked. All below `cumulative` were placed; the log remembers the
 * WEFT_MP_WINDOW from there on, and an honest sender never goes beyond them.
 *
 * What was refused is placed, too, and told with every ack until the sender shows that it knows:
 * all below its floor were acked to it. */
#ifndef WEFT_MP_SEEN_H
#define WEFT_MP_SEEN_H

#include "mp_wire.h"

#define WEFT_MP_WINDOW       1024 /* sequences */
#define WEFT_MP_WINDOW_WORDS (WEFT_MP_WINDOW / 64)

struct weft_mp_seen {
    uint64_t cumulative;
    uint64_t end;                         /* the largest sequence taken, and one */
    uint64_t floor;                       /* the sender knows that all below were acked */
    uint64_t taken[WEFT_MP_WINDOW_WORDS]; /* by sequence mod WEFT_MP_WINDOW; placed ones, too */
    uint64_t placed[WEFT_MP_WINDOW_WORDS];
    uint32_t refusal_count;
    struct weft_mp_wire_refusal refusals[WEFT_MP_WIRE_REFUSALS];
};

enum weft_mp_seen_answer {
    WEFT_MP_SEEN_NEW,
    WEFT_MP_SEEN_TWICE,
    WEFT_MP_SEEN_OUTSIDE, /* no honest sender is so far */
    WEFT_MP_SEEN_ANSWERS
};

void weft_mp_seen_init(struct weft_mp_seen *seen);

/* Changes nothing. */
enum weft_mp_seen_answer weft_mp_seen_look(const struct weft_mp_seen *seen, uint64_t sequence);

/* The sender says that all below `floor` were acked to it. False: that cannot be. */
bool weft_mp_seen_floor(struct weft_mp_seen *seen, uint64_t floor);

/* Of a sequence that is NEW. */
void weft_mp_seen_take(struct weft_mp_seen *seen, uint64_t sequence);

/* Of one that was taken and not placed: it is NEW again. */
void weft_mp_seen_untake(struct weft_mp_seen *seen, uint64_t sequence);

/* Of one that was taken and not placed. False: it was refused, and there is no room to remember
 * that; nothing was done. */
bool weft_mp_seen_placed(struct weft_mp_seen *seen, uint64_t sequence, weftResult_t result);

/* Writes cumulative, words and refusals. */
void weft_mp_seen_tell(const struct weft_mp_seen *seen, struct weft_mp_wire_ack *ack);

#endif
