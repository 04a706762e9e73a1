/* Siblings: peers that are other processes of this server.
 *
 * Their windows are opened, as memory of this process and windows on this server's own devices: so
 * that all routes, lists and signals are as inside one process, and the net carries words alone.
 * What cannot be opened (a ticket fails, memory that is no weftMemAlloc's) is reached over the net:
 * then, and only then, the sibling joins the world as another server would.
 *
 * A window here that is a sibling's:
 *
 *          ask          its ticket came          the caller has opened it
 *     NONE ---> ASKED ------------------> GIVEN ---------------------------> OPEN
 *       ^         |                         |                                  |  recalled, or its
 *       |         | refused, given up       | it could not be opened           v  owner is gone
 *       |<--------'-------------------------'                              RECALLED
 *       |                                                                      |  nothing uses it:
 *       |      deregistered (also from OPEN and RECALLED)                      v  closed, returned
 *       '------------------------------------------------------------------ CLOSED
 *
 * The owner has a holder for each window that it gave a ticket for. Before it revokes a window has
 * returned it recalls the window from all holders, and waits for each: until it says that nothing
 * of it touches the memory any more, or its process is over. All of it is the progress thread's. */
#ifndef WEFT_SIBLING_H
#define WEFT_SIBLING_H

#include "peers.h"
#include "process.h"

#define WEFT_SIBLING_HOLDERS_MAX   4096 /* openings of windows of this comm */
#define WEFT_SIBLING_LATE_MAX      1024 /* messages that wait for room in a lane */
#define WEFT_SIBLING_MESSAGE_BYTES 384
#define WEFT_SIBLING_WHY_BYTES     160
#define WEFT_SIBLING_HELLO_BYTES   (WEFT_DESCRIPTION_BYTES + WEFT_PROCESS_BYTES)

enum weft_sibling_state {
    WEFT_SIBLING_NONE,
    WEFT_SIBLING_ASKED,
    WEFT_SIBLING_GIVEN,
    WEFT_SIBLING_OPEN,
    WEFT_SIBLING_RECALLED,
    WEFT_SIBLING_CLOSED,
    WEFT_SIBLING_STATES
};

/* A window here that is a sibling's, or is to be. */
struct weft_sibling_window {
    enum weft_sibling_state state;
    bool is_refused;  /* ASKED: `why` says the reason */
    bool is_recalled; /* GIVEN: before it was opened */
    uint32_t peer;
    uint32_t id; /* of the opening, our number for it */
    uint32_t device;
    void *base; /* OPEN, RECALLED */
    struct weft_ticket ticket;
    char why[WEFT_SIBLING_WHY_BYTES];
};

/* A sibling that a ticket was given to. */
struct weft_sibling_holder {
    bool used;
    bool is_gone; /* its end of the net; its process may still be ending */
    uint32_t peer;
    uint32_t id; /* its number for the opening */
    uint32_t window;
    struct weft_process process;
};

struct weft_sibling_late {
    uint32_t peer;
    uint32_t size;
    uint8_t bytes[WEFT_SIBLING_MESSAGE_BYTES];
};

struct weft_siblings {
    struct weft_process self;
    uint32_t next_id;
    uint32_t recalled_count; /* windows in RECALLED */
    uint32_t gone_count;     /* holders whose process may still be ending */
    uint32_t late_count;
    weft_ns looked_at;                   /* at those holders, last */
    struct weft_sibling_window *windows; /* by window */
    struct weft_sibling_holder holders[WEFT_SIBLING_HOLDERS_MAX];
    struct weft_sibling_late late[WEFT_SIBLING_LATE_MAX];
    struct weft_process processes[WEFT_PEERS_MAX]; /* of peers, as each says */
    bool is_sibling[WEFT_PEERS_MAX];
    bool is_explained[WEFT_PEERS_MAX];    /* it was said why a window of it goes over the net */
    uint32_t hello_bytes[WEFT_PEERS_MAX]; /* how a sibling described itself, should it join after */
    uint8_t hellos[WEFT_PEERS_MAX][WEFT_SIBLING_HELLO_BYTES]; /* all */
};

/* Says which process this is, behind the description. Needs: peers->siblings is NULL. */
weftResult_t weft_siblings_open(struct weft_loop *loop, struct weft_peers *peers);
void weft_siblings_close(struct weft_loop *loop);

/* Works what waits; true when something happened. */
bool weft_siblings_poll(struct weft_loop *loop, weft_ns now);

/* ---- joining ---- */

/* A peer said hello, and `reader` stands behind its description. True: it is a sibling, and ready.
 */
bool weft_sibling_greet(struct weft_loop *loop, uint32_t peer, const struct weft_net_event *event,
                        uint32_t server, struct weft_reader *reader);

/* Makes a sibling a part of the world. weftInProgress: its relays are to come. */
weftResult_t weft_sibling_go_far(struct weft_loop *loop, uint32_t peer, char *why, size_t why_size);

/* ---- windows of siblings ---- */

/* A step of opening command->window: weftInProgress, weftSuccess with command->ticket and device,
 * or weftInvalidUsage: it is to be reached over the net. */
weftResult_t weft_sibling_open(struct weft_loop *loop, struct weft_command *command, uint32_t peer);

/* The caller could not open it. */
void weft_sibling_give_up(struct weft_loop *loop, uint32_t window);

/* The window is deregistered: from its return on its memory is used no more, by the net neither.
 * False: it is no sibling's. */
bool weft_sibling_window_remove(struct weft_loop *loop, uint32_t window);

/* Is the signal one that only the owner of its window can raise right? */
bool weft_sibling_raises(const struct weft_loop *loop, const struct weft_signal *signal);

/* Asks the owner to; results as those of the net's store. */
weftResult_t weft_sibling_raise(struct weft_loop *loop, uint32_t store);

/* A signal was raised here in the memory of `window`: where that is a sibling's, and a caller there
 * sleeps, it is woken. */
void weft_sibling_wake(struct weft_loop *loop, uint32_t window);

/* What it takes part in ends. */
void weft_sibling_gone(struct weft_loop *loop, uint32_t peer);

/* ---- messages: false: it is of another kind ---- */
bool weft_sibling_message(struct weft_loop *loop, uint32_t peer, uint64_t kind,
                          struct weft_reader *reader);

/* Sends it, now or when there is room. */
void weft_sibling_say(struct weft_loop *loop, uint32_t peer, const struct weft_writer *writer);

/* ---- sibling_window.c ---- */
void weft_sibling_ticket_came(struct weft_loop *loop, uint32_t peer, uint32_t id,
                              struct weft_reader *reader);
void weft_sibling_recalled(struct weft_loop *loop, uint32_t peer, uint32_t id);
void weft_sibling_raised(struct weft_loop *loop, uint32_t peer, uint32_t id,
                         struct weft_reader *reader);
void weft_sibling_windows_gone(struct weft_loop *loop, uint32_t peer);
bool weft_sibling_windows_poll(struct weft_loop *loop);

/* ---- sibling_holder.c: windows here that siblings have ---- */
void weft_holder_ask(struct weft_loop *loop, uint32_t peer, struct weft_reader *reader);
void weft_holder_returned(struct weft_loop *loop, uint32_t peer, uint32_t id);
void weft_holder_raise(struct weft_loop *loop, uint32_t peer, struct weft_reader *reader);
void weft_holders_gone(struct weft_loop *loop, uint32_t peer);
bool weft_holders_poll(struct weft_loop *loop, weft_ns now);

/* ---- commands ---- */

/* The caller has opened command->window, at command->base. */
weftResult_t weft_command_sibling_opened(struct weft_loop *, struct weft_command *, weft_ns now);

/* command->window came to nothing: a call that asked for it has failed. */
weftResult_t weft_command_sibling_drop(struct weft_loop *, struct weft_command *, weft_ns now);

/* No sibling has command->window any more. weftInProgress: one has; command->text says which. */
weftResult_t weft_command_recall(struct weft_loop *, struct weft_command *, weft_ns now);

#endif
