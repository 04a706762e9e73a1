/* Meetings of ranks; see rendezvous.h. */
#include "rendezvous.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../host/clock.h"
#include "../host/share.h"
#include "error.h"

#define ID_MAGIC        "WEFTID1"
#define ID_RANDOM_BYTES 32
#define NS_PER_SECOND   1000000000u

struct weft_meeting {
    struct weft_meeting *next;
    weftUniqueId id;
    int rank_count;
    int joined;  /* ranks that came */
    int made;    /* of those, ranks whose member works */
    int present; /* ranks that have not left */
    int failed;  /* a rank that could not start, or -1 */
    bool *taken; /* by rank */
};

/* Guards the list and everything in it. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct weft_meeting *meetings;
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

weftResult_t weftGetUniqueId(weftUniqueId *id)
{
    weftUniqueId made = {ID_MAGIC};

    if (id == NULL)
        return weft_error(weftInvalidArgument, "weftGetUniqueId: id is NULL");
    if (!weft_random(&made.internal[sizeof(ID_MAGIC)], ID_RANDOM_BYTES))
        return weft_error(weftSystemError, "weftGetUniqueId: the system gives no random numbers");
    *id = made;
    return weftSuccess;
}

static struct weft_meeting *find(const weftUniqueId *id)
{
    struct weft_meeting *meeting = meetings;

    while (meeting != NULL && memcmp(&meeting->id, id, sizeof(*id)) != 0)
        meeting = meeting->next;
    return meeting;
}

static struct weft_meeting *found_new(const weftUniqueId *id, int rank_count)
{
    struct weft_meeting *meeting = calloc(1, sizeof(*meeting));
    bool *taken = calloc((size_t)rank_count, sizeof(*taken));

    if (meeting == NULL || taken == NULL) {
        free(meeting);
        free(taken);
        return NULL;
    }
    *meeting = (struct weft_meeting){
        .next = meetings, .id = *id, .rank_count = rank_count, .failed = -1, .taken = taken};
    meetings = meeting;
    return meeting;
}

static void leave(struct weft_meeting *meeting)
{
    struct weft_meeting **at = &meetings;

    if (--meeting->present > 0)
        return;
    while (*at != meeting)
        at = &(*at)->next;
    *at = meeting->next;
    free(meeting->taken);
    free(meeting);
}

static weftResult_t join(const weftUniqueId *id, int rank, int rank_count,
                         struct weft_meeting **meeting)
{
    struct weft_meeting *found = find(id);

    if (found == NULL)
        found = found_new(id, rank_count);
    if (found == NULL)
        return weft_error(weftSystemError, "weftCommInitRank: no memory");
    if (found->rank_count != rank_count)
        return weft_error(weftInvalidUsage,
                          "weftCommInitRank: rank %d says nranks is %d, others say %d", rank,
                          rank_count, found->rank_count);
    if (found->taken[rank])
        return weft_error(weftInvalidUsage,
                          "weftCommInitRank: rank %d of this id is taken; every rank calls once",
                          rank);
    found->taken[rank] = true;
    found->joined++;
    found->present++;
    *meeting = found;
    return weftSuccess;
}

weftResult_t weft_meeting_join(const weftUniqueId *id, int rank, int rank_count,
                               struct weft_meeting **meeting)
{
    weftResult_t result;

    if (memcmp(id->internal, ID_MAGIC, sizeof(ID_MAGIC)) != 0)
        return weft_error(weftInvalidArgument,
                          "weftCommInitRank: the id was not made by weftGetUniqueId, or not all of "
                          "its %d bytes arrived",
                          WEFT_UNIQUE_ID_BYTES);
    pthread_once(&changed_once, make_changed);
    pthread_mutex_lock(&lock);
    result = join(id, rank, rank_count, meeting);
    pthread_mutex_unlock(&lock);
    return result;
}

static weftResult_t wait_for_all(struct weft_meeting *meeting, const struct weft_config *settings,
                                 int rank)
{
    uint64_t dilation = settings->emulate[0] != '\0' ? settings->dilation : 1;
    uint64_t left_ns = settings->timeout_ms * WEFT_NS_PER_MS * dilation;
    struct timespec until;
    int error = 0;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)((left_ns + (uint64_t)until.tv_nsec) / NS_PER_SECOND);
    until.tv_nsec = (long)((left_ns + (uint64_t)until.tv_nsec) % NS_PER_SECOND);
    while (meeting->made < meeting->rank_count && meeting->failed < 0 && error == 0)
        error = pthread_cond_timedwait(&changed, &lock, &until);
    if (meeting->made == meeting->rank_count)
        return weftSuccess;
    if (meeting->failed >= 0)
        return weft_error(weftSystemError,
                          "weftCommInitRank: rank %d waits in vain: rank %d could not start; its "
                          "own error says why",
                          rank, meeting->failed);
    return weft_error(weftTimeout,
                      "weftCommInitRank: %d of %d ranks came within timeout_ms %llu; start the "
                      "others, or raise it",
                      meeting->joined, meeting->rank_count,
                      (unsigned long long)settings->timeout_ms);
}

weftResult_t weft_meeting_end(struct weft_meeting *meeting, const struct weft_config *settings,
                              int rank, weftResult_t result)
{
    pthread_mutex_lock(&lock);
    if (result == weftSuccess)
        meeting->made++;
    else
        meeting->failed = rank;
    pthread_cond_broadcast(&changed);
    if (result == weftSuccess)
        result = wait_for_all(meeting, settings, rank);
    /* Who gave up makes the comm impossible: those that come later are told at once. */
    if (result == weftTimeout)
        meeting->failed = rank;
    leave(meeting);
    pthread_mutex_unlock(&lock);
    return result;
}
