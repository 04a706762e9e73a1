/* The live view: one comm at a time, looked at again and again until q is pressed. */
#ifndef WEFT_TOP_LIVE_H
#define WEFT_TOP_LIVE_H

#include "options.h"
#include "top_draw.h"

/* Needs: the terminal is open. Comms may come and go; without one it says how to get one. */
void weft_top_live(const struct weft_top_options *options, struct weft_top_style style);

/* The sentence for when there is no comm to show. */
const char *weft_top_nobody(const struct weft_top_options *options);

#endif
