/* Marks in a stream; see tcp_delay.h. */
#include "tcp_delay.h"

static void notice(struct weft_tcp_delay *delay, weft_ns now)
{
    uint32_t room = WEFT_ARRAY_COUNT(delay->marks);
    uint32_t last = (delay->first + delay->count + room - 1) % room;

    /* There are always enough, but for a delay that has just become longer. */
    if (delay->count == room ||
        (delay->count > 0 &&
         now < delay->marks[last].at + delay->delay_ns / WEFT_TCP_DELAY_PARTS)) {
        delay->marks[last].bytes = delay->noticed_bytes;
        return;
    }
    last = (delay->first + delay->count++) % room;
    delay->marks[last].bytes = delay->noticed_bytes;
    delay->marks[last].at = now;
}

void weft_tcp_delay_look(struct weft_tcp_delay *delay, uint64_t waiting_bytes, weft_ns now)
{
    uint64_t noticed_bytes = delay->taken_bytes + waiting_bytes;

    while (delay->count > 0 && now >= delay->marks[delay->first].at + delay->delay_ns) {
        delay->released_bytes = delay->marks[delay->first].bytes;
        delay->first = (delay->first + 1) % WEFT_ARRAY_COUNT(delay->marks);
        delay->count--;
    }
    if (noticed_bytes > delay->noticed_bytes) {
        delay->noticed_bytes = noticed_bytes;
        notice(delay, now);
    }
    delay->is_empty = waiting_bytes == 0;
}

uint64_t weft_tcp_delay_left(const struct weft_tcp_delay *delay)
{
    if (delay->delay_ns == 0 || delay->is_empty)
        return UINT64_MAX;
    return weft_sub_sat(delay->released_bytes, delay->taken_bytes);
}

void weft_tcp_delay_taken(struct weft_tcp_delay *delay, uint64_t bytes)
{
    delay->taken_bytes += bytes;
}

weft_ns weft_tcp_delay_at(const struct weft_tcp_delay *delay)
{
    return delay->count == 0 ? WEFT_NEVER : delay->marks[delay->first].at + delay->delay_ns;
}
