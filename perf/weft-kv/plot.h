/* A picture of a replay: how long restores took, with and without several routes, and what the
 * routes carried. */
#ifndef WEFT_KV_PLOT_H
#define WEFT_KV_PLOT_H

#include "replay.h"

/* Writes an SVG file: left the part of the restores that ended within a time, a curve per result;
 * right the bytes of the first result's routes, a bar each. */
bool weft_kv_plot_write(const struct weft_kv_result *results, uint32_t count,
                        const struct weft_testbed *testbed, const char *path,
                        char why[WEFT_WHY_BYTES]);

#endif
