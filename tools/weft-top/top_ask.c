/* One request over one connection, with a deadline; see top_ask.h. */
#include "top_ask.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "host/clock.h"
#include "top_view.h"

#define READ_BYTES 65536u

static const char request[] = "GET /json HTTP/1.0\r\nHost: localhost\r\n\r\n";

static int open_unix(const char *name)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    size_t size = strlen(name);

    memcpy(at.sun_path + 1, name, size);
    if (fd >= 0 && connect(fd, (struct sockaddr *)(void *)&at,
                           (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + size)) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

static int open_port(uint32_t port)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    /* Over loopback this ends at once: connected or refused. */
    if (fd >= 0 && connect(fd, (struct sockaddr *)(void *)&at, sizeof(at)) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

/* Anybody may take a name: who listens must be this user, unless root looks. */
static bool is_trusted(int fd)
{
    struct ucred who;
    socklen_t size = sizeof(who);

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 &&
           (who.uid == geteuid() || geteuid() == 0);
}

/* All that comes until the other side closes, or NULL. */
static char *read_all(int fd, uint32_t wait_ms, size_t *size, char why[WEFT_WHY_BYTES])
{
    struct weft_clock clock;
    char *bytes = malloc(WEFT_TOP_ANSWER_BYTES_MAX);
    weft_ns passed = 0;

    *size = 0;
    weft_clock_init(&clock, 1);
    while (bytes != NULL) {
        struct pollfd looked = {.fd = fd, .events = POLLIN};
        int left_ms = (int)wait_ms - (int)(passed / WEFT_NS_PER_MS);
        ssize_t got;

        if (left_ms <= 0 || *size + READ_BYTES > WEFT_TOP_ANSWER_BYTES_MAX)
            break;
        (void)poll(&looked, 1, left_ms);
        got = recv(fd, bytes + *size, READ_BYTES, MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno == ECONNRESET))
            return bytes;
        if (got > 0)
            *size += (size_t)got;
        else if (errno != EAGAIN && errno != EINTR)
            break;
        passed = weft_clock_now(&clock);
    }
    (void)snprintf(why, WEFT_WHY_BYTES, "it has not answered within %u ms", wait_ms);
    free(bytes);
    return NULL;
}

cJSON *weft_top_answer_read(const char *answer, size_t size, char why[WEFT_WHY_BYTES])
{
    static const char good[] = "HTTP/1.0 200 ";
    const char *body = memmem(answer, size, "\r\n\r\n", 4);
    cJSON *tree = NULL;

    (void)snprintf(why, WEFT_WHY_BYTES, "what it sends is no status of a comm");
    if (size == 0)
        (void)snprintf(why, WEFT_WHY_BYTES, "it is another user's, or has ended");
    if (body == NULL)
        return NULL;
    body += 4;
    size -= (size_t)(body - answer);
    if (strncmp(answer, good, sizeof(good) - 1) == 0)
        tree = cJSON_ParseWithLength(body, size);
    else if (size > 0)
        weft_top_text_copy(why, WEFT_WHY_BYTES, body);
    if (tree == NULL || cJSON_IsNumber(cJSON_GetObjectItemCaseSensitive(tree, "uptime_ns")))
        return tree;
    cJSON_Delete(tree);
    return NULL;
}

cJSON *weft_top_ask(const struct weft_top_comm *comm, uint32_t wait_ms, char why[WEFT_WHY_BYTES])
{
    bool by_name = comm->name[0] != '\0';
    int fd = by_name ? open_unix(comm->name) : open_port(comm->port);
    cJSON *tree = NULL;
    char *answer;
    size_t size;

    if (fd < 0) {
        (void)snprintf(why, WEFT_WHY_BYTES, "it cannot be asked: %s", strerror(errno));
        return NULL;
    }
    if (by_name && !is_trusted(fd)) {
        (void)snprintf(why, WEFT_WHY_BYTES, "it is another user's");
    } else if (send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) !=
               (ssize_t)sizeof(request) - 1) {
        (void)snprintf(why, WEFT_WHY_BYTES, "it is another user's, or has ended");
    } else {
        answer = read_all(fd, wait_ms, &size, why);
        if (answer != NULL) {
            answer[size] = '\0';
            tree = weft_top_answer_read(answer, size, why);
        }
        free(answer);
    }
    (void)close(fd);
    return tree;
}
