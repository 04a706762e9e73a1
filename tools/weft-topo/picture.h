/* A machine, and the routes of a plan on it, as an SVG picture. */
#ifndef WEFT_TOPO_PICTURE_H
#define WEFT_TOPO_PICTURE_H

#include "plan.h"

/* Draws into a file; `plan` may be NULL. False with a sentence when it cannot be written. */
bool weft_picture_write(const struct weft_topo *topo, const struct weft_topo_plan *plan,
                        const char *path, char why[WEFT_WHY_BYTES]);

#endif
