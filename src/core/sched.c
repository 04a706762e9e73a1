/* Schedulers: the table, and what they share. */
#include "sched.h"

#include "../base/text.h"

static const struct weft_sched_ops *const schedulers[] = {
    &weft_sched_pull,
    &weft_sched_direct,
    &weft_sched_static,
    &weft_sched_roundrobin,
};

const struct weft_sched_ops *weft_sched_find(const char *name)
{
    for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(schedulers); i++)
        if (weft_text_equal(schedulers[i]->name, name))
            return schedulers[i];
    return NULL;
}

bool weft_sched_moves(const struct weft_sched_view *view, uint32_t path)
{
    return view->paths[path].chunks > 0 || weft_sched_open(view, path);
}

uint32_t weft_sched_single(const struct weft_sched_view *view)
{
    uint32_t single = WEFT_NONE;

    for (uint32_t i = 0; i < view->pair->path_count; i++) {
        if (!weft_path_alive(&view->paths[i], view->lanes) || !weft_sched_moves(view, i))
            continue;
        if (view->paths[i].route.hop_count == 1)
            return i;
        if (single == WEFT_NONE)
            single = i;
    }
    return single;
}

bool weft_sched_takes_part(const struct weft_sched_view *view, uint32_t path)
{
    return view->paths[path].admitted && weft_path_alive(&view->paths[path], view->lanes);
}

bool weft_sched_open(const struct weft_sched_view *view, uint32_t path)
{
    return weft_path_open(&view->paths[path], view->lanes, view->relays, view->now);
}

uint64_t weft_sched_bytes(const struct weft_sched_view *view, uint32_t path, uint64_t wanted)
{
    uint64_t left = weft_transfer_left(view->transfer);
    uint64_t most = weft_path_chunk_max(&view->paths[path], view->lanes, view->config);
    uint64_t least = view->paths[path].route.rate_bytes_per_us * view->config->chunk_ns_min / 1000;
    uint64_t bytes;

    if (view->paths[path].lent)
        most = weft_min(most, view->lent_bytes_max);
    bytes = weft_min(weft_min(weft_max(wanted, least), most), left);
    if (left - bytes < least / 2 && left <= most)
        bytes = left;
    return bytes;
}
