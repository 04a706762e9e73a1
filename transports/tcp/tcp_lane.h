/* A lane: one connection to a peer, used in both directions, over one pair of NICs.
 *
 *                                  progress
 *                              +--------------+
 *                              v              |
 *      CLOSED --a connection--> UP --silent--> SUSPECT
 *        ^                      |              |
 *        |                      | broken       | silent still, broken
 *        |                      v              |
 *        +--the peer's closure- DEAD <---------+
 *
 * CLOSED: nothing of it is in doubt. UP: frames go. SUSPECT: no new copies. DEAD: its connection is
 * closed here, so nothing that the peer sent on it will be applied; what the peer applied of ours
 * is not known yet. Beside that, while CLOSED or DEAD, an attempt may be dialled.
 */
#ifndef WEFT_TCP_LANE_H
#define WEFT_TCP_LANE_H

#include "net/net_end.h"
#include "tcp_channel.h"
#include "tcp_pulse.h"
#include "tcp_queue.h"

#define WEFT_TCP_DIAL_NS          500000000u /* an attempt, up to its WELCOME */
#define WEFT_TCP_HOLD_NS          10000000u  /* before a dead lane is dialled again; doubles */
#define WEFT_TCP_HOLD_NS_MAX      500000000u
#define WEFT_TCP_PASSIVE_NS       100000000u /* the side that did not dial waits so much longer */
#define WEFT_TCP_COPIES_MAX       256        /* listed on a lane and not begun */
#define WEFT_TCP_BATCH_PIECES     256
#define WEFT_TCP_BATCH_BYTES      262144 /* then no more copies: urgent frames wait for them */
#define WEFT_TCP_HEADS_BYTES      (WEFT_WIRE_FRAME_MAX + 65536)
#define WEFT_TCP_ACK_BYTES        131072 /* applied without an ack sent, at most */
#define WEFT_TCP_ACK_FRAMES       32
#define WEFT_TCP_BUDGET_BYTES     (4u << 20) /* of one lane in one poll, each direction */
#define WEFT_TCP_SMALL_READ_BYTES 16384 /* read behind a head before its payload's place is known */

struct weft_tcp_net;
struct weft_tcp_peer;

enum weft_tcp_lane_state {
    WEFT_TCP_LANE_CLOSED,
    WEFT_TCP_LANE_UP,
    WEFT_TCP_LANE_SUSPECT,
    WEFT_TCP_LANE_DEAD,
    WEFT_TCP_LANE_STATES
};

/* What is being written: pieces of heads[] and of windows. */
struct weft_tcp_batch {
    uint32_t first;
    uint32_t count;
    size_t heads_used;
    struct iovec pieces[WEFT_TCP_BATCH_PIECES];
    uint8_t heads[WEFT_TCP_HEADS_BYTES];
};

struct weft_tcp_place {
    uint64_t offset;
    uint64_t bytes;
};

/* The WRITE whose payload is coming in. */
struct weft_tcp_arrival {
    uint64_t sequence; /* 0: none */
    uint64_t size_bytes;
    uint64_t left_bytes;
    bool is_refused; /* the payload goes nowhere */
    bool has_store;  /* `store` is due when all of it is here */
    struct weft_wire_store store;
    uint32_t window;
    uint64_t conceal_count; /* the window's, when it was let in */
    uint32_t place;
    uint32_t place_count;
    uint64_t skip_bytes; /* of the place, done */
    struct weft_tcp_place places[WEFT_WIRE_EXTENTS_MAX];
};

struct weft_tcp_lane {
    enum weft_tcp_lane_state state;
    uint32_t peer;
    uint32_t number;
    struct weft_tcp_channel *channel; /* of UP and SUSPECT */
    struct weft_tcp_channel *dial;    /* an attempt, or NULL */
    uint32_t nic;
    uint32_t peer_nic;
    uint64_t generation;           /* the last that was up here; 0: none */
    uint64_t generation_dial;      /* of the attempt */
    uint64_t generation_seen;      /* the largest known: attempts go beyond */
    struct weft_wire_closure past; /* of the one before, which the peer may still ask for */

    /* out */
    struct weft_tcp_queue queue;
    uint32_t ring[WEFT_WIRE_UNACKED_MAX]; /* operation, or WEFT_NONE for a ping, by sequence */
    uint64_t sent;                        /* the last sequence begun */
    uint64_t
        ends_bytes[WEFT_WIRE_UNACKED_MAX]; /* where the frame of a sequence ends in the stream */
    uint64_t acked;                        /* the last that the peer has applied */
    uint64_t acked_bytes;                  /* where its frame ends */
    struct weft_tcp_pulse pulse;
    uint64_t queued_bytes; /* of the stream, put into batches; sent_bytes of them were taken */
    struct weft_tcp_batch batch;
    bool is_dirty; /* listed in net->dirty */
    bool ack_due;
    bool ack_held; /* until the next poll: who was signalled may have something to send along */
    bool ping_due;
    bool fence_due;
    struct weft_wire_fence reply; /* a FENCED is due when its count is not 0 */
    uint32_t refusal_count;       /* REFUSED frames that are due */
    uint64_t refusals[WEFT_WIRE_UNACKED_MAX];

    /* in */
    uint64_t applied;
    uint64_t applied_told; /* in the last head that went out */
    uint32_t unacked_bytes;
    uint32_t unacked_frames;
    uint8_t refused[WEFT_WIRE_REFUSED_BYTES];
    bool is_blocked;   /* its next frame waits for room */
    bool is_throttled; /* what waits in its socket waits for its NIC's tokens, */
    bool is_delayed;   /* or for its delay to pass */
    bool reads_again;  /* it stopped before its end: listed in net->dirty, too */
    struct weft_tcp_arrival arrival;

    /* time */
    weft_ns raised_at;
    weft_ns progress_at;
    uint64_t progress_mark;
    weft_ns dial_at;
    weft_ns hold_ns;

    uint64_t sent_bytes;
    uint64_t received_bytes;
};

/* ---- tcp_lane.c ---- */

void weft_tcp_lane_init(struct weft_tcp_net *net, struct weft_tcp_lane *lane, uint32_t peer,
                        uint32_t number);
const char *weft_tcp_lane_state_name(enum weft_tcp_lane_state state);
bool weft_tcp_lane_is_live(const struct weft_tcp_lane *lane);
/* It is between two frames, and no copy was begun. */
bool weft_tcp_lane_is_idle(const struct weft_tcp_lane *lane);
/* The channel is the lane's from now on, in a new generation whose past is settled. */
void weft_tcp_lane_raise(struct weft_tcp_net *net, struct weft_tcp_lane *lane,
                         struct weft_tcp_channel *channel, uint64_t generation);
/* Closes it: nothing more of it is applied here. */
void weft_tcp_lane_die(struct weft_tcp_net *net, struct weft_tcp_lane *lane, const char *why);
/* Its peer is gone: nothing of it is in doubt. Its operations are the caller's to end. */
void weft_tcp_lane_close(struct weft_tcp_net *net, struct weft_tcp_lane *lane);
/* A dead lane's past is known. */
void weft_tcp_lane_settle(struct weft_tcp_net *net, struct weft_tcp_lane *lane);
/* Bytes of its stream that the peer has not acknowledged, up to the last frame. */
uint64_t weft_tcp_lane_unacked(const struct weft_tcp_lane *lane);
/* Its socket is to be looked at. */
bool weft_tcp_lane_is_reading(const struct weft_tcp_lane *lane);
/* There is something to write. */
void weft_tcp_lane_touch(struct weft_tcp_net *net, struct weft_tcp_lane *lane);
void weft_tcp_lane_progress(struct weft_tcp_net *net, struct weft_tcp_lane *lane);
weft_ns weft_tcp_lane_tick(struct weft_tcp_net *net, struct weft_tcp_lane *lane);
weftResult_t weft_tcp_copy(struct weft_net *net, const struct weft_copy *copy);

/* ---- tcp_dial.c ---- */

void weft_tcp_dial_start(struct weft_tcp_net *net, struct weft_tcp_lane *lane);
void weft_tcp_dial_drop(struct weft_tcp_net *net, struct weft_tcp_lane *lane);
void weft_tcp_dial_fail(struct weft_tcp_net *net, struct weft_tcp_lane *lane, int error,
                        const char *why);
void weft_tcp_dial_advance(struct weft_tcp_net *net, struct weft_tcp_lane *lane);
/* When the lane is to be dialled next. */
void weft_tcp_dial_hold(struct weft_tcp_net *net, struct weft_tcp_lane *lane);

/* ---- tcp_hello.c ---- */

/* The first frame of a guest: it becomes a lane's channel, or is sent away. */
void weft_tcp_hello_receive(struct weft_tcp_net *net, struct weft_tcp_channel *guest,
                            struct weft_reader *body);
/* The answer to an attempt. */
void weft_tcp_welcome_receive(struct weft_tcp_net *net, struct weft_tcp_lane *lane,
                              struct weft_reader *body);
/* Puts the HELLO of an attempt into the lane's batch. */
void weft_tcp_hello_put(struct weft_tcp_net *net, struct weft_tcp_lane *lane);

/* ---- tcp_batch.c ---- */

void weft_tcp_batch_reset(struct weft_tcp_batch *batch);
/* Bytes of heads[] that `writer` has filled become a piece. */
struct weft_writer weft_tcp_batch_writer(struct weft_tcp_batch *batch);
void weft_tcp_batch_add(struct weft_tcp_batch *batch, const struct weft_writer *writer);
/* Writes of the batch what the channel takes, at most `bytes_max`; how much that was. */
uint64_t weft_tcp_batch_write(struct weft_tcp_batch *batch, struct weft_tcp_channel *channel,
                              uint64_t bytes_max);
bool weft_tcp_batch_is_empty(const struct weft_tcp_batch *batch);
/* Adds a piece; false: all are in use. */
bool weft_tcp_batch_piece(struct weft_tcp_batch *batch, const void *bytes, size_t size);

/* ---- tcp_send.c ---- */

/* weft_tcp_batch_add for a lane that is up, with a payload of so many bytes to follow. */
void weft_tcp_lane_put(struct weft_tcp_lane *lane, const struct weft_writer *writer,
                       uint64_t payload_bytes);
void weft_tcp_lane_write(struct weft_tcp_net *net, struct weft_tcp_lane *lane);
/* Tells the peer that it is forgotten, if the sockets take it. */
void weft_tcp_bye(struct weft_tcp_peer *peer);

/* ---- tcp_receive.c ---- */

enum weft_tcp_look {
    WEFT_TCP_LOOK_FRAME, /* head and body are here */
    WEFT_TCP_LOOK_MORE,  /* not yet */
    WEFT_TCP_LOOK_WRONG  /* it is no frame */
};

/* The next frame of a channel, without its payload; weft_tcp_frame_take removes it. */
enum weft_tcp_look weft_tcp_frame_look(struct weft_tcp_channel *channel,
                                       struct weft_wire_head *head, struct weft_reader *body);
void weft_tcp_frame_take(struct weft_tcp_channel *channel, const struct weft_wire_head *head);
/* Reads more of it; how many bytes. */
size_t weft_tcp_frame_fill(struct weft_tcp_channel *channel);
void weft_tcp_lane_read(struct weft_tcp_net *net, struct weft_tcp_lane *lane);

/* ---- tcp_frame.c ---- */

enum weft_tcp_outcome {
    WEFT_TCP_DONE,
    WEFT_TCP_PAYLOAD, /* its payload follows */
    WEFT_TCP_BLOCKED, /* try again later */
    WEFT_TCP_WRONG    /* no peer sends that */
};

enum weft_tcp_outcome weft_tcp_frame_apply(struct weft_tcp_net *net, struct weft_tcp_lane *lane,
                                           const struct weft_wire_head *head,
                                           struct weft_reader *body);
/* A frame with a sequence is applied, or refused. */
void weft_tcp_frame_finish(struct weft_tcp_net *net, struct weft_tcp_lane *lane, uint64_t sequence,
                           uint64_t bytes, bool is_refused);
/* The payload of the arrival is where it belongs, or nowhere: its frame ends. */
void weft_tcp_frame_arrived(struct weft_tcp_net *net, struct weft_tcp_lane *lane);

/* ---- tcp_fence.c ---- */

/* What this side has applied of the lane's present generation. */
struct weft_wire_closure weft_tcp_closure_of(const struct weft_tcp_lane *lane);
/* The peer's closures: what is said of a dead generation of ours settles it. */
void weft_tcp_closure_apply(struct weft_tcp_net *net, struct weft_tcp_lane *lane,
                            const struct weft_wire_closure *closure);
/* Asks about the dead lanes, over one that lives. */
void weft_tcp_fence_ask(struct weft_tcp_net *net, struct weft_tcp_peer *peer);
/* The closures of all dead lanes; how many. */
uint32_t weft_tcp_fence_dead(const struct weft_tcp_peer *peer, struct weft_wire_fence *fence);
bool weft_tcp_fence_receive(struct weft_tcp_net *net, struct weft_tcp_lane *carrier,
                            struct weft_reader *body, bool is_question);

#endif
