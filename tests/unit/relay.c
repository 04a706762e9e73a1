/* Relays: slots taken and given, places, generations. */
#include <criterion/criterion.h>

#include <signal.h>

#include "core/relay.h"

static struct weft_relay made(uint32_t slot_count)
{
    struct weft_relay relay;

    weft_relay_init(&relay, 5, slot_count, 1000);
    return relay;
}

Test(relay, init__all_free)
{
    static const struct {
        uint32_t slot_count;
        uint64_t free_slots;
    } rows[] = {{1, 1}, {4, 15}, {63, UINT64_MAX >> 1}, {64, UINT64_MAX}};

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct weft_relay relay = made(rows[i].slot_count);

        cr_expect_eq(relay.free_slots, rows[i].free_slots, "row %zu", i);
        cr_expect_eq(weft_relay_free_count(&relay), rows[i].slot_count, "row %zu", i);
        cr_expect_eq(relay.generations[0], 0, "row %zu", i);
    }
}

Test(relay, init__no_slots, .signal = SIGABRT)
{
    made(0);
}

Test(relay, init__too_many_slots, .signal = SIGABRT)
{
    made(65);
}

Test(relay, take__until_all_are_taken)
{
    struct weft_relay relay = made(3);

    cr_expect_eq(weft_relay_take(&relay), 0);
    cr_expect_eq(weft_relay_take(&relay), 1);
    cr_expect_eq(weft_relay_take(&relay), 2);
    cr_expect_eq(weft_relay_free_count(&relay), 0);
    cr_expect_eq(weft_relay_take(&relay), WEFT_NONE);
    weft_relay_give(&relay, 1);
    cr_expect_eq(weft_relay_free_count(&relay), 1);
    cr_expect_eq(weft_relay_take(&relay), 1);
    cr_expect_eq(weft_relay_take(&relay), WEFT_NONE);
}

Test(relay, take__the_lowest)
{
    struct weft_relay relay = made(4);

    for (uint32_t i = 0; i < 4; i++)
        weft_relay_take(&relay);
    weft_relay_give(&relay, 3);
    weft_relay_give(&relay, 1);
    weft_relay_give(&relay, 2);
    cr_expect_eq(weft_relay_take(&relay), 1);
    cr_expect_eq(weft_relay_take(&relay), 2);
    cr_expect_eq(weft_relay_take(&relay), 3);
}

Test(relay, take__sixty_four)
{
    struct weft_relay relay = made(64);
    uint32_t last = 0;

    for (uint32_t i = 0; i < 64; i++)
        last = weft_relay_take(&relay);
    cr_expect_eq(last, 63);
    cr_expect_eq(weft_relay_take(&relay), WEFT_NONE);
    weft_relay_give(&relay, 63);
    cr_expect_eq(weft_relay_take(&relay), 63);
}

Test(relay, take__without_a_window)
{
    struct weft_relay relay = made(4);

    relay.window = WEFT_NONE;
    cr_expect_eq(weft_relay_take(&relay), WEFT_NONE);
    cr_expect_eq(weft_relay_free_count(&relay), 0);
}

Test(relay, take__generations)
{
    struct weft_relay relay = made(2);

    weft_relay_take(&relay);
    weft_relay_give(&relay, 0);
    weft_relay_take(&relay);
    weft_relay_take(&relay);
    cr_expect_eq(relay.generations[0], 2);
    cr_expect_eq(relay.generations[1], 1);
}

Test(relay, give__twice, .signal = SIGABRT)
{
    struct weft_relay relay = made(4);

    weft_relay_take(&relay);
    weft_relay_give(&relay, 0);
    weft_relay_give(&relay, 0);
}

Test(relay, give__never_taken, .signal = SIGABRT)
{
    struct weft_relay relay = made(4);

    weft_relay_give(&relay, 2);
}

Test(relay, give__no_such_slot, .signal = SIGABRT)
{
    struct weft_relay relay = made(4);

    weft_relay_give(&relay, 4);
}

Test(relay, slot_offset__places)
{
    struct weft_relay relay;

    weft_relay_init(&relay, 5, 64, 67108864);
    cr_expect_eq(weft_relay_slot_offset(&relay, 0), 0);
    cr_expect_eq(weft_relay_slot_offset(&relay, 1), 67108864);
    cr_expect_eq(weft_relay_slot_offset(&relay, 63), UINT64_C(4227858432));
    cr_expect_eq(weft_relay_probe_offset(&relay, 0), UINT64_C(4294967296), "past 32 bits");
}

Test(relay, slot_offset__no_such_slot, .signal = SIGABRT)
{
    struct weft_relay relay = made(4);

    weft_relay_slot_offset(&relay, 4);
}

Test(relay, end__no_slots)
{
    struct weft_relay relay = made(4);

    weft_relay_end(&relay);
    cr_expect_eq(relay.window, WEFT_NONE);
    cr_expect_eq(weft_relay_free_count(&relay), 0);
    cr_expect_eq(weft_relay_take(&relay), WEFT_NONE);
}

Test(relay, end__slot_taken, .signal = SIGABRT)
{
    struct weft_relay relay = made(4);

    (void)weft_relay_take(&relay);
    weft_relay_end(&relay);
}
