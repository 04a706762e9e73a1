/* static: each live path carries a share of the transfer fixed by its nominal bandwidth. What a
 * path that died leaves is shared again; a path that became slow is not helped. */
#include "sched.h"

#define SIZE_BYTES_MAX (UINT64_C(1) << 40) /* keeps products in 64 bits */

static bool static_pick(const struct weft_sched_view *view, struct weft_sched_choice *choice)
{
    uint64_t size = weft_min(view->transfer->op.size_bytes, SIZE_BYTES_MAX);
    uint64_t nominal = 0;
    uint64_t quota_left = 0;

    for (uint32_t i = 0; i < view->pair->path_count; i++)
        if (weft_sched_takes_part(view, i))
            nominal += view->paths[i].route.rate_bytes_per_us;
    for (uint32_t i = 0; i < view->pair->path_count; i++) {
        uint64_t quota;
        uint64_t left;

        if (!weft_sched_takes_part(view, i) || !weft_sched_moves(view, i))
            continue;
        quota = size * view->paths[i].route.rate_bytes_per_us / weft_max(nominal, 1) + 1;
        left = weft_sub_sat(quota, view->transfer->path_bytes[i]);
        quota_left += left;
        if (left == 0 || !weft_sched_open(view, i))
            continue;
        *choice = (struct weft_sched_choice){
            i, weft_min(weft_sched_bytes(view, i, left), weft_max(left, 4096))};
        return true;
    }
    /* Every share is used up and bytes are left: a path died with some of its own. */
    if (quota_left > 0)
        return false;
    return weft_sched_direct.pick(view, choice);
}

const struct weft_sched_ops weft_sched_static = {"static", static_pick};
