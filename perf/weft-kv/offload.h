/* The job `offload`: one server restores and offloads blocks of its host memory. */
#ifndef WEFT_KV_OFFLOAD_H
#define WEFT_KV_OFFLOAD_H

#include "options.h"

/* Opens the machine, replays the trace with the scheduler and with direct, reports. */
enum weft_kv_outcome weft_kv_offload(const struct weft_kv_options *options,
                                     char why[WEFT_WHY_BYTES]);

#endif
