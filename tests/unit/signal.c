/* Signals: where one may be raised. */
#include <criterion/criterion.h>

#include "core/signal.h"

Test(signal, allowed__places)
{
    static const struct {
        uint64_t offset;
        int op;
        weftResult_t result;
    } rows[] = {
        {0, weftSignalSet, weftSuccess},
        {8, weftSignalAdd, weftSuccess},
        {4088, weftSignalSet, weftSuccess},
        {4096, weftSignalSet, weftInvalidArgument},
        {4, weftSignalSet, weftInvalidArgument},
        {1, weftSignalSet, weftInvalidArgument},
        {4089, weftSignalSet, weftInvalidArgument},
        {UINT64_MAX - 7, weftSignalSet, weftInvalidArgument},
        {UINT64_MAX, weftSignalSet, weftInvalidArgument},
        {0, weftNumSignalOps, weftInvalidArgument},
        {0, -1, weftInvalidArgument},
    };
    struct weft_window window = {.state = WEFT_WINDOW_FREE};

    weft_window_add(&window, 0, 4096, WEFT_RIGHT_SIGNAL);
    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct weft_signal signal = {0, rows[i].offset, 1, (weftSignalOp_t)rows[i].op};

        cr_expect_eq(weft_signal_allowed(&signal, &window), rows[i].result, "row %zu", i);
    }
}

Test(signal, allowed__small_windows)
{
    static const struct {
        uint64_t size_bytes;
        weftResult_t result;
    } rows[] = {{1, weftInvalidArgument}, {7, weftInvalidArgument}, {8, weftSuccess}};

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct weft_window window = {.state = WEFT_WINDOW_FREE};
        struct weft_signal signal = {0, 0, 1, weftSignalSet};

        weft_window_add(&window, 0, rows[i].size_bytes, WEFT_RIGHT_SIGNAL);
        cr_expect_eq(weft_signal_allowed(&signal, &window), rows[i].result, "row %zu", i);
    }
}

Test(signal, allowed__rights_and_states)
{
    struct weft_signal signal = {0, 0, 1, weftSignalSet};
    struct weft_window window = {.state = WEFT_WINDOW_FREE};

    cr_expect_eq(weft_signal_allowed(&signal, &window), weftInvalidUsage, "free");
    weft_window_add(&window, 0, 4096, WEFT_RIGHT_READ | WEFT_RIGHT_WRITE);
    cr_expect_eq(weft_signal_allowed(&signal, &window), weftInvalidUsage, "without the right");
    cr_expect_eq(weft_window_remove(&window), weftSuccess);
    weft_window_add(&window, 0, 4096, WEFT_RIGHTS_ALL);
    cr_expect_eq(weft_signal_allowed(&signal, &window), weftSuccess);
    weft_window_revoke(&window);
    cr_expect_eq(weft_signal_allowed(&signal, &window), weftInvalidUsage, "revoked");
}
