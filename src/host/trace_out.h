/* The engine's trace as a file: Perfetto's JSON (the Trace Event format), times in the machine's
 * own microseconds. */
#ifndef WEFT_TRACE_OUT_H
#define WEFT_TRACE_OUT_H

#include "../core/trace.h"
#include "loop.h"

/* Writes the records that are kept. weftSystemError: the file cannot be written; `why` says it. */
weftResult_t weft_trace_out_write(const char *path, const struct weft_trace *trace,
                                  const struct weft_loop *loop, char why[WEFT_MACHINE_WHY_BYTES]);

#endif
