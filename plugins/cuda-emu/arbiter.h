/* Who has a copy engine of the machine: the processes' requests, and the stage of the copy that has
 * it.
 *
 *     WEFT_NONE --- ask ---> in turn --- grant ---> holder --- free ---> the next in turn
 *
 * An engine goes to the copy that asked first, whatever process it is of, and stays with it until
 * it has ended. Real engines take turns between contexts by time; copies of 10 to 40 us, one or two
 * of each process in line, make turns by copy about the same, and what a test expects can be
 * computed. Only numbers, as all of the common state. A process has one request per engine, for the
 * first of its queue (engine.h); requests of one process come in the order of its queue. */
#ifndef WEFT_EMU_ARBITER_H
#define WEFT_EMU_ARBITER_H

#include "stage.h"

#define WEFT_EMU_SEATS_MAX 32 /* processes of a machine; a set of them is as many bits */

struct weft_emu_request {
    weft_ns asked_at; /* WEFT_NEVER: none */
    weft_ns ready_at; /* not before */
};

struct weft_emu_arbiter {
    uint32_t holder; /* its seat; WEFT_NONE: idle */
    struct weft_emu_stage stage;
    struct weft_emu_request requests[WEFT_EMU_SEATS_MAX];
};

void weft_emu_arbiter_init(struct weft_emu_arbiter *arbiter);

/* Gives back what a seat has of the engine and its request; true when it had it. */
bool weft_emu_arbiter_withdraw(struct weft_emu_arbiter *arbiter, uint32_t seat);

/* The seat whose process does what happens next: the holder, else the first in line among the seats
 * below `seat_end`; WEFT_NONE: nobody. */
uint32_t weft_emu_arbiter_turn(const struct weft_emu_arbiter *arbiter, uint32_t seat_end);

/* When that happens, not before `at`; WEFT_NEVER when nothing will. */
weft_ns weft_emu_arbiter_next_at(const struct weft_emu_arbiter *arbiter, uint32_t turn, weft_ns at);

#endif
