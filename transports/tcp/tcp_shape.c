/* Emulated and faulty NICs: their paces, and what the states cut and silent do to connections. */
#include "tcp_net.h"

uint64_t weft_tcp_shape_allow(struct weft_tcp_net *net, uint32_t nic, uint64_t wanted_bytes)
{
    return weft_net_pace_allow(&net->nics[nic].pace, wanted_bytes, net->end.now);
}

void weft_tcp_shape_spend(struct weft_tcp_net *net, uint32_t nic, uint64_t bytes)
{
    weft_net_pace_spend(&net->nics[nic].pace, bytes);
}

weft_ns weft_tcp_shape_at(const struct weft_tcp_net *net, uint32_t nic)
{
    return weft_net_pace_at(&net->nics[nic].pace, net->end.now);
}

bool weft_tcp_shape_is_pacing(const struct weft_tcp_net *net, uint32_t nic)
{
    return weft_net_pace_waits(&net->nics[nic].pace);
}

bool weft_tcp_shape_is_silent(const struct weft_tcp_net *net, uint32_t nic)
{
    return net->nics[nic].pace.shape.state == WEFT_NET_SHAPE_SILENT;
}

static void lane_shaped(struct weft_tcp_net *net, struct weft_tcp_lane *lane, uint32_t nic)
{
    enum weft_net_shape_state state = net->nics[nic].pace.shape.state;

    if (lane->dial != NULL && lane->dial->nic == nic && state == WEFT_NET_SHAPE_CUT)
        weft_tcp_dial_fail(net, lane, 0, "its NIC is cut");
    else if (lane->dial != NULL && lane->dial->nic == nic && state == WEFT_NET_SHAPE_UP)
        weft_tcp_channel_watch(lane->dial, true, true);
    if (!weft_tcp_lane_is_live(lane) || lane->nic != nic)
        return;
    if (state == WEFT_NET_SHAPE_CUT)
        weft_tcp_lane_die(net, lane, "its NIC is cut");
    else if (state == WEFT_NET_SHAPE_UP)
        weft_tcp_channel_watch(lane->channel, true, true);
}

void weft_tcp_shape(struct weft_net *base, uint32_t nic, const struct weft_net_shape *shape)
{
    struct weft_tcp_net *net = weft_tcp_net_of(base);

    weft_assert(nic < net->nic_count);
    net->end.now = weft_net_now();
    weft_net_pace_set(&net->nics[nic].pace, shape, net->end.now);
    for (uint32_t p = 0; p < net->end.env.peers_max; p++)
        for (uint32_t l = 0; l < net->peers[p].base.lane_count; l++)
            lane_shaped(net, &net->peers[p].lanes[l], nic);
    for (uint32_t i = 0; i < WEFT_TCP_GUESTS_MAX; i++)
        if (net->guests[i] != NULL && net->guests[i]->nic == nic)
            weft_tcp_channel_watch(net->guests[i], true, false);
}
