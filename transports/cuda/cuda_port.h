/* A GPU opened for a comm: its context, lanes, windows, the points and gates of user streams.
 *
 * All of it belongs to the progress thread, except where a caller's thread is named: `windows`
 * (each entry handed over by its `ready` flag), `marks` and `gates` (handed over by their rings),
 * and the word and stream of loads (under `load_lock`).
 *
 * A cookie's life, in the progress thread:
 *
 *      FREE --copy--> FLYING --its event is reached--> ENDED --poll--> FREE
 *                       `--its lane is closed--> FREE
 *
 * A queue is one CUDA stream with the cookies that fly on it, oldest first: they end in order, so
 * that only the oldest one's event is ever asked for. */
#ifndef WEFT_CUDA_PORT_H
#define WEFT_CUDA_PORT_H

#include <pthread.h>

#include "base/base.h"
#include "base/list.h"
#include "base/ring.h"
#include "cuda_pin.h"

#define WEFT_CUDA_LANES_MAX (2 * WEFT_CUDA_DEVICES_MAX)

/* A lane's streams: one for plain copies (a second one gained nothing, and halved batched copies
 * from host memory: measured, H200, 13.0), and some for chained ones, by the lane that they wait
 * for: a lane that hangs keeps others' chains on few streams. */
#define WEFT_CUDA_CHAINED_STREAMS 4
#define WEFT_CUDA_QUEUES          (1 + WEFT_CUDA_CHAINED_STREAMS)

/* What flies on a stream: copies, and extents unless they are one copy's. With 1,000 operations
 * waiting in a stream the driver blocks the caller (measured: 13.0). */
#define WEFT_CUDA_QUEUE_COPIES  64
#define WEFT_CUDA_QUEUE_EXTENTS 512

#define WEFT_CUDA_BATCH_MAX 1024 /* extents of one driver call */
#define WEFT_CUDA_MARKS_MAX 1024 /* a power of two, as is the next */
#define WEFT_CUDA_GATES_MAX 1024

/* The longest wait for a 64-bit word to reach or leave a GPU. */
#define WEFT_CUDA_WORD_NS ((weft_ns)2000000000)

enum weft_cuda_cookie_state {
    WEFT_CUDA_COOKIE_FREE,
    WEFT_CUDA_COOKIE_FLYING,
    WEFT_CUDA_COOKIE_ENDED,
    WEFT_CUDA_COOKIE_STATES
};

struct weft_cuda_cookie {
    weft_cuda_event event; /* NULL until its first copy; recorded behind each */
    enum weft_cuda_cookie_state state;
    weftResult_t result; /* FLYING: what is known already; else: of its last copy */
    bool recorded;       /* false: the event could not be recorded, ask the stream */
    uint32_t turn;       /* copies it has stood for: tells a later use from this one */
    uint32_t lane;
    uint32_t extent_count;
    struct weft_cuda_port *after_port; /* NULL: not chained */
    uint32_t after;
    uint32_t after_turn;
};

struct weft_cuda_queue {
    weft_cuda_stream stream;
    struct weft_list flying; /* cookies, oldest first */
    uint32_t extent_count;   /* of those */
};

struct weft_cuda_lane {
    bool open;
    bool failing; /* its last copy ended badly: said already */
    uint32_t src_device;
    uint32_t dst_device;
};

/* `ready` is raised last by window_add and lowered first by window_remove. */
struct weft_cuda_window {
    struct weft_flag ready;
    weftDeviceKind_t kind;
    uint32_t device;
    weft_cuda_context context; /* of GPU memory: its GPU's primary one */
    weft_cuda_ptr base;
    uint64_t size_bytes;
    struct weft_cuda_seams seams; /* of host memory */
};

/* Memory of another process that is open here: a list. */
struct weft_cuda_import {
    struct weft_cuda_import *next;
    weft_cuda_ptr base;       /* of the window, */
    weft_cuda_ptr allocation; /* and of what it is part of, which the driver knows */
};

/* A point in a user's stream; whoever popped its index owns it. */
struct weft_cuda_mark {
    weft_cuda_event event;     /* NULL: not made yet */
    weft_cuda_context context; /* whose event it is */
};

/* One driver call's worth of a copy. */
struct weft_cuda_batch {
    weft_cuda_ptr dsts[WEFT_CUDA_BATCH_MAX];
    weft_cuda_ptr srcs[WEFT_CUDA_BATCH_MAX];
    size_t sizes[WEFT_CUDA_BATCH_MAX];
    size_t count;
    bool refused; /* the driver has no batched copies after all */
};

/* A copy with its windows and its stream found. */
struct weft_cuda_job {
    const struct weft_copy *copy;
    const struct weft_cuda_window *dst;
    const struct weft_cuda_window *src;
    struct weft_cuda_queue *queue;
    bool chained; /* it waits for another copy first */
};

struct weft_cuda_port {
    struct weft_port_base base;
    const struct weft_cuda_driver *driver;
    void (*log)(int level, const char *text);
    uint32_t device; /* in the topology */
    weft_cuda_device ordinal;
    weft_cuda_context context;

    uint32_t windows_max;
    struct weft_cuda_window *windows;
    struct weft_cuda_import *imports;
    pthread_mutex_t peers_lock;                     /* guards `peers` and `imports` */
    weft_cuda_context peers[WEFT_CUDA_DEVICES_MAX]; /* by ordinal; NULL: not needed so far */

    uint32_t cookies_max;
    struct weft_cuda_cookie *cookies;
    struct weft_list_link *links; /* of the cookies, in queues[].flying */

    struct weft_cuda_lane lanes[WEFT_CUDA_LANES_MAX];
    struct weft_cuda_queue queues[WEFT_CUDA_LANES_MAX * WEFT_CUDA_QUEUES]; /* by lane */
    struct weft_list busy;                                                 /* queues that fly */
    struct weft_list_link busy_links[WEFT_CUDA_LANES_MAX * WEFT_CUDA_QUEUES];

    struct weft_cuda_batch batch;

    weft_cuda_stream store_stream; /* words written by the progress thread */
    bool store_hung;               /* the last one did not arrive in time */
    weft_cuda_stream load_stream;
    bool load_hung;
    pthread_mutex_t load_lock; /* guards load_stream, load_hung and words[1] */
    uint64_t *words;           /* pinned: one of store, one of load, then those of the gates */
    uint64_t *gate_words;

    struct weft_cuda_mark marks[WEFT_CUDA_MARKS_MAX];
    struct weft_ring free_marks;
    struct weft_ring_cell mark_cells[WEFT_CUDA_MARKS_MAX];
    uint64_t gate_turns[WEFT_CUDA_GATES_MAX]; /* what the gate's word becomes when it opens */
    struct weft_ring free_gates;
    struct weft_ring_cell gate_cells[WEFT_CUDA_GATES_MAX];
};

static inline struct weft_cuda_port *weft_cuda_port_of(struct weft_port *port)
{
    return (struct weft_cuda_port *)(void *)port;
}

/* Says once per call what failed, with the device, and gives the result for it. */
weftResult_t weft_cuda_port_failed(struct weft_cuda_port *port, const char *call,
                                   weft_cuda_result error);

/* ---- cuda_probe.c ---- */

weftResult_t weft_cuda_probe(const struct weft_transport_env *env, struct weft_device_found *found,
                             uint32_t found_max, uint32_t *found_count, char why[256]);
weftResult_t weft_cuda_hops(const struct weft_transport_env *env,
                            const struct weft_device_ref *devices, uint32_t device_count,
                            struct weft_hop_offer *offers, uint32_t *offer_count);

/* ---- cuda_lane.c: copies ---- */

weftResult_t weft_cuda_connect(struct weft_port *port, const struct weft_hop_offer *hop,
                               uint32_t *lane);
void weft_cuda_disconnect(struct weft_port *port, uint32_t lane);
weftResult_t weft_cuda_copy(struct weft_port *port, const struct weft_copy *copy);
uint32_t weft_cuda_poll(struct weft_port *port, struct weft_completion *completions, uint32_t max);
weftResult_t weft_cuda_fence(struct weft_port *port, uint32_t lane);

/* ---- cuda_issue.c ---- */

/* Hands the extents of a copy to the driver. `*issued` becomes true with the first that it took. */
weft_cuda_result weft_cuda_issue(struct weft_cuda_port *port, const struct weft_cuda_job *job,
                                 bool *issued);

/* ---- cuda_window.c: memory ---- */

weftResult_t weft_cuda_alloc(struct weft_port *port, size_t size, void **memory);
void weft_cuda_free(struct weft_port *port, void *memory);
weftResult_t weft_cuda_memory_pin(struct weft_port *port, void *memory, size_t size, char why[256]);
void weft_cuda_memory_unpin(struct weft_port *port, void *memory, size_t size);
weftResult_t weft_cuda_window_add(struct weft_port *port, uint32_t window,
                                  const struct weft_device_ref *device, void *base, size_t size,
                                  char why[256]);
void weft_cuda_window_remove(struct weft_port *port, uint32_t window);

/* ---- cuda_share.c: memory of other processes ---- */
weftResult_t weft_cuda_window_export(struct weft_port *port, uint32_t window,
                                     struct weft_ticket *ticket, char why[256]);
weftResult_t weft_cuda_window_import(struct weft_port *port, const struct weft_ticket *ticket,
                                     size_t size, void **base, char why[256]);
void weft_cuda_import_end(struct weft_port *port, void *base);

/* The window of that number, or NULL. Any thread. */
const struct weft_cuda_window *weft_cuda_window_get(const struct weft_cuda_port *port,
                                                    uint32_t window);

/* ---- cuda_word.c: single words ---- */

weftResult_t weft_cuda_words_open(struct weft_cuda_port *port);
void weft_cuda_words_close(struct weft_cuda_port *port);
weftResult_t weft_cuda_store(struct weft_port *port, uint32_t window, uint64_t offset,
                             uint64_t value, weftSignalOp_t op);
weftResult_t weft_cuda_load(struct weft_port *port, uint32_t window, uint64_t offset,
                            uint64_t *value);

/* ---- cuda_stream.c: the user's streams ---- */

void weft_cuda_streams_init(struct weft_cuda_port *port);
void weft_cuda_streams_fini(struct weft_cuda_port *port);
weftResult_t weft_cuda_stream_mark(struct weft_port *port, weftStream_t stream, uint32_t *mark);
weftResult_t weft_cuda_stream_reached(struct weft_port *port, uint32_t mark);
weftResult_t weft_cuda_stream_hold(struct weft_port *port, weftStream_t stream, uint32_t *gate);
void weft_cuda_stream_release(struct weft_port *port, uint32_t gate);
weftResult_t weft_cuda_stream_await(struct weft_port *port, weftStream_t stream, uint32_t window,
                                    uint64_t offset, uint64_t value);

#endif
