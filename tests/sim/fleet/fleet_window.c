/* Windows of a simulated net: own ones, who may use them, and those of peers. */
#include "fleet_net.h"

#include <stdlib.h>
#include <string.h>

#include "fleet.h"

weftResult_t sim_net_window_add(struct weft_net *base, uint32_t window, void *memory, size_t size)
{
    struct sim_net_window *entry = &((struct sim_net *)base)->windows[window];

    weft_assert(window < ((struct sim_net *)base)->env.windows_max && !entry->is_import);
    *entry = (struct sim_net_window){
        .is_own = true, .memory = sim_memory_of(memory), .size_bytes = size};
    return weftSuccess;
}

/* What is just being written there is written no further. */
static void stop_landing(struct sim_net *net, uint32_t window, uint32_t link)
{
    struct sim_fleet *fleet = net->fleet;

    for (uint32_t i = fleet->links[link].items.first; i != WEFT_NONE;
         i = fleet->item_links[i].next) {
        struct sim_item *item = &fleet->items[i];

        if (item->kind != SIM_ITEM_WRITE || item->phase != SIM_ITEM_LANDING ||
            item->dst.window != window || item->server == net->server)
            continue;
        sim_item_end(fleet, item, false);
        item->phase = SIM_ITEM_SENT;
        item->is_refused = true;
    }
}

void sim_net_conceal(struct weft_net *base, uint32_t window)
{
    struct sim_net *net = ((struct sim_net *)base);

    for (uint32_t i = 0; i < net->env.peers_max; i++)
        if (net->peers[i].is_used && net->peers[i].link != WEFT_NONE && net->exposure_count > 0)
            stop_landing(net, window, net->peers[i].link);
    for (uint32_t i = 0; i < net->exposure_count; i++)
        if (net->exposures[i].window == window)
            net->exposures[i].window = WEFT_NONE;
    while (net->exposure_count > 0 && net->exposures[net->exposure_count - 1].window == WEFT_NONE)
        net->exposure_count--;
}

void sim_net_window_remove(struct weft_net *base, uint32_t window)
{
    sim_net_conceal(base, window);
    ((struct sim_net *)base)->windows[window] = (struct sim_net_window){0};
}

weftResult_t sim_net_expose(struct weft_net *base, uint32_t window,
                            const struct weft_net_remote *as)
{
    struct sim_net *net = ((struct sim_net *)base);

    if (!net->windows[window].is_own)
        return weftInvalidArgument;
    if (net->exposure_count == net->exposure_capacity) {
        net->exposure_capacity = 2 * net->exposure_capacity + 32;
        net->exposures = realloc(net->exposures, net->exposure_capacity * sizeof(*net->exposures));
        weft_assert(net->exposures != NULL);
    }
    net->exposures[net->exposure_count++] = (struct sim_exposure){window, *as};
    return weftSuccess;
}

const struct sim_net_window *sim_net_find(const struct sim_net *net,
                                          const struct weft_net_remote *remote, unsigned right)
{
    for (uint32_t i = 0; i < net->exposure_count; i++) {
        const struct sim_exposure *exposure = &net->exposures[i];

        if (exposure->window == remote->window && exposure->as.epoch == remote->epoch &&
            (exposure->as.rights & right) != 0 &&
            memcmp(exposure->as.token, remote->token, sizeof(remote->token)) == 0)
            return &net->windows[exposure->window];
    }
    return NULL;
}

bool sim_net_allows(const struct sim_item *item, const struct sim_net *net,
                    const struct weft_net_remote *remote, unsigned right, bool is_dst)
{
    const struct sim_net_window *window = sim_net_find(net, remote, right);

    for (uint32_t i = 0; window != NULL && i < item->copy.extent_count; i++) {
        const struct weft_extent *extent = &item->copy.extents[i];

        if (!weft_range_inside(is_dst ? extent->dst_offset : extent->src_offset, extent->size_bytes,
                               window->size_bytes))
            return false;
    }
    return window != NULL;
}

weftResult_t sim_net_import(struct weft_net *base, uint32_t window, uint32_t peer,
                            const struct weft_net_remote *remote)
{
    struct sim_net_window *entry = &((struct sim_net *)base)->windows[window];

    weft_assert(window < ((struct sim_net *)base)->env.windows_max && !entry->is_own);
    *entry = (struct sim_net_window){
        .size_bytes = remote->size_bytes, .is_import = true, .peer = peer, .remote = *remote};
    return weftSuccess;
}

void sim_net_forget(struct weft_net *base, uint32_t window)
{
    ((struct sim_net *)base)->windows[window] = (struct sim_net_window){0};
}
