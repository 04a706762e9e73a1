/* Timing a lane; see tcp_pulse.h. */
#include "tcp_pulse.h"

#define BYTES_MIN            65536u       /* fewer tell of the way's delay alone, not of its rate */
#define UNKNOWN_BYTES_PER_NS 1            /* of a lane that was not timed yet */
#define TIME_NS_MAX          10000000000u /* short enough to multiply by what a lane holds */

void weft_tcp_pulse_init(struct weft_tcp_pulse *pulse)
{
    *pulse = (struct weft_tcp_pulse){0};
}

void weft_tcp_pulse_frame(struct weft_tcp_pulse *pulse, uint64_t sequence, uint64_t unacked_bytes,
                          weft_ns now)
{
    if (pulse->sequence != 0)
        return;
    pulse->sequence = sequence;
    pulse->sequence_bytes = unacked_bytes;
    pulse->sequence_at = now;
}

void weft_tcp_pulse_acked(struct weft_tcp_pulse *pulse, uint64_t sequence, weft_ns now)
{
    if (pulse->sequence == 0 || sequence < pulse->sequence)
        return;
    pulse->bytes = weft_max(pulse->sequence_bytes, BYTES_MIN);
    pulse->time_ns = weft_min(weft_sub_sat(now, pulse->sequence_at), TIME_NS_MAX);
    pulse->sequence = 0;
}

static weft_ns behind_ns(const struct weft_tcp_pulse *pulse, uint64_t bytes)
{
    if (bytes < BYTES_MIN)
        return 0;
    return pulse->bytes == 0 ? bytes / UNKNOWN_BYTES_PER_NS : bytes * pulse->time_ns / pulse->bytes;
}

weft_ns weft_tcp_pulse_expect(const struct weft_tcp_pulse *pulse, uint64_t unacked_bytes,
                              weft_ns now)
{
    weft_ns expected_ns = behind_ns(pulse, unacked_bytes);
    weft_ns pending_ns = pulse->sequence == 0 ? 0 : weft_sub_sat(now, pulse->sequence_at);

    /* One that is overdue tells more than the last that came. */
    if (pending_ns > weft_max(behind_ns(pulse, pulse->sequence_bytes), pulse->time_ns))
        expected_ns = weft_max(expected_ns, pending_ns);
    return expected_ns;
}
