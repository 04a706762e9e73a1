/* Acks: what came there, how long it took, what is let in, what is to be sent again. */
#include "mp_tables.h"

/* The newest packet of a group that an ack lets go, of which it is sure which sending it was. It
 * may have waited there for the ack of another group's: that is part of the round trip. */
struct sample {
    uint32_t path;
    uint64_t number;
    uint64_t order;
    weft_ns sent_at;
    weft_ns delay_ns; /* that the peer says it waited */
    struct weft_mp_window_mark mark;
};

/* What one ack brings together. */
struct harvest {
    const struct weft_mp_wire_ack *ack;
    weft_ns now;
    uint64_t touched[WEFT_MP_PATHS_MAX / 64]; /* paths of which packets were acked */
    uint32_t sampled;                         /* groups, a bit each */
    struct sample samples[WEFT_MP_GROUPS_MAX];
};

/* A number that an ack names may be anything; what was sent is known here. */
static bool is_possible(const struct weft_mp *mp, const struct weft_mp_wire_ack *ack)
{
    uint64_t base = ack->cumulative - ack->cumulative % 64;

    if (ack->cumulative > mp->sent.next)
        return false;
    for (uint32_t i = 0; i < ack->word_count; i++) {
        uint64_t from = base + (uint64_t)i * 64;

        if (ack->words[i] == 0)
            continue;
        if (from + 63 - (uint64_t)__builtin_clzll(ack->words[i]) >= mp->sent.next)
            return false;
    }
    for (uint32_t i = 0; i < ack->refusal_count; i++)
        if (ack->refusals[i].sequence >= mp->sent.next)
            return false;
    for (uint32_t i = 0; i < ack->overload_count; i++)
        if (ack->overloads[i] >= mp->sent.next)
            return false;
    return true;
}

/* The path answered what was sent under a number. */
static weft_ns answered(struct weft_mp *mp, const struct harvest *harvest,
                        const struct sample *sample)
{
    struct weft_mp_group *group = weft_mp_group_of(mp, sample->path);
    weft_ns rtt_ns = weft_sub_sat(harvest->now, sample->sent_at);

    rtt_ns -= weft_min(sample->delay_ns, rtt_ns);
    mp->asked_at = WEFT_NEVER;
    mp->is_lost = false;
    group->answered_at = harvest->now;
    /* Where one path is back, others may be. */
    if (weft_mp_path_answered(&mp->paths[sample->path], sample->number, rtt_ns, harvest->now))
        weft_mp_probe_soon(mp, group, harvest->now);
    weft_mp_watch(mp, sample->path);
    return rtt_ns;
}

/* What the echo says beyond the acks: a probe came, or a packet in that state, which the acks do
 * not tell of: it was taken for lost, or it came and was not wanted (yet). */
static void read_echo(struct weft_mp *mp, struct harvest *harvest, enum weft_mp_sent_state state)
{
    const struct weft_mp_wire_ack *ack = harvest->ack;
    struct sample sample = {.path = ack->echo_path & WEFT_MP_PATH_SLOT,
                            .number = ack->echo_number,
                            .delay_ns = ack->echo_delay_ns};
    const struct weft_mp_sent_packet *packet;

    if (sample.path >= mp->config.path_count || mp->paths[sample.path].id != ack->echo_path)
        return;
    if (ack->echo_sequence == WEFT_MP_NO_SEQUENCE) {
        sample.sent_at = weft_mp_path_probe_at(&mp->paths[sample.path], ack->echo_number);
        if (sample.sent_at == WEFT_NEVER)
            return;
        (void)answered(mp, harvest, &sample);
        /* It was sent behind what is out on its path. */
        harvest->touched[sample.path / 64] |= UINT64_C(1) << (sample.path % 64);
        return;
    }
    if (!weft_mp_sent_has(&mp->sent, ack->echo_sequence))
        return;
    packet = weft_mp_sent_at(&mp->sent, ack->echo_sequence);
    sample.sent_at = packet->sent_at;
    if (packet->number > ack->echo_number && packet->before == sample.path && packet->by_order)
        weft_mp_path_late(&mp->paths[sample.path]);
    else if (packet->number == ack->echo_number && packet->path == sample.path &&
             packet->state == state) {
        (void)answered(mp, harvest, &sample);
        /* It came, though it was not wanted: those before it are behind it. */
        mp->paths[sample.path].order_acked =
            weft_max(mp->paths[sample.path].order_acked, packet->order);
        harvest->touched[sample.path / 64] |= UINT64_C(1) << (sample.path % 64);
    }
}

/* A packet that was out has come. After a second sending, an ack that names its number is surely of
 * that, and one that comes too soon for it surely is not. */
static void came(struct weft_mp *mp, struct harvest *harvest,
                 const struct weft_mp_sent_packet *packet)
{
    struct weft_mp_path *path = &mp->paths[packet->path];
    struct sample *sample = &harvest->samples[packet->group];
    const struct sample late = {
        .path = packet->path, .number = packet->number, .sent_at = packet->sent_at};
    bool is_echo = packet->number == harvest->ack->echo_number;
    bool is_sampled = (harvest->sampled >> packet->group & 1) != 0;

    if (!is_echo && packet->tries > 1 && harvest->now - packet->sent_at < path->base_rtt.ns)
        return;
    mp->groups[packet->group].answered_at = harvest->now;
    weft_mp_path_acked(path, packet->order, harvest->now);
    /* It was only late, this sending for sure. */
    if (path->state == WEFT_MP_PATH_SUSPECT && (is_echo || packet->tries == 1))
        (void)answered(mp, harvest, &late);
    harvest->touched[packet->path / 64] |= UINT64_C(1) << (packet->path % 64);
    if (!is_echo && (packet->tries > 1 || (is_sampled && sample->sent_at > packet->sent_at)))
        return;
    harvest->sampled |= 1u << packet->group;
    *sample = (struct sample){
        .path = packet->path,
        .number = packet->number,
        .order = packet->order,
        .sent_at = packet->sent_at,
        .delay_ns = is_echo ? harvest->ack->echo_delay_ns : 0,
        .mark = packet->mark,
    };
}

static void let_go(struct weft_mp *mp, struct harvest *harvest, uint64_t sequence)
{
    struct weft_mp_sent_packet *packet = weft_mp_sent_at(&mp->sent, sequence);
    struct weft_mp_group *group = &mp->groups[packet->group];
    struct weft_list *list = &mp->paths[packet->path].out;

    /* FREE: the floor went over it a moment ago. */
    if (packet->state == WEFT_MP_SENT_ACKED || packet->state == WEFT_MP_SENT_FREE)
        return;
    if (packet->state == WEFT_MP_SENT_LOST) {
        list = &group->lost;
        mp->counts.late_packets++;
        if (packet->by_order)
            weft_mp_path_late(&mp->paths[packet->path]);
    } else {
        weft_mp_window_acked(&group->window, packet->wire_bytes, harvest->now);
        group->hold_ns = 0;
        came(mp, harvest, packet);
    }
    weft_mp_message_acked(&mp->messages, packet->slot);
    weft_mp_sent_acked(&mp->sent, sequence, list);
}

static void let_all_go(struct weft_mp *mp, struct harvest *harvest)
{
    const struct weft_mp_wire_ack *ack = harvest->ack;
    uint64_t base = ack->cumulative - ack->cumulative % 64;

    for (uint64_t sequence = mp->sent.floor; sequence < ack->cumulative; sequence++)
        let_go(mp, harvest, sequence);
    for (uint32_t i = 0; i < ack->word_count; i++) {
        for (uint64_t bits = ack->words[i]; bits != 0; bits &= bits - 1) {
            uint64_t sequence = base + (uint64_t)i * 64 + (uint64_t)__builtin_ctzll(bits);

            if (weft_mp_sent_has(&mp->sent, sequence))
                let_go(mp, harvest, sequence);
        }
    }
}

/* Before the packets are let go, since the last one ends the message. */
static void refuse(struct weft_mp *mp, const struct weft_mp_wire_ack *ack)
{
    for (uint32_t i = 0; i < ack->refusal_count; i++) {
        const struct weft_mp_sent_packet *packet;
        struct weft_mp_message *message;

        if (!weft_mp_sent_has(&mp->sent, ack->refusals[i].sequence))
            continue;
        packet = weft_mp_sent_at(&mp->sent, ack->refusals[i].sequence);
        if (packet->state == WEFT_MP_SENT_ACKED)
            continue;
        message = &mp->messages.table[packet->slot];
        if (message->result == weftSuccess)
            message->result = ack->refusals[i].result <= weftUnknown
                                  ? (weftResult_t)ack->refusals[i].result
                                  : weftRemoteError;
    }
}

static void send_again(struct weft_mp *mp, struct harvest *harvest)
{
    for (uint32_t i = 0; i < harvest->ack->overload_count; i++) {
        uint64_t sequence = harvest->ack->overloads[i];
        struct weft_mp_sent_packet *packet;
        struct weft_mp_group *group;

        if (!weft_mp_sent_has(&mp->sent, sequence))
            continue;
        packet = weft_mp_sent_at(&mp->sent, sequence);
        if (packet->state != WEFT_MP_SENT_OUT)
            continue;
        group = &mp->groups[packet->group];
        weft_mp_window_dropped(&group->window, packet->wire_bytes);
        weft_mp_window_overloaded(&group->window, harvest->now);
        weft_mp_group_hold(group, &mp->config, harvest->now);
        packet->by_order = false;
        weft_mp_sent_lost(&mp->sent, sequence, &mp->paths[packet->path], &group->lost);
    }
}

/* A slow path among fast ones is skipped; one that all are slow with is the window's business. */
static void judge(struct weft_mp *mp, const struct harvest *harvest, const struct sample *sample)
{
    struct weft_mp_group *group = weft_mp_group_of(mp, sample->path);
    struct weft_mp_path *path = &mp->paths[sample->path];
    weft_ns rtt_ns = answered(mp, harvest, sample);
    weft_ns queue_ns = weft_sub_sat(rtt_ns, path->base_rtt.ns);

    weft_mp_window_sample(&group->window, rtt_ns, path->base_rtt.ns, sample->mark, harvest->now);
    if (!weft_mp_window_slow(&group->window, queue_ns))
        weft_mp_group_recycle(group, sample->path);
    else if (!weft_mp_window_slow(&group->window, group->window.queue_ns) && group->alive_count > 1)
        weft_mp_path_skip(path, &mp->config, harvest->now);
}

bool weft_mp_acked(struct weft_mp *mp, weft_ns now, const struct weft_mp_wire_ack *ack)
{
    struct harvest harvest;

    if (!is_possible(mp, ack))
        return false;
    harvest.ack = ack;
    harvest.now = now;
    harvest.sampled = 0;
    memset(harvest.touched, 0, sizeof(harvest.touched));
    read_echo(mp, &harvest, WEFT_MP_SENT_LOST);
    refuse(mp, ack);
    let_all_go(mp, &harvest);
    read_echo(mp, &harvest, WEFT_MP_SENT_OUT);
    for (uint32_t bits = harvest.sampled; bits != 0; bits &= bits - 1)
        judge(mp, &harvest, &harvest.samples[__builtin_ctz(bits)]);
    send_again(mp, &harvest);
    for (uint32_t i = 0; i < ack->grant_count; i++)
        weft_mp_message_granted(&mp->messages, &ack->grants[i]);
    for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(harvest.touched); i++)
        for (uint64_t bits = harvest.touched[i]; bits != 0; bits &= bits - 1)
            weft_mp_find_lost(mp, i * 64 + (uint32_t)__builtin_ctzll(bits), now);
    return true;
}
