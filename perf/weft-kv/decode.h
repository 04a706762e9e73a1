/* The decode server: a process that takes KV caches in, checks them and frees their pages. */
#ifndef WEFT_KV_DECODE_H
#define WEFT_KV_DECODE_H

#include "control.h"

/* Serves the prefill server at the other end of `control` until that is gone. Needs: a process of
 * its own in which no driver was loaded yet. Returns the process's exit status; what it cannot do
 * it tells the other side (FAILED). */
int weft_kv_decode(const struct weft_kv_options *options, const struct weft_kv_trace *trace,
                   struct weft_kv_control *control);

#endif
