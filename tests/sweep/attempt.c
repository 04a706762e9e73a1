/* Runs in processes of their own, and what is checked after them; see attempt.h. */
#include "attempt.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scene.h"

/* A process that takes longer hangs: a run takes some 20 ms, with sanitizers 100. */
#define DEADLINE_S 60

#define TEXT_BYTES 512

#if defined(__SANITIZE_ADDRESS__)
#define SWEEP_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SWEEP_SANITIZED 1
#endif
#endif
#ifndef SWEEP_SANITIZED
#define SWEEP_SANITIZED 0
#endif
#if SWEEP_SANITIZED
#include <sanitizer/lsan_interface.h>
#endif

struct sweep_report *sweep_report;

void sweep_complain(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(sweep_report->complaint, sizeof(sweep_report->complaint), format, arguments);
    va_end(arguments);
    _exit(1);
}

bool sweep_attempt_init(void)
{
    void *shared = mmap(NULL, sizeof(*sweep_report), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (shared == MAP_FAILED)
        return false;
    sweep_report = shared;
    return true;
}

static void run_clean(bool is_aborted)
{
    struct sweep_scene scene = {.plan = "", .is_aborted = is_aborted};

    sweep_report->is_clean = true;
    sweep_scene_run(&scene);
}

/* What is left is as much as clean runs leave. `calls`: blocks made since then are told. */
static void check_leaks(const struct sweep_expectation *expected, uint32_t calls)
{
    struct sweep_had had = sweep_wrap_had();
    char text[TEXT_BYTES];

    if (memcmp(&had, &expected->had, sizeof(had)) == 0)
        return;
    sweep_wrap_tell(calls, text, sizeof(text));
    sweep_complain("at the end %u blocks of memory, %u mappings, %u threads and %u things of the "
                   "driver are left, not %u, %u, %u and %u; blocks:%s",
                   had.blocks, had.mappings, had.threads, had.driver, expected->had.blocks,
                   expected->had.mappings, expected->had.threads, expected->had.driver, text);
}

static _Noreturn void finish(void)
{
#if SWEEP_SANITIZED
    if (__lsan_do_recoverable_leak_check() != 0)
        sweep_complain("the sanitizer found a leak, see above");
#endif
    _exit(0);
}

void sweep_attempt_here(const struct sweep_point *point, const struct sweep_expectation *expected)
{
    char plan[SWEEP_POINT_BYTES];
    struct sweep_scene scene = {
        .plan = plan,
        .is_short = sweep_point_stalls(point),
        .is_aborted = point->nth % 2 == 0,
    };

    sweep_point_arm(point, plan);
    sweep_scene_run(&scene);
    sweep_report->reached = sweep_point_disarm(point);
    run_clean(!scene.is_aborted);
    if (!sweep_report->kept)
        check_leaks(expected, 0);
    finish();
}

/* What is left after a clean run is what every process loads once; a second one adds nothing. */
static _Noreturn void run_clean_twice(void)
{
    struct sweep_expectation first;
    uint32_t calls;

    run_clean(false);
    first.had = sweep_wrap_had();
    calls = sweep_wrap_calls();
    run_clean(true);
    check_leaks(&first, calls);
    sweep_report->had = first.had;
    finish();
}

static void describe(int status, char *why, size_t why_size)
{
    const char *run = sweep_report->is_clean ? "the clean run after it" : "the run";

    if (sweep_report->complaint[0] != '\0')
        snprintf(why, why_size, "%s, at %s: %s", run, sweep_report->step, sweep_report->complaint);
    else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
        snprintf(why, why_size, "%s hangs in %s: no end within %d s", run, sweep_report->step,
                 DEADLINE_S);
    else if (WIFSIGNALED(status))
        snprintf(why, why_size, "%s, at %s: it was ended by signal %d (%s)", run,
                 sweep_report->step, WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        snprintf(why, why_size, "%s, at %s: its process ended with %d, see above", run,
                 sweep_report->step, WEXITSTATUS(status));
}

bool sweep_attempt(const struct sweep_point *point, const struct sweep_expectation *expected,
                   char *why, size_t why_size)
{
    pid_t child;
    int status = 0;

    memset(sweep_report, 0, sizeof(*sweep_report));
    (void)fflush(NULL);
    child = fork();
    if (child == 0) {
        (void)alarm(DEADLINE_S);
        if (point == NULL)
            run_clean_twice();
        sweep_attempt_here(point, expected);
    }
    if (child < 0 || waitpid(child, &status, 0) != child) {
        snprintf(why, why_size, "the system gives no process");
        return false;
    }
    if (status == 0)
        return true;
    describe(status, why, why_size);
    return false;
}
