/* Counters of a flow. */
#include "flow.h"

void weft_kv_flow_start(struct weft_kv_flow *flow, uint64_t bytes, uint64_t blocks, weft_ns now)
{
    flow->bytes += bytes;
    flow->blocks += blocks;
    flow->transfers++;
    if (flow->active++ == 0)
        flow->active_since = now;
}

void weft_kv_flow_end(struct weft_kv_flow *flow, weft_ns now)
{
    weft_assert(flow->active > 0);
    if (--flow->active == 0)
        flow->busy_ns += now - flow->active_since;
}
