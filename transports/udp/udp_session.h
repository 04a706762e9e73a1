/* A session: the keys that two nets share, the ways between them, and the multipath protocol's end.
 *
 *   who dials:    KNOCKING --RETRY--> GREETING --SECOND--> MEETING --WELCOME--> UP
 *   who answers:                      GREETED ---THIRD---> MEETING --HELLO----> UP
 *                                                             |
 *                                                             +--a HELLO that is refused--> LEAVING
 *
 * KNOCKING: FIRST is on its way, without a cookie. GREETING: with one. GREETED: SECOND was sent: a
 * stranger still, there are at most WEFT_UDP_GUESTS_MAX of them. MEETING: both have keys, core/mp
 * works, nothing but HELLO and WELCOME is carried. UP: it is a peer's. LEAVING: its WELCOME, which
 * says why not, has still to arrive. A session ends from any state by being freed.
 *
 * Path p of a session is way p / lane_count of lane p % lane_count, as in core/mp, whose groups are
 * the lanes. Each way has a source port of its own and speaks to the peer's NIC. */
#ifndef WEFT_UDP_SESSION_H
#define WEFT_UDP_SESSION_H

#include "base/list.h"
#include "core/mp.h"
#include "net/net_body.h"
#include "net/net_class.h"
#include "udp_datagram.h"
#include "udp_socket.h"

#define WEFT_UDP_GUESTS_MAX   64                /* sessions that are GREETED */
#define WEFT_UDP_WAYS_MAX     16                /* of a lane */
#define WEFT_UDP_PATHS_MAX    WEFT_MP_PATHS_MAX /* of a session, where it has not more lanes */
#define WEFT_UDP_PARTS_MAX    WEFT_MP_MESSAGES
#define WEFT_UDP_PLACES_MAX   26    /* of a part; with a signal, fewer */
#define WEFT_UDP_BODIES_MAX   16    /* being put together */
#define WEFT_UDP_PACKET_BYTES 64512 /* at most: of half the size one costs nearly as much */
#define WEFT_UDP_NOTICE_BYTES 16    /* its number 8, lanes 4 (a bit each), zero 4 */
#define WEFT_UDP_GREETING_NS  1000000000u
#define WEFT_UDP_RESEND_NS    20000000u

/* Of a part: kind, places; then, of a WRITE, the STORE of a WRITE_STORE, the window, the places. */
#define WEFT_UDP_HEAD_OF_PART 4
/* Of one that takes several packets: it has one place. */
#define WEFT_UDP_KEPT_BYTES                                                                        \
    (WEFT_UDP_HEAD_OF_PART + WEFT_WIRE_STORE_BYTES + WEFT_WIRE_WINDOW_BYTES +                      \
     WEFT_WIRE_WRITE_EXTENT_BYTES)

struct weft_udp_net;
struct weft_udp_peer;

enum weft_udp_session_state {
    WEFT_UDP_SESSION_KNOCKING,
    WEFT_UDP_SESSION_GREETING,
    WEFT_UDP_SESSION_GREETED,
    WEFT_UDP_SESSION_MEETING,
    WEFT_UDP_SESSION_UP,
    WEFT_UDP_SESSION_LEAVING,
    WEFT_UDP_SESSION_STATES
};

/* A message of core/mp: a part of a copy, or a body of anything else. */
struct weft_udp_part {
    enum weft_wire_kind kind;
    uint32_t operation; /* or WEFT_NONE: the session's own */
    uint32_t lane;      /* of a WRITE or WRITE_STORE, else WEFT_NONE */
    uint32_t place_count;
    uint32_t block; /* where in the copy's extents it begins */
    uint32_t index;
    uint64_t skip_bytes; /* of that extent */
    uint64_t size_bytes;
};

/* A body that comes in several packets. */
struct weft_udp_body {
    uint64_t message; /* 0: free */
    uint32_t size_bytes;
    uint32_t got_bytes;
    uint8_t *bytes; /* WEFT_WIRE_BODY_MAX */
};

/* The head of a part of several packets, as one of them has brought it. */
struct weft_udp_kept {
    uint64_t message;
    uint32_t bytes;
    uint8_t head[WEFT_UDP_KEPT_BYTES];
};

struct weft_udp_lane {
    uint32_t nic;
    uint32_t peer_nic;
    bool is_up;                                /* core/mp says so */
    bool is_cut;                               /* its NIC is, here */
    bool is_narrow;                            /* it came up late, and takes no packet */
    weft_ns blocked_until;                     /* its sockets took no more */
    struct weft_list copies[WEFT_NET_CLASSES]; /* not begun, or not all of them */
    uint32_t part_counts[WEFT_NET_CLASSES];    /* under way */
    uint64_t sent_bytes;
    uint64_t received_bytes;
};

struct weft_udp_session {
    enum weft_udp_session_state state;
    uint32_t slot; /* in net->sessions */
    uint64_t tag;  /* ours */
    uint64_t tag_there;
    uint32_t peer; /* or WEFT_NONE */
    bool is_initiator;
    bool is_heard; /* something authentic has come: no THIRD is needed any more */
    bool is_lost;  /* core/mp has heard nothing for too long */
    bool has_more; /* to send, but this poll was long enough */
    uint32_t nic;  /* over which it was dialled, or has come */
    uint32_t peer_nic;
    weft_ns deadline_at; /* of all states but UP */
    weft_ns resend_at;
    weft_ns resend_ns;
    weft_ns asked_at; /* what waits for an answer was first said; 0: nothing does */
    weft_ns rtt_ns;   /* the least from a first saying to its answer; WEFT_NEVER: none came */
    weft_ns knock_at; /* a way was refused: the others are tried */

    /* before MEETING */
    int dial_fd;                  /* of who dials, until it is heard; else -1 */
    struct sockaddr_storage from; /* of who answers: the stranger */
    uint8_t cookie[WEFT_SECURE_COOKIE_BYTES];
    uint8_t first[WEFT_SECURE_FIRST_BYTES];
    uint8_t second[WEFT_SECURE_SECOND_BYTES];
    uint8_t third[WEFT_UDP_THIRD_BYTES];
    struct weft_secure *secure;

    /* from MEETING on */
    struct weft_secure_datagrams *keys;
    struct weft_wire_address address; /* of the peer */
    uint32_t lane_count;
    uint32_t path_count;
    uint32_t packet_bytes;
    uint64_t unscheduled_bytes; /* of each message: what is beyond them needs leave */
    weft_ns fills_until;        /* it has a share of the sockets' room; 0: none */
    struct weft_mp *mp;         /* in `memory` */
    void *memory;
    struct weft_udp_lane lanes[WEFT_WIRE_LANES_MAX];
    int fds[WEFT_MP_PATHS_MAX]; /* of paths; -1: none */
    weft_ns try_at;             /* those without are tried again; WEFT_NEVER: that would not help */
    weft_ns try_ns;
    struct weft_udp_part *parts;
    uint32_t *part_indices;
    struct weft_pool free_parts;
    uint64_t *refused;          /* by slot of a message: the one that was counted as refused last */
    struct weft_udp_kept *kept; /* by slot of a message */
    struct weft_udp_body bodies[WEFT_UDP_BODIES_MAX];
    uint8_t *body_bytes;
    uint8_t *greeting; /* the HELLO or WELCOME that goes out */
    uint32_t greeting_bytes;
    uint8_t notice[WEFT_UDP_NOTICE_BYTES]; /* that goes out */
    bool is_noticing;                      /* it is under way */
    uint32_t notice_lanes;                 /* what the last one says */
    uint64_t notices;                      /* so many were sent */
    uint64_t notice_heard;                 /* the number of the newest of the peer's */
    uint32_t lanes_cut_there;              /* by that */
};

/* It carries copies. */
static inline bool weft_udp_lane_is_up(const struct weft_udp_lane *lane)
{
    return lane->is_up && !lane->is_cut;
}

const char *weft_udp_session_state_name(enum weft_udp_session_state state);
void weft_udp_session_set_state(struct weft_udp_session *session,
                                enum weft_udp_session_state state);

/* Takes a place and a tag; NULL: no room, no memory, no random numbers. */
struct weft_udp_session *weft_udp_session_make(struct weft_udp_net *net, bool is_initiator,
                                               const uint8_t *secret);
/* NULL allowed. Says nothing to the other side. */
void weft_udp_session_free(struct weft_udp_net *net, struct weft_udp_session *session);
/* The session of that tag, or NULL. */
struct weft_udp_session *weft_udp_session_find(const struct weft_udp_net *net, uint64_t tag);
/* What was asked at `asked_at` is answered: no round trip is longer, though something may have been
 * said twice. */
void weft_udp_session_answered(struct weft_udp_net *net, struct weft_udp_session *session);
/* The handshake is done: keys, ways and core/mp are made; false: the session is of no use. */
bool weft_udp_session_meet(struct weft_udp_net *net, struct weft_udp_session *session,
                           const struct weft_wire_address *address);
/* What a NIC's state means for its lanes. */
void weft_udp_session_shape(struct weft_udp_net *net, struct weft_udp_session *session,
                            uint32_t nic);
/* Nothing can be heard of its own sockets but that nobody listens: true when that is so. */
void weft_udp_session_knock(struct weft_udp_net *net, struct weft_udp_session *session);
/* A goodbye over all lanes. */
void weft_udp_session_bye(struct weft_udp_net *net, struct weft_udp_session *session);

/* ---- udp_way.c ---- */

/* A socket for each way; where there are not so many, or the net has its part of the process's
 * descriptors, ways of a lane share one. False: there is
 * none at all. */
bool weft_udp_ways_open(struct weft_udp_net *net, struct weft_udp_session *session);
void weft_udp_ways_close(struct weft_udp_net *net, struct weft_udp_session *session);
/* Tries those again that have no socket, when it is time; returns the next time. core/mp is told of
 * what leads somewhere now. */
weft_ns weft_udp_ways_tick(struct weft_udp_net *net, struct weft_udp_session *session);
/* It is time: a NIC is back. */
void weft_udp_ways_soon(const struct weft_udp_net *net, struct weft_udp_session *session);

/* ---- udp_room.c ---- */

/* Bytes of a message of that size have come. */
void weft_udp_room_fill(const struct weft_udp_net *net, struct weft_udp_session *session,
                        uint64_t message_bytes);
/* Its share goes back when the last such bytes came long ago; */
void weft_udp_room_tick(const struct weft_udp_net *net, struct weft_udp_session *session);
/* and at once. */
void weft_udp_room_leave(const struct weft_udp_net *net, struct weft_udp_session *session);

/* ---- udp_dial.c ---- */

void weft_udp_dial_start(struct weft_udp_net *net, struct weft_udp_peer *peer);
void weft_udp_dial_fail(struct weft_udp_net *net, struct weft_udp_session *session, int error,
                        const char *why);
/* Its socket has something. */
void weft_udp_dial_read(struct weft_udp_net *net, struct weft_udp_session *session);
/* The attempt's socket is of no use any more; of a session without one, nothing. */
void weft_udp_dial_end(struct weft_udp_net *net, struct weft_udp_session *session);
/* Says again what was not answered; returns the next time. */
weft_ns weft_udp_dial_tick(struct weft_udp_net *net, struct weft_udp_session *session);

/* ---- udp_guest.c ---- */

void weft_udp_guest_first(struct weft_udp_net *net, uint32_t nic,
                          const struct sockaddr_storage *from, struct weft_reader *body);
void weft_udp_guest_third(struct weft_udp_net *net, struct weft_udp_session *session,
                          const uint8_t *bytes, size_t size);

/* ---- udp_hello.c ---- */

void weft_udp_hello_send(struct weft_udp_net *net, struct weft_udp_session *session);
/* The session may be freed after it; false: these bytes are no such thing. */
bool weft_udp_hello_receive(struct weft_udp_net *net, struct weft_udp_session *session,
                            struct weft_reader *body);
bool weft_udp_welcome_receive(struct weft_udp_net *net, struct weft_udp_session *session,
                              struct weft_reader *body);

/* ---- udp_part.c ---- */

/* Gives core/mp what waits and what its lanes have, as far as there is room. */
void weft_udp_parts_submit(struct weft_udp_net *net, struct weft_udp_session *session);
/* The session's own HELLO, WELCOME or LANES; false: no room. */
bool weft_udp_part_own(struct weft_udp_session *session, enum weft_wire_kind kind,
                       uint64_t size_bytes);
uint32_t weft_udp_part_head_bytes(const struct weft_udp_part *part);
/* Its head, the same in all its packets. */
void weft_udp_part_head(const struct weft_udp_net *net, const struct weft_udp_part *part,
                        struct weft_writer *writer);
/* Adds bytes [offset, offset + length) of it to the run, from where they are. Those of a body are
 * good until the next part's are asked for. */
void weft_udp_part_gather(struct weft_udp_net *net, struct weft_udp_session *session,
                          const struct weft_udp_part *part, uint64_t offset, uint32_t length,
                          struct weft_udp_run *run);
/* The same of a body, copied. */
void weft_udp_part_copy(struct weft_udp_net *net, struct weft_udp_session *session,
                        const struct weft_udp_part *part, uint64_t offset, uint32_t length,
                        struct weft_writer *writer);
/* core/mp is done with it. */
void weft_udp_part_ended(struct weft_udp_net *net, struct weft_udp_session *session,
                         uint32_t number, weftResult_t result);
/* Its operation is given back in parts no more: those that were under way are forgotten. */
void weft_udp_parts_drop(struct weft_udp_net *net, struct weft_udp_session *session);

/* ---- udp_notice.c ---- */

/* Tells the peer which NICs are cut here, when that has changed. */
void weft_udp_notice_submit(struct weft_udp_session *session);
/* It has arrived there. */
void weft_udp_notice_ended(struct weft_udp_session *session);
enum weft_net_outcome weft_udp_notice_receive(struct weft_udp_net *net,
                                              struct weft_udp_session *session,
                                              struct weft_reader *body);

/* ---- udp_send.c ---- */

void weft_udp_session_write(struct weft_udp_net *net, struct weft_udp_session *session);

/* ---- udp_receive.c ---- */

/* All that lies in a NIC's socket, within reason. */
void weft_udp_nic_read(struct weft_udp_net *net, uint32_t nic);

/* ---- udp_place.c ---- */

/* What the packet has is put where it belongs. The session may be freed after it. */
void weft_udp_arrival_place(struct weft_udp_net *net, struct weft_udp_session *session,
                            const struct weft_mp_arrival *arrival);

#endif
