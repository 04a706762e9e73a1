/* Nets in one process; see tcp_fixture.h. */
#include "tcp_fixture.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/prng.h"

uint64_t tcp_silence_ns = 300000000;

uint64_t tcp_clock(void)
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

struct weft_net_remote tcp_remote(void)
{
    struct weft_net_remote remote = {
        .window = TCP_OWN, .epoch = TCP_EPOCH, .size_bytes = TCP_BYTES, .rights = WEFT_RIGHTS_ALL};

    memset(remote.token, TCP_TOKEN, sizeof(remote.token));
    return remote;
}

void tcp_open_end(struct tcp_end *end, uint32_t server, uint32_t nic_count,
                  enum weft_net_crypto crypto)
{
    struct weft_net_nic nics[TCP_NICS_MAX];
    struct weft_net_remote remote = tcp_remote();
    char why[256] = "";

    memset(end, 0, sizeof(*end));
    snprintf(end->hello, sizeof(end->hello), "hello of server %u", server);
    end->nic_count = nic_count;
    end->env = (struct weft_net_env){
        .cookies_max = TCP_COOKIES,
        .windows_max = TCP_WINDOWS,
        .peers_max = TCP_PEERS,
        .incarnation = tcp_clock() * 8 + server % 8,
        .crypto = crypto,
        .hello = end->hello,
        .hello_size = strlen(end->hello) + 1,
        .silence_ns = tcp_silence_ns,
        .dial_ns = 2000000000,
        .log = no_log,
    };
    memset(end->env.secret, (int)server, sizeof(end->env.secret));
    for (uint32_t i = 0; i < nic_count; i++)
        snprintf(nics[i].address, sizeof(nics[i].address), server == 0 ? "::1" : "127.0.%u.%u",
                 server, i + 1);
    cr_assert_eq(weft_tcp_net.open(&end->env, nics, nic_count, &end->net, why), weftSuccess, "%s",
                 why);
    weft_tcp_net.address(end->net, end->address);
    end->memory = calloc(1, TCP_BYTES);
    cr_assert_not_null(end->memory);
    cr_assert_eq(weft_tcp_net.window_add(end->net, TCP_OWN, end->memory, TCP_BYTES), weftSuccess);
    cr_assert_eq(weft_tcp_net.expose(end->net, TCP_OWN, &remote), weftSuccess);
    for (uint32_t i = 0; i < TCP_COOKIES; i++)
        end->results[i] = weftNumResults;
}

void tcp_close_end(struct tcp_end *end)
{
    weft_tcp_net.close(end->net);
    end->net = NULL;
    free(end->memory);
    end->memory = NULL;
}

static void keep_event(struct tcp_end *end, const struct weft_net_event *event)
{
    struct tcp_seen *seen = &end->seen[end->seen_count++ % TCP_EVENTS];

    *seen = (struct tcp_seen){.event = *event};
    if (event->kind == WEFT_NET_MESSAGE || event->kind == WEFT_NET_PEER_UP)
        memcpy(seen->bytes, event->bytes, weft_min(event->size, sizeof(seen->bytes) - 1));
    if (event->kind == WEFT_NET_PEER_DOWN)
        snprintf(seen->why, sizeof(seen->why), "%s", event->why);
    if (event->kind == WEFT_NET_FORWARD)
        memcpy(seen->extents, event->extents,
               weft_min(event->extent_count, 4) * sizeof(*event->extents));
}

static void end_turn(struct tcp_end *end)
{
    struct weft_completion ended[32];
    struct weft_net_event event;
    uint32_t count;

    if (end->net == NULL || end->is_idle)
        return;
    count = weft_tcp_net.poll(end->net, ended, 32);
    for (uint32_t i = 0; i < count; i++) {
        cr_assert_lt(ended[i].cookie, TCP_COOKIES);
        cr_assert_eq(end->results[ended[i].cookie], weftNumResults, "cookie %u ends twice",
                     ended[i].cookie);
        end->results[ended[i].cookie] = ended[i].result;
        end->ended_count++;
    }
    while (!end->keeps_events && weft_tcp_net.event(end->net, &event))
        keep_event(end, &event);
}

void tcp_turn(struct tcp_end *ends, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        end_turn(&ends[i]);
    sched_yield();
}

bool tcp_is_ended(const struct tcp_end *end, uint32_t cookie)
{
    return end->results[cookie] != weftNumResults;
}

weftResult_t tcp_wait(struct tcp_end *ends, uint32_t count, struct tcp_end *end, uint32_t cookie)
{
    weftResult_t result;

    TCP_WHILE(ends, count, !tcp_is_ended(end, cookie));
    result = end->results[cookie];
    end->results[cookie] = weftNumResults;
    return result;
}

static const struct tcp_seen *find_event(const struct tcp_end *end, enum weft_net_event_kind kind,
                                         uint32_t from)
{
    for (uint32_t i = from; i < end->seen_count; i++)
        if (end->seen[i % TCP_EVENTS].event.kind == kind)
            return &end->seen[i % TCP_EVENTS];
    return NULL;
}

const struct tcp_seen *tcp_wait_event(struct tcp_end *ends, uint32_t count, struct tcp_end *end,
                                      enum weft_net_event_kind kind, uint32_t from)
{
    TCP_WHILE(ends, count, find_event(end, kind, from) == NULL);
    return find_event(end, kind, from);
}

static uint32_t lanes_up(struct tcp_end *end, uint32_t peer)
{
    struct weft_net_lane_state state;
    uint32_t up = 0;

    for (uint32_t i = 0; i < end->nic_count; i++) {
        weft_tcp_net.lane_state(end->net, peer, i, &state);
        up += state.is_up;
    }
    return up;
}

void tcp_wait_lanes(struct tcp_end *ends, uint32_t count, struct tcp_end *end, uint32_t peer,
                    uint32_t lanes)
{
    TCP_WHILE(ends, count, lanes_up(end, peer) != lanes);
}

void tcp_import(struct tcp_end *end, uint32_t peer)
{
    struct weft_net_remote remote = tcp_remote();

    cr_assert_eq(weft_tcp_net.import(end->net, TCP_THEIRS, peer, &remote), weftSuccess);
}

void tcp_meet(struct tcp_end ends[2], uint32_t nic_count, enum weft_net_crypto crypto)
{
    uint32_t peer = WEFT_NONE;

    tcp_open_end(&ends[0], 1, nic_count, crypto);
    tcp_open_end(&ends[1], 2, nic_count, crypto);
    cr_assert_eq(weft_tcp_net.peer_open(ends[0].net, ends[1].address, &peer), weftSuccess);
    cr_assert_eq(peer, 0);
    (void)tcp_wait_event(ends, 2, &ends[0], WEFT_NET_PEER_UP, 0);
    (void)tcp_wait_event(ends, 2, &ends[1], WEFT_NET_PEER_UP, 0);
    tcp_wait_lanes(ends, 2, &ends[0], 0, nic_count);
    tcp_wait_lanes(ends, 2, &ends[1], 0, nic_count);
    tcp_import(&ends[0], 0);
    tcp_import(&ends[1], 0);
}

weftResult_t tcp_copy(struct tcp_end *end, uint32_t lane, uint64_t dst, uint64_t src, uint64_t size,
                      uint32_t cookie)
{
    struct weft_extent extent = {dst, src, size};
    struct weft_copy copy = {.lane = lane,
                             .dst_window = TCP_THEIRS,
                             .src_window = TCP_OWN,
                             .extent_count = 1,
                             .extents = &extent,
                             .size_bytes = size,
                             .cookie = cookie,
                             .after = WEFT_COOKIE_NONE};

    return weft_tcp_net.copy(end->net, &copy);
}

void tcp_copy_surely(struct tcp_end *ends, uint32_t count, struct tcp_end *end, uint32_t lane,
                     uint64_t dst, uint64_t src, uint64_t size, uint32_t cookie)
{
    weftResult_t result;

    TCP_WHILE(ends, count,
              (result = tcp_copy(end, lane, dst, src, size, cookie)) == weftNoResource);
    cr_assert_eq(result, weftSuccess);
}

bool tcp_is_all(const char *memory, size_t size, char byte)
{
    return memory[0] == byte && memcmp(memory, memory + 1, size - 1) == 0;
}

void tcp_fill(char *memory, size_t size, uint64_t seed)
{
    struct weft_prng prng;

    weft_prng_init(&prng, seed);
    for (size_t i = 0; i < size; i++)
        memory[i] = (char)(weft_prng_next(&prng) >> 8);
}

void tcp_shape(struct tcp_end *end, uint32_t nic, enum weft_net_shape_state state)
{
    struct weft_net_shape shape = {.state = state};

    weft_tcp_net.shape(end->net, nic, &shape);
}
