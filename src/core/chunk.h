/* Chunks: a piece of a transfer on one path, from the moment it is cut until all its copies have
 * ended. One copy per hop, chained on the device.
 *
 *               all copies ended well, or the transfer is gone
 *     FREE <----------------------------------------------+
 *       |  cut, on a path                                 |
 *       +------------------> FLYING ----------------------+
 *                            ^    |  a copy failed, all have ended
 *                  taken     |    v
 *                  again     +-- RETURNED
 *
 * A chunk whose transfer ended while a copy hangs is an orphan: FLYING without a transfer. It keeps
 * its windows and slots until the copy ends. */
#ifndef WEFT_CHUNK_H
#define WEFT_CHUNK_H

#include "engine.h"
#include "path.h"

#define WEFT_CHUNK_COOKIES 4 /* cookie = chunk index * this + hop number */

enum weft_chunk_state {
    WEFT_CHUNK_FREE,
    WEFT_CHUNK_FLYING,
    WEFT_CHUNK_RETURNED,
    WEFT_CHUNK_STATES
};

struct weft_chunk {
    enum weft_chunk_state state;
    uint32_t transfer; /* WEFT_NONE: an orphan */
    uint32_t path;     /* in the engine's table; WEFT_NONE while returned */
    uint32_t dst_window;
    uint32_t src_window;
    struct weft_extent_cursor start;
    struct weft_extent_cursor end;
    uint64_t size_bytes;
    uint32_t slots[WEFT_CHUNK_HOPS_MAX - 1]; /* of the relays between its hops */
    uint32_t issued;                         /* hops whose copy was issued: the first so many */
    unsigned ended;                          /* bit h: the copy of hop h has ended */
    unsigned failed;                         /* bit h: and badly */
    bool stopped;                            /* no further copy of it is issued */
    bool excused;                            /* a window refused it: no lane is to blame */
    weft_ns issued_at;
    weft_ns ready_at[WEFT_CHUNK_HOPS_MAX]; /* WEFT_NEVER: the copy before it has not ended */
};

/* Puts a cut range on a path. Slots must be taken already. */
void weft_chunk_fly(struct weft_chunk *chunk, uint32_t path,
                    const uint32_t slots[WEFT_CHUNK_HOPS_MAX - 1]);

/* The hop whose copy is to be issued next, or WEFT_NONE: all are, or it must wait for the one
 * before it to end (another domain), or it is stopped. */
uint32_t weft_chunk_next_hop(const struct weft_chunk *chunk, const struct weft_route *route,
                             const struct weft_hop_table *hops);

/* The copy of hop number `step` was issued; true when it is ready: it waits for no other. */
bool weft_chunk_issued(struct weft_chunk *chunk, uint32_t step, weft_ns now);

/* The port refused the copy of hop number `step`, the last one issued: it is to be issued again. */
void weft_chunk_unissued(struct weft_chunk *chunk, uint32_t step);

/* The copy of hop number `step` ended. */
void weft_chunk_copy_ended(struct weft_chunk *chunk, uint32_t step, bool good);

/* No copy is out and none will be issued. */
bool weft_chunk_settled(const struct weft_chunk *chunk, const struct weft_route *route);

/* The first copy that failed: the guilty one; WEFT_NONE when none did. */
uint32_t weft_chunk_guilty(const struct weft_chunk *chunk);

void weft_chunk_return(struct weft_chunk *chunk);

/* Makes two ranges of a transfer one where `behind` begins at the end of `chunk` and both have no
 * more than `extents_max` extents together. `behind` is then empty. */
bool weft_chunk_join(struct weft_chunk *chunk, struct weft_chunk *behind,
                     const struct weft_extent_block *blocks, uint32_t extents_max);
void weft_chunk_free(struct weft_chunk *chunk);

/* Writes the extents of the copy of hop number `step` of `route`, at most `max`, and their count:
 * from the source's places into a slot, from slot to slot, from a slot to the destination's places,
 * or straight. Pieces that touch on both sides are merged. */
uint32_t weft_chunk_extents(const struct weft_chunk *chunk, uint32_t step,
                            const struct weft_route *route, const struct weft_extent_block *blocks,
                            const struct weft_relay *relays, struct weft_extent *out, uint32_t max);

#endif
