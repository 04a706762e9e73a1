/* Capacity: what links, duplex limits and engines have left while a plan is made.
 *
 * A path uses every link of its hops, the duplex limit of each link and its reverse, and a part of
 * the time of every engine that runs one of its hops: copies of one engine run one after the other,
 * so a slow hop takes time from a fast one of the same engine. What it uses twice counts twice.
 *
 * Other engines, of other processes, share the links: what their plans take (weft_load) is not left
 * here. Against what they take as owners an own path keeps half of a link, at least, as it would
 * against another own path here; a lent one keeps nothing. Among each other lent ones keep half. */
#ifndef WEFT_CAPACITY_H
#define WEFT_CAPACITY_H

#include "../base/arena.h"
#include "load.h"
#include "path.h"

struct weft_capacity {
    const struct weft_topo *topo;
    const struct weft_hop_table *hops;
    uint64_t *rates; /* by link: the topology's, or what the machine said since; bytes per us */
    uint64_t *left;  /* by resource: links, duplex limits (bytes per us), engines (ppm of time) */
    uint32_t *users; /* by resource: uses by paths that share it and are not settled */
    bool *owned;     /* by link: on the own path of an active pair, here or of another engine */
    struct weft_load *foreign; /* by link: what other engines' plans take */
    uint32_t links; /* that there is room for; as many duplex limits follow, then the engines */
    uint32_t count; /* of resources */
    uint32_t known; /* links whose rate was taken from the topology */
};

/* With room for `links_max` links and `devices_max` devices. */
void weft_capacity_init(struct weft_capacity *capacity, struct weft_arena *arena,
                        const struct weft_topo *topo, const struct weft_hop_table *hops,
                        uint32_t links_max, uint32_t devices_max);

/* Takes the rates of links that were added to the topology. */
void weft_capacity_grow(struct weft_capacity *capacity);

/* Nobody shares; what own paths may have is left, and what other engines own is owned. */
void weft_capacity_reset(struct weft_capacity *capacity);

/* Own paths have theirs: from now on what lent ones may have is left. */
void weft_capacity_lend(struct weft_capacity *capacity);

/* The path shares what it uses with the others that joined, until it leaves. */
void weft_capacity_join(struct weft_capacity *capacity, const struct weft_path *path);
void weft_capacity_leave(struct weft_capacity *capacity, const struct weft_path *path);

/* The rate that equal parts among those that joined leave a path that joined, at most its limit. */
uint64_t weft_capacity_share(const struct weft_capacity *capacity, const struct weft_path *path);

/* The path uses `rate`. Which of its links makes a limited path slow is not known: a direct one
 * leaves nothing on the links of its ends, a relayed one nothing on those of its transits. */
void weft_capacity_spend(struct weft_capacity *capacity, const struct weft_path *path,
                         uint64_t rate);

/* The links of the path are an owner's, now. */
void weft_capacity_own(struct weft_capacity *capacity, const struct weft_path *path);

/* True when the path, which nobody paces, would take of a link what the own paths of another engine
 * take: not all that it could use is left there. */
bool weft_capacity_crowds(const struct weft_capacity *capacity, const struct weft_path *path);

/* True when the path borrows, with the engine of a device that is neither end, a link of that
 * device which its owner uses now, in that direction. */
bool weft_capacity_owner_busy(const struct weft_capacity *capacity, const struct weft_path *path,
                              uint32_t src_device, uint32_t dst_device);

#endif
