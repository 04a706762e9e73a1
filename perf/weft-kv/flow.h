/* What transfers in one direction have moved, and while at least one was under way. */
#ifndef WEFT_KV_FLOW_H
#define WEFT_KV_FLOW_H

#include "base/base.h"

struct weft_kv_flow {
    uint64_t bytes;
    uint64_t blocks;
    uint64_t transfers;
    weft_ns busy_ns; /* at least one transfer was under way */
    uint32_t active;
    weft_ns active_since;
};

void weft_kv_flow_start(struct weft_kv_flow *flow, uint64_t bytes, uint64_t blocks, weft_ns now);
void weft_kv_flow_end(struct weft_kv_flow *flow, weft_ns now);

#endif
