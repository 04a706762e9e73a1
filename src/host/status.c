/* Listens, and runs the thread of the status port; see status.h. */
#include "status.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"
#include "status_client.h"
#include "status_report.h"

#define BACKLOG          16
#define NAMES_MAX        16 /* tried where a name is taken */
#define ACCEPTS_PER_TURN 16
#define NICENESS         10
#define OFF              0 /* values of the setting `status` that are no ports */
#define ON               UINT32_MAX

/* The snapshot: the status thread's, but while it is ASKED for. */
enum ask { ASK_NOTHING, ASK_ASKED, ASK_TAKEN };

enum source { SOURCE_BELL, SOURCE_UNIX, SOURCE_PORT, SOURCE_CLIENTS };

struct weft_status {
    struct weft_loop *loop;
    pthread_t thread;
    bool running;
    struct weft_flag stopping;
    struct weft_flag ask;
    int bell_fd; /* written when a snapshot was taken, and to stop */
    int unix_fd;
    int port_fd; /* -1: none */
    struct weft_clock clock;
    weft_ns taken_at; /* when the snapshot was got; 0: never */
    struct weft_snapshot *snapshot;
    char *text; /* WEFT_STATUS_TEXT_BYTES */
    struct weft_status_client clients[WEFT_STATUS_CLIENTS_MAX];
};

void weft_status_name(char name[WEFT_STATUS_NAME_BYTES], int pid, uint32_t number, uint32_t k)
{
    weft_format(name, WEFT_STATUS_NAME_BYTES, WEFT_STATUS_PREFIX "%d.%u.%u", pid, number, k);
}

/* ---- snapshots ---- */

static void ring(const struct weft_status *status)
{
    uint64_t one = 1;
    ssize_t put = write(status->bell_fd, &one, sizeof(one));

    /* Full, it has been rung and not been heard yet. */
    weft_assert(put == (ssize_t)sizeof(one) || errno == EAGAIN);
}

bool weft_status_answer(struct weft_status *status)
{
    if (weft_flag_get(&status->ask) != ASK_ASKED)
        return false;
    weft_snapshot_take(status->loop, status->snapshot);
    weft_flag_set(&status->ask, ASK_TAKEN);
    ring(status);
    return true;
}

static void show(struct weft_status *status, struct weft_status_client *client)
{
    struct weft_text text;

    weft_text_init(&text, status->text, WEFT_STATUS_TEXT_BYTES);
    if (client->request == WEFT_STATUS_JSON)
        weft_status_report_json(status->loop, status->snapshot, &text);
    else
        weft_status_report_text(status->loop, status->snapshot, &text);
    weft_assert(!text.cut);
    weft_status_client_show(client, text.at, text.used);
}

/* Who waits is shown a snapshot that is young enough; else one is asked for. */
static void serve(struct weft_status *status, weft_ns now)
{
    bool wanted = false;

    if (weft_flag_move(&status->ask, ASK_TAKEN, ASK_NOTHING))
        status->taken_at = now;
    for (uint32_t i = 0; i < WEFT_STATUS_CLIENTS_MAX; i++) {
        struct weft_status_client *client = &status->clients[i];

        if (client->state != WEFT_STATUS_CLIENT_WAITING)
            continue;
        if (weft_flag_get(&status->ask) == ASK_NOTHING && status->taken_at > 0 &&
            now < status->taken_at + WEFT_STATUS_AGE_REAL_NS)
            show(status, client);
        else
            wanted = true;
    }
    if (wanted && weft_flag_move(&status->ask, ASK_NOTHING, ASK_ASKED))
        weft_loop_ring(status->loop);
}

/* ---- clients ---- */

/* A free place, or that of the oldest client. */
static struct weft_status_client *place(struct weft_status *status)
{
    struct weft_status_client *oldest = &status->clients[0];

    for (uint32_t i = 0; i < WEFT_STATUS_CLIENTS_MAX; i++) {
        struct weft_status_client *client = &status->clients[i];

        if (client->state == WEFT_STATUS_CLIENT_FREE)
            return client;
        if (client->begun_at < oldest->begun_at)
            oldest = client;
    }
    weft_status_client_drop(oldest);
    return oldest;
}

static bool is_welcome(int fd)
{
    struct ucred who;
    socklen_t size = sizeof(who);

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 &&
           (who.uid == geteuid() || who.uid == 0);
}

static void welcome(struct weft_status *status, int listen_fd, weft_ns now)
{
    for (uint32_t i = 0; i < ACCEPTS_PER_TURN; i++) {
        int fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd < 0)
            return;
        if (listen_fd == status->unix_fd && !is_welcome(fd))
            (void)close(fd);
        else
            weft_status_client_take(place(status), fd, now);
    }
}

static void turn_clients(struct weft_status *status, const struct pollfd *looked, weft_ns now)
{
    for (uint32_t i = 0; i < WEFT_STATUS_CLIENTS_MAX; i++) {
        struct weft_status_client *client = &status->clients[i];

        if (looked[i].revents == 0 || looked[i].fd < 0)
            continue;
        if (client->state == WEFT_STATUS_CLIENT_READING)
            weft_status_client_read(client, now);
        else if (client->state == WEFT_STATUS_CLIENT_SENDING)
            weft_status_client_send(client);
        else
            weft_status_client_drop(client); /* it hung up while it waited */
    }
}

/* Fills what poll looks at; returns how long it may sleep, in ms. */
static int prepare(const struct weft_status *status, struct pollfd *looked, weft_ns now)
{
    weft_ns until = WEFT_NEVER;

    looked[SOURCE_BELL] = (struct pollfd){.fd = status->bell_fd, .events = POLLIN};
    looked[SOURCE_UNIX] = (struct pollfd){.fd = status->unix_fd, .events = POLLIN};
    looked[SOURCE_PORT] = (struct pollfd){.fd = status->port_fd, .events = POLLIN};
    for (uint32_t i = 0; i < WEFT_STATUS_CLIENTS_MAX; i++) {
        static const short events[WEFT_STATUS_CLIENT_STATES] = {
            [WEFT_STATUS_CLIENT_READING] = POLLIN,
            [WEFT_STATUS_CLIENT_SENDING] = POLLOUT,
        };
        const struct weft_status_client *client = &status->clients[i];
        bool is_free = client->state == WEFT_STATUS_CLIENT_FREE;

        looked[SOURCE_CLIENTS + i] =
            (struct pollfd){.fd = is_free ? -1 : client->fd, .events = events[client->state]};
        until = weft_min(until, client->deadline_at);
    }
    if (until == WEFT_NEVER)
        return -1;
    return (int)(weft_sub_sat(until, now) / WEFT_NS_PER_MS) + 1;
}

static void *run(void *argument)
{
    struct weft_status *status = argument;

    (void)prctl(PR_SET_NAME, "weft-status", 0, 0, 0);
    /* Of this thread alone, on Linux: who looks must not be in the way of what is looked at. */
    (void)setpriority(PRIO_PROCESS, 0, NICENESS);
    while (weft_flag_get(&status->stopping) == 0) {
        struct pollfd looked[SOURCE_CLIENTS + WEFT_STATUS_CLIENTS_MAX];
        int wait_ms = prepare(status, looked, weft_clock_now(&status->clock));
        uint64_t rings;
        weft_ns now;

        if (poll(looked, WEFT_ARRAY_COUNT(looked), wait_ms) < 0)
            continue;
        now = weft_clock_now(&status->clock);
        if (looked[SOURCE_BELL].revents != 0)
            (void)!read(status->bell_fd, &rings, sizeof(rings));
        turn_clients(status, looked + SOURCE_CLIENTS, now);
        if (looked[SOURCE_UNIX].revents != 0)
            welcome(status, status->unix_fd, now);
        if (looked[SOURCE_PORT].revents != 0)
            welcome(status, status->port_fd, now);
        for (uint32_t i = 0; i < WEFT_STATUS_CLIENTS_MAX; i++)
            weft_status_client_expire(&status->clients[i], now);
        serve(status, now);
    }
    return NULL;
}

/* ---- opening ---- */

static int listen_on(const struct sockaddr *address, socklen_t size)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int one = 1;
    int error;

    if (fd < 0)
        return -1;
    if (address->sa_family == AF_INET)
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(fd, address, size) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    error = errno;
    (void)close(fd);
    errno = error;
    return -1;
}

static int listen_unix(uint32_t number)
{
    int fd = -1;

    for (uint32_t k = 0; k < NAMES_MAX && fd < 0; k++) {
        struct sockaddr_un at = {.sun_family = AF_UNIX};
        char name[WEFT_STATUS_NAME_BYTES];

        weft_status_name(name, (int)getpid(), number, k);
        /* A name behind a NUL is of no file. */
        memcpy(at.sun_path + 1, name, strlen(name));
        fd = listen_on((struct sockaddr *)(void *)&at,
                       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name)));
        if (fd < 0 && errno != EADDRINUSE)
            break;
    }
    return fd;
}

/* The first free one from `port` on. */
static int listen_port(const struct weft_loop *loop, uint32_t port)
{
    uint32_t end = (uint32_t)weft_min(port + WEFT_STATUS_PORTS_MAX, 65536);
    int fd = -1;

    for (uint32_t at = port; at < end && fd < 0; at++) {
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_port = htons((uint16_t)at),
                                      .sin_addr = {htonl(INADDR_LOOPBACK)}};

        fd = listen_on((struct sockaddr *)(void *)&address, sizeof(address));
        if (fd >= 0)
            weft_log(WEFT_LOG_INFO, loop->noun, "its status is shown on 127.0.0.1:%u", at);
        else if (errno != EADDRINUSE)
            break;
    }
    if (fd < 0)
        weft_log(WEFT_LOG_WARN, loop->noun,
                 "no port of 127.0.0.1 from %u to %u can be had for its status: %s; weft-top shows "
                 "it all the same",
                 port, end - 1, strerrordesc_np(errno));
    return fd;
}

/* "off", "on" or a port; false when it is none of these. */
static bool read_setting(const char *text, uint32_t *value)
{
    uint32_t port = 0;

    if (weft_text_equal(text, "off") || weft_text_equal(text, "on")) {
        *value = weft_text_equal(text, "on") ? ON : OFF;
        return true;
    }
    for (; *text >= '0' && *text <= '9' && port < 65536; text++)
        port = port * 10 + (uint32_t)(*text - '0');
    *value = port;
    return *text == '\0' && port >= 1 && port <= 65535;
}

static bool open_parts(struct weft_status *status, uint32_t number, uint32_t setting)
{
    status->snapshot = calloc(1, sizeof(*status->snapshot));
    status->text = malloc(WEFT_STATUS_TEXT_BYTES);
    if (status->snapshot == NULL || status->text == NULL)
        return false;
    status->bell_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    status->unix_fd = listen_unix(number);
    if (status->bell_fd < 0 || status->unix_fd < 0)
        return false;
    if (setting != ON)
        status->port_fd = listen_port(status->loop, setting);
    status->running = pthread_create(&status->thread, NULL, run, status) == 0;
    return status->running;
}

weftResult_t weft_status_open(struct weft_loop *loop, uint32_t number, struct weft_status **status,
                              char why[WEFT_MACHINE_WHY_BYTES])
{
    struct weft_status *made;
    uint32_t setting;

    if (!read_setting(loop->config.status, &setting)) {
        weft_format(why, WEFT_MACHINE_WHY_BYTES,
                    "the setting status is \"%.32s\"; it is off, on or a port from 1 to 65535",
                    loop->config.status);
        return weftInvalidArgument;
    }
    if (setting == OFF)
        return weftSuccess;
    made = calloc(1, sizeof(*made));
    if (made != NULL) {
        made->loop = loop;
        made->bell_fd = -1;
        made->unix_fd = -1;
        made->port_fd = -1;
        weft_clock_init(&made->clock, 1);
        for (uint32_t i = 0; i < WEFT_STATUS_CLIENTS_MAX; i++)
            made->clients[i].deadline_at = WEFT_NEVER;
    }
    if (made == NULL || !open_parts(made, number, setting)) {
        weft_log(WEFT_LOG_WARN, loop->noun, "its status cannot be shown: %s",
                 strerrordesc_np(errno));
        weft_status_close(made);
        made = NULL;
    }
    *status = made;
    return weftSuccess;
}

void weft_status_close(struct weft_status *status)
{
    if (status == NULL)
        return;
    if (status->running) {
        weft_flag_set(&status->stopping, 1);
        ring(status);
        (void)pthread_join(status->thread, NULL);
    }
    for (uint32_t i = 0; i < WEFT_STATUS_CLIENTS_MAX; i++)
        if (status->clients[i].state != WEFT_STATUS_CLIENT_FREE)
            weft_status_client_drop(&status->clients[i]);
    if (status->bell_fd >= 0)
        (void)close(status->bell_fd);
    if (status->unix_fd >= 0)
        (void)close(status->unix_fd);
    if (status->port_fd >= 0)
        (void)close(status->port_fd);
    free(status->snapshot);
    free(status->text);
    free(status);
}
