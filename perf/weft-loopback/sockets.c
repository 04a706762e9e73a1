/* Two processes and a TCP connection; see sockets.h. */
#include "sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"
#include "common/checksum.h"
#include "latency.h"

#define PATTERN UINT64_C(0x5eed)

static bool fail(struct weft_loopback_figures *figures)
{
    weft_text_copy(figures->why, sizeof(figures->why), strerror(errno));
    return false;
}

/* The far side listens and says where; -1: errno says why not. */
static int far_connect(int control)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    int one = 1;
    int fd = -1;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (listener >= 0 && bind(listener, (struct sockaddr *)&address, sizeof(address)) == 0 &&
        listen(listener, 1) == 0 &&
        getsockname(listener, (struct sockaddr *)&address, &size) == 0 &&
        weft_loopback_say(control, &address, sizeof(address)))
        fd = accept(listener, NULL, NULL);
    if (fd >= 0)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (listener >= 0)
        (void)close(listener);
    return fd;
}

static int near_connect(int control)
{
    struct sockaddr_in address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int one = 1;

    if (fd >= 0 && weft_loopback_hear(control, &address, sizeof(address)) &&
        connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == 0)
        return fd;
    if (fd >= 0)
        (void)close(fd);
    return -1;
}

static bool write_all(int fd, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);

        if (sent <= 0)
            return false;
        bytes += sent;
        size -= (size_t)sent;
    }
    return true;
}

/* False: the end of the stream, or an error. */
static bool read_all(int fd, uint8_t *bytes, size_t size, int flags)
{
    while (size > 0) {
        ssize_t got = recv(fd, bytes, size, flags);

        if (got < 0 && errno == EAGAIN)
            continue;
        if (got <= 0)
            return false;
        bytes += got;
        size -= (size_t)got;
    }
    return true;
}

/* ---- streams ---- */

static bool stream_near(int control, const struct weft_loopback_ask *ask,
                        struct weft_loopback_figures *figures)
{
    uint8_t *memory = malloc(ask->size_bytes);
    int fd = near_connect(control);
    weft_ns begun_at;
    weft_ns cpu_ns;
    char last = 0;

    if (memory == NULL || fd < 0)
        return fail(figures);
    weft_pattern_fill(memory, ask->size_bytes, PATTERN, 0);
    if (!weft_loopback_meet(control))
        return false;
    cpu_ns = weft_loopback_cpu();
    begun_at = weft_loopback_now();
    while (weft_loopback_now() - begun_at < ask->duration_ns) {
        if (!write_all(fd, memory, ask->size_bytes))
            return fail(figures);
        figures->bytes += ask->size_bytes;
    }
    /* It has ended when the other side has read it all. */
    (void)shutdown(fd, SHUT_WR);
    if (recv(fd, &last, 1, 0) != 1)
        return fail(figures);
    figures->time_ns = weft_loopback_now() - begun_at;
    figures->near_cpu_ns = weft_loopback_cpu() - cpu_ns;
    return true;
}

static bool stream_far(int control, const struct weft_loopback_ask *ask,
                       struct weft_loopback_figures *figures)
{
    uint8_t *memory = malloc(ask->size_bytes);
    int fd = far_connect(control);
    weft_ns cpu_ns;
    char last = 1;

    if (memory == NULL || fd < 0)
        return fail(figures);
    memset(memory, 0, ask->size_bytes);
    if (!weft_loopback_meet(control))
        return false;
    cpu_ns = weft_loopback_cpu();
    while (read_all(fd, memory, ask->size_bytes, 0))
        continue;
    if (send(fd, &last, 1, MSG_NOSIGNAL) != 1)
        return fail(figures);
    figures->far_cpu_ns = weft_loopback_cpu() - cpu_ns;
    figures->wrong_bytes = weft_pattern_wrong(memory, ask->size_bytes, PATTERN, 0);
    return true;
}

bool weft_loopback_socket_stream(const struct weft_loopback_ask *ask,
                                 struct weft_loopback_figures *figures)
{
    return weft_loopback_pair_run(stream_near, stream_far, ask, figures);
}

/* ---- exchanges ---- */

static bool exchange_near(int control, const struct weft_loopback_ask *ask,
                          struct weft_loopback_figures *figures, int flags)
{
    uint8_t *memory = calloc(1, ask->size_bytes);
    uint64_t *times = weft_loopback_times(ask);
    int fd = near_connect(control);
    weft_ns cpu_ns = 0;

    if (memory == NULL || times == NULL || fd < 0)
        return fail(figures);
    if (!weft_loopback_meet(control))
        return false;
    for (uint32_t i = 0; i < weft_loopback_turns(ask); i++) {
        weft_ns begun_at = weft_loopback_now();

        if (i == WEFT_LOOPBACK_WARMUP)
            cpu_ns = weft_loopback_cpu();
        if (!write_all(fd, memory, ask->size_bytes) ||
            !read_all(fd, memory, ask->size_bytes, flags))
            return fail(figures);
        times[i] = weft_loopback_now() - begun_at;
    }
    figures->near_cpu_ns = weft_loopback_cpu() - cpu_ns;
    weft_loopback_latency(ask, times, figures);
    return true;
}

static bool exchange_far(int control, const struct weft_loopback_ask *ask,
                         struct weft_loopback_figures *figures, int flags)
{
    uint8_t *memory = calloc(1, ask->size_bytes);
    int fd = far_connect(control);
    weft_ns cpu_ns;

    if (memory == NULL || fd < 0)
        return fail(figures);
    if (!weft_loopback_meet(control))
        return false;
    cpu_ns = weft_loopback_cpu();
    for (uint32_t i = 0; i < weft_loopback_turns(ask); i++)
        if (!read_all(fd, memory, ask->size_bytes, flags) ||
            !write_all(fd, memory, ask->size_bytes))
            return fail(figures);
    figures->far_cpu_ns = weft_loopback_cpu() - cpu_ns;
    return true;
}

static bool blocking_near(int control, const struct weft_loopback_ask *ask,
                          struct weft_loopback_figures *figures)
{
    return exchange_near(control, ask, figures, 0);
}

static bool blocking_far(int control, const struct weft_loopback_ask *ask,
                         struct weft_loopback_figures *figures)
{
    return exchange_far(control, ask, figures, 0);
}

static bool spinning_near(int control, const struct weft_loopback_ask *ask,
                          struct weft_loopback_figures *figures)
{
    return exchange_near(control, ask, figures, MSG_DONTWAIT);
}

static bool spinning_far(int control, const struct weft_loopback_ask *ask,
                         struct weft_loopback_figures *figures)
{
    return exchange_far(control, ask, figures, MSG_DONTWAIT);
}

bool weft_loopback_ping_pong(const struct weft_loopback_ask *ask,
                             struct weft_loopback_figures *figures)
{
    return weft_loopback_pair_run(blocking_near, blocking_far, ask, figures);
}

bool weft_loopback_ping_pong_spinning(const struct weft_loopback_ask *ask,
                                      struct weft_loopback_figures *figures)
{
    return weft_loopback_pair_run(spinning_near, spinning_far, ask, figures);
}
