/* roundrobin: live paths in strict turn, equal chunks: the next path in turn is waited for even
 * when another has room. The baseline that ablations of adaptive sprayers compare with. */
#include "sched.h"

static bool roundrobin_pick(const struct weft_sched_view *view, struct weft_sched_choice *choice)
{
    uint64_t size = view->transfer->op.size_bytes;
    uint32_t count = view->pair->path_count;

    for (uint32_t step = 0; step < count; step++) {
        uint32_t i = (view->pair->turn + step) % count;

        if (!weft_sched_takes_part(view, i) || !weft_sched_moves(view, i))
            continue;
        if (!weft_sched_open(view, i))
            return false;
        view->pair->turn = (i + 1) % count;
        *choice = (struct weft_sched_choice){i, weft_sched_bytes(view, i, size / (4 * count))};
        return true;
    }
    return weft_sched_direct.pick(view, choice);
}

const struct weft_sched_ops weft_sched_roundrobin = {"roundrobin", roundrobin_pick};
