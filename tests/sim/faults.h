/* The fault schedule of a run: what goes wrong when, one line for each fault.
 *
 *     <time in ns> <kind> <target> <argument>
 *     1200000 cut link:12 0
 *
 * A schedule is drawn from the dice before the run and never consults it, so that a run may be
 * repeated with some of its lines taken out. A fault of a link is one of both its directions. What
 * a fault does is the fabric's (fabric.c). */
#ifndef SIM_FAULTS_H
#define SIM_FAULTS_H

#include <stdio.h>

#include "world.h"

#define SIM_FAULTS_MAX 512

enum sim_fault_kind {
    SIM_FAULT_DEGRADE,  /* link: to `argument` thousandths of its rate */
    SIM_FAULT_CUT,      /* link: what is on it ends with an error */
    SIM_FAULT_HANG,     /* link: what is on it stays there */
    SIM_FAULT_RESTORE,  /* link: as it was at first */
    SIM_FAULT_ANNOUNCE, /* link: the engine is told its present rate */
    SIM_FAULT_STALL,    /* hop: its engine makes no progress until resumed */
    SIM_FAULT_RESUME,   /* hop: also forgets all that follows here */
    SIM_FAULT_REFUSE,   /* hop: copies are refused for `argument` ns (weftNoResource) */
    SIM_FAULT_FAIL,     /* hop: the next `argument` copies fail at once */
    SIM_FAULT_ERROR,    /* hop: the next `argument` copies end with an error */
    SIM_FAULT_DELAY,    /* hop: from now on ends are noticed `argument` ns later */
    SIM_FAULT_KINDS
};

struct sim_fault {
    weft_ns at;
    enum sim_fault_kind kind;
    uint32_t target; /* a link or a hop */
    uint64_t argument;
};

struct sim_faults {
    uint32_t count;
    weft_ns ends_at; /* of the last one */
    struct sim_fault faults[SIM_FAULTS_MAX];
};

/* Draws a schedule over about `span_ns`. Most schedules restore everything in the end; some leave
 * everything or all but a few links as they are. */
void sim_faults_draw(struct sim_faults *faults, struct sim_dice *dice,
                     const struct sim_world *world, weft_ns span_ns);

/* True when something is cut or hung that no later line restores. */
bool sim_faults_remain(const struct sim_faults *faults);

const char *sim_fault_name(enum sim_fault_kind kind);
void sim_faults_print(FILE *to, const struct sim_faults *faults);

/* Reads a schedule as printed; lines that begin with '#' or "seed" are skipped (the seed is written
 * to `*seed`). False with the number of the wrong line in `*line`. */
bool sim_faults_read(FILE *from, const struct sim_world *world, struct sim_faults *faults,
                     uint64_t *seed, uint32_t *line);

#endif
