/* How fast a lane is: one of its frames at a time is timed, from the batch to the peer's ack, with
 * the bytes that were before it. What is sent now is expected to take as long in proportion: the
 * sockets and NICs of the way hold much more than the batch, and hold it longer where they are
 * slow. */
#ifndef WEFT_TCP_PULSE_H
#define WEFT_TCP_PULSE_H

#include "base/base.h"

struct weft_tcp_pulse {
    uint64_t sequence;       /* of the frame that is timed; 0: none */
    uint64_t sequence_bytes; /* that were not acknowledged then, with its own */
    weft_ns sequence_at;
    uint64_t bytes; /* of the last that was timed; 0: none was */
    weft_ns time_ns;
};

void weft_tcp_pulse_init(struct weft_tcp_pulse *pulse);
/* A frame was put behind others: so many bytes are not acknowledged. */
void weft_tcp_pulse_frame(struct weft_tcp_pulse *pulse, uint64_t sequence, uint64_t unacked_bytes,
                          weft_ns now);
/* The peer has applied all up to `sequence`. */
void weft_tcp_pulse_acked(struct weft_tcp_pulse *pulse, uint64_t sequence, weft_ns now);
/* How long a small frame behind so many bytes would take. */
weft_ns weft_tcp_pulse_expect(const struct weft_tcp_pulse *pulse, uint64_t unacked_bytes,
                              weft_ns now);

#endif
