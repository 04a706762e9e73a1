/* The job `pd`: a prefill server and a decode server, each a process with an emulated machine of
 * its own, hand KV caches over. */
#ifndef WEFT_KV_PD_H
#define WEFT_KV_PD_H

#include "options.h"

/* Starts the decode server, runs the trace with the scheduler and with direct, reports. Needs:
 * no driver was loaded in this process yet. */
enum weft_kv_outcome weft_kv_pd(const struct weft_kv_options *options, char why[WEFT_WHY_BYTES]);

#endif
