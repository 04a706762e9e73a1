/* Machines that Weft can describe without seeing them: one row each.
 *
 * Rates are sustained one-direction figures of published measurements, not data-sheet ones; the
 * source of each stands at its row in preset.c. */
#ifndef WEFT_PRESET_H
#define WEFT_PRESET_H

#include "topo.h"

/* Fills `topo` with the machine `name`: hgx-h100, hgx-h20, dgx-a100, nvl72-tray. False when there
 * is no such preset. */
bool weft_preset_fill(const char *name, struct weft_topo *topo);

/* The name of preset number `index`, or NULL past the last. */
const char *weft_preset_name(uint32_t index);

/* A sentence about preset number `index`. */
const char *weft_preset_about(uint32_t index);

#endif
