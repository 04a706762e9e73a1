/* The last lines of a run, and how it ends when a check fails. */
#include "history.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The run that a failed assertion belongs to. One run at a time, one thread. */
static struct sim_history *current;

static const struct sim_oracle_row rows[SIM_ORACLES] = {
#define ORACLE(row, name, invariants, sentence) [SIM_ORACLE_##row] = {name, invariants, sentence},
#include "oracles.def"
#undef ORACLE
};

const struct sim_oracle_row *sim_oracle_row(enum sim_oracle oracle)
{
    weft_assert((unsigned)oracle < SIM_ORACLES);
    return &rows[oracle];
}

enum sim_oracle sim_oracle_find(const char *name)
{
    for (uint32_t i = 0; i < SIM_ORACLES; i++)
        if (strcmp(rows[i].name, name) == 0)
            return (enum sim_oracle)i;
    return SIM_ORACLES;
}

const struct sim_history *sim_history_current(void)
{
    return current;
}

void sim_history_begin(struct sim_history *history, uint64_t seed, bool verbose)
{
    memset(history, 0, sizeof(*history));
    history->seed = seed;
    history->verbose = verbose;
    current = history;
}

static void print_line(FILE *to, const struct sim_history_line *line)
{
    const unsigned long long *n = line->numbers;

    fprintf(to, "%14" PRIu64 "  ", line->at);
    fprintf(to, line->format, n[0], n[1], n[2], n[3], n[4], n[5]);
    fputc('\n', to);
}

void sim_history_add(struct sim_history *history, const char *format,
                     const unsigned long long numbers[SIM_HISTORY_NUMBERS])
{
    struct sim_history_line *line = &history->lines[history->count++ % SIM_HISTORY_LINES];

    line->at = history->now;
    line->format = format;
    memcpy(line->numbers, numbers, sizeof(line->numbers));
    if (history->verbose)
        print_line(stdout, line);
}

static void print_lines(const struct sim_history *history)
{
    uint64_t first = weft_sub_sat(history->count, SIM_HISTORY_LINES);

    for (uint64_t i = first; i < history->count; i++)
        print_line(stderr, &history->lines[i % SIM_HISTORY_LINES]);
}

_Noreturn void sim_history_fail(struct sim_history *history, enum sim_oracle oracle,
                                const char *format, ...)
{
    va_list arguments;

    history->failed = oracle;
    current = history; /* of a run in two parts the one that has begun last need not be it */
    fflush(stdout);
    print_lines(history);
    fprintf(stderr, "weft-sim: FAILED seed %" PRIu64 " oracle %s: at %" PRIu64 " ns, ",
            history->seed, rows[oracle].name, history->now);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    if (history->more != NULL)
        history->more(history->context);
    fflush(stderr);
    sim_failed();
}

_Noreturn void weft_assert_failed(const char *condition, const char *file, int line)
{
    if (current != NULL)
        sim_history_fail(current, SIM_ORACLE_ASSERT, "%s (%s:%d)", condition, file, line);
    fprintf(stderr, "assertion failed: %s (%s:%d)\n", condition, file, line);
    sim_failed();
}
