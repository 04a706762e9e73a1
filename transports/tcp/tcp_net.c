/* The net: opening, closing, its one loop (poll), and the transport's table.
 *
 * A poll reads what has come, lets timers expire, writes what is due, and gives back what has
 * ended, in this order: what has come may say that somebody is not late. */
#include "tcp_net.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

static const enum weft_secure_mode modes[WEFT_NET_CRYPTO_MODES] = {
    [WEFT_NET_CRYPTO_FULL] = WEFT_SECURE_FULL,
    [WEFT_NET_CRYPTO_INTEGRITY] = WEFT_SECURE_INTEGRITY,
    [WEFT_NET_CRYPTO_OFF] = WEFT_SECURE_OFF,
};

_Static_assert(WEFT_NET_SECRET_BYTES == WEFT_SECURE_SECRET_BYTES, "one secret");
_Static_assert(WEFT_NET_ADDRESS_BYTES == WEFT_WIRE_ADDRESS_BYTES, "one address");
_Static_assert(WEFT_NET_TOKEN_BYTES == WEFT_WIRE_TOKEN_BYTES, "one token");
_Static_assert(WEFT_NET_HELLO_BYTES == WEFT_WIRE_MESSAGE_MAX, "one size of hellos and messages");

weft_ns weft_tcp_now(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (weft_ns)now.tv_sec * 1000000000u + (weft_ns)now.tv_nsec;
}

void weft_tcp_net_wake_at(struct weft_tcp_net *net, weft_ns at)
{
    net->timer_at = weft_min(net->timer_at, at);
}

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

/* Memory in proportion to the caller's limits; false: there is not so much. */
static bool tables_alloc(struct weft_tcp_net *net)
{
    const struct weft_net_env *env = &net->env;
    size_t operations = (size_t)env->cookies_max + WEFT_TCP_NOTES_MAX;
    uint32_t exposures = env->windows_max * 2 + WEFT_TCP_EXPOSURES_MAX;

    net->windows = calloc(env->windows_max, sizeof(*net->windows));
    net->exposures = calloc(exposures, sizeof(*net->exposures));
    net->exposure_indices = calloc(exposures, sizeof(*net->exposure_indices));
    net->operations = calloc(operations, sizeof(*net->operations));
    net->links = calloc(operations, sizeof(*net->links));
    net->note_indices = calloc(WEFT_TCP_NOTES_MAX, sizeof(*net->note_indices));
    net->blocks = calloc(WEFT_TCP_BLOCKS_MAX, sizeof(*net->blocks));
    net->block_indices = calloc(WEFT_TCP_BLOCKS_MAX, sizeof(*net->block_indices));
    net->done = calloc(env->cookies_max, sizeof(*net->done));
    net->peers = calloc(env->peers_max, sizeof(*net->peers));
    net->dirty =
        calloc((size_t)env->peers_max * WEFT_WIRE_LANES_MAX, sizeof(struct weft_tcp_lane *));
    if (net->windows == NULL || net->exposures == NULL || net->exposure_indices == NULL ||
        net->operations == NULL || net->links == NULL || net->note_indices == NULL ||
        net->blocks == NULL || net->block_indices == NULL || net->done == NULL ||
        net->peers == NULL || net->dirty == NULL || weft_tcp_events_init(net) != weftSuccess)
        return false;
    weft_pool_init(&net->free_exposures, net->exposure_indices, exposures);
    weft_pool_init(&net->free_notes, net->note_indices, WEFT_TCP_NOTES_MAX);
    weft_pool_init(&net->free_blocks, net->block_indices, WEFT_TCP_BLOCKS_MAX);
    for (uint32_t i = 0; i < env->windows_max; i++) {
        net->windows[i].first_exposure = WEFT_NONE;
        net->windows[i].peer = WEFT_NONE;
    }
    return true;
}

static void tcp_close(struct weft_net *base)
{
    struct weft_tcp_net *net = weft_tcp_net_of(base);

    if (net == NULL)
        return;
    for (uint32_t i = 0; net->peers != NULL && i < net->env.peers_max; i++)
        if (net->peers[i].state != WEFT_TCP_PEER_FREE)
            weft_tcp_peer_close(base, i);
    weft_tcp_listen_end(net);
    trash_empty(net);
    if (net->epoll_fd >= 0)
        (void)close(net->epoll_fd);
    free(net->events.bytes);
    free(net->dirty);
    free(net->peers);
    free(net->done);
    free(net->block_indices);
    free(net->blocks);
    free(net->note_indices);
    free(net->links);
    free(net->operations);
    free(net->exposure_indices);
    free(net->exposures);
    free(net->windows);
    /* The secret was in it. */
    explicit_bzero(net, sizeof(*net));
    free(net);
}

static weftResult_t tcp_open(const struct weft_net_env *env, const struct weft_net_nic *nics,
                             uint32_t nic_count, struct weft_net **opened, char why[256])
{
    struct weft_tcp_net *net;
    weftResult_t result = weftSystemError;

    if (nic_count == 0 || nic_count > WEFT_NET_NICS_MAX || env->hello_size > WEFT_NET_HELLO_BYTES ||
        (unsigned)env->crypto >= WEFT_NET_CRYPTO_MODES || env->cookies_max == 0 ||
        env->windows_max == 0 || env->peers_max == 0 || env->silence_ns < WEFT_TCP_SILENCE_NS_MIN) {
        (void)snprintf(why, 256,
                       "tcp: needs 1 to %d NICs, a hello of at most %d bytes, a crypto "
                       "mode, a silence_ns of at least 1 ms, and one cookie, window and peer",
                       WEFT_NET_NICS_MAX, WEFT_NET_HELLO_BYTES);
        return weftInvalidArgument;
    }
    net = calloc(1, sizeof(*net));
    if (net == NULL) {
        (void)snprintf(why, 256, "tcp: no memory for a net");
        return weftSystemError;
    }
    net->base.ops = &weft_tcp_net;
    net->env = *env;
    net->mode = modes[env->crypto];
    net->timer_at = WEFT_NEVER;
    net->now = weft_tcp_now();
    net->polled_at = net->now;
    net->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (net->epoll_fd < 0 || !tables_alloc(net)) {
        (void)snprintf(why, 256, "tcp: no memory for %u cookies, %u windows and %u peers",
                       env->cookies_max, env->windows_max, env->peers_max);
        goto fail;
    }
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

static void channel_ready(struct weft_tcp_net *net, struct weft_tcp_channel *channel,
                          uint32_t events)
{
    /* Closed in this poll, by what came before. */
    if (channel->fd < 0)
        return;
    channel->is_drained = false;
    if (weft_tcp_shape_is_silent(net, channel->nic)) {
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
        if ((events & EPOLLOUT) != 0)
            weft_tcp_lane_touch(net, lane_of(net, channel));
        if ((events & ~(uint32_t)EPOLLOUT) != 0)
            weft_tcp_lane_read(net, lane_of(net, channel));
        break;
    }
}

static void sockets_work(struct weft_tcp_net *net)
{
    struct epoll_event events[WEFT_TCP_EPOLL_EVENTS];
    int count = epoll_wait(net->epoll_fd, events, WEFT_TCP_EPOLL_EVENTS, 0);

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
    for (uint32_t p = 0; p < net->env.peers_max; p++)
        for (uint32_t l = 0; l < net->peers[p].lane_count; l++) {
            struct weft_tcp_lane *lane = &net->peers[p].lanes[l];

            if (!lane->is_blocked)
                continue;
            lane->reads_again = true;
            weft_tcp_lane_touch(net, lane);
        }
}

static void timers_work(struct weft_tcp_net *net)
{
    weft_ns gap_ns = net->now - net->polled_at;
    weft_ns next;

    /* Nobody looked: what seems to be silence may lie in the sockets. */
    for (uint32_t p = 0; gap_ns > net->env.silence_ns / 4 && p < net->env.peers_max; p++)
        for (uint32_t l = 0; l < net->peers[p].lane_count; l++)
            net->peers[p].lanes[l].progress_at =
                weft_min(net->now, net->peers[p].lanes[l].progress_at + gap_ns);
    if (net->now < net->timer_at)
        return;
    net->timer_at = WEFT_NEVER;
    next = weft_tcp_guests_tick(net);
    for (uint32_t p = 0; p < net->env.peers_max; p++)
        if (net->peers[p].state != WEFT_TCP_PEER_FREE)
            next = weft_min(next, weft_tcp_peer_tick(net, &net->peers[p]));
    weft_tcp_net_wake_at(net, next);
}

/* Lanes that are touched while this goes on have their turn in the next poll. */
static void dirty_work(struct weft_tcp_net *net)
{
    uint32_t count = net->dirty_count;

    for (uint32_t i = 0; i < count; i++) {
        struct weft_tcp_lane *lane = net->dirty[i];

        lane->is_dirty = false;
        if (weft_tcp_lane_is_live(lane) && lane->reads_again &&
            !weft_tcp_shape_is_silent(net, lane->nic))
            weft_tcp_lane_read(net, lane);
        if (weft_tcp_lane_is_live(lane))
            weft_tcp_lane_write(net, lane);
    }
    net->dirty_count -= count;
    for (uint32_t i = 0; i < net->dirty_count; i++)
        net->dirty[i] = net->dirty[count + i];
}

static uint32_t completions_take(struct weft_tcp_net *net, struct weft_completion *completions,
                                 uint32_t max)
{
    uint32_t count = (uint32_t)weft_min(max, net->done_count);

    for (uint32_t i = 0; i < count; i++) {
        completions[i] = net->done[net->done_first];
        net->done_first = (net->done_first + 1) % net->env.cookies_max;
    }
    net->done_count -= count;
    return count;
}

static uint32_t tcp_poll(struct weft_net *base, struct weft_completion *completions, uint32_t max)
{
    struct weft_tcp_net *net = weft_tcp_net_of(base);

    net->now = weft_tcp_now();
    sockets_work(net);
    blocked_wake(net);
    timers_work(net);
    dirty_work(net);
    trash_empty(net);
    net->polled_at = net->now;
    return completions_take(net, completions, max);
}

static int tcp_wakeup_fd(struct weft_net *base)
{
    return weft_tcp_net_of(base)->epoll_fd;
}

static uint64_t tcp_deadline_ns(struct weft_net *base)
{
    struct weft_tcp_net *net = weft_tcp_net_of(base);
    weft_ns deadline_at = net->timer_at;

    if (net->done_count > 0 || net->has_blocked || weft_tcp_event_waits(net))
        return net->now;
    for (uint32_t i = 0; i < net->dirty_count; i++)
        deadline_at = weft_min(deadline_at, net->dirty[i]->reads_again
                                                ? net->now
                                                : weft_tcp_shape_at(net, net->dirty[i]->nic));
    return deadline_at;
}

/* ---- what others see ---- */

static void tcp_lane_state(struct weft_net *base, uint32_t number, uint32_t lane_number,
                           struct weft_net_lane_state *state)
{
    struct weft_tcp_net *net = weft_tcp_net_of(base);
    const struct weft_tcp_lane *lane;

    weft_assert(number < net->env.peers_max);
    weft_assert(lane_number < net->peers[number].lane_count);
    lane = &net->peers[number].lanes[lane_number];
    *state = (struct weft_net_lane_state){.is_up = weft_tcp_lane_is_live(lane),
                                          .nic = lane->nic,
                                          .peer_nic = lane->peer_nic,
                                          .sent_bytes = lane->sent_bytes,
                                          .received_bytes = lane->received_bytes};
}

static void tcp_counts(struct weft_net *base, struct weft_net_counts *counts)
{
    *counts = weft_tcp_net_of(base)->counts;
}

const struct weft_net_ops weft_tcp_net = {
    .abi = WEFT_NET_ABI,
    .name = "tcp",
    .open = tcp_open,
    .close = tcp_close,
    .address = tcp_address,
    .window_add = weft_tcp_window_add,
    .window_remove = weft_tcp_window_remove,
    .expose = weft_tcp_expose,
    .conceal = weft_tcp_conceal,
    .import = weft_tcp_import,
    .forget = weft_tcp_forget,
    .peer_open = weft_tcp_peer_open,
    .peer_close = weft_tcp_peer_close,
    .copy = weft_tcp_copy,
    .forward = weft_tcp_forward,
    .answer = weft_tcp_answer,
    .store = weft_tcp_store,
    .send = weft_tcp_send,
    .poll = tcp_poll,
    .event = weft_tcp_event,
    .wakeup_fd = tcp_wakeup_fd,
    .deadline_ns = tcp_deadline_ns,
    .shape = weft_tcp_shape,
    .lane_state = tcp_lane_state,
    .counts = tcp_counts,
};
