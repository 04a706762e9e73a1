/* Roots: a meeting behind a net; see boot_root.h. */
#include "boot_root.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "boot_message.h"
#include "boot_net.h"
#include "log.h"

#define CALLERS_MAX (WEFT_BOOT_RANKS_MAX + 16) /* ranks that call twice, or leave and come */
#define LOST_NS     5000000000u                /* a caller that is silent is looked for so long */
#define AGAIN_NS    1000000u                   /* what had no room is sent again after this */
#define LINGER_NS   1000000000u                /* for the last answer to arrive */

/* What a caller waits for.
 *
 *     IDLE ----> WAITS -----> TELLS -----> DONE    its rank's round; its bytes are on their way
 *      | |         '--------> ANSWERS ---> DONE    an answer in one message
 *      | '-------------------^ ^
 *      '-------> LEAVES -------'                   until nobody is told anything any more
 *
 * DONE: it has heard all, as soon as it is gone. Who leaves may be the process of this root, and
 * end it: so it leaves behind those that are told. */
enum caller_state {
    CALLER_IDLE,
    CALLER_WAITS,
    CALLER_TELLS,
    CALLER_LEAVES,
    CALLER_ANSWERS,
    CALLER_DONE,
    CALLER_STATES
};

static const unsigned next_states[CALLER_STATES] = {
    [CALLER_IDLE] = 1u << CALLER_WAITS | 1u << CALLER_LEAVES | 1u << CALLER_ANSWERS,
    [CALLER_WAITS] = 1u << CALLER_TELLS | 1u << CALLER_ANSWERS,
    [CALLER_TELLS] = 1u << CALLER_DONE,
    [CALLER_LEAVES] = 1u << CALLER_ANSWERS,
    [CALLER_ANSWERS] = 1u << CALLER_DONE,
};

struct caller {
    enum caller_state state;
    uint32_t lane_count;
    uint32_t rank;                   /* WAITS */
    weft_ns deadline_at;             /* WAITS */
    uint32_t offset;                 /* TELLS: what is on its way ends here */
    struct weft_boot_message answer; /* ANSWERS */
    char why[WEFT_BOOT_WHY_BYTES];
};

struct root {
    struct weft_boot_net boot;
    struct weft_boot_meeting meeting;
    weft_ns over_at; /* all have left; WEFT_NEVER: not yet */
    bool has_unsent;
    struct caller callers[CALLERS_MAX]; /* by the net's number */
    uint8_t bytes[WEFT_BOOT_TOLD_BYTES_MAX];
};

/* Guards the count. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint32_t root_count;

static void set_state(struct caller *caller, enum caller_state state)
{
    weft_assert((next_states[caller->state] >> state & 1u) != 0);
    caller->state = state;
    caller->offset = 0;
}

/* ---- answers ---- */

static weftResult_t send(struct root *root, uint32_t number,
                         const struct weft_boot_message *message)
{
    struct weft_writer writer;

    writer = weft_writer_of(root->bytes, sizeof(root->bytes));
    weft_boot_message_write(message, &writer);
    weft_assert(!writer.failed);
    return root->boot.ops->send(root->boot.net, number, root->bytes, writer.used);
}

static void refuse(struct caller *caller, weftResult_t result, const char *why)
{
    set_state(caller, CALLER_ANSWERS);
    weft_text_copy(caller->why, sizeof(caller->why), why);
    caller->answer = (struct weft_boot_message){.kind = WEFT_BOOT_REFUSED,
                                                .result = result,
                                                .bytes = (const uint8_t *)caller->why,
                                                .size_bytes = (uint32_t)strlen(caller->why)};
}

/* All that there is room for now. */
static void tell(struct root *root, uint32_t number)
{
    const struct weft_boot_meeting *meeting = &root->meeting;
    struct caller *caller = &root->callers[number];
    struct weft_boot_message message = {.kind = WEFT_BOOT_TOLD,
                                        .total_bytes = (uint32_t)meeting->told_bytes};

    do {
        message.offset = caller->offset;
        message.bytes = meeting->told + caller->offset;
        message.size_bytes =
            (uint32_t)weft_min(WEFT_BOOT_TOLD_BYTES, meeting->told_bytes - caller->offset);
        if (send(root, number, &message) != weftSuccess)
            return;
        caller->offset += message.size_bytes;
    } while (caller->offset < meeting->told_bytes);
    set_state(caller, CALLER_DONE);
}

static bool is_told(const struct root *root)
{
    for (uint32_t i = 0; i < CALLERS_MAX; i++)
        if (root->callers[i].state == CALLER_TELLS || root->callers[i].state == CALLER_ANSWERS ||
            root->callers[i].state == CALLER_DONE)
            return true;
    return false;
}

static void let_leave(struct root *root)
{
    if (is_told(root))
        return;
    for (uint32_t i = 0; i < CALLERS_MAX; i++)
        if (root->callers[i].state == CALLER_LEAVES)
            set_state(&root->callers[i], CALLER_ANSWERS);
}

/* Without room, or a lane, it is tried again. */
static void send_answers(struct root *root)
{
    let_leave(root);
    root->has_unsent = false;
    for (uint32_t i = 0; i < CALLERS_MAX; i++) {
        struct caller *caller = &root->callers[i];

        if (caller->state == CALLER_TELLS)
            tell(root, i);
        else if (caller->state == CALLER_ANSWERS && send(root, i, &caller->answer) == weftSuccess)
            set_state(caller, CALLER_DONE);
        root->has_unsent |= caller->state == CALLER_TELLS || caller->state == CALLER_ANSWERS;
    }
}

/* ---- callers ---- */

static void drop(struct root *root, uint32_t number)
{
    struct caller *caller = &root->callers[number];

    if (caller->state == CALLER_WAITS)
        weft_boot_meeting_lost(&root->meeting, caller->rank);
    memset(caller, 0, sizeof(*caller));
    root->boot.ops->peer_close(root->boot.net, number);
}

static bool is_reached(const struct root *root, uint32_t number)
{
    struct weft_net_lane_state state = {.is_up = false};

    for (uint32_t i = 0; i < root->callers[number].lane_count && !state.is_up; i++)
        root->boot.ops->lane_state(root->boot.net, number, i, &state);
    return state.is_up;
}

/* A process that has died is looked for a while: nobody is to meet it, and one that is started in
 * its place need not wait. */
static void drop_unreached(struct root *root)
{
    for (uint32_t i = 0; i < CALLERS_MAX; i++)
        if (root->callers[i].state == CALLER_WAITS && !is_reached(root, i))
            drop(root, i);
}

/* ---- the meeting ---- */

/* Those that wait are told how their round has ended. */
static void all_ended(struct root *root, bool ended_well)
{
    for (uint32_t i = 0; i < CALLERS_MAX; i++) {
        struct caller *caller = &root->callers[i];

        if (caller->state != CALLER_WAITS)
            continue;
        if (ended_well)
            set_state(caller, CALLER_TELLS);
        else
            refuse(caller, root->meeting.result, root->meeting.why);
    }
}

static void come(struct root *root, struct caller *caller, const struct weft_boot_message *message)
{
    struct weft_boot_meeting *meeting = &root->meeting;
    uint64_t told_count = meeting->told_count;
    uint64_t failed_count = meeting->failed_count;
    char why[WEFT_BOOT_WHY_BYTES] = "";
    weftResult_t result;

    drop_unreached(root);
    result = weft_boot_meeting_come(meeting, &message->coming, why);
    if (meeting->failed_count != failed_count)
        all_ended(root, false);
    if (result != weftSuccess) {
        refuse(caller, result, why);
        return;
    }
    set_state(caller, CALLER_WAITS);
    caller->rank = message->coming.rank;
    caller->deadline_at = weft_clock_after(&root->boot.clock, message->wait_ms * WEFT_NS_PER_MS);
    if (meeting->told_count != told_count)
        all_ended(root, true);
}

static void leave(struct root *root, struct caller *caller, const struct weft_boot_message *message)
{
    struct weft_boot_meeting *meeting = &root->meeting;

    weft_boot_meeting_leave(meeting, message->coming.rank, message->coming.member);
    set_state(caller, CALLER_LEAVES);
    caller->answer = (struct weft_boot_message){.kind = WEFT_BOOT_LEFT};
    if (meeting->told_count > 0 && meeting->member_count == 0 && meeting->come_count == 0)
        root->over_at = weft_clock_after(&root->boot.clock, LINGER_NS);
}

static void give_up_late(struct root *root)
{
    weft_ns now = weft_clock_now(&root->boot.clock);

    for (uint32_t i = 0; i < CALLERS_MAX; i++) {
        if (root->callers[i].state != CALLER_WAITS || now < root->callers[i].deadline_at)
            continue;
        weft_boot_meeting_give_up(&root->meeting, root->callers[i].rank);
        all_ended(root, false);
    }
}

static void hear(struct root *root, const struct weft_net_event *event)
{
    struct caller *caller = &root->callers[event->peer];
    struct weft_boot_message message;
    bool is_good = weft_boot_message_read(&message, event->bytes, event->size);

    if (is_good && caller->state == CALLER_IDLE && message.kind == WEFT_BOOT_COME) {
        come(root, caller, &message);
    } else if (is_good && caller->state == CALLER_IDLE && message.kind == WEFT_BOOT_LEAVE) {
        leave(root, caller, &message);
    } else {
        weft_log(WEFT_LOG_WARN, "boot", "a caller that has the id says what makes no sense");
        drop(root, event->peer);
    }
}

static weft_ns wake_at(const struct root *root)
{
    weft_ns until = root->over_at;

    if (root->has_unsent)
        until = weft_min(until, weft_clock_after(&root->boot.clock, AGAIN_NS));
    for (uint32_t i = 0; i < CALLERS_MAX; i++)
        if (root->callers[i].state == CALLER_WAITS)
            until = weft_min(until, root->callers[i].deadline_at);
    return until;
}

static void unreserve(void)
{
    pthread_mutex_lock(&lock);
    root_count--;
    pthread_mutex_unlock(&lock);
}

static void *run(void *argument)
{
    struct root *root = argument;
    struct weft_net_event event;

    (void)pthread_setname_np(pthread_self(), "weft-boot");
    while (weft_clock_now(&root->boot.clock) < root->over_at) {
        weft_boot_net_poll(&root->boot, wake_at(root));
        while (root->boot.ops->event(root->boot.net, &event)) {
            if (event.kind == WEFT_NET_PEER_UP)
                root->callers[event.peer].lane_count = event.lane_count;
            else if (event.kind == WEFT_NET_PEER_DOWN)
                drop(root, event.peer);
            else if (event.kind == WEFT_NET_MESSAGE)
                hear(root, &event);
        }
        give_up_late(root);
        send_answers(root);
    }
    weft_boot_net_close(&root->boot);
    weft_boot_meeting_end(&root->meeting);
    free(root);
    unreserve();
    return NULL;
}

/* ---- starting ---- */

static bool reserve(void)
{
    bool is_free;

    pthread_mutex_lock(&lock);
    is_free = root_count < WEFT_BOOT_ROOTS_MAX;
    root_count += is_free;
    pthread_mutex_unlock(&lock);
    return is_free;
}

static weftResult_t start(const struct weft_config *settings, struct root *root,
                          uint8_t address[WEFT_NET_ADDRESS_BYTES], char why[256])
{
    pthread_t thread;

    root->over_at = WEFT_NEVER;
    WEFT_TRY(weft_boot_net_open(&root->boot, settings, CALLERS_MAX, LOST_NS, why));
    root->boot.ops->address(root->boot.net, address);
    weft_text_copy(why, 256, "the system gives no thread; raise ulimit -u");
    if (pthread_create(&thread, NULL, run, root) != 0)
        return weftSystemError;
    (void)pthread_detach(thread);
    return weftSuccess;
}

weftResult_t weft_boot_root_start(const struct weft_config *settings,
                                  uint8_t address[WEFT_NET_ADDRESS_BYTES], char why[256])
{
    struct root *root;
    weftResult_t result;

    weft_format(why, 256, "this process keeps %u ids whose ranks have not all met and left",
                WEFT_BOOT_ROOTS_MAX);
    if (!reserve())
        return weftNoResource;
    root = calloc(1, sizeof(*root));
    if (root == NULL) {
        weft_text_copy(why, 256, "no memory for the root of an id");
        unreserve();
        return weftSystemError;
    }
    result = start(settings, root, address, why);
    if (result == weftSuccess)
        return weftSuccess;
    weft_boot_net_close(&root->boot);
    free(root);
    unreserve();
    return result;
}
