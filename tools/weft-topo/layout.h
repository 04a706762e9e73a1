/* Where each device of a machine stands in its picture, and how its links run.
 *
 * CPUs stand side by side with their memory above and their switches below; below a switch its NICs
 * and SSDs are stacked beside the line that leads down to its GPUs; the NVSwitch is a band at the
 * bottom. Lines run straight down or across. */
#ifndef WEFT_TOPO_LAYOUT_H
#define WEFT_TOPO_LAYOUT_H

#include "core/topo.h"

#define WEFT_MEMORY_END 130 /* y of the lower edge of host memories */

struct weft_place {
    int x;
    int y;
    int width; /* 0: the device is not drawn */
    int height;
};

#define WEFT_CORNERS_MAX 4

struct weft_line {
    uint32_t corner_count; /* 0: the link is not drawn */
    int x[WEFT_CORNERS_MAX];
    int y[WEFT_CORNERS_MAX];
};

struct weft_layout {
    int width;
    int height; /* down to where the legend may begin */
    struct weft_place places[WEFT_DEVICES_MAX];
};

void weft_layout_make(struct weft_layout *layout, const struct weft_topo *topo);

/* The line of a link in the direction that it has. */
void weft_layout_line(const struct weft_layout *layout, const struct weft_topo *topo, uint32_t link,
                      struct weft_line *line);

#endif
