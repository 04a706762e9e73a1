/* Landings: opened for a fetch, shut with its end; see peer_landing.h. */
#include "peer_landing.h"

#include "peers.h"

weftResult_t weft_landing_open(struct weft_loop *loop, uint32_t window, struct weft_net_remote *as)
{
    struct weft_peers *peers = loop->peers;
    struct weft_peers_landing *landing = &peers->landings[window];

    if (landing->closing > 0)
        return weftNoResource;
    if (!landing->on) {
        landing->as = (struct weft_net_remote){
            .window = peers->landing_first + window,
            .epoch = landing->as.epoch + 1,
            .size_bytes = weft_engine_window_size(loop->engine, window),
            .rights = WEFT_RIGHT_WRITE,
        };
        if (!weft_random(landing->as.token, sizeof(landing->as.token)))
            return weftSystemError;
        WEFT_TRY(peers->ops->expose(peers->net, landing->as.window, &landing->as));
        landing->on = true;
    }
    *as = landing->as;
    return weftSuccess;
}

/* Forwards are transfers of this comm's engine: they end when their copies have. */
static void cancel_forwards(struct weft_loop *loop, uint32_t window)
{
    struct weft_event cancel = {.kind = WEFT_EVENT_CANCEL};

    for (uint32_t i = 0; i < loop->slots.count; i++) {
        cancel.tag = i;
        if (loop->peers->fetches[i].is_landing && loop->slots.slots[i].op.dst_window == window)
            weft_engine_event(loop->engine, &cancel, weft_clock_now(&loop->clock));
    }
}

void weft_landing_shut(struct weft_loop *loop, uint32_t window)
{
    struct weft_peers *peers = loop->peers;
    struct weft_peers_landing *landing = &peers->landings[window];

    if (!landing->on)
        return;
    landing->on = false;
    peers->ops->conceal(peers->net, peers->landing_first + window);
    if (landing->forwards > 0)
        cancel_forwards(loop, window);
}

void weft_landing_forward(struct weft_loop *loop, uint32_t window, uint32_t slot)
{
    loop->peers->fetches[slot].is_landing = true;
    loop->peers->landings[window].forwards++;
}

/* Its copy hangs: nobody knows whether it lands, so whoever waits for its end is told that; a fetch
 * past its deadline, which was not looked at yet, too. */
static void spoil(struct weft_loop *loop, uint32_t window)
{
    struct weft_peers *peers = loop->peers;
    weft_ns now = weft_clock_now(&loop->clock);

    for (uint32_t i = peers->fetching.first; i != WEFT_NONE; i = peers->fetching_links[i].next) {
        struct weft_peers_fetch *fetch = &peers->fetches[i];

        if (fetch->window != window)
            continue;
        if (fetch->state == WEFT_FETCH_CLOSING) {
            fetch->end.result = weftUnknown;
            fetch->end.cause = WEFT_CAUSE_PEER;
        }
        fetch->is_hung |= now >= loop->slots.slots[i].op.deadline_at;
    }
}

void weft_landing_forwarded(struct weft_loop *loop, uint32_t slot, weftResult_t result)
{
    struct weft_peers *peers = loop->peers;
    uint32_t window = loop->slots.slots[slot].op.dst_window;

    if (!peers->fetches[slot].is_landing)
        return;
    peers->fetches[slot].is_landing = false;
    weft_assert(peers->landings[window].forwards > 0);
    peers->landings[window].forwards--;
    if (result == weftUnknown)
        spoil(loop, window);
    if (peers->landings[window].forwards == 0)
        weft_fetch_settle(loop, window);
}
