/* Runs tests one after the other, each in a child process, and prints what Criterion prints.
 *
 * A test passes when it returned, expected nothing that failed, and its process ended as the test
 * says: so a sanitizer's report, which changes the exit code, fails it. It knows one option,
 * --filter 'suite/...'; the others are Criterion's and have no meaning here. */
#include <errno.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "criterion/criterion.h"

enum { EXIT_FAILED = 1, EXIT_SKIPPED = 77 };

static struct plain_test *tests; /* in the order in which they were registered */
static struct plain_test **tests_end = &tests;
static struct plain_test *suites;
static bool child_failed; /* an expectation of the running test did not hold */

void plain_register(struct plain_test *test)
{
    *tests_end = test;
    tests_end = &test->next;
}

void plain_register_suite(struct plain_test *suite)
{
    suite->next = suites;
    suites = suite;
}

void plain_failed(bool fatal, const char *file, int line, const char *condition, const char *format,
                  ...)
{
    va_list arguments;

    fprintf(stderr, "[----] %s:%d: expected: %s;", file, line, condition);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    child_failed = true;
    if (fatal)
        _exit(EXIT_FAILED);
}

void plain_skip(const char *format, ...)
{
    va_list arguments;

    fputs("[SKIP]", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    _exit(EXIT_SKIPPED);
}

void plain_log(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

static const struct plain_test *suite_of(const struct plain_test *test)
{
    static const struct plain_test none = {.suite = ""};

    for (const struct plain_test *suite = suites; suite != NULL; suite = suite->next)
        if (strcmp(suite->suite, test->suite) == 0)
            return suite;
    return &none;
}

static void run_child(const struct plain_test *test)
{
    const struct plain_test *suite = suite_of(test);
    double timeout = test->timeout > 0 ? test->timeout : suite->timeout;
    void (*init)(void) = test->init != NULL ? test->init : suite->init;
    void (*fini)(void) = test->fini != NULL ? test->fini : suite->fini;

    if (timeout > 0)
        alarm((unsigned)timeout + 1);
    if (init != NULL)
        init();
    test->run();
    if (fini != NULL)
        fini();
    exit(child_failed ? EXIT_FAILED : 0);
}

/* The way its process ended, as a wait status. */
static int status_of(const struct plain_test *test)
{
    int status = -1;
    pid_t child;

    fflush(NULL);
    child = fork();
    if (child == 0)
        run_child(test);
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

static bool passed(const struct plain_test *test, int status)
{
    const struct plain_test *suite = suite_of(test);
    int expected = test->signal != 0 ? test->signal : suite->signal;

    if (expected != 0)
        return WIFSIGNALED(status) && WTERMSIG(status) == expected;
    return WIFEXITED(status) && WEXITSTATUS(status) == test->exit_code;
}

static double seconds_since(const struct timespec *from)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - from->tv_sec) + (double)(now.tv_nsec - from->tv_nsec) / 1e9;
}

int main(int count, char **arguments)
{
    const char *filter = "";
    size_t filter_size = 0;
    unsigned tested = 0, failed = 0;

    for (int i = 1; i + 1 < count; i++)
        if (strcmp(arguments[i], "--filter") == 0)
            filter = arguments[i + 1];
    filter_size = strcspn(filter, "/");
    for (const struct plain_test *test = tests; test != NULL; test = test->next) {
        struct timespec from;
        int status;

        if (test->disabled || (filter_size > 0 && (strlen(test->suite) != filter_size ||
                                                   memcmp(test->suite, filter, filter_size) != 0)))
            continue;
        clock_gettime(CLOCK_MONOTONIC, &from);
        status = status_of(test);
        if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SKIPPED)
            continue;
        tested++;
        failed += !passed(test, status);
        fprintf(stderr, "[%s] %s::%s: (%.2fs, wait status %d)\n",
                passed(test, status) ? "PASS" : "FAIL", test->suite, test->name,
                seconds_since(&from), status);
    }
    fprintf(stderr, "[====] Synthesis: Tested: %u | Passing: %u | Failing: %u | Crashing: 0 \n",
            tested, tested - failed, failed);
    return failed == 0 ? 0 : 1;
}
