/* The faults of a run: what goes wrong when, one line for each.
 *
 *     <time in ns> <kind> <link|hop>:<number> <argument>          of a run with one server
 *     1200000 cut link:12 0
 *     <time in ns> <kind> <nic|lane|copy|server|window>:<numbers> <argument>    of one with several
 *     1200000 cut nic:2.0 0
 *
 * A NIC is server.number, a lane server.server.number, a copy (a hop inside a server) server.hop.
 * They are drawn from the dice before the run and never consult it, so that a run may be repeated
 * with some of its lines taken out. The kinds are one table. A fault of a link is one of both its
 * directions. What a fault does is the fabric's (fabric.c), a file of such lines schedule.h's. */
#ifndef SIM_FAULTS_H
#define SIM_FAULTS_H

#include <stdio.h>

#include "world.h"

#define SIM_FAULTS_MAX 512

enum sim_fault_kind {
    SIM_FAULT_DEGRADE,
    SIM_FAULT_CUT,
    SIM_FAULT_HANG,
    SIM_FAULT_RESTORE,
    SIM_FAULT_ANNOUNCE,
    SIM_FAULT_LOAD,
    SIM_FAULT_STALL,
    SIM_FAULT_RESUME,
    SIM_FAULT_REFUSE,
    SIM_FAULT_FAIL,
    SIM_FAULT_ERROR,
    SIM_FAULT_DELAY,
    SIM_FAULT_KINDS,
    /* of a run with several servers (fleet/) */
    SIM_FAULT_NIC_CUT = SIM_FAULT_KINDS,
    SIM_FAULT_NIC_SILENCE,
    SIM_FAULT_NIC_DEGRADE,
    SIM_FAULT_NIC_REFUSE,
    SIM_FAULT_NIC_RESTORE,
    SIM_FAULT_LANE_BREAK,
    SIM_FAULT_COPY_STALL,
    SIM_FAULT_COPY_ERROR,
    SIM_FAULT_COPY_RESUME,
    SIM_FAULT_SERVER_STOP,
    SIM_FAULT_SERVER_CONTINUE,
    SIM_FAULT_SERVER_KILL,
    SIM_FAULT_SERVER_RESTART,
    /* callers' doings that others feel like faults */
    SIM_FAULT_WINDOW_REVOKE,
    SIM_FAULT_SERVER_ABORT,
    /* no fault, but what makes others be felt sooner */
    SIM_FAULT_SERVER_ANNOUNCE,
    SIM_FAULT_ALL_KINDS
};

/* A target of several numbers. */
#define SIM_FAULT_PARTS_MAX 3
#define SIM_FAULT_PART_BITS 10

static inline uint32_t sim_fault_target(uint32_t a, uint32_t b, uint32_t c)
{
    return (a << SIM_FAULT_PART_BITS | b) << SIM_FAULT_PART_BITS | c;
}

static inline uint32_t sim_fault_part(uint32_t target, uint32_t part)
{
    return target >> (SIM_FAULT_PART_BITS * (SIM_FAULT_PARTS_MAX - 1 - part)) &
           ((1u << SIM_FAULT_PART_BITS) - 1);
}

struct sim_fault_row {
    const char *name;
    const char *note;         /* for the history: target, argument */
    bool is_of_link;          /* else of a hop, or of what `of` says */
    const char *of;           /* "nic", "lane", "copy", "server", "window"; NULL: link or hop */
    uint32_t parts;           /* numbers of such a target */
    bool is_drawn;            /* else it only undoes or tells */
    uint64_t argument_max;    /* 0: the argument is 0; else it is 1 or more */
    enum sim_fault_kind undo; /* SIM_FAULT_KINDS: it passes by itself */
    const char *sentence;     /* what it does, and what its argument means */
};

struct sim_fault {
    weft_ns at;
    enum sim_fault_kind kind;
    uint32_t target; /* a link or a hop */
    uint64_t argument;
};

/* How a drawn schedule ends: what is up in the liveness phase. */
enum sim_ending {
    SIM_ENDING_HEALED, /* everything */
    SIM_ENDING_CORE,   /* the links and engines of a few hops; the rest is as bad as it ever was */
    SIM_ENDING_DEAD,   /* nothing: every link is cut or hung */
    SIM_ENDINGS        /* not drawn but read */
};

struct sim_faults {
    uint32_t count;
    weft_ns ends_at;   /* of the last one */
    unsigned kinds_on; /* bits of what could be drawn */
    enum sim_ending ending;
    struct sim_fault faults[SIM_FAULTS_MAX];
};

const struct sim_fault_row *sim_fault_row(enum sim_fault_kind kind);

/* Draws a schedule over about `span_ns`: half of the kinds are off (swarm), and it ends in one of
 * the ways of enum sim_ending. */
void sim_faults_draw(struct sim_faults *faults, struct sim_dice *dice,
                     const struct sim_world *world, weft_ns span_ns);

/* Which kinds are on and how it ends, for people. */
void sim_faults_print_swarm(const struct sim_faults *faults);

/* One line of a schedule, as the head of this file says. */
void sim_fault_print(FILE *to, const struct sim_fault *fault);
bool sim_fault_parse(const char *line, struct sim_fault *fault);

/* Sorts the faults by their times. Call it last. */
void sim_faults_finish(struct sim_faults *faults);

/* The first fault whose target the world lacks; WEFT_NONE when there is none. */
uint32_t sim_faults_misfit(const struct sim_faults *faults, const struct sim_world *world);

#endif
