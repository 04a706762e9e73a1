/* What a transport is to Weft: one table of functions.
 *
 * A transport offers *hops* between devices of the topology (one DMA by one engine from one
 * byte-holding device to another). The host opens a *port* on each device that drives hops and a
 * *lane* for each hop; copies are issued on lanes and end in poll. A transport knows nothing of
 * routes, transfers or deadlines. All slots of an opened port are called from one thread, the
 * progress thread, except window_add, window_remove, window_import, import_end, alloc, free, pin,
 * unpin, load, stream_mark, stream_hold and stream_await, which the callers' threads may call at
 * any time. No slot blocks for longer than the driver call that it makes.
 *
 * No slot is NULL: what a transport does not have is one of the stubs in src/host/transport_stub.c
 * that fail with weftInvalidUsage (of pin: that have nothing to do). */
#ifndef WEFT_TRANSPORT_H
#define WEFT_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "weft.h"

#define WEFT_TICKET_BYTES 96

struct weft_port; /* each transport's own struct begins with struct weft_port_base */

/* A device as a transport needs to know it. */
struct weft_device_ref {
    uint32_t device; /* index in the topology */
    weftDeviceKind_t kind;
    int numa_node;
    char bus[32]; /* PCI address, lower case, "0000:1b:00.0"; empty for host memory */
};

/* A device that a transport has found by itself: the raw material of discovery. */
struct weft_device_found {
    weftDeviceKind_t kind;
    int numa_node; /* -1: the transport cannot tell */
    char bus[32];
    char model[64];
    size_t memory_bytes;
    unsigned compute_capability; /* 90 for sm_90; 0 where that means nothing */
    unsigned nvlink_count;       /* links to a switch; 0: none or unknown */
};

/* A hop that a transport offers. */
struct weft_hop_offer {
    uint32_t src_device;
    uint32_t dst_device;
    uint32_t port_device; /* the port that drives it; that device's owner feels it */
    bool peer;            /* between two GPUs: the link search may use NVLink */
};

/* What another process of this server needs to open a window's memory. Only the transport that
 * wrote the bytes reads them; they give no right to anything. */
struct weft_ticket {
    uint8_t bytes[WEFT_TICKET_BYTES];
};

struct weft_transport_env {
    uint32_t cookies_max; /* cookies are below this */
    uint32_t windows_max; /* window numbers are below this */
    const char *driver;   /* setting cuda_driver; empty: the system's */
    bool shares;          /* what alloc gives may be opened by other processes: window_export */
    void (*log)(int level, const char *text); /* 0 error, 1 warning, 2 information */
};

/* One piece of a copy. */
struct weft_extent {
    uint64_t dst_offset;
    uint64_t src_offset;
    uint64_t size_bytes;
};

#define WEFT_COOKIE_NONE UINT32_MAX

/* A 64-bit word of a window that is set or raised. */
struct weft_copy_signal {
    uint32_t window;
    uint64_t offset;
    uint64_t value;
    weftSignalOp_t op;
};

/* A vector of extents from one window to another on one lane, ended as a whole. */
struct weft_copy {
    uint32_t lane; /* as connect gave it */
    uint32_t dst_window;
    uint32_t src_window;
    uint32_t extent_count;
    const struct weft_extent *extents; /* the port copies what it keeps */
    uint64_t size_bytes;               /* sum over the extents */
    bool lent;                         /* its route borrows the lane: others may go first */
    uint32_t cookie;                   /* in use until poll has given it back */
    uint32_t after;                    /* a cookie of `after_port` that must have ended, or NONE;
                                          if it ends badly this copy does too, and moves nothing */
    struct weft_port *after_port;      /* of the same transport */
    const struct weft_copy_signal
        *signal; /* NULL but between servers: signal_bytes_max of weft_net.h */
};

struct weft_completion {
    uint32_t cookie;
    weftResult_t result; /* weftSuccess: the bytes are visible; else: none will land from now on */
};

struct weft_transport_ops {
    const char *name;

    /* Loads what the transport needs and lists the devices that it finds.
     * weftInvalidUsage      nothing to drive here (no driver, no device); `why` says so
     * weftUnhandledCudaError, weftSystemError   it is there, and does not work; `why` says how */
    weftResult_t (*probe)(const struct weft_transport_env *env, struct weft_device_found *found,
                          uint32_t found_max, uint32_t *found_count, char why[256]);

    /* The hops between devices of the topology that this transport can drive. Called after probe
     * succeeded. `offers` has room for devices * devices. */
    weftResult_t (*hops)(const struct weft_transport_env *env,
                         const struct weft_device_ref *devices, uint32_t device_count,
                         struct weft_hop_offer *offers, uint32_t *offer_count);

    weftResult_t (*open)(const struct weft_transport_env *env, const struct weft_device_ref *device,
                         struct weft_port **port);
    void (*close)(struct weft_port *port); /* NULL allowed; after fence on every lane */

    /* Memory on the port's device; weftNoResource when it has no room. */
    weftResult_t (*alloc)(struct weft_port *port, size_t size, void **memory);
    void (*free)(struct weft_port *port, void *memory);

    /* Readies host memory that Weft has allocated for copies of this port before any window covers
     * it; unpin, with the same range, comes before the memory is given back. Results, `why` and
     * counting are those of a window's memory. */
    weftResult_t (*pin)(struct weft_port *port, void *memory, size_t size, char why[256]);
    void (*unpin)(struct weft_port *port, void *memory, size_t size);

    /* Makes memory of `device` usable by copies of this port under the number `window`. Every port
     * of the transport is told of every window. weftInvalidArgument: the memory is not of that
     * device; `why` says what it is. */
    weftResult_t (*window_add)(struct weft_port *port, uint32_t window,
                               const struct weft_device_ref *device, void *base, size_t size,
                               char why[256]);
    void (*window_remove)(struct weft_port *port, uint32_t window);

    /* Memory of other processes of this server, by the port that allocates on its device. export:
     * a ticket for a window's memory; weftInvalidUsage: nobody else can open it, `why` says what to
     * do. import: `size` bytes that are those of the window, for window_add; weftInvalidArgument:
     * the ticket opens nothing (any more), weftSystemError: the system does not allow it. The
     * memory stays good when its owner ends. import_end: after window_remove, from its return on
     * nothing here touches the memory. */
    weftResult_t (*window_export)(struct weft_port *port, uint32_t window,
                                  struct weft_ticket *ticket, char why[256]);
    weftResult_t (*window_import)(struct weft_port *port, const struct weft_ticket *ticket,
                                  size_t size, void **base, char why[256]);
    void (*import_end)(struct weft_port *port, void *base);

    /* Opens a lane for a hop that `hops` offered with this port's device as port_device. */
    weftResult_t (*connect)(struct weft_port *port, const struct weft_hop_offer *hop,
                            uint32_t *lane);
    void (*disconnect)(struct weft_port *port, uint32_t lane);

    /* Issues a copy. weftNoResource: the queue is full, issue it again later (nothing was done).
     * Any other error: nothing was done and nothing will land. */
    weftResult_t (*copy)(struct weft_port *port, const struct weft_copy *copy);

    /* Writes at most `max` copies that have ended and returns how many. */
    uint32_t (*poll)(struct weft_port *port, struct weft_completion *completions, uint32_t max);

    /* weftSuccess when nothing issued on the lane can land any more, else weftInProgress. */
    weftResult_t (*fence)(struct weft_port *port, uint32_t lane);

    /* Sets or adds to the 64-bit word at `offset` of `window`, visible when it returns; not atomic
     * with writers outside of Weft. */
    weftResult_t (*store)(struct weft_port *port, uint32_t window, uint64_t offset, uint64_t value,
                          weftSignalOp_t op);
    weftResult_t (*load)(struct weft_port *port, uint32_t window, uint64_t offset, uint64_t *value);

    /* The user's streams. mark: a point behind all work now in the stream. reached: weftSuccess,
     * weftInProgress or an error; an end gives the mark back. hold: later work in the stream waits
     * until release (from the progress thread) with the same gate. await: later work in the stream
     * waits until the word of the window is at least `value`. */
    weftResult_t (*stream_mark)(struct weft_port *port, weftStream_t stream, uint32_t *mark);
    weftResult_t (*stream_reached)(struct weft_port *port, uint32_t mark);
    weftResult_t (*stream_hold)(struct weft_port *port, weftStream_t stream, uint32_t *gate);
    void (*stream_release)(struct weft_port *port, uint32_t gate);
    weftResult_t (*stream_await)(struct weft_port *port, weftStream_t stream, uint32_t window,
                                 uint64_t offset, uint64_t value);
};

struct weft_port_base {
    const struct weft_transport_ops *ops;
};

#endif
