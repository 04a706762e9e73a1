/* Time: what was lost, which paths lead nowhere, what is probed, whether the peer is there. */
#include "mp_tables.h"

#define PROBE_NS_LEAST 1000000 /* the first wait between two probes of a group's dead paths */
#define TAIL_PACKETS   2       /* are sent again, to learn what became of those behind them */
#define QUIET_TRIPS    4

weft_ns weft_mp_timeout_of(struct weft_mp *mp, uint32_t path)
{
    return weft_mp_path_timeout(&mp->paths[path], &mp->config,
                                weft_mp_group_of(mp, path)->window.rtt_ns);
}

void weft_mp_wake_path(struct weft_mp *mp, uint32_t path, weft_ns at)
{
    if (at < weft_heap_at(&mp->timers, path))
        weft_heap_set(&mp->timers, path, at);
}

static void wake_group(struct weft_mp *mp, const struct weft_mp_group *group, weft_ns at)
{
    weft_heap_set(&mp->timers, mp->config.path_count + group->index, at);
}

void weft_mp_want_probe(struct weft_mp *mp, uint32_t path)
{
    if (mp->paths[path].probes_due == 0)
        mp->paths[path].probes_due = 1;
    mp->due[path / 64] |= UINT64_C(1) << (path % 64);
}

/* How long a group may be silent before it is asked. In the middle of a message the end that takes
 * it asks sooner: the sender may have lost sight of it (a new address), and then only this end is
 * heard. */
static weft_ns quiet_ns(const struct weft_mp *mp, const struct weft_mp_group *group)
{
    weft_ns rtt_ns = weft_max(mp->config.rtt_ns_first, group->window.rtt_ns);

    if (mp->inbox.open_count == 0)
        return mp->config.keepalive_ns;
    return weft_min(weft_max(mp->config.rto_ns_first, rtt_ns * QUIET_TRIPS),
                    mp->config.keepalive_ns);
}

/* A group with dead paths probes them in turn; another one is probed when it was silent. */
void weft_mp_review(struct weft_mp *mp, struct weft_mp_group *group, weft_ns now)
{
    mp->alive_count -= group->alive_count;
    weft_mp_group_count(group, mp->paths, &mp->config);
    mp->alive_count += group->alive_count;
    if (group->was_told_down) {
        group->probe_at = WEFT_NEVER;
    } else if (group->dead_count > 0) {
        if (group->probe_wait_ns == 0) {
            group->probe_wait_ns = weft_min(PROBE_NS_LEAST, mp->config.probe_ns_max);
            group->probe_at = now + group->probe_wait_ns;
        }
    } else {
        group->probe_wait_ns = 0;
        group->probe_at = now + quiet_ns(mp, group);
    }
    wake_group(mp, group, group->probe_at);
}

void weft_mp_probe_soon(struct weft_mp *mp, struct weft_mp_group *group, weft_ns now)
{
    group->probe_wait_ns = 0;
    weft_mp_review(mp, group, now);
    if (group->dead_count == 0 || group->was_told_down)
        return;
    group->probe_at = now;
    wake_group(mp, group, now);
}

/* ---- packets that count as lost ---- */

static void lose(struct weft_mp *mp, uint64_t sequence, bool by_order)
{
    struct weft_mp_sent_packet *packet = weft_mp_sent_at(&mp->sent, sequence);
    struct weft_mp_group *group = &mp->groups[packet->group];

    if (by_order)
        weft_mp_window_lost(&group->window, packet->wire_bytes);
    else
        weft_mp_window_dropped(&group->window, packet->wire_bytes);
    packet->by_order = by_order;
    mp->counts.lost_packets++;
    weft_mp_sent_lost(&mp->sent, sequence, &mp->paths[packet->path], &group->lost);
}

void weft_mp_find_lost(struct weft_mp *mp, uint32_t path, weft_ns now)
{
    weft_ns patience_ns = weft_mp_path_patience(&mp->paths[path], &mp->config);
    struct weft_mp_group *group = weft_mp_group_of(mp, path);
    weft_ns look_at = WEFT_NEVER;

    for (;;) {
        uint64_t sequence =
            weft_mp_sent_find_lost(&mp->sent, &mp->paths[path], patience_ns, now, &look_at);

        if (sequence == WEFT_MP_NO_SEQUENCE)
            break;
        lose(mp, sequence, true);
        if (group->alive_count > 1)
            weft_mp_path_skip(&mp->paths[path], &mp->config, now);
    }
    if (look_at != WEFT_NEVER)
        weft_mp_wake_path(mp, path, look_at);
}

/* All that is out on the path goes to the others. */
static void empty(struct weft_mp *mp, uint32_t path)
{
    while (mp->paths[path].out.first != WEFT_NONE)
        lose(mp, weft_mp_sent_sequence(&mp->sent, mp->paths[path].out.first), false);
}

/* ---- paths ---- */

/* `is_sure`: it leads nowhere, or elsewhere; not only late. */
static void path_changed(struct weft_mp *mp, uint32_t path, bool is_sure, weft_ns now)
{
    struct weft_mp_group *group = weft_mp_group_of(mp, path);

    weft_mp_review(mp, group, now);
    if (group->alive_count > 0)
        weft_mp_group_freeze(group, now);
    else if (is_sure)
        weft_mp_window_collapse(&group->window);
}

static void lose_oldest(struct weft_mp *mp, uint32_t path)
{
    const struct weft_mp_path *of = &mp->paths[path];

    for (uint32_t i = 0; i < TAIL_PACKETS && of->out.first != WEFT_NONE; i++)
        lose(mp, weft_mp_sent_sequence(&mp->sent, of->out.first), false);
}

/* The first timeout only asks, by two packets more or by a probe: what else is out is left alone
 * until that was not answered either; of paths whose round trip nobody knows, until none was. */
static void time_out_one(struct weft_mp *mp, uint32_t path, weft_ns now)
{
    struct weft_mp_path *of = &mp->paths[path];
    weft_ns group_rtt_ns = weft_mp_group_of(mp, path)->window.rtt_ns;
    bool is_sure = !weft_mp_path_alive(of) && weft_max(of->rtt_ns, group_rtt_ns) != 0;

    mp->counts.timeouts++;
    (void)weft_mp_path_timed_out(of, &mp->config, group_rtt_ns, mp->next_number, now);
    is_sure = is_sure || of->state == WEFT_MP_PATH_DEAD;
    if (is_sure)
        empty(mp, path);
    else
        lose_oldest(mp, path);
    path_changed(mp, path, is_sure, now);
    if (of->state != WEFT_MP_PATH_SUSPECT)
        return;
    weft_mp_want_probe(mp, path);
    weft_mp_wake_path(mp, path, of->wake_at);
}

/* Where no path of the group has answered for as long, all of them are suspect: what is wrong is
 * the NIC, here or there, and the next path would only show the same, later. */
static void time_out(struct weft_mp *mp, uint32_t path, weft_ns now)
{
    const struct weft_mp_group *group = weft_mp_group_of(mp, path);
    weft_ns asked_at = mp->paths[path].asked_at;
    bool was_alive = weft_mp_path_alive(&mp->paths[path]);

    time_out_one(mp, path, now);
    if (!was_alive || group->answered_at > asked_at)
        return;
    for (uint32_t i = group->index; i < mp->config.path_count; i += mp->config.group_count)
        if (weft_mp_path_alive(&mp->paths[i]))
            time_out_one(mp, i, now);
}

static weft_ns packet_timeout_of(struct weft_mp *mp, uint32_t path)
{
    return weft_mp_path_packet_timeout(&mp->paths[path], &mp->config,
                                       weft_mp_group_of(mp, path)->window.rtt_ns);
}

/* When the oldest packet that is out has been so for too long: since answers have stopped, or,
 * though they go on, for longer than any should take. */
static weft_ns packet_overdue_at(struct weft_mp *mp, uint32_t path)
{
    const struct weft_mp_path *of = &mp->paths[path];
    weft_ns sent_at;
    weft_ns late_at;

    if (of->out.first == WEFT_NONE)
        return WEFT_NEVER;
    sent_at = mp->sent.packets[of->out.first].sent_at;
    late_at = weft_add_sat(sent_at, weft_mp_timeout_of(mp, path));
    return weft_add_sat(weft_max(sent_at, weft_min(of->tail_at, late_at)),
                        packet_timeout_of(mp, path));
}

/* When the path itself has been silent for too long. */
static weft_ns path_overdue_at(struct weft_mp *mp, uint32_t path)
{
    return weft_add_sat(mp->paths[path].asked_at, weft_mp_timeout_of(mp, path));
}

void weft_mp_watch(struct weft_mp *mp, uint32_t path)
{
    weft_mp_wake_path(mp, path, weft_min(packet_overdue_at(mp, path), path_overdue_at(mp, path)));
}

/* The last packets of a transfer have none behind them that could show their loss: before the path
 * is given up two are sent again, whose acks tell of the others (RFC 8985, 7; RFC 9002, 6.2.4). */
static void send_overdue_again(struct weft_mp *mp, uint32_t path, weft_ns now)
{
    if (now < packet_overdue_at(mp, path))
        return;
    mp->paths[path].tail_at = now;
    lose_oldest(mp, path);
}

static void path_expired(struct weft_mp *mp, uint32_t path, weft_ns now)
{
    struct weft_mp_path *of = &mp->paths[path];

    if (of->state == WEFT_MP_PATH_SUSPECT) {
        if (now >= of->wake_at)
            time_out(mp, path, now);
        else
            weft_mp_wake_path(mp, path, of->wake_at);
        return;
    }
    if (now >= path_overdue_at(mp, path) && of->state != WEFT_MP_PATH_DEAD) {
        time_out(mp, path, now);
        return;
    }
    if (now >= path_overdue_at(mp, path)) {
        /* What was tried on a dead path came to nothing. */
        empty(mp, path);
        of->asked_at = WEFT_NEVER;
        return;
    }
    weft_mp_find_lost(mp, path, now);
    send_overdue_again(mp, path, now);
    weft_mp_watch(mp, path);
}

/* ---- groups ---- */

static void group_expired(struct weft_mp *mp, struct weft_mp_group *group, weft_ns now)
{
    uint32_t path = WEFT_NONE;

    if (group->dead_count > 0) {
        path = weft_mp_group_probe(group, mp->paths, &mp->config);
        group->probe_at = now + group->probe_wait_ns;
        group->probe_wait_ns = weft_min(group->probe_wait_ns * 2, mp->config.probe_ns_max);
    } else if (now >= group->came_at + quiet_ns(mp, group)) {
        path = weft_mp_group_pick(group, mp->paths, &mp->config, now);
        group->probe_at = now + quiet_ns(mp, group);
    } else {
        group->probe_at = group->came_at + quiet_ns(mp, group);
    }
    if (path != WEFT_NONE)
        weft_mp_want_probe(mp, path);
    wake_group(mp, group, group->probe_at);
}

/* All that is left waits for leave that may have been lost: ask. */
static void ask(struct weft_mp *mp, weft_ns now)
{
    for (uint32_t i = 0; i < mp->config.group_count; i++) {
        uint32_t path = weft_mp_group_pick(&mp->groups[i], mp->paths, &mp->config, now);

        if (path == WEFT_NONE)
            continue;
        weft_mp_want_probe(mp, path);
        break;
    }
    mp->ask_wait_ns = weft_min(mp->ask_wait_ns * 2, mp->config.probe_ns_max);
    mp->ask_at = now + mp->ask_wait_ns;
}

/* ---- the session ---- */

static weft_ns silent_at(const struct weft_mp *mp)
{
    return mp->is_lost ? WEFT_NEVER : weft_add_sat(mp->asked_at, mp->config.silence_ns);
}

weft_ns weft_mp_deadline(const struct weft_mp *mp)
{
    weft_ns at = weft_min(weft_heap_next_at(&mp->timers), weft_min(silent_at(mp), mp->ask_at));

    if (mp->is_aborted)
        return WEFT_NEVER;
    for (uint32_t i = 0; i < mp->config.group_count; i++) {
        const struct weft_mp_group *group = &mp->groups[i];

        at = weft_min(at, weft_min(group->owed.due_at, group->window.wake_at));
        if (group->hold_until != 0)
            at = weft_min(at, group->hold_until);
    }
    return at;
}

void weft_mp_expire(struct weft_mp *mp, weft_ns now)
{
    uint32_t id;

    if (mp->is_aborted)
        return;
    while ((id = weft_heap_due(&mp->timers, now)) != WEFT_NONE) {
        if (id < mp->config.path_count)
            path_expired(mp, id, now);
        else
            group_expired(mp, &mp->groups[id - mp->config.path_count], now);
    }
    for (uint32_t i = 0; i < mp->config.group_count; i++) {
        if (now >= mp->groups[i].hold_until)
            mp->groups[i].hold_until = 0;
        if (now >= mp->groups[i].window.wake_at)
            mp->groups[i].window.wake_at = WEFT_NEVER;
    }
    if (now >= mp->ask_at)
        ask(mp, now);
    if (now >= silent_at(mp))
        mp->is_lost = true;
}

void weft_mp_group_told(struct weft_mp *mp, weft_ns now, uint32_t group, bool is_up)
{
    struct weft_mp_group *of = &mp->groups[group];

    weft_assert(group < mp->config.group_count);
    of->was_told_down = !is_up;
    for (uint32_t i = group; i < mp->config.path_count; i += mp->config.group_count) {
        if (is_up && mp->paths[i].state == WEFT_MP_PATH_DEAD)
            weft_mp_want_probe(mp, i);
        if (is_up)
            continue;
        empty(mp, i);
        weft_mp_path_down(&mp->paths[i], mp->next_number);
    }
    of->probe_wait_ns = 0;
    weft_mp_review(mp, of, now);
    if (!is_up)
        weft_mp_window_collapse(&of->window);
}

void weft_mp_group_doubted(struct weft_mp *mp, weft_ns now, uint32_t group)
{
    struct weft_mp_group *of = &mp->groups[group];

    if (of->was_told_down)
        return;
    weft_mp_group_told(mp, now, group, false);
    of->was_told_down = false;
    weft_mp_review(mp, of, now);
}

void weft_mp_path_renewed(struct weft_mp *mp, weft_ns now, uint32_t path)
{
    weft_assert(path < mp->config.path_count);
    empty(mp, path);
    weft_mp_path_renew(&mp->paths[path], now);
    path_changed(mp, path, true, now);
    weft_heap_set(&mp->timers, path, now);
}
