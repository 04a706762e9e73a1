/* A stand-in for Criterion where Criterion cannot run: under ThreadSanitizer its shared arena maps
 * memory that the sanitizer forbids. Only the thread sanitizer's build uses it.
 *
 * It has what this project's tests use of Criterion: Test with its options, TestSuite, cr_assert_*,
 * cr_expect_*, cr_skip_test. Each test runs in a child process; assertions may be used from the
 * test's own thread only. Anything else of Criterion is left out and does not compile. */
#ifndef WEFT_PLAIN_CRITERION_H
#define WEFT_PLAIN_CRITERION_H

#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The names of the first fields are Criterion's, since tests write them. */
struct plain_test {
    const char *suite;
    const char *name;
    void (*run)(void);
    void (*init)(void);
    void (*fini)(void);
    int signal;     /* that ends the test as expected; 0: none */
    int exit_code;  /* of a test that ends by itself as expected */
    double timeout; /* seconds; 0: the suite's, or none */
    bool disabled;
    const char *description;
    struct plain_test *next;
};

void plain_register(struct plain_test *test);
void plain_register_suite(struct plain_test *suite);

/* Says what did not hold; ends the test when `fatal`. */
__attribute__((format(printf, 5, 6))) void plain_failed(bool fatal, const char *file, int line,
                                                        const char *condition, const char *format,
                                                        ...);
__attribute__((format(printf, 1, 2))) _Noreturn void plain_skip(const char *format, ...);
__attribute__((format(printf, 1, 2))) void plain_log(const char *format, ...);

#define Test(suite_, name_, ...)                                                                   \
    static void suite_##_##name_##_run(void);                                                      \
    static struct plain_test suite_##_##name_##_test = {                                           \
        .suite = #suite_, .name = #name_, .run = suite_##_##name_##_run, __VA_ARGS__};             \
    __attribute__((constructor)) static void suite_##_##name_##_register(void)                     \
    {                                                                                              \
        plain_register(&suite_##_##name_##_test);                                                  \
    }                                                                                              \
    static void suite_##_##name_##_run(void)

#define TestSuite(suite_, ...)                                                                     \
    static struct plain_test suite_##_suite = {.suite = #suite_, __VA_ARGS__};                     \
    __attribute__((constructor)) static void suite_##_suite_register(void)                         \
    {                                                                                              \
        plain_register_suite(&suite_##_suite);                                                     \
    }                                                                                              \
    _Static_assert(1, "")

#define PLAIN_CHECK(fatal, holds, words, ...)                                                      \
    ((holds) ? (void)0 : plain_failed(fatal, __FILE__, __LINE__, words, " " __VA_ARGS__))

#define PLAIN_COMPARE(fatal, a, op, b, ...)                                                        \
    PLAIN_CHECK(fatal, (a)op(b), #a " " #op " " #b, __VA_ARGS__)

#define PLAIN_CLOSE(fatal, a, b, within, ...)                                                      \
    PLAIN_CHECK(fatal, fabs((double)(a) - (double)(b)) <= (double)(within), #a " is near " #b,     \
                __VA_ARGS__)

#define cr_assert(holds, ...)       PLAIN_CHECK(true, holds, #holds, __VA_ARGS__)
#define cr_assert_not(holds, ...)   PLAIN_CHECK(true, !(holds), "not " #holds, __VA_ARGS__)
#define cr_assert_eq(a, b, ...)     PLAIN_COMPARE(true, a, ==, b, __VA_ARGS__)
#define cr_assert_neq(a, b, ...)    PLAIN_COMPARE(true, a, !=, b, __VA_ARGS__)
#define cr_assert_lt(a, b, ...)     PLAIN_COMPARE(true, a, <, b, __VA_ARGS__)
#define cr_assert_leq(a, b, ...)    PLAIN_COMPARE(true, a, <=, b, __VA_ARGS__)
#define cr_assert_gt(a, b, ...)     PLAIN_COMPARE(true, a, >, b, __VA_ARGS__)
#define cr_assert_geq(a, b, ...)    PLAIN_COMPARE(true, a, >=, b, __VA_ARGS__)
#define cr_assert_null(a, ...)      PLAIN_CHECK(true, (a) == NULL, #a " is NULL", __VA_ARGS__)
#define cr_assert_not_null(a, ...)  PLAIN_CHECK(true, (a) != NULL, #a " is not NULL", __VA_ARGS__)
#define cr_assert_str_eq(a, b, ...) PLAIN_CHECK(true, strcmp(a, b) == 0, #a " is " #b, __VA_ARGS__)
#define cr_assert_str_neq(a, b, ...)                                                               \
    PLAIN_CHECK(true, strcmp(a, b) != 0, #a " is not " #b, __VA_ARGS__)
#define cr_assert_str_empty(a, ...) PLAIN_CHECK(true, (a)[0] == '\0', #a " is empty", __VA_ARGS__)
#define cr_assert_str_not_empty(a, ...)                                                            \
    PLAIN_CHECK(true, (a)[0] != '\0', #a " has text", __VA_ARGS__)
#define cr_assert_arr_eq(a, b, size, ...)                                                          \
    PLAIN_CHECK(true, memcmp(a, b, size) == 0, #a " holds what " #b " holds", __VA_ARGS__)
#define cr_assert_float_eq(a, b, within, ...) PLAIN_CLOSE(true, a, b, within, __VA_ARGS__)

#define cr_fatal(...)       cr_assert_fail(__VA_ARGS__)
#define cr_assert_fail(...) plain_failed(true, __FILE__, __LINE__, "fail", " " __VA_ARGS__)

#define cr_expect(holds, ...)       PLAIN_CHECK(false, holds, #holds, __VA_ARGS__)
#define cr_expect_not(holds, ...)   PLAIN_CHECK(false, !(holds), "not " #holds, __VA_ARGS__)
#define cr_expect_eq(a, b, ...)     PLAIN_COMPARE(false, a, ==, b, __VA_ARGS__)
#define cr_expect_neq(a, b, ...)    PLAIN_COMPARE(false, a, !=, b, __VA_ARGS__)
#define cr_expect_lt(a, b, ...)     PLAIN_COMPARE(false, a, <, b, __VA_ARGS__)
#define cr_expect_leq(a, b, ...)    PLAIN_COMPARE(false, a, <=, b, __VA_ARGS__)
#define cr_expect_gt(a, b, ...)     PLAIN_COMPARE(false, a, >, b, __VA_ARGS__)
#define cr_expect_geq(a, b, ...)    PLAIN_COMPARE(false, a, >=, b, __VA_ARGS__)
#define cr_expect_null(a, ...)      PLAIN_CHECK(false, (a) == NULL, #a " is NULL", __VA_ARGS__)
#define cr_expect_not_null(a, ...)  PLAIN_CHECK(false, (a) != NULL, #a " is not NULL", __VA_ARGS__)
#define cr_expect_str_eq(a, b, ...) PLAIN_CHECK(false, strcmp(a, b) == 0, #a " is " #b, __VA_ARGS__)
#define cr_expect_str_neq(a, b, ...)                                                               \
    PLAIN_CHECK(false, strcmp(a, b) != 0, #a " is not " #b, __VA_ARGS__)
#define cr_expect_str_empty(a, ...) PLAIN_CHECK(false, (a)[0] == '\0', #a " is empty", __VA_ARGS__)
#define cr_expect_str_not_empty(a, ...)                                                            \
    PLAIN_CHECK(false, (a)[0] != '\0', #a " has text", __VA_ARGS__)
#define cr_expect_arr_eq(a, b, size, ...)                                                          \
    PLAIN_CHECK(false, memcmp(a, b, size) == 0, #a " holds what " #b " holds", __VA_ARGS__)
#define cr_expect_float_eq(a, b, within, ...) PLAIN_CLOSE(false, a, b, within, __VA_ARGS__)

#define cr_expect_fail(...) plain_failed(false, __FILE__, __LINE__, "fail", " " __VA_ARGS__)
#define cr_skip_test(...)   plain_skip(" " __VA_ARGS__)
#define cr_skip(...)        plain_skip(" " __VA_ARGS__)
#define cr_log_info(...)    plain_log(" " __VA_ARGS__)
#define cr_log_warn(...)    plain_log(" " __VA_ARGS__)
#define cr_log_error(...)   plain_log(" " __VA_ARGS__)

#endif
