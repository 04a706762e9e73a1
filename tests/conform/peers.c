/* Peers: windows of another process, on another emulated server, over the network. */
#include <string.h>

#include "peers_server.h"

static struct server server_start(const char *crypto)
{
    struct server_settings settings = {"127.0.0.2", crypto, AREA_BYTES, NULL, NULL};

    return peers_server_start(&settings);
}

static struct first first_open(const struct server *server, const char *crypto)
{
    struct server_settings settings = {"127.0.0.1", crypto, AREA_BYTES, NULL, NULL};

    return peers_first_open(server, &settings);
}

static void put_all_kinds(const char *crypto)
{
    static const size_t sizes[] = {1, 4096, 100001, MIB(3), AREA_BYTES};
    struct server server = server_start(crypto);
    struct first first = first_open(&server, crypto);

    for (uint32_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        peers_put_dram(&server, &first, sizes[i], i);
        peers_put_gpu(&server, &first, sizes[i], i + 100);
    }
    conform_close(first.comm);
    peers_server_stop(&server);
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

        peers_tell(&server, 'f', 0, sizes[i], i + 7);
        SUCCEED(
            weftGet(first.dram.window, 0, first.far_dram, 0, sizes[i], first.comm, NULL, &request));
        peers_wait(&request);
        cr_assert(conform_holds(&first.dram, 0, sizes[i], i + 7));
        peers_tell(&server, 'F', 0, sizes[i], i + 70);
        SUCCEED(
            weftGet(first.gpu.window, 0, first.far_gpu, 0, sizes[i], first.comm, NULL, &request));
        peers_wait(&request);
        cr_assert(conform_holds_by(&first.gpu, &first.stage, sizes[i], i + 70));
    }
    conform_close(first.comm);
    peers_server_stop(&server);
}

/* The word is raised after the bytes, once for each transfer. */
Test(peers, put_signal__after_the_bytes, .timeout = 120)
{
    struct server server = server_start("off");
    struct first first = first_open(&server, "off");

    peers_put_signals(&server, &first);
    conform_close(first.comm);
    peers_server_stop(&server);
}

Test(peers, revoke__ends_what_comes_after, .timeout = 120)
{
    struct server server = server_start("off");
    struct first first = first_open(&server, "off");
    weftRequest_t request;

    conform_fill(&first.dram, 0, MIB(1), 5);
    SUCCEED(weftPut(first.far_dram, 0, first.dram.window, 0, MIB(1), first.comm, NULL, &request));
    peers_wait(&request);
    cr_assert_eq(peers_tell(&server, 'r', 0, 0, 0), weftSuccess);
    conform_fill(&first.dram, 0, MIB(1), 6);
    SUCCEED(weftPut(first.far_dram, 0, first.dram.window, 0, MIB(1), first.comm, NULL, &request));
    EXPECT(weftWait(&request, WEFT_TIMEOUT_DEFAULT), weftCancelled);
    EXPECT_WORD("revoked");
    cr_assert(peers_tell(&server, 'd', 0, MIB(1), 5), "nothing of it landed");
    EXPECT(weftWaitSignal(first.far_gpu, 0, 1, first.comm, NULL, 0), weftInvalidUsage);
    EXPECT_WORD("another process");
    /* The other window, over the same lanes, is as before. */
    peers_put_gpu(&server, &first, MIB(1), 8);
    conform_close(first.comm);
    peers_server_stop(&server);
}

Test(peers, import__refused, .timeout = 120)
{
    struct server server = server_start("full");
    weftComm_t off = conform_comm(NULL);
    weftWindow_t window;

    EXPECT(weftWindowImport(off, &server.keys.gpu, &window), weftInvalidUsage);
    EXPECT_WORD("net is off");
    conform_close(off);
    peers_server_stop(&server);
}
