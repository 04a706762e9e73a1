/* Three servers, limits, aborts, windows that end while peers write into them, and strangers. */
#include <string.h>
#include <time.h>

#include "peers_server.h"
#include "strangers.h"

static const struct server_settings second = {"127.0.0.2", "off", AREA_BYTES, NULL, NULL};
static const struct server_settings third = {"127.0.0.3", "off", AREA_BYTES, NULL, NULL};
static const struct server_settings here = {"127.0.0.1", "off", AREA_BYTES, NULL, NULL};

static double seconds_since(const struct timespec *begun)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - begun->tv_sec) + (double)(now.tv_nsec - begun->tv_nsec) / 1e9;
}

Test(peers_three, put__to_two_at_once_and_from_both, .timeout = 120)
{
    struct server b = peers_server_start(&second);
    struct server c = peers_server_start(&third);
    struct first first = peers_first_open(&b, &here);
    weftWindow_t far_c;
    weftWindowKey_t key;
    weftRequest_t requests[2];

    SUCCEED(weftWindowImport(first.comm, &c.keys.dram, &far_c));
    SUCCEED(weftWindowGetKey(first.dram.window, WEFT_RIGHTS_ALL, &key));
    peers_give_key(&b, &key);
    peers_give_key(&c, &key);
    for (uint32_t i = 0; i < 6; i++) {
        conform_fill(&first.stage, 0, MIB(4), i);
        SUCCEED(weftPut(first.far_dram, MIB(8), first.stage.window, 0, MIB(4), first.comm, NULL,
                        &requests[0]));
        SUCCEED(
            weftPut(far_c, MIB(8), first.stage.window, 0, MIB(4), first.comm, NULL, &requests[1]));
        cr_assert_eq(peers_tell(&b, 'p', 0, MIB(4), i + 10), (uint64_t)weftSuccess);
        cr_assert_eq(peers_tell(&c, 'p', MIB(4), MIB(4), i + 20), (uint64_t)weftSuccess);
        cr_assert_eq(peers_tell(&b, 'e', 0, 0, 0), (uint64_t)weftSuccess);
        cr_assert_eq(peers_tell(&c, 'e', 0, 0, 0), (uint64_t)weftSuccess);
        peers_wait(&requests[0]);
        peers_wait(&requests[1]);
        cr_assert(peers_tell(&b, 'd', MIB(8), MIB(4), i));
        cr_assert(peers_tell(&c, 'd', MIB(8), MIB(4), i));
        SUCCEED(weftWindowGetKey(first.dram.window, WEFT_RIGHTS_ALL, &key)); /* meets progress */
        cr_assert(conform_holds(&first.dram, 0, MIB(4), i + 10));
        cr_assert(conform_holds(&first.dram, MIB(4), MIB(4), i + 20));
    }
    conform_close(first.comm);
    peers_server_stop(&b);
    peers_server_stop(&c);
}

Test(peers_three, abort__returns_and_nothing_lands_after_it, .timeout = 120)
{
    struct server b = peers_server_start(&second);
    struct first first = peers_first_open(&b, &here);
    weftRequest_t requests[3];
    struct timespec begun;

    peers_tell(&b, 'f', 0, AREA_BYTES, 1);
    conform_fill(&first.dram, 0, AREA_BYTES, 2);
    SUCCEED(weftGet(first.stage.window, 0, first.far_dram, 0, AREA_BYTES, first.comm, NULL,
                    &requests[0]));
    SUCCEED(weftPut(first.far_gpu, 0, first.dram.window, 0, AREA_BYTES, first.comm, NULL,
                    &requests[1]));
    SUCCEED(weftPutSignal(first.far_dram, 0, first.dram.window, 0, MIB(1), first.far_dram, 0, 1,
                          weftSignalAdd, first.comm, NULL, &requests[2]));
    clock_gettime(CLOCK_MONOTONIC, &begun);
    SUCCEED(weftCommAbort(first.comm));
    /* 50 ms of the machine's time are 1 s of ours. */
    cr_assert_lt(seconds_since(&begun), 5);
    conform_fill(&first.stage, 0, AREA_BYTES, 3);
    conform_fill(&first.dram, 0, AREA_BYTES, 4);
    peers_tell(&b, 'f', 0, AREA_BYTES, 5);
    for (uint32_t i = 0; i < 3; i++) {
        weftResult_t result = weftTest(&requests[i]);

        cr_assert(result == weftCancelled || result == weftSuccess, "%s",
                  weftGetErrorString(result));
    }
    /* The peer goes on with whoever calls it: what it was asked for is over by then. */
    cr_assert(peers_tell(&b, 'F', 0, MIB(4), 6));
    cr_assert(peers_tell(&b, 'g', 0, MIB(4), 6), "a put landed after the abort");
    cr_assert(peers_tell(&b, 'd', 0, AREA_BYTES, 5), "a put, or a signal, landed after the abort");
    cr_assert(conform_holds(&first.stage, 0, AREA_BYTES, 3), "a get landed after the abort");
    SUCCEED(weftCommDestroy(first.comm));
    peers_server_stop(&b);
}

Test(peers_three, destroy__with_a_peer_that_lives, .timeout = 120)
{
    struct server b = peers_server_start(&second);
    struct first first = peers_first_open(&b, &here);
    weftComm_t again;
    weftWindow_t window;

    SUCCEED(weftPut(first.far_dram, 0, first.dram.window, 0, AREA_BYTES, first.comm, NULL, NULL));
    SUCCEED(weftGet(first.stage.window, 0, first.far_dram, 0, AREA_BYTES, first.comm, NULL, NULL));
    SUCCEED(weftCommDestroy(first.comm));
    /* Its server is reached by the next comm as well. */
    again = conform_comm("net", peers_net(), "server_id", "127.0.0.1", "net_crypto", "off", NULL);
    SUCCEED(weftWindowImport(again, &b.keys.dram, &window));
    conform_close(again);
    peers_server_stop(&b);
}

/* The memory of the window is used anew as soon as the call returns. */
Test(peers_three, deregister__while_a_peer_writes, .timeout = 120)
{
    struct server b = peers_server_start(&second);
    struct first first = peers_first_open(&b, &here);
    weftRequest_t requests[8];
    weftWindowKey_t key;
    uint64_t result;

    conform_fill(&first.stage, 0, AREA_BYTES, 1);
    for (uint32_t i = 0; i < 8; i++)
        SUCCEED(weftPut(first.far_dram, 0, first.stage.window, 0, AREA_BYTES, first.comm, NULL,
                        &requests[i]));
    cr_assert_eq(peers_tell(&b, 'x', 0, AREA_BYTES, 7), (uint64_t)weftSuccess);
    for (uint32_t i = 0; i < 8; i++) {
        weftResult_t ended = weftWait(&requests[i], WEFT_TIMEOUT_DEFAULT);

        cr_assert(ended == weftCancelled || ended == weftSuccess, "%s: %s",
                  weftGetErrorString(ended), weftGetLastError(NULL));
    }
    cr_assert(peers_tell(&b, 'd', 0, AREA_BYTES, 7), "a put landed in memory that was given back");
    /* The other way round: the peer writes into this comm's. */
    SUCCEED(weftWindowGetKey(first.dram.window, WEFT_RIGHTS_ALL, &key));
    peers_give_key(&b, &key);
    cr_assert_eq(peers_tell(&b, 'r', 0, 0, 0), (uint64_t)weftInvalidArgument);
    cr_assert_eq(peers_tell(&b, 'p', 0, AREA_BYTES, 8), (uint64_t)weftSuccess);
    SUCCEED(weftWindowDeregister(first.dram.window));
    conform_fill(&first.dram, 0, AREA_BYTES, 9);
    result = peers_tell(&b, 'e', 0, 0, 0);
    cr_assert(result == weftCancelled || result == weftSuccess);
    cr_assert(conform_holds(&first.dram, 0, AREA_BYTES, 9));
    conform_close(first.comm);
    peers_server_stop(&b);
}

Test(peers_three, limits__say_which_setting, .timeout = 120)
{
    struct server b = peers_server_start(&second);
    struct server c = peers_server_start(&third);
    weftComm_t comm = conform_comm("net", peers_net(), "server_id", "127.0.0.1", "net_crypto",
                                   "off", "peers_max", "1", "windows_max", "16", NULL);
    weftWindow_t windows[16];
    weftWindow_t window;
    weftRequest_t request;

    for (uint32_t i = 0; i < 16; i++)
        SUCCEED(weftWindowImport(comm, i % 2 == 0 ? &b.keys.gpu : &b.keys.dram, &windows[i]));
    EXPECT(weftWindowImport(comm, &b.keys.gpu, &window), weftNoResource);
    EXPECT_WORD("windows_max");
    SUCCEED(weftWindowDeregister(windows[3]));
    EXPECT(weftWindowImport(comm, &c.keys.gpu, &window), weftNoResource);
    EXPECT_WORD("peers_max");
    SUCCEED(weftWindowImport(comm, &b.keys.gpu, &windows[3]));
    /* One that is gone makes room, when nothing of it is imported any more. */
    peers_server_kill(&b);
    SUCCEED(weftSignal(windows[0], 0, 1, weftSignalSet, comm, NULL, &request));
    EXPECT(weftWait(&request, WEFT_TIMEOUT_DEFAULT), weftRemoteError);
    for (uint32_t i = 0; i < 16; i++)
        SUCCEED(weftWindowDeregister(windows[i]));
    EXPECT(weftWindowImport(comm, &b.keys.gpu, &window), weftRemoteError);
    SUCCEED(weftWindowImport(comm, &c.keys.gpu, &window));
    conform_close(comm);
    peers_server_stop(&c);
}

Test(peers_three, strangers__are_turned_away_all_the_time, .timeout = 120)
{
    static const struct server_settings sealed = {"127.0.0.78", "full", AREA_BYTES, NULL, NULL};
    static const struct server_settings sealed_here = {"127.0.0.77", "full", AREA_BYTES, NULL,
                                                       NULL};
    struct server b = peers_server_start(&sealed);
    struct first first = peers_first_open(&b, &sealed_here);
    static struct strangers strangers;
    static const unsigned servers[] = {77, 78, 0};
    weftRequest_t request;

    strangers_begin(&strangers, servers);
    cr_assert_geq(strangers.port_count, 16, "both servers listen on eight NICs each");
    for (uint32_t i = 0; i < 12 || atomic_load(&strangers.connected) < 500; i++) {
        conform_fill(&first.dram, 0, MIB(2), i);
        SUCCEED(weftPutSignal(first.far_dram, 0, first.dram.window, 0, MIB(2), first.far_dram,
                              AREA_BYTES - 8, i + 1, weftSignalSet, first.comm, NULL, &request));
        peers_wait(&request);
        cr_assert(peers_tell(&b, 'd', 0, MIB(2), i));
        cr_assert_eq(peers_tell(&b, 'w', AREA_BYTES - 8, 8, 0), i + 1);
        SUCCEED(
            weftGet(first.stage.window, 0, first.far_dram, 0, MIB(2), first.comm, NULL, &request));
        peers_wait(&request);
        cr_assert(conform_holds(&first.stage, 0, MIB(2), i));
    }
    strangers_end(&strangers);
    conform_close(first.comm);
    peers_server_stop(&b);
}
