/* The UDP net: opening, closing, its one loop (poll), and the transport's table.
 *
 * A poll reads what has come, lets time pass, writes what is due, and gives back what has ended, in
 * this order: what has come may say that somebody is not late. */
#include "udp_net.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#define EPOLL_EVENTS_MAX 32
#define DATAGRAM_BYTES   65536
#define DESCRIPTORS_PART 4 /* of the process's, for ways */

static const enum weft_secure_mode modes[WEFT_NET_CRYPTO_MODES] = {
    [WEFT_NET_CRYPTO_FULL] = WEFT_SECURE_FULL,
    [WEFT_NET_CRYPTO_INTEGRITY] = WEFT_SECURE_INTEGRITY,
    [WEFT_NET_CRYPTO_OFF] = WEFT_SECURE_OFF,
};

_Static_assert(WEFT_NET_SECRET_BYTES == WEFT_SECURE_SECRET_BYTES, "one secret");
_Static_assert(WEFT_WIRE_LANES_MAX <= WEFT_MP_GROUPS_MAX, "a lane is a group");

int weft_udp_net_say(struct weft_udp_net *net, uint32_t nic, int fd,
                     const struct sockaddr_storage *to, const void *bytes, size_t size)
{
    socklen_t to_size = to == NULL                  ? 0
                        : to->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                                    : sizeof(struct sockaddr_in);
    ssize_t sent;

    if (!weft_net_shape_sends(net->nics[nic].pace.shape.state) || fd < 0)
        return 0;
    sent = sendto(fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT,
                  (const struct sockaddr *)(const void *)to, to_size);
    return sent < 0 ? errno : 0;
}

/* ---- opening ---- */

static bool tables_alloc(struct weft_udp_net *net)
{
    net->sessions_max = WEFT_UDP_GUESTS_MAX + 4 * net->end.env.peers_max;
    net->sessions = calloc(net->sessions_max, sizeof(struct weft_udp_session *));
    net->cursors = calloc(net->end.env.cookies_max, sizeof(*net->cursors));
    net->is_given =
        calloc((size_t)net->end.env.cookies_max + WEFT_NET_NOTES_MAX, sizeof(*net->is_given));
    net->ring = malloc((size_t)WEFT_UDP_MESSAGES_MAX * DATAGRAM_BYTES);
    net->plain = malloc(DATAGRAM_BYTES);
    net->sealed = malloc(WEFT_UDP_SEALED_BYTES);
    net->body = malloc(WEFT_WIRE_BODY_MAX);
    return net->sessions != NULL && net->cursors != NULL && net->is_given != NULL &&
           net->ring != NULL && net->plain != NULL && net->sealed != NULL && net->body != NULL;
}

static weftResult_t nic_hear(struct weft_udp_net *net, uint32_t number,
                             const struct weft_net_nic *as, char why[256])
{
    struct weft_udp_nic *nic = &net->nics[number];
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = number};
    struct sockaddr_storage bound;
    uint64_t buffer_bytes = 0;

    WEFT_TRY(weft_net_address_parse("udp", as, &nic->local, why));
    nic->is_any = weft_net_address_is_any(&nic->local);
    nic->fd = weft_udp_socket_hear(&nic->local, &bound, &buffer_bytes);
    if (nic->fd < 0 || epoll_ctl(net->end.epoll_fd, EPOLL_CTL_ADD, nic->fd, &event) != 0) {
        char text[64];

        (void)snprintf(why, 256, "udp: cannot listen on %.63s: %s; name an address of this machine",
                       as->address, strerror_r(errno, text, sizeof(text)));
        return weftSystemError;
    }
    nic->local.port = weft_net_address_port(&bound);
    if (nic->is_any)
        weft_net_address_resolve(&nic->local);
    net->room_bytes += buffer_bytes;
    return weftSuccess;
}

static weftResult_t hear_all(struct weft_udp_net *net, const struct weft_net_nic *nics,
                             uint32_t nic_count, char why[256])
{
    struct weft_wire_nic local[WEFT_NET_NICS_MAX];

    for (uint32_t i = 0; i < nic_count; i++) {
        net->nics[i].fd = -1;
        net->nic_count = i + 1;
        WEFT_TRY(nic_hear(net, i, &nics[i], why));
        local[i] = net->nics[i].local;
    }
    return weft_net_address_write("udp", &net->end.env, local, nic_count, net->address,
                                  net->address_told, why);
}

/* What waits with a peer is submitted when its session is written, in each poll. */
static void peer_touch(struct weft_net_end *end, struct weft_net_peer *base)
{
    struct weft_udp_session *session = ((struct weft_udp_peer *)(void *)base)->session;

    (void)end;
    if (session != NULL)
        session->has_more = true;
}

static const struct weft_net_hooks hooks = {.touch = peer_touch, .peer_make = weft_udp_peer_make};

static void udp_close(struct weft_net *base)
{
    struct weft_udp_net *net = weft_udp_net_of(base);

    if (net == NULL)
        return;
    for (uint32_t i = 0; net->end.peers != NULL && i < net->end.env.peers_max; i++)
        if (weft_net_peer_at(&net->end, i)->state != WEFT_NET_PEER_STATE_FREE)
            weft_udp_peer_close(base, i);
    for (uint32_t i = 0; net->sessions != NULL && i < net->sessions_max; i++)
        weft_udp_session_free(net, net->sessions[i]);
    for (uint32_t i = 0; i < net->nic_count; i++) {
        weft_udp_delay_close(&net->nics[i].delay);
        if (net->nics[i].fd >= 0)
            (void)close(net->nics[i].fd);
    }
    free(net->body);
    free(net->sealed);
    free(net->plain);
    free(net->ring);
    free(net->is_given);
    free(net->cursors);
    free(net->sessions);
    weft_net_end_fini(&net->end);
    explicit_bzero(net, sizeof(*net));
    free(net);
}

/* A part of the descriptors that the process may have: others need some, too. */
static uint32_t ways_most(void)
{
    struct rlimit limit = {0};

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 0;
    return (uint32_t)weft_min(limit.rlim_cur / DESCRIPTORS_PART, UINT32_MAX);
}

static weftResult_t udp_open(const struct weft_net_env *env, const struct weft_net_nic *nics,
                             uint32_t nic_count, struct weft_net **opened, char why[256])
{
    struct weft_udp_net *net;
    weftResult_t result;

    WEFT_TRY(weft_net_end_check("udp", env, nic_count, why));
    net = calloc(1, sizeof(*net));
    if (net == NULL) {
        (void)snprintf(why, 256, "udp: no memory for a net");
        return weftSystemError;
    }
    weft_prng_init(&net->prng, env->incarnation);
    net->mode = modes[env->crypto];
    net->limits.per_s = env->guests_per_s;
    net->segments = weft_udp_socket_segments();
    net->ways_max = ways_most();
    result =
        weft_net_end_init(&net->end, &weft_udp_net, env, &hooks, sizeof(struct weft_udp_peer), why);
    if (result == weftSuccess && !tables_alloc(net)) {
        (void)snprintf(why, 256, "udp: no memory for the sessions of %u peers", env->peers_max);
        result = weftSystemError;
    }
    if (result == weftSuccess && !weft_secure_cookies_init(&net->cookies)) {
        (void)snprintf(why, 256, "udp: the system gives no random numbers");
        result = weftSystemError;
    }
    if (result == weftSuccess)
        result = hear_all(net, nics, nic_count, why);
    if (result != weftSuccess)
        goto fail;
    *opened = (struct weft_net *)(void *)net;
    return weftSuccess;
fail:
    udp_close((struct weft_net *)(void *)net);
    return result;
}

static void udp_address(struct weft_net *base, uint8_t bytes[WEFT_NET_ADDRESS_BYTES])
{
    memcpy(bytes, weft_udp_net_of(base)->address, WEFT_NET_ADDRESS_BYTES);
}

/* ---- the loop ---- */

static void sockets_work(struct weft_udp_net *net)
{
    struct epoll_event events[EPOLL_EVENTS_MAX];
    int count = epoll_wait(net->end.epoll_fd, events, EPOLL_EVENTS_MAX, 0);

    for (int i = 0; i < count; i++) {
        uint64_t number = events[i].data.u64;
        struct weft_udp_session *session;

        if (number < WEFT_NET_NICS_MAX) {
            weft_udp_nic_read(net, (uint32_t)number);
            continue;
        }
        /* It may have ended in this poll, by what came before. */
        session = net->sessions[number - WEFT_NET_NICS_MAX];
        if (session != NULL && session->dial_fd >= 0)
            weft_udp_dial_read(net, session);
    }
}

/* What core/mp has to tell. */
static void events_work(struct weft_udp_net *net, struct weft_udp_session *session)
{
    struct weft_mp_event event;
    bool has_changed = false;

    while (weft_mp_event(session->mp, &event)) {
        switch (event.kind) {
        case WEFT_MP_ENDED:
            weft_udp_part_ended(net, session, (uint32_t)event.cookie, event.result);
            continue;
        case WEFT_MP_GROUP_DOWN:
        case WEFT_MP_GROUP_UP:
            session->lanes[event.group].is_up = event.kind == WEFT_MP_GROUP_UP;
            net->end.counts.fences += event.kind == WEFT_MP_GROUP_DOWN;
            break;
        default:
            session->is_lost = event.kind == WEFT_MP_LOST;
            break;
        }
        has_changed = true;
    }
    if (has_changed && session->state == WEFT_UDP_SESSION_UP)
        weft_udp_peer_judge(net, weft_udp_peer_at(net, session->peer));
}

/* Before it is UP a session has no time to lose. False: it is gone. */
static bool greeting_work(struct weft_udp_net *net, struct weft_udp_session *session)
{
    uint32_t slot = session->slot;

    if (session->state == WEFT_UDP_SESSION_UP)
        return true;
    if (session->is_initiator) {
        weft_net_end_wake_at(&net->end, weft_udp_dial_tick(net, session));
        return net->sessions[slot] != NULL;
    }
    if (net->end.now < session->deadline_at) {
        weft_net_end_wake_at(&net->end, session->deadline_at);
        return true;
    }
    net->end.counts.slow += session->state != WEFT_UDP_SESSION_LEAVING;
    weft_udp_session_free(net, session);
    return false;
}

/* When a lane that has something to send may send again. */
static weft_ns lanes_at(const struct weft_udp_net *net, const struct weft_udp_session *session)
{
    weft_ns at = WEFT_NEVER;

    for (uint32_t l = 0; l < session->lane_count; l++) {
        const struct weft_udp_lane *lane = &session->lanes[l];

        if (weft_net_pace_waits(&net->nics[lane->nic].pace))
            at = weft_min(at, weft_net_pace_at(&net->nics[lane->nic].pace, net->end.now));
        if (lane->blocked_until > net->end.now)
            at = weft_min(at, lane->blocked_until);
    }
    return at;
}

static void session_work(struct weft_udp_net *net, uint32_t slot)
{
    struct weft_udp_session *session = net->sessions[slot];

    if (session == NULL || !greeting_work(net, session) || session->mp == NULL)
        return;
    if (weft_mp_deadline(session->mp) <= net->end.now)
        weft_mp_expire(session->mp, net->end.now);
    weft_net_end_wake_at(&net->end, weft_udp_ways_tick(net, session));
    weft_udp_room_tick(net, session);
    events_work(net, session);
    weft_udp_session_write(net, session);
    session = net->sessions[slot];
    if (session == NULL)
        return;
    weft_net_end_wake_at(&net->end, session->has_more ? net->end.now : lanes_at(net, session));
    weft_net_end_wake_at(&net->end, weft_mp_deadline(session->mp));
}

/* Sends what a NIC has delayed. Nobody listens where it went: the peer's other NICs are asked. */
static void delay_work(struct weft_udp_net *net, struct weft_udp_nic *nic)
{
    struct weft_udp_delay *delay = &nic->delay;
    const struct weft_udp_session *session;

    weft_net_end_wake_at(
        &net->end,
        weft_udp_delay_send(delay, weft_net_shape_sends(nic->pace.shape.state), net->end.now));
    if (!delay->is_refused)
        return;
    delay->is_refused = false;
    session = net->sessions[delay->refused_slot];
    if (session == NULL || session->state != WEFT_UDP_SESSION_UP)
        return;
    for (uint32_t p = 0; p < session->path_count; p++)
        if (session->fds[p] == delay->refused_fd) {
            weft_udp_peer_refused(net, weft_udp_peer_at(net, session->peer),
                                  session->lanes[p % session->lane_count].peer_nic);
            weft_net_end_wake_at(&net->end, net->end.now);
            return;
        }
}

static uint32_t udp_poll(struct weft_net *base, struct weft_completion *completions, uint32_t max)
{
    struct weft_udp_net *net = weft_udp_net_of(base);

    net->end.now = weft_net_now();
    net->end.timer_at = WEFT_NEVER;
    sockets_work(net);
    for (uint32_t i = 0; i < net->end.env.peers_max; i++)
        if (weft_net_peer_at(&net->end, i)->state != WEFT_NET_PEER_STATE_FREE)
            weft_net_end_wake_at(&net->end, weft_udp_peer_tick(net, weft_udp_peer_at(net, i)));
    for (uint32_t i = 0; i < net->sessions_max; i++)
        session_work(net, i);
    for (uint32_t i = 0; i < net->nic_count; i++)
        delay_work(net, &net->nics[i]);
    return weft_net_end_take(&net->end, completions, max);
}

static uint64_t udp_deadline_ns(struct weft_net *base)
{
    struct weft_udp_net *net = weft_udp_net_of(base);

    if (weft_net_end_waits(&net->end))
        return net->end.now;
    for (uint32_t i = 0; i < net->end.env.peers_max; i++) {
        const struct weft_udp_peer *peer = weft_udp_peer_at(net, i);

        /* Something was asked for since the poll. */
        if (peer->session != NULL && peer->session->has_more)
            return net->end.now;
    }
    return net->end.timer_at;
}

/* ---- what others see ---- */

static void udp_lane_state(struct weft_net *base, uint32_t number, uint32_t lane_number,
                           struct weft_net_lane_state *state)
{
    struct weft_udp_net *net = weft_udp_net_of(base);
    const struct weft_udp_peer *peer = weft_udp_peer_at(net, number);
    const struct weft_udp_lane *lane;

    weft_assert(lane_number < peer->base.lane_count);
    *state = (struct weft_net_lane_state){.nic = lane_number % net->nic_count,
                                          .peer_nic = lane_number % peer->base.address.nic_count};
    if (peer->session == NULL)
        return;
    lane = &peer->session->lanes[lane_number];
    *state = (struct weft_net_lane_state){.is_up = weft_udp_lane_is_up(lane) &&
                                                   peer->base.state == WEFT_NET_PEER_STATE_UP,
                                          .nic = lane->nic,
                                          .peer_nic = lane->peer_nic,
                                          .sent_bytes = lane->sent_bytes,
                                          .received_bytes = lane->received_bytes};
}

static void udp_counts(struct weft_net *base, struct weft_net_counts *counts)
{
    *counts = weft_udp_net_of(base)->end.counts;
}

const struct weft_net_ops weft_udp_net = {
    .name = "udp",
    .signal_bytes_max = WEFT_MP_MESSAGE_BYTES, /* of a small one it costs nothing */
    .open = udp_open,
    .close = udp_close,
    .address = udp_address,
    .window_add = weft_net_window_add,
    .window_remove = weft_net_window_remove,
    .expose = weft_net_expose,
    .conceal = weft_net_conceal,
    .import = weft_net_import,
    .forget = weft_net_forget,
    .peer_open = weft_net_peer_open,
    .peer_close = weft_udp_peer_close,
    .copy = weft_udp_copy,
    .forward = weft_net_forward,
    .answer = weft_net_answer,
    .store = weft_net_store,
    .send = weft_net_send,
    .poll = udp_poll,
    .event = weft_net_event_next,
    .wakeup_fd = weft_net_wakeup_fd,
    .deadline_ns = udp_deadline_ns,
    .shape = weft_udp_shape,
    .lane_state = udp_lane_state,
    .counts = udp_counts,
};
