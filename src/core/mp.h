/* Multipath: messages of bytes between two servers over many paths at once, by datagrams that may
 * be lost, doubled, late, or out of order.
 *
 * One `struct weft_mp` is one end of a session of two incarnations; both ends are the same. It
 * deals in descriptors, never in bytes: who owns it has the sockets, the keys and the memory.
 *
 *  - A *message* has an id, a length and a group. It is cut into packets of its own, at most
 *    `packet_bytes` each. A packet says which bytes of which message it has, so it is placed where
 *    it belongs when it comes, in any order. In front of the bytes the owner puts a head of its
 *    own, the same in every packet of a message: what a packet needs to be placed alone. When one
 *    of them was acked, the others are sent without: the receiver's owner keeps it by the slot.
 *  - A *group* is a pair of NICs and has one congestion window. A *path* is a way through the
 *    network of a group: another port, another entropy. Path p belongs to group p mod group_count,
 *    at both ends; it serves both directions. Its id (mp_path.h) is never used again.
 *  - A message has a *class*. Those of a group take turns by packets: what is small hardly waits
 *    for what is large, what borrows the NIC waits for what does not, and none waits for ever. What
 *    is for any group goes before all of them.
 *  - A message is sent over its group's paths; over any other while its group has none that is
 *    alive. One log per session (mp_seen.h) has all sequences that came, so that a packet's bytes
 *    are placed once, over whatever path and however often it comes.
 *  - An end never has more out than the other can remember: WEFT_MP_PACKETS sequences,
 *    WEFT_MP_MESSAGES messages.
 *
 * Nothing is ordered. Messages that are done at the receiver are done in any order; what must come
 * after another message is submitted when that one has ended. Bytes from the peer are authenticated
 * by the owner before they come here, and are believed in nothing else: every number is checked.
 *
 * Time is the caller's, never goes back. Integers only; no memory but what init was given. */
#ifndef WEFT_MP_H
#define WEFT_MP_H

#include "mp_wire.h"

#define WEFT_MP_PATHS_MAX      128
#define WEFT_MP_GROUPS_MAX     16
#define WEFT_MP_PACKETS        1024         /* sequences out, at most: what a log remembers */
#define WEFT_MP_MESSAGES       1024         /* submitted and not ended, at most */
#define WEFT_MP_MESSAGE_BYTES  WEFT_MIB(64) /* the largest message */
#define WEFT_MP_OWN_HEAD_BYTES 448 /* the largest head that the owner puts in front of the bytes */
#define WEFT_MP_GROUP_ANY      UINT32_MAX /* every group: what is small and urgent */
#define WEFT_MP_PACKET_LEAST   1200       /* packet_bytes may not be less: an ack fits always */

struct weft_mp;

enum weft_mp_class { WEFT_MP_SMALL, WEFT_MP_OWN, WEFT_MP_LENT, WEFT_MP_CLASSES };

/* Equal at both ends: path_count, group_count, unscheduled_bytes. `weft_mp_defaults` fills all of
 * it. */
struct weft_mp_config {
    uint32_t path_count;    /* group_count .. WEFT_MP_PATHS_MAX */
    uint32_t group_count;   /* 1 .. WEFT_MP_GROUPS_MAX */
    uint32_t packet_bytes;  /* head, the owner's head and bytes together; 1200 .. 65000 */
    uint32_t burst_packets; /* so many in a row take one path, for segmentation offload */
    uint32_t ack_packets;   /* an ack at the latest after so many */
    weft_ns ack_ns;         /* and after this */
    weft_ns rto_ns_min;
    weft_ns rto_ns_first; /* before a path's round trip is known, at least */
    weft_ns rtt_ns_first; /* what the owner has measured before there was a session; 0: nothing */
    weft_ns host_ns;      /* what both hosts add to a round trip by polling in turns, generously */
    weft_ns probe_ns_max; /* the longest between two probes of a group with dead paths */
    weft_ns keepalive_ns; /* an idle group is probed so often */
    weft_ns silence_ns;   /* nothing heard for so long while something is owed: LOST */
    uint64_t first_window_bytes; /* of a group */
    uint64_t unscheduled_bytes;  /* of each message, sent without the receiver's leave */
    uint64_t room_bytes; /* let in and not yet here, of all messages: the receiver's credit */
};

/* A packet to send, as `next` describes it: a datagram of `bytes` as they stand, then, of one with
 * data, the owner's head of this message (`has_own_head`: else it is not wanted) and its bytes
 * [offset, offset + length). */
struct weft_mp_packet {
    uint32_t path;   /* which way: 0 .. path_count - 1 */
    uint64_t number; /* no two packets of this end have the same: a nonce; 1 .. 2^48 - 1 */
    bool has_data;   /* a message's; else `bytes` is all */
    bool has_own_head;
    uint64_t cookie; /* the message's, as submitted */
    uint64_t offset;
    uint32_t length; /* may be 0: then the owner's head is all that the message says */
    size_t size;     /* of bytes */
    uint8_t bytes[WEFT_MP_WIRE_MAX];
};

/* What became of a packet that came. */
enum weft_mp_verdict {
    WEFT_MP_PLACE,     /* its bytes are wanted: place them, then call placed, overloaded */
    WEFT_MP_DUPLICATE, /* its bytes were placed or are being placed: leave them */
    WEFT_MP_HANDLED,   /* it had none: an ack or a probe */
    WEFT_MP_BAD,       /* no packet, or one that no honest peer sends: drop and count it */
    WEFT_MP_VERDICTS
};

/* A packet that came. It may be copied and kept until its bytes are placed. */
struct weft_mp_arrival {
    uint32_t path; /* on which it came */
    uint32_t path_id;
    weft_ns came_at;
    uint64_t number;   /* the peer's */
    uint64_t sequence; /* which packet of the session this is, however often it is sent */
    uint64_t message;  /* its id: 1, 2, 3 ..., as the peer submitted them */
    uint32_t slot;     /* < WEFT_MP_MESSAGES: unique among messages that are not complete */
    bool asks;         /* an ack is wanted at once */
    bool is_first;     /* the first of its message that came: nothing of it was placed yet */
    uint64_t message_bytes;
    uint64_t offset; /* offset + length <= message_bytes */
    uint32_t length;
    size_t own_head_bytes;   /* begins after mp's head; the bytes of the message follow it. 0: one
                                that was placed had it */
    const uint8_t *own_head; /* in the datagram */
    const uint8_t *bytes;    /* in the datagram */
};

enum weft_mp_event_kind {
    WEFT_MP_ENDED,      /* a message: every byte was placed there, or it was refused or aborted */
    WEFT_MP_GROUP_DOWN, /* all of its paths are dead: its messages take others */
    WEFT_MP_GROUP_UP,
    WEFT_MP_LOST,  /* the peer was silent for silence_ns. All stays as it is, and is tried on */
    WEFT_MP_FOUND, /* after LOST: it has answered */
    WEFT_MP_EVENTS
};

struct weft_mp_event {
    enum weft_mp_event_kind kind;
    uint64_t cookie;     /* ENDED */
    weftResult_t result; /* ENDED: weftSuccess, what the peer refused it with, or abort's */
    uint32_t group;      /* GROUP_UP, GROUP_DOWN */
};

/* Since init. */
struct weft_mp_counts {
    uint64_t sent_packets; /* with data */
    uint64_t resent_packets;
    uint64_t lost_packets; /* taken for lost; some are late */
    uint64_t late_packets; /* of those: an ack came for the first sending after all */
    uint64_t timeouts;     /* of paths */
    uint64_t placed_packets;
    uint64_t duplicate_packets;
    uint64_t bad_packets;
    uint64_t refused_packets;    /* placed with a result that was not success */
    uint64_t overloaded_packets; /* told the peer to send again */
    uint64_t acks_sent;
    uint64_t acks_received;
    uint64_t probes_sent;
};

void weft_mp_defaults(struct weft_mp_config *config);

/* False, with a sentence that names the field and its bounds, when a session cannot be made. */
bool weft_mp_config_valid(const struct weft_mp_config *config, const char **why);

/* Bytes of memory that init needs; it is aligned to 64, and the caller's again when it is done. The
 * config must be valid. All groups begin up and all paths fresh. */
size_t weft_mp_size(const struct weft_mp_config *config);
struct weft_mp *weft_mp_init(const struct weft_mp_config *config, void *memory, weft_ns now);

/* ---- messages ---- */

/* Takes a message of `size_bytes` (0 .. WEFT_MP_MESSAGE_BYTES) for a group, or WEFT_MP_GROUP_ANY,
 * which goes first. Its bytes must stay as they are until ENDED gives back the cookie. Not
 * own_head_bytes in the largest case: packet_bytes must hold them all and some bytes.
 * weftNoResource: WEFT_MP_MESSAGES are there, or aborted. */
weftResult_t weft_mp_submit(struct weft_mp *mp, uint64_t cookie, uint32_t group,
                            uint64_t size_bytes, uint32_t own_head_bytes);

/* The same of a class; above it is WEFT_MP_OWN. For GROUP_ANY it does not matter. */
weftResult_t weft_mp_submit_in_class(struct weft_mp *mp, uint64_t cookie, uint32_t group,
                                     enum weft_mp_class class, uint64_t size_bytes,
                                     uint32_t own_head_bytes);

/* All messages end with `result`, nothing is sent any more, and what comes is DUPLICATE or BAD. */
void weft_mp_abort(struct weft_mp *mp, weftResult_t result);

/* ---- packets ---- */

/* A datagram came, authentic and less the owner's wrapping. `arrival` is set when PLACE. */
enum weft_mp_verdict weft_mp_arrived(struct weft_mp *mp, weft_ns now, const void *bytes,
                                     size_t size, struct weft_mp_arrival *arrival);

/* The bytes of an arrival are visible, at once or later; or not wanted, and `result` (not
 * weftSuccess) says why: then its message ends with that at the peer. Once for each PLACE, or
 * overloaded. True: the message is complete, all its packets were placed or refused. */
bool weft_mp_placed(struct weft_mp *mp, weft_ns now, const struct weft_mp_arrival *arrival,
                    weftResult_t result);

/* Placing these bytes now makes their message complete: what must follow all of its bytes can be
 * done with them, before `placed`. Nothing else of the message was refused, for all that mp says:
 * the owner knows what it refused. */
bool weft_mp_completes(const struct weft_mp *mp, const struct weft_mp_arrival *arrival);

/* Of what was placed just now: its ack need not go before time has passed. Who has seen it come may
 * have something to send, and one datagram, or two at once, wake the other side once. */
void weft_mp_hold_ack(struct weft_mp *mp, weft_ns now, const struct weft_mp_arrival *arrival);

/* There was no room for the bytes of an arrival: the peer is told, and sends them again. */
void weft_mp_overloaded(struct weft_mp *mp, weft_ns now, const struct weft_mp_arrival *arrival);

/* The next packet to send, until false, of the groups whose bits are set: packets of others, acks
 * too, wait. Its bytes must be read before the message is ended. */
bool weft_mp_next(struct weft_mp *mp, weft_ns now, uint32_t groups, struct weft_mp_packet *packet);

/* ---- time, events ---- */

/* When `expire` wants to be called, if nothing comes before; WEFT_NEVER is possible. After expire,
 * as after every call that is told something, next and event may have something. */
weft_ns weft_mp_deadline(const struct weft_mp *mp);
void weft_mp_expire(struct weft_mp *mp, weft_ns now);

/* What happened, until false. */
bool weft_mp_event(struct weft_mp *mp, struct weft_mp_event *event);

/* ---- what the owner knows of the network ---- */

/* The NIC, or the peer's, went down or came up. Down: what is out on its paths counts as lost at
 * once. Up: its paths are probed at once. */
void weft_mp_group_told(struct weft_mp *mp, weft_ns now, uint32_t group, bool is_up);

/* The peer says that its NIC is down. What is out there counts as lost at once, but the group is
 * probed as one that has died by itself: what the peer said may be old, and if both ends believed
 * each other of all groups, none would ever speak again. */
void weft_mp_group_doubted(struct weft_mp *mp, weft_ns now, uint32_t group);

/* The path leads another way from now on, another port or address of either end: it gets a new id,
 * what is out on it counts as lost, and it is probed before it is used. */
void weft_mp_path_renewed(struct weft_mp *mp, weft_ns now, uint32_t path);

/* How many bytes may be let in now: the owner divides what it has among its sessions. */
void weft_mp_room(struct weft_mp *mp, uint64_t room_bytes);

/* ---- looking in ---- */

uint32_t weft_mp_messages(const struct weft_mp *mp); /* submitted, and ENDED not yet given */
const struct weft_mp_counts *weft_mp_counts_of(const struct weft_mp *mp);
const char *weft_mp_path_look(const struct weft_mp *mp, uint32_t path); /* its state's name */

#endif
