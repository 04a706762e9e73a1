/* Incoming messages: what fits, when one is complete, who gets leave. */
#include <criterion/criterion.h>

#include "core/mp_inbox.h"

static struct weft_mp_inbox inbox;

static void open_inbox(uint64_t unscheduled_bytes, uint64_t room_bytes)
{
    struct weft_mp_config config;

    weft_mp_defaults(&config);
    config.unscheduled_bytes = unscheduled_bytes;
    config.room_bytes = room_bytes;
    memset(&inbox, 0, sizeof(inbox));
    weft_mp_inbox_init(&inbox, &config);
}

static struct weft_mp_wire_data packet(uint32_t slot, uint64_t message, uint32_t size,
                                       uint32_t length)
{
    return (struct weft_mp_wire_data){
        .slot = slot, .message = message, .message_bytes = size, .length = length};
}

static bool fits(uint32_t slot, uint64_t message, uint32_t size, uint32_t length)
{
    const struct weft_mp_wire_data data = packet(slot, message, size, length);

    return weft_mp_inbox_fits(&inbox, &data);
}

static bool take(uint32_t slot, uint64_t message, uint32_t size, uint32_t length)
{
    const struct weft_mp_wire_data data = packet(slot, message, size, length);

    cr_assert(weft_mp_inbox_fits(&inbox, &data));
    return weft_mp_inbox_take(&inbox, &data);
}

Test(mp_inbox, fits__only_an_honest_senders)
{
    open_inbox(1000, 1000);
    cr_expect_not(fits(1024, 1, 100, 100), "no such slot");
    cr_expect_not(fits(0, 1, WEFT_MP_MESSAGE_BYTES + 1, 100), "too large");
    cr_expect(take(3, 7, 3000, 1000), "the first");
    cr_expect_not(take(3, 7, 3000, 1000));
    cr_expect_not(fits(3, 7, 4000, 1000), "another length");
    cr_expect_not(fits(3, 7, 3000, 1001), "more than there is left");
    cr_expect_not(fits(3, 8, 3000, 1000), "the slot is in use");
    cr_expect_not(fits(3, 6, 3000, 1000), "an older one");
    (void)take(3, 7, 3000, 1000);
    cr_expect_not(fits(3, 8, 3000, 1000), "not all is placed");
    cr_expect_not(weft_mp_inbox_placed(&inbox, 3, 2000, 3000));
    cr_expect(weft_mp_inbox_placed(&inbox, 3, 1000, 3000));
    cr_expect(fits(3, 8, 3000, 1000));
}

Test(mp_inbox, placed__one_packet_leaves_no_trace)
{
    open_inbox(1000, 1000);
    cr_expect(take(3, 7, 500, 500));
    cr_expect_eq(inbox.open_count, 0);
    cr_expect(weft_mp_inbox_placed(&inbox, 3, 500, 500));
    cr_expect(take(4, 8, 0, 0));
    cr_expect(weft_mp_inbox_placed(&inbox, 4, 0, 0));
}

/* Not when all has come, but when what is placed now is the last. */
Test(mp_inbox, completes__with_the_last_that_is_placed)
{
    open_inbox(1000, 1000);
    (void)take(3, 7, 500, 200);
    (void)take(3, 7, 500, 300);
    cr_expect_not(weft_mp_inbox_completes(&inbox, 3, 200, 500));
    cr_expect_not(weft_mp_inbox_completes(&inbox, 3, 300, 500));
    cr_expect_not(weft_mp_inbox_placed(&inbox, 3, 300, 500));
    cr_expect(weft_mp_inbox_completes(&inbox, 3, 200, 500));
    cr_expect(weft_mp_inbox_placed(&inbox, 3, 200, 500));
    (void)take(4, 8, 500, 500);
    cr_expect(weft_mp_inbox_completes(&inbox, 4, 500, 500), "it is alone");
}

Test(mp_inbox, untake__comes_again_as_the_first)
{
    open_inbox(1000, 1000);
    cr_expect(take(3, 7, 500, 200));
    weft_mp_inbox_untake(&inbox, 3, 200, 500);
    cr_expect(take(3, 7, 500, 200));
    cr_expect_eq(inbox.open_count, 1);
}

Test(mp_inbox, grant__least_left_first_within_the_room)
{
    struct weft_mp_wire_ack ack;

    open_inbox(1000, 5000);
    (void)take(0, 1, 9000, 1000);
    (void)take(1, 2, 3000, 1000);
    (void)take(2, 3, 1000, 500);
    weft_mp_inbox_grant(&inbox, &ack);
    cr_assert_eq(ack.grant_count, 2, "the third needs none");
    cr_expect_eq(ack.grants[0].message, 2);
    cr_expect_eq(ack.grants[0].slot, 1);
    cr_expect_eq(ack.grants[0].allowed, 3000);
    cr_expect_eq(ack.grants[1].message, 1);
    cr_expect_eq(ack.grants[1].allowed, 4000, "the rest of the room");
    weft_mp_inbox_grant(&inbox, &ack);
    cr_expect_eq(ack.grants[0].allowed, 3000, "told again, no more");
    cr_expect_eq(ack.grants[1].allowed, 4000);
    (void)take(1, 2, 3000, 2000);
    weft_mp_inbox_grant(&inbox, &ack);
    cr_assert_eq(ack.grant_count, 1);
    cr_expect_eq(ack.grants[0].allowed, 6000, "what came made room");
}

Test(mp_inbox, grant__who_holds_room_is_told_until_it_has_come)
{
    struct weft_mp_wire_ack ack;
    bool is_told = false;

    open_inbox(1000, 5000);
    (void)take(0, 1, 20000, 1000);
    weft_mp_inbox_grant(&inbox, &ack); /* this ack is lost */
    cr_expect_eq(ack.grants[0].allowed, 6000);
    for (uint32_t i = 1; i < 12; i++)
        (void)take(i, i + 1, 3000, 1000);
    weft_mp_inbox_grant(&inbox, &ack);
    cr_assert_eq(ack.grant_count, 8);
    for (uint32_t i = 0; i < 8; i++)
        is_told = is_told || (ack.grants[i].message == 1 && ack.grants[i].allowed == 6000);
    cr_expect(is_told, "it has the room that all others need");
}

Test(mp_inbox, grant__no_crumbs)
{
    struct weft_mp_wire_ack ack;

    open_inbox(1000, 4);
    cr_expect_eq(inbox.room_bytes, 1400, "a packet at least");
    (void)take(0, 1, 9000, 1000);
    weft_mp_inbox_grant(&inbox, &ack);
    cr_expect_eq(ack.grants[0].allowed, 2400);
    (void)take(0, 1, 9000, 100);
    weft_mp_inbox_grant(&inbox, &ack);
    cr_expect_eq(ack.grants[0].allowed, 2400, "there is room for 100");
    (void)take(0, 1, 9000, 1300);
    weft_mp_inbox_grant(&inbox, &ack);
    cr_expect_eq(ack.grants[0].allowed, 3800);
}

Test(mp_inbox, grant__eight_at_a_time)
{
    struct weft_mp_wire_ack ack;

    open_inbox(1000, 100000);
    for (uint32_t i = 0; i < 12; i++)
        (void)take(i, i + 1, 20000 - 1000 * i, 1000);
    weft_mp_inbox_grant(&inbox, &ack);
    cr_assert_eq(ack.grant_count, 8);
    cr_expect_eq(ack.grants[0].slot, 11);
    cr_expect_eq(ack.grants[7].slot, 4);
}
