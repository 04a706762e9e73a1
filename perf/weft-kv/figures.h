/* Figures of a run, and what they are beside those of the baseline: one table for the terminal and
 * for JSON. */
#ifndef WEFT_KV_FIGURES_H
#define WEFT_KV_FIGURES_H

#include <cjson/cJSON.h>

#include "base/base.h"

struct weft_kv_figure {
    const char *label; /* with its unit */
    const char *name;  /* in JSON */
    int places;        /* behind the point, on the terminal */
    double (*of)(const void *result);
};

/* A row for each figure: results[0]'s, and unless results[1] is NULL, that one's and their ratio.
 * `names` head the columns. */
void weft_kv_figures_print(const struct weft_kv_figure *figures, size_t count,
                           const void *const results[2], const char *const names[2]);

/* Adds each figure of one result to an object. */
void weft_kv_figures_json(const struct weft_kv_figure *figures, size_t count, const void *result,
                          cJSON *object);

/* Adds each figure of results[0] as a part of results[1]'s to an object; 0 where that is 0. */
void weft_kv_figures_ratios(const struct weft_kv_figure *figures, size_t count,
                            const void *const results[2], cJSON *object);

#endif
