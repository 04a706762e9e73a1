/* The emulated server: everything that one process has of it, and the lock that guards it.
 *
 * There is one in a process; what the processes of a named machine have in common is lent by the
 * board (board.h), a private machine's too. Driver calls enter, work and leave; a worker thread
 * (worker.c) lets modelled time pass: it starts and ends copies, moves their bytes and runs
 * streams. What a call learns is what the worker has published: an operation counts as ended when
 * its bytes are there and real time has reached its modelled end. */
#ifndef WEFT_EMU_EMULATOR_H
#define WEFT_EMU_EMULATOR_H

#include <pthread.h>

#include "board.h"
#include "clock.h"
#include "handle.h"
#include "stream.h"

/* For some dozen comms of eight GPUs; 20 bytes of table each. */
#define WEFT_EMU_STREAMS_MAX 16384
#define WEFT_EMU_EVENTS_MAX  262144

struct weft_emu_context {
    uint32_t gpu;
    uint32_t retain_count;
    weft_cuda_context handle;
};

struct weft_emu {
    pthread_mutex_t lock; /* guards all below, but for what is fixed; taken before the board's */
    pthread_cond_t news;  /* callers sleep here until the worker has published something */
    pthread_t worker;
    int process; /* its id: a forked child has no worker. Fixed, as the next two are */
    struct weft_emu_clock clock;
    char machine_name[WEFT_EMU_OBJECT_BYTES]; /* empty: it is private */

    bool is_ready;       /* the worker has its seat, or got none */
    bool is_initialized; /* cuInit was called */
    bool is_stopping;
    bool is_asleep;          /* the worker, without a look at what was appended since */
    uint32_t listener_count; /* callers that sleep on `news` */
    bool is_lost;            /* what the worker did with the board last was not put up */
    weft_ns at;              /* modelled up to here, as the worker saw it last */
    weft_ns late_at;         /* the instant at which others keep the model; WEFT_NEVER: none */
    uint64_t late_since_ns;  /* real */
    uint64_t looked_at_ns;   /* real: when the worker looked last whether the others live */
    uint64_t change_count;   /* faults ordered by this process */
    uint64_t applied_count;  /* and taken account of by the worker */
    uint64_t news_count;     /* operations ended and bytes moved: rises while things go on */
    uint64_t news_at_ns;     /* real: when that was seen to rise last */

    struct weft_emu_board board;
    struct weft_emu_machine machine;
    struct weft_emu_memory memory;
    struct weft_emu_engine engines[WEFT_EMU_ENGINES_MAX];
    struct weft_emu_context contexts[WEFT_EMU_GPUS_MAX];
    struct weft_emu_stream default_streams[WEFT_EMU_GPUS_MAX];
    struct weft_emu_handles context_handles;
    struct weft_emu_handles stream_handles;
    struct weft_emu_handles event_handles;
    struct weft_emu_stream_list fresh; /* touched by calls: looked at when the model is at now */
    struct weft_emu_stream_list dirty; /* touched by the model: looked at where it is */
    struct weft_emu_stream_list watching;
};

/* Starts the machine, or joins the one of that name, which is empty for a private one; -1 with
 * `why`. Again with the same arguments: nothing. */
int weft_emu_open(const char *node, unsigned dilation, const char *machine_name,
                  char why[WEFT_EMU_WHY_BYTES]);

/* Locks; NULL when nothing is open, the process ends, or a host function calls. */
struct weft_emu *weft_emu_enter_any(void);

/* The same, after cuInit. */
struct weft_emu *weft_emu_enter(void);
void weft_emu_leave(struct weft_emu *emu);

/* Keeps the calling thread for a call's cost; without the lock. */
weft_ns weft_emu_charge(weft_ns cost_ns);

/* Wakes the worker, if it sleeps. */
void weft_emu_wake(struct weft_emu *emu);

/* Sleeps until the point is reached and returns its result. Gives up with LAUNCH_TIMEOUT when
 * nothing at all has moved for a minute, and when the process ends. Lets go of the lock. */
weft_cuda_result weft_emu_await(struct weft_emu *emu, struct weft_emu_point *point);

/* Sleeps until the worker has taken account of a fault just made. Lets go of the lock. */
void weft_emu_apply(struct weft_emu *emu);

/* The same for the fault of that number of the machine, and the workers of all processes that
 * answer. */
void weft_emu_apply_everywhere(struct weft_emu *emu, uint64_t fault);

/* Waits until the processes of a named machine have let the model come up to now, so that what
 * follows does not act on what was before it; not longer than one may be late. Lets go of the lock.
 * A private machine's worker does so by itself. */
void weft_emu_catch_up(struct weft_emu *emu);

/* worker.c */
void *weft_emu_work(void *emu);

/* The worker lets go of its locks for what takes long, and takes them up again. */
void weft_emu_let_go(struct weft_emu *emu);
void weft_emu_take_up(struct weft_emu *emu);

#endif
