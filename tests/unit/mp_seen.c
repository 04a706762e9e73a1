/* The log of what came: once each, the window, what acks tell, what is refused. */
#include <criterion/criterion.h>

#include <signal.h>

#include "core/mp_seen.h"

static void place(struct weft_mp_seen *seen, uint64_t sequence)
{
    weft_mp_seen_take(seen, sequence);
    cr_assert(weft_mp_seen_placed(seen, sequence, weftSuccess));
}

Test(mp_seen, look__once_each)
{
    struct weft_mp_seen seen;

    weft_mp_seen_init(&seen);
    cr_expect_eq(weft_mp_seen_look(&seen, 0), WEFT_MP_SEEN_NEW);
    cr_expect_eq(weft_mp_seen_look(&seen, 1023), WEFT_MP_SEEN_NEW);
    cr_expect_eq(weft_mp_seen_look(&seen, 1024), WEFT_MP_SEEN_OUTSIDE);
    cr_expect_eq(weft_mp_seen_look(&seen, UINT64_MAX), WEFT_MP_SEEN_OUTSIDE);
    weft_mp_seen_take(&seen, 3);
    cr_expect_eq(weft_mp_seen_look(&seen, 3), WEFT_MP_SEEN_TWICE);
    place(&seen, 0);
    cr_expect_eq(weft_mp_seen_look(&seen, 0), WEFT_MP_SEEN_TWICE);
    cr_expect_eq(weft_mp_seen_look(&seen, 1024), WEFT_MP_SEEN_NEW);
}

Test(mp_seen, placed__cumulative_over_gaps)
{
    struct weft_mp_seen seen;

    weft_mp_seen_init(&seen);
    place(&seen, 1);
    place(&seen, 2);
    cr_expect_eq(seen.cumulative, 0);
    weft_mp_seen_take(&seen, 0);
    cr_expect_eq(seen.cumulative, 0, "what is only taken is not acked");
    cr_assert(weft_mp_seen_placed(&seen, 0, weftSuccess));
    cr_expect_eq(seen.cumulative, 3);
}

Test(mp_seen, untake__wanted_again)
{
    struct weft_mp_seen seen;

    weft_mp_seen_init(&seen);
    weft_mp_seen_take(&seen, 5);
    weft_mp_seen_untake(&seen, 5);
    cr_expect_eq(weft_mp_seen_look(&seen, 5), WEFT_MP_SEEN_NEW);
}

Test(mp_seen, untake__of_what_is_placed, .signal = SIGABRT)
{
    struct weft_mp_seen seen;

    weft_mp_seen_init(&seen);
    place(&seen, 5);
    weft_mp_seen_untake(&seen, 5);
}

Test(mp_seen, tell__words_over_the_end_of_the_ring)
{
    struct weft_mp_seen seen;
    struct weft_mp_wire_ack ack;

    weft_mp_seen_init(&seen);
    for (uint64_t i = 0; i < 70; i++)
        place(&seen, i);
    place(&seen, 72);
    place(&seen, 127);
    place(&seen, 70 + 1023);
    weft_mp_seen_tell(&seen, &ack);
    cr_expect_eq(ack.cumulative, 70);
    cr_expect_eq(ack.word_count, 17);
    cr_expect_eq(ack.words[0], UINT64_C(0x8000000000000100));
    cr_expect_eq(ack.words[1], 0);
    /* 1093 is bit 5 of the word that begins at 1088, which shares its place with the first. */
    cr_expect_eq(ack.words[16], UINT64_C(0x20));
}

Test(mp_seen, tell__nothing_beyond_cumulative)
{
    struct weft_mp_seen seen;
    struct weft_mp_wire_ack ack;

    weft_mp_seen_init(&seen);
    place(&seen, 0);
    weft_mp_seen_tell(&seen, &ack);
    cr_expect_eq(ack.cumulative, 1);
    cr_expect_eq(ack.word_count, 0);
}

Test(mp_seen, floor__forgets_refusals_that_are_known)
{
    struct weft_mp_seen seen;

    weft_mp_seen_init(&seen);
    weft_mp_seen_take(&seen, 0);
    cr_assert(weft_mp_seen_placed(&seen, 0, weftInvalidUsage));
    place(&seen, 1);
    cr_expect_eq(seen.refusal_count, 1);
    cr_expect_not(weft_mp_seen_floor(&seen, 3), "more than was placed");
    cr_assert(weft_mp_seen_floor(&seen, 0));
    cr_expect_eq(seen.refusal_count, 1);
    cr_assert(weft_mp_seen_floor(&seen, 1));
    cr_expect_eq(seen.refusal_count, 0);
}

Test(mp_seen, placed__last_refusal_is_for_the_first_gap)
{
    struct weft_mp_seen seen;

    weft_mp_seen_init(&seen);
    for (uint64_t i = 1; i <= 31; i++) {
        weft_mp_seen_take(&seen, i);
        cr_assert(weft_mp_seen_placed(&seen, i, weftInvalidUsage));
    }
    weft_mp_seen_take(&seen, 40);
    cr_expect_not(weft_mp_seen_placed(&seen, 40, weftInvalidUsage));
    cr_expect(weft_mp_seen_placed(&seen, 40, weftSuccess));
    weft_mp_seen_take(&seen, 0);
    cr_expect(weft_mp_seen_placed(&seen, 0, weftInvalidUsage));
    cr_expect_eq(seen.cumulative, 32);
}
