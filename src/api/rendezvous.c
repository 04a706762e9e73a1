/* Meetings of ranks; see rendezvous.h. */
#include "rendezvous.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../base/text.h"
#include "../host/boot_call.h"
#include "../host/boot_root.h"
#include "../host/clock.h"
#include "../host/share.h"
#include "error.h"
#include "settings.h"

#define NS_PER_SECOND 1000000000u

/* A meeting of ranks of this process, as long as it is not over. */
struct hall {
    struct hall *next;
    struct weft_boot_id id;
    uint32_t waiting; /* threads that are in it */
    struct weft_boot_meeting meeting;
};

/* Guards the list and everything in it. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct hall *halls;
static pthread_cond_t changed;
static pthread_once_t changed_once = PTHREAD_ONCE_INIT;

static void make_changed(void)
{
    pthread_condattr_t attributes;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&changed, &attributes);
    pthread_condattr_destroy(&attributes);
}

/* ---- ids ---- */

weftResult_t weftGetUniqueId(weftUniqueId *id)
{
    struct weft_config settings;
    struct weft_boot_id made = {.has_address = false};
    char why[256] = "the system gives no random numbers";
    weftResult_t result = weftSuccess;

    if (id == NULL)
        return weft_error(weftInvalidArgument, "weftGetUniqueId: id is NULL");
    WEFT_TRY(weft_settings_gather(NULL, &settings));
    made.has_address = !weft_text_equal(settings.net, "off");
    if (!weft_process_id(made.process) || !weft_random(made.address, WEFT_NET_SECRET_BYTES))
        result = weftSystemError;
    else if (made.has_address)
        result = weft_boot_root_start(&settings, made.address, why);
    if (result != weftSuccess)
        return weft_error(result, "weftGetUniqueId: %s", why);
    if (!weft_boot_id_write(&made, id))
        return weft_error(weftInternalError, "weftGetUniqueId: the root's address is too long");
    return weftSuccess;
}

weftResult_t weft_rank_init(struct weft_rank *rank, const weftUniqueId *bytes, int number,
                            int count, const struct weft_config *settings)
{
    struct weft_rank made = {.number = (uint32_t)number, .count = (uint32_t)count};
    uint8_t process[WEFT_BOOT_PROCESS_BYTES];
    const char *wrong = weft_boot_id_read(bytes, &made.id);

    if (wrong != NULL)
        return weft_error(weftInvalidArgument, "weftCommInitRank: %s", wrong);
    if (!weft_process_id(process) || !weft_random(&made.member, sizeof(made.member)))
        return weft_error(weftSystemError, "weftCommInitRank: the system gives no random numbers");
    made.member |= 1; /* 0 is nobody */
    if (!made.id.has_address && memcmp(process, made.id.process, sizeof(process)) != 0)
        return weft_error(weftInvalidUsage,
                          "weftCommInitRank: the id was made by another process while its setting "
                          "net was off, so it says no address to meet at; set WEFT_NET=tcp for the "
                          "process that calls weftGetUniqueId, and for all ranks");
    if (made.id.has_address && weft_text_equal(settings->net, "off"))
        return weft_error(weftInvalidUsage,
                          "weftCommInitRank: the ranks of this id meet over the network, but the "
                          "setting net of rank %d is off; set it to tcp (WEFT_NET=tcp)",
                          number);
    *rank = made;
    return weftSuccess;
}

/* ---- inside this process ---- */

static struct hall *enter(const struct weft_boot_id *id)
{
    struct hall *hall = halls;

    while (hall != NULL && memcmp(&hall->id, id, sizeof(*id)) != 0)
        hall = hall->next;
    if (hall == NULL) {
        hall = calloc(1, sizeof(*hall));
        if (hall == NULL)
            return NULL;
        hall->id = *id;
        hall->next = halls;
        halls = hall;
    }
    hall->waiting++;
    return hall;
}

static void go(struct hall *hall)
{
    struct hall **at = &halls;

    if (--hall->waiting > 0 || !weft_boot_meeting_is_over(&hall->meeting))
        return;
    while (*at != hall)
        at = &(*at)->next;
    *at = hall->next;
    weft_boot_meeting_end(&hall->meeting);
    free(hall);
}

/* Until the round that the rank came to has ended. */
static weftResult_t await(struct hall *hall, const struct weft_config *settings, uint32_t rank,
                          const uint64_t before[2], char why[WEFT_BOOT_WHY_BYTES])
{
    struct weft_boot_meeting *meeting = &hall->meeting;
    uint64_t left_ns = settings->boot_timeout_ms * WEFT_NS_PER_MS;
    struct timespec until;
    int error = 0;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)((left_ns + (uint64_t)until.tv_nsec) / NS_PER_SECOND);
    until.tv_nsec = (long)((left_ns + (uint64_t)until.tv_nsec) % NS_PER_SECOND);
    while (meeting->told_count == before[0] && meeting->failed_count == before[1] && error == 0)
        error = pthread_cond_timedwait(&changed, &lock, &until);
    if (meeting->told_count != before[0])
        return weftSuccess;
    if (meeting->failed_count == before[1])
        weft_boot_meeting_give_up(meeting, rank);
    weft_text_copy(why, WEFT_BOOT_WHY_BYTES, meeting->why);
    return meeting->result;
}

static weftResult_t meet_here(const struct weft_boot_id *id, const struct weft_config *settings,
                              const struct weft_boot_coming *coming, void *all,
                              char why[WEFT_BOOT_WHY_BYTES])
{
    struct hall *hall;
    weftResult_t result = weftSystemError;

    pthread_once(&changed_once, make_changed);
    weft_text_copy(why, WEFT_BOOT_WHY_BYTES, "no memory for a meeting");
    pthread_mutex_lock(&lock);
    hall = enter(id);
    if (hall != NULL) {
        uint64_t before[2] = {hall->meeting.told_count, hall->meeting.failed_count};

        result = weft_boot_meeting_come(&hall->meeting, coming, why);
        if (result == weftSuccess)
            result = await(hall, settings, coming->rank, before, why);
        if (result == weftSuccess)
            memcpy(all, hall->meeting.told, hall->meeting.told_bytes);
        pthread_cond_broadcast(&changed);
        go(hall);
    }
    pthread_mutex_unlock(&lock);
    return result;
}

static void leave_here(const struct weft_rank *rank)
{
    struct hall *hall;

    pthread_mutex_lock(&lock);
    hall = enter(&rank->id);
    if (hall != NULL) {
        weft_boot_meeting_leave(&hall->meeting, rank->number, rank->member);
        go(hall);
    }
    pthread_mutex_unlock(&lock);
}

/* ---- ranks ---- */

static weftResult_t meet(const char *call, const struct weft_rank *rank,
                         const struct weft_config *settings, const struct weft_boot_coming *coming,
                         void *all)
{
    char why[WEFT_BOOT_WHY_BYTES] = "";
    weftResult_t result = rank->id.has_address
                              ? weft_boot_call(&rank->id, settings, coming, all, why)
                              : meet_here(&rank->id, settings, coming, all, why);

    /* Its own failure has its own sentence. */
    if (result == weftSuccess || coming->made != weftSuccess)
        return result;
    return weft_error(result, "%s: %s", call, why);
}

weftResult_t weft_rank_begin(struct weft_rank *rank, const struct weft_config *settings,
                             weftResult_t made, const void *mine, void *all, size_t each)
{
    struct weft_boot_coming coming = {.kind = WEFT_BOOT_BEGIN,
                                      .rank = rank->number,
                                      .rank_count = rank->count,
                                      .member = rank->member,
                                      .made = made,
                                      .size_bytes = (uint32_t)each,
                                      .bytes = mine};
    weftResult_t result = meet("weftCommInitRank", rank, settings, &coming, all);

    rank->has_met = result == weftSuccess;
    return made == weftSuccess ? result : made;
}

weftResult_t weft_rank_exchange(const struct weft_rank *rank, const struct weft_config *settings,
                                const void *mine, void *all, size_t each)
{
    struct weft_boot_coming coming = {.kind = WEFT_BOOT_EXCHANGE,
                                      .rank = rank->number,
                                      .rank_count = rank->count,
                                      .member = rank->member,
                                      .size_bytes = (uint32_t)each,
                                      .bytes = mine};

    return meet("weftCommExchange", rank, settings, &coming, all);
}

void weft_rank_leave(struct weft_rank *rank, const struct weft_config *settings)
{
    if (rank->has_met && rank->id.has_address)
        weft_boot_call_leave(&rank->id, settings, rank->number, rank->member);
    else if (rank->has_met)
        leave_here(rank);
    rank->has_met = false;
}
