/* The faults of a run: what goes wrong when, one line for each.
 *
 *     <time in ns> <kind> <link|hop>:<number> <argument>
 *     1200000 cut link:12 0
 *
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
    SIM_FAULT_KINDS
};

struct sim_fault_row {
    const char *name;
    const char *note;         /* for the history: target, argument */
    bool is_of_link;          /* else of a hop */
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
