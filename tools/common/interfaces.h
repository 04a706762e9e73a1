/* The network interfaces of this machine, for people: which are NICs, and why others are not. */
#ifndef WEFT_TOOLS_INTERFACES_H
#define WEFT_TOOLS_INTERFACES_H

#include <cjson/cJSON.h>

#include "core/topo.h"
#include "host/interface.h"

/* To standard output: a heading and a row for each; nothing where nobody looked for them. The NICs
 * that they are have names of `topo`. */
void weft_interfaces_print(const struct weft_interfaces *interfaces, const struct weft_topo *topo);

/* The same as an array of objects; the caller's. */
cJSON *weft_interfaces_json(const struct weft_interfaces *interfaces, const struct weft_topo *topo);

#endif
