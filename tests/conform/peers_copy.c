/* Copies between windows of two other processes: what lands, by which right, and how they end. */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "host/window_key.h"
#include "peers_server.h"

static const struct server_settings second = {"127.0.0.2", "full", AREA_BYTES, NULL, NULL};
static const struct server_settings third = {"127.0.0.3", "full", AREA_BYTES, NULL, NULL};
static const struct server_settings here = {"127.0.0.1", "full", AREA_BYTES, NULL, NULL};

/* A deadline far behind what the test waits for: who ends sooner has been told. */
static const struct server_settings patient = {"127.0.0.1", "full", AREA_BYTES, "timeout_ms",
                                               "4000"};

/* b has the bytes, c gets them, and the caller's comm has imported windows of both. */
struct trio {
    struct server b;
    struct server c;
    struct first first;
    weftWindow_t c_dram;
    weftWindow_t c_gpu;
};

static struct trio trio_of(const struct server_settings *b, const struct server_settings *c,
                           const struct server_settings *caller)
{
    struct trio trio = {.b = peers_server_start(b), .c = peers_server_start(c)};

    trio.first = peers_first_open(&trio.b, caller);
    SUCCEED(weftWindowImport(trio.first.comm, &trio.c.keys.dram, &trio.c_dram));
    SUCCEED(weftWindowImport(trio.first.comm, &trio.c.keys.gpu, &trio.c_gpu));
    return trio;
}

static struct trio trio_open(const struct server_settings *c, const struct server_settings *caller)
{
    return trio_of(&second, c, caller);
}

static void trio_close(struct trio *trio)
{
    conform_close(trio->first.comm);
    peers_server_stop(&trio->b);
    peers_server_stop(&trio->c);
}

static void begin(const struct trio *trio, size_t size, weftRequest_t *request)
{
    SUCCEED(
        weftCopy(trio->c_dram, 0, trio->first.far_dram, 0, size, trio->first.comm, NULL, request));
}

/* Nothing may land at c from now on. */
static void expect_quiet(const struct trio *trio)
{
    cr_assert(peers_tell(&trio->c, 'f', 0, AREA_BYTES, 77));
    cr_assert(peers_tell(&trio->b, 'f', 0, AREA_BYTES, 78));
    for (uint32_t i = 0; i < 20; i++)
        cr_assert(peers_tell(&trio->c, 'd', 0, AREA_BYTES, 77), "bytes landed late");
}

Test(peers_copy, copy__of_bytes_that_never_come_here, .timeout = 120)
{
    static char text[1 << 20];
    struct trio trio = trio_open(&third, &here);
    weftRequest_t request;

    for (uint32_t i = 0; i < 4; i++) {
        peers_tell(&trio.b, 'f', 0, AREA_BYTES, i + 1);
        begin(&trio, AREA_BYTES, &request);
        peers_wait(&request);
        cr_assert(peers_tell(&trio.c, 'd', 0, AREA_BYTES, i + 1));
    }
    peers_tell(&trio.b, 'F', 0, MIB(8), 9);
    SUCCEED(
        weftCopy(trio.c_gpu, 0, trio.first.far_gpu, 0, MIB(8), trio.first.comm, NULL, &request));
    peers_wait(&request);
    cr_assert(peers_tell(&trio.c, 'g', 0, MIB(8), 9));
    /* No route of this comm has carried a byte. */
    SUCCEED(weftCommGetStats(trio.first.comm, text, sizeof(text)));
    cr_assert_null(strstr(text, "\"moved_bytes\":"), "%s", text);
    trio_close(&trio);
}

Test(peers_copy, copy__between_two_windows_of_one_peer, .timeout = 120)
{
    struct trio trio = trio_open(&third, &here);
    weftRequest_t request;

    peers_tell(&trio.b, 'f', 0, MIB(4), 3);
    SUCCEED(weftCopy(trio.first.far_gpu, 0, trio.first.far_dram, 0, MIB(4), trio.first.comm, NULL,
                     &request));
    peers_wait(&request);
    cr_assert(peers_tell(&trio.b, 'g', 0, MIB(4), 3));
    trio_close(&trio);
}

/* What lies on one device never leaves it: the peer's own engine copies it there. */
Test(peers_copy, copy__inside_one_device_of_a_peer, .timeout = 120)
{
    struct trio trio = trio_open(&third, &here);
    weftRequest_t request;

    peers_tell(&trio.b, 'f', 0, MIB(4), 3);
    SUCCEED(weftCopy(trio.first.far_dram, MIB(8), trio.first.far_dram, 0, MIB(4), trio.first.comm,
                     NULL, &request));
    peers_wait(&request);
    cr_assert(peers_tell(&trio.b, 'd', MIB(8), MIB(4), 3));
    peers_tell(&trio.b, 'F', 0, MIB(2), 4);
    SUCCEED(weftCopy(trio.first.far_gpu, MIB(4), trio.first.far_gpu, 0, MIB(2), trio.first.comm,
                     NULL, &request));
    peers_wait(&request);
    SUCCEED(weftCopy(trio.first.far_dram, 0, trio.first.far_gpu, MIB(4), MIB(2), trio.first.comm,
                     NULL, &request));
    peers_wait(&request);
    cr_assert(peers_tell(&trio.b, 'd', 0, MIB(2), 4));
    trio_close(&trio);
}

/* The signal is at c's, and its bytes are there when it is raised; a fence orders copies. */
Test(peers_copy, copy_signal__after_its_bytes_and_behind_a_fence, .timeout = 120)
{
    struct trio trio = trio_open(&third, &here);
    weftRequest_t request;

    for (uint32_t i = 0; i < 4; i++) {
        conform_fill(&trio.first.dram, 0, MIB(4), i + 20);
        SUCCEED(weftPut(trio.first.far_dram, 0, trio.first.dram.window, 0, MIB(4), trio.first.comm,
                        NULL, NULL));
        SUCCEED(weftFence(trio.first.comm));
        SUCCEED(weftCopySignal(trio.c_dram, 0, trio.first.far_dram, 0, MIB(4), trio.c_dram,
                               AREA_BYTES - 8, 2, weftSignalAdd, trio.first.comm, NULL, NULL));
        SUCCEED(weftFence(trio.first.comm));
        SUCCEED(weftGet(trio.first.stage.window, 0, trio.c_dram, 0, MIB(4), trio.first.comm, NULL,
                        &request));
        peers_wait(&request);
        cr_assert(conform_holds(&trio.first.stage, 0, MIB(4), i + 20));
        cr_assert_eq(peers_tell(&trio.c, 'w', AREA_BYTES - 8, 8, 0), 2 * (i + 1));
    }
    trio_close(&trio);
}

/* More parts than may be asked for at once, and than b has room for. */
Test(peers_copy, copy__many_at_once, .timeout = 120)
{
    enum { COPIES = 300 };
    static weftRequest_t requests[COPIES];
    struct trio trio = trio_open(&third, &patient);

    peers_tell(&trio.b, 'f', 0, AREA_BYTES, 5);
    for (size_t i = 0; i < COPIES; i++)
        SUCCEED(weftCopy(trio.c_dram, i * KIB(16), trio.first.far_dram, i * KIB(16), KIB(16),
                         trio.first.comm, NULL, &requests[i]));
    for (size_t i = 0; i < COPIES; i++)
        peers_wait(&requests[i]);
    cr_assert(peers_tell(&trio.c, 'd', 0, COPIES * KIB(16), 5));
    trio_close(&trio);
}

Test(peers_copy, cancel__nothing_lands_after_it, .timeout = 120)
{
    struct trio trio = trio_open(&third, &here);

    for (uint32_t i = 0; i < 4; i++) {
        weftRequest_t request;
        weftResult_t result;

        begin(&trio, AREA_BYTES, &request);
        SUCCEED(weftCancel(request));
        result = weftWait(&request, WEFT_TIMEOUT_DEFAULT);
        cr_assert(result == weftCancelled || result == weftSuccess, "%s",
                  weftGetErrorString(result));
        expect_quiet(&trio);
    }
    trio_close(&trio);
}

Test(peers_copy, abort__nothing_lands_after_it, .timeout = 120)
{
    struct trio trio = trio_open(&third, &here);
    weftRequest_t requests[2];

    begin(&trio, AREA_BYTES, &requests[0]);
    begin(&trio, AREA_BYTES, &requests[1]);
    SUCCEED(weftCommAbort(trio.first.comm));
    expect_quiet(&trio);
    for (uint32_t i = 0; i < 2; i++) {
        weftResult_t result = weftTest(&requests[i]);

        cr_assert(result == weftCancelled || result == weftSuccess, "%s",
                  weftGetErrorString(result));
    }
    SUCCEED(weftCommDestroy(trio.first.comm));
    peers_server_stop(&trio.b);
    peers_server_stop(&trio.c);
}

Test(peers_copy, revoke__at_the_source_in_flight, .timeout = 120)
{
    struct trio trio = trio_open(&third, &here);
    weftRequest_t request;
    weftResult_t result;

    peers_server_halt(&trio.c); /* so that it is under way still */
    begin(&trio, AREA_BYTES, &request);
    kill(trio.c.process, SIGCONT);
    cr_assert_eq(peers_tell(&trio.b, 'r', 0, 0, 0), (uint64_t)weftSuccess);
    expect_quiet(&trio); /* whether or not this comm has heard of it */
    result = weftWait(&request, WEFT_TIMEOUT_DEFAULT);
    cr_assert(result == weftCancelled || result == weftSuccess, "%s", weftGetErrorString(result));
    begin(&trio, MIB(1), &request);
    EXPECT(weftWait(&request, WEFT_TIMEOUT_DEFAULT), weftCancelled);
    EXPECT_WORD("revoked");
    trio_close(&trio);
}

Test(peers_copy, revoke__at_the_destination_in_flight, .timeout = 120)
{
    struct trio trio = trio_open(&third, &here);
    weftRequest_t request;
    weftResult_t result;

    begin(&trio, AREA_BYTES, &request);
    /* Its memory is used anew as soon as the window is gone. */
    cr_assert_eq(peers_tell(&trio.c, 'x', 0, AREA_BYTES, 7), (uint64_t)weftSuccess);
    result = weftWait(&request, WEFT_TIMEOUT_DEFAULT);
    cr_assert(result == weftCancelled || result == weftSuccess, "%s", weftGetErrorString(result));
    begin(&trio, MIB(1), &request);
    EXPECT(weftWait(&request, WEFT_TIMEOUT_DEFAULT), weftCancelled);
    EXPECT_WORD("revoked");
    cr_assert(peers_tell(&trio.c, 'd', 0, AREA_BYTES, 7), "a copy landed in memory given back");
    trio_close(&trio);
}

/* The key with another token, as one who guesses would have it. */
static weftWindowKey_t forged(const weftWindowKey_t *key)
{
    struct weft_window_key read;
    weftWindowKey_t made;

    cr_assert_null(weft_window_key_read(key, &read));
    read.token[WEFT_KEY_TOKEN_BYTES - 1] ^= 1;
    weft_window_key_write(&read, &made);
    return made;
}

Test(peers_copy, rights__of_both_windows, .timeout = 120)
{
    struct trio trio = trio_open(&third, &here);
    weftWindowKey_t key;
    weftWindow_t window;
    weftRequest_t request;

    peers_tell(&trio.c, 'f', 0, AREA_BYTES, 1);
    key = forged(&trio.b.keys.dram);
    SUCCEED(weftWindowImport(trio.first.comm, &key, &window));
    SUCCEED(weftCopy(trio.c_dram, 0, window, 0, MIB(1), trio.first.comm, NULL, &request));
    EXPECT(weftWait(&request, WEFT_TIMEOUT_DEFAULT), weftCancelled);
    key = forged(&trio.c.keys.dram);
    SUCCEED(weftWindowImport(trio.first.comm, &key, &window));
    SUCCEED(weftCopy(window, 0, trio.first.far_dram, 0, MIB(1), trio.first.comm, NULL, &request));
    EXPECT(weftWait(&request, WEFT_TIMEOUT_DEFAULT), weftCancelled);
    cr_assert(peers_tell(&trio.c, 'd', 0, AREA_BYTES, 1), "it landed without the right");
    begin(&trio, MIB(1), &request);
    peers_wait(&request);
    trio_close(&trio);
}

/* c stands still, so b's copy is under way when b dies; what b had sent lands when c goes on. The
 * caller is told when that is over. */
Test(peers_copy, killed__who_has_the_bytes, .timeout = 120)
{
    struct trio trio = trio_open(&third, &patient);
    weftRequest_t request;

    peers_tell(&trio.b, 'f', 0, AREA_BYTES, 1);
    begin(&trio, MIB(1), &request);
    peers_wait(&request);
    for (uint32_t i = 0; i < 8; i++)
        begin(&trio, AREA_BYTES, &request);
    peers_server_halt(&trio.c);
    peers_server_kill(&trio.b);
    kill(trio.c.process, SIGCONT);
    EXPECT(weftWait(&request, WEFT_TIMEOUT_DEFAULT), weftRemoteError);
    EXPECT_WORD("the process there has ended");
    cr_assert(peers_tell(&trio.c, 'f', 0, AREA_BYTES, 77));
    for (uint32_t i = 0; i < 20; i++)
        cr_assert(peers_tell(&trio.c, 'd', 0, AREA_BYTES, 77), "bytes landed late");
    begin(&trio, 8, &request);
    EXPECT(weftWait(&request, WEFT_TIMEOUT_DEFAULT), weftRemoteError);
    EXPECT_WORD("the process there has ended");
    conform_close(trio.first.comm);
    peers_server_stop(&trio.c);
}

Test(peers_copy, killed__where_they_go, .timeout = 120)
{
    struct trio trio = trio_open(&third, &patient);
    weftRequest_t request;

    begin(&trio, MIB(1), &request);
    peers_wait(&request);
    peers_server_halt(&trio.c);
    begin(&trio, AREA_BYTES, &request);
    peers_server_kill(&trio.c);
    EXPECT(weftWait(&request, WEFT_TIMEOUT_DEFAULT), weftRemoteError);
    begin(&trio, 8, &request);
    EXPECT(weftWait(&request, WEFT_TIMEOUT_DEFAULT), weftRemoteError);
    conform_close(trio.first.comm);
    peers_server_stop(&trio.b);
}

/* c has room for one peer, and this comm is that one. */
Test(peers_copy, not_reached__says_so, .timeout = 120)
{
    static const struct server_settings full = {"127.0.0.3", "full", AREA_BYTES, "peers_max", "1"};
    static const struct server_settings hurried = {"127.0.0.2", "full", AREA_BYTES, "net_dial_ms",
                                                   "500"};
    struct trio trio = trio_of(&hurried, &full, &patient);
    weftRequest_t request;

    begin(&trio, MIB(1), &request);
    EXPECT(weftWait(&request, WEFT_TIMEOUT_DEFAULT), weftRemoteError);
    EXPECT_WORD("the log of the other process");
    trio_close(&trio);
}

/* b stands still: nobody can say what lands. When it goes on, it is stopped, and says so. */
Test(peers_copy, stopped__is_unknown_at_the_deadline, .timeout = 120)
{
    static const struct server_settings hasty = {"127.0.0.1", "full", AREA_BYTES, "timeout_ms",
                                                 "200"};
    struct trio trio = trio_open(&third, &hasty);
    weftRequest_t request;

    begin(&trio, MIB(1), &request);
    peers_wait(&request);
    peers_server_halt(&trio.b);
    begin(&trio, AREA_BYTES, &request);
    EXPECT(weftWait(&request, WEFT_TIMEOUT_DEFAULT), weftUnknown);
    EXPECT_WORD("may yet land");
    kill(trio.b.process, SIGCONT);
    trio_close(&trio); /* which waits for the answer */
}
