/* A point in the work of a stream: reached or not, and how what came before it ended.
 *
 * An event is a name for the point that it was recorded at last; who waits, waits for a point, so
 * that recording the event again changes nothing for him. Counted references; guarded by the
 * emulator's lock. */
#ifndef WEFT_EMU_POINT_H
#define WEFT_EMU_POINT_H

#include "base/base.h"
#include "cuda/cuda_abi.h"

struct weft_emu_stream;

struct weft_emu_point {
    uint32_t reference_count;
    bool is_reached;
    weft_cuda_result result; /* of the last copy before it, once reached */
    weft_ns reached_at;
    struct weft_emu_stream *waiting; /* streams whose head waits for it, by next_waiting */
};

struct weft_emu_event {
    struct weft_emu_point *point; /* NULL: never recorded */
    bool is_timed;
};

/* With one reference; NULL without memory. */
struct weft_emu_point *weft_emu_point_new(void);
struct weft_emu_point *weft_emu_point_hold(struct weft_emu_point *point);
void weft_emu_point_drop(struct weft_emu_point *point); /* NULL allowed */

#endif
