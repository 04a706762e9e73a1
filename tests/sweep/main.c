/* weft-sweep: fails every allocation and every call of a transport once, and checks what becomes of
 * it.
 *
 *     weft-sweep                          all kinds of faults
 *     weft-sweep --kind store             one of them (--list names them)
 *     weft-sweep --point store:cuda:nth=3 one point; with --here in this process, for a debugger */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "attempt.h"
#include "common/args.h"

#define PROGRAM      "weft-sweep"
#define FAILURES_MAX 10 /* of a kind, after which it is left */
#define WHY_BYTES    (SWEEP_COMPLAINT_BYTES + 256)

struct arguments {
    enum sweep_kind kind; /* SWEEP_KINDS: all */
    struct sweep_point point;
    bool has_point;
    bool is_here;
    bool is_list;
    bool is_verbose;
};

static bool kind_take(const struct weft_args_option *option, const char *text, void *values,
                      char why[WEFT_WHY_BYTES])
{
    struct arguments *arguments = values;

    (void)option;
    arguments->kind = sweep_kind_find(text);
    if (arguments->kind == SWEEP_KINDS)
        (void)snprintf(why, WEFT_WHY_BYTES, "'%.60s' is no kind: --list names them", text);
    return arguments->kind != SWEEP_KINDS;
}

static bool point_take(const struct weft_args_option *option, const char *text, void *values,
                       char why[WEFT_WHY_BYTES])
{
    struct arguments *arguments = values;

    (void)option;
    arguments->has_point = sweep_point_read(text, &arguments->point);
    if (!arguments->has_point)
        (void)snprintf(why, WEFT_WHY_BYTES, "'%.60s' is no point as open:system:nth=3", text);
    return arguments->has_point;
}

#define AT(member) offsetof(struct arguments, member)

static const struct weft_args_option options[] = {
    {"kind", 'k', "KIND", "faults of this kind alone", kind_take, 0, 0, 0},
    {"point", 'p', "POINT", "one point: KIND:FAULT:nth=N or KIND:FAULT:from=N", point_take, 0, 0,
     0},
    {"here", 0, NULL, "run the point in this process, for a debugger", weft_args_flag, AT(is_here),
     0, 0},
    {"list", 'l', NULL, "list the kinds", weft_args_flag, AT(is_list), 0, 0},
    {"verbose", 'v', NULL, "print every point", weft_args_flag, AT(is_verbose), 0, 0},
    {0},
};

static double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Tries one point and says what failed, with how to see it again. */
static bool try_point(const struct sweep_point *point, const struct sweep_expectation *expected)
{
    char text[SWEEP_POINT_BYTES];
    char why[WHY_BYTES];

    if (sweep_attempt(point, expected, why, sizeof(why)))
        return true;
    sweep_point_write(point, text);
    printf("FAILED %s: %s\n    again: weft-sweep --point %s\n    in a debugger: weft-sweep --here "
           "--point %s\n",
           text, why, text, text);
    return false;
}

struct tally {
    uint32_t points; /* tried and reached */
    uint32_t last;   /* the highest N that was reached */
    uint32_t failures;
};

/* Tries one point; true when it was reached. */
static bool run_point(const struct sweep_point *point, const struct sweep_expectation *expected,
                      bool is_verbose, struct tally *tally)
{
    char text[SWEEP_POINT_BYTES];
    double begun = now_s();
    bool is_good = try_point(point, expected);
    /* One that failed may have been stopped before it could say whether it was reached. */
    bool reached = sweep_report->reached || !is_good;

    sweep_point_write(point, text);
    if (is_verbose)
        printf("%s %s %.0f ms%s\n", text, reached ? "reached" : "not reached",
               (now_s() - begun) * 1e3, sweep_report->kept ? ", kept" : "");
    tally->failures += !is_good;
    tally->points += reached;
    if (reached && point->nth > tally->last)
        tally->last = point->nth;
    return reached;
}

/* Goes through one series, to the first N of which no point is reached. */
static void run_series(enum sweep_kind kind, bool onwards, const struct sweep_expectation *expected,
                       bool is_verbose, struct tally *tally)
{
    uint32_t nth = 0;
    bool reached = true;

    while (reached && tally->failures < FAILURES_MAX) {
        struct sweep_point point;

        nth = sweep_nth_next(kind, onwards, nth);
        reached = false;
        for (uint32_t fault = 0; fault < sweep_fault_count(kind); fault++)
            if (sweep_point_set(kind, onwards, nth, fault, &point))
                reached |= run_point(&point, expected, is_verbose, tally);
    }
}

/* False when a point failed, or none was reached at all. */
static bool run_kind(enum sweep_kind kind, const struct sweep_expectation *expected,
                     bool is_verbose)
{
    struct tally tally = {0};
    double begun = now_s();

    run_series(kind, false, expected, is_verbose, &tally);
    run_series(kind, true, expected, is_verbose, &tally);
    printf("%-15s %4u points, the last at call %u, %u failed, %.1f s%s\n", sweep_kind_name(kind),
           tally.points, tally.last, tally.failures, now_s() - begun,
           tally.last > SWEEP_ALL_MAX ? "; every call up to 50, then fewer" : "");
    if (tally.points == 0)
        printf("FAILED %s: the scene makes no such call\n", sweep_kind_name(kind));
    return tally.failures == 0 && tally.points > 0;
}

int main(int count, char **words)
{
    static const struct weft_args args = {.options = options, .about = "Fails calls one by one."};
    struct arguments arguments = {.kind = SWEEP_KINDS};
    struct sweep_expectation expected;
    char why[WEFT_ARGS_WHY_BYTES];
    bool is_good = true;

    if (!weft_args_read(&args, count, words, &arguments, why))
        weft_args_fail(PROGRAM, why);
    for (int kind = 0; arguments.is_list && kind < SWEEP_KINDS; kind++)
        printf("%s\n", sweep_kind_name((enum sweep_kind)kind));
    if (arguments.is_list)
        return 0;
    if (!sweep_attempt_init() || !sweep_attempt(NULL, NULL, why, sizeof(why))) {
        printf("FAILED without any fault: %s\n", sweep_report == NULL ? "no memory" : why);
        return 1;
    }
    expected.had = sweep_report->had;
    if (arguments.has_point && arguments.is_here)
        sweep_attempt_here(&arguments.point, &expected);
    if (arguments.has_point)
        return try_point(&arguments.point, &expected) ? 0 : 1;
    for (int kind = 0; kind < SWEEP_KINDS; kind++)
        if (arguments.kind == SWEEP_KINDS || (int)arguments.kind == kind)
            is_good = run_kind((enum sweep_kind)kind, &expected, arguments.is_verbose) && is_good;
    return is_good ? 0 : 1;
}
