/* Messages as packets of a local socket. */
#include "control.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"

#define SEND_MS 30000

/* What is behind the head of each kind: bytes of one item, and how many may come. */
static const struct {
    size_t bytes;
    uint32_t most;
} items[WEFT_KV_MESSAGES] = {
    [WEFT_KV_RUN] = {1, WEFT_WHY_BYTES},
    [WEFT_KV_KEYS] = {sizeof(weftWindowKey_t), WEFT_KV_GPUS_MAX + 1},
    [WEFT_KV_GRANT] = {sizeof(uint32_t), WEFT_KV_REQUEST_BLOCKS_MAX},
    [WEFT_KV_CHECKED] = {sizeof(uint64_t), WEFT_KV_PARTS_MAX},
    [WEFT_KV_FAILED] = {1, WEFT_WHY_BYTES},
};

static size_t message_bytes(const struct weft_kv_message *message)
{
    return offsetof(struct weft_kv_message, of) + message->count * items[message->kind].bytes;
}

bool weft_kv_control_pair(struct weft_kv_control ends[2], char why[WEFT_WHY_BYTES])
{
    int sockets[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0) {
        (void)snprintf(why, WEFT_WHY_BYTES, "the two servers cannot be connected: %s",
                       strerror(errno));
        return false;
    }
    ends[0].socket = sockets[0];
    ends[1].socket = sockets[1];
    return true;
}

void weft_kv_control_close(struct weft_kv_control *control)
{
    if (control->socket >= 0)
        (void)close(control->socket);
    control->socket = -1;
}

/* Waits until the socket is ready; false when it is not within the time. */
static bool socket_await(const struct weft_kv_control *control, short events, int wait_ms)
{
    struct pollfd wait = {.fd = control->socket, .events = events};

    return poll(&wait, 1, wait_ms) == 1;
}

bool weft_kv_control_send(struct weft_kv_control *control, const struct weft_kv_message *message,
                          char why[WEFT_WHY_BYTES])
{
    size_t size = message_bytes(message);

    weft_assert(message->count <= items[message->kind].most);
    for (;;) {
        ssize_t sent = send(control->socket, message, size, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (sent == (ssize_t)size)
            return true;
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent >= 0 || errno != EAGAIN || !socket_await(control, POLLOUT, SEND_MS)) {
            (void)snprintf(why, WEFT_WHY_BYTES, "the other server takes no messages: %s",
                           errno == EAGAIN ? "it does not read" : strerror(errno));
            return false;
        }
    }
}

enum weft_kv_arrived weft_kv_control_take(struct weft_kv_control *control, int wait_ms,
                                          struct weft_kv_message *message, char why[WEFT_WHY_BYTES])
{
    ssize_t got;

    if (!socket_await(control, POLLIN, wait_ms))
        return WEFT_KV_NOTHING;
    got = recv(control->socket, message, sizeof(*message), MSG_DONTWAIT);
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return WEFT_KV_NOTHING;
    if (got <= 0) {
        (void)snprintf(why, WEFT_WHY_BYTES, "the other server is gone");
        return WEFT_KV_GONE;
    }
    if ((size_t)got < offsetof(struct weft_kv_message, of) || message->kind >= WEFT_KV_MESSAGES ||
        message->count > items[message->kind].most || (size_t)got != message_bytes(message)) {
        (void)snprintf(why, WEFT_WHY_BYTES,
                       "the other server sent a message of %zd bytes that is "
                       "none",
                       got);
        return WEFT_KV_GONE;
    }
    if (message->kind != WEFT_KV_FAILED)
        return WEFT_KV_MESSAGE;
    (void)snprintf(why, WEFT_WHY_BYTES, "the other server: %.*s", (int)message->count,
                   message->of.text);
    return WEFT_KV_GONE;
}
