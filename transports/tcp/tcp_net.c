/* The net: opening, closing, its one loop (poll), and the transport's table.
 *
 * A poll reads what has come, lets timers expire, writes what is due, and gives back what has
 * ended, in this order: what has come may say that somebody is not late. */
#include "tcp_net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

static const enum weft_secure_mode modes[WEFT_NET_CRYPTO_MODES] = {
    [WEFT_NET_CRYPTO_FULL] = WEFT_SECURE_FULL,
    [WEFT_NET_CRYPTO_INTEGRITY] = WEFT_SECURE_INTEGRITY,
    [WEFT_NET_CRYPTO_OFF] = WEFT_SECURE_OFF,
};

_Static_assert(WEFT_NET_SECRET_BYTES == WEFT_SECURE_SECRET_BYTES, "one secret");

void weft_tcp_net_discard(struct weft_tcp_net *net, struct weft_tcp_channel *channel)
{
    if (channel == NULL)
        return;
    weft_tcp_channel_close(channel);
    channel->next = net->trash;
    net->trash = channel;
}

static void trash_empty(struct weft_tcp_net *net)
{
    while (net->trash != NULL) {
        struct weft_tcp_channel *next = net->trash->next;

        weft_tcp_channel_free(net->trash);
        net->trash = next;
    }
}

/* ---- opening ---- */

static void peer_touch(struct weft_net_end *end, struct weft_net_peer *base)
{
    struct weft_tcp_net *net = weft_tcp_net_of((struct weft_net *)(void *)end);
    struct weft_tcp_lane *lane =
        weft_tcp_peer_lane(net, (const struct weft_tcp_peer *)(void *)base);

    if (lane != NULL)
        weft_tcp_lane_touch(net, lane);
}

static const struct weft_net_hooks hooks = {.touch = peer_touch, .peer_make = weft_tcp_peer_make};

static void tcp_close(struct weft_net *base)
{
    struct weft_tcp_net *net = weft_tcp_net_of(base);

    if (net == NULL)
        return;
    for (uint32_t i = 0; net->peers != NULL && i < net->end.env.peers_max; i++)
        if (net->peers[i].base.state != WEFT_NET_PEER_STATE_FREE)
            weft_tcp_peer_close(base, i);
    weft_tcp_listen_end(net);
    trash_empty(net);
    free(net->dirty);
    weft_net_end_fini(&net->end);
    free(net);
}

static weftResult_t tcp_open(const struct weft_net_env *env, const struct weft_net_nic *nics,
                             uint32_t nic_count, struct weft_net **opened, char why[256])
{
    struct weft_tcp_net *net;
    weftResult_t result;

    WEFT_TRY(weft_net_end_check("tcp", env, nic_count, why));
    net = calloc(1, sizeof(*net));
    if (net == NULL) {
        (void)snprintf(why, 256, "tcp: no memory for a net");
        return weftSystemError;
    }
    net->mode = modes[env->crypto];
    /* A lane may be listed anew while it has its turn. */
    net->dirty_max = 2 * env->peers_max * WEFT_WIRE_LANES_MAX;
    net->dirty = calloc(net->dirty_max, sizeof(struct weft_tcp_lane *));
    result = weft_net_end_init(&net->end, &weft_tcp_net, env, &hooks, sizeof(*net->peers), why);
    net->peers = (struct weft_tcp_peer *)(void *)net->end.peers;
    net->polled_at = net->end.now;
    if (result == weftSuccess && net->dirty == NULL) {
        (void)snprintf(why, 256, "tcp: no memory for the lanes of %u peers", env->peers_max);
        result = weftSystemError;
    }
    if (result == weftSuccess)
        result = weft_tcp_listen(net, nics, nic_count, why);
    if (result != weftSuccess)
        goto fail;
    *opened = (struct weft_net *)(void *)net;
    return weftSuccess;
fail:
    tcp_close((struct weft_net *)(void *)net);
    return result;
}

static void tcp_address(struct weft_net *base, uint8_t bytes[WEFT_NET_ADDRESS_BYTES])
{
    memcpy(bytes, weft_tcp_net_of(base)->address, WEFT_NET_ADDRESS_BYTES);
}

/* ---- the loop ---- */

static struct weft_tcp_lane *lane_of(struct weft_tcp_net *net,
                                     const struct weft_tcp_channel *channel)
{
    return &net->peers[channel->peer].lanes[channel->lane];
}

static void lane_ready(struct weft_tcp_net *net, struct weft_tcp_channel *channel, uint32_t events)
{
    if (weft_tcp_shape_is_deaf(net, channel->nic)) {
        weft_tcp_channel_watch(channel, false, false);
        events &= EPOLLOUT;
    }
    if ((events & EPOLLOUT) != 0)
        weft_tcp_lane_touch(net, lane_of(net, channel));
    if ((events & ~(uint32_t)EPOLLOUT) != 0)
        weft_tcp_lane_read(net, lane_of(net, channel));
}

static void channel_ready(struct weft_tcp_net *net, struct weft_tcp_channel *channel,
                          uint32_t events)
{
    /* Closed in this poll, by what came before. */
    if (channel->fd < 0)
        return;
    channel->is_drained = false;
    if (channel->role != WEFT_TCP_LANE && weft_tcp_shape_is_silent(net, channel->nic)) {
        weft_tcp_channel_watch(channel, false, false);
        return;
    }
    switch (channel->role) {
    case WEFT_TCP_GUEST:
        weft_tcp_guest_advance(net, channel);
        break;
    case WEFT_TCP_DIAL:
        weft_tcp_dial_advance(net, lane_of(net, channel));
        break;
    default:
        lane_ready(net, channel, events);
        break;
    }
}

static void sockets_work(struct weft_tcp_net *net)
{
    struct epoll_event events[WEFT_TCP_EPOLL_EVENTS];
    int count = epoll_wait(net->end.epoll_fd, events, WEFT_TCP_EPOLL_EVENTS, 0);

    for (int i = 0; i < count; i++) {
        const struct weft_tcp_nic *nic = events[i].data.ptr;

        if (nic >= net->nics && nic < net->nics + net->nic_count)
            weft_tcp_accept(net, (uint32_t)(nic - net->nics));
        else
            channel_ready(net, events[i].data.ptr, events[i].events);
    }
}

/* Lanes whose next frame had no room try again when there is some. */
static void blocked_wake(struct weft_tcp_net *net)
{
    if (!net->has_blocked)
        return;
    net->has_blocked = false;
    for (uint32_t p = 0; p < net->end.env.peers_max; p++)
        for (uint32_t l = 0; l < net->peers[p].base.lane_count; l++) {
            struct weft_tcp_lane *lane = &net->peers[p].lanes[l];

            if (!lane->is_blocked)
                continue;
            lane->reads_again = true;
            weft_tcp_lane_touch(net, lane);
        }
}

/* Acks that were held wait no longer. */
static void held_wake(struct weft_tcp_net *net)
{
    if (!net->has_held)
        return;
    net->has_held = false;
    for (uint32_t p = 0; p < net->end.env.peers_max; p++)
        for (uint32_t l = 0; l < net->peers[p].base.lane_count; l++) {
            struct weft_tcp_lane *lane = &net->peers[p].lanes[l];

            if (!lane->ack_held)
                continue;
            lane->ack_held = false;
            lane->ack_due = lane->applied > lane->applied_told;
            weft_tcp_lane_touch(net, lane);
        }
}

static void timers_work(struct weft_tcp_net *net)
{
    weft_ns gap_ns = net->end.now - net->polled_at;
    weft_ns next;

    /* Nobody looked: what seems to be silence may lie in the sockets. */
    for (uint32_t p = 0; gap_ns > net->end.env.silence_ns / 4 && p < net->end.env.peers_max; p++)
        for (uint32_t l = 0; l < net->peers[p].base.lane_count; l++)
            net->peers[p].lanes[l].progress_at =
                weft_min(net->end.now, net->peers[p].lanes[l].progress_at + gap_ns);
    if (net->end.now < net->end.timer_at)
        return;
    net->end.timer_at = WEFT_NEVER;
    next = weft_tcp_guests_tick(net);
    for (uint32_t p = 0; p < net->end.env.peers_max; p++)
        if (net->peers[p].base.state != WEFT_NET_PEER_STATE_FREE)
            next = weft_min(next, weft_tcp_peer_tick(net, &net->peers[p]));
    weft_net_end_wake_at(&net->end, next);
}

/* Lanes that are touched while this goes on have their turn in the next poll. */
static void dirty_work(struct weft_tcp_net *net)
{
    uint32_t count = net->dirty_count;

    for (uint32_t i = 0; i < count; i++) {
        struct weft_tcp_lane *lane = net->dirty[i];

        lane->is_dirty = false;
        if (weft_tcp_lane_is_live(lane) && lane->reads_again &&
            !weft_tcp_shape_is_deaf(net, lane->nic))
            weft_tcp_lane_read(net, lane);
        if (weft_tcp_lane_is_live(lane))
            weft_tcp_lane_write(net, lane);
    }
    net->dirty_count -= count;
    for (uint32_t i = 0; i < net->dirty_count; i++)
        net->dirty[i] = net->dirty[count + i];
}

static uint32_t tcp_poll(struct weft_net *base, struct weft_completion *completions, uint32_t max)
{
    struct weft_tcp_net *net = weft_tcp_net_of(base);

    net->end.now = weft_net_now();
    held_wake(net);
    sockets_work(net);
    blocked_wake(net);
    weft_tcp_shape_wake(net);
    timers_work(net);
    dirty_work(net);
    trash_empty(net);
    net->polled_at = net->end.now;
    return weft_net_end_take(&net->end, completions, max);
}

static uint64_t tcp_deadline_ns(struct weft_net *base)
{
    struct weft_tcp_net *net = weft_tcp_net_of(base);
    weft_ns deadline_at = weft_min(net->end.timer_at, weft_tcp_shape_wake_at(net));

    if (net->has_blocked || net->has_held || weft_net_end_waits(&net->end))
        return net->end.now;
    for (uint32_t i = 0; i < net->dirty_count; i++)
        deadline_at = weft_min(deadline_at, net->dirty[i]->reads_again
                                                ? net->end.now
                                                : weft_tcp_shape_at(net, net->dirty[i]->nic));
    return deadline_at;
}

/* ---- what others see ---- */

static void tcp_lane_state(struct weft_net *base, uint32_t number, uint32_t lane_number,
                           struct weft_net_lane_state *state)
{
    struct weft_tcp_net *net = weft_tcp_net_of(base);
    const struct weft_tcp_lane *lane;

    weft_assert(number < net->end.env.peers_max);
    weft_assert(lane_number < net->peers[number].base.lane_count);
    lane = &net->peers[number].lanes[lane_number];
    *state = (struct weft_net_lane_state){.is_up = weft_tcp_lane_is_live(lane),
                                          .nic = lane->nic,
                                          .peer_nic = lane->peer_nic,
                                          .sent_bytes = lane->sent_bytes,
                                          .received_bytes = lane->received_bytes};
}

static void tcp_counts(struct weft_net *base, struct weft_net_counts *counts)
{
    *counts = weft_tcp_net_of(base)->end.counts;
}

const struct weft_net_ops weft_tcp_net = {
    .name = "tcp",
    .signal_bytes_max = WEFT_TCP_FRAME_BYTES - 1, /* it is one frame */
    .open = tcp_open,
    .close = tcp_close,
    .address = tcp_address,
    .window_add = weft_net_window_add,
    .window_remove = weft_net_window_remove,
    .expose = weft_net_expose,
    .conceal = weft_net_conceal,
    .import = weft_net_import,
    .forget = weft_net_forget,
    .peer_open = weft_net_peer_open,
    .peer_close = weft_tcp_peer_close,
    .copy = weft_tcp_copy,
    .forward = weft_net_forward,
    .answer = weft_net_answer,
    .store = weft_net_store,
    .send = weft_net_send,
    .poll = tcp_poll,
    .event = weft_net_event_next,
    .wakeup_fd = weft_net_wakeup_fd,
    .deadline_ns = tcp_deadline_ns,
    .shape = weft_tcp_shape,
    .lane_state = tcp_lane_state,
    .counts = tcp_counts,
};
