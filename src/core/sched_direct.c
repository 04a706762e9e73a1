/* direct: the best single path carries the whole transfer, as every peer of Weft does it. */
#include "sched.h"

static bool direct_pick(const struct weft_sched_view *view, struct weft_sched_choice *choice)
{
    uint32_t path = weft_sched_single(view);

    if (path == WEFT_NONE || !weft_sched_open(view, path))
        return false;
    *choice = (struct weft_sched_choice){
        path, weft_sched_bytes(view, path, weft_transfer_left(view->transfer))};
    return true;
}

const struct weft_sched_ops weft_sched_direct = {"direct", direct_pick};
