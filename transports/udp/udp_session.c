/* Sessions: made, given keys and ways, freed; see udp_session.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "udp_net.h"

#define TO(state)        (1u << WEFT_UDP_SESSION_##state)
#define SLOT_BITS        16
#define MEMORY_ALIGN     64
/* Both ends share the cores of one machine, and wait for each other to have a turn. */
#define LOOPBACK_HOST_NS 1000000u

static const unsigned next_states[WEFT_UDP_SESSION_STATES] = {
    [WEFT_UDP_SESSION_KNOCKING] = TO(GREETING),
    [WEFT_UDP_SESSION_GREETING] = TO(GREETING) | TO(MEETING),
    [WEFT_UDP_SESSION_GREETED] = TO(MEETING),
    [WEFT_UDP_SESSION_MEETING] = TO(UP) | TO(LEAVING),
    [WEFT_UDP_SESSION_UP] = 0,
    [WEFT_UDP_SESSION_LEAVING] = 0,
};

static const char *const state_names[WEFT_UDP_SESSION_STATES] = {
    [WEFT_UDP_SESSION_KNOCKING] = "knocking",
    [WEFT_UDP_SESSION_GREETING] = "greeting",
    [WEFT_UDP_SESSION_GREETED] = "greeted",
    [WEFT_UDP_SESSION_MEETING] = "meeting",
    [WEFT_UDP_SESSION_UP] = "up",
    [WEFT_UDP_SESSION_LEAVING] = "leaving",
};

const char *weft_udp_session_state_name(enum weft_udp_session_state state)
{
    return (unsigned)state < WEFT_UDP_SESSION_STATES ? state_names[state] : "?";
}

void weft_udp_session_set_state(struct weft_udp_session *session, enum weft_udp_session_state state)
{
    weft_assert((next_states[session->state] >> state & 1) != 0);
    session->state = state;
}

/* ---- making ---- */

static uint32_t place_take(const struct weft_udp_net *net)
{
    for (uint32_t i = 0; i < net->sessions_max; i++)
        if (net->sessions[i] == NULL)
            return i;
    return WEFT_NONE;
}

struct weft_udp_session *weft_udp_session_make(struct weft_udp_net *net, bool is_initiator,
                                               const uint8_t *secret)
{
    uint32_t slot = place_take(net);
    struct weft_udp_session *session = slot == WEFT_NONE ? NULL : calloc(1, sizeof(*session));
    uint64_t random = 0;

    if (session == NULL)
        return NULL;
    session->state = is_initiator ? WEFT_UDP_SESSION_KNOCKING : WEFT_UDP_SESSION_GREETED;
    session->slot = slot;
    session->peer = WEFT_NONE;
    session->is_initiator = is_initiator;
    session->dial_fd = -1;
    session->resend_ns = WEFT_UDP_RESEND_NS;
    session->rtt_ns = WEFT_NEVER;
    session->knock_at = WEFT_NEVER;
    session->secure = weft_secure_new(is_initiator, net->mode, secret);
    if (session->secure == NULL ||
        getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random)) {
        weft_secure_free(session->secure);
        free(session);
        return NULL;
    }
    /* 0 is no tag. */
    session->tag = (random | 1u << SLOT_BITS) << SLOT_BITS | slot;
    net->sessions[slot] = session;
    net->guest_count += !is_initiator;
    return session;
}

struct weft_udp_session *weft_udp_session_find(const struct weft_udp_net *net, uint64_t tag)
{
    uint32_t slot = (uint32_t)(tag & ((1u << SLOT_BITS) - 1));
    struct weft_udp_session *session = slot < net->sessions_max ? net->sessions[slot] : NULL;

    return session != NULL && session->tag == tag ? session : NULL;
}

static void given_forget(struct weft_udp_net *net, uint32_t peer)
{
    for (uint32_t i = 0; i < net->end.env.cookies_max + WEFT_NET_NOTES_MAX; i++)
        net->is_given[i] = net->is_given[i] && net->end.operations[i].peer != peer;
}

void weft_udp_session_free(struct weft_udp_net *net, struct weft_udp_session *session)
{
    if (session == NULL)
        return;
    if (session->state == WEFT_UDP_SESSION_UP)
        given_forget(net, session->peer);
    weft_udp_room_leave(net, session);
    net->guest_count -= session->state == WEFT_UDP_SESSION_GREETED;
    weft_udp_dial_end(net, session);
    for (uint32_t i = 0; i < net->nic_count; i++)
        weft_udp_delay_forget(&net->nics[i].delay, session->slot);
    weft_udp_ways_close(net, session);
    weft_secure_free(session->secure);
    weft_secure_datagrams_free(session->keys);
    free(session->greeting);
    free(session->body_bytes);
    free(session->kept);
    free(session->refused);
    free(session->part_indices);
    free(session->parts);
    free(session->memory);
    net->sessions[session->slot] = NULL;
    net->body_of = NULL;
    explicit_bzero(session, sizeof(*session));
    free(session);
}

/* ---- meeting ---- */

/* Lane l joins NIC l mod n here with NIC l mod m there. The pair over which the two have met is
 * lane 0's where no other lane has it: it is known to work. */
static void lanes_init(const struct weft_udp_net *net, struct weft_udp_session *session)
{
    bool is_known = false;

    for (uint32_t l = 0; l < session->lane_count; l++) {
        struct weft_udp_lane *lane = &session->lanes[l];

        lane->nic = l % net->nic_count;
        lane->peer_nic = l % session->address.nic_count;
        lane->is_up = true;
        for (uint32_t i = 0; i < WEFT_NET_CLASSES; i++)
            weft_list_init(&lane->copies[i]);
        is_known = is_known || (lane->nic == session->nic && lane->peer_nic == session->peer_nic);
    }
    if (is_known)
        return;
    session->lanes[0].nic = session->nic;
    session->lanes[0].peer_nic = session->peer_nic;
}

static bool tables_alloc(struct weft_udp_session *session)
{
    session->parts = calloc(WEFT_UDP_PARTS_MAX, sizeof(*session->parts));
    session->part_indices = calloc(WEFT_UDP_PARTS_MAX, sizeof(*session->part_indices));
    session->refused = calloc(WEFT_MP_MESSAGES, sizeof(*session->refused));
    session->kept = calloc(WEFT_MP_MESSAGES, sizeof(*session->kept));
    session->body_bytes = calloc(WEFT_UDP_BODIES_MAX, WEFT_WIRE_BODY_MAX);
    if (session->parts == NULL || session->part_indices == NULL || session->refused == NULL ||
        session->kept == NULL || session->body_bytes == NULL)
        return false;
    weft_pool_init(&session->free_parts, session->part_indices, WEFT_UDP_PARTS_MAX);
    for (uint32_t i = 0; i < WEFT_UDP_BODIES_MAX; i++)
        session->bodies[i].bytes = session->body_bytes + (size_t)i * WEFT_WIRE_BODY_MAX;
    return true;
}

/* All of its NICs are of this machine. */
static bool is_loopback(const struct weft_wire_address *address)
{
    bool is_it = true;

    for (uint32_t i = 0; i < address->nic_count; i++)
        is_it = is_it &&
                (address->nics[i].is_v6 ? memcmp(address->nics[i].ip, &in6addr_loopback, 16) == 0
                                        : address->nics[i].ip[0] == 127);
    return is_it;
}

static bool mp_open(const struct weft_udp_net *net, struct weft_udp_session *session)
{
    struct weft_mp_config config;
    const char *why = "";

    weft_mp_defaults(&config);
    config.path_count = session->path_count;
    config.group_count = session->lane_count;
    config.packet_bytes = session->packet_bytes;
    config.burst_packets = (uint32_t)weft_max(1, WEFT_UDP_RUN_BYTES / session->packet_bytes);
    config.silence_ns = net->end.env.silence_ns;
    config.keepalive_ns = weft_max(1, net->end.env.silence_ns / 2);
    config.room_bytes = net->room_bytes;
    session->unscheduled_bytes = config.unscheduled_bytes;
    config.rtt_ns_first = session->rtt_ns;
    if (is_loopback(&session->address))
        config.host_ns = LOOPBACK_HOST_NS;
    if (!weft_mp_config_valid(&config, &why)) {
        net->end.env.log(1, why);
        return false;
    }
    session->memory = aligned_alloc(MEMORY_ALIGN, (weft_mp_size(&config) + MEMORY_ALIGN - 1) /
                                                      MEMORY_ALIGN * MEMORY_ALIGN);
    if (session->memory == NULL)
        return false;
    session->mp = weft_mp_init(&config, session->memory, net->end.now);
    return true;
}

/* As many ways of a lane as there may be, one at least; both ends count alike. */
static uint32_t ways_of(uint32_t lane_count)
{
    uint32_t ways = 1;

    while (ways < WEFT_UDP_WAYS_MAX && (ways + 1) * lane_count <= WEFT_UDP_PATHS_MAX)
        ways++;
    return ways;
}

void weft_udp_session_answered(struct weft_udp_net *net, struct weft_udp_session *session)
{
    session->rtt_ns = weft_min(session->rtt_ns, weft_sub_sat(net->end.now, session->asked_at));
    session->asked_at = 0;
}

bool weft_udp_session_meet(struct weft_udp_net *net, struct weft_udp_session *session,
                           const struct weft_wire_address *address)
{
    session->address = *address;
    session->lane_count = (uint32_t)weft_max(net->nic_count, address->nic_count);
    session->path_count = session->lane_count * ways_of(session->lane_count);
    for (uint32_t p = 0; p < session->path_count; p++)
        session->fds[p] = -1;
    if (session->nic >= net->nic_count || session->peer_nic >= address->nic_count)
        return false;
    lanes_init(net, session);
    if (!weft_udp_ways_open(net, session) || !tables_alloc(session) || !mp_open(net, session))
        return false;
    net->guest_count -= session->state == WEFT_UDP_SESSION_GREETED;
    weft_udp_session_set_state(session, WEFT_UDP_SESSION_MEETING);
    session->deadline_at = net->end.now + WEFT_UDP_GREETING_NS;
    weft_secure_free(session->secure);
    session->secure = NULL;
    for (uint32_t i = 0; i < net->nic_count; i++)
        weft_udp_session_shape(net, session, i);
    return true;
}

/* ---- what is said over its ways ---- */

void weft_udp_session_shape(struct weft_udp_net *net, struct weft_udp_session *session,
                            uint32_t nic)
{
    bool is_cut = net->nics[nic].pace.shape.state == WEFT_NET_SHAPE_CUT;

    if (session->mp == NULL)
        return;
    for (uint32_t l = 0; l < session->lane_count; l++) {
        struct weft_udp_lane *lane = &session->lanes[l];

        if (lane->nic != nic || lane->is_cut == is_cut)
            continue;
        lane->is_cut = is_cut;
        weft_mp_group_told(session->mp, net->end.now, l, !is_cut);
        if (!is_cut)
            weft_udp_ways_soon(net, session);
    }
    weft_net_end_wake_at(&net->end, weft_udp_ways_tick(net, session));
}

void weft_udp_session_knock(struct weft_udp_net *net, struct weft_udp_session *session)
{
    uint8_t bytes[WEFT_UDP_HEAD_BYTES];
    struct weft_writer writer = weft_writer_of(bytes, sizeof(bytes));
    struct weft_udp_head head = {.kind = WEFT_UDP_KNOCK};
    uint32_t number = session->peer;

    weft_udp_put_head(&writer, &head);
    for (uint32_t l = 0; l < session->lane_count; l++) {
        uint32_t nic = session->lanes[l].nic;
        uint32_t peer_nic = session->lanes[l].peer_nic;
        int error = weft_udp_net_say(net, nic, session->fds[l], NULL, bytes, writer.used);
        socklen_t size = sizeof(error);

        /* On one machine the answer is there at once. */
        if (error == 0 && session->fds[l] >= 0 &&
            getsockopt(session->fds[l], SOL_SOCKET, SO_ERROR, &error, &size) != 0)
            error = 0;
        if (error != ECONNREFUSED)
            continue;
        weft_udp_peer_refused(net, weft_udp_peer_at(net, number), peer_nic);
        if (weft_udp_peer_at(net, number)->session != session)
            return;
    }
}

void weft_udp_session_bye(struct weft_udp_net *net, struct weft_udp_session *session)
{
    struct weft_udp_grave *grave = &net->graves[net->grave_next++ % WEFT_UDP_GRAVES_MAX];
    uint8_t bytes[WEFT_UDP_HEAD_BYTES + WEFT_SECURE_GOODBYE_BYTES];
    struct weft_writer writer = weft_writer_of(bytes, sizeof(bytes));
    struct weft_udp_head head = {.kind = WEFT_UDP_BYE, .tag = session->tag_there};

    *grave = (struct weft_udp_grave){.tag = session->tag, .tag_there = session->tag_there};
    weft_secure_datagram_goodbye(session->keys, grave->goodbye);
    weft_udp_put_head(&writer, &head);
    weft_writer_bytes(&writer, grave->goodbye, sizeof(grave->goodbye));
    for (uint32_t l = 0; l < session->lane_count; l++) {
        const struct weft_udp_lane *lane = &session->lanes[l];

        grave->to[lane->nic] = session->address.nics[lane->peer_nic];
        (void)weft_udp_net_say(net, lane->nic, session->fds[l], NULL, bytes, writer.used);
    }
}
