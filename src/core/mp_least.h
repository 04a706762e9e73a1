/* The least of many round trips, which is the network without queues. It is forgotten only when all
 * of a whole epoch took more than twice as long: then the way has changed. */
#ifndef WEFT_MP_LEAST_H
#define WEFT_MP_LEAST_H

#include "../base/base.h"

#define WEFT_MP_LEAST_EPOCH_NS 10000000000
#define WEFT_MP_LEAST_FACTOR   2

struct weft_mp_least {
    weft_ns ns; /* WEFT_NEVER: not known */
    weft_ns epoch_ns;
    weft_ns epoch_until;
};

static inline void weft_mp_least_init(struct weft_mp_least *least)
{
    *least = (struct weft_mp_least){WEFT_NEVER, WEFT_NEVER, 0};
}

static inline void weft_mp_least_add(struct weft_mp_least *least, weft_ns sample_ns, weft_ns now)
{
    if (now >= least->epoch_until) {
        if (least->epoch_ns != WEFT_NEVER && least->epoch_ns / WEFT_MP_LEAST_FACTOR > least->ns)
            least->ns = least->epoch_ns;
        least->epoch_ns = WEFT_NEVER;
        least->epoch_until = now + WEFT_MP_LEAST_EPOCH_NS;
    }
    least->epoch_ns = weft_min(least->epoch_ns, sample_ns);
    least->ns = weft_min(least->ns, sample_ns);
}

#endif
