/* What a network transport is to Weft: one table of functions, beside weft_transport.h for what
 * moves bytes inside a server.
 *
 * An opened `net` is this comm's end of the network: it listens, reaches peers (comms of other
 * processes, on any server), and joins each of its NICs with one of the peer's by a *lane*. Lane l
 * of a peer joins NIC l mod n here with NIC l mod m there; there are max(n, m) of them, for both
 * directions. All functions are called from one thread, the progress thread, but for open and
 * close. None blocks.
 *
 * What a transport promises:
 *  - A copy that it completes with weftSuccess is visible in the peer's memory. One that it
 *    completes with an error will not land, now or later: a lane that dies with copies in flight is
 *    fenced first (the peer, reached by another lane, drops the dead one and says what it had
 *    applied). A copy whose fate cannot be learned is not completed.
 *  - Messages, stores and forwards are carried exactly once while one lane lives: what a dead lane
 *    had not delivered goes over another one. They are not ordered among each other.
 *  - Nothing is written but into exposed windows, inside their bounds, with the right token, epoch
 *    and rights, by authenticated peers. Whatever else arrives is dropped and counted. */
#ifndef WEFT_NET_H
#define WEFT_NET_H

#include "weft_transport.h"

#define WEFT_NET_NICS_MAX      16
#define WEFT_NET_ADDRESS_BYTES 160 /* what a peer needs to reach a net, its secret included */
#define WEFT_NET_SECRET_BYTES  32
#define WEFT_NET_TOKEN_BYTES   16
#define WEFT_NET_HELLO_BYTES   65536 /* the largest hello, and the largest message */

struct weft_net; /* each transport's own struct begins with struct weft_net_base */

struct weft_net_nic {
    char address[64]; /* an IP address of this machine; "0.0.0.0": any */
};

enum weft_net_crypto {
    WEFT_NET_CRYPTO_FULL,      /* AES-256-GCM */
    WEFT_NET_CRYPTO_INTEGRITY, /* authenticated, not hidden */
    WEFT_NET_CRYPTO_OFF,       /* peers are authenticated once, their bytes are trusted after */
    WEFT_NET_CRYPTO_MODES
};

struct weft_net_env {
    uint32_t cookies_max; /* cookies are below this */
    uint32_t windows_max; /* window numbers, own and imported alike, are below this */
    uint32_t peers_max;
    uint64_t incarnation; /* random, of this comm: a restarted process is another peer */
    uint8_t secret[WEFT_NET_SECRET_BYTES]; /* who dials us must know it */
    enum weft_net_crypto crypto;
    const void *hello; /* told to every peer that connects; the caller's, as long as the net */
    size_t hello_size;
    uint64_t silence_ns;   /* real: a lane without progress for so long is suspected, then fenced */
    uint64_t dial_ns;      /* real: so long a peer is tried before PEER_DOWN */
    uint64_t guests_per_s; /* connections that an address may make; 0: no limit */
    void (*log)(int level, const char *text);
};

/* A window of a peer, as its owner's key or message describes it. */
struct weft_net_remote {
    uint32_t window; /* its number there */
    uint32_t epoch;
    uint64_t size_bytes;
    unsigned rights;
    uint8_t token[WEFT_NET_TOKEN_BYTES];
};

enum weft_net_event_kind {
    WEFT_NET_PEER_UP,   /* bytes: its hello. Also for peers that dialled us */
    WEFT_NET_PEER_DOWN, /* why; its number may be used again after peer_close */
    WEFT_NET_MESSAGE,   /* bytes: what the peer sent */
    WEFT_NET_FORWARD,   /* the peer asks for a copy between two windows of ours: answer it */
    WEFT_NET_EVENT_KINDS
};

/* Pointers are valid until the next call of `event`. */
struct weft_net_event {
    enum weft_net_event_kind kind;
    uint32_t peer;
    const void *bytes;
    size_t size;
    const char *why;
    bool is_gone;    /* PEER_DOWN: the process has ended, so nothing of ours can land there */
    bool is_orderly; /* and it has closed us itself: that is no failure */
    /* PEER_UP */
    uint64_t incarnation;
    uint32_t lane_count;
    uint32_t nic_count; /* the peer's */
    /* FORWARD: both windows were found exposed with the rights, and the extents inside them, none
     * of them empty. One of which a window was concealed since then is refused and not told. */
    uint32_t request;
    uint32_t dst_window;
    uint32_t src_window;
    const struct weft_extent *extents;
    uint32_t extent_count;
    uint64_t size_bytes;
};

/* What an emulated or faulty NIC does. */
enum weft_net_shape_state {
    WEFT_NET_SHAPE_UP,
    WEFT_NET_SHAPE_CUT,        /* connections over it break, and new ones fail */
    WEFT_NET_SHAPE_SILENT,     /* nothing goes out or comes in, and nothing is said */
    WEFT_NET_SHAPE_SILENT_OUT, /* the same of what goes out alone */
    WEFT_NET_SHAPE_SILENT_IN,  /* and of what comes in alone */
    WEFT_NET_SHAPE_STATES
};

struct weft_net_shape {
    enum weft_net_shape_state state;
    uint64_t rate_bytes_per_ms; /* of what goes out, and (tcp) of what comes in, real time; 0: as
                                   fast as it goes */
    uint32_t loss_one_in;       /* of packets that go out, one in so many is lost; 0: none. Where a
                                   transport has no packets, none is */
    uint64_t delay_ns;          /* of packets that go out or, without packets, of what comes in,
                                   real time; 0: none */
};

struct weft_net_lane_state {
    bool is_up;
    uint32_t nic;      /* here */
    uint32_t peer_nic; /* there */
    uint64_t sent_bytes;
    uint64_t received_bytes;
};

/* What came in, what was dropped, and why, since open. */
struct weft_net_counts {
    uint64_t accepted;  /* connections */
    uint64_t strangers; /* that did not say the right first bytes */
    uint64_t wrong_secrets;
    uint64_t slow;           /* that did not finish their handshake in time */
    uint64_t refused_writes; /* of peers: no such window, token, epoch, right or range */
    uint64_t fences;         /* lanes that died and were fenced */
    uint64_t received_bytes; /* of peers: who polls sees by it that it is not idle */
    uint64_t too_many;       /* connections beyond guests_per_s */
};

struct weft_net_ops {
    const char *name;
    /* Up to so many bytes `copy` takes a copy with a signal in a window of the same peer, and
     * raises the word, once, when the bytes are visible; a copy that ends badly has not raised it,
     * and will not. 0: it takes none. */
    uint64_t signal_bytes_max;

    /* Listens on each NIC. weftSystemError: an address cannot be bound; `why` names it.
     * weftInvalidArgument: it is no address. */
    weftResult_t (*open)(const struct weft_net_env *env, const struct weft_net_nic *nics,
                         uint32_t nic_count, struct weft_net **net, char why[256]);
    void (*close)(struct weft_net *net); /* NULL allowed */

    /* What another net needs to reach this one, the secret included: goes into keys and unique ids,
     * and gives who holds it the right to connect. */
    void (*address)(struct weft_net *net, uint8_t bytes[WEFT_NET_ADDRESS_BYTES]);

    /* Own memory, and its end: copies of ours that read it must have ended. `base` is NULL where
     * this process cannot address it, a real GPU's: then peers get it by forwards alone, and a
     * write or a store into it is refused as one without the right. */
    weftResult_t (*window_add)(struct weft_net *net, uint32_t window, void *base, size_t size);
    void (*window_remove)(struct weft_net *net, uint32_t window);

    /* Lets peers that know the token use an own window. conceal: from its return on nothing is
     * written any more, nor read. A window may be exposed several times, each with its own token
     * and rights; conceal ends all of them. weftNoResource: too many. */
    weftResult_t (*expose)(struct weft_net *net, uint32_t window, const struct weft_net_remote *as);
    void (*conceal)(struct weft_net *net, uint32_t window);

    /* Gives a window of a peer the number `window` here. */
    weftResult_t (*import)(struct weft_net *net, uint32_t window, uint32_t peer,
                           const struct weft_net_remote *remote);
    void (*forget)(struct weft_net *net, uint32_t window);

    /* Begins to reach a peer; PEER_UP or PEER_DOWN follows. weftNoResource: peers_max. */
    weftResult_t (*peer_open)(struct weft_net *net, const uint8_t address[WEFT_NET_ADDRESS_BYTES],
                              uint32_t *peer);
    void (*peer_close)(struct weft_net *net, uint32_t peer);

    /* Writes from an own window into a peer's. Only `lane` of weft_copy is read otherwise than
     * inside a server: it is the number of a lane of the peer that has dst_window. `after` must be
     * WEFT_COOKIE_NONE. weftNoResource: the lane's queue is full, issue it again later.
     * weftRemoteError: the lane is down; nothing was done. */
    weftResult_t (*copy)(struct weft_net *net, const struct weft_copy *copy);

    /* Asks the peer for a copy between two windows of its own: it gets FORWARD and answers. */
    weftResult_t (*forward)(struct weft_net *net, const struct weft_copy *copy);
    void (*answer)(struct weft_net *net, uint32_t peer, uint32_t request, weftResult_t result);

    /* Sets or adds to a word of a peer's window; completed when it is visible there. */
    weftResult_t (*store)(struct weft_net *net, uint32_t window, uint64_t offset, uint64_t value,
                          weftSignalOp_t op, uint32_t cookie);

    /* weftNoResource: the queue is full; weftRemoteError: no lane of the peer is up. */
    weftResult_t (*send)(struct weft_net *net, uint32_t peer, const void *bytes, size_t size);

    /* Works the sockets and writes at most `max` ended copies, forwards and stores. Call it in
     * turn, or when wakeup_fd is readable or deadline has come. */
    uint32_t (*poll)(struct weft_net *net, struct weft_completion *completions, uint32_t max);
    bool (*event)(struct weft_net *net, struct weft_net_event *event);

    int (*wakeup_fd)(struct weft_net *net);
    uint64_t (*deadline_ns)(struct weft_net *net); /* real, CLOCK_MONOTONIC; UINT64_MAX: none */

    /* Gives an emulated NIC its rate, or a fault, from now on. */
    void (*shape)(struct weft_net *net, uint32_t nic, const struct weft_net_shape *shape);

    void (*lane_state)(struct weft_net *net, uint32_t peer, uint32_t lane,
                       struct weft_net_lane_state *state);
    void (*counts)(struct weft_net *net, struct weft_net_counts *counts);
};

struct weft_net_base {
    const struct weft_net_ops *ops;
};

#endif
