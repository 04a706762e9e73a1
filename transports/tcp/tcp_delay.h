/* The delay of an emulated NIC over TCP: what comes in lies in its socket for so long before it is
 * taken.
 *
 * When bytes came is not known but by looking: a mark says how far the stream had come at a look.
 * Looks that are closer than a part of the delay share a mark. */
#ifndef WEFT_TCP_DELAY_H
#define WEFT_TCP_DELAY_H

#include "base/base.h"

#define WEFT_TCP_DELAY_PARTS 16 /* a mark covers this part of the delay */

struct weft_tcp_delay {
    uint64_t delay_ns;       /* 0: none */
    uint64_t taken_bytes;    /* of the stream, from the socket */
    uint64_t noticed_bytes;  /* had come at the last look */
    uint64_t released_bytes; /* may be taken */
    bool is_empty;           /* nothing lay there at the last look */
    uint32_t first;
    uint32_t count;
    struct {
        uint64_t bytes;
        weft_ns at;
    } marks[2 * WEFT_TCP_DELAY_PARTS];
};

/* So many bytes wait in the socket now. */
void weft_tcp_delay_look(struct weft_tcp_delay *delay, uint64_t waiting_bytes, weft_ns now);
/* How many may be taken. Of an empty socket any: there are none, or it has been closed. */
uint64_t weft_tcp_delay_left(const struct weft_tcp_delay *delay);
void weft_tcp_delay_taken(struct weft_tcp_delay *delay, uint64_t bytes);
/* When more may be; WEFT_NEVER: nothing waits. */
weft_ns weft_tcp_delay_at(const struct weft_tcp_delay *delay);

#endif
