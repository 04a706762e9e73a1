/* What AES-256-GCM alone costs here: sealing 64 KiB at a time, and opening it again. */
#ifndef WEFT_LOOPBACK_SEALING_H
#define WEFT_LOOPBACK_SEALING_H

#include "figures.h"

/* The bytes are sealed in one memory of size_bytes and opened into another; near_cpu_ns is the time
 * of sealing, far_cpu_ns that of opening, and time_ns the longer of the two: two processes share
 * the work. */
bool weft_loopback_sealing(const struct weft_loopback_ask *ask,
                           struct weft_loopback_figures *figures);

#endif
