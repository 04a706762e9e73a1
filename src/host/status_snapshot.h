/* What a comm looks like at an instant: what the status port shows.
 *
 * The progress thread copies it out of its tables when it is asked to; writing it down is another
 * thread's. Devices and hops are named by their index in the comm's topology, where entries are
 * only added: they may be read as far as they are named here. Nothing secret is in it: no keys,
 * no tokens. */
#ifndef WEFT_STATUS_SNAPSHOT_H
#define WEFT_STATUS_SNAPSHOT_H

#include "../core/lane.h"
#include "../core/route.h"
#include "loop.h"
#include "weft_net.h"

#define WEFT_SNAPSHOT_PATHS_MAX 512 /* more are not shown, and counted */
#define WEFT_SNAPSHOT_PEERS_MAX 16

enum weft_snapshot_use {
    WEFT_SNAPSHOT_IDLE,  /* its pair has no load */
    WEFT_SNAPSHOT_SPARE, /* the plan leaves it out */
    WEFT_SNAPSHOT_USED,
    WEFT_SNAPSHOT_TRIAL, /* of its lanes, one is on trial, */
    WEFT_SNAPSHOT_SUSPECT,
    WEFT_SNAPSHOT_DOWN,
    WEFT_SNAPSHOT_USES
};

struct weft_snapshot_path {
    enum weft_snapshot_use use;
    struct weft_route route;
    uint32_t src_device;
    uint32_t dst_device;
    uint32_t share_permille;    /* of what the plan gives its pair */
    uint64_t plan_bytes_per_us; /* 0: not in the plan */
    uint64_t rate_bytes_per_us; /* learned */
    uint64_t moved_bytes;       /* since the comm began, as is the next */
    uint64_t chunks;
    uint32_t chunks_out;
    uint64_t bytes_out;
    bool lent; /* over a third device's engine */
};

struct weft_snapshot_lane {
    uint32_t hop;
    enum weft_lane_state state;
    uint32_t copies_out;
    uint64_t rate_bytes_per_us; /* learned; for allowances alone */
    uint64_t moved_bytes;       /* by all paths */
    weft_ns since;              /* when the state was entered */
    bool stalled;
};

/* A link that paths have moved bytes over. */
struct weft_snapshot_link {
    char name[48];
    uint32_t src_device;
    uint32_t dst_device;
    uint64_t nominal_bytes_per_us;
    uint64_t moved_bytes;
};

struct weft_snapshot_relay {
    uint32_t device;
    uint32_t slots;
    uint32_t used;
};

struct weft_snapshot_peer {
    char name[24];
    const char *state;
    char why[256];       /* of one that is gone */
    uint32_t lent_slots; /* on each device, for its chunks */
    uint32_t lane_count;
    struct weft_net_lane_state lanes[WEFT_NET_NICS_MAX];
};

struct weft_snapshot {
    weft_ns at; /* the machine's time, since the comm began */
    uint64_t cpu_ns;
    uint64_t transfers; /* asked for by callers, since the comm began */
    uint64_t live;      /* of all, also what peers asked for: in the engine's or a peer's hands */
    uint64_t queued;    /* not yet: they wait for a stream, or to be looked at */
    uint64_t failed;
    uint64_t copies;
    uint64_t refused;
    uint64_t copies_out;
    weftResult_t async_error;
    char last_error[WEFT_BLAME_BYTES];
    uint32_t path_count;
    uint32_t paths_hidden;
    uint32_t lane_count;
    uint32_t link_count;
    uint32_t relay_count;
    uint32_t peer_count;
    bool has_net;
    const char *net;
    struct weft_net_counts counts;
    struct weft_snapshot_path paths[WEFT_SNAPSHOT_PATHS_MAX];
    struct weft_snapshot_lane lanes[WEFT_HOPS_MAX]; /* those in use, and those that are not up */
    struct weft_snapshot_link links[WEFT_LINKS_MAX];
    struct weft_snapshot_relay relays[WEFT_DEVICES_MAX];
    struct weft_snapshot_peer peers[WEFT_SNAPSHOT_PEERS_MAX];
};

/* Fills it; the progress thread's. */
void weft_snapshot_take(struct weft_loop *loop, struct weft_snapshot *snapshot);

const char *weft_snapshot_use_name(enum weft_snapshot_use use);

#endif
