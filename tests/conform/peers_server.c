/* Servers in processes of their own; see peers_server.h. */
#include "peers_server.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define SERVER_SECONDS_MAX 100
#define SIGNALS            8

const char *peers_net(void)
{
    const char *name = getenv("PEERS_NET");

    return name != NULL ? name : "tcp";
}

static void send_all(int socket, const void *bytes, size_t size)
{
    const char *at = bytes;

    while (size > 0) {
        ssize_t sent = send(socket, at, size, MSG_NOSIGNAL);

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

/* ---- in the server ---- */

struct areas {
    weftComm_t comm;
    struct area gpu;
    struct area dram;
    struct area stage;
    weftWindow_t far;
    weftRequest_t request;
};

/* The order came from the process that wrote, not from the thread here that received: a call that
 * this thread's comm answers orders the two, as waiting on a signal would. */
static void meet_progress(weftComm_t comm)
{
    char text[4096];

    SUCCEED(weftExplain(comm, conform_device(comm, "gpu0"), conform_device(comm, "dram0"), 1,
                        weftExplainText, text, sizeof(text)));
}

static uint64_t put_back(struct areas *areas, const struct order *order)
{
    conform_fill(&areas->stage, order->offset, order->size, order->seed);
    return (uint64_t)weftPut(areas->far, order->offset, areas->stage.window, order->offset,
                             order->size, areas->comm, NULL, &areas->request);
}

static uint64_t set_nic(const struct areas *areas, const struct order *order)
{
    char link[32];

    (void)snprintf(link, sizeof(link), "nic%u-net", order->seed);
    conform_link(areas->comm, link, order->size == 0 ? WEFT_EMU_LINK_CUT : WEFT_EMU_LINK_UP,
                 order->size == 0 ? 1000 : (unsigned)order->size);
    return 1;
}

static uint64_t obey(struct areas *areas, const struct order *order)
{
    uint64_t word = 0;

    switch (order->letter) {
    case 'f':
        conform_fill(&areas->dram, order->offset, order->size, order->seed);
        return 1;
    case 'd':
        return conform_holds(&areas->dram, order->offset, order->size, order->seed);
    case 'g':
        return conform_holds_by(&areas->gpu, &areas->stage, order->size, order->seed);
    case 'F':
        conform_fill_by(&areas->gpu, &areas->stage, order->size, order->seed);
        return 1;
    case 'w':
        memcpy(&word, areas->dram.base + order->offset, sizeof(word));
        return word;
    case 'r':
        return (uint64_t)weftWindowRevoke(areas->dram.window);
    case 'x':
        word = (uint64_t)weftWindowDeregister(areas->dram.window);
        conform_fill(&areas->dram, order->offset, order->size, order->seed);
        return word;
    case 'k':
        return (uint64_t)weftWindowImport(areas->comm, &order->key, &areas->far);
    case 'p':
        return put_back(areas, order);
    case 'n':
        return set_nic(areas, order);
    case 'e':
        return (uint64_t)weftWait(&areas->request, WEFT_TIMEOUT_DEFAULT);
    default:
        return 0;
    }
}

static void serve(int socket, const struct server_settings *settings)
{
    char begin;
    struct areas areas = {0};
    struct keys keys;
    struct order order;

    if (!receive_all(socket, &begin, sizeof(begin)))
        _exit(0);
    areas.comm = conform_comm("net", peers_net(), "server_id", settings->id, "net_crypto",
                              settings->crypto, settings->name, settings->value, NULL);
    conform_area(areas.comm, "gpu1", settings->area_bytes, &areas.gpu);
    conform_area(areas.comm, "dram0", settings->area_bytes, &areas.dram);
    conform_area(areas.comm, "dram0", settings->area_bytes, &areas.stage);
    SUCCEED(weftWindowGetKey(areas.gpu.window, WEFT_RIGHTS_ALL, &keys.gpu));
    SUCCEED(weftWindowGetKey(areas.dram.window, WEFT_RIGHTS_ALL, &keys.dram));
    send_all(socket, &keys, sizeof(keys));
    while (receive_all(socket, &order, sizeof(order)) && order.letter != 'q') {
        uint64_t answer;

        meet_progress(areas.comm);
        answer = obey(&areas, &order);
        meet_progress(areas.comm);
        send_all(socket, &answer, sizeof(answer));
    }
    conform_close(areas.comm);
    _exit(0);
}

/* ---- in the test ---- */

struct server peers_server_fork(const struct server_settings *settings)
{
    struct server server = {0};
    int ends[2];

    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    server.process = fork();
    cr_assert_geq(server.process, 0);
    if (server.process == 0) {
        (void)alarm(SERVER_SECONDS_MAX); /* a failed assertion leaves nothing behind */
        close(ends[0]);
        serve(ends[1], settings);
    }
    close(ends[1]);
    server.socket = ends[0];
    return server;
}

void peers_server_begin(struct server *server)
{
    send_all(server->socket, "b", 1);
    cr_assert(receive_all(server->socket, &server->keys, sizeof(server->keys)),
              "the server did not start");
}

struct server peers_server_start(const struct server_settings *settings)
{
    struct server server = peers_server_fork(settings);

    peers_server_begin(&server);
    return server;
}

static uint64_t ask(const struct server *server, const struct order *order)
{
    uint64_t answer = 0;

    send_all(server->socket, order, sizeof(*order));
    cr_assert(receive_all(server->socket, &answer, sizeof(answer)), "the server is gone");
    return answer;
}

uint64_t peers_tell(const struct server *server, char letter, uint64_t offset, uint64_t size,
                    uint32_t seed)
{
    struct order order = {letter, seed, offset, size, {{0}}};

    return ask(server, &order);
}

void peers_give_key(const struct server *server, const weftWindowKey_t *key)
{
    struct order order = {'k', 0, 0, 0, *key};

    cr_assert_eq(ask(server, &order), (uint64_t)weftSuccess, "the server cannot import");
}

void peers_server_stop(struct server *server)
{
    struct order quit = {.letter = 'q'};
    int status = 0;

    /* Servers that were forked later hold the socket as well: its end alone would not be seen. */
    send_all(server->socket, &quit, sizeof(quit));
    close(server->socket);
    cr_expect_eq(waitpid(server->process, &status, 0), server->process);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the server ended with %d", status);
}

void peers_server_kill(struct server *server)
{
    kill(server->process, SIGKILL);
    cr_assert_eq(waitpid(server->process, NULL, 0), server->process);
    close(server->socket);
}

void peers_server_halt(const struct server *server)
{
    int status = 0;

    kill(server->process, SIGSTOP);
    cr_assert_eq(waitpid(server->process, &status, WUNTRACED), server->process);
    cr_assert(WIFSTOPPED(status));
}

struct first peers_first_open(const struct server *server, const struct server_settings *settings)
{
    struct first first = {.comm = conform_comm("net", peers_net(), "server_id", settings->id,
                                               "net_crypto", settings->crypto, settings->name,
                                               settings->value, NULL)};

    conform_area(first.comm, "gpu1", settings->area_bytes, &first.gpu);
    conform_area(first.comm, "dram0", settings->area_bytes, &first.dram);
    conform_area(first.comm, "dram0", settings->area_bytes, &first.stage);
    SUCCEED(weftWindowImport(first.comm, &server->keys.gpu, &first.far_gpu));
    SUCCEED(weftWindowImport(first.comm, &server->keys.dram, &first.far_dram));
    return first;
}

void peers_wait(weftRequest_t *request)
{
    weftResult_t result = weftWait(request, WEFT_TIMEOUT_DEFAULT);

    cr_assert_eq(result, weftSuccess, "%s", weftGetLastError(NULL));
}

void peers_put_dram(const struct server *server, const struct first *first, size_t size,
                    uint32_t seed)
{
    weftRequest_t request;

    conform_fill(&first->dram, 0, size, seed);
    SUCCEED(weftPut(first->far_dram, 0, first->dram.window, 0, size, first->comm, NULL, &request));
    peers_wait(&request);
    cr_assert(peers_tell(server, 'd', 0, size, seed), "host to host, %zu bytes", size);
}

void peers_put_gpu(const struct server *server, const struct first *first, size_t size,
                   uint32_t seed)
{
    weftRequest_t request;

    conform_fill_by(&first->gpu, &first->stage, size, seed);
    SUCCEED(weftPut(first->far_gpu, 0, first->gpu.window, 0, size, first->comm, NULL, &request));
    peers_wait(&request);
    cr_assert(peers_tell(server, 'g', 0, size, seed), "GPU to GPU, %zu bytes", size);
}

void peers_put_signals(const struct server *server, const struct first *first)
{
    size_t word_at = first->dram.size - sizeof(uint64_t);

    peers_tell(server, 'f', 0, first->dram.size, 0);
    conform_fill(&first->dram, 0, MIB(1), 3);
    for (uint32_t i = 0; i < SIGNALS; i++) {
        uint64_t before = peers_tell(server, 'w', word_at, sizeof(uint64_t), 0);
        weftRequest_t request;

        SUCCEED(weftPutSignal(first->far_dram, 0, first->dram.window, 0, MIB(1), first->far_dram,
                              word_at, 1, weftSignalAdd, first->comm, NULL, &request));
        peers_wait(&request);
        cr_assert_eq(peers_tell(server, 'w', word_at, sizeof(uint64_t), 0), before + 1);
        cr_assert(peers_tell(server, 'd', 0, MIB(1), 3));
    }
}
