/* Meetings of ranks: rounds, who is turned away, how a round fails. */
#include <criterion/criterion.h>
#include <string.h>

#include "host/boot_meeting.h"

static struct weft_boot_meeting meeting;
static char why[WEFT_BOOT_WHY_BYTES];

static struct weft_boot_coming coming(enum weft_boot_kind kind, uint32_t rank, uint32_t count)
{
    return (struct weft_boot_coming){
        .kind = kind, .rank = rank, .rank_count = count, .member = 100 + rank};
}

static weftResult_t come(enum weft_boot_kind kind, uint32_t rank, uint32_t count)
{
    struct weft_boot_coming one = coming(kind, rank, count);

    return weft_boot_meeting_come(&meeting, &one, why);
}

static weftResult_t bring(uint32_t rank, uint32_t count, const void *bytes, uint32_t size)
{
    struct weft_boot_coming one = coming(WEFT_BOOT_EXCHANGE, rank, count);

    one.bytes = bytes;
    one.size_bytes = size;
    return weft_boot_meeting_come(&meeting, &one, why);
}

static void begin(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        cr_assert_eq(come(WEFT_BOOT_BEGIN, i, count), weftSuccess);
}

static void expect_why(const char *words)
{
    cr_assert_not_null(strstr(why, words), "no \"%s\" in: %s", words, why);
}

static void end(void)
{
    weft_boot_meeting_end(&meeting);
}

TestSuite(boot_meeting, .fini = end);

Test(boot_meeting, come__the_last_one_ends_the_round)
{
    cr_assert_eq(come(WEFT_BOOT_BEGIN, 2, 3), weftSuccess);
    cr_assert_eq(come(WEFT_BOOT_BEGIN, 0, 3), weftSuccess);
    cr_assert_eq(meeting.told_count, 0);
    cr_assert_eq(come(WEFT_BOOT_BEGIN, 1, 3), weftSuccess);
    cr_assert_eq(meeting.told_count, 1);
    cr_assert_eq(meeting.told_bytes, 0);
    cr_assert_eq(meeting.member_count, 3);
}

Test(boot_meeting, come__rounds_bring_the_bytes_of_all_by_rank)
{
    begin(3);
    cr_assert_eq(bring(1, 3, "bb", 2), weftSuccess);
    cr_assert_eq(bring(2, 3, "cc", 2), weftSuccess);
    cr_assert_eq(bring(0, 3, "aa", 2), weftSuccess);
    cr_assert_eq(meeting.told_count, 2);
    cr_assert_eq(meeting.told_bytes, 6);
    cr_assert_arr_eq(meeting.told, "aabbcc", 6);
    /* What was told stays while the next round gathers, of another size. */
    cr_assert_eq(bring(0, 3, "x", 1), weftSuccess);
    cr_assert_eq(bring(1, 3, "y", 1), weftSuccess);
    cr_assert_arr_eq(meeting.told, "aabbcc", 6);
    cr_assert_eq(bring(2, 3, "z", 1), weftSuccess);
    cr_assert_arr_eq(meeting.told, "xyz", 3);
}

Test(boot_meeting, come__who_is_wrong_is_turned_away)
{
    struct weft_boot_coming other = coming(WEFT_BOOT_EXCHANGE, 1, 2);

    cr_assert_eq(come(WEFT_BOOT_EXCHANGE, 0, 2), weftInvalidUsage);
    expect_why("rank 0: the ranks of this id have not met");
    cr_assert_eq(come(WEFT_BOOT_BEGIN, 0, 2), weftSuccess);
    cr_assert_eq(come(WEFT_BOOT_BEGIN, 0, 2), weftInvalidUsage);
    expect_why("rank 0 of this id is taken");
    cr_assert_eq(come(WEFT_BOOT_BEGIN, 2, 3), weftInvalidUsage);
    expect_why("rank 2 says nranks is 3, others say 2");
    cr_assert_eq(come(WEFT_BOOT_BEGIN, 1, 2), weftSuccess);
    cr_assert_eq(come(WEFT_BOOT_BEGIN, 1, 2), weftInvalidUsage);
    expect_why("have met");
    other.member = 7;
    cr_assert_eq(weft_boot_meeting_come(&meeting, &other, why), weftInvalidUsage);
    cr_assert_eq(bring(0, 2, "aa", 2), weftSuccess);
    cr_assert_eq(bring(1, 2, "b", 1), weftInvalidUsage);
    expect_why("rank 1 brings 1 bytes, others bring 2");
    cr_assert_eq(meeting.failed_count, 0, "the others wait on");
}

Test(boot_meeting, give_up__names_who_is_missing)
{
    cr_assert_eq(come(WEFT_BOOT_BEGIN, 1, 4), weftSuccess);
    cr_assert_eq(come(WEFT_BOOT_BEGIN, 3, 4), weftSuccess);
    weft_boot_meeting_give_up(&meeting, 3);
    cr_assert_eq(meeting.failed_count, 1);
    cr_assert_eq(meeting.result, weftTimeout);
    cr_assert_str_eq(meeting.why,
                     "rank 3 has waited for boot_timeout_ms; 2 of 4 ranks came, missing: 0, 2");
    /* Those are told when they come, once. */
    cr_assert_not(weft_boot_meeting_is_over(&meeting));
    cr_assert_eq(come(WEFT_BOOT_BEGIN, 0, 4), weftTimeout);
    expect_why("rank 3 has waited");
    cr_assert_eq(come(WEFT_BOOT_BEGIN, 2, 4), weftTimeout);
    cr_assert(weft_boot_meeting_is_over(&meeting));
    begin(4);
    cr_assert_eq(meeting.told_count, 1);
}

Test(boot_meeting, give_up__many_are_counted_and_refusals_are_told)
{
    cr_assert_eq(come(WEFT_BOOT_BEGIN, 0, 20), weftSuccess);
    cr_assert_eq(come(WEFT_BOOT_BEGIN, 0, 20), weftInvalidUsage);
    weft_boot_meeting_give_up(&meeting, 0);
    cr_assert_not_null(strstr(meeting.why, "missing: 1, 2, 3, 4, 5, 6, 7, 8 and 11 more"), "%s",
                       meeting.why);
    cr_assert_not_null(strstr(meeting.why, "(turned away: rank 0 of this id is taken"), "%s",
                       meeting.why);
}

Test(boot_meeting, come__a_second_try_begins_anew)
{
    cr_assert_eq(come(WEFT_BOOT_BEGIN, 0, 2), weftSuccess);
    weft_boot_meeting_give_up(&meeting, 0);
    cr_assert_eq(come(WEFT_BOOT_BEGIN, 0, 2), weftSuccess);
    cr_assert_eq(come(WEFT_BOOT_BEGIN, 1, 2), weftSuccess);
    cr_assert_eq(meeting.told_count, 1);
}

Test(boot_meeting, come__a_rank_that_could_not_start)
{
    struct weft_boot_coming failed = coming(WEFT_BOOT_BEGIN, 1, 3);

    failed.made = weftNoResource;
    cr_assert_eq(come(WEFT_BOOT_BEGIN, 0, 3), weftSuccess);
    cr_assert_eq(weft_boot_meeting_come(&meeting, &failed, why), weftNoResource);
    cr_assert_eq(meeting.failed_count, 1);
    cr_assert_eq(meeting.result, weftSystemError);
    cr_assert_str_eq(meeting.why, "rank 1 could not start; its own error says why");
    cr_assert_eq(come(WEFT_BOOT_BEGIN, 2, 3), weftSystemError);
    cr_assert(weft_boot_meeting_is_over(&meeting));
}

Test(boot_meeting, lost__may_come_again)
{
    cr_assert_eq(come(WEFT_BOOT_BEGIN, 0, 2), weftSuccess);
    weft_boot_meeting_lost(&meeting, 0);
    weft_boot_meeting_lost(&meeting, 1);
    cr_assert(weft_boot_meeting_is_over(&meeting));
    begin(2);
    cr_assert_eq(meeting.told_count, 1);
}

Test(boot_meeting, leave__the_last_one_ends_it)
{
    begin(2);
    weft_boot_meeting_leave(&meeting, 0, 100);
    weft_boot_meeting_leave(&meeting, 0, 100);
    weft_boot_meeting_leave(&meeting, 1, 99);
    weft_boot_meeting_leave(&meeting, WEFT_BOOT_RANKS_MAX, 1);
    cr_assert_not(weft_boot_meeting_is_over(&meeting));
    weft_boot_meeting_leave(&meeting, 1, 101);
    cr_assert(weft_boot_meeting_is_over(&meeting));
    begin(3);
}
