/* Emulated and faulty NICs: their paces and delays, and what the states cut and silent do to
 * connections. */
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

uint64_t weft_tcp_shape_take(struct weft_tcp_net *net, struct weft_tcp_lane *lane)
{
    struct weft_tcp_nic *nic = &net->nics[lane->nic];
    uint64_t bytes = weft_net_pace_allow(&nic->pace_in, UINT64_MAX, net->end.now);

    lane->is_throttled = bytes == 0;
    nic->is_throttled = nic->is_throttled || lane->is_throttled;
    return bytes;
}

void weft_tcp_shape_taken(struct weft_tcp_net *net, uint32_t nic, uint64_t bytes)
{
    weft_net_pace_spend(&net->nics[nic].pace_in, bytes);
}

void weft_tcp_shape_look(const struct weft_tcp_net *net, struct weft_tcp_lane *lane)
{
    struct weft_tcp_channel *channel = lane->channel;

    channel->delay.delay_ns = net->nics[lane->nic].pace.shape.delay_ns;
    if (channel->delay.delay_ns > 0)
        weft_tcp_delay_look(&channel->delay, weft_tcp_channel_waiting(channel), net->end.now);
}

void weft_tcp_shape_put_off(struct weft_tcp_net *net, struct weft_tcp_lane *lane)
{
    const struct weft_tcp_delay *delay = &lane->channel->delay;

    lane->is_delayed = delay->delay_ns > 0 && weft_tcp_delay_at(delay) != WEFT_NEVER;
    net->has_delayed = net->has_delayed || lane->is_delayed;
}

static void read_again(struct weft_tcp_net *net, struct weft_tcp_lane *lane)
{
    lane->is_throttled = false;
    lane->is_delayed = false;
    lane->reads_again = true;
    weft_tcp_lane_touch(net, lane);
}

static void nic_wake(struct weft_tcp_net *net, uint32_t nic)
{
    net->nics[nic].is_throttled = false;
    for (uint32_t p = 0; p < net->end.env.peers_max; p++)
        for (uint32_t l = 0; l < net->peers[p].base.lane_count; l++) {
            struct weft_tcp_lane *lane = &net->peers[p].lanes[l];

            if (lane->nic == nic && lane->is_throttled)
                read_again(net, lane);
        }
}

static bool waits_for_delay(const struct weft_tcp_lane *lane)
{
    return lane->is_delayed && weft_tcp_lane_is_live(lane);
}

/* Looks at all lanes that wait, so that what has come since is marked. */
static void delayed_wake(struct weft_tcp_net *net)
{
    bool any = false;

    for (uint32_t p = 0; net->has_delayed && p < net->end.env.peers_max; p++)
        for (uint32_t l = 0; l < net->peers[p].base.lane_count; l++) {
            struct weft_tcp_lane *lane = &net->peers[p].lanes[l];

            if (!waits_for_delay(lane))
                continue;
            weft_tcp_shape_look(net, lane);
            if (weft_tcp_delay_left(&lane->channel->delay) > 0)
                read_again(net, lane);
            else
                any = true;
        }
    net->has_delayed = any;
}

static weft_ns delayed_at(const struct weft_tcp_net *net)
{
    weft_ns wake_at = WEFT_NEVER;

    for (uint32_t p = 0; net->has_delayed && p < net->end.env.peers_max; p++)
        for (uint32_t l = 0; l < net->peers[p].base.lane_count; l++) {
            const struct weft_tcp_lane *lane = &net->peers[p].lanes[l];

            if (waits_for_delay(lane))
                wake_at = weft_min(wake_at, weft_tcp_delay_at(&lane->channel->delay));
        }
    return wake_at;
}

void weft_tcp_shape_wake(struct weft_tcp_net *net)
{
    delayed_wake(net);
    for (uint32_t i = 0; i < net->nic_count; i++)
        if (net->nics[i].is_throttled && weft_net_pace_is_open(&net->nics[i].pace_in, net->end.now))
            nic_wake(net, i);
}

weft_ns weft_tcp_shape_wake_at(const struct weft_tcp_net *net)
{
    weft_ns wake_at = delayed_at(net);

    for (uint32_t i = 0; i < net->nic_count; i++)
        if (net->nics[i].is_throttled)
            wake_at = weft_min(wake_at, weft_net_pace_at(&net->nics[i].pace_in, net->end.now));
    return wake_at;
}

bool weft_tcp_shape_is_pacing(const struct weft_tcp_net *net, uint32_t nic)
{
    return weft_net_pace_waits(&net->nics[nic].pace) ||
           (net->nics[nic].is_throttled && !weft_tcp_shape_is_deaf(net, nic));
}

bool weft_tcp_shape_is_deaf(const struct weft_tcp_net *net, uint32_t nic)
{
    return net->nics[nic].pace_in.shape.state == WEFT_NET_SHAPE_SILENT;
}

bool weft_tcp_shape_is_silent(const struct weft_tcp_net *net, uint32_t nic)
{
    enum weft_net_shape_state state = net->nics[nic].pace.shape.state;

    return state != WEFT_NET_SHAPE_UP && state != WEFT_NET_SHAPE_CUT;
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
    else if (state != WEFT_NET_SHAPE_SILENT)
        weft_tcp_channel_watch(lane->channel, true, true);
}

void weft_tcp_shape(struct weft_net *base, uint32_t nic, const struct weft_net_shape *shape)
{
    struct weft_tcp_net *net = weft_tcp_net_of(base);
    struct weft_net_shape inward = *shape;

    weft_assert(nic < net->nic_count);
    net->end.now = weft_net_now();
    net->nics[nic].pace_in.keep_ns = WEFT_TCP_LUMP_NS;
    weft_net_pace_set(&net->nics[nic].pace, shape, net->end.now);
    inward.state = weft_net_shape_inward(shape->state);
    weft_net_pace_set(&net->nics[nic].pace_in, &inward, net->end.now);
    for (uint32_t p = 0; p < net->end.env.peers_max; p++)
        for (uint32_t l = 0; l < net->peers[p].base.lane_count; l++)
            lane_shaped(net, &net->peers[p].lanes[l], nic);
    weft_tcp_guests_shaped(net, nic);
}
