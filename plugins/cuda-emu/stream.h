/* A stream: a FIFO of operations. The head runs, the others wait for it.
 *
 * `result` is how the last copy ended; `poison` the failure of an event that the stream waited for,
 * which makes its next copy fail without moving a byte. Calls append under the emulator's lock;
 * only the worker runs and ends operations. A stream that a call appended to is fresh: the worker
 * looks at it when the model has come up to now. One whose head ended in the model is dirty: it
 * goes on at that modelled instant. */
#ifndef WEFT_EMU_STREAM_H
#define WEFT_EMU_STREAM_H

#include "operation.h"

struct weft_emu_stream {
    uint32_t gpu;     /* ordinal */
    bool is_closing;  /* destroyed by its owner: ends when it is empty */
    bool is_dirty;    /* on one of the lists of those that the worker shall look at */
    bool is_watching; /* on the list of those that wait for a value */
    struct weft_emu_operation *first;
    struct weft_emu_operation *last;
    weft_ns ended_at; /* modelled end of the last operation that ended */
    weft_cuda_result result;
    weft_cuda_result poison;
    struct weft_emu_stream *next_dirty;
    struct weft_emu_stream *next_watching;
    struct weft_emu_stream *next_waiting; /* for the same point */
};

struct weft_emu_stream_list {
    struct weft_emu_stream *first;
    struct weft_emu_stream *last;
};

/* Appends; the worker will look at it. */
void weft_emu_stream_append(struct weft_emu *emu, struct weft_emu_stream *stream,
                            struct weft_emu_operation *operation, weft_ns submitted_at);

/* The worker: something in the model has changed for it, at this modelled instant. */
void weft_emu_stream_touch(struct weft_emu *emu, struct weft_emu_stream *stream);

/* The worker: it waits for a value, so look at it again and again. */
void weft_emu_stream_watch(struct weft_emu *emu, struct weft_emu_stream *stream);

/* The worker, when the model has come up to now: calls and the host's values count from now on. */
void weft_emu_stream_admit(struct weft_emu *emu);

/* The worker: runs what can run in all streams on the dirty list. */
void weft_emu_stream_settle(struct weft_emu *emu);

/* Its owner is done with it: it ends when it is empty. */
void weft_emu_stream_close(struct weft_emu *emu, struct weft_emu_stream *stream);

#endif
