/* Fetches: gets of ours from peers' windows, which the peers are asked to write.
 *
 * From the end of a fetch on nothing of it lands: see peer_landing.h, and peer_copy.h for what a
 * fetch is that goes to another peer. It leaves the end of the slot to the loop. */
#ifndef WEFT_PEER_FETCH_H
#define WEFT_PEER_FETCH_H

#include "../core/extent.h"
#include "slot.h"

#define WEFT_PEERS_PARTS_MAX  256 /* messages that ask for fetches, not answered */
#define WEFT_PEERS_PARTS_EACH 8   /* of one fetch, so that others have their turn */

struct weft_loop;

/* A fetch: a get of ours from a peer's window, or a copy from there to another peer's (see
 * peer_copy.h), by its slot.
 *
 *           submit          its fence has passed       all parts are answered
 *     NONE --------> FENCED --------------------> ASKING ---------> NONE
 *       ^                |                           |
 *       |                |  cancel, deadline, abort  | the same, a bad answer, the peer is gone
 *       |<---------------'                           v
 *       '---------------------------------------- CLOSING
 *                 nothing lands any more
 */
enum weft_fetch_state {
    WEFT_FETCH_NONE,
    WEFT_FETCH_FENCED,
    WEFT_FETCH_ASKING,
    WEFT_FETCH_CLOSING,
    WEFT_FETCH_STATES
};

struct weft_peers_fetch {
    enum weft_fetch_state state;
    bool is_landing; /* of a forward that a peer asks for: it lands where a fetch wants its bytes */
    bool is_copy;
    bool is_hung; /* past its deadline a forward of it hangs, and may land */
    uint32_t peer;
    uint32_t to;                    /* of a copy: the other peer */
    uint32_t window;                /* ours; of a copy WEFT_NONE */
    struct weft_extent_cursor left; /* from here on nothing was asked for */
    uint32_t asked;                 /* parts without an answer */
    uint32_t again;                 /* parts that are to be asked for again */
    uint64_t moved_bytes;
    struct weft_slot_end end; /* CLOSING */
    weft_ns unknown_at;       /* CLOSING, a copy: so long its answers are waited for */
};

/* SETTLING: who was asked is gone, and who it wrote to is asked whether that can still land. */
enum weft_part_state { WEFT_PART_FREE, WEFT_PART_ASKED, WEFT_PART_AGAIN, WEFT_PART_SETTLING };

/* A message of a fetch: a run of its extents. */
struct weft_peers_part {
    enum weft_part_state state;
    uint32_t slot; /* WEFT_NONE: nobody waits any more */
    uint32_t peer;
    bool is_copy;
    uint32_t to;          /* of a copy: the other peer */
    uint32_t id;          /* of a copy, as asked last: an answer to an older use names another */
    uint64_t incarnation; /* of a copy: of who was asked */
    uint32_t epoch;       /* of the landing that it was asked with */
    struct weft_extent_cursor from;
    uint64_t size_bytes;
    weft_ns again_at;
    uint32_t refused; /* so often the peer had no room for it */
};

/* Asks a peer to write what the slot's op wants from its window into ours, behind the op's fence;
 * the slot ends when that is answered, or with its deadline, and from then on nothing lands. */
weftResult_t weft_peers_fetch(struct weft_loop *loop, uint32_t slot);

/* The engine has ended what stood for the slot's fence. False: the slot is no fetch, or did not get
 * past it, and ends as any other. */
bool weft_peers_fetch_passed(struct weft_loop *loop, uint32_t slot, weftResult_t result);

/* Ends the slot's fetch, or all. */
void weft_peers_fetch_cancel(struct weft_loop *loop, uint32_t slot);
void weft_peers_abort(struct weft_loop *loop);

/* A slot's end, for the reason that `result` and `cause` say. */
void weft_fetch_end(struct weft_loop *loop, uint32_t slot, weftResult_t result,
                    enum weft_cause cause);

/* Of a copy: all is answered, and it ends as its `end` says. */
void weft_fetch_finish(struct weft_loop *loop, uint32_t slot);

/* The part is asked for again, a little later. */
void weft_fetch_again(struct weft_loop *loop, struct weft_peers_part *part, weft_ns at);
void weft_fetch_answered(struct weft_loop *loop, uint32_t peer, uint32_t id, weftResult_t result);
void weft_fetch_peer_gone(struct weft_loop *loop, uint32_t peer);

/* Asks for what there is room for, and ends what is past its deadline; true when one ended. */
bool weft_fetch_poll(struct weft_loop *loop, weft_ns now);

/* No forward lands in the window any more: what waited for that ends. */
void weft_fetch_settle(struct weft_loop *loop, uint32_t window);

#endif
