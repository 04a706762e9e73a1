/* Lanes: a hop in use, with its health. One lane per hop; all paths over the hop share what it has
 * learned, so that one transfer's bad luck spares the others.
 *
 *              a copy ends well                      good copies
 *           +-------------------+                 +----------------- TRIAL <----------+
 *           v                   |                 v                  |   ^            |
 *          UP ------------> SUSPECT               UP            failed|   | probe ends well,
 *           |  no progress      | none, still                        |   | or a hung copy does
 *           |                   v                                    v   |            |
 *           +-----------------> DOWN <-------------------------------+---+------------+
 *             a copy failed       \__ probes, at doubling intervals, while no copy is out
 *
 * UP: chunks go. SUSPECT: no new chunks; a copy has made no progress for longer than it should
 * take, and its end decides. DOWN: no chunks. TRIAL: one small chunk at a time.
 *
 * "Ready" copies are those whose predecessor on another lane has ended: only they can be late. */
#ifndef WEFT_LANE_H
#define WEFT_LANE_H

#include "../base/base.h"
#include "config.h"
#include "hop.h"

#define WEFT_LANE_TRIAL_COPIES 2 /* good copies that end a trial */

enum weft_lane_state {
    WEFT_LANE_UP,
    WEFT_LANE_SUSPECT,
    WEFT_LANE_DOWN,
    WEFT_LANE_TRIAL,
    WEFT_LANE_STATES
};

struct weft_lane {
    enum weft_lane_state state;
    uint32_t copies; /* issued and not ended, probes not counted */
    uint32_t ready;  /* of those, with their predecessor ended */
    uint64_t ready_bytes;
    uint64_t rate_bytes_per_us; /* learned; for allowances only */
    uint64_t nominal_bytes_per_us;
    weft_ns overhead_ns; /* latency of the hop */
    weft_ns ended_at;    /* last end of a copy */
    weft_ns state_at;    /* when the state was entered */
    weft_ns timer_at;    /* watch (ready copies) or next probe (DOWN); WEFT_NEVER: none */
    weft_ns hold_until;  /* the port refused a copy: none before this */
    weft_ns hold_ns;     /* the last such wait; 0 after a copy that ended well */
    weft_ns backoff_ns;  /* next wait before a probe */
    uint32_t trial_good;
    bool probing; /* a probe is out */
    bool stalled; /* ready copies have made no progress for an allowance: they hang */
};

/* What a lane asks the engine to do when its timer fires. */
enum weft_lane_wish { WEFT_LANE_NOTHING, WEFT_LANE_PROBE };

void weft_lane_init(struct weft_lane *lane, const struct weft_hop *hop,
                    const struct weft_config *config);

/* May a chunk use it now? */
bool weft_lane_usable(const struct weft_lane *lane, weft_ns now);

/* May a chunk use it at some time without its health changing: UP or TRIAL? */
bool weft_lane_alive(const struct weft_lane *lane);

/* The port has refused it for so long that waiting for it makes no sense: its queue may be full of
 * copies that hang. It stays so until the wait is over. */
bool weft_lane_is_full(const struct weft_lane *lane);

/* The wait after a refusal may be over; true when it is, and the lane was full till now. */
bool weft_lane_hold_passed(struct weft_lane *lane, weft_ns now);

/* A copy was issued; ready when it waits for no other. */
void weft_lane_issued(struct weft_lane *lane, const struct weft_config *config, uint64_t bytes,
                      bool ready, weft_ns now);

/* The predecessor of an issued copy has ended. */
void weft_lane_readied(struct weft_lane *lane, const struct weft_config *config, uint64_t bytes,
                       weft_ns now);

/* A copy ended. `ready_at`: since when it was ready (WEFT_NEVER: it never was). */
void weft_lane_ended(struct weft_lane *lane, const struct weft_config *config, uint64_t bytes,
                     weft_ns ready_at, bool good, weft_ns now);

/* A copy of it failed, and not because the copy before it did. */
void weft_lane_blamed(struct weft_lane *lane, const struct weft_config *config, weft_ns now);

/* The port refused the copy issued last: it is not out, and the next one must wait a little, longer
 * with every refusal in a row. */
void weft_lane_refused(struct weft_lane *lane, const struct weft_config *config, uint64_t bytes,
                       bool ready, weft_ns now);

void weft_lane_probe_issued(struct weft_lane *lane);
void weft_lane_probe_ended(struct weft_lane *lane, const struct weft_config *config, bool good,
                           weft_ns now);

/* The machine says that a link of the hop changed. */
void weft_lane_link_changed(struct weft_lane *lane, const struct weft_config *config, bool up,
                            weft_ns now);

/* Its timer has come. */
enum weft_lane_wish weft_lane_expired(struct weft_lane *lane, const struct weft_config *config,
                                      weft_ns now);

const char *weft_lane_state_name(enum weft_lane_state state);

#endif
