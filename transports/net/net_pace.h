/* The pace of an emulated or faulty NIC: a token bucket for what goes out, or comes in, and its
 * state. The bucket holds 200 us of its rate: what was not used longer ago is lost. But a NIC with
 * bytes waiting would have sent all the while, however late the thread comes that emulates it:
 * nothing is lost of that time. Who takes bytes cannot know since when they were on their way: its
 * bucket holds more. */
#ifndef WEFT_NET_PACE_H
#define WEFT_NET_PACE_H

#include "base/base.h"
#include "weft_net.h"

struct weft_net_pace {
    struct weft_net_shape shape;
    weft_ns keep_ns;       /* the bucket holds so much of its rate; the least is the above */
    uint64_t tokens_bytes; /* may go out now */
    uint64_t debt_bytes;   /* went out without them: a packet goes whole */
    weft_ns filled_at;
    bool is_short; /* bytes have waited for tokens since then */
};

/* Whether what is given to a NIC in the state goes out, and what comes to it is heard. */
static inline bool weft_net_shape_sends(enum weft_net_shape_state state)
{
    return state == WEFT_NET_SHAPE_UP || state == WEFT_NET_SHAPE_SILENT_IN;
}

static inline bool weft_net_shape_hears(enum weft_net_shape_state state)
{
    return state == WEFT_NET_SHAPE_UP || state == WEFT_NET_SHAPE_SILENT_OUT;
}

/* What the state is to what comes in, for a pace of that. */
static inline enum weft_net_shape_state weft_net_shape_inward(enum weft_net_shape_state state)
{
    if (weft_net_shape_hears(state))
        return WEFT_NET_SHAPE_UP;
    return state == WEFT_NET_SHAPE_SILENT_IN ? WEFT_NET_SHAPE_SILENT : state;
}

/* The NIC has this shape from now on. */
void weft_net_pace_set(struct weft_net_pace *pace, const struct weft_net_shape *shape, weft_ns now);
/* How much of `wanted` may go out now. */
uint64_t weft_net_pace_allow(struct weft_net_pace *pace, uint64_t wanted_bytes, weft_ns now);
/* Whether anything may go out now, asked by who has nothing that waits. */
bool weft_net_pace_is_open(struct weft_net_pace *pace, weft_ns now);
void weft_net_pace_spend(struct weft_net_pace *pace, uint64_t bytes);
/* When some of it may: now, or later. */
weft_ns weft_net_pace_at(const struct weft_net_pace *pace, weft_ns now);
/* What goes out waits for tokens. */
bool weft_net_pace_waits(const struct weft_net_pace *pace);

#endif
