/* What a replay found, for people and as JSON. */
#ifndef WEFT_KV_REPORT_H
#define WEFT_KV_REPORT_H

#include "replay.h"

void weft_kv_report_head(const struct weft_kv_store *store, const struct weft_kv_trace *trace,
                         const struct weft_kv_arrivals *arrivals,
                         const struct weft_kv_options *options);

/* The first result is the measured one; a second one is the baseline. */
void weft_kv_report_table(const struct weft_kv_result *results, uint32_t count);

/* A tree that the caller deletes; NULL without memory. */
cJSON *weft_kv_report_json(const struct weft_kv_store *store, const struct weft_kv_trace *trace,
                           const struct weft_kv_arrivals *arrivals,
                           const struct weft_kv_options *options,
                           const struct weft_kv_result *results, uint32_t count);

#endif
