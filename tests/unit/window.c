/* Windows: every state by every call, rights, bounds without overflow. */
#include <criterion/criterion.h>

#include <signal.h>

#include "core/window.h"

enum call { ADD, REVOKE, REMOVE, REMOVE_USED_BY_TRANSFER, REMOVE_USED_BY_CHUNK, CALLS };

static struct weft_window in_state(enum weft_window_state state)
{
    struct weft_window window = {.state = WEFT_WINDOW_FREE};

    if (state != WEFT_WINDOW_FREE)
        weft_window_add(&window, 3, 4096, WEFT_RIGHTS_ALL);
    if (state == WEFT_WINDOW_REVOKED)
        weft_window_revoke(&window);
    cr_assert_eq(window.state, state);
    return window;
}

/* What the call says, as a result: false of revoke is weftInvalidUsage here. */
static weftResult_t apply(struct weft_window *window, enum call call)
{
    switch (call) {
    case ADD:
        weft_window_add(window, 1, 1, WEFT_RIGHT_READ);
        return weftSuccess;
    case REVOKE:
        return weft_window_revoke(window) ? weftSuccess : weftInvalidUsage;
    case REMOVE_USED_BY_TRANSFER:
        window->transfers = 1;
        return weft_window_remove(window);
    case REMOVE_USED_BY_CHUNK:
        window->chunks = 1;
        return weft_window_remove(window);
    default:
        return weft_window_remove(window);
    }
}

Test(window, set_state__every_state_by_every_call)
{
    static const struct {
        enum weft_window_state from;
        enum call call;
        weftResult_t result;
        enum weft_window_state to;
    } rows[] = {
        {WEFT_WINDOW_FREE, ADD, weftSuccess, WEFT_WINDOW_LIVE},
        {WEFT_WINDOW_FREE, REVOKE, weftInvalidUsage, WEFT_WINDOW_FREE},
        {WEFT_WINDOW_FREE, REMOVE, weftInvalidUsage, WEFT_WINDOW_FREE},
        {WEFT_WINDOW_LIVE, REVOKE, weftSuccess, WEFT_WINDOW_REVOKED},
        {WEFT_WINDOW_LIVE, REMOVE, weftSuccess, WEFT_WINDOW_FREE},
        {WEFT_WINDOW_LIVE, REMOVE_USED_BY_TRANSFER, weftInProgress, WEFT_WINDOW_LIVE},
        {WEFT_WINDOW_LIVE, REMOVE_USED_BY_CHUNK, weftInProgress, WEFT_WINDOW_LIVE},
        {WEFT_WINDOW_REVOKED, REVOKE, weftInvalidUsage, WEFT_WINDOW_REVOKED},
        {WEFT_WINDOW_REVOKED, REMOVE, weftSuccess, WEFT_WINDOW_FREE},
        {WEFT_WINDOW_REVOKED, REMOVE_USED_BY_TRANSFER, weftInProgress, WEFT_WINDOW_REVOKED},
        {WEFT_WINDOW_REVOKED, REMOVE_USED_BY_CHUNK, weftInProgress, WEFT_WINDOW_REVOKED},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct weft_window window = in_state(rows[i].from);

        cr_expect_eq(apply(&window, rows[i].call), rows[i].result, "row %zu", i);
        cr_expect_eq(window.state, rows[i].to, "row %zu", i);
    }
}

Test(window, add__to_a_live_one, .signal = SIGABRT)
{
    struct weft_window window = in_state(WEFT_WINDOW_LIVE);

    weft_window_add(&window, 0, 1, 0);
}

Test(window, add__to_a_revoked_one, .signal = SIGABRT)
{
    struct weft_window window = in_state(WEFT_WINDOW_REVOKED);

    weft_window_add(&window, 0, 1, 0);
}

/* The number is used again: nothing of the window before it is left. */
Test(window, add__after_remove)
{
    struct weft_window window = in_state(WEFT_WINDOW_REVOKED);

    cr_expect_eq(weft_window_remove(&window), weftSuccess);
    weft_window_add(&window, 7, 8192, WEFT_RIGHT_WRITE);
    cr_expect_eq(window.state, WEFT_WINDOW_LIVE);
    cr_expect_eq(window.device, 7);
    cr_expect_eq(window.size_bytes, 8192);
    cr_expect_eq(window.rights, WEFT_RIGHT_WRITE);
    cr_expect_eq(window.transfers, 0);
    cr_expect_eq(window.chunks, 0);
}

Test(window, allows__bounds)
{
    static const struct {
        uint64_t size_bytes; /* of the window */
        uint64_t offset;
        uint64_t size;
        weftResult_t result;
    } rows[] = {
        {4096, 0, 4096, weftSuccess},
        {4096, 0, 0, weftSuccess},
        {4096, 0, 1, weftSuccess},
        {4096, 4095, 1, weftSuccess},
        {4096, 4096, 0, weftSuccess},
        {4096, 0, 4097, weftInvalidArgument},
        {4096, 1, 4096, weftInvalidArgument},
        {4096, 4096, 1, weftInvalidArgument},
        {4096, 4097, 0, weftInvalidArgument},
        {4096, UINT64_MAX, 0, weftInvalidArgument},
        {4096, UINT64_MAX, 1, weftInvalidArgument},
        {4096, 1, UINT64_MAX, weftInvalidArgument},
        {4096, UINT64_MAX - 99, 100, weftInvalidArgument},
        {4096, UINT64_MAX - 99, 200, weftInvalidArgument},
        {4096, UINT64_MAX, UINT64_MAX, weftInvalidArgument},
        {UINT64_MAX, 0, UINT64_MAX, weftSuccess},
        {UINT64_MAX, 1, UINT64_MAX - 1, weftSuccess},
        {UINT64_MAX, 1, UINT64_MAX, weftInvalidArgument},
        {1, 0, 1, weftSuccess},
        {1, 1, 1, weftInvalidArgument},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct weft_window window = {.state = WEFT_WINDOW_FREE};

        weft_window_add(&window, 0, rows[i].size_bytes, WEFT_RIGHT_READ);
        cr_expect_eq(weft_window_allows(&window, rows[i].offset, rows[i].size, WEFT_RIGHT_READ),
                     rows[i].result, "row %zu", i);
    }
}

Test(window, allows__rights)
{
    static const struct {
        unsigned rights;
        unsigned right;
        weftResult_t result;
    } rows[] = {
        {WEFT_RIGHT_READ, WEFT_RIGHT_READ, weftSuccess},
        {WEFT_RIGHT_READ, WEFT_RIGHT_WRITE, weftInvalidUsage},
        {WEFT_RIGHT_WRITE, WEFT_RIGHT_READ, weftInvalidUsage},
        {WEFT_RIGHT_WRITE, WEFT_RIGHT_WRITE, weftSuccess},
        {WEFT_RIGHT_READ | WEFT_RIGHT_WRITE, WEFT_RIGHT_SIGNAL, weftInvalidUsage},
        {WEFT_RIGHT_SIGNAL, WEFT_RIGHT_SIGNAL, weftSuccess},
        {WEFT_RIGHT_READ, WEFT_RIGHT_READ | WEFT_RIGHT_WRITE, weftInvalidUsage},
        {WEFT_RIGHTS_ALL, WEFT_RIGHT_READ | WEFT_RIGHT_WRITE, weftSuccess},
        {0, WEFT_RIGHT_READ, weftInvalidUsage},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct weft_window window = {.state = WEFT_WINDOW_FREE};

        weft_window_add(&window, 0, 4096, rows[i].rights);
        cr_expect_eq(weft_window_allows(&window, 0, 8, rows[i].right), rows[i].result, "row %zu",
                     i);
    }
}

Test(window, allows__states)
{
    struct weft_window free_one = in_state(WEFT_WINDOW_FREE);
    struct weft_window live = in_state(WEFT_WINDOW_LIVE);
    struct weft_window revoked = in_state(WEFT_WINDOW_REVOKED);

    cr_expect_eq(weft_window_allows(&free_one, 0, 1, WEFT_RIGHT_READ), weftInvalidUsage);
    cr_expect_eq(weft_window_allows(&live, 0, 1, WEFT_RIGHT_READ), weftSuccess);
    cr_expect_eq(weft_window_allows(&revoked, 0, 1, WEFT_RIGHT_READ), weftInvalidUsage);
    cr_expect_eq(weft_window_allows(&revoked, 0, 0, 0), weftInvalidUsage);
}
