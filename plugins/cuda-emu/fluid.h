/* Who gets how much of the links: max-min fair rates of copies in progress.
 *
 * A pure function. A flow takes its rate on every link that it crosses; a pair of links may bound
 * the sum of both directions; a flow may have a bound of its own. No flow can get more without
 * taking from one that has as little or less. */
#ifndef WEFT_EMU_FLUID_H
#define WEFT_EMU_FLUID_H

#include "core/topo.h"

#define WEFT_EMU_PATH_MAX (2 * WEFT_LINK_PATH_MAX) /* a staged copy crosses two hops at once */

struct weft_emu_fluid_link {
    double rate_bytes_per_us;   /* now; 0: nothing passes */
    double duplex_bytes_per_us; /* of both directions together, now; 0: no such bound */
    uint32_t reverse;
};

struct weft_emu_flow {
    const uint32_t *links;     /* each at most once */
    uint32_t link_count;       /* up to WEFT_EMU_PATH_MAX; 0 only with a bound of its own */
    double limit_bytes_per_us; /* 0: no bound of its own */
    double rate_bytes_per_us;  /* the answer */
};

/* Sets the rate of each flow. Link indices are below WEFT_LINKS_MAX. */
void weft_emu_fluid_share(const struct weft_emu_fluid_link *links, struct weft_emu_flow *flows,
                          uint32_t flow_count);

#endif
