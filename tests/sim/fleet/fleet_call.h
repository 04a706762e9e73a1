/* A call: what a caller of some server asks for, from then to its end, and what must come of it.
 *
 *                         keys                    all its bytes, or an error
 *     WAITING -----> IMPORTING -----> ACTIVE -----------------------------------> ENDED
 *        |               |               '--- its process has ended ------------> VOID
 *        '---------------+--- nobody to ask, or its bytes are in use -----------> SKIPPED
 */
#ifndef SIM_FLEET_CALL_H
#define SIM_FLEET_CALL_H

#include "fleet_server.h"
#include "../workload.h"

#define SIM_FLEET_CALLS_MAX   SIM_OPS_MAX
#define SIM_FLEET_EXTENTS_MAX 8
#define SIM_FLEET_LISTS_MAX   2 /* calls of so many extents that they are asked for in parts */
#define SIM_LIST_EXTENTS_MAX  6000
#define SIM_DATA_BYTES        (UINT64_C(900) << 20) /* of a window: signals lie behind it, */
#define SIM_SIGNAL_BYTES      8192                  /* at the end of a target */

enum sim_call_kind {
    SIM_CALL_PUT,
    SIM_CALL_GET,
    SIM_CALL_LOCAL,
    SIM_CALL_COPY, /* from a peer's window to another's, or the same one's */
    SIM_CALL_KINDS
};

enum sim_call_state {
    SIM_CALL_WAITING,
    SIM_CALL_IMPORTING,
    SIM_CALL_ACTIVE,
    SIM_CALL_ENDED,
    SIM_CALL_SKIPPED, /* its server was dead, its peer not reached, or its bytes in use */
    SIM_CALL_VOID,    /* its process has ended first */
    SIM_CALL_STATES
};

struct sim_call {
    enum sim_call_state state;
    enum sim_call_kind kind;
    bool is_left_out;
    bool is_fenced;
    bool is_signalled;
    bool is_closing;
    weft_ns at;
    weft_ns cancel_ns; /* after submit; WEFT_NEVER: not */
    uint32_t server;
    uint32_t peer;
    uint32_t to;  /* COPY: where the bytes go; else the peer */
    uint32_t src; /* holder numbers */
    uint32_t dst;
    uint64_t size_bytes;
    uint32_t extent_count;
    struct weft_extent *extents; /* `few`, or the fleet's lists */
    struct weft_extent few[SIM_FLEET_EXTENTS_MAX];
    /* a run's own */
    struct sim_op op; /* for the shadow: memories for windows */
    uint32_t slot;
    uint32_t slot_generation;
    uint64_t fence;
    uint32_t peer_life;
    uint32_t to_life;
    weft_ns submitted_at;
    weft_ns deadline_at; /* if nothing holds it back */
    weft_ns ended_at;
    weft_ns give_up_at;
    bool is_cancelled;
    uint32_t raised; /* how often its signal was */
    weftResult_t result;
};

static inline uint64_t sim_signal_offset(uint32_t call, uint64_t size_bytes)
{
    return size_bytes - SIM_SIGNAL_BYTES + 8 * (call % (SIM_SIGNAL_BYTES / 8));
}

/* ---- fleet_call.c ---- */
/* Something has gone wrong that may concern any call. */
bool sim_fleet_is_disturbed(const struct sim_fleet *fleet);
void sim_calls_round(struct sim_fleet *fleet, uint32_t server);
void sim_fleet_calls_due(struct sim_fleet *fleet);
weft_ns sim_fleet_calls_next_at(const struct sim_fleet *fleet);
void sim_calls_killed(struct sim_fleet *fleet, uint32_t server);
void sim_calls_raised(struct sim_fleet *fleet, uint32_t memory, uint64_t offset, uint64_t value);
void sim_call_leave(struct sim_fleet *fleet, struct sim_call *call, enum sim_call_state state);
void sim_calls_overdue(struct sim_fleet *fleet);

/* ---- fleet_begin.c ---- */
/* Begins the call, or goes on with beginning it. */
void sim_call_begin(struct sim_fleet *fleet, struct sim_call *call);
/* Deregisters what was imported of processes that have ended: their places are used again. */
void sim_calls_forget(struct sim_fleet *fleet);

/* ---- fleet_way.c ---- */
/* False: there is no route, however sound all is. */
bool sim_call_has_way(const struct sim_fleet *fleet, const struct sim_call *call);
/* Words go between the two servers, over some lane. */
bool sim_fleet_are_joined(const struct sim_fleet *fleet, uint32_t a, uint32_t b);
/* It waited, or waits, for another one that was asked for before a fence. */
bool sim_call_was_fenced(const struct sim_fleet *fleet, const struct sim_call *call);
/* It must end well: nothing went wrong any more when it was asked for, and it has a live way. */
bool sim_call_is_calm(const struct sim_fleet *fleet, const struct sim_call *call);

#endif
