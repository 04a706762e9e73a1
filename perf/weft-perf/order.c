/* Sends and receives whole messages; an answer's payload is only as long as it is used. */
#include "order.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/text.h"

#define FOREVER UINT64_MAX

static uint64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static bool send_all(int socket, const void *bytes, size_t size)
{
    const char *at = bytes;

    while (size > 0) {
        ssize_t sent = send(socket, at, size, MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return false;
        at += sent;
        size -= (size_t)sent;
    }
    return true;
}

/* Until `end_ms`, by now_ms. */
static enum weft_perf_heard receive_all(int socket, void *bytes, size_t size, uint64_t end_ms)
{
    char *at = bytes;

    while (size > 0) {
        uint64_t now = now_ms();
        struct pollfd wait = {.fd = socket, .events = POLLIN};
        int timeout_ms = end_ms == FOREVER ? -1 : (int)weft_min(weft_sub_sat(end_ms, now), 1000);
        ssize_t got;

        if (poll(&wait, 1, timeout_ms) <= 0) {
            if (now >= end_ms)
                return WEFT_PERF_HEARD_NOTHING;
            continue;
        }
        got = recv(socket, at, size, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return WEFT_PERF_HEARD_END;
        at += got;
        size -= (size_t)got;
    }
    return WEFT_PERF_HEARD;
}

bool weft_perf_order_send(int socket, const struct weft_perf_order *order)
{
    return send_all(socket, order, sizeof(*order));
}

bool weft_perf_order_hear(int socket, struct weft_perf_order *order)
{
    return receive_all(socket, order, sizeof(*order), FOREVER) == WEFT_PERF_HEARD;
}

bool weft_perf_answer_send(int socket, const struct weft_perf_answer *answer)
{
    return send_all(socket, answer,
                    offsetof(struct weft_perf_answer, text) + answer->payload_bytes);
}

enum weft_perf_heard weft_perf_answer_hear(int socket, struct weft_perf_answer *answer,
                                           unsigned timeout_ms)
{
    uint64_t end_ms = now_ms() + timeout_ms;
    enum weft_perf_heard heard =
        receive_all(socket, answer, offsetof(struct weft_perf_answer, text), end_ms);

    if (heard == WEFT_PERF_HEARD && answer->payload_bytes > sizeof(answer->text))
        return WEFT_PERF_HEARD_END; /* no answer of ours: as good as gone */
    if (heard == WEFT_PERF_HEARD)
        heard = receive_all(socket, answer->text, answer->payload_bytes, end_ms);
    if (heard == WEFT_PERF_HEARD && answer->payload_bytes == 0)
        answer->text[0] = '\0';
    return heard;
}

void weft_perf_answer_text(struct weft_perf_answer *answer, bool good, const char *text)
{
    answer->good = good;
    weft_text_copy(answer->text, sizeof(answer->text), text);
    answer->payload_bytes = (uint32_t)strlen(answer->text) + 1;
}
