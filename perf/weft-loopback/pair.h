/* Two processes that measure together: near says when, far lets it happen.
 *
 * Each is forked for one measurement and has nothing of the other but a control socket, over which
 * they tell each other what they need (keys, ports) and when the measured part begins and ends.
 * Both end by themselves, or are killed at the deadline. */
#ifndef WEFT_LOOPBACK_PAIR_H
#define WEFT_LOOPBACK_PAIR_H

#include "figures.h"

/* Runs in a process of its own and fills its part of the figures; false: figures->why says why. */
typedef bool weft_loopback_end_fn(int control, const struct weft_loopback_ask *ask,
                                  struct weft_loopback_figures *figures);

/* False: figures->why says why. Needs: the caller has one thread and no driver loaded. */
bool weft_loopback_pair_run(weft_loopback_end_fn *near, weft_loopback_end_fn *far,
                            const struct weft_loopback_ask *ask,
                            struct weft_loopback_figures *figures);

/* ---- in the two processes; false: the other one is gone ---- */

bool weft_loopback_say(int control, const void *bytes, size_t size);
bool weft_loopback_hear(int control, void *bytes, size_t size);

/* Both have come here. */
bool weft_loopback_meet(int control);

weft_ns weft_loopback_now(void);

/* CPU time of this process so far. */
weft_ns weft_loopback_cpu(void);

#endif
