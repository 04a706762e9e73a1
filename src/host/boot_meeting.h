/* Meetings: the ranks of a unique id, and the rounds in which each brings some bytes and gets those
 * of all.
 *
 * The first round is that of the beginning: who takes part in it is the rank from then on, until it
 * leaves; later rounds exchange. A round ends well for all, or, when one gives up or fails, badly
 * for all: those that wait, and those that come later, once, instead of waiting in vain. What a
 * round has told stays until the next one has ended, which it cannot before all have it: who was
 * told comes again.
 *
 * No clock, thread or socket: who carries words between ranks (a lock and a condition inside one
 * process, a net between processes) says what happened, and tells the waiting. */
#ifndef WEFT_BOOT_MEETING_H
#define WEFT_BOOT_MEETING_H

#include "../base/base.h"

#define WEFT_BOOT_RANKS_MAX  256
#define WEFT_BOOT_BYTES_MAX  16384 /* that one rank brings */
#define WEFT_BOOT_WHY_BYTES  256
#define WEFT_BOOT_RANK_WORDS 8 /* missing ranks that are named; of others the count is said */

enum weft_boot_kind { WEFT_BOOT_BEGIN, WEFT_BOOT_EXCHANGE, WEFT_BOOT_KINDS };

/* What a rank says when it comes. */
struct weft_boot_coming {
    enum weft_boot_kind kind;
    uint32_t rank;
    uint32_t rank_count;
    uint64_t member;   /* random, of the comm: another one of that rank is somebody else */
    weftResult_t made; /* of the beginning: how its comm was made */
    uint32_t size_bytes;
    const void *bytes; /* the caller's, copied */
};

struct weft_boot_meeting {
    uint32_t rank_count;                   /* 0: nobody has come */
    uint64_t members[WEFT_BOOT_RANKS_MAX]; /* by rank, who has met and has not left; or 0 */
    uint32_t member_count;
    /* the round that gathers */
    enum weft_boot_kind kind;
    uint32_t size_bytes; /* that each brings */
    uint32_t come_count;
    uint64_t come[WEFT_BOOT_RANKS_MAX]; /* by rank: who waits, or 0 */
    uint8_t *gathered;
    /* the last round that ended well */
    uint64_t told_count; /* rounds that ended so */
    uint8_t *told;
    size_t told_bytes;
    /* and the last that did not */
    uint64_t failed_count;
    weftResult_t result;
    char why[WEFT_BOOT_WHY_BYTES];
    uint32_t owed_ranks;               /* of so many ranks, */
    uint32_t owed_count;               /* so many have not been told of it: */
    bool owed[WEFT_BOOT_RANKS_MAX];    /* these */
    char refused[WEFT_BOOT_WHY_BYTES]; /* somebody of this round; empty: nobody */
};

/* Needs: zeroed memory, or a meeting that was ended. */
void weft_boot_meeting_end(struct weft_boot_meeting *meeting);

/* Nobody is here, or is to be told anything: it may be forgotten. */
bool weft_boot_meeting_is_over(const struct weft_boot_meeting *meeting);

/* weftSuccess: the rank waits, or was the last: then told_count has grown. When it says that its
 * comm was not made, the round has failed, for the others; it gets that result itself.
 * weftInvalidUsage, weftSystemError: it is turned away, and `why` says so; the others wait on.
 * The result of a round that has failed without it: the same. */
weftResult_t weft_boot_meeting_come(struct weft_boot_meeting *meeting,
                                    const struct weft_boot_coming *coming,
                                    char why[WEFT_BOOT_WHY_BYTES]);

/* A rank that waits has waited long enough: the round has failed, and meeting->why names who is
 * missing. */
void weft_boot_meeting_give_up(struct weft_boot_meeting *meeting, uint32_t rank);

/* A rank that waits is gone, and may come again. */
void weft_boot_meeting_lost(struct weft_boot_meeting *meeting, uint32_t rank);

/* A rank that has met leaves for good; somebody else's word for it is not taken. */
void weft_boot_meeting_leave(struct weft_boot_meeting *meeting, uint32_t rank, uint64_t member);

#endif
