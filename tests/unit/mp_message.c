/* Messages to send: states and lists, leave, ids, ends. */
#include <criterion/criterion.h>

#include <signal.h>

#include "core/mp_message.h"

static struct weft_mp_messages messages;

static uint32_t add(uint32_t queue, uint32_t size_bytes, uint32_t allowed_bytes)
{
    const struct weft_mp_message message = {
        .queue = queue, .size_bytes = size_bytes, .allowed_bytes = allowed_bytes, .cookie = 40};

    return weft_mp_message_add(&messages, &message);
}

static void grant(uint32_t slot, uint64_t id, uint32_t allowed)
{
    const struct weft_mp_wire_grant as = {.message = id, .slot = slot, .allowed = allowed};

    weft_mp_message_granted(&messages, &as);
}

Test(mp_message, life__of_one_without_leave)
{
    struct weft_mp_message was;
    uint32_t slot;

    weft_mp_messages_init(&messages);
    slot = add(2, 3000, 3000);
    cr_expect_eq(messages.ready[2].first, slot);
    weft_mp_message_cut(&messages, slot, 2000);
    weft_mp_message_cut(&messages, slot, 1000);
    cr_expect_eq(messages.table[slot].state, WEFT_MP_MESSAGE_SENT);
    cr_expect_eq(messages.ready[2].count, 0);
    weft_mp_message_acked(&messages, slot);
    cr_expect_not(weft_mp_message_told(&messages, &was));
    weft_mp_message_acked(&messages, slot);
    cr_assert(weft_mp_message_told(&messages, &was));
    cr_expect_eq(was.cookie, 40);
    cr_expect_eq(was.result, weftSuccess);
    cr_expect_not(weft_mp_message_told(&messages, &was));
    cr_expect_eq(messages.table[slot].state, WEFT_MP_MESSAGE_FREE);
}

static uint32_t queue_of(uint32_t group, enum weft_mp_class class)
{
    return group * WEFT_MP_CLASSES + (uint32_t) class;
}

/* Small ones at once, own ones four packets to one of a lent one; each group has turns of its own,
 * and what is for any group is asked for apart. */
Test(mp_message, next__classes_take_turns)
{
    enum { LENT, OWN, SMALL, LATE, OTHER, ANY };
    static const uint32_t rows[] = {SMALL, OWN, OWN,  OWN,  OWN,  LENT, OWN,
                                    LATE,  OWN, LENT, LENT, LENT, LENT};
    uint32_t slots[ANY + 1];

    weft_mp_messages_init(&messages);
    cr_expect_eq(weft_mp_message_next(&messages, 1), WEFT_NONE);
    slots[LENT] = add(queue_of(1, WEFT_MP_LENT), 500, 500);
    slots[OWN] = add(queue_of(1, WEFT_MP_OWN), 600, 600);
    slots[SMALL] = add(queue_of(1, WEFT_MP_SMALL), 100, 100);
    slots[OTHER] = add(queue_of(2, WEFT_MP_LENT), 100, 100);
    slots[ANY] = add(WEFT_MP_QUEUE_ANY, 100, 100);
    for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        uint32_t slot;

        if (i == 7)
            slots[LATE] = add(queue_of(1, WEFT_MP_SMALL), 100, 100);
        slot = weft_mp_message_next(&messages, 1);
        cr_expect_eq(slot, slots[rows[i]], "packet %u: of %u", i, slot);
        weft_mp_message_cut(&messages, slot, 100);
    }
    cr_expect_eq(weft_mp_message_next(&messages, 1), WEFT_NONE);
    cr_expect_eq(weft_mp_message_next(&messages, 2), slots[OTHER]);
    cr_expect_eq(weft_mp_message_next(&messages, WEFT_MP_GROUP_ANY), slots[ANY]);
}

Test(mp_message, granted__old_wrong_and_new)
{
    uint32_t slot;

    weft_mp_messages_init(&messages);
    slot = add(0, 3000, 1000);
    weft_mp_message_cut(&messages, slot, 1000);
    cr_expect_eq(messages.table[slot].state, WEFT_MP_MESSAGE_BLOCKED);
    grant(slot, 2, 2000);
    cr_expect_eq(messages.table[slot].allowed_bytes, 1000, "another message had the slot");
    grant(WEFT_MP_MESSAGES, 1, 2000);
    grant(slot, 1, 500);
    cr_expect_eq(messages.table[slot].allowed_bytes, 1000);
    grant(slot, 1, UINT32_MAX);
    cr_expect_eq(messages.table[slot].allowed_bytes, 3000, "never more than there is");
    cr_expect_eq(messages.table[slot].state, WEFT_MP_MESSAGE_READY);
    cr_expect_eq(messages.blocked.count, 0);
}

Test(mp_message, add__ids_grow_slots_come_again)
{
    struct weft_mp_message was;
    uint32_t first;
    uint32_t second;

    weft_mp_messages_init(&messages);
    first = add(0, 1, 1);
    cr_expect_eq(messages.table[first].id, 1);
    weft_mp_message_end(&messages, first, weftCancelled);
    cr_assert(weft_mp_message_told(&messages, &was));
    cr_expect_eq(was.result, weftCancelled);
    second = add(0, 1, 1);
    cr_expect_eq(second, first);
    cr_expect_eq(messages.table[second].id, 2);
}

Test(mp_message, add__full)
{
    weft_mp_messages_init(&messages);
    for (int i = 0; i < 1024; i++)
        cr_assert_neq(add(0, 1, 1), WEFT_NONE);
    cr_expect_eq(add(0, 1, 1), WEFT_NONE);
}

Test(mp_message, cut__more_than_allowed, .signal = SIGABRT)
{
    weft_mp_messages_init(&messages);
    weft_mp_message_cut(&messages, add(0, 3000, 1000), 1001);
}

Test(mp_message, state_name__known_and_not)
{
    cr_expect_str_eq(weft_mp_message_state_name(WEFT_MP_MESSAGE_BLOCKED), "blocked");
    cr_expect_str_eq(weft_mp_message_state_name(WEFT_MP_MESSAGE_STATES), "?");
}
