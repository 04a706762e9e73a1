/* What happened last in a run, and the end of a run that failed a check.
 *
 * A line is a format with at most six numbers (all %llu); it becomes text only when it is printed,
 * so that noting costs nothing. */
#ifndef SIM_HISTORY_H
#define SIM_HISTORY_H

#include "base/base.h"

enum sim_oracle {
#define ORACLE(row, name, invariants, sentence) SIM_ORACLE_##row,
#include "oracles.def"
#undef ORACLE
    SIM_ORACLES
};

struct sim_oracle_row {
    const char *name;
    const char *invariants; /* that it checks, by the numbers of oracles.def */
    const char *sentence;   /* what holds while it does not fail */
};

#define SIM_HISTORY_LINES   50
#define SIM_HISTORY_NUMBERS 6

struct sim_history_line {
    weft_ns at;
    const char *format;
    unsigned long long numbers[SIM_HISTORY_NUMBERS];
};

struct sim_history {
    uint64_t seed;
    weft_ns now; /* the run writes it */
    bool verbose;
    uint64_t count; /* lines noted since the start */
    struct sim_history_line lines[SIM_HISTORY_LINES];
    void (*more)(const void *context); /* prints what else helps: the schedule */
    const void *context;
    enum sim_oracle failed; /* once a check has failed */
};

const struct sim_oracle_row *sim_oracle_row(enum sim_oracle oracle);

/* The oracle of this name; SIM_ORACLES when there is none. */
enum sim_oracle sim_oracle_find(const char *name);

/* Begins a run; from now on a failed assertion of the library is reported with this history. */
void sim_history_begin(struct sim_history *history, uint64_t seed, bool verbose);

void sim_history_add(struct sim_history *history, const char *format,
                     const unsigned long long numbers[SIM_HISTORY_NUMBERS]);

/* Prints the last lines, then
 *
 *     weft-sim: FAILED seed <number> oracle <name>: <sentence>
 *
 * and what runs it again; ends the program through sim_failed. */
_Noreturn void sim_history_fail(struct sim_history *history, enum sim_oracle oracle,
                                const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The history of the run that is under way, or was last; NULL before the first. */
const struct sim_history *sim_history_current(void);

/* Ends the program: the program's own (exit 1, or abort under a fuzzer). */
_Noreturn void sim_failed(void);

#define SIM_NOTE(history, ...) SIM_NOTE_(history, __VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define SIM_NOTE_(history, format, a, b, c, d, e, f, ...)                                          \
    sim_history_add(history, format,                                                               \
                    (const unsigned long long[SIM_HISTORY_NUMBERS]){a, b, c, d, e, f})

/* A check of the oracle SIM_ORACLE_<row>. */
#define SIM_CHECK(history, condition, row, ...)                                                    \
    ((condition) ? (void)0 : sim_history_fail(history, SIM_ORACLE_##row, __VA_ARGS__))

#endif
