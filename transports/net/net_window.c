/* Windows: own memory, what of it peers may use, and windows of peers.
 *
 * A peer gets at own memory through weft_net_window_enter alone. */
#include <string.h>

#include "net_end.h"

static struct weft_net_window *window_get(const struct weft_net_end *end, uint32_t window)
{
    return window < end->env.windows_max ? &end->windows[window] : NULL;
}

weftResult_t weft_net_window_add(struct weft_net *net, uint32_t number, void *memory, size_t size)
{
    struct weft_net_end *end = weft_net_end_of(net);
    struct weft_net_window *window = window_get(end, number);

    if (window == NULL)
        return weftInvalidArgument;
    if (window->is_own || window->peer != WEFT_NONE)
        return weftInvalidUsage;
    window->is_own = true;
    window->base = memory;
    window->size_bytes = size;
    return weftSuccess;
}

void weft_net_window_remove(struct weft_net *net, uint32_t number)
{
    struct weft_net_window *window = window_get(weft_net_end_of(net), number);

    weft_assert(window != NULL);
    weft_net_conceal(net, number);
    window->is_own = false;
    window->base = NULL;
    window->size_bytes = 0;
}

weftResult_t weft_net_expose(struct weft_net *net, uint32_t number,
                             const struct weft_net_remote *as)
{
    struct weft_net_end *end = weft_net_end_of(net);
    struct weft_net_window *window = window_get(end, number);
    struct weft_net_exposure *exposure;
    uint32_t index;

    if (window == NULL || !window->is_own || as->window != number ||
        as->size_bytes > window->size_bytes)
        return weftInvalidArgument;
    if (window->exposure_count == WEFT_NET_EXPOSURES_MAX)
        return weftNoResource;
    index = weft_pool_take(&end->free_exposures);
    if (index == WEFT_NONE)
        return weftNoResource;
    exposure = &end->exposures[index];
    *exposure = (struct weft_net_exposure){.next = window->first_exposure,
                                           .epoch = as->epoch,
                                           .size_bytes = as->size_bytes,
                                           .rights = as->rights};
    memcpy(exposure->token, as->token, sizeof(exposure->token));
    window->first_exposure = index;
    window->exposure_count++;
    return weftSuccess;
}

void weft_net_conceal(struct weft_net *net, uint32_t number)
{
    struct weft_net_end *end = weft_net_end_of(net);
    struct weft_net_window *window = window_get(end, number);

    weft_assert(window != NULL);
    while (window->first_exposure != WEFT_NONE) {
        uint32_t index = window->first_exposure;

        window->first_exposure = end->exposures[index].next;
        weft_pool_give(&end->free_exposures, index);
    }
    window->exposure_count = 0;
    window->conceal_count++;
}

weftResult_t weft_net_import(struct weft_net *net, uint32_t number, uint32_t peer,
                             const struct weft_net_remote *remote)
{
    struct weft_net_end *end = weft_net_end_of(net);
    struct weft_net_window *window = window_get(end, number);

    if (window == NULL || peer >= end->env.peers_max ||
        weft_net_peer_at(end, peer)->state == WEFT_NET_PEER_STATE_FREE)
        return weftInvalidArgument;
    if (window->is_own || window->peer != WEFT_NONE)
        return weftInvalidUsage;
    window->peer = peer;
    window->remote = *remote;
    window->size_bytes = remote->size_bytes;
    return weftSuccess;
}

void weft_net_forget(struct weft_net *net, uint32_t number)
{
    struct weft_net_window *window = window_get(weft_net_end_of(net), number);

    weft_assert(window != NULL);
    weft_assert(!window->is_own);
    window->peer = WEFT_NONE;
    window->size_bytes = 0;
}

const struct weft_net_window *weft_net_window_imported(const struct weft_net_end *end,
                                                       uint32_t number)
{
    const struct weft_net_window *window = window_get(end, number);

    return window == NULL || window->peer == WEFT_NONE ? NULL : window;
}

struct weft_wire_window weft_net_window_wire(const struct weft_net_window *window)
{
    struct weft_wire_window wire = {.window = window->remote.window, .epoch = window->remote.epoch};

    memcpy(wire.token, window->remote.token, sizeof(wire.token));
    return wire;
}

/* Takes as long for every token, so that the time tells nothing of where they differ. */
static bool token_equal(const uint8_t *a, const uint8_t *b)
{
    volatile unsigned difference = 0;

    for (uint32_t i = 0; i < WEFT_NET_TOKEN_BYTES; i++)
        difference = difference | (unsigned)(a[i] ^ b[i]);
    return difference == 0;
}

const struct weft_net_exposure *weft_net_window_admit(const struct weft_net_end *end,
                                                      const struct weft_wire_window *by,
                                                      unsigned rights)
{
    const struct weft_net_window *window = window_get(end, by->window);
    uint32_t index = window == NULL ? WEFT_NONE : window->first_exposure;

    for (; index != WEFT_NONE; index = end->exposures[index].next) {
        const struct weft_net_exposure *exposure = &end->exposures[index];

        if (exposure->epoch != by->epoch || !token_equal(exposure->token, by->token))
            continue;
        /* The same token may have been given with other rights, too. */
        if ((exposure->rights & rights) == rights)
            return exposure;
    }
    return NULL;
}

const struct weft_net_exposure *weft_net_window_enter(const struct weft_net_end *end,
                                                      const struct weft_wire_window *by,
                                                      unsigned rights)
{
    const struct weft_net_exposure *exposure = weft_net_window_admit(end, by, rights);

    return exposure == NULL || end->windows[by->window].base == NULL ? NULL : exposure;
}
