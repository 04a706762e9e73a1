/* What happened last in a run, and the end of a run that failed a check.
 *
 * A line is a format with at most six numbers (all %llu); it becomes text only when it is printed,
 * so that noting costs nothing. */
#ifndef SIM_HISTORY_H
#define SIM_HISTORY_H

#include "base/base.h"

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
};

/* Begins a run; from now on a failed assertion of the library is reported with this history. */
void sim_history_begin(struct sim_history *history, uint64_t seed, bool verbose);

void sim_history_add(struct sim_history *history, const char *format,
                     const unsigned long long numbers[SIM_HISTORY_NUMBERS]);

/* Prints the check, the reason, the last lines and how to run it again, then ends the program
 * through sim_failed. */
_Noreturn void sim_history_fail(struct sim_history *history, const char *check, const char *format,
                                ...) __attribute__((format(printf, 3, 4)));

/* Ends the program: the program's own (exit 1, or abort under a fuzzer). */
_Noreturn void sim_failed(void);

#define SIM_NOTE(history, ...) SIM_NOTE_(history, __VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define SIM_NOTE_(history, format, a, b, c, d, e, f, ...)                                          \
    sim_history_add(history, format,                                                               \
                    (const unsigned long long[SIM_HISTORY_NUMBERS]){a, b, c, d, e, f})

/* A named check. */
#define SIM_CHECK(history, condition, check, ...)                                                  \
    ((condition) ? (void)0 : sim_history_fail(history, check, __VA_ARGS__))

#endif
