/* What is measured, in sections: each prints a table for people and adds its figures to a tree.
 *
 * A section changes nothing but the memory of the GPU that it is given. False with a sentence when
 * the driver fails. */
#ifndef WEFT_COSTS_SECTIONS_H
#define WEFT_COSTS_SECTIONS_H

#include "common/json.h"
#include "gpu.h"

/* The least halves of the GPU's memory that calls and pages need. */
#define WEFT_COSTS_CALLS_BYTES    WEFT_MIB(64)
#define WEFT_COSTS_PAGE_BYTES_MAX WEFT_KIB(64)
#define WEFT_COSTS_PAGES_MAX      4096

/* CPU time of the calls, and the round trip of a small copy. */
bool weft_costs_calls(struct weft_costs_gpu *gpu, cJSON *object, char why[WEFT_WHY_BYTES]);

/* Rate by size up to `size_max`; both directions at once with that size. */
bool weft_costs_rates(struct weft_costs_gpu *gpu, cJSON *object, char why[WEFT_WHY_BYTES]);

/* Scattered pages: one batch beside a loop. */
bool weft_costs_pages(struct weft_costs_gpu *gpu, cJSON *object, char why[WEFT_WHY_BYTES]);

#endif
