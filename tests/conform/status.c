/* A comm shows its status while it works; who asks slowly, wrongly or too much disturbs nobody. */
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "host/status.h"
#include "peers_server.h"

#define ANSWER_BYTES MIB(2)
#define ANSWER_MS    20000 /* a machine may be busy */
#define PORT         41900 /* with the next 15: whichever is free */

#define GET_TEXT "GET / HTTP/1.0\r\n\r\n"
#define GET_JSON "GET /json HTTP/1.0\r\n\r\n"

static char answer[ANSWER_BYTES];

/* The status socket of a comm of this process, or -1. */
static int dial(uint32_t number)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    char name[WEFT_STATUS_NAME_BYTES];
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    weft_status_name(name, (int)getpid(), number, 0);
    memcpy(at.sun_path + 1, name, strlen(name));
    if (connect(fd, (struct sockaddr *)&at,
                (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name))) == 0)
        return fd;
    (void)close(fd);
    return -1;
}

static void say(int fd, const void *bytes, size_t size)
{
    /* It may have been dropped already: that is its right. */
    (void)!send(fd, bytes, size, MSG_NOSIGNAL);
}

/* Reads until the other side closes; the bytes are in `answer`. */
static size_t hear(int fd)
{
    size_t used = 0;

    for (;;) {
        struct pollfd looked = {.fd = fd, .events = POLLIN};
        ssize_t got;

        cr_assert_eq(poll(&looked, 1, ANSWER_MS), 1, "no answer in time");
        got = recv(fd, answer + used, sizeof(answer) - 1 - used, 0);
        if (got <= 0)
            break;
        used += (size_t)got;
    }
    answer[used] = '\0';
    (void)close(fd);
    return used;
}

static const char *ask(uint32_t comm, const char *request)
{
    int fd = dial(comm);

    cr_assert_geq(fd, 0, "nothing listens");
    say(fd, request, strlen(request));
    (void)hear(fd);
    return answer;
}

#define EXPECT_IN(text, word)                                                                      \
    cr_assert_not_null(strstr((text), (word)), "no \"%s\" in: %.400s", (word), (text))

/* Lanes come up one after the other, and peers greet: asks until it is so. The test's own timeout
 * ends it. */
static void await(const char *request, const char *word)
{
    while (strstr(ask(0, request), word) == NULL)
        ;
}

Test(status, off__nothing_listens, .timeout = 60)
{
    weftComm_t comm = conform_comm(NULL);

    cr_expect_eq(dial(0), -1);
    conform_close(comm);
}

Test(status, setting__wrong_ones_are_refused, .timeout = 60)
{
    static const char *const wrong[] = {"", "yes", "0", "65536", "9100x", "127.0.0.1:1"};

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        weftConfig_t config = conform_config("status", wrong[i], NULL);
        weftComm_t comm;

        EXPECT(weftCommInit(&comm, config), weftInvalidArgument);
        EXPECT_WORD("it is off, on or a port");
        SUCCEED(weftConfigDestroy(config));
    }
}

Test(status, shown__what_was_moved, .timeout = 60)
{
    weftComm_t comm = conform_comm("status", "on", NULL);
    struct area host;
    struct area gpu;

    conform_area(comm, "dram0", MIB(8), &host);
    conform_area(comm, "gpu0", MIB(8), &gpu);
    conform_fill_by(&gpu, &host, MIB(8), 1);
    EXPECT_IN(ask(0, GET_TEXT), "HTTP/1.0 200 OK\r\n");
    EXPECT_IN(answer, "EMULATED machine hgx-h100, dilation 20");
    EXPECT_IN(answer, "dram0>gpu0 ");
    EXPECT_IN(ask(0, GET_JSON), "Content-Type: application/json");
    EXPECT_IN(answer, "\"emulated\":{\"node\":\"hgx-h100\",\"dilation\":20}");
    EXPECT_IN(answer, "\"route\":\"dram0>gpu0\"");
    EXPECT_IN(answer, "\"transfers\":1,\"transfers_live\":0,\"transfers_queued\":0");
    EXPECT_IN(answer, "\"net\":null}");
    EXPECT_IN(ask(0, "GET /x HTTP/1.0\r\n\r\n"), "HTTP/1.0 404 ");
    EXPECT_IN(ask(0, "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n"), "HTTP/1.0 403 ");
    EXPECT_IN(ask(0, "\x16\x03\x01\x02"), "HTTP/1.0 400 ");
    conform_close(comm);
    cr_expect_eq(dial(0), -1);
}

Test(status, peers__lanes_and_counts, .timeout = 120)
{
    struct server_settings there = {"127.0.0.2", "full", MIB(1), NULL, NULL};
    struct server_settings here = {"127.0.0.1", "full", MIB(1), "status", "on"};
    struct server server = peers_server_start(&there);
    struct first first = peers_first_open(&server, &here);
    weftRequest_t request;

    conform_fill(&first.dram, 0, MIB(1), 1);
    SUCCEED(weftPut(first.far_dram, 0, first.dram.window, 0, MIB(1), first.comm, NULL, &request));
    peers_wait(&request);
    await(GET_TEXT, "peer 127.0.0.2: ready, lanes 8 of 8 up");
    await(GET_JSON, "{\"up\":true,\"nic\":7,\"peer_nic\":7,\"sent_bytes\":");
    EXPECT_IN(answer, "\"net\":{\"transport\":\"tcp\",\"accepted\":");
    EXPECT_IN(answer, "\"wrong_secrets\":0,\"slow\":");
    EXPECT_IN(answer, "{\"name\":\"127.0.0.2\",\"state\":\"ready\"");
    EXPECT_IN(answer, ",\"127.0.0.2:nic");
    conform_close(first.comm);
    peers_server_stop(&server);
}

static int dial_port(uint32_t port)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0)
        return fd;
    (void)close(fd);
    return -1;
}

/* Two comms with one setting: the second one takes a port further on. */
Test(status, port__each_comm_has_its_own, .timeout = 60)
{
    char pid[64];
    char setting[16];
    weftComm_t first;
    weftComm_t second;
    uint32_t found = 0;

    (void)snprintf(setting, sizeof(setting), "%u", PORT);
    (void)snprintf(pid, sizeof(pid), "process %d, comm ", (int)getpid());
    first = conform_comm("status", setting, NULL);
    second = conform_comm("status", setting, NULL);
    for (uint32_t port = PORT; port < PORT + WEFT_STATUS_PORTS_MAX; port++) {
        int fd = dial_port(port);

        if (fd < 0)
            continue;
        say(fd, GET_TEXT, strlen(GET_TEXT));
        (void)hear(fd);
        found += strstr(answer, pid) != NULL;
    }
    cr_expect_eq(found, 2);
    conform_close(first);
    conform_close(second);
}

/* ---- while it works, and while it is pestered ---- */

struct pest {
    pthread_t thread;
    atomic_bool stop;
    atomic_uint rounds;
    void (*round)(unsigned *state);
};

static void *pester(void *argument)
{
    struct pest *pest = argument;
    unsigned state = 12345;

    while (!atomic_load(&pest->stop)) {
        pest->round(&state);
        atomic_fetch_add(&pest->rounds, 1);
    }
    return NULL;
}

static void ask_and_go(unsigned *state)
{
    int fd = dial(0);

    (void)state;
    if (fd < 0)
        return;
    say(fd, GET_JSON, strlen(GET_JSON));
    (void)close(fd);
}

static void scan(unsigned *state)
{
    (void)state;
    (void)close(dial(0));
}

static void say_anything(unsigned *state)
{
    unsigned char bytes[512];
    int fd = dial(0);

    if (fd < 0)
        return;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        *state = *state * 1664525u + 1013904223u;
        bytes[i] = (unsigned char)(*state >> 24);
    }
    say(fd, bytes, 1 + (*state >> 16) % sizeof(bytes));
    (void)close(fd);
}

/* Begins a request and leaves it there; the places for clients are soon full of such. */
static void stall(unsigned *state)
{
    static int held[2 * WEFT_STATUS_CLIENTS_MAX];
    int *mine = &held[(*state)++ % (2 * WEFT_STATUS_CLIENTS_MAX)];

    if (*mine > 0)
        (void)close(*mine);
    *mine = dial(0);
    if (*mine >= 0)
        say(*mine, "GET /js", 7);
}

static void move(const struct area *gpu, const struct area *host)
{
    for (uint32_t i = 0; i < 4; i++) {
        conform_fill_by(gpu, host, MIB(8), i);
        cr_assert(conform_holds_by(gpu, host, MIB(8), i));
    }
}

Test(status, pestered__transfers_and_answers_go_on, .timeout = 240)
{
    static struct pest pests[] = {
        {.round = ask_and_go}, {.round = scan}, {.round = say_anything}, {.round = stall}};
    weftComm_t comm = conform_comm("status", "on", "timeout_ms", "4000", NULL);
    struct area host;
    struct area gpu;

    conform_area(comm, "dram0", MIB(8), &host);
    conform_area(comm, "gpu0", MIB(8), &gpu);
    for (size_t i = 0; i < sizeof(pests) / sizeof(pests[0]); i++) {
        cr_assert_eq(pthread_create(&pests[i].thread, NULL, pester, &pests[i]), 0);
        move(&gpu, &host);
        atomic_store(&pests[i].stop, true);
        cr_assert_eq(pthread_join(pests[i].thread, NULL), 0);
        cr_expect_gt(atomic_load(&pests[i].rounds), 0);
        EXPECT_IN(ask(0, GET_TEXT), "HTTP/1.0 200 OK\r\n");
    }
    conform_close(comm);
}

/* One that reads nothing gets what fits into its socket, and the others get theirs. */
Test(status, slow_reader__is_not_waited_for, .timeout = 60)
{
    weftComm_t comm = conform_comm("status", "on", NULL);
    int small = 1;
    int slow = dial(0);

    cr_assert_geq(slow, 0);
    (void)setsockopt(slow, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    say(slow, GET_JSON, strlen(GET_JSON));
    for (uint32_t i = 0; i < 8; i++)
        EXPECT_IN(ask(0, GET_JSON), "\"net\":null}");
    /* It was kept all the while, and has its whole answer when it reads at last. */
    (void)hear(slow);
    EXPECT_IN(answer, "\"net\":null}");
    conform_close(comm);
}
