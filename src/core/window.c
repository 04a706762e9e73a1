/* Windows: state, rights, bounds, and who uses them. */
#include "window.h"

#define TO(state) (1u << WEFT_WINDOW_##state)

static const unsigned next_states[WEFT_WINDOW_STATES] = {
    [WEFT_WINDOW_FREE] = TO(LIVE),
    [WEFT_WINDOW_LIVE] = TO(REVOKED) | TO(FREE),
    [WEFT_WINDOW_REVOKED] = TO(FREE),
};

static void set_state(struct weft_window *window, enum weft_window_state state)
{
    weft_assert((next_states[window->state] >> state & 1) != 0);
    window->state = state;
}

void weft_window_add(struct weft_window *window, uint32_t device, uint64_t size_bytes,
                     unsigned rights)
{
    set_state(window, WEFT_WINDOW_LIVE);
    window->device = device;
    window->size_bytes = size_bytes;
    window->rights = rights;
    window->transfers = 0;
    window->chunks = 0;
}

bool weft_window_revoke(struct weft_window *window)
{
    if (window->state != WEFT_WINDOW_LIVE)
        return false;
    set_state(window, WEFT_WINDOW_REVOKED);
    return true;
}

bool weft_window_idle(const struct weft_window *window)
{
    return window->transfers == 0 && window->chunks == 0;
}

weftResult_t weft_window_remove(struct weft_window *window)
{
    if (window->state == WEFT_WINDOW_FREE)
        return weftInvalidUsage;
    if (!weft_window_idle(window))
        return weftInProgress;
    set_state(window, WEFT_WINDOW_FREE);
    return weftSuccess;
}

weftResult_t weft_window_allows(const struct weft_window *window, uint64_t offset, uint64_t size,
                                unsigned right)
{
    if (window->state != WEFT_WINDOW_LIVE || (window->rights & right) != right)
        return weftInvalidUsage;
    return weft_range_inside(offset, size, window->size_bytes) ? weftSuccess : weftInvalidArgument;
}
