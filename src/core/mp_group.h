/* A group of paths of a multipath session: which path the next packet takes, its window, its acks
 * and its probes.
 *
 * Which path (REPS, recycled entropies): one whose packets came back lately, once for each that
 * came back; else the next one in turn, so that unknown ones are tried. For a while after a timeout
 * no unknown ones. A path keeps a burst of packets. */
#ifndef WEFT_MP_GROUP_H
#define WEFT_MP_GROUP_H

#include "mp_message.h"
#include "mp_sent.h"

#define WEFT_MP_RECYCLED 16

/* What the next ack over a group tells, and when. */
struct weft_mp_owed {
    uint32_t packets; /* that came since the last ack */
    weft_ns due_at;   /* WEFT_NEVER: none is owed */
    bool is_held;     /* goes behind what there is to send, over the same way */
    uint32_t along; /* the path of what it goes behind; WEFT_NONE: back where its cause came from */
    uint64_t echo_number;
    uint64_t echo_sequence;
    uint32_t echo_path_id;
    weft_ns came_at;
};

struct weft_mp_group {
    uint32_t index;
    uint32_t path_count;
    uint32_t alive_count;
    uint32_t dead_count;
    bool was_told_down; /* by the owner: it is not probed */
    bool is_up_told;    /* what the owner knows by events */
    struct weft_mp_window window;
    struct weft_list lost; /* to be sent again, by this group if it can */
    struct weft_mp_owed owed;
    uint32_t recycled[WEFT_MP_RECYCLED]; /* a ring */
    uint32_t recycled_first;
    uint32_t recycled_count;
    uint32_t turn; /* of its paths, the next to try */
    uint32_t picks;
    uint32_t path;       /* of the burst */
    uint32_t burst_left; /* packets */
    weft_ns frozen_until;
    weft_ns hold_until; /* the receiver is overloaded: nothing before this; 0: it is not */
    weft_ns hold_ns;    /* the last such wait; 0 after something has come */
    weft_ns probe_at;   /* the next probe of a dead path, or keepalive; WEFT_NEVER: none */
    weft_ns probe_wait_ns;
    uint32_t probe_turn;
    weft_ns came_at;     /* the last packet over it */
    weft_ns answered_at; /* the last answer to what went over it */
};

struct weft_mp; /* mp_tables.h: groups, paths and config are its */

void weft_mp_group_init(struct weft_mp_group *group, uint32_t index,
                        const struct weft_mp_config *config);

/* The path for the next packet: WEFT_NONE when none is alive. `is_burst` keeps the last one. */
uint32_t weft_mp_group_pick(struct weft_mp_group *group, struct weft_mp_path *paths,
                            const struct weft_mp_config *config, weft_ns now);

/* A packet came back well over this path. */
void weft_mp_group_recycle(struct weft_mp_group *group, uint32_t path);

/* States of its paths may have changed. */
void weft_mp_group_count(struct weft_mp_group *group, const struct weft_mp_path *paths,
                         const struct weft_mp_config *config);

/* A path of it timed out while others are alive. */
void weft_mp_group_freeze(struct weft_mp_group *group, weft_ns now);

/* The receiver had no room for a packet of the group: wait, longer each time in a row. */
void weft_mp_group_hold(struct weft_mp_group *group, const struct weft_mp_config *config,
                        weft_ns now);

/* The dead path whose turn it is to be probed; WEFT_NONE: none is dead. */
uint32_t weft_mp_group_probe(struct weft_mp_group *group, const struct weft_mp_path *paths,
                             const struct weft_mp_config *config);

#endif
