/* Acks: what came there, how long it took, what is let in, what is to be sent again. */
#include "mp_tables.h"

/* What one ack brings together. */
struct harvest {
    const struct weft_mp_wire_ack *ack;
    weft_ns now;
    uint64_t touched[WEFT_MP_PATHS_MAX / 64]; /* paths of which packets were acked */
    bool has_sample;
    uint32_t path; /* of the sample */
    weft_ns rtt_ns;
    struct weft_mp_window_mark mark;
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

/* The path answered what was sent under `number` at `sent_at`. */
static void answered(struct weft_mp *mp, struct harvest *harvest, uint32_t path, weft_ns sent_at)
{
    weft_ns took_ns = weft_sub_sat(harvest->now, sent_at);
    struct weft_mp_group *group = weft_mp_group_of(mp, path);

    harvest->rtt_ns = took_ns - weft_min(harvest->ack->echo_delay_ns, took_ns);
    mp->asked_at = WEFT_NEVER;
    mp->is_lost = false;
    /* Where one path is back, others may be. */
    if (weft_mp_path_answered(&mp->paths[path], harvest->ack->echo_number, harvest->rtt_ns,
                              harvest->now))
        weft_mp_probe_soon(mp, group, harvest->now);
    weft_mp_watch(mp, path);
}

/* Before the acked packets are let go: whose sending it was that came. */
static void read_echo(struct weft_mp *mp, struct harvest *harvest)
{
    const struct weft_mp_wire_ack *ack = harvest->ack;
    uint32_t path = ack->echo_path & WEFT_MP_PATH_SLOT;
    const struct weft_mp_sent_packet *packet;

    if (path >= mp->config.path_count || mp->paths[path].id != ack->echo_path)
        return;
    if (ack->echo_sequence == WEFT_MP_NO_SEQUENCE) {
        if (ack->echo_number != 0 && mp->paths[path].probe_number == ack->echo_number)
            answered(mp, harvest, path, mp->paths[path].probe_sent_at);
        return;
    }
    if (!weft_mp_sent_has(&mp->sent, ack->echo_sequence))
        return;
    packet = weft_mp_sent_at(&mp->sent, ack->echo_sequence);
    if (packet->number != ack->echo_number) {
        /* It came from the sending before this one, which was taken for lost. */
        if (packet->number > ack->echo_number && packet->before == path && packet->by_order)
            weft_mp_path_late(&mp->paths[path]);
        return;
    }
    if (packet->path != path)
        return;
    answered(mp, harvest, path, packet->sent_at);
    weft_mp_path_acked(&mp->paths[path], packet->order, packet->sent_at);
    harvest->has_sample = packet->state == WEFT_MP_SENT_OUT;
    harvest->path = path;
    harvest->mark = packet->mark;
}

static void let_go(struct weft_mp *mp, struct harvest *harvest, uint64_t sequence)
{
    struct weft_mp_sent_packet *packet = weft_mp_sent_at(&mp->sent, sequence);
    struct weft_mp_path *path = &mp->paths[packet->path];
    struct weft_mp_group *group = &mp->groups[packet->group];
    struct weft_list *list = &path->out;

    if (packet->state == WEFT_MP_SENT_ACKED)
        return;
    if (packet->state == WEFT_MP_SENT_LOST) {
        list = &group->lost;
        mp->counts.late_packets++;
        if (packet->by_order)
            weft_mp_path_late(path);
    } else {
        weft_mp_window_acked(&group->window, packet->wire_bytes, harvest->now);
        /* An ack that comes too soon after a second sending is that of the first. */
        if (packet->tries == 1 || harvest->now - packet->sent_at >= path->base_rtt.ns) {
            weft_mp_path_acked(path, packet->order, packet->sent_at);
            harvest->touched[packet->path / 64] |= UINT64_C(1) << (packet->path % 64);
        }
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
        packet->by_order = false;
        weft_mp_sent_lost(&mp->sent, sequence, &mp->paths[packet->path], &group->lost);
    }
}

/* A slow path among fast ones is skipped; one that all are slow with is the window's business. */
static void judge(struct weft_mp *mp, struct harvest *harvest)
{
    struct weft_mp_group *group = weft_mp_group_of(mp, harvest->path);
    struct weft_mp_path *path = &mp->paths[harvest->path];
    weft_ns queue_ns = weft_sub_sat(harvest->rtt_ns, path->base_rtt.ns);

    weft_mp_window_sample(&group->window, harvest->rtt_ns, path->base_rtt.ns, harvest->mark,
                          harvest->now);
    if (!weft_mp_window_slow(&group->window, queue_ns))
        weft_mp_group_recycle(group, harvest->path);
    else if (!weft_mp_window_slow(&group->window, group->window.queue_ns) && group->alive_count > 1)
        weft_mp_path_skip(path, &mp->config, harvest->now);
}

bool weft_mp_acked(struct weft_mp *mp, weft_ns now, const struct weft_mp_wire_ack *ack)
{
    struct harvest harvest = {.ack = ack, .now = now};

    if (!is_possible(mp, ack))
        return false;
    read_echo(mp, &harvest);
    refuse(mp, ack);
    let_all_go(mp, &harvest);
    if (harvest.has_sample)
        judge(mp, &harvest);
    send_again(mp, &harvest);
    for (uint32_t i = 0; i < ack->grant_count; i++)
        weft_mp_message_granted(&mp->messages, &ack->grants[i]);
    for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(harvest.touched); i++)
        for (uint64_t bits = harvest.touched[i]; bits != 0; bits &= bits - 1)
            weft_mp_find_lost(mp, i * 64 + (uint32_t)__builtin_ctzll(bits), now);
    return true;
}
