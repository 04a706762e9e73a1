/* Calls at roots; see boot_call.h. */
#include "boot_call.h"

#include <stdlib.h>
#include <string.h>

#include "boot_message.h"
#include "boot_net.h"
#include "log.h"

/* The root answers at the deadline: so long its answer may take. */
#define GRACE_NS 2000000000u

struct call {
    struct weft_boot_net boot;
    enum weft_boot_message_kind asked;
    uint32_t root; /* the root's number as a peer */
    weft_ns deadline_at;
    bool is_up;
    bool is_said;
    const uint8_t *bytes; /* what is to be said */
    size_t size;
    uint8_t *all;
    size_t all_bytes;
    size_t heard_bytes;
    bool is_over;
    weftResult_t result;
    char *why;
};

static void end(struct call *call, weftResult_t result)
{
    call->is_over = true;
    call->result = result;
}

/* Sentences come from outside: they are shown as text. */
static void keep_why(struct call *call, const struct weft_boot_message *message)
{
    struct weft_text text;

    weft_text_init(&text, call->why, WEFT_BOOT_WHY_BYTES);
    for (uint32_t i = 0; i < message->size_bytes; i++)
        weft_text_char(&text, message->bytes[i] >= ' ' && message->bytes[i] < 0x7f
                                  ? (char)message->bytes[i]
                                  : '?');
}

static void take_told(struct call *call, const struct weft_boot_message *message)
{
    if (message->total_bytes != call->all_bytes) {
        weft_text_copy(call->why, WEFT_BOOT_WHY_BYTES, "the root tells what nobody asked for");
        end(call, weftInternalError);
        return;
    }
    if (message->size_bytes > 0)
        memcpy(call->all + message->offset, message->bytes, message->size_bytes);
    /* Each piece comes once. */
    call->heard_bytes += message->size_bytes;
    if (call->heard_bytes >= call->all_bytes)
        end(call, weftSuccess);
}

static void hear(struct call *call, const struct weft_net_event *event)
{
    struct weft_boot_message message;

    if (!weft_boot_message_read(&message, event->bytes, event->size)) {
        weft_text_copy(call->why, WEFT_BOOT_WHY_BYTES, "the root says what makes no sense");
        end(call, weftInternalError);
    } else if (message.kind == WEFT_BOOT_TOLD) {
        take_told(call, &message);
    } else if (message.kind == WEFT_BOOT_REFUSED) {
        keep_why(call, &message);
        end(call, message.result);
    } else if (message.kind == WEFT_BOOT_LEFT && call->asked == WEFT_BOOT_LEAVE) {
        end(call, weftSuccess);
    }
}

static void happened(struct call *call, const struct weft_net_event *event)
{
    switch (event->kind) {
    case WEFT_NET_PEER_UP:
        call->is_up = true;
        break;
    case WEFT_NET_MESSAGE:
        hear(call, event);
        break;
    case WEFT_NET_PEER_DOWN:
        weft_format(call->why, WEFT_BOOT_WHY_BYTES,
                    "%s. The process that called weftGetUniqueId must live, and be reachable, as "
                    "long as its ranks meet",
                    event->why);
        end(call, weftRemoteError);
        break;
    default:
        break;
    }
}

static void work(struct call *call)
{
    struct weft_net_event event;

    while (!call->is_over) {
        weft_boot_net_poll(&call->boot, call->deadline_at);
        while (!call->is_over && call->boot.ops->event(call->boot.net, &event))
            happened(call, &event);
        if (call->is_up && !call->is_said && !call->is_over)
            call->is_said = call->boot.ops->send(call->boot.net, call->root, call->bytes,
                                                 call->size) == weftSuccess;
        if (!call->is_over && weft_clock_now(&call->boot.clock) >= call->deadline_at) {
            weft_text_copy(call->why, WEFT_BOOT_WHY_BYTES,
                           "the process that called weftGetUniqueId does not answer");
            end(call, weftTimeout);
        }
    }
}

/* Says one message, of `wait_ns` at most, and hears the answer. */
static weftResult_t make(struct call *call, const struct weft_boot_id *id,
                         const struct weft_config *settings,
                         const struct weft_boot_message *message, weft_ns wait_ns)
{
    uint8_t *bytes = malloc(WEFT_BOOT_COME_BYTES_MAX);
    struct weft_writer writer = weft_writer_of(bytes, WEFT_BOOT_COME_BYTES_MAX);
    weftResult_t result = weftSystemError;
    char why[256] = "no memory for a message";

    if (bytes != NULL) {
        weft_boot_message_write(message, &writer);
        weft_assert(!writer.failed);
        call->asked = message->kind;
        call->bytes = bytes;
        call->size = writer.used;
        result = weft_boot_net_open(&call->boot, settings, 1, wait_ns, why);
    }
    if (result == weftSuccess) {
        call->deadline_at = weft_clock_after(&call->boot.clock, weft_add_sat(wait_ns, GRACE_NS));
        weft_text_copy(why, sizeof(why), "the id holds no address");
        result = call->boot.ops->peer_open(call->boot.net, id->address, &call->root);
    }
    if (result == weftSuccess) {
        work(call);
        result = call->result;
    } else {
        weft_text_copy(call->why, WEFT_BOOT_WHY_BYTES, why);
    }
    weft_boot_net_close(&call->boot);
    free(bytes);
    return result;
}

weftResult_t weft_boot_call(const struct weft_boot_id *id, const struct weft_config *settings,
                            const struct weft_boot_coming *coming, void *all,
                            char why[WEFT_BOOT_WHY_BYTES])
{
    struct weft_boot_message message = {
        .kind = WEFT_BOOT_COME, .coming = *coming, .wait_ms = settings->boot_timeout_ms};
    struct call call = {
        .all = all, .all_bytes = (size_t)coming->rank_count * coming->size_bytes, .why = why};

    return make(&call, id, settings, &message, settings->boot_timeout_ms * WEFT_NS_PER_MS);
}

void weft_boot_call_leave(const struct weft_boot_id *id, const struct weft_config *settings,
                          uint32_t rank, uint64_t member)
{
    char why[WEFT_BOOT_WHY_BYTES] = "";
    struct weft_boot_message message = {.kind = WEFT_BOOT_LEAVE,
                                        .coming = {.rank = rank, .member = member}};
    struct call call = {.why = why};

    if (make(&call, id, settings, &message, settings->abort_ms * WEFT_NS_PER_MS) != weftSuccess)
        weft_log(WEFT_LOG_INFO, "boot", "rank %u leaves unheard: %s", rank, why);
}
