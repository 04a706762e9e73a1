/* What happened: typed calls from trace.def, counters, the last records, and a hash over all of
 * them that proves that two runs were equal.
 *
 * weft_trace_chunk_done(trace, now, chunk, size_bytes, path) and so on. The record's memory is the
 * arena's; nothing here does I/O: the host writes text and Perfetto JSON from the records. */
#ifndef WEFT_TRACE_H
#define WEFT_TRACE_H

#include "../base/arena.h"
#include "../base/hash.h"

enum weft_trace_event {
#define EVENT(name, a, b, c) WEFT_TRACE_##name,
#include "trace.def"
#undef EVENT
    WEFT_TRACE_EVENTS
};

struct weft_trace_record {
    weft_ns at;
    uint64_t arguments[3];
    uint32_t event;
};

struct weft_trace {
    struct weft_trace_record *records; /* a ring */
    uint64_t record_count;
    uint64_t written; /* since the start: the newest is records[(written - 1) % record_count] */
    uint64_t hash;
    uint64_t counts[WEFT_TRACE_EVENTS];
    uint64_t sums[WEFT_TRACE_EVENTS]; /* of the second argument */
};

struct weft_trace_row {
    const char *name;
    const char *arguments[3];
};

void weft_trace_init(struct weft_trace *trace, struct weft_arena *arena, uint64_t record_count);

/* The name of an event and of its arguments. */
const struct weft_trace_row *weft_trace_row(uint32_t event);

static inline void weft_trace_add(struct weft_trace *trace, weft_ns now, uint32_t event, uint64_t a,
                                  uint64_t b, uint64_t c)
{
    struct weft_trace_record *record = &trace->records[trace->written % trace->record_count];

    *record = (struct weft_trace_record){now, {a, b, c}, event};
    trace->written++;
    trace->counts[event]++;
    trace->sums[event] += b;
    trace->hash = weft_hash_word(trace->hash, now ^ ((uint64_t)event << 56));
    trace->hash = weft_hash_word(trace->hash, a ^ (b << 20) ^ (c << 44));
}

#define EVENT(name, first, second, third)                                                          \
    static inline void weft_trace_##name(struct weft_trace *trace, weft_ns now, uint64_t first,    \
                                         uint64_t second, uint64_t third)                          \
    {                                                                                              \
        weft_trace_add(trace, now, WEFT_TRACE_##name, first, second, third);                       \
    }
#include "trace.def"
#undef EVENT

#endif
