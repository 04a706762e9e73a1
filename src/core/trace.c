/* The trace's memory and its table of names, made from trace.def. */
#include "trace.h"

#define EVENT(name, a, b, c) {#name, {#a, #b, #c}},
static const struct weft_trace_row rows[WEFT_TRACE_EVENTS] = {
#include "trace.def"
};
#undef EVENT

void weft_trace_init(struct weft_trace *trace, struct weft_arena *arena, uint64_t record_count)
{
    weft_assert(record_count > 0);
    trace->records = weft_arena_take(arena, record_count, sizeof(*trace->records));
    trace->record_count = record_count;
    trace->written = 0;
    trace->hash = WEFT_HASH_SEED;
    for (uint32_t i = 0; i < WEFT_TRACE_EVENTS; i++) {
        trace->counts[i] = 0;
        trace->sums[i] = 0;
    }
}

const struct weft_trace_row *weft_trace_row(uint32_t event)
{
    weft_assert(event < WEFT_TRACE_EVENTS);
    return &rows[event];
}
