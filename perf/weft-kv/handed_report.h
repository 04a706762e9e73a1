/* What the runs of `pd` found, for people, as JSON and as a picture. */
#ifndef WEFT_KV_HANDED_REPORT_H
#define WEFT_KV_HANDED_REPORT_H

#include "plot.h"
#include "prefill.h"

void weft_kv_handed_head(const struct weft_kv_server *server, const struct weft_kv_trace *trace,
                         const struct weft_kv_arrivals *arrivals);

/* The first result is the measured one; a second one is the baseline. */
void weft_kv_handed_table(const struct weft_kv_handed *results, uint32_t count);

/* A tree that the caller deletes; NULL without memory. */
cJSON *weft_kv_handed_json(const struct weft_kv_server *server, const struct weft_kv_trace *trace,
                           const struct weft_kv_arrivals *arrivals,
                           const struct weft_kv_handed *results, uint32_t count);

/* What weft_kv_plot_write draws of the results, which must outlive it. */
void weft_kv_handed_picture(const struct weft_kv_handed *results, uint32_t count,
                            struct weft_kv_picture *picture);

#endif
