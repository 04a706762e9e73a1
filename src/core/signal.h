/* Signals: a 64-bit word in a window that a transfer raises once its bytes are visible.
 *
 * The core decides that and when it is raised (with the transfer's COMPLETE, once); the host writes
 * the word. */
#ifndef WEFT_SIGNAL_H
#define WEFT_SIGNAL_H

#include "engine.h"
#include "window.h"

/* weftSuccess: it may be raised in `window` (its window's entry). weftInvalidArgument: outside, not
 * a multiple of 8, or no such operation. weftInvalidUsage: no right, or not live. */
weftResult_t weft_signal_allowed(const struct weft_signal *signal,
                                 const struct weft_window *window);

#endif
