/* The sender's log: states, lists, and what counts as lost. */
#include "mp_sent.h"

#define TO(state) (1u << WEFT_MP_SENT_##state)

static const unsigned next_states[WEFT_MP_SENT_STATES] = {
    [WEFT_MP_SENT_FREE] = TO(OUT),
    [WEFT_MP_SENT_OUT] = TO(LOST) | TO(ACKED),
    [WEFT_MP_SENT_LOST] = TO(OUT) | TO(ACKED),
    [WEFT_MP_SENT_ACKED] = TO(FREE),
};

static void set_state(struct weft_mp_sent_packet *packet, enum weft_mp_sent_state state)
{
    weft_assert((next_states[packet->state] >> state & 1) != 0);
    packet->state = state;
}

void weft_mp_sent_init(struct weft_mp_sent *sent)
{
    sent->floor = 0;
    sent->next = 0;
    for (uint32_t i = 0; i < WEFT_MP_PACKETS; i++)
        sent->packets[i].state = WEFT_MP_SENT_FREE;
}

bool weft_mp_sent_full(const struct weft_mp_sent *sent)
{
    return sent->next - sent->floor >= WEFT_MP_PACKETS;
}

uint64_t weft_mp_sent_sequence(const struct weft_mp_sent *sent, uint32_t index)
{
    uint64_t ahead = (index + WEFT_MP_PACKETS - sent->floor % WEFT_MP_PACKETS) % WEFT_MP_PACKETS;

    return sent->floor + ahead;
}

void weft_mp_sent_out(struct weft_mp_sent *sent, uint64_t sequence, struct weft_mp_path *path)
{
    struct weft_mp_sent_packet *packet = weft_mp_sent_at(sent, sequence);

    if (sequence == sent->next) {
        weft_assert(!weft_mp_sent_full(sent));
        sent->next++;
        packet->tries = 0;
    }
    set_state(packet, WEFT_MP_SENT_OUT);
    packet->tries++;
    packet->order = path->order_next++;
    weft_list_append(&path->out, sent->links, (uint32_t)(sequence % WEFT_MP_PACKETS));
}

void weft_mp_sent_lost(struct weft_mp_sent *sent, uint64_t sequence, struct weft_mp_path *path,
                       struct weft_list *lost)
{
    uint32_t index = (uint32_t)(sequence % WEFT_MP_PACKETS);

    weft_list_remove(&path->out, sent->links, index);
    set_state(&sent->packets[index], WEFT_MP_SENT_LOST);
    weft_list_append(lost, sent->links, index);
}

void weft_mp_sent_acked(struct weft_mp_sent *sent, uint64_t sequence, struct weft_list *list)
{
    struct weft_mp_sent_packet *packet = weft_mp_sent_at(sent, sequence);

    weft_list_remove(list, sent->links, (uint32_t)(sequence % WEFT_MP_PACKETS));
    set_state(packet, WEFT_MP_SENT_ACKED);
    while (sent->floor < sent->next) {
        packet = weft_mp_sent_at(sent, sent->floor);
        if (packet->state != WEFT_MP_SENT_ACKED)
            break;
        set_state(packet, WEFT_MP_SENT_FREE);
        sent->floor++;
    }
}

uint64_t weft_mp_sent_find_lost(const struct weft_mp_sent *sent, const struct weft_mp_path *path,
                                weft_ns patience_ns, weft_ns now, weft_ns *look_at)
{
    const struct weft_mp_sent_packet *packet;

    *look_at = WEFT_NEVER;
    if (path->out.first == WEFT_NONE)
        return WEFT_MP_NO_SEQUENCE;
    packet = &sent->packets[path->out.first];
    if (packet->order >= path->order_acked)
        return WEFT_MP_NO_SEQUENCE;
    if (path->order_acked - packet->order > path->reorder_packets ||
        now >= packet->sent_at + patience_ns)
        return weft_mp_sent_sequence(sent, path->out.first);
    *look_at = packet->sent_at + patience_ns;
    return WEFT_MP_NO_SEQUENCE;
}
