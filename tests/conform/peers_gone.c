/* Peers whose process ends, stops, or is started again. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "../unit/capture.h"
#include "api/comm.h"
#include "host/log.h"
#include "host/peers.h"
#include "peers_server.h"

static const struct server_settings second = {"127.0.0.2", "off", AREA_BYTES, NULL, NULL};

/* A deadline far behind what the test waits for: who ends sooner has been told. */
static const struct server_settings patient = {"127.0.0.1", "off", AREA_BYTES, "timeout_ms",
                                               "4000"};

#define LIVES 10 /* of one server */
#define NICS  8  /* of the emulated machine */

static void expect_gone(weftRequest_t *request)
{
    EXPECT(weftWait(request, WEFT_TIMEOUT_DEFAULT), weftRemoteError);
    EXPECT_WORD("127.0.0.2:");
    EXPECT_WORD("the process there has ended");
}

Test(peers_gone, killed__what_is_under_way_ends_and_names_it, .timeout = 120)
{
    struct server server = peers_server_start(&second);
    struct first first = peers_first_open(&server, &patient);
    struct timespec begun;
    struct timespec ended;
    weftRequest_t requests[3];
    weftWindow_t window;

    conform_fill(&first.dram, 0, AREA_BYTES, 1);
    peers_server_halt(&server); /* so that they are under way still */
    SUCCEED(weftPut(first.far_dram, 0, first.dram.window, 0, AREA_BYTES, first.comm, NULL,
                    &requests[0]));
    SUCCEED(weftGet(first.stage.window, 0, first.far_dram, 0, AREA_BYTES, first.comm, NULL,
                    &requests[1]));
    SUCCEED(weftPutSignal(first.far_dram, 0, first.dram.window, 0, 8, first.far_dram,
                          AREA_BYTES - 8, 1, weftSignalAdd, first.comm, NULL, &requests[2]));
    peers_server_kill(&server);
    clock_gettime(CLOCK_MONOTONIC, &begun);
    for (uint32_t i = 0; i < 3; i++)
        expect_gone(&requests[i]);
    clock_gettime(CLOCK_MONOTONIC, &ended);
    /* The deadline is 80 s of ours. */
    cr_assert_lt(ended.tv_sec - begun.tv_sec, 20);
    /* What comes later ends so, too, and nobody is reached by the keys. */
    SUCCEED(weftPut(first.far_gpu, 0, first.dram.window, 0, 8, first.comm, NULL, &requests[0]));
    expect_gone(&requests[0]);
    SUCCEED(weftGet(first.dram.window, 0, first.far_gpu, 0, 8, first.comm, NULL, &requests[1]));
    expect_gone(&requests[1]);
    EXPECT(weftWindowImport(first.comm, &server.keys.gpu, &window), weftRemoteError);
    EXPECT_WORD("127.0.0.2");
    SUCCEED(weftWindowDeregister(first.far_dram));
    SUCCEED(weftWindowDeregister(first.far_gpu));
    SUCCEED(weftWindowDeregister(first.dram.window));
    conform_close(first.comm);
}

/* More often than there are places for peers, and than the world has room for servers. */
Test(peers_gone, started_again__is_another_peer, .timeout = 120)
{
    static const struct server_settings few = {"127.0.0.1", "off", AREA_BYTES, "peers_max", "2"};
    struct server servers[LIVES];
    struct first first;
    weftRequest_t request;

    for (uint32_t i = 0; i < LIVES; i++)
        servers[i] = peers_server_fork(&second);
    peers_server_begin(&servers[0]);
    first = peers_first_open(&servers[0], &few);
    for (uint32_t i = 0; i < LIVES; i++) {
        struct server server = servers[i];

        peers_put_dram(&server, &first, MIB(1), i);
        peers_put_gpu(&server, &first, MIB(1), i + 50);
        memset(first.stage.base, 0, MIB(1));
        SUCCEED(
            weftGet(first.stage.window, 0, first.far_dram, 0, MIB(1), first.comm, NULL, &request));
        peers_wait(&request);
        cr_assert(conform_holds(&first.stage, 0, MIB(1), i));
        peers_server_kill(&server);
        SUCCEED(weftPut(first.far_dram, 0, first.dram.window, 0, 8, first.comm, NULL, &request));
        expect_gone(&request);
        SUCCEED(weftWindowDeregister(first.far_dram));
        SUCCEED(weftWindowDeregister(first.far_gpu));
        if (i + 1 == LIVES)
            break;
        peers_server_begin(&servers[i + 1]);
        SUCCEED(weftWindowImport(first.comm, &servers[i + 1].keys.gpu, &first.far_gpu));
        SUCCEED(weftWindowImport(first.comm, &servers[i + 1].keys.dram, &first.far_dram));
    }
    conform_close(first.comm);
}

Test(peers_gone, stopped__goes_on_when_it_comes_back, .timeout = 120)
{
    struct server server = peers_server_start(&second);
    struct first first = peers_first_open(&server, &patient);
    weftRequest_t requests[3];

    peers_tell(&server, 'f', 0, AREA_BYTES, 9);
    conform_fill_by(&first.gpu, &first.stage, AREA_BYTES, 1);
    peers_server_halt(&server);
    SUCCEED(
        weftPut(first.far_gpu, 0, first.gpu.window, 0, AREA_BYTES, first.comm, NULL, &requests[0]));
    SUCCEED(weftGet(first.stage.window, 0, first.far_dram, 0, AREA_BYTES, first.comm, NULL,
                    &requests[1]));
    SUCCEED(weftSignal(first.far_dram, AREA_BYTES - 8, 77, weftSignalSet, first.comm, NULL,
                       &requests[2]));
    /* Longer than any lane's silence, so that all are given up. */
    EXPECT(weftWait(&requests[0], MS(60)), weftInProgress);
    kill(server.process, SIGCONT);
    for (uint32_t i = 0; i < 3; i++)
        peers_wait(&requests[i]);
    cr_assert(peers_tell(&server, 'g', 0, AREA_BYTES, 1));
    cr_assert_eq(peers_tell(&server, 'w', AREA_BYTES - 8, 8, 0), 77);
    cr_assert(conform_holds(&first.stage, 0, AREA_BYTES - 8, 9));
    conform_close(first.comm);
    peers_server_stop(&server);
}

/* Nobody comes back: the deadline, and then no fetch writes into the memory any more. */
Test(peers_gone, stopped__ends_at_the_deadline, .timeout = 120)
{
    static const struct server_settings hasty = {"127.0.0.1", "off", AREA_BYTES, "timeout_ms",
                                                 "100"};
    struct server server = peers_server_start(&second);
    struct first first = peers_first_open(&server, &hasty);
    weftRequest_t put;
    weftRequest_t get;
    weftResult_t result;

    peers_tell(&server, 'f', 0, AREA_BYTES, 9);
    peers_server_halt(&server);
    SUCCEED(weftPut(first.far_gpu, 0, first.gpu.window, 0, MIB(1), first.comm, NULL, &put));
    SUCCEED(weftGet(first.stage.window, 0, first.far_dram, 0, MIB(1), first.comm, NULL, &get));
    EXPECT(weftWait(&get, WEFT_TIMEOUT_DEFAULT), weftTimeout);
    EXPECT_WORD("127.0.0.2:dram0");
    conform_fill(&first.stage, 0, MIB(1), 33);
    result = weftWait(&put, WEFT_TIMEOUT_DEFAULT);
    cr_assert(result == weftUnknown || result == weftRemoteError || result == weftTimeout, "%s",
              weftGetErrorString(result));
    EXPECT_WORD("127.0.0.2:gpu1");
    kill(server.process, SIGCONT);
    /* When a later put has arrived, what the server had still to do is done. */
    conform_fill(&first.dram, 0, MIB(1), 34);
    do {
        SUCCEED(
            weftPut(first.far_dram, MIB(2), first.dram.window, 0, MIB(1), first.comm, NULL, &put));
        result = weftWait(&put, WEFT_TIMEOUT_DEFAULT);
    } while (result != weftSuccess);
    cr_assert(conform_holds(&first.stage, 0, MIB(1), 33), "a get landed after its end");
    SUCCEED(weftGet(first.stage.window, 0, first.far_dram, 0, MIB(1), first.comm, NULL, &get));
    peers_wait(&get);
    cr_assert(conform_holds(&first.stage, 0, MIB(1), 9));
    conform_close(first.comm);
    peers_server_stop(&server);
}

/* ---- what is said of it ---- */

static weftResult_t count_gone(struct weft_loop *loop, struct weft_command *command, weft_ns now)
{
    (void)now;
    command->copies = 0;
    for (uint32_t i = 0; i < WEFT_PEERS_MAX; i++)
        command->copies += loop->peers->peers[i].state == WEFT_PEER_GONE;
    return weftSuccess;
}

/* Until the comm has seen that its peer went. */
static void await_gone(weftComm_t comm)
{
    struct weft_command command = {.run = count_gone, .deadline_at = WEFT_NEVER};

    while (command.copies == 0)
        cr_assert_eq(weft_loop_call(weft_comm_find(comm)->loop, &command), weftSuccess);
}

/* Closes the server in order; true if what the test's own comm says of that begins with `label`. */
static bool stop_is_told(struct server *server, weftComm_t comm, const char *label)
{
    static char text[16384];
    const char *said;

    weft_log_level_set(WEFT_LOG_INFO);
    capture_begin();
    peers_server_stop(server);
    await_gone(comm);
    capture_end(text, sizeof(text));
    said = strstr(text, "the peer has closed its side");
    /* Under a put its goodbye may be lost with what it had not read. */
    if (said == NULL)
        said = strstr(text, "its process has ended");
    cr_assert_not_null(said, "%s", text);
    while (said > text && said[-1] != '\n')
        said--;
    return strncmp(said, label, strlen(label)) == 0;
}

Test(peers_gone, closed__is_no_warning, .timeout = 120)
{
    struct server server = peers_server_start(&second);
    struct first first = peers_first_open(&server, &patient);
    weftRequest_t request;

    SUCCEED(weftPut(first.far_dram, 0, first.dram.window, 0, MIB(1), first.comm, NULL, &request));
    peers_wait(&request);
    cr_assert(stop_is_told(&server, first.comm, "weft INFO "));
    conform_close(first.comm);
}

Test(peers_gone, closed_under_a_put__is_a_warning, .timeout = 120)
{
    struct server server = peers_server_start(&second);
    struct first first = peers_first_open(&server, &patient);
    weftRequest_t request;

    /* So slow that it is under way for longer than the server takes to end. */
    for (uint32_t i = 0; i < NICS; i++) {
        char link[32];

        (void)snprintf(link, sizeof(link), "nic%u-net", i);
        conform_link(first.comm, link, WEFT_EMU_LINK_UP, 1);
    }
    SUCCEED(
        weftPut(first.far_dram, 0, first.dram.window, 0, AREA_BYTES, first.comm, NULL, &request));
    /* Or the put has ended when the side is closed: the server takes its window back before. */
    if (stop_is_told(&server, first.comm, "weft WARN "))
        expect_gone(&request);
    else
        EXPECT(weftWait(&request, WEFT_TIMEOUT_DEFAULT), weftCancelled);
    conform_close(first.comm);
}
