/* What the threads of a run tell each other: the two ends that they have met and are done, and who
 * runs them how far to go. */
#ifndef MPWIRE_STAGE_H
#define MPWIRE_STAGE_H

#include <pthread.h>

#include "base/base.h"

#define MPWIRE_WHY_BYTES 256

enum mpwire_phase {
    MPWIRE_MEET, /* become peers */
    MPWIRE_RUN,  /* and send what there is */
    MPWIRE_STOP
};

/* Of one end. */
struct mpwire_news {
    uint32_t version; /* grows with each change that is worth telling */
    bool is_met;
    bool is_sent;     /* all that it sends has ended */
    bool is_got;      /* all that it shall get was there, as it was sent */
    weft_ns begun_at; /* it could send from then on */
    weft_ns got_at;
    uint32_t downs;             /* events */
    uint32_t errors;            /* copies that ended badly */
    char why[MPWIRE_WHY_BYTES]; /* a promise that was broken; empty: none */
};

struct mpwire_stage {
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t changed;
    enum mpwire_phase phase;
    uint32_t cut_lanes; /* of which both ends are told, a bit each */
    struct mpwire_news news[2];
};

weft_ns mpwire_now(void); /* CLOCK_MONOTONIC */

void mpwire_stage_init(struct mpwire_stage *stage);
void mpwire_stage_fini(struct mpwire_stage *stage);
void mpwire_stage_set(struct mpwire_stage *stage, enum mpwire_phase phase);
void mpwire_stage_cut(struct mpwire_stage *stage, uint32_t lane, bool is_cut);
/* An end says its news, and is told how far to go, and which of its lanes are cut. */
enum mpwire_phase mpwire_stage_tell(struct mpwire_stage *stage, uint32_t side,
                                    const struct mpwire_news *news, uint32_t *cut_lanes);
/* Waits for other news than those at hand, or until then. */
void mpwire_stage_wait(struct mpwire_stage *stage, weft_ns until, struct mpwire_news news[2]);

#endif
