/* The world: this server's devices, links and hops, and behind them those of the peers that it
 * knows, in one topology that the planner plans over.
 *
 *     gpu0 --- nic0 --- net0 --- 10.0.0.2:nic0 --- 10.0.0.2:gpu0
 *              this server  |    a peer, as it describes itself
 *                           '--- 10.0.0.3:nic0 --- ...
 *
 * All NICs meet in one network device. Between servers a hop is one write over one lane, a pair of
 * NICs; inside a peer a hop is a copy that the peer is asked for. A peer's devices have names with
 * its server in front. Things are only added, so that every index stays good. */
#ifndef WEFT_WORLD_H
#define WEFT_WORLD_H

#include "description.h"
#include "hop.h"

struct weft_world {
    uint32_t server_count; /* this one, and the peers that ever joined */
    struct weft_topo topo;
    struct weft_hop_table hops;
};

/* A peer's place in the world. */
struct weft_world_peer {
    uint32_t server;     /* as in weft_device */
    uint32_t first_link; /* its links follow, in the order of its description */
    uint32_t link_count;
    uint32_t devices[WEFT_DEVICES_MAX]; /* of its description: the device here, or WEFT_NONE */
};

/* This server alone. A machine without a NIC gets one, of a modest rate: every machine has IP. */
void weft_world_init(struct weft_world *world, const struct weft_topo *topo,
                     const struct weft_hop_table *hops);

/* This server's NICs reach the network at this rate: what is described is not what is used. Before
 * peers join. */
void weft_world_nic_rate(struct weft_world *world, uint64_t rate_bytes_per_us);

/* Only the first `count` NICs of this server are used: the others lose their links to the network.
 * Before peers join. Needs: those links are the last ones. */
void weft_world_nics_keep(struct weft_world *world, uint32_t count);

/* Adds a peer's devices, links and the hops inside it, each in a domain of its own from `domain`
 * on: its copies are asked for one by one. False when the tables are full: nothing was added. */
bool weft_world_join(struct weft_world *world, const struct weft_description *peer,
                     const char *name, uint32_t domain, weft_ns overhead_ns,
                     struct weft_world_peer *joined);

/* Adds the hops of a lane between NIC number `nic` of this server and `peer_nic` of the peer: from
 * the devices near the one to those near the other. `gpus`: GPU memory may be an end of them.
 * Returns how many; the first is `*first`. */
uint32_t weft_world_lane(struct weft_world *world, const struct weft_world_peer *peer, uint32_t nic,
                         uint32_t peer_nic, bool gpus, uint32_t domain, weft_ns overhead_ns,
                         uint32_t *first);

/* The link from a NIC to the network, or WEFT_NONE. */
uint32_t weft_world_nic_link(const struct weft_world *world, uint32_t nic);

/* NICs of a server, and its NIC number `n`, or WEFT_NONE: by their links to the network, without
 * which a NIC is of no use here. */
uint32_t weft_world_nic_count(const struct weft_world *world, uint32_t server);
uint32_t weft_world_nic(const struct weft_world *world, uint32_t server, uint32_t n);

#endif
