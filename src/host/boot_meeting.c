/* Meetings of ranks; see boot_meeting.h. */
#include "boot_meeting.h"

#include <stdlib.h>
#include <string.h>

#include "log.h"

static void forget_ranks(struct weft_boot_meeting *meeting)
{
    meeting->rank_count = 0;
    memset(meeting->members, 0, sizeof(meeting->members));
    meeting->member_count = 0;
}

/* Nobody waits any more. */
static void disperse(struct weft_boot_meeting *meeting)
{
    memset(meeting->come, 0, sizeof(meeting->come));
    meeting->come_count = 0;
    meeting->refused[0] = '\0';
    free(meeting->gathered);
    meeting->gathered = NULL;
    if (meeting->member_count == 0)
        forget_ranks(meeting);
}

void weft_boot_meeting_end(struct weft_boot_meeting *meeting)
{
    disperse(meeting);
    free(meeting->told);
    meeting->told = NULL;
    forget_ranks(meeting);
}

bool weft_boot_meeting_is_over(const struct weft_boot_meeting *meeting)
{
    return meeting->member_count == 0 && meeting->come_count == 0 && meeting->owed_count == 0;
}

/* ---- who is turned away ---- */

static const char *wrong_member(const struct weft_boot_meeting *meeting,
                                const struct weft_boot_coming *coming)
{
    bool has_met = meeting->member_count > 0;

    if (coming->kind == WEFT_BOOT_BEGIN && has_met)
        return "all ranks of this id have met; make another id for another comm";
    if (coming->kind == WEFT_BOOT_EXCHANGE && meeting->members[coming->rank] != coming->member)
        return "the ranks of this id have not met, or this rank has left";
    return NULL;
}

static weftResult_t check(struct weft_boot_meeting *meeting, const struct weft_boot_coming *coming,
                          char why[WEFT_BOOT_WHY_BYTES])
{
    const char *wrong;

    if (meeting->rank_count != 0 && meeting->rank_count != coming->rank_count) {
        weft_format(why, WEFT_BOOT_WHY_BYTES, "rank %u says nranks is %u, others say %u",
                    coming->rank, coming->rank_count, meeting->rank_count);
        return weftInvalidUsage;
    }
    wrong = wrong_member(meeting, coming);
    if (wrong != NULL) {
        weft_format(why, WEFT_BOOT_WHY_BYTES, "rank %u: %s", coming->rank, wrong);
        return weftInvalidUsage;
    }
    if (meeting->come[coming->rank] != 0) {
        weft_format(why, WEFT_BOOT_WHY_BYTES,
                    "rank %u of this id is taken; every rank calls once, with a number of its own",
                    coming->rank);
        return weftInvalidUsage;
    }
    if (meeting->come_count > 0 && meeting->size_bytes != coming->size_bytes) {
        weft_format(why, WEFT_BOOT_WHY_BYTES, "rank %u brings %u bytes, others bring %u",
                    coming->rank, coming->size_bytes, meeting->size_bytes);
        return weftInvalidUsage;
    }
    return weftSuccess;
}

/* ---- rounds ---- */

/* The round that `rank_count` ranks were to come to has failed, through `rank`. */
static void fail(struct weft_boot_meeting *meeting, uint32_t rank_count, uint32_t rank,
                 weftResult_t result)
{
    meeting->failed_count++;
    meeting->result = result;
    meeting->owed_ranks = rank_count;
    meeting->owed_count = 0;
    for (uint32_t i = 0; i < WEFT_BOOT_RANKS_MAX; i++) {
        meeting->owed[i] = i < rank_count && i != rank && meeting->come[i] == 0;
        meeting->owed_count += meeting->owed[i];
    }
    disperse(meeting);
}

/* Who comes a second time begins anew, and so do those of another count. */
static bool is_owed(struct weft_boot_meeting *meeting, const struct weft_boot_coming *coming)
{
    if (meeting->owed_count == 0)
        return false;
    if (meeting->owed_ranks != coming->rank_count || !meeting->owed[coming->rank]) {
        meeting->owed_count = 0;
        return false;
    }
    meeting->owed[coming->rank] = false;
    meeting->owed_count--;
    return true;
}

static bool open_round(struct weft_boot_meeting *meeting, const struct weft_boot_coming *coming)
{
    if (meeting->come_count > 0)
        return true;
    /* One byte more: a round may bring nothing. */
    meeting->gathered = malloc((size_t)coming->rank_count * coming->size_bytes + 1);
    if (meeting->gathered == NULL)
        return false;
    meeting->rank_count = coming->rank_count;
    meeting->kind = coming->kind;
    meeting->size_bytes = coming->size_bytes;
    return true;
}

static void end_round(struct weft_boot_meeting *meeting)
{
    if (meeting->kind == WEFT_BOOT_BEGIN) {
        memcpy(meeting->members, meeting->come, sizeof(meeting->members));
        meeting->member_count = meeting->rank_count;
    }
    free(meeting->told);
    meeting->told = meeting->gathered;
    meeting->told_bytes = (size_t)meeting->rank_count * meeting->size_bytes;
    meeting->told_count++;
    meeting->gathered = NULL;
    disperse(meeting);
}

weftResult_t weft_boot_meeting_come(struct weft_boot_meeting *meeting,
                                    const struct weft_boot_coming *coming,
                                    char why[WEFT_BOOT_WHY_BYTES])
{
    weftResult_t result = check(meeting, coming, why);

    weft_assert(coming->rank < coming->rank_count);
    weft_assert(coming->rank_count <= WEFT_BOOT_RANKS_MAX);
    weft_assert(coming->size_bytes <= WEFT_BOOT_BYTES_MAX);
    weft_assert(coming->member != 0);
    if (result != weftSuccess) {
        weft_text_copy(meeting->refused, sizeof(meeting->refused), why);
        return result;
    }
    if (is_owed(meeting, coming)) {
        weft_text_copy(why, WEFT_BOOT_WHY_BYTES, meeting->why);
        return meeting->result;
    }
    if (coming->made != weftSuccess) {
        weft_format(meeting->why, sizeof(meeting->why),
                    "rank %u could not start; its own error says why", coming->rank);
        weft_text_copy(why, WEFT_BOOT_WHY_BYTES, meeting->why);
        fail(meeting, coming->rank_count, coming->rank, weftSystemError);
        return coming->made;
    }
    if (!open_round(meeting, coming)) {
        weft_format(why, WEFT_BOOT_WHY_BYTES, "no memory for %u bytes of %u ranks",
                    coming->size_bytes, coming->rank_count);
        return weftSystemError;
    }
    if (coming->size_bytes > 0)
        memcpy(meeting->gathered + (size_t)coming->rank * coming->size_bytes, coming->bytes,
               coming->size_bytes);
    meeting->come[coming->rank] = coming->member;
    if (++meeting->come_count == meeting->rank_count)
        end_round(meeting);
    return weftSuccess;
}

static void name_missing(const struct weft_boot_meeting *meeting, struct weft_text *text)
{
    uint32_t named = 0;

    for (uint32_t i = 0; i < meeting->rank_count && named < WEFT_BOOT_RANK_WORDS; i++) {
        if (meeting->come[i] != 0)
            continue;
        weft_text_add(text, named++ == 0 ? " " : ", ");
        weft_text_number(text, i);
    }
    if (meeting->rank_count - meeting->come_count > named)
        weft_text_format(text, " and %u more", meeting->rank_count - meeting->come_count - named);
}

void weft_boot_meeting_give_up(struct weft_boot_meeting *meeting, uint32_t rank)
{
    struct weft_text text;

    weft_text_init(&text, meeting->why, sizeof(meeting->why));
    weft_text_format(&text,
                     "rank %u has waited for boot_timeout_ms; %u of %u ranks came, missing:", rank,
                     meeting->come_count, meeting->rank_count);
    name_missing(meeting, &text);
    if (meeting->refused[0] != '\0')
        weft_text_format(&text, " (turned away: %s)", meeting->refused);
    fail(meeting, meeting->rank_count, rank, weftTimeout);
}

void weft_boot_meeting_lost(struct weft_boot_meeting *meeting, uint32_t rank)
{
    if (meeting->come[rank] == 0)
        return;
    meeting->come[rank] = 0;
    if (--meeting->come_count == 0)
        disperse(meeting);
}

void weft_boot_meeting_leave(struct weft_boot_meeting *meeting, uint32_t rank, uint64_t member)
{
    if (rank >= WEFT_BOOT_RANKS_MAX || member == 0 || meeting->members[rank] != member)
        return;
    meeting->members[rank] = 0;
    if (--meeting->member_count == 0 && meeting->come_count == 0)
        forget_ranks(meeting);
}
