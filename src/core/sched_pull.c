/* pull: every admitted path takes a chunk when its window has room, so that shares follow what the
 * paths deliver, without a bandwidth model (MMA, arXiv 2512.16056, argues the same).
 *
 * Two corrections. A path refuses a chunk that the others would finish sooner (earliest completion
 * first: Lim et al., CoNEXT 2017). Chunks shrink towards the end (guided self-scheduling:
 * Polychronopoulos and Kuck, 1987), so that all paths finish together. */
#include "sched.h"

#define GUIDE_PARTS    2     /* a path takes its share of this part of what is left */
#define WHOLE_NS       40000 /* a share that takes no longer is one chunk */
#define REFUSE_PART    8     /* a finish later than all paths' by this part of it is refused */
#define RATE_MAX       (UINT64_C(1) << 22) /* keep products in 64 bits */
#define LEFT_BYTES_MAX (UINT64_C(1) << 40) /* more is not told apart: keeps products in 64 bits */

struct sums {
    uint64_t rate;
    uint64_t bytes; /* in flight */
    uint32_t count;
};

/* Sums over the paths that take part. */
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

/* A path's share of what is left: whole where that is short, so that a transfer of a few megabytes
 * is one chunk per path, else a part of it. On one path alone only relays gain by parts: several
 * chunks pass through their hops at once. */
static uint64_t guided_bytes(const struct weft_sched_view *view, uint32_t i,
                             const struct sums *sums)
{
    const struct weft_path *path = &view->paths[i];
    uint64_t left = weft_min(weft_transfer_left(view->transfer), LEFT_BYTES_MAX);
    uint64_t rate = weft_min(path->rate_bytes_per_us, RATE_MAX);

    if (sums->count < 2 && path->route.hop_count == 1)
        return left;
    if (sums->count >= 2) {
        left = left * rate / weft_max(sums->rate, 1);
        if (left <= rate * WHOLE_NS / 1000)
            return (left + 4095) & ~UINT64_C(4095);
    }
    return (left / GUIDE_PARTS + 4095) & ~UINT64_C(4095);
}

/* One path: the one on which it would end first among those that need no other's engine. */
static bool pick_single(const struct weft_sched_view *view, struct weft_sched_choice *choice)
{
    const struct sums alone = {0, 0, 1};
    uint64_t left = weft_transfer_left(view->transfer);
    uint32_t best = weft_sched_single(view);

    if (best == WEFT_NONE)
        return false;
    for (uint32_t i = 0; i < view->pair->path_count; i++)
        if (weft_sched_takes_part(view, i) && weft_sched_moves(view, i) && !view->paths[i].lent &&
            weft_path_time(&view->paths[i], left) < weft_path_time(&view->paths[best], left))
            best = i;
    if (!weft_sched_open(view, best))
        return false;
    *choice = (struct weft_sched_choice){
        best, weft_sched_bytes(view, best, guided_bytes(view, best, &alone))};
    return true;
}

/* A path that could take the next chunk, and when it would. */
struct offer {
    uint64_t bytes;
    weft_ns idle; /* when it runs dry */
    weft_ns end;  /* when the chunk would end on it */
    bool open;
};

static struct offer ask(const struct weft_sched_view *view, uint32_t i, const struct sums *sums)
{
    const struct weft_path *path = &view->paths[i];
    struct offer offer = {0, WEFT_NEVER, WEFT_NEVER, false};

    if (!weft_sched_takes_part(view, i))
        return offer;
    offer.open = weft_sched_open(view, i);
    if (!offer.open && path->chunks == 0)
        return offer;
    offer.bytes = weft_sched_bytes(view, i, guided_bytes(view, i, sums));
    offer.idle = weft_bytes_time(path->bytes, path->rate_bytes_per_us);
    offer.end = weft_path_time(path, offer.bytes);
    return offer;
}

/* Of the open paths that do not refuse, the one that runs dry first. A path refuses when another,
 * open or not, would end the chunk sooner and all together would have ended everything by then. */
static bool pull_pick(const struct weft_sched_view *view, struct weft_sched_choice *choice)
{
    struct offer offers[WEFT_ROUTES_MAX];
    struct sums sums = sum_up(view);
    uint64_t left = weft_transfer_left(view->transfer);
    weft_ns best_idle = WEFT_NEVER;
    weft_ns first_end = WEFT_NEVER;
    weft_ns all;

    if (sums.count < 2 || view->transfer->op.size_bytes < view->pair->split_bytes_min)
        return pick_single(view, choice);
    for (uint32_t i = 0; i < view->pair->path_count; i++) {
        offers[i] = ask(view, i, &sums);
        first_end = weft_min(first_end, offers[i].end);
    }
    all = weft_bytes_time(weft_add_sat(left, sums.bytes), weft_max(sums.rate, 1));
    for (uint32_t i = 0; i < view->pair->path_count; i++) {
        weft_ns late = all + all / REFUSE_PART + view->paths[i].route.latency_ns;

        if (!offers[i].open || offers[i].idle >= best_idle ||
            (offers[i].end > first_end && offers[i].end > late))
            continue;
        best_idle = offers[i].idle;
        *choice = (struct weft_sched_choice){i, offers[i].bytes};
    }
    return best_idle != WEFT_NEVER;
}

const struct weft_sched_ops weft_sched_pull = {"pull", pull_pick};
