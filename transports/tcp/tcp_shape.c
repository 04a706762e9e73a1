/* Emulated and faulty NICs: a token bucket for what goes out, and the states cut and silent.
 *
 * A bucket holds BURST_NS of its rate: what was not used longer ago is lost. But a NIC with bytes
 * waiting would have sent all the while, however late the thread comes that emulates it: nothing is
 * lost of that time. */
#include "tcp_net.h"

#define BURST_NS        200000u
#define BURST_BYTES_MIN 65536u

static uint64_t burst_bytes(const struct weft_net_shape *shape)
{
    return weft_max(shape->rate_bytes_per_ms * BURST_NS / 1000000, BURST_BYTES_MIN);
}

static void fill(struct weft_tcp_net *net, struct weft_tcp_nic *nic)
{
    /* Longer than any thread is late, and short enough to multiply. */
    uint64_t passed_ns = weft_min(weft_sub_sat(net->now, nic->filled_at), 1000000000u);
    uint64_t bytes = passed_ns * nic->shape.rate_bytes_per_ms / 1000000;

    if (bytes == 0)
        return;
    nic->filled_at = net->now;
    nic->tokens_bytes += bytes;
    if (!nic->is_short)
        nic->tokens_bytes = weft_min(nic->tokens_bytes, burst_bytes(&nic->shape));
    nic->is_short = false;
}

uint64_t weft_tcp_shape_allow(struct weft_tcp_net *net, uint32_t number, uint64_t wanted_bytes)
{
    struct weft_tcp_nic *nic = &net->nics[number];

    if (nic->shape.state != WEFT_NET_SHAPE_UP)
        return 0;
    if (nic->shape.rate_bytes_per_ms == 0)
        return wanted_bytes;
    fill(net, nic);
    if (nic->tokens_bytes == 0)
        nic->is_short = true;
    return weft_min(wanted_bytes, nic->tokens_bytes);
}

void weft_tcp_shape_spend(struct weft_tcp_net *net, uint32_t number, uint64_t bytes)
{
    struct weft_tcp_nic *nic = &net->nics[number];

    nic->tokens_bytes = weft_sub_sat(nic->tokens_bytes, bytes);
}

weft_ns weft_tcp_shape_at(const struct weft_tcp_net *net, uint32_t number)
{
    const struct weft_tcp_nic *nic = &net->nics[number];
    uint64_t rate = nic->shape.rate_bytes_per_ms;

    if (nic->shape.state != WEFT_NET_SHAPE_UP)
        return WEFT_NEVER;
    if (rate == 0 || nic->tokens_bytes > 0)
        return net->now;
    /* Half a burst at once: a thread that sleeps wakes for something. */
    return nic->filled_at + burst_bytes(&nic->shape) * 500000 / rate;
}

bool weft_tcp_shape_is_pacing(const struct weft_tcp_net *net, uint32_t number)
{
    const struct weft_tcp_nic *nic = &net->nics[number];

    return nic->shape.state == WEFT_NET_SHAPE_UP && nic->shape.rate_bytes_per_ms != 0 &&
           nic->tokens_bytes == 0;
}

bool weft_tcp_shape_is_silent(const struct weft_tcp_net *net, uint32_t nic)
{
    return net->nics[nic].shape.state == WEFT_NET_SHAPE_SILENT;
}

static void lane_shaped(struct weft_tcp_net *net, struct weft_tcp_lane *lane, uint32_t nic)
{
    enum weft_net_shape_state state = net->nics[nic].shape.state;

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
    weft_assert((unsigned)shape->state < WEFT_NET_SHAPE_STATES);
    net->now = weft_tcp_now();
    net->nics[nic].shape = *shape;
    net->nics[nic].filled_at = net->now;
    net->nics[nic].tokens_bytes = burst_bytes(shape);
    for (uint32_t p = 0; p < net->env.peers_max; p++)
        for (uint32_t l = 0; l < net->peers[p].lane_count; l++)
            lane_shaped(net, &net->peers[p].lanes[l], nic);
    for (uint32_t i = 0; i < WEFT_TCP_GUESTS_MAX; i++)
        if (net->guests[i] != NULL && net->guests[i]->nic == nic)
            weft_tcp_channel_watch(net->guests[i], true, false);
}
