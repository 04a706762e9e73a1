/* What the user is to know: states of peers, and messages and forwards of theirs.
 *
 * States are told as they are, not as they were: a peer that was lost and came back between two
 * calls has nothing to tell. Messages lie in a ring of memory; where it is full, what needs room
 * waits. A peer's messages are told after that it is up, and before that it is down. */
#ifndef WEFT_NET_EVENT_H
#define WEFT_NET_EVENT_H

#include "base/base.h"
#include "weft_net.h"

#define WEFT_NET_EVENT_BYTES (4u << 20)

struct weft_net_end;

/* Events with bytes, in one ring of memory. */
struct weft_net_events {
    uint8_t *bytes;
    size_t head; /* the oldest */
    size_t tail; /* free from here */
    size_t used;
    size_t lent; /* of the event that was given last */
};

weftResult_t weft_net_events_init(struct weft_net_events *events);
void weft_net_events_fini(struct weft_net_events *events);
bool weft_net_events_wait(const struct weft_net_events *events);
/* Room for an event of a peer with `size` bytes behind it: its memory, to be filled before the next
 * call. NULL: no room now. */
void *weft_net_event_push(struct weft_net_end *end, const struct weft_net_event *event,
                          size_t size);
/* As the transport's `event`. */
bool weft_net_event_next(struct weft_net *net, struct weft_net_event *event);

#endif
