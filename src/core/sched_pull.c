/* pull: every admitted path takes a chunk when its window has room, so that shares follow what the
 * paths deliver, without a bandwidth model (MMA, arXiv 2512.16056, argues the same).
 *
 * Two corrections. A path refuses a chunk that the others would finish sooner (earliest completion
 * first: Lim et al., CoNEXT 2017). Chunks shrink towards the end (guided self-scheduling:
 * Polychronopoulos and Kuck, 1987), so that all paths finish together. */
#include "sched.h"

#define GUIDE_PARTS    2 /* a path takes its share of this part of what is left */
#define REFUSE_PART    8 /* a finish later than all paths' by this part of it is refused */
#define LEFT_BYTES_MAX (UINT64_C(1) << 40) /* more is not told apart: keeps products in 64 bits */

struct sums {
    uint64_t rate;
    uint64_t bytes; /* in flight */
    uint32_t count;
};

static struct sums sum_up(const struct weft_sched_view *view)
{
    struct sums sums = {0, 0, 0};

    for (uint32_t i = 0; i < view->pair->path_count; i++) {
        if (!weft_sched_takes_part(view, i))
            continue;
        sums.rate += view->paths[i].rate_bytes_per_us;
        sums.bytes += view->paths[i].bytes;
        sums.count++;
    }
    return sums;
}

/* One path: the one on which it would end first among those that need no other's engine. */
static bool pick_single(const struct weft_sched_view *view, struct weft_sched_choice *choice)
{
    uint64_t left = weft_transfer_left(view->transfer);
    uint32_t best = weft_sched_single(view);

    if (best == WEFT_NONE)
        return false;
    for (uint32_t i = 0; i < view->pair->path_count; i++)
        if (weft_sched_takes_part(view, i) && !view->paths[i].lent &&
            weft_path_time(&view->paths[i], left) < weft_path_time(&view->paths[best], left))
            best = i;
    if (!weft_sched_open(view, best))
        return false;
    *choice = (struct weft_sched_choice){best, weft_sched_bytes(view, best, left)};
    return true;
}

static uint64_t guided_bytes(const struct weft_sched_view *view, uint32_t i,
                             const struct sums *sums)
{
    uint64_t left = weft_min(weft_transfer_left(view->transfer), LEFT_BYTES_MAX);
    uint64_t share = left * weft_min(view->paths[i].rate_bytes_per_us, UINT64_C(1) << 22) /
                     weft_max(sums->rate, 1);

    if (sums->count < 2)
        return left;
    return (share / GUIDE_PARTS + 4095) & ~UINT64_C(4095);
}

static bool pull_pick(const struct weft_sched_view *view, struct weft_sched_choice *choice)
{
    struct sums sums = sum_up(view);
    uint64_t left = weft_transfer_left(view->transfer);
    uint32_t best = WEFT_NONE;
    weft_ns best_time = WEFT_NEVER;
    weft_ns first_time = WEFT_NEVER; /* over all paths, those without room too */
    weft_ns all_time;

    if (sums.count == 0 || view->transfer->op.size_bytes < view->config->multipath_bytes_min)
        return pick_single(view, choice);
    for (uint32_t i = 0; i < view->pair->path_count; i++) {
        uint64_t bytes;
        weft_ns time;

        if (!weft_sched_takes_part(view, i))
            continue;
        bytes = weft_sched_bytes(view, i, guided_bytes(view, i, &sums));
        time = weft_path_time(&view->paths[i], bytes);
        first_time = weft_min(first_time, time);
        if (time < best_time && weft_sched_open(view, i)) {
            best = i;
            best_time = time;
            *choice = (struct weft_sched_choice){i, bytes};
        }
    }
    if (best == WEFT_NONE)
        return false;
    all_time = weft_bytes_time(left + sums.bytes, sums.rate) + view->paths[best].route.latency_ns;
    return best_time == first_time || best_time <= all_time + all_time / REFUSE_PART;
}

const struct weft_sched_ops weft_sched_pull = {"pull", pull_pick};
