/* One comm's end of the network, as far as every network transport has it: its windows, operations,
 * events and peers. A transport's own net begins with it, its own peers with struct weft_net_peer.
 *
 * All of it belongs to the thread that calls. Memory is taken when the net is opened and when a
 * peer is made, never for a copy or what a peer sends; what a peer says about counts changes none
 * of that. */
#ifndef WEFT_NET_END_H
#define WEFT_NET_END_H

#include "base/pool.h"
#include "net_event.h"
#include "net_operation.h"
#include "net_peer.h"
#include "net_window.h"

#define WEFT_NET_SILENCE_NS_MIN 1000000u

struct weft_net_end {
    struct weft_net_base base;
    struct weft_net_env env;
    const struct weft_net_hooks *hooks;
    int epoll_fd;     /* readable when a poll finds something */
    weft_ns now;      /* of this poll */
    weft_ns timer_at; /* no timer is earlier */

    struct weft_net_window *windows; /* env.windows_max */
    struct weft_net_exposure *exposures;
    uint32_t *exposure_indices;
    struct weft_pool free_exposures;

    struct weft_net_operation *operations; /* cookies, then notes */
    struct weft_list_link *links;
    uint32_t *note_indices;
    struct weft_pool free_notes;
    struct weft_net_block *blocks;
    uint32_t *block_indices;
    struct weft_pool free_blocks;
    struct weft_completion *done; /* a ring of cookies_max */
    uint32_t done_first;
    uint32_t done_count;

    char *peers; /* env.peers_max, each of peer_bytes: weft_net_peer_at */
    size_t peer_bytes;
    uint64_t session_last;
    struct weft_net_events events;
    bool has_news; /* some peer's state is to be told */
    struct weft_net_counts counts;
};

/* What the shared parts ask of the transport. */
struct weft_net_hooks {
    /* Something waits with the peer, for any lane. */
    void (*touch)(struct weft_net_end *end, struct weft_net_peer *peer);
    /* weft_net_peer_make, and the transport's own part of the peer; NULL: no room. */
    struct weft_net_peer *(*peer_make)(struct weft_net_end *end,
                                       const struct weft_wire_address *address, bool is_dialler);
};

static inline struct weft_net_end *weft_net_end_of(struct weft_net *net)
{
    return (struct weft_net_end *)(void *)net;
}

weft_ns weft_net_now(void);

/* Whether a net may be opened so; weftInvalidArgument: `why` says what it needs. */
weftResult_t weft_net_end_check(const char *name, const struct weft_net_env *env,
                                uint32_t nic_count, char why[256]);

/* Takes memory in proportion to the caller's limits, and `peer_bytes` for each peer.
 * weftSystemError: there is not so much, or no descriptor, as `why` says; weft_net_end_fini is to
 * be called then, too. */
weftResult_t weft_net_end_init(struct weft_net_end *end, const struct weft_net_ops *ops,
                               const struct weft_net_env *env, const struct weft_net_hooks *hooks,
                               size_t peer_bytes, char why[256]);
void weft_net_end_fini(struct weft_net_end *end);

/* As the transport's `wakeup_fd`. */
int weft_net_wakeup_fd(struct weft_net *net);

/* Moves at most `max` ended operations out. */
uint32_t weft_net_end_take(struct weft_net_end *end, struct weft_completion *completions,
                           uint32_t max);
/* The user has something to fetch. */
bool weft_net_end_waits(const struct weft_net_end *end);
void weft_net_end_wake_at(struct weft_net_end *end, weft_ns at);

#endif
