/* Incoming messages: bytes that came, bytes let in. */
#include "mp_inbox.h"

#define HOLDERS_FIRST (UINT64_C(1) << 32) /* more than any message is long */

void weft_mp_inbox_init(struct weft_mp_inbox *inbox, const struct weft_mp_config *config)
{
    weft_list_init(&inbox->scheduled);
    inbox->unscheduled_bytes = config->unscheduled_bytes;
    inbox->packet_bytes = config->packet_bytes;
    weft_mp_inbox_room(inbox, config->room_bytes);
}

void weft_mp_inbox_room(struct weft_mp_inbox *inbox, uint64_t room_bytes)
{
    inbox->room_bytes = weft_max(room_bytes, inbox->packet_bytes);
}

static bool is_whole(uint32_t length, uint64_t message_bytes)
{
    return length == message_bytes;
}

static bool is_scheduled(const struct weft_mp_inbox *inbox, const struct weft_mp_incoming *incoming)
{
    return incoming->size_bytes > inbox->unscheduled_bytes &&
           incoming->taken_bytes < incoming->size_bytes;
}

/* A slot is used again only when all of its message was acked, and ids only grow. */
bool weft_mp_inbox_fits(const struct weft_mp_inbox *inbox, const struct weft_mp_wire_data *data)
{
    const struct weft_mp_incoming *incoming;

    if (data->slot >= WEFT_MP_MESSAGES || data->message_bytes > WEFT_MP_MESSAGE_BYTES)
        return false;
    incoming = &inbox->table[data->slot];
    if (data->message < incoming->message)
        return false;
    if (data->message > incoming->message)
        return incoming->placed_bytes == incoming->size_bytes;
    return data->message_bytes == incoming->size_bytes &&
           data->length <= incoming->size_bytes - incoming->taken_bytes;
}

bool weft_mp_inbox_take(struct weft_mp_inbox *inbox, const struct weft_mp_wire_data *data)
{
    struct weft_mp_incoming *incoming = &inbox->table[data->slot];
    bool is_first = data->message > incoming->message;
    bool was_scheduled;

    if (is_whole(data->length, data->message_bytes))
        return true;
    if (is_first) {
        *incoming =
            (struct weft_mp_incoming){.message = data->message, .size_bytes = data->message_bytes};
        incoming->allowed_bytes =
            (uint32_t)weft_min(inbox->unscheduled_bytes, incoming->size_bytes);
        inbox->open_count++;
    }
    was_scheduled = !is_first && is_scheduled(inbox, incoming);
    is_first = incoming->taken_bytes == 0;
    incoming->taken_bytes += data->length;
    weft_assert(incoming->taken_bytes <= incoming->size_bytes);
    incoming->allowed_bytes = (uint32_t)weft_max(incoming->allowed_bytes, incoming->taken_bytes);
    if (is_scheduled(inbox, incoming) && !was_scheduled)
        weft_list_append(&inbox->scheduled, inbox->links, data->slot);
    else if (!is_scheduled(inbox, incoming) && was_scheduled)
        weft_list_remove(&inbox->scheduled, inbox->links, data->slot);
    return is_first;
}

void weft_mp_inbox_untake(struct weft_mp_inbox *inbox, uint32_t slot, uint32_t length,
                          uint64_t message_bytes)
{
    struct weft_mp_incoming *incoming = &inbox->table[slot];
    bool was_scheduled;

    if (is_whole(length, message_bytes))
        return;
    was_scheduled = is_scheduled(inbox, incoming);
    weft_assert(incoming->taken_bytes >= length);
    incoming->taken_bytes -= length;
    if (is_scheduled(inbox, incoming) && !was_scheduled)
        weft_list_append(&inbox->scheduled, inbox->links, slot);
}

bool weft_mp_inbox_completes(const struct weft_mp_inbox *inbox, uint32_t slot, uint32_t length,
                             uint64_t message_bytes)
{
    const struct weft_mp_incoming *incoming = &inbox->table[slot];

    return is_whole(length, message_bytes) ||
           incoming->placed_bytes + length == incoming->size_bytes;
}

bool weft_mp_inbox_placed(struct weft_mp_inbox *inbox, uint32_t slot, uint32_t length,
                          uint64_t message_bytes)
{
    struct weft_mp_incoming *incoming = &inbox->table[slot];

    if (is_whole(length, message_bytes))
        return true;
    incoming->placed_bytes += length;
    weft_assert(incoming->placed_bytes <= incoming->taken_bytes);
    if (incoming->placed_bytes < incoming->size_bytes)
        return false;
    weft_assert(inbox->open_count > 0);
    inbox->open_count--;
    return true;
}

/* Leave was given for what has not come yet: it takes room, and must be told until it is used. */
static bool holds_room(const struct weft_mp_inbox *inbox, const struct weft_mp_incoming *incoming)
{
    return incoming->allowed_bytes > weft_max(inbox->unscheduled_bytes, incoming->taken_bytes);
}

static uint64_t rank_of(const struct weft_mp_inbox *inbox, const struct weft_mp_incoming *incoming)
{
    uint64_t left = incoming->size_bytes - incoming->taken_bytes;

    return holds_room(inbox, incoming) ? left : left + HOLDERS_FIRST;
}

/* Those that hold room, then those with least left; how many. Since none but those picked gets
 * leave, all that hold room are always among them. */
static uint32_t pick(const struct weft_mp_inbox *inbox, uint32_t slots[WEFT_MP_WIRE_GRANTS])
{
    uint64_t ranks[WEFT_MP_WIRE_GRANTS];
    uint32_t count = 0;

    for (uint32_t slot = inbox->scheduled.first; slot != WEFT_NONE;
         slot = inbox->links[slot].next) {
        uint64_t rank = rank_of(inbox, &inbox->table[slot]);
        uint32_t place = count;

        while (place > 0 && ranks[place - 1] > rank)
            place--;
        if (place == WEFT_MP_WIRE_GRANTS)
            continue;
        count += count < WEFT_MP_WIRE_GRANTS;
        for (uint32_t i = count - 1; i > place; i--) {
            ranks[i] = ranks[i - 1];
            slots[i] = slots[i - 1];
        }
        ranks[place] = rank;
        slots[place] = slot;
    }
    return count;
}

void weft_mp_inbox_grant(struct weft_mp_inbox *inbox, struct weft_mp_wire_ack *ack)
{
    uint32_t slots[WEFT_MP_WIRE_GRANTS];
    uint64_t room_bytes = inbox->room_bytes;

    ack->grant_count = 0;
    if (inbox->scheduled.count == 0)
        return;
    for (uint32_t slot = inbox->scheduled.first; slot != WEFT_NONE; slot = inbox->links[slot].next)
        room_bytes = weft_sub_sat(room_bytes, inbox->table[slot].allowed_bytes -
                                                  inbox->table[slot].taken_bytes);
    ack->grant_count = pick(inbox, slots);
    for (uint32_t i = 0; i < ack->grant_count; i++) {
        struct weft_mp_incoming *incoming = &inbox->table[slots[i]];
        uint64_t more = weft_min(room_bytes, incoming->size_bytes - incoming->allowed_bytes);

        /* Not in crumbs: each would be a packet of its own. */
        if (more < inbox->packet_bytes && more < incoming->size_bytes - incoming->allowed_bytes)
            more = 0;
        incoming->allowed_bytes += (uint32_t)more;
        room_bytes -= more;
        ack->grants[i] =
            (struct weft_mp_wire_grant){incoming->message, slots[i], incoming->allowed_bytes};
    }
}
