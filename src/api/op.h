/* One transfer on its way from a call to the progress thread: checked here, moved there.
 *
 *     begin -> add extents, signal -> end      (or drop, where a check fails in between)
 *
 * A failed call leaves nothing behind and sets no request. */
#ifndef WEFT_API_OP_H
#define WEFT_API_OP_H

#include "window.h"

struct weft_call {
    const char *name; /* of the public function */
    weftComm_t comm_handle;
    weftStream_t stream;
    weftRequest_t *request;
    /* set by begin */
    struct weft_comm *comm;
    struct weft_slot *slot;
    uint32_t index;
    /* set by the ends */
    struct weft_entry *dst;
    struct weft_entry *src;
    struct weft_entry *signal;
};

/* Who has to own what: a put's source, a get's destination. */
enum weft_own { WEFT_OWN_NEITHER, WEFT_OWN_SRC, WEFT_OWN_DST };

/* Checks comm, windows and stream, and takes a slot. */
weftResult_t weft_call_begin(struct weft_call *call, enum weft_own own, weftWindow_t dst,
                             weftWindow_t src);

/* The same for a signal alone. */
weftResult_t weft_call_begin_signal(struct weft_call *call);

/* Adds bytes; 0 bytes are checked and add nothing. */
weftResult_t weft_call_add(struct weft_call *call, uint64_t dst_offset, uint64_t src_offset,
                           uint64_t size);

weftResult_t weft_call_signal(struct weft_call *call, weftWindow_t signal, size_t offset,
                              uint64_t value, weftSignalOp_t op);

/* Ends what begin began: with weftSuccess so far the slot is handed over and the request set, else
 * dropped. Returns how it went. */
weftResult_t weft_call_end(struct weft_call *call, weftResult_t so_far);

#endif
