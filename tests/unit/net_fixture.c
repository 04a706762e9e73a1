/* Nets in one process; see net_fixture.h. */
#include "net_fixture.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/prng.h"

#define SILENCE_NS 300000000

static const struct weft_net_ops *const all[] = {&weft_tcp_net, &weft_udp_net, NULL};

const struct weft_net_ops *net_ops = &weft_tcp_net;
uint64_t net_silence_ns = SILENCE_NS;
uint32_t net_peers_max = NET_PEERS;
uint64_t net_guests_per_s;
static uint32_t at;

void net_ops_first(void)
{
    at = 0;
    net_ops = all[0];
}

void net_ops_next(void)
{
    net_ops = all[++at];
    net_silence_ns = SILENCE_NS;
}

uint64_t net_clock(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void no_log(int level, const char *text)
{
    (void)level;
    (void)text;
}

struct weft_net_remote net_remote(void)
{
    struct weft_net_remote remote = {
        .window = NET_OWN, .epoch = NET_EPOCH, .size_bytes = NET_BYTES, .rights = WEFT_RIGHTS_ALL};

    memset(remote.token, NET_TOKEN, sizeof(remote.token));
    return remote;
}

void net_open_end(struct net_end *end, uint32_t server, uint32_t nic_count,
                  enum weft_net_crypto crypto)
{
    struct weft_net_nic nics[NET_NICS_MAX];
    struct weft_net_remote remote = net_remote();
    char why[256] = "";

    memset(end, 0, sizeof(*end));
    snprintf(end->hello, sizeof(end->hello), "hello of server %u", server);
    end->nic_count = nic_count;
    end->env = (struct weft_net_env){
        .cookies_max = NET_COOKIES,
        .windows_max = NET_WINDOWS,
        .peers_max = net_peers_max,
        .incarnation = net_clock() * 8 + server % 8,
        .crypto = crypto,
        .hello = end->hello,
        .hello_size = strlen(end->hello) + 1,
        .silence_ns = net_silence_ns,
        .dial_ns = 2000000000,
        .guests_per_s = net_guests_per_s,
        .log = no_log,
    };
    memset(end->env.secret, (int)server, sizeof(end->env.secret));
    for (uint32_t i = 0; i < nic_count; i++)
        snprintf(nics[i].address, sizeof(nics[i].address), server == 0 ? "::1" : "127.0.%u.%u",
                 server, i + 1);
    cr_assert_eq(net_ops->open(&end->env, nics, nic_count, &end->net, why), weftSuccess, "%s", why);
    net_ops->address(end->net, end->address);
    end->memory = calloc(1, NET_BYTES);
    cr_assert_not_null(end->memory);
    cr_assert_eq(net_ops->window_add(end->net, NET_OWN, end->memory, NET_BYTES), weftSuccess);
    cr_assert_eq(net_ops->expose(end->net, NET_OWN, &remote), weftSuccess);
    for (uint32_t i = 0; i < NET_COOKIES; i++)
        end->results[i] = weftNumResults;
}

void net_close_end(struct net_end *end)
{
    net_ops->close(end->net);
    end->net = NULL;
    free(end->memory);
    end->memory = NULL;
}

static void keep_event(struct net_end *end, const struct weft_net_event *event)
{
    struct net_seen *seen = &end->seen[end->seen_count++ % NET_EVENTS];

    *seen = (struct net_seen){.event = *event};
    if (event->kind == WEFT_NET_MESSAGE || event->kind == WEFT_NET_PEER_UP)
        memcpy(seen->bytes, event->bytes, weft_min(event->size, sizeof(seen->bytes) - 1));
    if (event->kind == WEFT_NET_PEER_DOWN)
        snprintf(seen->why, sizeof(seen->why), "%s", event->why);
    if (event->kind == WEFT_NET_FORWARD)
        memcpy(seen->extents, event->extents,
               weft_min(event->extent_count, 4) * sizeof(*event->extents));
}

static void end_turn(struct net_end *end)
{
    struct weft_completion ended[32];
    struct weft_net_event event;
    uint32_t count;

    if (end->net == NULL || end->is_idle)
        return;
    count = net_ops->poll(end->net, ended, 32);
    for (uint32_t i = 0; i < count; i++) {
        cr_assert_lt(ended[i].cookie, NET_COOKIES);
        cr_assert_eq(end->results[ended[i].cookie], weftNumResults, "cookie %u ends twice",
                     ended[i].cookie);
        end->results[ended[i].cookie] = ended[i].result;
        end->ended_count++;
    }
    while (!end->keeps_events && net_ops->event(end->net, &event))
        keep_event(end, &event);
}

void net_turn(struct net_end *ends, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        end_turn(&ends[i]);
    sched_yield();
}

bool net_is_ended(const struct net_end *end, uint32_t cookie)
{
    return end->results[cookie] != weftNumResults;
}

weftResult_t net_wait(struct net_end *ends, uint32_t count, struct net_end *end, uint32_t cookie)
{
    weftResult_t result;

    NET_WHILE(ends, count, !net_is_ended(end, cookie));
    result = end->results[cookie];
    end->results[cookie] = weftNumResults;
    return result;
}

static const struct net_seen *find_event(const struct net_end *end, enum weft_net_event_kind kind,
                                         uint32_t from)
{
    for (uint32_t i = from; i < end->seen_count; i++)
        if (end->seen[i % NET_EVENTS].event.kind == kind)
            return &end->seen[i % NET_EVENTS];
    return NULL;
}

const struct net_seen *net_wait_event(struct net_end *ends, uint32_t count, struct net_end *end,
                                      enum weft_net_event_kind kind, uint32_t from)
{
    NET_WHILE(ends, count, find_event(end, kind, from) == NULL);
    return find_event(end, kind, from);
}

static uint32_t lanes_up(struct net_end *end, uint32_t peer)
{
    struct weft_net_lane_state state;
    uint32_t up = 0;

    for (uint32_t i = 0; i < end->nic_count; i++) {
        net_ops->lane_state(end->net, peer, i, &state);
        up += state.is_up;
    }
    return up;
}

void net_wait_lanes(struct net_end *ends, uint32_t count, struct net_end *end, uint32_t peer,
                    uint32_t lanes)
{
    NET_WHILE(ends, count, lanes_up(end, peer) != lanes);
}

void net_import(struct net_end *end, uint32_t peer)
{
    struct weft_net_remote remote = net_remote();

    cr_assert_eq(net_ops->import(end->net, NET_THEIRS, peer, &remote), weftSuccess);
}

void net_meet(struct net_end ends[2], uint32_t nic_count, enum weft_net_crypto crypto)
{
    uint32_t peer = WEFT_NONE;

    net_open_end(&ends[0], 1, nic_count, crypto);
    net_open_end(&ends[1], 2, nic_count, crypto);
    cr_assert_eq(net_ops->peer_open(ends[0].net, ends[1].address, &peer), weftSuccess);
    cr_assert_eq(peer, 0);
    (void)net_wait_event(ends, 2, &ends[0], WEFT_NET_PEER_UP, 0);
    (void)net_wait_event(ends, 2, &ends[1], WEFT_NET_PEER_UP, 0);
    net_wait_lanes(ends, 2, &ends[0], 0, nic_count);
    net_wait_lanes(ends, 2, &ends[1], 0, nic_count);
    net_import(&ends[0], 0);
    net_import(&ends[1], 0);
}

weftResult_t net_copy(struct net_end *end, uint32_t lane, uint64_t dst, uint64_t src, uint64_t size,
                      uint32_t cookie)
{
    struct weft_extent extent = {dst, src, size};
    struct weft_copy copy = {.lane = lane,
                             .dst_window = NET_THEIRS,
                             .src_window = NET_OWN,
                             .extent_count = 1,
                             .extents = &extent,
                             .size_bytes = size,
                             .cookie = cookie,
                             .after = WEFT_COOKIE_NONE};

    return net_ops->copy(end->net, &copy);
}

void net_copy_surely(struct net_end *ends, uint32_t count, struct net_end *end, uint32_t lane,
                     uint64_t dst, uint64_t src, uint64_t size, uint32_t cookie)
{
    weftResult_t result;

    NET_WHILE(ends, count,
              (result = net_copy(end, lane, dst, src, size, cookie)) == weftNoResource);
    cr_assert_eq(result, weftSuccess);
}

bool net_is_all(const char *memory, size_t size, char byte)
{
    return memory[0] == byte && memcmp(memory, memory + 1, size - 1) == 0;
}

void net_fill(char *memory, size_t size, uint64_t seed)
{
    struct weft_prng prng;

    weft_prng_init(&prng, seed);
    for (size_t i = 0; i < size; i++)
        memory[i] = (char)(weft_prng_next(&prng) >> 8);
}

void net_shape(struct net_end *end, uint32_t nic, enum weft_net_shape_state state)
{
    struct weft_net_shape shape = {.state = state};

    net_ops->shape(end->net, nic, &shape);
}
