/* Slots: the transfers that callers have asked for, from the call until its request is collected.
 *
 *           take            live              end, watched        collect
 *     FREE ------> PREPARED ----> LIVE ----------------> ENDED ------------> FREE
 *                    |    \        | ^ wait               ^  ^
 *                    v     \       v |    end, watched    |  |
 *                   FREE    \    WAITED ------------------'  |
 *                  (drop)    \     |                         |
 *                             \    '--> FREE (end, nobody    |
 *                              \         watches; from LIVE  |
 *                               \        too)                |
 *                                '---------------------------'  (a transfer of no bytes)
 *
 * A slot's word is generation * 8 + state, so that a handle of an earlier use is told from the
 * present one. Free slots and free extent blocks lie in rings: taking and giving back needs no lock
 * and no memory. Between take and live a slot is the caller's thread's; from live to end the
 * progress thread's; after that its collector's. */
#ifndef WEFT_SLOT_H
#define WEFT_SLOT_H

#include "../core/engine.h"
#include "clock.h"
#include "sleep.h"

/* Generations that a handle can tell apart. */
#define WEFT_SLOT_GENERATION_MASK 0xfffffu

enum weft_slot_state {
    WEFT_SLOT_FREE,
    WEFT_SLOT_PREPARED,
    WEFT_SLOT_LIVE,
    WEFT_SLOT_WAITED, /* LIVE, and a thread sleeps on the word */
    WEFT_SLOT_ENDED,
    WEFT_SLOT_STATES
};

/* How a transfer ended: what its sentence is made of. */
struct weft_slot_end {
    weftResult_t result;
    enum weft_cause cause;
    uint32_t hop;
    weft_ns since; /* how long the cause had lasted when the transfer ended */
    uint64_t moved_bytes;
};

/* A user's stream that a transfer waits for and holds. */
struct weft_slot_stream {
    weftStream_t stream; /* NULL: none */
    uint32_t port;       /* of the machine */
    uint32_t mark;
    uint32_t gate;
    bool marked;
    bool held;
};

/* Who asked for a transfer that no caller did. */
struct weft_slot_asker {
    enum { WEFT_ASKED_BY_CALLER, WEFT_ASKED_FORWARD, WEFT_ASKED_FETCH, WEFT_ASKED_COPY } kind;
    uint32_t peer;
    uint32_t id;     /* the peer's, for the answer */
    weft_ns left_ns; /* until its deadline; 0: as the setting says */
};

struct weft_slot {
    struct weft_op op;
    struct weft_slot_asker asker;
    struct weft_slot_stream stream;
    struct weft_slot_end end;
    atomic_ullong sequence;  /* of its call; a flush of another thread reads it */
    weft_ns stream_deadline; /* the stream must be reached by then */
    weftResult_t spoilt;     /* not weftSuccess: ends with it and moves nothing */
    uint32_t last_block;
    uint32_t next;           /* in a group, or among those that wait for a stream */
    uint32_t next_comm;      /* in a group: whose slot the next one is */
    struct weft_flag cancel; /* the generation that is to be cancelled */
    bool watched;            /* a request was given out */
    bool signalled;          /* its signal went along with a copy that brings all of its bytes */
    bool signals_peer;       /* listed: what is behind a fence waits for the peer's answer, too */
    uint32_t src_device;     /* for sentences; WEFT_NONE: a signal alone */
    uint32_t dst_device;
};

struct weft_slot_table {
    uint32_t count;
    uint32_t block_count;
    struct weft_slot *slots;
    struct weft_flag *words; /* apart from the slots: a flush looks at all of them */
    struct weft_extent_block *blocks;
    struct weft_ring free;
    struct weft_ring free_blocks;
    atomic_ullong begun; /* slots that went live, and that ended after that */
    atomic_ullong ended;
};

/* weftSystemError: no memory. fini takes what init made, or zeroed memory. */
weftResult_t weft_slot_init(struct weft_slot_table *slots, const struct weft_config *config,
                            uint32_t generation);
void weft_slot_fini(struct weft_slot_table *slots);

/* A slot in PREPARED with no extents, or WEFT_NONE when all are in use. */
uint32_t weft_slot_take(struct weft_slot_table *slots);

/* PREPARED to FREE: the call failed after all. */
void weft_slot_drop(struct weft_slot_table *slots, uint32_t index);

/* Appends to the slot's extents; size_bytes > 0. weftNoResource: no extent block is free. */
weftResult_t weft_slot_append(struct weft_slot_table *slots, uint32_t index,
                              const struct weft_extent *extent);

/* PREPARED to LIVE; give it to the progress thread next. */
void weft_slot_live(struct weft_slot_table *slots, uint32_t index);

/* LIVE, WAITED or PREPARED to ENDED, or to FREE when nobody watches. Gives the extents back and
 * wakes who waits. */
void weft_slot_end(struct weft_slot_table *slots, uint32_t index, const struct weft_slot_end *end);

uint32_t weft_slot_generation(const struct weft_slot_table *slots, uint32_t index);
enum weft_slot_state weft_slot_state(const struct weft_slot_table *slots, uint32_t index);

/* True when the index is a slot whose present use has that generation and is not free. */
bool weft_slot_is(const struct weft_slot_table *slots, uint32_t index, uint32_t generation);

/* Takes the result and frees the slot; false when it has not ended or another thread was first. */
bool weft_slot_collect(struct weft_slot_table *slots, uint32_t index, uint32_t generation,
                       struct weft_slot_end *end);

/* Sleeps until that use of the slot has ended, at most `real_ns`; may return early. */
void weft_slot_wait(struct weft_slot_table *slots, uint32_t index, uint32_t generation,
                    uint64_t real_ns);

/* Waits until every live slot with a sequence up to `sequence` has ended.
 * weftTimeout: not until `deadline_at`. */
weftResult_t weft_slot_flush(struct weft_slot_table *slots, uint64_t sequence,
                             const struct weft_clock *clock, weft_ns deadline_at);

#endif
