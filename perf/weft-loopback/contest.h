/* A contest: contestants measured in turn, round after round, so that what disturbs the machine
 * disturbs all of them; medians over the rounds, and ratios within a round. */
#ifndef WEFT_LOOPBACK_CONTEST_H
#define WEFT_LOOPBACK_CONTEST_H

#include <cjson/cJSON.h>

#include "figures.h"

#define WEFT_LOOPBACK_ROUNDS_MAX      101
#define WEFT_LOOPBACK_CONTESTANTS_MAX 8

typedef bool weft_loopback_measure_fn(const struct weft_loopback_ask *ask,
                                      struct weft_loopback_figures *figures);

struct weft_loopback_contestant {
    const char *name;
    weft_loopback_measure_fn *measure;
    const char *what; /* for the table's legend */
};

enum weft_loopback_kind { WEFT_LOOPBACK_STREAM, WEFT_LOOPBACK_LATENCY, WEFT_LOOPBACK_KINDS };

struct weft_loopback_contest {
    enum weft_loopback_kind kind;
    struct weft_loopback_ask ask;
    uint32_t rounds;
    uint32_t count;
    const char *only;                                   /* NULL: all */
    const struct weft_loopback_contestant *contestants; /* ends with a name that is NULL */
    struct weft_loopback_figures figures[WEFT_LOOPBACK_CONTESTANTS_MAX][WEFT_LOOPBACK_ROUNDS_MAX];
};

/* `only`: names with commas between them; NULL: all. */
void weft_loopback_contest_run(struct weft_loopback_contest *contest, enum weft_loopback_kind kind,
                               const struct weft_loopback_ask *ask, uint32_t rounds,
                               const char *only);

/* False: some of the names are no contestant's; the reason lists those. */
bool weft_loopback_contest_knows(enum weft_loopback_kind kind, const char *only,
                                 char why[WEFT_WHY_BYTES]);

/* Prints a table and adds the same to the array `rows`. */
void weft_loopback_contest_report(const struct weft_loopback_contest *contest, cJSON *rows);

/* Bytes that were wrong, in all rounds. */
uint64_t weft_loopback_contest_wrong(const struct weft_loopback_contest *contest);

#endif
