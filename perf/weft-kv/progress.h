/* A line that says how far a run is: redrawn on a terminal, else a new one every few seconds. */
#ifndef WEFT_KV_PROGRESS_H
#define WEFT_KV_PROGRESS_H

#include "base/base.h"

struct weft_kv_progress {
    const char *name;
    bool terminal;
    weft_ns started_at; /* real time */
    weft_ns printed_at;
};

void weft_kv_progress_start(struct weft_kv_progress *progress, const char *name);

/* Prints when it is time to. */
void weft_kv_progress_step(struct weft_kv_progress *progress, size_t done, size_t total,
                           uint64_t bytes);

/* Clears the line of a terminal. */
void weft_kv_progress_end(struct weft_kv_progress *progress);

#endif
