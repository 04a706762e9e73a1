/* Counts references. Who reaches a point wakes its streams (operation.c). */
#include "point.h"

#include <stdlib.h>

struct weft_emu_point *weft_emu_point_new(void)
{
    struct weft_emu_point *point = calloc(1, sizeof(*point));

    if (point != NULL)
        point->reference_count = 1;
    return point;
}

struct weft_emu_point *weft_emu_point_hold(struct weft_emu_point *point)
{
    point->reference_count++;
    return point;
}

void weft_emu_point_drop(struct weft_emu_point *point)
{
    if (point == NULL)
        return;
    weft_assert(point->reference_count > 0);
    if (--point->reference_count == 0)
        free(point);
}
