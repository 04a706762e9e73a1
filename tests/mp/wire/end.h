/* One end of a run: a net of transports/udp, with a thread that polls it and sends a flow.
 *
 * What a flow sends is cut into messages. Each is a copy into the peer's *sink* and, when that has
 * ended, a store that adds 1 to the message's word there; every other one has that as its copy's
 * signal, where the transport takes such. The peer looks at the bytes when it sees the word: all of
 * them must have come, and be right. Then it gives the place to somebody else: other bytes are
 * written there, which must be there to the end, as must be what lies around them, and the word
 * must be 1. The source, too, is somebody else's as soon as its copy has ended.
 *
 * Exchanges are messages of the net: each is sent when the other side's has come. */
#ifndef MPWIRE_END_H
#define MPWIRE_END_H

#include "core/wire.h"
#include "rows.h"
#include "stage.h"
#include "weft_net.h"

/* What of a net's environment the run chooses. */
struct mpwire_limits {
    weft_ns silence_ns;
    weft_ns dial_ns;
    enum weft_net_crypto crypto;
};

struct mpwire_message;

/* Written by its thread alone while that runs. */
struct mpwire_end {
    uint32_t side;
    uint32_t lane_count;
    struct mpwire_stage *stage;
    struct mpwire_news news;
    struct mpwire_end *peer_end; /* of which only `pattern` and `flow` are read */
    pthread_t thread;
    bool is_started;
    enum mpwire_phase phase;

    struct weft_net *net;
    char hello[16];
    uint8_t peer_address[WEFT_NET_ADDRESS_BYTES]; /* of who dials: side 0 */
    uint32_t peer;                                /* or WEFT_NONE */
    uint32_t cut_lanes;

    struct mpsim_flow flow;
    uint8_t *pattern; /* what is sent, never changed */
    uint8_t *source;
    uint32_t message_count;
    uint32_t message_next;
    uint32_t message_ended;
    uint32_t *out;                   /* copies, by lane */
    struct mpwire_message *messages; /* that it sends */
    uint32_t store_waits;            /* messages whose word found no room */

    uint8_t *sink; /* guard, bytes, guard, words, guard */
    size_t sink_bytes;
    uint32_t got_count;
    bool *is_got; /* by message of the peer */
};

/* A net on NICs 127.<20 + side>.<l>.1. False: `news.why` says why not. */
bool mpwire_end_open(struct mpwire_end *end, uint32_t side, uint32_t lane_count,
                     const struct mpsim_flow flows[2], const struct mpwire_limits *limits,
                     uint64_t seed, struct mpwire_stage *stage);
/* Joined before. */
void mpwire_end_close(struct mpwire_end *end);

/* Where its NICs are. */
bool mpwire_end_nics(struct mpwire_end *end, struct weft_wire_address *address);
/* Its peer is told these NICs in place of its own: in its address, and by itself. */
void mpwire_end_front(struct mpwire_end *end, const struct weft_wire_nic *fronts,
                      uint8_t address[WEFT_NET_ADDRESS_BYTES]);

bool mpwire_end_start(struct mpwire_end *end);
void mpwire_end_join(struct mpwire_end *end);

/* Joined: what its session has counted; zero where there is none. */
void mpwire_end_counts(const struct mpwire_end *end, struct weft_mp_counts *counts);

/* Joined, and nothing is on its way: whether all is still as it was left. Else `news.why`. */
bool mpwire_end_check(struct mpwire_end *end);

#endif
