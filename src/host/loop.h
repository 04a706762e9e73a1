/* The progress loop: what drives a comm's engine, its ports and its net, one thread at a time.
 *
 * Callers push slots on a ring and ring the bell; the loop submits them to the engine, performs the
 * engine's actions on the ports, polls the ports that have copies in flight, and ends the slots.
 *
 * Who drives has the turn. The comm has a progress thread for it. Where `helps` says so a caller
 * that waits takes the turn when it is free, and one that asks for a small transfer does for the
 * one round that sends it: no other thread has to be woken for a message. The progress thread naps
 * meanwhile, and takes over within 1 ms when no caller drives any more. When nothing happens both
 * look on for as long as that has paid lately, at most idle_spin_us, then sleep on a bell and the
 * net's descriptor.
 *
 * A transfer with a stream waits in a list until its stream is reached. Control calls (windows,
 * abort, explanation) are commands: the loop runs one at a time between its rounds; what is not
 * done then is asked again until its deadline. The loop decides nothing about routes; it leaves
 * what a call means to src/api. */
#ifndef WEFT_LOOP_H
#define WEFT_LOOP_H

#include <pthread.h>

#include "blame.h"
#include "clock.h"
#include "machine.h"
#include "slot.h"

#define WEFT_LOOP_TEXT_BYTES (1u << 20) /* the statistics of all pairs of 16 devices fit */
#define WEFT_LOOP_ROUTES_MAX 16

struct weft_loop;
struct weft_peers;
struct weft_status;
struct weft_loads;
struct weft_window_key;
struct weft_net_remote;

/* A control call, run on the progress thread. weftInProgress: it is asked again a little later. */
struct weft_command {
    weftResult_t (*run)(struct weft_loop *loop, struct weft_command *command, weft_ns now);
    uint32_t window;
    uint32_t device; /* of a window; the source of an explanation */
    uint32_t dst_device;
    uint64_t size_bytes;
    unsigned rights;
    void *base; /* of a window */
    const struct weft_window_key *key;
    const struct weft_net_remote *remote;
    struct weft_ticket ticket; /* of a sibling's window, for the caller to open */
    bool is_sibling;           /* there is one */
    bool is_asked;             /* for it */
    bool is_far;               /* it is not to be opened, but reached over the net */
    weft_ns deadline_at;       /* weftTimeout then */
    bool started;              /* it has run once */
    uint32_t copies;           /* of a window that cannot be removed yet */
    uint32_t row_count;
    weft_ns expected_ns;
    struct weft_route_report rows[WEFT_LOOP_ROUTES_MAX];
    char *text; /* the caller's; filled with what the command wrote, if that fits */
    size_t text_size;
    bool text_cut;
};

enum weft_turn { WEFT_TURN_FREE, WEFT_TURN_TAKEN };

enum weft_command_state { WEFT_COMMAND_IDLE, WEFT_COMMAND_ASKED, WEFT_COMMAND_ANSWERED };

/* A mark of a stream whose transfer has ended without it: polled until the stream gives it back. */
struct weft_loop_mark {
    uint32_t port;
    uint32_t mark;
};

struct weft_loop {
    char noun[24]; /* "comm 0" */
    struct weft_config config;
    struct weft_clock clock;
    struct weft_machine *machine;
    struct weft_peers *peers;          /* NULL: the setting `net` is off */
    struct weft_status *status;        /* NULL: the setting `status` is off */
    struct weft_loads *loads;          /* NULL: nobody else is told, or heard */
    uint64_t plans_told;               /* to the others, of the engine's */
    const struct weft_topo *topo;      /* the machine's, or the world's: names for sentences */
    const struct weft_hop_table *hops; /* the same */
    struct weft_slot_table slots;
    struct weft_counter sequence;
    struct weft_counter fence;

    /* where threads meet */
    struct weft_ring ops;         /* slot | kind, see loop_op.c */
    struct weft_bell bell;        /* the progress thread's */
    struct weft_bell helper_bell; /* of a caller that sleeps with the turn */
    struct weft_flag turn;        /* WEFT_TURN_* */
    atomic_ullong helped_at;   /* until then a caller drives; 0: the progress thread is to go on */
    atomic_ullong spin_ns;     /* who drives looks on so long before it sleeps: learned */
    atomic_ullong sleeps_till; /* the progress thread, unless it is woken; 0: it is awake */
    struct weft_flag flush_error; /* the first bad result of transfers without a request */
    struct weft_flag async_error;
    pthread_mutex_t command_lock; /* guards command, text and `stuck` among the callers */
    struct weft_flag command_state;
    struct weft_command command;
    weftResult_t command_result;
    char *text;                 /* WEFT_LOOP_TEXT_BYTES */
    bool stuck;                 /* the thread did not answer: nothing may be freed */
    pthread_mutex_t error_lock; /* guards last_error */
    char last_error[WEFT_BLAME_BYTES];

    pthread_t thread;
    bool running;
    bool helps; /* callers may drive: there is a net, and no driver that minds whose thread it is */

    /* of who has the turn */
    bool stopping;
    bool aborted;
    struct weft_engine *engine;
    uint32_t *window_devices; /* by window number */
    uint32_t relay_first;     /* window number of device 0's relay */
    void *relays[WEFT_DEVICES_MAX];
    uint32_t in_flight[WEFT_MACHINE_PORTS_MAX];
    uint32_t in_flight_total;
    uint32_t waiting_first; /* slots that wait for a stream, or behind one for their fence */
    uint32_t waiting_last;
    uint32_t mark_count;
    struct weft_loop_mark *marks;
    uint64_t fence_last;
    weft_ns stalled_until; /* a port's queue is full */
    weft_ns busy_at;       /* the last round with work */
    uint32_t looks;        /* in which nothing happened, since something did or somebody slept */
    uint32_t wasted_spins;
    uint32_t tellings; /* how often siblings were told that a caller sleeps, and... */
    bool is_told;      /* ...that one does */
    bool net_news;     /* the last round had some */
    uint64_t copy_count;
    uint64_t refused_count;
    uint64_t failed_count; /* transfers of callers that ended badly */
};

/* Opens the machine and starts the thread. `number` names the comm in the log; `generation` differs
 * between the comms of a process.
 * Results as weftCommInit; `why` is a sentence. */
weftResult_t weft_loop_open(const struct weft_config *config, uint32_t number, uint32_t generation,
                            struct weft_loop **loop, char why[WEFT_MACHINE_WHY_BYTES]);

/* Stops the thread and frees everything. Needs: every transfer has ended and no copy is in flight.
 * NULL allowed. False when the thread did not answer: all memory is then kept. */
bool weft_loop_close(struct weft_loop *loop);

/* Stops the thread and leaves the net, and keeps all memory: others may still use it. Needs: as
 * close. */
void weft_loop_halt(struct weft_loop *loop);

/* Hands prepared slots over (LIVE from now on). */
void weft_loop_push(struct weft_loop *loop, uint32_t slot);

/* Asks for the end of a slot's present use. */
void weft_loop_cancel(struct weft_loop *loop, uint32_t slot, uint32_t generation);

/* A round by the calling thread, if it may and nobody else is at it. weftInvalidUsage: it may not;
 * weftSuccess: something happened; weftInProgress: nothing did. */
weftResult_t weft_loop_help(struct weft_loop *loop);

/* A caller that waits. */
struct weft_loop_wait {
    weft_ns busy_at; /* when it began, and when something happened last */
    bool is_over;    /* it leaves it to others from now on */
    bool for_word;   /* it waits for a word in memory, which siblings write, too */
    uint32_t told;   /* which telling of loop->tellings it has looked at its word after */
    uint32_t looks;  /* in vain, since something happened or it slept */
};

/* What a caller that waits does at first: it drives, or looks on for a moment. False: that has
 * been long enough; it is to sleep, and others drive. */
bool weft_loop_await(struct weft_loop *loop, struct weft_loop_wait *wait, weft_ns now);

/* The wait is over, whatever came of it. */
void weft_loop_await_end(struct weft_loop *loop, const struct weft_loop_wait *wait);

/* Whoever drives, or sleeps to drive, looks again. */
void weft_loop_ring(struct weft_loop *loop);

/* Runs a command and waits for it. weftTimeout: its deadline passed; weftInternalError: the
 * progress thread does not answer. */
weftResult_t weft_loop_call(struct weft_loop *loop, struct weft_command *command);

/* ---- commands (loop_command.c) ---- */

weftResult_t weft_command_window_add(struct weft_loop *, struct weft_command *, weft_ns now);
weftResult_t weft_command_window_remove(struct weft_loop *, struct weft_command *, weft_ns now);
weftResult_t weft_command_window_revoke(struct weft_loop *, struct weft_command *, weft_ns now);
weftResult_t weft_command_abort(struct weft_loop *, struct weft_command *, weft_ns now);
weftResult_t weft_command_idle(struct weft_loop *, struct weft_command *, weft_ns now);
weftResult_t weft_command_explain(struct weft_loop *, struct weft_command *, weft_ns now);
weftResult_t weft_command_stats(struct weft_loop *, struct weft_command *, weft_ns now);
weftResult_t weft_command_stop(struct weft_loop *, struct weft_command *, weft_ns now);

/* ---- between the files of the loop ---- */

/* What drives the comm: one look at everything. Needs: the turn. True when something happened. */
bool weft_loop_round(struct weft_loop *loop);

/* Starts the progress thread. weftSystemError: the system has no thread left. */
weftResult_t weft_loop_start(struct weft_loop *loop);

/* Gives a prepared slot to the engine, or to a peer. */
void weft_loop_submit(struct weft_loop *loop, uint32_t slot);

/* Takes at most a ring's worth of what callers pushed; true when there was something. */
bool weft_loop_take_ops(struct weft_loop *loop);

/* loop_loads.c: joins those who share this server's links, where there may be others; leaves. */
void weft_loop_loads_open(struct weft_loop *loop);
void weft_loop_loads_close(struct weft_loop *loop);

/* Tells them what the engine's plan takes, and the engine what theirs take. */
void weft_loop_share_loads(struct weft_loop *loop);

/* Looks at the streams that transfers wait for; true when one moved on. */
bool weft_loop_poll_streams(struct weft_loop *loop);

/* Ends every transfer that waits for a stream. */
void weft_loop_drop_waiting(struct weft_loop *loop, weftResult_t result, enum weft_cause cause);

/* Lets the stream go on, and ends the slot. */
void weft_loop_end(struct weft_loop *loop, uint32_t slot, struct weft_slot_end end);

/* Raises a signal in a window on one of this server's devices. */
weftResult_t weft_loop_raise(struct weft_loop *loop, const struct weft_signal *signal);

/* Raises the signal, then ends the slot: at once, or when a peer has answered. */
void weft_loop_complete(struct weft_loop *loop, uint32_t slot, const struct weft_signal *signal,
                        struct weft_slot_end end);

/* Runs the asked command, if any; true when it was answered. */
bool weft_loop_run_command(struct weft_loop *loop);

#endif
