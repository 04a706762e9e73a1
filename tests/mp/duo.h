/* Two ends of a multipath session over a simulated network, what they send each other, and a shadow
 * of the memory that it goes to.
 *
 * What is checked, always: a byte is placed once, where it belongs, and is the byte that was sent;
 * nothing is placed after its message has ended at the sender; a message ends well only when all of
 * it was placed there, and it is complete there once; its signal is raised after all of its bytes,
 * once, and not of one that ends badly; no end ever runs without time going on. */
#ifndef MPSIM_DUO_H
#define MPSIM_DUO_H

#include "net.h"

#define MPSIM_WHY_BYTES 256

/* One direction of traffic: messages cut from a stretch of bytes. */
struct mpsim_flow {
    uint64_t total_bytes; /* 0: none */
    uint32_t message_bytes;
    uint32_t message_bytes_spread; /* more, at random */
    uint32_t ahead;                /* messages submitted and not ended: of each group */
    bool is_any;                   /* for GROUP_ANY */
    uint32_t exchanges;            /* a message is sent when one came: so often; side 0 begins */
};

struct mpsim_message {
    uint64_t offset;
    uint32_t size_bytes;
    uint32_t group;
    uint32_t placed_bytes;
    bool is_complete; /* there */
    bool is_ended;    /* here */
    bool is_raised;   /* there: its signal */
    bool is_refused;  /* some of its packets were */
};

struct mpsim_end {
    struct weft_mp *mp;
    struct mpsim_flow flow;
    uint8_t *source;
    uint8_t *there;  /* what the other side has of it */
    uint8_t *counts; /* how often each byte was placed there */
    struct mpsim_message *messages;
    uint32_t message_count;
    uint32_t message_room;
    uint32_t ended;
    uint32_t completed; /* of this end's messages, there */
    uint64_t next_byte;
    uint64_t heads[WEFT_MP_MESSAGES];     /* own heads that came, by slot */
    uint32_t out[WEFT_MP_GROUPS_MAX + 1]; /* messages, by group; the last for ANY */
    bool is_up[WEFT_MP_GROUPS_MAX];
    uint32_t ports[WEFT_MP_PATHS_MAX];      /* own, of each path */
    uint32_t peer_ports[WEFT_MP_PATHS_MAX]; /* where the peer's came from last */
    uint32_t lost;                          /* events */
    uint32_t found;
    uint32_t downs;
    uint32_t ups;
    weft_ns ended_at;     /* the last message */
    weft_ns completed_at; /* there */
};

/* How the owners of the two ends behave. */
struct mpsim_manners {
    weft_ns place_ns;  /* bytes take up to so long to their place */
    uint32_t refuse;   /* messages, of 10,000, are refused */
    uint32_t overload; /* packets, of 10,000, find no room */
    bool holds_acks;   /* of messages that are complete */
    bool is_followed;  /* a side answers where the peer's path last came from (NAT) */
};

struct mpsim_duo {
    struct weft_mp_config config;
    struct mpsim_net net;
    struct mpsim_end ends[2];
    struct mpsim_manners manners;
    struct weft_prng prng;
    weft_ns now;
    uint64_t steps;
    bool has_failed;
    char why[MPSIM_WHY_BYTES];
};

/* The links are the caller's to set, then; flows begin with the first step. */
void mpsim_duo_init(struct mpsim_duo *duo, const struct weft_mp_config *config,
                    const struct mpsim_flow flows[2], uint64_t seed);
void mpsim_duo_fini(struct mpsim_duo *duo);

/* Runs until `until`, or until all that was to be sent has ended. */
void mpsim_duo_run(struct mpsim_duo *duo, weft_ns until);

/* All messages of both flows were submitted and have ended. */
bool mpsim_duo_is_done(const struct mpsim_duo *duo);

/* The side's port of a path changes: the peer's packets go to the old one until it hears of it. */
void mpsim_duo_rebind(struct mpsim_duo *duo, uint32_t side, uint32_t path);

/* Every byte of all messages that ended well is there. */
bool mpsim_duo_check_end(struct mpsim_duo *duo);

#endif
