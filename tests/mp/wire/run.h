/* A row of the table over real sockets: two ends, a forwarder between them, and what came of it. */
#ifndef MPWIRE_RUN_H
#define MPWIRE_RUN_H

#include "end.h"
#include "forwarder.h"

/* Plain memory: it goes through a pipe. */
struct mpwire_outcome {
    weft_ns took_ns; /* to the last byte that was seen, from when the first could be sent */
    bool is_done;
    bool is_wrong;   /* a promise was broken: `why` */
    uint32_t downs;  /* events of the side that sends */
    uint32_t errors; /* copies that ended badly there */
    struct mpwire_counts counts;
    struct weft_mp_counts ends[2];
    char why[MPWIRE_WHY_BYTES];
};

/* Of the row that is run: it decides what a datagram is at most, an Ethernet's or a jumbo one's.
 * The program's linker puts that in place of what loopback would have (wrap.c). */
extern enum mpsim_scale mpwire_scale;
uint32_t mpwire_datagram_bytes(void);

/* The row as it is run: slower, and as much smaller, as it says. */
void mpwire_row_scale(const struct mpsim_row *row, struct mpsim_row *scaled);

/* How long a scaled row may take where other programs have the computer, too; it is not run on. */
weft_ns mpwire_row_limit_ns(const struct mpsim_row *row);

/* Of a scaled row. */
void mpwire_row_run(const struct mpsim_row *row, uint64_t seed, struct mpwire_outcome *outcome);

#endif
