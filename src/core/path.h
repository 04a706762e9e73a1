/* Paths: a route in use between two devices: its share of the plan, what is in flight, what it has
 * shown that it can do. Health belongs to the lanes of its hops (lane.h). */
#ifndef WEFT_PATH_H
#define WEFT_PATH_H

#include "config.h"
#include "lane.h"
#include "relay.h"
#include "route.h"

struct weft_path {
    struct weft_route route;
    bool lent;                 /* it uses the engine of a device that is neither end */
    bool owner_busy;           /* plan: the owner of a link that it borrows has work */
    bool admitted;             /* plan: it takes chunks */
    uint64_t cap_bytes_per_us; /* plan: its share, 0 when not admitted */
    uint64_t
        limit_bytes_per_us;     /* the most the plan may give it: nominal unless it proved slower */
    uint64_t rate_bytes_per_us; /* learned end to end */
    uint32_t samples;           /* since the last plan */
    uint64_t ramp_bytes;        /* lent: largest chunk for now; doubles with each that ends well */
    uint32_t chunks;            /* in flight */
    uint64_t bytes;             /* in flight */
    weft_ns ended_at;           /* last end of a chunk */
    uint64_t moved_bytes;       /* since the engine began */
    uint64_t chunk_count;
};

void weft_path_init(struct weft_path *path, const struct weft_route *route,
                    const struct weft_hop_table *hops, uint32_t src_device, uint32_t dst_device);

/* Every lane is up or on trial. */
bool weft_path_alive(const struct weft_path *path, const struct weft_lane *lanes);

/* It can take a chunk now: lanes usable, window open, staging free. */
bool weft_path_open(const struct weft_path *path, const struct weft_lane *lanes,
                    const struct weft_relay *relays, weft_ns now);

/* The largest chunk that it may take now. */
/* True when a port on its way has been full for long (weft_lane_is_full). */
bool weft_path_full(const struct weft_path *path, const struct weft_lane *lanes);

uint64_t weft_path_chunk_max(const struct weft_path *path, const struct weft_lane *lanes,
                             const struct weft_config *config);

/* When `bytes` more would have arrived, from now. */
weft_ns weft_path_time(const struct weft_path *path, uint64_t bytes);

void weft_path_taken(struct weft_path *path, uint64_t bytes);

/* The chunk of `bytes`, issued at `issued_at`, ended. */
void weft_path_done(struct weft_path *path, uint64_t bytes, weft_ns issued_at, weft_ns now);
void weft_path_failed(struct weft_path *path, uint64_t bytes);

/* Before a plan: a path that delivers far less than its share is limited to what it showed, so that
 * the plan gives the rest to others; one that reaches its limit is allowed more. */
void weft_path_review(struct weft_path *path);

/* Its pair gets load: a lent path begins with small chunks, so that an owner who begins at the same
 * time is not in the way of much. */
void weft_path_restart(struct weft_path *path, const struct weft_config *config);

/* True when the plan limits it: it proved slower than its links are described. */
bool weft_path_limited(const struct weft_path *path);

/* No plan holds for it: its pair has no load. */
void weft_path_unplan(struct weft_path *path);

#endif
