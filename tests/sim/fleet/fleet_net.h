/* The net of a simulated server: its windows for others, its peers, what it has to tell; behind the
 * table of functions of weft_net.h. Lanes are fleet_lane.h's, who meets whom fleet_link.h's. */
#ifndef SIM_FLEET_NET_H
#define SIM_FLEET_NET_H

#include "base/list.h"
#include "weft_net.h"

struct sim_fleet;
struct sim_item;

struct sim_net_window {
    bool is_own;
    uint32_t memory; /* of an own one */
    uint64_t size_bytes;
    bool is_import;
    uint32_t peer;
    struct weft_net_remote remote;
};

struct sim_exposure {
    uint32_t window; /* WEFT_NONE: it was concealed */
    struct weft_net_remote as;
};

struct sim_net_peer {
    bool is_used;
    bool is_gone;
    bool is_told_down;
    uint32_t server;
    uint32_t life;
    uint32_t link; /* WEFT_NONE: not connected yet */
    weft_ns dialled_at;
    weft_ns gone_at;
};

static inline uint64_t sim_peer_number(const struct sim_net_peer *peer)
{
    return (uint64_t)peer->server << 32 | peer->life;
}

/* An event that the net tells when it is asked. */
struct sim_event {
    struct weft_net_event event;
    struct weft_net_remote dst; /* of a FORWARD */
    struct weft_net_remote src;
    uint8_t *bytes;
};

struct sim_net {
    struct weft_net_base base;
    struct sim_fleet *fleet;
    uint32_t server;
    struct weft_net_env env;
    uint32_t nic_count;
    uint32_t copies_max; /* that a lane queues */
    struct sim_net_window *windows;
    struct sim_exposure *exposures;
    uint32_t exposure_count;
    uint32_t exposure_capacity;
    struct sim_net_peer *peers;
    struct weft_list ended; /* items */
    weft_ns full_until;     /* messages are refused */
    struct sim_event *events;
    uint32_t event_first;
    uint32_t event_count;
    uint32_t event_capacity;
    struct sim_event told; /* the one before, until the next is asked for */
};

/* ---- fleet_net.c ---- */
extern const struct weft_net_ops sim_net_ops;

/* Whose nets are opened from now on. */
void sim_net_use(struct sim_fleet *fleet);

void sim_net_tell(struct sim_fleet *fleet, uint32_t server, const struct weft_net_event *event,
                  const void *bytes, size_t size);

/* ---- fleet_window.c: those functions of the net's table, and what the net itself asks ---- */
weftResult_t sim_net_window_add(struct weft_net *net, uint32_t window, void *base, size_t size);
void sim_net_window_remove(struct weft_net *net, uint32_t window);
weftResult_t sim_net_expose(struct weft_net *net, uint32_t window,
                            const struct weft_net_remote *as);
void sim_net_conceal(struct weft_net *net, uint32_t window);
weftResult_t sim_net_import(struct weft_net *net, uint32_t window, uint32_t peer,
                            const struct weft_net_remote *remote);
void sim_net_forget(struct weft_net *net, uint32_t window);

/* The exposed window that `remote` opens for `right`, or NULL. */
const struct sim_net_window *sim_net_find(const struct sim_net *net,
                                          const struct weft_net_remote *remote, unsigned right);
bool sim_net_allows(const struct sim_item *item, const struct sim_net *net,
                    const struct weft_net_remote *remote, unsigned right, bool is_dst);

#endif
