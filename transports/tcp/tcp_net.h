/* What the files of the TCP transport share: the net and what it is made of.
 *
 * All of it belongs to the thread that calls. Memory is taken when the net is opened, when a peer
 * is made and when a connection is, never for a copy or a frame; what a peer says about counts
 * changes none of that.
 *
 * The way of an operation: `copy` lists it on its lane, what needs no certain lane is listed with
 * the peer as waiting. A lane that has room takes it, gives it the next sequence and keeps it in
 * its ring until the peer's ack passes that sequence; then it ends. When the lane dies, what is in
 * the ring waits for the peer's closure (tcp_fence.c), which says what had been applied. */
#ifndef WEFT_TCP_NET_H
#define WEFT_TCP_NET_H

#include "base/list.h"
#include "base/pool.h"
#include "tcp_channel.h"
#include "tcp.h"

#define WEFT_TCP_GUESTS_MAX       64 /* connections that have not said who they are */
#define WEFT_TCP_SILENCE_NS_MIN   1000000u
#define WEFT_TCP_GREETING_NS      1000000000u
#define WEFT_TCP_DIAL_NS          500000000u /* an attempt, up to its WELCOME */
#define WEFT_TCP_HOLD_NS          10000000u  /* before a dead lane is dialled again; doubles */
#define WEFT_TCP_HOLD_NS_MAX      500000000u
#define WEFT_TCP_PASSIVE_NS       100000000u /* the side that did not dial waits so much longer */
#define WEFT_TCP_NOTES_MAX        2048       /* messages, and forwards of peers, under way */
#define WEFT_TCP_FORWARDS_MAX     512        /* of one peer, without an answer */
#define WEFT_TCP_COPIES_MAX       256        /* listed on a lane and not begun */
#define WEFT_TCP_BLOCK_BYTES      2040
#define WEFT_TCP_BLOCKS_MAX       8192
#define WEFT_TCP_EXPOSURES_MAX    16 /* of one window */
#define WEFT_TCP_EVENT_BYTES      (4u << 20)
#define WEFT_TCP_BATCH_PIECES     256
#define WEFT_TCP_BATCH_BYTES      262144 /* then no more copies: urgent frames wait for them */
#define WEFT_TCP_HEADS_BYTES      (WEFT_WIRE_FRAME_MAX + 65536)
#define WEFT_TCP_ACK_BYTES        131072 /* applied without an ack sent, at most */
#define WEFT_TCP_ACK_FRAMES       32
#define WEFT_TCP_BUDGET_BYTES     (4u << 20) /* of one lane in one poll, each direction */
#define WEFT_TCP_EPOLL_EVENTS     64
#define WEFT_TCP_SMALL_READ_BYTES 16384 /* read behind a head before its payload's place is known */

/* ---- operations ---- */

enum weft_tcp_kind {
    WEFT_TCP_NOTHING,
    WEFT_TCP_COPY,
    WEFT_TCP_STORE,
    WEFT_TCP_FORWARD,
    WEFT_TCP_FORWARDED, /* arrived there; its answer has not */
    WEFT_TCP_MESSAGE,
    WEFT_TCP_ASKED, /* a forward of the peer that our user has not answered */
    WEFT_TCP_ANSWER,
    WEFT_TCP_KINDS
};

struct weft_tcp_block {
    uint32_t next; /* or WEFT_NONE */
    uint32_t used; /* extents or bytes */
    union {
        struct weft_extent extents[WEFT_TCP_BLOCK_BYTES / sizeof(struct weft_extent)];
        uint8_t bytes[WEFT_TCP_BLOCK_BYTES];
    } of;
};

#define WEFT_TCP_BLOCK_EXTENTS (WEFT_TCP_BLOCK_BYTES / (uint32_t)sizeof(struct weft_extent))

/* Numbers below cookies_max are cookies, those above are notes. */
struct weft_tcp_operation {
    enum weft_tcp_kind kind;
    bool is_refused;  /* the peer said so; its ack follows */
    bool is_answered; /* of FORWARD: `result` came before the ack */
    uint32_t peer;
    uint32_t first_block;  /* extents, or a message's bytes */
    uint32_t extent_count; /* or the message's bytes */
    uint32_t request;      /* of ASKED and ANSWER: the peer's number */
    uint64_t size_bytes;
    const char *src; /* of COPY */
    struct weft_wire_window dst_window;
    struct weft_wire_window src_window;
    uint64_t offset; /* of STORE */
    uint64_t value;
    weftSignalOp_t op;
    weftResult_t result; /* of ANSWER, and of a FORWARD that is answered */
};

/* ---- windows ---- */

struct weft_tcp_exposure {
    uint32_t next; /* of the same window, or WEFT_NONE */
    uint32_t epoch;
    uint64_t size_bytes;
    unsigned rights;
    uint8_t token[WEFT_NET_TOKEN_BYTES];
};

struct weft_tcp_window {
    char *base; /* NULL: not an own one */
    uint64_t size_bytes;
    uint32_t first_exposure;
    uint32_t exposure_count;
    uint64_t conceal_count; /* what was let in before it changed is let in no longer */
    uint32_t peer;          /* of an imported one, else WEFT_NONE */
    struct weft_net_remote remote;
};

/* ---- lanes ----
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
 * is not known yet. Beside that, while CLOSED or DEAD, an attempt may be dialled. */
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
    /* The copy whose payload goes on in the next batch. */
    uint32_t operation; /* or WEFT_NONE */
    uint32_t block;
    uint32_t index;
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
    struct weft_list copies;              /* not begun */
    uint32_t ring[WEFT_WIRE_UNACKED_MAX]; /* operation, or WEFT_NONE for a ping, by sequence */
    uint64_t sent;                        /* the last sequence begun */
    uint64_t
        ends_bytes[WEFT_WIRE_UNACKED_MAX]; /* where the frame of a sequence ends in the stream */
    uint64_t acked;                        /* the last that the peer has applied */
    uint64_t queued_bytes; /* of the stream, put into batches; sent_bytes of them were taken */
    struct weft_tcp_batch batch;
    bool is_dirty; /* listed in net->dirty */
    bool ack_due;
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
    bool is_blocked;  /* its next frame waits for room */
    bool reads_again; /* it stopped before its end: listed in net->dirty, too */
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

/* ---- peers ----
 *
 *      FREE --peer_open, a HELLO--> DIALLING --a lane--> UP <--a lane, none--> LOST
 *        ^                             |                 |                      |
 *        |                             v                 v bye                  v
 *        +--------peer_close--------- GONE <------------------------------------+
 *
 * LOST: no lane is up; all are dialled. GONE: its process has ended, or it has closed us. */
enum weft_tcp_peer_state {
    WEFT_TCP_PEER_FREE,
    WEFT_TCP_PEER_DIALLING,
    WEFT_TCP_PEER_UP,
    WEFT_TCP_PEER_LOST,
    WEFT_TCP_PEER_GONE,
    WEFT_TCP_PEER_STATES
};

enum weft_tcp_told {
    WEFT_TCP_TOLD_NOTHING,
    WEFT_TCP_TOLD_UP,
    WEFT_TCP_TOLD_DOWN,
    WEFT_TCP_TOLD_GONE
};

struct weft_tcp_peer {
    enum weft_tcp_peer_state state;
    enum weft_tcp_told told; /* to the user */
    uint64_t incarnation;
    uint64_t session;       /* ours with it; never used twice */
    uint64_t session_there; /* its with us; 0: not known yet */
    struct weft_wire_address address;
    uint32_t lane_count;
    bool is_dialler; /* our side dials lanes first */
    bool has_secret; /* we know how to dial it; else an attempt only shows whether it listens */
    bool is_overdue; /* not reached for dial_ns */
    bool was_up;
    weft_ns lost_at;
    uint32_t refusing; /* bit per NIC of it that refused a connection since lost_at */
    uint32_t pair;     /* which pair of NICs lane 0 tries next while no lane is up */
    char why[256];
    struct weft_list waiting; /* operations for any lane */
    uint32_t event_count;     /* in net->events */
    uint32_t forward_count;   /* without an answer, both ways */
    uint32_t hello_bytes;
    uint8_t *hello;              /* WEFT_NET_HELLO_BYTES */
    struct weft_tcp_lane *lanes; /* lane_count */
};

/* ---- the net ---- */

struct weft_tcp_nic {
    struct weft_wire_nic local; /* with the port that listens */
    bool is_any;                /* bound to all addresses: no source address */
    int fd;
    struct weft_net_shape shape;
    uint64_t tokens_bytes; /* may go out now */
    weft_ns filled_at;
};

/* Events with bytes, in one ring of memory. */
struct weft_tcp_events {
    uint8_t *bytes;
    size_t head; /* the oldest */
    size_t tail; /* free from here */
    size_t used;
    size_t lent; /* of the event that was given last */
};

struct weft_tcp_net {
    struct weft_net_base base;
    struct weft_net_env env;
    enum weft_secure_mode mode;
    uint8_t address[WEFT_NET_ADDRESS_BYTES];
    uint8_t address_told[WEFT_NET_ADDRESS_BYTES]; /* to peers: where others could read it, without
                                                     the secret */
    uint32_t nic_count;
    struct weft_tcp_nic nics[WEFT_NET_NICS_MAX];
    int epoll_fd;
    uint64_t session_last;

    struct weft_tcp_window *windows; /* env.windows_max */
    struct weft_tcp_exposure *exposures;
    uint32_t *exposure_indices;
    struct weft_pool free_exposures;

    struct weft_tcp_operation *operations; /* cookies, then notes */
    struct weft_list_link *links;
    uint32_t *note_indices;
    struct weft_pool free_notes;
    struct weft_tcp_block *blocks;
    uint32_t *block_indices;
    struct weft_pool free_blocks;
    struct weft_completion *done; /* a ring of cookies_max */
    uint32_t done_first;
    uint32_t done_count;

    struct weft_tcp_peer *peers;  /* env.peers_max */
    struct weft_tcp_lane **dirty; /* lanes with something to write */
    uint32_t dirty_count;
    struct weft_tcp_channel *guests[WEFT_TCP_GUESTS_MAX];
    struct weft_tcp_channel *trash; /* closed in this poll */
    struct weft_tcp_events events;
    bool has_news; /* some peer's state is to be told */
    bool has_blocked;
    weft_ns now;
    weft_ns polled_at;
    weft_ns timer_at; /* no timer is earlier */
    struct weft_net_counts counts;
};

static inline struct weft_tcp_net *weft_tcp_net_of(struct weft_net *net)
{
    return (struct weft_tcp_net *)(void *)net;
}

/* ---- tcp_net.c ---- */

weft_ns weft_tcp_now(void);
void weft_tcp_net_wake_at(struct weft_tcp_net *net, weft_ns at);
/* Closes a channel now, frees it at the end of the poll. NULL allowed. */
void weft_tcp_net_discard(struct weft_tcp_net *net, struct weft_tcp_channel *channel);

/* ---- tcp_listen.c ---- */

weftResult_t weft_tcp_listen(struct weft_tcp_net *net, const struct weft_net_nic *nics,
                             uint32_t nic_count, char why[256]);
void weft_tcp_listen_end(struct weft_tcp_net *net);
void weft_tcp_accept(struct weft_tcp_net *net, uint32_t nic);
void weft_tcp_guest_advance(struct weft_tcp_net *net, struct weft_tcp_channel *channel);
weft_ns weft_tcp_guests_tick(struct weft_tcp_net *net); /* returns the next time */

/* ---- tcp_window.c ---- */

weftResult_t weft_tcp_window_add(struct weft_net *net, uint32_t window, void *base, size_t size);
void weft_tcp_window_remove(struct weft_net *net, uint32_t window);
weftResult_t weft_tcp_expose(struct weft_net *net, uint32_t window,
                             const struct weft_net_remote *as);
void weft_tcp_conceal(struct weft_net *net, uint32_t window);
weftResult_t weft_tcp_import(struct weft_net *net, uint32_t window, uint32_t peer,
                             const struct weft_net_remote *remote);
void weft_tcp_forget(struct weft_net *net, uint32_t window);
/* The exposure that lets `by` in with all of `rights`, or NULL. */
const struct weft_tcp_exposure *weft_tcp_window_admit(const struct weft_tcp_net *net,
                                                      const struct weft_wire_window *by,
                                                      unsigned rights);
/* An imported window of a peer, or NULL. */
const struct weft_tcp_window *weft_tcp_window_imported(const struct weft_tcp_net *net,
                                                       uint32_t window);
struct weft_wire_window weft_tcp_window_wire(const struct weft_tcp_window *window);

/* ---- tcp_operation.c ---- */

weftResult_t weft_tcp_copy(struct weft_net *net, const struct weft_copy *copy);
weftResult_t weft_tcp_forward(struct weft_net *net, const struct weft_copy *copy);
void weft_tcp_answer(struct weft_net *net, uint32_t peer, uint32_t request, weftResult_t result);
weftResult_t weft_tcp_store(struct weft_net *net, uint32_t window, uint64_t offset, uint64_t value,
                            weftSignalOp_t op, uint32_t cookie);
weftResult_t weft_tcp_send(struct weft_net *net, uint32_t peer, const void *bytes, size_t size);
/* Ends an operation and gives back what it holds; a cookie goes to the completions. */
void weft_tcp_operation_end(struct weft_tcp_net *net, uint32_t operation, weftResult_t result);
/* The peer has applied it, or refused it. */
void weft_tcp_operation_applied(struct weft_tcp_net *net, uint32_t operation);
/* Whatever is under way with a peer ends so. */
void weft_tcp_operations_end(struct weft_tcp_net *net, uint32_t peer, weftResult_t result);
/* Lists it with its peer, for any lane. */
void weft_tcp_operation_wait(struct weft_tcp_net *net, uint32_t operation);
/* A forward of the peer as a note, or WEFT_NONE. */
uint32_t weft_tcp_operation_ask(struct weft_tcp_net *net, uint32_t peer, uint32_t request);

/* ---- tcp_event.c ---- */

weftResult_t weft_tcp_events_init(struct weft_tcp_net *net);
bool weft_tcp_event(struct weft_net *net, struct weft_net_event *event);
/* Room for an event with `size` bytes behind it: its memory, to be filled before the next call.
 * NULL: no room now. */
void *weft_tcp_event_push(struct weft_tcp_net *net, const struct weft_net_event *event,
                          size_t size);
bool weft_tcp_event_waits(const struct weft_tcp_net *net);

/* ---- tcp_peer.c ---- */

weftResult_t weft_tcp_peer_open(struct weft_net *net, const uint8_t address[WEFT_NET_ADDRESS_BYTES],
                                uint32_t *peer);
void weft_tcp_peer_close(struct weft_net *net, uint32_t peer);
const char *weft_tcp_peer_state_name(enum weft_tcp_peer_state state);
/* The peer of that incarnation, or NULL. */
struct weft_tcp_peer *weft_tcp_peer_find(struct weft_tcp_net *net, uint64_t incarnation);
/* NULL: no room. */
struct weft_tcp_peer *weft_tcp_peer_make(struct weft_tcp_net *net,
                                         const struct weft_wire_address *address, bool is_dialler);
uint32_t weft_tcp_peer_number(const struct weft_tcp_net *net, const struct weft_tcp_peer *peer);
/* A lane of it came up, or went down. */
void weft_tcp_peer_lane_up(struct weft_tcp_net *net, struct weft_tcp_peer *peer);
void weft_tcp_peer_lane_down(struct weft_tcp_net *net, struct weft_tcp_peer *peer);
/* Nothing of ours will be applied there any more. */
void weft_tcp_peer_gone(struct weft_tcp_net *net, struct weft_tcp_peer *peer, const char *why);
/* The live lane with least to write, or NULL. */
struct weft_tcp_lane *weft_tcp_peer_lane(struct weft_tcp_peer *peer);
weft_ns weft_tcp_peer_tick(struct weft_tcp_net *net, struct weft_tcp_peer *peer);

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

/* ---- tcp_lane.c ---- */

void weft_tcp_lane_init(struct weft_tcp_net *net, struct weft_tcp_lane *lane, uint32_t peer,
                        uint32_t number);
const char *weft_tcp_lane_state_name(enum weft_tcp_lane_state state);
bool weft_tcp_lane_is_live(const struct weft_tcp_lane *lane);
/* The channel is the lane's from now on, in a new generation whose past is settled. */
void weft_tcp_lane_raise(struct weft_tcp_net *net, struct weft_tcp_lane *lane,
                         struct weft_tcp_channel *channel, uint64_t generation);
/* Closes it: nothing more of it is applied here. */
void weft_tcp_lane_die(struct weft_tcp_net *net, struct weft_tcp_lane *lane, const char *why);
/* Its peer is gone: nothing of it is in doubt. Its operations are the caller's to end. */
void weft_tcp_lane_close(struct weft_tcp_net *net, struct weft_tcp_lane *lane);
/* A dead lane's past is known. */
void weft_tcp_lane_settle(struct weft_tcp_net *net, struct weft_tcp_lane *lane);
/* There is something to write. */
void weft_tcp_lane_touch(struct weft_tcp_net *net, struct weft_tcp_lane *lane);
void weft_tcp_lane_progress(struct weft_tcp_net *net, struct weft_tcp_lane *lane);
weft_ns weft_tcp_lane_tick(struct weft_tcp_net *net, struct weft_tcp_lane *lane);

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

/* ---- tcp_shape.c ---- */

void weft_tcp_shape(struct weft_net *net, uint32_t nic, const struct weft_net_shape *shape);

/* How much of `wanted` may go out over a NIC now. */
uint64_t weft_tcp_shape_allow(struct weft_tcp_net *net, uint32_t nic, uint64_t wanted_bytes);
void weft_tcp_shape_spend(struct weft_tcp_net *net, uint32_t nic, uint64_t bytes);
/* When some of it may: now, or later. */
weft_ns weft_tcp_shape_at(const struct weft_tcp_net *net, uint32_t nic);
/* Lanes over it wait for tokens. */
bool weft_tcp_shape_is_pacing(const struct weft_tcp_net *net, uint32_t nic);
bool weft_tcp_shape_is_silent(const struct weft_tcp_net *net, uint32_t nic);

#endif
