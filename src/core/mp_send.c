/* What goes out: acks first, but for those that are held, then probes, then what was lost, then
 * what is new. */
#include "mp_tables.h"

#define NUMBER_END (UINT64_C(1) << 48)

/* Something to send: a lost sequence, or the next packet of a message. */
struct work {
    uint64_t sequence; /* WEFT_MP_NO_SEQUENCE: a new one */
    uint32_t slot;
    struct weft_list *lost; /* where the sequence is listed */
};

static struct weft_writer begin(struct weft_mp *mp, struct weft_mp_packet *packet, uint32_t path,
                                enum weft_mp_wire_kind kind, uint32_t flags)
{
    struct weft_mp_wire_head head = {
        .kind = kind,
        .flags = flags,
        .path_id = mp->paths[path].id,
        .number = mp->next_number++,
    };
    struct weft_writer writer = weft_writer_of(packet->bytes, sizeof(packet->bytes));

    packet->path = path;
    packet->number = head.number;
    packet->has_data = false;
    packet->has_own_head = false;
    packet->cookie = 0;
    packet->offset = 0;
    packet->length = 0;
    weft_mp_wire_put_head(&writer, &head);
    return writer;
}

static void finish(struct weft_mp_packet *packet, const struct weft_writer *writer)
{
    weft_assert(!writer->failed);
    packet->size = writer->used;
}

/* ---- acks ---- */

/* Back where it came from, unless that way is known to lead nowhere. */
static uint32_t way_back(struct weft_mp *mp, const struct weft_mp_group *group, uint32_t groups)
{
    uint32_t path = group->owed.along != WEFT_NONE ? group->owed.along
                                                   : group->owed.echo_path_id & WEFT_MP_PATH_SLOT;

    if (weft_mp_path_alive(&mp->paths[path]))
        return path;
    for (uint32_t i = 0; i < mp->config.path_count; i++)
        if ((groups >> (i % mp->config.group_count) & 1) != 0 && weft_mp_path_alive(&mp->paths[i]))
            return i;
    return path;
}

static void fill_ack(struct weft_mp *mp, const struct weft_mp_owed *owed,
                     struct weft_mp_wire_ack *ack, weft_ns now)
{
    weft_mp_seen_tell(&mp->seen, ack);
    weft_mp_inbox_grant(&mp->inbox, ack);
    ack->echo_number = owed->echo_number;
    ack->echo_sequence = owed->echo_sequence;
    ack->echo_path = owed->echo_path_id;
    ack->echo_delay_ns = (uint32_t)weft_min(now - owed->came_at, UINT32_MAX);
    ack->overload_count = mp->overload_count;
    for (uint32_t i = 0; i < mp->overload_count; i++)
        ack->overloads[i] = mp->overloads[i];
    mp->overload_count = 0;
}

/* The next of the group's probes that waits for its ack. */
static void owe_echo(struct weft_mp *mp, struct weft_mp_group *group, weft_ns now)
{
    for (uint32_t word = 0; word < WEFT_ARRAY_COUNT(mp->echoes); word++) {
        for (uint64_t bits = mp->echoes[word]; bits != 0; bits &= bits - 1) {
            uint32_t path = word * 64 + (uint32_t)__builtin_ctzll(bits);

            if (weft_mp_group_of(mp, path) != group)
                continue;
            mp->echoes[word] &= ~(UINT64_C(1) << (path % 64));
            group->owed.echo_number = mp->paths[path].echo_number;
            group->owed.echo_sequence = WEFT_MP_NO_SEQUENCE;
            group->owed.echo_path_id = mp->paths[path].echo_path_id;
            group->owed.came_at = mp->paths[path].echo_came_at;
            group->owed.due_at = now;
            return;
        }
    }
}

static bool next_ack(struct weft_mp *mp, weft_ns now, uint32_t groups, bool with_held,
                     struct weft_mp_packet *packet)
{
    for (uint32_t i = 0; i < mp->config.group_count; i++) {
        struct weft_mp_group *group = &mp->groups[i];
        struct weft_mp_wire_ack ack;
        struct weft_writer writer;

        if (group->owed.due_at > now || (groups >> i & 1) == 0 ||
            (group->owed.is_held && !with_held))
            continue;
        fill_ack(mp, &group->owed, &ack, now);
        writer = begin(mp, packet, way_back(mp, group, groups), WEFT_MP_WIRE_KIND_ACK, 0);
        weft_mp_wire_put_ack(&writer, &ack);
        finish(packet, &writer);
        group->owed.packets = 0;
        group->owed.due_at = WEFT_NEVER;
        group->owed.along = WEFT_NONE;
        owe_echo(mp, group, now);
        mp->counts.acks_sent++;
        return true;
    }
    return false;
}

/* ---- data ---- */

static bool find_lost(struct weft_mp *mp, struct weft_list *lost, struct work *work)
{
    if (lost->first == WEFT_NONE)
        return false;
    work->sequence = weft_mp_sent_sequence(&mp->sent, lost->first);
    work->slot = mp->sent.packets[lost->first].slot;
    work->lost = lost;
    return true;
}

/* The first gap, where it may go over this group: while it is open the other end's memory fills. */
static bool find_gap(struct weft_mp *mp, uint32_t group, struct work *work)
{
    const struct weft_mp_sent_packet *packet = weft_mp_sent_at(&mp->sent, mp->sent.floor);

    if (mp->sent.floor == mp->sent.next || packet->state != WEFT_MP_SENT_LOST)
        return false;
    if (packet->group != group && mp->groups[packet->group].alive_count > 0)
        return false;
    work->sequence = mp->sent.floor;
    work->slot = packet->slot;
    work->lost = &mp->groups[packet->group].lost;
    return true;
}

static bool find_new(struct weft_mp *mp, uint32_t group, struct work *work)
{
    work->sequence = WEFT_MP_NO_SEQUENCE;
    work->slot = weft_mp_message_next(&mp->messages, group);
    return work->slot != WEFT_NONE && !weft_mp_sent_full(&mp->sent);
}

/* What a group sends next: what is its own, then what belongs to groups without a path. */
static bool find_work(struct weft_mp *mp, uint32_t group, struct work *work)
{
    if (find_gap(mp, group, work) || find_lost(mp, &mp->groups[group].lost, work))
        return true;
    for (uint32_t i = 0; i < mp->config.group_count; i++)
        if (mp->groups[i].alive_count == 0 && find_lost(mp, &mp->groups[i].lost, work))
            return true;
    if (find_new(mp, WEFT_MP_GROUP_ANY, work) || find_new(mp, group, work))
        return true;
    for (uint32_t i = 0; i < mp->config.group_count; i++)
        if (mp->groups[i].alive_count == 0 && find_new(mp, i, work))
            return true;
    return false;
}

/* Cuts the next packet off a message. */
static uint64_t cut(struct weft_mp *mp, uint32_t slot)
{
    struct weft_mp_message *message = &mp->messages.table[slot];
    struct weft_mp_sent_packet *packet = weft_mp_sent_at(&mp->sent, mp->sent.next);
    uint32_t own_head_bytes = message->is_known ? 0 : message->own_head_bytes;
    uint32_t room = mp->config.packet_bytes - WEFT_MP_WIRE_DATA - own_head_bytes;

    packet->slot = slot;
    packet->before = WEFT_NONE;
    packet->by_order = false;
    packet->offset = message->sent_bytes;
    packet->length = (uint32_t)weft_min(room, message->allowed_bytes - message->sent_bytes);
    packet->has_own_head = own_head_bytes > 0;
    packet->wire_bytes = WEFT_MP_WIRE_DATA + own_head_bytes + packet->length;
    weft_mp_message_cut(&mp->messages, slot, packet->length);
    return mp->sent.next;
}

static void put_data(struct weft_mp *mp, uint64_t sequence, uint32_t path, bool asks,
                     struct weft_mp_packet *packet)
{
    struct weft_mp_sent_packet *sent = weft_mp_sent_at(&mp->sent, sequence);
    const struct weft_mp_message *message = &mp->messages.table[sent->slot];
    struct weft_writer writer =
        begin(mp, packet, path, WEFT_MP_WIRE_KIND_DATA, asks ? WEFT_MP_WIRE_ASKS : 0);
    struct weft_mp_wire_data data = {
        .sequence = sequence,
        .message = message->id,
        .message_bytes = message->size_bytes,
        .offset = sent->offset,
        .slot = sent->slot,
        .length = sent->length,
        .behind = (uint32_t)(sequence - mp->sent.floor),
    };

    weft_mp_wire_put_data(&writer, &data);
    finish(packet, &writer);
    packet->has_data = true;
    packet->has_own_head = sent->has_own_head;
    packet->cookie = message->cookie;
    packet->offset = sent->offset;
    packet->length = sent->length;
    sent->number = packet->number;
}

/* The window is full before the receiver has counted enough packets to answer unasked. */
static bool is_narrow(const struct weft_mp *mp, const struct weft_mp_group *group)
{
    uint64_t few_bytes = UINT64_C(2) * mp->config.ack_packets * mp->config.packet_bytes;

    return group->window.window_bytes < few_bytes;
}

/* Sends what was found over a path; the window is the caller's business. */
static void send(struct weft_mp *mp, struct work *work, uint32_t path, weft_ns now,
                 struct weft_mp_packet *packet)
{
    struct weft_mp_group *group = weft_mp_group_of(mp, path);
    bool is_again = work->sequence != WEFT_MP_NO_SEQUENCE;
    uint64_t sequence = is_again ? work->sequence : cut(mp, work->slot);
    struct weft_mp_sent_packet *sent = weft_mp_sent_at(&mp->sent, sequence);
    bool asks = is_again || !weft_mp_path_alive(&mp->paths[path]);
    struct work more;

    if (is_again) {
        weft_list_remove(work->lost, mp->sent.links, (uint32_t)(sequence % WEFT_MP_PACKETS));
        sent->before = sent->path;
        mp->counts.resent_packets++;
    }
    sent->path = path;
    sent->group = group->index;
    sent->sent_at = now;
    sent->mark = weft_mp_window_sent(&group->window, sent->wire_bytes, now);
    weft_mp_sent_out(&mp->sent, sequence, &mp->paths[path]);
    weft_mp_path_asked(&mp->paths[path], now);
    if (weft_heap_at(&mp->timers, path) == WEFT_NEVER)
        weft_mp_watch(mp, path);
    mp->asked_at = weft_min(mp->asked_at, now);
    mp->ask_at = WEFT_NEVER;
    if (group->owed.is_held && group->owed.due_at <= now) {
        group->owed.is_held = false;
        group->owed.along = path;
    }
    mp->counts.sent_packets++;
    /* The last for now, or one of few that may be out: nothing that follows brings an answer. */
    asks = asks || is_narrow(mp, group) || !find_work(mp, group->index, &more);
    put_data(mp, sequence, path, asks, packet);
}

static bool next_data(struct weft_mp *mp, weft_ns now, uint32_t groups,
                      struct weft_mp_packet *packet)
{
    for (uint32_t i = 0; i < mp->config.group_count; i++) {
        uint32_t index = (mp->turn + i) % mp->config.group_count;
        struct weft_mp_group *group = &mp->groups[index];
        struct work work;

        if ((groups >> index & 1) == 0 || group->alive_count == 0 || group->hold_until > now)
            continue;
        if (!find_work(mp, index, &work))
            continue;
        if (!weft_mp_window_open(&group->window, mp->config.packet_bytes, now))
            continue;
        send(mp, &work, weft_mp_group_pick(group, mp->paths, &mp->config, now), now, packet);
        mp->turn = group->burst_left > 0 ? index : index + 1;
        return true;
    }
    return false;
}

/* ---- probes ---- */

/* While nothing is alive, what waits is the best probe. */
static bool find_any_work(struct weft_mp *mp, struct work *work)
{
    for (uint32_t i = 0; i < mp->config.group_count; i++)
        if (find_work(mp, i, work))
            return true;
    return false;
}

static void probe(struct weft_mp *mp, weft_ns now, uint32_t path, struct weft_mp_packet *packet)
{
    struct weft_mp_path *of = &mp->paths[path];
    struct weft_writer writer = begin(mp, packet, path, WEFT_MP_WIRE_KIND_PROBE, WEFT_MP_WIRE_ASKS);

    finish(packet, &writer);
    weft_mp_path_probed(of, packet->number, now);
    mp->asked_at = weft_min(mp->asked_at, now);
    mp->counts.probes_sent++;
    weft_mp_watch(mp, path);
}

static bool next_probe(struct weft_mp *mp, weft_ns now, uint32_t groups,
                       struct weft_mp_packet *packet)
{
    for (uint32_t word = 0; word < WEFT_ARRAY_COUNT(mp->due); word++) {
        for (uint64_t bits = mp->due[word]; bits != 0; bits &= bits - 1) {
            uint32_t path = word * 64 + (uint32_t)__builtin_ctzll(bits);
            struct work work;

            if ((groups >> weft_mp_group_of(mp, path)->index & 1) == 0)
                continue;
            if (mp->paths[path].probes_due == 0) {
                mp->due[word] &= ~(UINT64_C(1) << (path % 64));
                continue;
            }
            if (mp->alive_count == 0 && find_any_work(mp, &work)) {
                mp->paths[path].probes_due--;
                send(mp, &work, path, now, packet);
            } else {
                mp->paths[path].probes_due = 0;
                probe(mp, now, path, packet);
            }
            return true;
        }
    }
    return false;
}

/* Nothing can be sent. What waits must not wait for ever without anybody asking. */
static void rest(struct weft_mp *mp, weft_ns now)
{
    struct work work;

    if (mp->alive_count == 0 && find_any_work(mp, &work))
        mp->asked_at = weft_min(mp->asked_at, now);
    if (mp->messages.blocked.count == 0 || mp->sent.floor < mp->sent.next ||
        mp->ask_at != WEFT_NEVER)
        return;
    mp->ask_wait_ns = mp->config.rto_ns_min * 2;
    mp->ask_at = now + mp->ask_wait_ns;
}

bool weft_mp_next(struct weft_mp *mp, weft_ns now, uint32_t groups, struct weft_mp_packet *packet)
{
    if (mp->is_aborted || mp->next_number >= NUMBER_END)
        return false;
    if (next_ack(mp, now, groups, false, packet) || next_probe(mp, now, groups, packet) ||
        next_data(mp, now, groups, packet) || next_ack(mp, now, groups, true, packet))
        return true;
    rest(mp, now);
    return false;
}
