/* Peers: windows of another process, on another emulated server, over the network.
 *
 * Each test forks a second server before it makes a comm (a forked driver is of no use). It owns a
 * window on a GPU and one in host memory, gives their keys through a pipe, and does what it is told
 * by single letters. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conform.h"

#define SERVER_SECONDS_MAX 100

#define AREA_BYTES  MIB(16)
#define STAGE_BYTES AREA_BYTES

struct keys {
    weftWindowKey_t gpu;
    weftWindowKey_t dram;
};

/* What the test asks of the server: `letter` with numbers, answered by a number. */
struct order {
    char letter;
    uint32_t seed;
    uint64_t offset;
    uint64_t size;
};

struct server {
    pid_t process;
    int socket;
    struct keys keys;
};

static void send_all(int socket, const void *bytes, size_t size)
{
    const char *at = bytes;

    while (size > 0) {
        ssize_t sent = write(socket, at, size);

        if (sent <= 0)
            _exit(3);
        at += sent;
        size -= (size_t)sent;
    }
}

static bool receive_all(int socket, void *bytes, size_t size)
{
    char *at = bytes;

    while (size > 0) {
        ssize_t got = read(socket, at, size);

        if (got <= 0)
            return false;
        at += got;
        size -= (size_t)got;
    }
    return true;
}

/* ---- the second server ---- */

struct areas {
    struct area gpu;
    struct area dram;
    struct area stage;
};

/* The order came from the process that wrote, not from the thread here that received: a call that
 * this thread's comm answers orders the two, as waiting on a signal would. */
static void meet_progress(weftComm_t comm)
{
    char text[4096];

    SUCCEED(weftExplain(comm, conform_device(comm, "gpu0"), conform_device(comm, "dram0"), 1,
                        weftExplainText, text, sizeof(text)));
}

static uint64_t obey(struct areas *areas, const struct order *order)
{
    uint64_t word = 0;

    switch (order->letter) {
    case 'f': /* fill the host memory */
        conform_fill(&areas->dram, order->offset, order->size, order->seed);
        return 1;
    case 'd': /* does the host memory hold it? */
        return conform_holds(&areas->dram, order->offset, order->size, order->seed);
    case 'g': /* does the GPU? */
        return conform_holds_by(&areas->gpu, &areas->stage, order->size, order->seed);
    case 'F': /* fill the GPU */
        conform_fill_by(&areas->gpu, &areas->stage, order->size, order->seed);
        return 1;
    case 'w': /* the word at an offset of the host memory */
        memcpy(&word, areas->dram.base + order->offset, sizeof(word));
        return word;
    case 'r': /* revoke the window in host memory */
        return (uint64_t)weftWindowRevoke(areas->dram.window);
    default:
        return 0;
    }
}

static void serve(int socket, const char *crypto)
{
    weftComm_t comm =
        conform_comm("net", "tcp", "server_id", "127.0.0.2", "net_crypto", crypto, NULL);
    struct areas areas;
    struct keys keys;
    struct order order;

    conform_area(comm, "gpu1", AREA_BYTES, &areas.gpu);
    conform_area(comm, "dram0", AREA_BYTES, &areas.dram);
    conform_area(comm, "dram0", STAGE_BYTES, &areas.stage);
    SUCCEED(weftWindowGetKey(areas.gpu.window, WEFT_RIGHTS_ALL, &keys.gpu));
    SUCCEED(weftWindowGetKey(areas.dram.window, WEFT_RIGHTS_ALL, &keys.dram));
    send_all(socket, &keys, sizeof(keys));
    while (receive_all(socket, &order, sizeof(order))) {
        uint64_t answer;

        meet_progress(comm);
        answer = obey(&areas, &order);
        meet_progress(comm);
        send_all(socket, &answer, sizeof(answer));
    }
    conform_close(comm);
    _exit(0);
}

/* ---- the test's side ---- */

static struct server server_start(const char *crypto)
{
    struct server server;
    int ends[2];

    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    server.process = fork();
    cr_assert_geq(server.process, 0);
    if (server.process == 0) {
        (void)alarm(SERVER_SECONDS_MAX); /* a failed assertion leaves nothing behind */
        close(ends[0]);
        serve(ends[1], crypto);
    }
    close(ends[1]);
    server.socket = ends[0];
    cr_assert(receive_all(server.socket, &server.keys, sizeof(server.keys)),
              "the second server did not start");
    return server;
}

static uint64_t tell(const struct server *server, char letter, uint64_t offset, uint64_t size,
                     uint32_t seed)
{
    struct order order = {letter, seed, offset, size};
    uint64_t answer = 0;

    send_all(server->socket, &order, sizeof(order));
    cr_assert(receive_all(server->socket, &answer, sizeof(answer)), "the second server is gone");
    return answer;
}

static void server_stop(struct server *server)
{
    int status = 0;

    close(server->socket);
    cr_expect_eq(waitpid(server->process, &status, 0), server->process);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the second server ended with %d",
              status);
}

static weftComm_t first_comm(const char *crypto)
{
    return conform_comm("net", "tcp", "server_id", "127.0.0.1", "net_crypto", crypto, NULL);
}

static void wait_for(weftRequest_t *request)
{
    weftResult_t result = weftWait(request, WEFT_TIMEOUT_DEFAULT);

    cr_assert_eq(result, weftSuccess, "%s", weftGetLastError(NULL));
}

struct first {
    weftComm_t comm;
    struct area gpu;
    struct area dram;
    struct area stage;
    weftWindow_t far_gpu;
    weftWindow_t far_dram;
};

static struct first first_open(const struct server *server, const char *crypto)
{
    struct first first = {.comm = first_comm(crypto)};

    conform_area(first.comm, "gpu1", AREA_BYTES, &first.gpu);
    conform_area(first.comm, "dram0", AREA_BYTES, &first.dram);
    conform_area(first.comm, "dram0", STAGE_BYTES, &first.stage);
    SUCCEED(weftWindowImport(first.comm, &server->keys.gpu, &first.far_gpu));
    SUCCEED(weftWindowImport(first.comm, &server->keys.dram, &first.far_dram));
    return first;
}

static void put_all_kinds(const char *crypto)
{
    static const size_t sizes[] = {1, 4096, 100001, MIB(3), AREA_BYTES};
    struct server server = server_start(crypto);
    struct first first = first_open(&server, crypto);

    for (uint32_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        weftRequest_t request;

        conform_fill(&first.dram, 0, sizes[i], i);
        SUCCEED(
            weftPut(first.far_dram, 0, first.dram.window, 0, sizes[i], first.comm, NULL, &request));
        wait_for(&request);
        cr_assert(tell(&server, 'd', 0, sizes[i], i), "host to host, %zu bytes", sizes[i]);
        conform_fill_by(&first.gpu, &first.stage, sizes[i], i + 100);
        SUCCEED(
            weftPut(first.far_gpu, 0, first.gpu.window, 0, sizes[i], first.comm, NULL, &request));
        wait_for(&request);
        cr_assert(tell(&server, 'g', 0, sizes[i], i + 100), "GPU to GPU, %zu bytes", sizes[i]);
    }
    conform_close(first.comm);
    server_stop(&server);
}

Test(peers, put__plain, .timeout = 120)
{
    put_all_kinds("off");
}

Test(peers, put__authenticated, .timeout = 120)
{
    put_all_kinds("integrity");
}

Test(peers, put__encrypted, .timeout = 120)
{
    put_all_kinds("full");
}

Test(peers, get__all_kinds_of_memory, .timeout = 120)
{
    static const size_t sizes[] = {1, 100001, MIB(5)};
    struct server server = server_start("off");
    struct first first = first_open(&server, "off");

    for (uint32_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        weftRequest_t request;

        tell(&server, 'f', 0, sizes[i], i + 7);
        SUCCEED(
            weftGet(first.dram.window, 0, first.far_dram, 0, sizes[i], first.comm, NULL, &request));
        wait_for(&request);
        cr_assert(conform_holds(&first.dram, 0, sizes[i], i + 7));
        tell(&server, 'F', 0, sizes[i], i + 70);
        SUCCEED(
            weftGet(first.gpu.window, 0, first.far_gpu, 0, sizes[i], first.comm, NULL, &request));
        wait_for(&request);
        cr_assert(conform_holds_by(&first.gpu, &first.stage, sizes[i], i + 70));
    }
    conform_close(first.comm);
    server_stop(&server);
}

/* The word is raised after the bytes, once for each transfer. */
Test(peers, put_signal__after_the_bytes, .timeout = 120)
{
    struct server server = server_start("off");
    struct first first = first_open(&server, "off");
    weftRequest_t request;

    tell(&server, 'f', 0, AREA_BYTES, 0);
    conform_fill(&first.dram, 0, MIB(1), 3);
    for (uint32_t i = 0; i < 8; i++) {
        uint64_t before = tell(&server, 'w', AREA_BYTES - 8, 8, 0);

        SUCCEED(weftPutSignal(first.far_dram, 0, first.dram.window, 0, MIB(1), first.far_dram,
                              AREA_BYTES - 8, 1, weftSignalAdd, first.comm, NULL, &request));
        wait_for(&request);
        cr_assert_eq(tell(&server, 'w', AREA_BYTES - 8, 8, 0), before + 1);
        cr_assert(tell(&server, 'd', 0, MIB(1), 3));
    }
    conform_close(first.comm);
    server_stop(&server);
}

Test(peers, revoke__ends_what_comes_after, .timeout = 120)
{
    struct server server = server_start("off");
    struct first first = first_open(&server, "off");
    weftRequest_t request;

    conform_fill(&first.dram, 0, MIB(1), 5);
    SUCCEED(weftPut(first.far_dram, 0, first.dram.window, 0, MIB(1), first.comm, NULL, &request));
    wait_for(&request);
    cr_assert_eq(tell(&server, 'r', 0, 0, 0), weftSuccess);
    conform_fill(&first.dram, 0, MIB(1), 6);
    SUCCEED(weftPut(first.far_dram, 0, first.dram.window, 0, MIB(1), first.comm, NULL, &request));
    EXPECT(weftWait(&request, WEFT_TIMEOUT_DEFAULT), weftCancelled);
    EXPECT_WORD("revoked");
    cr_assert(tell(&server, 'd', 0, MIB(1), 5), "nothing of it landed");
    EXPECT(weftWaitSignal(first.far_gpu, 0, 1, first.comm, NULL, 0), weftInvalidUsage);
    EXPECT_WORD("another process");
    /* The other window, over the same lanes, is as before. */
    conform_fill_by(&first.gpu, &first.stage, MIB(1), 8);
    SUCCEED(weftPut(first.far_gpu, 0, first.gpu.window, 0, MIB(1), first.comm, NULL, &request));
    wait_for(&request);
    cr_assert(tell(&server, 'g', 0, MIB(1), 8));
    conform_close(first.comm);
    server_stop(&server);
}

/* A peer that is killed: an error that names it, within the deadline, and nothing hangs. */
Test(peers, put__to_a_peer_that_dies, .timeout = 120)
{
    struct server server = server_start("off");
    struct first first = first_open(&server, "off");
    weftRequest_t request;
    weftResult_t result;

    kill(server.process, SIGKILL);
    cr_assert_eq(waitpid(server.process, NULL, 0), server.process);
    SUCCEED(weftPut(first.far_gpu, 0, first.gpu.window, 0, AREA_BYTES, first.comm, NULL, &request));
    result = weftWait(&request, WEFT_TIMEOUT_DEFAULT);
    cr_assert(result == weftRemoteError || result == weftUnknown || result == weftTimeout, "%s",
              weftGetErrorString(result));
    EXPECT_WORD("127.0.0.2:gpu1");
    close(server.socket);
    (void)weftCommAbort(first.comm);
    (void)weftCommDestroy(first.comm);
}

Test(peers, import__refused, .timeout = 120)
{
    struct server server = server_start("full");
    weftComm_t off = conform_comm(NULL);
    weftWindow_t window;

    EXPECT(weftWindowImport(off, &server.keys.gpu, &window), weftInvalidUsage);
    EXPECT_WORD("net is off");
    conform_close(off);
    server_stop(&server);
}
