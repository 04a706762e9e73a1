/* A path of a multipath session: one way through the network between a pair of NICs, its health,
 * its round trip.
 *
 *     FRESH ---- ack ----> GOOD <---- time over, or ack ---- SKIP
 *       |                  |  |  ^-------------- loss, slow ---^
 *       |  timeout  timeout|  |                                |
 *       v                  v  +---- answer ----+      timeout  |
 *     SUSPECT <------------+-------------------+---------------+
 *       |    ^-- timeout --- TRIAL --- enough acks ---> GOOD
 *       |                     ^
 *       v  probes unanswered  | a probe sent since is answered
 *      DEAD ------------------+      (told down, from every state: DEAD)
 *
 * FRESH, GOOD: taken in turn, or again as long as acks come. SKIP: only where there is no other,
 * for a while. SUSPECT: nothing came back in time; nothing but probes, until one is answered. What
 * is out stays so until one was not: most often answers are only late (RFC 9002, 6.2). DEAD: probes
 * as the group has time. TRIAL: alive again; few packets at first, doubling.
 *
 * "Order" counts what was sent on this path: within a path packets seldom pass each other, between
 * paths they always do, so losses are found path by path. */
#ifndef WEFT_MP_PATH_H
#define WEFT_MP_PATH_H

#include "../base/list.h"
#include "mp.h"
#include "mp_least.h"

#define WEFT_MP_PATH_REORDER_LEAST 3
#define WEFT_MP_PATH_REORDER_MOST  128

enum weft_mp_path_state {
    WEFT_MP_PATH_FRESH,
    WEFT_MP_PATH_GOOD,
    WEFT_MP_PATH_SKIP,
    WEFT_MP_PATH_SUSPECT,
    WEFT_MP_PATH_DEAD,
    WEFT_MP_PATH_TRIAL,
    WEFT_MP_PATH_STATES
};

struct weft_mp_path {
    enum weft_mp_path_state state;
    uint32_t id;          /* the slot, and from bit 8 on how often it was renewed */
    struct weft_list out; /* its packets, oldest first: indices of mp_sent */
    uint64_t order_next;
    uint64_t order_acked; /* of the last sent one that was acked, and one; 0: none */
    weft_ns rtt_ns;       /* smoothed; 0: not known */
    weft_ns rtt_var_ns;   /* how far round trips are from that, smoothed (RFC 6298) */
    struct weft_mp_least base_rtt;
    uint32_t reorder_packets; /* so much later ones must have come before one counts as lost */
    uint32_t backoff;         /* doublings of the timeout */
    weft_ns asked_at; /* the first packet since the last answer; WEFT_NEVER: none waits for one */
    weft_ns tail_at;  /* the last answer, or when packets were last sent again for want of one */
    weft_ns skip_until;
    weft_ns skip_ns;       /* the last such time: doubles with losses, halves with acks */
    uint64_t since_number; /* DEAD: the first number that can raise it */
    uint64_t probe_first;  /* of the first probe that was not answered; 0: there is none */
    uint64_t probe_number; /* of the last */
    uint64_t probe_order;  /* it was sent behind all that is out */
    weft_ns probe_first_at;
    weft_ns probe_sent_at;
    weft_ns wake_at;        /* SUSPECT: when the next probe is due */
    uint32_t unanswered;    /* SUSPECT: probes and timeouts since */
    uint32_t trial_packets; /* TRIAL: so many may be out */
    uint32_t probes_due;    /* packets that may be sent on it as a probe now */
    uint64_t echo_number; /* the peer's probe that is to be answered when others were: its number */
    uint32_t echo_path_id; /* and path, */
    weft_ns echo_came_at;  /* and when it came */
};

void weft_mp_path_init(struct weft_mp_path *path, uint32_t slot);

/* It may carry messages. */
bool weft_mp_path_alive(const struct weft_mp_path *path);

/* How long an answer may take: no less than the group's round trip asks for, since a queue that one
 * path meets meets the others, too. */
weft_ns weft_mp_path_timeout(const struct weft_mp_path *path, const struct weft_mp_config *config,
                             weft_ns group_rtt_ns);

/* How long the path may be silent before the packets that are out for longest are sent again. */
weft_ns weft_mp_path_packet_timeout(const struct weft_mp_path *path,
                                    const struct weft_mp_config *config, weft_ns group_rtt_ns);

/* How long a packet may be behind later ones that were acked, before it counts as lost. */
weft_ns weft_mp_path_patience(const struct weft_mp_path *path, const struct weft_mp_config *config);

/* Something was sent on it that wants an answer. */
void weft_mp_path_asked(struct weft_mp_path *path, weft_ns now);

/* A probe is sent. */
void weft_mp_path_probed(struct weft_mp_path *path, uint64_t number, weft_ns now);

/* When the probe of that number was sent, or at least before; WEFT_NEVER: it is none that waits for
 * an answer. */
weft_ns weft_mp_path_probe_at(const struct weft_mp_path *path, uint64_t number);

/* A packet of order `order`, still in `out`, was acked, and it was that sending for sure. */
void weft_mp_path_acked(struct weft_mp_path *path, uint64_t order, weft_ns now);

/* An ack for what this path carried under `number` took `rtt_ns`. True: it is alive again. */
bool weft_mp_path_answered(struct weft_mp_path *path, uint64_t number, weft_ns rtt_ns, weft_ns now);

/* A packet was lost, or the path is much slower than it could be: others go first for a while. */
void weft_mp_path_skip(struct weft_mp_path *path, const struct weft_mp_config *config, weft_ns now);

/* The time of SKIP may be over. */
void weft_mp_path_rest(struct weft_mp_path *path, weft_ns now);

/* What was taken for lost was only late: be more patient. */
void weft_mp_path_late(struct weft_mp_path *path);

/* Nothing came back in time: SUSPECT, or, after some probes, DEAD. `next_number` is the number of
 * the next packet. True: it was alive until now. */
bool weft_mp_path_timed_out(struct weft_mp_path *path, const struct weft_mp_config *config,
                            weft_ns group_rtt_ns, uint64_t next_number, weft_ns now);

/* The owner says that it leads nowhere. */
void weft_mp_path_down(struct weft_mp_path *path, uint64_t next_number);

/* It leads another way: a new id; SUSPECT until a probe is answered, which is due at once. */
void weft_mp_path_renew(struct weft_mp_path *path, weft_ns now);

const char *weft_mp_path_state_name(enum weft_mp_path_state state);

#endif
