/* What weft-top shows of a comm: what the comm said last, and rates since what it said before.
 *
 * Rates are GB/s of the comm's own time (its `uptime_ns`): of an emulated machine, with the
 * dilation taken out. A comm that was made anew in between has none. Texts are cleaned of what a
 * terminal would obey. */
#ifndef WEFT_TOP_VIEW_H
#define WEFT_TOP_VIEW_H

#include "common/json.h"

#define WEFT_TOP_PATHS_MAX 512
#define WEFT_TOP_LINKS_MAX 1024
#define WEFT_TOP_LANES_MAX 1024
#define WEFT_TOP_PEERS_MAX 16
#define WEFT_TOP_NICS_MAX  16
#define WEFT_TOP_TEXT      64

struct weft_top_path {
    char route[96];
    char nics[96]; /* that it passes, "" inside a server */
    bool has_twin; /* another one has the same route, over other NICs */
    char state[16];
    double share_percent;
    double plan_gb_per_s;
    double learned_gb_per_s;
    double now_gb_per_s;
    double moved_bytes;
    uint64_t chunks;
    uint32_t chunks_out;
};

struct weft_top_link {
    char name[WEFT_TOP_TEXT];
    char src[WEFT_TOP_TEXT];
    char dst[WEFT_TOP_TEXT];
    double nominal_gb_per_s;
    double now_gb_per_s;
    double moved_bytes;
};

struct weft_top_lane {
    char name[96];
    char nics[96];
    bool has_twin; /* another one joins the same devices, over other NICs */
    char state[16];
    bool hangs;
    double since_ns;
    double nominal_gb_per_s;
    double learned_gb_per_s;
    double now_gb_per_s;
    uint32_t copies_out;
};

struct weft_top_nic_pair {
    bool is_up;
    uint32_t nic;
    uint32_t peer_nic;
    double sent_bytes;
    double received_bytes;
    double sent_gb_per_s;
    double received_gb_per_s;
};

struct weft_top_peer {
    char name[WEFT_TOP_TEXT];
    char state[16];
    char why[256];
    uint32_t lent_slots;
    uint32_t lane_count;
    uint32_t lanes_up;
    struct weft_top_nic_pair lanes[WEFT_TOP_NICS_MAX];
};

struct weft_top_view {
    char version[16];
    char program[WEFT_TOP_TEXT];
    uint32_t pid;
    uint32_t comm;
    char server[WEFT_TOP_TEXT];
    char machine[WEFT_TOP_TEXT];
    uint64_t dilation; /* 0: not emulated */
    uint32_t gpus;
    uint32_t nics;
    double uptime_ns;
    bool has_rates;
    double interval_ns;  /* the comm's own time between the two */
    double now_gb_per_s; /* of all paths */
    double busy_percent; /* of a CPU, used by the progress thread; real time where it is known */
    uint64_t transfers;
    uint64_t transfers_live;
    uint64_t transfers_queued;
    uint64_t transfers_failed;
    uint64_t copies;
    uint64_t copies_out;
    uint64_t refused;
    char async_error[WEFT_TOP_TEXT]; /* "" for none */
    char last_error[512];
    char relays[512]; /* "gpu1 2/8, ..." of those in use */
    bool has_net;
    char transport[16];
    uint64_t accepted;
    uint64_t strangers;
    uint64_t wrong_secrets;
    uint64_t slow;
    uint64_t refused_writes;
    uint64_t fences;
    uint32_t path_count;
    uint32_t link_count;
    uint32_t lane_count;
    uint32_t peer_count;
    struct weft_top_path paths[WEFT_TOP_PATHS_MAX]; /* fastest first, then most bytes */
    struct weft_top_link links[WEFT_TOP_LINKS_MAX]; /* fullest first */
    struct weft_top_lane lanes[WEFT_TOP_LANES_MAX]; /* those that are not well first */
    struct weft_top_peer peers[WEFT_TOP_PEERS_MAX];
};

/* Reads two answers of one comm; `before` NULL: no rates. Whatever the trees hold, the view is
 * whole: what is missing is 0 or empty, what is too much is left out. */
void weft_top_view_read(struct weft_top_view *view, const cJSON *before, const cJSON *after);

/* Copies a line, with cutting; bytes that are no printable ASCII become question marks. */
void weft_top_text_copy(char *to, size_t size, const char *from);

#endif
