/* A net's thread; see end.h. What it sends and gets is in end_flow.c. */
#include "end_flow.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "udp/udp_net.h"

#define TURN_NS          5000000u /* so long an end does not look at its stage, at most */
#define TURN_COMPLETIONS 64
#define PEERS            4

static void no_log(int level, const char *text)
{
    (void)level;
    (void)text;
}

/* ---- opening ---- */

static bool net_open(struct mpwire_end *end, const struct mpwire_limits *limits, uint64_t seed)
{
    struct weft_net_nic nics[MPSIM_ROW_LINKS];
    struct weft_net_env env = {
        .cookies_max = 2 * end->message_count + 2,
        .windows_max = MPWIRE_WINDOWS,
        .peers_max = PEERS,
        .incarnation = mpwire_now() * 2 + end->side,
        .crypto = limits->crypto,
        .hello = end->hello,
        .silence_ns = limits->silence_ns,
        .dial_ns = limits->dial_ns,
        .log = no_log,
    };
    struct weft_net_remote remote = mpwire_sink_remote(end);
    struct weft_prng prng;

    weft_prng_init(&prng, seed + end->side);
    for (uint32_t i = 0; i < sizeof(env.secret); i++)
        env.secret[i] = (uint8_t)weft_prng_next(&prng);
    env.hello_size = (size_t)snprintf(end->hello, sizeof(end->hello), "side %u", end->side);
    for (uint32_t i = 0; i < end->lane_count; i++)
        (void)snprintf(nics[i].address, sizeof(nics[i].address), "127.%u.%u.1", 20 + end->side, i);
    return weft_udp_net.open(&env, nics, end->lane_count, &end->net, end->news.why) ==
               weftSuccess &&
           weft_udp_net.window_add(end->net, MPWIRE_SOURCE, end->source,
                                   weft_max(1, end->flow.total_bytes)) == weftSuccess &&
           weft_udp_net.window_add(end->net, MPWIRE_SINK, end->sink, end->sink_bytes) ==
               weftSuccess &&
           weft_udp_net.expose(end->net, MPWIRE_SINK, &remote) == weftSuccess;
}

bool mpwire_end_open(struct mpwire_end *end, uint32_t side, uint32_t lane_count,
                     const struct mpsim_flow flows[2], const struct mpwire_limits *limits,
                     uint64_t seed, struct mpwire_stage *stage)
{
    *end = (struct mpwire_end){.side = side,
                               .lane_count = lane_count,
                               .stage = stage,
                               .peer = WEFT_NONE,
                               .flow = flows[side]};
    weft_assert(lane_count <= MPSIM_ROW_LINKS);
    if (!mpwire_flow_alloc(end, &flows[1 - side], seed)) {
        (void)snprintf(end->news.why, sizeof(end->news.why), "no memory");
        return false;
    }
    return net_open(end, limits, seed);
}

void mpwire_end_close(struct mpwire_end *end)
{
    weft_udp_net.close(end->net);
    mpwire_flow_free(end);
}

/* ---- who is told what ---- */

bool mpwire_end_nics(struct mpwire_end *end, struct weft_wire_address *address)
{
    uint8_t bytes[WEFT_NET_ADDRESS_BYTES];

    weft_udp_net.address(end->net, bytes);
    return weft_wire_get_address(bytes, address);
}

/* No setting says that a net is behind a forwarder, so this is written where the net keeps what it
 * says of itself. */
void mpwire_end_front(struct mpwire_end *end, const struct weft_wire_nic *fronts,
                      uint8_t bytes[WEFT_NET_ADDRESS_BYTES])
{
    struct weft_udp_net *net = weft_udp_net_of(end->net);
    struct weft_wire_address address;

    weft_assert(mpwire_end_nics(end, &address));
    weft_assert(address.nic_count == end->lane_count);
    memcpy(address.nics, fronts, end->lane_count * sizeof(*fronts));
    weft_assert(weft_wire_put_address(bytes, &address));
    weft_assert(weft_wire_get_address(net->address_told, &address));
    memcpy(address.nics, fronts, end->lane_count * sizeof(*fronts));
    weft_assert(weft_wire_put_address(net->address_told, &address));
}

/* ---- the thread ---- */

static void dial(struct mpwire_end *end)
{
    uint32_t peer = WEFT_NONE;

    if (weft_udp_net.peer_open(end->net, end->peer_address, &peer) != weftSuccess)
        mpwire_end_fail(end, "the peer cannot be dialled");
}

static void events_take(struct mpwire_end *end)
{
    struct weft_net_event event;

    while (weft_udp_net.event(end->net, &event)) {
        switch (event.kind) {
        case WEFT_NET_PEER_UP: {
            struct weft_net_remote remote = mpwire_sink_remote(end->peer_end);

            if (weft_udp_net.import(end->net, MPWIRE_THEIRS, event.peer, &remote) != weftSuccess)
                mpwire_end_fail(end, "the peer's window cannot be imported");
            end->peer = event.peer;
            end->news.is_met = true;
            end->news.version++;
            break;
        }
        case WEFT_NET_PEER_DOWN:
            end->news.downs++;
            end->news.version++;
            break;
        case WEFT_NET_MESSAGE:
            mpwire_flow_message(end, event.bytes, event.size);
            break;
        default:
            mpwire_end_fail(end, "an event of kind %d, which nobody asked for", (int)event.kind);
            break;
        }
    }
}

/* NICs are told as an emulated machine tells them. Lane l is NIC l's, at both ends. */
static void lanes_cut(struct mpwire_end *end, uint32_t cut_lanes)
{
    for (uint32_t l = 0; l < end->lane_count; l++) {
        const struct weft_net_shape shape = {
            .state = (cut_lanes >> l & 1) != 0 ? WEFT_NET_SHAPE_CUT : WEFT_NET_SHAPE_UP};

        if (((cut_lanes ^ end->cut_lanes) >> l & 1) != 0)
            weft_udp_net.shape(end->net, l, &shape);
    }
    end->cut_lanes = cut_lanes;
}

static void turn(struct mpwire_end *end)
{
    struct weft_completion ended[TURN_COMPLETIONS];
    enum mpwire_phase phase;
    uint32_t cut_lanes = 0;
    uint32_t count;

    do {
        count = weft_udp_net.poll(end->net, ended, TURN_COMPLETIONS);
        for (uint32_t i = 0; i < count; i++)
            mpwire_flow_ended(end, &ended[i]);
    } while (count == TURN_COMPLETIONS);
    events_take(end);
    mpwire_flow_look(end);
    phase = mpwire_stage_tell(end->stage, end->side, &end->news, &cut_lanes);
    if (phase == MPWIRE_RUN && end->phase == MPWIRE_MEET)
        end->news.begun_at = mpwire_now();
    end->phase = phase;
    lanes_cut(end, cut_lanes);
    if (end->phase == MPWIRE_RUN && end->peer != WEFT_NONE)
        mpwire_flow_submit(end);
}

/* Until the net has something to do. */
static void rest(struct mpwire_end *end)
{
    struct pollfd wakeup = {.fd = weft_udp_net.wakeup_fd(end->net), .events = POLLIN};
    weft_ns wait_ns = weft_sub_sat(weft_udp_net.deadline_ns(end->net), mpwire_now());
    struct timespec timeout = {.tv_nsec = (long)weft_min(wait_ns, TURN_NS)};

    (void)ppoll(&wakeup, 1, &timeout, NULL);
}

static void *run(void *argument)
{
    struct mpwire_end *end = argument;

    if (end->side == 0)
        dial(end);
    while (end->phase != MPWIRE_STOP) {
        turn(end);
        rest(end);
    }
    return NULL;
}

bool mpwire_end_start(struct mpwire_end *end)
{
    end->is_started = pthread_create(&end->thread, NULL, run, end) == 0;
    return end->is_started;
}

void mpwire_end_join(struct mpwire_end *end)
{
    if (end->is_started)
        (void)pthread_join(end->thread, NULL);
    end->is_started = false;
}

void mpwire_end_counts(const struct mpwire_end *end, struct weft_mp_counts *counts)
{
    const struct weft_udp_net *net = (const struct weft_udp_net *)(const void *)end->net;
    const struct weft_udp_session *session = NULL;

    if (net != NULL && end->peer != WEFT_NONE)
        session = weft_udp_peer_at(net, end->peer)->session;
    *counts = (struct weft_mp_counts){0};
    if (session != NULL)
        *counts = *weft_mp_counts_of(session->mp);
}
