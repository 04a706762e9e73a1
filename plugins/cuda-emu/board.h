/* The board: lends the common state to one process of an emulated server at a time, and wakes their
 * workers.
 *
 * Whoever has the lock works on a copy of its own and puts it up when it is done. So what is up is
 * always whole, whatever becomes of the holder: the lock of one that died is taken at once, the
 * lock of one that does not go on after PATIENCE, and that one finds its work lost when it comes
 * back, having harmed nothing. A seat is a process's place; it lives as long as its worker, which
 * holds a robust mutex. Nobody holds the lock while bytes move or somebody sleeps.
 *
 * A private machine has a board, too, with one seat and nobody to lend to: taking it costs nothing.
 * Calls and worker of one process keep each other off by the emulator's lock, which is taken
 * before. board_file.c puts a board into a shared-memory object. */
#ifndef WEFT_EMU_BOARD_H
#define WEFT_EMU_BOARD_H

#include <pthread.h>
#include <stdatomic.h>

#include "state.h"

#define WEFT_EMU_OBJECT_BYTES 96
#define WEFT_EMU_NAMES        "the name of a machine has 1 to 64 letters, digits, '-', '_' and '.'"

#define WEFT_EMU_BOARD_CALL_NS     1000000000ull /* real: how long a call waits for the lock */
#define WEFT_EMU_BOARD_LIFE_NS     1000000ull    /* real: between two looks whether all live */
#define WEFT_EMU_BOARD_PATIENCE_NS 200000000ull  /* real: how late a process may be */

struct weft_emu_seat {
    pthread_mutex_t life;
    _Atomic uint32_t bell;           /* a futex: counts the times that its worker was to wake up */
    struct weft_emu_state states[2]; /* only its process writes them, and not the one that is up */
};

/* What is in the object. */
struct weft_emu_common {
    uint64_t layout;    /* says how this struct is laid out; 0: not made yet */
    char node[256];     /* as the first process named it */
    uint64_t hash;      /* of the machine */
    uint64_t origin_ns; /* of its clock, and its identity */
    unsigned dilation;
    _Atomic uint64_t word;                       /* the lock and which state is up: see board.c */
    _Atomic uint64_t bytes[WEFT_DEVICES_MAX][2]; /* read from and written to devices by copies */
    struct weft_emu_seat seats[WEFT_EMU_SEATS_MAX];
};

struct weft_emu_board {
    struct weft_emu_common *common;
    bool is_shared;
    uint32_t seat;               /* this process's; WEFT_NONE: none yet */
    uint64_t word;               /* as this process took it */
    uint64_t seen_word;          /* as it was when others had the lock, */
    uint64_t seen_since_ns;      /* and since when, real */
    struct weft_emu_state state; /* with the lock: this process's copy; private: the only one */

    int file; /* of the object; -1: private */
    char object[WEFT_EMU_OBJECT_BYTES];
};

/* Fills zeroed memory; false without the system's means. */
bool weft_emu_common_init(struct weft_emu_common *common, const struct weft_emu_machine *machine,
                          unsigned dilation);

/* False for one that another build of this library has laid out. */
bool weft_emu_common_is_ours(const struct weft_emu_common *common);

/* True when a process lives on it. */
bool weft_emu_common_is_inhabited(struct weft_emu_common *common);

/* Makes `board`, zeroed memory, the board of a private machine; false without memory. */
bool weft_emu_board_init(struct weft_emu_board *board, const struct weft_emu_machine *machine,
                         unsigned dilation);

/* Takes a free seat, as long as the calling thread lives; false when there is none. */
bool weft_emu_board_sit(struct weft_emu_board *board);

/* Gives it back, by the same thread. */
void weft_emu_board_rise(struct weft_emu_board *board);

/* Takes the lock; false after `wait_ns` without it. */
bool weft_emu_board_lock(struct weft_emu_board *board, uint64_t wait_ns);

/* Puts up what the state is now, and wakes the workers that now have something to do before they
 * planned to. False when the lock was taken away: nothing has changed, and all is to be done again.
 * */
bool weft_emu_board_unlock(struct weft_emu_board *board);

/* With the lock: frees the seats of other processes that have died. */
void weft_emu_board_bury(struct weft_emu_board *board);

/* Without the lock. Wakes the workers of the seats in that set of bits. */
void weft_emu_board_ring(struct weft_emu_board *board, uint64_t seats);

/* Without the lock. Sleeps until this process's bell rings, if it still stands at `bell`, or real
 * time is `until_ns`; WEFT_NEVER: only the bell. */
uint32_t weft_emu_board_bell(const struct weft_emu_board *board);
void weft_emu_board_listen(struct weft_emu_board *board, uint32_t bell, uint64_t until_ns);

/* board_file.c. Opens or makes the board of the machine of that name, in zeroed memory; -1 with
 * `why`. Nobody else comes or goes until `opened` says that this process has its seat, or `leave`
 * that it has none. */
int weft_emu_board_open(struct weft_emu_board *board, const char *machine_name,
                        const struct weft_emu_machine *machine, unsigned dilation,
                        char why[WEFT_EMU_WHY_BYTES]);
void weft_emu_board_opened(struct weft_emu_board *board);

/* Leaves a named machine; the last one removes the object. Its memory stays mapped: calls may be
 * looking at it. */
void weft_emu_board_leave(struct weft_emu_board *board);

#endif
