/* A copy: pieces of memory that one engine moves over one path.
 *
 *     QUEUED ---> SETUP <--> FLOWING ---> DONE
 *        |          |           |
 *        ^          |           |
 *        +----------+-----------+-------> FAILED
 *
 * A batch goes back and forth: the set-up of some pieces, their bytes, the set-up of the next. Back
 * to QUEUED goes a copy that lost its engine to other processes, since its own did not answer.
 *
 * SETUP and FLOWING are stages at the engine (stage.h): what has flowed there is where the model
 * is, `moved` how far memory follows. Memory has what has flowed before a copy is DONE or FAILED,
 * and after that nothing moves. The copy owns its pieces and pins. One worker thread drives it; the
 * emulator's lock guards all but weft_emu_copy_move. */
#ifndef WEFT_EMU_COPY_H
#define WEFT_EMU_COPY_H

#include "cuda/cuda_abi.h"
#include "memory.h"
#include "stage.h"

enum weft_emu_copy_state {
    WEFT_EMU_COPY_QUEUED,
    WEFT_EMU_COPY_SETUP,
    WEFT_EMU_COPY_FLOWING,
    WEFT_EMU_COPY_DONE,
    WEFT_EMU_COPY_FAILED,
    WEFT_EMU_COPY_STATES
};

struct weft_emu_piece {
    char *dst;
    const char *src; /* NULL: dst is filled with the copy's byte */
    uint64_t size_bytes;
};

struct weft_emu_copy {
    enum weft_emu_copy_state state;
    weft_cuda_result result; /* once FAILED */
    uint32_t from;           /* devices of the topology */
    uint32_t to;
    uint32_t engine; /* index */
    unsigned char fill_byte;
    bool slow_small; /* small pieces cost the engine more: host to device */
    struct weft_emu_path path;
    double limit_bytes_per_us; /* a bound of its own; 0: none */
    uint64_t size_bytes;
    struct weft_emu_piece *pieces;
    uint32_t piece_count;
    uint32_t piece_room;
    struct weft_emu_range **pins; /* each range once */
    uint32_t pin_count;
    uint32_t pin_room;
    struct weft_emu_copy *next; /* in the engine's queue */

    weft_ns ready_at;             /* the engine may start it from then on; 0: not in line yet */
    weft_ns asked_at;             /* since when it is in line */
    struct weft_emu_stage *stage; /* the engine's, in SETUP and FLOWING; else NULL */
    uint32_t piece_ready;         /* pieces whose set-up is spent */
    uint64_t goal_bytes;          /* where FLOWING ends for now */
    uint64_t fail_bytes;          /* where it shall fail; UINT64_MAX: nowhere */

    uint64_t moved_bytes; /* the worker's alone, so are the next two */
    uint32_t move_piece;
    uint64_t move_offset;
};

/* `copy` is zeroed memory of the caller. */
void weft_emu_copy_init(struct weft_emu_copy *copy, uint32_t from, uint32_t to);
void weft_emu_copy_fini(struct weft_emu_copy *copy);

/* Adds a piece, while QUEUED; `src_range` and `dst_range` may be NULL (pageable memory). False
 * without memory. */
bool weft_emu_copy_add(struct weft_emu_copy *copy, const struct weft_emu_piece *piece,
                       struct weft_emu_range *src_range, struct weft_emu_range *dst_range);

/* The engine takes it up at `at`, from its beginning or from where memory is. */
void weft_emu_copy_start(struct weft_emu_copy *copy, struct weft_emu_stage *stage, weft_ns at);

/* The engine was given to another one. */
void weft_emu_copy_suspend(struct weft_emu_copy *copy);

/* Ends the stage whose time has come. `is_cut`: its path is. */
void weft_emu_copy_step(struct weft_emu_copy *copy, bool is_cut, weft_ns at);

/* Ends it where it is. */
void weft_emu_copy_fail(struct weft_emu_copy *copy, weft_cuda_result result);

/* True when memory that it uses was unregistered under it. */
bool weft_emu_copy_is_orphan(const struct weft_emu_copy *copy);

bool weft_emu_copy_has_ended(const struct weft_emu_copy *copy);

/* Moves memory up to `bytes` and returns how much that was. Without the lock. */
uint64_t weft_emu_copy_move(struct weft_emu_copy *copy, uint64_t bytes);

const char *weft_emu_copy_state_name(enum weft_emu_copy_state state);

#endif
