/* A forwarder of datagrams between two servers on this computer: what a network does to them.
 *
 * Each NIC has a *front*: an address that its peer is told for it. What comes to a front goes to
 * the NIC behind it, from a socket of its own for each who sends (a *binding*, as a NAT has them);
 * what comes back on that socket goes to him who sent, from the front. On its way it passes a link
 * of mpsim_net, which has the rate, the queue, the delay and the faults.
 *
 * It knows nothing of what the datagrams say. It has a thread; the functions below may be called
 * from any other. What is sent by side s to NIC l of the other, or answered by NIC l of side s,
 * passes links[s][l]. */
#ifndef MPWIRE_FORWARDER_H
#define MPWIRE_FORWARDER_H

#include "core/wire.h"
#include "rows.h"

#define MPWIRE_BINDINGS_MAX 256

struct mpwire_forwarder;

/* Since open, over all links. */
struct mpwire_counts {
    uint64_t came_packets;
    uint64_t carried_packets;
    uint64_t met[MPSIM_MET_KINDS];
    uint64_t undelivered_packets; /* that the kernel, or nobody at the end, took */
    uint64_t refused_links;       /* that were closed */
    uint64_t rebound;
};

/* `datagram_bytes`: the largest, of which queues have so many. NULL: it cannot be made; errno. */
struct mpwire_forwarder *mpwire_forwarder_open(uint32_t link_count, uint32_t datagram_bytes,
                                               uint64_t seed);
/* NULL allowed. */
void mpwire_forwarder_close(struct mpwire_forwarder *forwarder);

/* Before the start: makes the front of a side's NIC. False: errno. */
bool mpwire_forwarder_front(struct mpwire_forwarder *forwarder, uint32_t side, uint32_t link,
                            const struct weft_wire_nic *behind, struct weft_wire_nic *front);
bool mpwire_forwarder_start(struct mpwire_forwarder *forwarder);

/* The links, which nothing passes until they are given back. */
struct mpsim_net *mpwire_forwarder_take(struct mpwire_forwarder *forwarder);
void mpwire_forwarder_give(struct mpwire_forwarder *forwarder);

/* Both fronts of the link are closed, so that who sends to them is told that nobody listens; or
 * they are there again. */
void mpwire_forwarder_refuse(struct mpwire_forwarder *forwarder, uint32_t link, bool refuses);

/* What the side sends comes from other ports of another address from now on. */
void mpwire_forwarder_rebind(struct mpwire_forwarder *forwarder, uint32_t side);

void mpwire_forwarder_counts(struct mpwire_forwarder *forwarder, struct mpwire_counts *counts);

#endif
