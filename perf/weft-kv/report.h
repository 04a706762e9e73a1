/* What a replay found, for people and as JSON. */
#ifndef WEFT_KV_REPORT_H
#define WEFT_KV_REPORT_H

#include "plot.h"
#include "replay.h"

/* The machine, the model and its blocks: the first lines of every report. */
void weft_kv_report_machine(const struct weft_kv_store *store,
                            const struct weft_kv_options *options);

void weft_kv_report_head(const struct weft_kv_store *store, const struct weft_kv_trace *trace,
                         const struct weft_kv_arrivals *arrivals,
                         const struct weft_kv_options *options);

/* The first result is the measured one; a second one is the baseline. */
void weft_kv_report_table(const struct weft_kv_result *results, uint32_t count);

/* The members that every report begins with, in a tree that the caller deletes. */
cJSON *weft_kv_report_json_head(const struct weft_kv_store *store,
                                const struct weft_kv_trace *trace,
                                const struct weft_kv_arrivals *arrivals,
                                const struct weft_kv_options *options);

/* A tree that the caller deletes; NULL without memory. */
cJSON *weft_kv_report_json(const struct weft_kv_store *store, const struct weft_kv_trace *trace,
                           const struct weft_kv_arrivals *arrivals,
                           const struct weft_kv_options *options,
                           const struct weft_kv_result *results, uint32_t count);

/* What weft_kv_plot_write draws of the results, which must outlive it. */
void weft_kv_report_picture(const struct weft_kv_result *results, uint32_t count,
                            struct weft_kv_picture *picture);

#endif
