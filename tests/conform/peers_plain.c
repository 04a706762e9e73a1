/* Peers on a machine that is not emulated: callers that wait drive their comm themselves. */
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conform.h"

#define BYTES       MIB(2)
#define WORDS       (BYTES - KIB(1)) /* signals lie behind the data */
#define SECONDS_MAX 100
#define THREADS     4
#define PUTS        200
#define EXCHANGES   500

struct member {
    weftComm_t comm;
    struct area area;
    weftWindow_t other;
};

static struct member member_open(int socket, const char *siblings)
{
    struct member member = {0};
    weftConfig_t config;
    weftWindowKey_t key;

    SUCCEED(weftConfigCreate(&config));
    SUCCEED(weftConfigSet(config, "net", "tcp"));
    SUCCEED(weftConfigSet(config, "net_crypto", "off"));
    SUCCEED(weftConfigSet(config, "net_siblings", siblings));
    SUCCEED(weftConfigSet(config, "log", "error"));
    SUCCEED(weftCommInit(&member.comm, config));
    SUCCEED(weftConfigDestroy(config));
    conform_area(member.comm, "dram0", BYTES, &member.area);
    memset(member.area.base, 0, BYTES);
    SUCCEED(weftWindowGetKey(member.area.window, WEFT_RIGHTS_ALL, &key));
    cr_assert_eq(write(socket, &key, sizeof(key)), (ssize_t)sizeof(key));
    cr_assert_eq(recv(socket, &key, sizeof(key), MSG_WAITALL), (ssize_t)sizeof(key));
    SUCCEED(weftWindowImport(member.comm, &key, &member.other));
    return member;
}

static void member_close(struct member *member, int socket)
{
    char mark = 0;

    cr_assert_eq(write(socket, &mark, 1), 1);
    cr_assert_eq(recv(socket, &mark, 1, MSG_WAITALL), 1);
    SUCCEED(weftWindowDeregister(member->other));
    conform_close(member->comm);
}

static void put_signal(const struct member *member, size_t size, uint64_t value)
{
    SUCCEED(weftPutSignal(member->other, 0, member->area.window, 0, size, member->other, WORDS,
                          value, weftSignalSet, member->comm, NULL, NULL));
}

static void await(const struct member *member, uint64_t value)
{
    SUCCEED(weftWaitSignal(member->area.window, WORDS, value, member->comm, NULL,
                           WEFT_TIMEOUT_DEFAULT));
}

/* Small and large ones: the one goes with its signal, the other before it. */
static size_t size_of(uint64_t turn)
{
    return turn % 16 == 0 ? MIB(1) : 64;
}

/* A byte that the other process, or a thread at its word, has read before: how that orders them the
 * thread sanitizer cannot see. */
__attribute__((no_sanitize("thread"))) static void first_byte_set(struct area *area, uint64_t value)
{
    area->base[0] = (unsigned char)value;
}

__attribute__((no_sanitize("thread"))) static unsigned char first_byte(const struct area *area)
{
    return area->base[0];
}

/* A second process that answers each signal with one. */
static pid_t answerer_fork(int ends[2], const char *siblings)
{
    pid_t process;

    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    process = fork();
    cr_assert_geq(process, 0);
    if (process == 0) {
        struct member member;

        (void)alarm(SECONDS_MAX); /* a failed assertion leaves nothing behind */
        close(ends[0]);
        member = member_open(ends[1], siblings);
        for (uint64_t i = 1; i <= EXCHANGES; i++) {
            await(&member, i);
            /* The bytes came before the word. */
            cr_assert_eq(first_byte(&member.area), (unsigned char)i);
            first_byte_set(&member.area, i + 1);
            put_signal(&member, size_of(i), i);
        }
        SUCCEED(weftFlush(member.comm, WEFT_TIMEOUT_DEFAULT));
        member_close(&member, ends[1]);
        _exit(0);
    }
    close(ends[1]);
    return process;
}

struct putter {
    pthread_t thread;
    const struct member *member;
    size_t offset;
};

/* Each thread waits for its own, so that they take turns at driving. */
static void *put_many(void *argument)
{
    const struct putter *putter = argument;
    const struct member *member = putter->member;

    for (uint32_t i = 0; i < PUTS; i++) {
        size_t size = i % 3 == 0 ? KIB(64) : 256;
        weftRequest_t request;

        SUCCEED(weftPut(member->other, putter->offset, member->area.window, putter->offset, size,
                        member->comm, NULL, &request));
        SUCCEED(weftWait(&request, WEFT_TIMEOUT_DEFAULT));
    }
    return NULL;
}

static void exchange(const char *siblings)
{
    int ends[2];
    pid_t process = answerer_fork(ends, siblings);
    struct member member = member_open(ends[0], siblings);
    struct putter putters[THREADS];
    int status = 0;

    for (uint32_t i = 0; i < THREADS; i++) {
        putters[i] = (struct putter){.member = &member, .offset = MIB(1) + KIB(64) * i};
        cr_assert_eq(pthread_create(&putters[i].thread, NULL, put_many, &putters[i]), 0);
    }
    for (uint64_t i = 1; i <= EXCHANGES; i++) {
        first_byte_set(&member.area, i);
        put_signal(&member, size_of(i), i);
        await(&member, i);
        cr_assert_eq(first_byte(&member.area), (unsigned char)(i + 1));
    }
    for (uint32_t i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_join(putters[i].thread, NULL), 0);
    SUCCEED(weftFlush(member.comm, WEFT_TIMEOUT_DEFAULT));
    member_close(&member, ends[0]);
    cr_expect_eq(waitpid(process, &status, 0), process);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the other one ended with %d", status);
}

Test(peers_plain, callers__drive_in_turn, .timeout = 120)
{
    exchange("net");
}

/* Each signal is written by the other process, into memory that both have open. */
Test(peers_plain, callers__are_woken_by_a_sibling, .timeout = 120)
{
    exchange("ipc");
}
