/* The network between two servers, without a clock: for each group of paths and direction one link
 * with a rate, a latency and a queue, and what can go wrong on it. weft-mp-sim asks it in virtual
 * time, the forwarder of weft-mp-wire in real time.
 * Everything is drawn from generators of one seed, so that a run is repeated by it. Sizes on a link
 * are a packet's and `wrap_bytes`. */
#ifndef MPSIM_NET_H
#define MPSIM_NET_H

#include "base/prng.h"
#include "core/mp.h"

#define MPSIM_WRAP_BYTES 52 /* what IP, UDP and a sealed datagram add */
#define MPSIM_BURST_MOST 3  /* packets that are lost in a row, as the interop runner's scenarios */

/* What became of packets that a link did not just carry. */
enum mpsim_met {
    MPSIM_MET_FULL,   /* no room in its queue */
    MPSIM_MET_SILENT, /* the link, or the path, carried nothing */
    MPSIM_MET_LOST,
    MPSIM_MET_CORRUPT,
    MPSIM_MET_TWICE,
    MPSIM_MET_EARLY,
    MPSIM_MET_KINDS
};

struct mpsim_link {
    struct weft_prng prng;     /* what goes wrong on it: what passes another link changes nothing */
    uint64_t rate_bits_per_ms; /* 0: no limit */
    weft_ns latency_ns;
    weft_ns jitter_ns;      /* a packet takes so much longer, at most: packets pass each other */
    uint64_t queue_packets; /* that wait for the link; more are dropped */
    uint32_t loss;          /* of 10,000; a loss takes 1 to MPSIM_BURST_MOST packets */
    bool is_burst;
    uint32_t loss_every;    /* each packet of so many is lost; 0: none */
    uint32_t corrupt;       /* of 10,000: dropped by who authenticates */
    uint32_t twice;         /* of 10,000 */
    uint32_t early;         /* of 10,000: takes no latency and passes all others */
    bool is_silent;         /* a black hole */
    uint64_t deaf_paths[2]; /* paths of which all is lost, a bit each */
    weft_ns busy_until;
    uint32_t burst_left;
    uint64_t carried_bytes;
    uint64_t carried_packets;
    uint64_t came_packets;
    uint64_t met[MPSIM_MET_KINDS]; /* packets */
};

/* What is on its way: a packet to a side, or bytes there to their place. */
enum mpsim_flight_kind { MPSIM_PACKET, MPSIM_PLACING };

struct mpsim_flight {
    weft_ns at;
    uint64_t order;
    enum mpsim_flight_kind kind;
    uint32_t side;                  /* where it arrives */
    uint32_t port;                  /* the sender's, of this path: grows when it is bound again */
    struct weft_mp_arrival arrival; /* PLACING */
    weftResult_t result;            /* PLACING */
    size_t size;
    uint8_t *bytes;
};

struct mpsim_net {
    struct weft_prng prng;
    struct mpsim_link links[2][WEFT_MP_GROUPS_MAX]; /* by the sending side */
    uint32_t group_count;
    uint32_t packet_bytes; /* of the largest packet */
    uint32_t wrap_bytes;   /* what is added to each on a link */
    bool is_flipping;      /* what is corrupt has a wrong bit and goes on; else it is dropped */
    struct mpsim_flight *flights; /* a heap */
    uint32_t flight_count;
    uint32_t flight_room;
    uint64_t order;
};

void mpsim_net_init(struct mpsim_net *net, uint32_t group_count, uint32_t packet_bytes,
                    uint64_t seed);
void mpsim_net_fini(struct mpsim_net *net);

/* A side sends a packet. The bytes are copied. */
void mpsim_net_send(struct mpsim_net *net, weft_ns now, uint32_t side, uint32_t path, uint32_t port,
                    const void *bytes, size_t size);

/* Something else comes true at its time. */
void mpsim_net_add(struct mpsim_net *net, const struct mpsim_flight *flight);

/* When the next arrives; WEFT_NEVER: nothing is on its way. */
weft_ns mpsim_net_next_at(const struct mpsim_net *net);

/* It has come; its bytes are the caller's now. */
struct mpsim_flight mpsim_net_take(struct mpsim_net *net);

#endif
