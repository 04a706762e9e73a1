/* Messages to send: the list of a message follows its state. */
#include "mp_message.h"

#define TO(state) (1u << WEFT_MP_MESSAGE_##state)

/* Packets of a round, by class: deficit round robin in its simplest form. */
static const uint32_t round_packets[WEFT_MP_CLASSES] = {
    [WEFT_MP_SMALL] = 64,
    [WEFT_MP_OWN] = 4,
    [WEFT_MP_LENT] = 1,
};

static const unsigned next_states[WEFT_MP_MESSAGE_STATES] = {
    [WEFT_MP_MESSAGE_FREE] = TO(READY),
    [WEFT_MP_MESSAGE_READY] = TO(BLOCKED) | TO(SENT) | TO(ENDED),
    [WEFT_MP_MESSAGE_BLOCKED] = TO(READY) | TO(ENDED),
    [WEFT_MP_MESSAGE_SENT] = TO(ENDED),
    [WEFT_MP_MESSAGE_ENDED] = TO(FREE),
};

static const char *const state_names[WEFT_MP_MESSAGE_STATES] = {
    [WEFT_MP_MESSAGE_FREE] = "free",       [WEFT_MP_MESSAGE_READY] = "ready",
    [WEFT_MP_MESSAGE_BLOCKED] = "blocked", [WEFT_MP_MESSAGE_SENT] = "sent",
    [WEFT_MP_MESSAGE_ENDED] = "ended",
};

const char *weft_mp_message_state_name(enum weft_mp_message_state state)
{
    return (unsigned)state < WEFT_MP_MESSAGE_STATES ? state_names[state] : "?";
}

/* NULL: in that state it is in no list. */
static struct weft_list *list_of(struct weft_mp_messages *messages,
                                 const struct weft_mp_message *message)
{
    if (message->state == WEFT_MP_MESSAGE_READY)
        return &messages->ready[message->queue];
    if (message->state == WEFT_MP_MESSAGE_BLOCKED)
        return &messages->blocked;
    return message->state == WEFT_MP_MESSAGE_ENDED ? &messages->ended : NULL;
}

static void set_state(struct weft_mp_messages *messages, uint32_t slot,
                      enum weft_mp_message_state state)
{
    struct weft_mp_message *message = &messages->table[slot];
    struct weft_list *list = list_of(messages, message);

    weft_assert((next_states[message->state] >> state & 1) != 0);
    if (list != NULL)
        weft_list_remove(list, messages->links, slot);
    message->state = state;
    list = list_of(messages, message);
    if (list != NULL)
        weft_list_append(list, messages->links, slot);
    if (state == WEFT_MP_MESSAGE_FREE)
        weft_pool_give(&messages->free, slot);
}

static void check(const struct weft_mp_message *message)
{
    weft_assert(message->sent_bytes <= message->allowed_bytes);
    weft_assert(message->allowed_bytes <= message->size_bytes);
}

void weft_mp_messages_init(struct weft_mp_messages *messages)
{
    weft_pool_init(&messages->free, messages->free_memory, WEFT_MP_MESSAGES);
    for (uint32_t i = 0; i < WEFT_MP_QUEUES; i++)
        weft_list_init(&messages->ready[i]);
    memset(messages->turns, 0, sizeof(messages->turns));
    weft_list_init(&messages->blocked);
    weft_list_init(&messages->ended);
    messages->next_id = 1;
}

uint32_t weft_mp_message_add(struct weft_mp_messages *messages, const struct weft_mp_message *as)
{
    uint32_t slot = weft_pool_take(&messages->free);

    if (slot == WEFT_NONE)
        return WEFT_NONE;
    messages->table[slot] = *as;
    messages->table[slot].state = WEFT_MP_MESSAGE_FREE;
    messages->table[slot].id = messages->next_id++;
    set_state(messages, slot, WEFT_MP_MESSAGE_READY);
    check(&messages->table[slot]);
    return slot;
}

uint32_t weft_mp_message_next(const struct weft_mp_messages *messages, uint32_t group)
{
    uint32_t first = group * WEFT_MP_CLASSES;
    uint32_t slot = WEFT_NONE;

    if (group == WEFT_MP_GROUP_ANY)
        return messages->ready[WEFT_MP_QUEUE_ANY].first;
    for (uint32_t queue = first; queue < first + WEFT_MP_CLASSES; queue++) {
        if (messages->ready[queue].first == WEFT_NONE)
            continue;
        if (messages->turns[queue] > 0)
            return messages->ready[queue].first;
        /* None that has something may have a turn left: then a new round begins with this one. */
        if (slot == WEFT_NONE)
            slot = messages->ready[queue].first;
    }
    return slot;
}

static void take_turn(struct weft_mp_messages *messages, uint32_t queue)
{
    uint32_t first = queue - queue % WEFT_MP_CLASSES;

    if (queue == WEFT_MP_QUEUE_ANY)
        return;
    if (messages->turns[queue] == 0)
        for (uint32_t i = 0; i < WEFT_MP_CLASSES; i++)
            messages->turns[first + i] = round_packets[i];
    messages->turns[queue]--;
}

void weft_mp_message_cut(struct weft_mp_messages *messages, uint32_t slot, uint32_t bytes)
{
    struct weft_mp_message *message = &messages->table[slot];

    weft_assert(message->state == WEFT_MP_MESSAGE_READY);
    take_turn(messages, message->queue);
    message->sent_bytes += bytes;
    message->packets++;
    check(message);
    if (message->sent_bytes == message->size_bytes)
        set_state(messages, slot, WEFT_MP_MESSAGE_SENT);
    else if (message->sent_bytes == message->allowed_bytes)
        set_state(messages, slot, WEFT_MP_MESSAGE_BLOCKED);
}

void weft_mp_message_acked(struct weft_mp_messages *messages, uint32_t slot)
{
    struct weft_mp_message *message = &messages->table[slot];

    weft_assert(message->packets > 0);
    message->packets--;
    message->is_known = true;
    if (message->state == WEFT_MP_MESSAGE_SENT && message->packets == 0)
        set_state(messages, slot, WEFT_MP_MESSAGE_ENDED);
}

void weft_mp_message_granted(struct weft_mp_messages *messages,
                             const struct weft_mp_wire_grant *grant)
{
    struct weft_mp_message *message;

    if (grant->slot >= WEFT_MP_MESSAGES)
        return;
    message = &messages->table[grant->slot];
    if (message->state != WEFT_MP_MESSAGE_READY && message->state != WEFT_MP_MESSAGE_BLOCKED)
        return;
    if (message->id != grant->message || grant->allowed <= message->allowed_bytes)
        return;
    message->allowed_bytes = (uint32_t)weft_min(grant->allowed, message->size_bytes);
    check(message);
    if (message->state == WEFT_MP_MESSAGE_BLOCKED)
        set_state(messages, grant->slot, WEFT_MP_MESSAGE_READY);
}

void weft_mp_message_end(struct weft_mp_messages *messages, uint32_t slot, weftResult_t result)
{
    struct weft_mp_message *message = &messages->table[slot];

    message->result = result;
    message->packets = 0;
    set_state(messages, slot, WEFT_MP_MESSAGE_ENDED);
}

bool weft_mp_message_told(struct weft_mp_messages *messages, struct weft_mp_message *was)
{
    uint32_t slot = messages->ended.first;

    if (slot == WEFT_NONE)
        return false;
    *was = messages->table[slot];
    set_state(messages, slot, WEFT_MP_MESSAGE_FREE);
    return true;
}
