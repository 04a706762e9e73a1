/* A topology and a plan as JSON. */
#ifndef WEFT_TOPO_REPORT_H
#define WEFT_TOPO_REPORT_H

#include "plan.h"

/* Writes the file (-: standard output); `plan` may be NULL. False with a sentence. */
bool weft_topo_report_write(const struct weft_topo *topo, const struct weft_topo_plan *plan,
                            const char *path, char why[WEFT_WHY_BYTES]);

#endif
