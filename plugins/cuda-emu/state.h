/* What the processes of one emulated server know in common: how far the machine is modelled, who
 * has its engines and who waits for them, what its links carry now, and who takes part.
 *
 * Only numbers, so that it can be copied: board.h lends it to one process at a time. Each process
 * steps its own copies only, and no process lets the model pass an instant at which another one has
 * something to do: so modelled times do not depend on who is scheduled when. One that does not do
 * what it has to is suspended: its engines go to others, and it asks for them anew. On a real GPU
 * copies of a stopped process go on; here nobody else can move their bytes. */
#ifndef WEFT_EMU_STATE_H
#define WEFT_EMU_STATE_H

#include "engine.h"

struct weft_emu_member {
    bool is_taken;
    bool is_suspended;                      /* set by others, cleared by itself */
    weft_ns plan_at;                        /* when its worker looks by itself; 0: it is at work */
    uint64_t applied_count;                 /* faults that it has taken account of */
    uint64_t used_bytes[WEFT_EMU_GPUS_MAX]; /* allocated by it */
};

struct weft_emu_state {
    uint32_t engine_count;
    uint32_t link_count;
    uint32_t seat_end;    /* no seat from this one on was ever taken */
    bool is_stale;        /* flows have come or gone since rates were shared */
    weft_ns at;           /* modelled up to here */
    uint64_t fault_count; /* link faults ordered */
    struct weft_emu_member members[WEFT_EMU_SEATS_MAX];
    struct weft_emu_live live;
    struct weft_emu_arbiter arbiters[WEFT_EMU_ENGINES_MAX];
};

/* Fills zeroed memory. */
void weft_emu_state_init(struct weft_emu_state *state, const struct weft_emu_machine *machine);

/* Copies what is in use. */
void weft_emu_state_copy(struct weft_emu_state *to, const struct weft_emu_state *from);

/* Somebody takes a seat, and leaves it or has died. */
void weft_emu_state_join(struct weft_emu_state *state, uint32_t seat);
void weft_emu_state_leave(struct weft_emu_state *state, uint32_t seat);

/* Takes from a seat what it has of the engines, and its requests. */
void weft_emu_state_withdraw(struct weft_emu_state *state, uint32_t seat);

/* Suspends those, but for `seat`, that have something to do at `at` or before. */
void weft_emu_state_suspend(struct weft_emu_state *state, uint32_t seat, weft_ns at);

/* When the seat's own copies have their next event, and when those of others have it; WEFT_NEVER:
 * none. */
void weft_emu_state_next(const struct weft_emu_state *state, uint32_t seat, weft_ns *own_at,
                         weft_ns *other_at);

/* Seats, but for `seat`, that have something to do before they look by themselves: a set of bits.
 * Their plan is changed to that. */
uint64_t weft_emu_state_surprise(struct weft_emu_state *state, uint32_t seat);

/* Lets what flows flow until `until`. */
void weft_emu_state_flow(struct weft_emu_state *state, weft_ns until);

/* Gives the flows their rates anew, when it is stale. */
void weft_emu_state_share(struct weft_emu_state *state);

/* Memory of a GPU that all processes have allocated. */
uint64_t weft_emu_state_used_bytes(const struct weft_emu_state *state, uint32_t gpu);

/* True when all processes that answer have taken account of the fault of that number. */
bool weft_emu_state_has_applied(const struct weft_emu_state *state, uint64_t fault);

#endif
