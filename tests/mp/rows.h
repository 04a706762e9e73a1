/* The table of scenarios: links, faults, a transfer, and the bound that it must keep, each with the
 * place that the bound is from. weft-mp-sim runs it in virtual time, weft-mp-wire (tests/mp/wire)
 * over real sockets, with what `wire` of a row says otherwise. */
#ifndef MPSIM_ROWS_H
#define MPSIM_ROWS_H

#include "duo.h"

#define MPSIM_ROW_LINKS  4
#define MPSIM_ROW_FAULTS 4
#define MPSIM_BOTH       3u /* sides */

/* Times and sizes of an internet path, or of one between two servers of a rack. */
enum mpsim_scale { MPSIM_WIDE, MPSIM_RACK };

struct mpsim_row_link {
    uint64_t rate_kbit;
    uint32_t latency_us;
    uint32_t queue_packets;
    uint32_t loss; /* this and the next three: of 10,000 */
    uint32_t corrupt;
    uint32_t twice;
    uint32_t early;
    uint32_t jitter_us;
    uint32_t loss_every; /* each packet of so many; 0: none */
};

enum mpsim_fault_kind {
    MPSIM_NO_FAULT,
    MPSIM_SILENT,  /* the group's link carries nothing, from the sides */
    MPSIM_RATE,    /* it has another rate: `argument` kbit */
    MPSIM_DEAF,    /* the first `argument` paths of the group carry nothing */
    MPSIM_TOLD,    /* SILENT, and both ends are told of it */
    MPSIM_LATENCY, /* it has another latency: `argument` us */
    MPSIM_LOSS,    /* it loses `argument` of 10,000 */
    MPSIM_REFUSED, /* SILENT; over real sockets who sends is told that nobody listens */
    MPSIM_REBIND,  /* side 0 has a new port for all paths */
    MPSIM_FAULT_KINDS
};

struct mpsim_row_fault {
    enum mpsim_fault_kind kind;
    uint32_t group;
    uint32_t sides; /* that send into it, a bit each */
    uint32_t first_ms;
    uint32_t for_ms;   /* 0: it stays */
    uint32_t every_ms; /* 0: once */
    uint64_t argument;
};

/* What the run over real sockets has otherwise: two busy cores do not forward 100 Gb/s, and nobody
 * waits for a minute. */
struct mpsim_row_wire {
    uint64_t total_bytes;   /* 0: the row's; times of faults and bounds shrink with it */
    uint32_t message_bytes; /* 0: the row's; this and the next */
    uint32_t bound_ms;
    uint32_t slower;     /* rates are divided by it, times multiplied; 0: 1 */
    uint32_t silence_ms; /* without an answer for so long the peer is lost; 0: as the scale says */
    bool meets_near;     /* the two meet without the links' latency */
    bool is_plain;       /* not sealed: what comes twice gets as far as core/mp */
};

struct mpsim_row {
    const char *name;
    const char *source;
    enum mpsim_scale scale;
    uint32_t group_count;
    uint32_t path_count;
    struct mpsim_row_link links[MPSIM_ROW_LINKS];
    struct mpsim_row_fault faults[MPSIM_ROW_FAULTS];
    struct mpsim_flow flow;
    uint32_t from;     /* the side that sends; both for exchanges */
    uint32_t least_us; /* faster is not possible: the simulator would be wrong */
    uint32_t bound_us;
    uint32_t answer_times; /* of exchanges: what side 1 sends is so many times as long; 0: 1 */
    bool is_both;          /* both sides send it at once */
    bool is_hopeless;      /* it must end with LOST, and not by itself */
    struct mpsim_row_wire wire;
};

/* A quicly row: 100 runs of some exchanges, and the least and most of what they take. */
struct mpsim_spread {
    const char *name;
    uint32_t loss[2]; /* of 10,000, of what each side sends */
    uint32_t failures_max;
    uint32_t mean_ms[2];
    uint32_t median_ms[2];
    uint32_t p90_ms[2];
    uint32_t wire_runs; /* over real sockets */
};

extern const struct mpsim_row mpsim_rows[];
extern const uint32_t mpsim_row_count;
extern const struct mpsim_spread mpsim_spreads[];
extern const uint32_t mpsim_spread_count;

/* As transports/udp has it; of a rack as fast as a rack's hosts would have it. */
void mpsim_row_config(const struct mpsim_row *row, struct weft_mp_config *config);
/* What each side sends. */
void mpsim_row_flows(const struct mpsim_row *row, struct mpsim_flow flows[2]);
/* A spread's run as a row. */
void mpsim_spread_row(const struct mpsim_spread *spread, struct mpsim_row *row);
void mpsim_link_set(struct mpsim_link *link, const struct mpsim_row_link *as);

/* What a row's faults do next, at `from` or later; `at` is WEFT_NEVER when it is nothing. */
struct mpsim_moment {
    weft_ns at;
    const struct mpsim_row_fault *fault;
    bool begins;
};
struct mpsim_moment mpsim_row_moment(const struct mpsim_row *row, weft_ns from);

/* The fault begins or ends on its link, for what `side` sends. REBIND has no link, and who is TOLD
 * is told by the caller. */
void mpsim_link_fault(struct mpsim_link *link, const struct mpsim_row *row,
                      const struct mpsim_row_fault *fault, uint32_t side, bool begins);

/* What became of a run. */
struct mpsim_outcome {
    weft_ns took_ns;
    weft_ns came_ns; /* until all was there, if nobody had to know */
    bool is_done;
    bool is_wrong; /* a promise was broken: `why` */
    uint32_t lost_events;
    struct weft_mp_counts counts[2];
    char why[MPSIM_WHY_BYTES];
};

void mpsim_row_run(const struct mpsim_row *row, uint64_t seed, struct mpsim_outcome *outcome);

/* Prints what differs, and false, when a row is out of its bounds. */
/* Mean, least, median and p90 of what runs took, which are put in order; false: of none. */
struct mpsim_figures {
    uint64_t mean_ms;
    uint32_t least_ms;
    uint32_t median_ms;
    uint32_t p90_ms;
};
bool mpsim_figures_of(uint32_t *took_ms, uint32_t count, struct mpsim_figures *figures);

bool mpsim_rows_check(const char *only, bool is_verbose);
bool mpsim_spreads_check(const char *only);

#endif
