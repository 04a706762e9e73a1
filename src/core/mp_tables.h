/* What a multipath session is made of, and what its parts do for each other. For the files of mp
 * alone; who uses a session has mp.h.
 *
 * One packet's way: mp_send.c cuts it off a message, and chooses; mp_receive.c takes it into the
 * log and owes an ack; mp_ack.c reads that. mp_time.c says what was lost, and what is probed. */
#ifndef WEFT_MP_TABLES_H
#define WEFT_MP_TABLES_H

#include "../base/heap.h"
#include "mp_group.h"
#include "mp_inbox.h"
#include "mp_seen.h"

#define WEFT_MP_TIMERS    (WEFT_MP_PATHS_MAX + WEFT_MP_GROUPS_MAX)
#define WEFT_MP_PATH_SLOT 255u /* of a path's id: its place */

struct weft_mp {
    struct weft_mp_config config;
    bool is_aborted;
    bool is_lost;
    bool is_lost_told;
    weft_ns asked_at; /* the first packet since the last answer; WEFT_NEVER: none is unanswered */
    weft_ns ask_at;   /* all that is left waits for leave: ask again then; WEFT_NEVER: not so */
    weft_ns ask_wait_ns;
    uint64_t next_number;
    uint32_t turn;                           /* of the groups, which sends next */
    uint32_t alive_count;                    /* paths */
    uint64_t due[WEFT_MP_PATHS_MAX / 64];    /* paths with probes_due: a bit each */
    uint64_t echoes[WEFT_MP_PATHS_MAX / 64]; /* paths with such an echo: a bit each */
    uint32_t overload_count;
    uint64_t overloads[WEFT_MP_WIRE_OVERLOADS]; /* to be told with the next ack */
    struct weft_mp_counts counts;
    struct weft_heap timers; /* a path's by its number, then a group's */
    struct weft_heap_item timer_items[WEFT_MP_TIMERS];
    uint32_t timer_places[WEFT_MP_TIMERS];
    struct weft_mp_path paths[WEFT_MP_PATHS_MAX];
    struct weft_mp_group groups[WEFT_MP_GROUPS_MAX];
    struct weft_mp_seen seen;
    struct weft_mp_inbox inbox;
    struct weft_mp_messages messages;
    struct weft_mp_sent sent;
};

static inline struct weft_mp_group *weft_mp_group_of(struct weft_mp *mp, uint32_t path)
{
    return &mp->groups[path % mp->config.group_count];
}

/* ---- mp_time.c ---- */

/* How long an answer over this path may take. */
weft_ns weft_mp_timeout_of(struct weft_mp *mp, uint32_t path);

/* Looks for packets of the path that count as lost, since later ones were acked. */
void weft_mp_find_lost(struct weft_mp *mp, uint32_t path, weft_ns now);

/* Its timer rings at `at` or before. */
void weft_mp_wake_path(struct weft_mp *mp, uint32_t path, weft_ns at);

/* States of the group's paths may have changed: counts them, and sees to its probes. */
void weft_mp_review(struct weft_mp *mp, struct weft_mp_group *group, weft_ns now);

/* A dead path of the group, if there is one, is probed at once. */
void weft_mp_probe_soon(struct weft_mp *mp, struct weft_mp_group *group, weft_ns now);

/* Sees to it that the path's timer rings when what is out on it is overdue. */
void weft_mp_watch(struct weft_mp *mp, uint32_t path);

/* A packet may be sent on the path as a probe. */
void weft_mp_want_probe(struct weft_mp *mp, uint32_t path);

/* ---- mp_ack.c ---- */

/* False: it acks what was never sent. */
bool weft_mp_acked(struct weft_mp *mp, weft_ns now, const struct weft_mp_wire_ack *ack);

#endif
